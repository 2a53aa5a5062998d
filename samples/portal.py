"""The sample province's portals: what each address answers. Pure; the server is ``server.py``.

A portal is a function from path and query to a ``Page``. Pages come from the templates in
``samples/site`` and the committed PDFs; nothing is generated that a plain clone has not.
"""

from __future__ import annotations

import functools
import html
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from string import Template
from urllib.parse import quote

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


def _plain(name: str) -> bytes:
    return (_HERE / "site" / name).read_bytes()


class Portal(ABC):
    """One county's site on one night. ``respond`` gives None where the site has nothing."""

    def __init__(self, county: County, night: int) -> None:
        self.county, self.night = county, night
        self._pages = self._build()

    def _build(self) -> dict[str, Page]:
        """Every static address of the portal."""
        pages = self._common()
        for column in self.county.columns:
            pages |= self._lists(column)
        for article in self.county.articles:
            if article.night <= self.night:
                pages |= self._article(article)
        return pages

    @abstractmethod
    def _lists(self, column: Column) -> dict[str, Page]:
        """The pages of a column's list."""

    @abstractmethod
    def _article(self, article: Article) -> dict[str, Page]:
        """An article's page and its files."""

    @property
    def addresses(self) -> list[str]:
        """Static addresses, in order: for tests and for looking around."""
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
            f'<li><a href="{c.path}">{html.escape(c.title)}</a></li>' for c in self.county.columns
        )
        return {
            "/robots.txt": Page(robots.encode(), "text/plain; charset=utf-8", date(2023, 1, 1)),
            "/": self._html("home.html", self._newest(), columns=columns),
        }

    def _newest(self, column: Column | None = None) -> date:
        """A list changes when an article joins it."""
        columns = [column] if column else list(self.county.columns)
        dates = [a.published_on for c in columns for a in self.county.listed(c, self.night)]
        return max(dates, default=date(2023, 1, 1))

    def _column_of(self, article: Article) -> Column:
        return next(c for c in self.county.columns if c.path == article.column)

    def _file(self, article: Article, attachment: Attachment) -> Page | None:
        """What comes for an attachment; None where its link is dead."""
        if attachment.trap == "dead_link":
            return None
        if attachment.trap == "html_named_pdf":
            return Page(
                _plain("html_named_pdf.html"), "text/html; charset=utf-8", article.published_on
            )
        if attachment.trap == "script_cookie":
            return self._gate()
        body = pdf_bytes(str(attachment.document))
        if attachment.trap == "truncated":
            # The file itself is cut: it was uploaded so, and its length is announced so.
            body = body[: len(body) * 3 // 5]
        return Page(body, "application/pdf", article.published_on)

    @staticmethod
    def _gate() -> Page:
        """A page that wants a script to set a cookie first; nobody gets past it here."""
        return Page(_plain("script_cookie.html"), "text/html")

    def _filled(self, template: str, article: Article, **values: object) -> Page:
        if article.trap == "script_cookie":
            return self._gate()
        return self._html(
            template,
            article.published_on,
            column_title=html.escape(self._column_of(article).title),
            title=html.escape(article.title),
            published_on=article.published_on,
            source=html.escape(article.source),
            text=html.escape(article.text or f"{article.title}，详见附件。"),
            **values,
        )


class TrsWcm(Portal):
    """TRS WCM: static lists ``index.html``, ``index_1.html``; files beside their article."""

    def _lists(self, column: Column) -> dict[str, Page]:
        listed = self.county.listed(column, self.night)
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
                self._newest(column),
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
        folder = f"{article.column}{article.published_on:%Y%m}/"
        shown, hidden, pages = [], [], {}
        for attachment in article.attachments:
            label = html.escape(attachment.label)
            if attachment.how == "script":
                hidden.append(f'<a href="./{attachment.file}">{label}</a>')
            elif attachment.how == "onclick":
                shown.append(
                    f'<p><a href="javascript:void(0)" onclick="downloadFj(\'{label}\','
                    f"'./{attachment.file}')\">{label}</a></p>"
                )
            else:
                shown.append(f'<p><a href="./{attachment.file}" appendix="true">{label}</a></p>')
            file = self._file(article, attachment)
            if file is not None:
                pages[f"{folder}{attachment.file}"] = file
        scripts = ""
        if hidden:
            scripts = (
                f"<script>var hasFJ='{'<BR/>'.join(hidden)}';\n"
                "if(hasFJ!=''){var fj=hasFJ.split(\"<BR/>\");"
                "for(var i=0;i<fj.length;i++){document.write('<p>'+fj[i]+'</p>');}}</script>"
            )
        pages[f"{folder}{article.id}.html"] = self._filled(
            "trs_article.html", article, attachments="\n".join(shown), scripts=scripts
        )
        return pages


class HanwebOld(Portal):
    """Hanweb jcms: rows in an escaped ``<datastore>``, further ones from ``dataproxy.jsp``."""

    _TITLE = 22
    """List titles are cut to so many characters."""

    def _lists(self, column: Column) -> dict[str, Page]:
        records = self._records(column)
        first = records[: column.rows]
        page = self._html(
            "hanweb_list.html",
            self._newest(column),
            made_on=self._newest(column),
            column_title=html.escape(column.title),
            unit=f"{column.number}1",
            column=column.number,
            total=len(records),
            size=column.rows,
            store=html.escape(self._store(column, first, total=None)),
        )
        return {column.path: page}

    def _records(self, column: Column) -> list[str]:
        rows = []
        for a in self.county.listed(column, self.night):
            cut = a.title if len(a.title) <= self._TITLE else a.title[: self._TITLE] + "..."
            rows.append(
                f'<li> <span>{a.published_on}</span> <a target="_blank" '
                f'href="{self._address(a)}">{html.escape(cut)}</a></li>'
            )
        return rows

    def _address(self, article: Article) -> str:
        on = article.published_on
        number = self._column_of(article).number
        return f"/art/{on.year}/{on.month}/{on.day}/art_{number}_{article.id}.html"

    def _store(self, column: Column, records: list[str], total: int | None) -> str:
        group = (
            "/module/web/jpage/dataproxy.jsp?page=1&appid=1&webid=1&path=/"
            f"&columnid={column.number}&unitid={column.number}1"
        )
        counted = (
            ""
            if total is None
            else f"<totalrecord>{total}</totalrecord>"
            f"<totalpage>{-(-total // column.rows)}</totalpage>"
        )
        rows = "\n".join(f"<record><![CDATA[{r}]]></record>" for r in records)
        return (
            f'<datastore>\n<nextgroup><![CDATA[<a href="{group}"></a>]]></nextgroup>\n'
            f"{counted}<recordset>\n{rows}\n</recordset>\n</datastore>"
        )

    def _article(self, article: Article) -> dict[str, Page]:
        shown = [
            f'<p><a href="/module/download/downfile.jsp?classid=0'
            f'&amp;showname={quote(x.label)}&amp;filename={x.file}">{html.escape(x.label)}</a></p>'
            for x in article.attachments
        ]
        page = self._filled("hanweb_article.html", article, attachments="\n".join(shown))
        return {self._address(article): page}

    def respond(self, path: str, query: Mapping[str, str]) -> Page | None:
        if path == "/module/download/downfile.jsp":
            return self._download(query.get("filename", ""))
        if path == "/module/web/jpage/dataproxy.jsp":
            return self._proxy(query)
        return super().respond(path, query)

    def _download(self, name: str) -> Page | None:
        for article in self.county.articles:
            for attachment in article.attachments:
                if attachment.file == name and article.night <= self.night:
                    page = self._file(article, attachment)
                    if page is None or not page.content_type.startswith("application/"):
                        return page
                    disposition = f"attachment; filename*=UTF-8''{quote(attachment.label)}"
                    return replace(page, headers={"Content-Disposition": disposition})
        return None

    def _proxy(self, query: Mapping[str, str]) -> Page | None:
        column = next(
            (c for c in self.county.columns if str(c.number) == query.get("columnid")), None
        )
        if column is None:
            return None
        try:
            start = int(query.get("startrecord", "1"))
            end = int(query.get("endrecord", str(start + column.rows - 1)))
        except ValueError:
            return None
        records = self._records(column)
        asked = records[max(start, 1) - 1 : end]
        body = '<?xml version="1.0" encoding="UTF-8"?>\n'
        body += self._store(column, asked, total=len(records))
        return Page(body.encode(), "text/xml; charset=utf-8", self._newest(column))


class Nfcms(Portal):
    """NFCMS: static lists ``index.html``, ``index_2.html``, counted from one."""

    def _lists(self, column: Column) -> dict[str, Page]:
        listed = self.county.listed(column, self.night)
        total = max(1, -(-len(listed) // column.rows))
        pages = {}
        for n in range(1, total + 1):
            rows = "\n".join(
                f'<li class="clearfix"><a target="_blank" href="{a.column}content/{a.id}.html" '
                f'title="{html.escape(a.title)}">{html.escape(a.title)}</a>'
                f"<span>{a.published_on}</span></li>"
                for a in listed[(n - 1) * column.rows : n * column.rows]
            )
            page = self._html(
                "nfcms_list.html",
                self._newest(column),
                column_title=html.escape(column.title),
                column=column.number,
                rows=rows,
                current=n,
                total=len(listed),
                size=column.rows,
            )
            pages[f"{column.path}index{f'_{n}' if n > 1 else ''}.html"] = page
            if n == 1:
                pages[column.path] = page
        return pages

    def _article(self, article: Article) -> dict[str, Page]:
        pages, shown = {}, []
        number = article.id.removeprefix("post_")
        for attachment in article.attachments:
            address = f"/attachment/0/{number[:3]}/{number}/{attachment.file}"
            shown.append(
                f'<p><a href="{address}" target="_blank" class="fjxz_a">'
                f"{html.escape(attachment.label)}</a></p>"
            )
            file = self._file(article, attachment)
            if file is not None:
                pages[address] = file
        pages[f"{article.column}content/{article.id}.html"] = self._filled(
            "nfcms_article.html", article, number=number, attachments="\n".join(shown)
        )
        return pages


_FAMILIES: dict[str, type[Portal]] = {
    "trs_wcm": TrsWcm,
    "hanweb_old": HanwebOld,
    "nfcms": Nfcms,
}


def portal(county: County, night: int | None = None) -> Portal:
    """The portal of one county; without ``night`` as it is on the last night."""
    return _FAMILIES[county.family](county, province().last_night if night is None else night)


def portals(night: int | None = None) -> list[Portal]:
    """All portals of the province, in the order of their division codes."""
    return [portal(c, night) for c in province().counties]
