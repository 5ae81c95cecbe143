"""Options that commands share."""

from pathlib import Path
from typing import Annotated

import typer

Data = Annotated[Path, typer.Option("--data", envvar="HOLDPOINT_DATA", help="The ledger's folder.")]
Json = Annotated[bool, typer.Option("--json", help="Exactly one JSON object on stdout.")]
As = Annotated[str, typer.Option("--as", help="Principal or role whose key signs (keys/NAME.pem).")]
At = Annotated[str | None, typer.Option("--at", help="A size (entries 0…size-1) or a time.")]
DEFAULT_DATA = Path("holdpoint-ledger")


def position(at: str | None) -> int | str | None:
    """A size or a time; a bare date means its last microsecond."""
    if at is None:
        return None
    if at.isascii() and at.isdigit():
        return int(at)
    return f"{at}T23:59:59.999999Z" if len(at) == 10 else at
