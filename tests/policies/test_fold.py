"""Facts into tables: every family has its fold, and an entry that names a model from outside is referenced in its stream."""

from typing import Any

from ledger.event import Event
from ledger.events import model, threshold
from ledger.registry import BODIES
from policies.binding import scope_at
from policies.facts import opened_of
from policies.fold import FOLDS
from policies.rules import RULE_OF, RULES
from tests.policies.lived import RSP, Lived
from tests.policies.world import World

XAI = "xai-faif-2025-12-30"
TRUST = {
    "break-glass", "entry", "index", "key", "ledger", "log", "principal", "role", "root", "rules", "token",
}  # fmt: skip
LAW = "framework/anthropic-rsp-2.2"


def test_every_family_of_meaningful_facts_has_its_fold_and_its_rules() -> None:
    families = {b.event.name.partition(".")[0] for b in BODIES}
    assert set(FOLDS) == families - TRUST
    assert set(RULE_OF) == families - TRUST - {"gate"}, "a gate's answer is derived, and compared byte by byte"


def test_every_later_fact_is_where_its_table_says() -> None:
    w = Lived()
    first = w.first
    one = lambda name: str(first[name].index)  # noqa: E731
    duty = f"{w.digest}|O-PUBLIC|{one('deployment.started')}"
    for name, table, key in (
        ("framework.scope-determined", "scope", "fictional-act-1"), ("framework.source-drifted", "drifted", w.digest),
        ("framework.interpreted", "interpreted", w.digest), ("reassessment.triggered", "reassess", "model/m"),
        ("safeguard.degraded", "degraded", one("safeguard.attested")), ("document.published", "published_doc", one("document.submitted")),
        ("recommendation.issued", "recommended", first["action.requested"].digest), ("exception.invoked", "exception", "model/m"),
        ("deployment.changed", "deployment", "model/m"), ("deployment.ended", "deployment", "model/m"),
        ("training.started", "training", "model/m"), ("training.ended", "training", "model/m"),
        ("incident.observed", "incident", "incident/2026-001"), ("incident.observed", "incidents_of", "model/m"),
        ("incident.classified", "classified", "incident/2026-001"), ("incident.report-filed", "report", "incident/2026-001"),
        ("incident.resolved", "incident", "incident/2026-001"), ("obligation.tolled", "obligation_said", duty),
        ("obligation.fulfilled", "obligation_said", duty), ("concern.found", "concern", "concern/2026-001"),
        ("disclosure.made", "disclosed", "disclosure/2026-001"), ("disclosure.erased", "erased", "model/m"), ("replay.performed", "replayed", "disclosure/2026-001"),
    ):  # fmt: skip
        assert first[name].index in [f.index for f in w.state.get(table, key)], (table, name)
    assert w.state.get("observed", one("incident.observed")).body.kind == "unauthorised use"
    assert w.state.get("raised", one("concern.raised")).body.channel == "anonymous"


def test_what_names_a_model_from_outside_is_referenced_in_its_stream() -> None:
    w = Lived()
    first = w.first
    named = {
        name for name, event in first.items()
        for d in RULES.derive(w.state, event) if isinstance(d.body, model.Referenced) and d.stream == "model/m"
    }  # fmt: skip
    assert named == {
        "document.confirmed", "document.published", "document.submitted", "incident.classified", "incident.involvement-known",
        "incident.observed", "incident.report-filed", "incident.resolved", "safeguard.attested", "safeguard.degraded",
    }  # fmt: skip


def test_a_duty_is_opened_by_an_entry_or_by_a_period() -> None:
    first = Lived().first
    assert opened_of(first["obligation.fulfilled"].body) == str(first["deployment.started"].index)
    assert opened_of(first["obligation.not-applicable"].body) == "2026-01-01"


def scope(w: World, applies: bool, effective: str, by: str = "someone") -> Event:
    body = {
        "applies": applies,
        "binds_as": [],
        "digest": w.digest,
        "effective": effective,
        "id": RSP,
        "reason": "fictional",
    }
    return w.say("framework.scope-determined", body, LAW, by)


def test_scope_is_what_was_last_said_for_a_time() -> None:
    w = World(RSP)
    at = lambda month: f"2026-{month:02d}-01T00:00:00.000000Z"  # noqa: E731
    assert scope_at(w.state, RSP, at(1)) is None
    scope(w, False, at(3))
    scope(w, True, at(6))
    said = [scope_at(w.state, RSP, at(m)) for m in (2, 4, 7)]
    assert [None if f is None else f.body.applies for f in said] == [None, False, True]
    scope(w, False, at(2))  # recorded last, in force earlier: it counts from then on
    again = scope_at(w.state, RSP, at(7))
    assert again is not None
    assert again.body.applies is False


def test_a_scope_that_a_compromised_key_denied_is_not_determined() -> None:
    w = World(RSP)
    scope(w, False, "2025-07-01T00:00:00.000000Z")
    last = scope(w, False, "2025-07-01T00:00:00.000000Z", by="thief")
    w.state.put("taint", last.signers[0], last.index)
    assert scope_at(w.state, RSP, w.at) is None


def retracted(w: World) -> list[threshold.Retracted]:
    return [f.body for f in w.told if isinstance(f.body, threshold.Retracted)]


class Listening(World):
    """A world that keeps what was said and derived."""

    def __init__(self) -> None:
        self.told: list[Event] = []
        super().__init__(XAI)
        self.model()

    def say(self, *args: Any, **more: Any) -> Event:
        at = len(self.told)
        event = super().say(*args, **more)
        self.told.insert(at, event)
        return event


def test_an_invalidated_result_retracts_what_was_determined_by_rule_on_it_once() -> None:
    w = Listening()
    w.tell("rate RESTRICTED-ANSWER-RATE 0.5")
    (ruled,) = [e for e in w.told if isinstance(e.body, threshold.Determined)]
    w.tell("amend")
    (said,) = retracted(w)
    assert (said.determination.index, said.determination.leaf) == (ruled.index, ruled.leaf)
    assert (said.threshold, said.framework) == ("RESTRICTED-ANSWER-RATE", w.digest)
    assert w.state.get("retracted", str(ruled.index)) is not None
    w.tell("invalidate")
    assert len(retracted(w)) == 1


def test_another_encoding_of_a_result_and_a_judgement_of_people_are_not_retracted() -> None:
    w = Listening()
    w.tell("rate RESTRICTED-ANSWER-RATE 0.5")
    w.tell("amend only_encoding")
    assert retracted(w) == []
    run = next(e for e in w.told if e.name == "evaluation.recorded")
    judged = w.determine("MASK-DISHONESTY", "within_criterion", evidence=[{"index": run.index, "leaf": run.leaf}])
    w.tell("invalidate")
    assert judged.index not in {r.determination.index for r in retracted(w)}
    assert len(retracted(w)) == 1
