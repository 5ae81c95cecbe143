"""Admission: one pure function over (statement, state at that index, recorded time, rules) → admitted or refused.

Two halves, because only the second needs the log's order. `open_submission` is stateless but for the key records (which
never change once registered), so threads can run it: strict read, schema, signatures. `admit` runs in order, against the
state after all earlier entries. The auditor runs both from entry 0 with the same rules (access.md §1).
"""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Protocol

from ledger.entry import format_entry, leaf_hash
from ledger.envelope import Envelope, format_envelope, pae
from ledger.event import Body, Derived, Event
from ledger.events import key, ledger, model, root, threshold
from ledger.held import HeldField
from ledger.keys import KeyRecord, PublicKey, load_public, verify
from ledger.place import EntryPlace, KnownEntry, place_refusal
from ledger.reasons import Reason, Refused
from ledger.registry import BY_TOPIC
from ledger.root import fold_root, frozen_refusal, root_quorum, root_refusal
from ledger.slots import slots_refusal
from ledger.state import State
from ledger.statement import Statement, parse_statement, peek_type
from ledger.strict import parse_base64
from ledger.trust import Grant, KeyLife, engine_key, fold_trust, key_refusal, live_grant, separation_refusal
from ledger.trust_rules import key_body_refusal, trust_refusal


class Rules(Protocol):
    """An upper room's judgement, handed down as a value: the same one to `append` and to `replay`."""

    version: str

    def refusal(self, state: State, event: Event) -> Refused | None:
        """The rule of the event's own type that does not hold, or `None`."""
        ...

    def fold(self, state: State, event: Event) -> None:
        """Fold an admitted event into the tables that these rules read."""
        ...

    def derive(self, state: State, event: Event) -> tuple[Derived, ...]:
        """What must follow `event` in the same batch; reproducible from the state after it."""
        ...


@dataclass(frozen=True, slots=True)
class Submission:
    """A statement whose format, schema and signatures hold; whether it is admitted depends on the log's order.

    `fields` are the field disclosures that came with it, to be kept beside the entry.
    """

    envelope: bytes
    digest: str
    statement: Statement[Any]
    body: Body
    fields: tuple[HeldField, ...] = ()


KeyLookup = Callable[[str], KeyRecord | None]
Check = Callable[[PublicKey, str, bytes, bytes], bool]


def unsafe_unchecked(_public: PublicKey, _alg: str, _message: bytes, _signature: bytes) -> bool:
    """Takes every signature for good: only for bytes whose tree is compared with an anchored root afterwards."""
    return True


def open_submission(envelope: Envelope, lookup: KeyLookup, check: Check = verify) -> Submission | Refused:
    """Read the statement of a normalised envelope and check every signature by the registered keys (T10–T12).

    Cheap checks first: only a known key costs a verification. `check` is `ledger.keys.verify`, but for a caller that
    checks signatures elsewhere: the auditor's workers. Raises `Malformed` for what is not the format.
    """
    body_type = BY_TOPIC.get(peek_type(envelope.payload))
    if body_type is None:
        return Refused(Reason.TYPE_UNKNOWN, "the predicate type is not in the registry")
    statement = parse_statement(envelope.payload, body_type)
    body = statement.predicate.body
    keyids = tuple([s.keyid for s in envelope.signatures])
    if keyids != statement.predicate.signers:
        return Refused(Reason.SIGNERS_MISMATCH, "the envelope's key ids are exactly the statement's signers")
    carried = _carried_keys(body)
    message = pae(envelope.payload)
    for signature in envelope.signatures:
        record = lookup(signature.keyid)
        if record is None:
            offered = carried.get(signature.keyid)
            if offered is None:
                return Refused(Reason.KEY_UNKNOWN, f"key {signature.keyid} is not registered in this ledger")
            refusal = key_body_refusal(offered)
            if refusal is not None:
                return refusal
            alg: str = offered.alg
            public = load_public(parse_base64(offered.spki), alg)
        else:
            alg = record.alg
            public = load_public(record.spki, alg)
        if not check(public, alg, message, signature.sig):
            return Refused(Reason.SIGNATURE_INVALID, f"the signature of key {signature.keyid} does not verify")
    refusal = slots_refusal(body)
    if refusal is not None:
        return refusal
    return Submission(format_envelope(envelope), sha256(message).hexdigest(), statement, body)


def offered_alg(payload: bytes, keyid: str) -> str | None:
    """The algorithm of a key that the statement itself brings, or `None`: its registration is signed before it is known."""
    if BY_TOPIC.get(peek_type(payload)) is not key.Registered:
        return None
    body = parse_statement(payload, key.Registered).predicate.body
    return body.alg if body.keyid == keyid else None


def _carried_keys(body: Body) -> dict[str, key.Registered | ledger.FoundingKey | root.RootKey]:
    if isinstance(body, ledger.Founded | root.Rotated):
        return {k.keyid: k for k in body.keys}
    if isinstance(body, key.Registered):
        return {body.keyid: body}
    return {}


@dataclass(frozen=True, slots=True)
class Admitted:
    """An event with its place, and the entry's bytes."""

    event: Event
    entry: bytes


def admit(state: State, index: int, recorded_at: str, submission: Submission, rules: Rules) -> Admitted | Refused:
    """Decide entry `index`: place, keys, roles, then the event's own rules. Changes nothing; see `fold_event`."""
    statement = submission.statement
    predicate = statement.predicate
    body = submission.body
    if (index == 0) != isinstance(body, ledger.Founded):
        reason = Reason.NOT_FOUNDED if index == 0 else Reason.ALREADY_FOUNDED
        return Refused(reason, "entry 0, and only entry 0, founds the ledger")
    if isinstance(body, ledger.Founded) and body.rules != rules.version:
        return Refused(Reason.RULES_UNKNOWN, f"this copy knows {rules.version}, not {body.rules}")
    if body.derived:
        return Refused(Reason.DERIVED_TYPE, f"{body.event.name} is derived by the engine, never submitted")
    unknown = None if index == 0 else unknown_rules(state, rules)
    if unknown is not None:
        return unknown
    of_root = body.event.root_quorum
    refusal = (None if of_root else frozen_refusal(state)) or place_refusal(state, index, recorded_at, statement)
    if refusal is not None:
        return refusal
    carried = _carried_keys(body)
    principals: list[str] = []
    for keyid in predicate.signers:
        life: KeyLife | None = state.get("key", keyid)
        if life is None and keyid in carried:
            principals.append(carried[keyid].principal)
            continue
        refusal = key_refusal(life, keyid, recorded_at, use="root" if of_root else "event")
        if refusal is not None or life is None:
            return refusal or Refused(Reason.KEY_UNKNOWN, f"key {keyid} is not registered in this ledger")
        principals.append(life.record.principal)
    admitted = place_event(state, index, recorded_at, submission, tuple(dict.fromkeys(principals)))
    event = admitted.event
    if index > 0:
        refusal = root_quorum(state, event) if of_root else authorise(state, event)
        if refusal is not None:
            return refusal
    refusal = (
        trust_refusal(state, event)
        or root_refusal(state, event)
        or rules.refusal(state, event)
        or _engine_refusal(state, event, rules)
    )
    return refusal if refusal is not None else admitted


def unknown_rules(state: State, rules: Rules) -> Refused | None:
    """Whether the rules in force are others than `rules`: then this copy can't judge what comes next."""
    version = state.get("meta", "rules")
    if version == rules.version:
        return None
    return Refused(Reason.RULES_UNKNOWN, f"this copy knows {rules.version}, not {version}")


def _engine_refusal(state: State, event: Event, rules: Rules) -> Refused | None:
    """Without a live engine key nothing is admitted that something must follow: it could not be signed, and a log that left
    it out would be INVALID. One key-admin may still stop a stolen engine key at once.
    """
    if event.index == 0 or engine_key(state, event.recorded_at) is not None:
        return None
    after = state.layer()
    fold_event(after, event, rules)
    if not rules.derive(after, event):
        return None
    return Refused(Reason.ENGINE_MISSING, "what must follow needs a live engine key: register one first")


def place_event(
    state: State, index: int, recorded_at: str, submission: Submission, principals: tuple[str, ...]
) -> Admitted:
    """Give a submission its place: the end of its stream, and its entry's bytes and leaf hash."""
    predicate = submission.statement.predicate
    place: EntryPlace = state.get("stream", predicate.stream) or EntryPlace(0, "")
    entry = format_entry(submission.envelope, recorded_at, place.head, place.version + 1)
    event = Event(
        index=index,
        leaf=leaf_hash(entry).hex(),
        recorded_at=recorded_at,
        stream=predicate.stream,
        stream_version=place.version + 1,
        digest=submission.digest,
        event_id=predicate.event_id,
        occurred_at=predicate.occurred_at,
        known_at=predicate.known_at,
        type=submission.body.event,
        body=submission.body,
        signers=predicate.signers,
        principals=principals,
        subject=submission.statement.subject[0].digest.sha256,
        back_recorded=predicate.back_recorded,
        causes=predicate.causes,
    )
    return Admitted(event, entry)


def authorise(state: State, event: Event) -> Refused | None:
    """Each signer holds a role for the type, stream and action, and enough distinct principals signed (T11, T22, T27)."""
    body, kind = event.body, event.type
    at = event.recorded_at
    own_keys = {body.keyid} if isinstance(body, key.Registered | key.Revoked) else set[str]()
    quorum = kind.quorum
    if isinstance(body, key.Revoked) and body.reason == "compromised":
        quorum, own_keys = 2, set()
    voters: set[str] = set()
    for keyid in event.signers:
        if keyid in own_keys:
            continue
        who = state.get("key", keyid).record.principal
        grants = [g for r in kind.roles if (g := live_grant(state, who, r, at)) is not None]
        if not grants:
            wanted = " or ".join(kind.roles)
            detail = f"{who} holds no role {wanted}, which {kind.name} needs"
            return Refused(
                Reason.ROLE_MISSING, detail, (("principal", who), ("role", kind.roles[0] if kind.roles else ""))
            )
        refusal = _scope_refusal(event, who, grants) or _separation(state, who, grants, at)
        if refusal is not None:
            return refusal
        voters.add(who)
    if isinstance(body, key.Revoked) and own_keys & set(event.signers):
        return None
    if len(voters) < quorum:
        return Refused(Reason.QUORUM_SHORT, f"{kind.name} needs {quorum} principals, {len(voters)} signed")
    return None


def _scope_refusal(event: Event, who: str, grants: list[Grant]) -> Refused | None:
    # A determination speaks for every model that it names, whatever stream it stands in.
    streams = (event.stream, *(event.body.subjects if isinstance(event.body, threshold.Determined) else ()))
    in_stream = [g for g in grants if all(g.covers(s) for s in streams)]
    if not in_stream:
        return Refused(Reason.SCOPE_MISMATCH, f"the role of {who} does not reach {', '.join(dict.fromkeys(streams))}")
    action = getattr(event.body, "action", None)
    if action is not None and not any(action in g.actions for g in in_stream):
        return Refused(Reason.SCOPE_MISMATCH, f"the role of {who} does not reach action {action}")
    return None


def _separation(state: State, who: str, grants: list[Grant], at: str) -> Refused | None:
    """Checked again at use: a grant that was fine may since clash with another (access.md §2)."""
    for grant in grants:
        if not grant.break_glass:
            refusal = separation_refusal(state, who, grant.role, at)
            if refusal is not None:
                return refusal
    return None


def fold_event(state: State, event: Event, rules: Rules) -> None:
    """Make `event` part of what later entries are judged by."""
    state.begin(event.index)
    state.put("stream", event.stream, EntryPlace(event.stream_version, event.leaf))
    known = KnownEntry(event.index, event.leaf, event.stream, event.stream_version, event.name)
    state.put("entry", str(event.index), known)
    state.put("event_id", event.event_id, (event.index, event.digest))
    if isinstance(event.body, model.Registered):
        state.put("subject", event.stream, event.subject)
    fold_trust(state, event)
    fold_root(state, event)
    rules.fold(state, event)
