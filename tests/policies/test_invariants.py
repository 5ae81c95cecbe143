"""The invariants of domain.md §8, one line each, and the tests that hold them; `test_the_list_is_true` reads this list.

1 same events, packs and as_of, same result, from any batch split: test_invariants.test_any_batch_split_gives_the_same_answers
2 a later framework version changes no past answer: test_invariants.test_a_later_framework_changes_no_past_answer
3 not ruled out triggers all that crossed does: test_invariants.test_not_ruled_out_has_the_effect_of_crossed
4 a verb is checked as of the event's index: test_invariants.test_a_role_counts_as_of_the_event_that_used_it,
  test_decide.test_a_verb_is_checked_as_of_the_approval_and_the_role_again_as_of_the_decision
5 missing, expired, out of scope never permits: test_monotone.test_removing_an_attestation, test_cases.test_gate, test_cases.test_case
6 an undefined standard denies, and says so: test_invariants.test_an_undefined_standard_denies_and_says_so,
  test_weigh.test_an_exception_is_no_way_past_a_standard_nobody_wrote
7 a decision that differs has a reason: test_decide.test_a_divergence_says_why_and_on_what_basis
8 one person, one approval; no author of evidence; all roles: test_decide.test_one_person_in_both_roles_is_one_person,
  test_decide.test_who_wrote_the_evidence_does_not_approve_on_it, test_decide.test_who_determined_may_decide, test_decide.test_one_role_is_not_both
9 an approval of an edited proposal counts for nothing: test_decide.test_approvals_of_an_edited_request_count_for_nothing
10 withheld fields appear nowhere: test_invariants.test_what_is_withheld_appears_nowhere
11 folding all = folding the rest onto the prefix: test_invariants.test_folding_all_is_folding_the_rest_onto_the_prefix
12 every status names what it rests on, and falls without it: test_invariants.test_without_any_entry_that_it_names_an_answer_changes,
  test_all_packs.test_without_an_entry_that_it_names_an_answer_changes,
  test_named.test_without_any_entry_that_it_names_an_answer_changes
"""

import importlib
import random
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import pytest

from disclosures.claims import claims_of
from ledger.admit import fold_event
from ledger.canonical import dumps
from ledger.event import Event
from ledger.place import references
from ledger.state import State
from policies.answer import Answer, AsOf, Clearance, PolicyVerdict, Request
from policies.clear import clear
from policies.evaluate import evaluate
from policies.rules import RULES
from projections.decode import Decoder
from projections.projection import fold_events
from projections.questions import QUESTIONS
from tests.policies.world import World, shipped
from tests.vectors.told import ACTION, MODEL, RSP, Told, told

ROUND = ("train", "store_weights", "internal_deploy", "controlled_deploy", "external_deploy", "release_weights")


def test_the_list_is_true() -> None:
    named = re.findall(r"(test_[a-z]+)\.(test_[a-z_0-9]+)", __doc__ or "")
    numbers = re.findall(r"^(\d+) ", __doc__ or "", re.MULTILINE)
    assert numbers == [str(n) for n in range(1, 13)]
    assert len(named) >= 16
    for module, name in named:
        assert callable(getattr(importlib.import_module(f"tests.policies.{module}"), name)), name


@lru_cache(maxsize=1)
def history() -> tuple[Told, tuple[Event, ...]]:
    lab, decoder = told(), Decoder()
    return lab, tuple(decoder.decode(index, raw) for index, raw in enumerate(lab.entries))


def folded(events: tuple[Event, ...], without: int | None = None) -> State:
    """The state after `events`, without one and without what refers to it: that could never have been admitted."""
    state, gone = State(), {without}
    for event in events:
        if event.index in gone or any(r.index in gone for r in (*references(event.body), *event.causes)):
            gone.add(event.index)
            continue
        fold_event(state, event, RULES)
    return state


def answers(state: State, size: int, at: str) -> tuple[PolicyVerdict, Clearance]:
    request = Request(MODEL, ACTION)
    verdict = evaluate(state, request, AsOf(size, at))
    return verdict, clear(state, verdict, request, AsOf(size, at))


@pytest.mark.parametrize("seed", range(5))
def test_any_batch_split_gives_the_same_answers(seed: int) -> None:
    lab, events = history()
    dice, state, start = random.Random(seed), State(), 0
    while start < len(events):
        stop = min(len(events), start + dice.randint(1, 20))
        layer = state.layer().layer()
        for event in events[start:stop]:
            fold_event(layer, event, RULES)
        state = layer.absorb().absorb()
        start = stop
    as_of = AsOf(len(events), lab.time)
    assert dumps(claims_of(state, as_of)) == dumps(claims_of(lab.replay.state, as_of))


def test_a_later_framework_changes_no_past_answer() -> None:
    world = World(RSP)
    for line in ("register", "determine CBRN-3 below", "determine CBRN-4 below", "determine AUTONOMY-CHECKPOINT below",
                 "attest ASL-2-DEPLOYMENT", "attest ASL-2-SECURITY", "document capability_report"):  # fmt: skip
        world.tell(line)
    request = Request("model/m", ACTION, audience="general")
    then = evaluate(world.state, request, AsOf(world.size, world.at))
    layer, size, at = world.state.layer(), world.size, world.at
    xai = World("xai-faif-2025-12-30", adopt=False)
    world.tell("wait 1")
    (published, said), (adopted, binding) = xai.adoption()
    world.say(published, said, f"framework/{xai.pack.id}")
    world.say(adopted, {**binding, "effective": world.at, "supersedes": world.digest}, f"framework/{xai.pack.id}")
    now = evaluate(world.state, request, AsOf(world.size, world.at))
    assert (then.answer, now.answer) == ("permit", "undetermined")
    assert now.packs != then.packs
    # Asked about the time before, the later state gives the answer of then; so does the earlier state.
    assert evaluate(world.state, request, AsOf(size, at)) == then
    assert evaluate(layer, request, AsOf(size, at)).packs == then.packs


@pytest.mark.parametrize("action", ROUND)
@pytest.mark.parametrize("name", [t.id for t in shipped(RSP).thresholds])
def test_not_ruled_out_has_the_effect_of_crossed(name: str, action: str) -> None:
    found: list[Any] = []
    for state in ("not_ruled_out", "crossed"):
        world = World(RSP)
        for line in ("register", "determine CBRN-3 below", "determine CBRN-4 below", "determine AUTONOMY-CHECKPOINT below",
                     "attest ASL-2-SECURITY", "attest ASL-3-SECURITY", "document capability_report"):  # fmt: skip
            world.tell(line)
        world.tell(f"determine {name} {state}")
        verdict, _ = world.ask(action)
        asked = [(f.clause, f.requirement.replace(state, "…"), f.state, f.why) for f in verdict.findings]
        found.append((verdict.answer, verdict.reasons, asked, verdict.decision_by, verdict.inform_before))
    assert found[0] == found[1]


def test_a_role_counts_as_of_the_event_that_used_it() -> None:
    world = World(RSP)
    world.tell("register")
    world.empower("rso", "approver", "RSO")
    said = {
        "coverage_date": world.at,
        "covers": ["model/m"],
        "digest": "sha256:" + "1" * 64,
        "kind": "capability_report",
        "version": "1",
    }
    sent = world.say("document.submitted", said, "document/r", "writer")
    body = {
        "digest": said["digest"],
        "document": {"index": sent.index, "leaf": sent.leaf},
        "role": "RSO",
        "verb": "confirm",
    }
    assert world.refusal("document.confirmed", body, "document/r", "rso") is None
    world.state.put("packrole", f"{RSP}|RSO|rso", None)
    assert world.refusal("document.confirmed", body, "document/r", "rso") == "role-missing"
    world.empower("rso", "approver", "RSO")
    world.say("document.confirmed", body, "document/r", "rso")
    world.state.put("packrole", f"{RSP}|RSO|rso", None)  # lost since: what was confirmed stands
    for line in ("determine CBRN-3 below", "determine CBRN-4 below", "determine AUTONOMY-CHECKPOINT below",
                 "attest ASL-2-DEPLOYMENT", "attest ASL-2-SECURITY"):  # fmt: skip
        world.tell(line)
    assert world.ask(ACTION)[0].answer == "permit"


@pytest.mark.parametrize("action", ROUND)
def test_an_undefined_standard_denies_and_says_so(action: str) -> None:
    world = World(RSP)
    for line in (
        "register",
        "determine CBRN-3 below",
        "determine CBRN-4 not_ruled_out",
        "determine AUTONOMY-CHECKPOINT below",
    ):
        world.tell(line)
    for one in shipped(RSP).sets:
        if one.safeguards:
            world.attest(one.id)
    verdict, clearance = world.ask(action)
    assert (verdict.answer, clearance.answer) == (Answer.DENY, Answer.DENY)
    assert "standard-undefined" in verdict.reasons


SECRET = (
    "test-only detail",
    "withheld in every test",
    "test-only evaluator",
    "not convinced",
    "Fictional One",
    "trusted partners only",
    "anyone",
)


def test_what_is_withheld_appears_nowhere() -> None:
    lab, events = history()
    texts = [dumps(claims_of(lab.replay.state, AsOf(len(events), lab.time))).decode()]
    texts += [raw.decode() for raw in lab.entries]
    for projection in QUESTIONS:
        texts += [dumps(row.value).decode() for _, row in fold_events(projection, events).listed()]
    verdict, clearance = answers(lab.replay.state, len(events), lab.time)
    texts += [str(verdict), str(clearance)]
    hidden = {d for found in lab.disclosures.values() for d in found}
    assert len(hidden) > 10
    for secret in SECRET:
        assert not any(secret in text for text in texts), secret
    assert not any(text in whole for text in hidden for whole in texts)


@pytest.mark.parametrize("projection", QUESTIONS, ids=lambda p: p.name)
@pytest.mark.parametrize("cut", [1, 17, 40, 66, 87])
def test_folding_all_is_folding_the_rest_onto_the_prefix(projection: Any, cut: int) -> None:
    _, events = history()
    state = fold_events(projection, events[:cut])
    for event in events[cut:]:
        state = projection.fold(state, event)
    assert state.listed() == fold_events(projection, events).listed()


def _shape(found: tuple[PolicyVerdict, Clearance]) -> tuple[Any, ...]:
    verdict, clearance = found
    return verdict.answer, verdict.reasons, verdict.findings, verdict.conditions, clearance


def cited(found: tuple[PolicyVerdict, Clearance]) -> set[int]:
    verdict, clearance = found
    return {i for f in verdict.findings for i in f.indexes} | (
        {clearance.decision} if clearance.decision is not None else set()
    )


def told_and_decided() -> tuple[tuple[Event, ...], str]:
    lab, events = history()
    return events, lab.time


def shown_and_permitted() -> tuple[tuple[Event, ...], str]:
    """Everything in order, decided, both bodies told; then one attestation withdrawn and one key found compromised."""
    events, world = [], World(RSP)
    say: Callable[..., Event] = world.say

    def kept(*words: Any, **more: Any) -> Event:
        event = say(*words, **more)
        events.append(event)
        return event

    world.say = kept  # type: ignore[method-assign]
    (published, said), (adopted, binding) = world.adoption()
    kept(published, said, f"framework/{RSP}")
    kept(adopted, binding, f"framework/{RSP}")
    for line in ("register", "determine CBRN-3 not_ruled_out", "determine CBRN-4 below", "determine AUTONOMY-CHECKPOINT below",
                 "attest ASL-2-DEPLOYMENT", "attest ASL-2-SECURITY", "attest ASL-3-DEPLOYMENT", "attest ASL-3-SECURITY",
                 "document capability_report", "document safeguards_report", "document follow_up_capability_assessment",
                 "decide permit", "inform BOARD", "inform LTBT", "withdraw"):  # fmt: skip
        world.tell(line)
    return tuple(sorted(events, key=lambda e: e.index)), world.at


@pytest.mark.parametrize("story", [told_and_decided, shown_and_permitted])
def test_without_any_entry_that_it_names_an_answer_changes(story: Callable[[], tuple[tuple[Event, ...], str]]) -> None:
    events, at = story()
    stream = MODEL if story is told_and_decided else "model/m"

    def ask(without: int | None = None) -> tuple[PolicyVerdict, Clearance]:
        state = folded(events, without)
        request = Request(stream, ACTION)
        verdict = evaluate(state, request, AsOf(len(events), at))
        return verdict, clear(state, verdict, request, AsOf(len(events), at))

    whole = ask()
    named = cited(whole)
    assert len(named) > 8
    for index in sorted(named):
        assert _shape(ask(index)) != _shape(whole), (index, events[index].name)
