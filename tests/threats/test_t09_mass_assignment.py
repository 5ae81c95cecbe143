"""T09: the client sends what only the server knows: index, recorded time, stream version, admitted role.

Unknown fields are refused at every level of what is signed and of the submission; what the server knows exists only in the
entry around the envelope, with its own values, and the auditor recomputes them.
"""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.entry import leaf_hash, parse_entry
from ledger.events import model
from tests.simulator import Lab, dumps_as_is, raw_entry, signed
from tests.threats.door import Door

SERVER = [
    "index", "recorded_at", "stream_version", "version", "previous", "leaf", "leaf_hash", "role", "admitted_role", "principal",
    "principals", "size", "root", "receipt", "digest", "statement_digest", "derived", "rules", "type", "admitted", "position",
]  # fmt: skip
LEVELS: dict[str, tuple[Any, ...]] = {
    "statement": (),
    "predicate": ("predicate",),
    "body": ("predicate", "body"),
    "subject": ("subject", 0),
    "subject digest": ("subject", 0, "digest"),
}
VALUES = (
    st.none()
    | st.booleans()
    | st.integers(0, 2**53 - 1)
    | st.text("abcdef0123456789", max_size=8)
    | st.just({})
    | st.just([])
)


def with_member(payload: bytes, level: tuple[Any, ...], name: str, value: Any) -> bytes:
    """The statement with one member more, canonical."""
    document = json.loads(payload)
    place = document
    for step in level:
        place = place[step]
    place[name] = value
    return dumps_as_is(document)


def own(level: str, name: str) -> bool:
    """Is this a member that the level has by its own schema?"""
    return (level, name) == ("subject", "digest")


@pytest.mark.parametrize("level", LEVELS)
@given(name=st.sampled_from(SERVER), value=VALUES)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_attack_each_field_at_each_level(door: Door, lab: Lab, level: str, name: str, value: Any) -> None:
    if own(level, name):
        return
    payload = with_member(door.model().envelope.payload, LEVELS[level], name, value)
    door.refuses(signed(payload, *door.signers("assessor")), 400, "schema")
    fork = lab.fork()
    honest = fork.write(model.Registered, {"kind": "base"}, "model/a", "assessor", subject="ab" * 32)
    fork.slip(
        signed(with_member(honest.envelope.payload, LEVELS[level], name, value), lab.keys["assessor"]), stream="model/a"
    )
    fork.finds("schema")


@pytest.mark.parametrize("name", SERVER)
def test_attack_the_submission(door: Door, name: str) -> None:
    raw = json.loads(door.model().wire())
    door.refuses(json.dumps({"envelope": raw, name: 7}).encode(), 400, "schema", "$")


@pytest.mark.parametrize("name", SERVER)
def test_attack_the_entry(lab: Lab, name: str) -> None:
    """A log that carries more around the envelope than the format has."""
    raw = json.loads(
        lab.fork().slip(lab.write(model.Registered, {"kind": "base"}, "model/a", "assessor", subject="ab" * 32).wire())
    )
    for place in (raw, raw["stream"]):
        if name in place:
            continue
        place[name] = 7
        other = lab.fork()
        other.slip_entry(dumps_as_is(raw), "model/a")
        other.finds("schema")
        del place[name]


PLACES: list[tuple[dict[str, Any], str]] = [
    ({"version": 2, "previous": "0" * 64}, "entry-mismatch"),
    ({"version": 2}, "stream-place"),
    ({"previous": "0" * 64}, "stream-place"),
    ({"version": 0}, "schema"),
    ({"recorded_at": "2026-04-07T08:59:59.999999Z"}, "recorded-at-falls"),
    ({"recorded_at": "2026-04-07 09:00:00"}, "schema"),
]


@pytest.mark.parametrize(("place", "rule"), PLACES)
def test_attack_the_servers_own_values(lab: Lab, place: dict[str, Any], rule: str) -> None:
    """Whoever holds the log's keys writes another place around a true envelope: the auditor computes it anew."""
    lab.slip(lab.write(model.Registered, {"kind": "base"}, "model/a", "assessor", subject="ab" * 32).wire(), **place)
    lab.finds(rule)


@pytest.mark.parametrize("change", [{"previous": "0" * 64}, {"version": 3}, {"version": 1, "previous": ""}])
def test_attack_the_stream_chain(lab: Lab, change: dict[str, Any]) -> None:
    lab.say(model.Registered, {"kind": "base"}, "model/a", "assessor", subject="ab" * 32)
    lab.slip(lab.write(model.ComputeReached, {"of": "model/a", "ratio": "1"}, "model/a", "evaluator").wire(), **change)
    lab.finds("entry-mismatch")


def test_honest_the_server_fills_in_its_own(door: Door, lab: Lab) -> None:
    """Wrapper members are unsigned and dropped; the entry carries the server's own values."""
    written = door.model(stream := door.name())
    wrapped = {
        **json.loads(written.wire()),
        "index": 0,
        "recorded_at": "2001-01-01T00:00:00.000000Z",
        "stream": {"version": 9},
    }
    value = door.admits(json.dumps(wrapped).encode())
    (row,) = door.ledger.desk.read_entries(value["index"], value["index"] + 1)
    entry = parse_entry(row.entry)
    assert (entry.envelope, entry.version, entry.previous) == (written.wire(), 1, "")
    assert entry.recorded_at == value["recorded_at"] > "2026"
    said = {"of": stream, "ratio": "2"}
    second = door.admits(door.session.write(model.ComputeReached, said, stream, door.signers("evaluator")).wire())
    (row,) = door.ledger.desk.read_entries(second["index"], second["index"] + 1)
    following = parse_entry(row.entry)
    head = leaf_hash(raw_entry(entry.envelope, entry.recorded_at, "", 1)).hex()
    assert (following.version, following.previous) == (2, head)
    lab.add(lab.write(model.Registered, {"kind": "base"}, "model/a", "assessor", subject="ab" * 32))
    lab.holds()
