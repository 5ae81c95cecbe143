"""`principal register`, `keys new|register|revoke`, `role grant|revoke`: who may say what, two key-admins at a time."""

from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli.options import DEFAULT_DATA, As, Data
from api.cli.output import say
from api.founding import ACTIONS, STREAMS
from api.keyring import load_signer, new_key
from api.session import Session
from api.wiring import opened
from ledger.events import key, principal, role
from ledger.strict import format_base64


def principal_register(
    name: Annotated[str, typer.Argument(help="A role-like name, never a person's.")],
    kind: Annotated[str, typer.Option(help="person, service or body.")] = "person",
    unit: Annotated[str, typer.Option(help="The unit it belongs to.")] = "safety",
    operates: Annotated[bool, typer.Option(help="It has the machine or the database.")] = False,
    data: Data = DEFAULT_DATA,
    by: As = "key-admin",
) -> None:
    """Register a principal. Example: holdpoint principal register reviewer-1"""
    body: dict[str, Any] = {"id": name, "kind": kind, "unit": unit, **({"operates": True} if operates else {})}
    with opened(data) as ledger:
        say(f"registered at index {Session(ledger).say(principal.Registered, body, 'ledger', by).index}")


def keys_new(
    path: Annotated[Path, typer.Argument(help="The key file to write, mode 0600.")],
    alg: Annotated[str, typer.Option(help="ed25519, ecdsa-p256-sha256 or ml-dsa-65.")] = "ed25519",
) -> None:
    """Make a key. Example: holdpoint keys new reviewer-1.pem"""
    say(f"{new_key(path, alg).keyid} in {path}")


def keys_register(
    path: Annotated[Path, typer.Argument(help="The key file; its own signature proves possession.")],
    owner: Annotated[str, typer.Argument(help="The principal that it belongs to.")],
    data: Data = DEFAULT_DATA,
    by: As = "key-admin",
) -> None:
    """Register a key. Example: holdpoint keys register reviewer-1.pem reviewer-1"""
    signer = load_signer(path)
    body = {
        "alg": signer.alg,
        "keyid": signer.keyid,
        "principal": owner,
        "spki": format_base64(signer.spki),
        "use": "event",
    }
    with opened(data) as ledger:
        session = Session(ledger)
        written = session.write(key.Registered, body, "ledger", [*session.signers(by, 2), signer])
        say(f"registered at index {session.post(written).index}")


def keys_revoke(
    keyid: Annotated[str, typer.Argument(help="64 hex digits.")],
    reason: Annotated[str, typer.Option(help="superseded, ceased or compromised.")] = "superseded",
    since: Annotated[
        int | None, typer.Option(help="compromised: the index from which its entries are tainted.")
    ] = None,
    data: Data = DEFAULT_DATA,
    by: As = "key-admin",
) -> None:
    """Stop a key; tainting its past takes two key-admins. Example: holdpoint keys revoke KEYID --reason ceased"""
    body: dict[str, Any] = {"keyid": keyid, "reason": reason}
    if since is not None:
        body["compromised_since_index"] = since
    with opened(data) as ledger:
        session = Session(ledger)
        signers = session.signers(by, 2)[: 2 if since is not None else 1]
        say(f"revoked at index {session.post(session.write(key.Revoked, body, 'ledger', signers)).index}")


def role_grant(
    who: Annotated[str, typer.Argument(help="The principal.")],
    name: Annotated[str, typer.Argument(help="evaluator, attester, assessor, deployer, approver, decider, …")],
    stream: Annotated[
        list[str] | None, typer.Option(help="Stream prefix; default: models, safeguards, documents.")
    ] = None,
    action: Annotated[list[str] | None, typer.Option(help="Action in scope; default: all that packs gate.")] = None,
    pack_role: Annotated[str | None, typer.Option(help="PACK:ROLE, a role that a framework names.")] = None,
    until: Annotated[str | None, typer.Option(help="Ends at this time.")] = None,
    data: Data = DEFAULT_DATA,
    by: As = "key-admin",
) -> None:
    """Grant a role. Example: holdpoint role grant reviewer-1 approver --pack-role anthropic-rsp-2.2:RSO"""
    body: dict[str, Any] = {
        "principal": who,
        "role": name,
        "streams": stream or list(STREAMS),
        "actions": action or list(ACTIONS),
    }
    if pack_role is not None:
        pack, _, title = pack_role.partition(":")
        body["pack_role"] = {"pack": pack, "role": title}
    if until is not None:
        body["valid_until"] = until
    with opened(data) as ledger:
        say(f"granted at index {Session(ledger).say(role.Granted, body, 'ledger', by).index}")


def role_revoke(
    who: Annotated[str, typer.Argument(help="The principal.")],
    name: Annotated[str, typer.Argument(help="The role.")],
    data: Data = DEFAULT_DATA,
    by: As = "key-admin",
) -> None:
    """End a role. Example: holdpoint role revoke reviewer-1 approver"""
    with opened(data) as ledger:
        posted = Session(ledger).say(role.Revoked, {"principal": who, "role": name}, "ledger", by)
    say(f"revoked at index {posted.index}")


def register(app: typer.Typer) -> None:
    """Add this group's commands."""
    principals = typer.Typer(help="Principals: register.", no_args_is_help=True)
    principals.command("register")(principal_register)
    app.add_typer(principals, name="principal")
    key_group = typer.Typer(help="Key files and their registration: new, register, revoke.", no_args_is_help=True)
    for command, function in (("new", keys_new), ("register", keys_register), ("revoke", keys_revoke)):
        key_group.command(command)(function)
    app.add_typer(key_group, name="key")
    roles = typer.Typer(help="Roles: grant, revoke.", no_args_is_help=True)
    roles.command("grant")(role_grant)
    roles.command("revoke")(role_revoke)
    app.add_typer(roles, name="role")
