"""How fast is reading, what does it need, and does it grow with the document as it should?

    python -m benchmarks.parsing [FILE.pdf …] [--rounds 3] [--only speed|stages|length|memory|cores]

1. speed   in one process, alternately: pdfplumber's ``extract_tables`` alone, pdfium's bare text
   (``get_text_range`` of every page), and the whole reading (forms, narrative, performance
   tables, boxes). The bare text is the floor: no reader on pdfium can be faster
2. stages  where the time of the whole reading goes, in multiples of the floor
3. length  one document printed 1, 2, 4 and 8 times over in one file: seconds a page
4. memory  peak of a worker after its start, after many documents, after a long one
5. cores   the same batch on one worker and on two

All but the last count the processor's seconds of the process, so that other work on the machine
does not count; the median of the rounds is taken. Two workers gain in elapsed time only where two
cores are free: the load is printed beside it, and the processor's seconds of both runs, which
must be alike (the workers share nothing they could wait for).

As in a worker the garbage collector rests while a document is read, for all readers alike.
"""

from __future__ import annotations

import argparse
import gc
import io
import os
import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pdfplumber
import pypdfium2

from parsers.assemble import assemble
from parsers.cover import read_cover
from parsers.document import ParsedDocument
from parsers.engine import read_pages
from parsers.errors import DocumentError
from parsers.narrative import read_narrative
from parsers.performance import read_performance
from parsers.read import read_document
from parsers.worker import Limits, Worker, WorkerPool

SAMPLES = Path(__file__).resolve().parent.parent / "samples" / "pdf"
MANY, COPIES = 12, (1, 2, 4, 8)
"""Rounds over all files for the memory of a worker; lengths of the long document."""


def plumber_tables(data: bytes) -> None:
    with pdfplumber.open(io.BytesIO(data)) as pdf:
        for page in pdf.pages:
            page.extract_tables()
            page.close()


def bare_text(data: bytes) -> None:
    pdf = pypdfium2.PdfDocument(data)
    for page in pdf:
        text = page.get_textpage()
        text.get_text_range()
        text.close()
        page.close()
    pdf.close()


def whole(data: bytes) -> ParsedDocument | None:
    try:
        return read_document(data)
    except DocumentError as err:
        return err.document


PLUMBER, FLOOR, WHOLE = "pdfplumber extract_tables", "pdfium bare text (floor)", "whole reading"
WAYS: dict[str, Callable[[bytes], object]] = {
    PLUMBER: plumber_tables,
    FLOOR: bare_text,
    WHOLE: whole,
}


@contextmanager
def at_rest() -> Iterator[None]:
    """The garbage collector as in a worker: at rest while a document is read."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def seconds(way: Callable[[bytes], object], data: bytes) -> float:
    with at_rest():
        start = time.process_time()
        way(data)
        return time.process_time() - start


def pages_in(data: bytes) -> int:
    with pypdfium2.PdfDocument(data) as pdf:
        return len(pdf)


# --- 1 speed -----------------------------------------------------------------------------------


def speed(files: Sequence[Path], rounds: int) -> None:
    totals: dict[str, float] = dict.fromkeys(WAYS, 0.0)
    pages = 0
    for path in files:
        data = path.read_bytes()
        pages += pages_in(data)
        times: dict[str, list[float]] = {name: [] for name in WAYS}
        for _ in range(rounds):
            for name, way in WAYS.items():
                times[name].append(seconds(way, data))
        for name, found in times.items():
            totals[name] += statistics.median(found)
    print(f"== speed: {len(files)} files, {pages} pages, {rounds} rounds")
    for name, total in totals.items():
        print(
            f"{name:28} {total:8.3f} s {pages / total:7.0f} pages/s   "
            f"{totals[PLUMBER] / total:6.1f} × as fast as pdfplumber   "
            f"{total / totals[FLOOR]:6.1f} × the floor"
        )


# --- 2 stages ----------------------------------------------------------------------------------


def stages(files: Sequence[Path], rounds: int) -> None:
    print("\n== stages of the whole reading, in multiples of the floor")
    best: dict[str, float] = {}
    for path in files:
        data = path.read_bytes()
        of_file: dict[str, list[float]] = {}
        for _ in range(rounds):
            with at_rest():
                for name, took in _stages_of(data):
                    of_file.setdefault(name, []).append(took)
        for name, found in of_file.items():
            best[name] = best.get(name, 0.0) + statistics.median(found)
    floor = best.pop("floor")
    for name, total in best.items():
        print(f"{name:44} {total / floor:6.2f}")


def _stages_of(data: bytes) -> Iterator[tuple[str, float]]:
    at = time.process_time()

    def lap() -> float:
        nonlocal at
        before, at = at, time.process_time()
        return at - before

    bare_text(data)
    yield "floor", lap()
    pages = read_pages(data)
    yield "engine (glyphs, rules, cells, lines)", lap()
    assemble(pages)
    yield "forms", lap()
    cover = read_cover(pages)
    read_narrative(pages, cover)
    yield "cover and narrative", lap()
    read_performance(pages)
    yield "performance tables", lap()
    document = whole(data)
    yield "all of it, rows and warnings with it", lap()
    if document is not None:
        document.model_dump_json()
    yield "JSON", lap()


# --- 3 length ----------------------------------------------------------------------------------


def times_over(data: bytes, copies: int) -> bytes:
    """One file that holds a document's pages this many times."""
    out = pypdfium2.PdfDocument.new()
    with pypdfium2.PdfDocument(data) as one:
        for _ in range(copies):
            out.import_pages(one)
    buffer = io.BytesIO()
    out.save(buffer)
    out.close()
    return buffer.getvalue()


def longest(files: Iterable[Path]) -> Path:
    return max(files, key=lambda p: (pages_in(p.read_bytes()), p.name))


def length(files: Sequence[Path], rounds: int) -> None:
    path = longest(files)
    print(f"\n== length: {path.name}, its pages several times over")
    first = 0.0
    for copies in COPIES:
        data = times_over(path.read_bytes(), copies)
        pages = pages_in(data)
        each = statistics.median(seconds(whole, data) for _ in range(rounds)) / pages
        first = first or each
        print(f"{pages:5} pages {each * 1000:7.2f} ms a page   {each / first:5.2f} × the first")


# --- 4 memory ----------------------------------------------------------------------------------


def peak_megabytes(worker: Worker) -> float:
    """Highest resident memory of a worker so far (VmHWM; 0 where the system does not tell)."""
    try:
        status = Path(f"/proc/{worker.pid}/status").read_text("ascii")
    except OSError:
        return 0.0
    return next(int(x.split()[1]) for x in status.splitlines() if x.startswith("VmHWM")) / 1024


def read_in(worker: Worker, data: bytes) -> None:
    try:
        worker.read(data)
    except DocumentError as err:
        if err.code in ("memory", "timeout", "failed"):
            raise


def memory(files: Sequence[Path]) -> None:
    print("\n== memory: peak of one worker (resident)")
    path = longest(files)
    short = min(files, key=lambda p: p.stat().st_size).read_bytes()
    with Worker(Limits(seconds=600)) as worker:
        read_in(worker, short)
        print(f"{'after its first, short document':44} {peak_megabytes(worker):6.0f} MB")
        for done in range(MANY):
            for file in files:
                read_in(worker, file.read_bytes())
            if done in (0, MANY - 1):
                said = f"after {(done + 1) * len(files)} documents"
                print(f"{said:44} {peak_megabytes(worker):6.0f} MB")
    for copies in COPIES:
        data = times_over(path.read_bytes(), copies)
        with Worker(Limits(seconds=600)) as worker:
            read_in(worker, data)
            said = f"one document of {pages_in(data)} pages alone"
            print(f"{said:44} {peak_megabytes(worker):6.0f} MB")


# --- 5 cores -----------------------------------------------------------------------------------


def cores(files: Sequence[Path], rounds: int) -> None:
    print(f"\n== cores: load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    work = [path.read_bytes() for path in files] * 4
    elapsed: dict[int, list[float]] = {1: [], 2: []}
    spent: dict[int, list[float]] = {1: [], 2: []}
    for _ in range(rounds):
        for size in (1, 2):
            with WorkerPool(size, Limits(seconds=600)) as pool:
                for worker in pool.workers:  # started before the clock is
                    read_in(worker, work[0])
                before, start = _processor(pool), time.monotonic()
                for _ in pool.map(range(len(work)), lambda k: work[k]):
                    pass
                elapsed[size].append(time.monotonic() - start)
                spent[size].append(_processor(pool) - before)
    one, two = (min(elapsed[size]) for size in (1, 2))
    cpu = {size: statistics.median(found) for size, found in spent.items()}
    print(
        f"{len(work)} documents: {one:.2f} s on one worker, {two:.2f} s on two: {one / two:.2f} ×"
    )
    print(
        f"processor: {cpu[1]:.2f} s and {cpu[2]:.2f} s, so two free cores gain "
        f"{2 * cpu[1] / cpu[2]:.2f} ×"
    )


def _processor(pool: WorkerPool) -> float:
    """Processor seconds so far of a pool's workers and of this process, which takes the answers."""
    ticks = 0
    for worker in pool.workers:
        fields = Path(f"/proc/{worker.pid}/stat").read_text("ascii").rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK") + time.process_time()


PARTS = ("speed", "stages", "length", "memory", "cores")


def main() -> None:
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument("files", nargs="*", type=Path, default=sorted(SAMPLES.glob("*.pdf")))
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--only", choices=PARTS, action="append")
    given = arguments.parse_args()
    wanted = given.only or PARTS
    whole(given.files[0].read_bytes())  # rules and patterns are loaded once, not a document
    if "speed" in wanted:
        speed(given.files, given.rounds)
    if "stages" in wanted:
        stages(given.files, given.rounds)
    if "length" in wanted:
        length(given.files, given.rounds)
    if "memory" in wanted:
        memory(given.files)
    if "cores" in wanted:
        cores(given.files, given.rounds)


if __name__ == "__main__":
    main()
