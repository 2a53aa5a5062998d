"""What a night writes and says holds no secret and no person.

One test gives every setting that may hold a secret a marked one, lets the steps succeed and fail with
the logs at their most talkative, and looks for the marks in every byte that came of it. The other
looks through everything a whole night left behind for the persons that stand in the originals.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
import zstandard

SECRET = "s3cr3t"
SETTINGS = {
    "BUDGETS_ALERT_URLS": f"json://user:{SECRET}1@127.0.0.1:9/{SECRET}2?token={SECRET}3"
    f" slack://T1JJ3T3L2/A1BRTD4JD/{SECRET}4kdnlazkcOXrIde/ nonsense://{SECRET}5",
    "BUDGETS_HEARTBEAT_URL": f"http://127.0.0.1:9/ping/{SECRET}6",
    "BUDGETS_BACKUP": f"ftp://user:{SECRET}7@127.0.0.1:9/backup",
    "AWS_SECRET_ACCESS_KEY": f"{SECRET}8",
    "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9",
    "OTEL_EXPORTER_OTLP_HEADERS": f"authorization={SECRET}9",
}
TALKATIVE = """
import logging, sys, traceback
from pathlib import Path
logging.basicConfig(level=logging.DEBUG, stream=sys.stdout)
from expectations import alerts
alerts.ATTEMPTS = 1
from nightly import metrics, steps, upkeep
from nightly.doctor import diagnose
from nightly.settings import Settings
metrics.PATIENCE = 1
settings = Settings.from_environment()
print(settings)

def attempt(do):
    try:
        print(do())
    except Exception:
        traceback.print_exc(file=sys.stdout)

attempt(lambda: steps.ingest(settings, [Path(sys.argv[1])], "r"))
attempt(lambda: [steps.parse_batch(settings, b, "r") for b in steps.find_unparsed(settings)])
attempt(lambda: steps.tell(settings, "r"))
attempt(lambda: steps.heartbeat(settings, "r"))
attempt(lambda: steps.task_failed(settings, dag_id="d", task_id="t", run_id="r", try_number=1, error="x"))
attempt(lambda: upkeep.back_up(settings, settings.backup))
attempt(lambda: [print(line) for line in diagnose(settings)])
print("END")
"""


def test_no_secret_is_written_or_said(tmp_path: Path, project_root: Path) -> None:
    data = tmp_path / "data"
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("BUDGETS_", "OTEL_"))}
    pdf = project_root / "samples" / "pdf" / "qinglan-inspection-2023.pdf"
    done = subprocess.run(
        [sys.executable, "-c", TALKATIVE, str(pdf)],
        env=environment | SETTINGS | {"BUDGETS_DATA": str(data)},
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    said = done.stdout + done.stderr
    assert "END" in done.stdout, said[-2000:]
    assert "'parsed': 1" in done.stdout, "the document was read"
    assert "DEBUG" in done.stdout, "the logs were talkative"
    found = sorted(set(re.findall(rf".{{0,120}}{SECRET}\d.{{0,20}}", said)))
    assert not found, found[:5]
    written = [p for p in data.rglob("*") if p.is_file()]
    assert any("alerts" in p.parts for p in written)
    for path in written:
        assert SECRET.encode() not in path.read_bytes(), path


# --- persons ----------------------------------------------------------------------------------

PERSONS = ("样例人员", "000-0000000")
TELEPHONE = re.compile(r"(?<![\w.])1[3-9]\d{9}(?!\w)")  # not the digits of a fraction or a hash


def _persons_in(text: str) -> list[str]:
    return [p for p in PERSONS if p in text]


def _texts(data: Path) -> dict[str, str]:
    """Everything the night left, as text: files, readings, and every text column of every table."""
    found: dict[str, str] = {}
    for path in sorted(data.rglob("*")):
        name = path.relative_to(data).as_posix()
        if not path.is_file() or name.startswith("archive/objects/"):
            continue
        if path.suffix == ".zst":
            raw = zstandard.ZstdDecompressor().decompress(path.read_bytes(), max_output_size=2**28)
            found[name] = raw.decode()
        elif path.suffix == ".duckdb":
            with duckdb.connect(str(path), read_only=True) as con:
                for schema, table, column in con.execute(
                    "select schema_name, table_name, column_name from duckdb_columns()"
                    " where data_type = 'VARCHAR' and not internal"
                ).fetchall():
                    rows = con.execute(
                        f'select distinct "{column}" from "{schema}"."{table}"'
                        f' where regexp_matches("{column}", ?)',
                        ["|".join(PERSONS) + r"|1[3-9]\d{9}"],
                    ).fetchall()
                    found[f"{name}: {schema}.{table}.{column}"] = "\n".join(r[0] for r in rows)
        elif path.suffix != ".parquet":  # landing and publication hold what the two files hold
            found[name] = path.read_bytes().decode("utf-8", "replace")
    return found


@pytest.mark.slow
@pytest.mark.xdist_group("night")
def test_no_person_is_in_anything_that_a_night_leaves(finished_night: Path) -> None:
    originals = b"".join(
        p.read_bytes() for p in (finished_night / "archive" / "objects").rglob("*") if p.is_file()
    )
    assert originals, "the originals are kept as they were published"
    texts = _texts(finished_night)
    assert any(name.startswith("ledger/") for name in texts)
    assert any(".zst" in name for name in texts)
    assert any("warehouse.duckdb: marts." in name for name in texts)
    bad = {name: _persons_in(text) for name, text in texts.items() if _persons_in(text)}
    assert not bad, dict(list(bad.items())[:5])
    numbers = {
        name: TELEPHONE.findall(text)[:3]
        for name, text in texts.items()
        if TELEPHONE.search(text) and "sha256" not in name
    }
    assert not numbers, dict(list(numbers.items())[:5])
