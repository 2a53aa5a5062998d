"""dbt in the child process of a build: dbt's own command, without the work no build looks at.

``python -m warehouse.running OUTCOME ARGUMENTS…`` runs dbt with the arguments and ends with dbt's
exit code. What became of the nodes is written to the file OUTCOME, which is there only where dbt
came to its nodes::

    {"results": [{"unique_id", "status", "message", "failures", "execution_time"}, …],
     "tests": {unique_id: name}}          # every test of the project, whether it was run or not

dbt's own artifacts say the same within a description of the whole project, which it writes twice
in every build (``--no-write-json`` leaves them out) and which costs more than most models.
"""

from __future__ import annotations

import gc
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from dbt.adapters.duckdb.credentials import DuckDBCredentials
from dbt.artifacts.schemas.run import RunExecutionResult
from dbt.cli.exceptions import ResultExit
from dbt.cli.main import cli

from store import Store

_CREDENTIALS: Any = DuckDBCredentials
_KEYS = _CREDENTIALS._connection_keys


def _keys(self: Any) -> tuple[str, ...]:
    """dbt reads its project anew where one of these changed. No model asks where the file lies, so
    that a reading of the project holds for every data folder, and in one that was moved."""
    return tuple(key for key in _KEYS(self) if key != "path")


def main(arguments: Sequence[str]) -> int:
    """Run dbt; the exit code is dbt's: 0, 1 where nodes failed, 2 where it could not do its work."""
    outcome, *rest = arguments
    # a build leaves few reference cycles, among hundreds of thousands of objects that stay: looking
    # for them takes a tenth of its time
    gc.disable()
    _CREDENTIALS._connection_keys = _keys
    held: dict[str, Any] = {"manifest": None}  # dbt puts the project here, as it read it
    code = 0
    try:
        answer = cli.main(rest, prog_name="dbt", standalone_mode=False, obj=held)
        result = answer[0] if isinstance(answer, tuple) else None
    except ResultExit as error:
        result, code = error.result, error.exit_code
    except click.ClickException as error:
        error.show()
        return int(error.exit_code)
    if isinstance(result, RunExecutionResult):
        _write(Path(outcome), result, held["manifest"])
    return code


def _write(path: Path, result: Any, project: Any) -> None:
    found = {
        "results": [
            {
                "unique_id": one.node.unique_id,
                "status": str(one.status),
                "message": one.message,
                "failures": one.failures,
                "execution_time": one.execution_time,
            }
            for one in result.results
        ],
        "tests": {n: node.name for n, node in project.nodes.items() if n.startswith("test.")},
    }
    Store(path.parent).write_bytes(path.name, json.dumps(found, ensure_ascii=False).encode())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
