"""Grids and lines of all pages → the 13 forms, read whole across page ends.

What no form claims stays as plain grids. Every decision is kept for ``explain``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import pairwise

from parsers.document import BBox, Cell, Table, Warning_
from parsers.forms import (
    HOME,
    Column,
    Family,
    Form,
    family_of,
    fits,
    key,
    may_be_title,
    pattern,
)
from parsers.money import NotAnAmountError, parse_amount
from parsers.page import Grid, GridCell, Page, TextLine, Word
from parsers.reshape import reshape
from parsers.scanheads import mended
from parsers.seen import as_seen
from parsers.textgrid import (
    WRAP_PITCH,
    Placer,
    TextHeader,
    body_end,
    build_grid,
    find_header,
    goes_on_code,
    header_of_grid,
    rows_without_rules,
    setting_places,
    split_glued,
    without_frames,
)

BY_TITLE = "title and header"
EDGE = 8.0
"""Column edges of two pages of one table differ by less (points)."""


@dataclass
class Decision:
    """Why a grid was taken as a form, or was not."""

    page: int
    bbox: BBox
    form: str | None
    how: str
    notes: list[str] = field(default_factory=list)


@dataclass
class Assembly:
    """Everything the tables of a document say, and what is left."""

    tables: list[Table]
    rest: list[tuple[Grid, list[TextLine]]]
    decisions: list[Decision]
    warnings: list[Warning_]
    used: set[int]
    """ids of the grids and lines that became part of a form"""
    stray: list[TextLine] = field(default_factory=list)
    """lines of figures outside every grid that no form took: rows that may have been lost"""


_FIGURE = re.compile(r"[-−]?[\d,]+\.\d{2}").fullmatch
_ROW = re.compile(r"(?:\d{3}(?:\d{2}){0,2}|[一二三四五六七八九十]+、)[一-龥]").match
_SCRAP = re.compile(r"[^\u4e00-\u9fff]{0,2}").fullmatch
"""What a scrap of a watermark beside a caption reads as: no word of one is as short."""
_SPECKS = re.compile(r"^[.,、·'`^]+|[.,、·'`^]+$|([:：])[.,、·'`^]+")


@dataclass
class _Row:
    cells: list[Cell]
    page: int

    def text(self, col: int) -> str:
        return self.cells[col].text


@dataclass
class _Header:
    """A grid's header under one form: which grid columns make up each form column."""

    form: Form
    nrows: int
    starts: list[int]
    grid: list[list[str]]
    spans: list[tuple[int, int, int, int]]
    paths: list[list[str]]


@dataclass
class _Caption:
    title: str | None = None
    form: Form | None = None
    fit: str = "no"
    label: str | None = None
    owner: str | None = None
    unit: str | None = None
    used: list[TextLine] = field(default_factory=list)


@dataclass
class _Open:
    """A table that may go on over the page end."""

    form: Form
    caption: _Caption
    header: _Header
    edges: list[float]
    rows: list[_Row] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    boxes: dict[int, BBox] = field(default_factory=dict)
    bottom: tuple[int, float] = (0, 0.0)
    closed: bool = False
    last_line: TextLine | None = None


def assemble(pages: list[Page], template: str = HOME) -> Assembly:
    return _Assembler(pages, template).run()


class _Assembler:
    def __init__(self, pages: list[Page], template: str = HOME) -> None:
        self.pages = pages
        self.family: Family = family_of(template)
        self.tables: list[_Open] = []
        self.open: _Open | None = None
        self.pending: list[TextLine] = []
        self.columns: TextHeader | None = None
        """columns of the form without rules that may go on over the page end"""
        self.out = Assembly([], [], [], [], set())
        self.running = self._running_lines()
        self._setting: str | None = None
        self._names: dict[str, tuple[Form, str] | None] = {}

    def run(self) -> Assembly:
        for page in self.pages:
            self.pending = self.pending[-8:]
            if page.is_whole:
                self.open, self.columns, self.pending = None, None, []
            for item in self._flow(page):
                if isinstance(item, Grid):
                    self._grid(item)
                    self.pending = []
                else:
                    self._line(item, page)
        for table in self.tables:
            made = self._finish(table)
            self.out.tables.append(made)
        self.out.stray = [
            line
            for page in self.pages
            for line in page.lines
            if id(line) not in self.out.used
            and sum(_is_figure(w) for w in line.words) >= 2
            and not pattern("[，。；：%]|万元").search(line.text)
        ]
        return self.out

    def usual_setting(self) -> str:
        """How the document sets its amounts: right, centre or left."""
        if self._setting is None:
            total = {"right": 0, "centre": 0, "left": 0}
            for page in self.pages:
                cells = (c.words for g in page.grids for c in g.cells if c.words)
                for name, n in setting_places([*(x.words for x in page.lines), *cells]).items():
                    total[name] += n
            self._setting = min(total, key=lambda name: total[name])
        return self._setting

    def _running_lines(self) -> set[int]:
        """ids of running heads and feet: outermost lines that repeat over the pages.

        Digits count as alike (page numbers). Captions and table headers repeat too, but they
        are known by what they say.
        """
        places: dict[tuple[str, int], list[TextLine]] = {}
        for page in self.pages:
            for line in (*page.lines[:2], *page.lines[-2:]):
                if not self._in_margin(page, line) or goes_on_code(page.lines, line):
                    continue
                text = pattern(r"\d+").sub("#", key(line.text))
                place = places.setdefault((text, round(line.bbox[1] / 4)), [])
                if line not in place:
                    place.append(line)
        out: set[int] = set()
        for (text, _), lines in places.items():
            if len(lines) < 2 or (len(lines) < 3 and len(self.pages) > 6):
                continue
            if any(self._says_something(line) for line in lines) or not text:
                continue
            out |= {id(line) for line in lines}
        for page in self.pages:
            for line in page.lines[-2:]:  # the end of a wrapped label, in two forms at one height
                if id(line) in out and _hangs(line, [x for x in page.lines if id(x) not in out]):
                    out.discard(id(line))
        self.out.used |= out
        return out

    def _says_something(self, line: TextLine) -> bool:
        text = key(line.text)
        if any(f.title_fit(text) != "no" for f in self.family.forms.values()):
            return True
        if _ROW(text) or any(_FIGURE(key(w.text)) for w in line.words):
            return True  # the same row of several forms, at the end of their pages
        return all(
            fits(self.family.owner, k)
            or fits(self.family.unit, k)
            or fits(self.family.label, k)
            or fits(self.family.note, k)
            or any(f.in_header(k, 0, len(f.columns) - 1) for f in self.family.forms.values())
            for k in (key(t) for t in _caption_words(line.words))
        )

    # -- forms without rules -------------------------------------------------------------
    def _flow(self, page: Page) -> list[TextLine | Grid]:
        """The page's lines and grids; lines that are a form without rules become its grid."""
        page = replace(page, lines=[x for x in page.lines if id(x) not in self.running])
        least = 1 if self.columns is not None else 2
        frames = [g for g in page.grids if g.ncols == 1 and g.nrows >= least]
        if frames:
            # a frame with rules across it, but none between the columns
            before = self.columns
            loose = without_frames(page, frames)
            items = self._lines_flow(loose)
            if any(
                isinstance(x, Grid) and x.method == "text" and any(_inside(x, f) for f in frames)
                for x in items
            ):
                return items
            self.columns = before
        return self._lines_flow(page)

    def _lines_flow(self, page: Page) -> list[TextLine | Grid]:
        lines = page.lines
        out: list[TextLine | Grid] = []
        taken: set[int] = set()
        i = 0

        def take(header: TextHeader | None, columns: TextHeader) -> int:
            grid, first, end = self._text_table(page, i, header, columns)
            out.append(grid)
            taken.update(id(x) for x in lines[first:end])
            self.out.used.update(id(x) for x in lines[first:end])
            return end

        goes_on = self.columns is not None and not self._grid_first(page)
        ruled_head: TextHeader | None = None
        ruled_at = 0.0
        for head in self._heads(page):
            # the header alone is ruled: its rows stand in the lines below it
            low = head.leaves[0].bottom
            i = next((k for k, x in enumerate(lines) if x.bbox[1] > low - 2), len(lines))
            if i < len(lines) and lines[i].bbox[1] - low < 40:
                end = self._text_end(page, head, i)
                if end > i and self._is_row(head, lines, i, headed=True):
                    out.append(build_grid(None, head, lines[i:end], page, _known_labels(head.form)))
                    taken.update(id(x) for x in lines[i:end])
                    self.out.used.update(id(x) for x in lines[i:end])
                    ruled_head, ruled_at = head, out[-1].bbox[1]
        i = 0
        while i < len(lines):
            named = self._title_at(lines, i) if self._may_start(page, lines, i) else None
            if named is not None:
                form, n, _ = named
                header = self._header_after(form, lines, i + n, page)
                if header is not None:
                    i = take(header, header)
                    goes_on = False
                    continue
            if id(lines[i]) in taken:
                i += 1
                continue
            if goes_on and self.columns is not None:
                columns = self.columns
                header = self._header_after(columns.form, lines, i, page, limit=3)
                if header is not None:
                    i = take(header, header)
                    goes_on = False
                    continue
                first = lines[i]
                if columns.repeats(first):
                    taken.add(id(first))
                    self.out.used.add(id(first))
                    i += 1
                    continue
                if self._is_row(columns, lines, i) and self._text_end(page, columns, i) > i:
                    i = take(None, columns)
                    goes_on = False
                    continue
                if not self._may_interrupt(first):
                    goes_on = False
                    self.columns = None
            i += 1
        # the lowest table of the page may go on over its end
        lowest = max((g.bbox[1] for g in (*page.grids, *out)), default=0.0)
        if ruled_head is not None and ruled_at >= lowest:
            self.columns = ruled_head
        if not out:
            page.lines = [x for x in lines if id(x) not in taken]
            if lines or page.grids:
                self.columns = None
            return page.flow()
        rest: list[TextLine | Grid] = [x for x in lines if id(x) not in taken]
        return sorted([*rest, *page.grids, *out], key=lambda x: x.bbox[1])

    def _heads(self, page: Page) -> list[TextHeader]:
        """Ruled grids of the page that hold a form's header and nothing else."""
        out = []
        for grid in page.grids:
            peeled = self._peel(grid)[0]
            if peeled.nrows > 4:
                continue
            for form in self.family.forms.values():
                header = match_header(form, peeled)
                if header is not None and header.nrows == peeled.nrows:
                    head = header_of_grid(form, peeled, header.starts)
                    head.usual_setting = self.usual_setting
                    out.append(head)
                    break
        return out

    def _grid_first(self, page: Page) -> bool:
        """Does a ruled grid stand above the first line (but a header repeated in part)?"""
        if not page.grids or (page.lines and page.grids[0].bbox[1] > page.lines[0].bbox[1]):
            return False
        form, first = self.columns.form if self.columns else None, page.grids[0]
        if _is_index_row(first.cells):
            return False
        return form is None or not all(
            form.in_header(key(x.text), 0, len(form.columns) - 1) for x in first.cells if x.words
        )

    def _may_start(self, page: Page, lines: list[TextLine], i: int) -> bool:
        """Is there room for a form's header below, before the next ruled grid?"""
        low = lines[i].bbox[3]
        tops = [g.bbox[1] for g in page.grids if g.bbox[1] > low]
        limit = min(tops, default=page.height)
        return sum(1 for x in lines[i + 1 :] if x.bbox[3] < limit) >= 2

    def _title_at(
        self, lines: list[TextLine], i: int, forms: list[Form] | None = None
    ) -> tuple[Form, int, str] | None:
        """The form that line ``i``, or it and the one or two after it, name; how many, how well.

        A listed title wins over a likeness, the shorter reading over the longer.
        """
        best: tuple[Form, int, str] | None = None
        text = ""
        for n in (1, 2, 3):
            if i + n > len(lines):
                break
            text += key(self._without_label(lines[i + n - 1].words))
            found = self._named(pattern(self.family.continued).sub("", text), forms)
            if found is None:
                continue
            if any(self._title_at(lines[: i + n], k, forms) for k in range(i + 1, i + n)):
                break  # the title begins below this line
            if found[1] == "exact":
                return found[0], n, "exact"
            best = best or (found[0], n, "like")
        return best

    def _header_after(
        self, form: Form, lines: list[TextLine], first: int, page: Page, limit: int = 5
    ) -> TextHeader | None:
        """The form's header below its title, past the lines of owner and unit."""
        for k in range(first, min(first + limit, len(lines))):
            header = find_header(form, lines, k)
            if header is not None:
                header.usual_setting = self.usual_setting
                return header
            if not self._may_interrupt(lines[k]) and self._title_at(lines, k) is None:
                wrapped = k > first and self._may_interrupt(lines[k - 1])
                if not wrapped:
                    return None
        return None

    def _text_table(
        self,
        page: Page,
        i: int,
        header: TextHeader | None,
        columns: TextHeader,
    ) -> tuple[Grid, int, int]:
        """The table whose title (or first row) is line ``i``, and the lines it takes."""
        lines = page.lines
        first = header.first + header.count if header else i
        end = self._text_end(page, columns, first)
        self.columns = columns
        known = _known_labels(columns.form)
        grid = build_grid(header, columns, lines[first:end], page, known)
        return grid, header.first if header else i, end

    def _text_end(self, page: Page, columns: TextHeader, first: int) -> int:
        lines = page.lines
        end = body_end(columns, lines, first)
        for k in range(first, end):
            text = key(lines[k].text)
            if (
                pattern(self.family.note).fullmatch(text)
                or fits(self.family.heading, text)
                or fits(self.family.label, text)
                or self._title_at(lines, k) is not None
                or self._is_page_number(page, lines[k])
                or (
                    k > first
                    and any(
                        lines[k - 1].bbox[3] <= g.bbox[1] <= lines[k].bbox[1] for g in page.grids
                    )
                )
            ):
                return k
        return end

    def _is_page_number(self, page: Page, line: TextLine) -> bool:
        """A page's number stands alone, with nothing but running feet farther out."""
        if not (fits(self.family.page_number, key(line.text)) and self._in_margin(page, line)):
            return False
        top, bottom = line.bbox[1], line.bbox[3]
        at_foot = top > page.height / 2
        farther = (x for x in page.lines if (x.bbox[1] > bottom if at_foot else x.bbox[3] < top))
        return not goes_on_code(page.lines, line) and all(
            id(x) in self.running or fits(self.family.page_number, key(x.text)) for x in farther
        )

    def _in_margin(self, page: Page, line: TextLine) -> bool:
        return line.bbox[1] > 0.85 * page.height or line.bbox[3] < 0.1 * page.height

    def _is_row(
        self, columns: TextHeader, lines: list[TextLine], i: int, *, headed: bool = False
    ) -> bool:
        """Is this line a row of the open table (or of one whose header is above it)?"""
        form, line = columns.form, lines[i]
        if body_end(columns, [line], 0) == 0:
            return False
        places = {}
        placer = Placer(columns, [line])
        for word in line.words:
            for w in split_glued(word):
                j = placer.column(w)
                if j is None:
                    return False
                places[j] = w.text
        kinds = {form.columns[j].kind for j in places}
        if form.totals & {*map(key, places.values()), key(line.text)}:
            return True
        if "code" in kinds or "amount" in kinds:
            return True
        known = _known_labels(form)
        if known and all(key(t) in known for t in places.values()):
            return True
        # the upper lines of a wrapped label, or the end of one that the page end cuts: set as
        # the labels are, with rows to follow
        if (self.open is None and not headed) or self._title_at(lines, i) is not None:
            return False
        return columns.sets_like_labels(line) and any(
            self._is_row(columns, lines, k, headed=headed)
            for k in range(i + 1, min(i + 2, len(lines)))
        )

    # -- lines ---------------------------------------------------------------------------
    def _line(self, line: TextLine, page: Page) -> None:
        text = key(line.text)
        if self._is_page_number(page, line):
            self.out.used.add(id(line))
            return
        table = self.open
        if table is not None and not self.pending:
            if pattern(self.family.note).fullmatch(text):
                table.notes.append(line.text)
                table.last_line, table.closed = line, True
                self.out.used.add(id(line))
                return
            if table.last_line is not None and self._same_note(table.last_line, line):
                table.notes[-1] += line.text
                table.last_line = line
                self.out.used.add(id(line))
                return
        self.pending.append(line)

    def _same_note(self, last: TextLine, line: TextLine) -> bool:
        """Does a note that wraps go on in this line?"""
        if last.page != line.page or line.bbox[1] - last.bbox[3] > 8:
            return False
        text = key(line.text)
        if fits(self.family.label, text) or any(
            f.title_fit(text) != "no" for f in self.family.forms.values()
        ):
            return False
        return last.bbox[2] > 300 and line.bbox[0] <= last.bbox[0] + 30

    def _caption(self, lines: list[TextLine], forms: Iterable[Form]) -> _Caption:
        """The lines in front of a grid: printed number, title, owner, unit."""
        out = _Caption()
        forms = list(forms)
        start, after = -1, 0
        for i in range(len(lines)):
            found = self._title_at(lines, i, forms)
            if found is None or (out.fit == "exact" and found[2] != "exact"):
                continue
            out.form, n, out.fit = found
            out.title = "".join(self._without_label(line.words) for line in lines[i : i + n])
            out.used = lines[i : i + n]
            start, after = i, i + n
        if start < 0:
            self._owner_unit(lines, out)
            return out
        for line in lines[max(0, start - 2) : start + 1]:
            for w in line.words:
                if fits(self.family.label, key(w.text)):
                    out.label = w.text
                    out.used = [line, *out.used]
        self._owner_unit(lines[after:], out)
        return out

    def _same_title(self, later: _Caption, first: _Caption) -> bool:
        """Is it the title over the table's first part, 续 behind it allowed?"""
        marked = pattern(self.family.continued)
        here, there = key(later.title or ""), key(first.title or "")
        if marked.search(here):
            # the mark says that the table goes on; it makes the title longer, and what no longer
            # fits the page is cut off at the year
            here, there = (pattern(r"\A\d*年?度?").sub("", x) for x in (here, there))
        return marked.sub("", here) == marked.sub("", there)

    def _without_label(self, words: list[Word]) -> str:
        kept = [w.text for w in words]
        while len(kept) > 1 and fits(self.family.label, key(kept[0])):
            kept.pop(0)
        return "".join(kept)

    def _named(self, text: str, forms: list[Form] | None) -> tuple[Form, str] | None:
        if not may_be_title(text):
            return None
        if forms is not None:
            return _best_named(text, forms)
        if text not in self._names:
            self._names[text] = _best_named(text, self.family.forms.values())
        return self._names[text]

    def _owner_unit(self, lines: list[TextLine], out: _Caption) -> None:
        """部门名称：… and 单位：万元 in any arrangement over one to three lines."""
        for line in lines:
            for text in _caption_words(line.words):
                k = key(text)
                if out.unit is not None and not out.unit.endswith("元") and k in ("万元", "元"):
                    out.unit += text
                elif fits(self.family.unit, k) and "单位" in k:
                    out.unit = text
                elif out.owner is None and fits(self.family.owner, k):
                    out.owner = text
                elif out.owner is not None and not fits(self.family.label, k):
                    out.owner += text
                elif k in ("万元", "元") and out.unit is None:
                    out.unit = text
                elif fits(self.family.label, k) and out.label is None:
                    out.label = text
                else:
                    continue
                if line not in out.used:
                    out.used.append(line)

    # -- grids ---------------------------------------------------------------------------
    def _grid(self, grid: Grid) -> None:
        decision = Decision(grid.page, grid.bbox, None, "")
        self.out.decisions.append(decision)
        grid, inner = self._peel(grid)
        lines = [*self.pending, *inner]
        headers = [h for f in self.family.forms.values() if (h := match_header(f, grid))]
        candidates = [h.form for h in headers]
        caption = self._caption(lines, candidates or list(self.family.forms.values()))
        table = self.open
        worn = None if headers else self._worn_header(caption, lines, grid)
        if worn is not None:
            headers, candidates = [worn], [worn.form]
            decision.notes.append(f"texts of a recognised header taken for those of {worn.form.id}")
        if headers and caption.form is not None:
            header = next(h for h in headers if h.form is caption.form)
            if (
                table is not None
                and table.form is header.form
                and self._same_title(caption, table.caption)
                and table.bottom[0] < grid.page
            ):
                decision.form, decision.how = header.form.id, "continued under a repeated title"
                self._extend(table, grid, header.nrows, header)
                self._use(caption, grid)
                return
            decision.form = header.form.id
            decision.how = BY_TITLE if caption.fit == "exact" else "title (not listed) and header"
            if caption.fit == "like":
                decision.notes.append(f"title not listed in {header.form.id}.yml: {caption.title}")
                self._warn(
                    "title_variant",
                    f"{header.form.id}: the title is not listed, the header fits: {caption.title}",
                    grid.page, header.form.id,
                )  # fmt: skip
            self._start(header, caption, grid)
            return
        if headers:
            if table is not None and table.form not in candidates:
                # the last row of a longer header may look like a shorter form's whole header
                rest = self._rest_of(table, caption, lines, grid)
                if rest is not None and rest[1] >= max(h.nrows for h in headers):
                    self._continue(table, grid, rest, decision)
                    return
            if table is not None and table.form in candidates and self._goes_on(table, lines, grid):
                header = next(h for h in headers if h.form is table.form)
                decision.form, decision.how = table.form.id, "continued under a repeated header"
                self._extend(table, grid, header.nrows, header)
                self._use(caption, grid)
                return
            if len(headers) == 1 and headers[0].form.anchor:
                decision.form, decision.how = headers[0].form.id, "header alone"
                self._warn(
                    "title_missing",
                    f"{headers[0].form.id} is known by its header alone; no title was found",
                    grid.page, headers[0].form.id,
                )  # fmt: skip
                self._start(headers[0], caption, grid)
                return
            decision.notes.append(
                f"the header fits {', '.join(f.id for f in candidates)}, but no title names one"
            )
            self._warn(
                "untitled_form",
                f"a table whose header fits {', '.join(f.id for f in candidates)} has no title "
                "that tells which it is; it was not taken",
                grid.page, None,
            )  # fmt: skip
        elif table is not None and caption.form is None and self._goes_on(table, lines, grid):
            grid = _spread(grid, table.edges)
            rest = self._rest_of(table, caption, lines, grid)
            if rest is not None:
                self._continue(table, grid, rest, decision)
                return
            decision.notes.append(f"stands where {table.form.id} would go on, columns differ")
            if any(_is_figure(w) for cell in grid.cells for w in cell.words):
                self._warn(
                    "unreadable_amount",
                    f"a table stands where {table.form.id} would go on, but its columns differ; "
                    "its rows were not read",
                    grid.page, table.form.id,
                )  # fmt: skip
        if caption.form is not None:
            missing = header_gaps(caption.form, grid)
            decision.notes.append(f"title names {caption.form.id}, header lacks {missing}")
            self._warn(
                "header_differs",
                f"the title “{caption.title}” names {caption.form.id}, but its header differs: "
                f"{missing}; the table was not taken",
                grid.page, caption.form.id,
            )  # fmt: skip
        decision.how = decision.how or "no form claims it"
        self.out.rest.append((grid, lines))
        self.open = None

    def _worn_header(self, caption: _Caption, lines: list[TextLine], grid: Grid) -> _Header | None:
        """On a scanned page: the header of the form that the title names, or of the table that
        goes on, where texts that were not read plainly are nearly that header's."""
        if not any(w.seen for cell in grid.cells for w in cell.words):
            return None
        form = caption.form if caption.fit == "exact" else None
        if caption.form is None and self.open is not None and self._goes_on(self.open, lines, grid):
            form = self.open.form
        return match_header(form, mended(form, grid)) if form is not None else None

    def _rest_of(
        self, table: _Open, caption: _Caption, lines: list[TextLine], grid: Grid
    ) -> tuple[list[int], int] | None:
        """Columns and header rows of a grid that goes on with the open table, else None."""
        if caption.form is not None or not self._goes_on(table, lines, grid):
            return None
        columns = self._columns_of(table, grid)
        if columns is None:
            return None
        n = repeated_header_rows(table.header, grid, columns)
        if n == 1 and table.rows and grid.page > table.bottom[0] and _known_labels(table.form):
            # 支出 alone is the end of a cut label, not a piece of the header
            told = len(self.out.warnings)
            first = self._rows(table, grid, 0, columns)[0]
            del self.out.warnings[told:]  # a header read as a row only to see whether it is one
            labels = (j for j, c in enumerate(table.form.columns) if c.kind == "label")
            if any(first.text(j) for j in labels) and _is_rest(table.form, table.rows[-1], first):
                n = 0
        return columns, n

    def _continue(
        self, table: _Open, grid: Grid, rest: tuple[list[int], int], decision: Decision
    ) -> None:
        decision.form, decision.how = table.form.id, "continued over the page end"
        self._extend(table, grid, rest[1], None, rest[0])
        self.out.used.add(id(grid))

    def _use(self, caption: _Caption, grid: Grid) -> None:
        self.out.used.update(id(line) for line in caption.used)
        self.out.used.add(id(grid))

    def _warn(self, code: str, message: str, page: int, where: str | None) -> None:
        self.out.warnings.append(Warning_(code=code, message=message, page=page, where=where))

    def _peel(self, grid: Grid) -> tuple[Grid, list[TextLine]]:
        """Title, owner and unit lines that are drawn as the first rows of the grid itself."""
        lines: list[TextLine] = []
        top = 0
        for r in range(min(5, grid.nrows)):
            cells = [cell for cell in grid.beginning_in(r) if cell.words]
            if not cells:
                if grid.beginning_in(r) and lines:
                    top = r + 1
                    continue
                break
            texts = [key(cell.text) for cell in cells]
            if not all(self._is_caption_text(t) for t in texts):
                break
            lines.append(TextLine(grid.page, [w for cell in cells for w in cell.words]))
            top = r + 1
        if not lines:
            return grid, []
        cells = [
            GridCell(x.row - top, x.col, x.rowspan, x.colspan, x.bbox, x.words)
            for x in grid.cells
            if x.row >= top
        ]
        bbox = (
            grid.bbox[0],
            min((x.bbox[1] for x in cells), default=grid.bbox[3]),
            *grid.bbox[2:],
        )
        return Grid(grid.page, bbox, grid.nrows - top, grid.ncols, cells, grid.method), lines

    def _is_caption_text(self, text: str) -> bool:
        return (
            fits(self.family.label, text)
            or (fits(self.family.unit, text) and "单位" in text)
            or fits(self.family.owner, text)
            or any(f.title_fit(text) == "exact" for f in self.family.forms.values())
        )

    def _goes_on(self, table: _Open, lines: list[TextLine], grid: Grid) -> bool:
        """Can this grid be the rest of the open table?"""
        if table.closed or any(not self._may_interrupt(line) for line in lines):
            return False
        last_page = table.bottom[0]
        return grid.page == last_page + 1 or (
            grid.page == last_page
            and not lines
            and grid.bbox[1] - table.bottom[1] < (6 if grid.method == "rules" else 40)
        )

    def _may_interrupt(self, line: TextLine) -> bool:
        """Lines that may stand between two pages of a table: owner and unit repeated, 续表."""
        return all(
            fits(self.family.page_number, k)
            or fits(self.family.owner, k)
            or fits(self.family.unit, k)
            or fits(self.family.label, k)
            or fits(self.family.continued, k)
            for k in (key(t) for t in _caption_words(line.words))
        )

    def _columns_of(self, table: _Open, grid: Grid) -> list[int] | None:
        """Grid columns at which the table's columns start, by place; None where they differ."""
        xs = column_edges(grid)
        starts: list[int] = []
        for edge in table.edges[:-1]:
            near = min(range(len(xs)), key=lambda i: abs(xs[i] - edge))
            if abs(xs[near] - edge) > EDGE or near >= grid.ncols:
                break
            starts.append(near)
        if len(starts) == len(table.edges) - 1 and starts == sorted(set(starts)):
            return starts
        if grid.ncols == len(table.header.starts):
            return list(range(grid.ncols))
        return None

    def _start(self, header: _Header, caption: _Caption, grid: Grid) -> None:
        xs = column_edges(grid)
        edges = [xs[i] for i in header.starts] + [xs[-1]]
        table = _Open(header.form, caption, header, edges)
        self.tables.append(table)
        self.open = table
        self._use(caption, grid)
        self._extend(table, grid, header.nrows, header)

    def _extend(
        self,
        table: _Open,
        grid: Grid,
        first: int,
        header: _Header | None,
        columns: list[int] | None = None,
    ) -> None:
        starts = columns if columns is not None else header.starts if header else []
        rows = self._rows(table, grid, first, starts)
        if table.rows and rows and grid.page > table.rows[-1].page:
            self._join(table, rows)
        table.rows.extend(rows)
        box = table.boxes.get(grid.page)
        table.boxes[grid.page] = grid.bbox if box is None else _around(box, grid.bbox)
        table.bottom = (grid.page, grid.bbox[3])
        self.out.used.add(id(grid))

    def _rows(self, table: _Open, grid: Grid, first: int, starts: list[int]) -> list[_Row]:
        out: list[_Row] = []
        ends = [*starts[1:], grid.ncols]
        xs = column_edges(grid)
        edges = [xs[a] for a in starts] + [xs[-1]]
        for r in range(first, grid.nrows):
            here = grid.beginning_in(r)
            if not any(cell.words for cell in here):
                continue
            note = "".join(cell.text for cell in here)
            if sum(1 for cell in here if cell.words) == 1 and pattern(self.family.note).fullmatch(
                key(note)
            ):
                table.notes.append(note)
                continue
            by_column = [
                [x for x in here if a <= x.col < b] for a, b in zip(starts, ends, strict=True)
            ]
            parts = rows_without_rules(
                table.form, by_column, edges, self.pages[grid.page - 1], _known_labels(table.form)
            )
            for mine in parts or [by_column]:
                cells = [
                    self._cell(table.form, column, mine[j], grid, (r, starts[j]))
                    for j, column in enumerate(table.form.columns)
                ]
                out.append(_Row(cells, grid.page))
        return out

    def _cell(
        self, form: Form, column: Column, mine: list[GridCell], grid: Grid, at: tuple[int, int]
    ) -> Cell:
        full = [x for x in mine if x.words]
        text = "".join(x.text for x in full)
        if mine:
            bbox = mine[0].bbox
            for x in mine[1:]:
                bbox = _around(bbox, x.bbox)
        else:
            covering = grid.cell_at(*at)
            bbox = covering.bbox if covering else grid.bbox
        page = self.pages[grid.page - 1]
        cell = Cell(text=text, page=grid.page, bbox=_rounded(page.visible(bbox)))
        if page.is_scan:
            smudges = page.smudges if grid.method == "text" else ()
            text = as_seen(cell, mine, column.kind, smudges=smudges)
        if column.kind == "amount" and text:
            where = f"{form.id} {column.role}"
            try:
                cell.amount = parse_amount(text)
            except NotAnAmountError as err:
                self._warn("unreadable_amount", str(err), grid.page, where)
            else:
                odd = _odd_amount(full)
                if odd:
                    cell.amount = None
                    self._warn("unreadable_amount", f"{text!r}: {odd}", grid.page, where)
        return cell

    # -- rows parted by a page end -------------------------------------------------------
    def _join(self, table: _Open, rows: list[_Row]) -> None:
        """Put together a row that a page end cuts: its other half is the next page's first."""
        last, new = table.rows[-1], rows[0]
        if not _is_rest(table.form, last, new):
            return
        for j, column in enumerate(table.form.columns):
            a, b = last.cells[j], new.cells[j]
            if not b.text:
                continue
            if not a.text:
                last.cells[j] = b
                continue
            cut = _is_cut(a.text, b.text)
            a.text += b.text
            if column.kind == "amount" and cut:
                a.amount = parse_amount(a.text)
                self._warn(
                    "amount_joined",
                    f"the page end cuts an amount in two; read as {a.text}",
                    a.page,
                    f"{table.form.id} {column.role}",
                )
            elif column.kind == "amount":
                a.amount = None
                self._warn(
                    "unreadable_amount",
                    f"an amount is cut by the page end: {a.text!r}",
                    a.page,
                    f"{table.form.id} {column.role}",
                )
        rows.pop(0)

    def _finish(self, table: _Open) -> Table:
        fam, form, caption = self.family, table.form, table.caption
        unit = caption.unit
        found = pattern(fam.unit).fullmatch(key(unit)) if unit else None
        factor = fam.units.get(found.group("unit") or "") if found else None
        if factor is None:
            self._warn(
                "unit_missing",
                f"{form.id}: no unit is printed at the table; 万元 is assumed as in the template",
                min(table.boxes), form.id,
            )  # fmt: skip
            factor = fam.units["万元"]
        amounts = [
            row.cells[j]
            for row in table.rows
            for j, column in enumerate(form.columns)
            if column.kind == "amount"
        ]
        places = [-int(c.amount.as_tuple().exponent) for c in amounts if c.amount is not None]
        step = Decimal(1).scaleb(-max(places)) if places and max(places) > 0 else Decimal("0.01")
        table_of_form = Table(
            id=form.id,
            title=caption.title or "",
            label=caption.label,
            owner=caption.owner,
            unit=unit,
            factor=factor,
            step=step,
            template=fam.template,
            header=table.header.grid,
            spans=table.header.spans,
            columns=["/".join(p) for p in table.header.paths],
            roles=form.roles,
            ncols=len(form.columns),
            body=[[c.text for c in row.cells] for row in table.rows],
            cells=[row.cells for row in table.rows],
            note="".join(table.notes) or None,
            is_empty=not any(c.text for c in amounts),
            pages=sorted(table.boxes),
            bbox_by_page={
                p: _rounded(self.pages[p - 1].visible(b)) for p, b in table.boxes.items()
            },
        )
        self.out.warnings += reshape(table_of_form, form)
        return table_of_form


def _best_named(text: str, forms: Iterable[Form]) -> tuple[Form, str] | None:
    best: tuple[Form, str] | None = None
    for form in forms:
        fit = form.title_fit(text)
        if fit == "exact":
            return form, fit
        if fit == "like" and best is None:
            best = (form, fit)
    return best


# -- headers -----------------------------------------------------------------------------
def _is_index_row(cells: list[GridCell]) -> bool:
    """The row 1 2 3 … that numbers the columns (T12, T13)."""
    texts = [key(c.text) for c in sorted(cells, key=lambda c: c.col) if c.words]
    return len(texts) >= 3 and texts == [str(i + 1) for i in range(len(texts))]


def repeated_header_rows(header: _Header, grid: Grid, starts: list[int]) -> int:
    """How many rows at the top of a continued grid repeat the header, whole or in part.

    A row counts when it says what one of the header's rows says: a body row that happens to
    read like a piece of the header (支出, the end of a cut label) does not.
    """
    place = {c: j for j, c in enumerate(starts)}
    known = [{(j, key(t)) for j, t in enumerate(row) if t} for row in header.grid]
    n = after = 0
    for r in range(min(grid.nrows, len(header.grid) + 1)):
        full = [c for c in grid.beginning_in(r) if c.words]
        said = {(place.get(c.col, -1), key(c.text)) for c in full}
        if not said:
            if n and any(c.row < r < c.row + c.rowspan for c in grid.cells):
                n = r + 1
                continue
            break
        # cells merged over rows stand in a row above in the whole header, hence the second test
        hit = next(
            (
                k
                for k in range(after, len(known))
                if known[k]
                and len(said & known[k]) * 2 >= len(known[k])
                and all(any(s in row for row in known) for s in said)
            ),
            None,
        )
        if hit is None:
            break
        n, after = r + 1, hit + 1
    return n


def leading_header_rows(form: Form, grid: Grid) -> int:
    """How many rows at the top of a grid can be this form's header."""
    same = grid.ncols == len(form.columns)
    n = 0
    for r in range(grid.nrows):
        full = [c for c in grid.beginning_in(r) if c.words]
        if not full:
            if any(c.row < r < c.row + c.rowspan for c in grid.cells) and r == n:
                n = r + 1
                continue
            break
        if n and _is_index_row(full):
            return r + 1
        good = True
        for cell in full:
            text = key(cell.text)
            if same:
                good = form.in_header(text, cell.col, cell.col + cell.colspan - 1)
            else:
                good = form.in_header(text, 0, len(form.columns) - 1)
            if not good:
                break
        if not good or (not same and {key(c.text) for c in full} <= {"合计"}):
            break
        n = r + 1
    return n


def match_header(form: Form, grid: Grid) -> _Header | None:
    """The grid's header where it is this form's, else None."""
    if grid.ncols < len(form.columns) or grid.nrows < 1:
        return None
    # below a header printed anew, 支出 alone can be the end of a label cut by the page end
    for n in range(leading_header_rows(form, grid), 0, -1):
        header = _header_of(form, grid, n)
        if header is not None:
            return header
    return None


def _header_of(form: Form, grid: Grid, n: int) -> _Header | None:
    """The grid's first ``n`` rows as this form's header."""
    last = n
    if _is_index_row(grid.beginning_in(n - 1)):
        last = n - 1
    starts, paths = _paths(grid, last)
    if len(paths) != len(form.columns):
        return None
    if not all(col.takes(p) for col, p in zip(form.columns, paths, strict=True)):
        return None
    place = {c: j for j, c in enumerate(starts)}

    def column(c: int) -> int:
        return place.get(c, max(j for s, j in place.items() if s <= c))

    out = [[""] * len(starts) for _ in range(n)]
    spans = []
    for cell in grid.cells:
        if cell.row >= n:
            continue
        j = column(cell.col)
        end = column(cell.col + cell.colspan - 1)
        out[cell.row][j] += cell.text
        rowspan = min(cell.rowspan, n - cell.row)
        if cell.words and (rowspan > 1 or end > j):
            spans.append((cell.row, j, rowspan, end - j + 1))
    printed = _paths(grid, last, raw=True)[1]
    return _Header(form, n, starts, out, sorted(spans), printed)


def _paths(grid: Grid, nrows: int, raw: bool = False) -> tuple[list[int], list[list[str]]]:
    """First grid column and path (group … leaf) of each column under the header rows."""
    cover: list[list[GridCell]] = [[] for _ in range(grid.ncols)]
    for cell in grid.cells:
        if cell.row < nrows and cell.words:
            for c in range(cell.col, cell.col + cell.colspan):
                cover[c].append(cell)
    starts: list[int] = []
    paths: list[list[str]] = []
    leaf: GridCell | None = None
    for c in range(grid.ncols):
        mine = sorted(cover[c], key=lambda x: x.row)
        if not mine:
            if starts:
                continue
            return [], []
        if mine[-1] is leaf:
            continue
        leaf = mine[-1]
        starts.append(c)
        paths.append([x.text if raw else key(x.text) for x in mine])
    return starts, paths


def header_gaps(form: Form, grid: Grid) -> str:
    """What of the form's header is not in this grid, for messages."""
    texts = {key(c.text) for c in grid.cells if c.row < 4}
    gaps = [c.wanted for c in form.columns if not any(fits(c.path[-1].source, t) for t in texts)]
    return ", ".join(gaps) or f"{len(form.columns)} columns in this order (has {grid.ncols})"


# -- small helpers -----------------------------------------------------------------------
def _is_rest(form: Form, last: _Row, new: _Row) -> bool:
    """Is ``new`` (first row of a page) the lower half of ``last`` (last row before)?

    A whole row has a beginning of its own: a code, a numbered or known label, amounts.
    """
    labels = [j for j, c in enumerate(form.columns) if c.kind == "label"]
    codes = [j for j, c in enumerate(form.columns) if c.kind == "code"]
    amounts = [j for j, c in enumerate(form.columns) if c.kind == "amount"]
    if any(new.text(j) and not _is_cut_code(last.text(j), new.text(j)) for j in codes):
        return False
    if any(new.text(j) for j in codes) and not any(new.text(j) for j in (*labels, *amounts)):
        return True
    known = _known_labels(form)
    if known:
        pieces = [j for j in labels if new.text(j)]
        if not pieces:
            return any(new.text(j) for j in amounts)
        return all(
            (
                key(new.text(j)) not in known
                or (bool(last.text(j)) and key(last.text(j)) not in known)
            )
            and key(last.text(j) + new.text(j)) in known
            for j in pieces
        )
    has_new = any(new.text(j) for j in amounts)
    has_last = any(last.text(j) for j in amounts)
    if has_new and has_last:
        # only where each figure goes on: 475.9 above, 6 below
        return all(_is_cut(last.text(j), new.text(j)) for j in amounts if new.text(j))
    if any(new.text(j) for j in labels):
        return not any(key(new.text(j)) in form.totals for j in labels) and (has_last or has_new)
    return has_new


def _hangs(line: TextLine, lines: list[TextLine]) -> bool:
    """Does each word go on with one of the line above, set to the left or centred below it?"""
    return all(
        any(
            0 < (w.top + w.bottom - u.top - u.bottom) / 2 <= WRAP_PITCH * w.size
            and min(abs(w.x0 - u.x0), abs(w.x0 + w.x1 - u.x0 - u.x1) / 2) < 1
            for x in lines
            for u in x.words
        )
        for w in line.words
    )


def _is_figure(word: Word) -> bool:
    return pattern(r"-?[\d,]+\.\d\d").fullmatch(key(word.text)) is not None


def _is_cut_code(upper: str, lower: str) -> bool:
    """Are these the two ends of one code: 20805 above, 06 below?"""
    whole, parts = key(upper + lower), (key(upper), key(lower))
    return (
        whole.isdecimal()
        and len(whole) in (3, 5, 7)
        and any(part and len(part) not in (3, 5, 7) for part in parts)
    )


def _is_cut(upper: str, lower: str) -> bool:
    """Are these the two ends of one figure of two decimals?"""
    whole = pattern(r"-?[\d,]+\.\d\d")
    return not whole.fullmatch(key(upper)) and bool(
        upper and lower and whole.fullmatch(key(upper + lower))
    )


def _known_labels(form: Form) -> frozenset[str]:
    """All whole labels of a form whose rows are fixed; empty where they are free."""
    rows = form.rows
    if rows["strategy"] == "two_sided":
        return _two_sided_labels(form.id, form.template)
    if rows["strategy"] == "lines":
        from parsers.rows import line_labels

        return line_labels(form.id, form.template)
    return frozenset()


def _two_sided_labels(form_id: str, template: str) -> frozenset[str]:
    from parsers.rows import two_sided_labels

    return two_sided_labels(form_id, template)


def _odd_amount(cells: list[GridCell]) -> str | None:
    """Why the words of an amount cell may be two figures, else None."""
    if len(cells) > 1:
        return "the column holds two cells here"
    words = cells[0].words
    for a, b in pairwise(words):
        if b.top > (a.top + a.bottom) / 2:
            # a figure is wrapped only where its cell has no room left for one more digit
            left, _, right, _ = cells[0].bbox
            room = (right - left) - (a.x1 - a.x0)
            if room > 14 + 0.6 * a.size or pattern(r".*\.\d\d").fullmatch(key(a.text)):
                return "two figures stand one above the other"
        elif b.x0 - a.x1 > 1.5 * max(a.size, b.size):
            return "two figures stand side by side"
    return None


def _caption_words(words: list[Word]) -> list[str]:
    """Words of a caption line, 部门名称：… and 单位：… parted even where no gap parts them."""
    out: list[str] = []
    for w in words:
        text = w.text
        if w.seen is not None:  # a speck beside print, or between a colon and what it leads to
            text = _SPECKS.sub(r"\1", text)
            if len(words) > 1 and _SCRAP(text):
                continue
        found = pattern("(.+?)((?:金额)?单位[:：](?:人民币)?(?:万元|元))").fullmatch(text)
        if found and pattern("(?:部门|单位).*[:：].*").fullmatch(found.group(1)):
            out += [found.group(1), found.group(2)]
        else:
            out.append(text)
    return out


def _spread(grid: Grid, edges: list[float]) -> Grid:
    """A grid that lacks some of a table's columns because its cells are merged over them.

    The last page of a table may hold only its total, whose word stands across code and name.
    Left as it is where one of its edges is none of the table's.
    """
    if grid.ncols >= len(edges) - 1:
        return grid
    places = []
    for x in column_edges(grid):
        near = min(range(len(edges)), key=lambda i: abs(edges[i] - x))
        if abs(edges[near] - x) > EDGE or near in places:
            return grid
        places.append(near)
    cells: list[GridCell] = []
    for c in grid.cells:
        first, end = places[c.col], places[c.col + c.colspan]
        _, top, _, bottom = c.bbox
        at = first
        if c.words:
            # what is printed over several columns belongs to the one in which its middle stands
            middle = (min(w.x0 for w in c.words) + max(w.x1 for w in c.words)) / 2
            at = max((k for k in range(first, end) if edges[k] <= middle), default=first)
        for k in range(first, end):
            box = (edges[k], top, edges[k + 1], bottom)
            words = c.words if k == at else []
            cells.append(replace(c, col=k, colspan=1, bbox=box, words=words))
    # a new grid, not a copy: one remembers which of its cells begin in a row
    return Grid(grid.page, grid.bbox, grid.nrows, len(edges) - 1, cells, grid.method)


def column_edges(grid: Grid) -> list[float]:
    xs: list[float] = [grid.bbox[0]] * grid.ncols + [grid.bbox[2]]
    for cell in grid.cells:
        xs[cell.col] = cell.bbox[0]
        xs[cell.col + cell.colspan] = cell.bbox[2]
    return xs


def _inside(grid: Grid, frame: Grid) -> bool:
    middle = (grid.bbox[1] + grid.bbox[3]) / 2
    return frame.bbox[1] <= middle <= frame.bbox[3]


def _around(a: BBox, b: BBox) -> BBox:
    return (min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3]))


def _rounded(box: BBox) -> BBox:
    return (round(box[0], 2), round(box[1], 2), round(box[2], 2), round(box[3], 2))
