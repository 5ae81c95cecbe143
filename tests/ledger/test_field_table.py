"""The field table of domain.md §2 against the event classes: every field, whether it is optional, whether it may be withheld, and slots.

What a class has beyond the table stands in `BEYOND` with its reason, and in docs/adr; nothing of the table may be missing.
"""

import re
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

from ledger.registry import BODIES, BY_NAME
from tests.access.test_roles import TABLE as ROLES

DESIGN = Path(__file__).resolve().parents[2] / "../shared/design/domain.md"
FIELDS = {
    "model.registered": "kind, parent?, relation?, subject~, training_ops?, effective_compute?",
    "evaluation.preregistered": "framework, threshold, task, task_digest, scorer, metric, comparator, value, min_samples, max_runs",
    "threshold.determined": "framework, threshold, state, subjects, made, precautionary, confidence~, rationale~, evidence, covered_by?, dissent~, review_by",
    "safeguard.attested": "framework, safeguards, scope, claim, detail~, independence, valid_from, valid_until, evidence",
    "document.submitted": "kind, version, digest, covers, coverage_date",
    "document.confirmed": "digest, role, verb",
    "action.requested": "action, artifact, audience, audience_detail~, surfaces, hosts, jurisdictions, facts, packs, evidence",
    "approval.given": "request, packs, conditions, verb, checkpoint, valid_until?",
    "approval.refused": "request, packs, verb, checkpoint",
    "decision.made": "request, gate, approvals, decision, basis, reason~, divergence_reason?, conditions, valid_until?, review_by?, supersedes?",
    "body.informed": "body, of, documents",
    "evaluation.recorded": "log_sha256, run, task, scores~, preregistration?, evaluator~, independence, elicitation~, safeguards_off, "
    "tool, tool_version, log_bytes, log_format, status, task_version, task_hash?, dataset, model_as_named~, revision~, started_at?, completed_at?, "
    "edits_detected, warnings",
    "principal.registered": "id, kind, unit, operates?",
    "key.registered": "keyid, spki, alg, use, principal, not_before?, not_after?",
    "key.revoked": "keyid, reason, compromised_since_index?",
    "role.granted": "principal, role, streams, actions?, valid_until?",
    "interim.approved": "gate, measures, stands_in_for, valid_until",
    "model.referenced": "index, leaf, type",
    "framework.scope-determined": "digest, id, applies, binds_as, reason, effective",
    "framework.source-drifted": "digest, id, expected, found, seen_at, place",
    "framework.interpreted": "digest, id, clause, reading, role?",
    "reassessment.triggered": "framework, cause, reason, thresholds, evidence, role?",
    "safeguard.degraded": "attestation, safeguards, reason, since",
    "threshold.retracted": "determination, because, framework, threshold",
    "document.published": "document, digest, audience, place, redactions",
    "recommendation.issued": "request, recommendation, framework, role, conditions, rationale~",
    "exception.invoked": "framework, exception, request?, shown, reason, valid_until?",
    "training.started": "decision?, compute_planned?, purpose",
    "training.paused": "reason, because?",
    "training.resumed": "paused, decision?",
    "training.ended": "started?, outcome, reason",
    "deployment.changed": "deployment, state, audience, hosts, surfaces, decision?, reason",
    "deployment.ended": "deployment, reason, decision?",
    "break-glass.reviewed": "grant, outcome, reason, actions",
    "incident.observed": "models, kind, first_at, last_at?, surfaces, summary~, jurisdictions",
    "incident.involvement-known": "incident, certainty, basis",
    "incident.classified": "incident, framework, category?, reason, imminent, imminent_known_at?, believed_at?, recipient_authority?",
    "incident.report-filed": "incident, framework, kind, recipient, digest, fields_missing, awareness_at, submitted_at, obligation?",
    "incident.resolved": "incident, resolved_at, root_cause~, corrective",
    "obligation.fulfilled": "framework, obligation, opened_by?, period?, fulfilled_at, evidence, note",
    "obligation.tolled": "framework, obligation, opened_by?, period?, until, reason, by",
    "obligation.not-applicable": "framework, obligation, opened_by?, period?, reason",
    "concern.raised": "digest, channel, framework?",
    "concern.assigned": "concern, digest",
    "concern.found": "concern, outcome, material, digest",
    "disclosure.erased": "stream, first, last, classes, ground",
    "disclosure.made": "recipient, profile, first, last, bundle_digest, checkpoint",
    "index.committed": "root, size, streams",
    "entry.suppressed": "ground, index, leaf, stream, type, version",
    "ledger.frozen": "reason",
    "ledger.restored": "reason, root, size",
    "log.rotated": "vkeys, last_good_size?",
    "root.rotated": "keys, root_threshold",
    "rules.adopted": "rules",
    "replay.performed": "size, root, verdict, tool, rules, claims_digest?, note?",
}
"""The first half is the design's own table; for the later facts domain.md §2 names the events and docs/adr/0008 the fields."""
BEYOND = {
    "document.confirmed": {"document": "a reference: a digest alone does not say which submission is confirmed"},
    "action.requested": {
        "conditions": "access.md §3: the conditions wanted",
        "planned_for": "duties that lie before an event count back from it (domain.md §1.5)",
    },
    "approval.given": {
        "action": "access.md §3: approvers sign the action",
        "rationale": "withheld, like a decision's reason",
    },
    "approval.refused": {"action": "as given", "rationale": "as given"},
    "evaluation.recorded": {
        "eval_id": "the tool's own identity of a run, open so that amendments can be told",
        "run_id": "the same",
        "task_id": "the same",
    },
    "document.submitted": {"findings": "docs/adr/0023: its findings in words, each withheld by itself"},
    "decision.made": {
        "without_recommendation": "docs/adr/0016: whose advice it is taken without, where the pack allows"
    },
    "principal.registered": {"name": "access.md §1: a name, where needed, is a withheld field"},
    "role.granted": {"break_glass": "access.md §2", "pack_role": "access.md §2"},
    "safeguard.attested": {"vectors": "a set of one sufficient claim per harm vector (domain.md §4)"},
    "threshold.determined": {"vectors": "the harm vectors that such a set must cover"},
    "interim.approved": {"framework": "a gate's name means something in one pack alone"},
}
CAPS = {tuple: 512, str: 49_152}


def declared(name: str) -> dict[str, str]:
    """Field → `~` where it may be withheld, `?` where it may be left out, else nothing."""
    body = BY_NAME[name]
    hidden = set(body.event.hideable)
    found: dict[str, str] = {}
    for field in msgspec.structs.fields(body):
        if field.encode_name == "_sd":
            continue
        found[field.encode_name] = "~" if field.name in hidden else "" if field.required else "?"
    return found


@pytest.mark.parametrize("name", FIELDS)
def test_fields_are_those_of_the_table(name: str) -> None:
    table = {w.rstrip("~?"): w[len(w.rstrip("~?")) :] for w in FIELDS[name].split(", ")}
    mine = declared(name)
    assert {n: m for n, m in mine.items() if n in table} == table
    assert set(mine) - set(table) == set(BEYOND.get(name, {}))


def test_the_table_is_the_design_s() -> None:
    if not DESIGN.exists():
        pytest.skip("no ../shared/design beside this checkout")
    text = DESIGN.read_text()
    part = text[text.index("### Fields of the first version") : text.index("## 3.")]
    for name in (
        "model.registered",
        "evaluation.preregistered",
        "safeguard.attested",
        "document.submitted",
        "body.informed",
    ):
        said = re.search(rf"`{re.escape(name)}`: (.+?)(?:\n- |; `|\n\n)", part, re.DOTALL)
        assert said is not None, name
        words = re.sub(r"\{[^}]*\}|\([^)]*\)|\[\]|\s+", " ", said.group(1))
        listed = [w.strip().replace(" ", "") for w in words.split(",")]
        assert listed == FIELDS[name].split(", "), name


def test_slots_are_fixed_and_enough() -> None:
    for body in BODIES:
        said = body.event
        has = any(f.encode_name == "_sd" for f in msgspec.structs.fields(body))
        assert has == bool(said.slots), said.name
        assert len(said.withholdable) <= said.slots
        assert bool(said.withholdable) == bool(said.slots)
        fields = {f.encode_name: str(f.type) for f in msgspec.structs.fields(body)}
        for elements in said.elements:
            assert "Hidden" in fields[elements.field] or "Score" in fields[elements.field]
            assert elements.cap <= 32, "filled up, it still fits a statement"
        hiding = {name for name, hint in fields.items() if "Hidden" in hint or "Score" in hint}
        assert hiding == {e.field for e in said.elements}
        for members in said.members:
            assert members.field in said.withholdable
            assert len(members.names) <= members.slots


def bounded(hint: Any, metas: tuple[msgspec.Meta, ...] = ()) -> bool:
    """Whether every text, array and map in a type has a bound of its own."""
    if hasattr(hint, "__metadata__"):
        return bounded(hint.__origin__, tuple(m for m in hint.__metadata__ if isinstance(m, msgspec.Meta)))
    arguments = get_args(hint)
    if getattr(hint, "__origin__", None) is dict:
        return any(m.max_length is not None for m in metas) and all(bounded(a) for a in arguments)
    if getattr(hint, "__origin__", None) is tuple:
        return any(m.max_length is not None and m.max_length <= CAPS[tuple] for m in metas) and bounded(arguments[0])
    if hint is str:
        return any(m.pattern is not None or (m.max_length is not None and m.max_length <= CAPS[str]) for m in metas)
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return all(bounded(f.type) for f in msgspec.structs.fields(hint))
    return all(bounded(a) for a in arguments if not isinstance(a, str))


UNBOUNDED = {
    ("framework.published", "pack"): "the pack's own schema bounds it, and a statement's 49,152 bytes",
}


@pytest.mark.parametrize("body", BODIES, ids=lambda b: b.event.name)
def test_every_array_and_text_is_capped(body: Any) -> None:
    for field in msgspec.structs.fields(body):
        if (body.event.name, field.encode_name) not in UNBOUNDED:
            assert bounded(field.type), field.encode_name


def test_streams_are_those_of_the_families() -> None:
    streams = {b.event.name.split(".")[0]: b.event.stream for b in BODIES}
    trust = {"ledger", "entry", "index", "log", "root", "rules", "principal", "key", "role", "token", "break-glass"}
    decision = {"action", "gate", "approval", "interim", "decision", "body", "recommendation", "exception"}
    model = {"model", "reassessment", "evaluation", "threshold", "deployment", "training", *decision}
    own = {"framework", "safeguard", "document", "incident", "obligation", "concern", "disclosure"}
    wanted = {
        **dict.fromkeys(trust, "ledger"),
        **dict.fromkeys(model, "model"),
        **{family: family for family in own},
        "replay": "disclosure",
    }
    assert streams == wanted
    assert "key-admin" in ROLES
