"""Site files: the schema, and errors that name file, line and remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from scrapers.families import FAMILIES, get_family
from scrapers.site import SiteFileError, host_of, hosts, load_sites

GOOD = """\
name: 青岚县
county_code: "149901"
base_url: http://127.0.0.1:18871/
family: trs_wcm
verified: true
allow_private: true
pace: {pause_seconds: 0.0, jitter_seconds: 0.0}
columns:
  - {path: /zwgk/czyjs/bmys/, holds: budget, scope: department, title: 部门预算}
bounds: {least: 1, most: 200}
notes: 样例
"""


def load(folder: Path, text: str) -> None:
    (folder / "149901-x.yml").write_text(text, encoding="utf-8")
    load_sites(folder)


def test_a_site_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "149901-x.yml").write_text(GOOD, encoding="utf-8")
    (tmp_path / "README.md").write_text("no site")
    [site] = load_sites(tmp_path)
    assert site.host == "127.0.0.1:18871"
    assert site.column_url(site.columns[0]) == "http://127.0.0.1:18871/zwgk/czyjs/bmys/"
    assert hosts([site]) == {"127.0.0.1:18871": [site]}


@pytest.mark.parametrize(
    ("old", "new", "line", "remedy"),
    [
        ('"149901"', "149901", 2, "quotes"),
        ('"149901"', '"1499"', 2, "county_code"),
        ("http://127.0.0.1:18871/", "ftp://a.cn/", 3, "base_url"),
        ("http://127.0.0.1:18871/", "http://user:secret@a.cn/", 3, "password"),
        ("trs_wcm", "trs", 4, "scrapers/families/trs.py"),
        ("trs_wcm", "base", 4, "scrapers/families/base.py"),
        ("verified: true", "verifed: true", 5, "Remove `verifed`"),
        ("holds: budget", "holds: budgets", 9, "final_account"),
        ("pause_seconds: 0.0", "pause_seconds: -1", 7, "pause_seconds"),
        ("{least: 1, most: 200}", "{least: 300, most: 200}", 10, "least"),
        ("name: 青岚县\n", "", 1, "Add `name`"),
        ("columns:\n", "columns: [\n", 9, "YAML"),
        ("title: 部门预算}", "title: 部门预算}\n  - {path: ./zwgk/czyjs/bmys/, holds: budget, scope: unit, title: 二}", None, "same address"),
    ],
)  # fmt: skip
def test_errors_name_file_line_and_remedy(
    tmp_path: Path, old: str, new: str, line: int | None, remedy: str
) -> None:
    assert old in GOOD
    with pytest.raises(SiteFileError) as caught:
        load(tmp_path, GOOD.replace(old, new))
    assert "149901-x.yml" in str(caught.value)
    assert remedy in str(caught.value)
    if line is not None:
        assert caught.value.line == line


def test_the_password_of_an_address_is_not_repeated(tmp_path: Path) -> None:
    with pytest.raises(SiteFileError) as caught:
        load(tmp_path, GOOD.replace("http://127", "http://user:secret@127"))
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "- a\n- b\n", "just text"])
def test_a_file_that_is_no_mapping(tmp_path: Path, text: str) -> None:
    with pytest.raises(SiteFileError, match="mapping"):
        load(tmp_path, text)


def test_a_column_belongs_to_one_file(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text(GOOD, encoding="utf-8")
    (tmp_path / "b.yml").write_text(GOOD, encoding="utf-8")
    with pytest.raises(SiteFileError, match=r"b\.yml.*already in a\.yml"):
        load_sites(tmp_path)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(SiteFileError, match="no such folder"):
        load_sites(tmp_path / "none")


def test_the_packaged_sites_are_valid_and_unverified() -> None:
    sites = load_sites()
    assert {site.county_code for site in sites} >= {"140525", "140405", "140404", "141129"}
    for site in sites:
        assert not site.verified
        assert not site.allow_private
        assert site.pace.pause_seconds >= 1
        assert site.notes
    assert len(hosts(sites)) == len(sites)


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("http://WWW.a.cn/x", "www.a.cn"),
        ("http://a.cn:80/x", "a.cn"),
        ("https://a.cn:443", "a.cn"),
        ("https://a.cn:80/", "a.cn:80"),
        ("http://[::1]:8080/", "[::1]:8080"),
    ],
)
def test_hosts_are_written_one_way(url: str, host: str) -> None:
    assert host_of(url) == host


def test_every_family_has_its_module_and_name() -> None:
    for name in FAMILIES:
        assert get_family(name).name == name
    with pytest.raises(ValueError, match="no family"):
        get_family("os")
