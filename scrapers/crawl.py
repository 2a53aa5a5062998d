"""Crawl one host: its columns, their articles, the articles' files; a row for every fetch.

What a night costs: one conditional request for each list page, whatever is new, and the part
of the known articles and files whose turn it is (``CrawlSettings.recheck_after``).

Killed anywhere and run again, nothing is lost and nothing is stored twice: objects come before
rows, an article's row is written after the rows of everything it offers, and list pages are
compared with what is known every time, also when they did not change.
"""

from __future__ import annotations

import hashlib
import logging
import re
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

from filelock import FileLock
from filelock import Timeout as LockTimeout
from pydantic import AwareDatetime, BaseModel, Field

from scrapers.archive import Archive, ArchiveDamagedError, FetchRow, HostState, Outcome, Role, Seen
from scrapers.decode import decode_page
from scrapers.families import detect_family, get_family
from scrapers.families.base import Article, Attachment, Entry, Family, Listing
from scrapers.families.reading import is_headed, is_home, redirect_of, with_other_columns
from scrapers.fetch import CrawlSettings, CrawlStopped, Fetched, PoliteSession
from scrapers.filetype import Kind, extension_of, kind_of_file
from scrapers.site import Column, Pace, Site, host_of, hosts
from scrapers.telling import HostWarning, WarningKind
from scrapers.window import SHANGHAI, Window

__all__ = ["ColumnReport", "HostBusyError", "HostReport", "crawl_host", "hosts"]

log = logging.getLogger(__name__)


class ColumnReport(BaseModel):
    """One column's night. ``found`` entries were listed, ``known`` of them needed no request;
    ``outcomes`` counts the rows written for the column, by outcome."""

    county_code: str
    county: str
    title: str
    url: str
    pages: int = 0
    found: int = 0
    known: int = 0
    outcomes: dict[str, int] = Field(default_factory=dict)
    listing_failed: bool = False


class HostReport(BaseModel):
    """One host's night, told by numbers and by warnings that name place and remedy.

    ``old_tls``: hosts that could only be asked with TLS as it was (certificates checked)."""

    host: str
    run_id: str
    started_at: AwareDatetime
    duration_seconds: float = 0.0
    requests: int = 0
    columns: list[ColumnReport] = Field(default_factory=list)
    outcomes: dict[str, int] = Field(default_factory=dict)
    warnings: list[HostWarning] = Field(default_factory=list)
    old_tls: list[str] = Field(default_factory=list)
    stopped: bool = False
    """The caller asked to stop before the host was done, or the night window closed."""
    gave_up: bool = False
    """Too many failures in a row: the rest was left for the next night."""

    def count(self, outcome: Outcome) -> int:
        return self.outcomes.get(outcome.value, 0)

    @property
    def new_documents(self) -> int:
        return self.count(Outcome.NEW)


class HostBusyError(RuntimeError):
    """Another process is crawling the host."""


class _GiveUp(Exception):
    pass


def crawl_host(
    sites: Sequence[Site],
    archive: Archive,
    *,
    run_id: str,
    now: datetime | None = None,
    progress: Callable[[FetchRow], None] | None = None,
    stop: Callable[[], bool] | None = None,
    settings: CrawlSettings | None = None,
    lock_folder: Path | None = None,
) -> HostReport:
    """Crawl every column of the sites of one host and archive what they offer.

    Args:
        sites: sites with the same host (a value of :func:`hosts`).
        now: the moment the night began, with a time zone (default: the clock's); rows are
            dated from it.
        progress: called with every row after it is written.
        stop: asked between requests and while waiting; true ends the crawl in good order.
        lock_folder: where lock files lie (default: ``locks`` below a local archive, else this
            machine's temporary folder).

    Raises:
        HostBusyError: another process is crawling the host.
        ValueError: sites of several hosts, or public sites without a contact address.
    """
    settings = settings or CrawlSettings.from_environment()
    host = _only_host(sites)
    if not settings.contact and not all(site.allow_private for site in sites):
        raise ValueError(
            f"no contact address is set, and {host} is a public host. Set BUDGETS_CONTACT to an "
            "e-mail address or web page, so that the site's operator can reach you."
        )
    if lock_folder is None:
        lock_folder = (
            archive.store.local_path("locks")
            if archive.store.is_local
            else Path(tempfile.gettempdir()) / "county-budget-locks"
        )
    lock_folder.mkdir(parents=True, exist_ok=True)
    with _owning(host, lock_folder):
        crawl = _HostCrawl(
            host=host,
            sites=sites,
            archive=archive,
            run_id=run_id,
            now=now or datetime.now(UTC),
            settings=settings,
            lock_folder=lock_folder,
        )
        return crawl.run(progress or (lambda _: None), stop or (lambda: False))


def _only_host(sites: Sequence[Site]) -> str:
    names = {site.host for site in sites}
    if len(names) != 1:
        raise ValueError(f"sites of exactly one host are crawled together, not {sorted(names)}")
    return names.pop()


@contextmanager
def _owning(host: str, lock_folder: Path) -> Iterator[None]:
    path = lock_folder / f"crawl-{re.sub(r'[^A-Za-z0-9.-]', '_', host)}.lock"
    lock = FileLock(path, timeout=0)
    try:
        lock.acquire()
    except LockTimeout:
        raise HostBusyError(
            f"another process is crawling {host} (it holds {path}). Wait until it is done; a lock "
            "left by a killed process frees itself."
        ) from None
    try:
        yield
    finally:
        lock.release()


@dataclass
class _Place:
    """Where in the portal the crawl is: goes into every row."""

    site: Site
    column: Column
    report: ColumnReport
    scope: str
    listing_url: str
    depth: int = 0
    list_name: str | None = None
    """The body that a sub-column is named after."""


@dataclass
class _Page:
    """A page at hand: freshly fetched, or the archived one that has not changed."""

    html: str
    url: str
    sha256: str | None
    fetched: Fetched


class _HostCrawl:
    def __init__(
        self,
        *,
        host: str,
        sites: Sequence[Site],
        archive: Archive,
        run_id: str,
        now: datetime,
        settings: CrawlSettings,
        lock_folder: Path,
    ) -> None:
        if now.tzinfo is None:
            raise ValueError("now carries a time zone")
        self.host, self.sites, self.archive, self.run_id = host, sites, archive, run_id
        self.now, self.settings, self.lock_folder = now, settings, lock_folder
        self._begun = time.monotonic()
        self._state: HostState = archive.refresh(host)
        self._done: set[str] = set()
        self._asked_by_script: set[str] = set()
        self._column_of: dict[str, tuple[Site, Column, ColumnReport]] = {}
        self._listed_on: dict[int, dict[str, date | None]] = {}
        """Every address that a site's columns list tonight, and the date in its row."""
        self._in_a_row = 0
        self._totals: Counter[str] = Counter()
        self.report = HostReport(host=host, run_id=run_id, started_at=now)

    def clock(self) -> datetime:
        return self.now + timedelta(seconds=time.monotonic() - self._begun)

    def run(self, progress: Callable[[FetchRow], None], stop: Callable[[], bool]) -> HostReport:
        self._progress = progress
        windows = self._windows()

        def closed() -> bool:
            return not all(window.is_open(self.clock()) for window in windows)

        def ends() -> bool:
            return stop() or closed()

        self._stop = ends
        pace = Pace(
            pause_seconds=max(site.pace.pause_seconds for site in self.sites),
            jitter_seconds=max(site.pace.jitter_seconds for site in self.sites),
        )
        private = frozenset(
            (urlsplit(site.base_url).hostname or "").lower()
            for site in self.sites
            if site.allow_private
        )
        with PoliteSession(
            self.settings,
            pace,
            private_hosts=private,
            lock_folder=self.lock_folder,
            stop=ends,
            clock=self.clock,
            on_robots=self._record_robots,
        ) as session:
            self._session = session
            try:
                for site in self.sites:
                    self._crawl_site(site)
                self._crawl_the_rest()
            except CrawlStopped:
                self.report.stopped = True
                if closed():
                    self._warn_of_window(windows)
            except _GiveUp:
                self.report.gave_up = True
                times = self.settings.give_up_after
                self._warn(
                    "gave_up",
                    None,
                    f"{self.host}：连续 {times} 次请求失败或被拦截，其余留待下一晚；原因见各请求的记录",
                    f"{self.host}: {times} requests in a row failed or were blocked; the rest is "
                    "left for the next night. See the reasons of its rows.",
                )
            self.report.requests = session.request_count
            self.report.old_tls = sorted(session.old_tls)
        self.report.duration_seconds = round(time.monotonic() - self._begun, 3)
        self.report.outcomes = dict(self._totals)
        return self.report

    def _windows(self) -> list[Window]:
        """The hours in which this host may be asked: those of its site files, else the night's
        (none for portals on private addresses, which are one's own)."""
        given = {site.pace.window for site in self.sites if site.pace.window}
        if not given and not all(site.allow_private for site in self.sites):
            given = {self.settings.window}
        return [window for text in sorted(given) if (window := Window.parse(text))]

    def _warn_of_window(self, windows: Sequence[Window]) -> None:
        hours = ", ".join(map(str, windows))
        self._warn(
            "outside_window",
            None,
            f"{self.host}：已在夜间时段（{hours}，北京时间）之外，其余留待下一晚。确需白天抓取时，"
            "本次运行可设 BUDGETS_CRAWL_WINDOW=any（网站文件写有 pace.window 的除外）",
            f"{self.host}: it is outside the night window ({hours}, China time); the rest is left "
            "for the next night. To crawl by day all the same, set BUDGETS_CRAWL_WINDOW=any for "
            "one run (a pace.window in the site file comes before it).",
        )

    # columns

    def _crawl_site(self, site: Site) -> None:
        reports = []
        for column in site.columns:
            if self._stop():
                raise CrawlStopped
            report = ColumnReport(
                county_code=site.county_code,
                county=site.name,
                title=column.title,
                url=site.column_url(column),
            )
            reports.append(report)
            self.report.columns.append(report)
            self._crawl_column(site, column, report)
        if not any(report.listing_failed for report in reports):
            self._compare_with_bounds(site)  # else told already; a half-read site says nothing

    def _compare_with_bounds(self, site: Site) -> None:
        """Whether a year's entries lie within the site's bounds.

        Lists keep the entries of many years. At least: over the last 15 months, so that a season
        later than the last one's is no alarm. At most: over this calendar year and the last one.
        Entries without a date may be of any year.
        """
        listed = self._listed_on.get(id(site), {})
        today = self.now.astimezone(SHANGHAI).date()
        since = today - timedelta(days=_YEAR_AND_SEASON)
        undated = sum(day is None for day in listed.values())
        by_year = Counter(day.year for day in listed.values() if day)
        recent = undated + sum(day >= since for day in listed.values() if day)
        year = max(today.year - 1, today.year, key=lambda one: (by_year[one], one))
        fullest = undated + by_year[year]
        if recent < site.bounds.least:
            self._warn(
                "too_few_entries",
                site,
                f"{site.name}（{self.host}）：各栏目近 15 个月的条目共 {recent} 条，每年应不少于 "
                f"{site.bounds.least} 条。请在浏览器中打开各栏目：是否搬迁或停更？若已搬迁，请改正网站文件",
                f"{site.name} ({self.host}): {recent} entries of the last 15 months are listed, at "
                f"least {site.bounds.least} a year expected. Open the columns in a browser: moved, or "
                "silent? If moved, correct the site file.",
            )
        elif fullest > site.bounds.most:
            self._warn(
                "too_many_entries",
                site,
                f"{site.name}（{self.host}）：各栏目 {year} 年的条目共 {fullest} 条，每年应不多于 "
                f"{site.bounds.most} 条。是否误读了新闻栏目？请改正 columns，或调高 bounds.most",
                f"{site.name} ({self.host}): {fullest} entries of {year} are listed, at most "
                f"{site.bounds.most} a year expected. Is a column of news read by mistake? Correct "
                "`columns`, or raise `bounds.most` in the site file.",
            )

    def _crawl_column(self, site: Site, column: Column, report: ColumnReport) -> None:
        family = get_family(site.family)
        top = site.column_url(column)
        pending: list[tuple[str, str, str | None, int]] = [(top, column.scope, None, 0)]
        asked: set[str] = set()
        entries: set[str] = set()
        known = self._listed_before(site, column)
        while pending:
            url, scope, name, depth = pending.pop(0)
            previous: Listing | None = None
            turned = 0
            while url and url not in asked:
                asked.add(url)
                self._column_of[url] = (site, column, report)
                if report.pages >= self.settings.max_pages:
                    most = self.settings.max_pages
                    self._warn(
                        "list_incomplete",
                        site,
                        f"{site.name}，{column.title}：列表超过 {most} 页，{url} 之后未读。"
                        "请在网站文件中分别写明各子栏目",
                        f"{site.name}, {column.title}: more than {most} list pages; those after "
                        f"{url} were not read. Name the sub-columns in the site file.",
                    )
                    break
                place = _Place(site, column, report, scope, url, list_name=name)
                listing = self._listing(family, place)
                if listing is None:
                    report.listing_failed = True
                    break
                report.pages += 1
                turned += 1
                if previous is not None and listing.entries == previous.entries:
                    break  # some portals serve the last page again for every number after it
                entries.update(entry.url for entry in listing.entries)
                dates = self._listed_on.setdefault(id(site), {})
                dates.update({entry.url: entry.published_on for entry in listing.entries})
                report.found = len(entries)
                for entry in listing.entries:
                    self._guarded_entry(family, entry, place)
                if previous is None and depth < self.settings.max_depth:
                    pending += [
                        (sub.url, "unit", sub.title, depth + 1) for sub in listing.subcolumns
                    ]
                if previous is None and depth == 0:
                    self._warn_of_columns(place, listing)
                previous = listing
                url = "" if listing.is_last(turned) else listing.next_page or ""
        if report.listing_failed or not known:
            return
        if not entries:
            self._warn(
                "nothing_listed",
                site,
                f"{site.name}，{column.title}：{top} 上没有任何条目，而此前从这里见过 {len(known)} 个"
                "网址。请在浏览器中打开：若已搬迁，请改正网站文件；已存档的不受影响",
                f"{site.name}, {column.title}: nothing is listed on {top}, where {len(known)} "
                "addresses were found before. Open the column in a browser: if it moved, "
                "correct the site file; what is archived stays.",
            )
        elif len(known) >= _ENOUGH_TO_COMPARE and not known & entries:
            self._warn(
                "column_moved",
                site,
                f"{site.name}，{column.title}：{top} 现有的 {len(entries)} 条与此前见过的 "
                f"{len(known)} 条无一相同，栏目可能已搬迁或改作他用。请核对 path",
                f"{site.name}, {column.title}: none of the {len(known)} addresses found before is "
                f"among the {len(entries)} that {top} lists now. Did the column move? Check `path`.",
            )

    def _warn_of_columns(self, place: _Place, listing: Listing) -> None:
        """Links of a column's first page that look like bodies' columns and are read nowhere."""
        ours = {place.site.column_url(column) for column in place.site.columns}
        found = [link for link in listing.other_columns if link.url not in ours]
        if not found:
            return
        names = [link.title for link in found[:_NAMES_SHOWN]]
        more = len(found) - len(names)
        self._warn(
            "list_incomplete",
            place.site,
            f"{place.site.name}，{place.column.title}：{place.listing_url} 上有 {len(found)} 个链接像是各"
            f"部门、单位的栏目，未读：{'、'.join(names)}{f' 等，另 {more} 个' if more else ''}。"
            f"例如 {found[0].url}。如有预决算，请在网站文件中写为栏目",
            f"{place.site.name}, {place.column.title}: {place.listing_url} has {len(found)} links "
            f"that look like columns of single bodies and were not read: {', '.join(names)}"
            f"{f' and {more} more' if more else ''}, e.g. {found[0].url}. If they hold budgets, name "
            "them as columns in the site file.",
        )

    def _listed_before(self, site: Site, column: Column) -> set[str]:
        """Addresses that earlier nights found on this column's own pages; none where it is read
        for the first time (a neighbour in the same folder is not it)."""
        top = site.column_url(column)
        before = self._good(top)
        if before is None:
            return set()
        forwarded = (before.reason or "").removeprefix("forwards to ")
        folders = tuple(urljoin(place, "./") for place in (top, forwarded or top))
        return {
            url
            for url, seen in self._state.by_url.items()
            if seen.last.role in {"article", "attachment"}
            and (seen.last.listing_url or "").startswith(folders)
            and seen.last.column_holds == column.holds
            and seen.good is not None
            and seen.last.run_id != self.run_id
        }

    def _listing(self, family: Family, place: _Place, *, hops: int = 0) -> Listing | None:
        """Read the list page ``place.listing_url``; None where it could not be read."""
        url = place.listing_url
        top = place.site.column_url(place.column)
        page = self._page("listing", url, place, referer=None if url == top else top)
        if page is None:
            self._listing_warning(place)
            return None
        if self._has_moved(page, place):
            return None
        redirect = redirect_of(page.html)
        if redirect and (redirect.by == "meta" or family.follows_scripts):
            target = urljoin(page.url, redirect.target)
            why = f"forwards to {target}"
            before = good.reason if (good := self._good(url)) else why
            self._record_page("listing", page, place, Outcome.LISTING_OK, why)
            if before != why:
                self._warn_moved(place, url, target)
            if hops >= 3 or target == url:
                self._warn(
                    "column_moved",
                    place.site,
                    f"{place.site.name}，{place.column.title}：{url} 循环跳转。"
                    "请在网站文件中写明栏目的实际网址",
                    f"{place.site.name}, {place.column.title}: {url} forwards in a circle. "
                    "Put the column's real address into the site file.",
                )
                return None
            place.listing_url = target
            self._column_of[target] = (place.site, place.column, place.report)
            return self._listing(family, place, hops=hops + 1)
        try:
            listing = family.read_listing(page.html, page.url)
        except Exception as error:
            log.exception("reading %s", url)
            listing = Listing(unread=f"reading it failed: {type(error).__name__}: {error}")
        if listing.filled_by and listing.filled_by != url and hops < 3:
            self._record_page(
                "listing", page, place, Outcome.LISTING_OK, f"rows come from {listing.filled_by}"
            )
            place.listing_url = listing.filled_by
            self._asked_by_script.add(listing.filled_by)
            filled = self._listing(family, place, hops=hops + 1)
            place.listing_url = url
            return filled
        if listing.unread or (listing.filled_by and not listing.entries):
            why = listing.unread or "its rows are filled in by a script that gave none"
            self._record_page(
                "listing",
                page,
                place,
                Outcome.UNREADABLE,
                f"{url} is no list that the family {family.name} can read: {why}. Check `family` and "
                "`path` in the site file against the page in a browser.",
            )
            self._listing_warning(place)
            return None
        if url in self._asked_by_script and listing.next_page:
            self._asked_by_script.add(listing.next_page)
        if listing.warning:
            self._warn(
                "list_incomplete",
                place.site,
                f"{place.site.name}，{place.column.title}：{url} 已读，但后续各页只能由页面脚本翻到。"
                "请在网站文件中把后续各页写成栏目，或扩充该系统的读法",
                f"{place.site.name}, {place.column.title}: {url} was read, but {listing.warning}. "
                "Name the further pages as columns in the site file, or extend the family.",
            )
        note = None if listing.entries else "the list is empty"
        self._record_page(
            "listing",
            page,
            place,
            Outcome.LISTING_OK,
            note,
            same=lambda old: family.read_listing(old, page.url) == listing,
        )
        return with_other_columns(listing, page.html, page.url)

    def _good(self, url: str) -> FetchRow | None:
        seen = self._state.by_url.get(url)
        return seen.good if seen else None

    def _has_moved(self, page: _Page, place: _Place) -> bool:
        """Whether the portal's home page stands in the column's place (its row is written here);
        a column that now answers under another address is told, and read."""
        url = place.listing_url
        here, before = page.fetched.final_url, self._good(url)
        asked, got = urlsplit(url).path, urlsplit(here).path
        if asked != got and _ROOT.fullmatch(got) and not _ROOT.fullmatch(asked):
            self._record(
                place,
                "listing",
                url,
                Outcome.DEAD_LINK,
                page.fetched,
                reason=f"{url} leads to the portal's home page ({here}): the column is gone or has "
                "moved. Find it in a browser and correct `path` in the site file.",
            )
            self._listing_warning(place)
            return True
        if before and before.final_url and before.final_url != here:
            self._warn_moved(place, url, here)
        return False

    def _warn_moved(self, place: _Place, url: str, target: str) -> None:
        self._warn(
            "column_moved",
            place.site,
            f"{place.site.name}，{place.column.title}：{url} 现在转到 {target}。"
            "请核对是否同一栏目，并把新网址写入网站文件",
            f"{place.site.name}, {place.column.title}: {url} leads to {target} now. See whether it "
            "is the same column and put the new address into the site file.",
        )

    def _listing_warning(self, place: _Place) -> None:
        seen = self._state.by_url.get(place.listing_url)
        why = seen.last.reason if seen and seen.last.reason else "see its row"
        outcome = seen.last.outcome if seen else Outcome.ERROR
        was_read = seen is not None and seen.good is not None
        kind: WarningKind = "list_unread"
        if outcome is Outcome.BLOCKED:
            kind = "list_blocked"
        elif outcome is Outcome.DEAD_LINK and was_read:
            kind = "column_moved"
        name = f"{place.site.name}，{place.column.title}"
        self._warn(
            kind,
            place.site,
            f"{name}：列表未能读取（{outcome.zh}），{place.listing_url}。{why}",
            f"{place.site.name}, {place.column.title}: the list was not read. {why}",
        )

    # known addresses that no list led to tonight

    def _crawl_the_rest(self) -> None:
        """Known articles and files whose turn it is: those that failed before, those to be
        looked at again, and those that no list names any more (are they withdrawn?)."""
        for url, seen in sorted(self._state.by_url.items()):
            last = seen.last
            if last.role not in {"article", "attachment"} or url in self._done:
                continue
            if not self._is_due(seen, None):
                continue
            place = self._place_of(last)
            if place is None:
                continue  # its column is no longer in the site file
            if last.role == "article":
                entry = Entry(last.link_text or "", url, url, last.published_on)
                self._guarded_entry(get_family(place.site.family), entry, place)
            else:
                self._done.add(url)
                self._fetch_file(
                    url,
                    place,
                    referer=last.article_url or place.listing_url,
                    article_url=last.article_url,
                    article_title=last.article_title,
                    link_text=last.link_text,
                    published_on=last.published_on,
                )

    def _place_of(self, row: FetchRow) -> _Place | None:
        found = self._column_of.get(row.listing_url or "") or next(
            (
                known
                for known in self._column_of.values()
                if (known[0].county_code, known[1].holds) == (row.county_code, row.column_holds)
            ),
            None,
        )
        if found is None:
            return None
        site, column, report = found
        scope = row.column_scope or column.scope
        return _Place(site, column, report, scope, row.listing_url or site.column_url(column))

    # entries

    def _guarded_entry(self, family: Family, entry: Entry, place: _Place) -> None:
        """One broken entry never stops the host; a full disk or a damaged archive does."""
        try:
            self._entry(family, entry, place)
        except (OSError, ArchiveDamagedError, CrawlStopped, _GiveUp):
            raise
        except Exception as error:
            log.exception("entry %s", entry.url)
            self._record(
                place,
                "article",
                entry.url,
                Outcome.ERROR,
                reason=f"{entry.url} was fetched but handling it failed ({type(error).__name__}: "
                f"{error}). This is a defect of the program: report it with this address.",
                link_text=entry.title,
            )

    def _entry(self, family: Family, entry: Entry, place: _Place) -> None:
        if entry.url in self._done:
            return
        self._done.add(entry.url)
        if extension_of(unquote(urlsplit(entry.url).path)):
            listed = Attachment(entry.title, entry.url, entry.href, "listed")
            self._attachment(listed, place, None, None, entry.published_on)
            return
        seen = self._state.by_url.get(entry.url)
        if seen and not self._is_due(seen, entry.title):
            place.report.known += 1
            return
        if seen and seen.last.role == "attachment":  # the link leads to a file without saying so
            self._fetch_file(
                entry.url,
                place,
                referer=place.listing_url,
                link_text=entry.title,
                published_on=entry.published_on,
            )
            return
        if not _is_kin(host_of(entry.url), self.host) and not _BUDGET_WORDS.search(entry.title):
            self._record(
                place,
                "article",
                entry.url,
                Outcome.REFUSED,
                reason=f"{entry.url} leads to another site, and its title does not speak of a "
                "budget. If it is one, fetch it by hand and ingest it.",
                link_text=entry.title,
                published_on=entry.published_on,
            )
            return
        page = self._page("article", entry.url, place, place.listing_url, entry=entry)
        if page is None:
            return
        if page.fetched.kind and page.fetched.kind.is_document:
            return  # the link led to a file without saying so; recorded as one
        redirect = redirect_of(page.html)
        if redirect:
            self._forwarded(family, entry, page, redirect.target, place)
            return
        reader = family if host_of(page.url) == self.host else detect_family(page.html, page.url)
        article = reader.read_article(page.html, page.url)
        if self._is_not_the_article(entry, page, article, place):
            return
        if place.depth < self.settings.max_depth:
            for child in article.children:
                below = _Place(**{**vars(place), "depth": place.depth + 1})
                self._guarded_entry(family, Entry(child.title, child.url, child.href), below)
        published = article.published_on or entry.published_on
        for attachment in article.attachments:
            self._attachment(attachment, place, entry.url, article.title or entry.title, published)
        # Last, because it says that everything the article offers was asked for.
        offers = bool(article.attachments or article.children)
        self._record_page(
            "article",
            page,
            place,
            Outcome.ARTICLE_OK if offers else Outcome.NO_ATTACHMENT,
            _without_files(entry.url, article) if not offers else None,
            same=lambda old: reader.read_article(old, page.url) == article,
            article_title=article.title,
            link_text=entry.title,
            published_on=published,
        )

    def _forwarded(
        self, family: Family, entry: Entry, page: _Page, target: str, place: _Place
    ) -> None:
        """A link document: the entry is only a pointer to another page or file."""
        url = urljoin(page.url, target)
        if place.depth < self.settings.max_depth:
            below = _Place(**{**vars(place), "depth": place.depth + 1})
            self._guarded_entry(family, Entry(entry.title, url, target, entry.published_on), below)
        self._record_page(
            "article",
            page,
            place,
            Outcome.ARTICLE_OK,
            f"forwards to {url}",
            link_text=entry.title,
            published_on=entry.published_on,
        )

    def _is_not_the_article(
        self, entry: Entry, page: _Page, article: Article, place: _Place
    ) -> bool:
        """Whether something else stands in the article's place; then its row is written here.

        A home page has links and even files in plenty: none of them belongs to the article.
        """
        asked, got = urlsplit(entry.url).path, urlsplit(page.url).path
        sent_home = asked != got and _ROOT.fullmatch(got) is not None
        if sent_home or (is_home(page.html) and not is_headed(page.html, entry.title)):
            outcome = Outcome.DEAD_LINK
            reason = (
                f"{entry.url} gives the portal's home page in place of the article. The "
                "publisher has removed it; it is looked for again from time to time."
            )
        elif not (article.is_recognised or article.attachments or article.children):
            outcome = Outcome.UNREADABLE
            reason = (
                f"{entry.url} has no title and body that the family {place.site.family} "
                "knows, and no file. Open it in a browser: if it is an article with files, the "
                "family's reading must be extended."
            )
        else:
            return False
        self._record(
            place,
            "article",
            entry.url,
            outcome,
            page.fetched,
            reason=reason,
            link_text=entry.title,
            published_on=entry.published_on,
        )
        return True

    # files

    def _attachment(
        self,
        attachment: Attachment,
        place: _Place,
        article_url: str | None,
        article_title: str | None,
        published_on: date | None,
    ) -> None:
        url = attachment.url
        if url in self._done and article_url is not None:
            return
        self._done.add(url)
        seen = self._state.by_url.get(url)
        if seen and not self._is_due(seen, None):
            return
        self._fetch_file(
            url,
            place,
            referer=article_url or place.listing_url,
            article_url=article_url,
            article_title=article_title,
            link_text=attachment.name,
            published_on=published_on,
        )

    def _fetch_file(self, url: str, place: _Place, *, referer: str, **about: Any) -> None:
        seen = self._state.by_url.get(url)
        etag, last_modified = self._validators(seen)
        fetched = self._session.get(url, referer=referer, etag=etag, last_modified=last_modified)
        self._file_row(url, place, fetched, **about)

    def _file_row(self, url: str, place: _Place, fetched: Fetched, **about: Any) -> None:
        seen = self._state.by_url.get(url)
        name = fetched.file_name or _usual_name(about.get("link_text"), fetched)
        if fetched.outcome is Outcome.UNCHANGED:
            good = seen.good if seen else None
            self._record(
                place,
                "attachment",
                url,
                Outcome.UNCHANGED,
                fetched,
                sha256=good.sha256 if good else None,
                media_type=good.media_type if good else None,
                size=good.size if good else None,
                file_name=good.file_name if good else name,
                reason=good.reason if good else None,
                **about,
            )
            return
        if fetched.body is None:
            self._record(place, "attachment", url, None, fetched, file_name=name, **about)
            return
        kind = fetched.kind or Kind.UNKNOWN
        if kind is Kind.HTML and seen and seen.good and self._is_home_page(url, fetched):
            self._record(
                place,
                "attachment",
                url,
                Outcome.DEAD_LINK,
                fetched,
                media_type=kind.media_type,
                file_name=name,
                reason=f"{url} held a file and gives the portal's home page now. The publisher has "
                "removed it; what is archived stays, and it is looked for again from time to time.",
                **about,
            )
            return
        if kind in {Kind.HTML, Kind.TEXT}:
            paths = (urlsplit(address).path for address in (url, fetched.final_url))
            kind = kind_of_file(
                fetched.body, fetched.file_name, about.get("link_text"), *map(unquote, paths)
            )
        if not kind.is_document:
            self._record(
                place,
                "attachment",
                url,
                Outcome.NOT_A_DOCUMENT,
                fetched,
                media_type=kind.media_type,
                file_name=name,
                reason=f"{url} is offered as a file but holds {kind.media_type} "
                f"({fetched.size} bytes). Open it in a browser: the publisher's link leads to a "
                "page or to an error. It is not stored.",
                **about,
            )
            return
        digest = hashlib.sha256(fetched.body).hexdigest()
        outcome = self.archive.classify(digest, url, self.host)
        self.archive.put(fetched.body)
        reason = None
        if kind is Kind.PDF and b"%%EOF" not in fetched.body[-2048:]:
            reason = (
                f"{url} came complete but has no end of a PDF: it was published damaged. It is "
                "stored as it is; ask the publisher for the whole file."
            )
        self._record(
            place,
            "attachment",
            url,
            outcome,
            fetched,
            sha256=digest,
            media_type=kind.media_type,
            file_name=name,
            reason=reason,
            **about,
        )

    @staticmethod
    def _is_home_page(url: str, fetched: Fetched) -> bool:
        asked, got = urlsplit(url).path, urlsplit(fetched.final_url).path
        sent_home = asked != got and _ROOT.fullmatch(got) is not None
        return sent_home or is_home(fetched.decoded().text)

    # requests and rows

    def _page(
        self, role: Role, url: str, place: _Place, referer: str | None, entry: Entry | None = None
    ) -> _Page | None:
        """A page by conditional request. Where there is none, its row is written here."""
        seen = self._state.by_url.get(url)
        etag, last_modified = self._validators(seen)
        fetched = self._session.get(
            url,
            referer=referer,
            etag=etag,
            last_modified=last_modified,
            max_bytes=self.settings.max_page_bytes if role == "listing" else None,
            as_script=url in self._asked_by_script,
        )
        about: dict[str, Any] = (
            {"link_text": entry.title, "published_on": entry.published_on} if entry else {}
        )
        if fetched.outcome is Outcome.UNCHANGED and seen and seen.good and seen.good.sha256:
            text = decode_page(self.archive.get(seen.good.sha256)).text
            return _Page(text, fetched.final_url, seen.good.sha256, fetched)
        if fetched.outcome is not None or fetched.body is None:
            self._record(place, role, url, fetched.outcome or Outcome.ERROR, fetched, **about)
            return None
        kind = fetched.kind or Kind.UNKNOWN
        if kind.is_document:
            if role == "article":
                self._file_row(url, place, fetched, **about)
                return _Page("", fetched.final_url, None, fetched)
            reason = f"{url} is named as a list but is a file ({kind.media_type}). "
        elif kind not in {Kind.HTML, Kind.XML, Kind.TEXT, Kind.JSON}:
            reason = f"{url} is no page but {kind.media_type} ({fetched.size} bytes). "
        elif (fetched.size or 0) > self.settings.max_page_bytes:
            reason = f"{url} is a page of {fetched.size} bytes, more than is read. "
        else:
            return _Page(fetched.decoded().text, fetched.final_url, None, fetched)
        self._record(
            place,
            role,
            url,
            Outcome.UNREADABLE,
            fetched,
            reason=reason + "Open it in a browser and correct the site file.",
            **about,
        )
        return None

    def _record_page(
        self,
        role: Role,
        page: _Page,
        place: _Place,
        outcome: Outcome,
        reason: str | None = None,
        *,
        same: Callable[[str], bool] | None = None,
        **about: Any,
    ) -> None:
        """The row of a page that was read.

        A page that says the same as the archived one (only a counter or a date in its frame
        differs) counts as unchanged and is not stored again.
        """
        url = page.fetched.url
        seen = self._state.by_url.get(url)
        sha256 = page.sha256
        if page.fetched.outcome is Outcome.UNCHANGED:
            outcome = Outcome.UNCHANGED
        elif page.fetched.body is not None:
            known = seen.good.sha256 if seen and seen.good and outcome.has_object else None
            digest = hashlib.sha256(page.fetched.body).hexdigest()
            if known and (digest == known or (same and self._says_the_same(known, same))):
                sha256, outcome = known, Outcome.UNCHANGED
            elif outcome.has_object:
                sha256 = self.archive.put(page.fetched.body)
        self._record(
            place,
            role,
            url,
            outcome,
            page.fetched,
            sha256=sha256,
            media_type=(page.fetched.kind or Kind.HTML).media_type,
            reason=reason,
            **about,
        )

    def _says_the_same(self, sha256: str, same: Callable[[str], bool]) -> bool:
        return self.archive.has(sha256) and same(decode_page(self.archive.get(sha256)).text)

    def _record(
        self,
        place: _Place,
        role: Role,
        url: str,
        outcome: Outcome | None,
        fetched: Fetched | None = None,
        **about: Any,
    ) -> None:
        facts: dict[str, Any] = {"reason": None}
        if fetched is not None:
            facts |= {
                "fetched_at": fetched.fetched_at,
                "final_url": fetched.final_url,
                "status": fetched.status,
                "reason": fetched.reason,
                "size": fetched.size,
                "etag": fetched.etag,
                "last_modified": fetched.last_modified,
                "duration_ms": fetched.duration_ms,
            }
            if fetched.outcome is Outcome.UNCHANGED:
                # A 304 may leave validators out; the ones that it confirmed still hold.
                good = seen.good if (seen := self._state.by_url.get(url)) else None
                facts["etag"] = fetched.etag or (good.etag if good else None)
                facts["last_modified"] = fetched.last_modified or (
                    good.last_modified if good else None
                )
        facts |= {key: value for key, value in about.items() if value is not None}
        facts.setdefault("fetched_at", self.clock())
        if role == "article":
            facts.setdefault("article_url", url)
        if role == "listing":
            facts["link_text"] = place.list_name
        result = outcome or (fetched.outcome if fetched else None) or Outcome.ERROR
        self._write(
            FetchRow(
                run_id=self.run_id,
                site=self.host,
                county_code=place.site.county_code,
                county=place.site.name,
                role=role,
                url=url,
                listing_url=place.listing_url,
                column_holds=place.column.holds,
                column_scope=place.scope,
                outcome=result,
                **facts,
            )
        )
        counts = Counter(place.report.outcomes)
        counts[result.value] += 1
        place.report.outcomes = dict(counts)
        if result in {Outcome.ERROR, Outcome.BLOCKED, Outcome.TRUNCATED}:
            self._in_a_row += 1
            if self._in_a_row >= self.settings.give_up_after:
                raise _GiveUp
        elif fetched is not None and fetched.status is not None:
            self._in_a_row = 0

    def _record_robots(self, fetched: Fetched) -> None:
        outcome, sha256 = fetched.outcome, None
        if outcome is None and fetched.body is not None:
            digest = hashlib.sha256(fetched.body).hexdigest()
            seen = self._state.by_url.get(fetched.url)
            outcome = Outcome.UNCHANGED if seen and seen.sha256 == digest else Outcome.NEW
            sha256 = self.archive.put(fetched.body)
        self._write(
            FetchRow(
                fetched_at=fetched.fetched_at,
                run_id=self.run_id,
                site=self.host,
                county_code=self.sites[0].county_code,
                county=self.sites[0].name,
                role="robots",
                url=fetched.url,
                final_url=fetched.final_url,
                status=fetched.status,
                outcome=outcome or Outcome.ERROR,
                reason=fetched.reason,
                sha256=sha256,
                media_type=fetched.kind.media_type if fetched.kind and sha256 else None,
                size=fetched.size,
                duration_ms=fetched.duration_ms,
            )
        )

    def _write(self, row: FetchRow) -> None:
        row = self.archive.record(row)
        if row.role != "robots":
            self._totals[row.outcome.value] += 1
        self._progress(row)

    def _warn(self, kind: WarningKind, site: Site | None, zh: str, en: str) -> None:
        log.warning("%s", en)
        self.report.warnings.append(
            HostWarning(kind=kind, county=site.name if site else None, zh=zh, en=en)
        )

    # what is due

    def _validators(self, seen: Seen | None) -> tuple[str | None, str | None]:
        good = seen.good if seen else None
        if not good or not good.sha256 or not self.archive.has(good.sha256):
            return None, None
        return good.etag, good.last_modified

    def _is_due(self, seen: Seen, link_text: str | None) -> bool:
        """Whether a known address is asked for tonight.

        Failures: at once the first time, then after 1, 2, 4, … days. Good ones: when the list
        shows another title, and else once in ``recheck_after`` days, spread by the address over the
        second half of that time so that no night has to carry all.
        """
        age = self.now - seen.last.fetched_at
        slack = timedelta(hours=6)  # nights do not begin at the same second
        days = float(self.settings.recheck_after(self.now.astimezone(SHANGHAI).date()))
        if seen.failures or seen.good is None:
            wait = 0.0 if seen.failures <= 1 else min(2.0 ** (seen.failures - 2), days)
            return age >= timedelta(days=wait) - (slack if wait else timedelta(0))
        if link_text is not None and link_text not in seen.link_texts:
            return True
        share = int(hashlib.sha256(seen.last.url.encode()).hexdigest()[:8], 16) / 0xFFFFFFFF
        return age >= timedelta(days=days * (0.5 + share / 2)) - slack


_BUDGET_WORDS = re.compile("预算|决算|三公")
_ROOT = re.compile(r"/?(?:(?:index|default)\.\w+)?")
_YEAR_AND_SEASON = 456
"""Days in which a county surely publishes once: a year, and the months by which it may be late."""
_NAMES_SHOWN = 5
_ENOUGH_TO_COMPARE = 3
"""So many addresses must be known of a column before it is said that none is left."""


def _is_kin(host: str, other: str) -> bool:
    """Whether two hosts belong to one publisher: www.x.gov.cn and czj.x.gov.cn do."""
    if host == other:
        return True
    names = host.partition(":")[0].split("."), other.partition(":")[0].split(".")
    if any(len(name) < 3 or name[-1].isdigit() for name in names):
        return False
    keep = 3 if all(name[-2:] == ["gov", "cn"] for name in names) else 2
    return names[0][-keep:] == names[1][-keep:]


def _without_files(url: str, article: Article) -> str:
    """Why an article without files may still hold a document."""
    if article.has_budget_tables:
        return (
            f"{url} gives its tables as HTML in the text and no file. Save the page as PDF and "
            "ingest it by hand."
        )
    if len(article.images) >= 3:
        return (
            f"{url} shows {len(article.images)} page images and no file: it can only be read by "
            "OCR. Ask the publisher for the file, or ingest a PDF made of the images."
        )
    if article.body_iframe:
        return f"{url} shows its text in a frame ({article.body_iframe}) and offers no file."
    return f"{url} offers no file (a notice, or text only)."


def _usual_name(link_text: str | None, fetched: Fetched) -> str | None:
    """A file's name where the server gives none: the link's text, with the extension of the
    bytes (or of the address), else the last part of the address."""
    last = PurePosixPath(unquote(urlsplit(fetched.final_url).path)).name
    kind = fetched.kind
    extension = kind.extension if kind and kind.is_document else extension_of(last)
    if not link_text:
        return last or None
    text = re.sub(r"[\\/\x00-\x1f]", "_", link_text)
    return text if extension_of(text) or not extension else f"{text}.{extension}"
