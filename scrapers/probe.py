"""Try a site file against its portal without archiving anything.

What a person looks at before setting ``verified: true``: does the family fit, are the entries
the right ones, do the budgets lead to files? Unless more is asked for, at most four requests a
column.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from pydantic import BaseModel, Field

from scrapers.families import detect_family, get_family
from scrapers.families.base import Entry, Family, Listing
from scrapers.families.reading import redirect_of, with_other_columns
from scrapers.fetch import CrawlSettings, Fetched, PoliteSession
from scrapers.site import Column, Site

__all__ = ["ArticleProbe", "ColumnProbe", "PageProbe", "probe"]


class PageProbe(BaseModel):
    """One list page: how many entries it gives, and the first and the last of them."""

    url: str
    entries: int
    first: str | None = None
    """Date and title."""
    last: str | None = None


class ArticleProbe(BaseModel):
    """One article: its title and the names (else addresses) of the files it offers."""

    url: str
    title: str | None = None
    files: list[str] = Field(default_factory=list)
    links: int = 0
    """Articles that it only links to."""
    images: int = 0


class ColumnProbe(BaseModel):
    """What one column shows. ``problems`` is empty where everything can be crawled."""

    title: str
    url: str
    family: str
    family_seen: str | None = None
    entries: int = 0
    first_entries: list[str] = Field(default_factory=list)
    """Date and title of the first rows."""
    total_pages: int | None = None
    next_page: str | None = None
    pages: list[PageProbe] = Field(default_factory=list)
    """The list pages that were read, in order."""
    articles: list[ArticleProbe] = Field(default_factory=list)
    subcolumns: list[str] = Field(default_factory=list)
    article: str | None = None
    attachments: list[str] = Field(default_factory=list)
    """Names (else addresses) of the files of the first article that has any."""
    file: str | None = None
    """Kind and size of the first of them."""
    problems: list[str] = Field(default_factory=list)


def probe(
    site: Site, *, settings: CrawlSettings | None = None, pages: int = 1, articles: int = 1
) -> list[ColumnProbe]:
    """Read the first pages of every column, a few articles, and one file of the first that has one.

    Args:
        pages: list pages read of each column, at most.
        articles: articles read of each column, at most: budgets and final accounts first.

    Raises:
        ValueError: a public site, and no contact address is set.
    """
    settings = settings or CrawlSettings.from_environment()
    if not settings.contact and not site.allow_private:
        raise ValueError(
            f"no contact address is set, and {site.host} is a public host. Set BUDGETS_CONTACT to "
            "an e-mail address or web page, so that the site's operator can reach you."
        )
    private = {(urlsplit(site.base_url).hostname or "").lower()} if site.allow_private else set()
    locks = Path(tempfile.gettempdir()) / "county-budget-locks"
    with PoliteSession(
        settings, site.pace, private_hosts=frozenset(private), lock_folder=locks
    ) as session:
        return [_column(session, site, column, pages, articles) for column in site.columns]


def _column(
    session: PoliteSession, site: Site, column: Column, pages: int, articles: int
) -> ColumnProbe:
    family = get_family(site.family)
    found = ColumnProbe(title=column.title, url=site.column_url(column), family=family.name)
    listing = _listing(session, family, found, found.url, hops=3)
    if listing is None:
        return found
    entries: dict[str, Entry] = {entry.url: entry for entry in listing.entries}
    found.first_entries = [_shown(entry) for entry in listing.entries[:5]]
    found.total_pages, found.next_page = listing.total_pages, listing.next_page
    found.subcolumns = [sub.title for sub in listing.subcolumns]
    if listing.warning:
        found.problems.append(f"{found.url} was read, but {listing.warning}.")
    ours = {site.column_url(one) for one in site.columns}
    others = [link for link in listing.other_columns if link.url not in ours]
    if others:
        names = ", ".join(link.title for link in others[:5])
        found.problems.append(
            f"{len(others)} links look like columns of single bodies and are not read ({names}), "
            f"e.g. {others[0].url}. If they hold budgets, name them as columns in the site file."
        )
    if not listing.entries and not listing.subcolumns:
        found.problems.append(f"{found.url} lists nothing. Is it the right column?")
    found.pages.append(_page(found.url, listing))
    asked = {found.url}
    while (
        len(found.pages) < pages
        and listing.next_page
        and not listing.is_last(len(found.pages))
        and listing.next_page not in asked
    ):
        url = listing.next_page
        asked.add(url)
        following = _listing(session, family, found, url, hops=3)
        if following is None or following.entries == listing.entries:
            break  # some portals serve the last page again for every number after it
        listing = following
        found.pages.append(_page(url, listing))
        entries |= {entry.url: entry for entry in listing.entries}
    found.entries = len(entries)
    for entry in sorted(entries.values(), key=_promise)[:articles]:
        _article(session, family, found, entry.url)
    if found.articles and not any(article.files for article in found.articles):
        read = "; ".join(f"{a.url} ({a.links} links, {a.images} images)" for a in found.articles)
        found.problems.append(f"no article offers a file that the family sees: {read}.")
    return found


def _promise(entry: Entry) -> int:
    """0 for a title that promises a document, then other budgets (notices), then the rest."""
    if "预算" not in entry.title and "决算" not in entry.title:
        return 2
    return 1 if "通知" in entry.title else 0


def _shown(entry: Entry) -> str:
    return f"{entry.published_on or '(no date)'}  {entry.title}"


def _page(url: str, listing: Listing) -> PageProbe:
    rows = listing.entries
    return PageProbe(
        url=url,
        entries=len(rows),
        first=_shown(rows[0]) if rows else None,
        last=_shown(rows[-1]) if rows else None,
    )


def _listing(
    session: PoliteSession, family: Family, found: ColumnProbe, url: str, hops: int
) -> Listing | None:
    fetched = session.get(url, referer=found.url, as_script=url != found.url)
    if not _arrived(fetched, found):
        return None
    html = fetched.decoded().text
    redirect = redirect_of(html)
    if redirect and hops and (redirect.by == "meta" or family.follows_scripts):
        return _listing(
            session, family, found, urljoin(fetched.final_url, redirect.target), hops - 1
        )
    if found.family_seen is None:
        found.family_seen = detect_family(html, fetched.final_url).name
        if found.family_seen not in {family.name, "generic"}:
            found.problems.append(
                f"the page looks like {found.family_seen}, the site file says {family.name}. "
                "Compare what both read."
            )
    listing = family.read_listing(html, fetched.final_url)
    if listing.filled_by and hops:
        return _listing(session, family, found, listing.filled_by, hops - 1)
    if listing.unread:
        found.problems.append(f"{url} cannot be read as a list: {listing.unread}.")
        return None
    return with_other_columns(listing, html, fetched.final_url)


def _article(session: PoliteSession, family: Family, found: ColumnProbe, url: str) -> None:
    fetched = session.get(url, referer=found.url)
    if not _arrived(fetched, found):
        return
    if fetched.kind is not None and fetched.kind.is_document:
        found.file = f"{fetched.kind.media_type}, {fetched.size} bytes"
        return
    article = family.read_article(fetched.decoded().text, fetched.final_url)
    names = [a.name or a.url for a in article.attachments]
    found.articles.append(
        ArticleProbe(
            url=url,
            title=article.title,
            files=names,
            links=len(article.children),
            images=len(article.images),
        )
    )
    if found.article is None or not found.attachments:
        found.article, found.attachments = article.title, names
    if not article.attachments or found.file is not None:
        return  # one file shows that files arrive
    file = session.get(article.attachments[0].url, referer=url)
    if _arrived(file, found) and file.kind is not None:
        found.file = f"{file.kind.media_type}, {file.size} bytes"
        if not file.kind.is_document:
            found.problems.append(f"{file.url} is no document but {file.kind.media_type}.")


def _arrived(fetched: Fetched, found: ColumnProbe) -> bool:
    if fetched.body is None:
        found.problems.append(fetched.reason or f"{fetched.url} could not be fetched.")
    return fetched.body is not None
