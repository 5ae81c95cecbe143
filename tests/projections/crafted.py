"""A told story as real entries: bytes, events as decoded from them, and the state that the rules fold; signatures are dummies."""

from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ledger.admit import fold_event
from ledger.entry import format_entry
from ledger.envelope import Envelope, Signature, format_envelope
from ledger.event import Event
from ledger.fields import UNSET
from ledger.keys import keyid_of
from ledger.registry import BY_NAME
from ledger.statement import format_statement, stream_subject
from ledger.strict import format_base64, format_uuid7, micros
from policies.framework import pack_object
from policies.rules import RULES
from projections.decode import Decoder
from tests.policies.world import HASH, World, hexed
from tests.vectors.life import live

ADMINS = ("admin-1", "admin-2")
PACK = "anthropic-rsp-2.2"
XAI = "xai-faif-2025-12-30"


def spki(name: str) -> bytes:
    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(hexed(name)))
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def key_record(name: str, **more: str) -> dict[str, Any]:
    return {
        "alg": "ed25519",
        "keyid": keyid_of(spki(name)),
        "principal": name,
        "spki": format_base64(spki(name)),
        "use": "event",
        **more,
    }


class Crafted(World):
    """`World`, whose every `say` makes an entry. `by` names are registered with a key when they first speak."""

    def __init__(self, pack: str = PACK) -> None:
        super().__init__(pack, adopt=False)
        self.entries: list[bytes] = []
        self.events: list[Event] = []
        self.ends: dict[str, tuple[int, str]] = {}
        self.decoder = Decoder()
        self.known = {"engine", *ADMINS}
        keys = [
            {**key_record("root-1"), "kind": "person", "unit": "u", "use": "root"},
            {**key_record("root-2"), "kind": "person", "unit": "u", "use": "root"},
            *({**key_record(a), "kind": "person", "unit": "u", "role": "key-admin"} for a in ADMINS),
            {**key_record("engine"), "kind": "service", "unit": "u", "use": "engine", "role": "engine"},
        ]
        self.say("ledger.founded", {"keys": keys, "origin": "dev/crafted", "root_threshold": 2, "rules": "holdpoint-rules/1",
                                    "vkeys": ["a", "b"], "development": True}, "ledger", "admin-1")  # fmt: skip
        digest = {"digest": self.digest, "id": pack}
        self.say(
            "framework.published",
            {**digest, "pack": pack_object(self.pack), "source_digest": self.pack.source.digest},
            f"framework/{pack}",
            "framer",
        )
        self.say(
            "framework.adopted",
            {**digest, "effective": "2025-06-01T00:00:00.000000Z", "scope": "all"},
            f"framework/{pack}",
            "framer",
        )

    def admit_member(self, name: str) -> None:
        self.known.add(name)
        self.say("principal.registered", {"id": name, "kind": "person", "unit": "u"}, "ledger", "admin-1")
        self.say("key.registered", key_record(name), "ledger", "admin-1")

    def say(
        self,
        name: str,
        body: dict[str, Any],
        stream: str = "model/m",
        by: str = "someone",
        keyid: str | None = None,
        **more: Any,
    ) -> Event:
        kind = BY_NAME[name]
        if by not in self.known:
            self.admit_member(by)
        typed = msgspec.convert({"_sd": [], **body} if kind.event.slots else body, kind)
        signer = keyid or keyid_of(spki(by))
        payload = format_statement(
            body=typed, event_id=format_uuid7(micros(self.at) // 1000, self.size.to_bytes(10, "big")), founding=HASH, ledger="dev/crafted",
            occurred_at=self.at, signers=(signer,), stream=stream,
            subject=hexed(stream) if stream.startswith("model/") else stream_subject(stream), predicate_type=kind.event.topic, **more,
        )  # fmt: skip
        version, previous = self.ends.get(stream, (0, ""))
        envelope = format_envelope(Envelope(payload, (Signature(signer, b"x" * 64),)))
        raw = format_entry(envelope, self.at, previous, version + 1)
        event = self.decoder.decode(self.size, raw)
        self.ends[stream] = (version + 1, event.leaf)
        self.entries.append(raw)
        self.events.append(event)
        self.size += 1
        fold_event(self.state, event, RULES)
        for derived in RULES.derive(self.state, event):
            value = {k: v for k, v in msgspec.to_builtins(derived.body).items() if v is not UNSET}
            self.say(derived.body.event.name, value, derived.stream, "engine")
        return event

    def grant(self, who: str, role: str, **more: Any) -> Event:
        return self.say(
            "role.granted", {"principal": who, "role": role, "streams": ["model/m"], **more}, "ledger", "admin-1"
        )

    def reference(self, event: Event) -> dict[str, Any]:
        return {"index": event.index, "leaf": event.leaf}


def told() -> Crafted:
    """Every event type of the registry at least once."""
    w = Crafted()
    w.model()
    w.model("model/older")
    w.compute("1.5", "effective_compute_ratio")
    watched = w.pack.thresholds[0].id
    promise = {"comparator": "<", "framework": w.digest, "max_runs": 1, "metric": "accuracy", "min_samples": 1, "scorer": "s",
               "task": "t", "task_digest": "sha256:" + HASH, "threshold": watched, "value": "0.5"}  # fmt: skip
    promised = w.say("evaluation.preregistered", promise)
    run = record(w, {"entry": w.reference(promised), "outcome": "matches"})
    again = {"amends": w.reference(run), "edits_detected": [], "log_bytes": 1, "log_format": "f", "log_sha256": "sha256:" + "1" * 64,
             "only_encoding": False, "reason": "late score"}  # fmt: skip
    w.determine(watched, "not_ruled_out", evidence=[w.reference(run)], subjects=["model/m", "model/older"])
    w.say("evaluation.amended", again)
    w.say("evaluation.invalidated", {"evaluation": w.reference(run), "reason": "wrong model"})
    claim = w.attest("ASL-3-DEPLOYMENT")
    w.say("safeguard.withdrawn", {"attestation": w.reference(claim), "reason": "broken"}, claim.stream, "attester")
    w.document("safety-case")
    w.interim(w.pack.gates[0].id, "ASL-3-DEPLOYMENT")
    w.grant("someone", "decider", actions=["external_deploy"], pack_role={"pack": PACK, "role": "CEO"})
    w.grant("someone", "decider", actions=["train"])
    refuse = lambda: {"action": "external_deploy", "checkpoint": {"root": HASH, "size": 1}, "packs": [w.digest],  # noqa: E731
                      "request": w.request.digest, "verb": "decide"}  # fmt: skip
    made = w.decide("permit", approvals_by={"ceo": ["watch"], "cso": []}, divergence_reason="a trial")
    no = w.say("approval.refused", refuse(), by="doubter")
    w.say(
        "approval.withdrawn", {"approval": no.digest, "reason": "convinced", "request": w.request.digest}, by="doubter"
    )
    yes = next(e for e in w.events if e.name == "approval.given")
    w.say(
        "approval.withdrawn",
        {"approval": yes.digest, "reason": "second thoughts", "request": w.request.digest},
        by="ceo",
    )
    w.inform("board")
    w.say("body.informed", {"body": "ltbt", "documents": [], "of": made.digest})
    start = {
        "action": "external_deploy",
        "artifact": hexed("model/m"),
        "audience": "general",
        "hosts": ["own"],
        "surfaces": ["api"],
    }
    w.say("deployment.started", {**start, "decision": w.reference(made)})
    w.say("deployment.started", {**start, "decision": None})
    _later(w)
    w.decide("withhold", supersedes=w.reference(made))
    w.say(
        "role.revoked",
        {"principal": "someone", "role": "decider", "pack_role": {"pack": PACK, "role": "CEO"}},
        "ledger",
        "admin-1",
    )
    w.say("role.revoked", {"principal": "someone", "role": "decider"}, "ledger", "admin-1")
    token = "a" * 26
    w.say(
        "token.issued",
        {"audience": "auditor", "expires_at": "2026-06-01T00:00:00.000000Z", "id": token, "scopes": ["model/"]},
        "ledger",
        "admin-1",
    )
    w.say("index.committed", {"root": HASH, "size": w.size, "streams": len(w.ends)}, "ledger", "engine")
    roots = [{**key_record(n), "kind": "person", "unit": "u", "use": "root"} for n in ("root-1", "root-3", "root-4")]
    w.say("root.rotated", {"keys": roots, "root_threshold": 2}, "ledger", "admin-1")
    w.say("log.rotated", {"vkeys": ["c", "d"], "last_good_size": 1}, "ledger", "admin-1")
    w.say("rules.adopted", {"rules": "holdpoint-rules/2"}, "ledger", "admin-1")
    gone = {
        "ground": "fictional",
        "index": 0,
        "leaf": HASH,
        "stream": "concern/one",
        "type": "concern.raised",
        "version": 1,
    }
    w.say("entry.suppressed", gone, "ledger", "admin-1")
    w.say("ledger.frozen", {"reason": "fictional drill"}, "ledger", "admin-1")
    w.say("ledger.restored", {"reason": "over", "root": HASH, "size": 1}, "ledger", "admin-1")
    w.say("token.revoked", {"id": token}, "ledger", "admin-1")
    ceo = keyid_of(spki("ceo"))
    w.say("key.revoked", {"keyid": ceo, "reason": "superseded"}, "ledger", "admin-1")
    w.say("key.revoked", {"keyid": ceo, "reason": "compromised", "compromised_since_index": 3}, "ledger", "admin-2")
    return w


def _later(w: Crafted) -> None:
    """What a decision is followed by, a determination that is retracted, and a grant in an emergency that is reviewed."""
    first = lambda name: next(e for e in w.events if e.name == name)  # noqa: E731
    live(w.say, first, w.pack, w.digest, "model/m")
    gone = {"because": w.reference(first("evaluation.invalidated")), "determination": w.reference(first("threshold.determined")),
            "framework": w.digest, "threshold": w.pack.thresholds[0].id}  # fmt: skip
    w.say("threshold.retracted", gone, by="engine")
    glass = w.grant("doubter", "decider", break_glass=True, valid_until=w.at)
    said = {"actions": [], "grant": w.reference(glass), "outcome": "justified", "reason": "fictional"}
    w.say("break-glass.reviewed", said, "ledger", "admin-2")


def record(w: Crafted, preregistration: dict[str, Any] | None = None, stream: str = "model/m") -> Event:
    body = {
        "dataset": {"samples_declared": 1, "samples_run": 1}, "edits_detected": [], "evaluator": "a withheld name", "independence": "internal",
        "log_bytes": 1, "log_format": "f", "log_sha256": "sha256:" + HASH, "model_as_named": "m", "run": f"run {w.size}", "safeguards_off": False,
        "scores": [{"name": "accuracy", "scorer": "s", "value": "0.61"}], "status": "success", "task": "t", "task_version": "1", "tool": "t",
        "tool_version": "1", "warnings": [],
    }  # fmt: skip
    if preregistration is not None:
        body["preregistration"] = preregistration
    return w.say("evaluation.recorded", body, stream, "evaluator")
