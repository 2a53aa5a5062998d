"""Metrics (运行指标) of the steps, over OpenTelemetry, beside those that Airflow sends itself.

Sent where ``OTEL_EXPORTER_OTLP_ENDPOINT`` (or ``…_METRICS_ENDPOINT``) names a collector, as OTLP
over HTTP; otherwise nothing is imported and nothing is sent. Each step sends at its end:

========================  =========  ==========================================================
``budgets.step.duration``  gauge      seconds, by ``step``
``budgets.step.runs``      counter    1, by ``step`` and ``success``
``budgets.step.result``    gauge      every whole or decimal number of the step's report, by
                                      ``step`` and ``name`` (``documents``, ``outcomes.damaged``)
========================  =========  ==========================================================

Hosts, titles and errors are no attributes: a metric holds numbers and names of our own.
A collector that is away costs :data:`PATIENCE` seconds a step, and a line in the log.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["is_on", "numbers", "send"]

log = logging.getLogger(__name__)

PATIENCE = 3


def is_on() -> bool:
    return bool(
        os.environ.get("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT")
        or os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT")
    )


def numbers(
    report: Mapping[str, Any], before: str = "", depth: int = 2
) -> Iterator[tuple[str, float]]:
    """Numbers of a step's report with their names; lists count as their length, texts not at all."""
    for key, value in report.items():
        name = f"{before}{key}"
        if isinstance(value, bool) or not name.replace(".", "").replace("_", "").isascii():
            continue
        if isinstance(value, int | float):
            yield name, float(value)
        elif isinstance(value, list):
            yield f"{name}.count", float(len(value))
        elif isinstance(value, Mapping) and depth > 1 and name != "timings":
            yield from numbers(value, f"{name}.", depth - 1)


def send(step: str, seconds: float, report: Mapping[str, Any], *, success: bool) -> None:
    """Send what a step did. Never raises: a night does not fail for want of a collector."""
    if not is_on():
        return
    try:
        _send(step.partition(" ")[0], seconds, report, success=success)
    except Exception as error:
        log.warning("metrics of %s were not sent: %s", step, error)


def _send(step: str, seconds: float, report: Mapping[str, Any], *, success: bool) -> None:
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
    from opentelemetry.sdk.resources import Resource

    reader = PeriodicExportingMetricReader(
        OTLPMetricExporter(timeout=PATIENCE), export_interval_millis=float("inf")
    )
    name = os.environ.get("OTEL_SERVICE_NAME", "budgets")
    provider = MeterProvider(
        [reader], Resource.create({"service.name": name}), shutdown_on_exit=False
    )
    try:
        meter = provider.get_meter("budgets")
        meter.create_gauge("budgets.step.duration", "s").set(seconds, {"step": step})
        meter.create_counter("budgets.step.runs").add(
            1, {"step": step, "success": "yes" if success else "no"}
        )
        result = meter.create_gauge("budgets.step.result")
        for key, value in numbers(report):
            result.set(value, {"step": step, "name": key})
        provider.force_flush(timeout_millis=PATIENCE * 1000)
    finally:
        provider.shutdown(timeout_millis=PATIENCE * 1000)
