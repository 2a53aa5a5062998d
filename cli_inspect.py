"""``budgets inspect``: a draft before publication, the finance bureau's inspection sheet out.

Exit codes as everywhere: 0 done · 1 something failed or was refused · 2 wrong use.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    from inspection.model import Sheet

inspect_app = typer.Typer(
    name="inspect",
    help="公开前自检 · a draft PDF, Word or Excel in, the inspection sheet (xlsx and HTML) out.",
    invoke_without_command=True,
    rich_markup_mode="rich",
    context_settings={"allow_interspersed_args": True},
)
_PORT = 8765


def _fail(text: str) -> NoReturn:
    typer.echo(f"budgets: {text}", err=True)
    raise typer.Exit(1)


def _write(folder: Path, name: str, content: bytes) -> Path:
    """Whole or not at all."""
    path = folder / name
    scratch = folder / f".{name}.{os.getpid()}.tmp"
    try:
        scratch.write_bytes(content)
        scratch.replace(path)
    finally:
        scratch.unlink(missing_ok=True)
    return path


@inspect_app.callback(
    epilog="Examples: budgets inspect draft.pdf · budgets inspect draft.docx -o out · "
    "budgets inspect --serve"
)
def inspect(  # noqa: PLR0917 - a command line has many options
    file: Annotated[
        Path | None,
        typer.Argument(
            help="the draft: PDF, docx, xlsx or xls (save an old .doc as docx first)",
            metavar="FILE",
        ),
    ] = None,
    output: Annotated[
        Path, typer.Option("-o", "--output", help="folder for the two files of the sheet")
    ] = Path(),
    part: Annotated[
        int, typer.Option("--part", min=1, help="which document, where a file holds several")
    ] = 1,
    strict: Annotated[
        bool, typer.Option("--strict", help="end with 1 where anything does not conform")
    ] = False,
    serve: Annotated[
        bool, typer.Option("--serve", help="a drop page on 127.0.0.1 instead of a file")
    ] = False,
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="of the drop page; 0 takes a free one")
    ] = _PORT,
) -> None:
    """公开前自检 · check a draft before it is published; offline, nothing of it is stored."""
    if serve:
        if file is not None:
            raise typer.BadParameter("give a file or --serve, not both")
        _serve(port)
        return
    if file is None:
        raise typer.BadParameter("give a file, or --serve", param_hint="FILE")
    from inspection.desk import LIMITS, MOST_BYTES, in_chinese, inspect_draft
    from parsers.errors import DocumentError
    from parsers.worker import Worker

    if not output.is_dir():
        _fail(f"there is no folder {output}: make it first")
    try:
        if file.stat().st_size > MOST_BYTES:
            _fail(f"{file} is larger than {MOST_BYTES // 2**20} MB")
        data = file.read_bytes()
    except OSError as error:
        _fail(f"{file} cannot be read: {error.strerror}")
    try:
        with Worker(LIMITS) as worker:
            found = inspect_draft(data, file.name, worker, part=part)
    except DocumentError as error:
        said = in_chinese(error)
        _fail(f"{file.name}：{said.what}。{said.remedy}\n{error.what}")
    xlsx, html = found.names()
    paths = [_write(output, xlsx, found.xlsx()), _write(output, html, found.html().encode())]
    _tell(found.sheet)
    for path in paths:
        typer.echo(str(path))
    if strict and found.sheet.remarks:
        raise typer.Exit(1)


def _tell(sheet: Sheet) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from inspection.model import STATUSES
    from inspection.workbook import title

    table = Table(title=f"{title(sheet)} · {escape(sheet.department or sheet.file_name)}")
    for heading in ("检查内容", "是否符合要求", "问题及位置"):
        table.add_column(heading, overflow="fold")
    for line in sheet.lines:
        said = [f"{r.number}. {r.says}（{r.where()}）" if r.places else f"{r.number}. {r.says}"
                for r in line.remarks]  # fmt: skip
        if line.seen_elsewhere:
            said.append("见问题" + "、".join(map(str, line.seen_elsewhere)))
        said += [line.note] if line.note else []
        table.add_row(line.title, STATUSES[line.status], escape("\n".join(said)))
    console = Console()
    console.print(table)
    for note in sheet.notes:
        console.print(escape(note))


def _serve(port: int) -> None:
    from inspection.server import LOOPBACK, listening, server

    try:
        socket = listening(port)
    except OSError as error:
        _fail(f"port {port} is taken ({error.strerror}): give another with --port")
    taken = socket.getsockname()[1]
    typer.echo(f"http://{LOOPBACK}:{taken}/  (Ctrl-C ends it · 按 Ctrl-C 结束)")
    server(taken).run(sockets=[socket])
