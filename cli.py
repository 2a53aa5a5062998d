"""The ``budgets`` command line: whatever a task of the night does, a person can do by hand.

Exit codes: 0 done · 1 something failed or was refused · 2 wrong use.
"""

from __future__ import annotations

import csv
import json
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli_evidence import evidence_app
from cli_inspect import inspect_app
from cli_operate import backfill, backup, forget, reparse, tidy, upgrade
from cli_review import review_app
from cli_sites import archive_app, sites_app
from nightly.errors import GateClosedError
from nightly.settings import Settings, SettingsError

if TYPE_CHECKING:
    from warehouse.questions import Answer

app = typer.Typer(
    name="budgets",
    help="县级部门预算公开数据仓库 · a checked warehouse of published county budgets.\n\n"
    "Start with: budgets ingest FILE.pdf   ·   budgets report   ·   budgets doctor",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
findings_app = typer.Typer(
    help="核对提示 · list findings, or show one with its evidence.",
    invoke_without_command=True,
    rich_markup_mode="rich",
    epilog="Example: budgets findings --severity hard --county 青岚县",
)
app.add_typer(findings_app, name="findings")
app.add_typer(evidence_app, name="evidence")
app.add_typer(inspect_app, name="inspect")
app.add_typer(review_app, name="review")
app.add_typer(sites_app, name="sites")
app.add_typer(archive_app, name="archive")


class Lang(StrEnum):
    zh = "zh"
    en = "en"


class FindingStatus(StrEnum):
    open = "open"
    acknowledged = "acknowledged"
    resolved = "resolved"
    all = "all"


class Severity(StrEnum):
    hard = "hard"
    soft = "soft"


class FindingKind(StrEnum):
    contradiction = "contradiction"
    anomaly = "anomaly"
    misread = "misread"
    missing = "missing"


class ParseFormat(StrEnum):
    table = "table"
    json = "json"
    csv = "csv"


class AnswerFormat(StrEnum):
    table = "table"
    csv = "csv"
    json = "json"


class QueryFormat(StrEnum):
    table = "table"
    csv = "csv"
    json = "json"
    parquet = "parquet"


LangOption = Annotated[Lang, typer.Option("--lang", help="zh or en", envvar="BUDGETS_LANG")]


class Failed(Exception):
    """One line: what, where, what to do. Ends the command with exit code 1."""


def _settings() -> Settings:
    return Settings.from_environment()


def _hand_run() -> str:
    from nightly.steps import utc_now

    return f"by-hand__{utc_now():%Y-%m-%dT%H:%M:%S.%fZ}"


@contextmanager
def _progress(total: int, label: str) -> Iterator[Callable[[str], None]]:
    """A progress bar on a terminal; silent in a log."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        disable=not console.is_terminal,
        transient=True,
    ) as bar:
        task = bar.add_task(label, total=total)
        yield lambda _what: bar.advance(task)


def _say(text: str) -> None:
    typer.echo(text, err=True)


# --- the night ---------------------------------------------------------------------------------


@app.command(
    epilog="Example: budgets crawl --site 青岚县",
)
def crawl(
    site: Annotated[
        str | None, typer.Option(help="only the site of this county (name or code)")
    ] = None,
) -> None:
    """抓取 · crawl the county sites into the archive."""
    from nightly import steps
    from scrapers.crawl import hosts

    settings, run_id = _settings(), _hand_run()
    chosen = steps.sites(settings)
    if site:
        chosen = [s for s in chosen if site in (s.name, s.county_code)]
        if not chosen:
            raise Failed(
                f"no site file for {site!r} is in use; look at BUDGETS_SITES, or set "
                "BUDGETS_UNVERIFIED_SITES=yes to use unverified ones"
            )
    names = sorted(hosts(chosen))
    with _progress(len(names), "crawl") as advance:
        for host in names:
            report = steps.crawl_host(settings, host, run_id)
            advance(host)
            _say(f"{host}: {json.dumps(report, ensure_ascii=False)}")
    steps.close_crawl(settings, run_id)


def _parse_waiting(settings: Settings, run_id: str) -> int:
    from nightly import steps

    batches = steps.find_unparsed(settings)
    with _progress(sum(len(b) for b in batches), "parse") as advance:
        for batch in batches:
            steps.parse_batch(settings, batch, run_id, progress=advance, recognise=False)
    scans = steps.find_scans(settings)
    if scans:
        with _progress(len(scans), "recognise") as advance:
            for batch in scans:
                steps.recognise_batch(settings, batch, run_id, progress=advance)
    return sum(len(b) for b in batches)


def _warehouse(settings: Settings, run_id: str, until: str = "evidence") -> None:
    from nightly import steps

    names = list(steps.WAREHOUSE_STEPS)
    with _progress(names.index(until) + 1, "warehouse") as advance:
        for name in names[: names.index(until) + 1]:
            try:
                steps.run_step(name, settings, run_id)
            except GateClosedError:
                # whoever waits for the alert must hear of a stopped publication
                steps.run_step("tell", settings, run_id)
                raise
            except Exception as error:
                if name != "evidence":
                    raise
                # what is published stands; that its site does not is told
                steps.task_failed(
                    settings,
                    dag_id="by_hand",
                    task_id=name,
                    run_id=run_id,
                    try_number=1,
                    error=f"{type(error).__name__}: {error}",
                )
                _say(f"evidence: {error}")
            advance(name)


@app.command(epilog="Example: budgets run --lang en")
def run(lang: LangOption = Lang.zh) -> None:
    """整夜作业 · the whole night by hand: crawl, parse, load, build, check, publish, tell."""
    from nightly import steps

    settings, run_id = _settings(), _hand_run()
    for host in steps.list_hosts(settings):
        steps.crawl_host(settings, host, run_id)
    steps.close_crawl(settings, run_id)
    _parse_waiting(settings, run_id)
    _warehouse(settings, run_id)
    report(lang)


@app.command(epilog="Example: budgets ingest ~/Downloads/budget.pdf other-folder/")
def ingest(
    paths: Annotated[list[Path], typer.Argument(help="PDF files, or folders of them", exists=True)],
    lang: LangOption = Lang.zh,
) -> None:
    """入库 · read local PDFs through the same path as the nightly job."""
    from nightly import steps
    from screens import print_ingested

    settings, run_id = _settings(), _hand_run()
    files = [
        f
        for p in paths
        for f in (sorted(x for x in p.rglob("*") if x.is_file()) if p.is_dir() else [p])
        if p.is_file() or f.suffix.lower() == ".pdf"
    ]
    if not files:
        raise Failed(f"no PDF below {', '.join(map(str, paths))}")
    rows = steps.ingest(settings, files, run_id)
    _parse_waiting(settings, run_id)
    _warehouse(settings, run_id)
    refused = print_ingested(settings, zip(rows, files, strict=True), lang.value)
    if refused:
        raise typer.Exit(1)


app.command(epilog="Example: budgets reparse --limit 50 --dry-run")(reparse)
app.command(
    epilog='Example: budgets forget 3f2a91c07b44 --why "request 2026-17, court order" --who "records office"'
)(forget)


app.command(epilog="Example: budgets backfill 2025-spring --limit 500")(backfill)
app.command(epilog="Example: budgets backup /srv/backup")(backup)
app.command(epilog="Example: budgets tidy --dry-run")(tidy)
app.command(epilog="Example: budgets upgrade --dry-run")(upgrade)


@app.command(epilog="Example: budgets build --docs")
def build(
    docs: Annotated[
        bool, typer.Option("--docs", help="also write dbt's documentation as one offline page")
    ] = False,
) -> None:
    """建模 · load landing and run dbt build."""
    _run_steps("load", "build")
    if docs:
        from warehouse.build import document
        from warehouse.layout import Layout

        _say(f"dbt docs: {document(Layout(_settings().data))}")


@app.command(epilog="Example: budgets check && budgets publish")
def check() -> None:
    """核对 · Great Expectations over landing and marts; Data Docs are rebuilt."""
    _run_steps("check_landing", "check_marts")


@app.command(epilog="Example: budgets publish --rollback")
def publish(
    rollback: Annotated[
        bool, typer.Option("--rollback", help="go back to the copy before the current one")
    ] = False,
) -> None:
    """发布 · check, then swap the published copy in whole.

    After --rollback the next publication brings what the working warehouse holds then: mend the
    cause, or pause the warehouse DAG, before the night.
    """
    if rollback:
        from warehouse.layout import Layout
        from warehouse.publish import rollback as go_back

        _say(f"published copy is now build {go_back(Layout(_settings().data))}")
        return
    _run_steps("check_marts", "publish")


def _run_steps(*names: str) -> None:
    from nightly import steps

    settings, run_id = _settings(), _hand_run()
    for name in names:
        result = steps.run_step(name, settings, run_id)
        _say(f"{name}: {json.dumps(result, ensure_ascii=False, default=str)}")


# --- looking -----------------------------------------------------------------------------------


@app.command(epilog="Example: budgets parse budget.pdf --format json > budget.json")
def parse(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)],
    format: Annotated[ParseFormat, typer.Option("--format", "-f")] = ParseFormat.table,
    explain: Annotated[
        bool, typer.Option("--explain", help="why each table was taken for a form, or not")
    ] = False,
    second: Annotated[
        bool | None,
        typer.Option(
            "--second/--no-second",
            help="compare with the printed picture, as the night does "
            "(unset: where an identity that must hold is violated)",
        ),
    ] = None,
    lang: LangOption = Lang.zh,
) -> None:
    """读取 · read one PDF and print its forms; nothing is stored."""
    from expectations.catalogue import judge
    from nightly.judging import judge_with_second_reading
    from nightly.scans import is_recognised
    from parsers.errors import DocumentError
    from parsers.worker import Limits, read_isolated
    from screens import print_document, print_explanation

    settings = _settings()
    data = file.read_bytes()
    try:
        if explain:
            from parsers.read import explain as explain_reading

            print_explanation(explain_reading(data), lang)
            return
        limits = Limits(seconds=settings.scan_seconds, megabytes=settings.parse_megabytes)
        read = read_isolated(data, limits, file_name=file.name)
        document = judge(read)
        contradicts = any(
            i.outcome == "violated" and i.severity == "hard" for i in document.identities
        )
        if second or (second is None and (contradicts or is_recognised(read))):
            document = judge_with_second_reading(read, data, settings, file_name=file.name)
    except DocumentError as error:
        raise Failed(f"{file}: {error}") from None
    if format is ParseFormat.json:
        sys.stdout.write(document.model_dump_json(indent=1) + "\n")
    elif format is ParseFormat.csv:
        out = csv.writer(sys.stdout)
        out.writerow(
            [
                "form",
                "row",
                "column",
                "row_kind",
                "code",
                "label",
                "column_path",
                "text",
                "amount",
                "unit",
                "page",
                "x0",
                "top",
                "x1",
                "bottom",
                "source",
            ]
        )
        for table in document.tables:
            for r, cells in enumerate(table.cells):
                meta = table.rows[r]
                for c, cell in enumerate(cells):
                    box = cell.bbox or ("", "", "", "")
                    path = table.columns[c] if c < len(table.columns) else ""
                    out.writerow(
                        _no_formula(v)
                        for v in [
                            table.id,
                            r,
                            c,
                            meta.kind,
                            meta.code,
                            meta.label,
                            path,
                            cell.text,
                            cell.amount,
                            table.unit,
                            cell.page,
                            *box,
                            cell.source,
                        ]
                    )
    else:
        print_document(document, lang.value)


_FIGURE = re.compile(r"[-+]?[\d,]*\.?\d+%?|[-+—]+")


def _no_formula(value: Any) -> Any:
    """Text that a spreadsheet would compute begins with an apostrophe; figures stay as they are."""
    if not isinstance(value, str) or not value.startswith(("=", "+", "-", "@", "\t", "\r", "\n")):
        return value
    return value if _FIGURE.fullmatch(value) else f"'{value}"


@app.command(
    epilog='Example: budgets query "select fiscal_year, sum(amount_wan) from marts.fct_expenditure group by 1" -f csv'
)
def query(
    sql: Annotated[str, typer.Argument(help="one SQL statement over the published copy")],
    format: Annotated[QueryFormat, typer.Option("--format", "-f")] = QueryFormat.table,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="file (needed for parquet)")
    ] = None,
) -> None:
    """查询 · SQL over the published warehouse (read-only)."""
    import duckdb

    from screens import print_rows
    from warehouse.database import reader
    from warehouse.layout import Layout

    if format is QueryFormat.parquet and out is None:
        raise typer.BadParameter("parquet needs --out FILE")
    try:
        with reader(Layout(_settings().data)) as connection:
            result: Any = connection.sql(sql)  # None for a statement without a result
            if result is None:
                return
            if format is QueryFormat.parquet:
                result.write_parquet(str(out))
                return
            names, rows = result.columns, result.fetchall()
    except duckdb.Error as error:
        raise Failed(f"query: {str(error).strip()}") from None
    stream = out.open("w", encoding="utf-8", newline="") if out else sys.stdout
    try:
        if format is QueryFormat.json:
            json.dump(
                [dict(zip(names, r, strict=True)) for r in rows],
                stream,
                ensure_ascii=False,
                default=str,
                indent=1,
            )
            stream.write("\n")
        elif format is QueryFormat.csv:
            writer = csv.writer(stream)
            writer.writerow(names)
            writer.writerows([_no_formula(v) for v in r] for r in rows)
        else:
            print_rows(names, rows, stream)
    finally:
        if out:
            stream.close()


def _answers(wanted: list[str], county: str | None, year: int | None) -> tuple[list[Answer], str]:
    """The answers from the published copy, narrowed where they have such a column; and its build."""
    from warehouse.database import reader
    from warehouse.errors import QuestionError
    from warehouse.layout import Layout
    from warehouse.questions import ask, find, questions, source_build

    settings = _settings()
    layout = Layout(settings.data)
    try:
        chosen = [find(w) for w in wanted] if wanted else list(questions())
        with reader(layout) as connection:
            build = source_build(connection)
            answers = [
                ask(connection, q, show_restricted=settings.evidence == "internal") for q in chosen
            ]
    except QuestionError as error:
        raise Failed(str(error)) from None
    given = {"county": county, "fiscal_year": year}
    narrow = {name: value for name, value in given.items() if value is not None}
    for i, answer in enumerate(answers):
        here = {c.name for c in answer.columns}
        answers[i] = answer.where(**{n: v for n, v in narrow.items() if n in here})
    return answers, build


@app.command("ask", epilog="Example: budgets ask 4 --county 青岚县 --year 2026")
def ask_question(
    question: Annotated[
        str | None, typer.Argument(help="its number or name; without one, all are listed")
    ] = None,
    county: Annotated[str | None, typer.Option(help="only this county")] = None,
    year: Annotated[int | None, typer.Option("--year", "-y", help="only this fiscal year")] = None,
    format: Annotated[AnswerFormat, typer.Option("--format", "-f")] = AnswerFormat.table,
    lang: LangOption = Lang.zh,
) -> None:
    """提问 · the answer to one of the weekly questions (docs/questions), with labels and pages."""
    from screens import print_answer, print_questions
    from warehouse.questions import questions

    if question is None:
        print_questions(questions(), lang.value)
        return
    answers, build = _answers([question], county, year)
    (answer,) = answers
    names = [c.name for c in answer.columns]
    if format is AnswerFormat.json:
        rows = [dict(zip(names, r, strict=True)) for r in answer.rows]
        json.dump(rows, sys.stdout, ensure_ascii=False, default=str, indent=1)
        sys.stdout.write("\n")
    elif format is AnswerFormat.csv:
        writer = csv.writer(sys.stdout)
        writer.writerow(names)
        writer.writerows([_no_formula(v) for v in r] for r in answer.rows)
    else:
        print_answer(answer, build, lang.value)


@app.command("export", epilog="Example: budgets export 4 9 --county 青岚县 --out answers.xlsx")
def export_workbook(
    wanted: Annotated[
        list[str] | None, typer.Argument(help="numbers or names; without any, all of them")
    ] = None,
    county: Annotated[str | None, typer.Option(help="only this county")] = None,
    year: Annotated[int | None, typer.Option("--year", "-y", help="only this fiscal year")] = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="the workbook")] = Path("budgets.xlsx"),
) -> None:
    """导出 · the weekly questions as an Excel workbook, a sheet a question, a link in each row."""
    from warehouse.errors import QuestionError
    from warehouse.exports import write_workbook

    answers, build = _answers(wanted or [], county, year)
    try:
        write_workbook(answers, out, as_of=build)
    except (QuestionError, OSError) as error:
        raise Failed(f"{out}: {error}") from None
    _say(f"{out}: {len(answers)} sheets, {sum(len(a.rows) for a in answers)} rows, build {build}")


@app.command(epilog="Example: budgets report --lang en")
def report(lang: LangOption = Lang.zh) -> None:
    """夜报 · what the last night found, read, refused and told."""
    from nightly.report import night_report
    from screens import print_report

    print_report(night_report(_settings(), lang.value), lang.value)


@app.command(epilog="Example: budgets show 中共青岚县委办公室 --year 2026")
def show(
    organisation: Annotated[str, typer.Argument(help="name or part of it")],
    year: Annotated[int | None, typer.Option("--year", "-y", help="fiscal year")] = None,
    lang: LangOption = Lang.zh,
) -> None:
    """查看 · a body's budget in the terminal, each figure with its page."""
    from nightly.report import organisation_budget
    from screens import print_budget

    found = organisation_budget(_settings(), organisation, year)
    if not found:
        raise Failed(
            f"no published budget of {organisation!r}"
            + (f" for {year}" if year else "")
            + "; list what there is with: budgets show ''"
        )
    print_budget(found, lang.value)


@findings_app.callback()
def findings_list(  # noqa: PLR0917 - a command line has many options
    context: typer.Context,
    status: Annotated[FindingStatus, typer.Option(help="which of them")] = FindingStatus.open,
    severity: Annotated[Severity | None, typer.Option(help="应当相等 or 请说明")] = None,
    kind: Annotated[FindingKind | None, typer.Option(help="what it tells of")] = None,
    county: Annotated[str | None, typer.Option(help="county, by name or code")] = None,
    department: Annotated[str | None, typer.Option(help="part of the body's name")] = None,
    identity: Annotated[str | None, typer.Option(help="identity or pattern, e.g. 'P-*'")] = None,
    lang: LangOption = Lang.zh,
) -> None:
    """核对提示 · list the findings, the open ones if nothing else is said."""
    if context.invoked_subcommand:
        return
    from nightly.report import list_findings
    from screens import print_findings

    found = list_findings(
        _settings(),
        lang.value,
        status=None if status is FindingStatus.all else status.value,
        severity=severity.value if severity else None,
        kind=kind.value if kind else None,
        county=county,
        department=department,
        identity=identity,
    )
    print_findings(found, lang.value)


@findings_app.command("show", epilog="Example: budgets findings show 3f2a91c0")
def findings_show(
    finding_id: Annotated[str, typer.Argument(help="id or its beginning")],
    lang: LangOption = Lang.zh,
) -> None:
    """One finding: the identity in words, both statements with their rows or sentences, pages."""
    from nightly.quotes import quotes
    from nightly.report import list_findings
    from screens import print_finding

    settings = _settings()
    found = [f for f in list_findings(settings, lang.value) if f.finding_id.startswith(finding_id)]
    if len(found) != 1:
        raise Failed(
            f"{len(found)} findings begin with {finding_id!r}; list them with: budgets findings"
        )
    print_finding(found[0], quotes(settings, found[0]), lang.value)


def _period(written: str) -> timedelta:
    """``26h``, ``2d``, or a bare number of hours."""
    found = re.fullmatch(r"(\d+)\s*([hd]?)", written.strip())
    if found is None or not int(found[1]):
        raise typer.BadParameter(f"--max-age {written!r}: give hours or days, such as 26h or 2d")
    return timedelta(**{"days" if found[2] == "d" else "hours": int(found[1])})


@app.command(epilog="Example: budgets doctor --max-age 26h")
def doctor(
    max_age: Annotated[
        str | None,
        typer.Option(
            help="the last complete night may be so old (26h, 2d); older is alerted, for cron"
        ),
    ] = None,
    lang: LangOption = Lang.zh,
) -> None:
    """体检 · check this machine and this data folder; each line with its remedy."""
    from nightly.doctor import diagnose
    from nightly.steps import tell_if_overdue
    from screens import print_diagnosis

    age = None if max_age is None else _period(max_age)
    settings = _settings()
    lines = diagnose(settings, age)
    if age is not None:
        tell_if_overdue(settings, age)
    print_diagnosis(lines, lang.value)
    if any(not line.ok for line in lines):
        raise typer.Exit(1)


def main() -> None:
    """Entry point: turns every expected error into one line and an exit code."""
    from warehouse.errors import (
        BuildError,
        LandingError,
        LoadError,
        PublishError,
        WarehouseBusyError,
    )

    try:
        # without standalone mode an Exit comes back as a value
        raise SystemExit(app(standalone_mode=False) or 0)
    except typer.Exit as stop:
        raise SystemExit(stop.exit_code) from None
    except (typer.Abort, KeyboardInterrupt):
        _say("stopped; nothing is half done, run the same command again to go on")
        raise SystemExit(1) from None
    except SettingsError as error:
        _say(f"budgets: {error}")
        raise SystemExit(2) from None
    except (
        Failed,
        GateClosedError,
        BuildError,
        LandingError,
        LoadError,
        PublishError,
        WarehouseBusyError,
        FileNotFoundError,
    ) as error:
        _say(f"budgets: {error}")
        raise SystemExit(1) from None
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(0) from None
    except Exception as error:
        shown: Any = getattr(error, "show", None)  # click's own usage errors print themselves
        if shown is None:
            raise
        shown()
        raise SystemExit(getattr(error, "exit_code", 2)) from None


if __name__ == "__main__":
    main()
