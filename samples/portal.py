"""The sample province's portals: what each address answers. Pure; the server is ``server.py``.

A portal is a function from path and query to a ``Page``. Pages come from the templates in
``samples/site`` and the committed PDFs; nothing is generated that a plain clone has not.
"""

from __future__ import annotations

import functools
import html
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from string import Template

from samples.province import Article, Attachment, Column, County, province

_HERE = Path(__file__).parent


@dataclass(frozen=True)
class Page:
    """One answer. ``modified_on`` becomes Last-Modified; an ETag is made of the body."""

    body: bytes
    content_type: str
    modified_on: date | None = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@functools.cache
def _template(name: str) -> Template:
    return Template((_HERE / "site" / name).read_text("utf-8"))


@functools.cache
def pdf_bytes(name: str) -> bytes:
    """The committed PDF ``samples/pdf/<name>.pdf``."""
    return (_HERE / "pdf" / f"{name}.pdf").read_bytes()


class Portal(ABC):
    """One county's site. ``respond`` gives None where the site has nothing."""

    def __init__(self, county: County) -> None:
        self.county = county
        self._pages = self._build()

    @abstractmethod
    def _build(self) -> dict[str, Page]:
        """Every static address of the portal."""

    @property
    def addresses(self) -> list[str]:
        """Static addresses, in order: for tests and for writing the tree to disk."""
        return sorted(self._pages)

    def respond(self, path: str, query: Mapping[str, str]) -> Page | None:
        return self._pages.get(path)

    # shared by the families ------------------------------------------------------------
    def _html(self, template: str, modified_on: date | None, **values: object) -> Page:
        charset = self.county.charset
        filled = _template(template).substitute(
            {k: str(v) for k, v in values.items()},
            charset=charset,
            site_name=html.escape(self.county.site_name),
        )
        return Page(
            filled.encode(charset),
            # GB18030 sites of the field do not say so in the header; the page's meta does.
            "text/html" if charset == "gb18030" else f"text/html; charset={charset}",
            modified_on,
        )

    def _common(self) -> dict[str, Page]:
        robots = "User-agent: *\nDisallow: /admin/\nDisallow: /search/\n"
        columns = "\n".join(
            f'<li><a href="{c.path}index.html">{html.escape(c.title)}</a></li>'
            for c in self.county.columns
        )
        return {
            "/robots.txt": Page(robots.encode(), "text/plain; charset=utf-8", date(2023, 1, 1)),
            "/": self._html("home.html", self._newest(), columns=columns),
        }

    def _newest(self) -> date:
        return max((a.published_on for a in self.county.articles), default=date(2023, 1, 1))

    def _file(self, article: Article, attachment: Attachment) -> Page:
        if attachment.document is None:
            raise NotImplementedError(f"{attachment.file}: trap {attachment.trap!r}")
        return Page(pdf_bytes(attachment.document), "application/pdf", article.published_on)


class TrsWcm(Portal):
    """TRS WCM: static lists ``index.html``, ``index_1.html``; files beside their article."""

    def _build(self) -> dict[str, Page]:
        pages = self._common()
        for column in self.county.columns:
            pages |= self._lists(column)
        for article in self.county.articles:
            pages |= self._article(article)
        return pages

    def _lists(self, column: Column) -> dict[str, Page]:
        listed = self.county.listed(column)
        total = max(1, -(-len(listed) // column.rows))
        pages = {}
        for n in range(total):
            rows = "\n".join(
                f'<li><span class="date">{a.published_on}</span>'
                f'<a href="./{a.published_on:%Y%m}/{a.id}.html" target="_blank" '
                f'title="{html.escape(a.title)}">{html.escape(a.title)}</a></li>'
                for a in listed[n * column.rows : (n + 1) * column.rows]
            )
            page = self._html(
                "trs_list.html",
                self._newest(),
                column_title=html.escape(column.title),
                rows=rows,
                total_pages=total,
                current=n,
            )
            pages[f"{column.path}index{f'_{n}' if n else ''}.html"] = page
            if n == 0:
                pages[column.path] = page
        return pages

    def _article(self, article: Article) -> dict[str, Page]:
        column = next(c for c in self.county.columns if c.path == article.column)
        folder = f"{article.column}{article.published_on:%Y%m}/"
        shown, hidden, pages = [], [], {}
        for attachment in article.attachments:
            label = html.escape(attachment.label)
            anchor = f'<a href="./{attachment.file}">{label}</a>'
            if attachment.how == "script":
                hidden.append(anchor)
            elif attachment.how == "onclick":
                shown.append(
                    f'<p><a href="javascript:void(0)" onclick="downloadFj(\'{label}\','
                    f"'./{attachment.file}')\">{label}</a></p>"
                )
            else:
                shown.append(f'<p><a href="./{attachment.file}" appendix="true">{label}</a></p>')
            pages[f"{folder}{attachment.file}"] = self._file(article, attachment)
        scripts = ""
        if hidden:
            scripts = (
                f"<script>var hasFJ='{'<BR/>'.join(hidden)}';\n"
                "if(hasFJ!=''){var fj=hasFJ.split(\"<BR/>\");"
                "for(var i=0;i<fj.length;i++){document.write('<p>'+fj[i]+'</p>');}}</script>"
            )
        pages[f"{folder}{article.id}.html"] = self._html(
            "trs_article.html",
            article.published_on,
            column_title=html.escape(column.title),
            title=html.escape(article.title),
            published_on=article.published_on,
            source=html.escape(article.source),
            text=html.escape(article.text or f"{article.title}，详见附件。"),
            attachments="\n".join(shown),
            scripts=scripts,
        )
        return pages


_FAMILIES: dict[str, type[Portal]] = {"trs_wcm": TrsWcm}


def portal(county: County) -> Portal:
    """The portal of one county."""
    return _FAMILIES[county.family](county)


def portals() -> list[Portal]:
    """All portals of the province, in the order of their division codes."""
    return [portal(c) for c in province().counties]
