"""Four eyes and their neighbours: each rule refuses what it is for, beside a twin that is admitted."""

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from ledger.canonical import encode
from ledger.event import Event
from policies.answer import Answer, AsOf, Finding, PolicyVerdict
from policies.facts import fact_of
from policies.recorded import evaluated, recorded_reasons
from tests.policies.world import NOW, World, hexed

READY = ("register", "determine CBRN-3 below", "determine CBRN-4 below", "determine AUTONOMY-CHECKPOINT below",
         "attest ASL-2-DEPLOYMENT", "attest ASL-2-SECURITY", "document capability_report")  # fmt: skip


@pytest.fixture
def world() -> World:
    """Everything shown, requested; two approvers hold the pack's roles; nobody approved yet."""
    world = World("anthropic-rsp-2.2")
    for line in READY:
        world.tell(line)
    world.empower("ceo", "approver", "CEO")
    world.empower("rso", "approver", "RSO")
    world.empower("third", "approver")
    world.empower("decider", "decider")
    world.ask_to()
    return world


def decide(world: World, *approvals: Event, decision: str = "permit", by: str = "decider", **more: Any) -> str | None:
    return world.refusal("decision.made", world.decided(decision, *approvals, **more), by=by)


def test_both_roles_of_the_pack_decide(world: World) -> None:
    ceo, rso = world.approve("ceo", []), world.approve("rso", [])
    assert decide(world, ceo, rso) is None


def test_one_role_is_not_both(world: World) -> None:
    ceo, third = world.approve("ceo", []), world.approve("third", [])
    assert decide(world, ceo, third) == "quorum-short"


def test_one_person_in_both_roles_is_one_person(world: World) -> None:
    world.empower("ceo", "approver", "CEO", "RSO")
    ceo = world.approve("ceo", [])
    assert decide(world, ceo) == "quorum-short"
    assert decide(world, ceo, world.approve("third", [])) is None


def test_only_the_verb_decide_decides(world: World) -> None:
    ceo, rso = world.approve("ceo", []), world.approve("rso", [], verb="approve")
    assert decide(world, ceo, rso) == "quorum-short"


def approval_by(world: World, who: str, verb: str, kind: str = "approval.given") -> str | None:
    body = {"action": "external_deploy", "checkpoint": {"root": "0" * 64, "size": 1}, "packs": [world.digest],
            "request": world.request.digest, "verb": verb}  # fmt: skip
    return world.refusal(kind, body | ({"conditions": []} if kind == "approval.given" else {}), by=who)


@pytest.mark.parametrize("kind", ["approval.given", "approval.refused"])
@pytest.mark.parametrize(
    ("who", "verb", "reason"),
    [
        ("ceo", "decide", None),
        ("ceo", "approve", None),
        ("ceo", "accept", "verb-missing"),  # no such verb of a CEO in that framework
        ("ceo", "recommend", "verb-missing"),
        ("board", "approve", None),
        ("board", "decide", "verb-missing"),
        ("board", "inform-before", "verb-missing"),  # informing is not approving
        ("ltbt", "approve", "verb-missing"),  # consulted, informed: never an approval
        ("third", "approve", None),  # bound to no role of the pack: a second pair of eyes
        ("third", "decide", "verb-missing"),
    ],
)
def test_an_approval_has_a_verb_of_its_author_s_pack_role(
    world: World, kind: str, who: str, verb: str, reason: str | None
) -> None:
    world.empower("board", "approver", "BOARD")
    world.empower("ltbt", "approver", "LTBT")
    assert approval_by(world, who, verb, kind) == reason


def test_a_verb_is_checked_as_of_the_approval_and_the_role_again_as_of_the_decision(world: World) -> None:
    binding = f"{world.pack.id}|CEO|ceo"
    kept = world.state.get("packrole", binding)
    world.state.put("packrole", binding, None)
    assert approval_by(world, "ceo", "decide") == "verb-missing"
    world.state.put("packrole", binding, kept)
    assert approval_by(world, "ceo", "decide") is None
    ceo, rso = world.approve("ceo", []), world.approve("rso", [])
    world.state.put("packrole", binding, None)  # lost between vote and decision
    assert decide(world, ceo, rso) == "quorum-short"
    world.state.put("packrole", binding, kept)
    world.say("decision.made", world.decided("permit", ceo, rso), by="decider")
    world.state.put("packrole", binding, None)  # lost after the decision: what was decided stands
    for body in ("BOARD", "LTBT"):
        world.inform(body)
    assert world.ask("external_deploy")[1].answer == "permit"


def test_two_keys_of_one_person_are_one_approval(world: World) -> None:
    """A request that no role of the pack decides on: any two people."""
    world.tell("determine CBRN-3 not_ruled_out")
    for name in ("ASL-3-SECURITY", "A3D-6"):
        world.attest(name)
    world.ask_to("internal_deploy")
    world.state.put("key", "f" * 64, replace(world.state.get("key", hexed("third"))))
    one = world.approve("third", [], verb="approve")
    again = world.approve("third", [], verb="approve", keyid="f" * 64)
    assert again.signers != one.signers
    assert decide(world, one, again) == "quorum-short"
    assert decide(world, one, again, world.approve("ceo", [])) is None


def test_units_count_where_the_framework_asks_for_them() -> None:
    world = World("anthropic-rsp-2.2", quorum_units=2)
    for line in READY:
        world.tell(line)
    world.empower("ceo", "approver", "CEO", unit="executive")
    world.empower("rso", "approver", "RSO", unit="executive")
    world.empower("decider", "decider")
    world.empower("third", "approver", unit="safety")
    world.ask_to()
    ceo, rso = world.approve("ceo", []), world.approve("rso", [])
    assert decide(world, ceo, rso) == "quorum-short"
    assert decide(world, ceo, rso, world.approve("third", [], verb="approve")) is None


def test_attack_an_open_question_does_not_spare_the_roles_of_the_gate() -> None:
    """While nothing is determined, nobody can say whether a gate applies: its roles decide all the same."""
    world = World("anthropic-rsp-2.2")
    world.model()
    for who, roles in (("one", ()), ("two", ()), ("ceo", ("CEO",)), ("rso", ("RSO",))):
        world.empower(who, "approver", *roles)
    world.empower("decider", "decider")
    world.ask_to()
    why = {"divergence_reason": "fictional", "basis": "discretionary"}
    one, two = (world.approve(who, [], verb="approve") for who in ("one", "two"))
    assert decide(world, one, two, **why) == "quorum-short"
    ceo, rso = world.approve("ceo", []), world.approve("rso", [])
    assert decide(world, ceo, rso, **why) is None


@pytest.mark.parametrize(("reason", "answer"), [("ceased", "quorum-short"), ("superseded", None)])
def test_an_approval_ends_with_its_key_unless_that_was_merely_replaced(
    world: World, reason: str, answer: str | None
) -> None:
    ceo, rso = world.approve("ceo", []), world.approve("rso", [])
    life = world.state.get("key", hexed("rso"))
    world.state.put("key", hexed("rso"), replace(life, revoked_at=world.size, reason=reason))
    assert decide(world, ceo, rso) == answer


def test_silence_is_never_consent(world: World) -> None:
    assert decide(world) == "quorum-short"


def test_withholding_needs_no_quorum(world: World) -> None:
    assert decide(world, decision="withhold", divergence_reason="caution", basis="discretionary") is None


def test_a_divergence_says_why_and_on_what_basis(world: World) -> None:
    assert decide(world, decision="withhold") == "divergence-unexplained"
    assert decide(world, decision="withhold", basis="discretionary") == "divergence-unexplained"
    assert decide(world, decision="withhold", divergence_reason="caution") == "divergence-unexplained"
    for basis in ("discretionary", "legal"):
        assert decide(world, decision="withhold", divergence_reason="caution", basis=basis) is None


def test_the_requester_neither_approves_nor_decides(world: World) -> None:
    world.empower("deployer", "approver", "CEO")
    world.empower("deployer", "decider")
    body = {"action": "external_deploy", "checkpoint": {"root": "0" * 64, "size": 1}, "conditions": [],
            "packs": [world.digest], "request": world.request.digest, "verb": "decide"}  # fmt: skip
    assert world.refusal("approval.given", body, by="deployer") == "self-approval"
    assert world.refusal("approval.given", body, by="ceo") is None
    ceo, rso = world.approve("ceo", []), world.approve("rso", [])
    assert decide(world, ceo, rso, by="deployer") == "self-approval"


@pytest.mark.parametrize("author", ["attester", "writer"])
def test_who_wrote_the_evidence_does_not_approve_on_it(world: World, author: str) -> None:
    world.empower(author, "approver", "CEO")
    theirs, rso = world.approve(author, []), world.approve("rso", [])
    assert decide(world, theirs, rso) == "evidence-author"


def test_who_determined_may_decide(world: World) -> None:
    world.empower("someone", "approver", "CEO")  # signed the determinations above
    theirs, rso = world.approve("someone", []), world.approve("rso", [])
    assert decide(world, theirs, rso) is None


def test_who_ran_what_a_determination_rests_on_does_not_approve(world: World) -> None:
    body = {"dataset": {}, "edits_detected": [], "independence": "internal", "log_bytes": 1, "log_format": "f",
            "log_sha256": "sha256:" + "0" * 64, "model_as_named": "m", "run": "r", "safeguards_off": False,
            "status": "success", "task": "t", "task_version": "1", "tool": "t", "tool_version": "1", "warnings": []}  # fmt: skip
    run = world.say("evaluation.recorded", body, by="evaluator")
    world.determine("CBRN-3", "below", evidence=[{"index": run.index, "leaf": run.leaf}])
    world.ask_to()
    world.empower("evaluator", "approver", "CEO")
    theirs, rso = world.approve("evaluator", []), world.approve("rso", [])
    assert decide(world, theirs, rso) == "evidence-author"
    assert decide(world, world.approve("ceo", []), rso) is None


def test_an_approval_ends(world: World) -> None:
    ceo = world.approve("ceo", [])
    rso = world.approve("rso", [], valid_until="2026-01-15T12:00:05.000000Z")
    assert decide(world, ceo, rso) is None
    world.at = "2026-01-15T12:00:06.000000Z"
    assert decide(world, ceo, rso) == "quorum-short"


def test_thirty_days_is_the_default_end(world: World) -> None:
    world.attest("ASL-2-DEPLOYMENT", until="2026-06-01T00:00:00.000000Z")
    world.attest("ASL-2-SECURITY", until="2026-06-01T00:00:00.000000Z")
    ceo, rso = world.approve("ceo", []), world.approve("rso", [])
    world.at = "2026-02-14T12:00:00.000000Z"
    assert decide(world, ceo, rso) is None
    world.at = "2026-02-14T12:00:00.000001Z"
    assert decide(world, ceo, rso) == "quorum-short"


def test_an_approval_ends_with_its_role_or_key(world: World) -> None:
    ceo, rso = world.approve("ceo", []), world.approve("rso", [])
    kept = world.state.get("role", "rso|approver")
    world.state.put("role", "rso|approver", None)
    assert decide(world, ceo, rso) == "quorum-short"
    world.state.put("role", "rso|approver", kept)
    assert decide(world, ceo, rso) is None
    world.state.put("taint", hexed("rso"), rso.index)
    assert decide(world, ceo, rso) == "quorum-short"


def test_a_back_recorded_approval_counts_for_nothing(world: World) -> None:
    ceo = world.approve("ceo", [])
    world.back_recorded = True
    rso = world.approve("rso", [])
    world.back_recorded = False
    assert decide(world, ceo, rso) == "quorum-short"


def test_a_withdrawn_approval_counts_for_nothing_and_only_its_author_withdraws(world: World) -> None:
    ceo, rso = world.approve("ceo", []), world.approve("rso", [])
    body = {"approval": rso.digest, "reason": "second thoughts", "request": world.request.digest}
    assert world.refusal("approval.withdrawn", body, by="ceo") == "approval-unknown"
    assert world.refusal("approval.withdrawn", body, by="rso") is None
    world.say("approval.withdrawn", body, by="rso")
    assert decide(world, ceo, rso) == "quorum-short"


def test_a_refusal_is_a_veto_until_withdrawn(world: World) -> None:
    ceo, rso = world.approve("ceo", []), world.approve("rso", [])
    no = {"action": "external_deploy", "checkpoint": {"root": "0" * 64, "size": 1}, "packs": [world.digest],
          "request": world.request.digest, "verb": "decide"}  # fmt: skip
    refused = world.say("approval.refused", no, by="third")
    assert decide(world, ceo, rso) == "veto"
    body = {"approval": refused.digest, "reason": "resolved", "request": world.request.digest}
    world.say("approval.withdrawn", body, by="third")
    assert decide(world, ceo, rso) is None


def test_approvals_of_an_edited_request_count_for_nothing(world: World) -> None:
    ceo, rso = world.approve("ceo", []), world.approve("rso", [])
    world.ask_to(jurisdictions=["us"])
    assert decide(world, ceo, rso) == "approval-unknown"


def test_a_decision_cites_the_newest_gate_answer_and_an_unchanged_verdict(world: World) -> None:
    old = world.decided()["gate"]
    ceo, rso = world.approve("ceo", []), world.approve("rso", [])
    assert decide(world, ceo, rso, gate=old) == "gate-outdated"
    world.determine("CBRN-3", "crossed")
    assert decide(world, ceo, rso) == "gate-outdated"


def test_a_request_names_every_binding_pack(world: World) -> None:
    assert world.refusal("action.requested", world.requested(), by="deployer") is None
    xai = World("xai-faif-2025-12-30", adopt=False)
    for name, body in xai.adoption():
        world.say(name, body, f"framework/{xai.pack.id}")
    assert world.refusal("action.requested", world.requested(), by="deployer") == "request-mismatch"
    both = {**world.requested(), "packs": sorted([world.digest, xai.digest])}
    assert world.refusal("action.requested", both, by="deployer") is None


def test_a_pack_adopted_after_the_request_outdates_it(world: World) -> None:
    ceo, rso = world.approve("ceo", []), world.approve("rso", [])
    xai = World("xai-faif-2025-12-30", adopt=False)
    for name, body in xai.adoption():
        world.say(name, body, f"framework/{xai.pack.id}")
    assert decide(world, ceo, rso) == "gate-outdated"


def test_a_stated_fact_in_words_breaks_nothing(world: World) -> None:
    fact = "pretraining_effective_compute_ratio_to_model_needing_ASL3_security"
    request = world.ask_to("train", facts={fact: "about one"})
    gate = world.state.get("gate", request.digest).body
    assert (gate.answer, gate.reasons) == ("undetermined", ("fact-unreadable",))


def test_interim_measures_need_every_role_of_the_fallback(world: World) -> None:
    body = {"framework": world.digest, "gate": "G-EXTERNAL-ASL3", "measures": ["responses blocked"],
            "stands_in_for": ["ASL-3-DEPLOYMENT"], "valid_until": "2026-02-01T00:00:00.000000Z"}  # fmt: skip
    assert world.refusal("interim.approved", body, by="ceo") == "quorum-short"
    world.empower("ceo", "decider", "CEO", "RSO")
    assert world.refusal("interim.approved", body, by="ceo") is None
    assert world.refusal("interim.approved", {**body, "valid_until": NOW}, by="ceo") == "scope-mismatch"
    assert world.refusal("interim.approved", {**body, "gate": "G-NONE"}, by="ceo") == "threshold-unknown"


def test_a_document_is_confirmed_by_the_role_named_and_not_by_its_writer(world: World) -> None:
    body = {"coverage_date": NOW, "covers": ["model/m"], "digest": "sha256:" + "1" * 64, "kind": "safeguards_report",
            "version": "1"}  # fmt: skip
    sent = world.say("document.submitted", body, "document/s", "rso")
    said = {"digest": "sha256:" + "1" * 64, "document": {"index": sent.index, "leaf": sent.leaf}, "role": "CEO",
            "verb": "confirm"}  # fmt: skip
    assert world.refusal("document.confirmed", said, "document/s", "ceo") is None
    assert world.refusal("document.confirmed", said, "document/s", "third") == "role-missing"
    assert world.refusal("document.confirmed", {**said, "role": "RSO"}, "document/s", "rso") == "self-approval"
    other = {**said, "digest": "sha256:" + "2" * 64}
    assert world.refusal("document.confirmed", other, "document/s", "ceo") == "reference-wrong"


def test_covered_by_names_a_favourable_determination_of_the_same_threshold(world: World) -> None:
    world.model("model/older")
    good = world.determine("CBRN-3", "below", subjects=["model/older"])
    other = world.determine("CBRN-4", "below", subjects=["model/older"])
    cover = world.determine("CBRN-3", "below", covered_by={"index": good.index, "leaf": good.leaf})

    def determined(event: Event, **more: str) -> str | None:
        body = {"covered_by": {"index": event.index, "leaf": event.leaf}, "evidence": [], "framework": world.digest,
                "made": "role", "precautionary": False, "review_by": None, "state": "below", "subjects": ["model/m"],
                "threshold": "CBRN-3"}  # fmt: skip
        return world.refusal("threshold.determined", {**body, **more})

    assert determined(good) is None
    assert determined(other) == "reference-wrong"
    assert determined(cover) == "reference-wrong"
    assert determined(world.request) == "reference-wrong"
    assert determined(good, state="crossed") == "reference-wrong"
    assert determined(good, state="exceeded") == "state-not-declared"


def narrowed(world: World, who: str, table: str, key: str, **scope: Any) -> None:
    """The same grant with a narrower scope."""
    world.state.put(table, key, replace(world.state.get(table, key), **scope))


@pytest.mark.parametrize("scope", [{"streams": ("model/other",)}, {"actions": ("train",)}])
@pytest.mark.parametrize("table", ["role", "packrole"])
def test_a_role_and_its_binding_reach_their_scope_and_no_further(
    world: World, table: str, scope: dict[str, Any]
) -> None:
    ceo, rso = world.approve("ceo", []), world.approve("rso", [])
    assert decide(world, ceo, rso) is None
    key = "ceo|approver" if table == "role" else f"{world.pack.id}|CEO|ceo"
    narrowed(world, "ceo", table, key, **scope)
    assert decide(world, ceo, rso) == "quorum-short"


def test_interim_measures_need_a_gate_that_leaves_room_for_them(world: World) -> None:
    world.empower("ceo", "decider", "CEO", "RSO")
    body = {"framework": world.digest, "gate": "G-WEIGHTS", "measures": ["an isolated store"],
            "stands_in_for": ["ASL-3-DEPLOYMENT"], "valid_until": "2026-02-01T00:00:00.000000Z"}  # fmt: skip
    assert world.refusal("interim.approved", body, by="ceo") == "scope-mismatch"
    assert world.refusal("interim.approved", {**body, "gate": "G-STORE-ASL3"}, by="ceo") is None
    narrowed(world, "ceo", "packrole", f"{world.pack.id}|RSO|ceo", streams=("model/other",))
    assert world.refusal("interim.approved", {**body, "gate": "G-STORE-ASL3"}, by="ceo") == "quorum-short"


@pytest.mark.parametrize(
    ("role", "verb", "answer"),
    [("RSO", "confirm", "permit"), ("CEO", "approve", "permit"), ("CEO", "decide", "permit"), ("RSO", "recommend", "undetermined"),
     ("RSO", "consult", "undetermined"), ("BOARD", "confirm", "undetermined"), ("LTBT", "approve", "undetermined")],
)  # fmt: skip
def test_informing_or_recommending_is_not_confirming(role: str, verb: str, answer: str) -> None:
    world = World("anthropic-rsp-2.2")
    for line in READY[:-1]:
        world.tell(line)
    said = {
        "coverage_date": NOW,
        "covers": ["model/m"],
        "digest": "sha256:" + "1" * 64,
        "kind": "capability_report",
        "version": "1",
    }
    sent = world.say("document.submitted", said, "document/r", "writer")
    world.empower("holder", "approver", role)
    body = {"digest": said["digest"], "document": {"index": sent.index, "leaf": sent.leaf}, "role": role, "verb": verb}
    world.say("document.confirmed", body, "document/r", "holder")
    verdict, _ = world.ask("external_deploy")
    assert verdict.answer == answer
    assert ("document-unconfirmed" in verdict.reasons) == (answer != "permit")


def test_a_verdict_with_many_reasons_and_findings_is_recorded_in_bounds() -> None:
    findings = tuple(
        Finding("pack", f"G-{n}", "ref", "x" * 400, "met" if n % 3 else "unmet", f"why-{n}", tuple(range(100)))
        for n in range(900)
    )
    reasons = tuple(f"reason {n} " + "y" * 500 for n in range(100))
    verdict = PolicyVerdict(Answer.DENY, reasons, findings, (), ("sha256:" + "0" * 64,))
    world = World("anthropic-rsp-2.2")
    world.tell("register")
    request = fact_of(world.ask_to())
    body = evaluated(request, verdict, AsOf(1, NOW))
    assert body.reasons == recorded_reasons(verdict)
    assert 0 < len(body.reasons) <= 64
    assert len(encode(body)) < 40_000
    assert {f.state for f in body.findings} == {"unmet"}  # what is open is taken first
    assert msgspec.convert(msgspec.to_builtins(body), type(body)) == body
    assert body.verdict_digest == verdict.digest()
