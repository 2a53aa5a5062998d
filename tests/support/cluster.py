"""The services of ``docker-compose.yml`` on this machine, without a container engine.

Commands, settings and volumes are read from the file itself; only what a container would change
is changed here: a service's name becomes a port on 127.0.0.1, a mounted volume becomes a folder.
PostgreSQL and Redis are the machine's own, moto's server stands in for S3. Nothing is inherited
from the environment, so what runs here is what the file says and nothing else.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import re
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import requests
import yaml

from requirements import missing

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = Path(os.environ.get("BUDGETS_DISTRIBUTED_ENV", ROOT / ".venv-distributed"))
HOST = "127.0.0.1"
MARK = "BUDGETS_TEST_CLUSTER"
_REFERENCE = re.compile(r"(?<!\$)\$\{(\w+)(?::?([-?])([^}]*))?\}")


# --- what the machine has -------------------------------------------------------------------------


def postgres_programs() -> Path:
    """The folder of ``initdb`` and ``postgres``; ``missing`` where there is none."""
    on_path = shutil.which("initdb")
    found = [Path(on_path).resolve().parent] if on_path else []
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for folder in found:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    missing("postgres", "neither PATH nor /usr/lib/postgresql holds initdb and postgres")


def redis_program() -> str:
    return shutil.which("redis-server") or missing("redis", "no redis-server is on the PATH")


def programs() -> Path:
    """Airflow with its cluster's packages, and moto; ``missing`` where they are not installed."""
    folder = ENVIRONMENT / "bin"
    if not (folder / "airflow").exists() or not (folder / "moto_server").exists():
        missing("redis", f"the packages for it are not in {ENVIRONMENT}: make distributed")
    return folder


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def wait_until(what: str, ask: Callable[[], Any], seconds: float, every: float = 0.5) -> Any:
    """The first true answer; raises TimeoutError naming what was waited for."""
    deadline = time.monotonic() + seconds
    while True:
        answer = ask()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not after {seconds:.0f} s")
        time.sleep(every)


# --- the file, for this machine -------------------------------------------------------------------


class Deployment:
    """``docker-compose.yml`` with the variables of one ``.env`` and the places of one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ports = {
            name: free_port() for name in ("postgres", "redis", "objectstore", "api-server")
        }
        spec = importlib.util.spec_from_file_location("first_run", ROOT / "deploy" / "first_run.py")
        assert spec is not None
        assert spec.loader is not None
        first_run = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(first_run)
        first_run.write(folder / ".env", "operations@example.invalid")
        self.variables: dict[str, str] = first_run.read(folder / ".env")
        self.variables |= {
            "AIRFLOW_PORT": str(self.ports["api-server"]),
            "BUDGETS_SITES": "/sample-site/sites",
        }
        text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
        self.services: dict[str, dict[str, Any]] = yaml.safe_load(text)["services"]

    def volume(self, name: str) -> Path:
        """Where a named volume lies here."""
        found = self.folder / "volumes" / name
        found.mkdir(parents=True, exist_ok=True)
        return found

    def _mounts(self, service: str) -> dict[str, Path]:
        """Folder in the container → folder here. A volume inside a volume becomes a link in it."""
        own = self.folder / "services" / service
        own.mkdir(parents=True, exist_ok=True)
        mounts: dict[str, Path] = {"/app": ROOT}
        declared = []
        for one in self.services[service].get("volumes", []):
            if isinstance(one, str):
                name, at = one.split(":")[:2]
                declared.append((at, self.volume(name)))
            else:
                declared.append((one["target"], self.volume("host" + one["target"])))
        for at, place in sorted(declared):  # the outer one first
            around = next((m for m in mounts if at.startswith(f"{m}/")), None)
            if around is None and at.count("/") > 1:  # below a folder of the image itself
                around = at.rpartition("/")[0]
                mounts[around] = own / around.strip("/")
                mounts[around].mkdir(parents=True, exist_ok=True)
            if around is not None:
                link = mounts[around] / at.removeprefix(f"{around}/")
                if not link.is_symlink():
                    link.symlink_to(place)
            else:
                mounts[at] = place
        return mounts

    def _here(self, text: str, mounts: Mapping[str, Path]) -> str:
        """One value: variables filled in, service names as ports, container paths as ours."""
        filled = _REFERENCE.sub(lambda m: self.variables.get(m[1]) or m[3] or "", text)
        filled = filled.replace("$$", "$")
        for name, port in self.ports.items():
            filled = re.sub(rf"(?<=[/@]){name}:\d+", f"{HOST}:{port}", filled)
        for at, place in mounts.items():
            if filled == at or filled.startswith(f"{at}/"):
                return f"{place}{filled.removeprefix(at)}"
        return filled

    def environment(self, service: str) -> dict[str, str]:
        """What the service sees: the file's settings, the image's, and nothing of this machine."""
        own = self.folder / "services" / service
        mounts = self._mounts(service)
        image = {
            "PATH": f"{programs()}:/usr/local/bin:/usr/bin:/bin",
            "HOME": str(own),
            "TMPDIR": str(own / "tmp"),
            "AIRFLOW_HOME": str(own / "airflow"),
            "LANG": "C.UTF-8",
            "PYTHONUNBUFFERED": "1",
        }
        (own / "tmp").mkdir(exist_ok=True)
        given = self.services[service].get("environment") or {}
        return image | {k: self._here(str(v), mounts) for k, v in given.items()}

    def command(self, service: str) -> list[str]:
        mounts = self._mounts(service)
        words = [self._here(w, mounts) for w in self.services[service]["command"]]
        if "0.0.0.0" in words:  # noqa: S104 - all of a container's own addresses: here loopback
            words[words.index("0.0.0.0")] = HOST  # noqa: S104
            words[words.index("8080")] = str(self.ports["api-server"])
        if "celery" in words:  # a container has a host name of its own
            words += ["--celery-hostname", f"{service}@%h"]
        return words


class Cluster:
    """The deployment's processes; each is known by name and ended by its own number."""

    def __init__(self, deployment: Deployment, settings: Mapping[str, str]) -> None:
        self.deployment = deployment
        self.settings = dict(settings)
        self.mark = secrets.token_hex(8)
        self.logs = deployment.folder / "output"
        self.logs.mkdir()
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    # processes

    def start(
        self,
        name: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        user: str | None = None,
    ) -> None:
        with (self.logs / f"{name}.log").open("ab") as log:
            self._running[name] = subprocess.Popen(
                list(command),
                env={**environment, MARK: self.mark},
                cwd=self.deployment.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                user=user,
                group=pwd.getpwnam(user).pw_gid if user else None,
                extra_groups=[] if user else None,
            )

    def start_service(self, name: str) -> None:
        """One of ours, as the file says."""
        self.start(
            name,
            self.deployment.command(name),
            self.deployment.environment(name) | self.settings,
        )

    def kill(self, name: str) -> int:
        """SIGKILL to the service and everything it started, as when its container dies."""
        process = self._running[name]
        family = psutil.Process(process.pid).children(recursive=True)
        process.kill()
        for one in family:
            with suppress(psutil.NoSuchProcess):
                one.kill()
        process.wait()
        return 1 + len(family)

    def stop(self, name: str) -> None:
        """As ``docker compose stop``: asked first, killed after a while."""
        process = self._running[name]
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(30)
        if process.poll() is None:
            self.kill(name)

    def ours(self) -> list[psutil.Process]:
        """Every process started here, and theirs, also where the parent is gone.

        A worker writes its title over its environment: by descent it is found all the same.
        """
        found = set()
        for started_here in self._running.values():
            with suppress(psutil.NoSuchProcess):
                top = psutil.Process(started_here.pid)
                found |= {top, *top.children(recursive=True)}
        return list(found | self._marked())

    def _marked(self) -> set[psutil.Process]:
        found = set()
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if process.environ().get(MARK) == self.mark:
                    found.add(process)
        return found

    def end(self) -> None:
        known = self.ours()  # before those that started others are gone
        for name in [n for n in self._running if n not in ("postgres", "redis")]:
            self._running[name].terminate()
        for name in ("redis", "postgres"):
            if name in self._running:
                # PostgreSQL: SIGINT ends the sessions, too
                self._running[name].send_signal(signal.SIGINT)
        _, alive = psutil.wait_procs({*known, *self.ours()}, timeout=10)
        for process in [*alive, *self.ours()]:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        for process in self._running.values():
            process.wait(30)

    def check_alive(self) -> None:
        """Raises RuntimeError with the last lines of a service that ended by itself."""
        for name, process in self._running.items():
            if process.poll() is not None:
                said = (self.logs / f"{name}.log").read_text(errors="replace").splitlines()
                raise RuntimeError(
                    f"{name} ended with {process.returncode}:\n" + "\n".join(said[-30:])
                )

    def listening(self) -> dict[str, set[str]]:
        """Addresses that the services listen on, by the command's name."""
        found: dict[str, set[str]] = {}
        for process in self._marked():
            with suppress(psutil.Error):
                for connection in process.net_connections("inet"):
                    if connection.status == psutil.CONN_LISTEN:
                        found.setdefault(process.name(), set()).add(connection.laddr.ip)
        return found

    # what others make

    def start_postgres(self) -> None:
        folder = self.deployment.folder / "postgres"
        folder.mkdir()
        user = "nobody" if os.geteuid() == 0 else None  # PostgreSQL does not run as root
        tools, asked = postgres_programs(), self.deployment.services["postgres"]["environment"]
        password = folder / "password"
        password.write_text(self.deployment.variables["POSTGRES_PASSWORD"])
        if user:
            for place in (folder, password):
                os.chown(place, pwd.getpwnam(user).pw_uid, pwd.getpwnam(user).pw_gid)
        who: dict[str, Any] = {"user": user, "extra_groups": []} if user else {}
        common: dict[str, Any] = {
            "cwd": folder,
            "env": {"PATH": f"{tools}:/usr/bin:/bin", "LANG": "C.UTF-8"},
            "capture_output": True,
        }
        subprocess.run(
            [
                tools / "initdb",
                *("-D", "data", "-U", asked["POSTGRES_USER"], "--pwfile", "password"),
                *("--auth-local", "scram-sha-256", "--locale", "C.UTF-8", "-E", "UTF8"),
                *asked["POSTGRES_INITDB_ARGS"].split(),
            ],
            check=True,
            **common,
            **who,
        )
        subprocess.run(
            [tools / "postgres", "--single", "-D", "data", "postgres"],
            input=f"create database {asked['POSTGRES_DB']};\n".encode(),
            check=True,
            **common,
            **who,
        )
        port = self.deployment.ports["postgres"]
        self.start(
            "postgres",
            [
                *(str(tools / "postgres"), "-D", str(folder / "data"), "-p", str(port)),
                *("-c", f"listen_addresses={HOST}", "-c", f"unix_socket_directories={folder}"),
            ],
            common["env"],
            user=user,
        )
        wait_until("PostgreSQL answers", lambda: _answers(port), 30)

    def start_redis(self) -> None:
        redis_program()
        folder, port = self.deployment.volume("redis"), self.deployment.ports["redis"]
        command = self.deployment.command("redis")
        command[-1] += f" --bind {HOST} --port {port} --dir {folder}"
        self.start("redis", command, self.deployment.environment("redis"))
        wait_until("Redis answers", lambda: _answers(port), 30)

    def start_objectstore(self) -> None:
        """moto's server for the file's S3 gateway, with the same buckets."""
        port = self.deployment.ports["objectstore"]
        self.start(
            "objectstore",
            [str(programs() / "moto_server"), "-H", HOST, "-p", str(port)],
            self.deployment.environment("objectstore"),
        )
        wait_until("the object store answers", lambda: _answers(port), 60)
        for volume in self.deployment.services["objectstore"]["volumes"]:
            bucket = volume.rpartition("/")[2]
            requests.put(f"http://{HOST}:{port}/{bucket}", timeout=30).raise_for_status()

    def prepare(self) -> None:
        """The file's own preparation, to its end."""
        self.start_service("prepare")
        code = self._running.pop("prepare").wait(300)
        said = (self.logs / "prepare.log").read_text(errors="replace")
        if code:
            raise RuntimeError(f"prepare ended with {code}:\n{said[-4000:]}")


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(2)
        return probe.connect_ex((HOST, port)) == 0


class Pages:
    """Airflow's public interface, with the deployment's login."""

    def __init__(self, deployment: Deployment) -> None:
        self._root = f"http://{HOST}:{deployment.ports['api-server']}"
        self._password = deployment.variables["AIRFLOW_ADMIN_PASSWORD"]
        self._token = ""

    def _ask(self, method: str, path: str, **given: Any) -> Any:
        if not self._token:
            login = requests.post(
                f"{self._root}/auth/token",
                json={"username": "admin", "password": self._password},
                timeout=60,
            )
            login.raise_for_status()
            self._token = login.json()["access_token"]
        answer = requests.request(
            method,
            f"{self._root}/api/v2/{path}",
            headers={"Authorization": f"Bearer {self._token}"},
            timeout=60,
            **given,
        )
        answer.raise_for_status()
        return answer.json()

    def health(self) -> dict[str, str]:
        """Component → state; empty while nothing answers."""
        try:
            told = requests.get(f"{self._root}/api/v2/monitor/health", timeout=10).json()
            return {name: str(one.get("status")) for name, one in told.items()}
        except (requests.RequestException, ValueError):
            return {}

    def dags(self) -> set[str]:
        return {d["dag_id"] for d in self._ask("GET", "dags")["dags"]}

    def import_errors(self) -> list[Any]:
        return list(self._ask("GET", "importErrors")["import_errors"])

    def unpause(self, dag_id: str) -> None:
        self._ask("PATCH", f"dags/{dag_id}", json={"is_paused": False})

    def runs(self) -> list[dict[str, Any]]:
        """All runs, oldest first."""
        found = self._ask("GET", "dags/~/dagRuns", params={"limit": 100, "order_by": "run_after"})
        return list(found["dag_runs"])

    def tasks(self, dag_id: str = "~", run_id: str = "~") -> list[dict[str, Any]]:
        found = self._ask(
            "GET", f"dags/{dag_id}/dagRuns/{run_id}/taskInstances", params={"limit": 100}
        )
        assert found["total_entries"] <= 100
        return list(found["task_instances"])


@contextmanager
def started(settings: Mapping[str, str], sites: Path) -> Iterator[tuple[Cluster, Pages]]:
    """Every service of the file but the sample sites, which the caller serves at ``sites``."""
    programs()
    postgres_programs()
    redis_program()
    # not below pytest's own folder: PostgreSQL's user may not pass through it
    folder = Path(tempfile.mkdtemp(prefix="budgets-cluster-"))
    folder.chmod(0o711)
    deployment = Deployment(folder)
    (deployment.volume("sample-site") / "sites").symlink_to(sites)
    cluster, pages = Cluster(deployment, settings), Pages(deployment)
    try:
        cluster.start_postgres()
        cluster.start_redis()
        cluster.start_objectstore()
        cluster.prepare()
        for name, service in deployment.services.items():
            if service.get("command", [""])[0] == "airflow":
                cluster.start_service(name)
        wanted = {"metadatabase", "scheduler", "triggerer", "dag_processor"}

        def healthy() -> bool:
            cluster.check_alive()
            told = pages.health()
            return all(told.get(n) == "healthy" for n in wanted)

        wait_until("Airflow is healthy", healthy, 300, every=2)
        yield cluster, pages
    finally:
        cluster.end()
        if os.environ.get("BUDGETS_KEEP_CLUSTER") is None:
            shutil.rmtree(folder)
        else:
            print(f"kept: {folder}")
