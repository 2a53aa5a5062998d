"""The sample province through the project's own reading and judging: nothing lost, nothing false.

What the documents hold is known exactly, so this measures both ways: every printed cell and
narrated figure comes back, every declared contradiction is found, and no other is claimed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from expectations.catalogue import judge
from parsers.document import ParsedDocument
from parsers.errors import DamagedError, NotADisclosureError
from parsers.read import read_document
from samples.document import Facts, Projects, Whole, expected
from samples.generate import PDF_FOLDER, budget_names, facts_of, further
from samples.province import province
from samples.typesetting import PRESETS, typeset

_FRAME = ("title", "label", "owner", "unit", "header", "ncols", "body", "note", "is_empty")
_PERSONAL = {"经办人", "联系电话"}


def _differences(facts: Facts, read: ParsedDocument) -> list[str]:
    wanted = expected(facts)
    found = []
    for form in wanted["tables"]:
        table = read.table(form["id"])
        if table is None:
            found.append(f"{form['id']} is missing")
            continue
        for key in _FRAME:
            if getattr(table, key) != form[key]:
                found.append(f"{form['id']}.{key}: {getattr(table, key)!r} for {form[key]!r}"[:400])
    keys: dict[str, Any] = wanted["narrative"]["keys"]
    for key, value in keys.items():
        if read.narrative.keys.get(key) != value:
            found.append(f"narrative {key}: {read.narrative.keys.get(key)!r} for {value!r}")
    if len(read.performance) != len(wanted["performance"]):
        found.append(f"{len(read.performance)} performance tables")
    for n, (mine, right) in enumerate(zip(read.performance, wanted["performance"], strict=False)):
        for key in right.keys() - _PERSONAL:
            if mine.get(key) != right[key]:
                found.append(f"performance {n} {key}: {mine.get(key)!r} for {right[key]!r}"[:400])
    return found


def _hard(read: ParsedDocument) -> set[str]:
    judged = judge(read) or read
    return {
        i.identity for i in judged.identities if i.outcome == "violated" and i.severity == "hard"
    }


@pytest.mark.parametrize("name", budget_names())
def test_everything_printed_is_read_and_only_what_is_wrong_is_found(name: str) -> None:
    facts = facts_of(name)
    read = read_document((PDF_FOLDER / f"{name}.pdf").read_bytes(), file_name=f"{name}.pdf")
    assert _differences(facts, read) == []
    assert (read.document.year, read.document.county) == (facts.year, facts.county.name)
    assert read.document.phase == "budget"
    own = facts.body.name.endswith("（本级）")
    scopes = {"unit_own"} if own else {"unit"} if facts.kind == "单位" else {"department"}
    assert read.document.scope in scopes
    declared = {i for f in province().documents[name].findings for i in f.identities}
    assert _hard(read) == declared


def _varied(name: str, **said: Any) -> Facts:
    facts = facts_of(name).model_copy(deep=True)
    return facts.model_copy(update={"said": facts.said.model_copy(update=said)})


def _listed_too_few() -> Facts:
    """Part 3 lists ten of eleven projects and calls their sum the sum of all."""
    rows = facts_of("qinglan-policy-2026").form("T12").body[2:]
    items = [(r[0], r[1]) for r in rows if r[1] != "80.00"]
    assert (len(rows), len(items)) == (11, 10)
    return _varied(
        "qinglan-policy-2026",
        whole=Whole(amount="228.96", items=items),
        projects=Projects(count="10", amount="228.96"),
    )


def _narrower_count() -> Facts:
    return _varied("qinglan-inspection-2023", projects=Projects(count="5", amount="1151.68"))


def _misprinted() -> Facts:
    """Two forms under wrong numbers; a target in 万元 whose sources are not filled in."""
    facts = _varied(
        "qinglan-archives-2024",
        projects=Projects(count="33", amount="1,002.94"),
    )
    facts.form("T07").label = "预算公开表4"
    facts.form("T09").label = "部门公开表9"
    target = facts.performance[0]
    target |= {"项目资金单位": "项目资金(万元)", "年度资金总额": "6"}
    for line in target["资金明细"]:
        if line["年度"]:
            line["年度"] = "6" if line["label"].endswith("资金总额") else "0"
    return facts


@pytest.mark.parametrize(
    ("made", "setting", "wrong"),
    [
        (_listed_too_few, "office_over", {"P-CNT", "P-LIST"}),
        (_narrower_count, "plain", {"P-CNT", "P-AMT"}),
        (_misprinted, "sheet", {"P-CNT", "P-SRC", "M-FORMNO", "M-FORMNAME"}),
    ],
)
def test_contradictions_between_text_targets_and_projects_are_found(
    made: Callable[[], Facts], setting: str, wrong: set[str]
) -> None:
    facts = made()
    read = read_document(typeset(facts, PRESETS[setting]))
    assert _differences(facts, read) == []
    assert _hard(read) == wrong


def test_personal_placeholders_are_dropped_where_they_stand() -> None:
    data = (PDF_FOLDER / "qinglan-inspection-2023.pdf").read_bytes()
    assert {"经办人"} <= set().union(
        *(t.keys() for t in facts_of("qinglan-inspection-2023").performance)
    )
    read = read_document(data)
    assert {d.kind for d in read.dropped} == {"person", "phone"}
    text = read.model_dump_json()
    assert "样例人员" not in text
    assert "000-0000000" not in text


def test_a_notice_and_a_cut_file_are_told_apart() -> None:
    with pytest.raises(NotADisclosureError):
        read_document((PDF_FOLDER / "linxiu-notice-2026.pdf").read_bytes())
    whole = (PDF_FOLDER / "linxiu-civil-2025.pdf").read_bytes()
    with pytest.raises(DamagedError):
        read_document(whole[: len(whole) * 3 // 5])


@pytest.mark.slow
def test_further_documents_are_read_without_one_wrong_cell_or_false_finding() -> None:
    for name, facts, setting in further(12, seed=20):
        read = read_document(typeset(facts, setting), file_name=name)
        assert _differences(facts, read) == [], (name, setting.name)
        assert _hard(read) == set(), (name, setting.name)
