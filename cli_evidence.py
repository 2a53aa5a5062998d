"""``budgets evidence``: the page behind every number, built over what is published.

Exit codes as everywhere: 0 done · 1 something failed or was refused · 2 wrong use.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, NoReturn

import typer

from nightly.settings import Settings

evidence_app = typer.Typer(
    name="evidence",
    help="证据站 · the evidence site: a page behind every published number.",
    invoke_without_command=True,
    rich_markup_mode="rich",
    # one command, made a group so that it can be mounted
    context_settings={"allow_interspersed_args": True},
)


def _fail(text: str) -> NoReturn:
    typer.echo(f"budgets: {text}", err=True)
    raise typer.Exit(1)


@evidence_app.callback(
    epilog="Examples: budgets evidence · budgets evidence --internal · budgets evidence --docs"
)
def evidence(
    internal: Annotated[
        bool,
        typer.Option(
            "--internal", help="show everything; never put the result where the public can read it"
        ),
    ] = False,
    docs: Annotated[
        bool, typer.Option("--docs", help="also write dbt's documentation, which it links to")
    ] = False,
) -> None:
    """证据站 · build the evidence site over the published copy; only what changed is made anew."""
    from evidence.policy import PolicyError
    from nightly import steps
    from nightly.errors import EvidenceError

    settings = Settings.from_environment()
    if internal:
        settings = replace(settings, evidence="internal")
    elif settings.evidence == "no":
        settings = replace(settings, evidence="public")  # asked for by name
    run_id = f"by-hand__{steps.utc_now():%Y-%m-%dT%H:%M:%S.%fZ}"
    if docs:
        from warehouse.build import document
        from warehouse.layout import Layout

        document(Layout(settings.data))
    try:
        made = steps.evidence(settings, run_id)
    except EvidenceError as error:
        _fail(str(error))
    except PolicyError as error:
        _fail(str(error))
    typer.echo(
        f"{made['path']}/index.html\n"
        f"{made['documents']} 份文本 documents · {made['built']} 份新建 built · "
        f"{made['pictures']} 幅图像 pictures · {made['written']} 个文件写入 files written"
    )
    if made["left_out"]:
        typer.echo(f"{made['left_out']} 份本地文件未列入公开版 local files left out")
    for line in made["held_back"]:
        typer.echo(f"图像未显示 pictures held back: {line}")
