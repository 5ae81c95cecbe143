"""What a trust event must satisfy before it is admitted (access.md §2, §4), beyond roles and quorum."""

from ledger.errors import LedgerError
from ledger.event import Event
from ledger.events import break_glass, key, ledger, principal, role, root, token
from ledger.keys import keyid_of, load_public, raw_key
from ledger.note import parse_vkey
from ledger.reasons import Reason, Refused
from ledger.root import PAIR, vkeys_fault
from ledger.state import State
from ledger.strict import parse_base64, shift
from ledger.trust import (
    BREAK_GLASS_SECONDS,
    KEY_ADMINS_LEAST,
    BreakGlass,
    KeyLife,
    key_admins,
    live_grant,
    live_pack_role,
    separation_refusal,
    token_limit,
)

LEFT = "fewer than two key-admins would be left whose grant and key have no end of their own"


def trust_refusal(state: State, event: Event) -> Refused | None:
    """The rule of a trust event that does not hold, or `None`; other events pass."""
    match event.body:
        case ledger.Founded():
            return _founded(event, event.body)
        case principal.Registered() as body:
            if state.get("principal", body.id) is not None:
                return Refused(Reason.PRINCIPAL_KNOWN, f"principal {body.id} is already registered")
            return None
        case key.Registered() as body:
            return _key_registered(state, event, body)
        case key.Revoked() as body:
            return _key_revoked(state, event, body)
        case role.Granted() as body:
            return _role_granted(state, event, body)
        case role.Revoked() as body:
            return _role_revoked(state, event, body)
        case break_glass.Reviewed() as body:
            return _reviewed(state, event, body)
        case token.Issued() as body:
            if state.get("token", body.id) is not None:
                return Refused(Reason.TOKEN_KNOWN, f"token {body.id} was issued before")
            if not event.recorded_at < body.expires_at <= token_limit(event.recorded_at):
                return Refused(Reason.TOKEN_TOO_LONG, "a token ends after its issue and at most 365 days later")
            return None
        case token.Revoked() as body:
            if state.get("token", body.id) is None:
                return Refused(Reason.TOKEN_UNKNOWN, f"token {body.id} is not known")
            return None
        case _:
            return None


def key_body_refusal(body: key.Registered | ledger.FoundingKey | root.RootKey) -> Refused | None:
    """Is the key record well formed, of its algorithm, and not weak? OpenSSL accepts weak keys: we don't (T13)."""
    try:
        spki = parse_base64(body.spki)
        load_public(spki, body.alg)
    except LedgerError as err:
        return Refused(Reason.KEY_WEAK, f"key {body.keyid}: {err.code}")
    if keyid_of(spki) != body.keyid:
        return Refused(Reason.KEY_UNKNOWN, f"key id {body.keyid} is not the digest of its SubjectPublicKeyInfo")
    return None


def _founded(event: Event, body: ledger.Founded) -> Refused | None:
    def no(detail: str) -> Refused:
        return Refused(Reason.FOUNDING_MALFORMED, detail)

    for k in body.keys:
        refusal = key_body_refusal(k)
        if refusal is not None:
            return refusal
    raw = {raw_key(parse_base64(k.spki)) for k in body.keys}
    if len(raw) != len(body.keys):
        return no("a public key is listed twice")
    wrong = vkeys_fault(body.vkeys, body.origin)
    if wrong is not None or len(body.vkeys) != len(PAIR):
        return no(wrong or "a ledger begins with one pair of the log's keys")
    if raw & _log_keys(body.vkeys):
        return no("the log's own keys sign checkpoints and nothing else")
    if tuple(sorted(k.keyid for k in body.keys)) != event.signers:
        return no("entry 0 is signed by every root, key-admin and engine key that it lists, and by no other")
    if len({(k.principal, k.kind, k.unit) for k in body.keys}) != len({k.principal for k in body.keys}):
        return no("a principal is listed with two kinds or units")
    roots = {k.principal for k in body.keys if k.use == "root"}
    if len(roots) < max(3, body.root_threshold):
        return no("root keys stand on at least three principals, and no fewer than the threshold")
    admins = {k.principal for k in body.keys if k.role == "key-admin"}
    engines = {k.principal for k in body.keys if k.role == "engine"}
    if len(admins) < KEY_ADMINS_LEAST or not engines:
        return no("at least two key-admins and one engine")
    if admins & engines or any(k.kind != "service" for k in body.keys if k.role == "engine"):
        return no("the engine is a service and no key-admin")
    uses = {"root": "", "engine": "engine", "event": "key-admin"}
    if any(uses[k.use] != k.role for k in body.keys):
        return no("root keys carry no role, engine keys the engine's, event keys the key-admin's")
    if body.development != body.origin.startswith("dev/"):
        return no("a development ledger's origin starts with dev/, and no other's does")
    return None


def _log_keys(vkeys: tuple[str, ...]) -> set[bytes]:
    """The bare public keys of the log, which are never keys of events (T08)."""
    return {parse_vkey(v).public for v in vkeys}


def _key_registered(state: State, event: Event, body: key.Registered) -> Refused | None:
    person = state.get("principal", body.principal)
    if person is None:
        return Refused(Reason.PRINCIPAL_UNKNOWN, f"principal {body.principal} is not registered")
    refusal = key_body_refusal(body)
    if refusal is not None:
        return refusal
    raw = raw_key(parse_base64(body.spki))
    if any(raw in _log_keys(vkeys) for _, vkeys, _ in state.get("meta", "vkeys_history")):
        return Refused(Reason.KEY_KNOWN, "this is the log's own key, which signs checkpoints and nothing else")
    if state.get("raw_key", raw.hex()) is not None:
        return Refused(Reason.KEY_KNOWN, "this public key is registered already; a key is registered once, ever")
    if body.keyid not in event.signers:
        return Refused(Reason.PROOF_OF_POSSESSION, "the new key itself signs its registration")
    if body.use == "engine" and person.kind != "service":
        return Refused(Reason.SEPARATION, f"engine keys belong to services; {body.principal} is a {person.kind}")
    return None


def _key_revoked(state: State, event: Event, body: key.Revoked) -> Refused | None:
    life: KeyLife | None = state.get("key", body.keyid)
    if life is None:
        return Refused(Reason.KEY_UNKNOWN, f"key {body.keyid} is not registered in this ledger")
    if life.record.use == "root":
        return Refused(Reason.KEY_USE, "a root key is ended by root.rotated, under the root's own quorum")
    since = body.compromised_since_index
    if (body.reason == "compromised") != (since is not None):
        return Refused(Reason.SCOPE_MISMATCH, "compromised, and only that, names the index from which it taints")
    if since is not None:
        tainted = state.get("taint", body.keyid)
        if since > event.index or (tainted is not None and since >= tainted):
            return Refused(Reason.REFERENCE_WRONG, "a taint begins in the past, and only ever moves earlier")
    if life.revoked_at is not None and since is None:
        return Refused(Reason.KEY_REVOKED, f"key {body.keyid} was revoked at index {life.revoked_at}")
    admin = live_grant(state, life.record.principal, "key-admin", event.recorded_at) is not None
    if admin and life.revoked_at is None:
        left = key_admins(state, event.recorded_at, without_key=body.keyid)
        if left < min(KEY_ADMINS_LEAST, key_admins(state, event.recorded_at)):
            return Refused(Reason.LAST_KEY_ADMIN, LEFT)
    return None


def _role_granted(state: State, event: Event, body: role.Granted) -> Refused | None:
    at = event.recorded_at
    if state.get("principal", body.principal) is None:
        return Refused(Reason.PRINCIPAL_UNKNOWN, f"principal {body.principal} is not registered")
    if body.principal in event.principals:
        return Refused(Reason.OWN_GRANT, "nobody signs his own grant")
    pack = body.pack_role
    held = live_grant(state, body.principal, body.role, at) is not None
    if held and (pack is None or live_pack_role(state, pack.pack, pack.role, body.principal, at) is not None):
        return Refused(Reason.ROLE_ALREADY_GRANTED, f"{body.principal} holds {body.role}; revoke it first")
    if body.valid_until is not None and body.valid_until <= at:
        return Refused(Reason.SCOPE_MISMATCH, "the grant would have ended before it begins")
    if body.break_glass:
        if body.valid_until is None or body.valid_until > shift(at, seconds=BREAK_GLASS_SECONDS):
            return Refused(Reason.BREAK_GLASS_TOO_LONG, "a break-glass grant ends within 24 hours")
        return None
    return separation_refusal(state, body.principal, body.role, at)


def _role_revoked(state: State, event: Event, body: role.Revoked) -> Refused | None:
    at, pack = event.recorded_at, body.pack_role
    if live_grant(state, body.principal, body.role, at) is None:
        return Refused(Reason.ROLE_MISSING, f"{body.principal} does not hold {body.role}")
    if pack is not None and live_pack_role(state, pack.pack, pack.role, body.principal, at) is None:
        return Refused(Reason.ROLE_MISSING, f"{body.principal} does not hold {pack.role} of {pack.pack}")
    if body.role == "key-admin" and body.pack_role is None:
        left = key_admins(state, at, without_role=body.principal)
        if left < min(KEY_ADMINS_LEAST, key_admins(state, at)):
            return Refused(Reason.LAST_KEY_ADMIN, LEFT)
    return None


def _reviewed(state: State, event: Event, body: break_glass.Reviewed) -> Refused | None:
    """A later review may find worse, never better: who is unhappy with `not-justified` does not ask again until it fits."""
    glass: BreakGlass | None = state.get("break_glass", str(body.grant.index))
    if glass is None:
        return Refused(Reason.REFERENCE_WRONG, f"entry {body.grant.index} is no break-glass grant")
    if glass.outcome is not None and (glass.outcome, body.outcome) != ("justified", "not-justified"):
        facts = (("first_index", str(glass.reviewed_at)),)
        return Refused(
            Reason.SAID_ALREADY, f"that grant is reviewed at index {glass.reviewed_at}: {glass.outcome}", facts
        )
    own = set(event.principals) & {glass.principal, *glass.granted_by}
    if own:
        return Refused(Reason.SELF_APPROVAL, f"{min(own)} holds or gave the grant, and does not review it")
    early = [a.index for a in body.actions if a.index <= body.grant.index]
    if early:
        return Refused(Reason.REFERENCE_WRONG, f"entry {early[0]} was not made under the grant: it is not later")
    return None
