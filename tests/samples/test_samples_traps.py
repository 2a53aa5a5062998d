"""Every trap of the province is served as it is declared, and the portals can be read."""

from __future__ import annotations

import hashlib
import importlib
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from urllib.parse import urljoin

import pytest

from samples.generate import facts_of
from samples.portal import pdf_bytes
from samples.province import Article, Attachment, County, TrapStory, province
from samples.server import Running, serve

PROVINCE = province()
TRAPS = {t.id: t for t in PROVINCE.traps}


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    with serve() as found:
        yield found


def _get(url: str) -> tuple[int, dict[str, str], bytes]:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status, dict(answer.headers), answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, dict(error.headers), error.read()


def _article_url(running: Running, county: County, article: Article) -> str:
    on = article.published_on
    base = running.url(county.code).rstrip("/")
    if county.family == "trs_wcm":
        return f"{base}{article.column}{on:%Y%m}/{article.id}.html"
    if county.family == "nfcms":
        return f"{base}{article.column}content/{article.id}.html"
    number = next(c.number for c in county.columns if c.path == article.column)
    return f"{base}/art/{on.year}/{on.month}/{on.day}/art_{number}_{article.id}.html"


def _file_url(running: Running, county: County, article: Article, attachment: Attachment) -> str:
    base = running.url(county.code).rstrip("/")
    if county.family == "trs_wcm":
        return f"{base}{article.column}{article.published_on:%Y%m}/{attachment.file}"
    if county.family == "nfcms":
        number = article.id.removeprefix("post_")
        return f"{base}/attachment/0/{number[:3]}/{number}/{attachment.file}"
    return f"{base}/module/download/downfile.jsp?classid=0&showname=x&filename={attachment.file}"


def _served(running: Running, trap: TrapStory) -> tuple[int, dict[str, str], bytes]:
    county = PROVINCE.county(trap.county)
    article = PROVINCE.article(trap.county, trap.article)
    if trap.file is None:
        return _get(_article_url(running, county, article))
    attachment = next(x for x in article.attachments if x.file == trap.file)
    return _get(_file_url(running, county, article, attachment))


def test_every_trap_asked_for_is_declared() -> None:
    assert set(TRAPS) == {
        "corrected_republication",
        "same_figures_other_bytes",
        "same_bytes_two_addresses",
        "text_against_table",
        "class_total",
        "html_named_pdf",
        "truncated_pdf",
        "dead_link",
        "no_budget",
        "notice_without_file",
        "lying_name",
        "block_page",
        "hidden_attachment",
    }
    assert all(t.zh and t.en for t in TRAPS.values())


def test_expected_names_are_the_projects_own() -> None:
    outcome = importlib.import_module("scrapers.archive").Outcome
    assert {t.expected.fetch for t in TRAPS.values()} <= {o.value for o in outcome}
    described = importlib.import_module("parsers.document").ParseRecord.__doc__
    for trap in TRAPS.values():
        assert trap.expected.parse is None or trap.expected.parse in described


@pytest.mark.parametrize("trap", [t for t in PROVINCE.traps if t.documents], ids=lambda t: t.id)
def test_traps_that_are_documents_send_their_bytes(running: Running, trap: TrapStory) -> None:
    status, headers, body = _served(running, trap)
    assert status == 200
    assert headers["Content-Type"] == "application/pdf"
    whole = pdf_bytes(trap.documents[-1])
    if trap.id == "truncated_pdf":
        assert len(body) < len(whole)
        assert whole.startswith(body)
        assert not body.rstrip().endswith(b"%%EOF")
        assert int(headers["Content-Length"]) == len(body)
    else:
        assert hashlib.sha256(body).digest() == hashlib.sha256(whole).digest()


def test_a_web_page_named_pdf_says_200(running: Running) -> None:
    status, headers, body = _served(running, TRAPS["html_named_pdf"])
    assert status == 200
    assert headers["Content-Type"].startswith("text/html")
    assert body.startswith(b"<!DOCTYPE html>")


def test_a_dead_link_is_offered_and_gone(running: Running) -> None:
    assert _served(running, TRAPS["dead_link"])[0] == 404
    county = PROVINCE.county("149904")
    article = PROVINCE.article("149904", TRAPS["dead_link"].article)
    page = _get(_article_url(running, county, article))[2].decode()
    assert str(TRAPS["dead_link"].file) in page


def test_the_gate_says_200_and_gives_nothing_but_a_script(running: Running) -> None:
    status, _, body = _served(running, TRAPS["block_page"])
    assert status == 200
    assert len(body) < 1000
    assert re.fullmatch(rb"\s*<script>.*</script>\s*", body, re.S)
    assert "ETag" in _served(running, TRAPS["block_page"])[1]


def test_the_notices(running: Running) -> None:
    body = _served(running, TRAPS["no_budget"])[2]
    assert body.startswith(b"%PDF-")
    page = _served(running, TRAPS["notice_without_file"])[2].decode()
    assert ".pdf" not in page


def test_one_file_has_two_addresses() -> None:
    places = [
        (c.code, a.id, x.file)
        for c in PROVINCE.counties
        for a in c.articles
        for x in a.attachments
        if x.document == "shibo-assets-2026"
    ]
    assert len(places) == 2


def test_the_lying_name_lies_about_body_year_and_phase() -> None:
    trap = TRAPS["lying_name"]
    label = PROVINCE.article(trap.county, trap.article).attachments[0].label
    facts = facts_of(trap.documents[0])
    assert (facts.year, facts.body.name) == (
        trap.expected.document_year,
        trap.expected.document_name,
    )
    assert str(facts.year) not in label
    assert facts.body.name not in label
    assert "决算" in label


def test_the_gb18030_portal_hides_its_attachment_in_a_script(running: Running) -> None:
    trap = TRAPS["hidden_attachment"]
    county = PROVINCE.county(trap.county)
    article = PROVINCE.article(trap.county, trap.article)
    status, headers, raw = _get(_article_url(running, county, article))
    assert status == 200
    assert "charset" not in headers["Content-Type"]
    with pytest.raises(UnicodeDecodeError):
        raw.decode("utf-8")
    page = raw.decode("gb18030")
    assert article.title in page
    outside = re.sub(r"<script>.*?</script>", "", page, flags=re.S)
    assert str(trap.file) in page
    assert str(trap.file) not in outside


def test_nights_bring_articles(running: Running) -> None:
    with serve() as own:
        own.turn_to(1)
        county = PROVINCE.county("149904")
        late = next(a for a in county.articles if a.night == 2)
        listed = _get(own.url(county.code).rstrip("/") + county.columns[0].path)[2].decode()
        assert late.title not in listed
        assert _get(_article_url(own, county, late))[0] == 404
        own.turn_to(2)
        listed = _get(own.url(county.code).rstrip("/") + county.columns[0].path)[2].decode()
        assert late.title in listed
        assert _get(_article_url(own, county, late))[0] == 200


@pytest.mark.parametrize("county", PROVINCE.counties, ids=lambda c: c.slug)
def test_the_projects_own_reader_finds_every_article_and_file(
    running: Running, county: County
) -> None:
    """The portals keep to the rules of their CMS: the crawler's families read them whole."""
    family = importlib.import_module(f"scrapers.families.{county.family}").FAMILY
    for column in county.columns:
        url: str | None = running.url(county.code).rstrip("/") + column.path
        found = []
        pages = 0
        while url:
            html = _get(url)[2].decode(county.charset)
            if pages == 0:
                assert family.detect(html, url) >= 60
            listing = family.read_listing(html, url)
            assert listing.unread is None
            found += listing.entries
            url, pages = listing.next_page, pages + 1
            assert pages < 20
        declared = county.listed(column, PROVINCE.last_night)
        assert [e.published_on for e in found] == [a.published_on for a in declared]
        assert pages >= -(-len(declared) // column.rows) or county.family == "hanweb_old"
        for entry, article in zip(found, declared, strict=True):
            assert entry.title == article.title or (
                entry.is_cut and article.title.startswith(entry.title.rstrip(".…"))
            )
            if article.trap:
                continue
            html = _get(entry.url)[2].decode(county.charset)
            read = family.read_article(html, entry.url)
            assert (read.title, read.published_on, read.source) == (
                article.title,
                article.published_on,
                article.source,
            )
            expected = [
                _file_url(running, county, article, x).split("showname")[0]
                for x in article.attachments
            ]
            got = [urljoin(entry.url, x.url).split("showname")[0] for x in read.attachments]
            assert got == expected
