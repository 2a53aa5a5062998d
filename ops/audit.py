"""Are the locked packages what they say they are, and is anything known against them?

``python -m ops.audit`` (``make audit``). Two questions:

* **here, without the internet**: every line of every lock names one version and its hashes, the
  locks agree with each other, no lock names a host, and the files that are installed are those of
  the packages (each package's own list of hashes). A broken answer is an error.
* **of the advisory database** (OSV, https://api.osv.dev; ``BUDGETS_OSV`` names a mirror): known
  vulnerabilities of exactly these versions. Where it cannot be reached that is said; with
  ``--need-answer`` it is an error. What was looked at and does not concern this project stands in
  ``requirements/advisories.yml`` with the reason and a day until which that holds.
"""

from __future__ import annotations

import argparse
import base64
import csv
import hashlib
import importlib.metadata
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import requests
import yaml

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ("requirements.lock", "cluster.lock", "distributed.lock", "bi.lock", "uv.txt")
APART = ("bi.lock",)
"""Locks of an environment of their own, which need not agree with the others."""
OSV = "https://api.osv.dev"
_PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)(\[[^\]]*\])?==(?P<version>[^\s;\\]+)")


@dataclass(frozen=True)
class Pin:
    lock: str
    name: str
    version: str
    hashes: tuple[str, ...]
    marker: str


def pins(path: Path) -> Iterator[Pin]:
    """The packages of a lock; raises ValueError for a line that is not pinned with hashes."""
    text = path.read_text(encoding="utf-8").replace("\\\n", " ")
    for line in map(str.strip, text.splitlines()):
        if not line or line.startswith("#"):
            continue
        found = _PIN.match(line)
        hashes = tuple(re.findall(r"--hash=sha256:([0-9a-f]{64})", line))
        if found is None or not hashes:
            raise ValueError(f"{path.name}: {line[:80]!r} is no exact version with hashes")
        marker = line.partition(";")[2].partition("--hash")[0].strip()
        yield Pin(path.name, _normal(found["name"]), found["version"], hashes, marker)


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def look_at_locks(folder: Path) -> tuple[list[Pin], list[str]]:
    """Every pin, and what is wrong with the locks."""
    found: list[Pin] = []
    wrong: list[str] = []
    for lock in LOCKS:
        path = folder / lock
        if not path.exists():
            continue
        if re.search(r"https?://|--(extra-)?index-url|@ (git|file)", path.read_text("utf-8")):
            wrong.append(f"{lock} names a host or a place: a lock names versions and hashes only")
        try:
            found += pins(path)
        except ValueError as error:
            wrong.append(str(error))
    versions: dict[str, set[tuple[str, str]]] = {}
    for pin in found:
        if pin.lock not in APART and not pin.marker:
            versions.setdefault(pin.name, set()).add((pin.version, pin.lock))
    for name, held in sorted(versions.items()):
        if len({version for version, _ in held}) > 1:
            told = ", ".join(f"{v} in {lock}" for v, lock in sorted(held))
            wrong.append(f"{name}: {told}; compile the locks again")
    return found, wrong


def look_at_installed(names: set[str]) -> list[str]:
    """Installed files that are not what their package's list of hashes says (RECORD)."""
    told: dict[Path, set[str]] = {}  # one file may come with several packages (dbt/__init__.py)
    owner: dict[Path, str] = {}
    for distribution in importlib.metadata.distributions():
        name = _normal(distribution.metadata["Name"] or "")
        if name not in names:
            continue
        # not `distribution.files`: newer Pythons leave missing files out of it
        for file, told_hash, _ in csv.reader((distribution.read_text("RECORD") or "").splitlines()):
            mode, _, value = told_hash.partition("=")
            if mode == "sha256" and not file.endswith(".pyc"):
                path = Path(str(distribution.locate_file(file)))
                told.setdefault(path, set()).add(value)
                owner[path] = f"{name}: {file}"
    wrong: list[str] = []
    for path, hashes in told.items():
        try:
            digest = hashlib.sha256(path.read_bytes()).digest()
        except OSError:
            wrong.append(f"{owner[path]} is missing")
            continue
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() not in hashes:
            wrong.append(f"{owner[path]} was changed after it was installed; run: make setup")
    return wrong


def known_against(found: list[Pin], osv: str) -> dict[str, list[str]]:
    """``name version`` → ids of advisories. Raises requests.RequestException where nobody answers."""
    asked = sorted({(p.name, p.version) for p in found})
    out: dict[str, list[str]] = {}
    for start in range(0, len(asked), 500):
        part = asked[start : start + 500]
        queries = [{"package": {"name": n, "ecosystem": "PyPI"}, "version": v} for n, v in part]
        answer = requests.post(f"{osv}/v1/querybatch", json={"queries": queries}, timeout=60)
        answer.raise_for_status()
        results = answer.json()["results"]
        if len(results) != len(part):
            raise requests.RequestException(f"{len(results)} answers to {len(part)} questions")
        for (name, version), result in zip(part, results, strict=True):
            ids = [v["id"] for v in (result or {}).get("vulns", [])]
            if ids:
                out[f"{name} {version}"] = sorted(ids)
    return out


def looked_at(path: Path, today: date) -> tuple[set[str], list[str]]:
    """Ids that need no answer today, and entries whose day has passed."""
    if not path.exists():
        return set(), []
    entries = yaml.safe_load(path.read_text(encoding="utf-8")) or []
    good, late = set(), []
    for entry in entries:
        if not str(entry.get("why") or "").strip():
            raise ValueError(f"{path.name}: {entry.get('id')} says no reason")
        if entry["until"] < today:
            late.append(f"{path.name}: {entry['id']} was to be looked at again by {entry['until']}")
        else:
            good.add(entry["id"])
    return good, late


def main(arguments: list[str] | None = None) -> int:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    options.add_argument(
        "--need-answer", action="store_true", help="fail where OSV does not answer"
    )
    options.add_argument("--folder", type=Path, default=ROOT / "requirements")
    given = options.parse_args(arguments)
    found, wrong = look_at_locks(given.folder)
    print(
        f"{len(found)} locked packages, all with versions and hashes"
        if not wrong
        else "locks: see below"
    )
    changed = look_at_installed({p.name for p in found})
    print("installed files are those of their packages" if not changed else "installed: see below")
    wrong += changed
    good, late = looked_at(given.folder / "advisories.yml", datetime.now(UTC).date())
    wrong += late
    osv = os.environ.get("BUDGETS_OSV", OSV).rstrip("/")
    try:
        against = known_against(found, osv)
    except (requests.RequestException, ValueError, KeyError) as error:
        told = f"the advisory database was not asked ({type(error).__name__})"
        print(f"{told}: run this where {osv} can be reached")
        if given.need_answer:
            wrong.append(told)
    else:
        open_ = {p: [i for i in ids if i not in good] for p, ids in against.items()}
        wrong += [f"{p}: {', '.join(ids)}" for p, ids in sorted(open_.items()) if ids]
        print(f"advisories: {sum(map(len, against.values()))} known, {len(good)} looked at")
    for line in wrong:
        print(f"  {line}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
