"""A small world for policy tests: facts in one line each, folded by the real folds; no signatures, no database."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec

from ledger.admit import fold_event
from ledger.event import Body, Event
from ledger.fields import UNSET
from ledger.keys import KeyRecord
from ledger.registry import BY_NAME
from ledger.state import State
from ledger.strict import shift
from ledger.trust import Grant, KeyLife, Principal
from policies.answer import AsOf, Clearance, PolicyVerdict, Request
from policies.clear import clear
from policies.evaluate import evaluate
from policies.framework import Pack, load_toml, pack_digest, pack_object, parse_pack
from policies.rules import RULES
from tests.policies.tell import tell

NOW = "2026-01-15T12:00:00.000000Z"
FRAMEWORKS = Path(__file__).resolve().parents[2] / "policies" / "frameworks"
HASH = "0" * 64
ACTIONS = ("train", "internal_deploy", "external_deploy")


@lru_cache
def shipped(pack: str) -> Pack:
    """A shipped pack; reading one takes longer than most tests."""
    return load_toml((FRAMEWORKS / f"{pack}.toml").read_text(), pack)


def hexed(text: str) -> str:
    return sha256(text.encode()).hexdigest()


class World:
    """One model `model/m`, one pack that binds, with members `changed`; `tell` takes a line of the case tables.

    A law is published, and nobody adopts it. The world's day is `NOW`, or the first day on which the law is in force.
    """

    def __init__(
        self, pack: str, *, adopt: bool = True, unread: tuple[str, ...] = (), at: str | None = None, **changed: Any
    ) -> None:
        self.state = State()
        self.state.put("meta", "rules", RULES.version)
        self.size = 0
        self.back_recorded = False
        self.pack = shipped(pack)
        if unread or changed:
            value = pack_object(self.pack)
            source = {**value["source"], **({"unread_parts": list(unread)} if unread else {})}
            self.pack = parse_pack({**value, "source": source, **changed})
        self.digest = pack_digest(self.pack)
        self.at = at or (max(NOW, f"{self.pack.in_force_from}T12:00:00.000000Z") if self.pack.binds == "law" else NOW)
        for name, body in self.adoption() if adopt else ():
            self.say(name, body, f"framework/{pack}")

    def bring(self, pack: str, *, adopt: bool) -> None:
        """Another shipped pack, published or adopted too."""
        with self.speaking_of(pack):
            for name, body in self.adoption()[: 2 if adopt else 1]:
                self.say(name, body, f"framework/{pack}")

    @contextmanager
    def speaking_of(self, pack: str) -> Iterator[None]:
        """Inside, facts are told under that pack."""
        mine = self.pack, self.digest
        self.pack = shipped(pack)
        self.digest = pack_digest(self.pack)
        try:
            yield
        finally:
            self.pack, self.digest = mine

    def scope(self, applies: bool, binds_as: tuple[str, ...] = ()) -> Event:
        """Somebody determined whether the pack applies to the lab, and as what."""
        body = {
            "applies": applies, "binds_as": list(binds_as), "digest": self.digest, "effective": self.at, "id": self.pack.id,
            "reason": "looked at",
        }  # fmt: skip
        return self.say("framework.scope-determined", body, f"framework/{self.pack.id}")

    def adoption(self) -> tuple[tuple[str, dict[str, Any]], ...]:
        """The events that make this world's pack bind: a law binds as published."""
        named = {"digest": self.digest, "id": self.pack.id}
        published = {**named, "pack": pack_object(self.pack), "source_digest": self.pack.source.digest}
        adopted = {**named, "effective": "2025-06-01T00:00:00.000000Z", "scope": "all"}
        first = ("framework.published", published)
        return (first,) if self.pack.binds == "law" else (first, ("framework.adopted", adopted))

    def event(
        self, name: str, body: dict[str, Any], stream: str = "model/m", by: str = "someone", keyid: str | None = None
    ) -> Event:
        """An event at the end of the log, not yet folded."""
        kind: type[Body] = BY_NAME[name]
        if kind.event.slots:
            body = {"_sd": [], **body}
        return Event(
            index=self.size,
            leaf=hexed(str(self.size)),
            recorded_at=self.at,
            stream=stream,
            stream_version=1,
            digest=hexed(f"statement {self.size}"),
            event_id=f"id-{self.size}",
            occurred_at=self.at,
            known_at=None,
            type=kind.event,
            body=msgspec.convert(body, kind),
            signers=(keyid or hexed(by),),
            principals=(by,),
            subject=hexed(stream),
            back_recorded=self.back_recorded,
        )

    def say(
        self, name: str, body: dict[str, Any], stream: str = "model/m", by: str = "someone", keyid: str | None = None
    ) -> Event:
        """Fold an event, and what it derives."""
        return self.fold(self.event(name, body, stream, by, keyid))

    def fold(self, event: Event, by: tuple[str, ...] = ()) -> Event:
        """Fold an event, signed by all of `by` where given, and what it derives."""
        if by:
            event = msgspec.structs.replace(event, principals=by, signers=tuple(hexed(who) for who in by))
        fold_event(self.state, event, RULES)
        self.size += 1
        for derived in RULES.derive(self.state, event):
            value = {k: v for k, v in msgspec.to_builtins(derived.body).items() if v is not UNSET}
            self.say(derived.body.event.name, value, derived.stream, "engine")
        return event

    def refusal(self, name: str, body: dict[str, Any], stream: str = "model/m", by: str = "someone") -> str | None:
        """What the rules say to an event that nobody recorded yet: the reason code, or `None`."""
        refused = RULES.refusal(self.state, self.event(name, body, stream, by))
        return None if refused is None else refused.reason.value

    def empower(self, who: str, role: str, *pack_roles: str, until: str | None = None, unit: str = "safety") -> None:
        """A live key and a ledger role for `who`, bound to roles of the pack."""
        keyid = hexed(who)
        self.state.put("principal", who, Principal("person", unit, operates=False, index=0))
        record = KeyRecord(keyid, b"", "ed25519", "event", who, None, None)
        self.state.put("key", keyid, KeyLife(record, 0))
        grant = Grant(role, ("model/", "document/"), ACTIONS, until, 0)
        self.state.put("role", f"{who}|{role}", grant)
        for name in pack_roles:
            self.state.put("packrole", f"{self.pack.id}|{name}|{who}", grant)

    def model(self, stream: str = "model/m") -> None:
        self.say("model.registered", {"kind": "base"}, stream)

    def determine(self, threshold: str, state: str, *, by: str = "someone", **more: Any) -> Event:
        body = {
            "evidence": [],
            "framework": self.digest,
            "made": "role",
            "precautionary": False,
            "review_by": None,
            "state": state,
            "subjects": ["model/m"],
            "threshold": threshold,
        }
        return self.say("threshold.determined", {**body, **more}, more.get("subjects", ["model/m"])[0], by)

    def attest(
        self, name: str, *, until: str | None = None, host: str = "own", by: str = "attester", **more: Any
    ) -> Event:
        sets = {s.id: s.safeguards for s in self.pack.sets}
        body = {
            "claim": "works",
            "evidence": [],
            "framework": self.digest,
            "independence": "internal",
            "safeguards": list(sets.get(name, (name,))),
            "scope": {"audiences": ["general"], "hosts": [host], "subjects": ["model/m"], "surfaces": ["api"]},
            "valid_from": shift(self.at, days=-30),
            "valid_until": until or shift(self.at, days=30),
        }
        return self.say("safeguard.attested", {**body, **more}, "safeguard/all", by)

    def document(self, kind: str, *, role: str = "RSO", verb: str = "confirm") -> None:
        """A document, submitted and confirmed."""
        self.submit(kind)
        self.confirm(kind, role=role, verb=verb)

    def submit(self, kind: str) -> Event:
        """A document that nobody confirmed yet."""
        body = {
            "coverage_date": self.at,
            "covers": ["model/m"],
            "digest": "sha256:" + HASH,
            "kind": kind,
            "version": "1",
        }
        return self.say("document.submitted", body, f"document/{kind}", "writer")

    def confirm(self, kind: str, *, role: str = "RSO", verb: str = "confirm") -> Event:
        """`role` confirms, approves or accepts the newest document of that kind."""
        sent = max((f for _, f in self.state.scan("submitted") if f.body.kind == kind), key=lambda f: f.index)
        self.state.put(
            "packrole", f"{self.pack.id}|{role}|confirmer", Grant("approver", ("document/",), ACTIONS, None, 0)
        )
        body = {
            "digest": "sha256:" + HASH,
            "document": {"index": sent.index, "leaf": sent.leaf},
            "role": role,
            "verb": verb,
        }
        return self.say("document.confirmed", body, f"document/{kind}", "confirmer")

    def interim(self, gate: str, *names: str, until: str | None = None) -> None:
        body = {
            "framework": self.digest,
            "gate": gate,
            "measures": ["responses blocked"],
            "stands_in_for": list(names),
            "valid_until": until or shift(self.at, days=7),
        }
        self.say("interim.approved", body)

    def invoke(self, name: str, *, shown: str = "all", until: str | None = None) -> Event:
        """An exception of the pack, by two people, with its conditions shown: all, or the first few."""
        paper = {"digest": "sha256:" + HASH, "label": "paper", "media_type": "text/plain", "size": 1}
        conditions = next(e.conditions for e in self.pack.exceptions if e.id == name)
        body = {
            "exception": name,
            "framework": self.digest,
            "reason": "as the pack allows",
            "shown": [
                {"condition": c, "evidence": [paper]} for c in conditions[: None if shown == "all" else int(shown)]
            ],
            "valid_until": until or shift(self.at, days=7),
        }
        return self.fold(self.event("exception.invoked", body), ("decider", "second"))

    def decide(
        self,
        decision: str,
        action: str = "external_deploy",
        scope: dict[str, Any] | None = None,
        approvals_by: dict[str, list[str]] | None = None,
        **more: Any,
    ) -> Event:
        """Request, approvals (principal → conditions) and decision; no admission rule looks at them here."""
        self.ask_to(action, **(scope or {}))
        approvals = [self.approve(who, conditions) for who, conditions in (approvals_by or {}).items()]
        return self.say("decision.made", self.decided(decision, *approvals, **more), by="decider")

    def ask_to(self, action: str = "external_deploy", by: str = "deployer", **more: Any) -> Event:
        """Record a request; the gate answers behind it."""
        self.request = self.say("action.requested", {**self.requested(action), **more}, by=by)
        return self.request

    def requested(self, action: str = "external_deploy") -> dict[str, Any]:
        return {
            "action": action,
            "artifact": hexed("model/m"),
            "audience": "general",
            "evidence": [],
            "facts": {},
            "hosts": ["own"],
            "jurisdictions": [],
            "packs": [self.digest],
            "surfaces": ["api"],
        }

    def decided(self, decision: str = "permit", *approvals: Event, **more: Any) -> dict[str, Any]:
        """The body of a decision on the newest gate answer to the newest request."""
        gate = self.state.get("gate", self.request.digest)
        body = {
            "approvals": sorted(a.digest for a in approvals),
            "basis": "policy",
            "conditions": [],
            "decision": decision,
            "gate": {"index": gate.index, "leaf": gate.leaf},
            "request": self.request.digest,
        }
        return {**body, **more}

    def approve(self, who: str, conditions: list[str], keyid: str | None = None, **more: Any) -> Event:
        body = {
            "action": self.request.body.action,
            "checkpoint": {"root": HASH, "size": 1},
            "conditions": conditions,
            "packs": list(self.request.body.packs),
            "request": self.request.digest,
            "verb": "decide",
        }
        return self.say("approval.given", {**body, **more}, by=who, keyid=keyid)

    def inform(self, body: str) -> None:
        self.say("body.informed", {"body": body, "documents": [], "of": self.request.digest})

    def promise(self, threshold: str) -> Event:
        """Pre-register a run that the pack's number decides on."""
        rule = self.pack.threshold(threshold).rule
        promise = {
            "comparator": rule.comparator,
            "framework": self.digest,
            "max_runs": 1,
            "metric": rule.metric,
            "min_samples": 1,
            "scorer": "s",
            "task": threshold,
            "task_digest": "sha256:" + HASH,
            "threshold": threshold,
            "value": rule.value,
        }
        return self.say("evaluation.preregistered", promise)

    def rate(self, threshold: str, value: str, outcome: str = "matches") -> None:
        """A run against its pre-registration."""
        rule = self.pack.threshold(threshold).rule
        promised = self.promise(threshold)
        entry = {"index": promised.index, "leaf": promised.leaf}
        scores = {} if value == "withheld" else {"scores": [{"name": rule.metric, "scorer": "s", "value": value}]}
        self.run(threshold, preregistration={"entry": entry, "outcome": outcome}, **scores)

    def last_run(self) -> list[dict[str, Any]]:
        """The newest run, to be cited."""
        last = max((f for _, f in self.state.scan("evaluation")), key=lambda f: f.index)
        return [{"index": last.index, "leaf": last.leaf}]

    def run(self, task: str, **more: Any) -> Event:
        """A run of a task that nobody pre-registered, unless `more` says so."""
        body = {
            "dataset": {"samples_declared": 1, "samples_run": 1},
            "edits_detected": [],
            "independence": "internal",
            "log_bytes": 1,
            "log_format": "f",
            "log_sha256": "sha256:" + HASH,
            "model_as_named": "m",
            "run": f"run {self.size}",
            "safeguards_off": False,
            "status": "success",
            "task": task,
            "task_version": "1",
            "tool": "t",
            "tool_version": "1",
            "warnings": [],
        }
        return self.say("evaluation.recorded", {**body, **more})

    def compute(self, ratio: str, fact: str) -> None:
        self.say("model.compute-reached", {"fact": fact, "of": "model/m", "ratio": ratio})

    def ask(self, action: str, at: str | None = None, **context: Any) -> tuple[PolicyVerdict, Clearance]:
        """Ask; where nothing is said of the audience, the question is about this world's own scope."""
        request = Request("model/m", action, **{"audience": "general", **context})
        as_of = AsOf(self.size, at or self.at)
        verdict = evaluate(self.state, request, as_of)
        return verdict, clear(self.state, verdict, request, as_of)

    def tell(self, line: str) -> None:
        """One line of a case table."""
        tell(self, line)
