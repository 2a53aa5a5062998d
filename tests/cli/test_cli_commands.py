"""The command line as a person meets it: exit codes, one-line errors, formats, languages."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import subprocess
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from night_runs import budgets

from parsers.document import ParsedDocument

pytestmark = [pytest.mark.xdist_group("night")]

SAMPLE = "samples/pdf/qinglan-office-2026.pdf"


@pytest.mark.parametrize(
    "arguments",
    [["nonsense"], ["query"], ["ingest", "/no/such/file"], ["query", "select 1", "-f", "parquet"]],
)
def test_wrong_use_is_exit_2_without_a_traceback(tmp_path: Path, arguments: list[str]) -> None:
    done = budgets(tmp_path / "data", tmp_path, *arguments)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert done.stderr.strip()


def test_wrong_setting_is_exit_2_and_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUDGETS_BATCH_SIZE", "none")
    done = budgets(tmp_path / "data", tmp_path, "report")
    assert done.returncode == 2
    assert "BUDGETS_BATCH_SIZE" in done.stderr


def test_query_without_a_published_copy_says_what_to_do(tmp_path: Path) -> None:
    done = budgets(tmp_path / "data", tmp_path, "query", "select 1")
    assert done.returncode == 1
    assert len(done.stderr.strip().splitlines()) == 1
    assert "run" in done.stderr


@pytest.mark.parametrize("command", ["crawl", "ingest", "parse", "query", "show", "report"])
def test_help_has_an_example_or_options(tmp_path: Path, command: str) -> None:
    done = budgets(tmp_path / "data", tmp_path, command, "--help")
    assert done.returncode == 0
    assert "Usage" in done.stdout


def test_parse_formats(tmp_path: Path, project_root: Path) -> None:
    file = str(project_root / SAMPLE)
    as_json = budgets(tmp_path / "data", tmp_path, "parse", file, "--format", "json")
    assert as_json.returncode == 0, as_json.stderr
    document = ParsedDocument.model_validate_json(as_json.stdout)
    assert [t.id for t in document.tables] == [f"T{n:02}" for n in range(1, 14)]
    assert document.verdict is not None
    assert document.identities
    as_csv = budgets(tmp_path / "data", tmp_path, "parse", file, "-f", "csv")
    rows = list(csv.DictReader(io.StringIO(as_csv.stdout)))
    t01 = document.table("T01")
    assert t01 is not None
    total = next(r for r in rows if r["form"] == "T01" and r["text"] == t01.body[-1][1])
    assert Decimal(total["amount"]) == t01.cells[-1][1].amount
    assert all(r["page"] and r["x0"] for r in rows)
    table = budgets(tmp_path / "data", tmp_path, "parse", file)
    assert "T13" in table.stdout
    assert not (tmp_path / "data").exists(), "parse stores nothing"


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"<html>404</html>", "PDF"), (b"%PDF-1.7\n", "PDF"), (b"", "PDF")],
)
def test_bad_files_are_told_in_one_line(tmp_path: Path, content: bytes, says: str) -> None:
    bad = tmp_path / "bad.pdf"
    bad.write_bytes(content)
    done = budgets(tmp_path / "data", tmp_path, "parse", str(bad))
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "bad.pdf" in done.stderr
    assert says in done.stderr


@pytest.mark.slow
def test_query_formats_agree(finished_night: Path, sample_sites: Path, tmp_path: Path) -> None:
    sql = "select form, count(*) as n, sum(amount_wan) as s from marts.fct_amount group by 1 order by 1"
    found = json.loads(budgets(finished_night, sample_sites, "query", sql, "-f", "json").stdout)
    by_csv = list(
        csv.DictReader(
            io.StringIO(budgets(finished_night, sample_sites, "query", sql, "-f", "csv").stdout)
        )
    )
    assert [r["form"] for r in found] == [r["form"] for r in by_csv]
    assert len(found) >= 9
    out = tmp_path / "x.parquet"
    assert (
        budgets(
            finished_night, sample_sites, "query", sql, "-f", "parquet", "-o", str(out)
        ).returncode
        == 0
    )
    kept = duckdb.sql(f"select form, n, s from '{out}' order by 1").fetchall()
    assert [(f, str(s)) for f, _, s in kept] == [(r["form"], r["s"] or "None") for r in by_csv]
    wrong = budgets(finished_night, sample_sites, "query", "select nothing from nowhere")
    assert wrong.returncode == 1
    assert "Traceback" not in wrong.stderr


@pytest.mark.slow
def test_query_cannot_write(finished_night: Path, sample_sites: Path) -> None:
    done = budgets(finished_night, sample_sites, "query", "delete from marts.fct_amount")
    assert done.returncode == 1


@pytest.mark.slow
def test_report_reads_well_at_80_columns(finished_night: Path, sample_sites: Path) -> None:
    from rich.cells import cell_len

    for lang, title in (("zh", "夜报"), ("en", "report of the night")):
        done = budgets(finished_night, sample_sites, "report", "--lang", lang)
        assert done.returncode == 0, done.stderr
        assert title in done.stdout
        assert "\x1b[" not in done.stdout, "no colours in a log"
        wide = [x for x in done.stdout.splitlines() if cell_len(x.rstrip()) > 80]
        assert not wide


@pytest.mark.slow
def test_show_gives_a_budget_with_pages(finished_night: Path, sample_sites: Path) -> None:
    done = budgets(finished_night, sample_sites, "show", "办公室", "--year", "2026")
    assert done.returncode == 0, done.stderr
    assert "T05" in done.stdout
    nobody = budgets(finished_night, sample_sites, "show", "没有这个单位")
    assert nobody.returncode == 1
    assert len(nobody.stderr.strip().splitlines()) == 1


@pytest.mark.slow
def test_ingest_takes_local_files_through_the_same_path(
    ingested: tuple[Path, subprocess.CompletedProcess[str]], sample_sites: Path
) -> None:
    data, done = ingested
    given = {
        p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in data.with_name("in").iterdir()
    }
    assert done.returncode == 1, "a refused file is a failure"
    assert "a.pdf" in done.stdout
    assert "b.pdf" in done.stdout
    found = json.loads(
        budgets(
            data,
            sample_sites,
            "query",
            "select file_sha256, source_url from marts.dim_document",
            "-f",
            "json",
        ).stdout
    )
    assert sorted(r["file_sha256"] for r in found) == sorted(
        sha256 for name, sha256 in given.items() if name != "b.pdf"
    )
    assert not [r for r in found if str(r["source_url"] or "").startswith("http")]
