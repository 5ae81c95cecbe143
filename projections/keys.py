"""`keys`: who may say what, and the lives of keys, grants and tokens. The same rules as `ledger.trust.fold_trust`, kept as rows.

Rows: "key|keyid" (`Rank.FIRST` where compromised) · "principal|id" with every grant it ever had, each with the index at which it
ended · "token|id", metadata only · "ledger", what entry 0 fixed, and which engine key signs derived entries.
"""

from collections.abc import Sequence
from typing import Any, Final, assert_never

from ledger.event import Event
from ledger.events import (
    action,
    approval,
    body,
    break_glass,
    concern,
    decision,
    deployment,
    disclosure,
    document,
    entry,
    evaluation,
    exception,
    framework,
    gate,
    incident,
    index,
    interim,
    key,
    ledger,
    log,
    model,
    obligation,
    principal,
    reassessment,
    recommendation,
    replay,
    role,
    root,
    rules,
    safeguard,
    threshold,
    token,
    training,
)
from projections.projection import AnyBody, Change, Look, Projection, Rank, Row, must

ENGINE_STREAMS = ["model/", "ledger", "framework/"]
"""The scope of the engine's founding grant, as in `ledger.trust`."""


def _changes(look: Look, event: Event) -> Sequence[Change]:
    said: AnyBody = event.body
    match said:
        case ledger.Founded():
            return _founded(event, said)
        case principal.Registered():
            return (_principal(said.id, said.kind, said.unit, said.operates, event.index),)
        case key.Registered():
            return _registered(look, event, said)
        case key.Revoked():
            return _revoked(look, event, said)
        case role.Granted():
            return (_granted(look, event, said),)
        case role.Revoked():
            return (_ended(look, event, said),)
        case root.Rotated():
            return _root_rotated(look, event, said)
        case log.Rotated():
            return (_ledger(look, vkeys=list(said.vkeys)),)
        case rules.Adopted():
            return (_ledger(look, rules=said.rules),)
        case ledger.Frozen():
            return (_ledger(look, frozen=event.index),)
        case ledger.Restored():
            return (_ledger(look, frozen=None),)
        case token.Issued():
            return (_token(event, said),)
        case token.Revoked():
            row = must(look, f"token|{said.id}")
            return ((f"token|{said.id}", Row(Rank.LISTED, {**row, "revoked_at": event.index})),)
        case (
            action.Requested() | approval.Given() | approval.Refused() | approval.Withdrawn() | body.Informed()
            | break_glass.Reviewed() | concern.Assigned() | concern.Found() | concern.Raised() | decision.Made()
            | deployment.Changed() | deployment.Ended() | deployment.Started() | disclosure.Erased() | disclosure.Made()
            | document.Confirmed() | document.Published() | document.Submitted() | evaluation.Amended()
            | evaluation.Invalidated() | evaluation.Preregistered() | evaluation.Recorded() | exception.Invoked()
            | framework.Adopted() | framework.Interpreted() | framework.Published() | framework.ScopeDetermined()
            | framework.SourceDrifted() | gate.Evaluated() | incident.Classified() | incident.InvolvementKnown()
            | incident.Observed() | incident.ReportFiled() | incident.Resolved() | entry.Suppressed() | index.Committed()
            | interim.Approved()
            | model.ComputeReached() | model.Referenced() | model.Registered() | obligation.Fulfilled()
            | obligation.NotApplicable() | obligation.Tolled() | reassessment.Triggered() | recommendation.Issued()
            | replay.Performed() | safeguard.Attested() | safeguard.Degraded() | safeguard.Withdrawn()
            | threshold.Determined() | threshold.Retracted() | training.Ended() | training.Paused()
            | training.Resumed() | training.Started()
        ):  # fmt: skip
            return ()
        case _:
            assert_never(said)


def _principal(name: str, kind: str, unit: str, operates: bool, index: int, *grants: dict[str, Any]) -> Change:
    value = {
        "grants": list(grants),
        "id": name,
        "index": index,
        "keys": [],
        "kind": kind,
        "operates": operates,
        "type": "principal",
        "unit": unit,
    }
    return f"principal|{name}", Row(Rank.LISTED, value)


def _grant(role_name: str, streams: Sequence[str], index: int, **more: Any) -> dict[str, Any]:
    return {
        "actions": [],
        "break_glass": False,
        "ended": None,
        "index": index,
        "pack": None,
        "role": role_name,
        "streams": list(streams),
        "under": None,
        "valid_until": None,
        **more,
    }


def _key(body_: key.Registered | ledger.FoundingKey | root.RootKey, index: int) -> Change:
    later = body_ if isinstance(body_, key.Registered) else None
    value = {
        "alg": body_.alg,
        "compromised_since": None,
        "index": index,
        "keyid": body_.keyid,
        "not_after": None if later is None else later.not_after,
        "not_before": None if later is None else later.not_before,
        "principal": body_.principal,
        "reason": None,
        "revoked_at": None,
        "spki": body_.spki,
        "type": "key",
        "use": body_.use,
    }
    return f"key|{body_.keyid}", Row(Rank.LISTED, value)


def _founded(event: Event, said: ledger.Founded) -> Sequence[Change]:
    grants: dict[str, list[dict[str, Any]]] = {}
    held: dict[str, list[str]] = {}
    kinds = {k.principal: (k.kind, k.unit) for k in said.keys}
    for k in said.keys:
        held.setdefault(k.principal, []).append(k.keyid)
        if k.role:
            streams = ["ledger"] if k.role == "key-admin" else ENGINE_STREAMS
            grants.setdefault(k.principal, []).append(_grant(k.role, streams, event.index))
    changes = [_key(k, event.index) for k in said.keys]
    for who, (kind, unit) in kinds.items():
        name, row = _principal(who, kind, unit, False, event.index, *grants.get(who, ()))
        changes.append((name, Row(row.rank, {**row.value, "keys": held[who]})))
    engines = [[event.index, k.keyid] for k in said.keys if k.use == "engine"]
    value = {
        "development": said.development,
        "engine": _newest(engines),
        "engines": engines,
        "founding": event.leaf,
        "frozen": None,
        "origin": said.origin,
        "root_threshold": said.root_threshold,
        "roots": sorted(k.keyid for k in said.keys if k.use == "root"),
        "rules": said.rules,
        "type": "ledger",
        "vkeys": list(said.vkeys),
    }
    return [*changes, ("ledger", Row(Rank.LISTED, value))]


def _newest(engines: list[list[Any]]) -> str | None:
    """Derived bytes name the engine's key: the newest live one, by index and then by key id."""
    return max(engines)[1] if engines else None


def _ledger(look: Look, **more: Any) -> Change:
    return "ledger", Row(Rank.LISTED, {**must(look, "ledger"), **more})


def _engines(look: Look, engines: list[list[Any]]) -> Change:
    return _ledger(look, engine=_newest(engines), engines=engines)


def _root_rotated(look: Look, event: Event, said: root.Rotated) -> Sequence[Change]:
    """The keys left out end here; new ones begin, with their principals."""
    before: list[str] = must(look, "ledger")["roots"]
    after = sorted(k.keyid for k in said.keys)
    changes: dict[str, Row] = {}
    for keyid in set(before) - set(after):
        ended = {**must(look, f"key|{keyid}"), "reason": "superseded", "revoked_at": event.index}
        changes[f"key|{keyid}"] = Row(Rank.LISTED, ended)
    for k in said.keys:
        if k.keyid in before:
            continue
        name, row = _key(k, event.index)
        changes[name] = row
        owner = f"principal|{k.principal}"
        known = changes.get(owner) or look(owner)
        value = _principal(k.principal, k.kind, k.unit, False, event.index)[1].value if known is None else known.value
        changes[owner] = Row(Rank.LISTED, {**value, "keys": [*value["keys"], k.keyid]})
    return [*changes.items(), _ledger(look, root_threshold=said.root_threshold, roots=after)]


def _registered(look: Look, event: Event, said: key.Registered) -> Sequence[Change]:
    owner = must(look, f"principal|{said.principal}")
    changes = [
        _key(said, event.index),
        (f"principal|{said.principal}", Row(Rank.LISTED, {**owner, "keys": [*owner["keys"], said.keyid]})),
    ]
    if said.use == "engine":
        changes.append(_engines(look, [*must(look, "ledger")["engines"], [event.index, said.keyid]]))
    return changes


def _revoked(look: Look, event: Event, said: key.Revoked) -> Sequence[Change]:
    """The first revocation ends a key; a later one may still say that it was compromised, and since when."""
    row = must(look, f"key|{said.keyid}")
    since = row["compromised_since"] if said.compromised_since_index is None else said.compromised_since_index
    ended = event.index if row["revoked_at"] is None else row["revoked_at"]
    value = {**row, "compromised_since": since, "reason": said.reason, "revoked_at": ended}
    changes = [(f"key|{said.keyid}", Row(Rank.LISTED if since is None else Rank.FIRST, value))]
    if row["use"] == "engine":
        changes.append(_engines(look, [e for e in must(look, "ledger")["engines"] if e[1] != said.keyid]))
    return changes


def _granted(look: Look, event: Event, said: role.Granted) -> Change:
    """A role already held keeps its first grant; one that has lapsed is replaced, and so is a pack's role."""
    name = f"principal|{said.principal}"
    row = must(look, name)
    grants: list[dict[str, Any]] = row["grants"]
    more = {
        "actions": list(said.actions),
        "break_glass": said.break_glass,
        "valid_until": said.valid_until,
    }
    held = [g for g in grants if g["pack"] is None and g["role"] == said.role and g["ended"] is None]
    if not any(g["valid_until"] is None or event.recorded_at <= g["valid_until"] for g in held):
        grants = [*_end(grants, held, event.index), _grant(said.role, said.streams, event.index, **more)]
    if said.pack_role is not None:
        pack, pack_role = said.pack_role.pack, said.pack_role.role
        old = [g for g in grants if (g["pack"], g["role"]) == (pack, pack_role) and g["ended"] is None]
        fresh = _grant(pack_role, said.streams, event.index, pack=pack, under=said.role, **more)
        grants = [*_end(grants, old, event.index), fresh]
    return name, Row(Rank.LISTED, {**row, "grants": grants})


def _ended(look: Look, event: Event, said: role.Revoked) -> Change:
    name = f"principal|{said.principal}"
    row = must(look, name)
    live = [g for g in row["grants"] if g["ended"] is None]
    if said.pack_role is None:  # the role, and every binding that was granted under it
        over = [g for g in live if (g["role"] if g["pack"] is None else g["under"]) == said.role]
    else:
        which = (said.pack_role.pack, said.pack_role.role)
        over = [g for g in live if (g["pack"], g["role"]) == which]
    return name, Row(Rank.LISTED, {**row, "grants": _end(row["grants"], over, event.index)})


def _end(grants: list[dict[str, Any]], over: list[dict[str, Any]], index: int) -> list[dict[str, Any]]:
    return [{**g, "ended": index} if g in over else g for g in grants]


def _token(event: Event, said: token.Issued) -> Change:
    value = {
        "audience": said.audience,
        "expires_at": said.expires_at,
        "id": said.id,
        "index": event.index,
        "revoked_at": None,
        "scopes": list(said.scopes),
        "type": "token",
    }
    return f"token|{said.id}", Row(Rank.LISTED, value)


def _reads(event: Event) -> tuple[str, ...]:
    said = event.body
    match said:
        case key.Registered() | role.Granted() | role.Revoked():
            return (f"principal|{said.principal}",)
        case key.Revoked():
            return (f"key|{said.keyid}",)
        case token.Revoked():
            return (f"token|{said.id}",)
        case _:
            return ()


KEYS: Final = Projection("keys", 1, _changes, _reads)
