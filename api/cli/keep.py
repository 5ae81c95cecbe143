"""`restore`, `anchor`: bring back what a ledger needs to go on."""

from pathlib import Path
from typing import Annotated

import typer

from api.anchoring import Brought, bring_anchor, from_pin
from api.cli.options import DEFAULT_DATA, Data, Json
from api.cli.output import answer, say
from api.cli.progress import Progress
from api.restoring import restore as run_restore
from auditor.pin import parse_pin
from auditor.source import folder_reader
from ledger.errors import Fault


def restore(
    source: Annotated[Path, typer.Option("--from", help="An exported folder, or a mirror of one.")],
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    """Bring missing entries back from an export. Example: holdpoint restore --from export --data ledger"""
    if not source.is_dir():
        raise Fault("export-missing", "failed", f"{source} is no folder", "name an exported folder")
    done = run_restore(data, folder_reader(source), progress=Progress("restored"))
    if as_json:
        answer("restore", [{"before": done.before, "after": done.after}])
    else:
        say(f"restored entries {done.before} to {done.after - 1}; the root at size {done.after} is the anchored one")
        say(f"start the service now: holdpoint serve --data {data}")


def anchor(
    pin: Annotated[Path | None, typer.Option("--from-pin", help="A trust file kept elsewhere.")] = None,
    export: Annotated[Path | None, typer.Option("--from-export", help="An exported folder, or a mirror.")] = None,
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    """Make a missing anchor from outside. Example: holdpoint anchor --from-pin pin.json --data ledger"""
    if (pin is None) == (export is None):
        raise Fault("anchor-source", "failed", "name one source", "--from-pin FILE, or --from-export DIR")
    try:
        if pin is not None:
            brought = from_pin(parse_pin(pin.read_bytes()))
        else:
            brought = Brought(((export or Path()) / "checkpoint").read_text(), "the export")
    except (OSError, UnicodeDecodeError) as err:
        raise Fault("anchor-source", "failed", str(err), "name a file that can be read") from err
    head, size = bring_anchor(data, brought, progress=Progress("checked"))
    behind = head.size > size
    if as_json:
        details = [{"anchored": head.size, "stored": size}]
        answer("anchor", details, ok=not behind, code="diverged" if behind else "ok")
    else:
        say(f"anchored {head.origin} at size {head.size}; stored size {size}")
        if behind:
            say(
                f"DIVERGED: entries {size} to {head.size - 1} are missing: holdpoint restore --from EXPORT --data {data}"
            )
    raise SystemExit(4 if behind else 0)


def register(app: typer.Typer) -> None:
    """Add this group's commands."""
    app.command()(restore)
    app.command()(anchor)
