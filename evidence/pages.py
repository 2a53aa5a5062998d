"""Pages over several documents, and the templates all pages share."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evidence import charts
from evidence.firsts import County, counties
from evidence.source import Document, Published, Row
from evidence.view import money
from evidence.words import (
    COVERAGE,
    IS_PUBLISHED,
    KINDS,
    NOT_SAID,
    OUTCOMES,
    PHASES,
    SCOPES,
    STATUSES,
    moment,
    phase_year,
)

if TYPE_CHECKING:
    from jinja2 import Environment

    from expectations.findings import Finding

__all__ = ["HEAVIEST", "PART_ROWS", "environment", "page", "place_of", "site_pages"]

HEAVIEST = 250_000
"""Bytes of forms on one page; what is beyond gets pages of its own (a page stays below 300 kB)."""
PART_ROWS = 250
"""Rows of a form on one page."""
ROWS = 100  # findings on a page of the auditors' list
TEMPLATES = Path(__file__).resolve().parent / "templates"
MEASURES = (
    "income_total",
    "current_year_income",
    "carry_over",
    "expenditure_total",
    "basic_expenditure",
    "project_expenditure",
    "general_public_expenditure",
    "personnel_expense",
    "non_personnel_expense",
    "three_public_total",
    "agency_operating_expense",
)


@cache
def environment() -> Environment:
    """Jinja environment of this room: everything is escaped, a name that is missing is an error."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    env = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    env.filters["money"] = money
    env.filters["moment"] = moment
    env.globals.update(
        COVERAGE=COVERAGE,
        KINDS=KINDS,
        OUTCOMES=OUTCOMES,
        PHASES=PHASES,
        SCOPES=SCOPES,
        STATUSES=STATUSES,
        NOT_SAID=NOT_SAID,
        PUBLISHED=IS_PUBLISHED,
        phase_year=phase_year,
    )
    return env


def page(template: str, **context: Any) -> bytes:
    """A template, filled in, as UTF-8."""
    text: str = environment().get_template(template).render(context)
    return text.encode()


def place_of(form: str, row: int, moved: Collection[str]) -> str:
    """The page that a row of a form stands on; ``moved``: forms that have pages of their own."""
    if form not in moved:
        return "index.html"
    part = row // PART_ROWS + 1
    return f"{form}.html" if part == 1 else f"{form}-{part}.html"


def site_pages(
    published: Published,
    findings: Sequence[Finding],
    built: Mapping[str, Any],
    docs: Path,
    published_at: datetime | None,
) -> Iterator[tuple[str, bytes]]:
    """(file name, bytes) of everything that is not one document's."""
    by_county: dict[str, int] = defaultdict(int)
    for one in findings:
        if one.reach != "badge":
            by_county[one.county_code or ""] += 1
    every = counties(published, by_county)
    shared = {
        "has_data_docs": (docs / "data_docs" / "index.html").is_file(),
        "has_dbt_docs": (docs / "dbt" / "index.html").is_file(),
        "published_at": published_at,
        "policy": published.policy,
        "shown": published.shown,
        "documents": published.documents,
        "built": built,
    }
    listed = _listed(published, findings, built)
    yield (
        "index.html",
        page("index.html.j2", root="", counties=every, findings=listed, **shared,
             left_out=published.left_out),
    )  # fmt: skip
    yield "leader.html", page("leader.html.j2", root="", counties=every, **shared)
    yield (
        "journalist.html",
        page("journalist.html.j2", root="", counties=_latest(published, every), **shared),
    )
    yield "about.html", page("about.html.j2", root="", **shared)
    for county in every:
        yield from _county_page(published, county, listed, shared)
    for organisation_id, made in _organisation_pages(published, listed, shared):
        yield f"organisations/{organisation_id}.html", made
    yield from _finding_list(listed, shared)
    yield from _identity_pages(published, listed, built, shared)
    yield from _search(published, every, listed, built)
    from evidence.workbook import working_paper

    yield "findings/audit.xlsx", working_paper(listed, published_at)


def _listed(
    published: Published, findings: Sequence[Finding], built: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Findings by amount, with how they were read and their crops."""
    out = []
    for one in findings:
        held = built.get(one.document_id, {}).get("findings", {}).get(one.finding_id)
        if held is None:
            continue
        out.append(
            {
                "finding": one,
                "document": published.documents[one.document_id],
                "href": f"findings/{one.finding_id}.html",
                **held,
            }
        )
    out.sort(
        key=lambda x: (
            x["finding"].reach == "badge",
            -(x["finding"].amount or Decimal(0)),
            x["finding"].finding_id,
        )
    )
    return out


def _latest(published: Published, every: list[County]) -> list[tuple[County, list[Document]]]:
    """Counties with the current budgets of their latest year."""
    return [
        (
            county,
            [
                d
                for d in published.documents.values()
                if d.county_code == county.code
                and d.is_current
                and d.phase == "budget"
                and d.fiscal_year == county.year
            ],
        )
        for county in every
    ]


def _county_page(
    published: Published, county: County, listed: list[dict[str, Any]], shared: Mapping[str, Any]
) -> Iterator[tuple[str, bytes]]:
    held = [c for c in published.coverage if c["county_code"] == county.code]
    columns = sorted({(c["fiscal_year"], c["phase"]) for c in held}, reverse=True)
    bodies: dict[tuple[str, str, str], dict[tuple[int, str], Row]] = {}
    for c in held:
        key = (c["department"], c["scope"], c["organisation_id"])
        bodies.setdefault(key, {})[c["fiscal_year"], c["phase"]] = c
    order = {"department": 0, "unit_own": 1, "unit": 2}
    rows = sorted(bodies.items(), key=lambda one: (order.get(one[0][1], 3), one[0][0]))
    own = [
        d
        for d in published.documents.values()
        if d.county_code == county.code and d.is_current and d.fiscal_year == county.year
        and d.phase == "budget" and d.is_additive
    ]  # fmt: skip
    figures = [
        (d, published.comparisons(d.document_id)) for d in sorted(own, key=lambda d: d.department)
    ]
    renewed = (
        [
            r
            for r in published.renewed_carry_over(county.code, county.year)
            if not published.policy.is_restricted(r["project_name"])
        ]
        if county.year is not None
        else []
    )
    yield (
        county.href,
        page(
            "county.html.j2",
            root="../",
            county=county,
            columns=columns,
            rows=rows,
            figures=figures,
            measures=[m for m in MEASURES if m in county.figures],
            renewed=renewed,
            findings=[x for x in listed if x["finding"].county_code == county.code],
            orphans=[
                d
                for d in published.documents.values()
                if d.county_code == county.code and d.row["status"] == "quarantined"
            ],
            **shared,
        ),
    )


def _organisation_pages(
    published: Published, listed: list[dict[str, Any]], shared: Mapping[str, Any]
) -> Iterator[tuple[str, bytes]]:
    """The page of every body with a document of its own, and what stands on it only."""
    latest: dict[str, Document] = {}
    for organisation_id, own in published.by_organisation.items():
        main = _main_scope(own)
        budgets = [d for d in own if d.is_current and d.scope == main and d.phase == "budget"]
        if budgets:
            latest[organisation_id] = max(budgets, key=lambda d: d.fiscal_year)
    projects = published.projects(d.document_id for d in latest.values())
    units: dict[str, list[Row]] = defaultdict(list)
    for organisation in published.organisations.values():
        if organisation["parent_id"] and organisation["organisation_id"] in published.shown:
            units[organisation["parent_id"]].append(organisation)
    coverage: dict[str, list[Row]] = defaultdict(list)
    for row in published.coverage:
        coverage[row["organisation_id"]].append(row)
    findings: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for one in listed:
        findings[one["document"].organisation_id].append(one)
    for organisation_id in sorted(published.organisations.keys() & published.shown):
        budget = latest.get(organisation_id)
        yield (
            organisation_id,
            _organisation_page(
                published,
                organisation_id,
                latest=budget,
                projects=projects.get(budget.document_id, []) if budget else [],
                units=units[organisation_id],
                coverage=coverage[organisation_id],
                findings=findings[organisation_id],
                shared=shared,
            ),
        )


def _organisation_page(
    published: Published,
    organisation_id: str,
    *,
    latest: Document | None,
    projects: list[Row],
    units: list[Row],
    coverage: list[Row],
    findings: list[dict[str, Any]],
    shared: Mapping[str, Any],
) -> bytes:
    """A body over its years. ``latest``: its last current budget, with its ``projects``."""
    own = published.by_organisation[organisation_id]
    organisation = published.organisations[organisation_id]
    main = _main_scope(own)
    held = [
        r
        for r in published.measures(organisation_id)
        if r["phase"] == "budget" and r["scope"] == main and r["document_id"] in published.documents
    ]
    years = sorted({r["fiscal_year"] for r in held})
    if years:
        years = list(range(years[0], years[-1] + 1))
    values: dict[str, dict[int, Row]] = defaultdict(dict)
    for r in held:
        values[r["measure"]][r["fiscal_year"]] = r

    def series(*measures: str) -> list[tuple[str, list[Decimal | None]]]:
        return [
            (
                next(iter(values[m].values()))["term_zh"],
                [values[m][y]["amount_wan"] if y in values[m] else None for y in years],
            )
            for m in measures
            if values.get(m)
        ]

    names = [f"{y}年" for y in years]
    drawn = [
        ("收入：当年与上年结转", "income: new money and carry-over",
         charts.columns("c-income", "收入：当年与上年结转", names,
                        series("current_year_income", "carry_over"))),
        ("基本支出与项目支出", "basic and project expenditure",
         charts.columns("c-spend", "基本支出与项目支出", names,
                        series("basic_expenditure", "project_expenditure"))),
        ("“三公”经费", "three public expenses",
         charts.columns("c-three", "“三公”经费", names, series("three_public_total"))),
    ]  # fmt: skip
    return page(
        "organisation.html.j2",
        root="../",
        organisation=organisation,
        parent=published.organisations.get(organisation["parent_id"] or ""),
        units=units,
        own=own,
        years=years,
        seen_years={r["fiscal_year"] for r in held},
        values=[(m, values[m]) for m in MEASURES if values.get(m)],
        charts=[c for c in drawn if c[2]],
        latest=latest,
        projects=[p for p in projects if not published.policy.is_restricted(p["project_name"])][
            :10
        ],
        coverage=coverage,
        findings=findings,
        **shared,
    )


def _main_scope(own: Sequence[Document]) -> str:
    scopes = {d.scope for d in own}
    return next(
        (s for s in ("department", "unit_own", "unit") if s in scopes), next(iter(sorted(scopes)))
    )


def _finding_list(
    listed: list[dict[str, Any]], shared: Mapping[str, Any]
) -> Iterator[tuple[str, bytes]]:
    chunks = [listed[n : n + ROWS] for n in range(0, len(listed), ROWS)] or [[]]
    for n, chunk in enumerate(chunks):
        name = "findings/index.html" if n == 0 else f"findings/page-{n + 1}.html"
        yield (
            name,
            page(
                "findings.html.j2", root="../", findings=chunk, total=len(listed),
                number=n + 1, pages=len(chunks), **shared,
            ),
        )  # fmt: skip


def _identity_pages(
    published: Published,
    listed: list[dict[str, Any]],
    built: Mapping[str, Any],
    shared: Mapping[str, Any],
) -> Iterator[tuple[str, bytes]]:
    from expectations.catalogue import load_catalogue
    from expectations.identity_suites import FAMILIES

    counted: dict[str, list[Row]] = defaultdict(list)
    for row in published.identity_counts():
        if row["document_id"] in published.documents:
            counted[row["identity"]].append(row)
    entries = load_catalogue().identities
    totals = {
        name: {o: sum(r[o] for r in rows) for o in OUTCOMES} for name, rows in counted.items()
    }
    yield (
        "identities/index.html",
        page("identities.html.j2", root="../", entries=entries, families=FAMILIES, totals=totals,
             **shared),
    )  # fmt: skip
    for name, entry in entries.items():
        rows = sorted(
            (r for r in counted.get(name, []) if r["exact"] or r["rounding"] or r["violated"]),
            key=lambda r: (-r["violated"], published.documents[r["document_id"]].title),
        )
        yield (
            f"identities/{name}.html",
            page(
                "identity.html.j2",
                root="../",
                entry=entry,
                family=FAMILIES[entry.family],
                rows=[
                    (r, published.documents[r["document_id"]],
                     built.get(r["document_id"], {}).get("checks", {}).get(name))
                    for r in rows
                ],
                findings=[x for x in listed if x["finding"].identity == name],
                **shared,
            ),
        )  # fmt: skip


def _search(
    published: Published,
    every: list[County],
    listed: list[dict[str, Any]],
    built: Mapping[str, Any],
) -> Iterator[tuple[str, bytes]]:
    """One index a county, as a script: pages opened from a folder may not fetch JSON."""
    policy = published.policy
    shards = []
    for county in every:
        entries: list[list[str]] = [["c", county.name, county.city, county.href]]
        for organisation in published.organisations.values():
            if organisation["county_code"] != county.code or policy.is_restricted(
                organisation["name_printed"]
            ):
                continue
            own = [
                d
                for d in published.documents.values()
                if d.organisation_id == organisation["organisation_id"]
            ]
            if own:
                also = [n for n in organisation["names_seen"] if n != organisation["name_printed"]]
                also += [organisation["name_standard"]]
                entries.append(
                    ["o", organisation["name_printed"], " ".join(dict.fromkeys(also)),
                     f"organisations/{organisation['organisation_id']}.html"]
                )  # fmt: skip
        newest_first = sorted(
            published.searchable(county.code),
            key=lambda r: -(published.documents[r["document_id"]].fiscal_year or 0),
        )
        for row in newest_first:
            document = published.documents[row["document_id"]]
            if (
                not document.is_current
                or document.row["status"] == "quarantined"
                or policy.is_restricted(row["name"])
            ):
                continue
            entries.append(
                [row["kind"][0], row["name"], f"{document.title} · {money(row['amount_wan'])} 万元",
                 f"documents/{document.slug}/{_home(built, row)}#{row['form']}-r{row['row_index']}"]
            )  # fmt: skip
        for x in listed:
            one = x["finding"]
            if one.county_code == county.code:
                entries.append(
                    [
                        "f",
                        one.identity_title,
                        f"{x['document'].title} · {one.difference}",
                        x["href"],
                    ]
                )
        text = json.dumps(entries, ensure_ascii=False, separators=(",", ":"))
        name = f"search/{county.code}.js"
        data = f"budgetsFound({json.dumps(county.code)},{_script(text)});\n".encode()
        shards.append([county.code, f"{name}?{hashlib.sha256(data).hexdigest()[:8]}"])
        yield name, data
    listing = json.dumps(shards, ensure_ascii=False)
    yield "search/index.js", f"budgetsShards({_script(listing)});\n".encode()


def _home(built: Mapping[str, Any], row: Row) -> str:
    """The page of its document that a form stands on."""
    moved = built.get(row["document_id"], {}).get("moved", [])
    return place_of(row["form"], row["row_index"], moved)


def _script(text: str) -> str:
    """JSON that may stand in a script, whoever includes it."""
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
