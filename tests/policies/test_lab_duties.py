"""What opens which duty under the labs' own frameworks, and, beside it, what sounds alike and opens none.

A row: pack, what happened on 2026-03-02 in the words of `happen`, and the duties that are then owed, each with its last day (UTC)
where it has one: no source says zone, first day or roll-over, so it is the strictest reading's and the kindest one's.
"""

import pytest

from policies.pack import Pack
from tests.policies.regimes import Regimes, regime
from tests.policies.world import HASH, hexed, shipped

RSP2, RSP3, RSP32, FCF, OPENAI = (
    "anthropic-rsp-2.2", "anthropic-rsp-3.1", "anthropic-rsp-3.2", "anthropic-fcf-2", "openai-preparedness-2",
)  # fmt: skip
COMPUTE = "effective_compute_ratio_since_last_comprehensive"
DIGEST = "sha256:" + HASH

OPENS: list[tuple[str, str, dict[str, str | None]]] = [
    (RSP2, "determine CBRN-3 below", {}),
    (RSP2, "determine CBRN-3 not_ruled_out", {"O-USG": None}),
    (RSP2, "determine AIRD-4 crossed", {"O-USG": None}),
    (RSP2, "determine CYBER-OPS crossed", {}),  # a watch item requires no standard
    (RSP2, "determine AUTONOMY-CHECKPOINT crossed", {}),
    (RSP2, f"compute 3.99 {COMPUTE}", {}),
    (RSP2, f"compute 4 {COMPUTE}", {"O-ASSESS": "2026-04-01 2026-04-03"}),
    (RSP2, "compute 4 another_ratio", {}),
    (RSP2, "deploy external_deploy", {"O-PUBLIC": None}),
    (RSP2, "deploy internal_deploy", {}),
    (RSP2, "document capability_report", {"O-STAFF": None}),
    (RSP2, "document safeguards_report", {"O-REAPPROVE": "2027-03-01 2027-03-03", "O-STAFF": None}),
    (RSP2, "document security_sufficiency_finding", {}),
    (RSP2, "find substantiated material", {"O-NONCOMPLIANCE": None}),
    (RSP2, "find substantiated minor", {}),
    (RSP2, "find not-substantiated material", {}),
    (RSP3, "inform BOARD risk_report", {"O-EXT-1W": "2026-03-08 2026-03-10"}),
    (RSP3, "inform EXTERNAL_REVIEWER risk_report", {"O-EXT-30D": "2026-03-31 2026-04-02"}),
    (RSP3, "inform LTBT risk_report", {}),
    (RSP3, "inform BOARD system_card_discussion", {}),
    (RSP3, "reassess capability", {"O-INTERNAL-30D": "2026-03-31 2026-04-02"}),
    (RSP3, "reassess age", {}),
    (RSP3, "document risk_report", {"O-SHARE-GOV": None, "O-STAFF": None}),
    (RSP3, "document system_card_discussion", {}),
    (RSP3, "find substantiated material", {"O-NC-PROMPT": None}),
    (RSP3, "find withdrawn material", {}),
    (RSP3, "deploy external_deploy", {}),  # a Risk Report is due by the calendar, not per release
    (
        RSP32,
        "inform BOARD risk_report",
        {"O-EXT-1W": "2026-03-08 2026-03-10", "O-EXT-1W-REQUEST": "2026-03-08 2026-03-10"},
    ),
    (OPENAI, "deploy external_deploy", {"O-PUBLISH": None}),
    (OPENAI, "deploy internal_deploy", {}),
    (OPENAI, "raise", {"O-RAISE": None}),
    (FCF, "document model_report", {}),
]


def happen(w: Regimes, pack: Pack, line: str) -> None:
    """One thing that happens, in words."""
    verb, *words = line.split()
    match verb:
        case "determine" | "compute":
            w.tell(line)
        case "document":
            w.submit(words[0])
            w.confirm(words[0], role=pack.roles[0].id)
        case "deploy":
            place = {"artifact": HASH, "audience": "general", "decision": None, "hosts": ["own"], "surfaces": ["api"]}
            w.say("deployment.started", {"action": words[0], **place})
        case "inform":
            w.submit(words[1])
            w.say("body.informed", {"body": words[0], "documents": [DIGEST], "of": hexed("a request")})
        case "reassess":
            body = {"cause": words[0], "evidence": [], "framework": w.digest, "reason": "looked at", "thresholds": []}
            w.say("reassessment.triggered", body)
        case "raise" | "find":
            raised = {"channel": "named", "digest": DIGEST, "framework": w.digest}
            concern = w.say("concern.raised", raised, "concern/one")
            if verb == "find":
                body = {
                    "concern": w.ref(concern), "digest": DIGEST, "material": words[1] == "material", "outcome": words[0],
                }  # fmt: skip
                w.say("concern.found", body, "concern/one")
        case _:
            raise AssertionError(verb)


def owed(w: Regimes) -> dict[str, str | None]:
    """Obligation → its last days, of the duties that an event opened."""
    opened = [d for d in w.duties() if d.opened_by is not None]
    return {
        d.obligation: None
        if d.due_strict is None or d.due_latest is None
        else f"{d.due_strict[:10]} {d.due_latest[:10]}"
        for d in opened
    }


@pytest.mark.parametrize(("name", "line", "expected"), OPENS, ids=[f"{p}: {x}" for p, x, _ in OPENS])
def test_what_opens_a_duty(name: str, line: str, expected: dict[str, str | None]) -> None:
    pack = shipped(name)
    w = Regimes(pack)
    happen(w, pack, line)
    assert owed(w) == expected


def test_facts_that_nobody_stated_leave_it_open_whether_the_duty_applies() -> None:
    w = Regimes(shipped(RSP3))
    happen(w, w.pack, "inform BOARD risk_report")
    assert w.duty("O-EXT-1W").applies == "unknown"


@pytest.mark.parametrize("name", [FCF, "openai-fgf-2026-05-28"])
def test_a_changed_framework_is_published_within_thirty_days(name: str) -> None:
    pack, before = shipped(name), regime("before", "own")
    w = Regimes(before)
    w.publish(pack)
    w.adopt(pack.id, supersedes=w.digests["before"])
    assert owed(w)["O-CHANGE"] == "2026-03-31 2026-04-02"


def test_a_first_adoption_changes_nothing() -> None:
    assert owed(Regimes(shipped(FCF))) == {}
