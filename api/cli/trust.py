"""`principal`, `keys`, `role`: who may say what, two key-admins at a time."""

import re
from pathlib import Path
from typing import Annotated, Any

import typer

from api.book import Book
from api.cli.options import DEFAULT_DATA, As, At, Data, Json, position, with_book
from api.cli.output import answer, emit, posted, say
from api.cli.said_first import alerts
from api.cli.signing import references_to
from api.config import read_config
from api.founding import ACTIONS, STREAMS
from api.keyring import load_signer, new_key, new_log_keys
from ledger.errors import Fault, Malformed
from ledger.events import break_glass as break_glass_events
from ledger.events import key, principal, role
from ledger.strict import format_base64, shift
from ledger.trust import BREAK_GLASS_SECONDS

PackRole = Annotated[str | None, typer.Option(help="PACK:ROLE, a role that a framework names.")]


@with_book
def principal_register(
    book: Book,
    name: Annotated[str, typer.Argument(help="A role-like name, never a person's.")],
    kind: Annotated[str, typer.Option(help="person, service or body.")] = "person",
    unit: Annotated[str, typer.Option(help="The unit it belongs to.")] = "safety",
    operates: Annotated[bool, typer.Option("--operates", help="It has the machine or the database.")] = False,
    by: As = "key-admin",
    as_json: Json = False,
) -> None:
    """Register a principal. Example: holdpoint principal register reviewer-1"""
    body: dict[str, Any] = {"id": name, "kind": kind, "unit": unit, **({"operates": True} if operates else {})}
    posted("principal", [book.say(principal.Registered, body, "ledger", by)], as_json=as_json, book=book)


def keys_new(
    path: Annotated[Path, typer.Argument(help="The key file to write, mode 0600.")],
    alg: Annotated[str, typer.Option(help="ed25519, ecdsa-p256-sha256 or ml-dsa-65.")] = "ed25519",
    as_json: Json = False,
) -> None:
    """Make a key. Example: holdpoint keys new reviewer-1.pem"""
    signer = new_key(path, alg)
    if as_json:
        answer("keys-new", [str(path)], keyid=signer.keyid, alg=signer.alg)
    else:
        say(f"{signer.keyid} in {path}")


def keys_new_log(
    name: Annotated[str, typer.Argument(help="The pair's name in keys/: log-NAME-ed25519.pem, log-NAME-mldsa44.pem.")],
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    """Make a new pair of the log's keys, for log.rotated. Example: holdpoint keys new-log 2027"""
    if re.fullmatch(r"[a-z0-9]{1,40}", name) is None:
        raise Malformed("log-key", "name", "schema")
    pair = new_log_keys(data / "keys", read_config(data).origin, name)
    vkeys = [str(v) for v in pair.vkeys]
    if as_json:
        answer("keys-new-log", vkeys)
        return
    for vkey in vkeys:
        say(vkey)


@with_book
def keys_register(
    book: Book,
    path: Annotated[Path, typer.Argument(help="The key file; its own signature proves possession.")],
    owner: Annotated[str, typer.Argument(help="The principal that it belongs to.")],
    use: Annotated[str, typer.Option(help="event, or engine for the key that signs what follows.")] = "event",
    by: As = "key-admin",
    as_json: Json = False,
) -> None:
    """Register a key. Example: holdpoint keys register reviewer-1.pem reviewer-1"""
    signer = load_signer(path)
    body = {
        "alg": signer.alg,
        "keyid": signer.keyid,
        "principal": owner,
        "spki": format_base64(signer.spki),
        "use": use,
    }
    written = book.write(key.Registered, body, "ledger", [*book.signers(by, 2), signer])
    posted("keys-register", [book.post(written)], as_json=as_json, book=book)


@with_book
def keys_revoke(
    book: Book,
    keyid: Annotated[str, typer.Argument(help="64 hex digits, or the key's file.")],
    reason: Annotated[str, typer.Option(help="superseded, ceased or compromised.")] = "superseded",
    since: Annotated[int | None, typer.Option(help="compromised: its entries from this index on are tainted.")] = None,
    by: As = "key-admin",
    as_json: Json = False,
) -> None:
    """Stop a key; tainting its past takes two key-admins. Example: holdpoint keys revoke reviewer-1.pem --reason ceased"""
    if keyid.endswith(".pem"):
        keyid = load_signer(Path(keyid)).keyid
    body: dict[str, Any] = {"keyid": keyid, "reason": reason}
    if since is not None:
        body["compromised_since_index"] = since
    count = 2 if reason == "compromised" else 1
    written = book.write(key.Revoked, body, "ledger", book.signers(by, count)[:count])
    posted("keys-revoke", [book.post(written)], as_json=as_json, book=book)


@with_book
def keys_list(book: Book, at: At = None, as_json: Json = False) -> None:
    """Keys, their principals, and where their life began and ended. Example: holdpoint keys list"""
    rows = book.keys(position(at))
    alerts(book, position(at), as_json=as_json)
    for row in rows:
        if as_json:
            emit({"schema": "holdpoint.keys/1", **row})
            continue
        ended = f"revoked at {row['revoked_at']}" if row["revoked_at"] is not None else "alive"
        say(f"{row['keyid'][:16]}  {row['principal']:<20} {row['use']:<7} from {row['index']:<5} {ended}")
    raise SystemExit(0 if rows else 5)


def _pack_role(text: str) -> dict[str, str]:
    pack, _, title = text.partition(":")
    return {"pack": pack, "role": title}


@with_book
def role_grant(
    book: Book,
    who: Annotated[str, typer.Argument(help="The principal.")],
    name: Annotated[str, typer.Argument(help="evaluator, attester, assessor, deployer, approver, decider, …")],
    stream: Annotated[
        list[str] | None, typer.Option(help="Stream prefix; default: models, safeguards, documents.")
    ] = None,
    action: Annotated[list[str] | None, typer.Option(help="Action in scope; default: all that packs gate.")] = None,
    pack_role: PackRole = None,
    until: Annotated[str | None, typer.Option(help="Ends at this time.")] = None,
    break_glass: Annotated[
        bool,
        typer.Option(
            "--break-glass", help="Against the separation of roles, for at most 24 hours; shown until reviewed."
        ),
    ] = False,
    by: As = "key-admin",
    as_json: Json = False,
) -> None:
    """Grant a role. Example: holdpoint role grant reviewer-1 approver --pack-role anthropic-rsp-2.2:RSO"""
    body: dict[str, Any] = {
        "principal": who,
        "role": name,
        "streams": stream or list(STREAMS),
        "actions": action or list(ACTIONS),
    }
    if pack_role is not None:
        body["pack_role"] = _pack_role(pack_role)
    if break_glass:
        body["break_glass"] = True
        until = until or shift(book.now(), seconds=BREAK_GLASS_SECONDS)
    if until is not None:
        body["valid_until"] = until
    posted("role-grant", [book.say(role.Granted, body, "ledger", by)], as_json=as_json, book=book, text="granted")


@with_book
def role_revoke(
    book: Book,
    who: Annotated[str, typer.Argument(help="The principal.")],
    name: Annotated[str, typer.Argument(help="The role.")],
    pack_role: PackRole = None,
    by: As = "key-admin",
    as_json: Json = False,
) -> None:
    """End a role. Example: holdpoint role revoke reviewer-1 approver"""
    body: dict[str, Any] = {"principal": who, "role": name}
    if pack_role is not None:
        body["pack_role"] = _pack_role(pack_role)
    posted("role-revoke", [book.say(role.Revoked, body, "ledger", by)], as_json=as_json, book=book, text="revoked")


@with_book
def review(
    book: Book,
    index: Annotated[int, typer.Argument(help="Index of the break-glass role.granted.")],
    outcome: Annotated[str, typer.Option(help="justified or not-justified.")] = "",
    reason: Annotated[str, typer.Option(help="Why.")] = "",
    action: Annotated[list[int] | None, typer.Option(help="Index of an entry that was made under it.")] = None,
    by: Annotated[
        list[str] | None, typer.Option("--as", help="A key-admin who neither holds nor gave the grant; give two.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Review a break-glass grant: two key-admins who neither hold nor gave it. Example: holdpoint break-glass review 70 \
--outcome justified --reason 'one night without a decider' --as key-admin-3 --as key-admin-4"""
    if not outcome or not reason:
        raise Fault("flags-missing", "failed", "a review says how it came out, and why", "--outcome, --reason")
    grant, *done = references_to(book, book.known(), [index, *(action or ())])
    body = {"actions": done, "grant": grant, "outcome": outcome, "reason": reason}
    signers = [s for who in by or () for s in book.signers(who)] or book.signers("key-admin", 2)
    written = book.write(break_glass_events.Reviewed, body, "ledger", signers)
    posted("break-glass", [book.post(written)], as_json=as_json, book=book, text="reviewed")


def register(app: typer.Typer) -> None:
    """Add this group's commands."""
    principals = typer.Typer(help="Principals: register.", no_args_is_help=True)
    principals.command("register")(principal_register)
    app.add_typer(principals, name="principal")
    key_group = typer.Typer(
        help="Key files and their registration: new, new-log, register, revoke, list.", no_args_is_help=True
    )
    for name, command in (
        ("new", keys_new), ("new-log", keys_new_log), ("register", keys_register), ("revoke", keys_revoke), ("list", keys_list),
    ):  # fmt: skip
        key_group.command(name)(command)
    app.add_typer(key_group, name="keys")
    roles = typer.Typer(help="Roles: grant, revoke.", no_args_is_help=True)
    roles.command("grant")(role_grant)
    roles.command("revoke")(role_revoke)
    app.add_typer(roles, name="role")
    glass = typer.Typer(help="Exceptional grants: review.", no_args_is_help=True)
    glass.command("review")(review)
    app.add_typer(glass, name="break-glass")
