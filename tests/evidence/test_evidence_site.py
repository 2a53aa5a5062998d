"""The built site: what it shows and hides, that it hangs together, and that it is not built twice."""

from __future__ import annotations

import io
import itertools
import json
import re
from collections.abc import Callable
from decimal import Decimal
from functools import cache
from pathlib import Path
from urllib.parse import unquote

import pytest
from bs4 import BeautifulSoup, Tag
from evidence_sites import Site
from openpyxl import load_workbook
from PIL import Image

pytestmark = [pytest.mark.full, pytest.mark.xdist_group("night")]

NEVER = ("违规", "造假", "隐瞒", "虚报", "挪用")
"""Words that say who is wrong; 违规 only where it is denied (不构成违规认定)."""


@cache
def _parsed(root: Path) -> list[tuple[str, BeautifulSoup]]:
    return [
        (path.relative_to(root).as_posix(), BeautifulSoup(path.read_bytes(), "lxml"))
        for path in sorted(root.rglob("*.html"))
    ]


def pages(site: Site) -> list[tuple[str, BeautifulSoup]]:
    """Every page, parsed once for all tests: (file name, its document)."""
    return _parsed(site.root)


def attribute(tag: Tag, name: str) -> str:
    value = tag[name]
    assert isinstance(value, str)
    return value


def test_everything_is_built_and_a_second_build_writes_nothing(night_site: Site) -> None:
    report = night_site.report
    assert report.problems == []
    assert report.held_back == []
    assert report.built == report.documents > 20
    before = {p: p.stat().st_mtime_ns for p in night_site.root.rglob("*") if p.is_file()}
    again = night_site.again()
    assert (again.built, again.written, again.removed, again.pictures) == (0, 0, 0, 0)
    assert {p: p.stat().st_mtime_ns for p in night_site.root.rglob("*") if p.is_file()} == before


def test_every_link_leads_somewhere_and_nothing_leads_out_but_the_originals(
    night_site: Site,
) -> None:
    ids: dict[str, set[str]] = {}
    links: list[tuple[str, str]] = []
    for name, soup in pages(night_site):
        ids[name] = {attribute(t, "id") for t in soup.find_all(id=True)}
        for tag, attr in (("a", "href"), ("link", "href"), ("script", "src"), ("img", "src")):
            links += [(name, attribute(t, attr)) for t in soup.find_all(tag, **{attr: True})]
    originals = {str(u) for (u,) in night_site.ask("select source_url from marts.dim_document")}
    for name, href in links:
        if href.startswith(("http:", "https:")):
            assert href in originals, (name, href)
            continue
        file, _, anchor = unquote(href).partition("#")
        target = (night_site.root / name).parent / file if file else night_site.root / name
        inside = target.resolve().relative_to(night_site.layout.docs_path.resolve()).as_posix()
        inside = inside.removeprefix("evidence/")
        assert target.is_file(), (name, href)
        if anchor and inside in ids:
            assert anchor in ids[inside], (name, href)


def test_every_figure_of_a_form_is_published_and_leads_to_its_outline_and_back(
    night_site: Site,
) -> None:
    [(document_id,)] = night_site.ask(
        "select document_id from marts.dim_document where department = '云汀县教育局'"
        " and fiscal_year = 2026 and scope = 'department' and is_current"
    )
    folder = night_site.root / "documents" / str(document_id)[:16]
    soup = BeautifulSoup((folder / "index.html").read_bytes(), "html.parser")
    told = {
        f"{form}-{row}-{column}": (f"{wan:.2f}", page)
        for form, row, column, wan, page in night_site.ask(
            "select form, row_index, column_index, amount_wan, page from marts.fct_amount"
            f" where document_id = '{document_id}' and amount_wan is not null"
        )
    }
    shown = soup.select("table.form td.n a")
    assert {attribute(a, "id") for a in shown} == set(told)
    outlines: dict[int, BeautifulSoup] = {}
    for a in shown:
        anchor, bold = attribute(a, "id"), a.select_one("b")
        assert bold is not None
        value, number = told[anchor]
        assert f"{float(bold.get_text().replace(',', '')):.2f}" == value
        assert attribute(a, "href") == f"p{number}.html#{anchor}"
        if number not in outlines:
            html = (folder / f"p{number}.html").read_bytes()
            outlines[int(str(number))] = BeautifulSoup(html, "html.parser")
        box = outlines[int(str(number))].find(id=anchor)
        assert isinstance(box, Tag)
        assert attribute(box, "href") == f"index.html#{anchor}"


FIGURE = re.compile(r"-?[\d,]*\d(?:\.\d+)?")


def test_a_figure_shown_outside_its_form_is_the_printed_one_where_it_leads(
    night_site: Site,
) -> None:
    """Charts, first figures, county tables, findings: what a number says stands in its outline.

    The sample holds a project whose parts add up to 0.01 more than its printed total.
    """
    tips: dict[str, dict[str, str]] = {}
    seen = 0
    for name, soup in pages(night_site):
        if re.search(r"/p\d+\.html$|/checks-", name):
            continue
        for a in soup.select(".chart a, table.plain td.n > a, .ranked .num a"):
            file, _, anchor = attribute(a, "href").partition("#")
            path = ((night_site.root / name).parent / file).resolve()
            if not re.fullmatch(r"p\d+\.html", path.name):
                continue
            key = str(path)
            if key not in tips:
                page = BeautifulSoup(path.read_bytes(), "lxml")
                tips[key] = {
                    attribute(b, "id"): b.select_one("strong").get_text()  # type: ignore[union-attr]
                    for b in page.select("a.box")
                }
            (shown, *_), (printed, *_) = (
                [Decimal(x.replace(",", "")) for x in FIGURE.findall(text)]
                for text in (a.get_text(), tips[key][anchor])
            )
            factor = 1 if "万元" in tips[key][anchor] else Decimal("0.0001")
            in_yuan = "findings/" in name
            exact = printed * factor * (10_000 if in_yuan else 1)
            assert shown in (exact, round(exact, 2)), (name, a.get_text(), tips[key][anchor])
            seen += 1
    assert seen > 500


def test_every_number_of_a_chart_has_its_place(night_site: Site) -> None:
    for name, soup in pages(night_site):
        if not re.fullmatch(r"documents/\w+/index\.html", name):
            continue
        for text in soup.select(".chart text.v, .chart.stack text.n"):
            assert text.parent is not None
            assert text.parent.name == "a" or text.get_text() == "未列", (name, text.get_text())


def test_a_documents_page_is_light_and_reads_without_images_or_script(night_site: Site) -> None:
    for path in night_site.root.glob("documents/*/*.html"):
        assert path.stat().st_size < 300_000, path
    for name, soup in pages(night_site):
        for image in soup.find_all("img"):
            assert image.get("loading") == "lazy", name
            assert image.get("alt"), name
        assert not [t for t in soup.find_all(True) if any(a.startswith("on") for a in t.attrs)]


def test_pages_are_marked_up_for_everyone(night_site: Site) -> None:
    """Language, landmarks, one first heading, no skipped level, names for what is interactive."""
    for name, soup in pages(night_site):
        html = soup.find("html")
        assert isinstance(html, Tag)
        assert html.get("lang") == "zh-CN", name
        assert len(soup.find_all("main")) == len(soup.find_all("h1")) == 1, name
        assert soup.find("header"), name
        assert soup.find("footer"), name
        levels = [int(h.name[1]) for h in soup.find_all(re.compile(r"^h[1-6]$"))]
        assert all(b - a <= 1 for a, b in itertools.pairwise(levels)), (name, levels)
        ids = [attribute(t, "id") for t in soup.find_all(id=True)]
        assert len(ids) == len(set(ids)), (name, [i for i in ids if ids.count(i) > 1][:3])
        for a in soup.find_all("a"):
            assert a.get_text(strip=True) or a.get("aria-label") or a.find("img"), (
                name,
                str(a)[:90],
            )
        for labelled in soup.find_all(attrs={"aria-labelledby": True}):
            for one in attribute(labelled, "aria-labelledby").split():
                assert one in ids, (name, one)
        for control in soup.find_all("input"):
            wrapped = control.find_parent("label") is not None
            assert wrapped or soup.find("label", attrs={"for": control.get("id")}), name
        assert not [t for t in soup.find_all("table") if not t.find("th")], name
        assert "预算数不等于实际支出" in soup.get_text(), name


def test_no_word_accuses_anybody(night_site: Site) -> None:
    for name, soup in pages(night_site):
        text = soup.get_text().replace("不构成违规认定", "")
        assert not [w for w in NEVER if w in text], name


def test_personal_data_is_black_in_the_image_and_nowhere_in_the_text(
    finished_night: Path, night_site: Site
) -> None:
    import zstandard

    from parsers.document import ParseRecord

    seen = 0
    for path in (finished_night / "parsed").rglob("*.json.zst"):
        raw = zstandard.ZstdDecompressor().decompress(path.read_bytes(), max_output_size=1 << 30)
        for document in ParseRecord.model_validate_json(raw).documents:
            folder = night_site.root / "documents" / document.document.document_id[:16]
            state = json.loads((night_site.root / ".state.json").read_text("utf-8"))["documents"]
            for dropped in document.dropped:
                file = folder / f"p{dropped.page}.webp"
                if dropped.bbox is None or not file.exists():
                    assert dropped.bbox is not None or not file.exists()
                    continue
                held = state[document.document.document_id]["pictures"]["sizes"]
                scale = held[f"p{dropped.page}"]["scale"]
                image = Image.open(io.BytesIO(file.read_bytes())).convert("L")
                box = tuple(round(x * scale) for x in dropped.bbox)
                assert image.crop(box).getextrema() == (0, 0)  # type: ignore[arg-type]
                seen += 1
    assert seen >= 1, "the samples hold personal data on a page that is drawn"


def test_search_finds_bodies_projects_subjects_and_findings(night_site: Site) -> None:
    entries = []
    for path in (night_site.root / "search").glob("1*.js"):
        call = re.fullmatch(r'budgetsFound\("\d+",(\[.*\])\);\n', path.read_text("utf-8"))
        assert call is not None
        entries += json.loads(call.group(1))
    assert {e[0] for e in entries} == {"c", "o", "p", "s", "f"}
    for kind, _, _, href in entries:
        file, _, anchor = href.partition("#")
        html = night_site.text(file)
        assert not anchor or f"id={anchor} " in html, (kind, href)


def test_the_working_paper_agrees_with_the_findings(night_site: Site) -> None:
    book = load_workbook(night_site.root / "findings" / "audit.xlsx")
    first, parts = book["疑点清单"], book["构成"]
    told = {
        str(i)[:12]: d
        for i, d in night_site.ask("select finding_id, difference from quality.finding")
    }
    amounts: dict[tuple[str, str], float] = {}
    for row in parts.iter_rows(min_row=2, values_only=True):
        key = (str(row[0]), str(row[1]))
        amounts[key] = amounts.get(key, 0.0) + float(str(row[2])) * float(str(row[5] or 0))
    sums = 0
    for row in first.iter_rows(min_row=2, values_only=True):
        number = str(row[0])
        assert number in told
        if str(row[9]).startswith("=SUMIFS"):
            sums += 1
            difference = amounts[number, "左"] - amounts[number, "右"]
            assert round(difference / 10000, 2) == round(float(str(told[number])), 2)
    assert first.max_row == len(told) + 1
    assert sums >= len(told) // 2


# --- what a public build leaves out ------------------------------------------------------------

KEEP = """
create temp table chosen as select document_id from marts.dim_document
    where is_current and department in ({names}) and fiscal_year = {year};
delete from marts.dim_document where document_id not in (select document_id from chosen);
delete from quality.finding where document_id not in (select document_id from chosen);
"""


def test_a_public_build_leaves_out_local_files_and_restricted_names(
    small_site: Callable[..., Site],
) -> None:
    keep = KEEP.format(names="'石柏县自然资源局', '石柏县国有资产服务中心'", year=2026)
    site = small_site(
        keep
        + """
        update marts.dim_document set is_official_source = false, source_url = null
            where department = '石柏县国有资产服务中心';
        update marts.dim_topic set name_pattern = '征地补偿' where topic_code = 'secrecy';
        """
    )
    assert (site.report.documents, site.report.left_out) == (1, 1)
    held = {p: p.read_bytes() for p in site.root.rglob("*") if p.is_file()}
    for name in ("国有资产服务中心", "征地补偿"):
        assert not [p for p, data in held.items() if name.encode() in data], name
    html = site.text(
        next(p.relative_to(site.root).as_posix() for p in held if p.match("documents/*/index.html"))
    )
    assert "（公开版不列名）" in html
    assert "2,086.23" in html, "its figure stays: the totals would not add up without it"
    assert "列名的项目中金额最大的是“储备地块前期开发”" in html
    internal = site.again(audience="internal")
    assert (internal.documents, internal.left_out) == (2, 0)
    assert "城东片区征地补偿" in site.text("search/149903.js")
    back = site.again(audience="public")
    assert back.removed > 0, "what the public may not see does not stay behind"
    assert {p for p in site.root.rglob("*") if p.is_file()} == set(held)


def test_a_withdrawn_file_shows_no_image_and_a_decision_holds_one_back(
    small_site: Callable[..., Site],
) -> None:
    keep = KEEP.format(names="'石柏县国有资产服务中心'", year=2026)
    site = small_site(keep)
    [(sha,)] = site.ask("select file_sha256 from marts.dim_document")
    assert list(site.root.rglob("*.webp"))
    decisions = site.layout.root / "decisions"
    decisions.mkdir()
    (decisions / "images.yml").write_text(
        f"- {{file_sha256: {sha}, show: false, why: 核实中, who: 张三, when: 2026-02-01T00:00:00Z}}\n",
        "utf-8",
    )
    held = site.again()
    assert len(held.held_back) == 1
    assert not list(site.root.rglob("*.webp"))
    assert "不显示图像" in site.text(f"documents/{str(sha)[:16]}/index.html")
    (decisions / "images.yml").unlink()
    import duckdb

    with duckdb.connect(str(site.layout.published_path)) as con:
        con.execute("update marts.dim_document set online_status = 'withdrawn'")
    withdrawn = site.again()
    assert "撤下" in withdrawn.held_back[0]
    assert not list(site.root.rglob("*.webp"))
    assert not list(site.root.glob("documents/*/p*.html"))
    assert site.again(audience="internal").pictures > 0


def test_a_figure_that_is_not_the_published_one_leaves_its_document_without_figures(
    small_site: Callable[..., Site],
) -> None:
    keep = KEEP.format(names="'石柏县国有资产服务中心'", year=2026)
    site = small_site(
        keep
        + """
        update marts.fct_amount set amount_wan = amount_wan + 1 where form = 'T05'
            and row_index = 0 and column_index = 2
            and document_id in (select document_id from marts.dim_document);
        """
    )
    [problem] = site.report.problems
    assert "T05 row 0 column 2" in problem
    [path] = site.root.glob("documents/*/index.html")
    html = path.read_text("utf-8")
    assert "暂时无法显示" in html
    assert '<table class="form"' not in html
