"""What a whole night makes of the sample province: every trap as declared, and nothing more."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
import zstandard
from night_runs import budgets

from samples.document import Facts
from samples.generate import facts_of
from samples.portal import pdf_bytes
from samples.province import TrapStory, province
from warehouse.layout import Layout

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("night")]

PROVINCE = province()
TRAPS = {t.id: t for t in PROVINCE.traps}
PERSONAL = ("样例人员", "000-0000000")
# stands in archived pages' titles, parsed documents, landing and marts alike
KNOWN = "云汀县教育局"


def _sha256(name: str) -> str:
    return hashlib.sha256(pdf_bytes(name)).hexdigest()


def _served() -> set[str]:
    """Budgets that some article offers whole."""
    return {
        x.document
        for c in PROVINCE.counties
        for a in c.articles
        for x in a.attachments
        if x.document and not x.trap and PROVINCE.documents[x.document].notice is None
    }


class Night:
    """Rows of the published copy of a finished night."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.database = Layout(data).published_path

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.database), read_only=True) as connection:
            return connection.execute(query, list(values)).fetchall()

    def value(self, query: str, *values: object) -> Any:
        ((found,),) = self.rows(query, *values)
        return found


@pytest.fixture
def night(finished_night: Path) -> Night:
    return Night(finished_night)


def _fetch_of(night: Night, trap: TrapStory) -> tuple[str, str | None]:
    """First (outcome, file_sha256) of what the trap's article or file gave."""
    county, ending = trap.county, trap.file or trap.article
    role = "attachment" if trap.file else "article"
    found = night.rows(
        "select outcome, file_sha256 from quality.outcome where step = 'fetch' and role = ? "
        "and county_code = ? and contains(subject, ?) order by happened_at limit 1",
        role,
        county,
        ending,
    )
    assert found, f"{trap.id}: no {role} row of {county} names {ending}"
    outcome, sha256 = found[0]
    return outcome, sha256


@pytest.mark.parametrize("trap", PROVINCE.traps, ids=lambda t: t.id)
def test_every_trap_comes_out_as_declared(night: Night, trap: TrapStory) -> None:
    wanted = trap.expected
    outcome, sha256 = _fetch_of(night, trap)
    assert outcome == wanted.fetch
    if wanted.parse is not None:
        parsed = night.rows(
            "select distinct outcome from quality.outcome where step = 'parse' and file_sha256 = ?",
            sha256,
        )
        assert parsed == [(wanted.parse,)]
    documents = night.rows(
        "select version_kind, fiscal_year, department, phase, status from marts.dim_document "
        "where file_sha256 = ?",
        sha256,
    )
    if wanted.fetch not in ("new", "duplicate") or wanted.parse not in (None, "parsed"):
        assert documents == [], "what is no document has no row"
        return
    assert trap.documents
    assert sha256 == _sha256(trap.documents[-1])
    ((version, year, name, phase, status),) = documents
    facts = facts_of(trap.documents[-1])
    assert (year, name, phase) == (facts.year, facts.body.name, "budget")
    assert wanted.document_year in (None, year)
    assert wanted.document_name in (None, name)
    assert version == (wanted.version or "first_publication")
    assert (status == "accepted_with_findings") is bool(wanted.identities)
    addresses = night.value(
        "select count(distinct url) from quality.publication where document_id = ?", sha256
    )
    assert addresses == wanted.addresses
    violated = night.rows(
        "select distinct identity from quality.identity_result "
        "where document_id = ? and outcome = 'violated'",
        sha256,
    )
    assert set(wanted.identities) <= {i for (i,) in violated}


def test_documents_by_status_and_their_findings_are_the_planted_ones(night: Night) -> None:
    declared = {
        _sha256(name): {i for f in PROVINCE.documents[name].findings for i in f.identities}
        for name in _served()
    }
    assert Counter(map(bool, declared.values())) == {True: 2, False: len(declared) - 2}
    status = dict(night.rows("select document_id, status from quality.document_status"))
    assert status == {
        sha: "accepted_with_findings" if identities else "accepted"
        for sha, identities in declared.items()
    }
    hard: dict[str, set[str]] = {sha: set() for sha in declared}
    for document, identity in night.rows(
        "select document_id, identity from quality.identity_result "
        "where outcome = 'violated' and severity = 'hard'"
    ):
        hard[document].add(identity)
    assert hard == declared
    told = night.rows(
        "select distinct document_id from quality.finding where severity = 'hard' and status = 'open'"
    )
    assert {d for (d,) in told} == {sha for sha, identities in declared.items() if identities}


def test_the_correction_counts_and_the_first_version_stays(night: Night) -> None:
    first, corrected = map(_sha256, TRAPS["corrected_republication"].documents)
    kept = night.rows(
        "select document_id, is_current, is_additive, version_number, previous_document_id "
        "from marts.dim_document where document_id in (?, ?) order by version_number",
        first,
        corrected,
    )
    assert kept == [(first, False, False, 1, None), (corrected, True, True, 2, first)]
    project = "小学课后服务补助"
    printed = {
        name: next(r[1] for r in facts_of(name).form("T12").body if r[0] == project)
        for name in TRAPS["corrected_republication"].documents
    }
    assert len(set(printed.values())) == 2
    versions = night.rows(
        "select distinct document_id, is_current, amount_text from marts.fct_amount "
        "where form = 'T12' and row_label = ? and fiscal_year = 2025 and amount_text <> ''",
        project,
    )
    assert set(versions) == {
        (first, False, printed["yunting-education-2025-first"]),
        (corrected, True, printed["yunting-education-2025"]),
    }
    for table in ("fct_budget_summary", "fct_project", "fct_general_public_expenditure"):
        found = dict(
            night.rows(
                f"select document_id, count(*) from marts.{table} "
                "where document_id in (?, ?) group by 1",
                first,
                corrected,
            )
        )
        assert set(found) == {corrected}, table
    restated = night.rows(
        "select previous_text, amount_text from quality.restatement "
        "where document_id = ? and form = 'T12' and row_label = ?",
        corrected,
        project,
    )
    assert set(restated) == {tuple(printed.values())}


def test_a_republication_without_a_change_is_recorded_and_not_told(night: Night) -> None:
    first, again = map(_sha256, TRAPS["same_figures_other_bytes"].documents)
    assert first != again
    current = dict(
        night.rows(
            "select document_id, is_current from marts.dim_document where document_id in (?, ?)",
            first,
            again,
        )
    )
    assert current == {first: True, again: False}
    assert not night.rows("select 1 from quality.restatement where document_id = ?", again)
    assert not night.rows("select 1 from quality.finding where document_id in (?, ?)", first, again)


def test_the_same_bytes_at_two_addresses_are_loaded_once(night: Night) -> None:
    sha256 = _sha256("shibo-assets-2026")
    assert night.value("select count(*) from marts.dim_document where file_sha256 = ?", sha256) == 1
    cells = night.rows(
        "select count(*), count(distinct (form, row_index, column_index)) "
        "from marts.fct_amount where document_id = ?",
        sha256,
    )
    assert cells[0][0] == cells[0][1] > 0
    total = night.value(
        "select sum(income_total_wan) from marts.fct_budget_summary where document_id = ?", sha256
    )
    facts = facts_of("shibo-assets-2026")
    assert total == Decimal(facts.form("T01").body[-1][1])
    stored = list((night.data / "archive" / "objects").rglob(sha256))
    assert len(stored) == 1


def _years() -> dict[tuple[str, int, str], Facts]:
    """Current documents by body, year and kind of body."""
    replaced = {
        TRAPS["corrected_republication"].documents[0],
        TRAPS["same_figures_other_bytes"].documents[1],
    }
    documents = [facts_of(n) for n in _served() - replaced]
    return {(f.body.name, f.year, f.kind): f for f in documents}


def test_what_this_year_says_of_last_year_is_what_last_year_published(night: Night) -> None:
    found = night.rows(
        "select d.department, c.fiscal_year, c.measure, c.prior_as_stated_wan, "
        "c.prior_as_published_wan from marts.fct_year_comparison c "
        "join marts.dim_document d using (document_id) "
        "where c.prior_as_stated_wan is not null and c.prior_as_published_wan is not null"
    )
    years = _years()
    followed = {key for key in years if (key[0], key[1] - 1, key[2]) in years}
    assert len(followed) == 8
    by_key: dict[tuple[str, int], dict[str, tuple[Decimal, Decimal]]] = {}
    for name, year, measure, stated, published in found:
        by_key.setdefault((name, year), {})[measure] = (stated, published)
    assert set(by_key) == {key[:2] for key in followed}
    for name, year, kind in followed:
        before = years[name, year - 1, kind]
        total = Decimal(before.form("T01").body[-1][1].replace(",", ""))
        general = next(r[2] for r in before.form("T05").body if "合计" in r[:2])
        measures = by_key[name, year]
        assert all(stated == published for stated, published in measures.values()), name
        assert measures["income_total"] == (total, total), name
        published = Decimal(general.replace(",", ""))
        assert measures["general_public_expenditure"] == (published, published), name


def test_the_units_add_up_to_their_department(night: Night) -> None:
    names = {facts_of(n).body.name: n for n in _served() if n.startswith("yunting-education-2026")}
    department = facts_of("yunting-education-2026").body.name
    units = names.keys() - {department}
    assert len(units) == 3
    figures = night.rows(
        "select d.department, d.scope, a.form, a.function_code, a.column_path, a.amount_wan "
        "from marts.fct_amount a join marts.dim_document d using (document_id) "
        "where d.county_code = '149902' and d.fiscal_year = 2026 and a.is_current "
        "and a.form in ('T03', 'T05') and a.function_code is not null and a.amount_wan is not null"
    )
    scopes = {name: scope for name, scope, *_ in figures}
    assert Counter(scopes.values()) == {"department": 1, "unit_own": 1, "unit": 2}
    whole: Counter[tuple[str, ...]] = Counter()
    parts: Counter[tuple[str, ...]] = Counter()
    for name, _, *key, amount in figures:
        (whole if name == department else parts)[tuple(key)] += amount
    assert whole.keys() == parts.keys()
    assert len(whole) > 40
    # Every document rounds by itself: half a hundredth for each of the four printed figures.
    assert all(abs(whole[k] - parts[k]) <= Decimal("0.02") for k in whole)
    totals = dict(
        night.rows(
            "select d.department, s.income_total_wan from marts.fct_budget_summary s "
            "join marts.dim_document d using (document_id) "
            "where d.county_code = '149902' and d.fiscal_year = 2026"
        )
    )
    assert totals.keys() == names.keys()
    summed = sum(totals[u] for u in units)
    assert abs(totals[department] - summed) <= Decimal("0.02")
    additive = night.value(
        "select sum(income_total_wan) from marts.fct_budget_summary "
        "where county_code = '149902' and fiscal_year = 2026 and is_additive"
    )
    assert additive == totals[department], "a county's sum counts nobody twice"
    judged = dict(
        night.rows(
            "select outcome, count(*) from quality.cross_document_result "
            "where identity = 'U-SUM' group by 1"
        )
    )
    assert judged
    assert judged.keys() <= {"exact", "rounding"}


def _texts(data: Path) -> Iterator[tuple[Path, bytes | Path]]:
    """Every file below the data folder but the archived originals; databases as their paths."""
    originals = data / "archive" / "objects"
    for path in sorted(data.rglob("*")):
        if not path.is_file() or path.is_relative_to(originals):
            continue
        if path.suffix in (".duckdb", ".parquet"):
            yield path, path
            continue
        raw = path.read_bytes()
        if path.suffix == ".zst":
            raw = zstandard.ZstdDecompressor().decompress(raw, max_output_size=1 << 30)
        yield path, raw


def _tables(path: Path) -> Iterator[tuple[duckdb.DuckDBPyConnection, str]]:
    if path.suffix == ".parquet":
        with duckdb.connect() as connection:
            yield connection, f"read_parquet('{path}')"
        return
    with duckdb.connect(str(path), read_only=True) as connection:
        for schema, table in connection.sql(
            "select table_schema, table_name from information_schema.tables "
            "where table_type = 'BASE TABLE'"
        ).fetchall():
            yield connection, f'"{schema}"."{table}"'


def _holds(found: bytes | Path, words: tuple[str, ...]) -> bool:
    if isinstance(found, bytes):
        escaped = [w.encode("unicode_escape") for w in words]
        return any(w.encode() in found for w in words) or any(w in found for w in escaped)
    wanted = " or ".join("contains(cast(t as varchar), ?)" for _ in words)
    return any(
        connection.execute(f"select 1 from {table} t where {wanted} limit 1", words).fetchone()
        for connection, table in _tables(found)
    )


def test_no_personal_data_leaves_the_archived_originals(night: Night) -> None:
    inside = "".join(facts_of(n).model_dump_json() for n in _served())
    assert all(word in inside for word in PERSONAL), "the samples hold what must be dropped"
    shown: set[str] = set()
    for path, found in _texts(night.data):
        assert not _holds(found, PERSONAL), path.relative_to(night.data)
        if _holds(found, (KNOWN,)):
            shown.add(path.suffix)
    # what this test can see through: checkpoints, landing and marts, fetch rows
    assert shown >= {".zst", ".parquet", ".duckdb", ".jsonl"}


def test_a_promise_of_the_page_can_be_broken() -> None:
    said = _tight("  石柏县   7   6   0   1   0  \n  青岚县   6   6   0   0   1   0 ")
    assert re.search(_pattern("石柏县 7 … 1 0"), said)
    assert not re.search(_pattern("石柏县 7 … 2 0"), said)
    assert not re.search(_pattern("石柏县 6 … 1 0"), said)
    assert re.search(_pattern("石柏县…青岚县 6"), said)


def _tight(text: str) -> str:
    """Without the blanks and line ends of the screen, but one between figures."""
    return re.sub(r"(?<!\d) | (?!\d)", "", " ".join(text.split()))


def _pattern(promised: str) -> str:
    """``…`` is any text; ``7 … 0`` are further figures of the same line."""
    pattern = re.escape(_tight(promised.replace(" … ", "‥")))
    return pattern.replace("‥", r"(?: \d+)* ").replace("…", ".*?")


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_summary_says_of_every_trap_what_the_page_promises(
    night: Night, sample_sites: Path, lang: str
) -> None:
    done = budgets(night.data, sample_sites, "report", "--lang", lang)
    assert done.returncode == 0, done.stderr
    said = _tight(done.stdout)
    for trap in PROVINCE.traps:
        if trap.summary is None:
            continue
        promised = getattr(trap.summary, lang)
        assert re.search(_pattern(promised), said), f"{trap.id}: {promised}"
