"""Effects and ways out: risk accepted by the pack's role, documents approved by roles, exceptions shown (domain.md §5)."""

from typing import Any

import pytest

from ledger.event import Event
from ledger.strict import shift
from policies.answer import Finding, PolicyVerdict
from policies.framework import pack_digest, pack_object, parse_pack
from tests.policies.world import HASH, NOW, World, hexed, shipped

GOOGLE, OPENAI, RSP, RSP3 = "google-deepmind-fsf-3.1", "openai-preparedness-2", "anthropic-rsp-2.2", "anthropic-rsp-3.1"
CRITICAL = ("CBRN-CCL1", "CYBER-CCL1", "MANIP-CCL1", "MLRD-ACCEL-1", "MLRD-AUTO-1")
PAPER = "residual_risk_assessment"


def google() -> World:
    """One critical level reached, nothing secured: further development is gated by accepted risk."""
    world = World(GOOGLE)
    world.model()
    for name in CRITICAL:
        world.determine(name, "ccl_reached" if name == "CYBER-CCL1" else "below")
    return world


def answer(world: World, action: str = "continue_development", **context: Any) -> PolicyVerdict:
    return world.ask(action, **context)[0]


def named(verdict: PolicyVerdict, why: str) -> Finding:
    return next(f for f in verdict.findings if f.why == why)


def test_a_risk_that_nobody_accepted_denies_and_says_whose_word_is_missing() -> None:
    world = google()
    verdict = answer(world)
    assert (verdict.answer, verdict.reasons) == ("deny", ("attestation-missing", "acceptance-missing"))
    assert named(verdict, "acceptance-missing").requirement == f"{PAPER} accepted by GOV"


def test_a_risk_that_the_role_accepted_permits_with_that_condition() -> None:
    world = google()
    world.submit(PAPER)
    accepted = world.confirm(PAPER, role="GOV", verb="accept")
    verdict = answer(world)
    assert (verdict.answer, verdict.conditions) == ("permit_with_conditions", (f"risk-accepted:{accepted.index}",))
    assert named(verdict, "accepted").indexes[-1] == accepted.index
    assert {f.state for f in verdict.findings if f.why == "attestation-missing"} == {"unmet"}  # still shown


@pytest.mark.parametrize("how", ["verb", "role", "holder", "submitter", "tainted", "back-recorded", "newer paper"])
def test_what_is_no_acceptance(how: str) -> None:
    world = google()
    sent = world.submit(PAPER)
    role, verb, who = "GOV", "accept", "confirmer"
    match how:
        case "verb":
            verb = "approve"
        case "role":
            role = "OTHER"
        case "holder":
            who = "passer-by"
        case "submitter":
            who = "writer"
            world.empower("writer", "approver", "GOV")
        case "tainted":
            world.state.put("taint", hexed("confirmer"), 0)
        case "back-recorded":
            world.back_recorded = True
    world.empower("confirmer", "approver", "GOV")
    body = {
        "digest": "sha256:" + HASH,
        "document": {"index": sent.index, "leaf": sent.leaf},
        "role": role,
        "verb": verb,
    }
    world.say("document.confirmed", body, sent.stream, who)
    world.back_recorded = False
    if how == "newer paper":
        world.submit(PAPER)
    verdict = answer(world)
    assert verdict.answer == "deny"
    assert named(verdict, "acceptance-missing").state == "unknown"


def test_a_role_lost_later_takes_no_acceptance_back_and_one_given_later_heals_none() -> None:
    world = google()
    world.document(PAPER, role="GOV", verb="accept")
    world.state.put("packrole", f"{GOOGLE}|GOV|confirmer", None)
    assert answer(world).answer == "permit_with_conditions"
    late = google()
    sent = late.submit(PAPER)
    said = {
        "digest": "sha256:" + HASH,
        "document": {"index": sent.index, "leaf": sent.leaf},
        "role": "GOV",
        "verb": "accept",
    }
    late.say("document.confirmed", said, sent.stream, "head")
    late.empower("head", "approver", "GOV")
    assert answer(late).answer == "deny"


def test_who_accepts_a_risk_accepts_what_is_known_then() -> None:
    """A careless engine lets an old signature cover the danger that was found after it."""
    world = google()
    world.document(PAPER, role="GOV", verb="accept")
    assert answer(world).answer == "permit_with_conditions"
    found = world.determine("CBRN-CCL1", "ccl_reached")
    verdict = answer(world)
    assert verdict.answer == "deny"
    assert found.index in named(verdict, "acceptance-outdated").indexes
    world.confirm(PAPER, role="GOV", verb="accept")
    assert answer(world).answer == "permit_with_conditions"


def test_an_open_question_is_not_accepted_with_the_risk() -> None:
    world = google()
    world.determine("MLRD-AUTO-1", "below", review_by=shift(NOW, days=-1))
    world.document(PAPER, role="GOV", verb="accept")
    verdict = answer(world)
    assert (verdict.answer, "determination-review-due" in verdict.reasons) == ("undetermined", True)


def test_a_lapsed_claim_is_accepted_like_one_never_made() -> None:
    """Else removing the attestation would open the gate."""
    world = google()
    world.attest("SECURITY", until=shift(NOW, days=-1))
    assert answer(world).answer == "undetermined"
    world.document(PAPER, role="GOV", verb="accept")
    assert answer(world).answer == "permit_with_conditions"


def asking_for(kind: str) -> World:
    """The same danger under a version of that framework whose gate asks for a report too."""
    world = World(GOOGLE, adopt=False)
    value = pack_object(world.pack)
    gates = [{**g, "requires_documents": [kind]} if g["id"] == "G-DEV" else g for g in value["gates"]]
    world.pack = parse_pack({**value, "gates": gates, "documents": sorted({*value["documents"], kind})})
    world.digest = pack_digest(world.pack)
    for name, body in world.adoption():
        world.say(name, body, f"framework/{GOOGLE}")
    world.model()
    for name in CRITICAL:
        world.determine(name, "ccl_reached" if name == "CYBER-CCL1" else "below")
    world.document(PAPER, role="GOV", verb="accept")
    return world


def test_a_risk_that_nobody_described_is_not_accepted() -> None:
    """Nor would a report that nobody confirmed be worse than none."""
    world = asking_for("safety_case")
    assert answer(world).answer == "deny"
    world.submit("safety_case")
    assert answer(world).answer == "undetermined"
    world.confirm("safety_case", role="GOV", verb="confirm")
    assert answer(world).answer == "permit_with_conditions"


def test_who_accepts_in_the_report_that_is_asked_for_need_not_confirm_it_too() -> None:
    assert answer(asking_for(PAPER)).answer == "permit_with_conditions"


def marginal(*roles: str) -> PolicyVerdict:
    world = World(RSP3)
    world.model()
    world.document("risk_report")
    for role in roles:
        world.confirm("risk_report", role=role, verb="approve")
    return answer(world, "train", facts=(("marginal_risk_analysis_plays_major_role", "true"), ("scenario", "none")))


@pytest.mark.parametrize(("roles", "missing"), [((), 2), (("BOARD",), 1), (("BOARD", "LTBT"), 0)])
def test_each_role_approves_the_document(roles: tuple[str, ...], missing: int) -> None:
    verdict = marginal(*roles)
    found = [f for f in verdict.findings if f.requirement.startswith("risk_report approved by")]
    assert [f.state for f in found].count("unmet") == missing
    assert len(found) == 2
    assert verdict.answer == ("deny" if missing else "permit")


PROOF = {"digest": "sha256:" + HASH, "label": "study", "media_type": "text/plain", "size": 1}


def invoked(world: World, name: str, by: tuple[str, ...] = ("decider", "second"), **changed: Any) -> Event:
    declared = next(e for e in world.pack.exceptions if e.id == name)
    body = {
        "exception": name, "framework": world.digest, "reason": "shown below",
        "shown": [{"condition": c, "evidence": [PROOF]} for c in declared.conditions],
    }  # fmt: skip
    event = world.event("exception.invoked", {**body, **changed}, by=by[0])
    return world.fold(event, by)


def openai() -> World:
    world = World(OPENAI)
    world.model()
    for t in world.pack.thresholds:
        if not t.id.endswith("CRITICAL"):
            world.determine(t.id, "crossed" if t.id == "SELF-HIGH" else "below")
        else:
            world.determine(t.id, "below")
    return world


def test_an_exception_of_the_pack_with_all_its_conditions_shown() -> None:
    world = openai()
    assert answer(world).answer == "deny"
    used = invoked(world, "X-MARGINAL")
    verdict = answer(world)
    assert (verdict.answer, verdict.conditions) == ("permit_with_conditions", (f"exception:X-MARGINAL:{used.index}",))
    assert "exception" in verdict.reasons
    assert {f.state for f in verdict.findings if f.why == "attestation-missing"} == {"unmet"}


@pytest.mark.parametrize(
    "how", ["one person", "ended", "a condition left out", "no evidence", "another request", "no conditions"]
)
def test_what_is_no_exception(how: str) -> None:
    world = openai()
    shown = [
        {"condition": c, "evidence": [PROOF]}
        for c in next(e for e in world.pack.exceptions if e.id == "X-MARGINAL").conditions
    ]
    match how:
        case "one person":
            invoked(world, "X-MARGINAL", by=("decider",))
        case "ended":
            invoked(world, "X-MARGINAL", valid_until=shift(NOW, micros=-1))
        case "a condition left out":
            invoked(world, "X-MARGINAL", shown=shown[1:])
        case "no evidence":
            invoked(world, "X-MARGINAL", shown=[{**s, "evidence": []} for s in shown])
        case "another request":
            invoked(world, "X-MARGINAL", request=world.ask_to("external_deploy").digest)
        case _:
            invoked(world, "X-FASTTRACK")
    assert answer(world).answer == "deny"


def test_an_exception_is_no_way_past_a_standard_nobody_wrote() -> None:
    world = openai()
    world.determine("SELF-CRITICAL", "crossed")
    invoked(world, "X-MARGINAL")
    verdict = answer(world)
    assert (verdict.answer, "standard-undefined" in verdict.reasons) == ("deny", True)


def test_an_exception_of_one_pack_leaves_another_as_it_is() -> None:
    world = openai()
    world.bring(GOOGLE, adopt=True)
    with world.speaking_of(GOOGLE):
        for name in CRITICAL:
            world.determine(name, "ccl_reached")
    invoked(world, "X-MARGINAL")
    verdict = answer(world)
    assert verdict.answer == "deny"
    assert {f.pack for f in verdict.findings if f.state == "unmet"} == {OPENAI, GOOGLE}


@pytest.mark.parametrize(
    "effect", ["block", "delay", "penalty", "statutory_violation", "pause_training", "halt_development"]
)
def test_every_stopping_effect_denies_what_is_unmet_and_leaves_open_what_is_unknown(effect: str) -> None:
    value = pack_object(shipped(RSP))
    gates = [g if g["id"] not in ("G-WEIGHTS", "G-BASELINE") else {**g, "effect": effect} for g in value["gates"]]
    world = World(RSP, gates=gates)
    world.model()
    for t in world.pack.thresholds:
        world.determine(t.id, "below")
    assert answer(world, "release_weights").answer == "undetermined"  # G-BASELINE, where nothing shows a danger
    world.determine("CBRN-3", "crossed")
    assert answer(world, "release_weights").answer == "deny"
