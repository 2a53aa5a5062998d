"""Whose budget it is, of which year and phase: what cover, contents and titles say.

File names and link texts are never asked: they are often wrong. The cover wins over the
titles of the tables, those over the running text; ``Cover.evidence`` says where each came from.
The rules are data: ``parsers/text/cover.yml``.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from typing import Literal, cast

from parsers.document import Dropped, Phase, Scope, Warning_
from parsers.page import Grid, Page, TextLine
from parsers.textflow import (
    chinese_number,
    fold,
    load_rules,
    plain,
    run_of_cell,
    squeeze,
    union_boxes,
)

Kind = Literal["forms", "narrative_only", "template", "notice", "other", "unreadable"]

_FORMS_NEEDED = 3
_NARRATIVES_NEEDED = 3
_FRAME_CELLS = 3
_NAME_LENGTH = 60  # the longest name of a body seen has 34 signs
_TITLE_PAGES_LIMIT = 4  # a page with more titles than this is a list of contents


@dataclass(slots=True)
class ContentsEntry:
    """One line of the list of contents (目录)."""

    title: str
    page: int | None = None


@dataclass(slots=True)
class Cover:
    """What the document says about itself; null where it is not printed.

    ``county`` is the county-level place alone (屯留区), ``city`` the prefecture or municipality
    before it (长治市). ``kind`` says what the document holds; ``is_disclosure`` is true for
    ``forms`` and ``narrative_only``; ``reason`` says why.
    """

    county: str | None = None
    department: str | None = None
    subtitle: str | None = None
    year: int | None = None
    phase: Phase = "other"
    scope: Scope = "unknown"
    kind: Kind = "other"
    is_disclosure: bool = False
    reason: str = ""
    province: str | None = None
    city: str | None = None
    contents: list[ContentsEntry] = field(default_factory=list)
    contents_pages: list[int] = field(default_factory=list)
    form_titles: list[tuple[int, str]] = field(default_factory=list)
    evidence: dict[str, str] = field(default_factory=dict)
    warnings: list[Warning_] = field(default_factory=list)
    dropped: list[Dropped] = field(default_factory=list)


@cache
def _rx(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def _rules() -> dict[str, object]:
    return cast("dict[str, object]", load_rules("cover"))


def _pattern(name: str) -> re.Pattern[str]:
    return _rx(str(_rules()[name]))


def _list(name: str) -> list[str]:
    return cast("list[str]", _rules()[name])


@cache
def _provinces() -> tuple[str, ...]:
    return tuple(str(_rules()["provinces"]).split())


@cache
def _prefectures() -> tuple[str, ...]:
    return tuple(c + "市" for c in str(_rules()["prefectures"]).split())


# --------------------------------------------------------------------------- places
_PARTY = re.compile(
    r"^(?:中国共产党|中共|中国人民政治协商会议|政协|中国共产主义青年团|共青团|中国国民党革命委员会)"
)
_COUNTY = re.compile(r"^(?P<name>[一-龥]{1,6}?(?:自治县|自治旗|县|区|旗|市))")
_STATE = re.compile(r"^(?P<name>[一-龥]{2,12}?(?:自治州|盟|地区))")
_NOT_CITY = re.compile(r"(?:城|都|超|地|全|本|各|门|上)市$")


@dataclass(slots=True, frozen=True)
class Places:
    province: str | None = None
    city: str | None = None
    county: str | None = None


def places_of(name: str) -> Places:
    """Province, prefecture and county printed at the head of a body's name.

    中国共产党长治市屯留区委办公室 → 长治市, 屯留区; 高平市教育局 → 高平市 as county-level city.
    """
    rest = _PARTY.sub("", plain(name))
    province = next((p for p in _provinces() if rest.startswith(p)), None)
    if province:
        rest = rest[len(province) :]
    city = next((c for c in _prefectures() if rest.startswith(c)), None)
    if city is None and (m := _STATE.match(rest)):
        city = m["name"]
    if city:
        rest = rest[len(city) :]
    elif province and province.endswith("市"):
        city = province
    county = _county_at(rest)
    if county and county.endswith("市") and city is None:
        below = _county_at(rest[len(county) :])
        if below and not below.endswith("市"):
            return Places(province, county, below)
    return Places(province, city, county)


def _county_at(rest: str) -> str | None:
    m = _COUNTY.match(rest)
    if not m:
        return None
    name = m["name"]
    if _pattern("not_county").search(name) or _NOT_CITY.search(name):
        return None
    after = rest[m.end() :]
    if name.endswith("区") and after.startswith(("街道", "社区", "分局", "管理处", "服务站")):
        return None
    return name


# --------------------------------------------------------------------------- lines
def _page_lines(page: Page, *, grid_rows: int = 0) -> list[tuple[str, TextLine | None]]:
    """Folded lines of a page top to bottom, with the first rows of its grids on demand."""
    if grid_rows not in page.said:
        page.said[grid_rows] = list(_fold_lines(page, grid_rows))
    return page.said[grid_rows]


def _fold_lines(page: Page, grid_rows: int) -> Iterator[tuple[str, TextLine | None]]:
    for item in page.flow():
        if isinstance(item, Grid):
            if grid_rows:
                first = [c for c in item.cells if c.row < grid_rows and c.words]
                for c in sorted(first, key=lambda c: (c.row, c.col)):
                    yield fold(run_of_cell(c, page.number).text), None
            elif sum(1 for c in item.cells if c.words) <= _FRAME_CELLS:
                # a frame around running text (a cover, a list of contents) is no table
                for c in item.cells:
                    yield from ((plain(x), None) for x in c.lines if plain(x))
        else:
            text = plain(item.text)
            if text:
                yield text, item


def _as_printed(value: str, pages: list[tuple[str, str]]) -> str:
    """A folded value with the printed forms of its signs, e.g. full-width brackets."""
    for printed, folded in pages:
        at = folded.find(value)
        if at >= 0:
            return printed[at : at + len(value)]
    return value


def _printed_page(page: Page) -> tuple[str, str]:
    """All signs of a page without blanks: as printed, and folded."""
    texts = []
    for item in page.flow():
        if isinstance(item, TextLine):
            texts.append(squeeze(item.text))
        else:
            texts += [squeeze(x) for c in item.cells for x in c.lines]
    printed = "".join(texts)
    return printed, fold(printed)


def _first_page(pages: list[Page]) -> Page | None:
    return next((p for p in pages if any(squeeze(x.text) for x in p.lines) or p.grids), None)


def _is_form_title(text: str) -> bool:
    return bool(_pattern("title_end").search(text)) and any(
        _rx(p).search(text) for p in cast("dict[str, str]", _rules()["forms"]).values()
    )


def _cover_lines(page: Page, cover: Cover) -> list[tuple[str, TextLine | None]]:
    """The lines of a cover; none where the first page is no cover."""
    out: list[tuple[str, TextLine | None]] = []
    end, noise = _pattern("cover_end"), [_rx(p) for p in _list("cover_noise")]
    person, unit = _pattern("person"), _pattern("unit_line")
    for text, line in _page_lines(page):
        if (
            end.search(text)
            or unit.search(text)
            or len(out) >= cast("int", _rules()["cover_lines"])
        ):
            break
        if (m := person.search(text)) is not None:
            if line is not None and m["value"]:
                cover.dropped.append(
                    Dropped(kind="person", page=page.number, bbox=union_boxes([line.bbox]))
                )
            continue
        if any(n.search(text) for n in noise) or _is_form_title(text):
            continue
        out.append((text, line))
    joined = "".join(t for t, _ in out)
    return out if _pattern("cover_must").search(joined) else []


def _owner(text: str) -> str | None:
    for m in _pattern("owner").finditer(text):
        value = re.sub(r"^[.。,;]+|[.。,;]+$", "", m["owner"])
        if value and not _pattern("owner_not").search(value):
            return value
    return None


def _year_in(text: str) -> int | None:
    m = _pattern("year").search(text)
    if not m:
        return None
    y = m["year"]
    return int(y) if y.isdecimal() else chinese_number(y)


# --------------------------------------------------------------------------- contents
def _read_contents(pages: list[Page], cover: Cover) -> None:
    head = _rx(cast("dict[str, str]", _rules()["contents"])["head"])
    leader = _rx(cast("dict[str, str]", _rules()["contents"])["leader"])
    entry = _rx(cast("dict[str, str]", _rules()["contents"])["entry"])
    item = _rx(cast("dict[str, str]", _rules()["contents"])["item"])
    unit = _pattern("unit_line")
    started = False
    pending = ""
    for page in pages[:8]:
        texts = [t for t, _ in _page_lines(page)]
        if not started:
            at = next((n for n, t in enumerate(texts) if head.search(t)), None)
            if at is None:
                continue
            started = True
            rest = head.sub("", texts[at])
            texts = ([rest] if rest else []) + texts[at + 1 :]
        elif any(t.endswith("。") or unit.search(t) for t in texts) or 2 * sum(
            bool(item.search(t) or leader.search(t)) for t in texts
        ) < len(texts):
            break
        cover.contents_pages.append(page.number)
        leaders = any(leader.search(t) for t in texts)
        for text in texts:
            if re.fullmatch(r"[-—–_]*\d{0,3}[-—–_]*", text):
                continue
            t = text
            if pending and not item.match(t):
                t = pending + t
            elif pending:
                cover.contents.append(ContentsEntry(leader.sub("", pending)))
            pending = ""
            m = entry.match(t)
            if m:
                cover.contents.append(
                    ContentsEntry(leader.sub("", m["title"]).strip(".…·"), int(m["page"]))
                )
            elif leaders and not leader.search(t):
                pending = t  # a title that runs on in the next line
            else:
                cover.contents.append(ContentsEntry(leader.sub("", t)))
    if pending:
        cover.contents.append(ContentsEntry(pending))


# --------------------------------------------------------------------------- titles
def _form_titles(pages: list[Page], cover: Cover) -> set[str]:
    """Titles of budget or final-account forms that stand over a table; families found."""
    families: set[str] = set()
    for page in pages:
        if page.number in cover.contents_pages:
            continue
        found = _titles_on(page)
        families.update(name for name, _ in found)
        cover.form_titles += [(page.number, t) for t in dict.fromkeys(t for _, t in found)]
    return families


def _titles_on(page: Page) -> list[tuple[str, str]]:
    """Families and titles of the forms whose tables stand on a page."""
    if page.titles is None:
        page.titles = list(_find_titles(page))
    return page.titles


def _find_titles(page: Page) -> Iterator[tuple[str, str]]:
    forms = cast("dict[str, str]", _rules()["forms"])
    limit = cast("int", _rules()["title_length"])
    title_end, unit = _pattern("title_end"), _pattern("unit_line")
    texts = [t for t, _ in _page_lines(page, grid_rows=3)]
    joined = [a + b for a, b in pairwise(texts) if len(b) <= 6 and not title_end.search(a)]
    found = [
        (name, t)
        for t in [*texts, *joined]
        if len(t) <= limit and title_end.search(t)
        for name, p in forms.items()
        if _rx(p).search(t)
    ]
    if not found or len({t for _, t in found}) > _TITLE_PAGES_LIMIT:
        return
    if page.grids or any(unit.search(t) for t in texts):
        yield from found


def _narrative_heads(pages: list[Page], cover: Cover) -> int:
    heads = [_rx(p) for p in _list("narrative_heads")]
    seen: set[int] = set()
    for page in pages:
        if page.number in cover.contents_pages:
            continue
        for t, _ in _page_lines(page):
            if len(t) <= 60 and not t.endswith(("。", ";")):
                seen.update(n for n, h in enumerate(heads) if h.search(t))
    return len(seen)


# --------------------------------------------------------------------------- parts of the cover
def _split_cover(lines: list[tuple[str, TextLine | None]], cover: Cover) -> None:
    """Body's name and subtitle from the lines of the cover."""
    owner = None
    texts: list[str] = []
    for t, _ in lines:
        if (o := _owner(t)) is not None:
            owner = owner or o
        else:
            texts.append(t)
    joined = "".join(texts)
    best = max(
        (m for m in _pattern("subtitle").finditer(joined) if re.search(r"部门|单位|年|级", m[0])),
        key=lambda m: len(m[0]),
        default=None,
    )
    rest = joined
    if best:
        subtitle, rest = best[0], joined[: best.start()] + joined[best.end() :]
        years = list(_pattern("year").finditer(rest))
        for m in reversed(years):
            end = m.end() + (1 if rest[m.end() : m.end() + 1] == "度" else 0)
            if not _pattern("year").search(subtitle):
                subtitle = rest[m.start() : end] + subtitle
            rest = rest[: m.start()] + rest[end:]
        cover.subtitle = subtitle
        cover.year = _year_in(subtitle)
        if cover.year:
            cover.evidence["year"] = "cover"
    if owner:
        cover.department, cover.evidence["department"] = owner, "cover: owner line"
    elif 3 <= len(rest) <= _NAME_LENGTH:
        cover.department, cover.evidence["department"] = rest, "cover"
    if places := places_of(rest or owner or ""):
        cover.province, cover.city = places.province, places.city


def _organisation_elsewhere(pages: list[Page], cover: Cover) -> None:
    """Without a cover: owner lines over the tables, then the cell beside 部门名称."""
    votes: Counter[str] = Counter()
    for page in pages:
        if page.number in cover.contents_pages:
            continue
        for t, _ in _page_lines(page):
            if len(t) <= 80 and (o := _owner(t)) is not None:
                votes[o] += 1
    if votes:
        cover.department = votes.most_common(1)[0][0]
        cover.evidence["department"] = "owner lines of the tables"
        return
    label = _pattern("owner_cells")
    for page in pages:
        for grid in page.grids:
            for c in grid.cells:
                if label.search(plain(c.text)):
                    right = grid.cell_at(c.row, c.col + c.colspan)
                    name = re.sub(r"^[0-9]+[-—]", "", plain(right.text)) if right else ""
                    if len(name) >= 3 and _pattern("body_ends").search(name):
                        cover.department = name
                        cover.evidence["department"] = "cell 部门名称"
                        return
    # a body named in a line of its own between table titles
    for page in pages:
        for t, _ in _page_lines(page):
            if len(t) <= 40 and _pattern("body_ends").search(t) and places_of(t) != Places():
                votes[t] += 1
    if votes and votes.most_common(1)[0][1] >= 2:
        cover.department = votes.most_common(1)[0][0]
        cover.evidence["department"] = "repeated line of the tables"


def _county(pages: list[Page], cover: Cover) -> None:
    """County from the body's name, else from performance titles, else from owner lines."""
    named = places_of(cover.department or "")
    cover.province = named.province or cover.province
    cover.city = named.city or cover.city
    titled: Counter[str] = Counter()
    owners: Counter[str] = Counter()
    for page in pages:
        for t, _ in _page_lines(page, grid_rows=1):
            m = _pattern("performance_title").search(t)
            if m and m["county"]:
                titled[m["county"]] += 1
            elif len(t) <= 80 and (o := _owner(t)) is not None and (c := places_of(o).county):
                owners[c] += 1
    for county, source in (
        (named.county, "name of the body"),
        (titled.most_common(1)[0][0] if titled else None, "titles of the performance tables"),
        (owners.most_common(1)[0][0] if owners else None, "owner lines of the tables"),
        (places_of(cover.subtitle or "").county, "cover"),
    ):
        if county:
            cover.county, cover.evidence["county"] = county, source
            break
    others = [c for c in titled if cover.county and c != cover.county]
    if others:
        cover.warnings.append(
            Warning_(
                code="county_differs",
                message=f"the performance tables name {'、'.join(others)}, "
                f"the {cover.evidence['county']} says {cover.county}",
                where="county",
            )
        )


def _year(pages: list[Page], cover: Cover) -> None:
    """Year from the cover, else the titles, else the performance tables, else the text."""
    titles: Counter[int] = Counter()
    for _, t in cover.form_titles:
        if y := _year_in(t):
            titles[y] += 1
    if cover.year is None and titles:
        cover.year, cover.evidence["year"] = titles.most_common(1)[0][0], "titles of the tables"
    elif cover.year is not None and titles and titles.most_common(1)[0][0] != cover.year:
        cover.warnings.append(
            Warning_(
                code="year_differs",
                message=f"the titles of the tables say {titles.most_common(1)[0][0]}, "
                f"the cover says {cover.year}",
                where="year",
            )
        )
    if cover.year is not None:
        return
    tables: Counter[int] = Counter()
    said: Counter[int] = Counter()
    for page in pages:
        for t, _ in _page_lines(page, grid_rows=2):
            if len(t) <= 16 and (m := _pattern("performance_year").search(t)):
                tables[int(m["year"])] += 1
            elif re.search(r"部门预算|单位预算|部门决算|单位决算|预算", t) and (y := _year_in(t)):
                said[y] += 1
    for votes, source in ((tables, "performance tables"), (said, "running text")):
        if votes:
            cover.year, cover.evidence["year"] = votes.most_common(1)[0][0], source
            return


def _phase_and_scope(cover: Cover, heads: list[str], pages: list[Page]) -> None:
    for texts, source in (
        ([cover.subtitle or ""], "cover"),
        ([t for _, t in cover.form_titles], "titles of the tables"),
        ([e.title for e in cover.contents], "contents"),
        (heads, "first lines"),
    ):
        for rule in cast("list[dict[str, str]]", _rules()["phases"]):
            if any(_rx(rule["pattern"]).search(t) for t in texts):
                cover.phase = cast("Phase", rule["phase"])
                cover.evidence["phase"] = source
                break
        if "phase" in cover.evidence:
            break
    if cover.kind in ("other", "notice", "unreadable"):
        cover.phase = "other"
    named = (cover.department or "") + (cover.subtitle or "")
    whole = [t for p in pages for t, _ in _page_lines(p, grid_rows=1) if "整体" in t]
    for source, texts, rules in (
        ("cover", [named, *heads[:8]], "scopes"),
        ("titles of the tables", [t for _, t in cover.form_titles], "scope_titles"),
        ("contents", [e.title for e in cover.contents], "scopes"),
        ("owner lines of the tables", heads, "scope_titles"),
        ("titles of the performance tables", whole, "scope_performance"),
        ("name of the body", [cover.department or ""], "scope_names"),
    ):
        for rule in cast("list[dict[str, str]]", _rules()[rules]):
            if any(_rx(rule["pattern"]).search(t) for t in texts):
                cover.scope = cast("Scope", rule["scope"])
                cover.evidence["scope"] = source
                return


def _superior(pages: list[Page], cover: Cover) -> None:
    """A form whose column 部门名称 holds one other body alone is published by a unit of that body.

    Small bodies call their own budget 部门预算 too; counted as a department it would be counted
    twice.
    """
    if cover.scope != "department" or not cover.department:
        return
    mine = _bare_name(cover.department)
    label, ends = _pattern("superior_column"), _pattern("body_ends")
    with_forms = {number for number, _ in cover.form_titles}
    for page in pages:
        for grid in page.grids if page.number in with_forms else ():
            heads = [c for c in grid.cells if c.row < 3 and label.search(plain(c.text))]
            for head in heads:
                below = {
                    re.sub(r"^[0-9]+[-—]?", "", plain(c.text))
                    for c in grid.cells
                    if c.row > head.row and c.col == head.col
                } - {"", "合计", "总计"}
                if len(below) != 1 or places_of(name := below.pop()) == Places():
                    continue
                bare = _bare_name(name)
                if not ends.search(name) or bare in mine or mine in bare:
                    continue
                cover.scope, cover.evidence["scope"] = "unit", "department column of a form"
                cover.warnings.append(
                    Warning_(
                        code="superior_named",
                        message=f"a form names {name} as the department: this is the budget of "
                        "one of its units, though it calls itself 部门预算",
                        page=page.number,
                        where="scope",
                    )
                )
                return


def _bare_name(name: str) -> str:
    """A body's name without the party or the places it begins with."""
    rest = _PARTY.sub("", plain(name))
    for place in (*_provinces(), *_prefectures()):
        rest = rest.removeprefix(place)
    if m := _COUNTY.match(rest):
        rest = rest[m.end() :] if len(rest) - m.end() >= 2 else rest
    return rest


def _reporting_body(cover: Cover, heads: list[str]) -> None:
    """The body that a report is on: 2023年度…支队 over the title …绩效评价结果.

    A name without a year is of the office that sends a notice to others.
    """
    ends = _pattern("body_ends")
    for t in heads[:12]:
        if _pattern("notice").search(t):
            return
        year = _pattern("year").match(t)
        name = t[year.end() :].removeprefix("度") if year else ""
        if 4 <= len(name) <= _NAME_LENGTH and ends.search(name) and places_of(name) != Places():
            cover.department, cover.evidence["department"] = name, "line over the title"
            cover.year, cover.evidence["year"] = _year_in(t), "line over the title"
            return


def _kind(pages: list[Page], cover: Cover, families: set[str], heads: list[str]) -> None:
    """What the document holds, and why we think so."""
    text_pages = [p for p in pages if p.has_text and (p.lines or p.grids)]
    if not text_pages:
        cover.kind = "unreadable"
        cover.reason = "no page has a text layer: only recognition of the images can tell"
        return
    placeholders = sum(
        len(_pattern("placeholder").findall(t))
        for p in pages
        for t, _ in _page_lines(p, grid_rows=2)
    )
    narratives = _narrative_heads(pages, cover)
    notice = next((t for t in heads[:12] if _pattern("notice").search(t)), None)
    head = cover.subtitle is not None
    if placeholders >= cast("int", _rules()["placeholder_share"]):
        cover.kind = "template"
        cover.reason = f"{placeholders} placeholders (XX) instead of names: a form to be filled in"
    elif len(families) >= _FORMS_NEEDED:
        cover.kind, cover.is_disclosure = "forms", True
        cover.reason = f"{len(families)} forms over tables: {', '.join(sorted(families))}"
    elif notice:
        cover.kind = "notice"
        cover.reason = f"begins as a notice or a report ({notice[:40]}) and has no forms"
    elif narratives >= _NARRATIVES_NEEDED and (head or families):
        cover.kind, cover.is_disclosure = "narrative_only", True
        cover.reason = f"{narratives} sections of a narrative (情况说明), but no forms"
    elif head and families:
        cover.kind, cover.is_disclosure = "forms", True
        cover.reason = f"cover of a budget and the forms {', '.join(sorted(families))}"
    else:
        cover.kind = "other"
        cover.reason = (
            f"{len(families)} forms, {narratives} sections of a narrative, "
            f"{'a' if head else 'no'} cover of a budget: no disclosure"
        )


def parts_of(pages: list[Page]) -> list[tuple[int, int]]:
    """The documents of a file as first and one past the last index of their pages.

    One, but where behind the forms of one body stand those of another (a department's budget with
    its units' budgets in one file): a further cover with forms of its own begins a document, and
    so do, without a cover, forms that begin anew under another owner (部门名称).
    """
    starts = [0]
    for k in range(1, len(pages)):
        if _is_cover(pages[k]) and _has_forms(pages[starts[-1] : k]) and _has_forms(pages[k:]):
            starts.append(k)
    ends = [*starts[1:], len(pages)]
    starts += [k for a, b in zip(starts, ends, strict=True) for k in _begun_anew(pages, a, b)]
    starts.sort()
    return list(zip(starts, [*starts[1:], len(pages)], strict=True))


def _begun_anew(pages: list[Page], first: int, end: int) -> list[int]:
    """Where, between two covers, the first form comes once more and names another owner."""
    out: list[int] = []
    owners: dict[str, str] = {}  # of the forms of the document at hand
    last = first
    for k in range(first, end):
        titles = [_YEAR.sub("", title) for _, title in _titles_on(pages[k])]
        if not titles:
            continue
        lines = _page_lines(pages[k], grid_rows=3)
        owner = next((o for t, _ in lines if (o := _owner(t))), "")
        opening = next(iter(owners), None)
        if (
            opening in titles
            and len(owners) >= _FORMS_NEEDED
            and owner
            and owners[opening] not in ("", owner)
            and _has_forms(pages[k:end])
        ):
            out.append(_first_of(pages, last + 1, k))
            owners = {}
        for title in titles:
            owners.setdefault(title, owner)
        last = k
    return out


_YEAR = re.compile(r"20\d\d年?度?")


def _first_of(pages: list[Page], low: int, forms: int) -> int:
    """The first page of the document whose forms begin on page ``forms``: its contents, part one."""
    head = _rx(cast("dict[str, str]", _rules()["contents"])["head"])
    for k in range(low, forms):
        if any(head.search(t) or t.startswith("第一部分") for t, _ in _page_lines(pages[k])):
            before = pages[k - 1]
            is_title = k > low and not before.grids and 0 < len(before.lines) <= _COVER_LINES_MOST
            return k - 1 if is_title and _title_page(before) else k
    return forms


def _title_page(page: Page) -> bool:
    """Does the page say a year and a budget, and no sentence?"""
    texts = [t for t, _ in _page_lines(page)]
    return _pattern("cover_must").search("".join(texts)) is not None and not any(
        t.endswith("。") for t in texts
    )


_COVER_LINES_MOST = 10


def _is_cover(page: Page) -> bool:
    """A page with little more than a body's name and the year of its budget."""
    if page.grids or not 2 <= len(page.lines) <= _COVER_LINES_MOST:
        return False
    cover = Cover()
    lines = _cover_lines(page, cover)
    if lines:
        _split_cover(lines, cover)
    return (
        cover.subtitle is not None
        and cover.year is not None
        and _pattern("body_ends").search(plain(cover.department or "")) is not None
    )


def _has_forms(pages: list[Page]) -> bool:
    return len(_form_titles(pages, Cover())) >= _FORMS_NEEDED


def read_cover(pages: list[Page]) -> Cover:
    """What the document says it is. Pure: nothing but the pages is asked.

    Personal names on a cover (审签情况) are in ``dropped``, never in a value.
    """
    cover = Cover()
    first = _first_page(pages)
    if first is None:
        cover.kind = "unreadable"
        cover.reason = "no page has a text layer: only recognition of the images can tell"
        return cover
    _read_contents(pages, cover)
    lines = _cover_lines(first, cover)
    if lines:
        _split_cover(lines, cover)
    families = _form_titles(pages, cover)
    if cover.department is None:
        _organisation_elsewhere(pages, cover)
    opening = {p.number: _printed_page(p) for p in pages[:8]}
    if cover.department:
        cover.department = _as_printed(cover.department, list(opening.values()))
    if cover.subtitle:
        cover.subtitle = _as_printed(cover.subtitle, list(opening.values()))
    listed = [opening[n] for n in cover.contents_pages]
    for entry in cover.contents:
        entry.title = _as_printed(entry.title, listed)
    heads = [t for p in pages[:3] for t, _ in _page_lines(p)]
    _kind(pages, cover, families, heads)
    if not cover.is_disclosure and not _pattern("body_ends").search(plain(cover.department or "")):
        cover.department = None
    if cover.kind == "notice" and cover.department is None:
        _reporting_body(cover, heads)
    _county(pages, cover)
    _year(pages, cover)
    _phase_and_scope(cover, [t for t, _ in lines] + heads, pages)
    _superior(pages, cover)
    return cover


__all__ = ["ContentsEntry", "Cover", "Kind", "Places", "parts_of", "places_of", "read_cover"]
