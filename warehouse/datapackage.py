"""The data package (数据包描述): ``datapackage.json`` beside the published Parquet files.

Frictionless Data Package: one resource a table, its fields with types and descriptions from dbt's
contracts, bytes and SHA-256 of every file. ``model`` says in the terms of the Fiscal Data Package
(0.3) what the money is: currency CNY, factor 10000 for 万元, direction, phase, and the functional
(功能分类), economic (经济分类) and administrative (部门) classifications.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from warehouse.questions import DISCLAIMER

__all__ = ["FILE", "PHASES", "describe", "write"]

FILE = "datapackage.json"
MODELS = Path(__file__).resolve().parent.parent / "dbt" / "models"
# our phases in the words of the Fiscal Data Package
PHASES = {"budget": "approved", "adjusted": "adjusted", "final_account": "executed"}
_TYPES = {
    "varchar": "string",
    "integer": "integer",
    "bigint": "integer",
    "hugeint": "integer",
    "double": "number",
    "boolean": "boolean",
    "date": "date",
    "timestamp": "datetime",
    "varchar[]": "array",
}
_MEASURES = {  # table → direction; revenue and expenditure as the table itself says
    "fct_revenue": "revenue",
    "fct_expenditure": "expenditure",
    "fct_general_public_expenditure": "expenditure",
    "fct_basic_expenditure": "expenditure",
    "fct_three_public": "expenditure",
    "fct_agency_operating_expense": "expenditure",
    "fct_project": "expenditure",
    "fct_procurement": "expenditure",
}
_DIMENSIONS: dict[str, dict[str, Any]] = {
    "fiscal-year": {"dimensionType": "datetime", "fields": ["fiscal_year"]},
    "functional": {
        "dimensionType": "classification",
        "classificationType": "functional",
        "fields": ["function_code", "function_name", "class_code"],
    },
    "economic": {
        "dimensionType": "classification",
        "classificationType": "economic",
        "fields": ["economic_item", "government_item"],
    },
    "administrative": {
        "dimensionType": "classification",
        "classificationType": "administrative",
        "fields": ["organisation_id"],
    },
    "location": {"dimensionType": "location", "fields": ["county_code"]},
    "phase": {"dimensionType": "other", "fields": ["phase"]},
    "funding-source": {"dimensionType": "other", "fields": ["funding_source_code"]},
    "project": {"dimensionType": "activity", "fields": ["project_id", "project_name"]},
}


@functools.cache
def _models() -> dict[str, dict[str, Any]]:
    held = {}
    for schema in ("marts", "quality"):
        for path in sorted((MODELS / schema).glob("*.yml")):
            for model in (yaml.safe_load(path.read_text(encoding="utf-8")) or {}).get("models", []):
                held[f"{schema}.{model['name']}"] = model
    return held


def describe(
    folder: Path, *, build_id: str, published_at: str, known: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """The descriptor of the Parquet files below ``folder/parquet``.

    ``known``: hashes already computed, by path relative to ``folder``. A table published as one
    file a fiscal year is one resource with several paths. Raises KeyError for a type that no rule
    gives a Frictionless type to.
    """
    by_table: dict[str, list[Path]] = defaultdict(list)
    for path in sorted((folder / "parquet").rglob("*.parquet")):
        schema, name = path.relative_to(folder / "parquet").parts[:2]
        by_table[f"{schema}.{name.removesuffix('.parquet')}"].append(path)
    resources = [
        _resource(folder, table, paths, known or {})
        for table, paths in by_table.items()
        if table in _models()
    ]
    tables = {r["name"]: r for r in resources}
    return {
        "$schema": "https://datapackage.org/profiles/1.0/datapackage.json",
        "profile": "data-package",
        "name": "county-department-budgets",
        "title": "县级部门预算公开 · published budgets of county departments",
        "description": f"{DISCLAIMER} Amounts in fields ending in _wan are in 万元 (10 000 yuan), in "
        "fields ending in _yuan in yuan. Blank is null and is not zero.",
        "id": build_id,
        "version": build_id,
        "created": published_at,
        "keywords": ["部门预算", "budget", "China", "county"],
        "countryCode": "CN",
        "granularity": "aggregated",
        "resources": resources,
        "model": {"measures": _measures(tables), "dimensions": _dimensions(tables)},
        "phases": PHASES,
    }


def write(
    folder: Path, *, build_id: str, published_at: str, known: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Write ``folder/datapackage.json``, before the folder is published; returns its hash by name."""
    described = describe(folder, build_id=build_id, published_at=published_at, known=known)
    content = json.dumps(described, ensure_ascii=False, indent=1).encode()
    (folder / FILE).write_bytes(content)
    return {FILE: hashlib.sha256(content).hexdigest()}


# --- parts ------------------------------------------------------------------------------------


def resource_name(table: str) -> str:
    """``marts.fct_project`` → ``marts-fct-project``: names of resources are lower case, no dots."""
    return table.replace(".", "-").replace("_", "-")


def _resource(
    folder: Path, table: str, paths: Iterable[Path], known: Mapping[str, str]
) -> dict[str, Any]:
    model = _models()[table]
    files: list[dict[str, Any]] = []
    for path in paths:
        name = path.relative_to(folder).as_posix()
        files.append(
            {"path": name, "bytes": path.stat().st_size, "hash": _hash(path, known.get(name))}
        )
    held: dict[str, Any] = {
        "name": resource_name(table),
        "title": table,
        "description": " ".join(model["description"].split()),
        "path": files[0]["path"] if len(files) == 1 else [f["path"] for f in files],
        "format": "parquet",
        "mediatype": "application/vnd.apache.parquet",
    }
    if len(files) == 1:
        held |= {"bytes": files[0]["bytes"], "hash": files[0]["hash"]}
    else:  # the specification has one hash a resource: each file's own stands here
        held |= {"bytes": sum(f["bytes"] for f in files), "files": files}
    # an empty text is a text ('' where a cell is blank), only null is missing
    held["schema"] = {"fields": [_field(c) for c in model["columns"]], "missingValues": []}
    if key := _primary_key(model):
        held["schema"]["primaryKey"] = key
    return held


def _hash(path: Path, known: str | None) -> str:
    if known is None:
        with path.open("rb") as file:
            known = hashlib.file_digest(file, "sha256").hexdigest()
    return f"sha256:{known}"


def _field(column: Mapping[str, Any]) -> dict[str, Any]:
    kind = column["data_type"]
    held = {
        "name": column["name"],
        "type": "number" if kind.startswith("decimal(") else _TYPES[kind],
        "description": " ".join(column["description"].split()),
    }
    constraints = {c["type"] for c in column.get("constraints", [])}
    if "not_null" in constraints:
        held["constraints"] = {"required": True}
    return held


def _primary_key(model: Mapping[str, Any]) -> list[str] | None:
    for column in model["columns"]:
        if "unique" in column.get("data_tests", []):
            return [column["name"]]
    for test in model.get("data_tests", []):
        if isinstance(test, dict) and "unique_combination" in test:
            columns: list[str] = test["unique_combination"]["arguments"]["columns"]
            return columns
    return None


def _measures(tables: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Every summable amount: where it lies, its currency, its factor and its direction."""
    found = {}
    for table, direction in _MEASURES.items():
        name = resource_name(f"marts.{table}")
        for field in tables.get(name, {}).get("schema", {}).get("fields", []):
            unit = {"amount_wan": 10000, "amount_yuan": 1}.get(field["name"])
            if unit is not None:
                found[f"{name}-{field['name'].replace('_', '-')}"] = {
                    "resource": name,
                    "source": field["name"],
                    "currency": "CNY",
                    "factor": unit,
                    "direction": direction,
                }
    return found


def _dimensions(tables: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    found = {}
    wanted = [resource_name(f"marts.{t}") for t in _MEASURES]
    for name, said in _DIMENSIONS.items():
        attributes = {
            field: {"source": field, "resource": resource}
            for resource in wanted
            for field in said["fields"]
            if any(
                f["name"] == field
                for f in tables.get(resource, {}).get("schema", {}).get("fields", [])
            )
        }
        if attributes:
            kept = {k: v for k, v in said.items() if k != "fields"}
            found[name] = kept | {
                "attributes": attributes,
                "primaryKey": [f for f in said["fields"] if f in attributes][:1],
            }
    return found
