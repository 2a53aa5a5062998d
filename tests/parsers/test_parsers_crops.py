"""Every box of the sample documents: the page rendered and cropped to it says the same text.

The crop is read by the recogniser, which knows pixels and nothing of our reading. Figures must be
read back exactly; of long labels single characters may be misread, so they must be nearly the
same and no other text of the document may be nearer.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from difflib import SequenceMatcher
from pathlib import Path

import pytest

from parsers.document import BBox, ParsedDocument
from parsers.read import read_document
from parsers.second import _INSET, CellRequest, bare, second_reading

ROOT = Path(__file__).resolve().parent.parent.parent
SAMPLES = sorted(p for p in (ROOT / "samples" / "pdf").glob("*.pdf") if "notice" not in p.name)
FIGURE = re.compile(r"[-−]?[\d,]+(?:\.\d+)?%?").fullmatch
NEAR = 0.5
"""Least likeness of a label and what the recogniser makes of it."""


def boxes(document: ParsedDocument) -> Iterator[CellRequest]:
    """Every box that the reading gives, with the text said to stand there."""

    def request(
        key: str, text: str, page: int, bbox: BBox | None, kind: str = "cell"
    ) -> CellRequest:
        assert bbox is not None, (key, text, "has no box")
        return CellRequest.model_validate(
            {"key": key, "text": text, "page": page, "bbox": bbox, "kind": kind, "place": False}
        )

    for table in document.tables:
        for r, row in enumerate(table.cells):
            for c, cell in enumerate(row):
                yield request(f"{table.id}/{r}/{c}", cell.text, cell.page, cell.bbox)
    for n, places in enumerate(document.performance_places):
        for path, place in places.items():
            yield request(f"performance/{n}/{path}", place.text, place.page, place.bbox)
    for figure in document.narrative.figures:
        if figure.value is not None and figure.page is not None:
            yield request(figure.path, figure.text, figure.page, figure.bbox, "inline")


def plain(text: str) -> str:
    return bare(unicodedata.normalize("NFKC", text)).replace("“", '"').replace("”", '"')


def likeness(one: str, other: str) -> float:
    return SequenceMatcher(None, one, other, autojunk=False).ratio()


def unlike(data: bytes, asked: list[CellRequest]) -> list[tuple[str, str, str]]:
    """Boxes whose crop says something else: key, our text, the recogniser's."""
    said = {plain(r.text) for r in asked}
    wrong = disagreeing(data, asked, said)
    # the recogniser leaves off a cell's sides, where its rules are, and strokes over the whole crop;
    # where no rule is drawn the box is the text's own, and its outermost ink or the strokes of a
    # short text (丰富) went with them
    labels = [r for r, _ in wrong if r.kind == "cell" and plain(r.text) and not FIGURE(r.text)]
    still = {r.key for r in labels}
    for by in (_INSET, 2 * _INSET):
        whole = [
            r.model_copy(update={"bbox": widened(r.bbox, by)}) for r in labels if r.key in still
        ]
        still = {r.key for r, _ in disagreeing(data, whole, said)}
    read = {r.key for r in labels} - still
    return [(r.key, r.text, seen) for r, seen in wrong if r.key not in read]


def widened(box: BBox, by: float) -> BBox:
    return (box[0] - by, box[1] - by, box[2] + by, box[3] + by)


def disagreeing(
    data: bytes, asked: list[CellRequest], said: set[str]
) -> list[tuple[CellRequest, str]]:
    wrong = []
    for request, seen in zip(asked, second_reading(data, asked), strict=True):
        text, found = plain(request.text), plain(seen.pixels)
        if FIGURE(text) or request.kind == "inline":
            # a value within a line of text: its box is as exact as shares of its word are
            good = seen.agrees or text in re.findall(r"[-\d,.%]+", found)
            if not any(c.isdigit() for c in text):  # words that say a figure: 实际无车辆
                good = text in found
        elif not text:
            good = not FIGURE(found)
        else:
            own = likeness(text, found)
            good = text == found or (
                own >= NEAR and all(likeness(other, found) <= own for other in said)
            )
        if not good:
            wrong.append((request, seen.pixels))
    return wrong


def test_crops_of_a_sample_of_boxes_say_their_text() -> None:
    data = SAMPLES[0].read_bytes()
    asked = list(boxes(read_document(data)))
    assert len(asked) > 800
    assert unlike(data, asked[::24]) == []


def test_a_box_beside_the_text_is_found_out() -> None:
    data = SAMPLES[0].read_bytes()
    figures = [b for b in boxes(read_document(data)) if b.key.startswith("T05") and "." in b.text]
    for b in figures:
        x0, top, x1, bottom = b.bbox
        b.bbox = (x0, top + (bottom - top), x1, bottom + (bottom - top))
    assert len(unlike(data, figures[:6])) >= 3


@pytest.mark.full
@pytest.mark.parametrize("path", SAMPLES, ids=lambda p: p.stem)
def test_the_crop_of_every_box_says_its_text(path: Path) -> None:
    data = path.read_bytes()
    asked = list(boxes(read_document(data)))
    assert len(asked) > 500
    assert unlike(data, asked) == []
