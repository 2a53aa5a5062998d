"""Commands of whoever operates the night: ``reparse``, ``forget``. Registered by ``cli``."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from nightly.settings import Settings


def _say(text: str) -> None:
    typer.echo(text, err=True)


def _hand_run() -> str:
    from nightly.steps import utc_now

    return f"by-hand__{utc_now():%Y-%m-%dT%H:%M:%S.%fZ}"


def reparse(
    limit: Annotated[int | None, typer.Option(min=1, help="at most so many files")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="compare and print; land and report nothing")
    ] = False,
) -> None:
    """重读 · read files again that an older parser version read; take what is no worse."""
    from collections import Counter

    from nightly import rereading

    settings, run_id = Settings.from_environment(), _hand_run()
    batches = rereading.find_outdated(settings, limit)
    if not batches:
        typer.echo("nothing to read again: this parser version has read or judged every file")
    counts: Counter[str] = Counter()
    changed = 0
    for batch in batches:
        if dry_run:
            found = [c for c, _ in rereading.reread(settings, batch, workers=2)]
            for one in found:
                typer.echo(
                    f"{one.file_sha256[:16]} {one.decision}: {one.changed_count} differences"
                )
                for line in (*one.worse, *one.better, *one.changed[:5]):
                    typer.echo(f"    {line}")
            counts.update(c.decision for c in found)
            changed += sum(c.changed_count for c in found if c.switches)
        else:
            result = rereading.reread_batch(settings, batch, run_id, workers=2)
            counts.update(result["decisions"])
            changed += result["figures_changed"]
    if batches:
        taken = sum(n for name, n in counts.items() if name != "kept_back")
        typer.echo(
            f"{sum(counts.values())} files read again: {taken} "
            f"{'would be taken' if dry_run else 'taken'} "
            f"({counts['same']} the same, {counts['better']} better, {counts['differs']} equal with "
            f"differences), {counts['kept_back']} kept back; {changed} places differ in what is taken"
        )
    if dry_run:
        return
    for one in rereading.kept_back(settings):
        typer.echo(f"kept back {one.file_sha256[:16]}: {'; '.join(one.worse[:3])}")
    if counts:
        _say(
            f"reports: {settings.data / 'ledger' / 'reparse'}; next: budgets build, check, publish"
        )
    sys.stdout.flush()


def forget(
    document: Annotated[str, typer.Argument(help="document id, or the file's SHA-256")],
    why: Annotated[str, typer.Option(help="the request and its legal ground; no personal data")],
    who: Annotated[str, typer.Option(help="who decided it (an office, not a person's number)")],
    yes: Annotated[bool, typer.Option("--yes", help="do not ask")] = False,
) -> None:
    """依法移除 · remove an original and everything made of it; a tombstone stays."""
    from nightly import forgetting

    settings = Settings.from_environment()
    try:
        sha256 = forgetting.find_document(settings, document)
        if not yes:
            typer.confirm(f"remove {sha256} for good, from archive to publication?", abort=True)
        done = forgetting.forget(settings, sha256, why=why, who=who, run_id=_hand_run())
    except forgetting.ForgetError as error:
        _say(f"budgets: {error}")
        raise typer.Exit(1) from None
    for one in done["files"]:
        typer.echo(f"removed {one}")
    typer.echo(
        f"{done['batches']} batches of landing made anew, {len(done['publications'])} kept "
        f"publications deleted, {done['messages']} messages emptied"
    )
    for path in done["look_at"]:
        typer.echo(f"names it, change it by hand: {path}")
    typer.echo("copies elsewhere (backups, exports) are not reached: remove it there as well")
