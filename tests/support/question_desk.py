"""An empty warehouse with the published tables of the contracts, to be filled with a few rows."""

from __future__ import annotations

from typing import Any

import duckdb

from warehouse.questions import published_columns

DOCUMENT = {
    "county": "甲县",
    "county_code": "140001",
    "department": "甲县某局",
    "fiscal_year": 2026,
    "phase": "budget",
    "scope": "department",
    "is_additive": True,
    "is_current": True,
    "source_url": "https://example.invalid/a.pdf",
}


def desk(**rows: list[dict[str, Any]]) -> duckdb.DuckDBPyConnection:
    """Tables named ``marts__fct_project`` and so on; a missing column is NULL."""
    connection = duckdb.connect()
    for schema in ("marts", "quality"):
        connection.execute(f"create schema {schema}")
    for name, columns in published_columns().items():
        listed = ", ".join(f'"{c}" {kind}' for c, kind in columns)
        connection.execute(f"create table {name} ({listed})")
    for key, given in rows.items():
        name = key.replace("__", ".")
        for row in given:
            assert set(row) <= {c for c, _ in published_columns()[name]}, (name, row)
            connection.execute(
                f"insert into {name} ({', '.join(row)}) values ({', '.join('?' * len(row))})",
                list(row.values()),
            )
    return connection
