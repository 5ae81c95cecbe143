"""The root: what its quorum alone may say, and what follows from it (access.md §4, T23).

A root key signs nothing but entry 0 and these types; no ledger role stands in for it. Tables of `State`: `meta` `roots` (key
ids of the root, ascending), `root_threshold`, `vkeys`, `vkeys_history` (each: first size signed, vkeys, `last_good_size`),
`overlap_since` (recorded time of the rotation to four keys, or `None`), `rules`, `frozen` (index of the freeze, or `None`) ·
`suppressed` index → index of the suppression.
"""

from collections.abc import Sequence
from dataclasses import replace

from ledger.errors import LedgerError
from ledger.event import Event
from ledger.events import entry, ledger, log, root, rules
from ledger.keys import KeyRecord, raw_key
from ledger.note import ED25519, MLDSA44_COSIGNATURE, parse_vkey
from ledger.place import KnownEntry
from ledger.reasons import Reason, Refused
from ledger.state import State
from ledger.strict import parse_base64, parse_uint, shift
from ledger.trust import KeyLife, Principal, enter_key, key_refusal

ROOT_LEAST = 3
PAIR = [ED25519, MLDSA44_COSIGNATURE]
"""The types of a pair of the log's keys."""
OVERLAP_SECONDS = 3600
NEVER_SUPPRESSED = frozenset(
    {
        "ledger", "rules", "root", "log", "index", "entry", "principal", "key", "role", "token", "break-glass",
        "framework", "action", "gate", "approval", "interim", "decision", "body", "recommendation", "exception",
    }
)  # fmt: skip
"""Families without which nobody could replay admission, or see what was decided."""
NEVER_TYPES = frozenset({"model.registered", "model.referenced"})
"""Of other families: on the one all later admission in its stream rests, the other binds what concerns a model (ADR 0020)."""


def root_quorum(state: State, event: Event) -> Refused | None:
    """Every signer is a live root key, and they belong to as many principals as the threshold says.

    In `root.rotated` the new keys sign as well: they prove possession, and count for nothing here unless they are root already.
    """
    fresh = {k.keyid for k in event.body.keys} if isinstance(event.body, root.Rotated) else set[str]()
    voters: set[str] = set()
    for keyid in event.signers:
        life: KeyLife | None = state.get("key", keyid)
        refusal = key_refusal(life, keyid, event.recorded_at, use="root")
        if refusal is None and life is not None:
            voters.add(life.record.principal)
        elif keyid not in fresh or life is not None:
            return refusal
    missing = fresh - set(event.signers)
    if missing:
        return Refused(Reason.PROOF_OF_POSSESSION, f"root key {min(missing)} signs the rotation that brings it")
    threshold: int = state.get("meta", "root_threshold")
    if len(voters) < threshold:
        return Refused(Reason.QUORUM_SHORT, f"{event.name} needs {threshold} root principals, {len(voters)} signed")
    return None


def frozen_refusal(state: State) -> Refused | None:
    """While the ledger is frozen, nothing but the root's own events is admitted."""
    frozen: int | None = state.get("meta", "frozen")
    if frozen is None:
        return None
    facts = (("frozen_at", str(frozen)),)
    return Refused(Reason.LEDGER_FROZEN, f"the root froze the ledger at index {frozen}", facts)


def root_refusal(state: State, event: Event) -> Refused | None:
    """The rule of a root event that does not hold, or `None`; other events pass."""
    match event.body:
        case root.Rotated() as body:
            return _root_rotated(state, body)
        case log.Rotated() as body:
            return _log_rotated(state, event, body)
        case rules.Adopted() as body:
            if _number(body.rules) <= _number(state.get("meta", "rules")):
                return Refused(Reason.CONTRADICTION, f"{body.rules} is no later version than the one in force")
            return None
        case ledger.Frozen():
            frozen = state.get("meta", "frozen")
            if frozen is not None:
                facts = (("first_index", str(frozen)),)
                return Refused(Reason.SAID_ALREADY, f"the ledger is frozen since index {frozen}", facts)
            return None
        case ledger.Restored() as body:
            if body.size > event.index:
                return Refused(Reason.REFERENCE_WRONG, f"size {body.size} lies behind the entry itself")
            return None
        case entry.Suppressed() as body:
            return _suppressed(state, body)
        case _:
            return None


def _number(version: str) -> int:
    return parse_uint(version.rpartition("/")[2])


def _root_rotated(state: State, body: root.Rotated) -> Refused | None:
    def no(detail: str) -> Refused:
        return Refused(Reason.ROOT_KEYS, detail)

    people = {k.principal for k in body.keys}
    if len(people) < max(ROOT_LEAST, body.root_threshold):
        return no("root keys stand on at least three principals, and no fewer than the threshold")
    if len({k.keyid for k in body.keys}) != len(body.keys):
        return no("a root key is listed twice")
    if len({(k.principal, k.kind, k.unit) for k in body.keys}) != len(people):
        return no("a principal is listed with two kinds or units")
    log_keys = {parse_vkey(v).public for _, vkeys, _ in state.get("meta", "vkeys_history") for v in vkeys}
    for k in body.keys:
        known: Principal | None = state.get("principal", k.principal)
        if known is not None and (known.kind, known.unit) != (k.kind, k.unit):
            return no(f"principal {k.principal} is registered with another kind or unit")
        life: KeyLife | None = state.get("key", k.keyid)
        if life is not None:
            same = KeyRecord(k.keyid, parse_base64(k.spki), k.alg, "root", k.principal)
            # Byte for byte: whoever walks these entries alone learns the keys from here.
            if life.record == same and life.revoked_at is None:
                continue
            return Refused(Reason.KEY_KNOWN, f"key {k.keyid} is registered, and is no such root key of {k.principal}")
        raw = raw_key(parse_base64(k.spki))
        if state.get("raw_key", raw.hex()) is not None or raw in log_keys:
            return Refused(Reason.KEY_KNOWN, "this public key is registered already; a key is registered once, ever")
    return None


def _log_rotated(state: State, event: Event, body: log.Rotated) -> Refused | None:
    def no(detail: str) -> Refused:
        return Refused(Reason.LOG_KEYS, detail)

    wrong = vkeys_fault(body.vkeys, state.get("meta", "origin"))
    if wrong is not None:
        return no(wrong)
    now: tuple[str, ...] = state.get("meta", "vkeys")
    whole = set(body.vkeys) in _pairs(state)
    earlier = {v for _, vkeys, _ in state.get("meta", "vkeys_history") for v in vkeys}
    fresh = set(body.vkeys) - set(now)
    if fresh & earlier:
        return no("a key that signed before and was left out does not come back")
    raw = {parse_vkey(v).public for v in fresh}
    if len(raw) != len(fresh) or any(state.get("raw_key", r.hex()) is not None for r in raw):
        return Refused(Reason.KEY_KNOWN, "the log's keys sign checkpoints and nothing else")
    if body.last_good_size is not None:
        if body.last_good_size > event.index:
            return Refused(Reason.REFERENCE_WRONG, f"size {body.last_good_size} lies behind the entry itself")
        # Never half of what is compromised: one stolen key would go on signing beside one new.
        alone = len(body.vkeys) == 2 and set(body.vkeys) != set(now) and (whole or not set(body.vkeys) & set(now))
        return None if alone else no("a compromise leaves one other pair alone")
    if len(body.vkeys) == 4:
        return (
            None if len(now) == 2 and set(now) < set(body.vkeys) else no("an overlap adds one new pair to the old one")
        )
    if len(now) != 4 or not whole:
        return no("a planned rotation begins with both pairs, and ends with one of them")
    since: str = state.get("meta", "overlap_since")
    if event.recorded_at < shift(since, seconds=OVERLAP_SECONDS):
        return Refused(Reason.OVERLAP_SHORT, f"the overlap began at {since} and lasts at least an hour")
    return None


def vkeys_fault(vkeys: Sequence[str], origin: str) -> str | None:
    """What is wrong with the log's verifier keys: one pair, or two of them, each key once, all named by the origin."""
    try:
        parsed = [parse_vkey(v) for v in vkeys]
    except LedgerError as err:
        return f"a verifier key is malformed: {err.code}"
    if sorted(v.kind for v in parsed) not in (PAIR, sorted(PAIR * 2)):
        return "one pair of Ed25519 and ML-DSA-44 keys, or two during an overlap"
    if any(v.name != origin for v in parsed) or len(set(vkeys)) != len(vkeys):
        return "each key once, named by the ledger's origin"
    return None


def _pairs(state: State) -> tuple[set[str], ...]:
    """The pairs that sign now: one; in an overlap the one that was alone before, and the one that it brought."""
    history = state.get("meta", "vkeys_history")
    now = set(history[-1][1])
    if len(now) == len(PAIR):
        return (now,)
    before = set(history[-2][1])
    return before, now - before


def suppressible(name: str) -> bool:
    """Whether entries of the event type may be suppressed at all."""
    return name.partition(".")[0] not in NEVER_SUPPRESSED and name not in NEVER_TYPES


def _suppressed(state: State, body: entry.Suppressed) -> Refused | None:
    known: KnownEntry | None = state.get("entry", str(body.index))
    if known != KnownEntry(body.index, body.leaf, body.stream, body.version, body.type):
        return Refused(Reason.REFERENCE_WRONG, f"entry {body.index} is not the one described")
    if not suppressible(body.type):
        return Refused(Reason.NOT_SUPPRESSIBLE, f"without a {body.type} nobody could replay admission")
    first = state.get("suppressed", str(body.index))
    if first is not None:
        facts = (("first_index", str(first)),)
        return Refused(Reason.SAID_ALREADY, f"entry {body.index} is suppressed at index {first}", facts)
    return None


def fold_root(state: State, event: Event) -> None:
    """Fold a root event, and what entry 0 says of the root; any other event leaves these tables alone."""
    body = event.body
    match body:
        case ledger.Founded():
            state.put("meta", "roots", tuple(sorted(k.keyid for k in body.keys if k.use == "root")))
            state.put("meta", "vkeys_history", ((0, body.vkeys, None),))
        case root.Rotated():
            _fold_rotated(state, event, body)
        case log.Rotated():
            history = (*state.get("meta", "vkeys_history"), (event.index + 1, body.vkeys, body.last_good_size))
            state.put("meta", "vkeys", body.vkeys)
            state.put("meta", "vkeys_history", history)
            state.put("meta", "overlap_since", event.recorded_at if len(body.vkeys) == 4 else None)
        case rules.Adopted():
            state.put("meta", "rules", body.rules)
        case ledger.Frozen():
            state.put("meta", "frozen", event.index)
        case ledger.Restored():
            state.put("meta", "frozen", None)
        case entry.Suppressed():
            state.put("suppressed", str(body.index), event.index)
        case _:
            pass


def _fold_rotated(state: State, event: Event, body: root.Rotated) -> None:
    keep = {k.keyid for k in body.keys}
    for keyid in state.get("meta", "roots"):
        if keyid not in keep:
            life: KeyLife = state.get("key", keyid)
            state.put("key", keyid, replace(life, revoked_at=event.index, reason="superseded"))
    for k in body.keys:
        if state.get("principal", k.principal) is None:
            state.put("principal", k.principal, Principal(k.kind, k.unit, operates=False, index=event.index))
        if state.get("key", k.keyid) is None:
            enter_key(state, k, event.index)
    state.put("meta", "roots", tuple(sorted(keep)))
    state.put("meta", "root_threshold", body.root_threshold)
