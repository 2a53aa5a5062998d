"""docker-compose.yml and Dockerfile, held against the project, Airflow and the Compose schema.

No container engine is needed: what a service runs is looked up where it would run.
"""

from __future__ import annotations

import functools
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from cluster import programs

ROOT = Path(__file__).resolve().parents[2]
OURS = ("county-budget-warehouse:", "county-budget-superset:")
SECRET = re.compile(r"PASSWORD$|SECRET|_KEY$|_CONN$|BROKER_URL$|RESULT_BACKEND$|ALERT_URLS$")
REFERENCE = re.compile(r"(?<!\$)\$\{(\w+)(?::?([-?])([^}]*))?\}")


@functools.cache
def compose() -> dict[str, Any]:
    return dict(yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8")))


def services() -> dict[str, dict[str, Any]]:
    return dict(compose()["services"])


def ours() -> dict[str, dict[str, Any]]:
    return {n: s for n, s in services().items() if s["image"].startswith(OURS)}


def environment(service: dict[str, Any]) -> dict[str, str]:
    return {k: str(v) for k, v in (service.get("environment") or {}).items()}


def first_run() -> Any:
    spec = importlib.util.spec_from_file_location("first_run", ROOT / "deploy" / "first_run.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# --- the file as a whole ------------------------------------------------------------------------


@pytest.mark.full
def test_the_file_is_what_the_compose_schema_says() -> None:
    """The schema of the Compose specification, which knows more than an installed Compose."""
    checker = programs() / "check-jsonschema"
    done = subprocess.run(
        [checker, "--builtin-schema", "vendor.compose-spec", ROOT / "docker-compose.yml"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.skipif(not shutil.which("docker-compose"), reason="docker-compose is not installed")
def test_compose_accepts_the_file(tmp_path: Path) -> None:
    """``config`` checks the schema, the references between services, and the variables."""
    for name in ("docker-compose.yml", "Dockerfile"):
        shutil.copy(ROOT / name, tmp_path)
    command = ["docker-compose", "--profile", "samples", "config", "-q"]
    bare = {k: v for k, v in os.environ.items() if k in ("PATH", "HOME")}
    without = subprocess.run(
        command, cwd=tmp_path, env=bare, capture_output=True, text=True, check=False
    )
    assert without.returncode != 0, "without .env it must not start"
    assert "run deploy/first_run.py" in without.stderr
    first_run().write(tmp_path / ".env")
    done = subprocess.run(
        command, cwd=tmp_path, env=bare, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_images_are_pinned() -> None:
    for name, service in services().items():
        tag = service["image"].rpartition(":")[2]
        assert re.search(r"\d+\.\d+(\.\d+)?", tag), f"{name}: {service['image']}"
        assert "latest" not in service["image"]
    assert re.search(r"^ARG PYTHON_IMAGE=python:3\.\d+\.\d+-slim-", dockerfile(), re.M)


def test_no_secret_stands_in_the_file_and_none_has_a_default() -> None:
    for name, service in services().items():
        for variable, value in environment(service).items():
            if not SECRET.search(variable):
                continue
            if variable == "BUDGETS_ALERT_URLS":
                assert value == "${BUDGETS_ALERT_URLS:-}"
                continue
            references = REFERENCE.findall(value)
            assert references, f"{name}: {variable} is written out"
            for _, mode, _ in references:
                assert mode == "?", f"{name}: {variable} may be empty"
            without = REFERENCE.sub("", value)
            assert not re.search(r"://[^/@]*:[^/@]+@", without), f"{name}: {variable}"


def test_what_the_file_asks_for_is_written_by_first_run() -> None:
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    asked = {name for name, _, _ in REFERENCE.findall(text)} - {"BUDGETS_IMAGE_TAG"}
    written = first_run().SECRETS.keys() | first_run().CHOICES.keys()
    assert asked == written


def test_published_ports_are_on_loopback_alone() -> None:
    published = {n: s["ports"] for n, s in services().items() if s.get("ports")}
    assert list(published) == ["api-server", "superset"]
    assert all(str(p).startswith("127.0.0.1:") for ports in published.values() for p in ports)


# --- each service -------------------------------------------------------------------------------


def test_every_service_is_bounded_and_comes_back() -> None:
    for name, service in services().items():
        assert service.get("mem_limit"), name
        assert service["logging"]["options"].keys() == {"max-size", "max-file"}, name
        assert "no-new-privileges:true" in service["security_opt"], name
        if name == "prepare":
            assert service["restart"] == "no"
            continue
        assert service["restart"] == "unless-stopped", name
        if name != "sample-sites":
            assert service["healthcheck"]["test"], name


def test_our_services_can_change_nothing_but_their_volumes() -> None:
    for name, service in ours().items():
        assert service["read_only"] is True, name
        assert service["user"] == "10001:10001", name
        assert service["cap_drop"] == ["ALL"], name
        assert not service.get("privileged"), name
        assert not any("docker.sock" in str(v) for v in service.get("volumes", [])), name


def test_what_reads_foreign_documents_cannot_reach_the_internet() -> None:
    assert compose()["networks"]["inside"] == {"internal": True}
    way_out = {n for n, s in services().items() if set(s.get("networks", [])) - {"inside"}}
    assert way_out == {"api-server", "superset", "worker-crawl", "worker-warehouse"}
    # what has a way out and is not Airflow's holds no key to queue, database or stores
    given = environment(services()["superset"])
    assert given.keys() == {"BUDGETS_DATA", "SUPERSET_SECRET_KEY", "BUDGETS_BI_PASSWORD"}
    assert services()["superset"]["networks"] == ["pages"]
    assert services()["sample-sites"]["network_mode"] == "service:worker-crawl"


def test_one_worker_alone_has_the_warehouse() -> None:
    holders = [
        n
        for n, s in services().items()
        for v in s.get("volumes", [])
        if str(v).split(":")[0] in ("warehouse", "published", "docs") and not str(v).endswith(":ro")
    ]
    assert set(holders) == {"worker-warehouse"}
    assert "published:/data/published:ro" in services()["superset"]["volumes"]
    command = services()["worker-warehouse"]["command"]
    assert command[command.index("--concurrency") + 1] == "1"


def test_the_evidence_site_finds_the_readings() -> None:
    """It is built by the warehouse worker, from the checkpoints that the reading workers write."""
    for name in ("worker-parse", "worker-ocr"):
        assert "parsed:/data/parsed" in services()[name]["volumes"], name
        assert "reading:/data" in services()[name]["volumes"], f"{name}: the lock of landing"
    assert "parsed:/data/parsed:ro" in services()["worker-warehouse"]["volumes"]


def test_every_queue_of_the_dags_has_a_worker_that_always_runs() -> None:
    used = {"default"}
    for file in (ROOT / "dags").glob("*.py"):
        used |= set(re.findall(r"""queue["']?\s*[=:]\s*["'](\w+)["']""", file.read_text()))
    assert used >= {"crawl", "parse", "ocr", "warehouse"}
    served: set[str] = set()
    for service in ours().values():
        command = service["command"]
        if "--queues" in command and not service.get("profiles"):
            served |= set(command[command.index("--queues") + 1].split(","))
    assert used <= served


def test_volumes_are_declared_and_all_used() -> None:
    used = {
        str(v).split(":")[0]
        for s in services().values()
        for v in s.get("volumes", [])
        if isinstance(v, str)
    }
    assert used == set(compose()["volumes"])
    folders = {
        str(v).split(":")[1]
        for s in ours().values()
        for v in s.get("volumes", [])
        if isinstance(v, str)
    }
    made = set(re.search(r"install -d .*?\n((?:.*\\\n)*.*)", dockerfile())[1].split())  # type: ignore[index]
    assert folders <= made, "a folder that the image does not hold would belong to root"


# --- what it names exists -----------------------------------------------------------------------


def _options(parser: Any) -> set[str]:
    return {o for action in parser._actions for o in action.option_strings}


@functools.cache
def _airflow_parser(command: tuple[str, ...]) -> Any:
    from airflow.cli import cli_parser

    parser = cli_parser.get_parser()
    for word in command:
        [choices] = [a.choices for a in parser._actions if a.choices and word in a.choices]
        parser = choices[word]
    return parser


def _airflow_calls() -> list[tuple[str, list[str]]]:
    found = []
    for name, service in ours().items():
        if service["command"][0] == "airflow":
            found.append((name, service["command"][1:]))
        check = (service.get("healthcheck") or {}).get("test", [""])[-1]
        if check.startswith("airflow "):
            found.append((f"{name}, healthcheck", check.split()[1:]))
    found.append(("prepare.py", ["db", "migrate"]))
    found.append(("prepare.py", ["pools", "import", "file"]))
    return found


@pytest.mark.airflow
@pytest.mark.parametrize(("service", "words"), _airflow_calls(), ids=lambda v: str(v)[:40])
def test_every_airflow_command_exists(service: str, words: list[str]) -> None:
    if words[0] == "celery":
        pytest.importorskip(
            "airflow.providers.celery", reason="the cluster's packages are not installed"
        )
    group = words[0] in ("celery", "jobs", "db", "pools")
    command, given = (tuple(words[:2]), words[2:]) if group else (tuple(words[:1]), words[1:])
    parser = _airflow_parser(command)
    unknown = {w for w in given if w.startswith("--")} - _options(parser)
    assert not unknown, f"{service}: airflow {' '.join(command)} has no {unknown}"


def test_every_python_command_exists() -> None:
    for name, service in ours().items():
        command = service["command"]
        if command[0] != "python":
            continue
        if command[1] == "-m":
            assert importlib.util.find_spec(command[2]), f"{name}: {command[2]}"
            done = subprocess.run(
                [sys.executable, "-m", command[2], "--help"],
                capture_output=True,
                text=True,
                check=False,
            )
            assert all(w in done.stdout for w in command[3:] if w.startswith("--")), name
        else:
            assert (ROOT / command[1].removeprefix("/app/")).is_file(), name


def test_every_setting_of_ours_is_one_the_project_reads() -> None:
    read = set()
    for room in ("nightly", "scrapers", "ops"):
        for file in (ROOT / room).rglob("*.py"):
            read |= set(re.findall(r"""["'](BUDGETS_[A-Z_]+)["']""", file.read_text()))
    given = {v for s in ours().values() for v in environment(s) if v.startswith("BUDGETS_")}
    assert given
    assert given <= read
    described = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in described for name in given)


@pytest.mark.airflow
def test_every_setting_of_airflow_is_one_it_knows() -> None:
    from airflow.configuration import conf

    given = {v for s in ours().values() for v in environment(s) if v.startswith("AIRFLOW__")}
    known = conf.configuration_description
    cluster = importlib.util.find_spec("airflow.providers.celery") is not None
    for variable in given:
        section, _, key = variable.removeprefix("AIRFLOW__").lower().partition("__")
        if section.startswith("celery") and not cluster:
            continue  # its provider describes it: looked at where the cluster's packages are
        assert key in known.get(section, {}).get("options", {}), variable


# --- the image ----------------------------------------------------------------------------------


@functools.cache
def dockerfile() -> str:
    return (ROOT / "Dockerfile").read_text(encoding="utf-8")


def _copied() -> list[str]:
    lines = [line for line in dockerfile().splitlines() if line.startswith("COPY ")]
    return [w for line in lines if "--from=" not in line for w in line.split()[1:-1]]


def test_what_the_image_copies_exists_and_may_be_sent_to_the_builder() -> None:
    allowed = {
        line[1:].rstrip("/")
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line.startswith("!")
    }
    for source in _copied():
        assert list(ROOT.glob(source.rstrip("/"))), source
        top = source.rstrip("/")
        assert top in allowed or top.split("/")[0] in allowed, f"{source} is kept from the builder"


def test_the_image_holds_every_package_of_the_project() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    copied = {s.rstrip("/") for s in _copied()}
    assert {p.rstrip("*") for p in settings["packages"]["find"]["include"]} <= copied
    assert {"*.py", "*.yml", "dbt", "dags"} <= copied


def test_the_image_is_not_root_and_holds_no_secret() -> None:
    stages = re.split(r"^FROM ", dockerfile(), flags=re.M)
    names = {s.split("\n")[0].rpartition(" AS ")[2]: s for s in stages[1:]}
    assert "\nUSER 10001:10001\n" in names["project"]
    assert names["superset"].startswith("project AS superset")
    assert "\nUSER" not in names["superset"]
    built = {
        s["build"]["target"]: s["image"].split(":")[0] for s in services().values() if "build" in s
    }
    assert built == {"project": "county-budget-warehouse", "superset": "county-budget-superset"}
    assert not re.search(r"(?i)^(ARG|ENV) .*(password|secret|token)", dockerfile(), re.M)
    ignore = (ROOT / ".dockerignore").read_text().splitlines()
    assert "*" in ignore
    assert "!.env" not in ignore


def _locked(path: Path) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9][\w.-]*)==([^\s;\\]+)", path.read_text(), re.M))


def test_the_image_has_the_versions_that_are_tested() -> None:
    tested = _locked(ROOT / "requirements" / "requirements.lock")
    image = _locked(ROOT / "requirements" / "cluster.lock")
    differing = {n: (v, tested[n]) for n, v in image.items() if n in tested and tested[n] != v}
    assert not differing, "compile cluster.lock anew: see requirements/cluster.in"
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    names = {re.split(r"[<>=!~\[ ]", w)[0].lower() for w in wanted}
    assert names <= image.keys()
    assert {"apache-airflow-providers-celery", "apache-airflow-providers-postgres", "s3fs"} <= (
        image.keys()
    )
    assert not {"pytest", "mypy", "ruff"} & image.keys()
    text = (ROOT / "requirements" / "cluster.lock").read_text()
    assert "://" not in text, "a lock names no host"
