"""Who may say what, as folded from the log: scopes, ends of grants and keys, the engine's key, key-admins, separation.

Attacks on it through door and auditor are the rows T18–T23 of tests/threats; here each function stands alone.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.event import Event
from ledger.events import key, model, principal, role, token
from ledger.keys import KeyRecord
from ledger.reasons import Reason, Refused
from ledger.strict import shift
from ledger.trust import (
    Grant,
    KeyLife,
    Principal,
    engine_key,
    key_admins,
    key_refusal,
    live_grant,
    separation_refusal,
    token_limit,
)
from tests.simulator import ENGINE, KEY_ADMINS, ORIGIN, Lab, grant, record, signer

AT = "2026-04-07T09:00:00.000000Z"
STREAMS = st.from_regex(r"[a-c/]{1,6}", fullmatch=True)


@pytest.fixture(scope="module")
def founded() -> Lab:
    return Lab()


@pytest.fixture
def lab(founded: Lab) -> Lab:
    return founded.fork()


# -- scopes and ends -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("prefix", "stream", "covered"),
    [
        ("model/", "model/a", True),
        ("model", "model/a", True),
        ("model/a", "model/a", True),
        ("model/a", "model/a/b", True),
        ("model/a", "model/ab", False),
        ("model/a/", "model/a", False),
        ("model/", "model", False),
        ("model/", "modelx/a", False),
        ("ledger", "ledger", True),
        ("ledger", "ledger2", False),
    ],
)
def test_a_scope_ends_at_a_boundary(prefix: str, stream: str, *, covered: bool) -> None:
    assert Grant("assessor", (prefix,), (), None, 0).covers(stream) is covered


@given(st.lists(STREAMS, max_size=3), STREAMS)
def test_scopes_add_up_and_never_cover_more(prefixes: list[str], stream: str) -> None:
    scope = Grant("assessor", tuple(prefixes), (), None, 0)
    assert scope.covers(stream) == any(Grant("assessor", (p,), (), None, 0).covers(stream) for p in prefixes)
    assert not scope.covers(stream) or any(stream.startswith(p) for p in prefixes)


@pytest.mark.parametrize("micros", [-1, 0, 1])
def test_a_grant_lasts_to_its_microsecond(micros: int) -> None:
    assert Grant("assessor", ("model/",), (), AT, 0).alive(shift(AT, micros=micros)) is (micros <= 0)
    assert Grant("assessor", ("model/",), (), None, 0).alive(shift(AT, days=99_999))


def life(**more: object) -> KeyLife:
    known = {k: v for k, v in more.items() if k in ("revoked_at", "reason")}
    dates = {k: v for k, v in more.items() if k in ("not_before", "not_after", "use")}
    return KeyLife(KeyRecord("ab" * 32, b"", "ed25519", str(dates.pop("use", "event")), "x", **dates), 5, **known)  # type: ignore[arg-type]  # by name above


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (None, Reason.KEY_UNKNOWN),
        (life(revoked_at=9, reason="ceased"), Reason.KEY_REVOKED),
        (life(not_before=shift(AT, micros=1)), Reason.KEY_EXPIRED),
        (life(not_after=shift(AT, micros=-1)), Reason.KEY_EXPIRED),
        (life(use="root"), Reason.KEY_USE),
        (life(use="engine"), Reason.KEY_USE),
        (life(revoked_at=9, reason="ceased", use="root", not_after=AT), Reason.KEY_REVOKED),
        (life(), None),
        (life(not_before=AT, not_after=AT), None),
    ],
)
def test_key_refusal(found: KeyLife | None, reason: Reason | None) -> None:
    refusal = key_refusal(found, "ab" * 32, AT)
    assert (refusal.reason if refusal is not None else None) is reason


# -- what entry 0 and trust events leave ---------------------------------------------------------------------------------


def test_entry_0_enters_its_keys(lab: Lab) -> None:
    state = lab.replay.state
    assert (state.get("meta", "origin"), state.get("meta", "founding")) == (ORIGIN, lab.founding)
    for who in ("root-1", ENGINE, *KEY_ADMINS):
        entered: KeyLife = state.get("key", lab.keys[who].keyid)
        assert (entered.record.principal, entered.index, entered.revoked_at) == (who, 0, None)
    assert live_grant(state, "root-1", "key-admin", lab.time) is None
    assert live_grant(state, KEY_ADMINS[0], "key-admin", lab.time) is not None
    found = engine_key(state, lab.time)
    assert found is not None
    assert found.record.keyid == lab.keys[ENGINE].keyid


def test_other_events_leave_trust_alone(lab: Lab) -> None:
    tables = ("key", "raw_key", "principal", "role", "packrole", "taint", "token", "meta")
    before = {t: list(lab.replay.state.scan(t)) for t in tables}
    lab.say(model.Registered, {"kind": "base"}, "model/a", "assessor", subject="ab" * 32)
    assert {t: list(lab.replay.state.scan(t)) for t in tables} == before


def test_a_life_of_grants(lab: Lab) -> None:
    """Granted, ended by revocation, granted again: the newest word counts, from its own index on."""
    state = lab.replay.state
    assert live_grant(state, "attester", "assessor", lab.time) is None
    first = lab.say(role.Granted, grant("attester", "assessor"), "ledger", *KEY_ADMINS)
    assert live_grant(state, "attester", "assessor", lab.time).index == first.index
    lab.say(role.Revoked, {"principal": "attester", "role": "assessor"}, "ledger", *KEY_ADMINS)
    assert live_grant(state, "attester", "assessor", lab.time) is None
    end = shift(lab.time, seconds=60)
    lab.say(role.Granted, grant("attester", "assessor", valid_until=end), "ledger", *KEY_ADMINS)
    assert live_grant(state, "attester", "assessor", end) is not None
    assert live_grant(state, "attester", "assessor", shift(end, micros=1)) is None
    lab.holds()


def test_tokens_are_metadata(lab: Lab) -> None:
    body = {"audience": "ci", "expires_at": shift(lab.time, days=1), "id": "a" * 26, "scopes": ["gate:read"]}
    lab.say(token.Issued, body, "ledger", KEY_ADMINS[0])
    assert lab.replay.state.get("token", "a" * 26).revoked is False
    lab.say(token.Revoked, {"id": "a" * 26}, "ledger", KEY_ADMINS[1])
    assert lab.replay.state.get("token", "a" * 26).revoked is True
    assert token_limit(AT) == shift(AT, days=365)


# -- the engine ----------------------------------------------------------------------------------------------------------


def second_engine(lab: Lab) -> Event:
    """Another service with a key of use engine and the role."""
    lab.say(principal.Registered, {"id": "engine-2", "kind": "service", "unit": "platform"}, "ledger", *KEY_ADMINS)
    new = signer("engine two")
    entered = lab.add(lab.write(key.Registered, record(new, "engine-2", use="engine"), "ledger", *KEY_ADMINS, new))
    lab.say(role.Granted, grant("engine-2", "engine", streams=["model/", "ledger"]), "ledger", *KEY_ADMINS)
    return entered


def test_the_newest_live_engine_key_signs(lab: Lab) -> None:
    state, old = lab.replay.state, lab.keys[ENGINE].keyid
    entered = second_engine(lab)
    new = entered.body.keyid
    assert engine_key(state, lab.time).record.keyid == new
    lab.say(key.Revoked, {"keyid": new, "reason": "ceased"}, "ledger", KEY_ADMINS[0])
    assert engine_key(state, lab.time).record.keyid == old, "the older one lives still"
    lab.say(key.Revoked, {"keyid": old, "reason": "ceased"}, "ledger", KEY_ADMINS[0])
    assert engine_key(state, lab.time) is None


def test_an_engine_without_its_role_signs_nothing(lab: Lab) -> None:
    new = second_engine(lab).body.keyid
    assert engine_key(lab.replay.state, lab.time).record.keyid == new
    lab.say(role.Revoked, {"principal": "engine-2", "role": "engine"}, "ledger", *KEY_ADMINS)
    assert engine_key(lab.replay.state, lab.time).record.keyid == lab.keys[ENGINE].keyid


# -- key-admins and separation -------------------------------------------------------------------------------------------


def test_key_admins_are_principals_with_a_live_key(lab: Lab) -> None:
    state = lab.replay.state
    assert key_admins(state, lab.time) == 2
    assert key_admins(state, lab.time, without_role=KEY_ADMINS[0]) == 1
    assert key_admins(state, lab.time, without_key=lab.keys[KEY_ADMINS[1]].keyid) == 1
    spare = signer("spare")
    lab.register(KEY_ADMINS[1], spare)
    assert key_admins(state, lab.time) == 2, "two keys of one person are one admin"
    assert key_admins(state, lab.time, without_key=lab.keys[KEY_ADMINS[1]].keyid) == 2
    lab.say(
        role.Granted,
        grant("attester", "key-admin", streams=["ledger"], valid_until=shift(lab.time, days=1)),
        "ledger",
        *KEY_ADMINS,
    )
    assert key_admins(state, lab.time) == 2, "a grant that ends by itself is no lasting admin"


def reason(refusal: Refused | None) -> Reason | None:
    return refusal.reason if refusal is not None else None


@pytest.mark.parametrize(
    ("kind", "operates", "what", "expected"),
    [
        ("person", False, "engine", Reason.SEPARATION),
        ("body", False, "engine", Reason.SEPARATION),
        ("service", False, "engine", None),
        ("person", True, "key-admin", Reason.SEPARATION),
        ("person", True, "approver", Reason.SEPARATION),
        ("person", True, "decider", Reason.SEPARATION),
        ("person", True, "evaluator", None),
        ("person", False, "approver", None),
    ],
)
def test_separation_by_kind(lab: Lab, kind: str, *, operates: bool, what: str, expected: Reason | None) -> None:
    lab.replay.state.put("principal", "x", Principal(kind, "unit", operates, 1))
    assert reason(separation_refusal(lab.replay.state, "x", what, lab.time)) is expected


@pytest.mark.parametrize("other", ["approver", "decider", "engine"])
def test_separation_of_roles_in_both_directions(lab: Lab, other: str) -> None:
    """`key-admin` excludes the three, whichever was held first; a grant that has ended excludes nothing."""
    state = lab.replay.state
    state.put("principal", "x", Principal("service", "unit", operates=False, index=1))
    for held, wanted in ((other, "key-admin"), ("key-admin", other)):
        state.put("role", f"x|{held}", Grant(held, ("ledger",), (), lab.time, 1))
        assert reason(separation_refusal(state, "x", wanted, lab.time)) is Reason.SEPARATION
        assert separation_refusal(state, "x", wanted, shift(lab.time, micros=1)) is None
        state.put("role", f"x|{held}", None)
        assert separation_refusal(state, "x", wanted, lab.time) is None
