"""Constants of the formats: event types, verdicts, limits, and the shapes of JSON members."""

from __future__ import annotations

import re
from typing import Any

TYPES = """
action.requested deployer 1 2 audience_detail; approval.given approver 1 2 rationale; approval.refused approver 1 2 rationale;
approval.withdrawn approver 1 0 -; body.informed deployer 1 0 -; break-glass.reviewed key-admin 2 0 -;
concern.assigned responder 1 0 -; concern.found responder 1 0 -; concern.raised responder 1 0 -;
decision.made decider 1 2 reason; deployment.changed deployer 1 0 -; deployment.ended deployer 1 0 -;
deployment.started deployer 1 0 -; disclosure.erased discloser 2 0 -; disclosure.made discloser 2 0 -;
document.confirmed approver 1 0 -; document.published discloser 2 0 -; document.submitted assessor 1 0 - findings*16;
entry.suppressed root 1 0 -; evaluation.amended evaluator 1 4 scores scores*32; evaluation.invalidated evaluator 1 0 -;
evaluation.preregistered evaluator 1 0 -;
evaluation.recorded evaluator 1 6 scores,evaluator,model_as_named,elicitation,revision scores*32,revision.commit.origin*2;
exception.invoked decider 2 0 -; framework.adopted framework-admin 2 0 -; framework.interpreted framework-admin 2 0 -;
framework.published framework-admin 2 0 -; framework.scope-determined framework-admin 2 0 -;
framework.source-drifted engine|framework-admin 1 0 -; gate.evaluated ! 1 0 -; incident.classified responder 1 0 -;
incident.involvement-known responder 1 0 -; incident.observed responder 1 2 summary; incident.report-filed responder 1 0 -;
incident.resolved responder 1 2 root_cause; index.committed ! 1 0 -; interim.approved decider 2 0 -;
key.registered key-admin 2 0 -; key.revoked key-admin 1 0 -; ledger.founded - 1 0 -; ledger.frozen root 1 0 -;
ledger.restored root 1 0 -; log.rotated root 1 0 -; model.compute-reached evaluator 1 0 -; model.referenced ! 1 0 -;
model.registered assessor 1 1 subject; obligation.fulfilled responder 1 0 -; obligation.not-applicable responder 1 0 -;
obligation.tolled responder 1 0 -; principal.registered key-admin 2 2 name; reassessment.triggered assessor 1 0 -;
recommendation.issued assessor 1 2 rationale; replay.performed auditor 1 0 -; role.granted key-admin 2 0 -;
role.revoked key-admin 2 0 -; root.rotated root 1 0 -; rules.adopted root 1 0 -; safeguard.attested attester 1 2 detail;
safeguard.degraded attester 1 0 -; safeguard.withdrawn attester 1 0 -;
threshold.determined assessor 1 4 confidence,rationale dissent*8; threshold.retracted ! 1 0 -; token.issued key-admin 1 0 -;
token.revoked key-admin 1 0 -; training.ended deployer 1 0 -; training.paused deployer 1 0 -; training.resumed deployer 1 0 -;
training.started deployer 1 0 -
"""
"""Type, roles (`!` = the engine's key alone, `root` = the root quorum), principals, `_sd` slots, withholdable members; then what
may be withheld inside one: `array*cap`, `object.member.member*slots`."""
ROWS = [row for row in map(str.split, TYPES.split(";")) if row]
TABLE = {row[0]: (row[1].split("|"), int(row[2]), int(row[3]), row[4].split(",")) for row in ROWS}
PLACES = [(row[0], *one.split("*")) for row in ROWS for one in ",".join(row[5:]).split(",") if one]
INSIDE = {t: {p.split(".")[0]: (p.split(".")[1:], int(n)) for u, p, n in PLACES if u == t} for t in TABLE}
"""Type → member → (the members inside it that may be withheld, none for an array; how many digests stand there)."""
HELD = {t: {*row[3], *INSIDE[t]} - {"-"} for t, row in TABLE.items()}
"""Type → members that may be withheld, whole or inside."""
ORDER = ["VALID", "VALID_UNWITNESSED", "INCOMPLETE", "UNANCHORED", "DIVERGED", "INVALID"]
EXIT = {"VALID": 0, "VALID_UNWITNESSED": 0, "INCOMPLETE": 5, "UNANCHORED": 5, "DIVERGED": 4, "INVALID": 4, "ERROR": 1}
UNDECIDED = {"type-unknown", "rules-unknown", "format-unknown", "limits"}
MAX_ZIP, MAX_FILE, MAX_FILES = 2 << 30, 64 << 20, 65_535
HEX = re.compile(r"[0-9a-f]{64}")
TIME = re.compile(r"[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9]\.[0-9]{6}Z")
BAG = {"bagit.txt", "bag-info.txt", "manifest-sha256.txt", "tagmanifest-sha256.txt", "bundle.json", "bundle.sig"}
STATIC = {"VERIFY.md", "verify.html", "verify.py"}
PARTS = ("claims", "completeness", "consistency", "redactions", "request")
Json = Any
NAME, LINE, STREAM, FIELD = r"[A-Za-z0-9._:/@-]{1,120}", r"(?s).{0,400}", r"[a-z0-9._:/@-]{1,200}", r"\*|[a-z_]{1,60}"
DIGITS, CLASS, WHEN = r"[0-9a-f]{64}", r"[a-z0-9][a-z0-9-]{0,63}", TIME.pattern
ENTRY = {
    "envelope": {"payload": "(?s).+", "payloadType": r"application/vnd\.in-toto\+json",
                 "signatures": [{"keyid": LINE, "sig": r"(?s).+"}]},
    "recorded_at": WHEN, "stream": {"previous": rf"({DIGITS})?", "version": 1},
}  # fmt: skip
BESIDE = ({"datum": r"(?s).{0,1000}", "path": [DIGITS], "position": 0}, None)
SHAPES: dict[str, Json] = {
    "claims": {"as_of": {"size": 1, "time": WHEN}, "claims": [dict], "founding": DIGITS, "ledger": STREAM,
               "schema": "holdpoint.bundle-claims/1", "subject": STREAM},
    "completeness": {
        "absent": [{"left": BESIDE, "right": BESIDE, "stream": STREAM}],
        "committed": {"index": 0, "root": DIGITS, "size": 1, "streams": 1}, "schema": "holdpoint.completeness/1",
        "streams": [{"head": DIGITS, "path": [DIGITS], "position": 0, "stream": STREAM, "version": 1,
                     "withheld": [{"class": CLASS, "from": 1, "to": 1}]}]},
    "consistency": {"proofs": [{"path": [DIGITS], "size": 1}], "schema": "holdpoint.consistency/1"},
    "redactions": {"classes": [{"character": LINE, "count": 0, "ground": LINE, "id": CLASS, "justification": r"(?s).{0,8000}",
                                "kind": "event|field|erased|unheld|suppressed", "retained_until": (WHEN, None), "what": LINE}],
                   "schema": "holdpoint.redactions/1"},
    "request": {"actions": [NAME], "first": 0, "last": 0, "profile": {
        "audience": LINE, "claims": ["decision|incident|status"], "id": NAME, "schema": "holdpoint.profile/1",
        "source": r"(?s).{0,8000}", "shows": [{"fields": [FIELD], "type": NAME, "disclose?": [FIELD]}], "title": LINE,
        "withholds": [{"character": LINE, "ground": LINE, "id": CLASS, "justification": r"(?s).{0,8000}", "kind": "event|field",
                       "of": [r"(?s).{1,120}"], "what": LINE, "retention?": {"amount": 1, "unit": "month|year"}}]},
        "recipient": LINE, "schema": "holdpoint.bundle-request/1", "since": [1], "subject": STREAM, "absent?": [STREAM]},
}  # fmt: skip
"""The JSON members: a text is a pattern, a number the least whole number, a list holds any number, a tuple is a choice."""
P = 2**255 - 19
D = -121665 * pow(121666, -1, P) % P
