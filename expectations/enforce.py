"""The gates: what the warehouse holds is held against what it must hold, before it is published.

``check`` runs the suites of one stage with Great Expectations and says whether the data may be
published. A document's own contradiction (表间不符、表文不一致) is a finding: it is told and
published. A structural failure – a column that is gone, a whole form missing, an outcome that
changed on the way, too many quarantined documents – stops the publication.

Great Expectations (6–9 s, 250 MB) and DuckDB are imported inside the functions. Amounts go
into it as integer fen (1/100 元): its frames would turn decimals into floats.
"""

from __future__ import annotations

import hashlib
import json
import logging
import operator
import os
import shutil
import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any

from expectations.data_docs import counts, read_runs, shorten
from expectations.suite_files import Check, Stage, Suite, Text, Where, load_suites, table_contract

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

__all__ = ["CheckResult", "Failure", "check"]

log = logging.getLogger(__name__)

RUNS_KEPT = 30
PART = 1000
"""Documents looked at together: a frame takes up to 0.45 MB a document, so a first load or a
re-reading of everything is worked off in parts, one frame in memory at a time."""
WHERE_SHOWN = 5
SEVERITY = {"stop": "critical", "finding": "warning", "note": "info"}
"""Our level → Great Expectations' failure severity."""
_FRACTIONS = ("DECIMAL", "DOUBLE", "FLOAT", "REAL", "HUGEINT")


@dataclass(frozen=True)
class Failure:
    """One expectation that does not hold: what, where (the first places) and what to do."""

    suite: str
    check: str
    level: str
    what: Text
    where: tuple[str, ...]
    remedy: Text
    count: int = 1

    def __str__(self) -> str:
        return f"{self.what.zh} {self.what.en} | {'; '.join(self.where)} | {self.remedy.zh}"

    def as_dict(self) -> dict[str, Any]:
        return {
            **asdict(self),
            "where": list(self.where),
            "what": self.what.model_dump(),
            "remedy": self.remedy.model_dump(),
        }


@dataclass(frozen=True)
class CheckResult:
    """The verdict of one stage.

    ``failures`` are those that stop the publication; ``findings`` are told and published.
    ``statistics`` holds plain numbers and texts for the run report.
    """

    stage: Stage
    success_to_publish: bool
    failures: tuple[Failure, ...]
    findings: tuple[Failure, ...]
    statistics: dict[str, Any] = field(default_factory=dict)
    docs_index: Path | None = None

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for outcome rows and XCom."""
        return {
            "stage": self.stage,
            "success_to_publish": self.success_to_publish,
            "failures": [failure.as_dict() for failure in self.failures],
            "findings": [failure.as_dict() for failure in self.findings],
            "statistics": self.statistics,
            "docs_index": str(self.docs_index) if self.docs_index else None,
        }


def check(
    database_path: Path,
    docs_dir: Path,
    *,
    stage: Stage,
    document_ids: Sequence[str] | None = None,
    everything: bool = False,
    now: datetime | None = None,
    decisions_version: str = "none",
) -> CheckResult:
    """Hold one stage of the warehouse against its suites and build Data Docs.

    Args:
        database_path: the working DuckDB file; opened read-only.
        docs_dir: ``data/docs``; the site is ``docs_dir/data_docs``, its stores
            ``docs_dir/.gx`` (both can be thrown away; 30 runs are kept).
        stage: ``landing`` after loading, ``marts`` after ``dbt build``.
        document_ids: the documents touched tonight. None = what was landed since this
            stage last let a publication pass, found by difference. Suites over single
            documents look at these only, suites over whole tables at everything.
        everything: look at every document again, whatever passed before.
        now: the time of the run (default: the clock), in any time zone.
        decisions_version: names the reviewed decisions. What passed under other decisions,
            other suites, another catalogue or other dbt models is looked at again.

    Raises:
        SuiteError: a suite, threshold or table contract is wrong in itself.
        FileNotFoundError: there is no such database.
    """
    started = time.monotonic()
    now = (now or datetime.now(UTC)).astimezone(UTC)
    if not Path(database_path).exists():
        raise FileNotFoundError(
            f"{database_path}: no warehouse to check; load it first (budgets load)"
        )
    suites = load_suites(stage)
    failures: list[Failure] = []
    findings: list[Failure] = []
    passed = _Passed(Path(docs_dir) / ".gx" / f"passed-{stage}.json", decisions_version)
    runs = read_runs(Path(docs_dir) / ".gx" / "runs.json")
    with _open(Path(database_path), now, runs) as connection:
        batches = _touch(connection, document_ids, set() if everything else passed.batches)
        touched = int(_one(connection, "select count(*) from gate_document"))
        suites, drift = _with_table_contract(connection, stage, suites)
        if stage == "marts":
            from expectations.identity_suites import identity_suites

            suites += identity_suites()
        statistics = _statistics(connection, stage, touched)
        if stage == "marts" and not {"quality.finding", "marts.dim_document"} & drift:
            from expectations.findings import findings as list_findings
            from expectations.findings import write_findings_page

            all_findings = list_findings(connection)
            statistics["findings_open"] = sum(one.status == "open" for one in all_findings)
            write_findings_page(all_findings, Path(docs_dir) / "data_docs" / "findings.html")
        docs_index, run = _validate(
            _frames(connection, suites, drift, touched, failures),
            Path(docs_dir),
            stage=stage,
            now=now,
            failures=failures,
            findings=findings,
            statistics=statistics,
        )
    failures, findings = _merged(failures), _merged(findings)
    if not failures and document_ids is None:
        passed.save(batches)
    statistics["seconds"] = round(time.monotonic() - started, 1)
    statistics["run_name"] = run
    return CheckResult(
        stage=stage,
        success_to_publish=not failures,
        failures=tuple(failures),
        findings=tuple(findings),
        statistics=statistics,
        docs_index=docs_index,
    )


# --- the database ---


class _Passed:
    """The batches a stage has let pass, so that a night costs what is new.

    Kept beside Data Docs: derivable, and thrown away whenever anything changes that the
    outcome depends on besides the documents: suites and catalogue, dbt models, decisions.
    Then everything is looked at again.
    """

    def __init__(self, path: Path, decisions_version: str) -> None:
        self._path = path
        self._suites = f"{_suites_digest()}-{decisions_version}"
        self.batches: set[str] = set()
        try:
            held = json.loads(path.read_text("utf-8"))
        except (OSError, ValueError):
            return
        if isinstance(held, dict) and held.get("suites") == self._suites:
            self.batches = set(held.get("batches") or [])

    def save(self, batches: set[str]) -> None:
        held = {"suites": self._suites, "batches": sorted(batches)}
        _write_whole(self._path, json.dumps(held))


def _suites_digest() -> str:
    """Names the content of everything that says what is checked, and of what makes the tables."""
    from warehouse.build import project_version

    digest = hashlib.sha256(project_version().encode())
    room = Path(__file__).resolve().parent
    for path in sorted([*room.rglob("*.yml"), *room.glob("*.py")]):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def _write_whole(path: Path, text: str) -> None:
    scratch = path.with_suffix(f".{uuid.uuid4().hex}.tmp")
    scratch.write_text(text, "utf-8")
    scratch.replace(path)


_READING = """
create temp table gate_reading as
select o.file_sha256, o.batch_id, o.record_key, o.outcome
from raw.raw_parse_outcome as o
join raw.raw_batch as b on b.batch_id = o.batch_id
qualify row_number() over (
    partition by o.file_sha256
    order by o.outcome in ('timeout', 'memory', 'failed'), b.sequence desc, o.batch_id desc
) = 1
"""
"""The reading that counts of each file: the one landed last; a reading that failed for reasons
of ours never displaces one that says something about the file."""


@contextmanager
def _open(
    database_path: Path, now: datetime, runs: list[dict[str, Any]]
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Read-only, with the temporary tables every frame may join.

    ``gate_reading`` (file_sha256, batch_id, record_key, outcome): the reading that counts.
    ``gate_document`` (document_id): touched tonight; ``gate_record`` (document_id, batch_id,
    record_key): their readings. ``gate_clock`` (moment), ``gate_history`` (earlier runs).
    """
    import duckdb

    connection = duckdb.connect(str(database_path), read_only=True)
    try:
        connection.execute(
            "create temp table gate_clock as select ?::timestamp as moment",
            [now.replace(tzinfo=None)],
        )
        connection.execute(
            "create temp table gate_history "
            "(stage varchar, run_time varchar, publish boolean, documents_current bigint)"
        )
        for run in runs:
            connection.execute(
                "insert into gate_history values (?, ?, ?, ?)",
                [
                    run["stage"],
                    run["run_time"],
                    run["publish"],
                    (run.get("statistics") or {}).get("documents_current"),
                ],
            )
        yield connection
    finally:
        connection.close()


def _touch(
    connection: duckdb.DuckDBPyConnection, document_ids: Sequence[str] | None, passed: set[str]
) -> set[str]:
    """Fill the tables of touched documents; gives all batches the warehouse holds."""
    known = _tables(connection)
    whole = (
        {"batch_id", "sequence"} <= known.get("raw.raw_batch", {}).keys()
        and {"batch_id", "record_key", "outcome"} <= known.get("raw.raw_parse_outcome", {}).keys()
        and {"batch_id", "record_key", "document_id"} <= known.get("raw.raw_document", {}).keys()
    )
    connection.execute("create temp table gate_passed (batch_id varchar)")
    connection.execute("insert into gate_passed select unnest(?::varchar[])", [sorted(passed)])
    if not whole:
        # the contract suite says what is gone; the frames that need these tables are left out
        connection.execute("create temp table gate_document (document_id varchar)")
        connection.execute(
            "create temp table gate_record (document_id varchar, batch_id varchar, "
            "record_key varchar)"
        )
        return set()
    connection.execute(_READING)
    connection.execute(
        """
        create temp table gate_record as
        select distinct d.document_id, d.batch_id, d.record_key
        from raw.raw_document as d
        join gate_reading as g using (batch_id, record_key)
        where g.outcome = 'parsed'
        and case
            when ?::varchar[] is null then d.batch_id not in (select batch_id from gate_passed)
            else d.document_id in (select unnest(?::varchar[]))
        end
        """,
        [None if document_ids is None else list(document_ids)] * 2,
    )
    connection.execute(
        "create temp table gate_document as select distinct document_id from gate_record"
    )
    return {
        str(row[0]) for row in connection.execute("select batch_id from raw.raw_batch").fetchall()
    }


def _one(connection: duckdb.DuckDBPyConnection, sql: str) -> Any:
    row = connection.execute(sql).fetchone()
    return row[0] if row else None


def _tables(connection: duckdb.DuckDBPyConnection) -> dict[str, dict[str, str]]:
    """schema.table → column → type, of everything in the file."""
    found: dict[str, dict[str, str]] = {}
    for schema, table, column, kind in connection.execute(
        "select table_schema, table_name, column_name, data_type from information_schema.columns "
        "where table_schema in ('raw', 'marts', 'quality') order by ordinal_position"
    ).fetchall():
        found.setdefault(f"{schema}.{table}", {})[column] = str(kind).upper()
    return found


def expected_tables(stage: Stage) -> dict[str, dict[str, str]]:
    """What the stage's tables must look like: raw tables as the warehouse declares them."""
    expected = dict(table_contract()[stage])
    if stage == "landing":
        from warehouse.schema import RAW

        for table in RAW:
            expected[f"raw.{table.name}"] = {c.name: c.type.upper() for c in table.columns}
    return expected


def _same_type(expected: str, found: str | None) -> bool:
    if found is None:
        return False
    return expected in {found, "ANY"}


def _with_table_contract(
    connection: duckdb.DuckDBPyConnection, stage: Stage, suites: list[Suite]
) -> tuple[list[Suite], set[str]]:
    """The suite of table contracts in front, and the tables whose contract is broken."""
    expected, found = expected_tables(stage), _tables(connection)
    rows: list[tuple[str, str, str, str]] = []
    drift: set[str] = set()
    for table, columns in expected.items():
        for column, kind in columns.items():
            actual = found.get(table, {}).get(column)
            same = _same_type(kind, actual)
            if not same:
                drift.add(table)
            rows.append((table, column, kind, kind if same else actual or "缺失 missing"))
    connection.execute(
        "create temp table gate_contract "
        '("table" varchar, "column" varchar, expected varchar, found varchar)'
    )
    if rows:
        connection.executemany("insert into gate_contract values (?, ?, ?, ?)", rows)
    contract = Suite(
        suite=f"{stage}_contract",
        stage=stage,
        title=Text(zh="表结构", en="Table contracts"),
        about=Text(
            zh="各表各列须在，类型须如约定；缺列或改类型即停止发布，新增列不受影响。",
            en="Every column that is relied upon is there with its type; a new one is harmless.",
        ),
        frame='select "table", "column", expected, found from gate_contract',
        keys=["table", "column"],
        rows="some",
        checks=[
            Check(
                id="contract",
                expect="ExpectColumnPairValuesToBeEqual",
                args={"column_A": "expected", "column_B": "found"},
                says=Text(zh="列在且类型如约定", en="The column exists with the type agreed upon"),
                remedy=Text(
                    zh="核对 warehouse/schema.py、dbt 模型与 expectations/tables.yml，三处须一致；"
                    "旧库可由落地文件重建",
                    en="Bring warehouse/schema.py, the dbt model and expectations/tables.yml in "
                    "line; an old file can be rebuilt from landing",
                ),
            )
        ],
    )
    return [contract, *suites], drift


def _frames(
    connection: duckdb.DuckDBPyConnection,
    suites: Sequence[Suite],
    drift: set[str],
    touched: int,
    failures: list[Failure],
) -> Iterator[tuple[Suite, str, pd.DataFrame]]:
    """Suite, name of its part ("" where it is whole) and frame, one frame at a time.

    Suites over the documents touched tonight are worked off ``PART`` documents at a time; the
    others see their tables whole. A frame that cannot be had goes into ``failures``.
    """
    parts = max(1, -(-touched // PART))
    if parts > 1:
        connection.execute("alter table gate_record rename to gate_record_all")
        connection.execute(
            "create temp table gate_part as select document_id, "
            "(row_number() over (order by document_id) - 1) // ? as part from gate_document",
            [PART],
        )
        connection.execute("drop table gate_document")
    for suite in suites:
        missing = [table for table in suite.needs if table in drift]
        if missing:
            # the contract suite reports these; a frame over them could only repeat it
            log.warning("suite %s left out: %s changed", suite.suite, ", ".join(missing))
            continue
        by_part = parts > 1 and ("gate_document" in suite.frame or "gate_record" in suite.frame)
        needed = suite.rows == "some" or (suite.rows == "touched" and touched > 0)
        rows = 0
        for part in range(parts if by_part else 1):
            if by_part:
                _take_part(connection, part)
            try:
                frame = _frame(connection, suite)
            except _FrameError as error:
                failures.append(_not_computed(suite, str(error)))
                break
            rows += len(frame)
            if len(frame) or not (by_part or needed):
                yield suite, f"{part + 1}/{parts}" if by_part else "", frame
        else:
            if needed and not rows:
                failures.append(_nothing_examined(suite))


def _take_part(connection: duckdb.DuckDBPyConnection, part: int) -> None:
    """Let gate_document and gate_record hold the documents of one part only."""
    connection.execute(
        "create or replace temp table gate_document as "
        "select document_id from gate_part where part = ?",
        [part],
    )
    connection.execute(
        "create or replace temp table gate_record as select gate_record_all.* "
        "from gate_record_all join gate_document using (document_id)"
    )


def _merged(found: Sequence[Failure]) -> list[Failure]:
    """One failure a check, whatever the number of parts it was seen in."""
    whole: dict[tuple[str, str], Failure] = {}
    for one in found:
        before = whole.get((one.suite, one.check))
        whole[one.suite, one.check] = (
            one
            if before is None
            else replace(before, where=(*before.where, *one.where), count=before.count + one.count)
        )
    return [
        one if len(one.where) <= WHERE_SHOWN + 1 else replace(one, where=one.where[:WHERE_SHOWN])
        for one in whole.values()
    ]


class _FrameError(Exception):
    """A frame could not be had, or holds what may not go into Great Expectations."""


def _frame(connection: duckdb.DuckDBPyConnection, suite: Suite) -> pd.DataFrame:
    """The suite's frame: integers and texts only, keys included."""
    import duckdb
    import pandas as pd

    sql = suite.frame
    if suite.for_each is not None:
        tables = [
            table
            for table, columns in sorted(_tables(connection).items())
            if _one(connection, f"select '{table}' like '{suite.for_each.like}'")
            and table not in suite.for_each.besides
            and set(suite.for_each.columns) <= columns.keys()
        ]
        sql = " union all ".join(suite.frame.replace("{table}", table) for table in tables)
        if not tables:
            raise _FrameError(f"{suite.suite}: no table is like {suite.for_each.like}")
    try:
        cursor = connection.execute(sql)
        description = cursor.description or []
        rows = cursor.fetchall()
    except duckdb.Error as error:
        raise _FrameError(f"{suite.suite}: {error}") from error
    names = [str(column[0]) for column in description]
    fractions = [c[0] for c in description if str(c[1]).upper().startswith(_FRACTIONS)]
    if fractions:
        raise _FrameError(
            f"{suite.suite}: {', '.join(fractions)} are not integers; give fen as bigint, "
            "because floats would be compared inexactly"
        )
    lacking = [key for key in suite.keys if key not in names]
    if lacking:
        raise _FrameError(f"{suite.suite}: the frame has no column {', '.join(lacking)}")
    # object first: pandas would make floats of a column of integers with a NULL in it
    return pd.DataFrame(rows, columns=names, dtype=object).infer_objects()


def _not_computed(suite: Suite, reason: str) -> Failure:
    return Failure(
        suite=suite.suite,
        check="computed",
        level="stop",
        what=Text(
            zh=f"检查组「{suite.title.zh}」未能执行", en=f"{suite.title.en}: could not be computed"
        ),
        where=(reason.splitlines()[0][:300],),
        remedy=Text(
            zh="修正该检查组的 SQL 或其所读的表后重跑；未执行的检查不得当作通过",
            en="Mend the suite's SQL or the table it reads and run again",
        ),
    )


def _nothing_examined(suite: Suite) -> Failure:
    return Failure(
        suite=suite.suite,
        check="rows",
        level="stop",
        what=Text(
            zh=f"检查组「{suite.title.zh}」没有可检查的行",
            en=f"{suite.title.en}: there was nothing to examine",
        ),
        where=(", ".join(suite.needs) or suite.suite,),
        remedy=Text(
            zh="本次有文本入库而检查无行：查看加载与 dbt 构建是否漏了这些表",
            en="Documents came in but these tables hold nothing of them: see load and dbt build",
        ),
    )


def _statistics(
    connection: duckdb.DuckDBPyConnection, stage: Stage, touched: int
) -> dict[str, Any]:
    """Numbers for the run report; what a table cannot give is left out."""
    import duckdb

    queries = {
        "landing": {
            "parse_outcomes": "select outcome, count(*) from raw.raw_parse_outcome "
            "group by outcome order by outcome",
            "documents": "select count(distinct document_id) from raw.raw_document",
            "cells": "select count(*) from raw.raw_cell",
        },
        "marts": {
            "documents_by_status": "select status, count(*) from quality.document_status "
            "group by status order by status",
            "documents_current": "select count(*) from marts.dim_document where is_current",
            "identity_outcomes": "select outcome, count(*) from quality.identity_result "
            "group by outcome order by outcome",
            "violated": "select severity, count(*) from quality.identity_result "
            "where outcome = 'violated' group by severity order by severity",
        },
    }
    found: dict[str, Any] = {"documents_touched": touched}
    for name, sql in queries[stage].items():
        try:
            rows = connection.execute(sql).fetchall()
        except duckdb.Error:
            continue  # the contract suite has said what is missing
        found[name] = rows[0][0] if rows and len(rows[0]) == 1 else dict(rows)
    return found


# --- Great Expectations ---


def _expectation(check: Check) -> Any:
    import great_expectations.expectations as gxe

    kind = getattr(gxe, check.expect, None)
    if kind is None:
        raise ValueError(f"check {check.id}: Great Expectations has no {check.expect}")
    where: dict[str, Any] = {}
    if check.where:
        where["row_condition"] = reduce(operator.and_, (_condition(one) for one in check.where))
    return kind(
        **check.args,
        **where,
        severity=SEVERITY[check.level],
        description=f"{check.says.zh} {check.says.en}".replace("$", "＄"),
        notes=[check.says.zh, check.says.en, check.remedy.zh, check.remedy.en],
        meta={
            "id": check.id,
            "level": check.level,
            "says": check.says.model_dump(),
            "why": check.why.model_dump() if check.why else None,
            "remedy": check.remedy.model_dump(),
        },
    )


def _condition(where: Where) -> Any:
    from great_expectations.expectations.row_conditions import Column

    compare = {"==": operator.eq, "!=": operator.ne, ">": operator.gt, ">=": operator.ge}
    return compare[where.op](Column(where.column), where.value)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Great Expectations' progress bars and chatter out of the night's log."""
    names = ("great_expectations", "py.warnings")
    before = {name: logging.getLogger(name).level for name in names}
    for name in names:
        logging.getLogger(name).setLevel(logging.ERROR)
    try:
        yield
    finally:
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)


def _context(stores: Path, site: Path) -> Any:
    """A context in memory whose stores and site are plain folders; nothing is sent anywhere."""
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    import great_expectations as gx
    from great_expectations.data_context.types.base import (
        DataContextConfig,
        FilesystemStoreBackendDefaults,
        ProgressBarsConfig,
    )

    ours = {"module_name": "expectations.data_docs"}
    sections = {
        "expectations": {
            "renderer": {**ours, "class_name": "SuitePage"},
            "view": {**ours, "class_name": "View"},
        },
        "validations": {
            "renderer": {**ours, "class_name": "ValidationPage"},
            "view": {**ours, "class_name": "View"},
        },
        "profiling": "None",
    }
    config = DataContextConfig(
        config_version=4.0,
        store_backend_defaults=FilesystemStoreBackendDefaults(root_directory=str(stores)),
        analytics_enabled=False,
        progress_bars=ProgressBarsConfig(globally=False),
        data_docs_sites={
            "budgets": {
                "class_name": "SiteBuilder",
                "show_how_to_buttons": False,
                "store_backend": {
                    "class_name": "TupleFilesystemStoreBackend",
                    "base_directory": str(site),
                },
                "site_index_builder": {
                    **ours,
                    "class_name": "IndexBuilder",
                    "runs_path": str(stores / "runs.json"),
                },
                "site_section_builders": sections,
            }
        },
    )
    return gx.get_context(project_config=config, mode="ephemeral")


def _validate(
    frames: Iterable[tuple[Suite, str, pd.DataFrame]],
    docs_dir: Path,
    *,
    stage: Stage,
    now: datetime,
    failures: list[Failure],
    findings: list[Failure],
    statistics: dict[str, Any],
) -> tuple[Path | None, str]:
    """Run every suite on its frame; fill ``failures`` and ``findings``; build the site."""
    stores, site = docs_dir.resolve() / ".gx", docs_dir.resolve() / "data_docs"
    stores.mkdir(parents=True, exist_ok=True)
    site.mkdir(parents=True, exist_ok=True)
    run_name = f"{stage}-{now:%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:4]}"
    suites: list[dict[str, Any]] = []
    with _quiet():
        context = _context(stores, site)
        import great_expectations as gx
        from great_expectations.core.run_identifier import RunIdentifier

        run_id = RunIdentifier(run_name=run_name, run_time=now)
        source = context.data_sources.add_pandas("frames")
        for suite, part, frame in frames:
            name = f"{suite.suite}-{part.replace('/', '-')}" if part else suite.suite
            declared = gx.ExpectationSuite(
                name=suite.suite,
                expectations=[_expectation(one) for one in suite.checks],
                meta={
                    "title": suite.title.model_dump(),
                    "about": suite.about.model_dump(),
                    "stage": suite.stage,
                },
            )
            declared = context.suites.add_or_update(declared)
            batch = source.add_dataframe_asset(name).add_batch_definition_whole_dataframe("whole")
            definition = context.validation_definitions.add_or_update(
                gx.ValidationDefinition(name=name, data=batch, suite=declared)
            )
            result = definition.run(
                batch_parameters={"dataframe": frame},
                result_format={
                    "result_format": "COMPLETE",
                    "unexpected_index_column_names": suite.keys,
                },
                run_id=run_id,
            )
            seen = _judge(suite, result, failures, findings)
            suites.append(
                {
                    "name": suite.suite,
                    "asset": name,
                    "title": {
                        k: f"{v}（{part}）" if part else v
                        for k, v in suite.title.model_dump().items()
                    },
                    "rows": len(frame),
                    "counts": seen,
                }
            )
        touched_keys = [
            key
            for key in context.validation_results_store.list_keys()
            if key.run_id.run_name == run_name
        ]
        for entry in suites:
            key = next(
                k
                for k in touched_keys
                if k.expectation_suite_identifier.name == entry["name"]
                and k.batch_identifier.startswith(f"frames-{entry['asset']}")
            )
            entry["href"] = "/".join(
                (
                    "validations",
                    entry["name"],
                    *key.run_id.to_tuple(),
                    f"{key.batch_identifier}.html",
                )
            )
        statistics["suites"] = {entry["asset"]: entry["counts"] for entry in suites}
        statistics["expectations"] = sum(entry["counts"]["all"] for entry in suites)
        _keep_runs(
            stores / "runs.json",
            {
                "name": run_name,
                "stage": stage,
                "run_time": now.isoformat(),
                "publish": not failures,
                "failures": [failure.as_dict() for failure in failures],
                "suites": suites,
                "statistics": statistics,
            },
            site,
        )
        built = _build_site(context, site, touched_keys, suites)
    if built:
        statistics["data_docs_problem"] = built
        log.error("Data Docs: %s", built)
    return (site / "index.html" if not built else None), run_name


def _judge(
    suite: Suite, result: Any, failures: list[Failure], findings: list[Failure]
) -> dict[str, int]:
    """Sort one suite's failed expectations; gives the counts by level."""
    by_id = {check.id: check for check in suite.checks}
    seen: list[dict[str, Any]] = []
    for evr in result.results:
        check = by_id[evr.expectation_config.meta["id"]]
        raised = _raised(evr.exception_info)
        # an expectation that could not be computed has not passed, whatever it was worth
        level = "stop" if raised else check.level
        seen.append({"success": bool(evr.success), "level": level})
        if evr.success:
            continue
        detail = evr.result or {}
        failure = Failure(
            suite=suite.suite,
            check=check.id,
            level=level,
            what=check.says,
            where=(raised,) if raised else _places(suite, detail),
            remedy=check.remedy,
            count=int(detail.get("unexpected_count") or 1),
        )
        if level == "stop":
            failures.append(failure)
        elif level == "finding":
            findings.append(failure)
    if len(seen) != len(suite.checks):
        failures.append(
            _not_computed(suite, f"{len(suite.checks)} checks declared, {len(seen)} evaluated")
        )
    return counts(seen)


def _raised(info: dict[str, Any] | None) -> str | None:
    entries: Iterable[Any] = (info or {}).values() if info else ()
    if info and "raised_exception" in info:
        entries = [info]
    for entry in entries:
        if isinstance(entry, dict) and entry.get("raised_exception"):
            return str(entry.get("exception_message") or "raised an exception")[:300]
    return None


def _places(suite: Suite, detail: dict[str, Any]) -> tuple[str, ...]:
    rows = detail.get("unexpected_index_list") or []
    if not rows:
        observed = detail.get("observed_value")
        return (f"{suite.suite}: {observed}" if observed is not None else suite.suite,)
    places: list[str] = []
    for row in rows[:WHERE_SHOWN]:
        keys = [f"{row[k]}" for k in suite.keys if not str(row.get(k)).startswith("finding:")]
        rest = [f"{k}={v}" for k, v in row.items() if k not in suite.keys]
        places.append(" ".join(shorten(part) for part in [*keys, *rest]))
    more = int(detail.get("unexpected_count") or 0) - len(places)
    return (*places, f"……另有 {more} 处 and {more} more") if more > 0 else tuple(places)


def _keep_runs(path: Path, run: dict[str, Any], site: Path) -> None:
    """Add the run to the list and drop what is older than the last 30 of its stage."""
    runs = [*read_runs(path), run]
    kept: list[dict[str, Any]] = []
    for stage in ("landing", "marts"):
        kept += [one for one in runs if one["stage"] == stage][-RUNS_KEPT:]
    kept.sort(key=lambda one: str(one["run_time"]))
    names = {one["name"] for one in kept}
    # both folders are <suite>/<run name>/…
    for folder in (path.parent / "uncommitted" / "validations", site / "validations"):
        for run_folder in folder.glob("*/*"):
            if run_folder.is_dir() and run_folder.name not in names:
                shutil.rmtree(run_folder)
    _write_whole(path, json.dumps(kept, ensure_ascii=False))


def _build_site(
    context: Any, site: Path, validation_keys: list[Any], suites: list[dict[str, Any]]
) -> str | None:
    """Render this run's pages and the index. Gives a reason where a page is missing.

    Great Expectations logs an error of a renderer and goes on, so the pages are counted here.
    """
    from great_expectations.data_context.types.resource_identifiers import (
        ExpectationSuiteIdentifier,
    )

    identifiers = [*validation_keys, *(ExpectationSuiteIdentifier(s["name"]) for s in suites)]
    try:
        context.build_data_docs(resource_identifiers=identifiers)
    except Exception as error:  # the site is a report: its failure must not decide the gate
        # the library prints its whole configuration first and the cause last
        return f"{type(error).__name__}: {(str(error).strip().splitlines() or [''])[-1][:300]}"
    pages = [site / "index.html", *(site / entry["href"] for entry in suites)]
    pages += [site / "expectations" / f"{entry['name']}.html" for entry in suites]
    missing = [str(page.relative_to(site)) for page in pages if not page.exists()]
    return f"pages not rendered: {', '.join(missing)}" if missing else None
