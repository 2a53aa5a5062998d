"""The sample province as data: ``province.yml`` read and checked."""

from __future__ import annotations

import functools
from datetime import date
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

from samples.document import Erratum

_HERE = Path(__file__).parent


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


Family = Literal["trs_wcm", "hanweb_old", "nfcms"]
Trap = Literal["html_named_pdf", "truncated", "dead_link", "script_cookie"]


class FromBudget(_Model):
    """A document made from an invented department (``samples/bodies.yml``)."""

    body: str
    year: int
    unit: int | None = None
    amended: dict[str, int] = Field(default={}, description="project → 元 in this version")
    performance: int = 3
    zero: Literal["", "0.00"] = ""
    grouping: bool = False


class Notice(_Model):
    """A PDF that is no budget."""

    title: str
    paragraphs: tuple[str, ...]


class Finding(_Model):
    """A contradiction that the document really holds: every one of ``identities`` fails."""

    identities: tuple[str, ...]
    zh: str


class Document(_Model):
    """How a committed PDF is made, and what is wrong in it.

    Exactly one of ``facts`` (a file of ``samples/facts``), ``budget`` and ``notice``.
    ``forms`` gives printed labels and variants by form id.
    """

    typesetting: str
    facts: str | None = None
    budget: FromBudget | None = None
    notice: Notice | None = None
    forms: dict[str, dict[str, Any]] = {}
    errata: tuple[Erratum, ...] = ()
    findings: tuple[Finding, ...] = ()

    @model_validator(mode="after")
    def _one_origin(self) -> Document:
        if sum(x is not None for x in (self.facts, self.budget, self.notice)) != 1:
            raise ValueError("a document has exactly one of facts, budget and notice")
        return self


class Attachment(_Model):
    """A file that an article offers.

    ``file`` is its name on the portal, ``label`` its link text. ``trap`` says what comes in
    place of the document; ``truncated`` needs the document whose beginning it sends.
    """

    file: str
    label: str
    document: str | None = None
    trap: Trap | None = None
    how: Literal["link", "script", "onclick"] = "link"

    @model_validator(mode="after")
    def _something_to_send(self) -> Attachment:
        needs = self.trap in {None, "truncated"}
        if needs != (self.document is not None):
            raise ValueError(f"{self.file}: document and trap {self.trap!r} do not go together")
        return self


class Article(_Model):
    """``night`` is the first night on which the article is there."""

    id: str
    column: str
    title: str
    published_on: date
    source: str
    text: str = ""
    attachments: tuple[Attachment, ...] = ()
    trap: Literal["script_cookie"] | None = None
    night: int = 1


class Column(_Model):
    """A list of the portal; ``rows`` entries stand on a page. ``number`` is its CMS number."""

    path: str
    holds: Literal["budget", "final_account", "adjusted", "mixed"]
    scope: Literal["department", "unit", "mixed"]
    title: str
    rows: int = Field(default=10, ge=1)
    number: int = 0


class County(_Model):
    name: str
    code: str
    slug: str
    family: Family
    charset: Literal["utf-8", "gb18030"]
    port: int
    site_name: str
    columns: tuple[Column, ...]
    articles: tuple[Article, ...]
    notes: str = ""

    @model_validator(mode="after")
    def _articles_have_columns(self) -> County:
        paths = {c.path for c in self.columns}
        lost = [a.id for a in self.articles if a.column not in paths]
        if lost:
            raise ValueError(f"{self.name}: articles of no column: {lost}")
        ids = [a.id for a in self.articles]
        if len(ids) != len(set(ids)):
            raise ValueError(f"{self.name}: two articles have one id")
        return self

    def listed(self, column: Column, night: int) -> list[Article]:
        """The column's articles of a night, newest first as the portal lists them."""
        found = [a for a in self.articles if a.column == column.path and a.night <= night]
        return sorted(found, key=lambda a: a.published_on, reverse=True)


class Expected(_Model):
    """What the project makes of a trap. Names are those of the project's own outcomes.

    ``fetch``: outcome of the fetch; ``parse``: outcome of the reading; ``version``: kind of
    version that the warehouse makes of it; ``addresses``: at so many places the file is known;
    ``identities``: at least these are violated.
    """

    fetch: str | None = None
    parse: str | None = None
    version: Literal["corrected_republication", "re_publication"] | None = None
    addresses: int = 1
    identities: tuple[str, ...] = ()
    document_year: int | None = None
    document_name: str | None = None


class Summary(_Model):
    """Piece of the night's summary; ``…`` stands for what changes from night to night."""

    zh: str
    en: str


class TrapStory(_Model):
    """One declared trap: where it is and what a user should see.

    ``summary`` is ``None`` where the night's summary has no words of its own for it.
    """

    id: str
    county: str
    article: str
    file: str | None = None
    documents: tuple[str, ...] = ()
    zh: str
    en: str
    expected: Expected
    summary: Summary | None = None


class Province(_Model):
    documents: dict[str, Document]
    counties: tuple[County, ...]
    traps: tuple[TrapStory, ...] = ()

    @model_validator(mode="after")
    def _traps_are_there(self) -> Province:
        for trap in self.traps:
            article = self.article(trap.county, trap.article)
            files = {x.file for x in article.attachments}
            if trap.file is not None and trap.file not in files:
                raise ValueError(f"trap {trap.id}: {trap.article} has no file {trap.file}")
            unknown = set(trap.documents) - set(self.documents)
            if unknown:
                raise ValueError(f"trap {trap.id}: no such documents {sorted(unknown)}")
        return self

    def county(self, code: str) -> County:
        return next(c for c in self.counties if c.code == code)

    def article(self, code: str, article: str) -> Article:
        return next(a for a in self.county(code).articles if a.id == article)

    @property
    def last_night(self) -> int:
        return max(a.night for c in self.counties for a in c.articles)


@functools.lru_cache(maxsize=1)
def province() -> Province:
    """The province that comes with the project."""
    text = (_HERE / "province.yml").read_text("utf-8")
    data: dict[str, Any] = yaml.safe_load(text)
    return Province.model_validate(data)
