"""What a finding rests on is quoted as printed: rows of forms, sentences of the text."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from expectations.catalogue import judge
from nightly import steps
from nightly.quotes import Quote, quotes, quotes_of
from nightly.settings import Settings
from parsers.document import ParsedDocument, ParseRecord
from parsers.read import read_document


@pytest.fixture(scope="module")
def judged() -> ParsedDocument:
    sample = Path(__file__).resolve().parents[2] / "samples" / "pdf" / "qinglan-policy-2026.pdf"
    return judge(read_document(sample.read_bytes()))


@dataclass
class Told:
    """As much of a finding as its quotes need."""

    document_id: str
    identity: str
    instance: str


def test_rows_stand_under_the_statement_they_belong_to(judged: ParsedDocument) -> None:
    one = next(i for i in judged.identities if i.identity == "X-FE4")
    assert quotes_of(judged, one) == [
        Quote(1, "T05 一般公共预算支出预算表", "2101101  行政单位医疗  14.52  14.52", 10),
        Quote(1, "T05 一般公共预算支出预算表", "2101102  事业单位医疗  10.53  10.53", 10),
        Quote(
            2,
            "T06 一般公共预算安排基本支出分经济科目表",
            "职工基本医疗保险缴费  社会保障缴费  24.93  24.93",
            11,
        ),
    ]


def test_a_figure_of_the_text_is_quoted_with_its_sentence(judged: ParsedDocument) -> None:
    narrated = [i for i in judged.identities if i.identity == "N-EQ" and i.terms]
    assert narrated
    for one in narrated:
        [said, *_] = (q for q in quotes_of(judged, one) if not q.where.startswith("T"))
        assert said.page is not None
        figure = next(t for t in one.terms if t.cell.form == "N")
        assert figure.value_yuan is not None
        plain = said.text.replace(",", "")
        assert f"{figure.value_yuan / 10_000:.2f}".rstrip("0").rstrip(".") in plain, one.instance


def test_a_target_is_quoted_with_its_lines_of_funding(judged: ParsedDocument) -> None:
    one = next(i for i in judged.identities if i.identity == "P-SRC" and i.terms)
    found = quotes_of(judged, one)
    assert all(q.where.startswith("绩效目标表 ") and q.page for q in found)
    assert any("资金总额" in q.text for q in found)


def test_the_kept_reading_is_asked(
    judged: ParsedDocument, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sha = judged.document.file_sha256
    for version in (3, 12):
        folder = tmp_path / "parsed" / f"parser={version}" / sha[:2]
        folder.mkdir(parents=True)
        (folder / f"{sha}.json.zst").write_bytes(b"")
    asked: list[int] = []

    def kept(_: Any, name: str, version: int) -> ParseRecord | None:
        assert name == sha
        asked.append(version)
        if version == 12:
            return None
        return ParseRecord.model_construct(documents=[judged])

    monkeypatch.setattr(steps, "kept_reading", kept)
    monkeypatch.setenv("BUDGETS_DATA", str(tmp_path))
    settings = Settings.from_environment()
    one = next(i for i in judged.identities if i.outcome == "violated" and i.terms)
    finding: Any = Told(judged.document.document_id, one.identity, one.instance)
    assert quotes(settings, finding) == quotes_of(judged, one)
    assert asked == [12, 3]
    gone: Any = Told("0" * 64, one.identity, one.instance)
    assert quotes(settings, gone) == []
