"""The sample province crawled night by night: every declared trap gives its declared outcome."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from scrapers_portal import QUICK

from samples.province import TrapStory, province
from samples.server import serve_province
from scrapers.archive import Archive, FetchRow
from scrapers.crawl import HostReport, crawl_host, hosts
from scrapers.site import load_sites
from store import Store

NIGHT = datetime(2026, 3, 1, 17, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory) -> tuple[Archive, list[HostReport]]:
    folder = tmp_path_factory.mktemp("province")
    archive = Archive(Store(folder / "data"))
    reports = []
    for night in range(1, province().last_night + 2):
        with serve_province(folder / "state", night) as site_files:
            for sites in hosts(load_sites(site_files)).values():
                now = NIGHT + timedelta(days=night - 1)
                reports.append(
                    crawl_host(sites, archive, run_id=f"n{night}", now=now, settings=QUICK)
                )
    return archive, reports


def rows_at(archive: Archive, trap: TrapStory) -> list[FetchRow]:
    last = (trap.file or trap.article).rpartition(".")[0] or trap.article
    return [
        row
        for row in archive.rows()
        if row.county_code == trap.county and row.role != "listing" and last in row.url
    ]


@pytest.mark.parametrize("trap", province().traps, ids=[trap.id for trap in province().traps])
def test_every_trap_gives_its_declared_outcome(
    nights: tuple[Archive, list[HostReport]], trap: TrapStory
) -> None:
    if trap.expected.fetch is None:
        pytest.skip("nothing to see in the fetch")
    rows = rows_at(nights[0], trap)
    assert rows, f"no row for {trap.id}"
    assert trap.expected.fetch in {row.outcome.value for row in rows}


def test_every_document_of_the_province_is_in_the_archive(
    nights: tuple[Archive, list[HostReport]], project_root: Path
) -> None:
    archive = nights[0]
    stored = {archive.get(sha256) for sha256 in archive.documents()}
    told = {
        attachment.document
        for county in province().counties
        for article in county.articles
        for attachment in article.attachments
        if attachment.document and attachment.trap is None
    }
    assert told
    missing = [
        name
        for name in sorted(told)
        if (project_root / "samples" / "pdf" / f"{name}.pdf").read_bytes() not in stored
    ]
    assert missing == []


def test_nothing_is_new_on_the_night_after_the_last(
    nights: tuple[Archive, list[HostReport]],
) -> None:
    last = [report for report in nights[1] if report.run_id == f"n{province().last_night + 1}"]
    assert len(last) == len(province().counties)
    assert sum(report.new_documents for report in last) == 0
    assert all(not report.warnings for report in last)
    # Besides one robots.txt a host and one conditional request a list page, only what went
    # wrong before is asked for again (the PDF that was uploaded cut off included).
    failing = {"blocked", "dead_link", "not_a_document"}
    for report in last:
        pages = sum(column.pages for column in report.columns)
        rows = [r for r in nights[0].rows(host=report.host) if r.run_id == report.run_id]
        again = [r for r in rows if r.outcome.value in failing or (r.reason and r.sha256)]
        assert report.requests == 1 + pages + len(again)
