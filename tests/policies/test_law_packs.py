"""How this project reads what laws and the Code say: which event, narrowed by what, opens each duty. By hand, from the sources.

Clauses, periods and words are compared with the facts elsewhere; here is what the facts leave to the reader.
"""

from typing import Any

import pytest

from policies.pack_duties import Obligation
from policies.pack_duty_rules import NARROWED
from tests.policies.world import shipped

CA, NY, ACT, CODE = "us-ca-sb53", "us-ny-raise", "eu-ai-act-gpai", "eu-gpai-cop-safety-security"
OTHERS = "voluntary-and-other"
CRITICAL = ("WEIGHTS-HARM", "CATASTROPHIC-HARM", "LOSS-OF-CONTROL", "DECEPTION")
OFFERED = ("external_deploy", "release_weights")
ABOVE = ("training_flop", ">", "1" + 25 * "0")
TIER = ("training_flop", ">=", "1" + 26 * "0")
READ: dict[tuple[str, str], dict[str, Any]] = {
    (CA, "CA-TRANSPARENCY"): {"actions": OFFERED},
    (CA, "CA-TRANSPARENCY-LARGE"): {"actions": OFFERED},
    (CA, "CA-CSI-15D"): {"categories": CRITICAL, "report": "initial"},
    # The 24 hours are owed for an imminent risk alone, to whoever can act; a report to the state does not meet them.
    (CA, "CA-CSI-24H"): {"categories": CRITICAL, "imminent": True},
    (CA, "CA-WB-MONTHLY"): {"until": "concern.found"},
    (NY, "NY-CSI-72H"): {"categories": ("CRITICAL-SAFETY-INCIDENT",), "report": "initial"},
    (NY, "NY-CSI-24H"): {"categories": ("CRITICAL-SAFETY-INCIDENT",), "imminent": True},
    (ACT, "EU-52-1"): {"measured": ABOVE},
    (ACT, "EU-52-2"): {"measured": ABOVE},
    (ACT, "EU-55-1c"): {"categories": ("SERIOUS-INCIDENT",), "report": "initial"},
    (CODE, "EU-1.1a"): {"after": (ACT, "EU-52-1")},
    (CODE, "EU-1.1b"): {"actions": ("external_deploy",)},
    (CODE, "EU-1.4"): {"documents": ("safety_security_framework_confirmed",)},
    (CODE, "EU-1.3"): {"actions": ("external_deploy",)},
    (CODE, "EU-7.7a"): {"actions": ("external_deploy",)},
    (CODE, "EU-7.7b"): {"documents": ("model_report_update",)},
    (CODE, "EU-7.7c"): {"extends": ("EU-7.7a",)},
    (CODE, "EU-9.3-CI"): {"categories": ("CRITICAL-INFRASTRUCTURE",), "report": "initial"},
    (CODE, "EU-9.3-CYBER"): {"categories": ("CYBERSECURITY-BREACH",), "report": "initial"},
    (CODE, "EU-9.3-DEATH"): {"categories": ("DEATH",), "report": "initial"},
    (CODE, "EU-9.3-OTHER"): {"categories": ("OTHER-SERIOUS-HARM",), "report": "initial"},
    (CODE, "EU-9.3-INT"): {"reports": ("initial",), "report": "intermediate", "until": "incident.resolved"},
    (CODE, "EU-9.3-FINAL"): {"report": "final"},
    (CODE, "EU-10.2"): {"documents": ("safety_security_framework_confirmed", "model_report", "model_report_update")},
    (OTHERS, "US-EO-30D"): {"actions": ("controlled_deploy",)},
    (OTHERS, "US-CAISI"): {"actions": ("controlled_deploy", *OFFERED)},
    (OTHERS, "UK-AISI"): {"actions": ("controlled_deploy", *OFFERED)},
    (OTHERS, "KR-AI-BASIC"): {"measured": TIER},
}  # fmt: skip


def read(duty: Obligation) -> dict[str, Any]:
    """What narrows a duty, in plain values."""
    told = {name: getattr(duty, name) for name in (*NARROWED, "until") if getattr(duty, name)}
    if duty.measured is not None:
        told["measured"] = (duty.measured.fact, duty.measured.comparator, duty.measured.value)
    if duty.after is not None:
        told["after"] = (duty.after.pack, duty.after.obligation)
    return told


@pytest.mark.parametrize("pack", [CA, NY, ACT, CODE, OTHERS])
def test_every_duty_is_opened_by_what_its_clause_speaks_of(pack: str) -> None:
    mine = {duty.id: read(duty) for duty in shipped(pack).obligations if read(duty)}
    assert mine == {duty: told for (name, duty), told in READ.items() if name == pack}


def test_who_asks_for_an_imminent_risk_says_so() -> None:
    for pack in (CA, NY, ACT, CODE):
        for duty in shipped(pack).obligations:
            assert duty.imminent == ("imminent" in duty.trigger), duty.id


def test_what_is_presumed_or_designated_is_unfavourable_and_what_was_rebutted_is_not() -> None:
    pack = shipped(ACT)
    assert {s.id: pack.favourable(s.id) for s in pack.states} == {
        "below_presumption": True, "presumed": False, "designated": False, "rebutted": True,
    }  # fmt: skip


def test_each_regimes_report_asks_for_what_its_clause_lists() -> None:
    filled = {f.id: f.filled_by for f in shipped(CA).report_fields}
    assert filled == {f.id: f.filled_by for f in shipped(NY).report_fields}
    assert list(filled.values()) == ["observed.period", "classified.reason", "observed.summary", "observed.internal"]
    fields = shipped(CODE).report_fields
    assert [f.number for f in fields if f.final_only] == [8, 9], "the initial report has items 1 to 7"
    assert {f.id: f.filled_by for f in fields if not f.of_the_form} == {
        "AWARENESS": "awareness",
        "SUBMISSION": "submission",
    }
    assert not shipped(ACT).report_fields, "the act names no form"


def test_documents_are_those_that_gates_and_duties_name() -> None:
    for name in (CA, NY, ACT, CODE, OTHERS):
        pack = shipped(name)
        asked = {d for g in pack.gates for d in g.requires_documents} | {
            d for o in pack.obligations for d in o.documents
        }
        assert set(pack.documents) == asked, name
