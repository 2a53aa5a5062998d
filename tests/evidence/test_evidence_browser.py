"""The site as people use it: a real Chromium, files opened from a folder, no server.

Questions are answered by clicks on what is visible; each is counted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from evidence_sites import Site

from requirements import chromium

playwright = pytest.importorskip("playwright.sync_api", reason="needs the extra 'dev' (playwright)")
Browser, Page, expect = playwright.Browser, playwright.Page, playwright.expect

pytestmark = [pytest.mark.full, pytest.mark.browser, pytest.mark.xdist_group("night")]

DESKTOP = {"width": 1280, "height": 860}
PHONE = {"width": 390, "height": 844}
BODY = "云汀县教育局"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    executable = chromium()
    with playwright.sync_playwright() as running:
        started = running.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        yield started
        started.close()


@contextmanager
def opened(
    browser: Browser, site: Site, name: str, viewport: dict[str, int] | None = None
) -> Iterator[Page]:
    """A page of the site; whatever the console says, or is loaded from elsewhere, fails the test."""
    context = browser.new_context(viewport=viewport or DESKTOP)
    page = context.new_page()
    page.set_default_timeout(60_000)
    said: list[str] = []
    page.on("console", lambda message: said.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda r: said.append(r.url) if r.url.startswith("http") else None)
    page.goto((site.root / name).as_uri())
    yield page
    assert said == []
    context.close()


def document_of(site: Site, department: str, year: int) -> str:
    [(found,)] = site.ask(
        f"select document_id from marts.dim_document where department = '{department}'"
        f" and fiscal_year = {year} and is_current"
    )
    return f"documents/{str(found)[:16]}/index.html"


def test_from_a_number_to_its_outline_and_back(browser: Browser, night_site: Site) -> None:
    with opened(browser, night_site, document_of(night_site, BODY, 2026)) as page:
        number = page.locator("#T05-0-2")
        printed = number.locator("b").inner_text()
        number.click()
        expect(page).to_have_url(re.compile(r"/p\d+\.html#T05-0-2$"))
        box = page.locator("#T05-0-2")
        expect(box).to_be_in_viewport()
        expect(box.locator(".tip")).to_be_visible()
        assert printed in box.locator(".tip").inner_text()
        assert box.evaluate("b => getComputedStyle(b).outlineStyle") == "solid"
        image = page.locator(".sheet img")
        assert image.evaluate("i => i.decode().then(() => i.naturalWidth)") > 800
        inside = page.evaluate(
            """() => { const s = document.querySelector('.sheet').getBoundingClientRect();
            const b = document.querySelector('#T05-0-2').getBoundingClientRect();
            return b.left >= s.left && b.right <= s.right && b.top >= s.top && b.bottom <= s.bottom }"""
        )
        assert inside
        others = page.locator(".box").count()
        assert others > 20, "every number of the page leads back"
        box.click(position={"x": 3, "y": 3})
        back = page.locator("td.n a#T05-0-2")
        expect(back).to_be_in_viewport()
        assert back.evaluate("b => b.matches(':target')")


def test_amounts_in_yuan_by_a_choice_without_a_script(browser: Browser, night_site: Site) -> None:
    with opened(browser, night_site, document_of(night_site, BODY, 2026)) as page:
        number = page.locator("#T05-0-2")
        wan = number.inner_text().replace(",", "")
        page.get_by_label("元", exact=True).check()
        yuan = number.inner_text().replace(",", "")
        assert float(yuan) == round(float(wan) * 10000)


@pytest.mark.parametrize(
    ("door", "shows"),
    [
        ("县领导", ["已公开部门预算", "当年安排（剔除上年结转）", "“三公”经费同比", "需部门说明"]),
        ("审计", ["表述一", "表述二", "差额", "允许尾差", "读取方式", "复核状态", "导出底稿"]),
        ("记者", ["这些数字没有说什么", "预算数不等于实际支出", "抓取", "指纹"]),
    ],
)
def test_the_three_first_screens(
    browser: Browser, night_site: Site, door: str, shows: list[str]
) -> None:
    for viewport in (DESKTOP, PHONE):
        with opened(browser, night_site, "index.html", viewport) as page:
            page.locator(".doors").get_by_role("link", name=door).click()
            for words in shows:
                expect(page.get_by_text(words).first).to_be_visible()


def test_search_finds_a_body_a_project_and_a_subject(browser: Browser, night_site: Site) -> None:
    with opened(browser, night_site, "index.html") as page:
        field = page.get_by_role("combobox")
        for query, expected in (
            ("教育局", "云汀县教育局"),
            ("征地补偿", "城东片区征地补偿"),
            ("小学教育", "小学教育"),
        ):
            field.fill(query)
            first = page.get_by_role("option").first
            expect(first).to_contain_text(expected)
        field.fill("没有这样的名字")
        expect(page.locator("#found")).to_contain_text("没有找到")
        field.fill("城东片区征地补偿")
        expect(page.get_by_role("option").first).to_contain_text("2,086.23")
        field.press("ArrowDown")
        field.press("Enter")
        row = page.locator("tr:target")
        expect(row).to_be_in_viewport()
        expect(row).to_contain_text("2,086.23")


def test_nothing_overflows_a_phone(browser: Browser, night_site: Site) -> None:
    [(finding,)] = night_site.ask("select min(finding_id) from quality.finding")
    for name in (
        "index.html",
        "leader.html",
        "journalist.html",
        "findings/index.html",
        f"findings/{finding}.html",
        "identities/X-0205.html",
        "counties/149901.html",
        document_of(night_site, BODY, 2026),
    ):
        with opened(browser, night_site, name, PHONE) as page:
            wide = page.evaluate("document.documentElement.scrollWidth")
            assert wide <= PHONE["width"], name


def test_by_keyboard_alone_from_the_front_to_the_original(
    browser: Browser, night_site: Site
) -> None:
    def focus_on(page: Page, name: str) -> None:
        for _ in range(60):
            page.keyboard.press("Tab")
            seen = page.evaluate(
                """() => { const a = document.activeElement, s = getComputedStyle(a);
                return [a.matches("a, button") ? a.textContent : "", s.outlineStyle, a.getBoundingClientRect().width > 0] }"""
            )
            if name in seen[0]:
                assert seen[1] != "none", "what has the focus is seen"
                assert seen[2]
                return
        raise AssertionError(f"{name!r} is not reached by Tab")

    with opened(browser, night_site, "index.html") as page:
        page.keyboard.press("Tab")
        assert "跳到正文" in page.evaluate("document.activeElement.textContent")
        focus_on(page, "审计")
        page.keyboard.press("Enter")
        expect(page).to_have_title(re.compile("核对提示清单"))
        focus_on(page, "X-0405-CLS")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="表述一")).to_be_visible()
        focus_on(page, "复制引用")
        page.keyboard.press("Enter")
        expect(page.locator(".copied")).not_to_be_empty()


# --- three questions, at most three clicks each ------------------------------------------------


def test_what_is_the_largest_item_of_a_department(browser: Browser, night_site: Site) -> None:
    [(name, amount)] = night_site.ask(
        "select project_name, sum(amount_wan) as a from marts.fct_project"
        " join marts.dim_document using (document_id) where department = '云汀县教育局'"
        " and dim_document.fiscal_year = 2026 and row_kind = 'project' group by 1 order by 2 desc limit 1"
    )
    with opened(browser, night_site, "index.html") as page:
        page.locator(".tiles").get_by_role("link", name="云汀县").click()
        page.locator(".cover").get_by_role("link", name=BODY, exact=True).click()
        first = page.locator(".ranked li").first
        expect(first).to_contain_text(str(name))
        expect(first).to_contain_text(f"{amount:,.2f} 万元")


def test_why_was_a_finding_raised(browser: Browser, night_site: Site) -> None:
    with opened(browser, night_site, "index.html") as page:
        page.locator(".list a").first.click()
        expect(page.get_by_role("heading", name="为什么提示")).to_be_visible()
        expect(page.locator(".pair .shot img")).to_have_count(2)
        for image in page.locator(".pair .shot img").all():
            image.scroll_into_view_if_needed()
            assert image.evaluate("i => i.decode().then(() => i.naturalWidth)") > 200
        for mark in page.locator(".pair .mark").all():
            assert mark.bounding_box()["width"] > 10
        expect(page.get_by_text("不构成违规认定")).to_be_visible()
        page.locator(".pair .shot a").first.click()
        expect(page.locator(".box:target")).to_be_in_viewport()


def test_who_has_not_published(browser: Browser, night_site: Site) -> None:
    with opened(browser, night_site, "index.html") as page:
        page.locator(".tiles").get_by_role("link", name="青岚县").click()
        told = page.locator("#missing")
        expect(told).to_be_in_viewport()
        expect(told).to_contain_text("2026 年预算尚未见到")
        expect(told).to_contain_text("文献办公室")


# --- readable --------------------------------------------------------------------------------------

CONTRAST = """
() => {
  const parse = c => { const m = c.match(/[\\d.]+/g).map(Number); return m.length < 4 ? [...m, 1] : m };
  const lum = c => { const f = c.slice(0, 3).map(v => { v /= 255; return v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4 }); return .2126 * f[0] + .7152 * f[1] + .0722 * f[2] };
  const back = e => { for (; e; e = e.parentElement) { const b = parse(getComputedStyle(e).backgroundColor); if (b[3] > .99) return b } return [255, 255, 255, 1] };
  const bad = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const e = walk.currentNode.parentElement;
    if (!walk.currentNode.textContent.trim() || e.closest('svg, script, [hidden], .sr, .skip')) continue;
    const s = getComputedStyle(e), box = e.getBoundingClientRect();
    if (s.visibility === 'hidden' || !box.width) continue;
    const fg = parse(s.color), bg = back(e), o = e.closest('[lang=en]') && e.closest('a, button') ? .85 : 1;
    const mixed = fg.slice(0, 3).map((v, i) => v * o + bg[i] * (1 - o));
    const [a, b] = [lum(mixed), lum(bg)].sort((x, y) => y - x);
    if ((a + .05) / (b + .05) < 4.5) bad.push([e.className, walk.currentNode.textContent.trim().slice(0, 20), ((a + .05) / (b + .05)).toFixed(2)]);
  }
  return bad;
}
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(browser: Browser, night_site: Site, scheme: str) -> None:
    """WCAG AA: 4.5 to 1 for every text, by light and by dark."""
    [(finding,)] = night_site.ask("select min(finding_id) from quality.finding")
    for name in (
        "index.html", "leader.html", "journalist.html", "findings/index.html",
        f"findings/{finding}.html", "counties/149901.html", document_of(night_site, BODY, 2026),
    ):  # fmt: skip
        with opened(browser, night_site, name) as page:
            page.emulate_media(color_scheme=scheme)
            assert page.evaluate(CONTRAST) == [], name


def test_printing_leaves_out_what_only_a_screen_needs(browser: Browser, night_site: Site) -> None:
    with opened(browser, night_site, document_of(night_site, BODY, 2026)) as page:
        page.emulate_media(media="print")
        expect(page.locator("header.top")).to_be_hidden()
        expect(page.locator("#T05")).to_be_visible()
        expect(page.get_by_text("SHA-256").first).to_be_visible()
        assert len(page.pdf(format="A4")) > 50_000
