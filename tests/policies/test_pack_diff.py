"""The diff of two packs: dropped numbers and gates are seen at once, and nothing that grew weaker passes for anything else."""

from itertools import permutations
from typing import Any

import msgspec
import pytest

from policies.pack import Pack
from policies.pack_compare import STRICTNESS, Kind
from policies.pack_diff import KINDS, Change, counts, diff_packs, is_weaker, line
from policies.pack_duties import Obligation, Period, Retention, Review
from policies.pack_gate import Acceptance, Condition, Effect, Gate, When
from policies.pack_parts import Fallback, Role, Safeguard, SafeguardSet, Threshold
from policies.pack_tables import LISTED, PARTS, WHOLE
from tests.policies.extracts import SHIPPED
from tests.policies.world import shipped

XAI, RSP, META, FSF = "xai-faif-2025-12-30", "anthropic-rsp-2.2", "meta-aasf-2.0", "google-deepmind-fsf-3.1"
EU = "eu-gpai-cop-safety-security"
TOLD = {"id", "ref", "note", "sourced", "see", "title", "filled_by", "number", "of_the_form"}
"""What names, places or explains a clause, and demands nothing."""


def test_xai_dropped_both_numbers_and_a_reader_sees_them_first() -> None:
    found = diff_packs(shipped(XAI), shipped("xai-faif-2026-06-30"))
    assert [(c.kind, c.part, c.id) for c in found[:2]] == [
        ("vanished", "numbers", "RESTRICTED-ANSWER-RATE"), ("vanished", "numbers", "MASK-DISHONESTY"),
    ]  # fmt: skip
    assert "answer_rate_restricted_queries < 0.05 decides" in found[0].before
    assert "mask_dishonesty_rate < 0.5 decides" in found[1].before
    assert {c.after for c in found[:2]} == {"absent"}
    assert is_weaker(found)


def test_rsp_3_0_dropped_every_gate_of_2_2_and_a_reader_sees_them_first() -> None:
    old = shipped(RSP)
    found = diff_packs(old, shipped("anthropic-rsp-3.0"))
    gates = found[: len(old.gates)]
    assert {(c.kind, c.part) for c in gates} == {("vanished", "gates")}
    assert [c.id for c in gates] == [g.id for g in old.gates]
    assert all(c.ref_before == g.ref for c, g in zip(gates, old.gates, strict=True))


@pytest.mark.parametrize("stem", SHIPPED)
def test_a_pack_does_not_differ_from_itself(stem: str) -> None:
    assert diff_packs(shipped(stem), shipped(stem)) == ()
    assert not is_weaker(())


REVERSED: dict[Kind, set[Kind]] = {
    "vanished": {"added"}, "added": {"vanished"}, "stronger": {"weaker"}, "weaker": {"stronger", "changed"},
    "changed": {"changed", "weaker"},
}  # fmt: skip


@pytest.mark.parametrize("stem", SHIPPED)
def test_the_way_back_says_the_opposite(stem: str) -> None:
    """A change that is no gain one way and no loss the other way would pass for nothing."""
    for one, another in permutations((stem, XAI, FSF), 2):
        there, back = diff_packs(shipped(one), shipped(another)), diff_packs(shipped(another), shipped(one))
        again = {(c.part, c.id, c.what, c.before, c.after): c for c in back if c.part != "pack"}
        for change in (c for c in there if c.part != "pack"):
            mirrored = again[change.part, change.id, change.what, change.after, change.before]
            assert mirrored.kind in REVERSED[change.kind], (change, mirrored)
        assert list(there) == sorted(there, key=lambda c: KINDS.index(c.kind))
        assert sum(counts(there).values()) == len(there)


def bent(pack: Pack, part: str, name: str, **fields: Any) -> tuple[Change, ...]:
    """The diff to the same pack with other fields in one clause."""
    clauses = tuple(
        msgspec.structs.replace(c, **fields) if c.id == name else c for c in getattr(pack, part)
    )  # fmt: skip
    assert clauses != getattr(pack, part)
    return diff_packs(pack, msgspec.structs.replace(pack, **{part: clauses}))


@pytest.mark.parametrize("stem", SHIPPED)
def test_a_gate_without_one_of_its_demands_is_weaker(stem: str) -> None:
    pack = shipped(stem)
    demands = (
        "actions", "requires_sets", "requires_safeguards", "requires_documents", "requires_metrics", "decision_by",
        "recommendation_by", "approved_by", "inform_before",
    )  # fmt: skip
    for gate in pack.gates:
        for name in demands:
            stood = getattr(gate, name)
            for one in stood:
                (change,) = bent(pack, "gates", gate.id, **{name: tuple(x for x in stood if x != one)})
                assert (change.kind, change.id, change.ref_after) == ("weaker", gate.id, gate.ref)
                assert one in change.before
                assert one not in change.after.split(", ")


@pytest.mark.parametrize("stem", SHIPPED)
@pytest.mark.parametrize("part", PARTS, ids=lambda p: p.name)
def test_a_clause_that_is_gone_is_never_passed_over(stem: str, part: Any) -> None:
    pack = shipped(stem)
    for clause in getattr(pack, part.name):
        left = tuple(c for c in getattr(pack, part.name) if c is not clause)
        found = diff_packs(pack, msgspec.structs.replace(pack, **{part.name: left}))
        gone = [c for c in found if (c.part, c.id, c.what) == (part.name, clause.id, "")]
        assert [c.kind for c in gone] == [part.lost]
        assert {c.id for c in found} == {clause.id}
        back = diff_packs(msgspec.structs.replace(pack, **{part.name: left}), pack)
        assert [c.kind for c in back if (c.part, c.what) == (part.name, "")] == [part.gained]


def fact(limit: str, comparator: Any = ">=", name: str = "ratio") -> Condition:
    return Condition(comparator=comparator, fact=name, value=limit)


# pack, part, clause, the fields before, after, what they make of it
BENT: list[tuple[str, str, str, dict[str, Any], dict[str, Any], Kind]] = [
    (RSP, "gates", "G-WEIGHTS", {}, {"effect": "non_conformance"}, "weaker"),
    (RSP, "gates", "G-WEIGHTS", {}, {"effect": "delay"}, "changed"),
    (RSP, "gates", "G-STORE-ASL3", {}, {"effect": "block"}, "stronger"),
    (RSP, "gates", "G-CBRN4", {}, {"effect": "block"}, "weaker"),
    (RSP, "gates", "G-WEIGHTS", {}, {"when": When(any_of=("CBRN-3",), state_in=("crossed",))}, "weaker"),
    (RSP, "gates", "G-WEIGHTS", {}, {"when": When(any_of=("CBRN-3", "AIRD-4"), state_in=("not_ruled_out", "crossed"))}, "stronger"),
    (RSP, "gates", "G-WEIGHTS", {}, {"when": When(always=True)}, "stronger"),
    (RSP, "gates", "G-WEIGHTS", {}, {"when": When(any_of=("CBRN-3",), state_in=("not_ruled_out", "crossed"), facts=(fact("1"),))}, "weaker"),
    (RSP, "gates", "G-WEIGHTS", {}, {"when": When(all_of_kind="capability", state="below")}, "changed"),
    (RSP, "gates", "G-BASELINE", {}, {"when": When(facts=(fact("1"),))}, "weaker"),
    (RSP, "gates", "G-TRAIN", {"when": When(facts=(fact("1"),))}, {"when": When(facts=(fact("4"),))}, "weaker"),
    (RSP, "gates", "G-TRAIN", {"when": When(facts=(fact("1"),))}, {"when": When(facts=(fact("0.5"),))}, "stronger"),
    (RSP, "gates", "G-TRAIN", {"when": When(facts=(fact("1", "<"),))}, {"when": When(facts=(fact("0.5", "<"),))}, "weaker"),
    (RSP, "gates", "G-TRAIN", {"when": When(facts=(fact("1"),))}, {"when": When(facts=(fact("1", name="other"),))}, "changed"),
    (RSP, "gates", "G-TRAIN", {}, {"condition": None}, "weaker"),
    (RSP, "gates", "G-TRAIN", {}, {"condition": "in other words"}, "changed"),
    (FSF, "gates", "G-DEV", {"acceptance": None}, {"acceptance": Acceptance("safety_case", "GOV")}, "weaker"),
    (FSF, "gates", "G-DEV", {}, {"acceptance": None}, "stronger"),
    (FSF, "thresholds", "MLRD-AUTO-1", {}, {"security_level": None}, "weaker"),
    (FSF, "thresholds", "MLRD-AUTO-1", {}, {"exploratory": True}, "weaker"),
    (FSF, "thresholds", "MLRD-AUTO-1", {}, {"requires_sets": ("SECURITY",)}, "weaker"),
    (FSF, "sets", "SECURITY", {}, {"safeguards": ()}, "changed"),
    (FSF, "sets", "MISUSE-MITIGATION", {}, {"safeguards": ("D-SUITE", "D-ROBUSTNESS")}, "weaker"),
    (FSF, "sets", "MISUSE-MITIGATION", {}, {"safeguards": ("D-SUITE", "D-CASE")}, "weaker"),
    (FSF, "sets", "MISUSE-MITIGATION", {}, {"safeguards": ("D-SUITE", "D-ROBUSTNESS", "D-CASE")}, "changed"),
    (FSF, "sets", "MISUSE-MITIGATION", {}, {"operator": "claim_per_vector"}, "weaker"),
    (FSF, "roles", "GOV", {}, {"verbs": ("decide", "confirm")}, "weaker"),
    (FSF, "roles", "GOV", {}, {"verbs": ("decide", "accept", "confirm", "oversee")}, "stronger"),
    (RSP, "roles", "RSO", {}, {"verbs": ("decide", "approve", "receive", "accept")}, "changed"),
    (XAI, "exceptions", "X-BENEFIT", {}, {"conditions": ("it is a particular modality or kind of release",)}, "weaker"),
    (RSP, "fallbacks", "INTERIM", {}, {"approved_by": ("RSO",)}, "weaker"),
    (RSP, "levels", "ASL-4", {}, {"undefined": False}, "changed"),
]  # fmt: skip


@pytest.mark.parametrize("row", BENT, ids=lambda r: f"{r[1]} {r[2]} {'/'.join(r[4])} {r[5]}")
def test_one_field_bent(row: Any) -> None:
    stem, part, name, first, then, kind = row
    pack = shipped(stem)
    if first:
        clauses = tuple(msgspec.structs.replace(c, **first) if c.id == name else c for c in getattr(pack, part))
        pack = msgspec.structs.replace(pack, **{part: clauses})
    (change,) = bent(pack, part, name, **then)
    assert (change.kind, change.part, change.id) == (kind, part, name), change


def of(amount: int, unit: Any) -> Period:
    return Period(amount, unit)


PERIODS: list[tuple[Period | None, Period | None, Kind]] = [
    (of(15, "day"), of(30, "day"), "weaker"),
    (of(15, "day"), of(72, "hour"), "stronger"),
    (of(15, "day"), None, "weaker"),
    (None, of(15, "day"), "stronger"),
    (of(1, "year"), of(2, "year"), "weaker"),
    (of(1, "year"), of(11, "month"), "stronger"),
    (of(1, "year"), of(12, "month"), "changed"),
    (of(1, "quarter"), of(4, "month"), "weaker"),
    (of(30, "day"), of(1, "month"), "changed"),
    (of(30, "day"), of(2, "month"), "weaker"),
    (of(5, "day"), of(5, "business_day"), "weaker"),
    (of(5, "business_day"), of(6, "day"), "changed"),
    (of(5, "business_day"), of(5, "day"), "stronger"),
    (of(-30, "day"), of(-10, "day"), "weaker"),
    (of(-1, "day"), of(1, "day"), "weaker"),
    (of(-1, "month"), of(-60, "day"), "stronger"),
]
"""A negative period lies before the event: nearer to it is later."""


@pytest.mark.parametrize(("before", "after", "kind"), PERIODS)
def test_a_longer_period_is_weaker(before: Period | None, after: Period | None, kind: Kind) -> None:
    pack = shipped(XAI)
    duty = msgspec.structs.replace(pack.obligations[0], deadline=before)
    pack = msgspec.structs.replace(pack, obligations=(duty,))
    (change,) = bent(pack, "obligations", duty.id, deadline=after)
    assert (change.kind, change.what) == (kind, "deadline")


def test_a_shorter_retention_is_weaker() -> None:
    pack = shipped(EU)
    kept = pack.retention[0]
    (change,) = bent(pack, "retention", kept.id, period=of(kept.period.amount - 1, kept.period.unit))
    assert change.kind == "weaker"


DUTY: list[tuple[dict[str, Any], dict[str, Any], Kind]] = [
    ({"recipients": ("A", "B")}, {"recipients": ("A",)}, "weaker"),
    ({"soft": False}, {"soft": True}, "weaker"),
    ({"optional": True}, {"optional": False}, "stronger"),
    ({"imminent": False}, {"imminent": True}, "weaker"),
    ({"actions": ()}, {"actions": ("train",)}, "weaker"),
    ({"actions": ("train",)}, {"actions": ()}, "stronger"),
    ({"actions": ("train",)}, {"actions": ("store_weights",)}, "changed"),
    ({"applies_when": ()}, {"applies_when": (fact("1"),)}, "weaker"),
    ({"exemptions": ("one",)}, {"exemptions": ()}, "stronger"),
    ({"promptness": "promptly"}, {"promptness": None}, "weaker"),
    ({"every": of(6, "month")}, {"every": of(1, "year")}, "weaker"),
    ({"clock": "known"}, {"clock": "occurred"}, "changed"),
    ({"form": "report"}, {"form": "letter"}, "changed"),
]


@pytest.mark.parametrize(("before", "after", "kind"), DUTY)
def test_a_duty_that_asks_less_is_weaker(before: dict[str, Any], after: dict[str, Any], kind: Kind) -> None:
    pack = shipped(XAI)
    duty = msgspec.structs.replace(pack.obligations[0], **before)
    pack = msgspec.structs.replace(pack, obligations=(duty, *pack.obligations[1:]))
    (change,) = bent(pack, "obligations", duty.id, **after)
    assert change.kind == kind


def numbered(stem: str, name: str, **fields: Any) -> tuple[Change, ...]:
    """The diff to the same pack with another number at one threshold, in its rule too."""
    pack = shipped(stem)
    watched = pack.threshold(name)
    assert watched is not None
    rule = None if watched.rule is None else msgspec.structs.replace(watched.rule, **fields)
    said = msgspec.structs.replace(watched.determination, **fields)
    return bent(pack, "thresholds", name, determination=said, rule=rule)


@pytest.mark.parametrize(
    ("stem", "name", "fields", "kind"),
    [
        (XAI, "RESTRICTED-ANSWER-RATE", {"value": "0.1"}, "weaker"),  # must hold: a wider limit accepts more
        (XAI, "RESTRICTED-ANSWER-RATE", {"value": "0.01"}, "stronger"),
        (XAI, "RESTRICTED-ANSWER-RATE", {"comparator": "<="}, "changed"),
        (META, "CYBER-1", {"value": "0.9"}, "weaker"),  # triggers: a higher limit is reached later
        (META, "CYBER-1", {"value": "0.5"}, "stronger"),
        (RSP, "AIRD-5", {"value": "2000"}, "weaker"),
    ],
)
def test_a_number_is_weaker_where_it_accepts_more_or_is_reached_later(
    stem: str, name: str, fields: dict[str, str], kind: Kind
) -> None:
    (change,) = numbered(stem, name, **fields)
    assert (change.part, change.id, change.kind) == ("numbers", name, kind)


def test_a_number_of_which_another_thing_is_said_shows_what() -> None:
    (change,) = diff_packs(shipped("anthropic-rsp-3.3"), shipped("anthropic-rsp-3.4"))[:1]
    assert (change.part, change.kind) == ("numbers", "changed")
    assert change.before != change.after
    assert change.after.startswith("rate_of_progress_multiple_attributable_to_ai >= 2 (")


def test_no_change_shows_the_same_on_both_sides() -> None:
    for one, another in permutations(SHIPPED, 2):
        for change in diff_packs(shipped(one), shipped(another)):
            assert change.before != change.after, (one, another, change)


def test_a_number_that_no_longer_decides_is_weaker() -> None:
    (change,) = bent(shipped(XAI), "thresholds", "MASK-DISHONESTY", rule=None)
    assert (change.part, change.what, change.kind, change.before, change.after) == (
        "numbers", "decides by rule", "weaker", "yes", "no",
    )  # fmt: skip


def test_another_metric_is_one_number_gone_and_one_added() -> None:
    found = numbered(XAI, "MASK-DISHONESTY", metric="flattery_rate")
    assert [(c.part, c.kind) for c in found] == [("numbers", "vanished"), ("numbers", "added")]


def test_what_stands_once_in_a_pack_is_compared_too() -> None:
    pack = shipped(RSP)
    assert pack.reassess is not None
    for fields, kind in (
        ({"reassess": None}, "vanished"),
        ({"reassess": msgspec.structs.replace(pack.reassess, max_age_months=12)}, "weaker"),
        ({"reassess": msgspec.structs.replace(pack.reassess, compute_ratio="2")}, "stronger"),
        ({"quorum": 3}, "stronger"),
        ({"quorum_units": 2}, "stronger"),
        ({"style": "reasoned_case"}, "changed"),
        ({"change_control": None}, "vanished"),
        ({"determination_rule": None}, "weaker"),
    ):
        (change,) = diff_packs(pack, msgspec.structs.replace(pack, **fields))
        assert (change.part, change.kind) == ("pack", kind), change
    (lost,) = diff_packs(shipped(XAI), msgspec.structs.replace(shipped(XAI), statutory=None))
    assert (lost.kind, lost.what) == ("vanished", "statutory")
    assert "us-ca-sb53" in lost.before


def test_a_presumed_clause_is_marked_as_presumed() -> None:
    found = diff_packs(shipped("xai-rmf-2025-08-20"), shipped("xai-faif-2026-06-30"))
    (way_out,) = (c for c in found if c.part == "exceptions")
    assert (way_out.sourced_before, way_out.sourced_after) == ("presumed", None)
    assert line(way_out).endswith("[presumed] → absent")
    (metrics,) = (c for c in found if (c.id, c.what) == ("G-DEPLOY", "requires metrics"))
    assert (metrics.sourced_before, metrics.sourced_after) == ("presumed", "primary")
    assert "MASK-DISHONESTY [presumed] → RISK-CBRN" in line(metrics)
    (number, *_) = found
    assert "[" not in line(number), "its difference says that it was read"


def test_references_and_notes_are_no_change() -> None:
    pack = shipped(XAI)
    gates = tuple(
        msgspec.structs.replace(g, ref="elsewhere", note="said otherwise", sourced="presumed") for g in pack.gates
    )
    assert diff_packs(pack, msgspec.structs.replace(pack, gates=gates, notes=())) == ()


COMPARED: dict[type, set[str]] = {
    Gate: {"when"}, Threshold: {"determination", "rule"}, SafeguardSet: {"safeguards", "operator"}, Safeguard: set(),
    Obligation: set(), Role: {"verbs"}, Retention: set(), Review: set(), Fallback: set(),
}  # fmt: skip
"""Fields that something else than the part's table compares."""


@pytest.mark.parametrize(("kind", "apart"), COMPARED.items(), ids=lambda x: getattr(x, "__name__", ""))
def test_no_field_of_a_clause_is_forgotten(kind: type, apart: set[str]) -> None:
    names = {f.name for f in msgspec.structs.fields(kind)}
    tables = [set(p.fields) for p in PARTS if set(p.fields) <= names]
    assert any(names - TOLD - apart == table - TOLD for table in tables), names - TOLD - apart


def test_no_part_of_a_pack_is_forgotten() -> None:
    names = {f.name for f in msgspec.structs.fields(Pack)}
    of_the_version = {
        "id", "title", "publisher", "version", "in_force_from", "in_force_until", "supersedes", "superseded_by", "source",
        "base", "notes",
    }  # fmt: skip
    assert names == {p.name for p in PARTS} | set(WHOLE) | set(LISTED) | of_the_version


def test_every_effect_has_its_strictness() -> None:
    assert set(STRICTNESS) == set(Effect.__args__)  # type: ignore[attr-defined]  # the literals of the effect
