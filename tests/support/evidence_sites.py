"""Evidence sites of tests: built over a finished night, and how to build them again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb

from evidence.policy import Audience
from evidence.site import SiteReport, build_site, site_path
from nightly.settings import Settings
from nightly.steps import kept_reading
from parsers.worker import Limits
from scrapers.archive import Archive
from store import Store
from warehouse.layout import Layout


@dataclass
class Site:
    """A built site, and how to build it again."""

    root: Path
    report: SiteReport
    layout: Layout
    again: Callable[..., SiteReport]

    def text(self, name: str) -> str:
        return (self.root / name).read_text("utf-8")

    def ask(self, sql: str) -> list[tuple[object, ...]]:
        with duckdb.connect(str(self.layout.published_path.resolve()), read_only=True) as con:
            return con.execute(sql).fetchall()


def site_of(night: Path, layout: Layout, audience: Audience = "public") -> Site:
    settings = Settings(
        data=night,
        sites=None,
        decisions=layout.root / "decisions",
        archive_root=str(night),
        landing_root=str(night),
    )

    def build(audience: Audience = audience) -> SiteReport:
        return build_site(
            layout,
            originals=Archive(Store(str(night))).get,
            readings=lambda sha, version: kept_reading(settings, sha, version),
            audience=audience,
            decisions=settings.decisions,
            limits=Limits(seconds=300, megabytes=2048),
        )

    return Site(site_path(layout), build(), layout, build)
