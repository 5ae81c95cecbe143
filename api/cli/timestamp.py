"""`timestamp`: tokens of two or more RFC 3161 authorities over the newest checkpoint."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from cryptography.x509 import Certificate

from api.book import readable
from api.cli.options import DEFAULT_DATA, Data, Json
from api.cli.output import answer, say
from api.session import Session
from api.timestamping import ask_authorities, authority_transport
from api.wiring import opened
from auditor.explain import visible
from auditor.timestamp_token import load_authorities
from ledger.errors import Fault


def authorities_given(paths: Sequence[Path] | None) -> tuple[Certificate, ...]:
    """The CA certificates of PEM files, each once. Raises `Malformed`, `Fault` `file-unreadable`."""
    return tuple(dict.fromkeys(c for path in paths or () for c in load_authorities(readable(path))))


def timestamp(
    tsa: Annotated[list[str], typer.Option(metavar="URL", help="A timestamp authority; two or more.")],
    tsa_cert: Annotated[
        list[Path],
        typer.Option("--tsa-cert", metavar="FILE", help="CA certificates (PEM) that their tokens must hold under."),
    ],
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    """Have the newest checkpoint stamped, and keep the tokens.

    Example: holdpoint timestamp --tsa https://one.example/tsr --tsa https://two.example/tsr --tsa-cert ca.pem
    """
    if len(set(tsa)) < 2:
        detail = "one authority alone can be wrong, or be bought"
        raise Fault("usage", "failed", detail, "give --tsa twice or more, each of another authority")
    trusted = authorities_given(tsa_cert)
    with opened(data) as ledger:
        found = ask_authorities(ledger, list(dict.fromkeys(tsa)), trusted, authority_transport)
        met = len({f.authority for f in found if f.authority is not None}) > 1
        code = "ok" if met else "timestamps-short"
        details = [{"detail": f.detail, "status": f.status, "url": f.url} for f in found]
        if as_json:
            answer("timestamp", details, book=Session(ledger), ok=met, code=code)
        else:
            for f in found:
                say(f"{visible(f.url)}: {f.status}: {visible(f.detail)}")
    raise SystemExit(0 if met else 5)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(timestamp)
