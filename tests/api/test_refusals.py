"""Refusals over HTTP, one statement per reason: well formed, truly signed, and refused with its own code and status.

All are sent to the told story, which none of them changes.
"""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from api.author import Audience, write
from api.keyring import load_signer
from api.problems import TYPES
from api.session import Session
from ledger.entry import parse_entry
from ledger.envelope import parse_envelope
from ledger.events import evaluation, framework, incident, key, ledger, model, principal, role, token
from ledger.keys import Signer
from ledger.strict import shift
from policies.framework import pack_object
from tests.api.asker import Asker
from tests.simulator import grant, record, signer

JSON = {"content-type": "application/json"}
ADMINS = ("key-admin-1", "key-admin-2")
Make = Callable[["World"], Any]


class World:
    """The story, and statements by its people."""

    def __init__(self, asker: Asker) -> None:
        self.asker, self.session = asker, Session(asker.ledger)
        self.state = asker.ledger.appender.state
        self.now = asker.ledger.now()

    def by(self, *names: str) -> list[Signer]:
        return [load_signer(self.asker.ledger.folder / "keys" / f"{name}.pem") for name in names]

    def say(
        self, kind: Any, body: dict[str, Any], stream: str, *names: str, more: tuple[Signer, ...] = (), **options: Any
    ) -> Any:
        return self.session.write(kind, body, stream, [*self.by(*names), *more], **options)

    def admins(self, kind: Any, body: dict[str, Any], *more: Signer, **options: Any) -> Any:
        return self.say(kind, body, "ledger", *ADMINS, more=more, **options)

    def predicate(self, name: str) -> Any:
        """What the first entry of a type says."""
        ledger_ = self.asker.ledger
        rows = ledger_.desk.read_entries(0, ledger_.appender.size)
        row = next(r for r in rows if f":{name}:" in r.topic)
        return json.loads(parse_envelope(parse_entry(row.entry).envelope).payload)["predicate"]

    def pack(self) -> Any:
        return next(p for _, p in self.state.scan("published"))


def person(name: str) -> dict[str, Any]:
    return {"id": name, "kind": "person", "unit": "safety"}


def issued(world: World, **more: Any) -> dict[str, Any]:
    end = shift(world.now, days=1)
    return {"audience": "ci", "expires_at": end, "id": "a" * 26, "scopes": ["gate:read"], **more}


def preregistered(world: World, **more: Any) -> dict[str, Any]:
    fact = next(f for _, f in world.state.scan("prereg"))
    said = {name: getattr(fact.body, name) for name in fact.body.__struct_fields__}
    return {**said, **more}


def recorded_again(world: World) -> Any:
    said = world.predicate("evaluation.recorded")
    body = {k: v for k, v in said["body"].items() if k != "_sd"}
    body.setdefault("scores", [])
    return world.say(evaluation.Recorded, {**body, "evaluator": "someone"}, said["stream"], "evaluator")


def pack_published(world: World, **more: Any) -> dict[str, Any]:
    published = world.pack()
    value = pack_object(published.pack)
    return {"digest": published.digest, "id": published.pack.id, "pack": value,
            "source_digest": published.pack.source.digest, **more}  # fmt: skip


FRESH = signer("refusals fresh")
CASES: dict[str, Make] = {
    "principal-known": lambda w: w.admins(principal.Registered, person("decider")),
    "principal-unknown": lambda w: w.admins(role.Granted, grant("nobody", "assessor")),
    "role-already-granted": lambda w: w.admins(role.Granted, grant("decider", "decider")),
    "own-grant": lambda w: w.admins(role.Granted, grant("key-admin-1", "assessor")),
    "separation": lambda w: w.admins(role.Granted, grant("approver-1", "key-admin")),
    "break-glass-too-long": lambda w: w.admins(
        role.Granted, grant("approver-1", "key-admin", break_glass=True, valid_until=shift(w.now, days=2))
    ),
    "last-key-admin": lambda w: w.admins(role.Revoked, {"principal": "key-admin-1", "role": "key-admin"}),
    "quorum-short": lambda w: w.say(principal.Registered, person("new"), "ledger", "key-admin-1"),
    "role-missing": lambda w: w.say(principal.Registered, person("new"), "ledger", "assessor", "attester"),
    "token-too-long": lambda w: w.say(
        token.Issued, issued(w, expires_at=shift(w.now, days=366)), "ledger", "key-admin-1"
    ),
    "token-unknown": lambda w: w.say(token.Revoked, {"id": "z" * 26}, "ledger", "key-admin-1"),
    "key-unknown": lambda w: w.say(model.Registered, {"kind": "base"}, "model/x", more=(FRESH,), subject="ab" * 32),
    "key-known": lambda w: w.admins(key.Registered, record(w.by("decider")[0], "deployer"), w.by("decider")[0]),
    "key-use": lambda w: w.say(model.Registered, {"kind": "base"}, "model/x", "engine", subject="ab" * 32),
    "proof-of-possession": lambda w: w.admins(key.Registered, record(FRESH, "deployer")),
    "already-founded": lambda w: w.admins(ledger.Founded, w.predicate("ledger.founded")["body"]),
    "wrong-ledger": lambda w: write(
        model.Registered, {"kind": "base"}, Audience("dev/another", w.session.audience.founding), "model/x",
        w.by("assessor"), w.now, subject="ab" * 32,
    ),
    "stream-mismatch": lambda w: w.say(model.Registered, {"kind": "base"}, "ledger", "assessor", subject="ab" * 32),
    "subject-mismatch": lambda w: w.say(model.Registered, {"kind": "base"}, "model/fictional-one", "assessor", subject="ab" * 32),
    "subject-unknown": lambda w: w.say(evaluation.Preregistered, preregistered(w), "model/none", "evaluator"),
    "clock-skew": lambda w: w.say(
        model.Registered, {"kind": "base"}, "model/x", "assessor", subject="ab" * 32, occurred_at=shift(w.now, seconds=900)
    ),
    "event-id-time": lambda w: w.say(
        model.Registered, {"kind": "base"}, "model/x", "assessor", subject="ab" * 32,
        event_id="01000000-0000-7000-8000-000000000000",
    ),
    "framework-unknown": lambda w: w.say(
        evaluation.Preregistered, preregistered(w, framework="sha256:" + "0" * 64), "model/fictional-one", "evaluator"
    ),
    "threshold-unknown": lambda w: w.say(
        evaluation.Preregistered, preregistered(w, threshold="NOT-THERE"), "model/fictional-one", "evaluator"
    ),
    "framework-not-adopted": lambda w: w.say(
        framework.Adopted,
        {"digest": w.pack().digest, "effective": w.now, "id": w.pack().pack.id, "scope": "all", "supersedes": "sha256:" + "1" * 64},
        f"framework/{w.pack().pack.id}", "framework-admin-1", "framework-admin-2",
    ),
    "pack-digest-mismatch": lambda w: w.say(
        framework.Published, pack_published(w, digest="sha256:" + "0" * 64), f"framework/{w.pack().pack.id}",
        "framework-admin-1", "framework-admin-2",
    ),
    "pack-malformed": lambda w: w.say(
        framework.Published, pack_published(w, pack={"id": "x"}), f"framework/{w.pack().pack.id}",
        "framework-admin-1", "framework-admin-2",
    ),
    "duplicate-evaluation": recorded_again,
    "clause-unknown": lambda w: w.say(
        framework.Interpreted, {"clause": "NOT-THERE", "digest": w.pack().digest, "id": w.pack().pack.id, "reading": "so"},
        f"framework/{w.pack().pack.id}", "framework-admin-1", "framework-admin-2",
    ),
    "contradiction": lambda w: w.say(
        incident.Observed,
        {"first_at": shift(w.now, days=-1), "jurisdictions": [], "kind": "misuse", "last_at": shift(w.now, days=-2),
         "models": ["model/fictional-one"], "surfaces": []},
        "incident/1", "responder",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def world(story: Asker) -> Iterator[World]:
    size = story.ledger.appender.size
    yield World(story)
    assert story.ledger.appender.size == size, "a refusal takes no index"


@pytest.mark.parametrize("reason", CASES)
def test_refused_for_its_own_reason(world: World, reason: str) -> None:
    answer = world.asker.ask("/v1/entries", "POST", content=CASES[reason](world).wire(), headers=JSON)
    problem = answer.json()
    assert (problem["reason"], answer.status_code) == (reason, TYPES[reason].status), problem
    assert problem["detail"]
    assert not problem["retryable"]
