"""What a test needs beyond Python: a server, a browser. Missing it is a skip that says so.

``BUDGETS_REQUIRE=postgres,redis,browser`` (``all`` for every one) turns that skip into a failure:
where these are installed, a proof must not be left out in silence.
"""

from __future__ import annotations

import os
import shutil
from typing import NoReturn

import pytest

NAMES = ("postgres", "redis", "browser")


def required() -> frozenset[str]:
    """The names of ``BUDGETS_REQUIRE``. Raises pytest.UsageError for one that is not known."""
    asked = {n for n in os.environ.get("BUDGETS_REQUIRE", "").replace(",", " ").split() if n}
    if "all" in asked:
        return frozenset(NAMES)
    unknown = sorted(asked - set(NAMES))
    if unknown:
        raise pytest.UsageError(
            f"BUDGETS_REQUIRE names {', '.join(unknown)}; known are {', '.join(NAMES)} and all"
        )
    return frozenset(asked)


def missing(name: str, why: str) -> NoReturn:
    """Skip the test, saying what it lacks; fail it where that is required."""
    if name not in NAMES:
        raise ValueError(f"{name!r} is not one of {', '.join(NAMES)}")
    if name in required():
        pytest.fail(f"BUDGETS_REQUIRE asks for {name}, and {why}", pytrace=False)
    pytest.skip(f"needs {name}: {why}")


def chromium() -> str:
    """The installed Chromium; ``missing`` where there is none."""
    for name in ("chromium", "chromium-browser", "google-chrome", "chrome"):
        found = shutil.which(name)
        if found:
            return found
    missing("browser", "no Chromium is on the PATH (apt-get install chromium)")
