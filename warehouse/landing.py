"""Landing (落地层): raw rows of parsed documents as Parquet, a batch at a time.

A batch exists when its commit file does: the Parquet files are written first, the commit last,
so a kill leaves at most files that nobody reads and the next writer removes. The same content
is never landed twice: a record is skipped when the newest landed record of its file has the
same versions and the same content.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from filelock import FileLock, Timeout

from parsers.document import (
    BBox,
    IdentityInstance,
    ParsedDocument,
    ParseRecord,
    ReadingProblem,
    Table,
)
from store import Store
from warehouse.errors import LandingError
from warehouse.layout import Layout
from warehouse.schema import LANDED

__all__ = [
    "Batch",
    "Migration",
    "RecordKey",
    "clean",
    "commit_files",
    "commits",
    "contract_problem",
    "foreign",
    "forget",
    "land",
    "landed",
    "migrate",
    "read_table",
    "verified",
]

LOCK_SECONDS = 600
_BATCH_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
_BLANKS = re.compile(r"[\s,，]+")
_MOST = Decimal(10) ** 14  # DECIMAL(20,6) holds 14 digits before the point

Row = dict[str, Any]
Rows = dict[str, list[Row]]


class RecordKey(NamedTuple):
    """Names one parse record; ``outcome`` and ``content_sha256`` say what it held."""

    file_sha256: str
    parser_version: int
    catalogue_version: str
    decisions_version: str
    outcome: str
    content_sha256: str

    @property
    def hash(self) -> str:
        """The ``record_key`` of the raw tables (content and versions, no times)."""
        return hashlib.sha256("\0".join(map(str, self)).encode()).hexdigest()[:32]


@dataclass(frozen=True)
class Batch:
    """A committed batch. ``sequence`` orders batches: of two readings the later one counts.

    ``files``: the name its Parquet files go by, another one after the batch was written anew.
    """

    batch_id: str
    sequence: int
    committed_at: str
    keys: tuple[RecordKey, ...]
    rows: dict[str, int]
    checksums: dict[str, str]
    files: str = ""

    def __post_init__(self) -> None:
        if not self.files:
            object.__setattr__(self, "files", self.batch_id)

    def as_json(self) -> bytes:
        return json.dumps(
            {
                "batch_id": self.batch_id,
                "sequence": self.sequence,
                "committed_at": self.committed_at,
                "keys": [list(k) for k in self.keys],
                "rows": self.rows,
                "checksums": self.checksums,
                **({"files": self.files} if self.files != self.batch_id else {}),
            },
            ensure_ascii=False,
            indent=1,
        ).encode()

    @classmethod
    def from_json(cls, data: bytes, path: str) -> Batch:
        try:
            held = json.loads(data)
            return cls(
                batch_id=held["batch_id"],
                sequence=held["sequence"],
                committed_at=held["committed_at"],
                keys=tuple(RecordKey(*k) for k in held["keys"]),
                rows=held["rows"],
                checksums=held["checksums"],
                files=held.get("files", ""),
            )
        except (ValueError, KeyError, TypeError) as error:
            raise LandingError(
                f"{path} is no commit file ({error}). Commit files are written whole: restore it "
                "from a copy, or delete it and land its documents again."
            ) from error


class _ContractError(Exception):
    """A parsed document that contradicts its own contract: (what, where)."""

    def __init__(self, what: str, where: str) -> None:
        super().__init__(what)
        self.what, self.where = what, where


# --- reading what is landed -------------------------------------------------------------------


def commit_files(layout: Layout) -> dict[str, str]:
    """The commit file of every committed batch, by batch id; none of them is read."""
    return {
        path.rpartition("/")[2].removesuffix(".json"): path
        for path in layout.landing.list("landing/_commits", suffix=".json")
    }


def commits(layout: Layout, besides: Collection[str] = ()) -> list[Batch]:
    """Committed batches, in the order they were landed; ``besides`` names those not wanted."""
    store = layout.landing
    found = [
        Batch.from_json(store.read_bytes(path), path)
        for batch_id, path in commit_files(layout).items()
        if batch_id not in besides
    ]
    return sorted(found, key=lambda b: (b.sequence, b.batch_id))


def _newest(batches: Iterable[Batch]) -> dict[str, RecordKey]:
    return {key.file_sha256: key for batch in batches for key in batch.keys}


def landed(layout: Layout) -> set[RecordKey]:
    """The newest landed record of every file (by the order of landing)."""
    return set(_newest(commits(layout)).values())


def verified(store: Store, batch: Batch, table: str) -> bytes:
    """The Parquet file of one table of a committed batch, its checksum, row count and columns
    verified.

    Raises LandingError where the file is missing, changed or short, or of another version.
    """
    import pyarrow.parquet as pq

    path = Layout.landing_file(table, batch.files)
    remedy = "Restore the file from a copy, or delete the batch's commit and land it again."
    try:
        data = store.read_bytes(path)
    except FileNotFoundError as error:
        raise LandingError(
            f"{path} is missing although its batch is committed. {remedy}"
        ) from error
    if hashlib.sha256(data).hexdigest() != batch.checksums[table]:
        raise LandingError(f"{path} was changed after it was landed (checksum differs). {remedy}")
    footer = pq.ParquetFile(io.BytesIO(data))
    if footer.metadata.num_rows != batch.rows[table]:
        raise LandingError(
            f"{path} has {footer.metadata.num_rows} rows, its commit says {batch.rows[table]}. "
            f"{remedy}"
        )
    declared = next(t.names for t in LANDED if t.name == table)
    if footer.schema_arrow.names != declared:
        raise LandingError(
            f"batch {batch.batch_id} holds {table} with other columns than this version declares "
            f"({sorted(set(footer.schema_arrow.names) ^ set(declared))}). "
            "Run: budgets upgrade"
        )
    return data


def read_table(store: Store, batch: Batch, table: str) -> Any:
    """One table of a committed batch as Arrow; raises as ``verified`` does."""
    import pyarrow.parquet as pq

    return pq.read_table(io.BytesIO(verified(store, batch, table)))


# --- landing ----------------------------------------------------------------------------------


@contextmanager
def _alone(layout: Layout) -> Iterator[None]:
    layout.root.mkdir(parents=True, exist_ok=True)
    lock = FileLock(layout.landing_lock_path)
    try:
        with lock.acquire(timeout=LOCK_SECONDS):
            yield
    except Timeout as error:
        raise LandingError(
            f"another process has held {layout.landing_lock_path} for {LOCK_SECONDS} s. "
            "Find it (lsof) and end it, then land again: nothing is lost."
        ) from error


def clean(layout: Layout) -> list[str]:
    """Remove what a kill left behind: Parquet files without a commit. Returns their paths.

    Only while nobody lands: ``land`` calls it under the landing lock.
    """
    store = layout.landing
    known = {b.files for b in commits(layout)}
    gone = []
    for table in LANDED:
        for path in store.list(f"landing/{table.name}", suffix=".parquet"):
            if path.rsplit("batch=", 1)[-1].removesuffix(".parquet") not in known:
                store.delete(path)
                gone.append(path)
    return gone


def land(layout: Layout, records: Sequence[ParseRecord], batch_id: str) -> Batch:
    """Land the records that are not landed yet, as one batch. Idempotent.

    A record whose content contradicts the contract (a row without its cells, an amount that
    DECIMAL(20,6) does not hold exactly) is landed as ``failed`` with the reason, without its
    documents: it is visible, and nothing of it reaches the marts.

    Returns the committed batch; where every record was landed before, a batch of no rows that
    leaves no files. Raises LandingError where ``batch_id`` is taken by other records.
    """
    if not _BATCH_ID.fullmatch(batch_id):
        raise LandingError(
            f"batch id {batch_id!r}: use up to 100 letters, digits, dots, dashes and underscores"
        )
    with _alone(layout):
        store = layout.landing
        before = commits(layout)
        newest = _newest(before)
        read: dict[RecordKey, Rows] = {}
        for record in records:
            key, rows = _rows(record)
            if newest.get(key.file_sha256) != key:
                read[key] = rows
        held = next((b for b in before if b.batch_id == batch_id), None)
        if held is not None:
            if not read:
                return held
            raise LandingError(
                f"batch {batch_id} is committed with other records. Batches never change: "
                "land these under another id."
            )
        batch = Batch(
            batch_id=batch_id,
            sequence=max((b.sequence for b in before), default=0) + 1,
            committed_at=datetime.now(UTC).isoformat(timespec="microseconds"),
            keys=tuple(read),
            rows={},
            checksums={},
        )
        if not read:
            return batch
        clean(layout)
        _commit(
            store,
            batch,
            lambda table: [
                {"batch_id": batch_id, "record_key": key.hash, "file_sha256": key.file_sha256} | row
                for key, rows in read.items()
                for row in rows.get(table, [])
            ],
        )
        return batch


def _commit(store: Store, batch: Batch, rows_of: Callable[[str], list[Row] | None]) -> None:
    """Write the Parquet files of a batch, a table at a time, and then the commit that names them."""
    for table in LANDED:
        rows = rows_of(table.name)
        if not rows:
            continue
        data = _parquet(table.arrow, table.names, rows)
        store.write_bytes(Layout.landing_file(table.name, batch.files), data)
        batch.rows[table.name] = len(rows)
        batch.checksums[table.name] = hashlib.sha256(data).hexdigest()
    store.write_bytes(Layout.commit_file(batch.batch_id), batch.as_json())


def forget(layout: Layout, file_sha256: str) -> list[str]:
    """Take every row of a file out of landing; gives the ids of the batches that held it.

    The working warehouse no longer fits landing afterwards: load it from nothing.
    """
    import pyarrow.compute as pc

    with _alone(layout):
        store = layout.landing
        held_in = []
        for batch in commits(layout):
            if all(key.file_sha256 != file_sha256 for key in batch.keys):
                continue
            held_in.append(batch.batch_id)
            tables: Rows = {}
            for name in batch.rows:
                rows = read_table(store, batch, name)
                rows = rows.filter(pc.not_equal(rows["file_sha256"], file_sha256))
                tables[name] = rows.to_pylist()
            keys = tuple(k for k in batch.keys if k.file_sha256 != file_sha256)
            _rewrite(store, batch, keys, tables)
        clean(layout)
        return held_in


def _rewrite(store: Store, batch: Batch, keys: tuple[RecordKey, ...], tables: Rows) -> None:
    """Give a committed batch other rows, under its own id.

    Parquet files never change under their name: new ones are written beside the old, and the
    commit file, replaced in one step, is the switch. Killed before it, nothing has happened;
    killed after it, the old files have no commit and ``clean`` removes them.
    """
    said = hashlib.sha256(repr((batch.batch_id, batch.files, keys, sorted(tables))).encode())
    files = f"{batch.batch_id[:70]}-{said.hexdigest()[:20]}"
    anew = replace(batch, keys=keys, rows={}, checksums={}, files=files)
    _commit(store, anew, tables.get)


@dataclass
class Migration:
    """Batches written anew; ``read_again``: files that went out of landing, to be read again."""

    batches: list[str]
    read_again: list[str]


def foreign(layout: Layout, oldest: int | None = None) -> list[str]:
    """Committed batches in the columns of another version of the program.

    ``oldest``: look at so many of the oldest only, for an answer at once: what an earlier version
    landed comes before what this one landed.
    """
    return [b.batch_id for b in commits(layout)[:oldest] if _is_foreign(layout.landing, b)]


def _is_foreign(store: Store, batch: Batch) -> bool:
    declared = {t.name: t.arrow for t in LANDED}
    if set(batch.rows) - set(declared):
        return True
    return any(not _schema(store, batch, name).equals(declared[name]) for name in batch.rows)


def _schema(store: Store, batch: Batch, table: str) -> Any:
    import pyarrow.parquet as pq

    path = Layout.landing_file(table, batch.files)
    if store.is_local:
        return pq.read_schema(store.local_path(path))
    return pq.read_schema(io.BytesIO(store.read_bytes(path)))


def migrate(layout: Layout, reading: Callable[[RecordKey], ParseRecord | None]) -> Migration:
    """Write every foreign batch anew in this version's columns, from the readings of its files.

    A file whose newest record has no reading any more goes out of landing, so that it is found as
    unread; an older record of a file that has a newer one goes out silently. Idempotent.
    The working warehouse no longer fits landing afterwards: load it from nothing.
    """
    done = Migration([], [])
    with _alone(layout):
        store = layout.landing
        every = commits(layout)
        newest = _newest(every)
        for batch in every:
            if not _is_foreign(store, batch):
                continue
            keys: list[RecordKey] = []
            tables: Rows = {}
            for key in batch.keys:
                if newest[key.file_sha256] != key:
                    continue
                record = reading(key)
                if record is None:
                    done.read_again.append(key.file_sha256)
                    continue
                now, rows = _rows(record)
                keys.append(now)
                for name, lines in rows.items():
                    tables.setdefault(name, []).extend(
                        {
                            "batch_id": batch.batch_id,
                            "record_key": now.hash,
                            "file_sha256": now.file_sha256,
                        }
                        | line
                        for line in lines
                    )
            _rewrite(store, batch, tuple(keys), tables)
            done.batches.append(batch.batch_id)
        clean(layout)
    return done


def contract_problem(record: ParseRecord) -> str | None:
    """What of a record's content contradicts the contract, so that ``land`` would not use it."""
    key, rows = _rows(record)
    if key.outcome == record.outcome:
        return None
    return str(rows["raw_parse_outcome"][0]["problem_what"])


def _parquet(schema: Any, names: list[str], rows: list[Row]) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    unknown = {name for row in rows for name in row} - set(names)
    if unknown:
        raise LandingError(f"columns without a declaration: {sorted(unknown)}")
    columns = {name: [row.get(name) for row in rows] for name in names}
    out = io.BytesIO()
    pq.write_table(pa.Table.from_pydict(columns, schema=schema), out, compression="zstd")
    return out.getvalue()


# --- one record as rows -----------------------------------------------------------------------


def _rows(record: ParseRecord) -> tuple[RecordKey, Rows]:
    content = record.model_dump_json(exclude={"parsed_at", "seconds"})
    content_sha256 = hashlib.sha256(content.encode()).hexdigest()
    rows: Rows = {}
    outcome, problem = record.outcome, record.problem
    try:
        names = [d.document.document_id for d in record.documents]
        if len(set(names)) != len(names):
            raise _ContractError("two documents of one file have the same id", names[0])
        for document in record.documents:
            for table, found in _document_rows(document, record).items():
                rows.setdefault(table, []).extend(found)
    except _ContractError as error:
        rows = {}
        outcome = "failed"
        problem = ReadingProblem(
            code="contract",
            what=f"the reading contradicts its contract: {error.what}",
            where=error.where,
            remedy="report it with the archived original; nothing of this reading is used",
        )
    key = RecordKey(
        record.file_sha256,
        record.parser_version,
        record.catalogue_version,
        record.decisions_version,
        outcome,
        content_sha256,
    )
    rows["raw_parse_outcome"] = [
        {
            "parser_version": record.parser_version,
            "catalogue_version": record.catalogue_version,
            "decisions_version": record.decisions_version,
            "outcome": outcome,
            "problem_code": problem.code if problem else None,
            "problem_what": problem.what if problem else None,
            "problem_where": problem.where if problem else None,
            "problem_remedy": problem.remedy if problem else None,
            "document_count": len(record.documents),
            "content_sha256": content_sha256,
            "parsed_at": _instant(record.parsed_at),
            "seconds": record.seconds,
        }
    ]
    return key, rows


def _instant(text: str) -> datetime:
    when = datetime.fromisoformat(text)
    return when.astimezone(UTC).replace(tzinfo=None) if when.tzinfo else when


def _exact(value: Decimal | None, where: str, digits: int = 6) -> Decimal | None:
    """The value if the raw column holds it exactly; money is never rounded on the way."""
    if value is None:
        return None
    if not value.is_finite() or abs(value) >= _MOST:
        raise _ContractError(f"{value} is no amount", where)
    if value != (held := value.quantize(Decimal(1).scaleb(-digits))):
        raise _ContractError(f"{value} has more than {digits} decimals", where)
    return held


def _computed(value: Decimal | None) -> Decimal | None:
    """A computed value (a share, a tolerance): held to a millionth, it is no printed money."""
    if value is None or not value.is_finite() or abs(value) >= _MOST:
        return None
    return value.quantize(Decimal("0.000001"))


def _box(bbox: BBox | None) -> Row:
    x0, top, x1, bottom = bbox or (None, None, None, None)
    return {"x0": x0, "top": top, "x1": x1, "bottom": bottom}


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)


def _pages(pages: Iterable[int]) -> str:
    return ",".join(map(str, pages))


def _leaves(value: object, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, f"{path}/{key}" if path else str(key))
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            yield from _leaves(inner, f"{path}/{index}")
    elif value is not None:
        yield path, str(value)


def _document_rows(parsed: ParsedDocument, record: ParseRecord) -> Rows:
    info = parsed.document
    if info.file_sha256 != record.file_sha256:
        raise _ContractError("the document names another file than its record", info.document_id)
    forms = [t.id for t in parsed.tables]
    if len(set(forms)) != len(forms):
        twice = sorted({f for f in forms if forms.count(f) > 1})
        raise _ContractError("a form stands twice in one document", ", ".join(twice))
    rows: Rows = {}

    def add(table: str, row: Row) -> None:
        rows.setdefault(table, []).append({"document_id": info.document_id} | row)

    cells_sha256, content_sha256 = _fingerprints(parsed)
    add(
        "raw_document",
        {
            "parser_version": info.parser_version,
            "county": info.county,
            "department": info.department,
            "subtitle": info.subtitle,
            "fiscal_year": info.year,
            "phase": info.phase,
            "scope": info.scope,
            "template": info.template,
            "page_count": info.pages,
            "text_layer": info.text_layer,
            "watermark": info.watermark,
            "verdict_status": parsed.verdict.status if parsed.verdict else None,
            "verdict_reasons": parsed.verdict.reasons if parsed.verdict else [],
            "cells_sha256": cells_sha256,
            "content_sha256": content_sha256,
        },
    )
    for table in parsed.tables:
        for name, row in _table_rows(table):
            add(name, row)
    for instance in parsed.identities:
        for name, row in _identity_rows(instance, parsed.catalogue_version):
            add(name, row)
    for i, figure in enumerate(parsed.narrative.figures):
        add(
            "raw_narrative_figure",
            {
                "position": i,
                "path": figure.path,
                "text": figure.text,
                "value": _exact(figure.value, f"narrative {figure.path}"),
                "unit": figure.unit,
                "page": figure.page,
                "sentence_index": figure.sentence_index,
            }
            | _box(figure.bbox),
        )
    for i, sentence in enumerate(parsed.narrative.sentences):
        add(
            "raw_sentence",
            {
                "position": i,
                "section": sentence.section,
                "sub": sentence.sub,
                "sentence": sentence.sentence,
                "amounts": _json([a.model_dump(mode="json") for a in sentence.amounts]),
                "page": sentence.page,
            },
        )
    for i, target in enumerate(parsed.performance):
        kind = target.get("kind")
        add(
            "raw_performance",
            {
                "position": i,
                "kind": None if kind is None else str(kind),
                "payload": _json(target),
            },
        )
    for kind, fields in (
        ("asset", parsed.assets),
        ("procurement", parsed.procurement),
        ("staff", parsed.staff),
    ):
        for path, text in _leaves(fields):
            add("raw_attribute", {"kind": kind, "path": path, "text": text})
    for i, reason in enumerate(parsed.reasons):
        add(
            "raw_reason",
            {
                "position": i,
                "topic": reason.topic,
                "direction": reason.direction,
                "amount": _exact(reason.amount, f"reason {i}"),
                "text": reason.text,
                "page": reason.page,
            },
        )
    for i, generic in enumerate(parsed.generic_tables):
        add(
            "raw_generic_table",
            {
                "position": i,
                "title": generic.title,
                "unit_printed": generic.unit,
                "page": generic.page,
                "grid": _json(generic.rows),
            },
        )
    for i, warning in enumerate(parsed.warnings):
        add(
            "raw_warning",
            {
                "position": i,
                "code": warning.code,
                "message": warning.message,
                "page": warning.page,
                "location": warning.where,
            },
        )
    for i, dropped in enumerate(parsed.dropped):
        add(
            "raw_dropped",
            {"position": i, "kind": dropped.kind, "page": dropped.page} | _box(dropped.bbox),
        )
    return rows


def _fingerprints(parsed: ParsedDocument) -> tuple[str, str]:
    """Hashes that tell a re-publication (nothing differs) from a corrected one.

    Blanks and thousands separators are no difference; 0 and 0.00 are one.
    """
    cells = [
        [t.id, i, [_BLANKS.sub("", text) for text in line]]
        for t in sorted(parsed.tables, key=lambda t: t.id)
        for i, line in enumerate(t.body)
    ]
    rest = [
        [[f.path, _BLANKS.sub("", f.text)] for f in parsed.narrative.figures],
        parsed.performance,
        parsed.assets,
        parsed.procurement,
        parsed.staff,
    ]
    return (
        hashlib.sha256(_json(cells).encode()).hexdigest(),
        hashlib.sha256(_json([cells, rest]).encode()).hexdigest(),
    )


def _table_rows(table: Table) -> Iterator[tuple[str, Row]]:
    if not len(table.body) == len(table.cells) == len(table.rows):
        raise _ContractError(
            f"{len(table.body)} rows, {len(table.cells)} rows of cells and "
            f"{len(table.rows)} row kinds",
            table.id,
        )
    amounts = [c.amount for line in table.cells for c in line if c.amount is not None]
    yield (
        "raw_table",
        {
            "form": table.id,
            "title": table.title,
            "label": table.label,
            "owner": table.owner,
            "unit_printed": table.unit,
            "factor": _exact(table.factor, f"{table.id} factor", digits=2),
            "step": _exact(table.step, f"{table.id} step"),
            "template": table.template,
            "columns": table.columns,
            "row_count": len(table.body),
            "amount_count": len(amounts),
            "amount_sum": _exact(sum(amounts, Decimal(0)), f"{table.id} sum"),
            "is_empty": table.is_empty,
            "note": table.note,
            "pages": _pages(table.pages),
        },
    )
    for i, (texts, cells, meta) in enumerate(zip(table.body, table.cells, table.rows, strict=True)):
        where = f"{table.id} row {i}"
        if [c.text for c in cells] != texts or len(cells) > len(table.columns):
            raise _ContractError(
                "cells differ from the printed row or outnumber the columns", where
            )
        yield (
            "raw_row",
            {
                "form": table.id,
                "row_index": i,
                "row_kind": meta.kind,
                "row_label": meta.label,
                "row_code": meta.code,
                "income_kind": meta.income_kind,
                "income_label": meta.income_label,
                "parent_index": meta.parent,
                "unit_name": meta.unit_name,
            },
        )
        for j, cell in enumerate(cells):
            yield (
                "raw_cell",
                {
                    "form": table.id,
                    "row_index": i,
                    "column_index": j,
                    "column_path": table.columns[j],
                    "text": cell.text,
                    "amount": _exact(cell.amount, f"{where} column {j}"),
                    "page": cell.page,
                    "source": cell.source,
                    "confidence": cell.confidence,
                    "sheet": cell.sheet,
                    "reference": cell.reference,
                }
                | _box(cell.bbox),
            )


def _identity_rows(
    bound: IdentityInstance, catalogue_version: str | None
) -> Iterator[tuple[str, Row]]:
    where = f"{bound.identity} {bound.instance}"
    yield (
        "raw_identity_instance",
        {
            "catalogue_version": catalogue_version,
            "identity": bound.identity,
            "instance": bound.instance,
            "severity": bound.severity,
            "relation": bound.relation,
            "outcome": bound.outcome,
            "left_yuan": _computed(bound.left_yuan),
            "right_yuan": _computed(bound.right_yuan),
            "difference_yuan": _computed(bound.difference_yuan),
            "tolerance_yuan": _computed(bound.tolerance_yuan),
            "addends": bound.addends,
            "pages": _pages(bound.pages),
            "unit": bound.unit,
            "statement_1": bound.statement_1,
            "statement_2": bound.statement_2,
            "statement_1_en": bound.statement_1_en,
            "statement_2_en": bound.statement_2_en,
        },
    )
    for i, term in enumerate(bound.terms):
        yield (
            "raw_identity_term",
            {
                "identity": bound.identity,
                "instance": bound.instance,
                "term_index": i,
                "side": term.side,
                "sign": term.sign,
                "form": term.cell.form,
                "row_index": term.cell.row,
                "column_index": term.cell.column,
                "key": term.cell.key,
                "value_yuan": _exact(term.value_yuan, where),
            },
        )
