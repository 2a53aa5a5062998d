"""The face of Great Expectations' Data Docs site: pages a Chinese reader can use offline.

Great Expectations builds the site (``SiteBuilder``: stores, addresses, history); the classes
here are its documented plug-in points – a renderer for each kind of page and one view – because
the built-in pages are English only and need style sheets and scripts from five foreign hosts,
without which the index shows no table at all. Everything here is one static page each: no
script, no font, no address outside the site.

The renderers get Great Expectations' objects and give plain dictionaries; the view turns these
into HTML with the templates of this package. Nothing here imports Great Expectations.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = [
    "IndexBuilder",
    "SuitePage",
    "ValidationPage",
    "View",
    "counts",
    "environment",
    "index_document",
    "read_runs",
    "shorten",
]

TEMPLATES = Path(__file__).resolve().parent / "templates"
SHANGHAI = ZoneInfo("Asia/Shanghai")
ROWS_SHOWN = 100  # Great Expectations keeps at most 200; a person reads fewer

LEVELS = {
    "stop": ("停止发布", "stops the publication"),
    "finding": ("核对提示", "finding"),
    "note": ("备注", "note"),
}


HEADINGS = {
    "document": "文本",
    "document_id": "文本标识",
    "form": "表号",
    "finding": "核对提示",
    "identity": "勾稽关系",
    "evaluated": "已算",
    "violated": "不符",
    "exact": "相等",
    "rounding": "尾差",
    "table": "表",
    "column": "列",
    "key": "键",
    "rows": "行数",
    "verdict": "读取判定",
    "status": "状态",
    "outcome": "结论",
    "files": "原件数",
    "documents": "文本数",
    "instances": "实例数",
    "expected": "约定",
    "found": "实际",
    "landed_amounts": "落地个数",
    "mart_amounts": "集市个数",
    "landed_fen": "落地合计（分）",
    "mart_fen": "集市合计（分）",
    "unit": "单位",
    "factor": "折算系数",
    "row_count": "表行数",
}
"""Column of a frame → heading; a column not listed is shown by its own name."""


@cache
def environment() -> Environment:
    """Jinja environment of this package's templates; everything is escaped."""
    from jinja2 import Environment, FileSystemLoader

    env = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    env.filters["when"] = lambda moment: moment.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")
    env.filters["shorten"] = shorten
    env.globals["levels"] = LEVELS
    env.globals["headings"] = HEADINGS
    return env


_HASH = re.compile(r"\b([0-9a-f]{12})[0-9a-f]{52}\b")


def shorten(text: str) -> str:
    """Fingerprints to their first 12 characters: enough to find the document, short to read."""
    return _HASH.sub(r"\1", text)


def _meta(config: Any) -> dict[str, Any]:
    meta = dict(config.meta or {})
    meta.setdefault("level", "stop")
    meta.setdefault("says", {"zh": config.description or config.type, "en": ""})
    meta.setdefault("remedy", {"zh": "", "en": ""})
    return meta


def _observed(result: Mapping[str, Any]) -> str:
    if result.get("observed_value") is not None:
        return str(result["observed_value"])
    if not result.get("element_count"):
        return "—"  # no row to look at: a quiet night, or an identity that nobody uses
    return f"{result.get('unexpected_count', 0)} / {result['element_count']}"


def _problem(exception_info: Mapping[str, Any]) -> str | None:
    """The message where an expectation could not be computed (flat, or one entry a metric)."""
    entries = [exception_info] if "raised_exception" in exception_info else exception_info.values()
    for entry in entries:
        if isinstance(entry, Mapping) and entry.get("raised_exception"):
            return str(entry.get("exception_message"))
    return None


def _failing_rows(result: Mapping[str, Any]) -> tuple[list[str], list[list[str]], int]:
    """Header, rows and the number left out, of the rows that failed one expectation."""
    rows = result.get("unexpected_index_list") or []
    names = list(dict.fromkeys(name for row in rows for name in row))
    # the keys come first, the column that failed last
    keys = list(result.get("unexpected_index_column_names") or [])
    names = [*keys, *(name for name in names if name not in keys)]
    shown = [[("" if row.get(n) is None else str(row.get(n))) for n in names] for row in rows]
    return names, shown[:ROWS_SHOWN], max(0, int(result.get("unexpected_count") or 0) - ROWS_SHOWN)


class ValidationPage:
    """One suite's result of one run (``DefaultSiteSectionBuilder``'s renderer)."""

    def __init__(self, data_context: Any = None) -> None:
        self._context = data_context

    def render(self, validation_results: Any, suite_parameters: Any = None) -> dict[str, Any]:
        found = validation_results
        run = found.meta["run_id"]
        run = run if isinstance(run, dict) else {"run_name": run.run_name, "run_time": run.run_time}
        time = run["run_time"]
        checks = []
        for evr in found.results:
            result = evr.result or {}
            header, rows, more = _failing_rows(result)
            checks.append(
                {
                    **_meta(evr.expectation_config),
                    "success": bool(evr.success),
                    "problem": _problem(evr.exception_info or {}),
                    "observed": _observed(result),
                    "header": header,
                    "rows": rows,
                    "more": more,
                }
            )
        order = {"stop": 0, "finding": 1, "note": 2}
        checks.sort(key=lambda check: (check["success"], order[check["level"]]))
        return {
            "page": "validation.html.j2",
            "root": "../" * 4,
            "suite": _suite_meta(self._context, found.suite_name),
            "suite_name": found.suite_name,
            "run_name": run["run_name"],
            "run_time": datetime.fromisoformat(time) if isinstance(time, str) else time,
            "success": bool(found.success),
            "checks": checks,
            "counts": counts(checks),
            "examined": any(check["observed"] != "—" for check in checks),
        }


def counts(checks: list[dict[str, Any]]) -> dict[str, int]:
    return {
        "all": len(checks),
        "passed": sum(check["success"] for check in checks),
        **{
            level: sum(not check["success"] and check["level"] == level for check in checks)
            for level in LEVELS
        },
    }


def _suite_meta(context: Any, name: str) -> dict[str, Any]:
    try:
        meta = dict(context.suites.get(name).meta)
    except Exception:  # the suite may have been renamed since: the page still shows its name
        meta = {}
    return _with_title(name, meta)


def _with_title(name: str, meta: Mapping[str, Any]) -> dict[str, Any]:
    text = {"zh": "", "en": ""}
    return {"title": {"zh": name, "en": name}, "about": text, "stage": "", **meta}


class SuitePage:
    """What one suite expects, and why (``expectations`` section)."""

    def render(self, suite: Any) -> dict[str, Any]:
        return {
            "page": "suite.html.j2",
            "root": "../",
            "suite_name": suite.name,
            "suite": _with_title(suite.name, suite.meta or {}),
            "checks": [
                {**_meta(expectation.configuration), "expect": expectation.configuration.type}
                for expectation in suite.expectations
            ],
        }


class IndexBuilder:
    """The front page (``site_index_builder``): last run of each stage in full, earlier a line each.

    It reads the run list that :mod:`expectations.enforce` keeps (30 runs), not every stored
    validation: those hold all failing rows, and loading them all would cost seconds a night.
    """

    def __init__(
        self, name: str, target_store: Any, runs_path: str, data_context: Any = None
    ) -> None:
        self.name = name
        self._target = target_store
        self._runs = Path(runs_path)
        self._context = data_context

    def build(self, skip_and_clean_missing: bool = True, build_index: bool = True) -> Any:
        if not build_index:
            return None, None
        runs = read_runs(self._runs)
        suites = sorted(self._context.suites.all(), key=lambda suite: str(suite.name))
        page = View().render(index_document(runs, [(s.name, dict(s.meta)) for s in suites]))
        return self._target.write_index_page(page), {"runs": len(runs)}


def read_runs(path: Path) -> list[dict[str, Any]]:
    """The kept runs, oldest first; an unreadable list counts as none (the site is derivable)."""
    try:
        runs = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return []
    return runs if isinstance(runs, list) else []


def index_document(
    runs: list[dict[str, Any]], suites: list[tuple[str, dict[str, Any]]]
) -> dict[str, Any]:
    """Runs (oldest first) and the declared suites → what ``index.html.j2`` shows."""
    shown = [{**run, "run_time": datetime.fromisoformat(run["run_time"])} for run in reversed(runs)]
    latest: list[dict[str, Any]] = []
    for stage in ("marts", "landing"):
        latest += [run for run in shown if run["stage"] == stage][:1]
    return {
        "page": "index.html.j2",
        "root": "./",
        "latest": latest,
        "earlier": [run for run in shown if run not in latest],
        "suites": [
            {"href": f"expectations/{name}.html", "name": name, **_with_title(name, meta)}
            for name, meta in sorted(suites, key=lambda one: (one[1].get("stage", ""), one[0]))
        ],
    }


class View:
    """Dictionary of a renderer → HTML, by the template it names."""

    def __init__(self, custom_styles_directory: Any = None, custom_views_directory: Any = None):
        del custom_styles_directory, custom_views_directory  # this package's own are used

    def render(self, document: Mapping[str, Any], template: str | None = None, **_: Any) -> str:
        return environment().get_template(template or document["page"]).render(document)
