"""Each shipped pack against the facts that it was written from: duties with their clocks, retention, reviews, exceptions."""

from typing import Any

import pytest

from policies.pack import Pack
from policies.pack_duties import Obligation
from tests.policies.extracts import SHIPPED, WHOLE, extract, listed, named_facts, period
from tests.policies.world import shipped

every_pack = pytest.mark.parametrize("stem", SHIPPED)
every_whole_pack = pytest.mark.parametrize("stem", WHOLE)
CLOCKS = {
    "discovery": {"discovered"}, "discovery_of_imminent_risk": {"imminent-known"},
    "aware_of_model_involvement": {"involvement-known"}, "determination_or_reasonable_belief": {"determined-or-believed"},
    "modification": {"effective"}, "update": {"effective"}, "adoption": {"effective"}, "deployment": {"occurred"},
    "placing_on_market": {"occurred", "planned"}, "notification": {"occurred"}, "confirmation": {"occurred"},
    "met_or_known": {"known"}, "awareness": {"known"}, "resolution": {"resolved"}, "original_due": {"due"},
    "determination_date": {"occurred"}, "submission_date": {"occurred"}, "receipt": {"occurred"},
    "not_stated": {"not-stated"},
}  # fmt: skip
"""The facts' clock → ours. A market placement that is planned is counted back from; one that happened, from the day."""


def duty(mine: Obligation, source: dict[str, Any]) -> None:
    assert (mine.trigger, mine.trigger_event) == (source["trigger"], source["trigger_kind"])
    assert mine.not_tracked_reason == source.get("not_tracked_reason")
    assert list(mine.recipients) == listed(source.get("recipient", list(mine.recipients)))
    assert (mine.form, mine.ref) == (source.get("form", mine.form), source.get("ref", mine.ref))
    assert period(mine.every) == source.get("every")
    assert (period(mine.deadline) or mine.promptness) == source.get("deadline")
    assert period(mine.minimum_gap) == source.get("minimum_gap")
    if "clock_start" in source:
        assert mine.clock in CLOCKS[source["clock_start"]]
        if source["clock_start"] == "placing_on_market":
            assert (mine.clock == "planned") == (mine.trigger_event == "action.requested")
    assert (mine.binds, mine.binds_whom, mine.status) == (
        source.get("binds"), source.get("binds_whom"), source.get("status"),
    )  # fmt: skip
    assert (mine.soft, mine.optional, mine.approx) == tuple(
        source.get(k, False) for k in ("soft", "optional", "approx")
    )
    assert {(c.fact, c.comparator, c.value) for c in mine.applies_when} == named_facts(source.get("applies_when", {}))
    owed = source.get("fulfilled")
    assert (None if mine.after is None else (mine.after.pack, mine.after.obligation)) == (
        None if owed is None else (owed["pack"], owed["obligation"])
    )
    assert bool(mine.extends) == (source.get("kind") == "extension")
    assert (mine.or_sooner, mine.alternative) == (source.get("or_sooner"), source.get("alternative"))
    assert (list(mine.also_on), list(mine.exemptions), list(mine.see)) == tuple(
        source.get(k, []) for k in ("also_on", "exemptions", "see")
    )
    for said in (source.get("note"), source.get("warning"), *source.get("sources", ())):
        assert said is None or _plain(said) in _plain(mine.note or "")


def _plain(text: str) -> str:
    """Without what a sentence around it changes."""
    return text.replace("/", " and ").replace(" (secondary source)", "")


@every_whole_pack
def test_a_pack_owes_what_its_facts_owe(stem: str) -> None:
    facts, pack = extract(stem), shipped(stem)
    owed = {o.id: o for o in pack.obligations}
    assert [o.id for o in pack.obligations][: len(facts["obligations"])] == [o["id"] for o in facts["obligations"]]
    for source in facts["obligations"]:
        duty(owed[source["id"]], source)


@every_whole_pack
def test_a_duty_beyond_the_facts_has_its_own_clause(stem: str) -> None:
    facts, pack = extract(stem), shipped(stem)
    told = {o["id"] for o in facts["obligations"]}
    assert all("not noted" not in o.ref for o in pack.obligations if o.id not in told)


@every_whole_pack
def test_a_pack_keeps_and_forbids_what_its_facts_do(stem: str) -> None:
    facts, pack = extract(stem), shipped(stem)
    assert [(r.id, r.ref, period(r.period), r.start, r.content, r.minimum, r.binds_whom) for r in pack.retention] == [
        (r["id"], r["ref"], r["period"], r["from"], r.get("content"), r.get("minimum", False), r.get("binds_whom"))
        for r in facts.get("retention", ())
    ]
    assert [(p.id, p.ref, p.binds_whom, p.summary) for p in pack.prohibitions] == [
        (p["id"], p["ref"], p.get("binds_whom"), p["summary"]) for p in facts.get("prohibitions", ())
    ]
    form = [(f.number, f.title) for f in pack.report_fields if f.of_the_form and f.number is not None]
    if "incident_report_fields" in facts:
        assert form == [(f["n"], f["name"]) for f in facts["incident_report_fields"]]
    scope = facts.get("applies_when")
    assert (pack.scope is None) == (scope is None)
    if pack.scope is not None:
        assert (pack.scope.pack, pack.scope.threshold, list(pack.scope.state_in)) == tuple(
            scope[k] for k in ("pack", "threshold", "state_in")
        )


@every_whole_pack
def test_a_pack_has_the_ways_out_of_its_facts(stem: str) -> None:
    facts, pack = extract(stem), shipped(stem)
    override = any("override" in g for g in facts["gates"])  # a way out that the facts tell at the gate
    for part in ("fallbacks", "exceptions"):
        told = facts.get(part, ())
        mine = getattr(pack, part)
        for way, source in zip(mine, told, strict=False):
            assert (way.id, way.summary) == (source["id"], source["summary"])
            assert (list(way.approved_by), list(way.inform)) == (
                source.get("approved_by", []), source.get("inform", []),
            )  # fmt: skip
            if "conditions" in source:
                assert list(way.conditions) == source["conditions"]
            assert "conditions" in source or all(c in way.summary for c in way.conditions), way.id
        assert len(mine) >= len(told)
        assert len(mine) == len(told) or (part == "exceptions" and override)


def by_rule(pack: Pack, source: dict[str, Any]) -> bool:
    """Whether the pack's own rule for stale determinations says this already."""
    rules = pack.reassess
    if rules is None:
        return False
    age = {"amount": rules.max_age_months, "unit": "month"} == source.get("every")
    return age or (rules.compute_ratio is not None and rules.compute_ratio == str(source.get("value")))


@every_whole_pack
def test_a_pack_looks_again_when_its_facts_do(stem: str) -> None:
    facts, pack = extract(stem), shipped(stem)
    reviews = {r.id: r for r in pack.reviews}
    for source in facts.get("reassessment", ()):
        mine = reviews.get(source["id"])
        if mine is None:
            assert by_rule(pack, source), source["id"]
            continue
        assert (period(mine.every), period(mine.minimum_gap)) == (source.get("every"), source.get("minimum_gap"))
        assert (mine.action, mine.unless) == (source.get("action", mine.action), source.get("unless"))
        if "trigger" in source:
            assert (mine.trigger or "").startswith(", ".join(listed(source["trigger"])))
        if "value" in source:
            assert str(source["value"]) in (mine.trigger or "")
        assert mine.note == source.get("note", mine.note)


@every_pack
def test_every_class_of_incident_is_reported(stem: str) -> None:
    pack = shipped(stem)
    named = {c for o in pack.obligations for c in o.categories}
    assert named == {c.id for c in pack.incident_categories}
    if pack.incident_categories:
        duties = [o for o in pack.obligations if o.trigger_event == "incident.classified" and o.status is None]
        assert all(o.categories for o in duties), "an incident of any class would open every duty"
