"""Typeset the sample PDFs: ``python -m samples.generate [--out DIR] [--count N --seed S]``.

Without options the committed PDFs in ``samples/pdf`` are written anew; the bytes depend on the
facts and the typesetting only. ``--count N --out DIR`` makes N further documents.
"""

from __future__ import annotations

import argparse
import functools
import json
from collections.abc import Iterator
from pathlib import Path
from random import Random

from samples import document
from samples.budget import BodyPlan, Budget, bodies
from samples.document import County, Facts
from samples.province import province
from samples.typesetting import PRESETS, Typesetting, typeset, typeset_notice

PDF_FOLDER = Path(__file__).parent / "pdf"


@functools.cache
def facts_of(name: str) -> Facts:
    """Facts of the province's document ``name``; raises ``KeyError`` for the notice."""
    plan = province().documents[name]
    if plan.facts is not None:
        facts = document.load(plan.facts)
    elif plan.budget is not None:
        of = plan.budget
        body = bodies()[of.body]
        county = province().county(body.county)
        this = Budget(body, of.year, unit=of.unit, amended=of.amended)
        facts = this.facts(
            name,
            County(name=county.name, code=county.code),
            Budget(body, of.year - 1, unit=of.unit),
            published_tables=of.performance,
            forms=plan.forms,
            zero=of.zero,
            grouping=of.grouping,
        )
    else:
        raise KeyError(f"{name} is a notice: it has no figures")
    return facts.model_copy(update={"errata": [*facts.errata, *plan.errata]})


def budget_names() -> list[str]:
    """Documents of the province that are budgets."""
    return [n for n, plan in province().documents.items() if plan.notice is None]


def pdf_of(name: str) -> bytes:
    """The PDF of the province's document ``name``, typeset now."""
    plan = province().documents[name]
    setting = PRESETS[plan.typesetting]
    if plan.notice is not None:
        return typeset_notice(plan.notice.title, plan.notice.paragraphs, setting)
    return typeset(facts_of(name), setting)


# further documents for load tests ------------------------------------------------------------


def further(count: int, seed: int = 0) -> Iterator[tuple[str, Facts, Typesetting]]:
    """``count`` further documents: (name, facts, typesetting), the same for the same seed.

    Counties are called 样例001县 and so on; every document has a county and year of its own,
    so no two say the same of the same body.
    """
    plans = sorted(bodies().items())
    settings = list(PRESETS.values())
    for n in range(count):
        rng = Random(f"{seed}-{n}")
        key, plan = plans[rng.randrange(len(plans))]
        real = province().county(plan.county).name
        county = County(name=f"样例{n + 1:03d}县", code=f"1499{n % 90 + 10}")
        renamed = _renamed(plan, real, county.name, rng)
        year = rng.choice((2023, 2024, 2025, 2026))
        unit = rng.choice((None, None, None, *range(len(plan.units))))
        name = f"sample-{seed}-{n + 1:05d}-{key.split('-')[1]}-{year}"
        facts = Budget(renamed, year, unit=unit).facts(
            name,
            county,
            Budget(renamed, year - 1, unit=unit),
            published_tables=rng.randrange(1, 4),
            forms={"T01": {"label": "预算公开表1"}},
            zero=rng.choice(("", "", "", "0.00")),
            grouping=rng.random() < 0.25,
        )
        yield name, facts, settings[rng.randrange(len(settings))]


def season(place: int, documents: int, seed: int = 0) -> Iterator[tuple[str, Facts, Typesetting]]:
    """``documents`` budgets of the invented county 样例000县, 样例001县 … (``place``: its number).

    A body has the same staff and projects in all its documents: a year's plan follows from the
    year before, and units add up to their department. Raises ``ValueError`` where the bodies and
    years do not give as many documents.
    """
    settings = list(PRESETS.values())
    published = [
        (key, unit, year)
        for key, plan in sorted(bodies().items())
        for unit in (None, *range(len(plan.units)))
        for year in range(2023, 2027)
    ]
    if documents > len(published):
        raise ValueError(f"a county has at most {len(published)} documents, not {documents}")
    county = County(name=f"样例{place:03d}县", code=f"1499{place % 100:02d}")
    rng = Random(f"season-{seed}-{place}")
    plans = {
        key: _renamed(plan, province().county(plan.county).name, county.name, rng)
        for key, plan in sorted(bodies().items())
    }
    for number, (key, unit, year) in enumerate(rng.sample(published, documents)):
        name = f"season-{place:03d}-{number:03d}"
        facts = Budget(plans[key], year, unit=unit).facts(
            name,
            county,
            Budget(plans[key], year - 1, unit=unit),
            published_tables=rng.randrange(1, 4),
            forms={"T01": {"label": "预算公开表1"}},
            zero=rng.choice(("", "", "", "0.00")),
            grouping=rng.random() < 0.25,
        )
        yield name, facts, settings[rng.randrange(len(settings))]


def _renamed(plan: BodyPlan, old: str, new: str, rng: Random) -> BodyPlan:
    """The plan for another county, with staff and money of its own."""
    raw = json.loads(plan.model_dump_json(by_alias=True).replace(old, new))
    scale = rng.uniform(0.5, 1.8)
    for unit in raw["units"]:
        unit["staff"] = max(4, round(unit["staff"] * scale))
        unit["retired"] = round(unit["retired"] * scale)
    for project in raw["projects"]:
        project["yuan"] = {f: round(v * scale) for f, v in project["yuan"].items()}
    return BodyPlan.model_validate(raw)


def write_further(count: int, folder: Path, seed: int = 0) -> list[Path]:
    """Typeset ``count`` further documents into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, facts, setting in further(count, seed):
        path = folder / f"{name}.pdf"
        path.write_bytes(typeset(facts, setting))
        written.append(path)
    return written


def write_all(folder: Path = PDF_FOLDER) -> list[Path]:
    """Write every document of the province; files of no document are removed."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name in province().documents:
        path = folder / f"{name}.pdf"
        path.write_bytes(pdf_of(name))
        written.append(path)
    for path in set(folder.glob("*.pdf")) - set(written):
        path.unlink()
    return written


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--out", type=Path)
    options.add_argument("--count", type=int, help="so many further documents, for load tests")
    options.add_argument("--seed", type=int, default=0, help="of the further documents")
    given = options.parse_args()
    if given.count is None:
        written = write_all(given.out or PDF_FOLDER)
    elif given.out is None:
        options.error("--count needs --out DIR")
    else:
        written = write_further(given.count, given.out, given.seed)
    for path in written:
        print(f"{path}  {path.stat().st_size:,} bytes")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
