"""What the bundle claims of incidents; other claims are named as not folded."""

from __future__ import annotations

from disclosures.one_file.bundle import Bundle
from disclosures.one_file.strict import Bad, canonical, need
from disclosures.one_file.tables import Json


def check_claims(bundle: Bundle) -> str:
    """Claims are not folded here, and never passed over."""
    need("data/report.html" in bundle.files, "bag-missing", "data/report.html is missing")
    bundle.notes.append("that report.html says what the entries say: this verifier does not render it")
    mine, short, rest = incident_claims(bundle), 0, 0
    for claim in bundle.part["claims"]["claims"]:
        found = next((c for c in mine if c["index"] == claim.get("index")), None)
        if claim.get("kind") != "incident" or found is None:
            short, rest = short + (claim.get("kind") == "incident"), rest + 1
            continue
        need(canonical(found) == canonical(claim), "claims-mismatch", f"the claim about entry {found['index']}")
    if rest:
        code = "claims-short" if short else "claims-not-folded"
        raise Bad(code, f"{rest} claims are not computed anew by this verifier", None, "INCOMPLETE")
    return "nothing is claimed beyond the entries" if not mine else "reports of incidents, as the entries say"


def incident_claims(bundle: Bundle) -> list[dict[str, Json]]:
    """What may be claimed of each shown report of an incident that concerns the subject."""
    subject, claims = bundle.part["request"]["subject"], []
    packs = {e.body["digest"]: e.body["id"] for e in bundle.order if e.type == "framework.published"}
    ends = {s["stream"]: s["version"] for s in bundle.part["completeness"]["streams"]}
    pointed = {(e.body["index"], e.body["leaf"]) for e in bundle.stream(subject) if e.type == "model.referenced"}
    seen = {e.stream: e for e in reversed(bundle.order) if e.type == "incident.observed"}
    about = {e.stream for e in bundle.order if (e.index, e.leaf) in pointed}
    about |= {name for name, e in seen.items() if subject in e.body["models"]}
    for one in (e for e in bundle.order if e.type == "incident.report-filed" and e.stream in about):
        said, first = one.body, seen.get(one.stream)
        claim = {k: said[k] for k in ("awareness_at", "digest", "fields_missing", "recipient", "submitted_at")}
        opened = (
            {"index": first.index, **{k: first.body.get(k) for k in ("first_at", "kind", "last_at")}} if first else None
        )
        claim |= {
            "incident": one.stream,
            "index": one.index,
            "kind": "incident",
            "obligation": said.get("obligation"),
        }
        claim |= {
            "framework": {"digest": said["framework"], "id": packs.get(said["framework"])},
            "observed": opened,
        }
        claim |= {
            "later": max(0, ends.get(one.stream, 0) - one.version),
            "recorded_at": one.recorded_at,
            "report": said["kind"],
        }
        claims.append(claim)
    return claims
