"""The told story, and then two incidents of its model, each observed and reported under a law; committed to once more."""

from functools import lru_cache

from ledger.event import Event
from ledger.events import framework, incident
from policies.framework import pack_digest, pack_object
from tests.disclosures.forger import MODEL, told
from tests.policies.world import shipped
from tests.simulator import Lab

LAW = "us-ca-sb53"
GOOD, BAD = "incident/fictional-1", "incident/fictional-2"
SEEN_AT, AWARE_AT = "2026-04-01T08:00:00.000000Z", "2026-04-02T08:00:00.000000Z"


def observe(lab: Lab, stream: str, *models: str) -> Event:
    """An incident is seen."""
    said = {
        "first_at": SEEN_AT,
        "jurisdictions": ["US-CA"],
        "kind": "critical",
        "models": list(models),
        "surfaces": ["api"],
    }
    return lab.say(incident.Observed, said, stream, "responder")


def report(lab: Lab, seen: Event, kind: str = "initial") -> Event:
    """A report of it is recorded."""
    return lab.say(
        incident.ReportFiled,
        {
            "awareness_at": AWARE_AT, "digest": "sha256:" + "ab" * 32, "fields_missing": [],
            "framework": pack_digest(shipped(LAW)), "incident": {"index": seen.index, "leaf": seen.leaf}, "kind": kind,
            "obligation": "CA-CSI-15D", "recipient": "a fictional office", "submitted_at": lab.time,
        },
        seen.stream, "responder",
    )  # fmt: skip


@lru_cache(maxsize=1)
def happened() -> Lab:
    """The lab; fork it before you add to it."""
    lab = told()[0].fork()
    pack = shipped(LAW)
    said = {"digest": pack_digest(pack), "id": pack.id, "pack": pack_object(pack), "source_digest": pack.source.digest}
    lab.say(framework.Published, said, f"framework/{pack.id}", "framework-admin-1", "framework-admin-2")
    for stream in (GOOD, BAD):
        seen = observe(lab, stream, MODEL)
        report(lab, seen)
    report(lab, seen, "final")
    lab.commit_index()
    return lab
