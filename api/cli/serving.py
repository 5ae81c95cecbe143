"""`serve`, `token issue`, `token revoke`."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from api.book import Book
from api.cli.check_proof import read_policy
from api.cli.options import DEFAULT_DATA, As, Data, Json, with_book
from api.cli.output import answer, posted, say
from api.recipients import recipient_scope
from api.serve import serve as run
from api.session import Session
from api.tokens import SCOPES, TokenFile, is_scope, new_token
from api.wiring import opened
from ledger.errors import Fault
from ledger.events import token
from ledger.strict import shift


def serve(
    data: Data = DEFAULT_DATA,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8470,
    export: Annotated[Path | None, typer.Option("--export", help="Keep an export current in this folder.")] = None,
    confirm_clock: Annotated[
        bool, typer.Option("--confirm-clock", help="After a day of silence: the machine's clock has been checked.")
    ] = False,
    policy: Annotated[
        Path | None, typer.Option("--witness-policy", help="Ask these witnesses for cosignatures while the log grows.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Serve the ledger over HTTP. Example: holdpoint serve --data lab"""
    url = f"http://{host}:{port}/"

    wanted = read_policy(policy)
    if wanted is not None and not any(w.url for w in wanted.witnesses.values()):
        detail = f"no witness of {policy} has a URL: nobody would be asked"
        raise Fault("usage", "failed", detail, "give each a URL: docs/how-to/be-witnessed.md")

    def ready() -> None:
        if as_json:
            answer("serve", [url], code="serving")
        else:
            say(f"serving {data} on {url} until SIGTERM; others say --server {url}")
        sys.stdout.flush()

    run(data, host, port, export, confirm_clock=confirm_clock, policy=wanted, ready=ready)


def issue(
    audience: Annotated[str, typer.Argument(help="For whom, a role-like name.")],
    scope: Annotated[
        list[str] | None,
        typer.Option(
            help="status:read, gate:read, entries:read[:PREFIX], proofs:read, metrics:read, disclosures:write."
        ),
    ] = None,
    bundles_for: Annotated[
        list[str] | None, typer.Option(metavar="RECIPIENT", help="May fetch what is released to this recipient.")
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=365, help="How long it lives.")] = 90,
    data: Data = DEFAULT_DATA,
    by: As = "key-admin-1",
    as_json: Json = False,
) -> None:
    """Issue a read token; it is shown once. Example: holdpoint token issue pipeline --scope gate:read"""
    scopes = (*(scope or ()), *map(recipient_scope, bundles_for or ()))
    unknown = sorted(s for s in scopes if not is_scope(s))
    if unknown or not scopes:
        known = f"one of {', '.join(sorted(SCOPES))}, entries:read:PREFIX; or --bundles-for"
        raise Fault("scope-unknown", "failed", ", ".join(unknown) or "no scope: it would open nothing", known)
    with opened(data) as ledger:
        fresh = new_token("dev" if ledger.development else "live")
        expires = shift(ledger.now(), days=days)
        body = {"audience": audience, "expires_at": expires, "id": fresh.id, "scopes": list(scopes)}
        session = Session(ledger)
        done = session.say(token.Issued, body, "ledger", by)
        TokenFile(data / "tokens.json").add(fresh, scopes)
        if as_json:
            answer(
                "token", [fresh.text], book=session, code="issued", id=fresh.id, index=done.index, expires_at=expires
            )
            return
    say(fresh.text)


@with_book
def revoke(
    book: Book,
    token_id: Annotated[str, typer.Argument(help="The 26 letters in the token's middle.")],
    by: As = "key-admin-1",
    as_json: Json = False,
) -> None:
    """Revoke a token. Example: holdpoint token revoke abcdefghijklmnopqrstuvwxyz"""
    done = book.say(token.Revoked, {"id": token_id}, "ledger", by)
    posted("token-revoke", [done], as_json=as_json, book=book, text="revoked")


def register(app: typer.Typer) -> None:
    """Add this group's commands."""
    app.command()(serve)
    tokens = typer.Typer(help="Read tokens: issue, revoke.", no_args_is_help=True)
    tokens.command("issue")(issue)
    tokens.command("revoke")(revoke)
    app.add_typer(tokens, name="token")
