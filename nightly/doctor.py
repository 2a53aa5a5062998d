"""Is this machine fit for the night? Each line names its remedy. Needs no Airflow."""

from __future__ import annotations

import importlib.metadata
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from nightly.settings import ROOT, Settings

FREE_GIGABYTES_NEEDED = 2
BATCHES_LOOKED_AT = 20
OLDEST_BACKUP = timedelta(days=8)
EARLIEST_PLAUSIBLE_CLOCK = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Line:
    """One thing looked at: what was found, and what to do where it is not well."""

    name: str
    ok: bool
    found: str
    remedy: str = ""


def _versions(_: Settings) -> Line:
    """The installed packages are the locked ones."""
    wanted: dict[str, str] = {}
    for text in (ROOT / "requirements" / "requirements.lock").read_text().splitlines():
        requirement, _semicolon, marker = text.partition(";")
        name, equals, version = requirement.strip().rstrip("\\ ").partition("==")
        if equals and not text.startswith((" ", "#")) and not marker.strip().rstrip("\\ "):
            wanted[name] = version.strip()
    odd = []
    for name, version in wanted.items():
        try:
            here = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            here = "missing"
        if here != version:
            odd.append(f"{name} {here} instead of {version}")
    return Line(
        "packages",
        not odd,
        f"{len(wanted)} locked packages, Python {sys.version.split()[0]}"
        + ("; " + "; ".join(odd[:3]) if odd else ""),
        "run: make setup",
    )


def _clock(_: Settings) -> Line:
    now = datetime.now(UTC)
    return Line(
        "clock",
        now > EARLIEST_PLAUSIBLE_CLOCK,
        f"{now:%Y-%m-%d %H:%M} UTC",
        "set the machine's clock: every outcome row carries its time",
    )


def _disk(settings: Settings) -> Line:
    place = settings.data
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free / 2**30
    return Line(
        "disk",
        free >= FREE_GIGABYTES_NEEDED,
        f"{free:.1f} GiB free at {place}",
        f"free at least {FREE_GIGABYTES_NEEDED} GiB, or set BUDGETS_DATA to a larger disk",
    )


def _writable(settings: Settings) -> Line:
    place = settings.data
    while not place.exists():
        place = place.parent
    return Line(
        "data folder",
        os.access(place, os.W_OK),
        str(settings.data) + ("" if settings.data.exists() else " (not made yet)"),
        "give this user the right to write there, or set BUDGETS_DATA",
    )


def _sites(settings: Settings) -> Line:
    from nightly.steps import sites
    from scrapers.site import load_sites

    every = load_sites(settings.sites)
    used = sites(settings)
    return Line(
        "sites",
        bool(used),
        f"{len(every)} site files, {len(used)} in use",
        "set BUDGETS_SITES to your site files, or BUDGETS_UNVERIFIED_SITES=yes to use those "
        "that nobody has verified yet",
    )


def _warehouse(settings: Settings) -> Line:
    from warehouse.database import reader
    from warehouse.layout import Layout

    layout = Layout(settings.data)
    path = layout.published_path
    if not path.exists():
        return Line("published copy", False, f"none at {path}", "run: make demo, or budgets run")
    with reader(layout) as connection:
        [(count,)] = connection.sql("select count(*) from marts.dim_document").fetchall()
    return Line("published copy", True, f"{count} documents in {path}")


def _age(settings: Settings, most: timedelta | None) -> Line:
    from warehouse.layout import Layout

    path = Layout(settings.data).published_path
    if not path.exists():
        return Line("last publication", False, "never", "run: make demo, or budgets run")
    from nightly.steps import step_outcomes

    done = [o for o in step_outcomes(settings) if o["step"] == "publish" and o["success"]]
    last = datetime.fromisoformat(done[-1]["started_at"]) if done else None
    if last is None:
        return Line("last publication", False, "no record of it", "run: budgets publish")
    age = datetime.now(UTC) - last
    return Line(
        "last publication",
        most is None or age <= most,
        f"{last:%Y-%m-%d %H:%M} UTC, {age.total_seconds() / 3600:.1f} h ago",
        "look at the last run of the DAG warehouse, or run: budgets run",
    )


def _readers(_: Settings) -> Line:
    from parsers.worker import confinement

    shut = confinement()
    if shut.network and shut.files:
        return Line("reading processes", True, "no network, no files but the program's")
    return Line(
        "reading processes",
        False,
        "this kernel leaves them "
        + " and ".join(
            what
            for what, closed in (("the network", shut.network), ("files", shut.files))
            if not closed
        ),
        "network: allow user namespaces (sysctl kernel.unprivileged_userns_clone=1, "
        "user.max_user_namespaces above 0); files: Linux 5.13 or later with Landlock (lsm=…,landlock); "
        "or run the parse workers in containers where nothing leads out (docker-compose.yml)",
    )


def _database(settings: Settings) -> Line:
    """The working warehouse opens for reading, or says who writes it."""
    from warehouse.database import reader
    from warehouse.errors import WarehouseBusyError
    from warehouse.layout import Layout

    layout = Layout(settings.data)
    if not layout.warehouse_path.exists():
        return Line("database", False, "no working warehouse yet", "run: make demo, or budgets run")
    try:
        with reader(layout, published=False) as connection:
            [(count,)] = connection.sql("select count(*) from duckdb_tables()").fetchall()
    except WarehouseBusyError as error:
        return Line("database", True, f"in use: {error}")
    size = layout.warehouse_path.stat().st_size / 2**20
    return Line("database", True, f"{count} tables, {size:.1f} MiB")


def _backup(settings: Settings) -> Line:
    from nightly.upkeep import last_backup

    if not settings.backup:
        return Line(
            "backup", True, "none is set: the archive cannot be made again, sites withdraw files",
            "set BUDGETS_BACKUP to another disk or an object store, then: budgets backup",
        )  # fmt: skip
    last = last_backup(settings.backup)
    remedy = "run: budgets backup; the DAG upkeep does it every week"
    if last is None:
        return Line("backup", False, "never", remedy)
    age = datetime.now(UTC) - last
    return Line("backup", age <= OLDEST_BACKUP, f"{last:%Y-%m-%d %H:%M} UTC", remedy)


def _data_version(settings: Settings) -> Line:
    from nightly.upkeep import check_upgrade

    found = check_upgrade(settings, oldest=BATCHES_LOOKED_AT)
    if not found.is_needed:
        return Line("data version", True, "landing and warehouse are of this version")
    told = (
        [f"{len(found.batches)} batches of landing are of another version"] if found.batches else []
    )
    return Line(
        "data version",
        False,
        "; ".join([*told, *([found.warehouse] if found.warehouse else [])]),
        "run: budgets upgrade",
    )


def _alerts(settings: Settings) -> Line:
    return Line(
        "alert channel",
        bool(settings.alert_urls),
        f"{len(settings.alert_urls)} configured",
        "set BUDGETS_ALERT_URLS, else alerts are only written to the ledger",
    )


def diagnose(settings: Settings, max_age: timedelta | None = None) -> list[Line]:
    """Look at everything; a check that itself fails is a line that says so."""
    checks: list[tuple[str, Callable[[], Line]]] = [
        ("packages", lambda: _versions(settings)),
        ("clock", lambda: _clock(settings)),
        ("disk", lambda: _disk(settings)),
        ("data folder", lambda: _writable(settings)),
        ("sites", lambda: _sites(settings)),
        ("reading processes", lambda: _readers(settings)),
        ("database", lambda: _database(settings)),
        ("data version", lambda: _data_version(settings)),
        ("published copy", lambda: _warehouse(settings)),
        ("last publication", lambda: _age(settings, max_age)),
        ("alert channel", lambda: _alerts(settings)),
        ("backup", lambda: _backup(settings)),
    ]
    return list(_run(checks))


def _run(checks: list[tuple[str, Callable[[], Line]]]) -> Iterator[Line]:
    for name, look in checks:
        try:
            yield look()
        except Exception as error:
            yield Line(name, False, f"{type(error).__name__}: {error}", "mend what it names")
