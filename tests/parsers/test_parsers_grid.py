"""Rules → grids, as geometry."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from parsers.grid import build_grids, join_segments


def lattice(xs: list[float], ys: list[float]) -> tuple[list, list]:
    return [(y, xs[0], xs[-1]) for y in ys], [(x, ys[0], ys[-1]) for x in xs]


def steps(start: float, widths: list[float]) -> list[float]:
    out = [start]
    for w in widths:
        out.append(out[-1] + w)
    return out


WIDTHS = st.lists(st.floats(12, 90), min_size=1, max_size=7)
HEIGHTS = st.lists(st.floats(10, 40), min_size=1, max_size=12)


@given(WIDTHS, HEIGHTS)
def test_a_full_lattice_gives_every_cell(widths: list[float], heights: list[float]) -> None:
    xs, ys = steps(50, widths), steps(80, heights)
    grids, loose = build_grids(*lattice(xs, ys), page=1)
    assert len(grids) == 1
    assert loose == []
    grid = grids[0].grid
    assert (grid.nrows, grid.ncols) == (len(heights), len(widths))
    assert {(c.row, c.col, c.rowspan, c.colspan) for c in grid.cells} == {
        (r, c, 1, 1) for r in range(len(heights)) for c in range(len(widths))
    }


@given(WIDTHS, HEIGHTS, st.integers(2, 6), st.floats(0.2, 2.5))
def test_pieces_of_rules_give_the_same_grid(
    widths: list[float], heights: list[float], pieces: int, gap: float
) -> None:
    """Each rule drawn in pieces with small gaps, each cell with its own border."""
    xs, ys = steps(50, widths), steps(80, heights)
    h, v = lattice(xs, ys)

    def cut(rules: list) -> list:
        out = []
        for p, a, b in rules:
            step = (b - a) / pieces
            if step < 3 * gap:
                return rules
            out += [(p, a + i * step, a + (i + 1) * step - gap) for i in range(pieces - 1)]
            out.append((p, a + (pieces - 1) * step, b))
        return out

    whole = build_grids(h, v, page=1)[0][0].grid
    parts = build_grids(cut(h), cut(v), page=1)[0]
    assert len(parts) == 1
    assert (parts[0].grid.nrows, parts[0].grid.ncols) == (whole.nrows, whole.ncols)
    assert len(parts[0].grid.cells) == len(whole.cells)


def test_merged_header_cells_are_one_cell() -> None:
    xs, ys = [0.0, 50, 100, 150], [0.0, 20, 40, 60]
    h = [(0, 0, 150), (20, 50, 150), (40, 0, 150), (60, 0, 150)]
    v = [(0, 0, 60), (50, 0, 60), (100, 20, 60), (150, 0, 60)]
    grid = build_grids(h, v, page=1)[0][0].grid
    spans = {(c.row, c.col): (c.rowspan, c.colspan) for c in grid.cells}
    assert spans[0, 0] == (2, 1)
    assert spans[0, 1] == (1, 2)
    assert (grid.nrows, grid.ncols) == (len(ys) - 1, len(xs) - 1)


def test_tables_without_side_borders_keep_their_outer_columns() -> None:
    h = [(y, 0, 300) for y in (0, 20, 40)]
    grid = build_grids(h, [(100, 0, 40), (200, 0, 40)], page=1)[0][0].grid
    assert grid.ncols == 3
    assert grid.bbox == (0, 0, 300, 40)


def test_two_tables_apart_stay_apart() -> None:
    a = lattice([0, 50, 100], [0, 20, 40])
    b = lattice([0, 50, 100], [60, 80, 100])
    grids, _ = build_grids(a[0] + b[0], a[1] + b[1], page=1)
    assert [g.grid.bbox[1] for g in grids] == [0, 60]


def test_dots_join_to_a_rule_but_two_rules_do_not() -> None:
    dots = [(10.0, x / 1.0, x + 0.6) for x in range(0, 100, 3)]
    assert len(join_segments(dots)) == 1
    assert len(join_segments([(10.0, 0, 40), (10.0, 60, 100)])) == 2
