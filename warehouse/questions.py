"""The weekly questions (每周问题): tested queries over the published marts, and what they mean.

``docs/questions/NN-name.sql`` is one query; its opening comment says in Chinese and English what
is asked, what counts as an answer and what the answer does not say. ``columns.yml`` beside them
names every column once, with its unit. A figure that cannot be given is NULL and its row says
why: ``label`` is 「未公开」 not published or not seen, 「不可比」 not comparable, 「推算」 derived, or
empty where the figure stands as published.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import yaml

from warehouse.errors import QuestionError

__all__ = [
    "LABELS",
    "Answer",
    "Column",
    "Question",
    "ask",
    "columns",
    "exposures",
    "find",
    "index_page",
    "published_columns",
    "questions",
    "source_build",
    "tables",
]

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs" / "questions"
LABELS = ("", "推算", "不可比", "未公开")
DISCLAIMER = "预算数不等于实际支出。数据以发布机关正式文本为准。"
NOTEBOOK_TABLES = (  # what docs/notebook/example.ipynb reads; its test holds it to this
    "marts.dim_document",
    "marts.fct_amount",
    "marts.fct_budget_summary",
    "marts.fct_expenditure",
    "marts.fct_project",
)
_PARTS = ("number", "short", "zh", "en", "asks", "answer", "caveats")


@dataclass(frozen=True)
class Column:
    """A column of an answer: its name in SQL, headings, unit, and words for its codes."""

    name: str
    zh: str
    en: str
    unit: str | None = None
    words: dict[str, str] = field(default_factory=dict)

    def heading(self, lang: str = "zh") -> str:
        """The heading with its unit: 收入总计（万元）."""
        if lang == "en":
            return self.en if self.unit is None else f"{self.en} ({self.unit})"
        return self.zh if self.unit is None else f"{self.zh}（{self.unit}）"

    def shown(self, value: Any) -> Any:
        """The value as a person reads it: codes in words, everything else as it is."""
        if isinstance(value, bool):
            value = str(value).lower()
        return self.words.get(value, value) if isinstance(value, str) else value


@dataclass(frozen=True)
class Question:
    """One question with its query (DuckDB SQL over ``marts`` and ``quality``)."""

    number: int
    name: str
    short: str
    zh: str
    en: str
    asks: dict[str, str]
    answer: dict[str, str]
    caveats: dict[str, str]
    sql: str

    @property
    def file(self) -> str:
        return f"{self.number:02}-{self.name}.sql"


@dataclass(frozen=True)
class Answer:
    """What a query gave: its columns in order, and its rows."""

    question: Question
    columns: list[Column]
    rows: list[tuple[Any, ...]]

    def position(self, name: str) -> int:
        return next(i for i, c in enumerate(self.columns) if c.name == name)

    def where(self, **wanted: Any) -> Answer:
        """The rows whose columns have these values; ValueError names a column that is not there."""
        here = {c.name: i for i, c in enumerate(self.columns)}
        if missing := sorted(set(wanted) - set(here)):
            raise ValueError(f"{self.question.file} has no column {', '.join(missing)}")
        kept = [r for r in self.rows if all(r[here[n]] == v for n, v in wanted.items())]
        return Answer(self.question, self.columns, kept)


@functools.cache
def columns() -> dict[str, Column]:
    """Every column that a question may give, by name."""
    held = yaml.safe_load((FOLDER / "columns.yml").read_text(encoding="utf-8"))
    return {name: Column(name=name, **said) for name, said in held.items()}


def _read(path: Path) -> Question:
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    end = next((i for i, line in enumerate(lines) if not line.startswith("--")), len(lines))
    try:
        said = yaml.safe_load("\n".join(line[3:] for line in lines[:end]))
    except yaml.YAMLError as error:
        raise QuestionError(f"{path}: its opening comment is not YAML ({error})") from None
    if not isinstance(said, dict) or tuple(said) != _PARTS:
        raise QuestionError(f"{path}: the opening comment must say, in order, {', '.join(_PARTS)}")
    number, _, name = path.stem.partition("-")
    if said["number"] != int(number):
        raise QuestionError(f"{path}: the file's name and its number {said['number']} differ")
    return Question(name=name, sql="\n".join(lines[end:]).strip() + "\n", **said)


@functools.cache
def questions() -> tuple[Question, ...]:
    """All questions in order. Raises QuestionError naming a file that cannot be used."""
    if not FOLDER.is_dir():
        raise QuestionError(f"the questions are not installed: {FOLDER} is missing")
    return tuple(_read(path) for path in sorted(FOLDER.glob("[0-9]*.sql")))


def find(wanted: str) -> Question:
    """The question of this number or name; QuestionError lists them where there is none."""
    for question in questions():
        if wanted in (str(question.number), f"{question.number:02}", question.name):
            return question
    listed = "; ".join(f"{q.number} {q.short}" for q in questions())
    raise QuestionError(f"there is no question {wanted!r}; there are: {listed}")


def ask(
    connection: duckdb.DuckDBPyConnection, question: Question, *, show_restricted: bool = False
) -> Answer:
    """Run the query on a warehouse. ``show_restricted``: with projects on secrecy and security."""
    connection.execute(f"set variable show_restricted = {str(show_restricted).lower()}")
    done = connection.execute(question.sql)
    known = columns()
    return Answer(question, [known[d[0]] for d in done.description or ()], done.fetchall())


def source_build(connection: duckdb.DuckDBPyConnection) -> str:
    """The publication a reader holds, named by the folder its file lies in."""
    row = connection.execute(
        "select path from duckdb_databases() where path is not null and not internal"
    ).fetchone()
    return "" if row is None else Path(row[0]).parent.name


@functools.cache
def tables(sql: str) -> tuple[str, ...]:
    """The published tables a query reads, e.g. ``marts.dim_document``."""
    with duckdb.connect() as connection:
        found = connection.get_table_names(sql, qualified=True)
    # DuckDB 2.0 gives the alias with the name
    return tuple(sorted({name.partition(" AS ")[0] for name in found}))


# --- pages written from the headers -----------------------------------------------------------


def index_page() -> str:
    """``docs/questions/README.md``: every question with its meaning, columns and tables."""
    lines = [
        "# 每周问题 · Twenty weekly questions",
        "",
        "Each is one file of DuckDB SQL over the published tables, tested on the sample counties with",
        "answers checked by hand. A figure that cannot be given is empty and the row's 标注 says why:",
        "「未公开」 not published or not seen · 「不可比」 not comparable · 「推算」 derived. No proxy takes its",
        f"place. {DISCLAIMER}",
        "",
        "```",
        "budgets ask 4                                  # one answer in the terminal",
        "budgets ask 4 --county 青岚县 --year 2026 -f csv",
        "budgets export 4 9 --out answers.xlsx          # Excel, a sheet a question; all without numbers",
        "duckdb data/published/warehouse.duckdb < docs/questions/04-county-total.sql",
        "```",
        "",
        "Generated from the files' headers by `python -m ops.pages`.",
        "",
        "| | 问题 | question |",
        "|---|---|---|",
    ]
    lines += [f"| {q.number} | [{q.zh}]({q.file}) | {q.en} |" for q in questions()]
    for q in questions():
        given = _given(q)
        lines += ["", f"## {q.number} {q.short}", "", f"**{q.zh}** {q.en}", ""]
        for title, said in (("问", q.asks), ("答", q.answer), ("注意", q.caveats)):
            lines += [f"- {title}：{said['zh']}", f"  {said['en']}"]
        lines += [
            f"- 栏目：{'、'.join(c.heading() for c in given)}",
            f"- 用到的表 tables: {', '.join(f'`{t}`' for t in tables(q.sql))}",
        ]
    return "\n".join(lines) + "\n"


@functools.cache
def published_columns() -> dict[str, list[tuple[str, str]]]:
    """``schema.table`` → (column, type) of everything published, as dbt's contracts declare it."""
    held: dict[str, list[tuple[str, str]]] = {}
    for schema in ("marts", "quality"):
        for path in sorted((ROOT / "dbt" / "models" / schema).glob("*.yml")):
            said = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
            for model in said.get("models", []):
                held[f"{schema}.{model['name']}"] = [
                    (column["name"], column["data_type"]) for column in model["columns"]
                ]
    return held


def _given(question: Question) -> list[Column]:
    """The columns a question gives, found by describing it over empty tables of the contracts."""
    with duckdb.connect() as connection:
        for schema in ("marts", "quality"):
            connection.execute(f"create schema {schema}")
        for name in tables(question.sql):
            listed = ", ".join(f'"{c}" {kind}' for c, kind in published_columns()[name])
            connection.execute(f"create table {name} ({listed})")
        described = connection.execute(f"describe {question.sql}").fetchall()
    return [columns()[row[0]] for row in described]


def exposures() -> str:
    """``dbt/models/exposures.yml``: who reads the marts, so that a change shows what it touches."""
    listed: list[dict[str, Any]] = [
        {
            "name": f"question_{q.number:02}_{q.name.replace('-', '_')}",
            "label": f"{q.number} {q.short}",
            "type": "analysis",
            "maturity": "high",
            "description": f"{q.zh} {q.en}",
            "depends_on": _references(tables(q.sql)),
            "owner": {"name": "county-budget-warehouse"},
        }
        for q in questions()
    ]
    everything = sorted({t for q in questions() for t in tables(q.sql)})
    listed.append(
        {
            "name": "excel_export",
            "label": "Excel 导出",
            "type": "application",
            "maturity": "high",
            "description": "每个问题一张工作表的 Excel 导出 the questions as a workbook (budgets export)",
            "depends_on": _references(everything),
            "owner": {"name": "county-budget-warehouse"},
        }
    )
    listed.append(
        {
            "name": "example_notebook",
            "label": "示例笔记本",
            "type": "notebook",
            "maturity": "high",
            "description": "示例笔记本 docs/notebook/example.ipynb, run by the tests",
            "depends_on": _references(NOTEBOOK_TABLES),
            "owner": {"name": "county-budget-warehouse"},
        }
    )
    head = (
        "# Written by `python -m ops.pages` from docs/questions: change the questions, not this.\n"
    )
    return head + yaml.safe_dump(
        {"exposures": listed}, allow_unicode=True, sort_keys=False, width=100
    )


def _references(names: Sequence[str]) -> list[str]:
    return [f"ref('{name.partition('.')[2]}')" for name in names]
