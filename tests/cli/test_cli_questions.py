"""``budgets ask`` and ``budgets export``: the weekly questions at the terminal and in Excel."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from night_runs import budgets
from openpyxl import load_workbook

pytestmark = pytest.mark.xdist_group("night")


def test_ask_gives_one_answer_in_every_format(finished_night: Path, sample_sites: Path) -> None:
    narrow = ("ask", "4", "--county", "青岚县", "--year", "2026")
    shown = budgets(finished_night, sample_sites, *narrow)
    assert shown.returncode == 0, shown.stderr
    assert "已公开部门合计（3/4个）" in shown.stdout  # once, not in each row
    assert shown.stdout.count("4,156.40") == 1
    assert "预算数不等于实际支出" in shown.stdout
    as_json = json.loads(budgets(finished_night, sample_sites, *narrow, "-f", "json").stdout)
    as_csv = list(
        csv.DictReader(
            io.StringIO(budgets(finished_night, sample_sites, *narrow, "-f", "csv").stdout)
        )
    )
    assert len(as_json) == len(as_csv) == 4
    assert [r["expenditure_total_wan"] for r in as_json][:3] == [
        r["expenditure_total_wan"] for r in as_csv
    ][:3]
    assert as_csv[3]["label"] == "未公开"


def test_a_wrong_question_is_told(finished_night: Path, sample_sites: Path) -> None:
    done = budgets(finished_night, sample_sites, "ask", "44")
    assert done.returncode == 1
    assert "4 已公开部门合计" in done.stderr
    assert "Traceback" not in done.stderr


def test_export_writes_a_workbook(finished_night: Path, sample_sites: Path, tmp_path: Path) -> None:
    out = tmp_path / "答案.xlsx"
    done = budgets(finished_night, sample_sites, "export", "1", "4", "-o", str(out))
    assert done.returncode == 0, done.stderr
    book = load_workbook(out)
    assert book.sheetnames == ["说明", "01 收入增长与结转", "04 已公开部门合计"]
    sheet = book["01 收入增长与结转"]
    link = sheet.cell(row=2, column=sheet.max_column - 1)
    assert link.hyperlink.target.endswith("#page=4")
    done = budgets(
        finished_night, sample_sites, "export", "1", "-o", str(tmp_path / "no" / "x.xlsx")
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
