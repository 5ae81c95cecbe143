"""Fictional regimes whose duties are easy to read, and a world that publishes them and speaks of incidents and duties."""

from typing import Any

import msgspec
from msgspec.structs import replace

from ledger.admit import fold_event
from ledger.event import Event
from ledger.strict import shift
from policies.duties import duties_of
from policies.duty import Duty
from policies.framework import Pack, pack_digest, pack_object, parse_pack
from policies.rules import RULES
from tests.policies.world import HASH, World, hexed

START = "2026-03-02T09:00:00.000000Z"
"""A Monday."""
SAID = {"ref": "fictional clock", "zone_minutes": 0, "first_day_counts": False, "rolls_over": False}
INCIDENT = "incident/fictional-1"


def days(amount: int, unit: str = "day") -> dict[str, Any]:
    return {"amount": amount, "unit": unit}


def duty(name: str, event: str, **more: Any) -> dict[str, Any]:
    said = {"form": "a paper", "id": name, "recipients": ["an office"], "ref": f"fictional clause {name}", "trigger": "it happens",
            "trigger_event": event, **more}  # fmt: skip
    return {k: v for k, v in said.items() if (k, v) != ("clock", "not-stated")}


def regime(name: str, binds: str, *duties: dict[str, Any], **more: Any) -> Pack:
    return parse_pack({
        "binds": binds, "gates": [], "id": name, "in_force_from": "2026-01-01", "publisher": "nobody",
        "roles": [], "safeguards": [], "sets": [], "source": {"citation": "fictional", "digest": "sha256:" + HASH,
        "sourcing": "made up for a test"}, "states": [], "style": "obligation", "thresholds": [], "title": "A fictional regime",
        "version": "1", **({"binds_whom": "lab"} if binds == "law" else {}), **({"obligations": list(duties)} if duties else {}), **more,
    })  # fmt: skip


class Regimes(World):
    """A world with one model and these packs: published, and adopted where they are no law."""

    def __init__(self, *packs: Pack, adopt: bool = True) -> None:
        self.events: dict[int, Event] = {}
        super().__init__("xai-faif-2025-12-30", adopt=False)
        self.at = shift(START, days=-30)
        self.digests = {p.id: pack_digest(p) for p in packs}
        self.model()
        for pack in packs:
            self.publish(pack)
            if adopt and pack.binds != "law":
                self.adopt(pack.id)
            self.pack, self.digest = pack, self.digests[pack.id]
        self.at = START

    def publish(self, pack: Pack) -> Event:
        self.digests[pack.id] = pack_digest(pack)
        body = {
            "digest": pack_digest(pack),
            "id": pack.id,
            "pack": pack_object(pack),
            "source_digest": pack.source.digest,
        }
        return self.say("framework.published", body, f"framework/{pack.id}")

    def adopt(self, name: str, effective: str | None = None, **more: Any) -> Event:
        body = {"digest": self.digests[name], "effective": effective or self.at, "id": name, "scope": "all", **more}
        return self.say("framework.adopted", body, f"framework/{name}")

    def scope_of(self, name: str, *classes: str, applies: bool = True, **more: Any) -> Event:
        body = {"applies": applies, "binds_as": list(classes), "digest": self.digests[name], "effective": self.at, "id": name,
                "reason": "looked at", **more}  # fmt: skip
        return self.say("framework.scope-determined", body, f"framework/{name}")

    def say(
        self, name: str, body: dict[str, Any], stream: str = "model/m", by: str = "someone", keyid: str | None = None
    ) -> Event:
        event = super().say(name, body, stream, by, keyid)
        self.events[event.index] = event
        return event

    def tell_at(self, name: str, body: dict[str, Any], stream: str, *, by: str = "someone", **place: Any) -> Event:
        """Fold an event with times of its own: `occurred_at`, `known_at`, `back_recorded`."""
        event = replace(self.event(name, body, stream, by), **place)
        self.events[event.index] = event
        fold_event(self.state, event, RULES)
        self.size += 1
        for derived in RULES.derive(self.state, event):
            self.say(derived.body.event.name, msgspec.to_builtins(derived.body), derived.stream, "engine")
        return event

    # -- incidents ---------------------------------------------------------------------------------------------------

    def observe(self, stream: str = INCIDENT, **place: Any) -> Event:
        body = {"first_at": START, "jurisdictions": ["EU"], "kind": "weights left the building", "models": ["model/m"],
                "surfaces": ["api"]}  # fmt: skip
        self.case = self.tell_at("incident.observed", body, stream, **place)
        return self.case

    def involve(self, certainty: str = "suspected", **place: Any) -> Event:
        body = {"basis": "log lines", "certainty": certainty, "incident": self.ref(self.case)}
        return self.tell_at("incident.involvement-known", body, self.case.stream, **place)

    def classify(self, name: str, category: str | None, **more: Any) -> Event:
        place = {k: more.pop(k) for k in ("occurred_at", "known_at", "by") if k in more}
        body = {
            "framework": self.digests[name],
            "imminent": False,
            "incident": self.ref(self.case),
            "reason": "read the clause",
            **more,
        }
        if category is not None:
            body["category"] = category
        return self.tell_at("incident.classified", body, self.case.stream, **place)

    def report(self, name: str, kind: str, at: str | None = None, **more: Any) -> Event:
        by = more.pop("by", "someone")
        body = {"awareness_at": START, "digest": "sha256:" + HASH, "fields_missing": [], "framework": self.digests[name],
                "incident": self.ref(self.case), "kind": kind, "recipient": "an office", "submitted_at": at or self.at, **more}  # fmt: skip
        return self.tell_at("incident.report-filed", body, self.case.stream, by=by)

    def resolve(self, at: str | None = None, by: str = "someone") -> Event:
        body = {"corrective": ["a patch"], "incident": self.ref(self.case), "resolved_at": at or self.at}
        return self.tell_at("incident.resolved", body, self.case.stream, by=by)

    # -- duties ------------------------------------------------------------------------------------------------------

    def word(
        self, kind: str, name: str, obligation: str, opened: Event | str, *, by: str = "someone", **more: Any
    ) -> Event:
        body: dict[str, Any] = {"framework": self.digests[name], "obligation": obligation}
        if kind == "fulfilled":
            body |= {"evidence": [], "fulfilled_at": self.at, "note": ""}
        elif kind == "tolled":
            body |= {"by": "an office", "reason": "asked for", "until": self.at}
        else:
            body |= {"reason": "not meant"}
        named = {"period": opened} if isinstance(opened, str) else {"opened_by": self.ref(opened)}
        place = {k: more.pop(k) for k in ("occurred_at",) if k in more}
        stream = f"obligation/{name}/{obligation.lower()}/x"
        return self.tell_at(f"obligation.{kind}", {**body, **named, **more}, stream, by=by, **place)

    def taint(self, by: str) -> None:
        """The key of `by` is compromised from the start."""
        self.state.put("taint", hexed(by), 0)

    def duties(self, at: str | None = None, **wanted: Any) -> list[Duty]:
        found = duties_of(self.state, at or self.at)
        return [d for d in found if all(getattr(d, k) == v for k, v in wanted.items())]

    def duty(self, obligation: str, at: str | None = None, **wanted: Any) -> Duty:
        (found,) = self.duties(at, obligation=obligation, **wanted)
        return found

    def ref(self, event: Event) -> dict[str, Any]:
        return {"index": event.index, "leaf": event.leaf}


DEPLOYED = duty("TELL", "deployment.started", actions=["external_deploy"], clock="occurred", deadline=days(10))
TENTH = "2026-03-12T23:59:59.999999Z"
"""Ten days after the start, at the end of the day."""


def lab(*duties: dict[str, object], binds: str = "code", **more: object) -> Regimes:
    """A world with one regime, `fiction`."""
    return Regimes(regime("fiction", binds, *duties, clock=SAID, **more))


def deploy(w: Regimes, action: str = "external_deploy", **place: Any) -> Event:
    """`model/m` is deployed without a decision."""
    body = {
        "action": action,
        "artifact": "0" * 64,
        "audience": "general",
        "decision": None,
        "hosts": ["own"],
        "surfaces": ["api"],
    }
    return w.tell_at("deployment.started", body, "model/m", **place)


def told(d: Duty) -> tuple[str, str, tuple[str, ...]]:
    """Where a duty stands, whether it applies, and why."""
    return d.state, d.applies, d.reasons
