"""Trying a site file: what a person sees before calling it verified."""

from __future__ import annotations

import pytest
from scrapers_portal import COLUMN, QUICK, Portal, Reply, html, site_for, small_portal, trs_list

from scrapers.probe import probe


def test_a_working_site_shows_entries_a_file_and_no_problem(portal: Portal) -> None:
    small_portal(portal)
    [column] = probe(site_for(portal), settings=QUICK)
    assert column.problems == []
    assert column.family_seen == "trs_wcm"
    assert column.first_entries[0] == "2026-02-12  样例局2026年部门预算公开"
    assert (column.entries, column.total_pages) == (2, 2)
    assert column.attachments == ["样例局2026年部门预算.pdf"]
    assert (column.file or "").startswith("application/pdf")
    assert len(portal.paths()) == 3


@pytest.mark.parametrize(
    ("page", "problem"),
    [
        (Reply(status=404), "404"),
        (Reply(b"", 412), "rui_shu"),
        (html("<html><body><div id='app'></div></body></html>"), "cannot be read as a list"),
        (html(trs_list([])), "lists nothing"),
        (html(trs_list([("2026-01-01", "./t20260101_1.html", "预算")])), "404"),
        (html("<form>_addDynClicks()</form><a href='./t20260101_1.html'>预算</a>"), "vsb"),
    ],
)
def test_problems_are_named(portal: Portal, page: Reply, problem: str) -> None:
    portal.pages[COLUMN] = page
    [column] = probe(site_for(portal), settings=QUICK)
    assert problem in " ".join(column.problems)


def test_a_public_site_needs_a_contact(portal: Portal) -> None:
    with pytest.raises(ValueError, match="BUDGETS_CONTACT"):
        probe(site_for(portal, allow_private=False), settings=QUICK)
