"""`mirror`: a verified copy of a log as static files."""

from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from api.book import readable
from api.cli.check_proof import Keys, keys_given
from api.cli.options import DEFAULT_TIMEOUT, Json, Timeout
from api.cli.output import emit, say
from api.cli.progress import Progress
from api.cli.web_source import WebSource
from api.mirroring import Mirror, Mirrored
from api.settings import settings
from auditor.explain import visible
from auditor.pin import Pin, parse_pin
from ledger.note import Vkey

TokenFile = Annotated[
    Path | None,
    typer.Option(
        "--token-file", envvar="HOLDPOINT_TOKEN_FILE", help="Read token, where the log keeps its entries back."
    ),
]


def token_in(path: Path | None) -> str | None:
    """The token of a file. Raises `Fault` `token-file`."""
    return replace(settings(), token_file=path).token()


def trusted(pin_file: Path | None, given: list[str] | None) -> tuple[Pin | None, tuple[Vkey, ...]]:
    """A trust file, and all keys that the reader brings with it."""
    pin = None if pin_file is None else parse_pin(readable(pin_file, "pin-unreadable"))
    return pin, (*(() if pin is None else pin.vkeys), *keys_given(given))


def mirror(
    url: Annotated[str, typer.Argument(metavar="URL", help="A tile host, or a server.")],
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where the copy lies; nothing else belongs there.")],
    pin_file: Annotated[
        Path | None, typer.Option("--pin", envvar="HOLDPOINT_PIN", help="The trust file kept aside.")
    ] = None,
    key: Keys = None,
    token_file: TokenFile = None,
    entries: Annotated[bool, typer.Option(help="Copy entries too, where the log shows them.")] = True,
    timeout: Timeout = DEFAULT_TIMEOUT,
    as_json: Json = False,
) -> None:
    """Keep a verified copy of a log, as static files. Example: holdpoint mirror https://log.lab.example copy --pin pin.json"""
    pin, keys = trusted(pin_file, key)
    with (
        closing(WebSource(url, token=token_in(token_file), timeout=timeout)) as source,
        closing(Mirror(folder, source.read, keys, pin, Progress("mirrored"))) as copy,
    ):
        found = copy.bring(entries=entries)
    if as_json:
        have, of = found.bundles
        detail = {"before": found.before, "bundles": have, "bundles_in_log": of, "claims": found.claims,
                  "folder": str(folder), "suppressed": found.suppressed, "tiles_fetched": found.tiles}  # fmt: skip
        emit({"schema": "holdpoint.mirror/1", "ok": True, "code": "grown" if found.size > found.before else "current",
              "details": [detail],
              "checkpoint": {"origin": found.origin, "root": found.root.hex(), "size": found.size}})  # fmt: skip
        return
    for line in mirrored_text(found, folder):
        say(line)


def mirrored_text(found: Mirrored, folder: Path) -> list[str]:
    """What a run left, and what the copy lacks."""
    have, of = found.bundles
    lines = [f"{visible(found.origin)}: size {found.size} (held before: {found.before}), {found.tiles} tiles fetched"]
    if have < of:
        lines.append(
            f"  entries: {have} of {of} bundles; the log keeps the others back (--token-file), or none was asked for"
        )
    if found.suppressed:
        lines.append(
            f"  {found.suppressed} records came empty: suppressed, if the root says so (holdpoint verify {folder})"
        )
    if not found.claims:
        lines.append("  no claims for this head: an answer of the log's keeper can't be compared")
    return [*lines, f"  every tile is proven; entries and claims: holdpoint verify {folder} --pin FILE"]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(mirror)
