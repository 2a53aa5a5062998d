"""``budgets sites`` and ``budgets archive``: try portals and site files, check the originals.

Exit codes as everywhere: 0 done · 1 something failed or was refused · 2 wrong use.
"""

from __future__ import annotations

import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from rich.table import Table
from rich.text import Text

from nightly.settings import Settings
from screens import _console, _indent, _plain_table, say, word

if TYPE_CHECKING:
    from rich.console import Console

    from scrapers.probe import ColumnProbe
    from scrapers.site import Site

sites_app = typer.Typer(
    name="sites",
    help="网站 · county sites: list them, draft a new one, try one, read a saved page.",
    no_args_is_help=True,
    rich_markup_mode="rich",
)
archive_app = typer.Typer(
    name="archive",
    help="原件 · the archive of originals.",
    no_args_is_help=True,
    rich_markup_mode="rich",
)

NAMES_SHOWN = 8


class Lang(StrEnum):
    zh = "zh"
    en = "en"


class ReadFormat(StrEnum):
    table = "table"
    json = "json"


LangOption = Annotated[Lang, typer.Option("--lang", help="zh or en", envvar="BUDGETS_LANG")]


def _fail(text: str) -> NoReturn:
    typer.echo(f"budgets: {text}", err=True)
    raise typer.Exit(1)


def _load(settings: Settings) -> list[Site]:
    from scrapers.site import SiteFileError, load_sites

    try:
        return load_sites(settings.sites)
    except SiteFileError as error:
        _fail(str(error))


@sites_app.command("list", epilog="Example: budgets sites list")
def list_sites(lang: LangOption = Lang.zh) -> None:
    """列出 · the site files in use, and which the night crawls."""
    settings = Settings.from_environment()
    found = _load(settings)
    console, in_ = _console(), lang.value
    if not found:
        console.print(say("sites_none", in_))
        return
    folder = str(settings.sites) if settings.sites else say("sites_bundled", in_)
    console.print(Text(say("sites_title", in_, folder=folder), style="bold"))
    names = ("name", "code", "family", "host", "columns", "verified")
    table = _plain_table(
        *((say(f"sites_{n}", in_), "right" if n == "columns" else "left") for n in names)
    )
    for site in found:
        table.add_row(
            site.name,
            site.county_code,
            site.family,
            Text(site.host, overflow="fold"),
            str(len(site.columns)),
            say("sites_yes" if site.verified else "sites_no", in_),
        )
    console.print(table)
    if not all(site.verified for site in found):
        console.print(Text(say("sites_unverified_note", in_), style="dim"))


@sites_app.command(
    "new", epilog="Example: budgets sites new http://www.example.gov.cn/bmys/ -o my-sites"
)
def new_site(  # noqa: PLR0917  options of a command
    url: Annotated[str, typer.Argument(help="the column's address, or the home page's")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="folder to write the site file to")
    ] = None,
    name: Annotated[str | None, typer.Option(help="the county's name, e.g. 泽州县")] = None,
    code: Annotated[str | None, typer.Option(help="its division code (GB/T 2260)")] = None,
    private: Annotated[
        bool, typer.Option("--allow-private", help="the portal is on a private address (samples)")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="write over an existing file")] = False,
    lang: LangOption = Lang.zh,
) -> None:
    """起草 · draft a site file: the family is recognised from the page."""
    from scrapers.draft import DraftError, draft_site

    try:
        draft = draft_site(url, name=name, county_code=code, allow_private=private)
    except (DraftError, ValueError) as error:
        _fail(str(error))
    in_ = lang.value
    typer.echo(draft.text, nl=False)  # the file itself, and nothing else, on standard output
    file: Path | None = None
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        file = out / draft.file_name
        if file.exists() and not force:
            _fail(say("sites_exists", in_, file=file))
        file.write_text(draft.text, encoding="utf-8")
    key = "sites_drafted" if file else "sites_drafted_only"
    about = {"family": draft.family_title, "certainty": draft.certainty, "file": file}
    typer.echo(say(key, in_, **about), err=True)
    for item in draft.to_do:
        typer.echo(say("sites_to_do", in_, item=item), err=True)
    if file:
        typer.echo(say("sites_then", in_, name=draft.site.name), err=True)


@sites_app.command("check", epilog="Example: budgets sites check 青岚县 --pages 2")
def check_site(
    name: Annotated[str, typer.Argument(help="name, code or file name of the site")],
    pages: Annotated[int, typer.Option(min=1, help="list pages read of each column")] = 5,
    articles: Annotated[int, typer.Option(min=0, help="articles read of each column")] = 3,
    lang: LangOption = Lang.zh,
) -> None:
    """试看 · what would be found, page by page; nothing is stored. Exit 1 where a note is left."""
    from scrapers.draft import UNKNOWN_CODE
    from scrapers.probe import probe

    in_ = lang.value
    found = _load(Settings.from_environment())
    chosen = [s for s in found if name in {s.name, s.county_code, s.host}]
    if not chosen:
        _fail(say("sites_unknown", in_, name=name, names="、".join(s.name for s in found) or "-"))
    console = _console()
    notes = 0
    for site in chosen:
        console.rule(
            Text(
                say("sites_check_title", in_, name=site.name, code=site.county_code, host=site.host,
                    family=site.family)
            )
        )  # fmt: skip
        try:
            columns = probe(site, pages=pages, articles=articles)
        except ValueError as error:
            _fail(str(error))
        for column, declared in zip(columns, site.columns, strict=True):
            console.print()
            about = {
                "title": column.title,
                "holds": word(declared.holds, in_),
                "scope": word(declared.scope, in_),
                "url": column.url,
            }
            console.print(Text(say("sites_column", in_, **about), style="bold", overflow="fold"))
            _print_column(console, column, in_)
            notes += len(column.problems)
        if site.county_code == UNKNOWN_CODE:
            notes += 1
            _indent(console, say("sites_placeholder_code", in_), 2, "yellow")
    console.print()
    if notes:
        console.print(Text(say("sites_bad", in_, count=notes), style="yellow"))
        raise typer.Exit(1)
    console.print(Text(say("sites_good", in_), style="green"))


def _print_column(console: Console, column: ColumnProbe, in_: str) -> None:
    for n, page in enumerate(column.pages, start=1):
        _indent(console, say("sites_page", in_, n=n, entries=page.entries, url=page.url), 2)
        if page.first:
            _indent(console, say("sites_first", in_, entry=page.first))
        if page.last and page.entries > 1:
            _indent(console, say("sites_last", in_, entry=page.last))
    if column.next_page and column.total_pages and column.total_pages > len(column.pages):
        _indent(console, say("sites_more_pages", in_, total=column.total_pages), 2, "dim")
    if column.subcolumns:
        shown = "、".join(column.subcolumns[:NAMES_SHOWN])
        shown += " …" if len(column.subcolumns) > NAMES_SHOWN else ""
        _indent(console, say("sites_subcolumns", in_, count=len(column.subcolumns), names=shown), 2)
    for article in column.articles:
        _indent(console, say("sites_article", in_, title=article.title or article.url), 2)
        for file in article.files:
            _indent(console, say("sites_file", in_, name=file))
        if not article.files:
            _indent(console, say("sites_no_file", in_))
    if column.file:
        _indent(console, say("sites_arrived", in_, file=column.file), 2)
    for problem in column.problems:
        _indent(console, say("sites_problem", in_, text=problem), 2, "yellow")


@sites_app.command("read", epilog="Example: budgets sites read page.html --url http://… -f json")
def read_page(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)],
    url: Annotated[
        str | None, typer.Option(help="where the page came from (default: as it says itself)")
    ] = None,
    format: Annotated[ReadFormat, typer.Option("--format", "-f")] = ReadFormat.table,
    lang: LangOption = Lang.zh,
) -> None:
    """读页 · read a saved page: whose it is, what it is, and what it gives."""
    from scrapers.pages import read_saved_page

    found = {"file": file.name, **read_saved_page(file.read_bytes(), url)}
    if format is ReadFormat.json:
        sys.stdout.write(json.dumps(found, ensure_ascii=False, indent=1) + "\n")
        return
    _print_page(_console(), found, lang.value)


def _print_page(console: Console, found: dict[str, Any], in_: str) -> None:
    head = say(
        "sites_read_head",
        in_,
        kind=word(f"sites_kind_{found['kind']}", in_),
        family=found["module"],
        encoding=found["encoding"]["true"],
        url=found["base_url"] or "-",
    )
    console.print(Text(head, style="bold", overflow="fold"))
    kind = found["kind"]
    if kind == "list":
        if found["list_title"]:
            console.print(Text(found["list_title"]))
        console.print(_entries(found["entries"], in_))
        if found["filled_by"]:
            console.print(Text(say("sites_filled", in_, url=found["filled_by"]), overflow="fold"))
        if found["next_page"]:
            where = found["next_page_resolved"] or found["next_page"]
            console.print(Text(say("sites_next", in_, url=where), overflow="fold"))
        if found["subcolumns"]:
            names = [sub["title"] for sub in found["subcolumns"]]
            shown = "、".join(names[:NAMES_SHOWN]) + (" …" if len(names) > NAMES_SHOWN else "")
            _indent(console, say("sites_subcolumns", in_, count=len(names), names=shown), 0)
    elif kind == "article":
        console.print(Text(f"{found['publish_date'] or '-'}  {found['title'] or '-'}"))
        table = _plain_table(
            *((say(f"sites_{n}", in_), "left") for n in ("entry", "address", "how"))
        )
        for one in found["attachments"]:
            table.add_row(
                Text(one["name"] or "-", overflow="fold"),
                Text(one["resolved"] or one["href"], overflow="fold"),
                one["how"],
            )
        if found["attachments"]:
            console.print(table)
        else:
            console.print(say("sites_no_file", in_))
    elif kind == "redirect":
        where = found["target_resolved"] or found["target"]
        console.print(Text(say("sites_target", in_, url=where), overflow="fold"))
    elif kind == "home":
        for lead in found["budget_leads"]:
            text = say("sites_lead", in_, title=lead["text"], url=lead["href"])
            console.print(Text(text, overflow="fold"))
        for embedded in found["embedded_lists"]:
            console.print(_entries(embedded["entries"], in_))
    elif "block" in found:
        console.print(Text(say("sites_block", in_, **found["block"]), overflow="fold"))


def _entries(entries: list[dict[str, Any]], in_: str) -> Table:
    table = _plain_table(*((say(f"sites_{n}", in_), "left") for n in ("date", "entry", "address")))
    for one in entries:
        table.add_row(
            one["date"] or "-",
            Text(one["title"], overflow="fold"),
            Text(one["resolved"] or one["href"], overflow="fold"),
        )
    return table


@archive_app.command("verify", epilog="Example: budgets archive verify")
def verify_archive(lang: LangOption = Lang.zh) -> None:
    """核验 · hash every original again. Exit 1 with the damaged and missing ones named."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress

    from scrapers.archive import Archive
    from store import Store

    in_ = lang.value
    archive = Archive(Store(Settings.from_environment().archive_root))
    error_console = Console(stderr=True)
    with Progress(
        BarColumn(), MofNCompleteColumn(), console=error_console, transient=True,
        disable=not error_console.is_terminal,
    ) as bar:  # fmt: skip
        task = bar.add_task("verify", total=None)
        report = archive.verify(
            progress=lambda done, total: bar.update(task, completed=done, total=total)
        )
    console = _console()
    if report.orphans:
        console.print(Text(say("archive_orphans", in_, count=report.orphans), style="dim"))
    if report.is_whole:
        console.print(
            say("archive_good", in_, objects=report.objects, rows=report.rows,
                megabytes=f"{report.size / 1e6:,.1f}")
        )  # fmt: skip
        return
    count = len(report.changed) + len(report.missing) + len(report.misnamed)
    console.print(Text(say("archive_bad", in_, objects=report.objects, damaged=count), style="red"))
    # one line each, whole: a person pastes the fingerprint into the next command
    for sha256, path in report.changed.items():
        typer.echo("  " + say("archive_changed", in_, sha256=sha256, path=path))
    for sha256, url in report.missing.items():
        typer.echo("  " + say("archive_missing", in_, sha256=sha256, url=url))
    for path in report.misnamed:
        typer.echo("  " + say("archive_misnamed", in_, path=path))
    raise typer.Exit(1)
