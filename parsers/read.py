"""Bytes of one file → ``ParsedDocument``. Pure: no network, no database, no clock."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable
from dataclasses import asdict
from typing import Any, Literal

from parsers import assemble as assembly
from parsers.assemble import EDGE, column_edges
from parsers.cover import Cover, parts_of, read_cover
from parsers.document import (
    DocumentInfo,
    Dropped,
    FieldPlace,
    GenericTable,
    ParsedDocument,
    Table,
    Warning_,
)
from parsers.engine import read_pages
from parsers.errors import (
    NoSuchPartError,
    NotADisclosureError,
    NoTextError,
    ScannedError,
    TooLargeError,
    UnknownTemplateError,
)
from parsers.forms import family, fits, key
from parsers.narrative import read_narrative
from parsers.office import is_pdf, read_office
from parsers.page import Grid, Page, TextLine
from parsers.performance import PerformanceReading, read_performance
from parsers.rows import describe_rows
from parsers.scan import Kept, is_scan, place_back, read_scans
from parsers.scanlabels import match_labels
from parsers.textflow import load_rules

PARSER_VERSION = 4
"""Raised by hand with every change of what is read; goldens watch over it."""

_BLANK_SHARE = 0.01
MAX_BYTES = 200 * 1024 * 1024


def read_document(
    data: bytes,
    *,
    file_name: str | None = None,
    part: int = 1,
    recognise: bool = True,
    images: Collection[int] = (),
    kept: Kept | None = None,
) -> ParsedDocument:
    """Read one PDF, spreadsheet or Word file whole. ``file_name`` only helps messages; nothing is
    believed from it. ``part``: which of the documents in the file (``document.parts`` says how
    many there are; NoSuchPartError beyond).

    Raises NotAPdfError, UnsupportedFormatError, DamagedError, EncryptedError, TooLargeError;
    NotADisclosureError for a readable document that is no budget; UnknownTemplateError for a disclosure in other forms:
    its ``document`` still holds the plain tables and the narrative.

    Pages without a text layer are read from their images, and so are the pages numbered in
    ``images``, whose text layer is not to be believed; ``kept`` holds recognitions of earlier
    runs. Without ``recognise`` a file with such pages raises ScannedError instead: recognition
    takes seconds a page, and its own processes do it.
    """
    return _read(data, file_name, part, recognise=recognise, images=images, kept=kept)[0]


def explain(data: bytes) -> dict[str, Any]:
    """How the file was read: for each grid, the form it was taken as and why (or why not)."""
    problem: dict[str, str] | None = None
    try:
        document, made = _read(data, None)
    except (UnknownTemplateError, NotADisclosureError) as err:
        problem = err.problem().model_dump()
        if err.document is None or err.made is None:
            return {"problem": problem}
        document, made = err.document, err.made
    return {
        "problem": problem,
        "document": document.document.model_dump(),
        "forms": [t.id for t in document.tables],
        "missing": [f for f in family().forms if document.table(f) is None],
        "decisions": [asdict(d) for d in made.decisions],
        "warnings": [w.model_dump() for w in document.warnings],
    }


def _read(
    data: bytes,
    file_name: str | None,
    part: int = 1,
    *,
    recognise: bool = True,
    images: Collection[int] = (),
    kept: Kept | None = None,
) -> tuple[ParsedDocument, assembly.Assembly]:
    name = file_name or "the file"
    if len(data) > MAX_BYTES:
        raise TooLargeError(
            f"the file has {len(data):,} bytes, more than {MAX_BYTES:,}", name,
            "Raise parsers.read.MAX_BYTES if budgets of this size are real.",
        )  # fmt: skip
    office = None if is_pdf(data) else read_office(data, name)
    pages = read_pages(data) if office is None else office.pages
    typeset = pages
    scanned = [p.number for p in pages if is_scan(p) or p.number in images]
    if scanned and not recognise:
        raise ScannedError(
            f"{len(scanned)} of {len(pages)} pages are images", name,
            "Nothing to do: it waits for the recognition's own processes.",
        )  # fmt: skip
    if scanned:
        pages = read_scans(data, pages, also=images, kept=kept)
    parts = parts_of(pages)
    if not 1 <= part <= len(parts):
        raise NoSuchPartError(
            f"it holds {len(parts)} documents; there is no part {part}", name,
            "Give the number of one of them.",
        )  # fmt: skip
    first, end = parts[part - 1]
    layer = text_layer(typeset[first:end])
    # pages keep their number and place: those of the file's other documents are blank here
    whole = [
        p if first <= k < end else Page(p.number, p.width, p.height, p.rotation, has_text=False)
        for k, p in enumerate(pages)
    ]
    pages = pages[first:end]
    cover = read_cover(pages)
    made = assembly.assemble(whole)
    sha = hashlib.sha256(data).hexdigest()
    with_text = sum(p.has_text for p in pages)
    unmapped = sum(p.unmapped for p in pages)
    document = ParsedDocument(
        document=DocumentInfo(
            file_sha256=sha,
            document_id=sha if part == 1 else f"{sha}-{part:02d}",
            parts=len(parts),
            county=cover.county,
            department=cover.department,
            subtitle=cover.subtitle,
            year=cover.year,
            phase=cover.phase,
            scope=cover.scope,
            pages=len(pages),
            text_layer=layer,
            watermark=any(r.kind == "watermark" for p in pages for r in p.removed),
            parser_version=PARSER_VERSION,
        ),
        contents=[entry.title for entry in cover.contents],
        warnings=[*(office.warnings if office else ()), *cover.warnings, *made.warnings],
        dropped=list(cover.dropped),
    )
    if unmapped:
        document.warnings.append(
            Warning_(
                code="unmapped_glyphs",
                message=f"{unmapped} glyphs have no character in their font; they read as �",
            )
        )
    document.warnings += [*_hidden_text(pages), *_recognised(pages)]
    if not with_text:
        none = NoTextError(
            f"no page of {len(pages)} has a text layer or an image with print", name,
            "Look at the file; print that is drawn as curves is not read.",
        )  # fmt: skip
        none.document, none.made = document, made
        raise none
    performance = read_performance(pages)
    _take_performance(document, performance)
    _take_narrative(document, pages, cover)
    is_family = _is_family(made)
    if is_family:
        document.document.template = family().template
        document.tables = _once(made.tables, document.warnings)
        if scanned:
            match_labels(document)
        _describe(document.tables, document.warnings, _implementing_units(document))
        document.warnings += _stray(made)
        missing = [f for f in family().forms if document.table(f) is None]
        if missing:
            document.warnings.append(
                Warning_(
                    code="missing_form",
                    message=f"the document lacks {', '.join(missing)} of the 13 forms",
                )
            )
    elsewhere = {p for pages_of_one in performance.pages for p in pages_of_one}
    claimed = {id(g) for g, _ in made.rest if g.page in elsewhere}
    document.generic_tables = sorted(
        _generic(made, is_family, claimed, document.dropped), key=lambda t: t.page
    )
    if office is not None:
        office.locate(document)
    place_back(document, pages)
    if not is_family:
        _not_family(document, made, cover, name)
    return document, made


def text_layer(pages: list[Page]) -> Literal["yes", "no", "partial"]:
    """Whether the pages that show anything have text; blank sheets say nothing."""
    shown = [p for p in pages if p.has_text or p.grids or p.image_share > _BLANK_SHARE]
    with_text = sum(p.has_text for p in shown)
    if not with_text:
        return "no"
    return "yes" if with_text == len(shown) else "partial"


def _take_performance(document: ParsedDocument, reading: PerformanceReading) -> None:
    document.performance = reading.tables
    document.performance_places = [
        {path: FieldPlace(page=p.page, bbox=p.bbox, text=p.text) for path, p in places.items()}
        for places in reading.places
    ]
    document.dropped += reading.dropped
    document.warnings += reading.warnings


def _take_narrative(document: ParsedDocument, pages: list[Page], cover: Cover) -> None:
    reading = read_narrative(pages, cover)
    document.narrative = reading.narrative
    document.reasons = reading.reasons
    document.assets = reading.assets
    document.procurement = reading.procurement
    document.staff = reading.staff
    document.dropped += reading.dropped
    document.warnings += reading.warnings


def _implementing_units(document: ParsedDocument) -> list[str]:
    """Bodies that the performance tables name (实施单位): units of T12 and T13."""
    found = (t.get("实施单位") for t in document.performance)
    return sorted({name for name in found if isinstance(name, str) and name})


def _recognised(pages: list[Page]) -> list[Warning_]:
    """Which pages were read from their images; ``where`` holds their numbers."""
    numbers = [str(p.number) for p in pages if p.is_scan]
    if not numbers:
        return []
    said = f"{len(numbers)} of {len(pages)} pages were read from their images"
    return [Warning_(code="recognised_pages", message=said, where=",".join(numbers))]


def _hidden_text(pages: list[Page]) -> list[Warning_]:
    """Text that nobody sees is not read; that there is some is told."""
    out = []
    for page in pages:
        hidden = [r for r in page.removed if r.kind == "invisible"]
        if hidden:
            glyphs = sum(len(r.text) for r in hidden)
            out.append(
                Warning_(
                    code="hidden_text",
                    message=f"{glyphs} glyphs are invisible (drawn without ink, white, clipped "
                    "or covered) and were not read",
                    page=page.number,
                )
            )
    return out


def _stray(made: assembly.Assembly) -> list[Warning_]:
    """Rows of figures outside every table: a form may have lost them."""
    by_page: dict[int, int] = {}
    for line in made.stray:
        by_page[line.page] = by_page.get(line.page, 0) + 1
    return [
        Warning_(
            code="unreadable_amount",
            message=f"{n} lines of figures on the page belong to no table that was read",
            page=page,
        )
        for page, n in by_page.items()
    ]


def _is_family(made: assembly.Assembly) -> bool:
    """A listed title over a header that no other province prints (``anchor`` in the YAML).

    Where the titles are worded otherwise, two such headers are asked for.
    """
    anchors = {
        d.form: d.how
        for d in reversed(made.decisions)
        if d.form is not None and family().forms[d.form].anchor
    }
    return assembly.BY_TITLE in anchors.values() or len(anchors) >= 2


def _not_family(document: ParsedDocument, made: assembly.Assembly, cover: Cover, name: str) -> None:
    kind, reason = cover.kind, cover.reason
    if cover.is_disclosure or made.tables:
        error: UnknownTemplateError | NotADisclosureError = UnknownTemplateError(
            f"a disclosure ({kind}: {reason}) in forms that no YAML describes", name,
            "Its plain tables are kept; add parsers/forms/*.yml for this template to read them.",
        )  # fmt: skip
    else:
        error = NotADisclosureError(
            f"no budget or final account ({kind}: {reason})", name,
            "Nothing to do where this is a notice; if it is a budget, tell what read_cover missed.",
        )  # fmt: skip
    error.document, error.made = document, made
    raise error


def _once(tables: list[Table], warnings: list[Warning_]) -> list[Table]:
    """Each form once, in their order; a second one is kept out and told.

    ``form_repeated`` where both say the same; ``form_twice`` where no one can know which holds:
    the document is not accepted then.
    """
    out: dict[str, Table] = {}
    for table in tables:
        first = out.get(table.id)
        if first is None:
            out[table.id] = table
            continue
        same = first.body == table.body
        warnings.append(
            Warning_(
                code="form_repeated" if same else "form_twice",
                message=f"{table.id} is in the document twice (pages {first.pages} and "
                f"{table.pages}), {'the same' if same else 'with different figures'}; the first "
                "was taken",
                page=table.pages[0],
                where=table.id,
            )
        )
    return [out[f] for f in family().forms if f in out]


def _describe(tables: list[Table], warnings: list[Warning_], names: Iterable[str]) -> None:
    """RowMeta of every row; T11 first, because it names the units of T12 and T13."""
    known = list(names)
    for table in sorted(tables, key=lambda t: t.id != "T11"):
        warnings.extend(describe_rows(table, known))
        if table.id == "T11":
            known += [m.label for m in table.rows if m.kind == "unit"]
        if table.id == "T12":
            known += [m.label for m in table.rows if m.kind == "unit"]


# -- tables that no form claims ----------------------------------------------------------
_PERSON_LABEL = re.compile(
    r"(?:.*(?:联系人|经办人|负责人|填报人|填表人|审核人|制表人)(?:姓名|签字|签章|（签[字章]）)?|"
    r".*(?:联系|办公|手机|咨询)?电话(?:号码)?|手机(?:号码?)?)[:：]?"
)
_PHONE = re.compile(r"(?<!\d)(?:1[3-9]\d{9}|0\d{2,3}[-—－]?\d{7,8})(?!\d)")
_ID_NUMBER = re.compile(r"(?<!\d)\d{17}[\dXx](?!\d)")


def _generic(
    made: assembly.Assembly, is_family: bool, claimed: set[int], dropped: list[Dropped]
) -> Iterable[GenericTable]:
    last: tuple[Grid, GenericTable] | None = None
    for grid, lines in made.rest:
        if id(grid) in claimed:
            continue
        rows = _without_persons(grid, dropped)
        if sum(bool(c) for r in rows for c in r) < 2:
            continue
        title = _title_of(grid, lines)
        if last is not None and _goes_on(*last, grid, title, lines):
            head = _repeated(last[1].rows, rows)
            last[1].rows += rows[head:]
            last[1].pages.append(grid.page)
            last = (grid, last[1])
            continue
        unit = next((m.group(1) for x in lines if (m := _UNIT.search(key(x.text)))), None)
        table = GenericTable(title=title, unit=unit, page=grid.page, pages=[grid.page], rows=rows)
        if last is not None:
            yield last[1]
        last = (grid, table)
    if last is not None:
        yield last[1]
    if not is_family:
        # a form of ours may be recognised in a document that is of another family
        for form in made.tables:
            printed = _UNIT.search(key(form.unit or ""))
            yield GenericTable(
                title=form.title, unit=printed.group(1) if printed else None,
                page=form.pages[0], pages=form.pages, rows=[*form.header, *form.body],
            )  # fmt: skip


_UNIT = re.compile(r"单位[:：](万?元)")
_TITLE_LENGTH = 60


def _title_of(grid: Grid, lines: list[TextLine]) -> str | None:
    """The nearest line above the grid, or its own first row, that ends as a table's title does."""
    ends = re.compile(str(load_rules("cover")["title_end"]))
    texts = [x.text for x in lines]
    first = [c for c in grid.cells if c.row == 0 and c.words]
    if len(first) == 1 and first[0].colspan == grid.ncols:
        texts.append(first[0].text)
    label = f"(?:{family().label})|(?:公开|预算)\\d{{1,2}}表"
    for i in range(len(texts) - 1, -1, -1):
        text = texts[i]
        if not ends.search(key(text)) or len(text) > _TITLE_LENGTH or fits(label, key(text)):
            continue
        if i and len(text) <= 8 and not ends.search(key(texts[i - 1])):
            before = texts[i - 1]
            if len(before) + len(text) <= _TITLE_LENGTH and not _NO_TITLE.search(key(before)):
                return before + text  # a title on two lines
        return text
    return None


_NO_TITLE = re.compile(r"(?:单位|部门|名称)[:：]|[。；]|^\d+$|^表")


def _goes_on(
    before: Grid, table: GenericTable, grid: Grid, title: str | None, lines: list[TextLine]
) -> bool:
    """Is this the table's part on the next page: the same columns, under no other title?"""
    if grid.page != before.page + 1 or grid.ncols != before.ncols:
        return False
    if title is not None and key(title) != key(table.title or ""):
        return False
    if title is None and any(not fits(family().page_number, key(x.text)) for x in lines[-2:]):
        return False
    a, b = column_edges(before), column_edges(grid)
    return all(abs(x - y) <= EDGE for x, y in zip(a, b, strict=True))


def _repeated(rows: list[list[str]], new: list[list[str]]) -> int:
    """How many rows at the top of the new part repeat the table's first ones."""
    n = 0
    while n < min(len(rows), len(new)) and rows[n] == new[n]:
        n += 1
    return n


def _without_persons(grid: Grid, dropped: list[Dropped]) -> list[list[str]]:
    """The grid's texts without names and telephone numbers of persons."""
    rows = grid.matrix()
    for r, row in enumerate(rows):
        label: str | None = None
        for j, text in enumerate(row):
            k = key(text)
            if _PERSON_LABEL.fullmatch(k):
                label = "phone" if "电话" in k or "手机" in k else "person"
                continue
            if not k:
                continue
            found = _ID_NUMBER.search(k) or _PHONE.search(k)
            if label or found:
                cell = grid.cell_at(r, j)
                box = cell.bbox if cell else None
                kind = "phone" if label == "phone" or (found and not label) else "person"
                dropped.append(Dropped(kind=kind, page=grid.page, bbox=box))
                row[j] = "" if label else _PHONE.sub("", _ID_NUMBER.sub("", k))
                label = None
    return rows


def pages_of(data: bytes) -> list[Page]:
    """What the engine sees, for tools and tests."""
    return read_pages(data)
