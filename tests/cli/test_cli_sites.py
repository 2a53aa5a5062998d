"""``budgets sites`` and ``budgets archive`` on a portal on loopback."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urljoin

import pytest
import yaml
from typer.testing import CliRunner, Result

from cli import app
from samples.server import Running, serve, write_site_files
from scrapers.archive import Archive
from scrapers.site import Site, load_sites
from store import Store

COUNTY = "149901"


def budgets(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


@pytest.fixture(scope="module")
def sample_province(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Running, Path]]:
    folder = tmp_path_factory.mktemp("province") / "sites"
    with serve() as running:
        write_site_files(folder, running.ports)
        yield running, folder


@pytest.fixture(autouse=True)
def _place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUDGETS_DATA", str(tmp_path / "data"))
    monkeypatch.delenv("BUDGETS_SITES", raising=False)
    monkeypatch.delenv("BUDGETS_CONTACT", raising=False)
    monkeypatch.delenv("BUDGETS_LANG", raising=False)


@pytest.mark.parametrize(("lang", "said"), [("zh", "泽州县"), ("en", "verified")])
def test_the_sites_in_use_are_listed(lang: str, said: str) -> None:
    done = budgets("sites", "list", "--lang", lang)
    assert done.exit_code == 0
    assert said in done.stdout
    assert "www.sxzhongyang.gov.cn" in done.stdout


def test_a_broken_site_file_is_named_with_line_and_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sites").mkdir()
    (tmp_path / "sites" / "x.yml").write_text("name: 甲县\ncounty_code: 140525\n", encoding="utf-8")
    monkeypatch.setenv("BUDGETS_SITES", str(tmp_path / "sites"))
    done = budgets("sites", "list")
    assert done.exit_code == 1
    assert "x.yml:" in done.stderr


def test_a_site_is_drafted_checked_and_then_crawlable(
    sample_province: tuple[Running, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    running, folder = sample_province
    given: Site = next(s for s in load_sites(folder) if s.county_code == COUNTY)
    url = given.column_url(given.columns[0])
    out = tmp_path / "drafts"
    done = budgets(
        "sites", "new", url, "--allow-private", "-o", str(out), "--name", given.name, "--code", COUNTY
    )  # fmt: skip
    assert done.exit_code == 0, done.stderr
    [file] = out.glob("*.yml")
    assert file.name.startswith(COUNTY)
    assert file.read_text(encoding="utf-8") == done.stdout
    assert len([x for x in done.stdout.splitlines() if x and not x.startswith("#")]) < 10
    [drafted] = load_sites(out)
    assert drafted.family == given.family
    assert drafted.column_url(drafted.columns[0]) == url
    assert drafted.columns[0].holds == "budget"
    assert not drafted.verified
    again = budgets("sites", "new", url, "--allow-private", "-o", str(out), "--code", COUNTY)
    assert again.exit_code == 1
    assert "--force" in again.stderr

    monkeypatch.setenv("BUDGETS_SITES", str(out))
    before = len(running.log)
    checked = budgets(
        "sites", "check", given.name, "--lang", "en", "--pages", "2", "--articles", "1"
    )
    assert "page 1:" in checked.stdout
    assert ".pdf" in checked.stdout
    assert "预算" in checked.stdout
    assert len(running.log) > before
    assert not (tmp_path / "data").exists(), "a check stores nothing"


def test_check_of_a_good_site_exits_0_and_of_an_unknown_one_1(
    sample_province: tuple[Running, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, folder = sample_province
    monkeypatch.setenv("BUDGETS_SITES", str(folder))
    good = budgets("sites", "check", COUNTY, "--articles", "1")
    assert good.exit_code == 0, good.stdout
    assert "没有发现障碍" in good.stdout
    unknown = budgets("sites", "check", "无此县", "--lang", "en")
    assert unknown.exit_code == 1
    assert "no site file for 无此县" in unknown.stderr


def test_a_draft_says_what_is_still_to_do(sample_province: tuple[Running, Path]) -> None:
    running, _ = sample_province
    done = budgets("sites", "new", running.url(COUNTY), "--allow-private", "--lang", "en")
    assert done.exit_code == 0, done.stderr
    loaded = yaml.safe_load(done.stdout)
    assert loaded["county_code"] == "000000"
    assert loaded["verified"] is False
    assert "`county_code`" in done.stderr


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://www.example.gov.cn/", "BUDGETS_CONTACT"),
        ("www.example.gov.cn", "http://"),
    ],
)
def test_a_draft_that_cannot_be_made_says_why(url: str, said: str) -> None:
    done = budgets("sites", "new", url)
    assert done.exit_code == 1
    assert said in done.stderr
    assert not done.stdout


PAGE = """<html><head><meta charset="utf-8"><meta name="ArticleTitle" content="甲局2026年部门预算">
<meta name="PubDate" content="2026-02-12 09:00"></head><body><div class="TRS_Editor">见附件
<a href="./P1.pdf">甲局预算.pdf</a></div></body></html>"""


def test_a_saved_page_is_read_in_the_shape_of_the_labels(tmp_path: Path) -> None:
    file = tmp_path / "a.html"
    file.write_text(PAGE, encoding="utf-8")
    url = "http://a.gov.cn/bmys/202602/t20260212_1.html"
    done = budgets("sites", "read", str(file), "--url", url, "--format", "json")
    assert done.exit_code == 0
    found = json.loads(done.stdout)
    assert found["file"] == "a.html"
    assert (found["kind"], found["title"]) == ("article", "甲局2026年部门预算")
    assert found["attachments"] == [
        {
            "name": "甲局预算.pdf",
            "href": "./P1.pdf",
            "type": "pdf",
            "how": found["attachments"][0]["how"],
            "resolved": urljoin(url, "P1.pdf"),
        }
    ]
    table = budgets("sites", "read", str(file), "--url", url)
    assert "甲局预算.pdf" in table.stdout
    assert "2026-02-12" in table.stdout


@pytest.mark.shared
def test_every_real_page_is_read_and_printed(shared_dir: Path) -> None:
    labels = json.loads((shared_dir / "real" / "page_labels.json").read_text(encoding="utf-8"))
    wrong = []
    for page in labels["pages"]:
        file = str(shared_dir / "real" / "pages" / page["file"])
        url = ["--url", page["base_url"]] if page["base_url"] else []
        done = budgets("sites", "read", file, *url, "-f", "json")
        kind = json.loads(done.stdout)["kind"] if done.exit_code == 0 else done.exception
        if kind not in [page["kind"], *page.get("kind_also_ok", [])]:
            wrong.append((page["file"], kind))
        table = budgets("sites", "read", file, *url, "--lang", "en")
        if table.exit_code != 0:
            wrong.append((page["file"], repr(table.exception)))
    assert wrong == []


# -- budgets archive verify ------------------------------------------------------------------


def test_a_whole_archive_verifies(tmp_path: Path) -> None:
    archive = Archive(Store(tmp_path / "data"))
    archive.put_local(b"%PDF-1.7\none", "a.pdf", run_id="r")
    archive.put(b"left by a kill")
    done = budgets("archive", "verify", "--lang", "en")
    assert done.exit_code == 0
    assert "All 2 originals" in done.stdout
    assert "1 originals have no fetch row" in done.stdout


def test_damaged_missing_and_foreign_objects_are_named(tmp_path: Path) -> None:
    archive = Archive(Store(tmp_path / "data"))
    shas = [
        archive.put_local(b"%PDF-1.7\n" + name, name.decode() + ".pdf", run_id="r").sha256
        for name in (b"good", b"rotten", b"gone")
    ]
    objects = tmp_path / "data" / "archive" / "objects"

    def path(sha: str | None) -> Path:
        assert sha
        return objects / sha[:2] / sha

    data = bytearray(path(shas[1]).read_bytes())
    data[-1] ^= 1
    path(shas[1]).write_bytes(data)
    path(shas[2]).unlink()
    (objects / "notes.txt").write_text("x", encoding="utf-8")
    done = budgets("archive", "verify", "--lang", "en")
    assert done.exit_code == 1
    assert "3 of 3 originals" in done.stdout
    lines = done.stdout.splitlines()
    assert any(str(shas[1]) in x and "other bytes" in x for x in lines)
    assert any(str(shas[2]) in x and "missing" in x and "gone.pdf" in x for x in lines)
    assert any("notes.txt" in x for x in lines)
    assert str(shas[0]) not in done.stdout
