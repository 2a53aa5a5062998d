"""Take an example of each identity from the sample documents.

    python benchmarks/examples.py

Writes ``expectations/catalogue/examples.yml``, from which the pages of ``docs/identities`` are
made: the first instance of the samples that is evaluated, a rounding tail before an exact one.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from expectations.catalogue import Bound, bind, evaluate_all, statements
from expectations.catalogue.catalogue import load_catalogue
from expectations.catalogue.joint import joint_feasibility
from parsers.document import IdentityInstance
from parsers.errors import DocumentError
from parsers.read import read_document

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "expectations" / "catalogue" / "examples.yml"
RANK = {"rounding": 2, "exact": 1}
HEAD = "# Written by `python benchmarks/examples.py` from the sample documents; do not edit.\n"


def example(name: str, bound: Bound, result: IdentityInstance) -> dict[str, Any]:
    found: dict[str, Any] = {
        "document": name,
        "instance": result.instance,
        "outcome": result.outcome,
    }
    if not bound.is_check:
        found["left"], found["right"] = statements(bound, "zh")
        if result.kind == "sum" and result.difference_yuan and bound.terms[0].unit == "万元":
            off, allowed = result.difference_yuan / 10_000, (result.tolerance_yuan or 0) / 10_000
            found["difference"] = f"，相差 {off:.2f} 万元，允许 {allowed:.3f} 万元"
    return found


def take(paths: Iterable[Path]) -> dict[str, dict[str, Any]]:
    """identity → its example."""
    best: dict[str, tuple[int, dict[str, Any]]] = {}
    joint = load_catalogue()["J01"]
    for path in paths:
        try:
            document = read_document(path.read_bytes(), file_name=path.name)
        except DocumentError:
            continue
        bounds = bind(document)
        results = evaluate_all(bounds)
        for bound, result in zip(bounds, results, strict=True):
            rank = RANK.get(result.outcome, 0)
            if rank > best.get(result.identity, (0, {}))[0]:
                best[result.identity] = rank, example(path.stem, bound, result)
        if joint.id not in best:
            whole = joint_feasibility(joint, bounds, results)
            if whole.outcome == "exact":
                said = {"document": path.stem, "instance": whole.instance, "outcome": "exact"}
                best[joint.id] = 1, said
    return {identity: found for identity, (_, found) in sorted(best.items())}


def main() -> int:
    found = take(sorted((ROOT / "samples" / "pdf").glob("*.pdf")))
    text = yaml.safe_dump(found, allow_unicode=True, sort_keys=True, width=10_000)
    OUT.write_text(HEAD + text, encoding="utf-8")
    print(f"{len(found)} of {len(load_catalogue().identities)} identities have an example")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
