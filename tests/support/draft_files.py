"""An invented draft of a Shanghai district's department budget, with defects by name.

``pdf(draft())`` is free of defects; each name of ``DEFECTS`` plants one of those that reviewers
find. The same draft is made as a PDF, a Word file and a workbook.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

BODY = "东海市云溪区规划局"
YEAR = 2027
DEFECTS = (
    "blank page", "clipped line", "comparison year", "end mark", "doubled mark", "rate",
    "old name", "two amounts", "quotation mark", "sum", "text and table",
)  # fmt: skip

Row = Sequence[str]


@dataclass
class Grid:
    """A ruled table: ``spans`` are (row, column, rows, columns) of merged cells."""

    rows: list[list[str]]
    widths: list[float]
    spans: list[tuple[int, int, int, int]] = field(default_factory=list)


@dataclass
class Sheet:
    """A page: a title, a line of owner and unit, paragraphs, a table, a note."""

    title: str = ""
    caption: str = ""
    paragraphs: list[str] = field(default_factory=list)
    grid: Grid | None = None
    note: str = ""
    cover: bool = False
    cut: str = ""
    """A last line of which only the upper third shows."""


# code, name, base of last year, this year (元), basic?
ITEMS = (
    ("2120101", "行政运行", "3000000", "3300000", True),
    ("2120199", "其他城乡社区管理事务支出", "2500000", "2000000", False),
    ("2101101", "行政单位医疗", "200000", "210000", True),
    ("2210201", "住房公积金", "400000", "440000", True),
)
NAMES = {
    "212": "城乡社区支出", "21201": "城乡社区管理事务", "210": "卫生健康支出",
    "21011": "行政事业单位医疗", "221": "住房保障支出", "22102": "住房改革支出",
}  # fmt: skip
ECONOMIC = (
    ("301", "工资福利支出", "3450000", ""), ("30101", "基本工资", "2800000", ""),
    ("30110", "职工基本医疗保险缴费", "210000", ""), ("30113", "住房公积金", "440000", ""),
    ("302", "商品和服务支出", "", "500000"), ("30201", "办公费", "", "450000"),
    ("30217", "公务接待费", "", "20000"), ("30231", "公务用车运行维护费", "", "30000"),
)  # fmt: skip


def yuan(value: Decimal | int | str) -> str:
    return f"{Decimal(value):,.2f}" if value != "" else ""


def wan(value: Decimal | int | str) -> str:
    return f"{Decimal(value) / 10000:.2f}"


def _tree(
    items: Iterable[tuple[str, str, str, str, bool]],
) -> list[tuple[str, str, Decimal, Decimal]]:
    """(code, name, basic, project) of every code, in order."""
    rows: dict[str, list[Decimal]] = {}
    names = dict(NAMES)
    for code, name, _, now, basic in items:
        names[code] = name
        for part in (code[:3], code[:5], code):
            sums = rows.setdefault(part, [Decimal(0), Decimal(0)])
            sums[0 if basic else 1] += Decimal(now)
    return [(c, names[c], *rows[c]) for c in sorted(rows)]  # type: ignore[misc]


def draft(*defects: str, contact: str = "") -> list[Sheet]:
    """The pages. ``contact``: a person and a telephone number printed in the text."""
    unknown = set(defects) - set(DEFECTS)
    if unknown:
        raise ValueError(f"no such defects: {unknown}")
    has = set(defects).__contains__
    tree = _tree(ITEMS)
    total = sum((b + p for c, _, b, p in tree if len(c) == 3), Decimal(0))
    basic = sum((b for c, _, b, _ in tree if len(c) == 3), Decimal(0))
    project = total - basic
    before = sum((Decimal(i[2]) for i in ITEMS), Decimal(0))
    wrong = YEAR if has("comparison year") else YEAR - 1
    change = f"{'增加' if total > before else '减少'}{wan(abs(total - before))}万元"
    pages = [
        Sheet(
            title=f"东海市云溪区{YEAR}年区级部门预算",
            paragraphs=[f"预算主管部门：{BODY}"],
            cover=True,
        ),
        Sheet(title="目录", paragraphs=_contents()),
    ]
    if has("blank page"):
        pages.append(Sheet())
    pages.append(_duties(has("clipped line"), contact))
    pages += [
        Sheet(
            title=f"{BODY}机构设置",
            paragraphs=[
                f"{BODY}部门预算是包括局本部以及下属0家预算单位的综合收支计划。",
                "本部门中，行政单位1家，具体包括：局本部。",
            ],
        ),
        Sheet(
            title="名词解释",
            paragraphs=[
                "（一）财政拨款收入：是本部门本年度从本级财政部门取得的财政拨款。",
                "（二）“三公”经费：是使用财政拨款安排的因公出国（境）费、公务用车购置及运行费、公务接待费。",
            ],
        ),
        Sheet(
            title=f"{YEAR}年部门预算编制说明",
            paragraphs=[
                f"{YEAR}年，{BODY}收入预算{wan(total)}万元，其中：财政拨款收入{wan(total)}万元，比{wrong}年预算{change}；"
                "事业收入0万元；事业单位经营收入0万元；其他收入0万元。",
                f"支出预算{wan(total)}万元，其中：财政拨款支出预算{wan(total)}万元，比{YEAR - 1}年预算{change}。财政拨款支出预算中，"
                f"一般公共预算拨款支出预算{wan(total)}万元，比{YEAR - 1}年预算{change}；政府性基金拨款支出预算0万元，与{wrong}年预算持平；"
                f"国有资本经营预算拨款支出预算0万元，与{YEAR - 1}年预算持平。",
                "财政拨款收入支出变化的主要原因是项目调整" + ("" if has("end mark") else "。"),
                "财政拨款支出主要内容如下：",
                *(_item(n, item, defects) for n, item in enumerate(ITEMS, start=1)),
            ],
        ),
    ]
    owner = f"编制部门：{BODY}"
    classes = [(n, b + p) for c, n, b, p in tree if len(c) == 3]
    sources = [
        ("一、财政拨款收入", total), ("1.一般公共预算", total), ("2.政府性基金预算", ""),
        ("3.国有资本经营预算", ""), ("二、事业收入", ""), ("三、事业单位经营收入", ""), ("四、其他收入", ""),
    ]  # fmt: skip
    pages.append(_form("财务收支预算总表", owner, _two_sided(sources, classes, total, has("sum"))))
    income = [[*_levels(c), n, yuan(b + p), yuan(b + p), "", "", ""] for c, n, b, p in tree] + [
        ["合计", "", "", "", yuan(total), yuan(total), "", "", ""]
    ]
    head = [
        ["项目", "", "", "", "收入预算", "", "", "", ""],
        [
            "功能分类科目编码",
            "",
            "",
            "功能分类科目名称",
            "合计",
            "财政拨款收入",
            "事业收入",
            "事业单位经营收入",
            "其他收入",
        ],
        ["类", "款", "项", "", "", "", "", "", ""],
    ]
    spans = [(0, 0, 1, 4), (0, 4, 1, 5), (1, 0, 1, 3), *((1, k, 2, 1) for k in range(3, 9))]
    n = len(head) + len(income) - 1
    pages.append(
        _form(
            "收入预算总表",
            owner,
            Grid(head + income, [32, 26, 26, 170, 90, 90, 80, 90, 80], [*spans, (n, 0, 1, 4)]),
        )
    )
    functional = [
        [*_levels(c), n, yuan(b + p), yuan(b) if b else "", yuan(p) if p else ""]
        for c, n, b, p in tree
    ]
    sums = ["合计", "", "", "", yuan(total), yuan(basic), yuan(project)]
    pages.append(_form("支出预算总表", owner, _by_function("支出预算", functional, sums)))
    pages.append(_form("财政拨款收支预算总表", owner, _appropriations(total, classes)))
    if has("text and table"):
        functional = [list(r) for r in functional]
        # every table agrees, the text does not: its own amount is changed in _item
    pages.append(
        _form(
            "一般公共预算支出功能分类预算表",
            owner,
            _by_function("一般公共预算支出", functional, sums),
        )
    )
    for name in ("政府性基金预算支出", "国有资本经营预算支出"):
        empty = [["", "", "", "", "", "", ""] for _ in range(3)]
        page = _form(
            f"{name}功能分类预算表",
            owner,
            _by_function(name, empty, ["合计", "", "", "", "", "", ""]),
        )
        page.note = (
            f"注：本部门{YEAR}年无{name.removesuffix('支出')}财政拨款安排的预算，故本表为空表。"
        )
        pages.append(page)
    pages.append(_form("一般公共预算基本支出部门预算经济分类预算表", owner, _economic(basic)))
    three = _form("“三公”经费和机关运行经费预算表", owner, _three_public(), unit="万元")
    pages += [three, _others(), _project(has("quotation mark"))]
    return pages


def _contents() -> list[str]:
    forms = [
        "财务收支预算总表", "收入预算总表", "支出预算总表", "财政拨款收支预算总表",
        "一般公共预算支出功能分类预算表", "政府性基金预算支出功能分类预算表",
        "国有资本经营预算支出功能分类预算表", "一般公共预算基本支出部门预算经济分类预算表",
        "“三公”经费和机关运行经费预算表",
    ]  # fmt: skip
    dots = "…" * 20
    lines = [
        f"{a}、{t}{dots}"
        for a, t in zip(
            "一二三四五",
            ["部门主要职能", "部门机构设置", "名词解释", "部门预算编制说明", "部门预算表"],
            strict=True,
        )
    ]
    lines += [f"{n}.{YEAR}年部门{f}{dots}" for n, f in enumerate(forms, start=1)]
    return [*lines, f"六、其他相关情况说明{dots}", f"七、项目经费情况说明{dots}"]


def _duties(clipped: bool, contact: str) -> Sheet:
    text = [
        f"{BODY}是主管本区城乡规划工作的区政府工作部门，主要职责是：",
        "（一）贯彻执行国家和本市有关城乡规划工作的法律、法规、规章和方针、政策，制定本区规划工作计划并组织实施，"
        "负责本区建设项目选址的审核和建设工程规划许可的管理工作。",
    ]
    if contact:
        text.append(f"（二）受理规划咨询，{contact}。。")
    cut = "（三）完成区委、区政府交办的其他任务，并负责本系统信息化建设和档案管理工作。"
    if clipped:
        return Sheet(title=f"{BODY}主要职能", paragraphs=text, cut=cut)
    return Sheet(title=f"{BODY}主要职能", paragraphs=[*text, cut])


def _item(n: int, item: tuple[str, str, str, str, bool], defects: Sequence[str]) -> str:
    code, name, base, now, _ = item
    kind = NAMES[code[:3]]
    told, again = wan(now), wan(now)
    rate = 100 * (Decimal(now) - Decimal(base)) / Decimal(base)
    use, mark = "保障机构运转", "。"
    if "old name" in defects and code.startswith("210"):
        kind = "医疗卫生与计划生育支出"
    if "two amounts" in defects and code == "2210201":
        again = wan(Decimal(now) - 50_000)
    if "rate" in defects and code == "2120199":
        base = str(Decimal(base) * 10)
    if "doubled mark" in defects and n == 1:
        mark = "。。"
    if "text and table" in defects and n == 1:
        told = again = wan(Decimal(now) + 10_000)
        rate = 100 * (Decimal(now) + 10_000 - Decimal(base)) / Decimal(base)
    way = "增加" if rate > 0 else "减少"
    return (
        f"{n}、{kind}（{code[:3]}类）{NAMES[code[:5]]}（{code[3:5]}款）{name}（{code[5:]}项）{told}万元。主要用于：{use}{mark}"
        f"{YEAR - 1}年当年预算执行数为{wan(base)}万元，{YEAR}年预算安排{again}万元，比{YEAR - 1}年预算执行数{way}"
        f"{abs(rate):.2f}%。主要原因是：工作安排变化。"
    )


def _levels(code: str) -> list[str]:
    return [code[:3], code[3:5], code[5:7]]


def _form(name: str, owner: str, grid: Grid, unit: str = "元") -> Sheet:
    return Sheet(title=f"{YEAR}年部门{name}", caption=f"{owner}\t单位：{unit}", grid=grid)


def _two_sided(sources: list[Any], classes: list[Any], total: Decimal, wrong: bool) -> Grid:
    rows = [["本年收入", "", "本年支出", ""], ["项目", "预算数", "项目", "预算数"]]
    for k in range(max(len(sources), len(classes))):
        left = [sources[k][0], yuan(sources[k][1])] if k < len(sources) else ["", ""]
        right = ["", ""]
        if k < len(classes):
            name, value = classes[k]
            right = [f"{'一二三四'[k]}、{name}", yuan(value + 1000 if wrong and k == 0 else value)]
        rows.append(left + right)
    rows.append(["收入总计", yuan(total), "支出总计", yuan(total)])
    return Grid(rows, [200, 160, 200, 160], [(0, 0, 1, 2), (0, 2, 1, 2)])


def _by_function(name: str, body: list[list[str]], sums: list[str]) -> Grid:
    head = [
        ["项目", "", "", "", name, "", ""],
        ["功能分类科目编码", "", "", "功能分类科目名称", "合计", "基本支出", "项目支出"],
        ["类", "款", "项", "", "", "", ""],
    ]
    spans = [(0, 0, 1, 4), (0, 4, 1, 3), (1, 0, 1, 3), *((1, k, 2, 1) for k in range(3, 7))]
    n = len(head) + len(body)
    return Grid([*head, *body, sums], [40, 30, 30, 230, 120, 120, 120], [*spans, (n, 0, 1, 4)])


def _appropriations(total: Decimal, classes: list[Any]) -> Grid:
    rows = [
        ["财政拨款收入", "", "财政拨款支出", "", "", "", ""],
        ["项目", "预算数", "项目", "合计", "一般公共预算", "政府性基金预算", "国有资本经营预算"],
    ]
    sources = [
        ("一、一般公共预算", yuan(total)),
        ("二、政府性基金预算", ""),
        ("三、国有资本经营预算", ""),
    ]
    for k in range(3):
        name, value = classes[k]
        rows.append([*sources[k], f"{'一二三'[k]}、{name}", yuan(value), yuan(value), "", ""])
    rows.append(["收入总计", yuan(total), "支出总计", yuan(total), yuan(total), "", ""])
    return Grid(rows, [130, 100, 130, 100, 100, 90, 90], [(0, 0, 1, 2), (0, 2, 1, 5)])


def _economic(basic: Decimal) -> Grid:
    head = [
        ["项目", "", "", "一般公共预算基本支出", "", ""],
        ["部门预算经济分类科目编码", "", "经济分类科目名称", "合计", "人员经费", "公用经费"],
        ["类", "款", "", "", "", ""],
    ]
    body = [[c[:3], c[3:], n, yuan(p or q), yuan(p), yuan(q)] for c, n, p, q in ECONOMIC]
    people = sum((Decimal(p) for c, _, p, _ in ECONOMIC if len(c) == 3 and p), Decimal(0))
    sums = ["合计", "", "", yuan(basic), yuan(people), yuan(basic - people)]
    spans = [(0, 0, 1, 3), (0, 3, 1, 3), (1, 0, 1, 2), *((1, k, 2, 1) for k in range(2, 6))]
    n = len(head) + len(body)
    return Grid([*head, *body, sums], [60, 60, 230, 120, 120, 120], [*spans, (n, 0, 1, 3)])


def _three_public() -> Grid:
    rows = [
        ["“三公”经费预算数", "", "", "", "", "", "机关运行经费预算数"],
        ["合计", "因公出国（境）费", "公务接待费", "公务用车购置及运行费", "", "", ""],
        ["", "", "", "小计", "购置费", "运行费", ""],
        ["5.00", "0.00", "2.00", "3.00", "0.00", "3.00", "50.00"],
    ]
    spans = [(0, 0, 1, 6), (0, 6, 3, 1), (1, 3, 1, 3), (1, 0, 2, 1), (1, 1, 2, 1), (1, 2, 2, 1)]
    return Grid(rows, [90, 110, 100, 90, 90, 90, 150], spans)


def _others() -> Sheet:
    last = YEAR - 1
    return Sheet(
        title="其他相关情况说明",
        paragraphs=[
            f"一、{YEAR}年“三公”经费预算情况说明",
            f"{YEAR}年“三公”经费预算数为5.00万元，与{last}年预算持平。其中：",
            f"（一）因公出国（境）费0万元，与{last}年预算持平，主要原因是没有安排。",
            f"（二）公务用车购置及运行费3.00万元，与{last}年预算持平，主要原因是车辆没有变化。",
            f"（三）公务接待费2.00万元，与{last}年预算持平，主要原因是接待任务没有变化。",
            "二、机关运行经费预算",
            f"{YEAR}年{BODY}财政拨款的机关运行经费预算为50.00万元。",
            "三、政府采购预算情况",
            f"{YEAR}年本部门政府采购预算60.00万元，其中：政府采购货物预算10.00万元、政府采购工程预算0万元、政府采购服务预算50.00万元。",
        ],
    )


def _project(quote: bool) -> Sheet:
    return Sheet(
        title="城乡规划编制项目经费情况说明",
        paragraphs=[
            "一、项目概述",
            "本项目用于编制云溪区控制性详细规划，开展“一张图”建设"
            + ("”" if quote else "")
            + "和《规划管理办法》的修订工作，提高规划管理水平。",
            "二、实施方案",
            "1.委托专业单位编制规划，并组织专家评审；",
            "2.完成规划公示。",
            "三、年度预算安排",
            "200万元",
        ],
    )


# -- PDF ---------------------------------------------------------------------------------
WIDTH, HEIGHT, LEFT, SIZE = 842.0, 595.0, 58.0, 12.0


def pdf(pages: Sequence[Sheet]) -> bytes:
    """Landscape A4, ruled tables, paragraphs with an indent of two signs."""
    import reportlab.rl_config
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont
    from reportlab.pdfgen.canvas import Canvas

    from samples.fonts import FAMILY, subset

    reportlab.rl_config.invariant = 1
    signs = _signs(pages)
    if not signs <= _DRAWN:
        # one font for all drafts of a process: drawing its outlines is what takes time.
        # reportlab keeps the first font of a name for the life of the process.
        _DRAWN.update(signs, *(_signs(draft(*d)) for d in ((), DEFECTS)))
        pdfmetrics._fonts.pop(FAMILY, None)
        pdfmetrics._dynFaceNames.pop(FAMILY.encode(), None)
        pdfmetrics.registerFont(TTFont(FAMILY, io.BytesIO(subset(_DRAWN)), asciiReadable=False))
    sink = io.BytesIO()
    canvas: Any = Canvas(sink, pagesize=(WIDTH, HEIGHT))
    for page in pages:
        _page(canvas, page, FAMILY)
        canvas.showPage()
    canvas.save()
    return sink.getvalue()


_DRAWN: set[str] = set()


def scanned(data: bytes, *images: int, dpi: int = 200) -> bytes:
    """A PDF with these of its pages (1-based; none: all) as images, as a scanner gives them."""
    import pypdfium2

    source, made = pypdfium2.PdfDocument(data), pypdfium2.PdfDocument.new()
    for n in range(len(source)):
        if images and n + 1 not in images:
            made.import_pages(source, [n])
            continue
        picture = io.BytesIO()
        source[n].render(scale=dpi / 72, grayscale=True).to_pil().save(
            picture, format="PDF", resolution=dpi
        )
        made.import_pages(pypdfium2.PdfDocument(picture.getvalue()))
    sink = io.BytesIO()
    made.save(sink)
    return sink.getvalue()


def _signs(pages: Sequence[Sheet]) -> set[str]:
    said = {c for p in pages for t in _texts(p) for c in t if c.isprintable()}
    return said | set("0123456789")


def _texts(page: Sheet) -> Iterable[str]:
    yield from (page.title, page.caption, page.note, page.cut, *page.paragraphs)
    for row in page.grid.rows if page.grid else ():
        yield from row


def _width(text: str, size: float) -> float:
    return sum(size if ord(c) > 0x2000 else size * 0.55 for c in text)


def _put(canvas: Any, at: tuple[float, float], text: str, size: float, font: str) -> None:
    canvas.setFont(font, size)
    canvas.drawString(at[0], HEIGHT - at[1] - size, text)


def _page(canvas: Any, page: Sheet, font: str) -> None:
    y = 150.0 if page.cover else 60.0
    if page.title:
        size = 24.0 if page.cover else 18.0
        _put(canvas, ((WIDTH - _width(page.title, size)) / 2, y), page.title, size, font)
        y += 100 if page.cover else 36
    if page.caption:
        left, _, right = page.caption.partition("\t")
        _put(canvas, (LEFT, y), left, SIZE, font)
        _put(canvas, (WIDTH - LEFT - _width(right, SIZE), y), right, SIZE, font)
        y += 20
    for text in page.paragraphs:
        if page.cover:
            _put(canvas, ((WIDTH - _width(text, 18)) / 2, y), text, 18, font)
            continue
        for n, line in enumerate(_wrapped(text)):
            _put(canvas, (LEFT + (2 * SIZE if n == 0 else 0), y), line, SIZE, font)
            y += 18
    if page.cut:
        canvas.saveState()
        path = canvas.beginPath()
        path.rect(0, HEIGHT - y - 0.4 * SIZE, WIDTH, HEIGHT)
        canvas.clipPath(path, stroke=0)
        _put(canvas, (LEFT + 2 * SIZE, y), page.cut, SIZE, font)
        canvas.restoreState()
    if page.grid is not None:
        y = _grid(canvas, page.grid, y, font)
    if page.note:
        _put(canvas, (LEFT, y + 6), page.note, SIZE, font)


def _wrapped(text: str) -> list[str]:
    out, line = [], ""
    room = WIDTH - 2 * LEFT
    for c in text:
        if (
            _width(line + c, SIZE) > room - (2 * SIZE if not out else 0)
            and c not in "。，；：、”）"
        ):
            out.append(line)
            line = ""
        line += c
    return [*out, line]


def _grid(canvas: Any, grid: Grid, y: float, font: str) -> float:
    height, size = 20.0, 9.0
    xs = [LEFT]
    for w in grid.widths:
        xs.append(xs[-1] + w)
    spans = {(r, c): (dr, dc) for r, c, dr, dc in grid.spans}
    covered = {
        (a, b)
        for r, c, dr, dc in grid.spans
        for a in range(r, r + dr)
        for b in range(c, c + dc)
        if (a, b) != (r, c)
    }
    for r, row in enumerate(grid.rows):
        for c, text in enumerate(row):
            if (r, c) in covered:
                continue
            down, right = spans.get((r, c), (1, 1))
            x, w, h = xs[c], xs[c + right] - xs[c], height * down
            canvas.rect(x, HEIGHT - y - r * height - h, w, h)
            at = (x + (w - _width(text, size)) / 2, y + r * height + (h - size) / 2)
            _put(canvas, at, text, size, font)
    return y + height * len(grid.rows)


# -- Word and Excel ----------------------------------------------------------------------
def docx(pages: Sequence[Sheet]) -> bytes:
    from office_files import docx_of, paragraph, word_table

    blocks = []
    for page in pages:
        blocks += [
            paragraph(t)
            for t in (page.title, *page.paragraphs, *([page.cut] if page.cut else []))
            if t
        ]
        blocks += [paragraph(page.caption.replace("\t", "        "))] if page.caption else []
        if page.grid is not None:
            blocks.append(word_table(page.grid.rows, page.grid.spans))
        blocks += [paragraph(page.note)] if page.note else []
    return docx_of(*blocks)


def xlsx(pages: Sequence[Sheet]) -> bytes:
    """The forms alone, a sheet each."""
    from openpyxl import Workbook
    from openpyxl.styles import Border, Side

    side = Side(style="thin")
    book = Workbook()
    book.remove(book.worksheets[0])
    for n, page in enumerate((p for p in pages if p.grid is not None), start=1):
        sheet = book.create_sheet(f"表{n}")
        sheet.cell(1, 1, page.title)
        left, _, right = page.caption.partition("\t")
        grid = page.grid
        if grid is None:
            continue
        sheet.cell(2, 1, left)
        sheet.cell(2, len(grid.widths), right)
        for r, row in enumerate(grid.rows, start=3):
            for c, text in enumerate(row, start=1):
                cell = sheet.cell(r, c)
                cell.border = Border(left=side, right=side, top=side, bottom=side)
                if "." in text and text.replace(",", "").replace(".", "").isdigit():
                    cell.value, cell.number_format = float(text.replace(",", "")), "#,##0.00"
                elif text:
                    cell.value = text
        for r, c, dr, dc in grid.spans:
            sheet.merge_cells(
                start_row=r + 3, start_column=c + 1, end_row=r + 2 + dr, end_column=c + dc
            )
        if page.note:
            sheet.cell(len(grid.rows) + 3, 1, page.note)
    sink = io.BytesIO()
    book.save(sink)
    return sink.getvalue()
