"""Hypothetical events, judged on a layer of the state: nothing is signed, recorded or written, and the layer is dropped.

Each goes through the very admission that a real one would, but for signatures: schema, place, keys, roles, the type's own
rules, and what it derives. A refused one says why, and has no effect. Who would sign is stated (`by`), or the first who may.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from api.author import Audience, draft_of
from ledger.admit import Submission, admit, fold_event
from ledger.canonical import MAX_BYTES, loads
from ledger.derived import follow
from ledger.envelope import Envelope, Signature, format_envelope
from ledger.errors import Malformed
from ledger.event import EventType
from ledger.reasons import Refused
from ledger.registry import BY_NAME
from ledger.state import State
from ledger.statement import parse_statement
from ledger.strict import parse_stream
from ledger.trust import Grant, KeyLife, key_refusal
from policies.answer import AsOf
from policies.rules import RULES

MOST = 64
MOST_BYTES = MOST * MAX_BYTES
MEMBERS = frozenset({"type", "stream", "body", "by"})
UNSIGNED = b"\0" * 64
"""Stands where a signature would: it is never checked, and never leaves this process."""


@dataclass(slots=True)
class Hypothesis:
    """What would be if some events were recorded next; `told` says of each whether it would be admitted."""

    state: State
    as_of: AsOf
    audience: Audience
    told: list[dict[str, Any]] = field(default_factory=list)
    _placed: dict[int, dict[str, Any]] = field(default_factory=dict)
    """Number of an event in the list, from 1 → the reference to it."""

    def suppose(self, number: int, said: Mapping[str, Any]) -> None:
        """Judge one event, and fold it if it would be admitted. Raises `Malformed`, which names the event and the member."""
        kind = BY_NAME.get(said["type"])
        if kind is None:
            raise Malformed("hypothesis", f"[{number - 1}].type", "type-unknown")
        at, stream = self.as_of.time, _stream(number, said["stream"])
        who = said.get("by") or may_sign(self.state, kind.event, stream, at)
        keyids = sorted(k for w in who if (k := live_key(self.state, w, at)) is not None)
        told = {"by": list(who), "number": number, "stream": stream, "type": said["type"]}
        if len(keyids) < len(who) or not keyids:
            self._refused(told, "role-missing", f"nobody with a live key may sign {said['type']}; say who would, in by")
            return
        try:
            draft = draft_of(kind, self._resolved(said["body"], number), self.audience, stream, keyids, at,
                             subject=self.state.get("subject", stream), defaults=frozenset())  # fmt: skip
            statement = parse_statement(draft.payload, kind)
        except Malformed as err:
            place = err.place.removeprefix("$.predicate.body").removeprefix("$.predicate")
            raise Malformed("hypothesis", f"[{number - 1}].body{place}", err.rule) from None
        envelope = Envelope(draft.payload, tuple(Signature(k, UNSIGNED) for k in keyids))
        submission = Submission(format_envelope(envelope), draft.digest, statement, statement.predicate.body)
        answer = admit(self.state, self.as_of.size, at, submission, RULES)
        if isinstance(answer, Refused):
            self._refused(told, answer.reason.value, answer.detail)
            return
        fold_event(self.state, answer.event, RULES)
        placed = [answer, *follow(self.state, answer.event, RULES, _seal)]
        self._placed[number] = {"index": answer.event.index, "leaf": answer.event.leaf}
        self.as_of = AsOf(self.as_of.size + len(placed), at, self.as_of.verified)
        derived = [{"index": a.event.index, "type": a.event.name} for a in placed[1:]]
        self.told.append({**told, "admitted": True, "derived": derived, "index": answer.event.index})

    def _refused(self, told: dict[str, Any], reason: str, detail: str) -> None:
        self.told.append({**told, "admitted": False, "detail": detail, "reason": reason})

    def _resolved(self, value: Any, number: int) -> Any:
        """`{"hypothetical": N}` is the reference to the N-th event of the list."""
        if isinstance(value, dict):
            if value.keys() == {"hypothetical"}:
                named = value["hypothetical"]
                found = self._placed.get(named) if type(named) is int else None
                if found is None:
                    raise Malformed("hypothesis", "$.predicate.body.hypothetical", "reference-wrong")
                return found
            return {k: self._resolved(v, number) for k, v in value.items()}
        return [self._resolved(v, number) for v in value] if isinstance(value, list) else value


def _stream(number: int, text: str) -> str:
    try:
        return parse_stream(text)
    except Malformed as err:
        raise Malformed("hypothesis", f"[{number - 1}].stream", err.rule) from None


def suppose(state: State, as_of: AsOf, audience: Audience, events: Sequence[Mapping[str, Any]]) -> Hypothesis:
    """The state after `events`, on a layer of `state`. Raises `Malformed`."""
    hypothesis = Hypothesis(state.layer(), as_of, audience)
    for number, said in enumerate(events, 1):
        hypothesis.suppose(number, said)
    return hypothesis


def read_hypotheses(raw: bytes) -> list[dict[str, Any]]:
    """A JSON list of `{type, stream, body, by?}`. Raises `Malformed`, which names what is wrong and where."""
    try:
        value = loads(
            raw, max_bytes=MOST_BYTES
        )  # as strictly as an event is: else what nobody can record would be judged
    except Malformed as err:
        raise Malformed("hypothesis", "file", err.rule) from None
    if not isinstance(value, list) or not 1 <= len(value) <= MOST:
        raise Malformed("hypothesis", f"file: a list of 1 to {MOST} events", "schema")
    for n, said in enumerate(value):
        if not isinstance(said, dict):
            raise Malformed("hypothesis", f"[{n}]: an object", "schema")
        for name, kind in (("type", str), ("stream", str), ("body", dict)):
            if not isinstance(said.get(name), kind):
                raise Malformed("hypothesis", f"[{n}].{name}", "schema")
        unknown = sorted(said.keys() - MEMBERS)
        if unknown:
            raise Malformed("hypothesis", f"[{n}].{unknown[0]}", "unknown-member")
        by = said.get("by", [])
        if not isinstance(by, list) or not all(isinstance(w, str) for w in by):
            raise Malformed("hypothesis", f"[{n}].by", "schema")
    return value


def may_sign(state: State, kind: EventType, stream: str, at: str) -> list[str]:
    """The first principals, as many as the type asks for, who hold one of its roles for the stream and have a live key."""
    found: list[str] = []
    grant: Grant
    for name, grant in state.scan("role"):
        who = name.split("|", 1)[0]
        fits = grant.role in kind.roles and grant.alive(at) and grant.covers(stream)
        if fits and who not in found and live_key(state, who, at) is not None:
            found.append(who)
    return found[: kind.quorum]


def live_key(state: State, who: str, at: str) -> str | None:
    """A key of `who` that could sign at `at`."""
    for keyid in reversed(state.get("keys_of", who) or ()):
        life: KeyLife | None = state.get("key", keyid)
        if key_refusal(life, keyid, at) is None:
            return str(keyid)
    return None


def _seal(payload: bytes, keyid: str) -> Envelope:
    return Envelope(payload, (Signature(keyid, UNSIGNED),))
