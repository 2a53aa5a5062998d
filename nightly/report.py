"""What the last night did (夜报), and what people ask of the published copy: plain models.

Nothing here prints; ``screens.py`` does. Money is in 万元 as published.
"""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel

from nightly.settings import Settings
from nightly.steps import _archive, _layout, step_outcomes


class Refusal(BaseModel):
    """Files of one county that were refused for one reason."""

    outcome: str
    zh: str
    en: str
    examples: list[str]
    reason: str | None = None

    @property
    def count(self) -> int:
        return len(self.examples)


class Warned(BaseModel):
    """What the crawl has to tell, and where the operator's runbook says what to do."""

    zh: str
    en: str
    runbook: str


class CountyNight(BaseModel):
    """One county's night. Counts are of files (attachments), by their address."""

    county: str
    found: int = 0
    new: int = 0
    unchanged: int = 0
    duplicate: int = 0
    refused: int = 0
    notices: int = 0
    refusals: list[Refusal] = []
    warnings: list[Warned] = []


class Unread(BaseModel):
    """A stored file that gave no document for the marts."""

    file_sha256: str
    name: str
    county: str | None
    outcome: str
    what: str | None
    where: str | None
    remedy: str | None
    tonight: bool


class NightReport(BaseModel):
    """The last night. ``identities`` counts instances of the current documents by outcome."""

    began_at: str | None = None
    ended_at: str | None = None
    seconds: float = 0.0
    steps: dict[str, float] = {}
    failures: list[str] = []
    counties: list[CountyNight] = []
    read_tonight: int = 0
    unread: list[Unread] = []
    misnamed: list[tuple[str, str]] = []
    documents: dict[str, int] = {}
    not_current: int = 0
    identities: dict[str, int] = {}
    findings: list[Any] = []
    messages: list[tuple[str, list[str]]] = []
    told: str | None = None
    published: bool = False
    publication: str | None = None
    places: dict[str, str] = {}
    example_organisation: tuple[str, int] | None = None

    @property
    def new_files(self) -> int:
        return sum(c.new for c in self.counties)


def _last_night(outcomes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The outcome rows since the last crawl (or local ingestion) began, oldest first."""
    outcomes = sorted(outcomes, key=lambda o: str(o["started_at"]))
    runs = [o for o in outcomes if o["step"] in ("close_crawl", "ingest")]
    if not runs:
        return outcomes
    run_id = runs[-1]["run_id"]
    first = next(i for i, o in enumerate(outcomes) if o["run_id"] == run_id)
    return outcomes[first:]


def _counties(settings: Settings, run_ids: set[str]) -> list[CountyNight]:
    """By county, from the fetch rows: what each address gave when it was last asked."""
    from scrapers.archive import Outcome

    last: dict[tuple[str, str], Any] = {}
    first_good: dict[tuple[str, str], Any] = {}
    for row in sorted(_archive(settings).rows(), key=lambda r: r.fetched_at):
        if row.role == "robots":
            continue
        key = (row.county or row.site, row.url)
        last[key] = row
        if row.outcome.has_object:
            first_good.setdefault(key, row)
    nights: dict[str, CountyNight] = {}
    refused: dict[tuple[str, Outcome], Refusal] = {}
    for (county, url), row in last.items():
        night = nights.setdefault(county, CountyNight(county=county))
        if row.role in ("attachment", "local"):
            night.found += 1
        if not row.outcome.is_ok:
            if row.role in ("attachment", "local"):
                night.refused += 1
            why = refused.setdefault(
                (county, row.outcome),
                Refusal(
                    outcome=row.outcome.value, zh=row.outcome.zh, en=row.outcome.en, examples=[]
                ),
            )
            why.examples.append(row.link_text or row.article_title or row.file_name or url)
            why.reason = why.reason or row.reason
        elif row.role in ("attachment", "local"):
            good = first_good[(county, url)]
            if good.outcome is Outcome.DUPLICATE:
                night.duplicate += 1
            elif good.run_id in run_ids:
                night.new += 1
            else:
                night.unchanged += 1
        elif row.outcome is Outcome.NO_ATTACHMENT:
            night.notices += 1
    for (county, _), why in refused.items():
        nights[county].refusals.append(why)
    return [nights[c] for c in sorted(nights)]


def _unread(settings: Settings, tonight: set[str]) -> list[Unread]:
    from warehouse.database import reader

    layout = _layout(settings)
    if not layout.warehouse_path.exists():
        return []
    names = {sha: rows[0] for sha, rows in _archive(settings).documents().items()}
    with reader(layout, published=False) as connection:
        rows = connection.sql(
            "select file_sha256, outcome, problem_what, problem_where, problem_remedy, batch_id "
            "from raw.raw_parse_outcome where outcome <> 'parsed' order by file_sha256"
        ).fetchall()
    found = []
    for sha, outcome, what, where, remedy, batch in rows:
        row = names.get(sha)
        found.append(
            Unread(
                file_sha256=sha,
                name=(row.link_text or row.file_name or row.url) if row else sha[:12],
                county=row.county if row else None,
                outcome=outcome,
                what=what,
                where=where,
                remedy=remedy,
                tonight=batch in tonight,
            )
        )
    return found


def night_report(settings: Settings, lang: Literal["zh", "en"] = "zh") -> NightReport:
    """What the last night found, read, refused, checked, published and told."""
    from scrapers.telling import HostWarning
    from warehouse.database import reader

    outcomes = _last_night(step_outcomes(settings))
    report = NightReport()
    if outcomes:
        report.began_at, report.ended_at = outcomes[0]["started_at"], outcomes[-1]["started_at"]
    succeeded = {o["step"] for o in outcomes if o["success"]}
    for o in outcomes:
        step = str(o["step"]).split(" ")[0]
        report.steps[step] = round(report.steps.get(step, 0.0) + o["seconds"], 2)
        # a step that failed and then succeeded when it was tried again is no failure
        if not o["success"] and o["step"] not in succeeded:
            report.failures.append(f"{o['step']}: {o['error']}")
    report.seconds = round(sum(report.steps.values()), 1)
    batches = [o["result"] for o in outcomes if o["step"] == "parse_batch" and o["success"]]
    report.read_tonight = sum(b.get("documents", 0) for b in batches)
    report.counties = _counties(settings, {str(o["run_id"]) for o in outcomes})
    for o in outcomes:
        if str(o["step"]).startswith("crawl_host") and o["success"]:
            for row in o["result"].get("warnings", []):
                if isinstance(row, str):
                    continue  # written by an earlier version
                told = HostWarning.model_validate(row)
                where = [c for c in report.counties if told.county in {c.county, None}]
                for county in where[:1]:
                    county.warnings.append(Warned(zh=told.zh, en=told.en, runbook=told.runbook))
    report.unread = _unread(settings, {str(b.get("batch_id")) for b in batches})
    layout = _layout(settings)
    report.published = "publish" in succeeded
    for o in outcomes:
        if o["step"] == "publish" and o["success"]:
            report.publication = str(o["result"].get("build_id") or "")
        if o["step"] == "tell" and o["success"]:
            report.told = str(o["result"].get("summary") or "")
    if Path(layout.published_path).exists():
        with reader(layout) as connection:
            report.documents = dict(
                connection.sql(
                    "select status, count(*) from marts.dim_document where is_current group by 1"
                ).fetchall()
            )
            [(report.not_current,)] = connection.sql(
                "select count(*) from marts.dim_document where not is_current"
            ).fetchall()
            report.identities = dict(
                connection.sql(
                    "select r.outcome, count(*) from quality.identity_result r "
                    "join marts.dim_document d using (document_id) where d.is_current group by 1"
                ).fetchall()
            )
            report.misnamed = connection.sql(
                "select distinct coalesce(p.link_text, p.file_name), "
                "concat_ws(' ', d.department, d.fiscal_year) "
                "from quality.publication p join marts.dim_document d using (document_id) "
                "where p.name_differs is not null order by all"
            ).fetchall()
            examples = connection.sql(
                "select department, fiscal_year from marts.dim_document where is_current "
                "order by fiscal_year desc, department limit 1"
            ).fetchall()
            report.example_organisation = examples[0] if examples else None
        from expectations.findings import messages

        report.findings = list_findings(settings, lang, status="open")
        report.messages = [(m.title, list(m.lines)) for m in messages(report.findings, lang)]
    report.places = {
        "warehouse": str(layout.published_path),
        "parquet": str(layout.parquet_path),
        "data_docs": str(layout.docs_path / "data_docs" / "index.html"),
        "archive": settings.archive_root.rstrip("/") + "/archive",
        "ledger": str(layout.ledger_path),
    }
    return report


def list_findings(settings: Settings, lang: Literal["zh", "en"], **only: str | None) -> list[Any]:
    """Findings (核对提示) of the published copy with their history, hard ones first.

    ``only``: fields of ``expectations.findings.Filter`` (status, severity, kind, county,
    department, identity).
    """
    from expectations.findings import Filter, findings
    from expectations.ledger import Ledger

    path = _layout(settings).published_path
    if not Path(path).exists():
        raise FileNotFoundError(f"no published copy at {path}; make one with: budgets run")
    ledger = Ledger(settings.data / "ledger")
    return findings(path, lang=lang, ledger=ledger, where=Filter(**only))


class BudgetLine(BaseModel):
    label: str
    code: str | None
    kind: str
    values: dict[str, Decimal | None]
    page: int | None


class Budget(BaseModel):
    """One body's budget for the terminal. Amounts in 万元."""

    document_id: str
    department: str
    county: str | None
    fiscal_year: int
    phase: str
    scope: str
    status: str
    source_url: str | None
    forms: dict[str, list[BudgetLine]]
    form_names: dict[str, tuple[str, str]] = {}


def organisation_budget(settings: Settings, organisation: str, year: int | None) -> list[Budget]:
    """Current budgets whose body's name contains ``organisation``, newest year first."""
    from warehouse.database import reader

    with reader(_layout(settings)) as connection:
        documents = connection.execute(
            "select document_id, department, county, fiscal_year, phase, scope, status, source_url "
            "from marts.dim_document where is_current and contains(department, ?) "
            "and (? is null or fiscal_year = ?) order by fiscal_year desc, department",
            [organisation, year, year],
        ).fetchall()
        names = {
            form: (zh, en)
            for form, zh, en in connection.sql(
                "select form, form_name, form_name_en from marts.dim_form"
            ).fetchall()
        }
        budgets = []
        for row in documents:
            # T01, T04 and T09 print two lines side by side in one row
            lines: dict[str, dict[tuple[int, str], BudgetLine]] = {}
            for form, index, label, code, kind, path_, amount, page in connection.execute(
                "select form, row_index, row_label, function_code, row_kind, column_path, "
                "amount_wan, page from marts.fct_amount "
                "where document_id = ? and row_kind is not null "
                "order by form, row_index, column_index",
                [row[0]],
            ).fetchall():
                line = lines.setdefault(form, {}).setdefault(
                    (index, label),
                    BudgetLine(label=label, code=code, kind=kind, values={}, page=page),
                )
                line.values[path_] = amount
            budgets.append(
                Budget(
                    **dict(
                        zip(
                            (
                                "document_id",
                                "department",
                                "county",
                                "fiscal_year",
                                "phase",
                                "scope",
                                "status",
                                "source_url",
                            ),
                            row,
                            strict=True,
                        )
                    ),
                    forms={f: list(v.values()) for f, v in lines.items()},
                    form_names=names,
                )
            )
    return budgets


def as_json(report: NightReport) -> str:
    """The report for machines."""
    return json.dumps(report.model_dump(mode="json"), ensure_ascii=False, indent=1)
