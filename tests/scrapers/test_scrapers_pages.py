"""Real pages of eight families and the right reading of each: every labelled fact is a check."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scrapers.pages import read_saved_page

pytestmark = pytest.mark.shared

# The address of these pages is stated nowhere in them; the label is a conclusion from outside.
NO_OWN_ADDRESS = {
    "columns-uuid-保定__d5570789.html",
    "nfcms__77ad8ba8.html",
    "openness-芜湖__a53097da.html",
    "ucap__365a7f85.html",
}


@pytest.fixture(scope="module")
def labels(shared_dir: Path) -> list[dict[str, Any]]:
    pages = json.loads((shared_dir / "real" / "page_labels.json").read_text(encoding="utf-8"))
    found: list[dict[str, Any]] = pages["pages"]
    return found


def visible(text: str) -> str:
    return text.replace("\u200b", "")


def rows(entries: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    return [(visible(e["title"]), e["href"], e["date"]) for e in entries]


def without_scheme(url: str | None) -> str | None:
    """Most labels only assume http or https."""
    return url.partition("//")[2] if url else None


def checks(data: bytes, label: dict[str, Any]) -> Iterator[tuple[str, object, object]]:
    """(what, read, right) for every fact that the label states."""
    got = read_saved_page(data, label["base_url"])
    family = label["family"]
    yield "encoding", got["encoding"], label["encoding"]
    # what a label names after "other:" is one publisher's own make, which no family is made for
    given = got["family"].partition(":")[0] if family.startswith("other:") else got["family"]
    yield "family", given, family.partition(":")[0]
    also = [label["kind"], *label.get("kind_also_ok", [])]
    yield "kind", label["kind"] if got["kind"] in also else got["kind"], label["kind"]
    if label["file"] not in NO_OWN_ADDRESS:
        alone = read_saved_page(data)["base_url"]
        yield "base_url", without_scheme(alone), without_scheme(label["base_url"])
    match label["kind"]:
        case "list":
            yield "entries", rows(got.get("entries", [])), rows(label["entries"])
            for key in ("list_title", "total_pages", "next_page"):
                yield key, got.get(key), label[key]
            for key in ("total_records", "entries_in_html"):
                if key in label:
                    yield key, got.get(key), label[key]
            if label.get("next_page_resolved"):
                yield "resolved", got.get("next_page_resolved"), label["next_page_resolved"]
            yield "subcolumns", got.get("subcolumns"), label.get("subcolumns", [])
        case "article":
            for key in ("title", "publish_date", "source", "source_alt", "body_has_tables"):
                yield key, got.get(key), label[key]
            for key in ("name", "href", "type", "resolved"):
                yield (
                    f"attachments.{key}",
                    [a[key] for a in got.get("attachments", [])],
                    [a[key] for a in label["attachments"]],
                )
            yield "children", got.get("child_documents"), label.get("child_documents", [])
            images = label.get("body_images")
            right = {k: images[k] for k in ("count", "first", "last")} if images else None
            yield "images", got.get("body_images"), right
            yield "iframe", got.get("body_iframe"), label.get("body_iframe")
        case "redirect":
            yield "target", got.get("target"), label["target"]
            yield "resolved", got.get("target_resolved"), label["target_resolved"]
        case "home":
            yield "leads", got.get("budget_leads"), label["budget_leads"]
            for right_list in label.get("embedded_lists", []):
                read = [rows(found["entries"]) for found in got.get("embedded_lists", [])]
                yield "embedded list", rows(right_list["entries"]) in read, True
        case _:
            yield "block", bool(got.get("block")), True


def test_every_labelled_fact_of_every_page_is_read(
    labels: list[dict[str, Any]], shared_dir: Path, record_property: Any
) -> None:
    score: dict[str, list[int]] = {}
    wrong: list[str] = []
    for label in labels:
        data = (shared_dir / "real" / "pages" / label["file"]).read_bytes()
        for what, read, right in checks(data, label):
            counts = score.setdefault(label["family"], [0, 0])
            counts[1] += 1
            if read == right:
                counts[0] += 1
            else:
                wrong.append(f"{label['file']} {what}: read {read!r}, right {right!r}")
    for family, (good, of) in sorted(score.items()):
        record_property(family, f"{good}/{of}")
    print({family: f"{good}/{of}" for family, (good, of) in sorted(score.items())})
    assert len(labels) == 39
    assert not wrong, "\n".join(wrong)
