"""What does a night with a large part of a province cost? The whole nightly job, measured.

    python -m benchmarks.scale [--counties 25] [--documents 80] [--work FOLDER] [--plots FOLDER]

As many invented counties as asked for publish as many budgets each, typeset by the samples'
generator, on the replica of a province that ``benchmarks/crawling.py`` serves. ``budgets run``
takes them from the crawl to the publication, the evidence site included (without it:
``BUDGETS_EVIDENCE=no``); then it runs once more, with nothing new. Every few seconds is written
down how far it is and what memory its processes hold (proportional set size: shared pages count
once).

Printed: documents and pages a second by step, memory, bytes kept by kind, what a quiet night
costs. With ``--plots``, throughput and memory over the night as SVG, in processor seconds. Exit
code 1 where a document was lost on the way.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from itertools import accumulate, groupby
from pathlib import Path
from typing import Any

import duckdb
import psutil
import yaml

from benchmarks.crawling import Plan, replica, site_files
from samples.generate import season
from samples.typesetting import typeset
from warehouse.layout import Layout

SECONDS_BETWEEN = 5.0
KEPT = ("archive", "parsed", "landing", "ledger", "warehouse.duckdb", "build", "published", "docs")


@dataclass(frozen=True)
class Moment:
    """How far a night was: seconds since its begin, by the clock and of processor, files in the
    archive, files read, memory of all its processes and of the largest one (MB), and the steps
    that had ended."""

    seconds: float
    processor: float
    archived: int
    read: int
    memory: float
    largest: float
    steps: int


# --- what is published ------------------------------------------------------------------------


def publish(counties: int, documents: int, folder: Path) -> list[Path]:
    """Typeset the documents that are not in the folder yet; all cores."""
    folder.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor() as pool:
        for _ in pool.map(
            _publish_county, range(counties), [documents] * counties, [folder] * counties
        ):
            pass
    return sorted(folder.glob("season-*.pdf"))


def _publish_county(place: int, documents: int, folder: Path) -> None:
    if len(list(folder.glob(f"season-{place:03d}-*.pdf"))) == documents:
        return
    for name, facts, setting in season(place, documents):
        (folder / f"{name}.pdf").write_bytes(typeset(facts, setting))


# --- the night --------------------------------------------------------------------------------


def count(folder: Path, pattern: str) -> int:
    return sum(1 for p in folder.rglob(pattern) if p.is_file()) if folder.is_dir() else 0


def use_of(process: psutil.Process) -> tuple[float, float, float]:
    """Processor seconds of a process and all below it, ended ones too; their memory, and that of
    the largest of them: MB."""
    spent, sizes = 0.0, []
    for one in [process, *process.children(recursive=True)]:
        try:
            spent += sum(one.cpu_times()[:4])  # its own, and those of its children that ended
            sizes.append(one.memory_full_info().pss / 1e6)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return spent, sum(sizes), max(sizes, default=0.0)


def night(data: Path, sites: Path) -> tuple[int, list[Moment], float]:
    """One ``budgets run``: its exit code, what was seen of it, and its processor seconds."""
    environment = os.environ | {
        "BUDGETS_DATA": str(data),
        "BUDGETS_SITES": str(sites),
        "BUDGETS_DECISIONS": str(data / "decisions"),
    }
    before = sum(os.times()[2:4])
    began = time.monotonic()
    moments = []
    with (data.parent / f"{data.name}.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "cli", "run"], env=environment, stdout=log, stderr=log
        )
    seen = psutil.Process(process.pid)
    while process.poll() is None:
        spent, memory, largest = use_of(seen)
        moments.append(
            Moment(
                round(time.monotonic() - began, 1),
                round(spent, 1),
                count(data / "archive" / "objects", "*"),
                count(data / "parsed", "*.json*"),
                round(memory, 1),
                round(largest, 1),
                len(steps(data)),
            )
        )
        try:
            process.wait(SECONDS_BETWEEN)
        except subprocess.TimeoutExpired:
            continue
    return process.returncode, moments, sum(os.times()[2:4]) - before


def steps(data: Path) -> list[dict[str, Any]]:
    """The rows of the steps that ended, in order."""
    rows = [json.loads(p.read_bytes()) for p in (data / "ledger" / "steps").rglob("*.json")]
    return sorted(rows, key=lambda row: row["started_at"])


def bytes_of(path: Path) -> int:
    if path.is_file():
        return path.stat().st_size
    return sum(p.stat().st_size for p in path.rglob("*") if p.is_file() and not p.is_symlink())


# --- figures and plots ------------------------------------------------------------------------


def contents(layout: Layout) -> dict[str, int]:
    with duckdb.connect(str(layout.published_path), read_only=True) as con:
        row = con.execute(
            "select (select count(*) from marts.dim_document),"
            " (select coalesce(sum(page_count), 0) from marts.dim_document),"
            " (select count(*) from marts.fct_amount),"
            " (select count(*) from quality.finding)"
        ).fetchone()
    assert row is not None
    return dict(zip(("documents", "pages", "amounts", "findings"), map(int, row), strict=True))


def by_step(rows: Sequence[dict[str, Any]]) -> dict[str, float]:
    """Seconds by step, in the order in which they first ran."""
    order = list(dict.fromkeys(row["step"].split()[0] for row in rows))
    ordered = sorted(rows, key=lambda row: order.index(row["step"].split()[0]))
    return {
        name: round(sum(r["seconds"] for r in group), 1)
        for name, group in groupby(ordered, key=lambda row: row["step"].split()[0])
    }


def plot(moments: Sequence[Moment], folder: Path) -> None:
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "scale"  # the same figures give the same bytes
    from matplotlib import pyplot as plt

    folder.mkdir(parents=True, exist_ok=True)
    # by the clock it would show what else the machine did
    spent = list(accumulate((m.processor for m in moments), max))
    for name, label, lines in (
        ("throughput", "documents", {"in the archive": "archived", "read and judged": "read"}),
        ("memory", "MB", {"all processes": "memory", "the largest process": "largest"}),
    ):
        figure, axes = plt.subplots(figsize=(8, 3.6), layout="constrained")
        for said, field in lines.items():
            axes.plot(spent, [getattr(m, field) for m in moments], label=said)
        axes.set(xlabel="seconds of processor since the night began", ylabel=label)
        axes.set_ylim(bottom=0)
        axes.set_xlim(left=0)
        axes.grid(alpha=0.3)
        axes.legend(frameon=False)
        figure.savefig(folder / f"scale-{name}.svg", metadata={"Date": None})
        plt.close(figure)


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--counties", type=int, default=25)
    options.add_argument("--documents", type=int, default=80, help="of each county")
    options.add_argument("--work", type=Path, help="keep PDFs and data here")
    options.add_argument("--plots", type=Path, help="write the plots into this folder")
    given = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="scale-") as scratch:
        return run(given.counties, given.documents, given.work or Path(scratch), given.plots)


def run(counties: int, documents: int, work: Path, plots: Path | None) -> int:
    work = work.resolve()
    data, sites, served = work / "data", work / "sites", work / "served"
    files = publish(counties, documents, work / "pdf")
    print(
        f"{len(files):,} documents, {sum(f.stat().st_size for f in files) / 1e6:,.0f} MB",
        flush=True,
    )
    for folder in (data, sites, served):
        folder.mkdir(parents=True, exist_ok=True)
    plan = Plan(sites=counties, documents=documents, faults=0.0, files=str(work / "pdf"))
    with replica(plan, served) as ports:
        for site in site_files(plan, ports):
            (sites / f"{site.county_code}-county.yml").write_text(
                yaml.safe_dump(
                    site.model_dump(mode="json", exclude_defaults=True), allow_unicode=True
                ),
                encoding="utf-8",
            )
        code, moments, processor = night(data, sites)
        rows = steps(data)
        ended, quiet, quiet_processor = night(data, sites)
    (work / "moments.json").write_text(json.dumps([asdict(m) for m in moments]))
    if plots:
        plot(moments, plots)
    found = contents(Layout(data))
    seconds = moments[-1].seconds
    print(f"{'exit codes':<28}{code}, {ended}")
    for name, value in found.items():
        print(f"{name:<28}{value:,}")
    print(f"{'the night':<28}{seconds:,.0f} s, {processor:,.0f} s of processor")
    for name, spent in by_step(rows).items():
        print(f"  {name:<26}{spent:,.1f} s, {len(files) / max(spent, 0.1):,.1f} documents a second")
    print(f"{'pages a second':<28}{found['pages'] / seconds:,.1f}")
    print(
        f"{'most memory':<28}{max(m.memory for m in moments):,.0f} MB, "
        f"largest process {max(m.largest for m in moments):,.0f} MB"
    )
    print(f"{'a quiet night':<28}{quiet[-1].seconds:,.0f} s, {quiet_processor:,.0f} s of processor")
    for name in KEPT:
        size = bytes_of(data / name)
        print(f"  {name:<26}{size / 1e6:,.1f} MB, {size / len(files) / 1e3:,.0f} kB a document")
    if code or ended or found["documents"] != len(files):
        print(f"{len(files) - found['documents']} documents are not in the marts: see {data}.log")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
