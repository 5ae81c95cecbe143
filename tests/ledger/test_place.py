"""Where a statement may stand: every window at its edge, references at every depth, streams by kind. `admit` runs it, so does replay."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.events import action, approval, model, principal
from ledger.fields import Reference
from ledger.place import (
    DECISION_TYPES,
    ID_FUTURE_MS,
    ID_PAST_MS,
    SKEW_AHEAD_US,
    SKEW_BEHIND_US,
    EntryPlace,
    _referring,
    place_refusal,
    references,
)
from ledger.reasons import Reason, Refused
from ledger.registry import BODIES
from ledger.statement import parse_statement, stream_subject
from ledger.strict import format_uuid7, micros, shift
from tests.ledger.test_replay import asked
from tests.ledger.test_statement import REFERENCES
from tests.simulator import KEY_ADMINS, Lab

BASE = {"kind": "base"}


@pytest.fixture(scope="module")
def lab() -> Lab:
    lab = Lab()
    lab.say(model.Registered, BASE, "model/known", "assessor", subject="ab" * 32)
    return lab


def refusal(
    lab: Lab, body_type: Any, body: dict[str, Any], stream: str, by: str = "assessor", **options: Any
) -> Reason | None:
    """The rule of place that a statement for this place breaks."""
    at = options.pop("recorded_at", lab.time)
    payload = lab.write(body_type, body, stream, by, **options).envelope.payload
    found = place_refusal(
        lab.replay.state, options.get("index", len(lab.entries)), at, parse_statement(payload, body_type)
    )
    assert found is None or isinstance(found, Refused)
    return found.reason if found is not None else None


# -- time ----------------------------------------------------------------------------------------------------------------


def event_id(lab: Lab, drift_ms: int) -> str:
    return format_uuid7(micros(lab.time) // 1000 + drift_ms, b"fictional!")


@pytest.mark.parametrize(
    ("drift", "reason"),
    [
        (-ID_PAST_MS - 1, Reason.EVENT_ID_TIME),
        (-ID_PAST_MS, None),
        (0, None),
        (ID_FUTURE_MS, None),
        (ID_FUTURE_MS + 1, Reason.EVENT_ID_TIME),
    ],
)
def test_the_window_of_event_ids(lab: Lab, drift: int, reason: Reason | None) -> None:
    more = {"subject": "ab" * 32, "event_id": event_id(lab, drift)}
    assert refusal(lab, model.Registered, BASE, "model/new", **more) is reason
    assert refusal(lab, model.Registered, BASE, "model/new", **more, back_recorded=True) is None


@pytest.mark.parametrize("member", ["occurred_at", "known_at"])
@pytest.mark.parametrize(
    ("drift", "reason"), [(SKEW_AHEAD_US + 1, Reason.CLOCK_SKEW), (SKEW_AHEAD_US, None), (-(10**13), None)]
)
def test_nothing_occurs_ahead_of_its_record(lab: Lab, member: str, drift: int, reason: Reason | None) -> None:
    more = {"subject": "ab" * 32, member: shift(lab.time, micros=drift)}
    assert refusal(lab, model.Registered, BASE, "model/new", **more) is reason


@pytest.mark.parametrize(("drift", "reason"), [(-SKEW_BEHIND_US - 1, Reason.CLOCK_SKEW), (-SKEW_BEHIND_US, None)])
def test_a_decision_of_yesterday_is_history(lab: Lab, drift: int, reason: Reason | None) -> None:
    body = {"approval": "ab" * 32, "request": "ab" * 32}
    assert approval.Withdrawn.event.name in DECISION_TYPES
    more: dict[str, Any] = {"occurred_at": shift(lab.time, micros=drift), "subject": "ab" * 32}
    found = refusal(lab, approval.Withdrawn, {**body, "reason": "x"}, "model/known", "approver-1", **more)
    assert found is reason
    assert (
        refusal(lab, model.ComputeReached, {"of": "model/known", "ratio": "1"}, "model/known", "evaluator", **more)
        is None
    )


def test_every_decision_type_is_a_type() -> None:
    assert {b.event.name for b in BODIES} >= DECISION_TYPES


# -- audience, stream, subject, version ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stream", "reason"),
    [
        ("model/new", None),
        ("model/", Reason.STREAM_MISMATCH),
        ("model", Reason.STREAM_MISMATCH),
        ("ledger", Reason.STREAM_MISMATCH),
        ("models/new", Reason.STREAM_MISMATCH),
        ("framework/new", Reason.STREAM_MISMATCH),
        ("model/known", Reason.SUBJECT_MISMATCH),
    ],
)
def test_streams_by_kind(lab: Lab, stream: str, reason: Reason | None) -> None:
    assert refusal(lab, model.Registered, BASE, stream, subject="ab" * 32) is reason


@pytest.mark.parametrize(
    ("subject", "reason"),
    [("ab" * 32, None), ("cd" * 32, Reason.SUBJECT_MISMATCH), (stream_subject("model/known"), Reason.SUBJECT_MISMATCH)],
)
def test_a_streams_subject_is_fixed(lab: Lab, subject: str, reason: Reason | None) -> None:
    said = {"of": "model/known", "ratio": "1"}
    assert refusal(lab, model.ComputeReached, said, "model/known", "evaluator", subject=subject) is reason
    assert (
        refusal(lab, model.ComputeReached, said, "model/unknown", "evaluator", subject=subject)
        is Reason.SUBJECT_UNKNOWN
    )


def test_outside_models_the_streams_name_is_the_subject(lab: Lab) -> None:
    said = {"id": "x", "kind": "person", "unit": "u"}
    assert refusal(lab, principal.Registered, said, "ledger", *KEY_ADMINS[:1]) is None
    assert (
        refusal(lab, principal.Registered, said, "ledger", KEY_ADMINS[0], subject="ab" * 32) is Reason.SUBJECT_MISMATCH
    )


@pytest.mark.parametrize(
    ("expected", "reason"), [(0, Reason.VERSION_CONFLICT), (1, None), (2, Reason.VERSION_CONFLICT)]
)
def test_expected_version(lab: Lab, expected: int, reason: Reason | None) -> None:
    assert lab.replay.state.get("stream", "model/known") == EntryPlace(1, lab.heads["model/known"][1])
    said = {"of": "model/known", "ratio": "1"}
    found = refusal(
        lab, model.ComputeReached, said, "model/known", "evaluator", subject="ab" * 32, expected_version=expected
    )
    assert found is reason


# -- references ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("index", "right", "reason"),
    [
        (3, True, None),
        (3, False, Reason.REFERENCE_WRONG),
        (9_999, True, Reason.REFERENCE_WRONG),
        (2**53 - 1, False, Reason.REFERENCE_WRONG),
    ],
)
def test_a_reference_names_index_and_leaf(lab: Lab, index: int, *, right: bool, reason: Reason | None) -> None:
    known = lab.replay.state.get("entry", str(index))
    leaf = known.leaf if right and known is not None else "0" * 64
    more = {"subject": "ab" * 32, "causes": ({"index": index, "leaf": leaf},)}
    assert refusal(lab, model.Registered, BASE, "model/new", **more) is reason


@given(st.lists(REFERENCES, max_size=4))
def test_references_of_a_body_are_all_found(found: list[Reference]) -> None:
    said = {**asked(), "_sd": [], "evidence": msgspec.to_builtins(found)}
    body = msgspec.convert(said, action.Requested, strict=True)
    assert list(references(body)) == list(references(tuple(found))) == found
    assert [r for one in found for r in references(one)] == found


@pytest.mark.parametrize("body_type", BODIES, ids=lambda b: b.event.name)
def test_no_member_that_may_hold_a_reference_is_passed_over(body_type: Any) -> None:
    """The fast walk looks into fewer members than there are: what the JSON schema can reach, it must reach."""
    schema = msgspec.json.schema(body_type)
    reachable = {n for n in schema.get("$defs", {}) if n != body_type.__name__}
    holds = "Reference" in reachable
    assert not holds or _referring(body_type), reachable
    direct = {f.name for f in msgspec.structs.fields(body_type) if "ledger.fields.Reference" in str(f.type)}
    assert direct <= set(_referring(body_type))
