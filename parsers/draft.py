"""A draft (送审稿) as an inspector needs it: what was read, and the text and pages as they look.

``read_draft`` gives the ``ParsedDocument``, in whichever template of forms is described, with every
paragraph of running text and where its signs stand, pages that are blank, and lines that are
printed only in part. Nothing here judges. Pure: no network, no database, no clock.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from pydantic import Field

from parsers.assemble import BY_TITLE, assemble
from parsers.cover import parts_of, read_cover
from parsers.document import (
    BBox,
    Dropped,
    Model,
    Narrative,
    ParsedDocument,
    Sentence,
    Table,
    Warning_,
)
from parsers.engine import read_pages
from parsers.errors import NotADisclosureError, NoTextError, UnknownTemplateError
from parsers.forms import HOME, family_of, key, templates
from parsers.narrative import Line, running_lines
from parsers.office import Office, is_pdf, read_office
from parsers.page import Page, Removed
from parsers.read import read_document
from parsers.rows import describe_rows
from parsers.scan import is_scan, read_scans, turned_back
from parsers.textflow import char_boxes_of, mask_personal, union_boxes

_SCALE = 2.0
_DARK = 140
"""Brightness (of 255) below which a pixel is print."""
_LEAST_CLIPPED = 6
"""Signs of a clipped line that must show ink; fewer may be a mark or a speck."""
_SHOWN = (0.08, 0.75)
"""Share of a line's height in which ink stands where the line is cut through."""
_PERSON = re.compile(
    r"(?:联系人|经办人|负责人|填报人|填表人|审核人|制表人|签字人?)(?:姓名|及电话)?[:：]"
    r"(?P<value>[^，。；;、（(:：]{2,8})"
)
_HEADING = 40
_NO_HEADING = re.compile(r"[。；，,;：:]|万元|\d$")
_NUMBERED = re.compile(r"[（(]?(?:[一二三四五六七八九十]{1,3}|\d{1,2})[）)、.．](?!\d)")
_PHONE = re.compile(r"(?<![\d.])(?:0\d{2,3}[-—－]?)\d{7,8}(?![\d.])")


class Piece(Model):
    """Where a stretch of a paragraph stands: from ``start`` to the next piece."""

    start: int
    page: int
    bbox: BBox


class Paragraph(Model):
    """Running text between two ends of a paragraph; blanks are left out, personal data is ``*``."""

    text: str
    pieces: list[Piece]
    is_line: bool = Field(description="one line that ends before the margin: a heading or an item")
    ends_short: bool = Field(
        description="its last line leaves room: what follows is a paragraph of its own"
    )

    @property
    def page(self) -> int:
        return self.pieces[0].page

    def places(self, start: int, end: int) -> list[tuple[int, BBox]]:
        """Page and box of these signs, a box for each printed line."""
        out: list[tuple[int, BBox]] = []
        for n, piece in enumerate(self.pieces):
            last = self.pieces[n + 1].start if n + 1 < len(self.pieces) else len(self.text)
            a, b = max(start, piece.start), min(end, last)
            if a < b:
                boxes = char_boxes_of(self.text[piece.start : last], piece.bbox)
                box = union_boxes(boxes[a - piece.start : b - piece.start])
                if box is not None:
                    out.append((piece.page, box))
        return out


class ClippedLine(Model):
    """A printed line of which only a part of the height shows; ``again``: pages that show it."""

    page: int
    bbox: BBox
    text: str
    again: list[int] = Field(default=[])


class DraftPage(Model):
    number: int
    width: float
    height: float
    is_blank: bool = False
    is_image: bool = Field(default=False, description="recognised, not typeset")
    name: str | None = Field(default=None, description="of the sheet, in a workbook")


class Draft(Model):
    """One document of a file, ready to be inspected."""

    document: ParsedDocument
    kind: str = Field(description="pdf | word | excel")
    problem: str | None = Field(default=None, description="code of why no known forms were found")
    pages: list[DraftPage] = Field(default=[])
    paragraphs: list[Paragraph] = Field(default=[])
    clipped: list[ClippedLine] = Field(default=[])
    contents_pages: list[int] = Field(default=[])
    masks: list[Dropped] = Field(default=[], description="places never to be shown")


def read_draft(data: bytes, *, file_name: str | None = None, part: int = 1) -> Draft:
    """Read a draft PDF, Word file or workbook for inspection.

    Raises as :func:`parsers.read.read_document` does, but not for other provinces' forms, and not
    for a text in which no form is found: ``problem`` says that then.
    """
    problem: str | None = None
    kept: dict[str, bytes] = {}  # images are recognised once
    try:
        document = read_document(data, file_name=file_name, part=part, kept=kept)
    except (UnknownTemplateError, NotADisclosureError, NoTextError) as error:
        if error.document is None:
            raise
        document, problem = error.document, error.code
    office = None if is_pdf(data) else read_office(data, file_name or "the file")
    typeset = read_pages(data) if office is None else office.pages
    images = {p.number for p in typeset if is_scan(p)}
    pages = read_scans(data, typeset, kept=kept) if images else typeset
    first, end = parts_of(pages)[part - 1] if document.document.parts > 1 else (0, len(pages))
    cover = read_cover(pages[first:end])
    shown = pages[first:end]
    if problem is not None and _other_template(document, pages, (first, end)):
        problem = None
    if document.document.department is None:
        document.document.department = _owner(document.tables)
    if office is not None:
        cover.contents_pages = []  # one invented page may hold the contents and all else
    lines = list(running_lines(shown, cover))
    masks = [*document.dropped, *cover.dropped]
    paragraphs = list(_paragraphs(lines, shown, masks))
    back = turned_back(shown)
    for piece in (x for p in paragraphs for x in p.pieces):
        piece.bbox = back(piece.page, piece.bbox) or piece.bbox
    for gone in cover.dropped:
        gone.bbox = back(gone.page, gone.bbox)
    masks += _starred(paragraphs)
    if document.document.template not in (None, HOME):
        document.narrative = Narrative(sentences=list(_sentences(paragraphs)))
    if office is not None:
        office.locate(document)
    names = {} if office is None else {s.page.number: s.name for s in office.sheets}
    seen = _Seen(data) if office is None else None
    try:
        return Draft(
            document=document,
            kind=_kind(office),
            problem=problem,
            pages=[
                DraftPage(
                    number=p.number,
                    width=p.width,
                    height=p.height,
                    is_blank=seen is not None and _is_blank(p) and seen.is_white(p),
                    is_image=p.number in images,
                    name=names.get(p.number),
                )
                for p in shown
            ],
            paragraphs=paragraphs,
            clipped=[] if seen is None else list(_clipped(shown, paragraphs, seen)),
            contents_pages=cover.contents_pages,
            masks=masks,
        )
    finally:
        if seen is not None:
            seen.close()


def _kind(office: Office | None) -> str:
    if office is None:
        return "pdf"
    return "excel" if any(s.name is not None for s in office.sheets) else "word"


# -- forms of another template -----------------------------------------------------------
def _other_template(
    document: ParsedDocument, pages: list[Page], span: tuple[int, int]
) -> str | None:
    """Take the forms of the first other template that claims the file; its name, else None."""
    first, end = span
    whole = [
        p if first <= k < end else Page(p.number, p.width, p.height, p.rotation, has_text=False)
        for k, p in enumerate(pages)
    ]
    for template in templates():
        if template == HOME:
            continue
        made = assemble(whole, template)
        forms = family_of(template).forms
        anchors = {
            d.form: d.how for d in made.decisions if d.form is not None and forms[d.form].anchor
        }
        if BY_TITLE not in anchors.values() and len(anchors) < 2:
            continue
        tables: dict[str, Table] = {}
        for table in made.tables:
            tables.setdefault(table.id, table)
        document.document.template = template
        document.tables = [tables[f] for f in forms if f in tables]
        # what the home template says of its own forms says nothing here
        about_home = ("header_differs", "untitled_form", "missing_form", "unreadable_amount")
        document.warnings = [
            w
            for w in document.warnings
            if w.code not in about_home and not w.code.startswith("narrative_section")
        ]
        document.warnings += made.warnings
        document.generic_tables = []
        for table in document.tables:
            document.warnings += describe_rows(table)
        missing = [f for f in forms if f not in tables]
        if missing:
            document.warnings.append(
                Warning_(
                    code="missing_form",
                    message=f"the document lacks {', '.join(missing)} of the {len(forms)} forms",
                )
            )
        return template
    return None


def _owner(tables: Iterable[Table]) -> str | None:
    """The body that most forms name, where there is no cover: a workbook."""
    named = (re.sub(r"^[^:：]*[:：]", "", key(t.owner)) for t in tables if t.owner)
    counted = Counter(name for name in named if name)
    return counted.most_common(1)[0][0] if counted else None


# -- paragraphs --------------------------------------------------------------------------
@dataclass(slots=True)
class _Margins:
    left: float
    right: float
    height: float
    pitch: float
    """From one line to the next, as most are set."""
    indents: bool
    """Paragraphs of the page begin with an indent."""


def _margins(lines: list[Line], pages: list[Page]) -> dict[int, _Margins]:
    """Margins of each page: its own on the left, the document's (for this width) on the right."""
    width = {p.number: round(p.width) for p in pages}
    by_page: dict[int, list[Line]] = defaultdict(list)
    ends: dict[int, list[float]] = defaultdict(list)
    for line in lines:
        by_page[line.page].append(line)
        ends[width[line.page]].append(line.x1)
    rights = {w: _right(x) for w, x in ends.items()}
    out = {}
    for page, mine in by_page.items():
        heights = sorted(x.height for x in mine for _ in x.text)
        left, height = min(x.x0 for x in mine), heights[len(heights) // 2]
        full = [x for x in mine if x.x1 > rights[width[page]] - 3 * height]
        inset = sum(left + height < x.x0 < left + 4 * height for x in full)
        steps = sorted(b.top - a.top for a, b in pairwise(mine) if b.top > a.top + 1)
        pitch = steps[len(steps) // 2] if steps else 2 * height
        out[page] = _Margins(
            left, rights[width[page]], height, pitch, len(full) >= 4 and inset >= 0.15 * len(full)
        )
    return out


def _right(ends: list[float]) -> float:
    """The right margin: the farthest place at which many lines end; a few may stand out."""
    counted = Counter(round(x / 4) for x in ends)
    need = max(2.0, 0.06 * len(ends))
    return max((4.0 * k for k, n in counted.items() if n >= need), default=max(ends))


def _paragraphs(
    lines: list[Line], pages: list[Page], masks: Iterable[Dropped]
) -> Iterator[Paragraph]:
    margins = _margins(lines, pages)
    grids = {p.number: [g.bbox for g in p.grids] for p in pages}
    hidden: dict[int, list[BBox]] = defaultdict(list)
    for m in masks:
        if m.bbox is not None:
            hidden[m.page].append(m.bbox)
    mine: list[Line] = []
    for x in lines:
        if mine and _ends(mine[-1], x, margins, grids):
            yield _paragraph(mine, margins, hidden)
            mine = []
        mine.append(x)
    if mine:
        yield _paragraph(mine, margins, hidden)


def _ends(last: Line, x: Line, margins: dict[int, _Margins], grids: dict[int, list[BBox]]) -> bool:
    """Does a paragraph end between these two lines?"""
    here, there = margins[last.page], margins[x.page]
    h = min(last.height, x.height)
    ended = last.text.endswith(("。", "；", "：", ":", "！", "？"))
    if ended and _NUMBERED.match(x.text):
        return True
    if x.x0 > there.left + 0.6 * h + _hanging(last, here):
        return True
    room = here.right - last.x1
    if room > 3 * h:
        # a figure too long for the room left is set on the next line
        token = re.match(r"[\d.,%]*[^\d.,%]?", x.text)
        long = token is not None and len(token[0]) * 0.6 * h + h > room
        if ended or not (here.indents or long):
            return True
    if abs(last.height - x.height) > 0.2 * h:
        return True
    if last.page != x.page:
        return False
    low, high = last.top + last.height, x.top
    if any(low - 2 <= g[1] and g[3] <= high + 2 for g in grids[x.page]):
        return True
    return high - low > 1.5 * h and x.top - last.top > 1.5 * here.pitch


def _hanging(last: Line, margin: _Margins) -> float:
    """Lines that stand as far in as the one before them go on with it where all are set so."""
    return max(0.0, min(last.x0 - margin.left, 0.5 * margin.height))


def _paragraph(
    lines: list[Line], margins: dict[int, _Margins], hidden: dict[int, list[BBox]]
) -> Paragraph:
    text, pieces = "", []
    for x in lines:
        run, _ = mask_personal(x.run)
        said = _without_persons(run.text)
        at = 0
        while at < len(said):
            page, top = run.pages[at], run.boxes[at][1]
            stop = at + 1
            while (
                stop < len(said)
                and abs(run.boxes[stop][1] - top) < 1.0
                and (run.boxes[stop][0] - run.boxes[stop - 1][2] < 0.5)
            ):
                stop += 1
            box = union_boxes(run.boxes[at:stop])
            if box is not None:
                words = said[at:stop]
                if any(_covers(m, box) for m in hidden[page]):
                    words = "*" * len(words)
                pieces.append(Piece(start=len(text), page=page, bbox=box))
                text += words
            at = stop
    margin, last = margins[lines[-1].page], lines[-1]
    short = last.x1 < margin.right - 3 * last.height
    return Paragraph(text=text, pieces=pieces, is_line=short and len(lines) == 1, ends_short=short)


def _starred(paragraphs: Iterable[Paragraph]) -> Iterator[Dropped]:
    """Places of what was taken out of running text."""
    for p in paragraphs:
        for m in re.finditer(r"\*+", p.text):
            for page, box in p.places(*m.span()):
                yield Dropped(kind="person", page=page, bbox=box)


def _without_persons(text: str) -> str:
    for pattern, group in ((_PERSON, "value"), (_PHONE, 0)):
        for m in pattern.finditer(text):
            a, b = m.span(group)
            text = text[:a] + "*" * (b - a) + text[b:]
    return text


def _covers(mask: BBox, box: BBox) -> bool:
    width = min(mask[2], box[2]) - max(mask[0], box[0])
    height = min(mask[3], box[3]) - max(mask[1], box[1])
    return width > 1 and height > 0.4 * (box[3] - box[1])


def _sentences(paragraphs: Iterable[Paragraph]) -> Iterator[Sentence]:
    """Every sentence under the last heading before it; headings are lines without an end mark."""
    heading = ""
    for p in paragraphs:
        if p.is_line and len(p.text) <= _HEADING and not _NO_HEADING.search(p.text):
            heading = p.text
            continue
        for m in re.finditer(r"[^。]+。?", p.text):
            place = p.places(*m.span())
            yield Sentence(section=heading, sentence=m[0], page=place[0][0] if place else p.page)


# -- pages as they look ------------------------------------------------------------------
class _Seen:
    """The pages of a PDF as pixels, each drawn once and only when asked for."""

    def __init__(self, data: bytes) -> None:
        import pypdfium2

        self._pdf = pypdfium2.PdfDocument(data)
        self._last: tuple[int, Any] | None = None

    def ink(self, page: Page) -> Any:
        """Where print stands: a boolean array, ``_SCALE`` pixels a point."""
        import numpy

        if self._last is None or self._last[0] != page.number:
            sheet = self._pdf[page.number - 1]
            try:
                drawn = sheet.render(scale=_SCALE, grayscale=True).to_numpy()
                self._last = (page.number, numpy.squeeze(drawn) < _DARK)
            finally:
                sheet.close()
        return self._last[1]

    def is_white(self, page: Page) -> bool:
        return not self.ink(page).any()

    def close(self) -> None:
        self._pdf.close()


def _is_blank(page: Page) -> bool:
    return not (page.has_text or page.lines or page.grids)


def _clipped(pages: list[Page], paragraphs: list[Paragraph], seen: _Seen) -> Iterator[ClippedLine]:
    """Lines that the file hides but whose ink shows in part: cut through by an edge."""
    whole: dict[int, str] = defaultdict(str)
    for p in paragraphs:
        for n, piece in enumerate(p.pieces):
            end = p.pieces[n + 1].start if n + 1 < len(p.pieces) else len(p.text)
            whole[piece.page] += p.text[piece.start : end]
    for page in pages:
        if page.turned or page.is_scan:
            continue
        for text, box in _hidden_lines(page):
            if _cut_through(seen, page, box):
                again = [n for n, said in whole.items() if text and text in said]
                yield ClippedLine(page=page.number, bbox=box, text=text, again=again)


def _hidden_lines(page: Page) -> Iterator[tuple[str, BBox]]:
    rows: dict[tuple[int, int], list[Removed]] = defaultdict(list)
    for r in page.removed:
        if r.kind == "invisible" and r.text.strip():
            rows[round(r.bbox[1]), round(r.bbox[3])].append(r)
    for parts in rows.values():
        parts.sort(key=lambda r: r.bbox[0])
        box = union_boxes(r.bbox for r in parts)
        text = "".join("".join(r.text.split()) for r in parts)
        # a visible line over it, or a table's rules, would be taken for its ink
        if box is not None and len(text) >= _LEAST_CLIPPED and not _disturbed(page, box):
            yield text, box


def _disturbed(page: Page, box: BBox) -> bool:
    boxes = [*(x.bbox for x in page.lines), *(g.bbox for g in page.grids)]
    marks = [r.bbox for r in page.removed if r.kind == "watermark"]
    return any(
        b[0] < box[2] and b[2] > box[0] and b[1] < box[3] - 1 and b[3] > box[1] + 1
        for b in (*boxes, *marks)
    )


def _cut_through(seen: _Seen, page: Page, box: BBox) -> bool:
    ink = seen.ink(page)
    height, width = ink.shape
    x0, x1 = max(0, int(box[0] * _SCALE)), min(width, int(box[2] * _SCALE) + 1)
    top, bottom = max(0, int(box[1] * _SCALE)), min(height, int(box[3] * _SCALE) + 1)
    if x1 - x0 < 2 or bottom - top < 4:
        return False
    band = ink[top:bottom, x0:x1]
    rows = band.any(axis=1)
    share = float(rows.sum()) / len(rows)
    if not _SHOWN[0] <= share <= _SHOWN[1]:
        return False
    # as many places with ink as signs, roughly: not one speck or rule
    columns = band.any(axis=0)
    starts = int((columns[1:] & ~columns[:-1]).sum()) + int(columns[0])
    return starts >= _LEAST_CLIPPED
