"""``docs/sample-province.md``: the traps of the sample province, and what each shows.

``python -m samples.pages`` writes the page anew; a test fails where it is out of date, another
where the night's summary does not say what the page promises.
"""

from __future__ import annotations

from pathlib import Path

from samples.province import Attachment, TrapStory, province

PAGE = Path(__file__).resolve().parent.parent / "docs" / "sample-province.md"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _attachment(trap: TrapStory) -> Attachment | None:
    found = province().article(trap.county, trap.article).attachments
    return next((x for x in found if x.file == trap.file), None)


def _outcome(trap: TrapStory) -> str:
    e = trap.expected
    steps = [f"`{x}`" for x in (e.fetch, e.parse, e.version) if x]
    if e.addresses > 1:
        steps.append(f"{e.addresses} addresses, one document")
    if e.document_name:
        steps.append(f"{e.document_name} {e.document_year}")
    if e.identities:
        steps.append("violated: " + ", ".join(f"`{i}`" for i in e.identities))
    return " → ".join(steps)


def _row(trap: TrapStory) -> str:
    attachment = _attachment(trap)
    where = f"{province().county(trap.county).name}：" + (
        attachment.label if attachment else province().article(trap.county, trap.article).title
    )
    said = "<br>".join(dict.fromkeys((trap.summary.zh, trap.summary.en))) if trap.summary else "—"
    cells = (f"{trap.zh}<br>{trap.en}", where, _outcome(trap), said)
    return "| " + " | ".join(_cell(c) for c in (f"`{trap.id}`", *cells)) + " |"


def traps_page() -> str:
    """The page as Markdown: one table, one row a trap, in the order of ``province.yml``."""
    p = province()
    places = sum(len(a.attachments) for c in p.counties for a in c.articles)
    planted = [
        f"- `{name}`: {finding.zh}"
        for name, document in p.documents.items()
        for finding in document.findings
    ]
    return "\n".join(
        [
            "# The sample province",
            "",
            f"`make demo` runs the night on {len(p.counties)} invented counties with {places} offered "
            "files. They set the traps that real",
            "portals and documents set. This table says where each trap is, what becomes of it, and what the",
            "night's summary (`budgets report`) says of it; `…` stands for what changes from night to night.",
            "A county's line gives the files found, new, unchanged, duplicate and refused (发现、新增、未变、",
            "重复、未收). Generated from `samples/province.yml`: `python -m samples.pages`.",
            "",
            "| trap | what is wrong | where | fetch → reading → version | in the summary |",
            "|---|---|---|---|---|",
            *(_row(t) for t in p.traps),
            "",
            f"{len(planted)} contradictions are planted; no document holds another one of what must be equal:",
            "",
            *planted,
            "",
        ]
    )


def main() -> int:
    PAGE.write_text(traps_page(), encoding="utf-8")
    print(PAGE)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
