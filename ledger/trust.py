"""Who may say what: principals, keys and roles as folded from the log alone (access.md §1, §2, §4).

Tables of `State`: `key` keyid → `KeyLife` · `raw_key` → keyid · `principal` id → `Principal` · `role` "principal|role" →
`Grant` · `packrole` "pack|role|principal" → `Grant` · `taint` keyid → index · `taint_said` keyid → index of the revocation ·
`token` id → `TokenLife` · `break_glass` index of the grant → `BreakGlass` ·
`meta` (`engines`: key ids of use engine, the newest first; `committed`: index of the newest `index.committed`).
Nothing else grants anything: no configuration, no column, no token.
"""

from dataclasses import dataclass, replace
from typing import Any

from ledger.event import Event
from ledger.events import break_glass, index, key, ledger, principal, role, token
from ledger.keys import KeyRecord, raw_key
from ledger.reasons import Reason, Refused
from ledger.state import State
from ledger.strict import parse_base64, parse_uint, shift

SEPARATED: tuple[tuple[str, str], ...] = (
    ("key-admin", "approver"),
    ("key-admin", "decider"),
    ("key-admin", "engine"),
)
OPERATES_NOT = ("key-admin", "approver", "decider")
BREAK_GLASS_SECONDS = 86_400
TOKEN_DAYS = 365
KEY_ADMINS_LEAST = 2


@dataclass(frozen=True, slots=True)
class KeyLife:
    """A key record, the index where its life began, and the one from which it is revoked."""

    record: KeyRecord
    index: int
    revoked_at: int | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Principal:
    """`kind` is person, service or body; `operates` = has the machine or the database."""

    kind: str
    unit: str
    operates: bool
    index: int


@dataclass(frozen=True, slots=True)
class Grant:
    """A live grant; `streams` are prefixes that end at a `/` boundary, `actions` the actions it may be used for."""

    role: str
    streams: tuple[str, ...]
    actions: tuple[str, ...]
    valid_until: str | None
    index: int
    break_glass: bool = False

    def covers(self, stream: str) -> bool:
        """Whether `stream` lies in this grant's scope."""
        for prefix in self.streams:
            if stream.startswith(prefix) and (prefix.endswith("/") or stream[len(prefix) :][:1] in ("", "/")):
                return True
        return False

    def alive(self, at: str) -> bool:
        """Whether the grant still stands at time `at`."""
        return self.valid_until is None or at <= self.valid_until


@dataclass(frozen=True, slots=True)
class TokenLife:
    """Metadata of a read token."""

    audience: str
    scopes: tuple[str, ...]
    expires_at: str
    revoked: bool = False


@dataclass(frozen=True, slots=True)
class BreakGlass:
    """An exceptional grant: to whom, by whom, and the newest review of it (its index and outcome)."""

    principal: str
    granted_by: tuple[str, ...]
    role: str
    valid_until: str
    reviewed_at: int | None = None
    outcome: str | None = None


def fold_trust(state: State, event: Event) -> None:
    """Fold a trust event; any other event leaves these tables alone."""
    body = event.body
    match body:
        case ledger.Founded():
            _fold_founded(state, event, body)
        case index.Committed():
            state.put("meta", "committed", event.index)
        case principal.Registered():
            state.put("principal", body.id, Principal(body.kind, body.unit, body.operates, event.index))
        case key.Registered():
            enter_key(state, body, event.index)
        case key.Revoked():
            life: KeyLife = state.get("key", body.keyid)
            revoked_at = event.index if life.revoked_at is None else life.revoked_at
            state.put("key", body.keyid, replace(life, revoked_at=revoked_at, reason=body.reason))
            if body.compromised_since_index is not None:
                state.put("taint", body.keyid, body.compromised_since_index)
                state.put("taint_said", body.keyid, event.index)
        case break_glass.Reviewed():
            glass: BreakGlass = state.get("break_glass", str(body.grant.index))
            glass = replace(glass, reviewed_at=event.index, outcome=body.outcome)
            state.put("break_glass", str(body.grant.index), glass)
        case role.Granted():
            if body.break_glass:
                state.put(
                    "break_glass",
                    str(event.index),
                    BreakGlass(body.principal, event.principals, body.role, body.valid_until or ""),
                )
            grant = Grant(body.role, body.streams, body.actions, body.valid_until, event.index, body.break_glass)
            name = f"{body.principal}|{body.role}"
            if live_grant(state, body.principal, body.role, event.recorded_at) is None:
                state.put("role", name, grant)
            if body.pack_role is not None:
                state.put("packrole", f"{body.pack_role.pack}|{body.pack_role.role}|{body.principal}", grant)
        case role.Revoked():
            _fold_revoked(state, body)
        case token.Issued():
            state.put("token", body.id, TokenLife(body.audience, body.scopes, body.expires_at))
        case token.Revoked():
            state.put("token", body.id, replace(state.get("token", body.id), revoked=True))
        case _:
            pass


def _fold_revoked(state: State, body: role.Revoked) -> None:
    """End a binding alone, or the role and with it every binding that was granted under it: a later grant revives none."""
    if body.pack_role is not None:
        state.put("packrole", f"{body.pack_role.pack}|{body.pack_role.role}|{body.principal}", None)
        return
    state.put("role", f"{body.principal}|{body.role}", None)
    for name, grant in list(state.scan("packrole")):
        if name.rsplit("|", 1)[1] == body.principal and grant.role == body.role:
            state.put("packrole", name, None)


def _fold_founded(state: State, event: Event, body: ledger.Founded) -> None:
    for name, value in (
        ("origin", body.origin),
        ("founding", event.leaf),
        ("rules", body.rules),
        ("root_threshold", body.root_threshold),
        ("vkeys", body.vkeys),
        ("development", body.development),
    ):
        state.put("meta", name, value)
    for k in body.keys:
        state.put("principal", k.principal, Principal(k.kind, k.unit, operates=False, index=event.index))
        enter_key(state, k, event.index)
        if k.role == "key-admin":
            state.put("role", f"{k.principal}|key-admin", Grant("key-admin", ("ledger",), (), None, event.index))
        elif k.role == "engine":
            streams = ("model/", "ledger", "framework/")
            state.put("role", f"{k.principal}|engine", Grant("engine", streams, (), None, event.index))


def enter_key(state: State, body: Any, index: int) -> None:
    """Enter a key record: of entry 0, of `key.registered`, of `root.rotated`."""
    spki = parse_base64(body.spki)
    not_before = getattr(body, "not_before", None)
    not_after = getattr(body, "not_after", None)
    record = KeyRecord(body.keyid, spki, body.alg, body.use, body.principal, not_before, not_after)
    state.put("key", body.keyid, KeyLife(record, index))
    state.put("raw_key", raw_key(spki).hex(), body.keyid)
    state.append("keys_of", body.principal, body.keyid)
    if body.use == "engine":
        lives = [state.get("key", k) for k in (body.keyid, *(state.get("meta", "engines") or ()))]
        lives.sort(key=lambda life: (life.index, life.record.keyid), reverse=True)
        state.put("meta", "engines", tuple(life.record.keyid for life in lives))


def open_break_glass(state: State) -> tuple[tuple[int, BreakGlass], ...]:
    """The exceptional grants that nobody has reviewed, in force or not, by the index of the grant (access.md §2)."""
    found = ((parse_uint(index), glass) for index, glass in state.scan("break_glass") if glass.reviewed_at is None)
    return tuple(sorted(found, key=lambda row: row[0]))


def engine_key(state: State, at: str) -> KeyLife | None:
    """The key that signs what is derived at `at`. Derived bytes name it, so it must follow from the log: the newest key of
    use engine that is alive then, whose principal holds the role `engine`. `None`: nothing can be derived (`engine-missing`).
    """
    for keyid in state.get("meta", "engines") or ():
        life: KeyLife = state.get("key", keyid)
        held = live_grant(state, life.record.principal, "engine", at) is not None
        if held and key_refusal(life, keyid, at, use="engine") is None:
            return life
    return None


def live_grant(state: State, who: str, role_name: str, at: str) -> Grant | None:
    """The grant of a ledger role that stands at `at`, or `None`."""
    grant: Grant | None = state.get("role", f"{who}|{role_name}")
    return grant if grant is not None and grant.alive(at) else None


def live_pack_role(state: State, pack_id: str, role_id: str, who: str, at: str) -> Grant | None:
    """The binding of a principal to a pack's role that stands at `at`, or `None`."""
    grant: Grant | None = state.get("packrole", f"{pack_id}|{role_id}|{who}")
    return grant if grant is not None and grant.alive(at) else None


def key_refusal(life: KeyLife | None, keyid: str, at: str, *, use: str = "event") -> Refused | None:
    """Is the key alive for an entry recorded at `at`? Validity is by index first, then by recorded time (T19)."""
    if life is None:
        return Refused(Reason.KEY_UNKNOWN, f"key {keyid} is not registered in this ledger")
    if life.revoked_at is not None:
        return Refused(Reason.KEY_REVOKED, f"key {keyid} was revoked at index {life.revoked_at} ({life.reason})")
    record = life.record
    if record.not_before is not None and at < record.not_before:
        return Refused(Reason.KEY_EXPIRED, f"key {keyid} is valid from {record.not_before}")
    if record.not_after is not None and at > record.not_after:
        return Refused(Reason.KEY_EXPIRED, f"key {keyid} was valid until {record.not_after}")
    if record.use != use:
        return Refused(Reason.KEY_USE, f"key {keyid} is for {record.use}, not for {use}")
    return None


def key_admins(state: State, at: str, *, without_role: str | None = None, without_key: str | None = None) -> int:
    """How many principals could still act as key-admin for good, leaving one role or one key out.

    A grant or a key that ends by itself doesn't count: when it ends, nobody could make another (T23, ADR 0015). Nor does a
    grant that does not reach the ledger's own stream: with it nobody could ever grant a role or register a key.
    """
    count = 0
    for name, grant in state.scan("role"):
        who = name.split("|", 1)[0]
        lasts = grant.role == "key-admin" and grant.valid_until is None and grant.covers("ledger")
        if not lasts or who == without_role:
            continue
        keys = state.get("keys_of", who) or ()
        count += any(k != without_key and _lasting(state.get("key", k), k, at) for k in keys)
    return count


def _lasting(life: KeyLife, keyid: str, at: str) -> bool:
    """Whether the key signs now, and for as long as nobody revokes it."""
    return life.record.not_after is None and key_refusal(life, keyid, at) is None


def _other_decider(state: State, who: str, at: str) -> bool:
    """Whether someone else, who writes no frameworks, may decide."""
    for name, grant in state.scan("role"):
        other = name.split("|", 1)[0]
        decides = grant.role == "decider" and other != who and grant.alive(at)
        if decides and live_grant(state, other, "framework-admin", at) is None:
            return True
    return False


def separation_refusal(state: State, who: str, role_name: str, at: str) -> Refused | None:
    """The separation rules of access.md §2, for a grant or a use of `role_name`."""
    person: Principal = state.get("principal", who)
    if role_name == "engine" and person.kind != "service":
        return Refused(Reason.SEPARATION, f"engine is for services; {who} is a {person.kind}")
    if person.operates and role_name in OPERATES_NOT:
        return Refused(Reason.SEPARATION, f"{who} operates the machine or the database and can't hold {role_name}")
    for one, other in SEPARATED:
        clash = other if role_name == one else one if role_name == other else None
        if clash is not None and live_grant(state, who, clash, at) is not None:
            return Refused(Reason.SEPARATION, f"{who} holds {clash}, which excludes {role_name}")
    both = {"decider": "framework-admin", "framework-admin": "decider"}.get(role_name)
    if both is not None and live_grant(state, who, both, at) is not None and not _other_decider(state, who, at):
        return Refused(Reason.SEPARATION, f"{who} holds {both} and would be the sole decider")
    return None


def token_limit(at: str) -> str:
    """The latest expiry that a token issued at `at` may have."""
    return shift(at, days=TOKEN_DAYS)
