"""Facts typeset as a PDF: cover, contents, overview, the 13 forms, part 3, glossary.

``Typesetting`` holds everything that differs between the offices that publish: paper, rules,
watermark, whether a header returns after a page end. It never touches a figure.
The same facts and typesetting give the same bytes.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from samples import document, fonts, narrative
from samples.document import Facts, Layout, PrintedForm

A4 = (595.28, 841.89)
A4_LANDSCAPE = (841.89, 595.28)
DISCLAIMER = "软件样例：县名、机构、项目均为虚构，数字不代表任何单位。"


@dataclass(frozen=True)
class Typesetting:
    """How a document is set. Lengths are in PDF points.

    ``split_rows`` lets a row of several lines break over a page end; ``bold_header`` prints
    header cells twice, a hair apart, as word processors fake bold.

    ``rules`` of the forms (performance tables come from another system and are always ruled):
    ``grid`` = stroked cells, ``hairline`` = 0.2 pt cells, ``rects`` = rules drawn
    as thin filled rectangles, ``none`` = borderless. ``rotate`` sets pages upright on
    landscape paper by the page's /Rotate entry. ``runs`` is the number of forms that may share
    a page (``1`` = every form starts a page).
    """

    name: str
    paper: tuple[float, float] = A4
    rotate: int = 0
    margin: float = 62.0
    rules: Literal["grid", "hairline", "rects", "none"] = "grid"
    watermark: str | None = None
    watermark_over: bool = False
    watermark_grey: float = 0.88
    table_size: float = 9.0
    text_size: float = 13.0
    title_size: float = 16.0
    repeat_header: bool = False
    runs: int = 1
    bold: bool = False
    bold_header: bool = False
    split_rows: bool = False
    split_unit: bool = False
    page_number: Literal["plain", "dashes", "none"] = "plain"
    number_align: Literal["right", "center"] = "right"


PRESETS: dict[str, Typesetting] = {
    t.name: t
    for t in (
        Typesetting("office", watermark="仅供内部审核", bold=True),
        Typesetting(
            "office_over",
            watermark="仅供内部审核",
            watermark_over=True,
            watermark_grey=0.8,
            repeat_header=True,
            page_number="dashes",
        ),
        Typesetting(
            "sheet",
            paper=A4_LANDSCAPE,
            margin=40.0,
            rules="hairline",
            table_size=8.5,
            text_size=12.0,
            repeat_header=True,
            split_unit=True,
        ),
        Typesetting(
            "plain",
            rules="none",
            margin=54.0,
            page_number="dashes",
            number_align="right",
        ),
        Typesetting(
            "compact",
            rules="rects",
            margin=48.0,
            table_size=7.5,
            text_size=11.0,
            title_size=13.0,
            runs=2,
            number_align="center",
        ),
        Typesetting(
            "rough",
            rules="rects",
            margin=50.0,
            watermark="仅供内部审核",
            watermark_grey=0.45,
            table_size=10.5,
            text_size=12.0,
            runs=3,
            bold=True,
            bold_header=True,
            split_rows=True,
            split_unit=True,
            page_number="dashes",
        ),
        Typesetting(
            "rotated",
            paper=A4_LANDSCAPE,
            rotate=90,
            margin=40.0,
            rules="grid",
            table_size=8.5,
            text_size=12.0,
            page_number="none",
        ),
    )
}


@dataclass
class _Cell:
    text: str
    align: Literal["left", "right", "center"]
    rows: int = 1
    columns: int = 1


@dataclass
class _Grid:
    """A table to draw: cells by (row, column) of their upper left corner."""

    widths: list[float]
    rows: int
    cells: dict[tuple[int, int], _Cell]
    header_rows: int = 0


@dataclass
class _Measured:
    """A grid with its wrapped text and the place of its rows and columns, in points."""

    grid: _Grid
    lines: dict[tuple[int, int], list[str]]
    heights: list[float]
    left: list[float]
    widths: list[float]
    size: float
    rules: str


class _Sheet:
    """The canvas and the place on it where the next thing goes."""

    def __init__(self, canvas: Any, setting: Typesetting) -> None:
        self.canvas, self.s = canvas, setting
        self.width, self.height = setting.paper
        self.page = 0
        self.y = 0.0
        self._open()

    # pages ---------------------------------------------------------------------------
    def _open(self) -> None:
        self.page += 1
        c = self.canvas
        if self.s.rotate:
            # The paper stands upright in the file, /Rotate turns it for the reader
            # (reportlab swaps the sides of the media box by itself).
            c.setPageSize((self.width, self.height))
            c.setPageRotation(self.s.rotate)
            c.translate(self.height, 0)
            c.rotate(90)
        else:
            c.setPageSize((self.width, self.height))
        if self.s.watermark and not self.s.watermark_over:
            self._watermark()
        self.y = self.height - self.s.margin

    def _close(self) -> None:
        if self.s.watermark and self.s.watermark_over:
            self._watermark()
        if self.page > 1 and self.s.page_number != "none":
            text = f"- {self.page} -" if self.s.page_number == "dashes" else str(self.page)
            self.line(text, self.width / 2, self.s.margin / 2, 9, align="center")
        self.canvas.showPage()

    def new_page(self) -> None:
        self._close()
        self._open()

    def finish(self) -> None:
        self._close()

    def _watermark(self) -> None:
        c = self.canvas
        c.saveState()
        c.setFillGray(self.s.watermark_grey)
        c.setFont(fonts.FAMILY, 30)
        for row in range(3):
            for column in range(2):
                c.saveState()
                c.translate(self.width * (0.28 + 0.46 * column), self.height * (0.2 + 0.3 * row))
                c.rotate(42)
                c.drawCentredString(0, 0, self.s.watermark)
                c.restoreState()
        c.restoreState()

    @property
    def bottom(self) -> float:
        return self.s.margin

    @property
    def room(self) -> float:
        return self.width - 2 * self.s.margin

    def need(self, height: float) -> None:
        if self.y - height < self.bottom:
            self.new_page()

    # text ----------------------------------------------------------------------------
    def measure(self, text: str, size: float) -> float:
        from reportlab.pdfbase import pdfmetrics

        return float(pdfmetrics.stringWidth(text, fonts.FAMILY, size))

    def line(
        self,
        text: str,
        x: float,
        y: float,
        size: float,
        *,
        align: str = "left",
        bold: bool = False,
    ) -> None:
        c = self.canvas
        c.setFont(fonts.FAMILY, size)
        c.setFillGray(0)
        draw = {"left": c.drawString, "right": c.drawRightString, "center": c.drawCentredString}[
            align
        ]
        draw(x, y, text)
        if bold:
            # Fake bold as word processors print it: the text twice, a hair apart.
            draw(x + 0.3, y, text)

    def wrap(self, text: str, width: float, size: float, indent: float = 0.0) -> list[str]:
        """Lines of at most ``width``; numbers stay whole, words of Chinese text do not."""
        lines: list[str] = []
        current, used = "", indent
        for piece in _tokens(text):
            token = piece
            w = self.measure(token, size)
            if current and used + w > width and token not in _NEVER_FIRST:
                lines.append(current)
                current, used = "", 0.0
            while w > width and len(token) > 1:
                n = max(1, int(len(token) * width / w) - 1)
                lines.append(token[:n])
                token = token[n:]
                w = self.measure(token, size)
            current += token
            used += w
        return [*lines, current]

    def paragraph(self, text: str, size: float, indent: int = 2) -> None:
        leading = size * 1.75
        lines = self.wrap(text, self.room, size, indent * size)
        for n, content in enumerate(lines):
            self.need(leading)
            self.y -= leading
            self.line(content, self.s.margin + (indent * size if n == 0 else 0), self.y, size)

    def heading(self, text: str, size: float, align: str = "left", gap: float = 10.0) -> None:
        self.need(size * 2.2 + gap + 30)
        self.y -= size * 1.2 + gap
        x = self.width / 2 if align == "center" else self.s.margin + 2 * self.s.text_size
        self.line(text, x, self.y, size, align=align, bold=self.s.bold)
        self.y -= gap / 2

    # tables --------------------------------------------------------------------------
    def table(self, grid: _Grid, size: float, *, ruled: bool = False) -> None:
        """Draw ``grid``, breaking between rows; a cell cut by a page end goes on below it."""
        pad, leading = 2.5, size * 1.3
        scale = self.room / sum(grid.widths)
        widths = [w * scale for w in grid.widths]
        left = [self.s.margin + sum(widths[:i]) for i in range(len(widths))]
        lines = {
            at: self.wrap(c.text, sum(widths[at[1] : at[1] + c.columns]) - 2 * pad, size)
            if c.text
            else []
            for at, c in grid.cells.items()
        }
        heights = [leading + 2 * pad] * grid.rows
        by_span = sorted(grid.cells.items(), key=lambda item: item[1].rows)
        for (r, k), c in by_span:
            wanted = len(lines[r, k]) * leading + 2 * pad
            have = sum(heights[r : r + c.rows])
            if wanted > have:
                heights[r + c.rows - 1] += wanted - have
        rules = "grid" if ruled and self.s.rules == "none" else self.s.rules
        measured = _Measured(grid, lines, heights, left, widths, size, rules)
        header = sum(heights[: grid.header_rows])
        start = 0
        first = True
        while start < grid.rows:
            room = self.y - self.bottom
            repeated = self.s.repeat_header and not first
            if repeated:
                room -= header
            end, used = start, 0.0
            while end < grid.rows and used + heights[end] <= room:
                used += heights[end]
                end += 1
            if (
                first
                and end < min(grid.rows, grid.header_rows + 2)
                and self.y < self.height - self.s.margin - 90
            ):
                self.new_page()
                continue
            if self.s.split_rows and start < end < grid.rows and end > grid.header_rows:
                # The rest of the page takes the first lines of the next row.
                fit = int((room - used - 5) / (size * 1.3))
                if _split_row(measured, end, fit):
                    end += 1
            if end == start:
                raise ValueError(f"row {start} is higher than a page: {heights[start]:.0f} pt")
            if repeated:
                self._rows(measured, 0, grid.header_rows)
            self._rows(measured, start, end)
            start, first = end, False
            if start < grid.rows:
                self.new_page()

    def _rows(self, m: _Measured, start: int, end: int) -> None:
        pad, leading, size = 2.5, m.size * 1.3, m.size
        top = [self.y - sum(m.heights[start:r]) for r in range(start, end + 1)]
        for (r, k), c in m.grid.cells.items():
            low, high = max(r, start), min(r + c.rows, end)
            if low >= high:
                continue
            x0, x1 = m.left[k], m.left[k] + sum(m.widths[k : k + c.columns])
            y1, y0 = top[low - start], top[high - start]
            self._box(x0, y0, x1, y1, m.rules)
            if r < start:
                continue
            content = m.lines[r, k]
            bold = self.s.bold_header and r < m.grid.header_rows
            y = y1 - (y1 - y0 - len(content) * leading) / 2 - size
            for text in content:
                x = {"right": x1 - pad, "center": (x0 + x1) / 2, "left": x0 + pad}[c.align]
                self.line(text, x, y, size, align=c.align, bold=bold)
                y -= leading
        self.y = top[-1]

    def _box(self, x0: float, y0: float, x1: float, y1: float, rules: str) -> None:
        c = self.canvas
        if rules == "none":
            return
        if rules == "rects":
            c.setFillGray(0)
            w = 0.5
            for box in (
                (x0, y0, x1 - x0, w),
                (x0, y1, x1 - x0, w),
                (x0, y0, w, y1 - y0),
                (x1, y0, w, y1 - y0 + w),
            ):
                c.rect(*box, stroke=0, fill=1)
            return
        c.setLineWidth(0.2 if rules == "hairline" else 0.6)
        c.setStrokeGray(0)
        c.rect(x0, y0, x1 - x0, y1 - y0, stroke=1, fill=0)


def _split_row(m: _Measured, row: int, fit: int) -> bool:
    """Make two rows of one: ``fit`` lines of every cell, then the rest; whether it was done.

    Word processors break a row so at a page end: figures of one line stay in the first part.
    """
    grid = m.grid
    mine = [at for at in grid.cells if at[0] == row]
    most = max((len(m.lines[at]) for at in mine), default=0)
    crossing = any(
        r < row < r + c.rows or (r == row and c.rows > 1) for (r, _), c in grid.cells.items()
    )
    if crossing or not 0 < fit < most:
        return False
    leading = m.size * 1.3
    cells: dict[tuple[int, int], _Cell] = {}
    lines: dict[tuple[int, int], list[str]] = {}
    for (r, k), cell in grid.cells.items():
        at = (r + 1, k) if r > row else (r, k)
        cells[at], lines[at] = cell, m.lines[r, k]
        if r == row:
            lines[row, k] = m.lines[r, k][:fit]
            cells[row + 1, k], lines[row + 1, k] = cell, m.lines[r, k][fit:]
    m.heights[row : row + 1] = [fit * leading + 5, (most - fit) * leading + 5]
    grid.cells, m.lines = cells, lines
    grid.rows += 1
    return True


_NEVER_FIRST = set("，。；：、）》”！？％,.;:)%")


def _tokens(text: str) -> Iterable[str]:
    """Pieces that a line break may not cut: runs of digits and Latin letters, else characters."""
    run = ""
    for ch in text:
        if ch.isascii() and (ch.isalnum() or ch in ".,%-"):
            run += ch
            continue
        if run:
            yield run
            run = ""
        yield ch
    if run:
        yield run


# what is drawn ---------------------------------------------------------------------------


def _form_grid(frame: Layout, body: list[list[str]], numbers: Literal["right", "center"]) -> _Grid:
    header = len(frame.header)
    covered = {
        (r + i, c + j)
        for r, c, rows, columns in frame.spans
        for i in range(rows)
        for j in range(columns)
        if (i, j) != (0, 0)
    }
    spans = {(r, c): (rows, columns) for r, c, rows, columns in frame.spans}
    cells: dict[tuple[int, int], _Cell] = {}
    for r, row in enumerate(frame.header):
        for c, text in enumerate(row):
            if (r, c) not in covered:
                rows, columns = spans.get((r, c), (1, 1))
                cells[r, c] = _Cell(text, "center", rows, columns)
    aligns: dict[str, Literal["left", "right", "center"]] = {
        "n": numbers,
        "t": "left",
        "c": "center",
    }
    for r, row in enumerate(body):
        for c, text in enumerate(row):
            total = text.replace(" ", "") in {
                "合计",
                "本年收入合计",
                "本年支出合计",
                "收入总计",
                "支出总计",
            }
            align = "center" if total and frame.align[c] == "t" else aligns[frame.align[c]]
            cells[header + r, c] = _Cell(text, align)
    return _Grid(list(frame.widths), header + len(body), cells, header)


def _project_grid(table: dict[str, Any]) -> _Grid:
    """A project's performance table (项目支出绩效目标表): eight columns, merged labels."""
    cells: dict[tuple[int, int], _Cell] = {}
    r = 0

    def put(column: int, text: str, columns: int = 1, rows: int = 1, align: str = "center") -> None:
        cells[r, column] = _Cell(text, align, rows, columns)  # type: ignore[arg-type]

    put(0, "项目名称", 2)
    put(2, table["项目名称"], 6)
    r += 1
    put(0, "主管部门及代码", 2)
    put(2, table["主管部门及代码"], 2)
    put(4, "实施单位")
    put(5, table["实施单位"], 3)
    r += 1
    put(0, "项目属性", 2)
    put(2, table["项目属性"], 2)
    put(4, "项目期")
    put(5, table["项目期"], 3)
    r += 1
    if table["项目分类"]:
        put(0, "项目分类", 1, len(table["项目分类"]))
        for kind, text in table["项目分类"]:
            put(1, kind)
            put(2, text, 6, align="left")
            r += 1
    funding = table["资金明细"]
    put(0, table["项目资金单位"], 1, len(funding))
    for n, source in enumerate(funding):
        annual = "年度资金总额" if n == 0 else source["label"]
        colon = ":" if n == 0 else ""
        put(1, source["label"] + colon, 2)
        put(3, source["实施期"], 1, align="right")
        put(4, annual + colon, 2)
        put(6, source["年度"], 2, align="right")
        r += 1
    for label, text in table["文字"].items():
        put(0, label, 2)
        put(2, text, 6, align="left")
        r += 1
    first, second = table["目标"].items()
    put(0, "总体目标", 1, 2)
    put(1, first[0], 3)
    put(4, second[0], 4)
    r += 1
    put(1, first[1], 3, align="left")
    put(4, second[1], 4, align="left")
    r += 1
    indicators = table["指标"]
    put(0, "绩效指标", 1, len(indicators) + 1)
    for column, text in enumerate(
        ("一级指标", "二级指标", "三级指标", "指标值", "二级指标", "三级指标", "指标值"), 1
    ):
        put(column, text)
    r += 1
    n = 0
    while n < len(indicators):
        block = [i for i in indicators[n:] if i["level1"] == indicators[n]["level1"]]
        put(1, block[0]["level1"], 1, len(block))
        m = 0
        while m < len(block):
            for side, column in (("left", 2), ("right", 5)):
                same = 1
                while m + same < len(block) and block[m + same][side][0] == block[m][side][0]:
                    same += 1
                put(column, block[m][side][0], 1, same)
            for step in range(same):
                for side, column in (("left", 3), ("right", 6)):
                    put(column, block[m + step][side][1])
                    put(column + 1, block[m + step][side][2])
                r += 1
            m += same
        n += len(block)
    return _Grid([9, 12, 13, 15, 14, 13, 15, 14], r, cells)


def _whole_grid(table: dict[str, Any]) -> _Grid:
    """A body's overall performance table (整体支出绩效目标表): five columns."""
    cells: dict[tuple[int, int], _Cell] = {}
    r = 0
    for section in table["sections"]:
        rows = section["rows"]
        cells[r, 0] = _Cell(section["label"], "center", len(rows))
        for row in rows:
            filled = [i for i, text in enumerate(row) if text]
            if filled == [0]:
                cells[r, 1] = _Cell(row[0], "left", 1, 4)
            elif filled == [0, 1] and section["label"] in {"年度重点任务", "部门基本信息"}:
                cells[r, 1] = _Cell(row[0], "center")
                cells[r, 2] = _Cell(row[1], "left", 1, 3)
            else:
                for c, text in enumerate(row):
                    cells[r, c + 1] = _Cell(text, "center")
            r += 1
    return _Grid([14, 22, 22, 22, 20], r, cells)


GLOSSARY = (
    ("基本支出", "保证机构运转和完成日常任务所需的人员支出和公用支出。"),
    ("项目支出", "在基本支出以外，为特定任务和事业发展安排的支出。"),
    ("“三公”经费", "用财政拨款安排的因公出国（境）费、公务用车购置及运行费和公务接待费。"),
    ("机关运行经费", "行政单位和参照公务员法管理的事业单位用财政拨款安排的公用经费支出。"),
    ("财政专户管理资金", "纳入财政专户管理的教育收费。"),
    ("单位资金", "事业收入、经营收入、上级补助收入、附属单位上缴收入和其他收入。"),
    ("上年结转", "以前年度安排、结转到本年按原用途继续使用的资金。"),
    ("一般公共预算", "以税收为主体的收入安排的收支预算。"),
    ("政府性基金预算", "依法向特定对象征收、专项用于特定公共事业的收支预算。"),
    ("国有资本经营预算", "对国有资本收益作出支出安排的收支预算。"),
)


class _Typesetter:
    def __init__(self, facts: Facts, setting: Typesetting, sheet: _Sheet) -> None:
        self.f, self.s, self.sheet = facts, setting, sheet
        self.places: list[tuple[int, str, int]] = []
        self._on_page = 0

    def mark(self, level: int, text: str) -> None:
        self.places.append((level, text, self.sheet.page))

    def cover(self) -> None:
        sheet = self.sheet
        y = sheet.height * 0.68
        for text in sheet.wrap(self.f.body.name, sheet.room, 26):
            sheet.line(text, sheet.width / 2, y, 26, align="center", bold=self.s.bold)
            y -= 40
        sheet.line(self.f.subtitle, sheet.width / 2, y - 10, 22, align="center", bold=self.s.bold)
        sheet.new_page()

    def contents(self, places: list[tuple[int, str, int]]) -> None:
        sheet = self.sheet
        sheet.heading("目  录", 18, "center", gap=14)
        size = min(self.s.text_size, 10.5)
        for level, text, page in places:
            sheet.need(size * 1.75)
            sheet.y -= size * 1.75
            x = sheet.s.margin + (0 if level == 1 else size * (level - 1))
            number = str(page)
            end = sheet.width - sheet.s.margin
            dots = end - x - sheet.measure(text, size) - sheet.measure(number, size)
            filler = "." * max(3, int(dots / sheet.measure(".", size)))
            sheet.line(f"{text}{filler}{number}", x, sheet.y, size)
        sheet.new_page()

    def overview(self) -> None:
        sheet, size = self.sheet, self.s.text_size
        self.mark(1, "第一部分 概况")
        sheet.heading("第一部分 概况", 18, "center", gap=14)
        self.mark(2, f"一、本{self.f.kind}职责")
        sheet.heading(f"一、本{self.f.kind}职责", size + 1)
        for text in self.f.duties:
            sheet.paragraph(text, size)
        self.mark(2, "二、机构设置情况")
        sheet.heading("二、机构设置情况", size + 1)
        sheet.paragraph(self.f.setting, size)
        sheet.new_page()

    def form(self, form: PrintedForm, last: bool) -> None:
        sheet, s = self.sheet, self.s
        frame = document.layout(form, self.f.year)
        number = "一二三四五六七八九十"
        n = int(form.id[1:])
        if self._on_page:
            # A second form on the page needs room for its head and some rows.
            sheet.need(s.title_size * 3 + s.table_size * (10 + 3 * len(frame.header)))
        ordinal = number[n - 1] if n <= 10 else "十" + number[n - 11]
        if form.label:
            sheet.y -= s.table_size * 1.6
            sheet.line(form.label, s.margin, sheet.y, s.table_size)
        self.mark(2, f"表{ordinal}{frame.title}")
        sheet.heading(frame.title, s.title_size, "center", gap=8)
        sheet.need(s.table_size * 6)
        sheet.y -= s.table_size * 1.8
        owner = sheet.wrap(self.f.owner_line, sheet.room * 0.75, s.table_size)
        for n_line, text in enumerate(owner):
            if n_line:
                sheet.y -= s.table_size * 1.3
            sheet.line(text, s.margin, sheet.y, s.table_size)
        right = sheet.width - s.margin
        if s.split_unit and n % 2:
            sheet.line("单位：", right, sheet.y, s.table_size, align="right")
            sheet.y -= s.table_size * 1.3
            sheet.line("万元", right, sheet.y, s.table_size, align="right")
        else:
            sheet.line("单位：万元", right, sheet.y, s.table_size, align="right")
        sheet.y -= 5
        sheet.table(_form_grid(frame, self.f.body_of(form.id), s.number_align), s.table_size)
        if form.note:
            sheet.need(s.table_size * 1.8)
            sheet.y -= s.table_size * 1.6
            sheet.line(form.note, s.margin, sheet.y, s.table_size)
        self._on_page += 1
        if last or self._on_page >= s.runs:
            sheet.new_page()
            self._on_page = 0
        else:
            sheet.y -= 16

    def forms(self) -> None:
        title = f"第二部分 {self.f.year}年{self.f.kind}预算报表"
        self.mark(1, title)
        self.sheet.heading(title, 18, "center", gap=14)
        for form in self.f.forms:
            self.form(form, last=form is self.f.forms[-1])

    def performance(self) -> None:
        sheet, size = self.sheet, self.s.table_size
        for table in self.f.performance:
            sheet.new_page()
            sheet.heading(table["title"], self.s.title_size - 2, "center", gap=6)
            sheet.y -= size * 1.5
            sheet.line(f"（{table['year']}年度）", sheet.width / 2, sheet.y, size, align="center")
            sheet.y -= 6
            if table["kind"] == "whole":
                sheet.table(_whole_grid(table), size, ruled=True)
                continue
            sheet.table(_project_grid(table), size, ruled=True)
            sheet.need(size * 2)
            sheet.y -= size * 1.8
            quarter = sheet.room / 4
            feet = (
                "负责人:",
                f"经办人:{table.get('经办人', '')}",
                f"联系电话:{table.get('联系电话', '')}",
                f"填报日期:{table.get('填报日期', '')}",
            )
            for i, text in enumerate(feet):
                sheet.line(text, sheet.s.margin + i * quarter, sheet.y, size)

    def part_3(self) -> None:
        sheet, size = self.sheet, self.s.text_size
        title = f"第三部分 {self.f.year}年度{self.f.kind}预算情况说明"
        self.mark(1, title)
        sheet.heading(title, 18, "center", gap=14)
        for heading, blocks in narrative.compose(self.f):
            self.mark(2, heading)
            sheet.heading(heading, size + 1)
            for block in blocks:
                if block.level:
                    sheet.heading(block.text, size, gap=4)
                else:
                    sheet.paragraph(block.text, size)
            if heading.startswith("十、") and self.f.performance:
                self.performance()
                sheet.new_page()
        sheet.new_page()

    def part_4(self) -> None:
        sheet, size = self.sheet, self.s.text_size
        self.mark(1, "第四部分 名词解释")
        sheet.heading("第四部分 名词解释", 18, "center", gap=14)
        for n, (term, text) in enumerate(GLOSSARY, 1):
            sheet.paragraph(f"{'一二三四五六七八九十'[n - 1]}、{term}：{text}", size)
        sheet.y -= size
        sheet.paragraph(DISCLAIMER, min(size, 9.0), indent=0)

    def run(self, places: list[tuple[int, str, int]]) -> list[tuple[int, str, int]]:
        self.cover()
        self.contents(places)
        self.overview()
        self.forms()
        self.part_3()
        self.part_4()
        self.sheet.finish()
        return self.places


class _NoCanvas:
    """Stands in for the canvas while the pages of the contents are being counted."""

    def __getattr__(self, _name: str) -> Any:
        return lambda *_args, **_kwargs: None


def typeset(facts: Facts, setting: Typesetting) -> bytes:
    """The PDF of ``facts``. Pure: the same arguments give the same bytes."""
    text = "".join(_strings(facts.model_dump()))
    for form in facts.forms:
        text += "".join(_strings(document.layout(form, facts.year).model_dump()))
    text += "".join(h + "".join(b.text for b in bs) for h, bs in narrative.compose(facts))
    text += "".join(a + b for a, b in GLOSSARY) + _FIXED + (setting.watermark or "")
    _embed(text)

    # The contents need page numbers, the page numbers need the length of the contents:
    # lay out until they agree.
    places: list[tuple[int, str, int]] = [(2, "目", 1)] * 34
    for _ in range(4):
        found = _Typesetter(facts, setting, _Sheet(_NoCanvas(), setting)).run(places)
        if found == places:
            break
        places = found
    out = io.BytesIO()
    canvas = _canvas(out, f"{facts.body.name}{facts.subtitle}")
    _Typesetter(facts, setting, _Sheet(canvas, setting)).run(places)
    canvas.save()
    return out.getvalue()


def typeset_notice(title: str, paragraphs: Iterable[str], setting: Typesetting) -> bytes:
    """A PDF of a title and some paragraphs: something that is published but is no budget."""
    paragraphs = list(paragraphs)
    _embed(title + "".join(paragraphs) + _FIXED + (setting.watermark or ""))
    out = io.BytesIO()
    canvas = _canvas(out, title)
    sheet = _Sheet(canvas, setting)
    sheet.heading(title, setting.title_size, "center", gap=20)
    for paragraph in paragraphs:
        sheet.paragraph(paragraph, setting.text_size)
    sheet.y -= setting.text_size
    sheet.paragraph(DISCLAIMER, 9.0, indent=0)
    sheet.finish()
    canvas.save()
    return out.getvalue()


def _strings(value: Any) -> Iterator[str]:
    """Every text that a document may print. Keys count where performance tables print them."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield str(key) if not str(key).isascii() else ""
            yield from _strings(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _strings(inner)
    elif value is not None:
        yield str(value)


def _embed(text: str) -> None:
    """Make a font of the text's characters the current one."""
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont

    # reportlab keeps the first font of a name for the life of the process.
    pdfmetrics._fonts.pop(fonts.FAMILY, None)
    pdfmetrics._dynFaceNames.pop(fonts.FAMILY.encode(), None)
    made = fonts.subset({c for c in text if c.isprintable()})
    pdfmetrics.registerFont(TTFont(fonts.FAMILY, io.BytesIO(made)))


def _canvas(out: io.BytesIO, title: str) -> Any:
    from reportlab import rl_config
    from reportlab.pdfgen.canvas import Canvas

    rl_config.useA85 = 0
    canvas = Canvas(out, invariant=1, pageCompression=1)
    canvas.setTitle(title)
    canvas.setSubject(DISCLAIMER)
    canvas.setCreator("samples")
    return canvas


_FIXED = (
    "0123456789.-,%目录第一二三四五六七八九十部分概况、本职责机构设置情况年预算报表度说明名词解释："
    "单位万元（）经办人联系电话填报日期负责:"
    + DISCLAIMER
    + "项目名称主管及代码实施属性期资金总额体标绩效指级值类年度"
)
