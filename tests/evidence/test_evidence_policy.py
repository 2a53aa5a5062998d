"""What may be shown: restricted topics, small groups, decisions on pictures."""

from __future__ import annotations

from pathlib import Path

import pytest

from evidence.policy import (
    WITHHELD,
    Policy,
    PolicyError,
    hide_small_groups,
    load_image_decisions,
)

PUBLIC = Policy("public", ("信创|国产化替代", "机要|密码设备", "保密|涉密"))
INTERNAL = Policy("internal", PUBLIC.patterns)


@pytest.mark.parametrize("name", ["信创改造", "信 创 改造", "机要设备购置", "涉密网络运维"])
def test_restricted_names_are_kept_back_in_a_public_build_only(name: str) -> None:
    assert PUBLIC.is_restricted(name)
    assert PUBLIC.shown(name) == WITHHELD
    assert not INTERNAL.is_restricted(name)
    assert INTERNAL.shown(name) == name


@pytest.mark.parametrize("name", ["办公设备购置", "机要通信用车", "", None])
def test_other_names_are_shown(name: str | None) -> None:
    assert not PUBLIC.is_restricted(name)
    assert PUBLIC.shown(name) == (name or "")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("离休人员3人", "离休人员少于5人"),
        ("4 名聘用人员", "少于5 名聘用人员"),
        ("在职5人", "在职5人"),
        ("在职168人", "在职168人"),
        ("无人员，0人", "无人员，0人"),
        ("接待3人次", "接待3人次"),
        ("每年1.5人", "每年1.5人"),
        ("3名大学生", "3名大学生"),
    ],
)
def test_groups_under_five_are_not_shown_singly(text: str, shown: str) -> None:
    assert hide_small_groups(text) == shown
    assert INTERNAL.shown(text) == shown  # in any build


def entry(**changed: object) -> str:
    held = {
        "file_sha256": "a" * 64,
        "show": "true",
        "why": "看过原件",
        "who": "张三",
        "when": "2026-02-01T09:00:00+08:00",
    } | changed
    return "- " + "\n  ".join(f"{k}: {v}" for k, v in held.items()) + "\n"


def test_the_last_decision_on_a_file_counts(tmp_path: Path) -> None:
    assert load_image_decisions(tmp_path) == {}
    (tmp_path / "images.yml").write_text(entry() + entry(show="false"), "utf-8")
    assert load_image_decisions(tmp_path)["a" * 64].show is False


@pytest.mark.parametrize(
    ("text", "said"),
    [("a: b", "a list"), (entry(file_sha256="abc"), "entry 1: file_sha256"), ("[", "not YAML")],
)
def test_a_decision_that_is_not_understood_stops_the_build(
    tmp_path: Path, text: str, said: str
) -> None:
    (tmp_path / "images.yml").write_text(text, "utf-8")
    with pytest.raises(PolicyError, match=said):
        load_image_decisions(tmp_path)
