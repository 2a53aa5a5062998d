"""Errors of the night that trying again cannot mend. Light on purpose: DAG files name them."""

from __future__ import annotations


class GateClosedError(Exception):
    """Publication is stopped: a structural failure was found and the last good copy stays.

    ``failures`` holds one line a failure: what, where, what to do.
    """

    def __init__(self, stage: str, failures: list[str]) -> None:
        self.stage, self.failures = stage, failures
        listed = "\n".join(f"  - {line}" for line in failures)
        super().__init__(f"publication stopped at {stage}:\n{listed}")
