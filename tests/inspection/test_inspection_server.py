"""The drop page on a real socket: what it takes, what it refuses, and that it keeps nothing."""

from __future__ import annotations

import base64
import io
import re
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
from draft_files import draft, xlsx

from inspection import server as room
from requirements import chromium

pytest.importorskip("reportlab", reason="needs the extra 'samples'")
MOST = 2 * 1024 * 1024


@dataclass
class Running:
    url: str
    port: int


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    listening = room.listening()
    port = listening.getsockname()[1]
    served = room.server(port, most_bytes=MOST)
    thread = threading.Thread(target=served.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    deadline = time.monotonic() + 60
    while not served.started and time.monotonic() < deadline:
        time.sleep(0.05)
    assert served.started
    yield Running(f"http://127.0.0.1:{port}", port)
    served.should_exit = True
    thread.join(timeout=30)
    assert not thread.is_alive()


@pytest.fixture
def visit(running: Running) -> Iterator[tuple[requests.Session, str]]:
    """A browser's session with the token of its page."""
    with requests.Session() as session:
        session.headers["Origin"] = running.url
        page = session.get(running.url + "/", timeout=30)
        token = re.search(r'name="token" value="([^"]+)"', page.text)
        assert token is not None
        yield session, token[1]


def drop(
    session: requests.Session, running: Running, token: str, name: str, data: bytes, **headers: str
) -> requests.Response:
    return session.post(
        running.url + "/inspect",
        data={"token": token},
        files={"file": (name, data)},
        headers=headers,
        timeout=300,
    )


def test_it_listens_on_loopback_alone() -> None:
    with room.listening() as listening:
        assert listening.getsockname()[0] == "127.0.0.1"
        with pytest.raises(OSError):  # noqa: PT011 - the system's own words
            room.listening(listening.getsockname()[1])


def test_a_draft_gives_the_sheet_with_both_files_in_it(
    running: Running, visit: tuple[requests.Session, str]
) -> None:
    from openpyxl import load_workbook

    session, token = visit
    answer = drop(session, running, token, "送审稿.xlsx", xlsx(draft("sum")))
    assert answer.status_code == 200
    assert "东海市云溪区规划局" in answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    book, page = re.findall(
        r'<a class="button" download="[^"]+" href="data:[^,]+,([^"]+)"', answer.text
    )
    assert load_workbook(io.BytesIO(base64.b64decode(book))).sheetnames == ["检查表", "问题清单"]
    assert "检查内容" in base64.b64decode(page).decode()


def test_nothing_is_kept(
    running: Running,
    visit: tuple[requests.Session, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A file above the usual threshold of spooling, and no new file anywhere it could go."""
    import tempfile

    session, token = visit
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    opened: list[str] = []
    real = tempfile.SpooledTemporaryFile.rollover
    monkeypatch.setattr(
        tempfile.SpooledTemporaryFile, "rollover", lambda f: (opened.append("disk"), real(f))[1]
    )
    big = xlsx(draft("sum")) + b"\0" * (MOST - 200_000)
    answer = drop(session, running, token, "big.xlsx", big)
    assert answer.status_code in (200, 422)
    assert opened == []
    assert list(tmp_path.iterdir()) == []
    # and no address gives a result again
    assert session.get(running.url + "/inspect", timeout=30).status_code in (404, 405, 200)
    assert "规划局" not in session.get(running.url + "/", timeout=30).text


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1:1", "127.0.0.1", ""])
def test_another_host_name_is_refused(running: Running, host: str) -> None:
    """A name that was made to point here must not read the page."""
    with socket.create_connection(("127.0.0.1", running.port), timeout=30) as s:
        line = f"Host: {host}\r\n" if host else ""
        s.sendall(f"GET / HTTP/1.0\r\n{line}\r\n".encode())
        answer = s.makefile("rb").read()
    assert answer.split(b"\r\n", 1)[0].split()[1] in (b"421", b"400")
    assert b"token" not in answer


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1"])
def test_another_origin_is_refused(
    running: Running, visit: tuple[requests.Session, str], origin: str
) -> None:
    session, token = visit
    answer = drop(session, running, token, "x.xlsx", b"x", Origin=origin)
    assert answer.status_code == 403
    assert "来源不符" in answer.text


def test_a_form_without_its_token_is_refused(
    running: Running, visit: tuple[requests.Session, str]
) -> None:
    session, token = visit
    assert drop(session, running, "other", "x.xlsx", b"x").status_code == 403
    session.cookies.clear()
    assert drop(session, running, token, "x.xlsx", b"x").status_code == 403
    assert drop(session, running, "", "x.xlsx", b"x").status_code == 403


def test_what_is_too_large_is_refused_before_it_is_read(
    running: Running, visit: tuple[requests.Session, str]
) -> None:
    session, token = visit
    answer = drop(session, running, token, "x.pdf", b"%PDF-" + b"0" * (MOST + 10))
    assert answer.status_code == 413
    assert "文件超过 2 MB" in answer.text
    # said to be larger: answered without waiting for the rest
    with socket.create_connection(("127.0.0.1", running.port), timeout=30) as s:
        s.sendall(
            f"POST /inspect HTTP/1.1\r\nHost: 127.0.0.1:{running.port}\r\nOrigin: {running.url}\r\n"
            "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 99999999999\r\n\r\n".encode()
        )
        assert b"413" in s.recv(100)

    def endless() -> Iterator[bytes]:
        yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n'
        for _ in range(200):
            yield b"0" * 65_536

    try:
        chunked = session.post(
            running.url + "/inspect",
            data=endless(),
            headers={"Content-Type": "multipart/form-data; boundary=b"},
            timeout=60,
        )
        assert chunked.status_code == 413
    except requests.ConnectionError:
        pass  # closed while it was still being sent


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("x.pdf", b"not a pdf", "不是能读取的文件"),
        ("x.docx", b"PK\x03\x04broken", "文件"),
        ("empty.pdf", b"", "没有收到文件"),
    ],
)
def test_a_file_that_cannot_be_read_is_told_in_words(
    running: Running, visit: tuple[requests.Session, str], name: str, data: bytes, says: str
) -> None:
    session, token = visit
    answer = drop(session, running, token, name, data)
    assert answer.status_code in (400, 422)
    assert says in answer.text
    assert 'role="alert"' in answer.text
    # the page that says so can be used again
    assert re.search(r'name="token" value="[^"]+"', answer.text)


def test_a_form_without_a_file_and_other_addresses(
    running: Running, visit: tuple[requests.Session, str]
) -> None:
    session, token = visit
    plain = session.post(running.url + "/inspect", data={"token": token}, timeout=30)
    assert plain.status_code == 400
    away = session.get(running.url + "/elsewhere", timeout=30, allow_redirects=False)
    assert (away.status_code, away.headers["location"]) == (303, "/")
    assert "server" not in away.headers


@pytest.mark.full
@pytest.mark.browser
@pytest.mark.parametrize("width", [1280, 390])
def test_in_a_browser_with_the_keyboard(running: Running, tmp_path: Path, width: int) -> None:
    """Drop, sheet, picture, both downloads, back; no console message, nothing from elsewhere."""
    from draft_files import DEFECTS, pdf

    playwright = pytest.importorskip("playwright.sync_api", reason="needs the extra 'dev'")
    file = tmp_path / "送审稿.pdf"
    file.write_bytes(pdf(draft(*DEFECTS)))
    with playwright.sync_playwright() as p:
        browser = p.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": width, "height": 844})
        page.set_default_timeout(240_000)
        said: list[str] = []
        page.on("console", lambda m: said.append(f"{m.type}: {m.text}"))
        page.on("pageerror", lambda e: said.append(str(e)))
        page.on(
            "request",
            lambda r: said.append(r.url) if not r.url.startswith((running.url, "data:")) else None,
        )
        page.goto(running.url)
        page.set_input_files("input[type=file]", file)
        page.locator("input[type=file]").focus()
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.tagName") == "BUTTON"
        page.keyboard.press("Enter")
        page.wait_for_selector("h2#lines")
        assert page.locator("tbody tr").count() == 20
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, "no sideways scrolling"
        page.get_by_role("link", name="部分文字未正常显示").click()
        picture = page.locator("#r2 img")
        playwright.expect(picture).to_be_in_viewport()
        assert picture.evaluate("i => i.decode().then(() => i.naturalWidth)") > 500
        for kind in ("xlsx", "html"):
            with page.expect_download() as got:
                page.get_by_role("link", name=f"下载 {kind}").click()
            assert got.value.suggested_filename == f"送审稿-公开前自检.{kind}"
            saved = tmp_path / f"saved.{kind}"
            got.value.save_as(saved)
            assert saved.stat().st_size > 10_000
        page.get_by_role("link", name="检查另一份文件").click()
        page.wait_for_selector("input[type=file]")
        page.goto((tmp_path / "saved.html").as_uri())
        assert page.locator("section.remark").count() == 12
        said = [s for s in said if not s.startswith("file:")]
        assert said == []
        browser.close()
