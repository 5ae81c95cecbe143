"""access.md §10 (b): removing any one grant or key event from a history turns each entry that needed it into a refusal, and no other.

Histories are generated; each entry says, when it is written, which earlier entries it needs. Then every entry of trust is left
out, one at a time: its place in the log stays, so that indexes, leaf hashes and stream versions are as they were, and
what it would have granted is gone. What is refused must be exactly what needed it, directly or through something refused.
"""

import random
from dataclasses import dataclass, field
from typing import Any

import pytest

from ledger.admit import Submission, admit, fold_event, open_submission
from ledger.entry import leaf_hash, parse_entry
from ledger.envelope import parse_envelope
from ledger.event import Event
from ledger.events import key, model, principal, role, token
from ledger.fields import Reference
from ledger.keys import SoftwareSigner
from ledger.place import EntryPlace
from ledger.state import State
from policies.rules import RULES
from projections.decode import Decoder
from tests.simulator import KEY_ADMINS, Lab, record, signer

TRUST = ("principal.registered", "key.registered", "role.granted")


@dataclass
class Member:
    """A principal, its keys with the entries that registered them, and its role's grant."""

    id: str
    entered: int
    keys: list[tuple[SoftwareSigner, int]] = field(default_factory=list)
    granted: int | None = None
    role: str = ""


@dataclass
class History:
    """A lab, and for each entry the entries that it needs."""

    lab: Lab
    dice: random.Random
    needs: dict[int, set[int]] = field(default_factory=dict)
    members: list[Member] = field(default_factory=list)
    admins: list[Member] = field(default_factory=list)
    models: list[tuple[str, int]] = field(default_factory=list)
    count: int = 0

    def say(
        self, body_type: Any, body: dict[str, Any], stream: str, by: list[Any], needs: set[int], **more: Any
    ) -> Event:
        event = self.lab.say(body_type, body, stream, *by, **more)
        self.needs[event.index] = needs
        return event

    def quorum(self) -> tuple[list[Any], set[int]]:
        """Two of the key-admins, and what they need to sign."""
        known: list[tuple[Any, set[int]]] = [(name, set()) for name in KEY_ADMINS]
        known += [(m.keys[-1][0], self.needed_by(m, m.keys[-1][1])) for m in self.admins]
        two = self.dice.sample(known, 2)
        return [who for who, _ in two], set().union(*(n for _, n in two))

    @staticmethod
    def needed_by(member: Member, registered: int) -> set[int]:
        return {registered} if member.granted is None else {registered, member.granted}

    def enter(self) -> Member:
        """A principal, its first key and a role, each by some two key-admins."""
        self.count += 1
        what = self.dice.choice(("assessor", "evaluator", "key-admin", "assessor", "evaluator"))
        by, needs = self.quorum()
        body = {"id": f"member-{self.count}", "kind": "person", "unit": "u"}
        member = Member(body["id"], self.say(principal.Registered, body, "ledger", by, needs).index, role=what)
        self.another_key(member)
        by, needs = self.quorum()
        streams = ["ledger"] if what == "key-admin" else ["model/"]
        granted = {"principal": member.id, "role": what, "streams": streams}
        member.granted = self.say(role.Granted, granted, "ledger", by, needs | {member.entered}).index
        (self.admins if what == "key-admin" else self.members).append(member)
        return member

    def another_key(self, member: Member) -> None:
        self.count += 1
        own = signer(f"{member.id} key {self.count}")
        by, needs = self.quorum()
        index = self.say(key.Registered, record(own, member.id), "ledger", [*by, own], needs | {member.entered}).index
        member.keys.append((own, index))

    def work(self) -> None:
        """Somebody does what his role is for, with one of his keys."""
        member = self.dice.choice(self.members)
        own, registered = self.dice.choice(member.keys)
        needs = self.needed_by(member, registered)
        self.count += 1
        if member.role == "assessor":
            stream = f"model/m{self.count}"
            made = self.say(model.Registered, {"kind": "base"}, stream, [own], needs, subject=f"{self.count:064x}")
            self.models.append((stream, made.index))
        elif self.models:
            stream, registered = self.dice.choice(self.models)
            said = {"of": stream, "ratio": "1.5"}
            self.say(model.ComputeReached, said, stream, [own], needs | {registered})

    def issue(self) -> None:
        self.count += 1
        by, needs = self.quorum()
        letters = "".join("abcdefghijklmnopqrstuvwxyz"[int(d)] for d in f"{self.count:026d}")
        said = {"audience": "a", "expires_at": "2026-06-01T00:00:00.000000Z", "id": letters, "scopes": ["status:read"]}
        self.say(token.Issued, said, "ledger", by, needs)


def generated(seed: int) -> History:
    made = History(Lab(name=f"seed {seed}"), random.Random(seed))
    for _ in range(4):
        made.enter()
    while not made.members or not any(m.role == "assessor" for m in made.members):
        made.enter()
    for _ in range(30):
        step = made.dice.random()
        if step < 0.15:
            made.enter()
        elif step < 0.3:
            made.another_key(made.dice.choice(made.members))
        elif step < 0.4:
            made.issue()
        else:
            made.work()
    return made


def without(made: History, left_out: int) -> set[int]:
    """The entries that are refused in the history without the effect of entry `left_out`."""
    state, decoder, refused = State(), Decoder(), set[int]()
    for index, raw in enumerate(made.lab.entries):
        event = decoder.decode(index, raw)
        envelope = parse_envelope(parse_entry(raw).envelope)
        opened = open_submission(envelope, lambda k: None if (life := state.get("key", k)) is None else life.record)
        answer = admit(state, index, event.recorded_at, opened, RULES) if isinstance(opened, Submission) else opened
        if index != left_out and hasattr(answer, "event"):
            fold_event(state, answer.event, RULES)
            continue
        if index != left_out:
            refused.add(index)
        # Its place stays: what comes behind it stands where it stood.
        state.put("stream", event.stream, EntryPlace(event.stream_version, leaf_hash(raw).hex()))
        state.put("entry", str(index), Reference(index=index, leaf=event.leaf))
        state.put("event_id", event.event_id, (index, event.digest))
    return refused


def needing(made: History, left_out: int) -> set[int]:
    """What needs `left_out`, directly or through what is refused with it."""
    gone = {left_out}
    for index in range(left_out + 1, len(made.lab.entries)):
        if made.needs.get(index, set()) & gone:
            gone.add(index)
    return gone - {left_out}


@pytest.mark.parametrize("seed", range(3))
def test_what_needed_it_is_refused_and_no_other(seed: int) -> None:
    made = generated(seed)
    decoder = Decoder()
    names = [decoder.decode(i, raw).name for i, raw in enumerate(made.lab.entries)]
    removable = [i for i, name in enumerate(names) if name in TRUST and i in made.needs]
    assert len(removable) > 15
    used = 0
    for index in removable:
        expected = needing(made, index)
        assert without(made, index) == expected, (index, names[index])
        used += bool(expected)
    assert used > 10


def test_nothing_left_out_nothing_refused() -> None:
    made = generated(7)
    assert without(made, -1) == set()
