"""``bi/dashboards.yml`` → the folder that ``superset import-directory`` reads.

One compact page says what the dashboards (数据看板) show; Superset's own files repeat everything
many times and are written from it. Names are derived from content, so that an import over an
earlier one replaces it; ``ops.bi`` takes away what is declared no more.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import yaml

from ops.airflow_home import ROOT

__all__ = ["DATABASE", "DECLARED", "Problem", "declared", "imported", "write_import"]

DECLARED = ROOT / "bi" / "dashboards.yml"
DATABASE = "budgets"
_SPACE = uuid.UUID("3f6f1c3e-5d0e-4f0f-9c55-0b7d7f3f4f1a")
_WIDTH = 12
_NUMBER, _MONEY = ",.2~f", ",.2f"
_HEIGHTS = {"number": 20, "bar": 60, "pie": 60, "table": 70, "pivot": 60}


class Problem(ValueError):
    """The declaration asks for what it does not declare; says where and what to do."""


def declared(path: Path = DECLARED) -> dict[str, Any]:
    """The declaration, with every name in it looked up once.

    Raises:
        Problem: a chart of a dataset, column or kind that is not there.
    """
    content: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    datasets = content["datasets"]
    for dataset in datasets.values():
        dataset["sql"] = dataset["sql"].format(**content["words"])
    for board in content["dashboards"]:
        slug = board["slug"]
        board.setdefault("single", [])
        known = {c for name in _used(board) for c in datasets.get(name, {}).get("columns", ())}
        for column in (*board["filters"], *board["single"]):
            if column not in known:
                raise Problem(f"{path.name}: {slug}: no dataset of this dashboard has {column!r}")
        for kind, title, dataset, asked in _charts(board):
            where = f"{path.name}: {slug}: {title}"
            if kind not in _HEIGHTS:
                raise Problem(f"{where}: kind {kind!r}; one of {', '.join(_HEIGHTS)}")
            if dataset not in datasets:
                raise Problem(f"{where}: dataset {dataset!r} is not declared")
            columns = datasets[dataset]["columns"]
            for column in _columns_asked(asked):
                if column not in columns:
                    raise Problem(f"{where}: {dataset} has no column {column!r}")
    return content


def _charts(board: Mapping[str, Any]) -> list[tuple[str, str, str, dict[str, Any]]]:
    return [tuple(chart) for row in board["rows"] for chart in row]


def _used(board: Mapping[str, Any]) -> set[str]:
    return {dataset for _, _, dataset, _ in _charts(board)}


def _columns_asked(asked: Mapping[str, Any]) -> list[str]:
    found: list[str] = []
    for key in ("by", "split", "columns", "rows", "order"):
        value = asked.get(key, [])
        found += [value] if isinstance(value, str) else value
    return found


def _id(*names: str) -> str:
    return str(uuid.uuid5(_SPACE, "/".join(names)))


def write_import(folder: Path, published: Path) -> list[str]:
    """Write the folder; column types come from ``published`` (the DuckDB file that BI reads).

    Returns the addresses of the dashboards (``/superset/dashboard/<slug>/``).
    """
    content = declared()
    _write(folder / "metadata.yaml", {"version": "1.0.0", "type": "Dashboard"})
    _write(
        folder / "databases" / f"{DATABASE}.yaml",
        {
            "database_name": DATABASE,
            "sqlalchemy_uri": f"duckdb:///{published}",
            "expose_in_sqllab": True,
            "allow_ctas": False,
            "allow_cvas": False,
            "allow_dml": False,
            "allow_file_upload": False,
            "cache_timeout": 60,
            # config comes before the connection: files and extensions stay closed to SQL Lab
            "extra": {
                "engine_params": {
                    "connect_args": {
                        "read_only": True,
                        "config": {"enable_external_access": False, "lock_configuration": True},
                    }
                }
            },
            "uuid": _id(DATABASE),
            "version": "1.0.0",
        },
    )
    with duckdb.connect(str(published), read_only=True) as con:
        for name, dataset in content["datasets"].items():
            types = {
                row[0]: (row[1], "TIME" in row[1] or row[1] == "DATE")
                for row in con.execute(f"describe {dataset['sql']}").fetchall()
            }
            _write(
                folder / "datasets" / DATABASE / f"{name}.yaml",
                _dataset(name, dataset, types),
            )
    for board in content["dashboards"]:
        for kind, title, dataset, asked in _charts(board):
            chart = _chart(board["slug"], kind, title, dataset, asked)
            if kind == "table":
                chart["params"]["column_config"] = {
                    column: _column(column, content["widths"]) for column in asked["columns"]
                }
            if kind == "pivot":
                names = content["datasets"][dataset]["columns"]
                for side in ("groupbyRows", "groupbyColumns"):
                    chart["params"][side] = [_named(c, names[c]) for c in chart["params"][side]]
            _write(folder / "charts" / f"{chart['uuid']}.yaml", chart)
        _write(folder / "dashboards" / f"{board['slug']}.yaml", _dashboard(board, content))
    return [f"/superset/dashboard/{board['slug']}/" for board in content["dashboards"]]


def imported(folder: Path) -> set[str]:
    """Ids of the charts and dashboards of a folder that :func:`write_import` wrote."""
    return {
        str(yaml.safe_load(path.read_text(encoding="utf-8"))["uuid"])
        for kind in ("charts", "dashboards")
        for path in (folder / kind).glob("*.yaml")
    }


def _write(path: Path, content: Mapping[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")


def _dataset(
    name: str, dataset: Mapping[str, Any], types: Mapping[str, tuple[str, bool]]
) -> dict[str, Any]:
    if list(types) != list(dataset["columns"]):
        raise Problem(
            f"{DECLARED.name}: {name}: the SQL gives {list(types)}, declared are "
            f"{list(dataset['columns'])}: name them alike and in the same order"
        )
    return {
        "table_name": dataset["title"],
        "sql": dataset["sql"],
        "main_dttm_col": None,
        "schema": "marts",
        "source_db_engine": "duckdb",
        "filter_select_enabled": True,
        "normalize_columns": False,
        "always_filter_main_dttm": False,
        "metrics": [],
        "columns": [
            {
                "column_name": column,
                "verbose_name": title,
                "type": types[column][0],
                "is_dttm": types[column][1],
                "groupby": True,
                "filterable": True,
                "is_active": True,
            }
            for column, title in dataset["columns"].items()
        ],
        "database_uuid": _id(DATABASE),
        "uuid": _id(DATABASE, name),
        "version": "1.0.0",
    }


def _metric(sql: str, label: str) -> dict[str, Any]:
    return {"expressionType": "SQL", "sqlExpression": sql, "label": label, "hasCustomLabel": True}


def _column(name: str, widths: Mapping[str, int]) -> dict[str, Any]:
    """How a table shows a column: money with separators and two decimals, addresses cut short."""
    shown: dict[str, Any] = {}
    if name in widths:
        shown |= {"columnWidth": widths[name], "truncateLongCells": name == "source_url"}
    if name.endswith("_wan"):
        shown["d3NumberFormat"] = _MONEY
    if name in ("difference", "tolerance"):
        shown["d3NumberFormat"] = ",.4~f"
    return shown


def _named(column: str, title: str) -> dict[str, Any]:
    """A column under its title: a pivot's headings do not know the dataset's."""
    return {"expressionType": "SQL", "sqlExpression": column, "label": title}


def _look(kind: str, title: str, asked: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Superset's name of the kind, and what this chart sets of it."""
    metric = _metric(asked["metric"], title) if "metric" in asked else None
    number = _MONEY if "_wan" in asked.get("metric", "") else _NUMBER
    split = [asked["split"]] if isinstance(asked.get("split"), str) else asked.get("split", [])
    match kind:
        case "number":
            return "big_number_total", {"metric": metric, "y_axis_format": number}
        case "pie":
            return "pie", {
                "groupby": [asked["by"]],
                "metric": metric,
                "number_format": number,
                # three short lines, and room for them: a longer label would be cut
                "label_type": "template",
                "label_template": r"{name}\n{value}\n{percent}",
                "outerRadius": 50,
                "show_legend": False,
                "row_limit": 20,
                "sort_by_metric": True,
            }
        case "bar":
            return "echarts_timeseries_bar", {
                "x_axis": asked["by"],
                "metrics": [metric],
                "groupby": split,
                "orientation": "horizontal",
                "x_axis_sort": title,
                "x_axis_sort_asc": True,
                "y_axis_format": number,
                "row_limit": 20,
                "show_legend": bool(split),
                "show_value": True,
                "stack": "Stack" if split else None,
                "truncate_metric": True,
            }
        case "table":
            order = asked.get("order")
            return "table", {
                "query_mode": "raw",
                "all_columns": asked["columns"],
                "order_by_cols": [f'["{order}", false]'] if order else [],
                "row_limit": 1000,
                "server_pagination": False,
                "page_length": 20,
                "include_search": True,
                "allow_render_html": False,
                "show_cell_bars": False,
            }
        case "pivot":
            return "pivot_table_v2", {
                "groupbyRows": asked["rows"],
                "groupbyColumns": split,
                "metrics": [metric],
                "aggregateFunction": "Sum",
                "valueFormat": number,
                "rowTotals": False,
                "colTotals": False,
            }
    raise Problem(f"no chart is of kind {kind!r}")


def _chart(
    slug: str, kind: str, title: str, dataset: str, asked: Mapping[str, Any]
) -> dict[str, Any]:
    viz, look = _look(kind, title, asked)
    where = [
        {"expressionType": "SQL", "clause": "WHERE", "sqlExpression": condition}
        for condition in [asked.get("where")]
        if condition
    ]
    return {
        "slice_name": title,
        "viz_type": viz,
        "params": {"viz_type": viz, "adhoc_filters": where, "time_range": "No filter", **look},
        "query_context": None,
        "cache_timeout": None,
        "uuid": _id(slug, title),
        "dataset_uuid": _id(DATABASE, dataset),
        "version": "1.0.0",
    }


def _dashboard(board: Mapping[str, Any], content: Mapping[str, Any]) -> dict[str, Any]:
    slug = board["slug"]
    position: dict[str, Any] = {
        "DASHBOARD_VERSION_KEY": "v2",
        "ROOT_ID": {"type": "ROOT", "id": "ROOT_ID", "children": ["GRID_ID"]},
        "GRID_ID": {"type": "GRID", "id": "GRID_ID", "children": [], "parents": ["ROOT_ID"]},
        "HEADER_ID": {"type": "HEADER", "id": "HEADER_ID", "meta": {"text": board["title"]}},
    }

    def add(kind: str, name: str, parent: str, meta: Mapping[str, Any]) -> None:
        parents = [*position[parent].get("parents", []), parent]
        position[name] = {
            "type": kind,
            "id": name,
            "children": [],
            "parents": parents,
            "meta": dict(meta),
        }
        position[parent]["children"].append(name)

    row_meta = {"background": "BACKGROUND_TRANSPARENT"}
    add("ROW", "ROW-note", "GRID_ID", row_meta)
    add(
        "MARKDOWN",
        "MARKDOWN-note",
        "ROW-note",
        {
            "width": _WIDTH,
            "height": 14,
            "code": "\n\n".join([board["note"], *content["notes"]]),
        },
    )
    numbered = 0
    for number, row in enumerate(board["rows"]):
        name = f"ROW-{number}"
        add("ROW", name, "GRID_ID", row_meta)
        for kind, title, _, _ in row:
            numbered += 1
            chart = _id(slug, title)
            add(
                "CHART",
                f"CHART-{chart[:8]}",
                name,
                {
                    "width": _WIDTH // len(row),
                    "height": _HEIGHTS[kind],
                    "sliceName": title,
                    "uuid": chart,
                    "chartId": numbered,  # the import puts its own in its place
                },
            )
    return {
        "dashboard_title": board["title"],
        "slug": slug,
        "description": board["note"],
        "published": True,
        "css": "",
        "position": position,
        "metadata": {
            "color_scheme": "supersetColors",
            "cross_filters_enabled": True,
            "native_filter_configuration": [
                _filter(slug, column, board, content) for column in board["filters"]
            ],
        },
        "uuid": _id(slug),
        "version": "1.0.0",
    }


def _filter(
    slug: str, column: str, board: Mapping[str, Any], content: Mapping[str, Any]
) -> dict[str, Any]:
    having: Sequence[str] = [
        name
        for name in content["datasets"]
        if name in _used(board) and column in content["datasets"][name]["columns"]
    ]
    single = column in board["single"]
    return {
        "id": f"NATIVE_FILTER-{_id(slug, 'filter', column)[:8]}",
        "name": content["datasets"][having[0]]["columns"][column],
        "filterType": "filter_select",
        "type": "NATIVE_FILTER",
        "targets": [{"datasetUuid": _id(DATABASE, having[0]), "column": {"name": column}}],
        "scope": {"rootPath": ["ROOT_ID"], "excluded": []},
        "cascadeParentIds": [],
        "requiredFirst": single,  # without it the first value is shown and not applied
        "defaultDataMask": {"extraFormData": {}, "filterState": {}, "ownState": {}},
        "controlValues": {
            "multiSelect": not single,
            "enableEmptyFilter": single,
            "defaultToFirstItem": single,
            "inverseSelection": False,
            "searchAllOptions": False,
            "sortAscending": column != "fiscal_year",
        },
    }
