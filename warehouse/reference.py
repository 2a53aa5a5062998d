"""Seeds that repeat a declaration of the catalogue, written from it: one fact, one place.

The catalogue (``expectations/catalogue/*.yml``) says what a column, a row and an identity are;
dbt needs the same as tables. ``python -m warehouse.reference`` writes them again after the
catalogue changed, and a test fails while they differ. The files are read as data.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

__all__ = ["economic_items", "function_names", "seeds", "write"]

ROOT = Path(__file__).resolve().parent.parent
CATALOGUE = ROOT / "expectations" / "catalogue"
SEEDS = ROOT / "dbt" / "seeds"

FUNDING_SOURCES = (
    "general_public_budget",
    "government_managed_funds",
    "state_capital_operations",
    "special_fiscal_accounts",
    "own_funds",
    "carry_over",
)
TWO_SIDED = ("T01", "T04", "T09")
SUMS = ("sum", "change", "copy", "half_step")  # tolerances of identities that are plain signed sums


def _side(form: str, role: str) -> str:
    if form == "T07":
        return "income"
    if form in TWO_SIDED:
        return "income" if role.startswith("income") else "expenditure"
    return ""


def _columns(catalogue: Path) -> Iterator[list[Any]]:
    yield [
        *("form", "position", "column_pattern", "column_role", "is_amount", "side"),
        *("funding_source_code", "term_zh", "term_en"),
    ]
    for form, rules in _read(catalogue / "columns.yml")["forms"].items():
        for position, rule in enumerate(rules, 1):
            role = rule["role"]
            yield [
                form,
                position,
                rule["path"],
                role,
                str(rule.get("amount", True)).lower(),
                _side(form, role),
                role if role in FUNDING_SOURCES else "",
                rule["zh"],
                rule["en"],
            ]


def _row_roles(catalogue: Path) -> Iterator[list[Any]]:
    yield ["form", "side", "position", "row_role", "label_pattern", "after_role", "before_role"]
    for form, sides in _read(catalogue / "labels.yml")["forms"].items():
        for side, rules in sides.items():
            for position, rule in enumerate(rules, 1):
                if rule.get("label"):
                    yield [
                        *(form, side, position, rule["role"], rule["label"]),
                        *(rule.get("after") or "", rule.get("before") or ""),
                    ]


def _class_names(catalogue: Path) -> Iterator[list[Any]]:
    yield ["function_code", "class_name"]
    for entry in _read(catalogue / "labels.yml")["classes"]:
        for name in (entry["name"], *entry.get("aliases", [])):
            yield [entry["code"], name]


def _identities(catalogue: Path) -> Iterator[list[Any]]:
    yield [
        *("identity", "family", "severity", "title_zh", "title_en", "tolerance", "is_sum", "kind")
    ]
    path = catalogue / "identities.yml"
    for entry in _read(path)["identities"] if path.exists() else ():
        rules = [entry["tolerance"]]
        is_sum = True
        for binding in entry["bind"]:
            is_sum &= "check" not in binding
            for given in (binding, *binding.get("cases", [])):
                rules += [given["tolerance"]] if given.get("tolerance") is not None else []
        is_sum &= all(isinstance(rule, dict) or rule in SUMS for rule in rules)
        tolerance = entry["tolerance"]
        if isinstance(tolerance, dict):
            tolerance = " ".join(f"{value} {name}" for name, value in tolerance.items())
        yield [
            *(entry["id"], entry["family"], entry["severity"]),
            *(entry["title"]["zh"], entry["title"]["en"], tolerance, str(is_sum).lower()),
            entry.get("kind", "contradiction"),
        ]


def _read(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def _csv(rows: Iterable[list[Any]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue()


@cache
def function_names() -> Mapping[str, frozenset[str]]:
    """What each code of the functional classification (支出功能分类) is and was called."""
    names: dict[str, set[str]] = {}
    for name in ("seed_function.csv", "seed_function_name.csv"):
        for row in _rows_of(name):
            names.setdefault(row["function_code"], set()).add(row["function_name"])
    return {code: frozenset(said) for code, said in names.items()}


@cache
def economic_items() -> frozenset[str]:
    """Names of the economic items (支出经济分类科目), of both classifications."""
    return frozenset(row["item_name"] for row in _rows_of("seed_economic_item.csv"))


def _rows_of(name: str) -> list[dict[str, str]]:
    with (SEEDS / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def seeds(catalogue: Path = CATALOGUE) -> dict[str, str]:
    """File name → content of every seed that the catalogue declares."""
    return {
        "seed_form_column.csv": _csv(_columns(catalogue)),
        "seed_row_role.csv": _csv(_row_roles(catalogue)),
        "seed_class_name.csv": _csv(_class_names(catalogue)),
        "seed_identity.csv": _csv(_identities(catalogue)),
    }


def write(folder: Path = SEEDS) -> list[Path]:
    """Write the seeds; returns the files that changed."""
    changed = []
    for name, content in seeds().items():
        path = folder / name
        if not path.exists() or path.read_text(encoding="utf-8") != content:
            path.write_text(content, encoding="utf-8")
            changed.append(path)
    return changed


if __name__ == "__main__":
    for file in write():
        print(f"written: {file}")
