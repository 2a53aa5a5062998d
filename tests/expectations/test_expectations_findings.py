"""Findings in words: right figures, right units, the right tone, and grouped by cause."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
from conftest import Document, Warehouse, identity, violated  # type: ignore[import-not-found]

from expectations.findings import (
    LINES,
    Filter,
    Finding,
    Mute,
    findings,
    kept_words,
    load_mutes,
    messages,
    note,
    telling,
    write_findings_page,
)
from expectations.identity_suites import catalogue_identities
from expectations.ledger import Ledger

A, B = "a1" * 32, "b2" * 32

TARGETS = violated(
    "P-PUBAMT",
    "十",
    statement_1="说明文字称公开绩效目标 228.96 万元（第31页）",
    statement_2="附表合计 148.96 万元（第33、40页）",
    pages="31,33,40",
)
COUNT = violated(
    "P-CNT",
    "十",
    yuan="1",
    unit="个",
    statement_1="说明文字称 10 个（第31页）",
    statement_2="T12 项目支出表 11 个（第25页）",
    pages="25,31",
)
SHARE = violated(
    "N-SHARE",
    "5 类占比",
    yuan="0.5",
    unit="%",
    statement_1="说明文字称占 40.5%（第30页）",
    statement_2="按表计算 40%（第30页）",
)
TEXT = violated(
    "P-TXT",
    "项目一",
    yuan="960",
    severity="soft",
    statement_1="费用总计 14208 元（第35页）",
    statement_2="年度资金总额 15168 元（第35页）",
)


def _found(
    warehouse: Warehouse, *identities: dict[str, object], lang: str = "zh", **changes: object
) -> list[Finding]:
    warehouse.add(Document(A, identities=list(identities), **changes))  # type: ignore[arg-type]
    warehouse.build()
    return findings(warehouse.path, lang)  # type: ignore[arg-type]


def test_a_finding_reads_as_users_are_told(warehouse: Warehouse) -> None:
    (one,) = _found(warehouse, TARGETS, identity("R-T01"))
    assert one.text == (
        "【表文不一致·请核实】说明文字称公开绩效目标 228.96 万元（第31页）；"
        "附表合计 148.96 万元（第33、40页），相差80.00万元。"
        "可能原因：依法不予公开而文字未调整、附件另行公布、口径不同。"
    )
    assert one.pages == (31, 33, 40)
    assert one.amount == Decimal(800000)
    assert (one.department, one.county, one.fiscal_year) == ("青岚县样例办公室", "青岚县", 2026)
    assert one.reach == "at_once"
    assert one.read_by == "文本"
    assert one.source_url
    assert note() == "本提示由公开文本自动比对生成，不构成违规认定。"


@pytest.mark.parametrize(
    ("landed", "difference", "amount"),
    [
        (TARGETS, "80.00万元", Decimal(800000)),
        (COUNT, "1个", None),
        (SHARE, "0.5个百分点", None),
        (TEXT, "960元", Decimal(960)),
    ],
)
def test_a_difference_is_told_in_the_unit_of_the_text(
    warehouse: Warehouse, landed: dict[str, object], difference: str, amount: Decimal | None
) -> None:
    (one,) = _found(warehouse, landed)
    assert one.difference == difference
    assert f"相差{difference}" in one.text
    assert one.amount == amount


def test_sets_and_texts_have_no_difference(warehouse: Warehouse) -> None:
    (one,) = _found(
        warehouse,
        violated(
            "N-SET",
            "4",
            yuan="0",
            statement_1="文字列出一般公共服务支出",
            statement_2="表中另有教育支出",
            difference_yuan=None,
        ),
    )
    assert one.difference == "—"
    assert "相差" not in one.text


ENGLISH = {
    "statement_1_en": "the text: targets of 228.96 万元 published (p. 31)",
    "statement_2_en": "the annex adds up to 148.96 万元 (p. 33, 40)",
}


def test_english_quotes_english_statements(warehouse: Warehouse) -> None:
    (one,) = _found(warehouse, {**TARGETS, **ENGLISH}, lang="en")
    assert one.text == (
        "[text and forms · please verify] Amount stated as published = annual totals attached: "
        "the text: targets of 228.96 万元 published (p. 31); the annex adds up to 148.96 万元 "
        "(p. 33, 40); difference 80.00 万元. Possible causes: items "
        "lawfully not published while the text was not adjusted, a separate attachment, another "
        "scope."
    )
    (zh,) = findings(warehouse.path, "zh")
    assert zh.finding_id == one.finding_id
    assert zh.content_id == one.content_id, "the same finding in another language is not news"
    assert "说明文字称" in zh.text


def test_what_was_landed_in_no_other_language_is_quoted_as_it_stands(warehouse: Warehouse) -> None:
    (one,) = _found(warehouse, TARGETS, lang="en")
    assert "说明文字称公开绩效目标 228.96 万元" in one.text


def test_soft_goes_into_the_digest_and_tails_are_badges(warehouse: Warehouse) -> None:
    small = {**SHARE, "instance": "末位", "difference_yuan": Decimal("0.01")}
    found = _found(warehouse, TEXT, SHARE, small, violated("M-FORMNO", "T07", severity="soft"))
    assert [(f.identity, f.reach) for f in found] == [
        ("N-SHARE", "at_once"),
        ("P-TXT", "digest"),
        ("N-SHARE", "badge"),
        ("M-FORMNO", "badge"),
    ]
    assert {f.reach for f in findings(warehouse.path, badges=False)} == {"at_once", "digest"}


def test_what_is_quarantined_accuses_nobody(warehouse: Warehouse) -> None:
    (one,) = _found(warehouse, TARGETS, verdict="quarantined")
    assert one.kind == "misread"
    assert one.reach == "badge"
    assert one.label == "待人工复核"
    assert "请核实" not in one.text


def test_ids_stay_and_contents_change(warehouse: Warehouse) -> None:
    (one,) = _found(warehouse, TARGETS)
    (again,) = findings(warehouse.path)
    assert (again.finding_id, again.content_id) == (one.finding_id, one.content_id)
    warehouse.sql("update quality.finding set statement_2 = '附表合计 158.96 万元（第33页）'")
    (changed,) = findings(warehouse.path)
    assert changed.finding_id == one.finding_id
    assert changed.content_id != one.content_id


def test_what_could_not_be_checked_is_told_by_its_name(warehouse: Warehouse) -> None:
    """An identity that the print promises and that was not evaluated does not pass silently."""
    warehouse.add(Document("e5" * 32, identities=[violated("C-T05", "应核对")]))
    warehouse.build()
    warehouse.sql(
        "update quality.finding set kind = 'missing', severity = 'soft', difference = null,"
        " statement_1 = '应核对 3 处', statement_2 = '实际 2 处，其余未印出或未读出'"
    )
    [one] = findings(warehouse.path)
    assert one.reach == "digest"
    assert one.text.startswith("【未能核对·请说明】")
    assert f"{one.identity_title}：应核对 3 处；实际 2 处，其余未印出或未读出。" in one.text


def test_the_name_of_what_is_said_is_that_of_the_mart(warehouse: Warehouse) -> None:
    """The same rule as in the model quality.finding, whose test holds the same rows."""
    warehouse.add(Document("e6" * 32, identities=[violated("P-CNT", "十")]))
    warehouse.build()
    warehouse.sql(
        "update quality.finding set kind = 'contradiction', statement_1 = '甲称 5 个',"
        " statement_2 = '乙列 6 个', difference = -1"
    )
    assert [one.content_id for one in findings(warehouse.path)] == ["fd6bbdde6237"]


def test_an_anomaly_asks_nothing_of_anybody(warehouse: Warehouse) -> None:
    (one,) = _found(warehouse, violated("N-SIGN", severity="soft", unit="%", difference_yuan=None))
    warehouse.sql("update quality.finding set kind = 'anomaly'")
    (one,) = findings(warehouse.path)
    assert one.text.startswith("【波动提示】T05")
    assert "请" not in one.text.partition("】")[0]


@pytest.mark.parametrize(
    ("where", "kept"),
    [
        (Filter(), ["N-SHARE", "P-PUBAMT", "P-TXT", "R-T05"]),
        (Filter(status="open"), ["N-SHARE", "P-PUBAMT", "P-TXT"]),
        (Filter(status="acknowledged"), ["R-T05"]),
        (Filter(severity="soft"), ["P-TXT"]),
        (Filter(county="青岚县", severity="hard", status="open"), ["N-SHARE", "P-PUBAMT"]),
        (Filter(county="149901", identity="P-*"), ["P-PUBAMT", "P-TXT"]),
        (Filter(county="云汀县"), []),
        (Filter(department="样例"), ["N-SHARE", "P-PUBAMT", "P-TXT", "R-T05"]),
        (Filter(department="教育局"), []),
        (Filter(kind="misread"), []),
    ],
)
def test_findings_are_kept_by_status_severity_place_and_kind(
    warehouse: Warehouse, where: Filter, kept: list[str]
) -> None:
    _found(warehouse, TARGETS, SHARE, TEXT, violated("R-T05"))
    warehouse.sql("update quality.finding set status = 'acknowledged' where identity = 'R-T05'")
    assert sorted(f.identity for f in findings(warehouse.path, where=where)) == kept


def test_the_ledger_says_since_when_and_what_is_resolved(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    ledger = Ledger(tmp_path / "ledger")
    found = _found(warehouse, TARGETS, SHARE)

    def look(day: int) -> None:
        now = findings(warehouse.path)
        ledger.see(
            {f.finding_id: f.content_id for f in now},
            datetime(2026, 3, day, tzinfo=UTC),
            f"night-{day}",
            {f.finding_id: kept_words(f) for f in now},
        )

    assert all(f.first_seen_at is None for f in found)
    look(2)
    look(3)
    # a corrected text no longer contradicts itself in this place
    warehouse.sql("delete from quality.finding where identity = 'P-PUBAMT'")
    look(4)
    by_status = {f.status: f for f in findings(warehouse.path, ledger=ledger)}
    assert set(by_status) == {"open", "resolved"}
    assert by_status["open"].first_seen_at == datetime(2026, 3, 2, tzinfo=UTC)
    assert by_status["open"].last_seen_at == datetime(2026, 3, 4, tzinfo=UTC)
    gone = by_status["resolved"]
    assert (gone.identity, gone.county, gone.pages) == ("P-PUBAMT", "青岚县", (31, 33, 40))
    assert "228.96 万元" in gone.text
    assert gone.last_seen_at == datetime(2026, 3, 3, tzinfo=UTC)
    assert [f.identity for f in findings(warehouse.path, ledger=ledger, where=Filter("open"))] == [
        "N-SHARE"
    ]


def test_one_message_a_document_bundled_by_cause(warehouse: Warehouse) -> None:
    thirteen = [
        violated("P-SRC", f"项目{n}", yuan=str(10000 * n), pages=str(40 + n)) for n in range(1, 14)
    ]
    found = _found(warehouse, TARGETS, *thirteen)
    (message,) = messages(found)
    assert message.title == "青岚县样例办公室 2026年预算：核对提示 14 项"
    assert len(message.lines) == 2
    assert "13 处，最大相差13.00万元（第41、42、43、44、45、46、47、48…页）" in message.lines[1]
    assert len(message.findings) == 14


def test_one_figure_behind_many_findings_is_one_line(warehouse: Warehouse) -> None:
    """A class total typed wrong contradicts its row, its parts, another form and the text."""
    wrong, right = "T05 预算表（合计） 207 类 663.41 万元", "636.41 万元"
    found = _found(
        warehouse,
        violated(
            "R-T05",
            "207",
            yuan="270000",
            statement_1=wrong,
            statement_2=f"同一行各分项 合计 {right}",
            pages="9",
        ),
        violated(
            "C-T05",
            "合计",
            yuan="-269900",  # the sum's own rounding
            tolerance_yuan=Decimal(200),
            statement_1=f"合计 {right}",
            statement_2=f"其各项 合计 {wrong}",
            pages="9",
        ),
        violated(
            "X-0205",
            "207",
            yuan="-270000",
            statement_1=f"T02 207 {right}（第5页）",
            statement_2=wrong,
            pages="5,9",
        ),
        violated(
            "N-CLS5",
            "207",
            yuan="-270000",
            statement_1=f"说明文字称 207 类 {right}（第19页）",
            statement_2=wrong,
            pages="9,19",
        ),
        violated(
            "P-SRC",
            "项目一",
            yuan="270000",
            statement_1="绩效目标表 27.00 万元",
            statement_2="其各项 0.00 万元",
            pages="30",
        ),
    )
    (message,) = messages(found)
    assert len(message.lines) == 2
    assert message.lines[0].startswith("【表间不符·请核实】T02 207 636.41 万元（第5页）；T05")
    assert "相差27.00万元。同一差额还见于 3 处：" in message.lines[0]
    assert "（共涉及第5、9、19页）" in message.lines[0]
    assert "绩效目标表 27.00 万元" in message.lines[1]
    english = messages(findings(warehouse.path, "en"), "en")[0]
    assert "shows in 3 more places" in english.lines[0]
    assert "(pages 5, 9, 19)" in english.lines[0]


def test_a_message_has_five_lines(warehouse: Warehouse) -> None:
    found = _found(
        warehouse,
        TARGETS,
        COUNT,
        SHARE,
        violated("P-SRC", yuan="10000"),
        violated("C-T05", yuan="20000"),
        violated("X-0205", yuan="30000"),
        violated("O-T05", yuan="40000"),
    )
    (message,) = messages(found)
    assert len(message.lines) == LINES
    assert message.lines[-1] == "……另有 3 组，见核对提示清单"


def test_mutes_are_read_and_want_a_reason(tmp_path: Path, warehouse: Warehouse) -> None:
    (one,) = _found(warehouse, TARGETS)
    assert load_mutes(tmp_path) == []
    (tmp_path / "mutes.yml").write_text(
        "- {match: 'P-*', county_code: '149901', reason: 已与该县约定}\n", "utf-8"
    )
    (mute,) = load_mutes(tmp_path)
    assert mute.covers(one)
    assert not Mute("P-*", "…", "149902").covers(one)
    assert not Mute("N-*", "…").covers(one)
    (tmp_path / "mutes.yml").write_text("- {match: 'P-*'}\n", "utf-8")
    with pytest.raises(ValueError, match="reason"):
        load_mutes(tmp_path)


def test_our_words_judge_nobody(warehouse: Warehouse) -> None:
    ours = [text for cause in telling().causes for text in (cause.title, cause.possible)]
    ours += [*telling().labels.values(), *telling().asks.values()]
    ours += [telling().always, telling().one_figure]
    ours += [one.title for one in catalogue_identities().values()]
    for text in ours:
        for word in telling().never:
            assert word not in text.zh
            assert word not in text.en.lower()
    for lang in ("zh", "en"):
        for one in (
            _found(warehouse, TARGETS, COUNT, SHARE, TEXT, lang=lang)
            if lang == "zh"
            else findings(warehouse.path, "en")
        ):
            assert not any(word in one.text for word in telling().never)


def test_every_identity_has_a_cause_of_its_own() -> None:
    for name in catalogue_identities():
        fitting = [c.id for c in telling().causes if any(fnmatchcase(name, p) for p in c.match)]
        assert fitting[0] != "other", name


def test_the_page_escapes_and_has_anchors(warehouse: Warehouse, tmp_path: Path) -> None:
    found = _found(warehouse, TARGETS, department="样例<b>局</b>")
    write_findings_page(found, tmp_path / "findings.html")
    page = (tmp_path / "findings.html").read_text("utf-8")
    assert f'id="d-{A[:12]}"' in page
    assert f'id="{found[0].finding_id}"' in page
    assert "样例&lt;b&gt;局&lt;/b&gt;" in page
    assert "核对提示由公开文本自动比对生成" in page


def test_a_finding_leads_to_its_evidence_and_its_identity_where_they_are(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    found = _found(warehouse, TARGETS)
    page = tmp_path / "data_docs" / "findings.html"
    write_findings_page(found, page)
    assert "../evidence/" not in page.read_text("utf-8"), "nothing leads to what is not built"
    assert "../dbt/" not in page.read_text("utf-8")
    there = (
        f"evidence/findings/{found[0].finding_id}.html",
        f"evidence/identities/{found[0].identity}.html",
        "evidence/index.html",
        "dbt/index.html",
    )
    for name in there:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    write_findings_page(found, page)
    for name in there:
        assert f'href="../{name}"' in page.read_text("utf-8")


def test_no_warehouse_is_said(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no warehouse"):
        findings(tmp_path / "none.duckdb")
