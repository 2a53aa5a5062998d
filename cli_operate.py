"""Commands of whoever operates the night: ``reparse``, ``forget``, ``backfill``, ``backup``, ``tidy``,
``upgrade``. Registered by ``cli``."""

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


def backfill(
    season: Annotated[str, typer.Argument(help="2025, 2025-spring or 2025-autumn")],
    limit: Annotated[int | None, typer.Option(min=1, help="at most so many files")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="count; read nothing")] = False,
) -> None:
    """补录 · read the archived files of one season of publication that are not read yet."""
    from nightly import steps

    settings, run_id = Settings.from_environment(), _hand_run()
    try:
        wanted = steps.Season(season)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    batches = steps.find_unparsed(settings, wanted, limit)
    files = sum(len(b) for b in batches)
    if dry_run or not batches:
        typer.echo(f"{season}: {files} files wait to be read")
        return
    for number, batch in enumerate(batches, 1):
        done = steps.parse_batch(settings, batch, run_id)
        told = ", ".join(f"{n} {what}" for what, n in done["outcomes"].items())
        typer.echo(f"batch {number} of {len(batches)}: {told}")
    typer.echo("next: budgets build, check, publish (the night does it too)")


def backup(
    to: Annotated[
        str | None, typer.Argument(help="folder or URL; BUDGETS_BACKUP where none is given")
    ] = None,
) -> None:
    """备份 · copy archive, landing, ledger and decisions, by difference; originals are hashed."""
    from nightly.upkeep import BackupError, back_up

    settings = Settings.from_environment()
    place = to or settings.backup
    if place is None:
        _say("budgets: give a folder or URL, or set BUDGETS_BACKUP")
        raise typer.Exit(1)
    try:
        done = back_up(settings, place)
    except BackupError as error:
        _say(f"budgets: {error}")
        raise typer.Exit(1) from None
    typer.echo(
        f"{done.copied} files copied ({done.bytes / 2**20:.1f} MiB), {done.kept} stood there, "
        f"{done.removed} removed by law"
    )


def tidy(
    days: Annotated[int, typer.Option(min=1, help="logs older than this go")] = 60,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="tell; delete nothing")] = False,
) -> None:
    """清理 · delete what nobody asks for again: superseded readings, old logs, torn writes."""
    from nightly.upkeep import tidy as clear

    done = clear(Settings.from_environment(), dry=dry_run, days=days)
    told = ", ".join(f"{n} {kind}" for kind, n in sorted(done.files.items())) or "nothing"
    typer.echo(f"{'would delete' if dry_run else 'deleted'}: {told} ({done.bytes / 2**20:.1f} MiB)")


def upgrade(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="tell; change nothing")] = False,
) -> None:
    """升级 · bring landing and warehouse of an earlier version of the program to this one."""
    from nightly.upkeep import check_upgrade
    from nightly.upkeep import upgrade as bring

    settings = Settings.from_environment()
    found = check_upgrade(settings) if dry_run else bring(settings, _hand_run())
    if not found.is_needed:
        typer.echo("nothing to do: landing and warehouse are of this version")
        return
    if found.batches:
        typer.echo(f"landing: {len(found.batches)} batches in columns of another version")
    if found.warehouse:
        typer.echo(found.warehouse)
    if dry_run:
        raise typer.Exit(1)
    typer.echo(
        f"{found.rewritten} batches written anew, {len(found.read_again)} files are read again by "
        "the next night; warehouse built and published"
    )
