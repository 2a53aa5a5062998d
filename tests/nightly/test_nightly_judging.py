"""The verdict's witness: lying text layers, real contradictions, decisions of people."""

from __future__ import annotations

import copy
import shutil
from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from lying_layers import covered_figure, invisible_figure, lie, other_digits_drawn, wrong_map
from night_runs import settings_in
from typer.testing import CliRunner

from cli_review import review_app
from expectations.catalogue import judge
from nightly import judging, steps
from nightly.decisions import (
    Correction,
    DecisionError,
    add_correction,
    apply_corrections,
    load_corrections,
)
from nightly.judging import judge_with_second_reading, rows_of, sample_of
from nightly.layers import ELSEWHERE
from nightly.review import decide, evidence, find, waiting
from nightly.settings import Settings
from parsers import second
from parsers.document import BBox, Cell, ParsedDocument, Warning_
from parsers.errors import DocumentError, NoTextError, ScannedError
from parsers.read import read_document
from parsers.second import CellRequest, SecondReading, second_reading

SAMPLE = "linxiu-culture-2026.pdf"
NOW = datetime(2026, 1, 21, 9, 30, tzinfo=UTC)


pytestmark = pytest.mark.xdist_group("judging")  # most look at the same page again


@pytest.fixture(scope="module", autouse=True)
def recognised_once() -> Iterator[None]:
    """The same pixels always say the same: the recogniser is asked once for them."""
    known: dict[tuple[tuple[int, ...], bytes], Any] = {}
    recognise = second._recognise

    def once(line: Any) -> Any:
        key = (line.shape, line.tobytes())
        if key not in known:
            known[key] = recognise(line)
        return copy.deepcopy(known[key])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(second, "_recognise", once)
        yield


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_in(tmp_path)


@pytest.fixture(scope="module")
def pdfs(project_root: Path) -> Path:
    return project_root / "samples" / "pdf"


@pytest.fixture(scope="module")
def data(pdfs: Path) -> bytes:
    return (pdfs / SAMPLE).read_bytes()


@pytest.fixture(scope="module")
def document(data: bytes) -> ParsedDocument:
    return read_document(data)


def _item(document: ParsedDocument) -> tuple[str, Cell, BBox]:
    """An amount in the middle of many identities: a 项 of T05, 合计."""
    table = document.table("T05")
    assert table is not None
    row = next(i for i, meta in enumerate(table.rows) if meta.kind == "item")
    cell = table.cells[row][2]
    assert cell.bbox is not None
    return f"T05/{row}/2", cell, cell.bbox


def _other(text: str) -> str:
    """The same figure with another last digit."""
    return text[:-1] + str((int(text[-1]) + 1) % 10)


def _at(document: ParsedDocument, key: str) -> Cell:
    form, r, c = key.split("/")
    table = document.table(form)
    assert table is not None
    assert table.body[int(r)][int(c)] == table.cells[int(r)][int(c)].text
    return table.cells[int(r)][int(c)]


def _left(pages: Collection[int]) -> ParsedDocument:
    """Stands for the reading from images where only what leads to it is looked at."""
    raise NoTextError(f"pages {sorted(pages)} are not read here", "the test", "nothing")


def _judged(data: bytes, settings: Settings) -> ParsedDocument:
    return judge_with_second_reading(
        read_document(data), data, settings, read=second_reading, reread=_left
    )


def _status(document: ParsedDocument) -> str:
    assert document.verdict is not None
    return document.verdict.status


def _reasons(document: ParsedDocument) -> str:
    assert document.verdict is not None
    return "\n".join(document.verdict.reasons)


# -- what the layer says against what is drawn ----------------------------------------------


def test_one_wrong_digit_is_repaired_and_both_readings_are_kept(
    data: bytes, document: ParsedDocument, settings: Settings
) -> None:
    key, cell, box = _item(document)
    lied = lie(data, cell.page, cell.text, _other(cell.text), box)
    assert _at(read_document(lied), key).text == _other(cell.text)
    out = _judged(lied, settings)
    mended = _at(out, key)
    assert (mended.text, mended.amount, mended.source) == (cell.text, cell.amount, "repaired")
    assert mended.reading_text == _other(cell.text)
    assert mended.confidence is not None
    assert _status(out) == "accepted_with_findings"
    assert not [i for i in out.identities if i.outcome == "violated" and i.severity == "hard"]
    assert key in _reasons(out)
    others = [c for t in out.tables for r in t.cells for c in r if c.source != "text"]
    assert others == [mended]


def test_a_figure_missing_in_the_layer_is_found_on_the_page(
    data: bytes, document: ParsedDocument, settings: Settings
) -> None:
    key, cell, box = _item(document)
    lied = lie(data, cell.page, cell.text, " " * len(cell.text), box)
    assert _at(read_document(lied), key).amount is None
    mended = _at(_judged(lied, settings), key)
    assert (mended.text, mended.reading_text, mended.source) == (cell.text, "", "repaired")


def test_a_hidden_figure_under_a_drawn_one(
    data: bytes, document: ParsedDocument, settings: Settings
) -> None:
    key, cell, box = _item(document)
    gone = lie(data, cell.page, cell.text, " " * len(cell.text), box)
    lied = covered_figure(gone, cell.page, box, cell.text, _other(cell.text))
    assert _at(read_document(lied), key).text == _other(cell.text)
    mended = _at(_judged(lied, settings), key)
    assert (mended.text, mended.source) == (cell.text, "repaired")


def test_an_invisible_layer_changes_nothing(
    data: bytes, document: ParsedDocument, settings: Settings
) -> None:
    key, cell, box = _item(document)
    out = _judged(invisible_figure(data, cell.page, box, "98765.43"), settings)
    assert _at(out, key) == cell
    assert _status(out) == "accepted"


def test_a_wrong_character_map_is_quarantined_with_its_suspects(
    data: bytes, settings: Settings
) -> None:
    out = _judged(wrong_map(data, {"8": "3"}), settings)
    assert _status(out) == "quarantined"
    suspects = [w for w in out.warnings if w.code == "second_reading_differs"]
    assert len(suspects) > judging.MOST_SUSPECTS
    assert all(w.where and w.page for w in suspects)
    assert not [c for t in out.tables for r in t.cells for c in r if c.source == "repaired"]
    for warning in suspects:
        if (warning.where or "").startswith("T"):
            cell = _at(out, warning.where or "")
            assert "3" in cell.text
            assert any("8" in other for other in cell.alternatives), cell


def test_a_consistent_layer_over_other_figures_is_quarantined(
    data: bytes, document: ParsedDocument, settings: Settings
) -> None:
    lied = other_digits_drawn(data, {"1": "7", "7": "1"})
    read = read_document(lied)
    assert [t.body for t in read.tables] == [t.body for t in document.tables]
    assert _status(judge(read)) == "accepted", "no identity can see this"
    out = judge_with_second_reading(read, lied, settings, read=second_reading, reread=_left)
    assert _status(out) == "quarantined"
    assert "存疑" in _reasons(out)


@pytest.mark.full
def test_a_document_whose_layer_lies_is_read_from_its_images(
    data: bytes, document: ParsedDocument, settings: Settings
) -> None:
    lied = wrong_map(data, {"8": "3"})
    out = judge_with_second_reading(read_document(lied), lied, settings)
    assert _status(out) == "accepted"
    (warning,) = [w for w in out.warnings if w.code == "layer_differs"]
    pages = {int(p) for p in (warning.where or "").split(",")}
    for right, read in zip(document.tables, out.tables, strict=True):
        for a, b in zip(right.cells, read.cells, strict=True):
            assert [x.amount for x in a] == [x.amount for x in b], right.id
            assert all((x.source == "text") == (x.page not in pages) for x in b)
        assert [m.code for m in right.rows] == [m.code for m in read.rows]
    values = [(f.path, f.value) for f in document.narrative.figures]
    assert [(f.path, f.value) for f in out.narrative.figures] == values
    for one, other in zip(document.performance, out.performance, strict=True):
        assert one["年度资金总额"] == other["年度资金总额"]


def _from_images(read: ParsedDocument, pages: Collection[int]) -> ParsedDocument:
    """What reading these pages from their images gives."""
    out = read.model_copy(deep=True)
    for table in out.tables:
        for r, row in enumerate(table.cells):
            for c, cell in enumerate(row):
                if cell.page in pages:
                    cell.source, cell.confidence = "ocr", 1.0
                    table.body[r][c] = cell.text
    said = ",".join(map(str, sorted(pages)))
    out.warnings.append(Warning_(code="recognised_pages", message="from images", where=said))
    return out


def test_pages_are_read_from_images_until_none_lies(
    data: bytes, document: ParsedDocument, settings: Settings
) -> None:
    """The page of one form lies in more figures than can be repaired; what else lies, here a page
    of the text, is found when all figures are compared, and no page is read twice."""
    _, cell, _ = _item(document)
    lying = {cell.page}
    narrated = next(f.page for f in document.narrative.figures if f.page not in lying)
    read = document.model_copy(deep=True)
    wrong = [c for t in read.tables for row in t.cells for c in row if c.page in lying and c.amount]
    asked: list[set[int]] = []

    def drawn(_: bytes, requests: Sequence[CellRequest]) -> list[SecondReading]:
        known = asked[-1] if asked else set[int]()
        return [
            SecondReading(
                key=r.key,
                pixels="9.99" if r.page in {*lying, narrated} - known else r.text,
                confidence=0.99,
                sure=True,
                agrees=r.page not in {*lying, narrated} - known,
            )
            for r in requests
        ]

    def reread(pages: Collection[int]) -> ParsedDocument:
        asked.append(set(pages))
        return _from_images(document, pages)

    assert len(wrong) > judging.MOST_SUSPECTS
    out = judge_with_second_reading(read, data, settings, read=drawn, reread=reread)
    assert _status(out) == "accepted"
    assert len(asked) == 1
    assert {*lying, narrated} <= asked[0]
    assert 1 in asked[0], "the year stands there"
    (warning,) = [w for w in out.warnings if w.code == "layer_differs"]
    assert {int(p) for p in (warning.where or "").split(",")} == asked[0]


def test_recognition_is_left_to_its_own_processes(
    data: bytes, document: ParsedDocument, settings: Settings
) -> None:
    lied = wrong_map(data, {"8": "3"})

    def differs(_: bytes, requests: Sequence[CellRequest]) -> list[SecondReading]:
        return [SecondReading(key=r.key, pixels="9.99", confidence=1, sure=True) for r in requests]

    def later(pages: Collection[int]) -> ParsedDocument:
        raise ScannedError(f"{len(pages)} pages lie", "the test", "nothing")

    with pytest.raises(ScannedError, match="pages lie"):
        judge_with_second_reading(document, lied, settings, read=differs, reread=later)


@pytest.mark.parametrize("few", [True, False])
def test_images_that_break_sums_which_the_layer_keeps_are_not_taken(
    data: bytes, document: ParsedDocument, settings: Settings, few: bool
) -> None:
    """Which of the two is true nobody can say: a page may be drawn with a wrong font too. A few
    figures wait as both readings; where the whole layer differs, those that no sum settles."""
    key, cell, _ = _item(document)
    one = sample_of(document)[0].key

    def differs(_: bytes, requests: Sequence[CellRequest]) -> list[SecondReading]:
        return [
            SecondReading(
                key=r.key,
                pixels=r.text,
                confidence=1,
                sure=True,
                agrees=r.key != one if few else r.page != cell.page,
            )
            for r in requests
        ]

    def reread(pages: Collection[int]) -> ParsedDocument:
        out = _from_images(document, pages)
        other = _at(out, key)
        assert other.amount is not None
        other.amount += 1
        form, r, c = key.split("/")
        other.text = out.table(form).body[int(r)][int(c)] = f"{other.amount:.2f}"  # type: ignore[union-attr]
        return out

    out = judge_with_second_reading(document, data, settings, read=differs, reread=reread)
    assert _status(out) == "quarantined"
    told = [w for w in out.warnings if w.code == "layer_differs"]
    assert len(told) == 1
    suspects = {w.where for w in out.warnings if w.code == "second_reading_differs"}
    if few:
        assert _at(out, key).text == cell.text
        assert "neither reading fits" in told[0].message
        assert suspects == {one}
    else:
        assert suspects == {key}
        assert (_at(out, key).source, key in _reasons(out)) == ("ocr", True)


def test_a_figure_of_the_text_is_never_repaired(
    data: bytes, document: ParsedDocument, settings: Settings
) -> None:
    path = "income_general_public_budget/amount"
    figure = next(f for f in document.narrative.figures if f.path == path)
    number = figure.text.removesuffix("万元")
    lied = lie(data, figure.page or 0, number, _other(number))
    out = _judged(lied, settings)
    assert _status(out) == "quarantined"
    assert _other(number) in _reasons(out)
    assert number in _reasons(out)
    again = next(f for f in out.narrative.figures if f.path == path)
    assert again.value == Decimal(_other(number))


def test_a_contradiction_whose_pixels_differ_too_is_not_guessed(
    data: bytes, document: ParsedDocument, settings: Settings
) -> None:
    """Two figures that both fit nothing: neither reading satisfies the identities."""
    key, cell, box = _item(document)
    drawn = covered_figure(
        lie(data, cell.page, cell.text, " " * len(cell.text), box),
        cell.page,
        box,
        "7.77",
        "8.88",
    )
    out = _judged(drawn, settings)
    assert _status(out) == "quarantined"
    assert _at(out, key).text == "8.88"
    assert "7.77" in _at(out, key).alternatives


@pytest.mark.parametrize("name", ["linxiu-civil-2026", "linxiu-culture-2025"])
def test_the_publishers_contradiction_stays_as_printed(
    pdfs: Path, settings: Settings, name: str
) -> None:
    data = (pdfs / f"{name}.pdf").read_bytes()
    read = read_document(data)
    plain = judge(read)
    out = judge_with_second_reading(read, data, settings, read=second_reading, reread=_left)
    assert _status(plain) == "accepted_with_findings"
    assert out == plain


@pytest.mark.full  # what becomes of them in a night: tests/samples/test_samples_night.py
def test_no_sample_is_quarantined(pdfs: Path, settings: Settings) -> None:
    files = sorted(pdfs.glob("*.pdf"))
    assert len(files) > 20
    for file in files:
        data = file.read_bytes()
        try:
            read = read_document(data)
        except DocumentError:
            continue
        plain = judge(read)
        assert (
            judge_with_second_reading(read, data, settings, read=second_reading, reread=_left)
            == plain
        ), file


@pytest.mark.shared
@pytest.mark.slow
def test_no_real_contradiction_is_taken_for_a_misreading(
    shared_dir: Path, settings: Settings
) -> None:
    files = sorted((shared_dir / "rendered" / "wps").glob("*.pdf"))
    assert files
    for file in files:
        data = file.read_bytes()
        read = read_document(data)
        plain = judge(read)
        assert (
            judge_with_second_reading(read, data, settings, read=second_reading, reread=_left)
            == plain
        ), file


# -- a reader that fails or is not sure ------------------------------------------------------


def _fails(_data: bytes, _cells: Sequence[CellRequest]) -> list[SecondReading]:
    raise DocumentError("reading took longer than 1 s", "the file", "Raise the limit.")


def test_without_a_witness_a_contradiction_waits(pdfs: Path, settings: Settings) -> None:
    data = (pdfs / "linxiu-civil-2026.pdf").read_bytes()
    out = judge_with_second_reading(read_document(data), data, settings, read=_fails)
    assert _status(out) == "quarantined"
    assert "took longer" in _reasons(out)


def test_without_a_witness_a_consistent_document_is_warned(
    data: bytes, document: ParsedDocument, settings: Settings
) -> None:
    out = judge_with_second_reading(document, data, settings, read=_fails)
    assert _status(out) == "accepted"
    assert [w.code for w in out.warnings].count("second_reading_failed") == 1


def test_a_faint_witness_is_none(pdfs: Path, settings: Settings) -> None:
    def faint(_data: bytes, cells: Sequence[CellRequest]) -> list[SecondReading]:
        return [SecondReading(key=c.key, pixels=c.text, confidence=0.3, agrees=True) for c in cells]

    data = (pdfs / "linxiu-civil-2026.pdf").read_bytes()
    out = judge_with_second_reading(read_document(data), data, settings, read=faint)
    assert _status(out) == "quarantined"


def test_another_place_is_no_confirmation(pdfs: Path, settings: Settings) -> None:
    def elsewhere(_data: bytes, cells: Sequence[CellRequest]) -> list[SecondReading]:
        return [
            SecondReading(
                key=c.key, pixels=c.text, confidence=1, agrees=True, sure=True,
                placed=not c.place, placement="the row is another",
            )
            for c in cells
        ]  # fmt: skip

    data = (pdfs / "linxiu-culture-2025.pdf").read_bytes()
    out = judge_with_second_reading(read_document(data), data, settings, read=elsewhere)
    assert _status(out) == "quarantined"
    assert "位置不符" in _reasons(out)


def test_a_clean_document_costs_a_small_sample_only(
    data: bytes, document: ParsedDocument, settings: Settings
) -> None:
    asked: list[CellRequest] = []

    def count(given: bytes, cells: Sequence[CellRequest]) -> list[SecondReading]:
        asked.extend(cells)
        return second_reading(given, cells)

    out = judge_with_second_reading(document, data, settings, read=count)
    assert out == judge(document)
    assert sum(c.look for c in asked) == judging.SAMPLE
    assert {c.key for c in asked if c.place} == {r.key for r in rows_of(document)}
    assert all(c.look or c.place for c in asked)


def _swap(document: ParsedDocument, form: str, one: int, other: int) -> ParsedDocument:
    """The document as a reading that gives two rows' figures to each other's labels."""
    mixed = document.model_copy(deep=True)
    table = mixed.table(form)
    assert table is not None
    for c, cell in enumerate(table.cells[one]):
        if cell.amount is not None or table.cells[other][c].amount is not None:
            for grid in (table.cells, table.body):
                grid[one][c], grid[other][c] = grid[other][c], grid[one][c]  # type: ignore[index]
    return mixed


def test_rows_that_changed_places_are_seen_though_every_sum_holds(
    data: bytes, document: ParsedDocument, settings: Settings
) -> None:
    table = document.table("T06")
    assert table is not None
    items = [i for i, row in enumerate(table.rows) if row.kind == "item"]
    one, other = next(
        (a, b)
        for a, b in pairwise(items)
        if table.cells[a][2].text != table.cells[b][2].text
        and _status(judge(_swap(document, "T06", a, b))) == "accepted"
    )
    out = judge_with_second_reading(
        _swap(document, "T06", one, other), data, settings, read=second_reading
    )
    assert _status(out) == "quarantined"
    told = [w for w in out.warnings if w.code == "second_reading_differs"]
    assert {w.where for w in told} == {f"T06/{one}/2", f"T06/{other}/2"}
    assert "位置不符" in _reasons(out)
    assert "图像" not in _reasons(out), "nobody looked at the pixels"


def test_every_figure_is_looked_at_where_one_differs_and_its_place_is_kept(
    data: bytes, settings: Settings
) -> None:
    asked: list[CellRequest] = []

    def count(given: bytes, cells: Sequence[CellRequest]) -> list[SecondReading]:
        asked.extend(cells)
        return second_reading(given, cells)

    lied = other_digits_drawn(data, {"1": "7", "7": "1"})
    read = read_document(lied)
    judge_with_second_reading(read, lied, settings, read=count, reread=_left)
    looked = [c.key for c in asked if c.look and not c.key.startswith(ELSEWHERE)]
    assert len(looked) == len(set(looked))
    filled = {f"{t.id}/{r}/{c}" for t in read.tables for r, row in enumerate(t.cells)
              for c, cell in enumerate(row) if cell.amount is not None}  # fmt: skip
    assert set(looked) == filled


def test_the_sample_shows_every_digit_and_every_filled_form(document: ParsedDocument) -> None:
    sample = sample_of(document)
    assert sample == sample_of(document)
    assert {d for r in sample for d in r.text if d.isdigit()} == set("0123456789")
    filled = {t.id for t in document.tables if any(c.amount for r in t.cells for c in r)}
    assert {r.key.partition("/")[0] for r in sample} == filled


# -- decisions -------------------------------------------------------------------------------


def _correction(document: ParsedDocument, **changes: object) -> Correction:
    key, cell, _ = _item(document)
    given: dict[str, object] = {
        "file_sha256": document.document.file_sha256,
        "cell": key,
        "printed": cell.text,
        "value": _other(cell.text),
        "why": "看了原件",
        "who": "复核员",
        "when": NOW,
    }
    return Correction.model_validate(given | changes)


def test_a_decision_is_written_read_and_carried_out(
    document: ParsedDocument, tmp_path: Path
) -> None:
    one = _correction(document)
    add_correction(tmp_path, one)
    add_correction(tmp_path, _correction(document, file_sha256="0" * 64))
    assert load_corrections(tmp_path, one.file_sha256) == [one]
    applied = apply_corrections(document, [one])
    cell = _at(applied.document, one.cell)
    assert (cell.text, cell.reading_text, cell.source) == (one.value, one.printed, "repaired")
    assert cell.amount == Decimal(one.value)
    assert applied.decided == {one.cell}
    assert _at(document, one.cell).text == one.printed, "the reading itself is untouched"


def test_the_last_decision_on_a_figure_counts_and_the_first_stays_written(
    document: ParsedDocument, tmp_path: Path
) -> None:
    first, last = _correction(document), _correction(document, value="1.23", why="再看一次")
    path = add_correction(tmp_path, first)
    add_correction(tmp_path, last)
    assert load_corrections(tmp_path) == [last]
    assert first.why in path.read_text("utf-8")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"printed": "9.99"}, "is read there"),
        ({"row": "别的行"}, "the row is"),
        ({"column": "别的列"}, "the column is"),
        ({"cell": "T05/999/2"}, "no such row"),
    ],
)
def test_a_decision_about_another_figure_is_stale_and_told(
    document: ParsedDocument, change: dict[str, str], said: str
) -> None:
    applied = apply_corrections(document, [_correction(document, **change)])
    [warning] = [w for w in applied.document.warnings if w.code == "correction_stale"]
    assert said in warning.message
    assert not applied.decided
    assert [t.body for t in applied.document.tables] == [t.body for t in document.tables]


@pytest.mark.parametrize(
    "text",
    [
        "not: a list",
        "- {cell: T05/1/2}",
        "- [",
        "- {file_sha256: x, cell: T05/1/2, printed: '1', value: '2', why: w, who: n, "
        "when: 2026-01-21T09:30:00+08:00}",
        f"- {{file_sha256: {'a' * 64}, cell: T05/1/2, printed: '1', value: 二, why: w, who: n, "
        "when: 2026-01-21T09:30:00+08:00}",
        f"- {{file_sha256: {'a' * 64}, cell: N/x, printed: '1', value: '2', why: w, who: n, "
        "when: 2026-01-21T09:30:00+08:00}",
        f"- {{file_sha256: {'a' * 64}, cell: T05/1/2, printed: '1', value: '2', why: w, who: n, "
        "when: 2026-01-21T09:30:00}",
    ],
)
def test_a_file_that_is_not_understood_stops(tmp_path: Path, text: str) -> None:
    (tmp_path / "corrections.yml").write_text(text, "utf-8")
    with pytest.raises(DecisionError, match=r"corrections\.yml"):
        load_corrections(tmp_path)


def test_a_person_may_confirm_a_figure_of_the_text(
    data: bytes, document: ParsedDocument, settings: Settings
) -> None:
    path = "income_general_public_budget/amount"
    figure = next(f for f in document.narrative.figures if f.path == path)
    number = figure.text.removesuffix("万元")
    lied = lie(data, figure.page or 0, number, _other(number))
    read = read_document(lied)
    said = _other(number) + "万元"
    sha = read.document.file_sha256
    add_correction(
        settings.decisions,
        _correction(document, file_sha256=sha, cell=f"N/{path}", printed=said, value=said),
    )
    out = judge_with_second_reading(read, lied, settings, read=second_reading, reread=_left)
    assert _status(out) == "accepted_with_findings"


# -- through the night, and by hand ----------------------------------------------------------


@pytest.mark.full
def test_quarantined_reviewed_decided_and_read_again(
    data: bytes, document: ParsedDocument, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, cell, box = _item(document)
    gone = lie(data, cell.page, cell.text, " " * len(cell.text), box)
    lied = covered_figure(gone, cell.page, box, cell.text[:-1] + " ", "8.88")
    file = settings.data.parent / "budget.pdf"
    file.write_bytes(lied)
    [row] = steps.ingest(settings, [file], "r1")
    [[sha]] = steps.find_unparsed(settings)
    steps.parse_batch(settings, [sha], "r1")
    record = steps.read_one(settings, sha)
    assert row.sha256 == sha
    assert _status(record.documents[0]) == "quarantined"

    [one] = waiting(settings)
    assert key in [s.cell for s in one.suspects]
    shown = evidence(settings, find(settings, sha[:12]))
    suspect = next(s for s in shown.suspects if s.cell == key)
    assert suspect.printed == "8.88"
    assert suspect.crop is not None
    assert suspect.crop.read_bytes().startswith(b"\x89PNG")

    monkeypatch.setenv("BUDGETS_DATA", str(settings.data))
    monkeypatch.setenv("BUDGETS_DECISIONS", str(settings.decisions))
    run = CliRunner()
    listed = run.invoke(review_app, [])
    assert listed.exit_code == 0, listed.output
    assert sha[:12] in listed.output
    assert key in listed.output
    seen = run.invoke(review_app, [sha[:12]])
    assert seen.exit_code == 0, seen.output
    assert "8.88" in seen.output
    assert ".png" in seen.output
    unsigned = run.invoke(review_app, [sha[:12], "--cell", key, "--value", "1"])
    assert unsigned.exit_code == 2
    assert "--who" in unsigned.output
    asked = [sha[:12], "--cell", key, "--why", "看原件", "--who", "复核员", "--value"]
    refused = run.invoke(review_app, [*asked, "一百"])
    assert refused.exit_code == 1, refused.output
    assert "no amount" in refused.output
    assert not (settings.decisions / "corrections.yml").exists()
    done = run.invoke(review_app, [*asked, cell.text])
    assert done.exit_code == 0, done.output
    assert waiting(settings) == []

    again = steps.read_one(settings, sha)
    assert again.decisions_version != record.decisions_version
    mended = _at(again.documents[0], key)
    assert (mended.text, mended.reading_text, mended.source) == (cell.text, "8.88", "repaired")
    assert _status(again.documents[0]) == "accepted"

    shutil.rmtree(settings.data / "parsed")  # a decision survives reading everything anew
    steps.parse_batch(settings, [sha], "r2")
    assert _at(steps.read_one(settings, sha).documents[0], key) == mended


def test_a_broken_decisions_file_stops_the_batch_and_condemns_no_document(
    pdfs: Path, settings: Settings
) -> None:
    steps.ingest(settings, [pdfs / SAMPLE], "r1")
    settings.decisions.mkdir()
    (settings.decisions / "corrections.yml").write_text("nonsense", "utf-8")
    [[sha]] = steps.find_unparsed(settings)
    with pytest.raises(DecisionError):
        steps.read_one(settings, sha)
    (settings.decisions / "corrections.yml").write_text("", "utf-8")
    assert steps.read_one(settings, sha).outcome == "parsed"


def test_deciding_names_a_figure_that_is_there(
    document: ParsedDocument, settings: Settings
) -> None:
    from nightly.review import ReviewError

    for cell in ("T05/999/2", "T99/1/1", "nonsense"):
        with pytest.raises((ReviewError, DecisionError)):
            decide(settings, document, cell, "1.00", why="w", who="n", now=NOW)
    assert not settings.decisions.exists()


def test_several_budgets_in_one_file_are_several_documents(
    settings: Settings, pdfs: Path, tmp_path: Path
) -> None:
    """A department's budget with its units' behind it: each a document, none lost."""
    import duckdb

    pikepdf = pytest.importorskip("pikepdf")
    names = [f"yunting-education-2026{unit}.pdf" for unit in ("", "-unit-0", "-unit-1")]
    with pikepdf.open(pdfs / names[0]) as bound:
        for name in names[1:]:
            with pikepdf.open(pdfs / name) as further:
                bound.pages.extend(further.pages)
        bound.save(tmp_path / "bound.pdf")
    steps.ingest(settings, [tmp_path / "bound.pdf"], "r1")
    [[sha]] = steps.find_unparsed(settings)
    record = steps.read_one(settings, sha)
    assert record.outcome == "parsed"
    assert [d.document.document_id for d in record.documents] == [sha, f"{sha}-02", f"{sha}-03"]
    for read, name in zip(record.documents, names, strict=True):
        alone = read_document((pdfs / name).read_bytes())
        assert read.document.department == alone.document.department
        assert [t.body for t in read.tables] == [t.body for t in alone.tables]
        assert len(read.performance) == len(alone.performance)
        assert read.verdict is not None
        assert read.verdict.status == "accepted"
    steps.parse_batch(settings, [sha], "r1")
    files = settings.data / "landing" / "raw_document"
    landed = duckdb.sql(
        f"select document_id from read_parquet('{files}/*.parquet') order by all"
    ).fetchall()
    assert [row[0] for row in landed] == [sha, f"{sha}-02", f"{sha}-03"]
