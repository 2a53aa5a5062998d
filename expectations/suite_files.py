"""Suites of checks as data: ``suites/*.yml`` read into typed models, thresholds filled in.

A suite is one small frame (SQL over the DuckDB file, one row a thing checked) and the
expectations on it. Adding a check is adding an entry; this module only reads and refuses what
is incomplete. It imports neither Great Expectations nor DuckDB.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

__all__ = [
    "Check",
    "ForEach",
    "Level",
    "Stage",
    "Suite",
    "SuiteError",
    "Text",
    "Where",
    "load_suites",
    "load_thresholds",
    "table_contract",
]

ROOT = Path(__file__).resolve().parent
Stage = Literal["landing", "marts"]
Level = Literal["stop", "finding", "note"]
"""stop = a structural failure, nothing is published; finding (核对提示) = told, published all
the same; note = shown in Data Docs only."""


class SuiteError(ValueError):
    """A suite or the thresholds file cannot be used; says which file and what to change."""


class Text(BaseModel):
    """One wording in both languages."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    zh: str
    en: str


class Where(BaseModel):
    """Keeps the rows of a frame whose ``column`` compares so with ``value``."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    column: str
    op: Literal["==", "!=", ">", ">="] = "=="
    value: str | int | bool


class Check(BaseModel):
    """One expectation on a suite's frame.

    ``expect`` is the class name in ``great_expectations.expectations``; ``args`` are its own
    arguments. ``where`` keeps only the rows for which every condition holds.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    id: str
    expect: str = Field(pattern=r"^Expect[A-Za-z]+$")
    args: dict[str, Any] = {}
    where: list[Where] = []
    level: Level = "stop"
    says: Text
    why: Text | None = None
    remedy: Text


class ForEach(BaseModel):
    """Repeat a frame for every table whose name is like ``like`` and that has ``columns``.

    ``{table}`` in the frame becomes the table's name; the parts are put under each other.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    like: str = Field(description="SQL LIKE pattern over schema.table")
    columns: list[str] = []
    besides: list[str] = []


class Suite(BaseModel):
    """Expectations over one frame.

    ``rows``: how many rows the frame must have – ``any`` (a quiet night has none), ``touched``
    (at least one where documents were touched) or ``some`` (always at least one). A check that
    examined nothing must not pass for one that found nothing.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    suite: str = Field(pattern=r"^[a-zA-Z0-9_]+$")
    stage: Stage
    title: Text
    about: Text
    needs: list[str] = Field(default=[], description="tables the frame reads, schema.table")
    frame: str
    for_each: ForEach | None = None
    keys: list[str] = Field(description="columns that name a row to a person")
    rows: Literal["any", "touched", "some"] = "any"
    checks: list[Check]


def _read(path: Path) -> Any:
    try:
        return yaml.safe_load(path.read_text("utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise SuiteError(f"{path}: cannot be read as YAML: {error}") from error


@cache
def load_thresholds(path: Path = ROOT / "thresholds.yml") -> dict[str, int | float]:
    """Name → number. One file holds every bound of the gates, with its reason beside it."""
    found = _read(path)
    values: dict[str, int | float] = {}
    for name, entry in (found or {}).items():
        value = entry.get("value") if isinstance(entry, dict) else None
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise SuiteError(f"{path}: {name}: wants a mapping with a number under 'value'")
        if not entry.get("why"):
            raise SuiteError(f"{path}: {name}: say under 'why' where the bound comes from")
        values[name] = value
    return values


_PLACE = re.compile(r"\$\{([a-z_0-9]+)\}")


def _fill(value: Any, names: dict[str, Any], where: str) -> Any:
    """Replace ``${name}``: a whole string becomes the value itself, a part becomes text."""
    if isinstance(value, dict):
        return {key: _fill(item, names, where) for key, item in value.items()}
    if isinstance(value, list):
        return [_fill(item, names, where) for item in value]
    if not isinstance(value, str):
        return value

    def known(match: re.Match[str]) -> Any:
        if match.group(1) not in names:
            raise SuiteError(f"{where}: ${{{match.group(1)}}} is not in thresholds.yml")
        return names[match.group(1)]

    whole = _PLACE.fullmatch(value)
    if whole:
        return known(whole)
    return _PLACE.sub(lambda match: str(known(match)), value)


def load_suites(
    stage: Stage | None = None,
    folder: Path = ROOT / "suites",
    thresholds: dict[str, int | float] | None = None,
) -> list[Suite]:
    """The suites declared in ``folder`` (of one stage), in order of file name."""
    names = dict(load_thresholds() if thresholds is None else thresholds)
    suites: list[Suite] = []
    for path in sorted(folder.glob("*.yml")):
        for entry in _read(path).get("suites", []):
            try:
                suite = Suite.model_validate(_fill(entry, names, str(path)))
            except ValidationError as error:
                raise SuiteError(f"{path}: {entry.get('suite')}: {error}") from error
            ids = [check.id for check in suite.checks]
            if len(set(ids)) != len(ids):
                raise SuiteError(f"{path}: {suite.suite}: two checks have the same id")
            suites.append(suite)
    names_seen = [suite.suite for suite in suites]
    if len(set(names_seen)) != len(names_seen):
        raise SuiteError(f"{folder}: two suites have the same name: {sorted(names_seen)}")
    return [suite for suite in suites if stage in (None, suite.stage)]


@cache
def table_contract(path: Path = ROOT / "tables.yml") -> dict[Stage, dict[str, dict[str, str]]]:
    """stage → schema.table → column → DuckDB type: what the gates and findings rely on.

    A column that is gone or has another type stops the publication (schema drift); a new
    column is harmless.
    """
    found = _read(path)
    contract: dict[Stage, dict[str, dict[str, str]]] = {"landing": {}, "marts": {}}
    for stage, tables in found.items():
        if stage not in contract:
            raise SuiteError(f"{path}: {stage}: only landing and marts are stages")
        for table, columns in tables.items():
            contract[stage][table] = {name: str(kind).upper() for name, kind in columns.items()}
    return contract
