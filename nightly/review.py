"""What waits for a person (待人工复核): quarantined documents, their suspects, and decisions.

Reads the checkpoints of reading, so it needs no warehouse. Nothing here prints.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from datetime import datetime
from pathlib import Path

import zstandard
from pydantic import BaseModel, Field

from expectations.catalogue import load_catalogue
from expectations.catalogue.binder import Binder
from expectations.catalogue.repair import Doubt, Key, settle
from nightly.decisions import Correction, DecisionError, add_correction, row_and_column
from nightly.judging import cell_of, form_request, requests_of
from nightly.settings import Settings
from parsers.document import ParsedDocument, ParseRecord
from parsers.forms import family_of
from parsers.second import CellRequest, crop_png
from parsers.worker import Limits, second_isolated
from store import Store

DIFFERS = "second_reading_differs"
_MOST_LEFT = 40
"""More suspects than this leave nothing to the sums."""
_ROUNDING = 4.0
"""Printed steps by which rounded addends may miss a proposed sum."""
_VERSION = re.compile(r"parser=(\d+)/")


class ReviewError(ValueError):
    """A request for review that cannot be met: what, and what to do."""


class Suspect(BaseModel):
    """A figure whose readings differ. ``crop``: the PNG of what is drawn, where it was made."""

    cell: str
    page: int | None
    said: str = Field(description="both readings in words, as the verdict gave them")
    printed: str = ""
    pixels: str = ""
    confidence: float | None = None
    alternatives: list[str] = []
    recognised: bool = Field(
        default=False, description="of a scan: ``printed`` is the first recogniser's reading"
    )
    left: str | None = Field(
        default=None, description="the figure with which the hard sums add up, as it is printed"
    )
    crop: Path | None = None


class Waiting(BaseModel):
    """A quarantined document. ``reasons`` are the verdict's."""

    document_id: str
    file_sha256: str
    county: str | None
    department: str | None
    year: int | None
    reasons: list[str]
    suspects: list[Suspect]


def waiting(settings: Settings) -> list[Waiting]:
    """All quarantined documents, by county, department and year."""
    found = [
        _waiting(document)
        for document in _documents(settings, b'"quarantined"')
        if document.verdict is not None and document.verdict.status == "quarantined"
    ]
    return sorted(found, key=lambda w: (w.county or "", w.department or "", w.year or 0))


def find(settings: Settings, named: str) -> ParsedDocument:
    """The one document whose id begins so, or whose department's name holds this.

    Raises ReviewError where there is none or more than one; of documents of one name only
    quarantined ones are meant.
    """
    lowered = named.lower()
    is_id = re.fullmatch(r"[0-9a-f]{6,64}(-\d+)?", lowered) is not None
    found = [
        d
        for d in _documents(settings, lowered.encode() if is_id else None)
        if (is_id and d.document.document_id.startswith(lowered))
        or (
            not is_id
            and named in (d.document.department or "")
            and d.verdict is not None
            and d.verdict.status == "quarantined"
        )
    ]
    if len(found) == 1:
        return found[0]
    said = "、".join(f"{d.document.department} {d.document.year}" for d in found[:5])
    raise ReviewError(
        f"{len(found)} documents are meant by {named!r}{f' ({said})' if said else ''}; "
        "list what waits with: budgets review"
    )


def evidence(settings: Settings, document: ParsedDocument, cell: str | None = None) -> Waiting:
    """The suspects of a document (or one cell) read again, with their crops as PNG.

    Crops go to ``data/review/<document id>/``. Raises ReviewError for a cell that the document
    does not have or that has no place on a page.
    """
    from scrapers.archive import Archive

    out = _waiting(document)
    waiting = [s.cell for s in out.suspects]
    if cell is not None:
        out.suspects = [s for s in out.suspects if s.cell == cell] or [
            Suspect(cell=cell, page=None, said="")
        ]
    asked = {s.cell: _requests(document, s.cell) for s in out.suspects}
    if cell is not None and not asked[cell]:
        raise ReviewError(
            f"{document.document.document_id[:12]} has no figure {cell!r} with a place on a page; "
            "cells are named FORM/ROW/COLUMN, e.g. T05/3/2"
        )
    data = Archive(Store(settings.archive_root)).get(document.document.file_sha256)
    flat = [r for requests in asked.values() for r in requests]
    limits = Limits(seconds=settings.parse_seconds, megabytes=settings.parse_megabytes)
    readings = {r.key: r for r in second_isolated(data, flat, limits)}
    left = left_by_sums(document, [*waiting, cell or ""])
    folder = settings.data / "review" / document.document.document_id
    for suspect in out.suspects:
        for request in asked[suspect.cell][:1]:
            reading = readings[request.key]
            suspect.printed, suspect.pixels = request.text, reading.pixels
            suspect.page, suspect.confidence = request.page, reading.confidence
            suspect.alternatives = [a.text for a in reading.alternatives]
            held = cell_of(document, suspect.cell)
            if held is not None and held.source != "text":  # what the sums leave comes first
                suspect.recognised = True
                both = [*held.alternatives, *suspect.alternatives]
                suspect.alternatives = [a for a in dict.fromkeys(both) if a != request.text]
            suspect.left = left.get(suspect.cell)
            folder.mkdir(parents=True, exist_ok=True)
            suspect.crop = folder / f"{re.sub(r'[^0-9A-Za-z]+', '-', suspect.cell)}.png"
            suspect.crop.write_bytes(crop_png(data, request.page, request.bbox))
    return out


def left_by_sums(document: ParsedDocument, cells: Collection[str]) -> dict[str, str]:
    """The figure (as printed, in the form's unit) that makes the hard sums add up at each of these
    cells, whatever the others of them are; only cells where nothing but rounding leaves a choice."""
    doubts: dict[Key, Doubt] = {}
    for name in cells:
        form, _, place = name.partition("/")
        table = document.table(form)
        if table is not None and (row_column := place.split("/")) and len(row_column) == 2:
            r, c = map(int, row_column)
            kinds = [x.kind for x in family_of(table.template).forms[form].columns]
            if r < len(table.cells) and c < len(kinds) and kinds[c] == "amount":
                doubts[form, r, c] = Doubt([], [], table.step * table.factor, free=True)
    if not 0 < len(doubts) <= _MOST_LEFT:
        return {}
    out: dict[str, str] = {}
    bounds = Binder(document, load_catalogue()).bind()
    for key, value in settle(bounds, doubts, within=_ROUNDING).left.items():
        table = document.table(key[0])
        if table is not None:
            out["/".join(map(str, key))] = f"{(value / table.factor).quantize(table.step):f}"
    return out


def decide(
    settings: Settings,
    document: ParsedDocument,
    cell: str,
    value: str | None,
    *,
    why: str,
    who: str,
    now: datetime,
) -> Correction:
    """Write a person's decision on one figure; ``value`` None confirms it as printed.

    Raises ReviewError or DecisionError where it cannot be one.
    """
    printed = printed_text(document, cell)
    row, column = row_and_column(document, cell) if cell.startswith("T") else ("", "")
    try:
        correction = Correction(
            file_sha256=document.document.file_sha256,
            cell=cell,
            row=row,
            column=column,
            printed=printed,
            value=printed if value is None else value,
            why=why.strip(),
            who=who.strip(),
            when=now,
        )
    except ValueError as error:
        raise DecisionError(f"{cell}: why and who are needed in words ({error})") from None
    add_correction(settings.decisions, correction)
    return correction


def printed_text(document: ParsedDocument, cell: str) -> str:
    """What the text layer says at a figure. Raises ReviewError where there is no such figure."""
    form, _, place = cell.partition("/")
    table = document.table(form)
    numbers = place.split("/")
    if table is not None and len(numbers) == 2 and all(n.isdigit() for n in numbers):
        r, c = map(int, numbers)
        if r < len(table.cells) and c < len(table.cells[r]):
            held = table.cells[r][c]
            return held.text if held.reading_text is None else held.reading_text
    elif table is None and (found := _requests(document, cell)):
        return found[0].text
    raise ReviewError(f"there is no figure {cell!r}; see: budgets review {form and 'DOCUMENT'}")


def _waiting(document: ParsedDocument) -> Waiting:
    info = document.document
    return Waiting(
        document_id=info.document_id,
        file_sha256=info.file_sha256,
        county=info.county,
        department=info.department,
        year=info.year,
        reasons=list(document.verdict.reasons) if document.verdict else [],
        suspects=[
            Suspect(cell=w.where or "", page=w.page, said=w.message)
            for w in document.warnings
            if w.code == DIFFERS
        ],
    )


def _requests(document: ParsedDocument, cell: str) -> list[CellRequest]:
    form, _, place = cell.partition("/")
    table = document.table(form)
    if table is not None:
        numbers = place.split("/")
        if len(numbers) != 2 or not all(n.isdigit() for n in numbers):
            return []
        r, c = map(int, numbers)
        if r >= len(table.cells) or c >= len(table.cells[r]):
            return []
        one = form_request(table, r, c)
        return [one] if one is not None else []
    for bound in Binder(document, load_catalogue()).bind():
        for term in bound.terms:
            if term.ref.row is None and f"{term.ref.form}/{term.ref.key}" == cell:
                return requests_of(document, term)
    return []


def _documents(settings: Settings, holding: bytes | None = None) -> Iterator[ParsedDocument]:
    """Documents of the newest checkpoint of every file; ``holding``: bytes its JSON must have."""
    store = Store(settings.data)
    newest: dict[str, tuple[int, str]] = {}
    for path in store.list("parsed", suffix=".json.zst"):
        version = _VERSION.search(path)
        sha = path.rpartition("/")[2].partition(".")[0]
        if version is not None:
            newest[sha] = max(newest.get(sha, (0, "")), (int(version.group(1)), path))
    for _, path in newest.values():
        raw = zstandard.ZstdDecompressor().decompress(
            store.read_bytes(path), max_output_size=1 << 30
        )
        if holding is None or holding in raw:
            yield from ParseRecord.model_validate_json(raw).documents
