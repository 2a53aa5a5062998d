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


class EvidenceError(Exception):
    """The site was built, but some documents have no pages; ``problems`` has one line each."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        listed = "\n".join(f"  - {line}" for line in problems)
        super().__init__(f"{len(problems)} documents are not shown on the evidence site:\n{listed}")
