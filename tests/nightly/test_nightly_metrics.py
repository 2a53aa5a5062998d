"""Metrics of steps arrive at a collector, and a collector that is away costs no night."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from nightly import metrics, steps
from nightly.settings import Settings


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, dict[str, Any]]]]:
    """Every point that arrived: name of the metric, its attributes and value."""
    points: list[tuple[str, dict[str, Any]]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            for resource in ExportMetricsServiceRequest.FromString(body).resource_metrics:
                for metric in resource.scope_metrics[0].metrics:
                    data = metric.gauge if metric.HasField("gauge") else metric.sum
                    for point in data.data_points:
                        told = {a.key: a.value.string_value for a in point.attributes}
                        points.append(
                            (metric.name, told | {"value": point.as_double or point.as_int})
                        )
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    yield points
    server.shutdown()
    server.server_close()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return replace(Settings.from_environment(), data=tmp_path)


def test_a_step_tells_its_time_its_success_and_its_numbers(
    settings: Settings, collector: list[tuple[str, dict[str, Any]]]
) -> None:
    with steps.outcome(settings, "parse_batch", "r") as result:
        result.update(
            documents=3, outcomes={"parsed": 2, "damaged": 1}, batch_id="x", warnings=["a", "b"]
        )
    with pytest.raises(ZeroDivisionError), steps.outcome(settings, "crawl_host www.x.gov.cn", "r"):
        raise ZeroDivisionError
    by_name = {(n, p.get("name"), p["step"]): p["value"] for n, p in collector}
    assert by_name["budgets.step.result", "documents", "parse_batch"] == 3
    assert by_name["budgets.step.result", "outcomes.damaged", "parse_batch"] == 1
    assert by_name["budgets.step.result", "warnings.count", "parse_batch"] == 2
    assert ("budgets.step.duration", None, "parse_batch") in by_name
    runs = {(p["step"], p["success"]) for n, p in collector if n == "budgets.step.runs"}
    assert runs == {("parse_batch", "yes"), ("crawl_host", "no")}
    assert "www.x.gov.cn" not in repr(collector), "a host is no attribute"


def test_without_a_collector_nothing_is_sent_and_nothing_fails(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr(metrics, "PATIENCE", 1)
    with steps.outcome(settings, "load", "r") as result:
        result["rows"] = 1
    assert steps.step_outcomes(settings)[0]["success"] is True
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_ENDPOINT")
    assert not metrics.is_on()


def test_texts_and_flags_are_no_numbers() -> None:
    found = dict(
        metrics.numbers({"a": True, "b": "x", "c": {"d": 2, "青岚县": 3}, "timings": {"m": 1}})
    )
    assert found == {"c.d": 2.0}
