"""Every server that a program of this project starts listens on this machine alone."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SERVERS = ("HTTPServer", "ThreadingHTTPServer", "TCPServer", "create_server", "bind", "_Server")
LOOPBACK = {"127.0.0.1", "localhost", "::1"}
ROOMS = ("benchmarks", "dags", "deploy", "evidence", "expectations", "inspection", "nightly", "ops", "parsers",
         "samples", "scrapers", "store", "warehouse")  # fmt: skip


def _sources(root: Path) -> Iterator[Path]:
    yield from sorted(root.glob("*.py"))
    for room in ROOMS:
        yield from sorted((root / room).rglob("*.py"))


def _addresses(text: str) -> Iterator[tuple[int, str | None]]:
    """Line and host of every server that a program opens; None: it is decided elsewhere."""
    tree = ast.parse(text)
    constants = {
        target.id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        first = node.args[0]
        if name in SERVERS and isinstance(first, ast.Tuple) and len(first.elts) == 2:
            host = first.elts[0]
            told = host.value if isinstance(host, ast.Constant) else None
            if isinstance(host, ast.Name):
                told = constants.get(host.id)
            yield node.lineno, None if told is None else str(told)


def test_no_program_listens_to_the_network(project_root: Path) -> None:
    seen = 0
    for path in _sources(project_root):
        text = path.read_text("utf-8")
        for line, host in _addresses(text):
            seen += 1
            assert host in LOOPBACK, f"{path}:{line} listens on {host!r}"
        assert "0.0.0.0" not in text, path  # noqa: S104
    assert seen >= 1, "the sample server at least"


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("HTTPServer(('', 80), H)", ""),
        ("s.bind(('0.0.0.0', 80))", "0.0.0.0"),  # noqa: S104
        ("ThreadingHTTPServer((host, 0), H)", None),
        ("A = '::'\ncreate_server((A, 0))", "::"),
    ],
)
def test_another_address_would_be_seen(text: str, host: str | None) -> None:
    assert [h for _, h in _addresses(text)] == [host]
