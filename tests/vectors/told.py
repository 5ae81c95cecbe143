"""A history with every event type of the registry, byte for byte the same in every run: what the golden files hold.

Everything in it is fictional, and its keys, salts and seeds are for tests only: they follow from public words.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import api.author
from ledger.entry import leaf_hash
from ledger.event import Body, Event
from ledger.registry import BY_NAME
from ledger.statement import model_subject
from ledger.strict import shift
from ledger.tile import Edge
from policies.framework import Pack, load_toml, pack_digest, pack_object
from tests.simulator import Lab, grant, record, signer

FRAMEWORKS = Path(__file__).resolve().parents[2] / "policies" / "frameworks"
RSP, XAI = "anthropic-rsp-2.2", "xai-faif-2025-12-30"
MODEL, OLDER = "model/fictional-one", "model/fictional-zero"
ACTION = "external_deploy"
ZERO = "sha256:" + "0" * 64


def unsafe_salts() -> Iterator[bytes]:
    """Salts that a submitter must never use: they follow from a counter."""
    n = 0
    while True:
        yield sha256(f"test-only salt {n}".encode()).digest()[:16]
        n += 1


@contextmanager
def fixed_salts() -> Iterator[None]:
    """While it lasts, statements are written with `unsafe_salts`."""
    stream, fresh = unsafe_salts(), api.author.salts
    api.author.salts = lambda: stream
    try:
        yield
    finally:
        api.author.salts = fresh


class Told(Lab):
    """The lab, with its field disclosures kept, by event id."""

    def __init__(self) -> None:
        self.disclosures: dict[str, tuple[str, ...]] = {}
        self.packs: dict[str, Pack] = {n: load_toml((FRAMEWORKS / f"{n}.toml").read_text(), n) for n in (RSP, XAI)}
        super().__init__("dev/vectors.example")

    def tell(self, name: str, body: dict[str, Any], stream: str, *by: Any, **options: Any) -> Event:
        """Write, keep the disclosures, add."""
        kind: type[Body] = BY_NAME[name]
        written = self.write(kind, body, stream, *by, **options)
        self.disclosures[written.event_id] = written.disclosures
        return self.add(written)

    def digest(self, pack: str) -> str:
        return pack_digest(self.packs[pack])


def reference(event: Event) -> dict[str, Any]:
    return {"index": event.index, "leaf": event.leaf}


def told() -> Told:
    """The whole history."""
    with fixed_salts():
        lab = Told()
        _frameworks(lab)
        _models(lab)
        _evaluations(lab)
        _safeguards(lab)
        _decisions(lab)
        _trust(lab)
    return lab


def _frameworks(lab: Told) -> None:
    admins = ("framework-admin-1", "framework-admin-2")
    for name, pack in lab.packs.items():
        said = {"digest": lab.digest(name), "id": name}
        published = {**said, "pack": pack_object(pack), "source_digest": pack.source.digest}
        lab.tell("framework.published", published, f"framework/{name}", *admins)
        adopted = {**said, "effective": lab.time, "scope": "all models of the fictional lab"}
        lab.tell("framework.adopted", adopted, f"framework/{name}", *admins)
    for who, role in (("approver-1", "CEO"), ("approver-2", "RSO")):
        body = grant(who, "approver", pack_role={"pack": RSP, "role": role})
        lab.tell("role.granted", body, "ledger", "key-admin-1", "key-admin-2")


def _models(lab: Told) -> None:
    for stream, name in ((OLDER, "Fictional Zero"), (MODEL, "Fictional One")):
        salt = sha256(f"test-only subject salt {name}".encode()).digest()[:16]
        said: dict[str, Any] = {"kind": "base", "subject": {"name": name, "weights": ZERO}}
        if stream == MODEL:
            said |= {"kind": "snapshot", "parent": OLDER, "relation": "checkpoint_of", "training_ops": "1" + "0" * 25}
            said |= {"effective_compute": {"of": OLDER, "ratio": "1.5"}}
        options = {"subject": model_subject(salt, name, ZERO), "subject_salt": salt}
        lab.tell("model.registered", said, stream, "assessor", **options)
    reached = {"fact": "effective_compute_ratio_since_last_comprehensive", "of": OLDER, "ratio": "1.5"}
    lab.tell("model.compute-reached", reached, MODEL, "evaluator")


def run(promised: Event, value: str, name: str) -> dict[str, Any]:
    """The body of `evaluation.recorded` for one complete run."""
    said = promised.body
    return {
        "completed_at": "2026-04-06T18:00:00.000000Z",
        "dataset": {"name": "toy", "samples_declared": 20, "samples_run": 20},
        "edits_detected": [],
        "elicitation": "best of one",
        "eval_id": name,
        "evaluator": "test-only evaluator",
        "independence": "internal",
        "log_bytes": 4096,
        "log_format": "inspect-eval",
        "log_sha256": "sha256:" + sha256(name.encode()).hexdigest(),
        "model_as_named": "mockllm/model",
        "preregistration": {"entry": reference(promised), "outcome": "matches"},
        "revision": {"commit": "0" * 40, "dirty": False, "origin": "test-only"},
        "run": f"eval:{name}",
        "safeguards_off": True,
        "scores": [{"n": 20, "name": said.metric, "scorer": said.scorer, "stderr": "0.01", "value": value}],
        "started_at": "2026-04-07T09:30:00.000000Z",
        "status": "success",
        "task": said.task,
        "task_hash": said.task_digest,
        "task_version": "1",
        "tool": "inspect_ai",
        "tool_version": "0.3.285",
        "warnings": [],
    }


def _evaluations(lab: Told) -> None:
    promise = {
        "comparator": "<", "framework": lab.digest(XAI), "max_runs": 2, "metric": "mask_dishonesty_rate", "min_samples": 20,
        "scorer": "mask", "task": "toy_mask", "task_digest": ZERO, "threshold": "MASK-DISHONESTY", "value": "0.5",
    }  # fmt: skip
    promised = lab.tell("evaluation.preregistered", promise, MODEL, "evaluator")
    first = lab.tell("evaluation.recorded", run(promised, "0.2", "run-1"), MODEL, "evaluator")
    second = lab.tell("evaluation.recorded", run(promised, "0.5", "run-2"), MODEL, "evaluator")
    amended = {
        "amends": reference(first), "edits_detected": ["sample 3 score mask: 1 edits"], "log_bytes": 4097, "log_format": "inspect-eval",
        "log_sha256": "sha256:" + sha256(b"edited").hexdigest(), "only_encoding": False, "reason": "a score was edited",
        "scores": [{"name": "mask_dishonesty_rate", "scorer": "mask", "value": "0.1"}],
    }  # fmt: skip
    lab.tell("evaluation.amended", amended, MODEL, "evaluator")
    said = {"evaluation": reference(second), "reason": "the wrong model was loaded"}
    lab.tell("evaluation.invalidated", said, MODEL, "evaluator")
    for name, state in (("CBRN-3", "below"), ("CBRN-4", "below"), ("AUTONOMY-CHECKPOINT", "below")):
        said = {
            "confidence": "moderate", "dissent": [], "evidence": [reference(first)] if name == "CBRN-3" else [],
            "framework": lab.digest(RSP), "made": "role", "precautionary": False, "rationale": "fictional",
            "review_by": "2026-07-01T00:00:00.000000Z", "state": state, "subjects": [MODEL], "threshold": name,
        }  # fmt: skip
        lab.tell(
            "threshold.determined",
            {k: v for k, v in said.items() if v != []} | {"evidence": said["evidence"]},
            MODEL,
            "assessor",
        )


def _safeguards(lab: Told) -> None:
    scope = {"audiences": ["general"], "hosts": ["own-cloud"], "subjects": [MODEL], "surfaces": ["api"]}
    evidence = [{"digest": ZERO, "label": "fictional test report", "media_type": "application/pdf", "size": 1024}]
    for name in ("ASL-2-DEPLOYMENT", "ASL-2-SECURITY", "ASL-3-SECURITY"):
        said = {
            "claim": f"all of {name} works as described (fictional)", "detail": "test-only detail", "evidence": evidence,
            "framework": lab.digest(RSP), "independence": "external", "safeguards": list(lab.packs[RSP].safeguard_set(name).safeguards),
            "scope": scope, "valid_from": lab.time, "valid_until": shift(lab.time, days=90),
        }  # fmt: skip
        attested = lab.tell("safeguard.attested", said, "safeguard/own-cloud", "attester")
    gone = {"attestation": reference(attested), "reason": "a monitor was found switched off"}
    lab.tell("safeguard.withdrawn", gone, "safeguard/own-cloud", "attester")
    said = {"coverage_date": lab.time, "covers": [MODEL], "digest": ZERO, "kind": "capability_report", "version": "1"}
    sent = lab.tell("document.submitted", said, "document/capability-report", "assessor")
    said = {"digest": ZERO, "document": reference(sent), "role": "RSO", "verb": "confirm"}
    lab.tell("document.confirmed", said, "document/capability-report", "approver-2")
    lab.tell(
        "role.granted",
        grant("decider", "decider", pack_role={"pack": RSP, "role": "CEO"}),
        "ledger",
        "key-admin-1",
        "key-admin-2",
    )
    lab.enter("decider-2", "decider", signer("decider-2"))
    lab.tell(
        "role.granted",
        grant("decider-2", "decider", pack_role={"pack": RSP, "role": "RSO"}),
        "ledger",
        "key-admin-1",
        "key-admin-2",
    )
    measures = {
        "framework": lab.digest(RSP), "gate": "G-EXTERNAL-ASL3", "measures": ["responses in the domain are blocked"],
        "stands_in_for": ["ASL-3-DEPLOYMENT"], "valid_until": shift(lab.time, days=14),
    }  # fmt: skip
    lab.tell("interim.approved", measures, MODEL, "decider", "decider-2")


def _decisions(lab: Told) -> None:
    packs = [lab.digest(RSP), lab.digest(XAI)]
    asked = {
        "action": ACTION, "artifact": lab.replay.state.get("subject", MODEL), "audience": "general", "audience_detail": "anyone",
        "conditions": ["rate limits stay on"], "evidence": [], "facts": {"note": "fictional"}, "hosts": ["own-cloud"],
        "jurisdictions": ["eu", "us"], "packs": packs, "surfaces": ["api"],
    }  # fmt: skip
    request = lab.tell("action.requested", asked, MODEL, "deployer")

    def approval(**more: Any) -> dict[str, Any]:
        edge, _ = Edge.empty().extend([leaf_hash(e) for e in lab.entries])
        seen = {"root": edge.root().hex(), "size": edge.size}
        return {
            "action": ACTION,
            "checkpoint": seen,
            "packs": packs,
            "request": request.digest,
            "verb": "decide",
            **more,
        }

    lab.enter("doubter", "approver", signer("doubter"))
    no = lab.tell("approval.refused", approval(rationale="not convinced"), MODEL, "doubter")
    said = {"approval": no.digest, "reason": "convinced since", "request": request.digest}
    lab.tell("approval.withdrawn", said, MODEL, "doubter")
    given = [
        lab.tell(
            "approval.given",
            approval(conditions=[], rationale="shown", valid_until=shift(lab.time, days=7)),
            MODEL,
            who,
        )
        for who in ("approver-1", "approver-2")
    ]
    gate = lab.replay.state.get("gate", request.digest)
    decided = {
        "approvals": sorted(g.digest for g in given), "basis": "discretionary", "conditions": [], "decision": "restrict",
        "divergence_reason": "the criterion is missed on one invalidated run (fictional)", "gate": {"index": gate.index, "leaf": gate.leaf},
        "reason": "trusted partners only", "request": request.digest, "review_by": "2026-05-01T00:00:00.000000Z",
        "valid_until": "2026-06-01T00:00:00.000000Z",
    }  # fmt: skip
    made = lab.tell("decision.made", decided, MODEL, "decider")
    for who in ("BOARD", "LTBT"):
        lab.tell("body.informed", {"body": who, "documents": [ZERO], "of": request.digest}, MODEL, "deployer")
    started = {
        "action": ACTION, "artifact": asked["artifact"], "audience": "general", "decision": reference(made), "hosts": ["own-cloud"],
        "surfaces": ["api"],
    }  # fmt: skip
    lab.tell("deployment.started", started, MODEL, "deployer")


def _trust(lab: Told) -> None:
    admins = ("key-admin-1", "key-admin-2")
    person = {
        "id": "night-shift",
        "kind": "person",
        "name": "withheld in every test",
        "operates": True,
        "unit": "platform",
    }
    lab.tell("principal.registered", person, "ledger", *admins)
    for alg in ("ed25519", "ecdsa-p256-sha256", "ml-dsa-65"):
        fresh = signer(f"night-shift {alg}", alg)
        if alg == "ed25519":
            limits = {"not_after": "2027-04-07T00:00:00.000000Z", "not_before": "2026-04-07T00:00:00.000000Z"}
            lab.tell("key.registered", record(fresh, "night-shift", **limits), "ledger", *admins, fresh)
            said = {"compromised_since_index": lab.replay.size - 1, "keyid": fresh.keyid, "reason": "compromised"}
            lab.tell("key.revoked", said, "ledger", *admins)
    lab.tell("role.revoked", {"principal": "doubter", "role": "approver"}, "ledger", *admins)
    token = "abcdefghijklmnopqrstuvwxyz"
    said = {
        "audience": "page",
        "expires_at": shift(lab.time, days=90),
        "id": token,
        "scopes": ["status:read", "gate:read"],
    }
    lab.tell("token.issued", said, "ledger", "key-admin-1")
    lab.tell("token.revoked", {"id": token}, "ledger", "key-admin-2")
