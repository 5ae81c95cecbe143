"""The demo's story: a fictional lab, fictional model, real evaluation logs made with mock models (domain.md §9, short form).

Every step is an event with a receipt; anyone can repeat it by hand with the commands that are printed.
"""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Any

from api.exporting import export
from api.founding import ACTIONS, DEV_MEMBERS, KEY_ADMINS, STREAMS, admit_members, found
from api.gate_text import gate_text
from api.handing_over import write_pin
from api.importers import read_log
from api.keyring import load_signer
from api.recording import import_log
from api.session import Posted, Session
from api.tamper import flip_byte, swap_rows
from auditor.pin import parse_pin
from auditor.source import folder_reader
from auditor.verdict import Report
from auditor.verify import verify_export
from ledger.events import (
    action,
    approval,
    body,
    decision,
    document,
    evaluation,
    framework,
    model,
    role,
    safeguard,
    threshold,
)
from ledger.statement import model_subject
from ledger.strict import shift
from policies.framework import Pack, load_toml, pack_digest, pack_object

ORIGIN = "dev/fictional-lab.example"
MODEL = "model/fictional-one"
PACK = "anthropic-rsp-2.2"
LOGS = (
    ("toy_uplift_trials", "uplift-trials.eval", "CBRN-3", "accuracy", "includes", "0.2"),
    ("toy_autonomy_suite", "autonomy-suite.json", "AUTONOMY-CHECKPOINT", "accuracy", "includes", "0.5"),
    ("toy_choice", "choice-results.json", "CYBER-OPS", "acc", "none", "0.9"),
)
"""Task, file, threshold that the run is about, and the promise made before it: metric, scorer, below which value."""
SAY = Callable[[str], None]


def bundled_pack(name: str) -> Pack:
    """A pack that ships with the product. Only the door reads these files; answers come from what is published."""
    return load_toml((files("policies") / "frameworks" / f"{name}.toml").read_text(), f"{name}.toml")


@dataclass(slots=True)
class Story:
    """The steps, in order."""

    session: Session
    say: SAY
    pack: Pack
    digest: str = ""
    steps: list[Posted] = field(default_factory=list)

    def tell(self, text: str, posted: Posted) -> Posted:
        """Print one event in plain words."""
        self.steps.append(posted)
        more = "".join(f" +{e.name}@{e.index}" for e in posted.derived)
        self.say(f"  {posted.index:>4}  {text}{more}")
        return posted

    def adopt(self) -> None:
        """Publish and adopt the framework."""
        stream = f"framework/{self.pack.id}"
        self.digest = pack_digest(self.pack)
        said: dict[str, Any] = {
            "digest": self.digest,
            "id": self.pack.id,
            "pack": pack_object(self.pack),
            "source_digest": self.pack.source.digest,
        }
        self.tell(f"framework published: {self.pack.title} {self.pack.version}",
                  self.session.say(framework.Published, said, stream, "framework-admin"))  # fmt: skip
        said = {
            "digest": self.digest,
            "effective": self.session.ledger.now(),
            "id": self.pack.id,
            "scope": "all models",
        }
        self.tell(
            "framework adopted, for all models", self.session.say(framework.Adopted, said, stream, "framework-admin")
        )
        for who, title in (("approver-1", "CEO"), ("approver-2", "RSO")):
            said = {
                "principal": who,
                "role": "approver",
                "streams": list(STREAMS),
                "actions": list(ACTIONS),
                "pack_role": {"pack": self.pack.id, "role": title},
            }
            self.tell(
                f"{who} holds the framework's role {title}", self.session.say(role.Granted, said, "ledger", "key-admin")
            )

    def register(self) -> None:
        """Register the model; name and weights stay hidden behind one salted digest."""
        salt = sha256(b"demo salt, public on purpose").digest()[:16]
        subject = model_subject(salt, "Fictional One", "sha256:" + "0" * 64)
        said: dict[str, Any] = {"kind": "base", "subject": {"name": "Fictional One", "weights": "sha256:" + "0" * 64}}
        self.tell("model registered; its name is withheld",
                  self.session.say(model.Registered, said, MODEL, "assessor", subject=subject, subject_salt=salt))  # fmt: skip

    def evaluate(self, logs: Path, work: Path) -> None:
        """Pre-register, then import three real logs, of two tools in three formats."""
        for task, name, about, metric, scorer, value in LOGS:
            said: dict[str, Any] = {
                "comparator": "<",
                "framework": self.digest,
                "max_runs": 3,
                "metric": metric,
                "min_samples": 5,
                "scorer": scorer,
                "task": task,
                "task_digest": "sha256:" + sha256(task.encode()).hexdigest(),
                "threshold": about,
                "value": value,
            }
            self.tell(f"{task} pre-registered: {metric} < {value}",
                      self.session.say(evaluation.Preregistered, said, MODEL, "evaluator"))  # fmt: skip
            copy = work / name
            shutil.copyfile(logs / name, copy)
            for done in import_log(self.session, copy, read_log(copy.read_bytes()), MODEL, "evaluator"):
                scores = ", ".join(f"{m.name} {m.value}" for m in done.record.metrics)
                self.tell(f"{name} imported: {scores}; receipt in {done.receipt.name}", done.posted)
                for warning in done.record.warnings:
                    self.say(f"        distrusted: {warning}")

    def determine(self) -> None:
        """People determine the thresholds: one is not ruled out."""
        for name, state in (
            ("CBRN-3", "not_ruled_out"),
            ("CBRN-4", "below"),
            ("AUTONOMY-CHECKPOINT", "below"),
        ):
            said: dict[str, Any] = {
                "confidence": "moderate",
                "evidence": [],
                "framework": self.digest,
                "made": "role",
                "precautionary": state != "below",
                "rationale": "fictional",
                "review_by": shift(self.session.ledger.now(), days=90),
                "state": state,
                "subjects": [MODEL],
                "threshold": name,
            }
            self.tell(f"{name} determined: {state}", self.session.say(threshold.Determined, said, MODEL, "assessor"))

    def request(self) -> Posted:
        """Ask to deploy externally; the gate answers in the same batch."""
        said: dict[str, Any] = {
            "action": "external_deploy",
            "artifact": self.session.subject(MODEL),
            "audience": "general",
            "evidence": [],
            "facts": {},
            "hosts": ["own-cloud"],
            "jurisdictions": ["us"],
            "packs": [self.digest],
            "surfaces": ["api"],
        }
        return self.tell("external_deploy requested", self.session.say(action.Requested, said, MODEL, "deployer"))

    def decide(self, request: Posted, verdict: str, approvals: list[str], reason: str) -> Posted:
        """Decide on the newest gate answer."""
        gate = self.session.ledger.appender.state.get("gate", request.digest)
        said: dict[str, Any] = {
            "approvals": approvals,
            "basis": "policy",
            "conditions": [],
            "decision": verdict,
            "gate": {"index": gate.index, "leaf": gate.leaf},
            "reason": reason,
            "request": request.digest,
        }
        return self.tell(f"decided: {verdict}", self.session.say(decision.Made, said, MODEL, "decider"))

    def safeguard_(self) -> None:
        """Attest every safeguard that the framework's sets name, then submit and confirm the reports."""
        now = self.session.ledger.now()
        scope = {"audiences": ["general"], "hosts": ["own-cloud"], "subjects": [MODEL], "surfaces": ["api"]}
        for name in ("ASL-2-DEPLOYMENT", "ASL-2-SECURITY", "ASL-3-DEPLOYMENT", "ASL-3-SECURITY"):
            said: dict[str, Any] = {
                "claim": f"all safeguards of {name} work as described (fictional)",
                "evidence": [],
                "framework": self.digest,
                "independence": "internal",
                "safeguards": list(self.pack.safeguard_set(name).safeguards),
                "scope": scope,
                "valid_from": now,
                "valid_until": shift(now, days=180),
            }
            self.tell(f"{name} attested for 180 days",
                      self.session.say(safeguard.Attested, said, "safeguard/own-cloud", "attester"))  # fmt: skip
        for kind in ("capability_report", "safeguards_report", "follow_up_capability_assessment"):
            digest = "sha256:" + sha256(kind.encode()).hexdigest()
            stream = f"document/{kind}"
            said = {"coverage_date": now, "covers": [MODEL], "digest": digest, "kind": kind, "version": "1"}
            sent = self.tell(f"{kind} submitted", self.session.say(document.Submitted, said, stream, "assessor"))
            said = {
                "digest": digest,
                "document": {"index": sent.index, "leaf": sent.leaf},
                "role": "RSO",
                "verb": "confirm",
            }
            self.tell(f"{kind} confirmed", self.session.say(document.Confirmed, said, stream, "approver-2"))

    def approve(self, request: Posted) -> list[str]:
        """Both roles that the framework names approve."""
        given: list[str] = []
        for who in ("approver-1", "approver-2"):
            size, _ = self.session.ledger.appender.published
            root = self.session.ledger.desk.read_head().root.hex()
            said: dict[str, Any] = {
                "action": "external_deploy",
                "checkpoint": {"root": root, "size": size},
                "conditions": [],
                "packs": [self.digest],
                "request": request.digest,
                "verb": "decide",
            }
            given.append(self.tell(f"{who} approves", self.session.say(approval.Given, said, MODEL, who)).digest)
        return sorted(given)

    def inform(self, request: Posted) -> None:
        """The governing bodies are told before the action."""
        for who in ("BOARD", "LTBT"):
            said: dict[str, Any] = {"body": who, "documents": [], "of": request.digest}
            self.tell(f"{who} informed", self.session.say(body.Informed, said, MODEL, "deployer"))

    def gate(self) -> str:
        """The gate's screen, as `holdpoint gate` prints it."""
        return gate_text(self.session.ledger, MODEL, "external_deploy")


def tell_story(data: Path, logs: Path, say: SAY) -> list[tuple[str, Report]]:
    """Run the whole story in `data`; returns each verification with its name."""
    say("A fictional lab and model; real evaluation logs, made with mock models. Not legal advice.\n")
    ledger = found(data, ORIGIN)
    try:
        session = Session(ledger)
        story = Story(session, say, bundled_pack(PACK))
        say(f"founded {ORIGIN} in {data} (it persists there)")
        posted = admit_members(ledger)
        say(f"     0  ledger founded; {len(posted)} entries: {len(DEV_MEMBERS)} principals with keys and roles,")
        say(f"        each signed by {' and '.join(KEY_ADMINS)}")
        story.adopt()
        story.register()
        work = data / "logs"
        work.mkdir(exist_ok=True)
        story.evaluate(logs, work)
        story.determine()
        request = story.request()
        say("\n" + story.gate() + "\n")
        story.decide(request, "withhold", [], "not enough is shown yet (fictional)")
        export(ledger, data / "export-earlier", load_signer(data / "keys" / "engine.pem"))
        story.safeguard_()
        request = story.request()
        approvals = story.approve(request)
        story.inform(request)
        story.decide(request, "permit", approvals, "all requirements are shown (fictional)")
        say("\n" + story.gate() + "\n")
        write_pin(ledger, data / "pin.json")
        export(ledger, data / "export", load_signer(data / "keys" / "engine.pem"))
        say(
            f"exported {ledger.appender.size} entries to {data / 'export'}; the pin is kept aside in {data / 'pin.json'}"
        )
    finally:
        ledger.close()
    return verify_all(data)


def verify_all(data: Path) -> list[tuple[str, Report]]:
    """Verify the export under the pin and without it, then three tampered copies."""
    pin = parse_pin((data / "pin.json").read_bytes())
    whole = folder_reader(data / "export")
    results = [
        ("the export, under the pin", verify_export(whole, pin)),
        ("the export, without a pin", verify_export(whole)),
    ]
    for name, tampered in (
        ("a copy with one byte altered", flip_byte(data / "export")),
        ("a copy with two entries swapped", swap_rows(data / "export")),
        ("a copy whose tail is dropped", folder_reader(data / "export-earlier")),
    ):
        results.append((name, verify_export(tampered, pin)))
    return results
