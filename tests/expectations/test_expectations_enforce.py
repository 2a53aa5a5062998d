"""The gates: what stops a publication, what is only told, and what Data Docs show of it.

Every check of the suites must be able to fail: each case below spoils one thing in a warehouse
that passes, and names the check that has to notice.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import FORMS, NOW, Document, Warehouse, identity, violated  # type: ignore[import-not-found]

from expectations import enforce, identity_suites
from expectations.enforce import CheckResult, check, expected_tables
from expectations.identity_suites import Identity
from expectations.suite_files import Check, SuiteError, Text, load_suites, load_thresholds

pytestmark = pytest.mark.xdist_group("enforce")  # their warehouse is built once

A, B = "a1" * 32, "b2" * 32


def _catalogue() -> dict[str, Identity]:
    return {
        name: Identity(
            name, name[0], severity, Text(zh=f"{name} 题", en=name), Text(zh="因", en="why")
        )
        for name, severity in (
            ("R-T01", "hard"),
            ("C-T05", "hard"),
            ("H-T05-KUAN", "hard"),
            ("X-0205", "hard"),
            ("P-SIDE", "soft"),
        )
    }


@pytest.fixture(autouse=True)
def small_catalogue(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identity_suites, "catalogue_identities", _catalogue)


@pytest.fixture
def no_site(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the pages out where only the verdict matters: it halves the time."""
    monkeypatch.setattr(enforce, "_build_site", lambda *_: None)


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "warehouse.duckdb"
    built = Warehouse(path)
    built.add(Document(A, checked=True, identities=[identity("R-T01"), identity("C-T05", "基本")]))
    built.add(Document(B, checked=True, department="青岚县样例局", identities=[identity("R-T01")]))
    built.build()
    return path


@pytest.fixture
def good(template: Path, tmp_path: Path) -> Warehouse:
    shutil.copy(template, tmp_path / "warehouse.duckdb")
    return Warehouse(tmp_path / "warehouse.duckdb", create=False)


def _run(warehouse: Warehouse, stage: str, tmp_path: Path, **options: object) -> CheckResult:
    return check(warehouse.path, tmp_path / "docs", stage=stage, now=NOW, **options)  # type: ignore[arg-type]


def _stops(result: CheckResult) -> set[str]:
    return {f"{failure.suite}.{failure.check}" for failure in result.failures}


def test_a_good_warehouse_may_be_published(good: Warehouse, tmp_path: Path) -> None:
    for stage in ("landing", "marts"):
        result = _run(good, stage, tmp_path)
        assert result.failures == ()
        assert result.findings == ()
        assert result.success_to_publish
        assert result.statistics["documents_touched"] == 2
        assert result.docs_index is not None
        assert result.docs_index.exists()
        assert "data_docs_problem" not in result.statistics


# Each case spoils one thing of its own (a form or a document of its own), says what has to
# notice it and which place has to be named; all are put into one warehouse and looked at once.
LANDING = {
    "landing_outcome.outcome_known": (
        "insert into raw.raw_parse_outcome (batch_id, record_key, file_sha256, outcome, problem_what, problem_remedy) values ('b1', 'h', 'h', 'half', 'x', 'y')",
        "half 1",
    ),
    "landing_outcome.explained": (
        "insert into raw.raw_parse_outcome (batch_id, record_key, file_sha256, outcome, problem_what, problem_remedy) values ('b1', 'x', 'x', 'encrypted', 'locked', null)",
        "encrypted 1",
    ),
    "landing_outcome.parsed_has_document": (
        "update raw.raw_parse_outcome set document_count = 0 where file_sha256 = '{doc[0]}'",
        "parsed_without_document=1",
    ),
    "landing_document.document_unique": (
        "insert into raw.raw_document select * from raw.raw_document where document_id = '{doc[0]}'",
        "样例00局",
    ),
    "landing_document.verdict_given": (
        "update raw.raw_document set verdict_status = null where document_id = '{doc[1]}'",
        "样例01局",
    ),
    "landing_document.year": (
        "update raw.raw_document set fiscal_year = 202 where document_id = '{doc[2]}'",
        "样例02局",
    ),
    "landing_document.phase": (
        "update raw.raw_document set phase = 'draft' where document_id = '{doc[3]}'",
        "样例03局",
    ),
    "landing_document.scope": (
        "update raw.raw_document set scope = null where document_id = '{doc[4]}'",
        "样例04局",
    ),
    "landing_document.template": (
        "update raw.raw_document set template = null where document_id = '{doc[5]}'",
        "样例05局",
    ),
    "landing_document.thirteen_forms": (
        "delete from raw.raw_table where form = 'T08' and document_id = '{doc[6]}'",
        "样例06局",
    ),
    "landing_document.forms_once": (
        "insert into raw.raw_table select * from raw.raw_table where form = 'T01' and document_id = '{doc[7]}'",
        "样例07局",
    ),
    "landing_document.cells": (
        "delete from raw.raw_cell where form > 'T02' and document_id = '{doc[8]}'",
        "样例08局",
    ),
    "landing_form.form_known": (
        "update raw.raw_table set form = 'T14' where form = 'T13' and document_id = '{doc[9]}'",
        "T14",
    ),
    "landing_form.unit_known": (
        "update raw.raw_table set unit_printed = null, factor = 1 where form = 'T05' and document_id = '{doc[9]}'",
        "样例09局 2026 T05",
    ),
    "landing_form.unit_factor": (
        "update raw.raw_table set factor = 1 where form = 'T06' and document_id = '{doc[9]}'",
        "样例09局 2026 T06",
    ),
    "landing_form.rows_landed": (
        "delete from raw.raw_row where form = 'T04' and row_index = 4 and document_id = '{doc[9]}'",
        "样例09局 2026 T04",
    ),
    "landing_form.cells_landed": (
        "delete from raw.raw_cell where form = 'T07' and row_index = 4 and document_id = '{doc[9]}'",
        "样例09局 2026 T07",
    ),
    "landing_form.grid_whole": (
        "delete from raw.raw_cell where form = 'T09' and row_index = 4 and column_index = 3 and document_id = '{doc[9]}'",
        "样例09局 2026 T09",
    ),
    "landing_form.cell_unique": (
        "insert into raw.raw_cell select * from raw.raw_cell where form = 'T10' and row_index = 4 and column_index = 3 and document_id = '{doc[9]}'",
        "样例09局 2026 T10",
    ),
    "landing_form.row_unique": (
        "update raw.raw_row set row_index = 3 where form = 'T11' and row_index = 4 and document_id = '{doc[9]}'",
        "样例09局 2026 T11",
    ),
    "landing_form.amount_is_text": (
        "update raw.raw_cell set amount = 1000.01 where form = 'T12' and row_index = 1 and column_index = 2 and document_id = '{doc[9]}'",
        "样例09局 2026 T12",
    ),
    "landing_form.amount_read": (
        "update raw.raw_cell set amount = null, text = '2OO.50' where form = 'T03' and row_index = 4 and column_index = 2 and document_id = '{doc[9]}'",
        "样例09局 2026 T03",
    ),
    "landing_form.code_pattern": (
        "update raw.raw_row set row_code = '2O1' where form = 'T02' and row_index = 1 and document_id = '{doc[9]}'",
        "样例09局 2026 T02",
    ),
    "landing_form.coded": (
        "update raw.raw_row set row_code = null where form = 'T08' and row_index = 1 and document_id = '{doc[9]}'",
        "样例09局 2026 T08",
    ),
    "landing_form.row_kind": (
        "update raw.raw_row set row_kind = 'other' where form = 'T01' and row_index = 1 and document_id = '{doc[9]}'",
        "样例09局 2026 T01",
    ),
    "landing_volume.failed_share": (
        "insert into raw.raw_parse_outcome (batch_id, record_key, file_sha256, outcome, problem_what, problem_remedy) select 'b1', 'f' || i, 'f' || i, 'damaged', 'torn', 'fetch it again' from range(20) t(i)",
        "failed_permille=",
    ),
    "landing_volume.quarantined_share": (
        "insert into raw.raw_parse_outcome by name select o.* replace ('q' || i as file_sha256, 'q' || i as record_key) from raw.raw_parse_outcome o, range(9) t(i) where o.file_sha256 = '{doc[10]}'; insert into raw.raw_document by name select d.* replace ('q' || i as file_sha256, 'q' || i as document_id, 'q' || i as record_key, 'quarantined' as verdict_status) from raw.raw_document d, range(9) t(i) where d.document_id = '{doc[10]}'",
        "quarantined_permille=",
    ),
}

MARTS = {
    "marts_document.has_status": (
        "delete from quality.document_status where document_id = '{doc[0]}'",
        "样例00局",
    ),
    "marts_document.status_known": (
        "update quality.document_status set status = 'fine' where document_id = '{doc[1]}'",
        "样例01局",
    ),
    "marts_document.in_dimension": (
        "insert into marts.dim_document select * replace ('x' as organisation_id) from marts.dim_document where document_id = '{doc[2]}'",
        "样例02局",
    ),
    "marts_document.quarantine_kept": (
        "update raw.raw_document set verdict_status = 'quarantined' where document_id = '{doc[3]}'",
        "样例03局",
    ),
    "marts_document.quarantined_not_current": (
        "update quality.document_status set status = 'quarantined' where document_id = '{doc[4]}'",
        "样例04局",
    ),
    "marts_document.current_has_key": (
        "update marts.dim_document set fiscal_year = null where document_id = '{doc[5]}'",
        "样例05局",
    ),
    "marts_form.amounts_counted": (
        "delete from marts.fct_amount where form = 'T05' and row_index = 4 and document_id = '{doc[6]}'",
        "样例06局 2026 T05",
    ),
    "marts_form.amounts_summed": (
        "update marts.fct_amount set amount_yuan = amount_yuan + 0.01 where form = 'T06' and row_index = 4 and document_id = '{doc[6]}'",
        "样例06局 2026 T06",
    ),
    "marts_form.units_agree": (
        "update marts.fct_amount set amount_wan = amount_wan * 10 where form = 'T07' and row_index = 4 and document_id = '{doc[6]}'",
        "样例06局 2026 T07",
    ),
    "marts_form.amount_unique": (
        "update marts.fct_amount set row_index = 3 where form = 'T08' and row_index = 4 and document_id = '{doc[6]}'",
        "样例06局 2026 T08",
    ),
    "marts_checked.rows": (
        "delete from quality.identity_result where identity like 'R%' and document_id = '{doc[7]}'",
        "样例07局",
    ),
    "marts_checked.columns": (
        "update quality.identity_result set outcome = 'not_applicable' where identity like 'C%' and document_id = '{doc[7]}'",
        "样例07局",
    ),
    "marts_checked.levels": (
        "delete from quality.identity_result where identity like 'H%' and document_id = '{doc[7]}'",
        "样例07局",
    ),
    "marts_checked.between": (
        "delete from quality.identity_result where identity like 'X%' and document_id = '{doc[7]}'",
        "样例07局",
    ),
    "marts_key.key_unique": (
        "update marts.dim_document set organisation_id = (select organisation_id from marts.dim_document where document_id = '{doc[9]}') where document_id = '{doc[8]}'",
        "organisation_id, fiscal_year",
    ),
    "marts_fact.no_orphans": (
        "update marts.fct_expenditure set document_id = 'gone' where document_id = '{doc[0]}'",
        "orphans=5",
    ),
    "marts_fact.only_current": (
        "update marts.dim_document set is_current = false where document_id = '{doc[10]}'",
        "not_current=5",
    ),
    "marts_fact.none_quarantined": (
        "update marts.dim_document set status = 'quarantined' where document_id = '{doc[10]}'",
        "quarantined=5",
    ),
    "marts_fact.body_known": (
        "delete from marts.dim_organisation where organisation_id = (select organisation_id from marts.dim_document where document_id = '{doc[1]}')",
        "without_body=5",
    ),
    "identity_R.recomputed_same": (
        "update quality.identity_result set outcome = 'rounding' where identity = 'R-T01' and instance = 'row 3' and document_id = '{doc[8]}'",
        "样例08局",
    ),
    "identity_R.recomputed_all": (
        "delete from quality.identity_result where identity = 'R-T01' and instance = 'row 4' and document_id = '{doc[8]}'",
        "样例08局",
    ),
    "identity_C.recomputed_only": (
        "delete from raw.raw_identity_instance where identity = 'C-T05' and instance = 'row 3' and document_id = '{doc[9]}'",
        "样例09局",
    ),
    "identity_all.outcome_known": (
        "update quality.identity_result set outcome = 'maybe' where identity = 'X-0205' and document_id = '{doc[9]}'",
        "X-0205",
    ),
}
CONTRACT = {
    "landing": "alter table raw.raw_cell drop column confidence",
    "marts": "alter table quality.identity_result alter difference type double",
}


@pytest.fixture(scope="session")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("many") / "warehouse.duckdb"
    built = Warehouse(path)
    for number in range(11):
        built.add(Document(f"{number:064x}", department=f"样例{number:02d}局", checked=True))
    built.build()
    return path


@pytest.fixture(scope="session")
def spoiled(
    many: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, tuple[CheckResult, CheckResult]]:
    """stage → the result before and after every case of the stage was put in."""
    doc = [f"{number:064x}" for number in range(11)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(identity_suites, "catalogue_identities", _catalogue)
        patch.setattr(enforce, "_build_site", lambda *_: None)
        found: dict[str, tuple[CheckResult, CheckResult]] = {}
        for stage, cases in (("landing", LANDING), ("marts", MARTS)):
            folder = tmp_path_factory.mktemp(stage)
            shutil.copy(many, folder / "warehouse.duckdb")
            one = Warehouse(folder / "warehouse.duckdb", create=False)
            before = _run(one, stage, folder, everything=True)
            for sql, _ in cases.values():
                one.sql(sql.format(doc=doc))
            found[stage] = (before, _run(one, stage, folder, everything=True))
    return found


@pytest.mark.parametrize("expected", [*sorted(LANDING), *sorted(MARTS)])
def test_publication_stops_for(
    expected: str, spoiled: dict[str, tuple[CheckResult, CheckResult]]
) -> None:
    stage, cases = ("landing", LANDING) if expected in LANDING else ("marts", MARTS)
    before, after = spoiled[stage]
    assert before.success_to_publish
    assert not after.success_to_publish
    failure = next(f for f in after.failures if f"{f.suite}.{f.check}" == expected)
    assert any(cases[expected][1] in place for place in failure.where), failure.where
    assert failure.remedy.zh


@pytest.mark.parametrize("stage", sorted(CONTRACT))
@pytest.mark.usefixtures("no_site")
def test_schema_drift_stops(stage: str, good: Warehouse, tmp_path: Path) -> None:
    good.sql(CONTRACT[stage])
    result = _run(good, stage, tmp_path)
    assert f"{stage}_contract.contract" in _stops(result)
    assert not result.success_to_publish


def test_every_stopping_check_has_a_case() -> None:
    """A check without a mutation is a check nobody knows to fire."""
    declared = {
        f"{suite.suite}.{one.id}"
        for suite in load_suites()
        for one in suite.checks
        if one.level == "stop"
    }
    tested = {*LANDING, *MARTS, "marts_volume.not_shrunk"}  # the last has a test of its own
    assert declared <= tested


def test_a_documents_own_contradiction_is_told_and_published(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    warehouse.add(
        Document(
            A,
            checked=True,
            verdict="accepted_with_findings",
            identities=[
                violated("C-T05", "基本"),
                identity("R-T01"),
                violated("P-SIDE", severity="soft"),
            ],
        )
    )
    warehouse.build()
    result = _run(warehouse, "marts", tmp_path)
    assert result.success_to_publish
    assert [finding.check for finding in result.findings] == ["C-T05"]
    assert "青岚县样例办公室" in result.findings[0].where[0]
    assert result.statistics["violated"] == {"hard": 1, "soft": 1}
    assert result.statistics["suites"]["identity_P"]["note"] == 1


def test_a_negative_amount_is_a_finding(good: Warehouse, tmp_path: Path) -> None:
    good.sql(
        "update raw.raw_cell set amount = -200.5, text = '－200.50' "
        "where form = 'T05' and row_index = 4 and column_index = 2"
    )
    result = _run(good, "landing", tmp_path)
    assert result.success_to_publish
    assert [finding.check for finding in result.findings] == ["negative"]


@pytest.mark.usefixtures("no_site")
def test_a_quarantined_document_may_lack_forms(warehouse: Warehouse, tmp_path: Path) -> None:
    warehouse.add(Document(A, verdict="quarantined", forms=FORMS[:9]))
    warehouse.build()
    assert _run(warehouse, "landing", tmp_path).success_to_publish
    assert _run(warehouse, "marts", tmp_path).success_to_publish


def test_an_identity_outside_the_catalogue_is_pointed_out(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    warehouse.add(Document(A, checked=True, identities=[identity("R-OLD")]))
    warehouse.build()
    result = _run(warehouse, "marts", tmp_path)
    assert [finding.check for finding in result.findings] == ["identity_known"]


@pytest.mark.usefixtures("no_site")
def test_a_night_looks_at_what_is_new(good: Warehouse, tmp_path: Path) -> None:
    assert _run(good, "landing", tmp_path).statistics["documents_touched"] == 2
    assert _run(good, "landing", tmp_path).statistics["documents_touched"] == 0
    good.add(Document("c3" * 32, department="青岚县新局", batch_id="b2"))
    assert _run(good, "landing", tmp_path).statistics["documents_touched"] == 1
    assert _run(good, "landing", tmp_path, everything=True).statistics["documents_touched"] == 3
    named = _run(good, "landing", tmp_path, document_ids=[B])
    assert named.statistics["documents_touched"] == 1


def test_many_documents_are_worked_off_in_parts_with_the_same_result(
    warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory stays that of one part; what is found does not depend on where a part ends."""
    for n in range(5):
        made = [identity("R-T01"), violated("X-0205", f"20{n}")]
        if n in (1, 4):
            made.append(identity("C-T05", "lost"))
        key = f"{n}" * 64
        warehouse.add(Document(key, checked=True, department=f"青岚县第{n}局", identities=made))
    warehouse.build()
    # two documents, of different parts, lost an instance between landing and quality
    warehouse.sql("delete from quality.identity_result where instance = 'lost'")
    whole = _run(warehouse, "marts", tmp_path / "whole")
    monkeypatch.setattr(enforce, "PART", 2)
    sizes: list[int] = []
    plain = enforce._frame

    def measured(connection: object, suite: object) -> object:
        frame = plain(connection, suite)  # type: ignore[arg-type]
        if suite.suite.startswith("identity_") and suite.suite != "identity_all":  # type: ignore[attr-defined]
            sizes.append(frame["finding"].nunique())
        return frame

    monkeypatch.setattr(enforce, "_frame", measured)
    parts = _run(warehouse, "marts", tmp_path / "parts")
    assert max(sizes) == 2
    assert not whole.success_to_publish
    for kind in ("failures", "findings"):
        before, after = getattr(whole, kind), getattr(parts, kind)
        assert [(f.suite, f.check, f.count) for f in after] == [
            (f.suite, f.check, f.count) for f in before
        ]
        assert {f.check: set(f.where) for f in after} == {f.check: set(f.where) for f in before}
    assert [(f.check, f.count) for f in parts.failures] == [("recomputed_all", 2)]
    assert parts.docs_index is not None
    index = parts.docs_index.read_text("utf-8")
    linked = set(re.findall(r'href="(validations/[^"]+)"', index))
    assert sum("identity_C/" in link for link in linked) == 3
    assert all((parts.docs_index.parent / link).is_file() for link in linked)


@pytest.mark.usefixtures("no_site")
def test_a_pass_counts_only_for_the_same_models_suites_and_decisions(
    good: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def touched(**given: str) -> int:
        result = check(good.path, tmp_path / "docs", stage="landing", now=NOW, **given)  # type: ignore[arg-type]
        return int(result.statistics["documents_touched"])

    assert [touched(), touched()] == [2, 0]
    assert [touched(decisions_version="d1"), touched(decisions_version="d1")] == [2, 0]
    monkeypatch.setattr("warehouse.build.project_version", lambda: "another model")
    assert [touched(decisions_version="d1"), touched(decisions_version="d1")] == [2, 0]


@pytest.mark.usefixtures("no_site")
def test_what_did_not_pass_is_looked_at_again(good: Warehouse, tmp_path: Path) -> None:
    good.sql("update raw.raw_document set phase = 'draft'")
    assert not _run(good, "landing", tmp_path).success_to_publish
    assert not _run(good, "landing", tmp_path).success_to_publish


@pytest.mark.usefixtures("no_site")
def test_a_reading_that_was_replaced_is_not_examined(good: Warehouse, tmp_path: Path) -> None:
    good.add(Document(A, record_key="newer", batch_id="b2", identities=[identity("R-T01")]))
    good.sql("update raw.raw_document set phase = 'draft' where record_key = ?", f"record-{A}")
    assert _run(good, "landing", tmp_path).success_to_publish


@pytest.mark.usefixtures("no_site")
def test_current_documents_must_not_melt_away(good: Warehouse, tmp_path: Path) -> None:
    assert _run(good, "marts", tmp_path).success_to_publish
    good.sql("update marts.dim_document set is_current = false where document_id = ?", B)
    good.sql("delete from marts.fct_expenditure where document_id = ?", B)
    assert _stops(_run(good, "marts", tmp_path)) == {"marts_volume.not_shrunk"}


def test_a_crawl_that_stands_still_is_told(good: Warehouse, tmp_path: Path) -> None:
    good.sql(
        "insert into raw.raw_fetch (fetch_id, role, fetched_at) values "
        "('1', 'listing', timestamp '2026-02-20 18:00:00')"
    )
    result = _run(good, "marts", tmp_path)
    assert result.success_to_publish
    assert [finding.check for finding in result.findings] == ["crawled_lately"]


def test_a_table_that_is_gone_stops_and_does_not_crash(good: Warehouse, tmp_path: Path) -> None:
    good.sql("drop table quality.identity_result")
    result = _run(good, "marts", tmp_path)
    assert "marts_contract.contract" in _stops(result)
    good.sql("drop table raw.raw_batch")
    assert "landing_contract.contract" in _stops(_run(good, "landing", tmp_path))


def test_a_check_that_cannot_be_computed_does_not_pass(
    good: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    suite = next(s for s in load_suites("landing") if s.suite == "landing_volume")
    note = Check(
        id="odd",
        expect="ExpectColumnValuesToBeInSet",
        args={"column": "no_such_column", "value_set": [0]},
        level="note",
        says=Text(zh="无此列", en="no such column"),
        remedy=Text(zh="", en=""),
    )
    for spoiled, where in (
        (suite.model_copy(update={"checks": [note]}), "landing_volume.odd"),
        (suite.model_copy(update={"frame": "select 1.5 as whole"}), "landing_volume.computed"),
        (suite.model_copy(update={"frame": "select no_such_thing"}), "landing_volume.computed"),
        (
            suite.model_copy(update={"frame": suite.frame + " where files < 0"}),
            "landing_volume.rows",
        ),
    ):
        monkeypatch.setattr(enforce, "load_suites", lambda stage, one=spoiled: [one])
        assert where in _stops(_run(good, "landing", tmp_path)), spoiled.frame


def test_data_docs_are_chinese_offline_and_lead_to_the_findings(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    warehouse.add(Document(A, department="样例<script>局", identities=[violated("C-T05", "基本")]))
    warehouse.build()
    result = _run(warehouse, "marts", tmp_path)
    assert result.docs_index is not None
    site = result.docs_index.parent
    index = result.docs_index.read_text("utf-8")
    assert "勾稽关系 C 列合计" in index
    page = next((site / "validations" / "identity_C").rglob("*.html"))
    text = page.read_text("utf-8")
    assert "应当：C-T05 C-T05 题" in text
    assert "样例&lt;script&gt;局" in text
    assert "<script" not in text
    assert f'findings.html#d-{A[:12]}-C-T05"' in text
    assert f'id="d-{A[:12]}-C-T05"' in (site / "findings.html").read_text("utf-8")
    for one in site.rglob("*.html"):
        content = one.read_text("utf-8")
        if one.name != "findings.html":  # there the published originals are linked
            assert "http://" not in content
            assert "https://" not in content
        for href in re.findall(r'href="([^"#]+)', content):
            if not href.startswith("http"):
                assert (one.parent / href).resolve().exists(), (one, href)


def test_thirty_runs_are_kept(
    good: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(enforce, "RUNS_KEPT", 2)
    names = [_run(good, "landing", tmp_path).statistics["run_name"] for _ in range(4)]
    site = tmp_path / "docs" / "data_docs" / "validations" / "landing_volume"
    assert {folder.name for folder in site.iterdir()} == set(names[-2:])
    stored = tmp_path / "docs" / ".gx" / "uncommitted" / "validations" / "landing_volume"
    assert {folder.name for folder in stored.iterdir()} == set(names[-2:])


def test_no_database_is_said(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="load it first"):
        check(tmp_path / "none.duckdb", tmp_path, stage="landing")


def test_suites_refuse_what_is_incomplete(tmp_path: Path) -> None:
    thresholds = tmp_path / "thresholds.yml"
    thresholds.write_text("a: {value: 3}\n", "utf-8")
    with pytest.raises(SuiteError, match="where the bound comes from"):
        load_thresholds(thresholds)
    folder = tmp_path / "suites"
    folder.mkdir()
    (folder / "x.yml").write_text("suites:\n  - {suite: x, stage: landing, frame: '${nothing}'}\n")
    with pytest.raises(SuiteError, match="not in thresholds"):
        load_suites(folder=folder)


def test_raw_tables_are_declared_once() -> None:
    from warehouse.schema import RAW

    assert {f"raw.{table.name}" for table in RAW} <= expected_tables("landing").keys()


@pytest.fixture(scope="module")
def modules_of_an_import() -> set[str]:
    code = (
        "import sys, expectations.enforce, expectations.findings, expectations.alerts, "
        "expectations.ledger, expectations.data_docs; print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "heavy", ["great_expectations", "duckdb", "pandas", "apprise", "requests", "jinja2"]
)
def test_importing_is_light(heavy: str, modules_of_an_import: set[str]) -> None:
    assert heavy not in modules_of_an_import
