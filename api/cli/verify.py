"""`verify`: a ledger, a bundle, or evidence, as whoever trusts nobody checks it."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from api.book import readable
from api.cli.check_proof import Keys, keys_given, read_policy
from api.cli.options import DEFAULT_TIMEOUT, Json, Timeout
from api.cli.output import emit, say
from api.cli.progress import Progress
from api.cli.timestamp import authorities_given
from api.cli.web_source import WebSource, is_url
from api.disclosing import carried
from api.evidence import evidence_checks
from api.handing_over import write_synced
from api.keyring import load_signer
from api.replay_statement import sign_replay
from api.settings import settings
from api.wiring import wall_clock
from auditor.bundle import Trust
from auditor.cli import verify_later, verify_path, working
from auditor.explain import report_text
from auditor.pin import parse_pin
from auditor.proof import witnessed
from auditor.reader import Read
from auditor.source import folder_reader, is_bag
from auditor.timestamped import timestamped
from auditor.verify import verify_export
from ledger.errors import Fault


def verify(
    place: Annotated[
        str,
        typer.Argument(
            metavar="PATH|URL",
            help="A bundle (zip or folder), an exported folder, evidence of a split view, a tile host, a server.",
        ),
    ],
    pin_file: Annotated[
        Path | None, typer.Option("--pin", envvar="HOLDPOINT_PIN", help="The trust file kept aside.")
    ] = None,
    witnesses: Annotated[
        int, typer.Option("--require-witness", min=0, help="How many witnesses of your policy must have cosigned.")
    ] = 0,
    policy: Annotated[
        Path | None,
        typer.Option("--witness-policy", help="Your own C2SP tlog-policy: whose cosignatures count, and how many."),
    ] = None,
    tiles: Annotated[
        str | None,
        typer.Option(metavar="PATH|URL", help="Where hash tiles tie a bundle to the pin: an export, a host."),
    ] = None,
    evidence: Annotated[
        Path | None, typer.Option(help="Original logs: imported again, and compared with what was recorded of them.")
    ] = None,
    statement: Annotated[
        Path | None, typer.Option(metavar="KEY", help="Sign what was found as replay.performed; with --pin and --out.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="With --statement: the envelope to write, for event post.")] = None,
    tsa_cert: Annotated[
        list[Path] | None,
        typer.Option(
            "--tsa-cert", metavar="FILE", help="CA certificates (PEM) of timestamp authorities that you trust."
        ),
    ] = None,
    key: Keys = None,
    earlier: Annotated[
        Path | None,
        typer.Option("--with", metavar="BUNDLE", help="An earlier bundle: what it withheld and this one shows."),
    ] = None,
    work: Annotated[
        Path | None,
        typer.Option(help="A file of your own: the audit of a large log goes on there after it was stopped."),
    ] = None,
    as_of: Annotated[
        str | None, typer.Option(metavar="SIZE|TIME", help="Of an exported ledger also what held then, folded here.")
    ] = None,
    timeout: Timeout = DEFAULT_TIMEOUT,
    as_json: Json = False,
) -> None:
    """Verify a ledger or a bundle, offline for files. Example: holdpoint verify out --pin pin.json"""
    if (statement is None) != (out is None):
        raise Fault(
            "flags-missing", "failed", "a statement is signed by a key, into a file", "give --statement and --out"
        )
    if evidence is not None and (is_url(place) or not evidence.is_dir()):
        raise Fault(
            "evidence-missing", "failed", "evidence is compared file by file", "give a folder of logs, and files"
        )
    trusted = None if pin_file is None else parse_pin(readable(pin_file, "pin-unreadable"))
    wanted = read_policy(policy)
    vkeys = (*keys_given(key), *(() if wanted is None else wanted.vkeys))
    authorities = authorities_given(tsa_cert)
    how: dict[str, Any] = {
        "as_of": as_of, "progress": Progress(), "work": working(work), "workers": os.cpu_count() or 2
    }  # fmt: skip
    if earlier is not None and (is_url(place) or Path(place).is_dir() != is_bag(Path(place)) or not earlier.exists()):
        raise Fault("export-missing", "failed", "--with compares two bundles", "name two bundles, the later one first")
    if is_url(place):
        with closing(WebSource(place, token=settings().token(), timeout=timeout)) as source, reading(place):
            report = timestamped(verify_export(source.read, trusted, **how), source.read, authorities)
    elif not Path(place).exists():
        raise Fault("export-missing", "failed", f"nothing at {place}", "name a bundle, an exported folder, or a URL")
    else:
        with tiles_at(tiles, timeout) as beside, reading(place):
            trust = Trust(trusted, beside, carried(), vkeys, authorities)
            path = Path(place)
            report = verify_path(path, trust, **how) if earlier is None else verify_later(path, earlier, trust)
    if evidence is not None and report.exit_code in (0, 5):
        report = replace(report, checks=(*report.checks, *evidence_checks(Path(place), evidence)))
    report = witnessed(report, wanted, witnesses)
    if statement is not None and out is not None:
        signed = sign_replay(report, trusted, load_signer(statement), wall_clock())
        write_synced(out, signed.wire())
    if as_json:
        emit(report.to_json())
    else:
        say(report_text(report))
    raise SystemExit(report.exit_code)


@contextmanager
def tiles_at(place: str | None, timeout: float) -> Iterator[Read | None]:
    """Hash tiles of the reader's own: a folder, a host, or none."""
    if place is not None and is_url(place):
        with closing(WebSource(place, token=settings().token(), timeout=timeout)) as source:
            yield source.read
    else:
        yield None if place is None else folder_reader(Path(place))


@contextmanager
def reading(place: str) -> Iterator[None]:
    """What can't be read or kept, as `Fault`: `export-missing`, `work-file`."""
    try:
        yield
    except OSError as err:
        detail = f"{place}: {err.strerror}"
        raise Fault("export-missing", "failed", detail, "name a bundle or a folder that can be read") from err
    except sqlite3.Error as err:
        wanted = "give --work a file of its own on a disk with room, or set TMPDIR to one"
        raise Fault("work-file", "failed", f"the audit's working file failed: {err}", wanted) from err


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(verify)
