"""Titles of published files in chats that read Markdown: text, never a link or a call to all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from expectations import alerts

HOSTILE = "[点击领取](http://evil.example/a) @all <@all> <!channel> **紧急** `x` <font color=red>"
CHATS = {
    "dingtalk": "dingtalk://abcdefghijk0123456789/",
    "wecom": "wecombot://0aaaaaaa-0000-0000-0000-000000000000",
    "slack": "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#budgets",
    "feishu": "feishu://abcdefghijk",
}


@pytest.mark.parametrize("url", CHATS.values(), ids=CHATS.keys())
def test_nothing_in_a_title_is_read_as_markdown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    sent: list[str] = []

    def post(*arguments: Any, **named: Any) -> Any:
        sent.append(repr((arguments, named)))
        body = named.get("data") or named.get("json") or ""
        text = body.decode() if isinstance(body, bytes) else body
        try:
            sent.append(json.dumps(json.loads(text), ensure_ascii=False))
        except (TypeError, ValueError):
            sent.append(str(text))
        raise OSError("not sent: this is a test")

    monkeypatch.setattr("requests.post", post)
    monkeypatch.setattr("requests.Session.request", post)
    monkeypatch.setattr(alerts, "ATTEMPTS", 1)
    alerts.tell_failure(
        tmp_path, where="crawl.crawl_host", run_id="r", error=f"{HOSTILE}\n# 标题", urls=[url]
    )
    said = "".join(sent)
    assert "点击领取" in said, "something was sent, or the test shows nothing"
    for sign in (
        "[点击",
        "](",
        "@all",
        "<@",
        "<!",
        "&lt;!",
        "**",
        "<font",
        "`x`",
        "evil.example/a)",
    ):
        if sign == "evil.example/a)":
            assert "http://evil" not in said
            continue
        assert sign not in said.replace("\\n", " "), sign
    kept = "".join(p.read_text("utf-8") for p in (tmp_path / "ledger" / "alerts").glob("*.jsonl"))
    assert HOSTILE in kept, "the ledger keeps what was published"


def test_programs_get_the_text_as_it_is() -> None:
    assert {"json", "jsons", "mailto"} <= alerts._VERBATIM
    assert alerts._inert("合计 1,234.50 万元 −12% (T03)") == "合计 1,234.50 万元 −12% (T03)"
