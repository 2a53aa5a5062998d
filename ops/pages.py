"""Writes the generated pages of ``docs/``: the commands, and the table of marts.

``python -m ops.pages`` (``make docs``). A test fails where a page is out of date.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from samples.pages import traps_page
from warehouse.questions import exposures, index_page
from warehouse.schema import BATCH, RAW

ROOT = Path(__file__).resolve().parent.parent
MARTS = ("marts", "quality")


def commands() -> str:
    """What each command does, from the command line itself."""
    done = subprocess.run(
        [sys.executable, "-m", "typer", "cli.py", "utils", "docs", "--name", "budgets"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    # Typer ends some lines in blanks
    return "\n".join(line.rstrip() for line in done.stdout.strip().splitlines()) + "\n"


def _models() -> list[tuple[str, dict[str, Any]]]:
    found = []
    for schema in MARTS:
        for path in sorted((ROOT / "dbt" / "models" / schema).glob("*.yml")):
            held = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
            found += [(schema, model) for model in held.get("models", [])]
    return found


def marts() -> str:
    """Every published table with its grain, then its columns, from dbt's descriptions."""
    models = _models()
    lines = [
        "# The published tables",
        "",
        "Generated from dbt's own descriptions. Money ends in `_wan` (万元) or `_yuan` (元). `fct_*` hold",
        "current, accepted documents only, so that a plain SUM is right; `is_additive` marks what may be",
        "summed for a county (departments and units are never added up). `fct_amount` keeps every version.",
        "",
        "| table | what one row is |",
        "|---|---|",
    ]
    for schema, model in models:
        name = f"{schema}.{model['name']}"
        anchor = name.replace(".", "")
        lines.append(f"| [`{name}`](#{anchor}) | {_cell(model.get('description', ''))} |")
    for schema, model in models:
        lines += [
            "",
            f"## {schema}.{model['name']}",
            "",
            "| column | type | meaning |",
            "|---|---|---|",
        ]
        lines += [
            f"| `{c['name']}` | {c.get('data_type', '')} | {_cell(c.get('description', ''))} |"
            for c in model.get("columns", [])
        ]
    return "\n".join(lines) + "\n"


def sources() -> str:
    """dbt's sources: the raw tables' own declaration, and how old the newest fetch may be."""
    tables: list[dict[str, Any]] = []
    for table in RAW:
        held: dict[str, Any] = {"name": table.name, "description": table.comment}
        if table.name == "raw_fetch":
            # a night fetches at least the listing pages: none for two nights is told
            held["config"] = {
                "loaded_at_field": "fetched_at",
                "freshness": {
                    "warn_after": {"count": 2, "period": "day"},
                    "error_after": {"count": 7, "period": "day"},
                },
            }
        held["columns"] = [{"name": c.name, "description": c.comment} for c in table.columns]
        tables.append(held)
    tables.append(
        {
            "name": "raw_batch",
            "description": "落地批次 one row a committed batch that was loaded",
            "columns": [{"name": n, "description": said} for n, said in BATCH.items()],
        }
    )
    source = {
        "name": "raw",
        "schema": "raw",
        "description": "落地层装入的原始行，未赋予含义 raw rows as landed",
        "tables": tables,
    }
    head = "# Written by `python -m ops.pages` from warehouse/schema.py: change that.\n"
    return head + yaml.safe_dump(
        {"sources": [source]}, allow_unicode=True, sort_keys=False, width=120
    )


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


PAGES = {
    "commands.md": commands,
    "marts.md": marts,
    "sample-province.md": traps_page,
    "questions/README.md": index_page,
    "../dbt/models/exposures.yml": exposures,
    "../dbt/models/staging/sources.yml": sources,
}


def main() -> int:
    for name, make in PAGES.items():
        (ROOT / "docs" / name).write_text(make(), encoding="utf-8")
        print(f"docs/{name}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
