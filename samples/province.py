"""The sample province as data: ``province.yml`` read and checked."""

from __future__ import annotations

import functools
from datetime import date
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

_HERE = Path(__file__).parent


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Document(_Model):
    """How a committed PDF is made."""

    facts: str
    typesetting: str


class Attachment(_Model):
    """A file that an article offers; exactly one of ``document`` and ``trap`` says what it is."""

    file: str
    label: str
    document: str | None = None
    trap: str | None = None
    how: Literal["link", "script", "onclick"] = "link"

    @model_validator(mode="after")
    def _one_origin(self) -> Attachment:
        if (self.document is None) == (self.trap is None):
            raise ValueError(f"{self.file}: name a document or a trap, not both")
        return self


class Article(_Model):
    id: str
    column: str
    title: str
    published_on: date
    source: str
    text: str = ""
    attachments: tuple[Attachment, ...] = ()


class Column(_Model):
    """A list of the portal; ``rows`` entries stand on a page."""

    path: str
    holds: Literal["budget", "final_account", "adjusted", "mixed"]
    scope: Literal["department", "unit", "mixed"]
    title: str
    rows: int = Field(default=10, ge=1)


class County(_Model):
    name: str
    code: str
    slug: str
    family: Literal["trs_wcm", "hanweb_jcms", "nfcms"]
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

    def listed(self, column: Column) -> list[Article]:
        """The column's articles, newest first as the portal lists them."""
        found = [a for a in self.articles if a.column == column.path]
        return sorted(found, key=lambda a: a.published_on, reverse=True)


class Province(_Model):
    documents: dict[str, Document]
    counties: tuple[County, ...]

    def county(self, code: str) -> County:
        return next(c for c in self.counties if c.code == code)


@functools.lru_cache(maxsize=1)
def province() -> Province:
    """The province that comes with the project."""
    text = (_HERE / "province.yml").read_text("utf-8")
    data: dict[str, Any] = yaml.safe_load(text)
    return Province.model_validate(data)
