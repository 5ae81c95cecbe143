"""Which decision stands, for which question: scopes, narrowing, supersession, lost approvals and their conditions."""

import pytest

from policies.answer import Request
from policies.standing import in_context
from tests.policies.world import World, hexed

READY = ("register", "determine CBRN-3 below", "determine CBRN-4 below", "determine AUTONOMY-CHECKPOINT below",
         "attest ASL-2-DEPLOYMENT", "attest ASL-2-SECURITY", "document capability_report")  # fmt: skip


def ready(**decision: object) -> World:
    world = World("anthropic-rsp-2.2")
    for line in READY:
        world.tell(line)
    if decision:
        decide(world, **decision)
    return world


def decide(world: World, decision: str = "permit", audience: str = "general", **more: object) -> int:
    """A decision on a scope of one audience, both bodies informed."""
    scope = {"audience": audience, "hosts": ["own"], "surfaces": ["api"]}
    made = world.decide(decision, scope=scope, **more)
    world.inform("BOARD")
    world.inform("LTBT")
    return made.index


def clearance(world: World, **context: object) -> tuple[str, str]:
    found = world.ask("external_deploy", **context)[1]
    return found.answer.value, found.reasons[0]


def test_decided_for_one_audience_is_not_decided_for_another() -> None:
    world = ready(decision="permit")
    assert clearance(world, audience="general") == ("permit", "decided")
    assert clearance(world, audience="partners") == ("undetermined", "decision-out-of-scope")
    assert clearance(world, audience="general", hosts=("elsewhere",)) == ("undetermined", "decision-out-of-scope")
    assert clearance(world, audience="general", jurisdictions=("eu",)) == ("undetermined", "decision-out-of-scope")


def test_opening_to_a_few_does_not_open_what_is_withheld_from_all() -> None:
    world = ready(decision="withhold")
    decide(world, "permit", "partners")
    assert clearance(world, audience="general") == ("deny", "withheld-by-decision")
    assert clearance(world, audience=None) == ("deny", "withheld-by-decision")  # it may mean everyone


def test_a_later_permission_of_the_same_scope_ends_a_withholding() -> None:
    world = ready(decision="withhold")
    decide(world, "permit")
    assert clearance(world) == ("permit", "decided")


def test_withholding_a_part_is_heard_by_a_question_about_the_whole() -> None:
    world = ready(decision="permit")
    decide(world, "withhold")
    assert clearance(world, audience="general", surfaces=("api", "app")) == ("deny", "withheld-by-decision")


def test_a_superseded_decision_stands_for_nothing() -> None:
    world = ready()
    first = decide(world, "permit")
    leaf = world.state.get("entry", str(first)).leaf
    decide(world, "permit", "partners", supersedes={"index": first, "leaf": leaf})
    assert clearance(world, audience="general") == ("undetermined", "decision-out-of-scope")


def test_a_bare_question_is_about_what_was_decided() -> None:
    world = ready(decision="permit")
    found = in_context(world.state, Request("model/m", "external_deploy"), world.at)
    assert (found.audience, found.surfaces, found.hosts) == ("general", ("api",), ("own",))
    stated = Request("model/m", "external_deploy", audience="partners")
    assert in_context(world.state, stated, world.at) == stated


FACTS = {"audience": "general", "facts": {"ratio": "0.5"}, "hosts": ["own"], "surfaces": ["api"]}


def test_a_bare_question_has_the_facts_of_what_was_decided() -> None:
    world = ready()
    made = world.decide("permit", scope=FACTS, valid_until="2026-06-01T00:00:00.000000Z")

    def facts(at: str = world.at, **stated: object) -> tuple[tuple[str, str], ...]:
        return in_context(world.state, Request("model/m", "external_deploy", **stated), at).facts  # type: ignore[arg-type]

    assert facts() == facts(surfaces=("api",)) == (("ratio", "0.5"),)
    assert facts(facts=(("ratio", "0.9"),)) == (("ratio", "0.9"),), "who states facts asks about these"
    assert facts(audience="general") == (), "who states the audience states the facts"
    assert facts(hosts=("elsewhere",)) == (), "it is about more than was decided"
    assert facts("2026-06-02T00:00:00.000000Z") == (), "the decision has lapsed"
    world.state.put("taint", hexed("deployer"), 0)
    assert facts() == (), f"the key of the request of {made.index} is compromised"


def test_evidence_for_another_host_does_not_answer_for_the_one_decided() -> None:
    world = ready(decision="permit")
    world.tell("wait 31")  # past the attestations for the host `own`
    world.attest("ASL-2-DEPLOYMENT", host="elsewhere")
    world.attest("ASL-2-SECURITY", host="elsewhere")
    verdict, found = world.ask("external_deploy", audience=None)
    assert verdict.answer == "undetermined"
    assert "attestation-out-of-scope" in verdict.reasons
    assert found.answer == "undetermined"


def test_a_decision_is_not_that_of_a_framework_adopted_later() -> None:
    """All that RSP 2.2 asks for is shown and its bodies are told; its CEO and RSO never decided. What binds now clears anew."""
    world = World("xai-faif-2025-12-30")
    world.model()
    world.rate("RESTRICTED-ANSWER-RATE", "0.01")
    world.rate("MASK-DISHONESTY", "0.2")
    world.decide("permit")
    assert clearance(world, audience="general") == ("permit", "decided")
    world.bring("anthropic-rsp-2.2", adopt=True)
    with world.speaking_of("anthropic-rsp-2.2"):
        for threshold in world.pack.thresholds:
            world.determine(threshold.id, "below")
        for kept in (s for s in world.pack.sets if s.safeguards):
            world.attest(kept.id)
        for kind in ("capability_report", "safeguards_report"):
            world.document(kind)
        for body in ("BOARD", "LTBT"):
            told = {"body": body, "documents": [], "of": world.request.digest}
            assert world.refusal("body.informed", told) is None, "who must know is known from what binds now"
            world.inform(body)
    verdict, found = world.ask("external_deploy")
    assert verdict.answer == "permit"
    assert (found.answer, found.reasons, found.missing) == ("undetermined", ("packs-changed",), ("CEO", "RSO"))


def test_conditions_of_an_approval_stay_with_the_clearance() -> None:
    world = ready()
    decide(world, "permit", approvals_by={"approver-1": ["rate limits stay on"]})
    found = world.ask("external_deploy")[1]
    assert (found.answer, found.conditions) == ("permit_with_conditions", ("rate limits stay on",))


def test_a_decision_falls_with_the_key_of_an_approval_that_carried_it() -> None:
    world = ready()
    decide(world, "permit", approvals_by={"approver-1": [], "approver-2": []})
    assert clearance(world) == ("permit", "decided")
    world.state.put("taint", hexed("approver-2"), 0)
    assert clearance(world) == ("undetermined", "tainted")


@pytest.mark.parametrize("decision", ["withhold", "pause", "de_deploy", "delete_weights"])
def test_what_does_not_permit_denies(decision: str) -> None:
    assert clearance(ready(decision=decision)) == ("deny", "withheld-by-decision")


def test_a_restriction_clears_with_conditions() -> None:
    assert clearance(ready(decision="restrict")) == ("permit_with_conditions", "decided")


def test_a_decision_ends_at_its_valid_until() -> None:
    world = ready(decision="permit", valid_until="2026-01-15T12:00:10.000000Z")
    assert world.ask("external_deploy", "2026-01-15T12:00:10.000000Z")[1].answer == "permit"
    late = world.ask("external_deploy", "2026-01-15T12:00:10.000001Z")[1]
    assert (late.answer, late.reasons) == ("undetermined", ("decision-lapsed",))


def test_a_back_recorded_decision_is_history_and_clears_nothing() -> None:
    world = ready()
    world.back_recorded = True
    decide(world, "permit")
    assert clearance(world) == ("undetermined", "back-recorded")


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ("determine CBRN-3 below", "determination-missing"),
        ("attest ASL-2-SECURITY", "back-recorded"),
        ("document capability_report", "back-recorded"),
    ],
)
def test_back_recorded_evidence_is_history_and_satisfies_nothing(told: str, reason: str) -> None:
    world = World("anthropic-rsp-2.2")
    for line in READY:
        world.back_recorded = line == told
        world.tell(line)
    world.back_recorded = False
    verdict, _ = world.ask("external_deploy")
    assert verdict.answer == "undetermined"
    assert reason in verdict.reasons


def test_a_pack_with_unread_parts_never_permits_alone() -> None:
    world = World("anthropic-rsp-2.2", unread=("Appendix D",))
    for line in READY:
        world.tell(line)
    verdict, _ = world.ask("external_deploy")
    assert (verdict.answer, verdict.reasons) == ("undetermined", ("pack-incomplete:Appendix D",))
    world.determine("CBRN-4", "crossed")
    assert world.ask("external_deploy")[0].answer == "deny"


def leaf(world: World, index: int) -> dict[str, object]:
    return {"index": index, "leaf": world.state.get("entry", str(index)).leaf}


@pytest.mark.parametrize("how", ["tainted", "back-recorded"])
def test_a_withholding_is_not_lifted_by_a_stolen_key_or_by_history(how: str) -> None:
    world = ready(decision="permit")
    stopped = decide(world, "withhold", divergence_reason="caution")
    world.back_recorded = how == "back-recorded"
    scope = {"audience": "partners", "hosts": ["own"], "surfaces": ["api"]}
    world.ask_to("external_deploy", **scope)
    over = world.say("decision.made", world.decided("permit", supersedes=leaf(world, stopped)), by="thief")
    world.back_recorded = False
    if how == "tainted":
        world.state.put("taint", hexed("thief"), over.index)
    assert clearance(world, audience="general") == ("deny", "withheld-by-decision")


def test_a_permission_stays_superseded_by_whomever() -> None:
    world = ready()
    first = decide(world, "permit")
    world.ask_to("external_deploy")
    over = world.say("decision.made", world.decided("withhold", supersedes=leaf(world, first)), by="thief")
    world.state.put("taint", hexed("thief"), over.index)
    assert clearance(world)[0] == "deny"


@pytest.mark.parametrize("how", ["lapsed", "tainted", "sound"])
def test_only_a_sound_permission_in_force_ends_an_earlier_withholding(how: str) -> None:
    """A wide permission, a narrow withholding after it, and a narrow permission after that."""
    world = ready()
    wide = {"audience": "general", "hosts": ["own"], "surfaces": ["api", "app"]}
    world.ask_to("external_deploy", **wide)
    world.say("decision.made", world.decided("permit"), by="decider")
    for who in ("BOARD", "LTBT"):
        world.inform(who)
    decide(world, "withhold", divergence_reason="caution")
    until = {"valid_until": world.at} if how == "lapsed" else {}
    narrow = decide(world, "permit", **until)
    if how == "lapsed":
        world.tell("wait 1")
    if how == "tainted":
        world.state.put("taint", hexed("decider"), narrow)
    found = clearance(world, audience="general", surfaces=("api", "app"))
    assert (found == ("deny", "withheld-by-decision")) == (how != "sound")


@pytest.mark.parametrize("how", ["tainted", "back-recorded", "sound"])
@pytest.mark.parametrize(("ratio", "answer"), [("0.5", "permit"), ("1.5", "deny")])
def test_a_recorded_ratio_that_nobody_stands_behind(how: str, ratio: str, answer: str) -> None:
    """A tainted or back-recorded ratio never shows that the gate does not apply; a back-recorded one may show that it does."""
    fact = "pretraining_effective_compute_ratio_to_model_needing_ASL3_security"
    world = World("anthropic-rsp-2.2")
    for line in READY[:4]:
        world.tell(line)
    world.back_recorded = how == "back-recorded"
    world.compute(ratio, fact)
    world.back_recorded = False
    if how == "tainted":
        world.state.put("taint", hexed("someone"), world.size - 1)
    if how == "sound":
        assert world.ask("train")[0].answer == answer
        return
    verdict, _ = world.ask("train")
    assert (verdict.answer, verdict.reasons) == ("undetermined", (how,))
    stated = world.ask("train", facts=((fact, "0.5"),))[0]
    if how == "tainted":  # what a stolen key said is not known to be false either
        assert stated.answer == "undetermined"
    else:
        assert stated.answer == answer


def test_nothing_adopted_is_no_rule() -> None:
    world = World("anthropic-rsp-2.2", adopt=False)
    verdict, found = world.ask("external_deploy")
    assert (verdict.answer, verdict.reasons) == ("undetermined", ("subject-unknown", "no-rule"))
    assert found.answer == "undetermined"
    world.tell("register")
    assert world.ask("external_deploy")[0].reasons == ("no-rule",)
