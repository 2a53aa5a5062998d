"""Running text as checks read it: sections of the sheet, statements of amounts, subjects."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from expectations.catalogue import Catalogue, template_catalogue
from expectations.catalogue.view import DocumentView, FormView, tidy_label
from inspection.model import Place
from inspection.rules import LineRule, Rules
from parsers.draft import Draft, Paragraph
from parsers.forms import family_of
from parsers.narrative import clean
from parsers.textflow import plain

UNITS = {"亿元": Decimal(100_000_000), "万元": Decimal(10_000), "元": Decimal(1)}
_LONGEST_HEADING = 45
_NO_HEADING = re.compile(r"[。；;！？，,]$|[。；]|[:：]$|万元|原因[是为]|用于")

AMOUNT = r"(?P<{0}>\d[\d,]*(?:\.\d+)?)(?P<{0}_unit>亿元|万元|元)"
# 公共安全支出（204类）司法（06款）行政运行（01项）1672.67万元 · “…（类）…（款）…（项）”25.77万元
ITEM = re.compile(
    r"(?P<class>[^()、.“”\"，。；\d]+)\((?P<class_code>\d{3})?类\)"
    r"(?P<section>[^()“”，。；]+(?:\([^()款]*\)[^()]*)*)\((?P<section_code>\d{2})?款\)"
    r"(?P<item>[^()“”，。；]+(?:\([^()项]*\)[^()]*)*)\((?P<item_code>\d{2})?项\)"
    r"[“”\"]?" + AMOUNT.format("amount")
)


@dataclass(frozen=True)
class Money:
    """An amount in running text: 元, half of its printed step, and where it stands."""

    text: str
    yuan: Decimal
    half: Decimal
    start: int
    end: int

    def agrees(self, other: Money) -> bool:
        return abs(self.yuan - other.yuan) <= max(self.half, other.half)


def money(match: re.Match[str], name: str) -> Money:
    """The amount matched by :data:`AMOUNT` under ``name``."""
    printed, unit = match[name], match[f"{name}_unit"]
    value = Decimal(printed.replace(",", ""))
    # 40.00 is often printed as 40: a step of two places at least
    places = max(2, -int(value.as_tuple().exponent)) if unit != "元" else 2
    return Money(
        text=printed + unit,
        yuan=value * UNITS[unit],
        half=Decimal(1).scaleb(-places) * UNITS[unit] / 2,
        start=match.start(name),
        end=match.end(f"{name}_unit"),
    )


@dataclass(frozen=True)
class Said:
    """A paragraph with the line of the sheet it belongs to; ``text`` has plain signs."""

    line: str
    paragraph: Paragraph
    text: str
    number: int
    is_heading: bool


@dataclass
class Context:
    """All that a check looks at."""

    draft: Draft
    rules: Rules
    lines: list[LineRule]
    catalogue: Catalogue
    view: DocumentView
    texts: list[Said] = field(default_factory=list)
    titles: dict[str, str] = field(default_factory=dict)

    @property
    def year(self) -> int | None:
        return self.draft.document.document.year

    @property
    def images(self) -> set[int]:
        """Pages whose text was recognised: what they say may be misread."""
        return {p.number for p in self.draft.pages if p.is_image}

    def prose(self) -> Iterator[Said]:
        """Running text of the parts of the document, without headings and captions of tables."""
        texts = {x.id for x in self.lines if x.kind == "text"}
        return (s for s in self.texts if s.line in texts and not s.is_heading)

    def places(self, said: Said, start: int, end: int) -> list[Place]:
        found = said.paragraph.places(start, end)
        if self.draft.kind != "pdf":
            return [self.office_place(said.paragraph.page, f"第{said.number}段")]
        return [Place(page=page, bbox=box) for page, box in found]

    def office_place(self, page: int, where: str) -> Place:
        name = next((p.name for p in self.draft.pages if p.number == page), None)
        return Place(page=page, where=f"工作表“{name}”" if name else where)

    def form(self, *names: str) -> FormView | None:
        """The first of these forms that the document has, filled."""
        for name in names:
            view = self.view.forms.get(name)  # type: ignore[call-overload]
            if view is not None and view.filled:
                return view  # type: ignore[no-any-return]
        return None


def context(draft: Draft, rules: Rules) -> Context:
    """Sections found, forms bound."""
    document = draft.document
    template = document.document.template if draft.problem is None else None
    catalogue = template_catalogue(document.document.template)
    view = DocumentView(document, catalogue.columns, catalogue.labels)
    lines = list(_expanded(rules, template))
    made = Context(draft, rules, lines, catalogue, view)
    made.titles = {t.id: t.title for t in document.tables}
    made.texts = list(_sectioned(made))
    return made


def _expanded(rules: Rules, template: str | None) -> Iterator[LineRule]:
    """The lines of a template; its forms each with a line of their own."""
    for line in rules.template(template).lines:
        if line.kind != "form" or template is None:
            yield line
            continue
        for form in family_of(template).forms.values():
            yield LineRule(id=form.id, title=line.title.format(name=form.name_zh), kind="form")


def _sectioned(ctx: Context) -> Iterator[Said]:
    titles = {plain(t): form for form, t in ctx.titles.items()}
    line, seen = "cover", False
    contents = set(ctx.draft.contents_pages)
    for n, p in enumerate(ctx.draft.paragraphs, start=1):
        heading = _heading(p)
        if heading is not None and p.page not in contents:
            form = titles.get(plain(heading))
            named = next((x.id for x in ctx.lines if x.kind == "text" and x.begins(heading)), None)
            # what stands between the heading of a form and the next is a caption or a note
            found = form or named
            if found is not None:
                line, seen = found, True
        elif not seen and ctx.draft.contents_pages and p.page > max(contents):
            line = "layout"
        yield Said(line, p, clean(p.text), n, heading is not None)


def _heading(p: Paragraph) -> str | None:
    if not p.is_line and len(p.text) > _LONGEST_HEADING // 2:
        return None
    if len(p.text) > _LONGEST_HEADING or _NO_HEADING.search(p.text):
        return None
    return p.text


def code_names(ctx: Context) -> dict[str, list[str]]:
    """Every functional code of the document's tables with the names they print for it."""
    out: dict[str, list[str]] = {}
    for form in ctx.view.forms.values():
        if form.form in ("T06", "T10"):
            continue
        for x in form.halves["expenditure"].lines:
            if x.code is not None and x.label not in out.setdefault(x.code, []):
                out[x.code].append(x.label)
    return out


def label(text: str) -> str:
    return tidy_label(text)
