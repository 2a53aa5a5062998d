"""``budgets review``: what waits for a person, what is drawn there, and the decision.

Exit codes as everywhere: 0 done · 1 something failed or was refused · 2 wrong use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from nightly.settings import Settings

if TYPE_CHECKING:
    from nightly.review import Suspect, Waiting
    from parsers.document import ParsedDocument

review_app = typer.Typer(
    name="review",
    help="人工复核 · quarantined documents: suspects, crops, decisions.",
    invoke_without_command=True,
    rich_markup_mode="rich",
    # one command, made a group so that it can be mounted: options may follow the document
    context_settings={"allow_interspersed_args": True},
)

SHOWN = 6


def _fail(text: str) -> NoReturn:
    typer.echo(f"budgets: {text}", err=True)
    raise typer.Exit(1)


@review_app.callback(
    epilog="Examples: budgets review · budgets review 3f2a91c0 · "
    'budgets review 3f2a91c0 --cell T05/3/2 --value 636.41 --why "看原件第13页" --who 张三'
)
def review(  # noqa: PLR0917 - a command line has many options
    document: Annotated[
        str | None, typer.Argument(help="beginning of the document id, or part of the name")
    ] = None,
    cell: Annotated[
        str | None, typer.Option("--cell", help="FORM/ROW/COLUMN as listed, e.g. T05/3/2")
    ] = None,
    value: Annotated[
        str | None, typer.Option("--value", help='the figure as the page shows it; "" = blank')
    ] = None,
    as_printed: Annotated[
        bool, typer.Option("--as-printed", help="the text layer's reading is right")
    ] = False,
    why: Annotated[str, typer.Option("--why", help="what you saw, in words")] = "",
    who: Annotated[str, typer.Option("--who", help="who decides", envvar="BUDGETS_REVIEWER")] = "",
) -> None:
    """人工复核 · list what is quarantined; show a document's suspects; decide one figure."""
    from nightly.decisions import DecisionError
    from nightly.review import ReviewError, evidence, find, waiting

    settings = Settings.from_environment()
    decides = value is not None or as_printed
    if (cell or decides) and document is None:
        raise typer.BadParameter("name the document: budgets review DOCUMENT --cell …")
    if decides and cell is None:
        raise typer.BadParameter("--value and --as-printed go with --cell")
    if value is not None and as_printed:
        raise typer.BadParameter("give --value or --as-printed, not both")
    if decides and not (why.strip() and who.strip()):
        raise typer.BadParameter("a decision needs --why and --who")
    try:
        if document is None:
            _print_list(waiting(settings))
            return
        found = find(settings, document)
        if cell is not None and decides:
            _decide(settings, found, cell, value, why=why, who=who)
        else:
            _print_one(evidence(settings, found, cell))
    except (ReviewError, DecisionError) as error:
        _fail(str(error))


def _decide(
    settings: Settings,
    document: ParsedDocument,
    cell: str,
    value: str | None,
    *,
    why: str,
    who: str,
) -> None:
    """Write the decision, then read and land the document again with it."""
    from nightly import steps
    from nightly.review import decide

    made = decide(settings, document, cell, value, why=why, who=who, now=steps.utc_now())
    typer.echo(
        f"{settings.decisions / 'corrections.yml'}: {made.cell} {made.printed} → {made.value}"
    )
    sha = document.document.file_sha256
    steps.parse_batch(settings, [sha], f"review__{steps.utc_now():%Y-%m-%dT%H:%M:%S.%fZ}")
    for again in steps.read_one(settings, sha).documents:
        verdict = again.verdict
        if verdict is None:
            continue
        typer.echo(f"{again.document.department} {again.document.year}: {verdict.status}")
        for reason in verdict.reasons[:SHOWN]:
            typer.echo(f"  {reason}")
    typer.echo("下次建库时生效 · it counts from the next: budgets build", err=True)


def _print_list(found: list[Waiting]) -> None:
    if not found:
        typer.echo("没有待复核的文件 · nothing is quarantined")
        return
    for one in found:
        name = " ".join(str(x) for x in (one.county, one.department, one.year) if x)
        typer.echo(f"{one.document_id[:12]}  {name}")
        for line in [s.said for s in one.suspects][:SHOWN] or one.reasons[:SHOWN]:
            typer.echo(f"    {line}")
        more = len(one.suspects) - SHOWN
        if more > 0:
            typer.echo(f"    … {more} more; budgets review {one.document_id[:12]}")


def _print_one(one: Waiting) -> None:
    typer.echo(f"{one.document_id}  {one.department or ''} {one.year or ''}".rstrip())
    for reason in one.reasons[:SHOWN]:
        typer.echo(f"  {reason}")
    if not one.suspects:
        typer.echo("  没有两次读取不一致的数 · no figure is suspect; see the reasons above")
    for suspect in one.suspects:
        _print_suspect(suspect)


def _print_suspect(suspect: Suspect) -> None:
    sure = f"{suspect.confidence:.2f}" if suspect.confidence is not None else "?"
    first, second = (
        ("识别   recognised ", "再读   read again ")
        if suspect.recognised
        else ("文本层 text layer ", "图像   drawn      ")
    )
    typer.echo(
        f"\n{suspect.cell}  p. {suspect.page}\n"
        f"  {first} {suspect.printed or '(blank)'}\n"
        f"  {second} {suspect.pixels or '(blank)'}  ({sure})"
    )
    others = [a for a in suspect.alternatives if a != suspect.pixels]
    if others:
        typer.echo(f"  或     or          {'、'.join(others)}")
    if suspect.left is not None:
        typer.echo(f"  勾稽     the sums leave {suspect.left}")
    if suspect.crop is not None:
        typer.echo(f"  {suspect.crop}")
