"""What every family of portals gives: lists, articles, attachments.

A family is one content management system (CMS). It turns the text of a page into facts and
makes no request of its own: where a list is filled by a script it names the address to ask.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import date

__all__ = ["Article", "Attachment", "Entry", "Family", "Link", "Listing"]


@dataclass(frozen=True)
class Link:
    """A link that is neither an entry nor a file: ``href`` as written, ``url`` absolute."""

    title: str
    url: str
    href: str


@dataclass(frozen=True)
class Entry:
    """One row of a list. ``published_on`` is the date printed in the row.

    ``is_cut`` marks a title that the portal shortened ("…"); the article has the full one.
    """

    title: str
    url: str
    href: str
    published_on: date | None = None
    is_cut: bool = False


@dataclass(frozen=True)
class Listing:
    """One page of a list.

    ``filled_by`` is the address whose answer holds the rows, where a script of the page
    fills them in: such a page is never an empty list. ``unread`` says why rows that must be
    there could not be read, ``warning`` what of the list could not be reached.

    ``is_counted`` marks a next page whose address is made from numbers of the pager's call: then
    ``total_pages`` is the pager's own, and there is no page after so many, whether it counts from
    0 or from 1 (:meth:`is_last`).

    ``subcolumns`` are bodies' own columns one step below (下属单位栏目); ``other_columns`` are links
    that look like such and are not followed, because they lead elsewhere on the host.
    """

    entries: tuple[Entry, ...] = ()
    title: str | None = None
    next_page: str | None = None
    next_href: str | None = None
    total_pages: int | None = None
    total_records: int | None = None
    subcolumns: tuple[Link, ...] = ()
    other_columns: tuple[Link, ...] = ()
    filled_by: str | None = None
    unread: str | None = None
    warning: str | None = None
    is_counted: bool = False

    def is_last(self, pages_read: int) -> bool:
        """Whether this page, the ``pages_read``-th from the list's first one, is its last."""
        if self.next_page is None:
            return True
        return self.is_counted and self.total_pages is not None and pages_read >= self.total_pages


@dataclass(frozen=True)
class Attachment:
    """A file that an article offers. ``how`` tells where in the page it was found."""

    name: str | None
    url: str
    href: str
    how: str


@dataclass(frozen=True)
class Article:
    """One article. ``children`` are articles that a directory article only links to.

    ``images`` are page images that stand for the text (they would need OCR).
    ``is_recognised`` is False where the page shows no sign of being an article.
    """

    title: str | None
    published_on: date | None = None
    source: str | None = None
    source_alt: tuple[str, ...] = ()
    body: str = ""
    attachments: tuple[Attachment, ...] = ()
    children: tuple[Link, ...] = ()
    images: tuple[str, ...] = ()
    body_iframe: str | None = None
    has_budget_tables: bool = False
    is_recognised: bool = True


class Family(ABC):
    """Reads the pages of one CMS."""

    name: str
    title: str
    """The CMS's name for people."""
    label: str = ""
    """The name under which pages of this CMS are labelled and reported (default: ``name``)."""
    follows_scripts: bool = False
    """Whether columns of this CMS forward with a constant ``window.location = '…'``."""

    @abstractmethod
    def detect(self, html: str, url: str) -> int:
        """How surely the page is of this CMS: 0 (no sign) to 100 (its own mark)."""

    @abstractmethod
    def read_listing(self, html: str, url: str) -> Listing:
        """Read one page of a list (HTML, or the answer of the address in ``filled_by``)."""

    @abstractmethod
    def read_article(self, html: str, url: str) -> Article:
        """Read an article."""
