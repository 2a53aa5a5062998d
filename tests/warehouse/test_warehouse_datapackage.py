"""The data package beside the published Parquet: what it says is what the files are."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import jsonschema
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from warehouse.datapackage import FILE, describe
from warehouse.layout import Layout

NAME = {"type": "string", "pattern": r"^[-a-z0-9._/]+$"}
PATH = {"type": "string", "pattern": r"^(?!/)(?!.*\.\.)(?!.*\\).+$"}  # relative, inside the package
HASH = {"type": "string", "pattern": "^sha256:[0-9a-f]{64}$"}
# what the Data Package, Table Schema and Fiscal Data Package (0.3) specifications ask for
SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["name", "resources", "model", "created", "countryCode"],
    "properties": {
        "name": NAME,
        "created": {"type": "string", "format": "date-time"},
        "countryCode": {"type": "string", "pattern": "^[A-Z]{2}$"},
        "granularity": {"enum": ["aggregated", "transactional"]},
        "resources": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["name", "path", "schema", "bytes", "format", "mediatype"],
                "properties": {
                    "name": NAME,
                    "path": {"oneOf": [PATH, {"type": "array", "items": PATH, "minItems": 1}]},
                    "bytes": {"type": "integer", "minimum": 1},
                    "hash": HASH,
                    "description": {"type": "string", "minLength": 5},
                    "files": {
                        "type": "array",
                        "items": {"required": ["path", "bytes", "hash"], "properties": {"hash": HASH}},
                    },
                    "schema": {
                        "type": "object",
                        "required": ["fields"],
                        "properties": {
                            "fields": {
                                "type": "array",
                                "minItems": 1,
                                "items": {
                                    "required": ["name", "type", "description"],
                                    "properties": {
                                        "type": {
                                            "enum": [
                                                "string", "number", "integer", "boolean", "date",
                                                "datetime", "array",
                                            ]
                                        }
                                    },
                                },
                            },
                            "primaryKey": {"type": "array", "items": {"type": "string"}},
                        },
                    },
                },
                "anyOf": [{"required": ["hash"]}, {"required": ["files"]}],
            },
        },
        "model": {
            "type": "object",
            "required": ["measures", "dimensions"],
            "properties": {
                "measures": {
                    "type": "object",
                    "minProperties": 1,
                    "additionalProperties": {
                        "required": ["source", "resource", "currency", "factor", "direction"],
                        "properties": {
                            "currency": {"const": "CNY"},
                            "factor": {"enum": [1, 10000]},
                            "direction": {"enum": ["expenditure", "revenue"]},
                        },
                    },
                },
                "dimensions": {
                    "type": "object",
                    "minProperties": 1,
                    "additionalProperties": {
                        "required": ["dimensionType", "attributes", "primaryKey"],
                        "properties": {
                            "dimensionType": {
                                "enum": [
                                    "datetime", "entity", "classification", "activity", "fact",
                                    "location", "other",
                                ]
                            },
                            "classificationType": {
                                "enum": ["functional", "administrative", "economic"]
                            },
                        },
                        "if": {"properties": {"dimensionType": {"const": "classification"}}},
                        "then": {"required": ["classificationType"]},
                    },
                },
            },
        },
    },
}  # fmt: skip
ARROW = {
    "string": pa.types.is_string,
    "number": lambda t: pa.types.is_decimal(t) or pa.types.is_floating(t),
    "integer": lambda t: (
        pa.types.is_integer(t) or pa.types.is_floating(t)
    ),  # Parquet has no hugeint
    "boolean": pa.types.is_boolean,
    "date": pa.types.is_date,
    "datetime": pa.types.is_timestamp,
    "array": pa.types.is_list,
}

pytestmark = pytest.mark.xdist_group("night")


@pytest.fixture(scope="module")
def published(finished_night: Path) -> Path:
    return Layout(finished_night).current_path.resolve()


@pytest.fixture(scope="module")
def package(published: Path) -> dict[str, Any]:
    held: dict[str, Any] = json.loads((published / FILE).read_text(encoding="utf-8"))
    return held


def paths(resource: dict[str, Any]) -> list[str]:
    return resource["path"] if isinstance(resource["path"], list) else [resource["path"]]


def test_it_is_a_data_package_and_a_fiscal_one(package: dict[str, Any]) -> None:
    checker = jsonschema.Draft202012Validator(SCHEMA)
    checker.validate(package)
    broken = package | {"model": {"measures": {"a": {"currency": "USD"}}, "dimensions": {}}}
    assert not checker.is_valid(broken)


def test_every_parquet_file_is_in_it_with_its_bytes_and_hash(
    package: dict[str, Any], published: Path
) -> None:
    told = {}
    for resource in package["resources"]:
        for file in resource.get("files", [resource]):
            told[file["path"]] = (file["bytes"], file["hash"])
    files = {
        p.relative_to(published).as_posix(): p
        for p in (published / "parquet").rglob("*.parquet")
        if p.relative_to(published).parts[1] in ("marts", "quality")
    }
    assert set(told) == set(files)
    for name, path in files.items():
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        assert told[name] == (path.stat().st_size, f"sha256:{digest}")


def test_fields_are_those_of_the_files(package: dict[str, Any], published: Path) -> None:
    for resource in package["resources"]:
        for name in paths(resource):
            held = pq.ParquetFile(published / name).schema_arrow
            declared = {f["name"]: f["type"] for f in resource["schema"]["fields"]}
            assert set(declared) == set(held.names), resource["name"]
            for field in held:
                assert ARROW[declared[field.name]](field.type), (resource["name"], field)


def test_what_the_model_points_at_is_there(package: dict[str, Any]) -> None:
    fields = {r["name"]: {f["name"] for f in r["schema"]["fields"]} for r in package["resources"]}
    model = package["model"]
    pointers = list(model["measures"].values())
    for dimension in model["dimensions"].values():
        pointers += dimension["attributes"].values()
        assert set(dimension["primaryKey"]) <= set(dimension["attributes"])
    assert all(p["source"] in fields[p["resource"]] for p in pointers)
    kinds = {d.get("classificationType") for d in model["dimensions"].values()}
    assert {"functional", "economic", "administrative"} <= kinds
    factors = {(m["source"], m["factor"]) for m in model["measures"].values()}
    assert factors == {("amount_wan", 10000), ("amount_yuan", 1)}
    assert package["phases"] == {
        "budget": "approved", "adjusted": "adjusted", "final_account": "executed"
    }  # fmt: skip


def test_an_empty_text_is_not_missing(package: dict[str, Any]) -> None:
    assert all(r["schema"]["missingValues"] == [] for r in package["resources"])


def test_the_manifest_knows_it(published: Path) -> None:
    manifest = json.loads((published / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["files"][FILE] == hashlib.sha256((published / FILE).read_bytes()).hexdigest()
    assert manifest["build_id"] == json.loads((published / FILE).read_text())["version"]


def test_a_table_in_several_files_is_one_resource(tmp_path: Path) -> None:
    for year in (2025, 2026):
        path = tmp_path / "parquet/marts/dim_form" / f"fiscal_year={year}/part.parquet"
        path.parent.mkdir(parents=True)
        pq.write_table(pa.table({"form": ["T01"], "form_name": ["a"], "form_name_en": ["b"]}), path)
    (resource,) = describe(tmp_path, build_id="b", published_at="2026-01-01T00:00:00Z")["resources"]
    assert resource["name"] == "marts-dim-form"
    assert len(resource["path"]) == len(resource["files"]) == 2
    assert "hash" not in resource
