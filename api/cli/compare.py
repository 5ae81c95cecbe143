"""`compare`: what two readers were shown of one log; if it is two histories, the file that convicts the log."""

from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from api.book import readable
from api.cli.check_proof import Keys
from api.cli.follow import trusted
from api.cli.options import DEFAULT_TIMEOUT, Json, Timeout
from api.cli.output import emit, say
from api.cli.web_source import WebSource, is_url
from api.handing_over import write_synced
from auditor.explain import report_text
from auditor.shown_twice import compare_shown, parse_shown
from auditor.source import folder_reader
from auditor.split_view import NOT_PROVEN
from auditor.verdict import Report, VerifyVerdict
from ledger.errors import Fault

SHOWN = "A checkpoint, a receipt or a trust file."


def compare(
    first: Annotated[Path, typer.Argument(metavar="FILE", help=SHOWN)],
    second: Annotated[Path, typer.Argument(metavar="FILE", help=SHOWN)],
    pin_file: Annotated[
        Path | None, typer.Option("--pin", envvar="HOLDPOINT_PIN", help="The trust file kept aside.")
    ] = None,
    key: Keys = None,
    entry: Annotated[
        list[Path] | None, typer.Option(help="The entry of each of two receipts, in their order; twice.")
    ] = None,
    tiles: Annotated[str | None, typer.Option(metavar="PATH|URL", help="Tiles of the larger tree.")] = None,
    out: Annotated[Path, typer.Option(help="Where evidence is written, if it is found.")] = Path("found.split.json"),
    timeout: Timeout = DEFAULT_TIMEOUT,
    as_json: Json = False,
) -> None:
    """Compare what two readers were shown. Example: holdpoint compare mine.checkpoint theirs.checkpoint --pin pin.json"""
    _, keys = trusted(pin_file, key)
    if not keys or len(entry or ()) not in (0, 2):
        raise Fault(
            "flags-missing", "failed", "whose log it is must come from you, and entries come in twos",
            "give --pin FILE or --key VKEY; --entry FILE --entry FILE",
        )  # fmt: skip
    entries: list[bytes | None] = [readable(path) for path in entry] if entry else [None, None]
    shown = [parse_shown(readable(path), keys, raw) for path, raw in zip((first, second), entries, strict=True)]
    if tiles is not None and is_url(tiles):
        with closing(WebSource(tiles, timeout=timeout)) as source:
            source.read("checkpoint")  # finds out below which path its files lie
            check, evidence = compare_shown(shown[0], shown[1], keys, source.read)
    else:
        check, evidence = compare_shown(shown[0], shown[1], keys, None if tiles is None else folder_reader(Path(tiles)))
    if evidence is not None:
        write_synced(out, evidence)
    top = max((s.head.checkpoint for s in shown), key=lambda head: head.size)
    notes = NOT_PROVEN if check.verdict is VerifyVerdict.DIVERGED else ("that others were shown the same",)
    report = Report((check,), top.origin, top.size, top.root, notes=notes)
    if as_json:
        emit(
            {
                **report.to_json(),
                "schema": "holdpoint.compare/1",
                "evidence": str(out) if evidence is not None else None,
            }
        )
    else:
        say(report_text(report))
        if evidence is not None:
            say(f"the log signed both: {out} convicts it (holdpoint verify {out} --pin FILE)")
    raise SystemExit(report.exit_code)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(compare)
