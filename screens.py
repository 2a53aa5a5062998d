"""What the ``budgets`` command prints. Reads well at 80 columns, in a log and in Chinese."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, TextIO

import yaml
from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from nightly.report import Budget, BudgetLine, NightReport
from warehouse.questions import DISCLAIMER, Answer, Column, Question

WIDTH = 80
EXAMPLES_SHOWN = 3
MESSAGES_SHOWN = 6
LABEL_LEAST, LABEL_MOST = 14, 34
HEADING_LEAST = 8
GAP = 3  # blanks between columns
OUTLINE_DEPTH = {"section": 1, "unit": 1, "item": 2, "project": 2}


@cache
def _texts() -> dict[str, dict[str, str]]:
    loaded: dict[str, dict[str, str]] = yaml.safe_load(
        Path(__file__).with_name("screens.yml").read_text(encoding="utf-8")
    )
    return loaded


def say(key: str, lang: str, **values: object) -> str:
    """The sentence ``key`` in the language, filled in. An unknown key is a KeyError."""
    return _texts()[key][lang].format(**values)


def word(key: str, lang: str) -> str:
    """A term that may be unknown to the texts (a new outcome): then as it is."""
    return _texts().get(key, {}).get(lang, key)


def problem_words(
    code: str, what: str | None, remedy: str | None, lang: str
) -> tuple[str, str | None]:
    """What is wrong and what to do: the reader's words, in Chinese by the problem's code."""
    told = _texts().get(f"why_{code}", {}).get(lang), _texts().get(f"remedy_{code}", {}).get(lang)
    return told[0] or what or "", told[1] or remedy


def _console(stream: TextIO | None = None) -> Console:
    console = Console(file=stream or sys.stdout, highlight=False, soft_wrap=False)
    if not console.is_terminal or console.width > WIDTH + 40:
        console.width = max(WIDTH, min(console.width, 120)) if console.is_terminal else WIDTH
    return console


def _plain_table(*columns: tuple[str, str]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for name, justify in columns:
        table.add_column(name, justify=justify, no_wrap=justify == "right")  # type: ignore[arg-type]
    return table


_TOKEN = re.compile(r"[A-Za-z0-9_.,:/%()\-]+|\s+|.")
_NEVER_FIRST = set("，。；：、！？）》」』”%")


def _wrap(text: str, width: int) -> list[str]:
    """Lines of at most ``width`` columns: Chinese breaks anywhere, numbers and words do not.

    Rich breaks at blanks only, which leaves Chinese text ragged.
    """
    lines, line = [], ""
    for token in _TOKEN.findall(text):
        if cell_len(line) + cell_len(token) <= width or not line:
            line += token if line or not token.isspace() else ""
        elif token in _NEVER_FIRST:
            lines.append(line[:-1].rstrip())
            line = line[-1] + token
        else:
            lines.append(line.rstrip())
            line = token.lstrip()
    return [*lines, line.rstrip()] if line else lines


def _indent(console: Console, text: str, by: int = 4, style: str = "") -> None:
    for line in _wrap(text, console.width - by - 1):
        console.print(" " * by, Text(line, style=style, overflow="fold"), sep="")


def _head(console: Console, text: str) -> None:
    console.print()
    console.print(Text(text, style="bold"))


def print_report(report: NightReport, lang: str) -> None:
    """The last screen of a night."""
    console = _console()
    if report.began_at is None:
        console.print(say("no_night", lang))
        return
    console.rule(Text(f"{say('title', lang)}  {report.began_at[:16].replace('T', ' ')} UTC"))

    _head(console, f"{say('crawled', lang)}（{say('files_note', lang)}）")
    names = ("county", "found", "new", "unchanged", "duplicate", "refused")
    table = _plain_table(*((say(n, lang), "left" if n == "county" else "right") for n in names))
    for c in report.counties:
        table.add_row(c.county, *(str(getattr(c, n)) for n in names[1:]))
    console.print(Padding(table, (0, 0, 0, 2)))
    for c in report.counties:
        for why in c.refusals:
            shown = "、".join(why.examples[:EXAMPLES_SHOWN])
            if why.count > EXAMPLES_SHOWN:
                shown += " …"
            text = say(
                "why",
                lang,
                outcome=why.zh if lang == "zh" else why.en,
                count=why.count,
                examples=shown,
            )
            _indent(console, f"{c.county} · {text}")
        if c.notices:
            _indent(console, f"{c.county} · {say('notices', lang, count=c.notices)}")
        for note in c.warnings:
            text = f"{note.zh if lang == 'zh' else note.en} → {note.runbook}"
            _indent(console, f"{c.county} · {say('warned', lang, text=text)}", style="yellow")

    _head(console, say("read", lang))
    if not report.new_files and not report.read_tonight:
        _indent(console, say("nothing_new", lang), 2, "green")
    else:
        _indent(console, say("read_tonight", lang, count=report.read_tonight), 2)
    listed = "，".join(
        f"{word(status, lang)} {count}" for status, count in sorted(report.documents.items())
    )
    _indent(console, say("documents", lang, list=listed or "0"), 2)
    if report.not_current:
        _indent(console, say("superseded", lang, count=report.not_current), 2)
    for name, document in report.misnamed:
        _indent(console, say("misnamed", lang, name=name, document=document), 2)
    if report.unread:
        _indent(console, say("unread", lang, count=len(report.unread)), 2)
        for u in report.unread:
            what, remedy = problem_words(u.outcome, u.what, u.remedy, lang)
            outcome = word(u.outcome, lang)
            _indent(console, say("unread_line", lang, name=u.name, outcome=outcome, what=what))
            if remedy:
                _indent(console, say("remedy", lang, text=remedy), 6, "dim")

    _head(console, say("checked", lang))
    counts = {o: report.identities.get(o, 0) for o in ("exact", "rounding", "violated")}
    _indent(
        console,
        say(
            "identity_line",
            lang,
            evaluated=f"{sum(counts.values()):,}",
            **{k: f"{v:,}" for k, v in counts.items()},
            not_applicable=f"{report.identities.get('not_applicable', 0):,}",
        ),
        2,
    )

    hard = sum(1 for f in report.findings if f.severity == "hard")
    _head(console, say("findings", lang))
    _indent(
        console,
        say("finding_counts", lang, hard=hard, soft=len(report.findings) - hard)
        if report.findings
        else say("no_findings", lang),
        2,
        "" if report.findings else "green",
    )
    for title, lines in report.messages[:MESSAGES_SHOWN]:
        _indent(console, title, 2, "bold")
        for line in lines:
            _indent(console, line, 4)
    if len(report.messages) > MESSAGES_SHOWN:
        _indent(console, say("more", lang, count=len(report.messages) - MESSAGES_SHOWN), 2)
    if report.findings:
        _indent(console, say("finding_note", lang), 2, "dim")

    _head(console, say("places", lang))
    _indent(
        console,
        say("published", lang, id=report.publication)
        if report.published
        else say("not_published", lang),
        2,
        "" if report.published else "red",
    )
    grid = Table.grid(padding=(0, 2))
    for key, place in report.places.items():
        grid.add_row(say(key, lang), Text(_short(place), overflow="fold"))
    console.print(Padding(grid, (0, 0, 0, 4)))

    if report.failures:
        _head(console, say("failures", lang))
        for f in report.failures:
            _indent(console, f, 2, "red")

    _head(console, say("try", lang))
    body, year = report.example_organisation or ("", 0)
    bin_ = _command()
    for command in (
        f'{bin_} query "{say("try_query", lang)}"',
        f"{bin_} show {body} --year {year}",
        f"{bin_} findings",
    ):
        _indent(console, command, 2, "cyan")
    console.rule()


def _short(place: str) -> str:
    """Relative to the current folder where it lies below it."""
    try:
        return str(Path(place).relative_to(Path.cwd()))
    except ValueError:
        return place


def _command() -> str:
    """How this user calls the command: bare when it is on the PATH."""
    from shutil import which

    found = which("budgets")
    return "budgets" if found else _short(str(Path(sys.executable).with_name("budgets")))


def print_findings(found: Sequence[Any], lang: str, console: Console | None = None) -> None:
    """Findings in the words for people, with their pages."""
    console = console or _console()
    if not found:
        console.print(say("no_findings", lang))
        return
    for f in found:
        _indent(
            console,
            say(
                "finding_head",
                lang,
                id=f.finding_id[:8],
                department=f.department,
                year=f.fiscal_year,
            ),
            2,
            "bold",
        )
        _indent(console, f.text, 4)


def print_finding(f: Any, quotes: Sequence[Any], lang: str) -> None:
    """One finding with all its evidence; what would acknowledge it stands below an open one."""
    console = _console()
    console.print(Text(f"{f.finding_id}  {f.department} {f.fiscal_year}", style="bold"))
    _indent(console, f.text, 2)
    grid = Table.grid(padding=(0, 2))
    for key, value in (
        ("identity", f"{f.identity} {f.identity_title}"),
        ("statement_1", f.statement_1),
        ("statement_2", f.statement_2),
        ("difference", f.difference),
        ("tolerance", f.tolerance),
        ("page", ", ".join(map(str, f.pages))),
        ("source", f.source_url or say("local_file", lang)),
        ("finding_why", f.why),
        ("finding_status", say(f"finding_{f.status}", lang)),
        ("finding_status_reason", f.status_reason or ""),
        ("finding_since", f"{f.first_seen_at:%Y-%m-%d}" if f.first_seen_at else ""),
        ("finding_until", f"{f.last_seen_at:%Y-%m-%d}" if f.last_seen_at else ""),
    ):
        if not value:
            continue
        grid.add_row(say(key, lang), Text(str(value), overflow="fold"))
    console.print(Padding(grid, (1, 0, 0, 2)))
    for side in (1, 2):
        mine = [q for q in quotes if q.side == side]
        if mine:
            _indent(console, say(f"finding_printed_{side}", lang), 2, "bold")
        for q in mine:
            page = f" · {say('page', lang)} {q.page}" if q.page else ""
            _indent(console, f"{q.where}{page}", 4, "dim")
            _indent(console, q.text, 6)
    _indent(console, say("finding_note", lang), 2, "dim")
    if f.status == "open" and f.kind != "misread":
        _indent(console, say("finding_acknowledge", lang), 2, "dim")
        console.print(
            f"- {{finding_id: {f.finding_id}, content_id: {f.content_id}, status: acknowledged, "
            f"reason: …, decided_on: {datetime.now().astimezone():%Y-%m-%d}}}",
            soft_wrap=True,
            markup=False,
            highlight=False,
        )


def print_ingested(settings: Any, files: Iterable[tuple[Any, Path]], lang: str) -> int:
    """What became of each ingested file; returns how many gave no document."""
    from nightly.steps import members, read_one

    console = _console()
    table = _plain_table(
        ("", "left"), (say("documents", lang, list="").rstrip(":： "), "left"), ("", "left")
    )
    refused = 0
    waiting: list[tuple[Any, str]] = []
    for row, path in files:
        inside = members(settings, row.sha256) if row.sha256 else []
        # of a container its files, and its own row where that has something to say
        shown = [m for m in inside if m.member_path or not m.outcome.is_ok]
        waiting += [(m, f"{path.name}!/{m.member_path}".removesuffix("!/")) for m in shown] or [
            (row, path.name)
        ]
    for row, name in waiting:
        if not row.sha256:
            # a note beside the documents in a container is no failure
            refused += row.role != "member" or row.outcome.value != "not_a_document"
            table.add_row(name, word("not_a_pdf", lang), row.reason or "")
            continue
        record = read_one(settings, row.sha256, name)
        if record.outcome != "parsed":
            refused += 1
            problem = record.problem
            reason = ""
            if problem:
                said, todo = problem_words(problem.code, problem.what, problem.remedy, lang)
                reason = f"{said} ({problem.where}). {todo}"
            table.add_row(name, word(record.outcome, lang), reason)
            continue
        for d in record.documents:
            status = d.verdict.status if d.verdict else "quarantined"
            refused += status == "quarantined"
            held = sum(1 for i in d.identities if i.outcome in ("exact", "rounding"))
            broken = sum(1 for i in d.identities if i.outcome == "violated")
            table.add_row(
                name,
                word(status, lang),
                f"{d.document.department} {d.document.year} · {held} ✓ {broken} ✗",
            )
    console.print(table)
    return refused


_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def _as_text(value: str) -> Text:
    """A published text: its brackets are no markup, its control characters reach no terminal."""
    return Text(_CONTROL.sub("", value))


def print_rows(names: Sequence[str], rows: Sequence[Sequence[Any]], stream: TextIO) -> None:
    """A query's result as a table; numbers to the right, NULL as an empty cell."""
    numeric = [
        all(isinstance(r[i], int | float | Decimal | None) for r in rows) for i in range(len(names))
    ]
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for name, right in zip(names, numeric, strict=True):
        table.add_column(_as_text(name), justify="right" if right else "left", overflow="fold")
    for r in rows:
        table.add_row(*("" if v is None else _as_text(str(v)) for v in r))
    console = _console(stream)
    console.print(table)
    console.print(Text(f"({len(rows)})", style="dim"))


def print_questions(questions: Iterable[Question], lang: str) -> None:
    """The weekly questions, one line each."""
    console = _console()
    for q in questions:
        console.print(Text(f"{q.number:>3}  {q.zh if lang == 'zh' else q.en}"))


def print_answer(answer: Answer, build: str, lang: str) -> None:
    """An answer with its caveats: codes in words, numbers to the right, blank where none is given.

    Addresses and document ids are left to the other formats; a column without a value is not shown.
    """
    console = _console()
    question = answer.question
    console.print(Text(question.zh if lang == "zh" else question.en, style="bold"))
    console.print(Text(question.answer[lang]))
    shown = [
        i
        for i, c in enumerate(answer.columns)
        if c.name not in {"source_url", "previous_source_url", "document_id"}
        and any(r[i] not in (None, "") for r in answer.rows)
    ]
    if len(answer.rows) > 1:  # what every row says alike is said once, above
        common = [i for i in shown if len({r[i] for r in answer.rows}) == 1]
        for i in common:
            heading = answer.columns[i].heading(lang)
            console.print(_as_text(f"{heading}: {_shown(answer.columns[i], answer.rows[0][i])}"))
        shown = [i for i in shown if i not in common]
    headings = [answer.columns[i].heading(lang) for i in shown]
    cells = [[_shown(answer.columns[i], row[i]) for i in shown] for row in answer.rows]
    widths = [
        max(cell_len(h), *(cell_len(line[n].plain) for line in cells), 0)
        for n, h in enumerate(headings)
    ]
    if sum(widths) + GAP * len(widths) <= console.width:
        table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
        for i, heading in zip(shown, headings, strict=True):
            right = all(isinstance(r[i], int | float | Decimal | None) for r in answer.rows)
            right &= not answer.columns[i].words
            table.add_column(_as_text(heading), justify="right" if right else "left")
        for line in cells:
            table.add_row(*line)
        console.print(table)
    else:  # too wide: one block a row, so that no figure is broken
        for number, line in enumerate(cells, 1):
            console.print(Text(f"— {number} —", style="dim"))
            for heading, cell in zip(headings, line, strict=True):
                if cell.plain:
                    _indent(console, _as_text(f"{heading}: {cell}").plain)
    console.print(Text(f"({len(answer.rows)})  {question.caveats[lang]}", style="dim"))
    console.print(Text(f"{build}  {DISCLAIMER}", style="dim"))


def _shown(column: Column, value: Any) -> Text:
    value = column.shown(value)
    if isinstance(value, Decimal):
        places = max(2, -int(value.normalize().as_tuple().exponent))
        return Text(f"{value:,.{places}f}")
    return _as_text("" if value is None else str(value))


def print_budget(budgets: Sequence[Budget], lang: str) -> None:
    """Budgets of one body, form by form, each line with its page."""
    console = _console()
    for b in budgets:
        console.rule(Text(f"{b.department} {b.fiscal_year}"))
        console.print(
            f"{b.county or ''} · {word(b.phase, lang)} · {word(b.scope, lang)} · "
            f"{word(b.status, lang)} · {say('unit_wan', lang)}"
        )
        console.print(f"{say('source', lang)}: {b.source_url or say('local_file', lang)}")
        for form, lines in b.forms.items():
            columns = list(dict.fromkeys(c for line in lines for c in line.values))
            filled = [c for c in columns if any(line.values.get(c) is not None for line in lines)]
            shown = [line for line in lines if any(v is not None for v in line.values.values())]
            if not shown:
                continue
            name = b.form_names.get(form, ("", ""))[0 if lang == "zh" else 1]
            table = _titled_table(f"{form} {name}")
            # a column is as wide as its figures: the heading folds, a figure never does
            widths = [
                max(HEADING_LEAST, *(len(_amount(line.values.get(c))) for line in shown))
                for c in filled
            ]
            room = console.width - sum(w + GAP for w in widths) - GAP - 4
            table.add_column(say("line", lang), no_wrap=True)
            for c, width in zip(filled, widths, strict=True):
                table.add_column(
                    c.split("/")[-1], justify="right", overflow="fold", width=width, min_width=width
                )
            table.add_column(say("page", lang), justify="right", no_wrap=True)
            for line in shown:
                table.add_row(
                    _outlined(line, max(LABEL_LEAST, min(LABEL_MOST, room))),
                    *(_amount(line.values.get(c)) for c in filled),
                    str(line.page or ""),
                )
            console.print()
            console.print(table)


def _amount(value: Decimal | None) -> str:
    return "" if value is None else f"{value:,.2f}"


def _outlined(line: BudgetLine, width: int) -> str:
    """A line's code and name, indented by its level, wrapped as Chinese is."""
    indent = "  " * OUTLINE_DEPTH.get(line.kind, 0)
    rows = _wrap(f"{line.code or ''} {line.label}".strip(), width - len(indent))
    return "\n".join(indent + row for row in rows)


def _titled_table(title: str) -> Table:
    return Table(
        box=box.SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        title=title,
        title_justify="left",
        title_style="bold",
    )


def print_document(document: Any, lang: str) -> None:
    """A freshly read document: what it is, its forms, its identities."""
    console = _console()
    info = document.document
    console.print(
        Text(
            f"{info.department or '?'} {info.year or '?'}  {info.pages} {say('page', lang)}",
            style="bold",
        )
    )
    console.print(f"{word(info.phase, lang)} · {word(info.scope, lang)} · {info.template or '-'}")
    for t in document.tables:
        title = f"{t.id} {t.title}  ({t.unit or '?'}; {say('page', lang)} {', '.join(map(str, t.pages))})"
        table = _titled_table(title)
        amounts = [any(r[c].amount is not None for r in t.cells) for c in range(len(t.columns))]
        for name, right in zip(t.columns, amounts, strict=True):
            table.add_column(
                name.split("/")[-1], justify="right" if right else "left", overflow="fold"
            )
        for body in t.body:
            table.add_row(*body)
        console.print(table)
        if t.note:
            console.print(Text(t.note, style="dim"))
    counts: dict[str, int] = {}
    for i in document.identities:
        counts[i.outcome] = counts.get(i.outcome, 0) + 1
    console.print(
        say(
            "identity_line",
            lang,
            evaluated=sum(v for k, v in counts.items() if k != "not_applicable"),
            **{k: counts.get(k, 0) for k in ("exact", "rounding", "violated", "not_applicable")},
        )
    )
    for w in document.warnings:
        console.print(Text(f"{w.code}: {w.message} ({say('page', lang)} {w.page})", style="yellow"))
    if document.verdict:
        console.print(word(document.verdict.status, lang))


def print_explanation(said: Mapping[str, Any], lang: str) -> None:
    """Why each table was taken for a form, or what was missing: the answer of ``parsers.explain``.

    A line a table (page, form, reason) with what spoke against the forms below it; then the forms
    that nothing was taken for, and where reading stopped.
    """
    console = _console()
    if problem := said.get("problem"):
        what, remedy = problem_words(problem["code"], problem["what"], problem["remedy"], lang)
        console.print(Text(what, style="yellow"))
        if remedy:
            _indent(console, f"→ {remedy}")
    for decision in said.get("decisions", ()):
        reason = word(decision["how"], lang)
        form = decision["form"] or "—"
        console.print(Text(say("explain_line", lang, page=decision["page"], form=form, why=reason)))
        for note in decision["notes"]:
            _indent(console, note)
    if said.get("missing") is not None:
        missing = "、".join(said["missing"]) or say("explain_none", lang)
        console.print(Text(say("explain_missing", lang, forms=missing)))
    for warning in said.get("warnings", ()):
        if warning["page"]:
            told = say("explain_warning", lang, page=warning["page"], what=warning["message"])
            console.print(Text(told, style="yellow"))


def print_diagnosis(lines: Iterable[Any], lang: str) -> None:
    """One line a check, with its remedy where it is not well."""
    console = _console()
    for line in lines:
        mark = say("ok" if line.ok else "not_ok", lang)
        console.print(
            Text(f"[{mark}] {line.name}: {line.found}", style="" if line.ok else "yellow")
        )
        if not line.ok and line.remedy:
            _indent(console, f"→ {line.remedy}")
