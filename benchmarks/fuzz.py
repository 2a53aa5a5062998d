"""Damaged and hostile PDFs through the isolated reader: every one ends in an outcome.

    python benchmarks/fuzz.py [--count 2000] [--seed 1]

Each file is a sample PDF with something done to it: bytes flipped, truncated, streams swapped,
pages in loops, huge boxes, huge counts, deflate bombs, text turned to noise. Each must end in a
document or in an error that says what, where and what to do; no hang, no dead pool, and no
growth of memory in the parent. Exits 1 where one does not.
"""

from __future__ import annotations

import argparse
import random
import re
import resource
import sys
import time
import zlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from parsers.document import ParsedDocument
from parsers.errors import DocumentError
from parsers.worker import Limits, WorkerPool

SAMPLES = Path(__file__).resolve().parent.parent / "samples" / "pdf"
LIMITS = Limits(seconds=20, megabytes=1024)
KNOWN = {
    "parsed", "not_a_pdf", "damaged", "encrypted", "not_a_disclosure", "unknown_template",
    "too_large", "timeout", "memory", "no_text",
}  # fmt: skip
GROWTH_MEGABYTES_MOST = 200

_STREAM = re.compile(rb"stream\r?\n(.*?)endstream", re.S)
_NUMBER = re.compile(rb"(?<=[ \[])\d{1,6}(?=[ \]/\r\n])")


def flip_bytes(data: bytes, chance: random.Random) -> bytes:
    out = bytearray(data)
    for _ in range(chance.choice([1, 10, 100, 1000])):
        out[chance.randrange(len(out))] = chance.randrange(256)
    return bytes(out)


def truncate(data: bytes, chance: random.Random) -> bytes:
    return data[: chance.randrange(len(data))]


def cut_out(data: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(len(data))
    return data[:start] + data[start + chance.randrange(1, 5000) :]


def swap_streams(data: bytes, chance: random.Random) -> bytes:
    found = list(_STREAM.finditer(data))
    if len(found) < 2:
        return data
    a, b = sorted(chance.sample(found, 2), key=lambda m: m.start())
    return data[: a.start(1)] + b[1] + data[a.end(1) : b.start(1)] + a[1] + data[b.end(1) :]


def noise_stream(data: bytes, chance: random.Random) -> bytes:
    found = list(_STREAM.finditer(data))
    m = chance.choice(found)
    return data[: m.start(1)] + chance.randbytes(len(m[1])) + data[m.end(1) :]


def deflate_bomb(data: bytes, chance: random.Random) -> bytes:
    found = list(_STREAM.finditer(data))
    m = chance.choice(found)
    press = zlib.compressobj(9)
    bomb = b"".join(
        press.compress(b"BT /F1 9 Tf (8) Tj ET " * 1_000) for _ in range(chance.choice([1, 5_000]))
    )
    bomb += press.flush()
    return data[: m.start(1)] + bomb + b"\n" + data[m.end(1) :]


def change_numbers(data: bytes, chance: random.Random) -> bytes:
    wild = [b"0", b"-1", b"99999999999", b"4294967296", b"1e9", b"2147483647"]
    found = list(_NUMBER.finditer(data))
    for m in sorted(chance.sample(found, min(20, len(found))), key=lambda m: -m.start()):
        data = data[: m.start()] + chance.choice(wild) + data[m.end() :]
    return data


def loop_references(data: bytes, chance: random.Random) -> bytes:
    """Page trees and resources that point at themselves or at each other."""
    found = list(re.finditer(rb"(\d+) 0 R", data))
    for m in sorted(chance.sample(found, min(10, len(found))), key=lambda m: -m.start()):
        other = chance.choice(found)[1]
        data = data[: m.start(1)] + other + data[m.end(1) :]
    return data


def huge_boxes(data: bytes, chance: random.Random) -> bytes:
    side = chance.choice([b"0 0 1 1", b"0 0 1000000000 1000000000", b"500 500 0 0", b"a b c d"])
    return re.sub(rb"/(Media|Crop)Box\s*\[[^\]]*\]", rb"/\1Box [ " + side + rb" ]", data)


def other_file(_: bytes, chance: random.Random) -> bytes:
    return chance.choice(
        [b"", b"%PDF-1.7\n", b"<html>404</html>", b"PK\x03\x04" + chance.randbytes(500),
         chance.randbytes(10_000), b"%PDF-1.4\n" + chance.randbytes(20_000)]
    )  # fmt: skip


MUTATIONS: list[Callable[[bytes, random.Random], bytes]] = [
    flip_bytes, truncate, cut_out, swap_streams, noise_stream, deflate_bomb, change_numbers,
    loop_references, huge_boxes, other_file,
]  # fmt: skip


def mutated(index: int, seed: int, originals: list[bytes]) -> tuple[str, bytes]:
    """The ``index``-th damaged file: always the same for the same seed."""
    chance = random.Random(seed * 1_000_003 + index)
    mutation = MUTATIONS[index % len(MUTATIONS)]
    data = mutation(chance.choice(originals), chance)
    if chance.random() < 0.2:
        data = chance.choice(MUTATIONS[:4])(data, chance) if len(data) > 10 else data
    return mutation.__name__, data


def _outcome(result: ParsedDocument | DocumentError) -> str:
    return "parsed" if isinstance(result, ParsedDocument) else result.code


def run(
    count: int, seed: int, limits: Limits = LIMITS
) -> tuple[Counter[tuple[str, str]], list[str]]:
    """Outcomes by (mutation, outcome), and what went wrong."""
    originals = [p.read_bytes() for p in sorted(SAMPLES.glob("*.pdf"))]
    outcomes: Counter[tuple[str, str]] = Counter()
    wrong: list[str] = []
    with WorkerPool(limits=limits) as pool:
        for index, result in pool.map(range(count), lambda i: mutated(i, seed, originals)[1]):
            outcome = _outcome(result)
            outcomes[MUTATIONS[index % len(MUTATIONS)].__name__, outcome] += 1
            if outcome not in KNOWN:
                wrong.append(f"file {index} (seed {seed}): {outcome}: {result}")
            elif isinstance(result, DocumentError) and not (
                result.what and result.where and result.remedy
            ):
                wrong.append(f"file {index} (seed {seed}): {outcome} says too little: {result}")
    return outcomes, wrong


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    options.add_argument("--count", type=int, default=2000)
    options.add_argument("--seed", type=int, default=1)
    given = options.parse_args()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    clock = time.monotonic()
    outcomes, wrong = run(given.count, given.seed)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 - before
    kinds = sorted({o for _, o in outcomes})
    print(f"{'':<18}" + "".join(f"{k:>18}" for k in kinds))
    for name in [m.__name__ for m in MUTATIONS]:
        print(f"{name:<18}" + "".join(f"{outcomes[name, k]:>18}" for k in kinds))
    print(
        f"{sum(outcomes.values())} files in {time.monotonic() - clock:.0f} s, each with an outcome; "
        f"memory of the parent grew by {grown:.0f} MB"
    )
    if sum(outcomes.values()) != given.count:
        wrong.append(f"{given.count} files went in, {sum(outcomes.values())} outcomes came out")
    if grown > GROWTH_MEGABYTES_MOST:
        wrong.append(f"the parent grew by {grown:.0f} MB")
    print("\n".join(wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
