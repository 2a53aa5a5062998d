"""What a night costs when the warehouse is large: adding ten documents to 100, 1,000 and 10,000.

    python -m benchmarks.warehouse [--sizes 100 1000 10000] [--work FOLDER] [--keep]

The documents are those of the samples' generator, read and judged, then put under the names of
other bodies and years. They are landed as the night lands them, in batches of 20, with the fetch
rows of their crawl. Every step runs in a process of its own, so that its processor time and
its largest memory are its own. Wall time lies where the machine does other work: compare the
processor seconds.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from parsers.document import ParseRecord
from warehouse.database import reader
from warehouse.landing import Batch, RecordKey, land, read_table
from warehouse.layout import Layout
from warehouse.schema import LANDED

ROOT = Path(__file__).resolve().parent.parent
SAMPLES = ROOT / "samples" / "pdf"
QUESTIONS = ROOT / "docs" / "questions"

SIZES = (100, 1_000, 10_000)
FURTHER = 100
"""Documents of the samples' generator that stand beside the sample documents as patterns."""
BATCH = 20
YEARS = range(2021, 2027)
STEMS, BRANCHES = "甲乙丙丁戊己庚辛壬癸", "子丑寅卯辰巳午未申酉戌亥"
BODIES = ["教育局", "科学技术局", "工业和信息化局", "公安局", "民政局", "司法局", "财政局", "人力资源和社会保障局", "自然资源局", "住房和城乡建设局", "交通运输局", "水利局", "农业农村局", "商务局", "文化和旅游局", "卫生健康局", "退役军人事务局", "应急管理局", "审计局", "统计局", "林业局", "医疗保障局", "市场监督管理局", "能源局", "信访局", "档案馆", "档案局", "党校", "总工会", "妇女联合会", "残疾人联合会", "红十字会", "供销社", "融媒体中心", "机关事务服务中心", "行政审批服务管理局", "城市管理局", "生态环境局", "气象局", "乡村振兴局"]  # fmt: skip


# --- documents --------------------------------------------------------------------------------


def patterns(work: Path) -> Path:
    """The sample documents and ``FURTHER`` ones like them, read and judged, as raw rows in
    Parquet; made once a folder."""
    from expectations.catalogue import CATALOGUE_VERSION, judge
    from parsers.errors import DocumentError
    from parsers.read import PARSER_VERSION, read_document
    from samples.generate import write_further

    folder = work / f"patterns-{PARSER_VERSION}-{CATALOGUE_VERSION}-{FURTHER}"
    if (folder / "landing").is_dir():
        return folder
    scratch = Layout(folder.with_suffix(".tmp"))
    shutil.rmtree(scratch.root, ignore_errors=True)
    records = []
    for path in [*sorted(SAMPLES.glob("*.pdf")), *write_further(FURTHER, scratch.root / "pdf")]:
        try:
            judged = judge(read_document(path.read_bytes()))
        except DocumentError:
            continue
        records.append(
            ParseRecord(
                file_sha256=judged.document.file_sha256,
                parser_version=PARSER_VERSION,
                catalogue_version=judged.catalogue_version or "",
                outcome="parsed",
                documents=[judged],
                parsed_at="2026-11-01T00:00:00+00:00",
            )
        )
    batch = land(scratch, records, "patterns")
    for table in batch.rows:  # whole, by the reader the night uses
        read_table(scratch.landing, batch, table)
    scratch.root.rename(folder)
    return folder


@dataclass(frozen=True)
class Made:
    """One generated document: which body, which year, when it was seen."""

    number: int
    body: int
    year: int
    file_sha256: str
    content: str
    seen_on: date
    url: str

    @property
    def county(self) -> str:
        n = self.body // len(BODIES)
        return f"{STEMS[n // len(BRANCHES) % len(STEMS)]}{BRANCHES[n % len(BRANCHES)]}县"

    @property
    def county_code(self) -> str:
        return str(149910 + self.body // len(BODIES))

    @property
    def department(self) -> str:
        return self.county + BODIES[self.body % len(BODIES)]


def plan(count: int, *, first: int = 0, news: str = "new") -> list[Made]:
    """``count`` documents from number ``first``: bodies of county after county, six years each.

    ``news``: ``new`` documents; ``corrected`` ones of a body and year seen before, with other
    figures; the ``same`` ones again at another address.
    """
    made = []
    for number in range(first, first + count):
        body, year = divmod(number, len(YEARS))
        made.append(
            Made(
                number,
                body,
                YEARS[year],
                hashlib.sha256(f"{news} {number}".encode()).hexdigest(),
                content=f"{'new' if news == 'same' else news} {number}",
                seen_on=date(YEARS[year], 3, 1)
                + timedelta(days=number % 28 + (60 if news != "new" else 0)),
                url=f"http://127.0.0.1/{149910 + body // len(BODIES)}/{news}/{number}.pdf",
            )
        )
    return made


def fetches(made: list[Made], looks: int = 3) -> Iterator[dict[str, Any]]:
    """The rows of the crawl: the file itself, and later looks that found it unchanged."""
    for document in made:
        for look in range(looks + 1):
            seen = document.seen_on + timedelta(days=14 * look)
            yield {
                "fetched_at": f"{seen}T02:00:00+00:00",
                "run_id": f"night-{seen}",
                "site": document.county,
                "county_code": document.county_code,
                "county": document.county,
                "role": "attachment",
                "url": document.url,
                "final_url": document.url,
                "listing_url": "http://127.0.0.1/",
                "article_url": document.url.replace(".pdf", ".html"),
                "article_title": f"{document.department}{document.year}年部门预算公开",
                "link_text": f"{document.department}{document.year}年部门预算.pdf",
                "column_holds": "budget",
                "column_scope": "department",
                "status": 304 if look else 200,
                "outcome": "unchanged" if look else "new",
                "reason": "",
                "sha256": None if look else document.file_sha256,
                "media_type": "application/pdf",
                "size": 400_000,
                "file_name": f"{document.number}.pdf",
                "published_on": str(document.seen_on),
                "duration_ms": 40,
            }


def generate(layout: Layout, folder: Path, made: list[Made]) -> None:
    """Land the documents in batches of 20, as the night would have: Parquet, then the commit."""
    sequence = _last_sequence(layout)
    con = duckdb.connect()
    held = {
        t.name: str(folder / Layout.landing_file(t.name, "patterns"))
        for t in LANDED
        if (folder / Layout.landing_file(t.name, "patterns")).exists()
    }
    con.execute(
        "create table pattern as select row_number() over (order by file_sha256) - 1 as number,"
        " file_sha256, coalesce(county, regexp_extract(department, '^(.+?[县区])', 1)) as county"
        f" from read_parquet('{held['raw_document']}')"
    )
    (patterns_held,) = con.execute("select count(*) from pattern").fetchone() or (0,)
    outcomes = dict(
        con.execute(
            "select file_sha256, [cast(parser_version as varchar), catalogue_version, decisions_version]"
            f" from read_parquet('{held['raw_parse_outcome']}')"
        ).fetchall()
    )
    names = dict(con.execute("select number, file_sha256 from pattern").fetchall())
    for start in range(0, len(made), BATCH * 25):
        chunk = made[start : start + BATCH * 25]
        rows, batches = [], {}
        for i, document in enumerate(chunk):
            sequence += i % BATCH == 0
            batch_id = f"{sequence:06d}-{document.file_sha256[:13]}" if i % BATCH == 0 else batch_id  # noqa: F821
            pattern = int(hashlib.sha256(document.content.encode()).hexdigest()[:8], 16)
            content = hashlib.sha256(document.content.encode()).hexdigest()
            version = outcomes[names[pattern % patterns_held]]
            key = RecordKey(document.file_sha256, int(version[0]), *version[1:], "parsed", content)
            batches.setdefault(batch_id, (sequence, []))[1].append(key)
            rows.append(
                (
                    *(batch_id, key.hash, document.file_sha256, pattern % patterns_held),
                    *(document.county, document.department, document.year, content),
                )
            )
        con.execute(
            "create or replace table made (batch varchar, record_key varchar, file_sha256 varchar,"
            " pattern bigint, county varchar, department varchar, fiscal_year integer,"
            " content varchar)"
        )
        con.executemany("insert into made values (?, ?, ?, ?, ?, ?, ?, ?)", rows)
        counted = {b: {} for b in batches}
        checksums: dict[str, dict[str, str]] = {b: {} for b in batches}
        scratch = layout.root / "generated"
        for table in LANDED:
            if table.name not in held:
                continue
            shutil.rmtree(scratch, ignore_errors=True)
            scratch.mkdir(parents=True)
            con.execute(
                f"copy (select {_columns(table.names)} from made"
                " join pattern on made.pattern = pattern.number"
                f" join read_parquet('{held[table.name]}') as row"
                f" on row.file_sha256 = pattern.file_sha256) to '{scratch}'"
                " (format parquet, compression zstd, partition_by (batch),"
                " overwrite_or_ignore true)"
            )
            for part in scratch.iterdir():
                (file,) = part.iterdir()
                batch_id = part.name.removeprefix("batch=")
                target = layout.landing.local_path(Layout.landing_file(table.name, batch_id))
                target.parent.mkdir(parents=True, exist_ok=True)
                checksums[batch_id][table.name] = hashlib.sha256(file.read_bytes()).hexdigest()
                (n,) = con.execute(
                    f"select num_rows from parquet_file_metadata('{file}')"
                ).fetchone() or (0,)
                counted[batch_id][table.name] = int(n)
                file.rename(target)
        shutil.rmtree(scratch)
        for batch_id, (number, keys) in batches.items():
            batch = Batch(
                batch_id,
                number,
                datetime(2026, 11, 1, tzinfo=UTC).isoformat(timespec="microseconds"),
                tuple(keys),
                counted[batch_id],
                checksums[batch_id],
            )
            layout.landing.write_bytes(Layout.commit_file(batch_id), batch.as_json())
    con.close()


def _columns(names: list[str]) -> str:
    """The select list that makes a pattern's row a row of the generated document."""

    def renamed(column: str) -> str:
        return f"replace(row.{column}, pattern.county, made.county)"

    given = {
        "batch_id": "made.batch",
        "record_key": "made.record_key",
        "file_sha256": "made.file_sha256",
        "document_id": "made.file_sha256",
        "county": "made.county",
        "department": "made.department",
        "fiscal_year": "made.fiscal_year",
        "cells_sha256": "made.content",
        "content_sha256": "made.content",
        "owner": "'部门名称：' || made.department",
        "scope": "'department'",
    }
    if "row_label" in names:
        given |= {c: renamed(c) for c in ("row_label", "unit_name")}
    if "amount" in names and "column_path" in names:
        given["text"] = renamed("text")
    if "payload" in names:
        given["payload"] = renamed("payload")
    return ", ".join(f'{given.get(n, "row." + chr(34) + n + chr(34))} as "{n}"' for n in names) + (
        ", made.batch as batch"
    )


def _last_sequence(layout: Layout) -> int:
    from warehouse.landing import commits

    return max((b.sequence for b in commits(layout)), default=0)


# --- measuring --------------------------------------------------------------------------------


@dataclass
class Cost:
    """Wall and processor seconds and the largest memory (bytes) of one step and its children."""

    wall: float
    cpu: float
    memory: int
    result: dict[str, Any]


def apart(step: Callable[[], dict[str, Any]], notes: Path) -> Cost:
    """Run the step in a process of its own."""
    sys.stdout.flush()
    clock = time.monotonic()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            notes.write_text(json.dumps(step(), default=str))
            code = 0
        except BaseException as error:
            print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
        finally:
            os._exit(code)
    _, status, used = os.wait4(child, 0)
    if status:
        raise SystemExit("a step failed: its message stands above")
    return Cost(
        round(time.monotonic() - clock, 2),
        round(used.ru_utime + used.ru_stime, 2),
        used.ru_maxrss * 1024,
        json.loads(notes.read_text()),
    )


def _load(layout: Layout, made: list[Made]) -> dict[str, Any]:
    from warehouse.load import load

    return load(layout, fetches(made)).as_dict()


def _build(layout: Layout, full_refresh: bool = False) -> dict[str, Any]:
    from warehouse.build import build

    return build(layout, full_refresh=full_refresh).as_dict()


def _publish(layout: Layout) -> dict[str, Any]:
    from warehouse.publish import publish

    done = publish(layout).as_dict()
    folder = layout.builds_path / done["build_id"]
    return done | {"bytes": sum(p.stat().st_size for p in folder.rglob("*") if p.is_file())}


def _questions(layout: Layout) -> dict[str, Any]:
    """The best of three answers to every question, in seconds, on the published copy."""
    taken = {}
    with reader(layout) as con:
        con.execute("set threads = 2")
        for path in sorted(QUESTIONS.glob("*.sql")):
            sql = path.read_text(encoding="utf-8")
            times = []
            for _ in range(3):
                clock = time.monotonic()
                con.execute(sql).fetchall()
                times.append(time.monotonic() - clock)
            taken[path.stem] = min(times)
    return taken


def measure(work: Path, folder: Path, size: int) -> dict[str, Any]:
    """A warehouse of ``size`` documents from nothing, then the night that adds ten."""
    layout = Layout(work / str(size))
    shutil.rmtree(layout.root, ignore_errors=True)
    notes = work / "notes.json"
    made = plan(size)
    clock = time.monotonic()
    generate(layout, folder, made)
    found: dict[str, Any] = {"documents": size, "generated": round(time.monotonic() - clock, 1)}
    found["full load"] = apart(lambda: _load(layout, made), notes)
    found["full build"] = apart(lambda: _build(layout), notes)
    found["full publish"] = apart(lambda: _publish(layout), notes)
    # a quiet night before, as there always was one
    apart(lambda: _build(layout), notes)
    # seven new documents, two corrections of what was seen before, one put up again
    ten = [
        *plan(7, first=size),
        *plan(2, first=size // 2, news="corrected"),
        *plan(1, first=size // 3, news="same"),
    ]
    generate(layout, folder, ten)
    found["load"] = apart(lambda: _load(layout, [*made, *ten]), notes)
    found["build"] = apart(lambda: _build(layout), notes)
    found["publish"] = apart(lambda: _publish(layout), notes)
    with reader(layout) as con:
        flipped = con.execute(
            "select count(*) filter (where version_kind = 'corrected_republication' and is_current),"
            " count(*) filter (where not is_current) from marts.dim_document"
        ).fetchone()
    if flipped != (2, 3):
        raise SystemExit(f"the corrections did not take the place of what they correct: {flipped}")
    found["questions"] = apart(lambda: _questions(layout), notes)
    found["warehouse bytes"] = layout.warehouse_path.stat().st_size
    return found


# --- telling ----------------------------------------------------------------------------------


def table(found: list[dict[str, Any]]) -> str:
    """The figures, one column a size."""
    lines: list[tuple[str, list[str]]] = []

    def line(name: str, of: Callable[[dict[str, Any]], str]) -> None:
        lines.append((name, [of(f) for f in found]))

    line("documents", lambda f: f"{f['documents']:,}")
    for step in ("full load", "full build", "full publish", "load", "build", "publish"):
        name = step if step.startswith("full") else f"add ten: {step}"
        line(f"{name}, wall s", lambda f, s=step: f"{f[s].wall:.1f}")
        line(f"{name}, processor s", lambda f, s=step: f"{f[s].cpu:.1f}")
        line(f"{name}, memory MB", lambda f, s=step: f"{f[s].memory / 1e6:.0f}")
    line(
        "publish, MB/s",
        lambda f: f"{f['publish'].result['bytes'] / 1e6 / max(f['publish'].wall, 0.01):.0f}",
    )
    line("published, MB", lambda f: f"{f['publish'].result['bytes'] / 1e6:.0f}")
    line(
        "published, kB a document",
        lambda f: f"{f['publish'].result['bytes'] / 1e3 / f['documents']:.0f}",
    )
    line("warehouse, kB a document", lambda f: f"{f['warehouse bytes'] / 1e3 / f['documents']:.0f}")
    line("questions", lambda f: str(len(f["questions"].result)))
    line(
        "slowest question, ms",
        lambda f: f"{1000 * max(f['questions'].result.values(), default=0):.0f}",
    )
    width = max(len(name) for name, _ in lines)
    return "\n".join(f"{n:{width}}" + "".join(f"{v:>12}" for v in values) for n, values in lines)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--sizes", type=int, nargs="+", default=list(SIZES))
    arguments.add_argument("--work", type=Path, default=ROOT / "data" / "benchmark")
    arguments.add_argument("--keep", action="store_true", help="leave the warehouses there")
    given = arguments.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    folder = patterns(given.work)
    found = []
    for size in given.sizes:
        found.append(measure(given.work, folder, size))
        if not given.keep:
            shutil.rmtree(given.work / str(size))
        (given.work / "figures.json").write_text(
            json.dumps(
                [{k: asdict(v) if isinstance(v, Cost) else v for k, v in f.items()} for f in found],
                indent=1,
            )
        )
        print(table(found), flush=True)
        print()


if __name__ == "__main__":
    main()
