"""Every duty of every shipped pack is opened by an event that its clause means, and is due when its period says.

The event is made from the clause alone (trigger and narrowing), so a clause that no event can open fails here by name.
"""

import functools
from typing import Any

import pytest

from policies.calendar import due_of
from policies.duty import Duty
from policies.pack_duties import Obligation
from tests.policies.regimes import Regimes, deploy
from tests.policies.world import FRAMEWORKS, HASH, shipped

PACKS = sorted(p.stem for p in FRAMEWORKS.glob("*.toml"))
CLAUSES = [
    (pack, o.id) for pack in PACKS for o in shipped(pack).obligations if o.status is None and o.trigger_event != "not_tracked"
]  # fmt: skip
PAPER = {"digest": "sha256:" + HASH}


@functools.lru_cache
def base(pack: str) -> tuple[str, ...]:
    """The packs that a world needs for this one's duties: itself, what it follows, what it is scoped by."""
    found = shipped(pack)
    named = [o.after.pack for o in found.obligations if o.after is not None]
    return tuple(dict.fromkeys([*named, *([found.scope.pack] if found.scope is not None else []), "us-ca-sb53", pack]))


def world(pack: str) -> Regimes:
    w = Regimes(*[shipped(p) for p in base(pack)])
    w.at = max(w.at, f"{shipped(pack).in_force_from}T09:00:00.000000Z", "2027-03-02T09:00:00.000000Z")
    if shipped(pack).in_force_until is not None and shipped(pack).binds == "law":
        pytest.skip(f"{pack} is over")
    return w


def opens(w: Regimes, pack: str, clause: Obligation) -> None:  # a case per trigger
    digest = w.digests[pack]
    facts = {c.fact: c.value for c in clause.applies_when if c.fact not in ("jurisdiction", "audience", "binds_as")}
    places = [c.value for c in clause.applies_when if c.fact == "jurisdiction"]
    match clause.trigger_event:
        case "calendar":
            pass
        case "action.requested":
            w.pack, w.digest = shipped(pack), digest
            planned: dict[str, Any] = (
                {"planned_for": "2027-06-01T09:00:00.000000Z"} if clause.clock == "planned" else {}
            )
            w.ask_to(
                clause.actions[0] if clause.actions else "external_deploy", facts=facts, jurisdictions=places, **planned
            )
        case "deployment.started":
            deploy(w, clause.actions[0] if clause.actions else "external_deploy")
        case "document.confirmed":
            w.document(clause.documents[0] if clause.documents else "report")
        case "body.informed":
            if clause.documents:
                w.document(clause.documents[0])
            papers = [PAPER["digest"]] if clause.documents else []
            w.say(
                "body.informed",
                {"body": clause.bodies[0] if clause.bodies else "BOARD", "documents": papers, "of": HASH},
            )
        case "framework.adopted" if shipped(pack).binds == "law":
            w.publish(shipped("anthropic-fcf-2"))
            w.adopt("anthropic-fcf-2", supersedes=w.digests[pack])
        case "framework.adopted":
            w.adopt(pack, supersedes=digest)
        case "framework.scope-determined":
            w.scope_of(pack, clause.binds_whom or shipped(pack).binds_whom or "lab")
        case "model.compute-reached":
            fact = clause.measured.fact if clause.measured is not None else "training_flop"
            w.compute("9" * 38, fact)
        case "reassessment.triggered":
            said = {
                "cause": clause.causes[0] if clause.causes else "discretion",
                "evidence": [],
                "framework": digest,
                "reason": "r",
            }
            w.say("reassessment.triggered", {**said, "thresholds": list(clause.thresholds)})
        case "threshold.determined":
            found = shipped(pack)
            with w.speaking_of(pack):
                w.determine(
                    (clause.thresholds or [found.thresholds[0].id])[0], (clause.states or [found.states[-1].id])[0]
                )
        case "concern.raised" | "concern.found":
            raised = w.say("concern.raised", {"channel": "anonymous", **PAPER, "framework": digest}, "concern/1")
            if clause.trigger_event == "concern.found":
                over = {"concern": w.ref(raised), **PAPER, "material": True, "outcome": "substantiated"}
                w.say("concern.found", over, "concern/1")
        case "obligation.fulfilled":
            assert clause.after is not None
            before = next(o for o in shipped(clause.after.pack).obligations if o.id == clause.after.obligation)
            opens(w, clause.after.pack, before)
            (owed,) = [d for d in w.duties() if (d.pack, d.obligation) == (clause.after.pack, before.id)]
            w.word("fulfilled", clause.after.pack, before.id, w.events[owed.opened_by or 0])
        case "obligation.tolled":
            extended = next(o for o in shipped(pack).obligations if o.id == clause.extends[0])
            opens(w, pack, extended)
            (owed,) = [d for d in w.duties() if (d.pack, d.obligation) == (pack, extended.id)]
            w.word("tolled", pack, extended.id, w.events[owed.opened_by or 0], until="2027-12-01T00:00:00.000000Z")
        case _:
            incident(w, pack, clause)


def incident(w: Regimes, pack: str, clause: Obligation) -> None:
    w.observe()
    w.involve()
    known = shipped(pack).incident_categories
    imminent = {"imminent": True, "imminent_known_at": w.at} if clause.imminent else {}
    if known:
        w.classify(pack, (clause.categories or [known[0].id])[0], **imminent)
    else:  # it has no classes of its own: reportable under another regime is what it asks about
        w.classify("us-ca-sb53", "DECEPTION", **imminent)
    if clause.trigger_event == "incident.report-filed":
        w.report(pack, clause.reports[0] if clause.reports else "initial")
    if clause.trigger_event == "incident.resolved":
        w.resolve()


@pytest.mark.parametrize(("pack", "name"), CLAUSES)
def test_an_event_that_it_means_opens_it_and_its_period_is_its_due(pack: str, name: str) -> None:
    w = world(pack)
    clause = next(o for o in shipped(pack).obligations if o.id == name)
    assert clause.trigger_event == "calendar" or not w.duties(pack=pack, obligation=name)
    opens(w, pack, clause)
    found: list[Duty] = w.duties(pack=pack, obligation=name)
    assert found, "nothing opened it"
    first = found[0]
    assert first.applies != "no"
    if clause.trigger_event == "calendar":
        assert first.period is not None
        assert first.due_latest is not None
        return
    assert len(found) == 1
    period = clause.every or clause.deadline
    if period is None:
        assert (first.due_strict, first.state) == (None, "no-period")
        return
    assert first.started_at is not None
    due = due_of(first.started_at, period, shipped(pack).clock)
    assert first.due_strict == due.strict
    if clause.clock != "due":  # an extension of a duty with two dates starts at either
        assert first.due_latest == due.latest
