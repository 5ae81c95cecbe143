"""access.md §2 and §4, rule by rule: each refuses what it is for, beside the nearest thing that it admits."""

from functools import lru_cache
from typing import Any

import pytest

from api.founding import KEY_ADMINS, STREAMS
from ledger.event import Event
from ledger.events import action, body, break_glass, framework, key, model, principal, role, threshold, token
from ledger.keys import Signer
from ledger.strict import shift
from policies.framework import pack_digest, pack_object
from tests.access.asking import asked
from tests.policies.world import shipped
from tests.simulator import Lab, grant, record, signer

PACK = "anthropic-rsp-2.2"
CEO = {"pack": PACK, "role": "CEO"}


@lru_cache(maxsize=1)
def founded() -> Lab:
    return Lab()


@pytest.fixture
def lab() -> Lab:
    return founded().fork()


def person(lab: Lab, who: str, **more: Any) -> str:
    lab.say(principal.Registered, {"id": who, "kind": "person", "unit": "u", **more}, "ledger", *KEY_ADMINS)
    return who


def give(lab: Lab, who: str, what: str, **more: Any) -> None:
    lab.say(role.Granted, grant(who, what, **more), "ledger", *KEY_ADMINS)


def may_give(lab: Lab, who: str, what: str, *by: str, **more: Any) -> str | None:
    return asked(lab, role.Granted, grant(who, what, **more), "ledger", *(by or KEY_ADMINS))


def may_take(lab: Lab, who: str, what: str, *by: str, **more: Any) -> str | None:
    return asked(lab, role.Revoked, {"principal": who, "role": what, **more}, "ledger", *(by or KEY_ADMINS))


def may_stop(lab: Lab, keyid: str, reason: str, *by: str | Signer, since: int | None = None) -> str | None:
    said = {"keyid": keyid, "reason": reason} | ({} if since is None else {"compromised_since_index": since})
    return asked(lab, key.Revoked, said, "ledger", *by)


# -- separation (§2) ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("other", ["approver", "decider"])
def test_a_key_admin_neither_approves_nor_decides(lab: Lab, other: str) -> None:
    person(lab, "new")
    assert may_give(lab, "new", other) is None
    give(lab, "new", "key-admin", streams=["ledger"])
    assert may_give(lab, "new", other) == "separation"
    assert may_give(lab, other if other == "decider" else "approver-1", "key-admin") == "separation"


def test_the_engine_is_no_person(lab: Lab) -> None:
    person(lab, "new")
    assert may_give(lab, "new", "engine") == "separation"
    lab.say(principal.Registered, {"id": "robot", "kind": "service", "unit": "u"}, "ledger", *KEY_ADMINS)
    assert may_give(lab, "robot", "engine") is None
    own = signer("robot")
    said = record(own, "new", use="engine")
    assert asked(lab, key.Registered, said, "ledger", *KEY_ADMINS, own) == "separation"
    assert asked(lab, key.Registered, {**said, "principal": "robot"}, "ledger", *KEY_ADMINS, own) is None


@pytest.mark.parametrize("what", ["key-admin", "approver", "decider", "evaluator"])
def test_who_operates_the_machine_judges_nothing(lab: Lab, what: str) -> None:
    person(lab, "operator", operates=True)
    assert may_give(lab, "operator", what) == (None if what == "evaluator" else "separation")


def test_a_framework_admin_is_not_the_sole_decider(lab: Lab) -> None:
    assert may_give(lab, "framework-admin-1", "decider") is None  # another decides too
    lab.say(role.Revoked, {"principal": "decider", "role": "decider"}, "ledger", *KEY_ADMINS)
    assert may_give(lab, "framework-admin-1", "decider") == "separation"
    assert may_give(lab, "assessor", "decider") is None


def test_separation_is_asked_again_at_use(lab: Lab) -> None:
    give(lab, "framework-admin-1", "decider")
    pack = shipped(PACK)
    said = {"digest": pack_digest(pack), "id": pack.id, "pack": pack_object(pack), "source_digest": pack.source.digest}
    by = ("framework-admin-1", "framework-admin-2")
    assert asked(lab, framework.Published, said, f"framework/{PACK}", *by) is None
    lab.say(role.Revoked, {"principal": "decider", "role": "decider"}, "ledger", *KEY_ADMINS)
    assert asked(lab, framework.Published, said, f"framework/{PACK}", *by) == "separation"


def test_break_glass_is_two_key_admins_and_a_day(lab: Lab) -> None:
    person(lab, "operator", operates=True)
    day = shift(lab.time, days=1)
    assert may_give(lab, "operator", "decider", break_glass=True, valid_until=day) is None
    assert may_give(lab, "operator", "decider", "key-admin-1", break_glass=True, valid_until=day) == "quorum-short"
    late = shift(day, micros=1)
    assert may_give(lab, "operator", "decider", break_glass=True, valid_until=late) == "break-glass-too-long"
    assert may_give(lab, "operator", "decider", break_glass=True) == "break-glass-too-long"


def reviewed(
    lab: Lab, glass: Event, outcome: str = "justified", *by: str, actions: tuple[Event, ...] = ()
) -> str | None:
    return asked(lab, break_glass.Reviewed, review(glass, outcome, *actions), "ledger", *(by or ("third", "fourth")))


def review(glass: Event, outcome: str, *actions: Event) -> dict[str, Any]:
    named = [{"index": e.index, "leaf": e.leaf} for e in (glass, *actions)]
    return {"actions": named[1:], "grant": named[0], "outcome": outcome, "reason": "we looked"}


@pytest.fixture
def broken(lab: Lab) -> tuple[Lab, Event]:
    """A lab with four key-admins and an operator who was made decider for an hour."""
    for who in ("third", "fourth"):
        lab.register(person(lab, who), signer(who))
        give(lab, who, "key-admin", streams=["ledger"])
    person(lab, "operator", operates=True)
    body = grant("operator", "decider", break_glass=True, valid_until=shift(lab.time, seconds=3600))
    return lab, lab.say(role.Granted, body, "ledger", *KEY_ADMINS)


def test_break_glass_is_reviewed_by_two_who_neither_hold_nor_gave_it(broken: tuple[Lab, Event]) -> None:
    lab, glass = broken
    assert reviewed(lab, glass) is None
    assert reviewed(lab, glass, "justified", "third") == "quorum-short"
    assert reviewed(lab, glass, "justified", "third", "key-admin-1") == "self-approval"
    body = grant("third", "assessor", break_glass=True, valid_until=shift(lab.time, seconds=3600))
    own = lab.say(role.Granted, body, "ledger", *KEY_ADMINS)
    assert reviewed(lab, own) == "self-approval", "who holds the grant is one of the two"


def test_a_review_is_of_a_break_glass_grant_and_of_what_came_after_it(broken: tuple[Lab, Event]) -> None:
    lab, glass = broken
    plain = lab.say(role.Granted, grant("operator", "assessor"), "ledger", *KEY_ADMINS)
    assert reviewed(lab, plain) == "reference-wrong"
    assert reviewed(lab, glass, actions=(plain,)) is None
    assert reviewed(lab, plain, actions=(glass,)) == "reference-wrong"
    assert reviewed(lab, glass, actions=(glass,)) == "reference-wrong"


def test_a_later_review_finds_worse_and_never_better(broken: tuple[Lab, Event]) -> None:
    lab, glass = broken
    lab.say(break_glass.Reviewed, review(glass, "justified"), "ledger", "third", "fourth")
    assert reviewed(lab, glass) == "said-already"
    assert reviewed(lab, glass, "not-justified") is None
    lab.say(break_glass.Reviewed, review(glass, "not-justified"), "ledger", "third", "fourth")
    assert reviewed(lab, glass) == "said-already"


# -- grants (§2) -------------------------------------------------------------------------------------------------------


def test_nobody_signs_his_own_grant(lab: Lab) -> None:
    person(lab, "third")
    give(lab, "third", "key-admin", streams=["ledger"])
    own = signer("third")
    lab.register("third", own)
    assert may_give(lab, "key-admin-1", "auditor") == "own-grant"
    assert may_give(lab, "key-admin-1", "auditor", "key-admin-2", "third") is None


def test_a_quorum_counts_people_and_one_with_two_keys_is_one(lab: Lab) -> None:
    second = signer("second key of key-admin-1")
    lab.say(key.Registered, record(second, "key-admin-1"), "ledger", *KEY_ADMINS, second)
    said = {"id": "new", "kind": "person", "unit": "u"}
    assert asked(lab, principal.Registered, said, "ledger", "key-admin-1", second) == "quorum-short"
    assert asked(lab, principal.Registered, said, "ledger", second, "key-admin-2") is None
    assert asked(lab, principal.Registered, said, "ledger", "key-admin-1", second, "key-admin-2") is None


def test_every_signer_holds_the_role(lab: Lab) -> None:
    said = {"id": "new", "kind": "person", "unit": "u"}
    assert asked(lab, principal.Registered, said, "ledger", *KEY_ADMINS, "assessor") == "role-missing"


def test_a_binding_ends_with_the_role_that_it_was_granted_under(lab: Lab) -> None:
    give(lab, "approver-1", "approver", pack_role=CEO)
    bound = f"{PACK}|CEO|approver-1"
    assert lab.replay.state.get("packrole", bound) is not None
    lab.say(role.Revoked, {"principal": "approver-1", "role": "approver"}, "ledger", *KEY_ADMINS)
    assert lab.replay.state.get("packrole", bound) is None
    give(lab, "approver-1", "approver")
    assert lab.replay.state.get("packrole", bound) is None  # the new grant revives nothing


def test_what_is_not_held_can_not_be_taken(lab: Lab) -> None:
    assert may_take(lab, "approver-1", "decider") == "role-missing"
    assert may_take(lab, "approver-1", "approver", pack_role=CEO) == "role-missing"
    give(lab, "approver-1", "approver", pack_role=CEO)
    assert may_take(lab, "approver-1", "approver", pack_role=CEO) is None
    assert may_take(lab, "approver-1", "approver") is None
    assert may_give(lab, "approver-1", "approver") == "role-already-granted"


def test_two_key_admins_stay_for_good(lab: Lab) -> None:
    person(lab, "third")
    assert may_take(lab, "key-admin-2", "key-admin") == "last-key-admin"
    give(lab, "third", "key-admin", streams=["ledger"], valid_until=shift(lab.time, days=30))
    lab.register("third", signer("third"))
    assert may_take(lab, "key-admin-2", "key-admin") == "last-key-admin"  # the third one's role ends by itself
    lab.say(role.Revoked, {"principal": "third", "role": "key-admin"}, "ledger", *KEY_ADMINS)
    give(lab, "third", "key-admin", streams=["ledger"])
    assert may_take(lab, "key-admin-2", "key-admin") is None
    own = lab.keys["third"]
    assert may_stop(lab, own.keyid, "ceased", "key-admin-1") is None
    lab.say(role.Revoked, {"principal": "key-admin-2", "role": "key-admin"}, "ledger", "key-admin-1", own)
    assert may_stop(lab, own.keyid, "ceased", "key-admin-1") == "last-key-admin"
    assert may_stop(lab, own.keyid, "compromised", "key-admin-1", own, since=5) == "last-key-admin"


def test_a_key_admin_whose_grant_does_not_reach_the_ledger_is_none(lab: Lab) -> None:
    """It could register no key: with such a one left, nobody could ever again."""
    person(lab, "third")
    give(lab, "third", "key-admin", streams=["model/"])
    own = signer("third")
    lab.register("third", own)
    said = {"id": "new", "kind": "person", "unit": "u"}
    assert asked(lab, principal.Registered, said, "ledger", "key-admin-1", own) == "scope-mismatch"
    assert may_take(lab, "key-admin-2", "key-admin") == "last-key-admin"
    assert may_stop(lab, lab.keys["key-admin-2"].keyid, "ceased", "key-admin-1") == "last-key-admin"
    assert may_take(lab, "third", "key-admin") is None  # nobody counted on it


def test_a_key_admin_whose_keys_all_end_is_not_one_for_good(lab: Lab) -> None:
    """ADR 0015: on the day the last such key ends, nobody could register another."""
    person(lab, "third")
    give(lab, "third", "key-admin", streams=["ledger"])
    ending, first = signer("third's, for a month"), lab.keys["key-admin-2"]
    lab.say(key.Registered, record(ending, "third", not_after=shift(lab.time, days=30)), "ledger", *KEY_ADMINS, ending)
    assert may_take(lab, "key-admin-2", "key-admin") == "last-key-admin"
    assert may_stop(lab, first.keyid, "ceased", "key-admin-1") == "last-key-admin"
    assert may_stop(lab, ending.keyid, "ceased", "key-admin-1") is None  # nobody counted on it
    assert may_take(lab, "third", "key-admin") is None
    lasting = signer("third's, without end")
    lab.say(key.Registered, record(lasting, "third"), "ledger", *KEY_ADMINS, lasting)
    assert may_take(lab, "key-admin-2", "key-admin") is None
    assert may_stop(lab, first.keyid, "ceased", "key-admin-1") is None


# -- keys (§4) ---------------------------------------------------------------------------------------------------------


def test_one_key_admin_or_the_key_itself_stops_a_key(lab: Lab) -> None:
    (own,) = (lab.keys["assessor"],)
    assert may_stop(lab, own.keyid, "ceased", "key-admin-1") is None
    assert may_stop(lab, own.keyid, "superseded", own) is None
    assert may_stop(lab, own.keyid, "ceased", "evaluator") == "role-missing"
    assert may_stop(lab, own.keyid, "compromised", own, since=3) == "role-missing"
    assert may_stop(lab, own.keyid, "compromised", "key-admin-1", since=3) == "quorum-short"
    assert may_stop(lab, own.keyid, "compromised", *KEY_ADMINS, since=3) is None
    assert may_stop(lab, own.keyid, "compromised", *KEY_ADMINS) == "scope-mismatch"
    assert may_stop(lab, own.keyid, "ceased", *KEY_ADMINS, since=3) == "scope-mismatch"


def test_a_taint_only_moves_earlier(lab: Lab) -> None:
    (own,) = (lab.keys["assessor"],)
    said = {"compromised_since_index": 10, "keyid": own.keyid, "reason": "compromised"}
    lab.say(key.Revoked, said, "ledger", *KEY_ADMINS)
    assert may_stop(lab, own.keyid, "compromised", *KEY_ADMINS, since=10) == "reference-wrong"
    assert may_stop(lab, own.keyid, "compromised", *KEY_ADMINS, since=11) == "reference-wrong"
    assert may_stop(lab, own.keyid, "compromised", *KEY_ADMINS, since=9) is None
    assert may_stop(lab, own.keyid, "superseded", "key-admin-1") == "key-revoked"
    assert may_stop(lab, lab.keys["attester"].keyid, "compromised", *KEY_ADMINS, since=10_000) == "reference-wrong"


def test_a_root_key_is_out_of_a_key_admin_s_reach(lab: Lab) -> None:
    root = lab.keys["root-1"].keyid
    assert may_stop(lab, root, "ceased", "key-admin-1") == "key-use"
    assert may_stop(lab, root, "compromised", *KEY_ADMINS, since=0) == "key-use"


def test_root_and_engine_keys_sign_no_event(lab: Lab) -> None:
    said = {"id": "new", "kind": "person", "unit": "u"}
    assert asked(lab, principal.Registered, said, "ledger", "root-1", "root-2") == "key-use"
    assert asked(lab, principal.Registered, said, "ledger", "engine", *KEY_ADMINS) == "key-use"


def test_a_key_has_its_dates(lab: Lab) -> None:
    own = signer("dated")
    limits = {"not_before": shift(lab.time, seconds=60), "not_after": shift(lab.time, seconds=120)}
    lab.say(key.Registered, record(own, "assessor", **limits), "ledger", *KEY_ADMINS, own)

    def at(seconds: int) -> str | None:
        lab.time = shift(limits["not_before"], seconds=seconds)
        return asked(lab, model.Registered, {"kind": "base"}, "model/dated", own, subject="ab" * 32)

    assert [at(s) for s in (-1, 0, 60, 61)] == ["key-expired", None, None, "key-expired"]


def test_possession_is_proven_for_this_principal_and_ledger(lab: Lab) -> None:
    own, other = signer("new key"), signer("another")
    assert asked(lab, key.Registered, record(own, "assessor"), "ledger", *KEY_ADMINS) == "proof-of-possession"
    assert asked(lab, key.Registered, record(own, "nobody"), "ledger", *KEY_ADMINS, own) == "principal-unknown"
    assert asked(lab, key.Registered, record(own, "assessor"), "ledger", *KEY_ADMINS, other) == "key-unknown"
    assert asked(lab, key.Registered, record(own, "assessor"), "ledger", "key-admin-1", own) == "quorum-short"
    assert asked(lab, key.Registered, record(own, "assessor"), "ledger", *KEY_ADMINS, own) is None
    (taken,) = (lab.keys["evaluator"],)
    said = record(taken, "assessor")
    assert asked(lab, key.Registered, said, "ledger", *KEY_ADMINS) == "key-known"
    wrong = {**record(own, "assessor"), "keyid": other.keyid}
    assert asked(lab, key.Registered, wrong, "ledger", *KEY_ADMINS, other) == "key-unknown"


# -- the engine --------------------------------------------------------------------------------------------------------


def ask(lab: Lab) -> str | None:
    """A request, which the gate must answer."""
    said = {
        "action": "external_deploy", "artifact": "ab" * 32, "audience": "general", "evidence": [], "facts": {}, "hosts": [],
        "jurisdictions": [], "packs": [pack_digest(shipped(PACK))], "surfaces": [],
    }  # fmt: skip
    return asked(lab, action.Requested, said, "model/a", "deployer")


@pytest.fixture
def ready(lab: Lab) -> Lab:
    pack, by = shipped(PACK), ("framework-admin-1", "framework-admin-2")
    said = {"digest": pack_digest(pack), "id": pack.id, "pack": pack_object(pack), "source_digest": pack.source.digest}
    lab.say(framework.Published, said, f"framework/{PACK}", *by)
    said = {"digest": pack_digest(pack), "effective": lab.time, "id": pack.id, "scope": "all"}
    lab.say(framework.Adopted, said, f"framework/{PACK}", *by)
    lab.say(model.Registered, {"kind": "base"}, "model/a", "assessor", subject="ab" * 32)
    return lab


def test_without_an_engine_key_nothing_is_admitted_that_something_must_follow(ready: Lab) -> None:
    assert ask(ready) is None
    engine = ready.keys["engine"].keyid
    ready.say(key.Revoked, {"keyid": engine, "reason": "ceased"}, "ledger", "key-admin-1")  # one may stop it at once
    assert ask(ready) == "engine-missing"
    said = {"of": "model/a", "ratio": "1.5"}
    assert asked(ready, model.ComputeReached, said, "model/a", "evaluator") is None  # nothing follows this
    fresh = signer("engine 2")
    ready.say(key.Registered, record(fresh, "engine", use="engine"), "ledger", *KEY_ADMINS, fresh)
    assert ask(ready) is None


def test_an_engine_key_out_of_date_or_without_the_role_signs_nothing(ready: Lab) -> None:
    fresh = signer("engine 2")
    until = shift(ready.time, seconds=60)
    ready.say(key.Registered, record(fresh, "engine", use="engine", not_after=until), "ledger", *KEY_ADMINS, fresh)
    ready.say(key.Revoked, {"keyid": ready.keys["engine"].keyid, "reason": "superseded"}, "ledger", "key-admin-1")
    assert ask(ready) is None
    ready.time = shift(until, seconds=1)
    assert ask(ready) == "engine-missing"
    ready.time = until
    ready.say(role.Revoked, {"principal": "engine", "role": "engine"}, "ledger", *KEY_ADMINS)
    ready.time = until
    assert ask(ready) == "engine-missing"


def test_the_newest_engine_key_signs(ready: Lab) -> None:
    fresh = signer("engine 2")
    ready.say(key.Registered, record(fresh, "engine", use="engine"), "ledger", *KEY_ADMINS, fresh)
    ready.keys["engine"] = fresh
    said = {"body": "BOARD", "documents": [], "of": "0" * 64}
    assert asked(ready, body.Informed, said, "model/a", "deployer") == "request-unknown"
    said = {
        "action": "external_deploy", "artifact": "ab" * 32, "audience": "general", "evidence": [], "facts": {}, "hosts": [],
        "jurisdictions": [], "packs": [pack_digest(shipped(PACK))], "surfaces": [],
    }  # fmt: skip
    ready.say(action.Requested, said, "model/a", "deployer")  # the lab seals what follows with the new key
    ready.holds()


# -- time and place ----------------------------------------------------------------------------------------------------


def test_trust_has_no_history_before_the_ledger(lab: Lab) -> None:
    said = {"id": "new", "kind": "person", "unit": "u"}
    assert asked(lab, principal.Registered, said, "ledger", *KEY_ADMINS, back_recorded=True) == "back-recorded"
    old = {"back_recorded": True, "occurred_at": "2019-01-01T00:00:00.000000Z", "subject": "ab" * 32}
    assert asked(lab, model.Registered, {"kind": "base"}, "model/old", "assessor", **old) is None


def test_nothing_is_told_of_the_future(lab: Lab) -> None:
    def at(**times: Any) -> str | None:
        return asked(lab, model.Registered, {"kind": "base"}, "model/a", "assessor", subject="ab" * 32, **times)

    soon, late = shift(lab.time, seconds=300), shift(lab.time, seconds=300, micros=1)
    for name in ("occurred_at", "known_at"):
        assert at(**{name: soon}) is None
        assert at(**{name: late}) == "clock-skew"
        assert at(**{name: late}, back_recorded=True) == "clock-skew"


def test_the_window_of_event_ids(lab: Lab) -> None:
    from ledger.strict import format_uuid7, micros

    def at(**ago: int) -> str | None:
        when = micros(shift(lab.time, **ago)) // 1000
        more = {"event_id": format_uuid7(when, b"0123456789"), "subject": "ab" * 32}
        return asked(lab, model.Registered, {"kind": "base"}, "model/a", "assessor", **more)

    assert at(days=-90) is None
    assert at(days=-90, micros=-1000) == "event-id-time"
    assert at(days=1) is None
    assert at(days=1, micros=1000) == "event-id-time"


def test_the_expected_version_of_a_stream(lab: Lab) -> None:
    lab.say(model.Registered, {"kind": "base"}, "model/a", "assessor", subject="ab" * 32)
    said = {"of": "model/a", "ratio": "1.5"}
    answers = [asked(lab, model.ComputeReached, said, "model/a", "evaluator", expected_version=n) for n in (0, 1, 2)]
    assert answers == ["version-conflict", None, "version-conflict"]
    new = {"kind": "base"}
    assert asked(lab, model.Registered, new, "model/b", "assessor", subject="ab" * 32, expected_version=0) is None


def test_scopes_are_streams_and_actions(lab: Lab) -> None:
    person(lab, "narrow")
    give(lab, "narrow", "evaluator", streams=["model/a"])
    lab.register("narrow", signer("narrow"))
    for stream in ("model/a", "model/ab", "model/a/1"):
        lab.say(model.Registered, {"kind": "base"}, stream, "assessor", subject="ab" * 32)
    said = {"of": "model/a", "ratio": "1.5"}
    answers = [asked(lab, model.ComputeReached, said, s, "narrow") for s in ("model/a", "model/a/1", "model/ab")]
    assert answers == [None, None, "scope-mismatch"]
    assert all(s.endswith("/") for s in STREAMS)


def test_a_determination_speaks_only_for_models_in_scope(ready: Lab) -> None:
    ready.say(model.Registered, {"kind": "base"}, "model/b", "assessor", subject="ab" * 32)
    person(ready, "narrow")
    give(ready, "narrow", "assessor", streams=["model/a"])
    ready.register("narrow", signer("narrow"))
    said = {
        "evidence": [], "framework": pack_digest(shipped(PACK)), "made": "role", "precautionary": False, "review_by": None,
        "state": "below", "subjects": ["model/a"], "threshold": "CBRN-3",
    }  # fmt: skip
    assert asked(ready, threshold.Determined, said, "model/a", "narrow") is None
    both = {**said, "subjects": ["model/a", "model/b"]}
    assert asked(ready, threshold.Determined, both, "model/a", "narrow") == "scope-mismatch"
    assert asked(ready, threshold.Determined, both, "model/a", "assessor") is None


def test_informing_is_of_something_on_this_model(ready: Lab) -> None:
    ready.say(model.Registered, {"kind": "base"}, "model/b", "assessor", subject="ab" * 32)
    said = {
        "action": "external_deploy", "artifact": "ab" * 32, "audience": "general", "evidence": [], "facts": {}, "hosts": [],
        "jurisdictions": [], "packs": [pack_digest(shipped(PACK))], "surfaces": [],
    }  # fmt: skip
    of = ready.say(action.Requested, said, "model/a", "deployer").digest
    told = {"body": "BOARD", "documents": [], "of": of}
    assert asked(ready, body.Informed, told, "model/a", "deployer") is None
    assert asked(ready, body.Informed, told, "model/b", "deployer") == "request-unknown"


def test_a_token_lives_a_year_at_most(lab: Lab) -> None:
    said = {"audience": "page", "id": "a" * 26, "scopes": ["status:read"]}

    def until(**later: int) -> str | None:
        return asked(lab, token.Issued, {**said, "expires_at": shift(lab.time, **later)}, "ledger", "key-admin-1")

    assert until(days=365) is None
    assert until(days=365, micros=1) == "token-too-long"
    assert until() == "token-too-long"
    assert asked(lab, token.Revoked, {"id": "b" * 26}, "ledger", "key-admin-1") == "token-unknown"
