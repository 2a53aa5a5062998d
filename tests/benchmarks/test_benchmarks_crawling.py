"""The replica of a province, small: everything arrives, politely, over a bad network."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import crawling
from benchmarks.crawling import Plan, Visit, most_at_once, run
from scrapers.archive import Archive, FetchRow
from scrapers.fetch import PoliteSession


@pytest.mark.slow
def test_a_small_province_arrives_whole_over_a_bad_network(tmp_path: Path) -> None:
    plan = Plan.small()
    found = run(plan, tmp_path)
    assert found.failures == []
    assert found.documents == found.expected == 60
    assert len(found.faults) >= 5, "the network was bad"
    assert found.most_at_once_on_a_host == 1
    assert found.most_at_once > 1
    assert found.requests_quiet_night == found.list_pages + 5
    assert found.least_gap >= plan.pause - crawling.CLOCK_TOLERANCE


TINY = replace(Plan.small(), sites=2, documents=4, faults=0.0)


def test_a_crawler_without_manners_is_found_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PoliteSession, "_left_of", lambda *_: 0.0)
    found = run(TINY, tmp_path)
    assert any("promised" in f for f in found.failures)


def test_a_lost_document_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record = Archive.record

    def forgetful(self: Archive, row: FetchRow) -> FetchRow:
        return row if row.url.endswith("P2.pdf") else record(self, row)

    monkeypatch.setattr(Archive, "record", forgetful)
    found = run(replace(TINY, nights=1), tmp_path)
    assert any("documents lost" in f for f in found.failures)


def test_requests_at_once_are_counted_from_the_log() -> None:
    visits = [Visit(0, "/a", 0.0, 2.0), Visit(0, "/b", 1.0, 3.0), Visit(0, "/c", 2.0, 4.0)]
    assert most_at_once(visits) == 2
    assert most_at_once(visits[:1]) == 1
