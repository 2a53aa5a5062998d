"""Covers: whose budget it is, of which year and phase, and what is no disclosure at all."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from parsers_by_hand import grid, page

from parsers.cover import places_of, read_cover
from parsers.page import Page
from parsers.read import text_layer

FORMS = [
    page(
        n,
        title,
        "部门名称：青石县水利局 单位：万元",
        grid([["项目", "2027年"], ["合计", "12.30"], ["办公费", "12.30"]]),
    )
    for n, title in enumerate(
        ["2027年预算收支总表", "2027年预算收入总表", "2027年预算支出总表"], start=4
    )
]


def county_budget(*cover: str) -> list[Page]:
    return [
        page(1, *cover),
        page(
            2,
            "目 录",
            "第一部分 概况 ................. 1",
            "一、本部门职责 ................ 1",
            "表一2027年预算收支总表 .......... 12",
        ),
        *FORMS,
    ]


def test_cover_names_the_body_its_year_phase_and_scope() -> None:
    cover = read_cover(county_budget("青石县水利局", "2027 年度部门预算公开"))
    assert (cover.department, cover.county) == ("青石县水利局", "青石县")
    assert (cover.subtitle, cover.year) == ("2027年度部门预算公开", 2027)
    assert (cover.phase, cover.scope, cover.kind) == ("budget", "department", "forms")
    assert cover.is_disclosure
    assert [(e.title, e.page) for e in cover.contents] == [
        ("第一部分概况", 1),
        ("一、本部门职责", 1),
        ("表一2027年预算收支总表", 12),
    ]
    assert cover.warnings == []


def test_a_name_wrapped_over_two_lines_is_one_name() -> None:
    cover = read_cover(
        county_budget("青石县住房和城乡建设", "管理局", "二〇二七年度单位决算", "二〇二八年八月")
    )
    assert cover.department == "青石县住房和城乡建设管理局"
    assert (cover.year, cover.phase, cover.scope) == (2027, "final_account", "unit")


def test_the_owner_line_of_a_cover_names_the_body() -> None:
    cover = read_cover(
        county_budget("远山市临溪区2027年区级部门预算", "预算主管部门：远山市临溪区教育局")
    )
    assert cover.department == "远山市临溪区教育局"
    assert (cover.city, cover.county, cover.scope) == ("远山市", "临溪区", "department")


def test_own_unit_and_adjusted_budget_are_told_apart() -> None:
    cover = read_cover(county_budget("青石县水利局（本级）", "2027年单位预算调整"))
    assert (cover.scope, cover.phase) == ("unit_own", "adjusted")
    assert cover.department == "青石县水利局（本级）"


def test_cover_year_wins_and_a_differing_table_year_is_told() -> None:
    cover = read_cover(county_budget("青石县水利局", "2026年度部门预算公开"))
    assert cover.year == 2026
    assert [w.code for w in cover.warnings] == ["year_differs"]


def test_without_a_cover_the_owner_lines_speak() -> None:
    cover = read_cover(FORMS)
    assert (cover.department, cover.county, cover.year) == ("青石县水利局", "青石县", 2027)
    assert cover.evidence["department"] == "owner lines of the tables"
    assert cover.is_disclosure


def test_county_not_printed_stays_null() -> None:
    pages = [
        page(1, "县委办公室", "2027年度部门预算公开"),
        page(2, "2027年预算收支总表", "单位：万元"),
    ]
    assert read_cover(pages).county is None


def test_county_from_the_performance_tables_when_the_body_does_not_say() -> None:
    pages = county_budget("县委办公室", "2027年度部门预算公开")[:2]
    pages.append(page(3, "青石县县(区)级预算部门(单位)项目支出绩效目标表", "(2027年度)"))
    cover = read_cover(pages)
    assert (cover.county, cover.evidence["county"]) == (
        "青石县",
        "titles of the performance tables",
    )


def test_a_notice_is_no_disclosure() -> None:
    pages = [
        page(
            1,
            "青石县财政局",
            "关于批复2027年部门预算的通知",
            "各预算单位：",
            "现将有关事项通知如下。",
        )
    ]
    cover = read_cover(pages)
    assert (cover.is_disclosure, cover.kind) == (False, "notice")
    assert "通知" in cover.reason
    assert cover.department is None


def test_a_report_on_a_body_names_it_and_its_place_in_a_department() -> None:
    pages = [page(1, "2027年度青石县公安局交通警察大队", "专项资金绩效评价结果", "现报告如下。")]
    cover = read_cover(pages)
    assert (cover.kind, cover.phase, cover.year) == ("notice", "other", 2027)
    assert (cover.department, cover.scope) == ("青石县公安局交通警察大队", "unit")


@pytest.mark.parametrize(
    ("named", "scope"),
    [
        (["青石县教育局"], "unit"),
        (["青石县职业教育服务中心"], "department"),
        (["青石县教育局", "青石县第一中学"], "department"),
        (["共青团青石县职业教育服务中心"], "department"),
    ],
)
def test_a_form_that_names_another_department_is_of_one_of_its_units(
    named: list[str], scope: str
) -> None:
    """A unit that calls its budget 部门预算 would be added up beside its department."""
    pages = county_budget("青石县职业教育服务中心", "2027年度部门预算公开")
    rows = [["部门名称", "合计"], ["合计", "0.50"], *([n, "0.50"] for n in named)]
    pages.append(page(7, "2027年“三公”经费支出预算表", "单位：万元", grid(rows)))
    cover = read_cover(pages)
    assert cover.scope == scope
    assert [w.code for w in cover.warnings] == ["superior_named"] * (scope == "unit")


def test_a_form_to_be_filled_in_is_no_disclosure() -> None:
    pages = county_budget("XX县XX局", "2027年度部门预算", "XX部分")
    pages.append(page(9, "XX局主要职能", "XX情况", "XX与XXX相比"))
    assert read_cover(pages).kind == "template"
    assert not read_cover(pages).is_disclosure


def test_images_only_cannot_be_judged() -> None:
    blank = Page(1, 595.0, 842.0, has_text=False, image_share=1.0)
    cover = read_cover([blank])
    assert (cover.kind, cover.is_disclosure) == ("unreadable", False)


def test_a_person_on_the_cover_is_dropped() -> None:
    cover = read_cover(
        county_budget("青石县水利局", "2027年度部门预算公开", "部门主要负责人审签情况：某甲")
    )
    assert cover.department == "青石县水利局"
    assert [d.kind for d in cover.dropped] == ["person"]
    assert "某甲" not in repr(cover)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("中国共产党长治市屯留区委办公室", (None, "长治市", "屯留区")),
        ("高平市教育局", (None, None, "高平市")),
        ("山西省晋城市城区人民法院", ("山西省", "晋城市", "城区")),
        ("长治市应急管理局", (None, "长治市", None)),
        ("上海市普陀区司法局", ("上海市", "上海市", "普陀区")),
        ("湘西土家族苗族自治州凤凰县医院", (None, "湘西土家族苗族自治州", "凤凰县")),
        ("城市管理局", (None, None, None)),
        ("市场监督管理局", (None, None, None)),
        ("县委办公室", (None, None, None)),
        ("国家信访局", (None, None, None)),
    ],
)
def test_places_of_a_name(name: str, expected: tuple[str | None, str | None, str | None]) -> None:
    p = places_of(name)
    assert (p.province, p.city, p.county) == expected


# --------------------------------------------------------------------- the measuring documents
def _engine_pages(path: Path) -> list[Page]:
    from parsers.engine import read_pages

    return read_pages(path.read_bytes())


@pytest.mark.shared
def test_every_document_of_the_family_says_who_it_is(shared_dir: Path) -> None:
    for folder, truth in (("rendered", "truth"), ("synthetic/pdf", "synthetic/truth")):
        for path in sorted((shared_dir / folder).glob("*/*.pdf")):
            if path.parent.name == "scan":
                continue
            meta = json.loads((shared_dir / truth / f"{path.stem}.json").read_text("utf-8"))["meta"]
            cover = read_cover(_engine_pages(path))
            where = f"{path.parent.name}/{path.name}"
            assert cover.department == meta["department"], where
            assert cover.subtitle == meta["subtitle"], where
            assert cover.year == meta["year"], where
            assert (cover.city or "") + (cover.county or "") in ("长治市", "") or (
                cover.county is not None and meta["county"].endswith(cover.county)
            ), where
            assert cover.scope == {"部门": "department", "单位": "unit"}[meta["kind"]], where
            assert cover.is_disclosure, where


@pytest.mark.shared
@pytest.mark.slow
def test_foreign_documents_are_told_apart(shared_dir: Path) -> None:
    """Of the documents whose text the engine gives: kind, phase, year and county."""
    kinds = {"budget": "forms", "final_account": "forms", "template": "template"}
    kinds |= {"narrative_only": "narrative_only", "other": "unreadable"}
    layers = {"text": "yes", "scan": "no"}
    judged = 0
    with (shared_dir / "real/document_labels.csv").open(encoding="utf-8-sig") as f:
        for row in csv.DictReader(f):
            path = shared_dir / "real/documents" / row["folder"] / row["file"]
            pages = _engine_pages(path)
            cover = read_cover(pages)
            assert text_layer(pages) == layers[row["readable"]], path.name
            judged += 1
            assert cover.kind == kinds[row["is_disclosure"]], (path.name, cover.reason)
            if cover.kind == "unreadable":
                continue
            assert cover.phase == row["phase"], path.name
            assert cover.year == int(row["fiscal_year"]), path.name
            assert cover.department == row["organisation"], path.name
            assert cover.scope == row["scope"], path.name
            assert (cover.county or "") == row["county"], path.name
    assert judged >= 20


@pytest.mark.shared
@pytest.mark.full
def test_a_scan_that_is_no_budget_is_told_from_its_image(shared_dir: Path) -> None:
    from parsers.errors import NotADisclosureError
    from parsers.read import read_document

    with (shared_dir / "real/document_labels.csv").open(encoding="utf-8-sig") as f:
        [row] = [r for r in csv.DictReader(f) if r["readable"] == "scan"]
    path = shared_dir / "real/documents" / row["folder"] / row["file"]
    with pytest.raises(NotADisclosureError) as caught:
        read_document(path.read_bytes())
    assert caught.value.document is not None
    said = caught.value.document.document
    assert (said.phase, said.scope, said.text_layer) == (row["phase"], row["scope"], "no")
    assert (str(said.year), said.department) == (row["fiscal_year"], row["organisation"])
