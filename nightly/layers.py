"""Text layers that lie (文本层与页面所印不符): which pages are to be read from their images.

Where a figure of a page plainly shows other digits than its text layer says (a wrong character
map, a layer of other figures), the layer of that page is not to be believed, and neither is the
layer of any other page for what nobody compared: fonts are shared. So all figures of the document
are compared with what is drawn, and a page keeps its layer only where each of them agrees and
together they show every digit that the layer has on that page.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Literal

from nightly.decisions import row_and_column
from parsers.document import BBox, CellRef, ParsedDocument, Verdict, Warning_
from parsers.second import CellRequest, SecondReading

Rereader = Callable[[Collection[int]], ParsedDocument]
"""Reads the document again, these pages from their images. Raises DocumentError; ScannedError
where recognition is left to other processes."""

Kind = Literal["cell", "inline"]
Place = tuple[str, int | None, int | None, str | None]
_SHOWN = 12
ELSEWHERE = "L/"
"""Begins the keys of figures that are compared only to learn which pages lie."""
_FIGURE = re.compile(r"[^\d]{0,4}-?\d[\d,]*(?:\.\d+)?[^\d]{0,4}")


def recognised_pages(document: ParsedDocument) -> set[int]:
    """Pages of the document that were read from their images."""
    return {
        int(number)
        for w in document.warnings
        if w.code == "recognised_pages"
        for number in (w.where or "").split(",")
        if number
    }


def figures_elsewhere(document: ParsedDocument) -> list[CellRequest]:
    """The figures outside the forms' amount columns, on pages whose layer was read: codes,
    figures of the text and of performance tables."""
    recognised = recognised_pages(document)
    seen: set[tuple[int, BBox]] = set()
    out: list[CellRequest] = []
    for text, page, box, kind in _places(document):
        if page in recognised or (page, box) in seen:
            continue
        seen.add((page, box))
        out.append(
            CellRequest(
                key=f"{ELSEWHERE}{len(out)}",
                text=text,
                page=page,
                bbox=box,
                kind=kind,
                place=False,
            )
        )
    return out


def _places(document: ParsedDocument) -> Iterator[tuple[str, int, BBox, Kind]]:
    for table in document.tables:
        for row in table.cells:
            for cell in row:
                is_code = cell.amount is None and cell.text.isdecimal()
                if is_code and cell.source == "text" and cell.bbox is not None:
                    yield cell.text, cell.page, cell.bbox, "cell"
    for figure in document.narrative.figures:
        if figure.page is not None and figure.bbox is not None:
            yield figure.text, figure.page, figure.bbox, "inline"
    for sentence in document.narrative.sentences:
        for amount in sentence.amounts:
            if amount.page is not None and amount.bbox is not None:
                yield amount.text, amount.page, amount.bbox, "inline"
    for places in document.performance_places:
        for place in places.values():
            if place.bbox is not None and _FIGURE.fullmatch(place.text.strip()):
                yield place.text, place.page, place.bbox, "inline"


def pages_that_lie(
    document: ParsedDocument,
    asked: Mapping[str, CellRequest],
    readings: Mapping[str, SecondReading],
) -> set[int]:
    """Pages whose layer is not to be believed, once one is known to lie and all figures were
    compared; those that were read from their images are none of them."""
    lying: set[int] = set()
    witnessed: dict[int, set[str]] = {}
    for name, reading in readings.items():
        if not reading.looked:
            continue
        request = asked[name]
        if reading.agrees:
            witnessed.setdefault(request.page, set()).update(_digits(request.text))
        else:
            lying.add(request.page)
    for page, text in _said(document):
        if _digits(text) - witnessed.get(page, set()):
            lying.add(page)
    # the year stands on the pages before the forms, and nothing there is a figure
    first = min((p for t in document.tables for p in t.pages), default=1)
    lying |= set(range(1, first))
    return lying - recognised_pages(document)


def _digits(text: str) -> set[str]:
    return {ch for ch in text if ch.isdecimal()}


def _said(document: ParsedDocument) -> Iterator[tuple[int, str]]:
    """What the text layer says on which page, as far as anything is made of it."""
    for table in document.tables:
        for row in table.cells:
            yield from ((cell.page, cell.text) for cell in row)
    for sentence in document.narrative.sentences:
        if sentence.page is not None:
            yield sentence.page, sentence.sentence
    for places in document.performance_places:
        yield from ((place.page, place.text) for place in places.values())
    for generic in document.generic_tables:
        for page in generic.pages or [generic.page]:
            yield page, "".join(text for row in generic.rows for text in row)


def told(document: ParsedDocument, pages: Iterable[int]) -> ParsedDocument:
    """The document with the warning that the layer of these pages was not believed."""
    numbers = [str(p) for p in sorted(pages)]
    document.warnings.append(
        Warning_(
            code="layer_differs",
            message=f"the text layer says other figures than are drawn; {len(numbers)} pages were "
            "read from their images instead",
            where=",".join(numbers),
        )
    )
    return document


def not_read_again(document: ParsedDocument, pages: Iterable[int], why: str) -> ParsedDocument:
    """The document as its layer says it, with the reason why its images did not give a better one."""
    numbers = ",".join(str(p) for p in sorted(pages))
    document.warnings.append(
        Warning_(
            code="layer_differs",
            message=f"the text layer says other figures than are drawn; reading pages {numbers} "
            f"from their images did not help: {why}",
            where=numbers,
        )
    )
    return document


def contradicted(
    layer: ParsedDocument, images: ParsedDocument, decided: Collection[str]
) -> dict[str, tuple[Decimal | None, Decimal | None]]:
    """Figures of violated hard identities that the layer and the images say differently, with both
    values (元): neither is a witness for the other, so none of them is the publisher's
    contradiction. ``decided``: figures that a person has read."""
    said: dict[Place, Decimal | None] = {}
    for one in layer.identities:
        said |= {_ref(t.cell): t.value_yuan for t in one.terms}
    out: dict[str, tuple[Decimal | None, Decimal | None]] = {}
    for one in images.identities:
        if one.outcome != "violated" or one.severity != "hard":
            continue
        for term in one.terms:
            name = "/".join(str(x) for x in _ref(term.cell) if x is not None)
            before = said.get(_ref(term.cell))
            if before != term.value_yuan and name not in decided:
                out[name] = (before, term.value_yuan)
    return out


def left_open(
    document: ParsedDocument, figures: Mapping[str, tuple[Decimal | None, Decimal | None]]
) -> ParsedDocument:
    """The document quarantined for figures that layer and image say differently and no sum
    settles."""
    out = document.model_copy(deep=True)
    lines = []
    for name, (layer, image) in sorted(figures.items()):
        row, column = row_and_column(out, name) if name.startswith("T") else ("", "")
        words = " ".join(w for w in (name.partition("/")[0], row, column) if w)
        lines.append(f"{words}（{name}）：文本层 {layer} 元，图像 {image} 元，勾稽关系不成立")
        out.warnings.append(Warning_(code="second_reading_differs", message=lines[-1], where=name))
    more = [f"另有 {len(lines) - _SHOWN} 处"] if len(lines) > _SHOWN else []
    reasons = [f"存疑 {line}" for line in [*lines[:_SHOWN], *more]]
    out.verdict = Verdict(status="quarantined", reasons=reasons)
    return out


def _ref(cell: CellRef) -> Place:
    return cell.form, cell.row, cell.column, cell.key
