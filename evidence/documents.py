"""The pages of one document: its forms, its pages with boxes, its checks, its findings.

:func:`facts` asks the published copy (one thread); :func:`make` reads, draws and renders (any
thread), and gives files by name. Nothing here writes.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from evidence import charts
from evidence.firsts import Sentence, project_anchor, sentences
from evidence.pages import HEAVIEST, PART_ROWS, page, place_of
from evidence.places import class_anchor, measure_anchor, row_anchor
from evidence.policy import ImageDecision, Policy
from evidence.source import Document, Published, Row
from evidence.view import (
    WAN,
    Box,
    Crop,
    DiffersError,
    FormView,
    boxes,
    crops,
    figure_name,
    figure_names,
    form_views,
    instance_of,
    masks,
    money,
    places,
    whole_page_masks,
)
from evidence.words import SOURCES
from expectations.catalogue.targets import PART_FIELDS
from parsers.document import BBox, IdentityTerm, ParsedDocument, ParseRecord
from parsers.errors import DocumentError
from parsers.render import PictureRequest
from parsers.worker import Limits, render_isolated

if TYPE_CHECKING:
    from expectations.findings import Finding

__all__ = ["DocumentPages", "Facts", "facts", "make"]

PROJECTS_SHOWN = 10
TERMS_SHOWN = 8
PAGE_SCALE, CROP_SCALE = 1.9, 2.4


@dataclass
class Facts:
    """What the published copy says of one document."""

    document: Document
    policy: Policy
    findings: list[Finding]
    amounts: dict[tuple[str, int, int], Row]
    summary: Row
    comparisons: dict[str, Row]
    projects: list[Row]
    subjects: list[Row]
    results: list[Row]
    targets: list[Row]
    staff: list[Row]
    three_public: list[Row]
    restatements: list[Row]
    versions: list[Document]
    forms: dict[str, Row]
    titles: dict[str, Any]
    organisation: Row | None


@dataclass
class DocumentPages:
    """Files by name below the site's root. ``kept``: files of an earlier build that still hold;
    ``places``: measure, or form and row of a project → address of its figure in the folder."""

    files: dict[str, bytes] = field(default_factory=dict)
    kept: list[str] = field(default_factory=list)
    pictures: dict[str, Any] = field(default_factory=dict)
    findings: dict[str, Any] = field(default_factory=dict)
    checks: dict[str, str] = field(default_factory=dict)
    moved: list[str] = field(default_factory=list)
    quotes: list[tuple[str, list[str]]] = field(default_factory=list)
    places: dict[str, str] = field(default_factory=dict)
    drawn: int = 0
    held: str = ""
    problems: list[str] = field(default_factory=list)


def facts(
    published: Published, asked: Sequence[Document], findings: Mapping[str, Sequence[Finding]]
) -> list[Facts]:
    """Ask everything about some documents. ``findings`` by document_id."""
    ids = [d.document_id for d in asked]
    projects, results = published.projects(ids), published.identity_results(ids)
    return [
        _facts(
            published,
            d,
            findings=findings.get(d.document_id, ()),
            projects=projects.get(d.document_id, []),
            results=results.get(d.document_id, []),
        )
        for d in asked
    ]


def _facts(
    published: Published,
    document: Document,
    *,
    findings: Sequence[Finding],
    projects: list[Row],
    results: list[Row],
) -> Facts:
    from expectations.identity_suites import catalogue_identities

    id_ = document.document_id

    def rows(sql: str) -> list[Row]:
        return published.rows(sql, [id_])

    summary = rows("select * from marts.fct_budget_summary where document_id = ?")
    return Facts(
        document=document,
        policy=published.policy,
        findings=list(findings),
        amounts=published.amounts(id_),
        summary=summary[0] if summary else {},
        comparisons=published.comparisons(id_),
        projects=projects,
        subjects=published.subjects(id_),
        results=results,
        targets=rows(
            "select position, kind, project_name, unit_name, year_amount_wan, year_amount_text,"
            " term_amount_wan, term_amount_text"
            " from marts.fct_performance_target where document_id = ? order by position"
        ),
        staff=rows(
            "select term_zh, value, unit, page from marts.fct_staff where document_id = ?"
            " order by measure"
        ),
        three_public=published.three_public(id_),
        restatements=rows(
            "select form, row_label, column_path, previous_text, amount_text, amount_wan,"
            " difference_wan, previous_page, page from quality.restatement where document_id = ?"
            " order by form, row_label, column_path"
        ),
        versions=[
            d
            for d in published.by_organisation[document.organisation_id]
            if d is not document
            and (d.fiscal_year, d.phase, d.scope)
            == (document.fiscal_year, document.phase, document.scope)
        ],
        forms=published.forms,
        titles=catalogue_identities(),
        organisation=published.organisations.get(document.organisation_id),
    )


def make(
    asked: Facts,
    *,
    originals: Callable[[str], bytes],
    readings: Callable[[str, int], ParseRecord | None],
    decision: ImageDecision | None,
    drawn_before: Mapping[str, Any] | None,
    has: Callable[[list[str]], bool],
    limits: Limits | None,
) -> DocumentPages:
    """All pages of one document. Never raises for the document: ``problems`` says what is wrong."""
    out = DocumentPages()
    document = asked.document
    reading: ParsedDocument | None = None
    forms: list[FormView] = []
    if document.row["status"] != "quarantined":
        try:
            reading = _reading(asked, readings)
            forms = form_views(
                reading, asked.amounts, asked.forms, policy=asked.policy, linked=True
            )
        except (DiffersError, LookupError) as error:
            out.problems.append(str(error))
            reading, forms = None, []
    placed: list[Box] = []
    cut: dict[str, dict[str, list[Crop]]] = {}
    if reading is not None:
        placed = boxes(reading, forms, figure_names(), asked.policy)
        cut = _crops(asked, reading)
        _pictures(
            out, asked, reading, placed, cut,
            originals=originals, decision=decision, before=drawn_before, has=has, limits=limits,
        )  # fmt: skip
    if not out.pictures:
        _unlink(forms)
        placed = []
    _document_page(out, asked, forms, placed, reading)
    _page_pages(out, asked, placed)
    spots = {(b.page, b.bbox): f"p{b.page}.html#{b.anchor}" for b in placed}
    _check_pages(out, asked, reading, spots)
    for one in asked.findings:
        _finding_page(out, asked, one, reading, cut=cut.get(one.finding_id, {}), spots=spots)
    return out


def _reading(asked: Facts, readings: Callable[[str, int], ParseRecord | None]) -> ParsedDocument:
    document = asked.document
    record = readings(document.file_sha256, document.parser_version)
    for one in record.documents if record is not None else []:
        if one.document.document_id == document.document_id:
            return one
    raise LookupError(
        f"{document.document_id}: the reading by parser version {document.parser_version} is not "
        "kept; parse the document again (budgets run)"
    )


def _unlink(forms: Sequence[FormView]) -> None:
    for form in forms:
        for row in form.rows:
            for cell in row.cells:
                cell.page, cell.linked = None, False


# --- pictures ---------------------------------------------------------------------------------


def _crops(asked: Facts, reading: ParsedDocument) -> dict[str, dict[str, list[Crop]]]:
    found = {}
    for one in asked.findings:
        instance = instance_of(reading, one.identity, one.instance)
        if instance is not None:
            key = f"f-{one.finding_id[:12]}"
            found[one.finding_id] = {s: crops(reading, instance, s, key) for s in ("L", "R")}
    return found


def _pictures(
    out: DocumentPages,
    asked: Facts,
    reading: ParsedDocument,
    placed: Sequence[Box],
    cut: Mapping[str, Mapping[str, list[Crop]]],
    *,
    originals: Callable[[str], bytes],
    decision: ImageDecision | None,
    before: Mapping[str, Any] | None,
    has: Callable[[list[str]], bool],
    limits: Limits | None,
) -> None:
    """Draw what is needed, or keep what was drawn of the same bytes, masks and boxes."""
    document, folder = asked.document, f"documents/{asked.document.slug}"
    if document.online_status == "withdrawn" and asked.policy.audience == "public":
        out.held = "原件已从网站撤下，公开版不再显示图像 · withdrawn: no pictures"
        return
    if decision is not None and not decision.show:
        out.held = "经人工决定不显示图像 · held back by a person's decision"
        return
    hidden = masks(reading, asked.policy)
    blind = whole_page_masks(reading)
    wanted = {b.page for b in placed} | {p for f in asked.findings for p in f.pages}
    most = reading.document.pages
    requests = [
        PictureRequest(key=f"p{n}", page=n, masks=hidden.get(n, []), scale=PAGE_SCALE)
        for n in sorted(wanted - blind)
        if 1 <= n <= most
    ]
    requests += [
        PictureRequest(
            key=c.key, page=c.page, strips=c.strips, masks=hidden.get(c.page, []), scale=CROP_SCALE
        )
        for sides in cut.values()
        for side in sides.values()
        for c in side
        if c.page not in blind
    ]
    if not requests:
        return
    released = decision is not None and decision.show
    told = json.dumps([r.model_dump(mode="json") for r in requests], sort_keys=True)
    key = hashlib.sha256(f"{document.file_sha256}|{released}|{told}".encode()).hexdigest()[:32]
    names = [f"{folder}/{r.key}.webp" for r in requests]
    if before and before.get("key") == key and has(names):
        out.pictures, out.kept = dict(before), names
        return
    try:
        data = originals(document.file_sha256)
    except OSError as error:
        out.problems.append(f"the original is not in the archive ({error}); pages have no pictures")
        return
    if b"%PDF-" not in data[:1024]:
        return  # a spreadsheet or a Word file has no pages to show
    try:
        drawn = render_isolated(data, requests, limits, released=released)
    except DocumentError as error:
        out.problems.append(f"its pages cannot be drawn: {error}")
        return
    if drawn.marks and not released:
        said = "、".join(f"第{n}页“{mark}”" for n, mark in drawn.marks[:3])
        out.held = (
            f"原件带有密级字样（{said}），图像暂不显示，待人工决定 · "
            f"held back for a classification mark; decide in decisions/images.yml"
        )
        return
    out.pictures = {"key": key, "sizes": {}}
    for one in drawn.pictures:
        out.files[f"{folder}/{one.key}.webp"] = one.image
        out.pictures["sizes"][one.key] = one.model_dump(mode="json")
    out.drawn = len(drawn.pictures)


# --- the document's own page ------------------------------------------------------------------


def _document_page(
    out: DocumentPages,
    asked: Facts,
    forms: list[FormView],
    placed: Sequence[Box],
    reading: ParsedDocument | None,
) -> None:
    document, policy = asked.document, asked.policy
    folder = f"documents/{document.slug}"
    quotes = [] if not forms else sentences(
        document, asked.summary, asked.comparisons,
        projects=asked.projects, amounts=asked.amounts, policy=policy,
    )  # fmt: skip
    where = divide(forms)
    out.moved = sorted(
        {f.id for name, held in where.items() for f, _ in held if name != "index.html"}
    )
    here = {f.id: html for f, html in where["index.html"]}
    for box in placed:
        box.back = _href(box.anchor, out.moved)
    to = _Where({b.anchor: b.page for b in placed}, out.moved)
    out.quotes = _linked(quotes, to)
    if forms:
        out.places = _places(asked, to)
    shared = {
        "root": "../../",
        "document": document,
        "held": out.held,
        "problems": out.problems,
        "policy": policy,
        "source": _source(document),
    }
    out.files[f"{folder}/index.html"] = page(
        "document.html.j2",
        **shared,
        quotes=out.quotes,
        forms=[(f, here.get(f.id, ""), place_of(f.id, 0, out.moved)) for f in forms],
        charts=_charts(asked, to),
        figures=[b for b in placed if b.anchor.startswith("N-")],
        money=[b for b in placed if b.anchor.startswith("P-")],
        findings=asked.findings,
        targets=_targets(asked, to, reading),
        staff=asked.staff,
        drawn={int(k[1:]) for k in out.pictures.get("sizes", {}) if k.startswith("p")},
        restatements=_restated(asked, to),
        versions=asked.versions,
        counts=document.status,
        organisation=asked.organisation,
    )
    for name, held in where.items():
        if name != "index.html":
            out.files[f"{folder}/{name}"] = page(
                "part.html.j2",
                **shared,
                forms=held,
                parts=[
                    n
                    for n in where
                    if n.startswith(f"{held[0][0].id}.") or n.startswith(f"{held[0][0].id}-")
                ],
                name=name,
            )


def _source(document: Document) -> Row:
    """Where the text comes from: address, title of its article, fetch time, fingerprint."""
    first = next((p for p in document.publications if p["url"] == document.source_url), None)
    first = first or (document.publications[0] if document.publications else {})
    return {
        "url": document.source_url or "",
        "is_web": str(document.source_url or "").startswith(("http://", "https://")),
        "title": first.get("article_title") or first.get("link_text") or document.title,
        "fetched_at": first.get("first_seen_at") or document.first_seen_at,
        "published_on": document.published_on,
        "sha256": document.file_sha256,
    }


def divide(forms: Sequence[FormView]) -> dict[str, list[tuple[FormView, str]]]:
    """Forms, rendered, by the page they stand on, the document's own first.

    A form with too many rows, and the largest ones where all together are too heavy, get pages of
    their own: ``T12.html``, ``T12-2.html`` and so on, PART_ROWS rows each.
    """
    held: list[FormView] = []
    moved: list[FormView] = []
    for form in forms:
        (moved if len(form.rows) > PART_ROWS else held).append(form)
    rendered = {f.id: _rendered(f) for f in held}
    while held and sum(len(rendered[f.id].encode()) for f in held) > HEAVIEST:
        largest = max(held, key=lambda f: len(rendered[f.id].encode()))
        held.remove(largest)
        moved.append(largest)
    where: dict[str, list[tuple[FormView, str]]] = {
        "index.html": [(f, rendered[f.id]) for f in held]
    }
    for form in sorted(moved, key=lambda f: f.id):
        for start in range(0, max(1, len(form.rows)), PART_ROWS):
            part = replace(form, rows=form.rows[start : start + PART_ROWS], first=start)
            where[place_of(form.id, start, {form.id})] = [(part, _rendered(part))]
    return where


def _rendered(form: FormView) -> str:
    return page("form.html.j2", form=form, root="../../").decode()


def _href(anchor: str, moved: Collection[str]) -> str:
    """The address of a cell (``T12-3-1``) within its document's folder."""
    form, _, rest = anchor.partition("-")
    row = rest.partition("-")[0]
    return f"{place_of(form, int(row) if row.isdigit() else 0, moved)}#{anchor}"


@dataclass(frozen=True)
class _Where:
    """Addresses within a document's folder: a figure on its page of the original, or, where that
    page is not shown, in its form."""

    pages: Mapping[str, int]
    moved: Collection[str]

    def __call__(self, anchor: str) -> str:
        if not anchor:
            return ""
        if anchor in self.pages:
            return f"p{self.pages[anchor]}.html#{anchor}"
        return _href(anchor, self.moved)


def _linked(quotes: Sequence[Sentence], to: _Where) -> list[tuple[str, list[str]]]:
    return [(q.text, [to(a) for a in q.anchors if a]) for q in quotes]


def _places(asked: Facts, to: _Where) -> dict[str, str]:
    """Where the figures stand that pages over several documents show."""
    found = {
        measure: to(measure_anchor(measure, row["amount_wan"], asked.amounts))
        for measure, row in asked.comparisons.items()
    }
    for p in asked.projects:
        found[f"{p['form']}-{p['row_index']}"] = to(project_anchor(p, asked.amounts))
    return {name: href for name, href in found.items() if href}


def _targets(asked: Facts, to: _Where, reading: ParsedDocument | None) -> list[dict[str, Any]]:
    """Performance targets with the places of their two amounts (年度, 实施期)."""
    out = []
    for t in asked.targets:
        hrefs = {}
        fields = (
            reading.performance_places[t["position"]]
            if reading is not None and t["position"] < len(reading.performance_places)
            else {}
        )
        for name, part in (("year", "annual"), ("term", "period")):
            text = t[f"{name}_amount_text"]
            for k, (path, spot) in enumerate(fields.items()):
                anchor = f"P-{t['position']}-{k}"
                if (
                    anchor in to.pages
                    and spot.text == text
                    and path.endswith(f"/{PART_FIELDS[part]}")
                ):
                    hrefs[name] = to(anchor)
                    break
        name_ = asked.policy.shown(t["project_name"])
        out.append(t | {"project_name": name_, "hrefs": hrefs})
    return out


def _restated(asked: Facts, to: _Where) -> list[Row]:
    """What a correction changed, each figure with its cell where only one fits."""
    cells: dict[tuple[str, Any, Any, Any], list[str]] = defaultdict(list)
    for (form, row, column), fact in asked.amounts.items():
        key = (form, fact["row_label"], fact["column_path"], fact["amount_wan"])
        cells[key].append(f"{form}-{row}-{column}")
    out = []
    for r in asked.restatements:
        fits = cells[r["form"], r["row_label"], r["column_path"], r["amount_wan"]]
        out.append(r | {"href": to(fits[0]) if len(fits) == 1 else ""})
    return out


THREE = {
    "overseas": "因公出国（境）费",
    "vehicle_purchase": "公务用车购置费",
    "vehicle_running": "公务用车运行维护费",
    "hospitality": "公务接待费",
}


def _charts(asked: Facts, to: _Where) -> list[dict[str, Any]]:
    """Structure, functions, largest projects, three public expenses: what people look at first."""
    found = []
    measures = {m: r["amount_wan"] for m, r in asked.comparisons.items()}
    parts = [
        charts.Part(
            name,
            measures.get(measure) or Decimal(0),
            to(measure_anchor(measure, measures.get(measure), asked.amounts)),
        )
        for name, measure in (
            ("人员经费", "personnel_expense"),
            ("公用经费", "non_personnel_expense"),
            ("项目支出", "general_public_project_expenditure"),
        )
    ]
    structure = charts.stack("c-structure", "一般公共预算支出结构", parts)
    if structure:
        found.append(
            _chart("支出结构", "structure", structure, "一般公共预算，不含上年结转（T05、T06）")
        )
    lines = [
        charts.Bar(
            str(r["function_name"] or r["class_code"]),
            r["amount_wan"],
            to(class_anchor(r["class_code"], r["amount_wan"], asked.amounts)),
        )
        for r in asked.subjects
    ]
    chart = charts.bars("c-function", "一般公共预算支出按功能分类", lines[:PROJECTS_SHOWN])
    if chart:
        found.append(
            _chart("按功能分类", "by function", chart, "一般公共预算，类级科目，万元（T05）")
        )
    named = [p for p in asked.projects if not asked.policy.is_restricted(p["project_name"])]
    lines = [
        charts.Bar(
            ("结转·" if p["is_carry_over"] else "") + str(p["project_name"]),
            p["amount_wan"],
            to(project_anchor(p, asked.amounts)),
        )
        for p in named[:PROJECTS_SHOWN]
    ]
    chart = charts.bars("c-projects", "金额最大的项目", lines)
    if chart:
        left = len(asked.projects) - len(named)
        note = "万元（T12 本年预算、T13 上年结转）" + (
            f"；{left} 个项目公开版不列名" if left else ""
        )
        found.append(_chart("最大的项目", "largest projects", chart, note, ident="projects"))
    lines = [
        charts.Bar(
            THREE.get(str(r["expense_item"]), str(r["expense_item"])),
            r["amount_wan"],
            to(row_anchor("T10", r["row_index"], r["amount_wan"], asked.amounts)),
        )
        for r in asked.three_public
    ]
    chart = charts.bars("c-three", "“三公”经费", lines)
    if chart:
        found.append(_chart("“三公”经费", "three public expenses", chart, "万元（T10）"))
    return found


def _chart(title: str, en: str, svg: Any, note: str, ident: str = "") -> dict[str, Any]:
    return {"title": title, "en": en, "svg": svg, "note": note, "id": ident}


# --- pages of the original --------------------------------------------------------------------


def _page_pages(out: DocumentPages, asked: Facts, placed: Sequence[Box]) -> None:
    folder = f"documents/{asked.document.slug}"
    sizes = out.pictures.get("sizes", {}) if out.pictures else {}
    on_page: dict[int, list[Box]] = defaultdict(list)
    for box in placed:
        on_page[box.page].append(box)
    numbers = sorted(int(k[1:]) for k in sizes if k.startswith("p"))
    for n, number in enumerate(numbers):
        size = sizes[f"p{number}"]
        out.files[f"{folder}/p{number}.html"] = page(
            "page.html.j2",
            root="../../",
            document=asked.document,
            source=_source(asked.document),
            number=number,
            size=size,
            boxes=[(b, _percent(b.bbox, size)) for b in on_page[number]],
            before=numbers[n - 1] if n else None,
            after=numbers[n + 1] if n + 1 < len(numbers) else None,
        )


def _percent(bbox: Sequence[float], size: Mapping[str, Any]) -> str:
    """A box in per cent of its page, a little larger than the glyphs."""
    width, height = size["page_width"], size["page_height"]
    x0, top, x1, bottom = bbox
    return (
        f"left:{(x0 - 1) / width * 100:.2f}%;top:{(top - 1) / height * 100:.2f}%;"
        f"width:{(x1 - x0 + 2) / width * 100:.2f}%;height:{(bottom - top + 2) / height * 100:.2f}%"
    )


# --- checks -----------------------------------------------------------------------------------


_Spots = Mapping[tuple[int, BBox], str]
"""(page, box) of a figure → its address in the document's folder."""


def _check_pages(
    out: DocumentPages, asked: Facts, reading: ParsedDocument | None, spots: _Spots
) -> None:
    """Every bound identity with its outcome and its cells, one page a family."""
    by_family: dict[str, list[Row]] = defaultdict(list)
    for row in asked.results:
        by_family[row["identity"][:1]].append(row)
    terms = {(i.identity, i.instance): i.terms for i in reading.identities} if reading else {}
    told = {(f.identity, f.instance): f.finding_id for f in asked.findings}
    for family, rows in sorted(by_family.items()):
        groups: dict[str, list[Any]] = defaultdict(list)
        for row in rows:
            pair = (row["identity"], row["instance"])
            links = _terms(terms.get(pair, []), reading, spots)
            instance = asked.policy.shown(row["instance"])
            groups[row["identity"]].append((row | {"instance": instance}, links, told.get(pair)))
        for name, held in _pages_of_checks(family, groups):
            for identity in held:
                out.checks.setdefault(identity, name)
            out.files[f"documents/{asked.document.slug}/{name}"] = page(
                "checks.html.j2",
                root="../../",
                document=asked.document,
                groups=held,
                titles=asked.titles,
                slug=asked.document.slug,
            )


ROWS_A_PAGE = 400


def _pages_of_checks(
    family: str, groups: Mapping[str, list[Any]]
) -> list[tuple[str, dict[str, list[Any]]]]:
    """Groups onto pages of a bearable size, in order."""
    out: list[dict[str, list[Any]]] = [{}]
    room = ROWS_A_PAGE
    for identity, rows in groups.items():
        for start in range(0, len(rows), ROWS_A_PAGE):
            part = rows[start : start + ROWS_A_PAGE]
            if len(part) > room and out[-1]:
                out.append({})
                room = ROWS_A_PAGE
            out[-1].setdefault(identity, []).extend(part)
            room -= len(part)
    return [(f"checks-{family}{f'-{n}' if n > 1 else ''}.html", g) for n, g in enumerate(out, 1)]


def _terms(
    terms: Sequence[IdentityTerm], reading: ParsedDocument | None, spots: _Spots
) -> dict[str, tuple[list[tuple[str, str, str]], int]]:
    """Side → its cells as (sign, figure in 万元, address), and how many more there are."""
    found = {}
    for side in ("L", "R"):
        held = [t for t in terms if t.side == side]
        shown = [
            (
                "−" if t.sign < 0 else "+",
                money(t.value_yuan / WAN, None) if t.value_yuan is not None else "空",
                _spot(t, reading, spots),
            )
            for t in held[:TERMS_SHOWN]
        ]
        found[side] = (shown, max(0, len(held) - TERMS_SHOWN))
    return found


def _spot(term: IdentityTerm, reading: ParsedDocument | None, spots: _Spots) -> str:
    """The address of a term's figure on its page; empty where it is not shown there."""
    if reading is None:
        return ""
    return next((spots[x] for x in places(reading, term) if x in spots), "")


# --- findings ---------------------------------------------------------------------------------


def _finding_page(
    out: DocumentPages,
    asked: Facts,
    finding: Finding,
    reading: ParsedDocument | None,
    *,
    cut: Mapping[str, list[Crop]],
    spots: _Spots,
) -> None:
    document, policy = asked.document, asked.policy
    folder = f"documents/{document.slug}"
    sizes = out.pictures.get("sizes", {}) if out.pictures else {}
    instance = instance_of(reading, finding.identity, finding.instance) if reading else None
    terms = (
        [
            _told(t, reading, policy) | {"href": f"{folder}/{at}" if at else ""}
            for t in instance.terms
            for at in [_spot(t, reading, spots)]
        ]
        if instance and reading
        else []
    )
    read_by = "、".join(dict.fromkeys(t["source"] for t in terms)) or finding.read_by
    sides: list[dict[str, Any]] = []
    for side, statement in (("L", finding.statement_1), ("R", finding.statement_2)):
        shown = []
        for crop in cut.get(side, []):
            size = sizes.get(crop.key)
            if size is not None:
                shown.append(
                    {
                        "src": f"{folder}/{crop.key}.webp",
                        "size": size,
                        "page": crop.page,
                        "href": f"{folder}/p{crop.page}.html"
                        + (f"#{crop.anchor}" if crop.anchor else ""),
                        "boxes": [_in_crop(b, size) for b in crop.outlines],
                    }
                )
        sides.append({"text": policy.shown(statement), "crops": shown})
    title = asked.titles.get(finding.identity)
    text = policy.shown(finding.text)
    out.findings[finding.finding_id] = {
        "read_by": read_by,
        "terms": terms,
        "is_sum": instance is not None and instance.kind == "sum",
        "relation": instance.relation if instance is not None else "=",
        "left": _yuan(instance.left_yuan) if instance is not None else None,
        "right": _yuan(instance.right_yuan) if instance is not None else None,
        "statements": [s["text"] for s in sides],
        "crops": [s["crops"][0]["src"] if s["crops"] else "" for s in sides],
    }
    out.files[f"findings/{finding.finding_id}.html"] = page(
        "finding.html.j2",
        root="../",
        document=document,
        source=_source(document),
        finding=finding,
        text=text,
        instance=policy.shown(finding.instance),
        sides=sides,
        terms=terms,
        read_by=read_by,
        identity=title,
        held=out.held,
        pages=[n for n in finding.pages if f"p{n}" in sizes],
        checks=out.checks.get(finding.identity),
    )


def _yuan(value: Decimal | None) -> str | None:
    return None if value is None else str(value)


def _told(term: IdentityTerm, reading: ParsedDocument, policy: Policy) -> dict[str, Any]:
    """One figure of a finding, for the working paper and the page."""
    ref = term.cell
    label, source, number = "", "文本", None
    table = reading.table(ref.form)
    if table is not None and ref.row is not None and ref.column is not None:
        cell = table.cells[ref.row][ref.column]
        row = table.rows[ref.row]
        column = table.columns[ref.column] if ref.column < len(table.columns) else ""
        half = ref.column < len(table.roles) and table.roles[ref.column].startswith("income")
        name = (row.income_label if half else row.label) or row.label
        label = policy.shown(name) if policy.is_restricted(name) else f"{name} · {column}"
        source, number = SOURCES[cell.source], cell.page
    else:
        held = [f for f in reading.narrative.figures if f.path == ref.key]
        label = policy.shown(figure_name(figure_names(), ref.key or ""))
        number = held[0].page if held else None
        if reading.document.text_layer == "no":
            source = SOURCES["ocr"]
    return {
        "side": term.side,
        "sign": term.sign,
        "form": ref.form,
        "label": label,
        "yuan": _yuan(term.value_yuan),
        "yuan_shown": "空" if term.value_yuan is None else money(term.value_yuan),
        "page": number,
        "source": source,
    }


def _in_crop(bbox: Sequence[float], size: Mapping[str, Any]) -> str:
    """A box's place in a crop, in per cent: in the last strip that holds it."""
    x0, top, x1, bottom = bbox
    scale = size["scale"]
    for left, upper, y in reversed(size["strips"]):
        if top >= upper - 1:
            px, py = (x0 - left - 1) * scale, (top - upper - 1) * scale + y
            return (
                f"left:{px / size['width'] * 100:.2f}%;top:{py / size['height'] * 100:.2f}%;"
                f"width:{(x1 - x0 + 2) * scale / size['width'] * 100:.2f}%;"
                f"height:{(bottom - top + 2) * scale / size['height'] * 100:.2f}%"
            )
    return "display:none"
