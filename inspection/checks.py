"""What is looked for besides the identities: pages, running text against itself and the tables.

Each function takes the :class:`~inspection.text.Context` and gives what it found; ``sheet.yml``
says under which name and how gravely it is told. No rule knows a document.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from expectations.catalogue import load_catalogue
from expectations.catalogue.view import FormView
from inspection.model import Place
from inspection.rules import CheckRule
from inspection.text import AMOUNT, ITEM, Context, Money, Said, code_names, label, money
from parsers.document import Cell

_HUNDRED = Decimal(100)
_QUOTED = 60


@dataclass
class Found:
    """One defect: the line it stands on, its statements and places; ``says`` where more can be
    said than the rule's own words."""

    line: str
    statements: list[str]
    places: list[Place] = field(default_factory=list)
    says: str | None = None


Check = Callable[[Context, CheckRule], Iterator[Found]]
CHECKS: dict[str, Check] = {}


def check(function: Check) -> Check:
    CHECKS[function.__name__] = function
    return function


def _quote(said: Said, start: int, end: int) -> str:
    """The printed words, with a little of what stands around them where they are short."""
    text = said.paragraph.text
    room = max(0, (_QUOTED - (end - start)) // 2)
    a, b = max(0, start - room), min(len(text), end + room)
    return ("…" if a else "") + text[a:b] + ("…" if b < len(text) else "")


# -- pages -------------------------------------------------------------------------------
@check
def blank_pages(ctx: Context, rule: CheckRule) -> Iterator[Found]:
    """Pages with nothing on them; blanks at the end of the file are leaves of the binding too."""
    for page in ctx.draft.pages:
        if page.is_blank:
            line = _line_before(ctx, page.number)
            yield Found(line, [f"第{page.number}页没有任何内容"], [Place(page=page.number)])


def _line_before(ctx: Context, page: int) -> str:
    """The line to which the page before this one belongs."""
    if page - 1 in ctx.draft.contents_pages:
        return "contents"
    line = "layout"
    for form in ctx.draft.document.tables:
        if page - 1 in form.pages:
            line = form.id
    for said in ctx.texts:
        if said.paragraph.pieces[-1].page == page - 1:
            line = said.line
    return line


@check
def clipped_text(ctx: Context, rule: CheckRule) -> Iterator[Found]:
    """Printed lines cut through by the edge of what the page shows."""
    for cut in ctx.draft.clipped:
        line = "layout"
        for said in ctx.texts:
            place = said.paragraph.pieces[-1]
            if (place.page, place.bbox[1]) <= (cut.page, cut.bbox[1]):
                line = said.line
        shown = [f"第{n}页" for n in cut.again]
        yield Found(
            line,
            [
                f"第{cut.page}页此行被截断，只显示一部分：{cut.text[:_QUOTED]}",
                *([f"同样的文字在{'、'.join(shown)}完整显示"] if shown else []),
            ],
            [Place(page=cut.page, bbox=cut.bbox)],
        )


# -- cover and parts ---------------------------------------------------------------------
@check
def cover_says(ctx: Context, rule: CheckRule) -> Iterator[Found]:
    if ctx.draft.kind == "excel":
        return  # a workbook has no cover
    info = ctx.draft.document.document
    missing = [
        name for name, value in (("单位名称", info.department), ("年度", info.year)) if not value
    ]
    if missing:
        yield Found("cover", [f"封面未见{'、'.join(missing)}"], [Place(page=1)])


@check
def parts_present(ctx: Context, rule: CheckRule) -> Iterator[Found]:
    """Each part of the text is there and says something. Workbooks hold tables only."""
    if ctx.draft.kind == "excel":
        return
    for line in ctx.lines:
        if line.kind == "contents" and not ctx.draft.document.contents:
            yield Found(line.id, ["文件未见目录"])
        if line.kind != "text" or line.optional:
            continue
        mine = [s for s in ctx.texts if s.line == line.id]
        if not mine:
            yield Found(line.id, [f"文件未见“{line.title}”部分"])
        elif all(s.is_heading for s in mine):
            yield Found(
                line.id, [f"“{line.title}”部分只有标题，没有内容"],
                ctx.places(mine[0], 0, len(mine[0].text)),
            )  # fmt: skip


# -- running text ------------------------------------------------------------------------
_COMPARED = re.compile(
    r"(?:[比与较同]|相比)(?P<year>20\d\d)年(?:度)?(?=[^，。；\d]{0,12}?"
    r"(?:预算|执行数?|决算|相比|增加|减少|增长|下降|持平|相同|一致))"
)


@check
def comparison_year(ctx: Context, rule: CheckRule) -> Iterator[Found]:
    """A budget is compared with the year before; all wrong ones of a part are one remark."""
    year = ctx.year
    if year is None:
        return
    wrong: dict[tuple[str, str], list[tuple[Said, re.Match[str]]]] = {}
    for said in ctx.prose():
        for m in _COMPARED.finditer(said.text):
            clause = re.split(r"[。；]", said.text[m.start() :], maxsplit=1)[0]
            stop = re.search(r"[，]", clause)
            if re.search(rule.options["not"], clause[: stop.start() if stop else None]):
                continue
            named = int(m["year"])
            right = {year - 1}
            if ctx.draft.document.document.phase != "budget" and "预算" in clause:
                right.add(year)  # a final account is compared with its own budget too
            if named not in right:
                wrong.setdefault((said.line, m["year"]), []).append((said, m))
    for (line, named_year), hits in wrong.items():
        quotes = []
        for said, m in hits:
            tail = re.match(r"[^，。；]*", said.text[m.end() :])
            quotes.append(said.paragraph.text[m.start() : m.end() + (tail.end() if tail else 0)])
        counted = "；".join(f"“{q}”" for q in dict.fromkeys(quotes))
        yield Found(
            line,
            [
                f"共{len(hits)}处与{named_year}年对比：{counted}",
                f"本文件为{year}年，应与{year - 1}年对比",
            ],
            [p for said, m in hits for p in ctx.places(said, *m.span())],
            says=f"{len(hits)}处对比年度不是上年",
        )


_BASE = re.compile(
    r"(?P<year>20\d\d)年度?(?:当年|部门|单位)*(?:年初)?(?:预算|决算)?(?:执行数|预算数|决算数|调整预算数?|数)"
    r"(?:为|是|共计)?" + AMOUNT.format("amount")
)
_NOW = re.compile(
    r"(?P<year>20\d\d)年度?(?:部门|单位|当年)*预算(?:安排|数)(?:为|是)?" + AMOUNT.format("amount")
)
_RATE = re.compile(
    r"[比较](?P<year>20\d\d)年[^，。；\d]{0,20}?"
    r"(?:(?P<way>增加|增长|上升|提高|减少|下降|降低)了?(?P<rate>\d[\d,]*(?:\.\d+)?)[%％]|(?P<same>持平))"
)


@dataclass(frozen=True)
class _Compared:
    base: Money
    now: Money
    rate: re.Match[str]


def _comparisons(text: str) -> Iterator[_Compared]:
    """Base, present amount and rate of one paragraph, where all three are told."""
    bases, nows = list(_BASE.finditer(text)), list(_NOW.finditer(text))
    for rate in _RATE.finditer(text):
        base = [m for m in bases if m["year"] == rate["year"] and m.end() <= rate.start()]
        now = [m for m in nows if m["year"] > rate["year"] and m.end() <= rate.start()]
        if base and now:
            yield _Compared(money(base[-1], "amount"), money(now[-1], "amount"), rate)


@check
def base_and_rate(ctx: Context, rule: CheckRule) -> Iterator[Found]:
    """Direction and rate as told, against those that the two amounts give."""
    for said in ctx.prose():
        for c in _comparisons(said.text):
            if not c.base.yuan or _fits(c):
                continue
            real = _HUNDRED * (c.now.yuan - c.base.yuan) / c.base.yuan
            way = "增加" if real > 0 else "减少"
            told = said.paragraph.text[c.rate.start() : c.rate.end()]
            yield Found(
                said.line,
                [
                    f"文字称：{told}",
                    f"由{c.base.text}和{c.now.text}计算为{way}{abs(real).quantize(Decimal('0.01'))}%",
                ],
                [
                    p
                    for a, b in (
                        (c.base.start, c.base.end),
                        (c.now.start, c.now.end),
                        c.rate.span(),
                    )
                    for p in ctx.places(said, a, b)
                ],
            )


def _fits(c: _Compared) -> bool:
    base, now = c.base, c.now
    if c.rate["same"]:
        return base.agrees(now)
    printed = Decimal(c.rate["rate"].replace(",", ""))
    step = Decimal(1).scaleb(int(printed.as_tuple().exponent))
    told = printed if c.rate["way"] in ("增加", "增长", "上升", "提高") else -printed
    ends = [
        _HUNDRED
        * (now.yuan + a * now.half - (base.yuan + b * base.half))
        / (base.yuan + b * base.half)
        for a in (-1, 1)
        for b in (-1, 1)
        if base.yuan + b * base.half > 0
    ]
    # a rate may be rounded or cut off at its last printed place
    return min(ends) - step <= told <= max(ends) + step


@check
def two_amounts(ctx: Context, rule: CheckRule) -> Iterator[Found]:
    """An item opens with its amount and tells it again: the two are one."""
    for said in ctx.prose():
        for item, end in _items(said):
            opening = money(item, "amount")
            for m in _NOW.finditer(said.text, item.end(), end):
                again = money(m, "amount")
                if int(m["year"]) == ctx.year and not opening.agrees(again):
                    text = said.paragraph.text
                    yield Found(
                        said.line,
                        [
                            f"先称：{text[item.start('item') : item.end('amount_unit')]}",
                            f"又称：{text[m.start() : m.end('amount_unit')]}",
                        ],
                        [
                            *ctx.places(said, opening.start, opening.end),
                            *ctx.places(said, again.start, again.end),
                        ],
                    )


def _items(said: Said) -> Iterator[tuple[re.Match[str], int]]:
    """The items of a paragraph, each with where it ends (the next one, or the paragraph)."""
    found = list(ITEM.finditer(said.text))
    for n, m in enumerate(found):
        yield m, found[n + 1].start() if n + 1 < len(found) else len(said.text)


# -- text against tables -----------------------------------------------------------------
def _code_of(ctx: Context, form: FormView, item: re.Match[str]) -> str | None:
    """The functional code of an item: as printed, else the only one with these names."""
    if item["class_code"] and item["section_code"] and item["item_code"]:
        return item["class_code"] + item["section_code"] + item["item_code"]
    by_code = form.halves["expenditure"].by_code
    wanted = [label(item["class"]), label(item["section"]), label(item["item"])]
    hits = [
        code
        for code in by_code
        if len(code) == 7
        and [by_code[c].label if c in by_code else None for c in (code[:3], code[:5], code)]
        == wanted
    ]
    return hits[0] if len(hits) == 1 else None


@check
def item_in_table(ctx: Context, rule: CheckRule) -> Iterator[Found]:
    """The amount of an item is the one of its code in the table of expenditure."""
    form = ctx.form("T05", "T03")
    if form is None or "total" not in form.column:
        return
    for said in ctx.prose():
        for item, _ in _items(said):
            code = _code_of(ctx, form, item)
            row = form.halves["expenditure"].by_code.get(code) if code else None
            cell = form.cell(row.index, form.column["total"]) if row is not None else None
            if cell is None or cell.amount is None:
                continue
            told = money(item, "amount")
            printed = cell.amount * form.table.factor
            if abs(told.yuan - printed) <= max(told.half, form.unit / 2):
                continue
            text = said.paragraph.text
            yield Found(
                said.line,
                [
                    f"文字称：{text[item.start('item') : item.end('amount_unit')]}",
                    f"《{ctx.titles[form.form]}》{row.label if row else ''} {cell.text}"
                    f"（{_unit(form)}）",
                ],
                [*ctx.places(said, told.start, told.end), cell_place(cell)],
            )


def _unit(form: FormView) -> str:
    return "万元" if form.table.factor == 10_000 else "元"


_IN_WORD = re.compile(r"table (\d+) R(\d+)C(\d+)")


def cell_place(cell: Cell) -> Place:
    """Where a cell stands: page and box, or its sheet or table and the reference in it."""
    where = ""
    if cell.sheet:
        where = f"工作表“{cell.sheet}”{cell.reference or ''}"
    elif cell.reference:
        where = _IN_WORD.sub(r"第\1张表第\2行第\3列", cell.reference)
    return Place(page=cell.page, bbox=cell.bbox, where=where)


@check
def item_names(ctx: Context, rule: CheckRule) -> Iterator[Found]:
    """Class, section and item of a narrated item carry the names the tables print."""
    names = code_names(ctx)
    by_class = {n for code, ns in names.items() if len(code) == 3 for n in ns}
    if not by_class:
        return
    for said in ctx.prose():
        for item, _ in _items(said):
            code = ""
            for level in ("class", "section", "item"):
                part = item[f"{level}_code"]
                told = label(item[level])
                if part is None:
                    known = sorted(by_class) if level == "class" and told not in by_class else []
                else:
                    code += part
                    known = names.get(code, [])
                if known and told not in known:
                    a, b = item.span(level)
                    of = f"（{code}）" if part else ""
                    yield Found(
                        said.line,
                        [
                            f"文字称：{said.paragraph.text[a:b]}{of}",
                            f"预算表：{'、'.join(known)}{of}",
                        ],
                        ctx.places(said, a, b),
                    )


@check
def old_names(ctx: Context, rule: CheckRule) -> Iterator[Found]:
    """Classes under names given up by the official classification (its list is the catalogue's)."""
    binding = load_catalogue()["M-OLDNAME"].bind[0]
    since = int(binding.options["since"])
    if ctx.year is None or ctx.year < since:
        return
    old = {k: v for k, v in binding.options.items() if k != "since"}
    for said in ctx.prose():
        for name, new in old.items():
            for m in re.finditer(re.escape(name), said.text):
                yield Found(
                    said.line,
                    [f"文字称：{name}", f"现行名称：{new}"],
                    ctx.places(said, *m.span()),
                )
    if "M-OLDNAME" in ctx.catalogue.identities:
        return
    for form in ctx.view.forms.values():
        for x in form.halves["expenditure"].lines:
            if x.label in old and x.kind == "class":
                cell = form.cell(x.index, 0)
                yield Found(
                    form.form,
                    [f"《{ctx.titles[form.form]}》：{x.label}", f"现行名称：{old[x.label]}"],
                    [cell_place(cell)] if cell is not None else [],
                )


# -- punctuation -------------------------------------------------------------------------
_DOUBLED = re.compile(r"[，。；：、？！,;:]{2,}")
_ALLOWED = re.compile(r"[？！]{2,3}|\.{3,}|。{3,}")
_ENDS = re.compile(r"[。；：！？…:;!?）)】》”\"'’*%．.]$|[、，,—-]$")
_SENTENCE = re.compile(
    r"(?:原因|理由)(?:是|为|：|:)|用于|[比与较]20\d\d年.*(?:增加|减少|增长|下降|持平)"
)
_NUMBERED_TITLE = re.compile(
    r"^(?:第[一二三四五六七八九十]+部分|[（(]?[一二三四五六七八九十\d]{1,3}[）)、.．])"
)
_PAIRS = {"“": "”", "《": "》", "（": "）", "(": ")", "【": "】", "〔": "〕"}
_ENUMERATOR = re.compile(
    r"(?:^|[，。；：、:;\s])(?:[一二三四五六七八九十]{1,3}|\d{1,2}|[①-⑳a-zA-Z])[）)]"
)


@check
def doubled_marks(ctx: Context, rule: CheckRule) -> Iterator[Found]:
    for said in ctx.prose():
        text = said.paragraph.text
        for m in _DOUBLED.finditer(text):
            if not _ALLOWED.fullmatch(m[0]):
                a, b = m.span()
                yield Found(
                    said.line,
                    [f"连续标点“{m[0]}”：{_quote(said, a, b)}"],
                    ctx.places(said, max(0, a - 6), b),
                )


@check
def missing_end(ctx: Context, rule: CheckRule) -> Iterator[Found]:
    """A paragraph that reads as a sentence (a reason, a use, a comparison) and has no end mark."""
    for said in ctx.prose():
        text = said.paragraph.text
        if (
            not said.paragraph.ends_short
            or len(text) < 10
            or _ENDS.search(text)
            or not _SENTENCE.search(said.text)
        ):
            continue
        if _NUMBERED_TITLE.match(text) and not re.search(r"[，,。；]", text):
            continue
        end = len(text)
        yield Found(
            said.line, [f"段末没有句号：{_quote(said, max(0, end - 30), end)}"],
            ctx.places(said, max(0, end - 12), end),
        )  # fmt: skip


@check
def unpaired_marks(ctx: Context, rule: CheckRule) -> Iterator[Found]:
    """Quotation marks, title marks and brackets that open and do not close, or the other way.

    What a paragraph leaves open may be closed by the next of the same part: a page end, or a list,
    parts the two. A document whose font gives one sign for both quotation marks is not asked.
    """
    prose = list(ctx.prose())
    whole = "".join(s.paragraph.text for s in prose)
    lone = {"“", "”"} if whole.count("“") == 0 or whole.count("”") == 0 else set()
    odd: list[tuple[Said, int, str]] = []
    for said in prose:
        odd += [
            (said, at, sign) for at, sign in _odd_marks(said.paragraph.text) if sign not in lone
        ]
    n = 0
    while n < len(odd):
        said, at, sign = odd[n]
        if n + 1 < len(odd):
            after, _, other = odd[n + 1]
            near = 0 < after.number - said.number <= 2 and after.line == said.line
            if near and _PAIRS.get(sign) == other:
                n += 2
                continue
        what = "没有对应的后一半" if sign in _PAIRS else "没有对应的前一半"
        yield Found(
            said.line, [f"“{sign}”{what}：{_quote(said, at, at + 1)}"],
            ctx.places(said, max(0, at - 6), at + 1),
        )  # fmt: skip
        n += 1


def _odd_marks(text: str) -> list[tuple[int, str]]:
    """Places of signs without their other half; ``1）`` at the head of an item has none."""
    skipped = {m.end() - 1 for m in _ENUMERATOR.finditer(text)}
    alike = str.maketrans({"(": "（", ")": "）"})
    open_: list[tuple[int, str]] = []
    out: list[tuple[int, str]] = []
    for at, sign in enumerate(text.translate(alike)):
        if sign in _PAIRS:
            open_.append((at, sign))
        elif sign in _PAIRS.values():
            if open_ and _PAIRS[open_[-1][1]] == sign:
                open_.pop()
            elif any(_PAIRS[s] == sign for _, s in open_):
                while _PAIRS[open_[-1][1]] != sign:
                    out.append(open_.pop())
                open_.pop()
            elif at not in skipped:
                out.append((at, sign))
    return sorted([*out, *open_])
