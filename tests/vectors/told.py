"""A history with every event type of the registry, byte for byte the same in every run: what the golden files hold.

Everything in it is fictional, and its keys, salts and seeds are for tests only: they follow from public words. It stands by
itself: nothing but a change of the formats or of the rules may change a byte of it.
"""

from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa

from auditor.pin import format_pin, parse_pin
from auditor.verdict import Report
from auditor.verify import verify_export
from disclosures.claims import claims_of, sign_claims
from disclosures.export import export_files
from ledger.canonical import loads
from ledger.checkpoint import Checkpoint, sign_checkpoint
from ledger.committed import index_payload
from ledger.entry import format_entry, leaf_hash
from ledger.envelope import Envelope, format_envelope, sign_envelope
from ledger.event import Event, EventType
from ledger.keys import P256_ORDER, SoftwareSigner
from ledger.note import LogSigner
from ledger.registry import BY_NAME
from ledger.replay import Problem, Replay
from ledger.sealing import seal
from ledger.slots import is_hidden
from ledger.statement import format_statement, model_subject, stream_subject
from ledger.strict import format_base64, format_uuid7, micros, shift
from ledger.tile import Edge
from ledger.trust import engine_key
from policies.answer import AsOf
from policies.framework import Pack, load_toml, pack_digest, pack_object, parse_pack
from policies.rules import RULES
from projections.decode import Decoder
from tests.vectors.life import live, reference

FRAMEWORKS = Path(__file__).resolve().parents[2] / "policies" / "frameworks"
BEGIN, ORIGIN = "2026-04-07T09:00:00.000000Z", "dev/vectors.example"
RSP, XAI, ADVISED = "anthropic-rsp-2.2", "xai-faif-2025-12-30", "fictional-lab-advice-1"
MODEL, OLDER = "model/fictional-one", "model/fictional-zero"
ACTION = "external_deploy"
ACTIONS = ("controlled_deploy", "external_deploy", "internal_deploy", "train")
STREAMS = ("document/", "framework/", "model/", "safeguard/")
LATER = ("concern/", "disclosure/", "incident/", "obligation/", *STREAMS)
ZERO = "sha256:" + "0" * 64
ROOTS, KEY_ADMINS, ENGINE = ("root-1", "root-2", "root-3"), ("key-admin-1", "key-admin-2"), "engine"
MEMBERS = {
    "approver-1": "approver", "approver-2": "approver", "assessor": "assessor", "attester": "attester", "decider": "decider",
    "deployer": "deployer", "evaluator": "evaluator", "framework-admin-1": "framework-admin", "framework-admin-2": "framework-admin",
}  # fmt: skip


def hidden_of(kind: EventType, body: Mapping[str, Any]) -> list[str]:
    """What is withheld here: all that may be, but the scores of a result, which alone decide, and of its revision only the commit."""
    open_ = {"evaluation.recorded": ("scores", "scores.*", "revision", "revision.origin")}.get(kind.name, ())
    return [path for path in kind.paths if path.partition(".")[0] in body and path not in open_]


def unsealed(value: Any) -> Any:
    """A body without its digests and decoys, as if nothing had been withheld that was not disclosed."""
    if isinstance(value, dict):
        return {k: unsealed(v) for k, v in value.items() if k != "_sd"}
    if isinstance(value, list | tuple):
        return [unsealed(v) for v in value if not is_hidden(v)]
    return value


def unsafe_salts() -> Iterator[bytes]:
    """Salts that a submitter must never use: they follow from a counter."""
    n = 0
    while True:
        yield sha256(f"test-only salt {n}".encode()).digest()[:16]
        n += 1


def signer(name: str, alg: str = "ed25519") -> SoftwareSigner:
    """A key that anybody can make: its seed is a hash of its name."""
    seed = sha256(f"test-only key {name}".encode()).digest()
    if alg == "ecdsa-p256-sha256":
        number = int.from_bytes(seed, "big") % (P256_ORDER - 1) + 1
        return SoftwareSigner(ec.derive_private_key(number, ec.SECP256R1()))
    if alg == "ml-dsa-65":
        return SoftwareSigner(mldsa.MLDSA65PrivateKey.from_seed_bytes(seed))
    return SoftwareSigner(ed25519.Ed25519PrivateKey.from_private_bytes(seed))


def log_signer(words: bytes) -> LogSigner:
    """A pair of log keys that anybody can make."""
    seed = sha256(words).digest()
    quantum = mldsa.MLDSA44PrivateKey.from_seed_bytes(seed)
    return LogSigner(ORIGIN, ed25519.Ed25519PrivateKey.from_private_bytes(seed), quantum)


def record(own: SoftwareSigner, who: str, **more: Any) -> dict[str, Any]:
    """The body of `key.registered`."""
    return {
        "alg": own.alg,
        "keyid": own.keyid,
        "principal": who,
        "spki": format_base64(own.spki),
        "use": "event",
        **more,
    }


def grant(who: str, what: str, **more: Any) -> dict[str, Any]:
    """The body of `role.granted`."""
    return {"principal": who, "role": what, "streams": list(STREAMS), "actions": list(ACTIONS), **more}


class Told:
    """The ledger: keys by name, entries, and for each event id its field disclosures."""

    def __init__(self) -> None:
        self.origin, self.time, self.count = ORIGIN, BEGIN, 0
        self.salts = unsafe_salts()
        self.log, self.next_log = log_signer(b"test-only log key"), log_signer(b"test-only next log key")
        self.keys: dict[str, SoftwareSigner] = {n: signer(n) for n in (*ROOTS, *KEY_ADMINS, ENGINE)}
        self.entries: list[bytes] = []
        self.disclosures: dict[str, tuple[str, ...]] = {}
        self.replay = Replay(RULES)
        self.packs: dict[str, Pack] = {n: load_toml((FRAMEWORKS / f"{n}.toml").read_text(), n) for n in (RSP, XAI)}

    @property
    def founding(self) -> str:
        return leaf_hash(self.entries[0]).hex() if self.entries else ""

    def write(
        self, name: str, body: Mapping[str, Any], stream: str, by: Sequence[SoftwareSigner], **options: Any
    ) -> Envelope:
        """A signed statement, now, under an event id that follows from a counter; all that may be withheld is, but scores."""
        self.count += 1
        kind = BY_NAME[name].event
        shown: dict[str, Any] = dict(body)
        disclosures: tuple[str, ...] = ()
        if kind.paths:
            salt = options.pop("subject_salt", None)
            sealed = seal(shown, kind, hidden_of(kind, shown), self.salts if salt is None else iter((salt,)))
            shown, disclosures = sealed.body, sealed.disclosures
        event_id = format_uuid7(micros(self.time) // 1000, sha256(b"%d" % self.count).digest()[:10])
        self.disclosures[event_id] = disclosures
        known = self.replay.state.get("subject", stream)
        payload = format_statement(
            body=shown, event_id=event_id, founding=self.founding, ledger=self.origin, occurred_at=self.time,
            signers=tuple(sorted(s.keyid for s in by)), stream=stream, subject=options.pop("subject", None) or known or stream_subject(stream),
            predicate_type=kind.topic, **options,
        )  # fmt: skip
        return sign_envelope(payload, tuple(by))

    def tell(self, name: str, body: Mapping[str, Any], stream: str, *by: str | SoftwareSigner, **options: Any) -> Event:
        """Write, admit, and append what follows; the clock moves on by a second."""
        signers = [self.keys[b] if isinstance(b, str) else b for b in by]
        event = self._step(self.write(name, body, stream, signers, **options), stream)
        while self.replay.owed:
            payload = self.replay.owed[0]
            self._step(sign_envelope(payload, (self.keys[ENGINE],)), event.stream, derived=payload)
        self.time = shift(self.time, seconds=1)
        return event

    def _step(self, envelope: Envelope, stream: str, derived: bytes | None = None) -> Event:
        if derived is not None:
            stream = stream_of(derived)
        place = self.replay.state.get("stream", stream)
        version, head = (0, "") if place is None else (place.version, place.head)
        raw = format_entry(format_envelope(envelope), self.time, head, version + 1)
        outcome = self.replay.step(raw)
        assert not isinstance(outcome, Problem), outcome
        self.entries.append(raw)
        return outcome

    def commit_index(self) -> Event:
        """The engine's commitment to the stream index, now."""
        engine = engine_key(self.replay.state, self.time)
        assert engine is not None
        payload = index_payload(self.replay.state, self.replay.size, self.time, engine)
        event = self._step(sign_envelope(payload, (self.keys[ENGINE],)), "ledger")
        self.time = shift(self.time, seconds=1)
        return event

    def enter(self, who: str, what: str, streams: Sequence[str] = STREAMS) -> None:
        """A principal, its key and its role."""
        self.keys[who] = signer(who)
        self.tell("principal.registered", {"id": who, "kind": "person", "unit": "safety"}, "ledger", *KEY_ADMINS)
        self.tell("key.registered", record(self.keys[who], who), "ledger", *KEY_ADMINS, who)
        self.tell("role.granted", grant(who, what, streams=list(streams)), "ledger", *KEY_ADMINS)

    def first(self, name: str) -> Event:
        """The first event of a type so far."""
        decoder = Decoder()
        events = (decoder.decode(index, raw) for index, raw in enumerate(self.entries))
        return next(e for e in events if e.name == name)

    def digest(self, pack: str) -> str:
        return pack_digest(self.packs[pack])

    def note(self) -> str:
        """The checkpoint over all entries, signed by both pairs of the log's keys: the history ends in an overlap."""
        edge, _ = Edge.empty().extend([leaf_hash(e) for e in self.entries])
        head, at = Checkpoint(self.origin, edge.size, edge.root()), micros(self.time) // 1_000_000
        note = sign_checkpoint(head, self.log, at)
        return note + sign_checkpoint(head, self.next_log, at).partition("\n\n")[2]

    def verify(self) -> Report:
        """What the offline verifier says under a pin of the whole."""
        claims = sign_claims(claims_of(self.replay.state, AsOf(self.replay.size, self.time)), self.keys[ENGINE])
        files = dict(export_files(iter(self.entries), len(self.entries), self.note(), claims))
        pin = parse_pin(format_pin(self.origin, self.founding, tuple(str(v) for v in self.log.vkeys), self.note()))
        return verify_export(files.get, pin)


def stream_of(payload: bytes) -> str:
    """The stream that a statement names."""
    return str(loads(payload)["predicate"]["stream"])


def told() -> Told:
    """The whole history."""
    lab = Told()
    _found(lab)
    _frameworks(lab)
    _models(lab)
    _evaluations(lab)
    _safeguards(lab)
    _decisions(lab)
    _trust(lab)
    _life(lab)
    _break_glass(lab)
    lab.commit_index()
    _root(lab)
    return lab


def _found(lab: Told) -> None:
    keys: list[dict[str, Any]] = []
    for name in sorted(lab.keys):
        use = "root" if name in ROOTS else "engine" if name == ENGINE else "event"
        kind = "service" if use == "engine" else "person"
        key = {**record(lab.keys[name], name, use=use), "kind": kind, "unit": "founders"}
        keys.append(key if use == "root" else {**key, "role": "engine" if use == "engine" else "key-admin"})
    body = {
        "development": True, "keys": keys, "origin": ORIGIN, "root_threshold": 2, "rules": "holdpoint-rules/1",
        "vkeys": [str(v) for v in lab.log.vkeys],
    }  # fmt: skip
    lab.tell("ledger.founded", body, "ledger", *lab.keys)
    for who, what in MEMBERS.items():
        lab.enter(who, what)


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
            "confidence": "moderate", "dissent": ["test-only doubt"], "evidence": [reference(first)] if name == "CBRN-3" else [],
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
    said |= {"findings": ["test-only finding", "another"]}
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
    lab.enter("decider-2", "decider")
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

    lab.enter("doubter", "approver")
    no = lab.tell("approval.refused", approval(rationale="not convinced", verb="approve"), MODEL, "doubter")
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


def _life(lab: Told) -> None:
    """Scope, operation, an incident, duties, a concern and a disclosure."""
    team = {what: [who for who, held in MEMBERS.items() if held == what] for what in sorted({*MEMBERS.values()})}
    team["decider"].append("decider-2")
    for what, many in (("auditor", 1), ("discloser", 2), ("responder", 1)):
        team[what] = [f"{what}-{n + 1}" for n in range(many)]
        for who in team[what]:
            lab.enter(who, what, LATER)
    for who in ("framework-admin-1", "assessor"):
        body = grant(who, MEMBERS[who], pack_role={"pack": RSP, "role": "RSO"})
        lab.tell("role.granted", body, "ledger", *KEY_ADMINS)

    def say(name: str, body: Mapping[str, Any], stream: str, role: str) -> Event:
        return lab.tell(name, body, stream, *team[role][: BY_NAME[name].event.quorum])

    live(say, lab.first, lab.packs[RSP], lab.digest(RSP), MODEL, _advice(lab))


def _advice(lab: Told) -> dict[str, str]:
    """A third framework, whose advisers recommend: none of the two real ones has such a role. Fictional throughout."""
    value = {
        **pack_object(lab.packs[RSP]),
        "id": ADVISED,
        "publisher": "a fictional lab",
        "title": "Fictional advice policy",
    }
    value["roles"] = [*value["roles"], {"acts": ["recommend"], "id": "ADVISERS", "verbs": ["recommend"]}]
    lab.packs[ADVISED] = pack = parse_pack(value)
    admins = ("framework-admin-1", "framework-admin-2")
    said = {"digest": lab.digest(ADVISED), "id": ADVISED}
    published = {**said, "pack": pack_object(pack), "source_digest": pack.source.digest}
    lab.tell("framework.published", published, f"framework/{ADVISED}", *admins)
    adopted = {**said, "effective": lab.time, "scope": "all models of the fictional lab"}
    lab.tell("framework.adopted", adopted, f"framework/{ADVISED}", *admins)
    bound = grant("assessor", "assessor", pack_role={"pack": ADVISED, "role": "ADVISERS"})
    lab.tell("role.granted", bound, "ledger", "key-admin-1", "key-admin-2")
    asked = {
        "action": ACTION, "artifact": lab.replay.state.get("subject", MODEL), "audience": "partners", "evidence": [], "facts": {},
        "hosts": ["own-cloud"], "jurisdictions": ["us"], "packs": sorted(lab.digest(n) for n in lab.packs), "surfaces": ["api"],
    }  # fmt: skip
    request = lab.tell("action.requested", asked, MODEL, "deployer")
    return {"framework": lab.digest(ADVISED), "request": request.digest, "role": "ADVISERS"}


def _break_glass(lab: Told) -> None:
    """A grant in an emergency, and its review by two who neither hold nor gave it."""
    reviewers = ("key-admin-3", "key-admin-4")
    for who in reviewers:
        lab.enter(who, "key-admin", ("ledger",))
    body = grant("night-shift", "decider", break_glass=True, valid_until=shift(lab.time, seconds=43_200))
    glass = lab.tell("role.granted", body, "ledger", "key-admin-1", "key-admin-2")
    said = {
        "actions": [],
        "grant": reference(glass),
        "outcome": "justified",
        "reason": "fictional: nothing was done under it",
    }
    lab.tell("break-glass.reviewed", said, "ledger", *reviewers)


def to_the_end() -> Told:
    """The whole history, and later rules behind it: this copy admits nothing more."""
    lab = told()
    lab.tell("rules.adopted", {"rules": "holdpoint-rules/2"}, "ledger", "root-1", "root-2")
    return lab


def _root(lab: Told) -> None:
    """What the root's quorum says: a rotation, a suppression, a freeze and its end, an overlap of log keys."""
    lab.keys["root-4"] = signer("root-4")
    keys = [
        {**record(lab.keys[n], n), "kind": "person", "unit": "founders", "use": "root"}
        for n in ("root-1", "root-2", "root-4")
    ]
    roots = ("root-1", "root-2", "root-4")
    lab.tell("root.rotated", {"keys": keys, "root_threshold": 2}, "ledger", *roots)
    gone = lab.first("concern.raised")
    said = {
        "ground": "fictional secret in an open field",
        "index": gone.index,
        "leaf": gone.leaf,
        "stream": gone.stream,
    }
    lab.tell("entry.suppressed", {**said, "type": gone.name, "version": gone.stream_version}, "ledger", *roots[:2])
    lab.tell("ledger.frozen", {"reason": "fictional drill"}, "ledger", *roots[1:])
    edge, _ = Edge.empty().extend([leaf_hash(e) for e in lab.entries])
    here = {"reason": "the drill is over", "root": edge.root().hex(), "size": edge.size}
    lab.tell("ledger.restored", here, "ledger", *roots[1:])
    vkeys = [str(v) for v in (*lab.log.vkeys, *lab.next_log.vkeys)]
    lab.tell("log.rotated", {"vkeys": vkeys}, "ledger", *roots)
