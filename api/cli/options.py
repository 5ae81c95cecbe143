"""Options that commands share, and how a command gets its ledger: open here, or behind a server."""

import functools
import inspect
import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Concatenate, ParamSpec

import typer

from api.book import Book, readable
from api.cli.progress import Progress
from api.client import Client
from api.session import Session
from api.settings import DEFAULTS, settings
from api.transport import HttpTransport
from api.wiring import opened
from auditor.pin import parse_pin
from ledger.errors import Fault
from ledger.strict import parse_time

Data = Annotated[Path, typer.Option("--data", envvar="HOLDPOINT_DATA", help="The ledger's folder.")]
Server = Annotated[str | None, typer.Option("--server", envvar="HOLDPOINT_SERVER", help="URL of a server to talk to.")]
PinFile = Annotated[
    Path | None, typer.Option("--pin", envvar="HOLDPOINT_PIN", help="Trust file; default: DATA/pin.json.")
]
Timeout = Annotated[
    float,
    typer.Option("--timeout", min=0.1, max=3600, envvar="HOLDPOINT_TIMEOUT", help="Seconds to wait for a server."),
]
Json = Annotated[bool, typer.Option("--json", help="Exactly one JSON object on stdout; lists as NDJSON.")]
As = Annotated[str, typer.Option("--as", help="Principal or role whose key signs (keys/NAME.pem).")]
At = Annotated[str | None, typer.Option("--at", help="A size (entries 0…size-1) or a time.")]
Yes = Annotated[bool, typer.Option("--yes", help="Sign without asking; what is signed is still shown.")]
Model = Annotated[str, typer.Argument(metavar="MODEL", help="The model's stream.")]
Action = Annotated[str, typer.Argument(metavar="ACTION", help="train, internal_deploy, external_deploy, …")]
Asked = Annotated[str | None, typer.Option("--request", help="Statement digest of the request; default: the newest.")]
Conditions = Annotated[list[str] | None, typer.Option("--condition", help="A condition that is part of it.")]
Framework = Annotated[str | None, typer.Option(help="Pack id, where several that bind speak of it.")]
Audience = Annotated[str | None, typer.Option(help="Who would have access.")]
Surfaces = Annotated[list[str] | None, typer.Option("--surface", help="Where it would be offered.")]
Hosts = Annotated[list[str] | None, typer.Option("--host", help="Where it would run.")]
Jurisdictions = Annotated[list[str] | None, typer.Option("--jurisdiction", help="Where it would be offered, by law.")]
Facts = Annotated[list[str] | None, typer.Option("--fact", help="NAME=VALUE; what is not stated is unknown.")]
Evidence = Annotated[list[int] | None, typer.Option("--evidence", help="Index of an entry that it rests on.")]
Decided = Annotated[int | None, typer.Option("--decision", help="Index of the decision that it relies on.")]
Reason = Annotated[str | None, typer.Option("--reason", help="Why, in a sentence.")]
Withhold = Annotated[
    list[str] | None,
    typer.Option("--withhold", metavar="FIELD", help="A field to withhold beyond the default: FIELD, FIELD.N, FIELD.*"),
]
DEFAULT_DATA = Path(DEFAULTS["HOLDPOINT_DATA"])
DEFAULT_TIMEOUT = float(DEFAULTS["HOLDPOINT_TIMEOUT"])
P = ParamSpec("P")


def position(at: str | None) -> int | str | None:
    """A size or a time; a bare date means its last microsecond. Raises `Malformed`."""
    if at is None:
        return None
    if at.isascii() and at.isdigit() and len(at) < 16:
        return int(at)
    return parse_time(f"{at}T23:59:59.999999Z" if len(at) == 10 else at)


@contextmanager
def open_book(data: Path, server: str | None, pin_file: Path | None, timeout: float) -> Iterator[Book]:
    """The ledger in `data`, or the one that `server` serves, checked under the pin."""
    if server is None:
        with opened(data, progress=Progress("folded")) as ledger:
            session = Session(ledger)
            session.where = where(data, None)
            yield session
        return
    path = pin_file or data / "pin.json"
    if not path.is_file():
        detail = f"no trust file {path}: without it no receipt of {server} can be checked"
        raise Fault(
            "pin-missing", "failed", detail, "get it from the ledger's keeper (holdpoint pin FILE), then --pin FILE"
        )
    transport = HttpTransport(server, token=settings().token(), timeout=timeout)
    client = Client(data, transport, parse_pin(readable(path, "pin-unreadable")), deadline=timeout)
    client.where = where(data, server)
    try:
        yield client
    finally:
        client.close()


def where(data: Path, server: str | None) -> str:
    """The options that make a printed command run where this one ran."""
    said = settings()
    suffix = "" if data == said.data else f" --data {shlex.quote(str(data))}"
    return suffix if server in (None, said.server) else f"{suffix} --server {shlex.quote(server)}"


def with_book(command: Callable[Concatenate[Book, P], None]) -> Callable[..., None]:
    """Give `command` its ledger, and the command line the options that say which."""

    @functools.wraps(command)
    def run(**given: Any) -> None:
        with open_book(*(given.pop(name) for name in ("data", "server", "pin_file", "timeout"))) as book:
            command(book, **given)  # type: ignore[call-arg]  # the signature below is what the command line checks

    said = inspect.signature(command, eval_str=True)
    own = [p.replace(kind=p.KEYWORD_ONLY) for p in list(said.parameters.values())[1:]]
    added = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
        for name, default, annotation in (
            ("data", DEFAULT_DATA, Data),
            ("server", None, Server),
            ("pin_file", None, PinFile),
            ("timeout", DEFAULT_TIMEOUT, Timeout),
        )
    ]
    run.__signature__ = inspect.Signature([*own, *added])  # type: ignore[attr-defined]  # what typer reads
    run.__annotations__ = {p.name: p.annotation for p in (*own, *added)}
    return run
