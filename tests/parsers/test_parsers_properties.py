"""Properties of hierarchy, labels and page ends: any tree, any spelling, any place of the cut."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from parsers_typeset import Style, differences, invented, print_pdf

from parsers.assemble import assemble
from parsers.document import Cell, Table
from parsers.engine import read_pages
from parsers.forms import family, key
from parsers.rows import bare, describe_rows

NAMES = ("社会保障和就业支出", "行政运行", "其他支出", "水利", "住房公积金")


def _table(form: str, body: list[list[str]]) -> Table:
    cells = [
        [Cell(text=t, amount=Decimal(t) if "." in t else None, page=1) for t in r] for r in body
    ]
    roles = family().forms[form].roles
    return Table(id=form, title="", roles=roles, ncols=len(roles), body=body, cells=cells)  # type: ignore[arg-type]


@st.composite
def trees(draw: st.DrawFn) -> list[str]:
    """Codes of 类, 款 and 项 in printed order; every level may be left out."""
    codes: list[str] = []
    for top in sorted(draw(st.sets(st.integers(201, 234), min_size=1, max_size=5))):
        if draw(st.integers(0, 9)):
            codes.append(str(top))
        for middle in sorted(draw(st.sets(st.integers(1, 99), max_size=4))):
            if draw(st.integers(0, 9)):
                codes.append(f"{top}{middle:02}")
            for leaf in sorted(draw(st.sets(st.integers(1, 99), max_size=4))):
                codes.append(f"{top}{middle:02}{leaf:02}")
    return codes


@given(trees(), st.sampled_from(["T02", "T03", "T05", "T08"]), st.data())
def test_every_row_is_part_of_the_row_whose_code_begins_its_own(
    codes: list[str], form: str, data: st.DataObject
) -> None:
    width = len(family().forms[form].columns)
    body = [["合计", "", *["1.00"] * (width - 2)]]
    body += [[c, data.draw(st.sampled_from(NAMES)), *["1.00"] * (width - 2)] for c in codes]
    table = _table(form, body)
    describe_rows(table)
    kinds = {3: "class", 5: "section", 7: "item"}
    assert table.rows[0].kind == "total"
    for i, code in enumerate(codes, start=1):
        meta = table.rows[i]
        assert (meta.kind, meta.code) == (kinds[len(code)], code)
        if len(code) == 3:
            assert meta.parent == 0
        elif code[:-2] in codes[: i - 1]:
            assert meta.parent == 1 + codes.index(code[:-2])
        else:
            assert meta.parent is None or code.startswith(str(table.rows[meta.parent].code))


BLANKS = st.sampled_from(["", " ", "\u3000", "\u00a0", "\n"])


@given(st.sampled_from((*NAMES, "一般公共预算", "“三公”经费", "公务用车购置及运行费")), st.data())
def test_blanks_and_widths_change_no_label(label: str, data: st.DataObject) -> None:
    spaced = "".join(ch + data.draw(BLANKS) for ch in label)
    assert key(spaced) == key(label)
    number = data.draw(
        st.sampled_from(["一、", "十二、", "（三）", "(三)", "1.", "①", "其中：", ""])
    )
    assert bare(number + spaced) == key(label)


@given(st.sampled_from(["（", "("]), st.sampled_from(["）", ")"]))
def test_brackets_of_either_width_are_the_same(left: str, right: str) -> None:
    assert key(f"因公出国{left}境{right}费") == key("因公出国（境）费")


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    form=st.sampled_from(["T01", "T02", "T03", "T04", "T05", "T06", "T12"]),
    repeat=st.sampled_from(["full", "none", "last", "captions", "continued"]),
    rules=st.sampled_from(["lines", "none", "horizontal", "frame"]),
    pad=st.floats(2.0, 16.0),
    split=st.booleans(),
    seed=st.integers(0, 10**6),
)
def test_a_table_reads_alike_wherever_its_pages_end(
    *, form: str, repeat: str, rules: str, pad: float, split: bool, seed: int
) -> None:
    """The room a row takes moves the page ends through the rows, and through the cells."""
    sheets = [s for s in invented(seed) if s.id in (form, "T03")]
    style = Style(
        rules=rules, repeat_header=repeat, pad=pad, split_rows=split and rules == "lines", size=7.0
    )
    made = assemble(read_pages(print_pdf(sheets, style)))
    assert differences(sheets, style, made.tables) == []
