"""The values of docs/kubernetes.md say what docker-compose.yml says: queues, settings, volumes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
BY_SECRET = {  # held in a secret that the page makes, or said by the chart itself
    "AIRFLOW__CORE__EXECUTOR",
    "AIRFLOW__CORE__EXECUTION_API_SERVER_URL",
    "AIRFLOW__CORE__FERNET_KEY",
    "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN",
    "AIRFLOW__API__BASE_URL",
    "AIRFLOW__API__SECRET_KEY",
    "AIRFLOW__API__WORKERS",
    "AIRFLOW__API_AUTH__JWT_SECRET",
    "AIRFLOW__CELERY__BROKER_URL",
    "AIRFLOW__CELERY__RESULT_BACKEND",
    "AIRFLOW__SCHEDULER__ENABLE_HEALTH_CHECK",
    "AIRFLOW__LOGGING__BASE_LOG_FOLDER",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "BUDGETS_ALERT_URLS",
    "BUDGETS_HEARTBEAT_URL",
}
OF_THE_PLACE = {"AWS_ENDPOINT_URL", "BUDGETS_CONTACT", "BUDGETS_SITES", "BUDGETS_UNVERIFIED_SITES"}


def blocks() -> list[Any]:
    page = (ROOT / "docs" / "kubernetes.md").read_text(encoding="utf-8")
    return [yaml.safe_load(b) for b in re.findall(r"```yaml\n(.*?)```", page, flags=re.S)]


def values() -> dict[str, Any]:
    return dict(next(b for b in blocks() if "executor" in b))


def services() -> dict[str, Any]:
    return dict(yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))["services"])


def worker_sets() -> dict[str, Any]:
    return {s["name"]: s for s in values()["workers"]["celery"]["sets"]}


@pytest.mark.parametrize("name", ["crawl", "parse", "ocr", "warehouse"])
def test_each_worker_serves_the_queues_and_holds_the_volumes_of_the_compose_file(name: str) -> None:
    ours, theirs = worker_sets()[name], services()[f"worker-{name}"]
    command = theirs["command"]
    assert ours["queue"] == command[command.index("--queues") + 1]
    [concurrency] = [e["value"] for e in ours["env"] if e["name"].endswith("CONCURRENCY")]
    assert concurrency == command[command.index("--concurrency") + 1]
    mounts = [*values()["volumeMounts"], *ours.get("extraVolumeMounts", [])]
    held = {(m["name"], m["mountPath"], bool(m.get("readOnly"))) for m in mounts}
    wanted = {
        (v.split(":")[0], v.split(":")[1], v.endswith(":ro"))
        for v in theirs["volumes"]
        if isinstance(v, str)
    } | {("decisions", "/decisions", True)}
    # logs are the chart's; the sample sites are not served there; evidence goes with the warehouse
    left_out = {"logs", "sample-site", "docs"}
    assert held == {m for m in wanted if m[0] not in left_out}
    volumes = [*values()["volumes"], *ours.get("extraVolumes", [])]
    names = [v["name"] for v in volumes]
    assert len(set(names)) == len(names), "a pod cannot have two volumes of one name"
    assert {m[0] for m in held} <= set(names)


def test_there_is_one_warehouse_worker_and_no_other_set() -> None:
    assert {f"worker-{n}" for n in worker_sets()} == {
        n for n in services() if n.startswith("worker-")
    }
    assert values()["workers"]["celery"]["enableDefault"] is False
    warehouse = worker_sets()["warehouse"]
    assert (warehouse["replicas"], warehouse["strategy"]) == (1, {"type": "Recreate"})


def test_every_setting_of_the_compose_file_has_its_value() -> None:
    given = {e["name"]: e["value"] for e in values()["env"]}
    wanted = services()["worker-parse"]["environment"]
    assert wanted.keys() - BY_SECRET <= given.keys()
    for name in wanted.keys() - BY_SECRET - OF_THE_PLACE:
        assert given[name] == str(wanted[name]), name
    assert not given.keys() & BY_SECRET


def test_every_claim_is_made() -> None:
    [claims] = [b["items"] for b in blocks() if b.get("kind") == "List"]
    made = {c["metadata"]["name"] for c in claims}
    volumes = [*values()["volumes"]]
    for one in worker_sets().values():
        volumes += one.get("extraVolumes", [])
    used = {
        v["persistentVolumeClaim"]["claimName"] for v in volumes if "persistentVolumeClaim" in v
    }
    assert used == made
