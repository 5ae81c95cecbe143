"""Found a ledger: the ceremony of entry 0, and for development a principal with a key for every role (access.md §4)."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from api.author import Audience, Written, write
from api.config import CONFIG, Config, write_config
from api.database import open_database
from api.keyring import load_signer, new_key, new_log_keys
from api.session import Posted, Session
from api.wiring import Ledger, open_ledger, wall_clock
from api.wrapping import load_wrapping_keys, make_wrapping_key
from ledger.errors import Fault
from ledger.events import key, ledger, principal, role
from ledger.keys import Signer
from ledger.store.desk import Desk
from ledger.store.end import Clock
from ledger.strict import format_base64

ROOTS = ("root-1", "root-2", "root-3")
KEY_ADMINS = ("key-admin-1", "key-admin-2")
ENGINE = "engine"
ACTIONS = (
    "train",
    "continue_development",
    "store_weights",
    "internal_deploy",
    "controlled_deploy",
    "external_deploy",
    "release_weights",
    "publish_report",
)
STREAMS = (
    "concern/", "disclosure/", "document/", "framework/", "incident/", "model/", "obligation/", "safeguard/",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Member:
    """A principal of a development ledger: its ledger role, and the pack roles bound to it as (pack id, role)."""

    id: str
    role: str
    kind: str = "person"
    unit: str = "safety"


DEV_MEMBERS: tuple[Member, ...] = (
    Member("approver-1", "approver", unit="executive"),
    Member("approver-2", "approver", unit="safety"),
    Member("assessor", "assessor"),
    Member("attester", "attester", unit="security"),
    Member("auditor", "auditor", unit="audit"),
    Member("decider", "decider", unit="executive"),
    Member("deployer", "deployer", unit="product"),
    Member("discloser-1", "discloser", unit="policy"),
    Member("discloser-2", "discloser", unit="legal"),
    Member("evaluator", "evaluator", kind="service", unit="evaluation"),
    Member("framework-admin-1", "framework-admin", unit="policy"),
    Member("framework-admin-2", "framework-admin", unit="legal"),
    Member("responder", "responder", unit="security"),
)


def found(folder: Path, origin: str, *, database: str | None = None, clock: Clock = wall_clock) -> Ledger:
    """Make folder, keys, database and entry 0; return the open ledger. Refuses a folder that holds a ledger or an anchor."""
    for name in (CONFIG, "anchor"):
        if (folder / name).exists():
            detail = f"{folder} holds {name}: a ledger was founded here before"
            raise Fault("already-founded", "failed", detail, "choose another folder; a ledger is never founded twice")
    if database is not None:
        _refuse_used(folder, database)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    config = Config(origin, database)
    keys = folder / "keys"
    signers = {name: new_key(keys / f"{name}.pem") for name in (*ROOTS, *KEY_ADMINS, ENGINE)}
    log = new_log_keys(keys, origin)
    if not load_wrapping_keys(folder):
        make_wrapping_key(folder, clock())
    if database is None:
        with open_database(folder, None, create=True) as made:
            made.migrate()
    write_config(folder, config)
    opened = open_ledger(folder, clock=clock, founding=True)
    try:
        body = {
            "keys": [_founding_key(name, signers[name]) for name in sorted(signers)],
            "origin": origin,
            "root_threshold": 2,
            "rules": "holdpoint-rules/1",
            "vkeys": [str(v) for v in log.vkeys],
        }
        if config.development:
            body["development"] = True
        written = write(ledger.Founded, body, Audience(origin, ""), "ledger", list(signers.values()), clock())
        post_all(opened, [written])
    except BaseException:
        opened.close()
        raise
    return opened


def _refuse_used(folder: Path, database: str) -> None:
    """A server's database has the schema and no entry; looked at before any key or file is made, so that a retry is free."""
    with open_database(folder, database) as server, closing(Desk(server.url("holdpoint_appender"))) as desk:
        size = desk.read_head().size
        if size:
            detail = f"that database holds {size} entries already"
            raise Fault("already-founded", "failed", detail, "name an empty database; a ledger is never founded twice")


def _founding_key(name: str, signer: Signer) -> dict[str, Any]:
    use = "root" if name in ROOTS else "engine" if name == ENGINE else "event"
    entry = {
        "alg": signer.alg,
        "keyid": signer.keyid,
        "kind": "service" if use == "engine" else "person",
        "principal": name,
        "spki": format_base64(signer.spki),
        "unit": {"root": "board", "engine": "platform", "event": "security"}[use],
        "use": use,
    }
    if use != "root":
        entry["role"] = "engine" if use == "engine" else "key-admin"
    return entry


def post_all(opened: Ledger, written: Sequence[Written]) -> list[Posted]:
    """Append statements written here; their field disclosures and receipts are kept in the ledger's folder."""
    return Session(opened).post_all(written)


def admit_members(opened: Ledger, members: Sequence[Member] = DEV_MEMBERS) -> list[Posted]:
    """Register a principal, a key and a role for each member: one envelope each, signed by both key-admins."""
    folder = opened.folder / "keys"
    admins = [load_signer(folder / f"{name}.pem") for name in KEY_ADMINS]
    audience = Audience(opened.origin, opened.founding)
    at = opened.now()
    written: list[Written] = []
    for member in members:
        signer = new_key(folder / f"{member.id}.pem")
        person = {"id": member.id, "kind": member.kind, "unit": member.unit}
        written.append(write(principal.Registered, person, audience, "ledger", admins, at))
        record = {
            "alg": signer.alg,
            "keyid": signer.keyid,
            "principal": member.id,
            "spki": format_base64(signer.spki),
            "use": "event",
        }
        written.append(write(key.Registered, record, audience, "ledger", [*admins, signer], at))
        streams = ["ledger"] if member.role == "key-admin" else list(STREAMS)
        grant = {"principal": member.id, "role": member.role, "streams": streams, "actions": list(ACTIONS)}
        written.append(write(role.Granted, grant, audience, "ledger", admins, at))
    return post_all(opened, written)
