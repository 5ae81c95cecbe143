"""A regime's form: every source of facts is read, nothing is made up, and who fills a field says so."""

import typing

import pytest

from policies.incident_report import _SOURCES, Report, fill
from policies.incidents import incident_of, incidents_of
from policies.pack_duties import ReportField, ReportSource
from tests.policies.regimes import INCIDENT, SAID, START, Regimes, days, duty, regime

WITHHOLDABLE = {"observed.summary", "resolved.root_cause"}
FIELDS = [
    {"filled_by": source, "id": source, "ref": "1", "title": source} for source in typing.get_args(ReportSource)
] + [
    {"id": "person", "ref": "1", "title": "what a person knows"},
    {"final_only": True, "id": "late", "ref": "1", "title": "at the end"},
]
PACK_CLASSES = [{"id": "cyber", "ref": "1", "summary": "cyber"}]
PACK = regime("form", "code", duty("TELL", "incident.classified", clock="involvement-known", deadline=days(5), report="initial"),
              clock=SAID, incident_categories=PACK_CLASSES, report_fields=FIELDS)  # fmt: skip
OTHER = regime("other", "law", incident_categories=[{"id": "x", "ref": "1", "summary": "x"}])


def report(w: Regimes, kind: str = "initial", **stated: str) -> Report:
    found = incident_of(w.state, INCIDENT, w.at)
    assert found is not None
    return fill(w.state, found, w.state.get("published", w.digests["form"]), kind, stated)


def test_every_source_that_a_pack_may_name_is_read() -> None:
    assert set(_SOURCES) | WITHHOLDABLE == set(typing.get_args(ReportSource))
    assert typing.get_type_hints(ReportField)["filled_by"]


def test_what_nobody_recorded_is_missing() -> None:
    w = Regimes(PACK)
    w.observe()
    made = report(w)
    states = {f.id: f.state for f in made.fields}
    assert {k for k, v in states.items() if v == "filled"} == {"observed.kind", "observed.models", "observed.period", "observed.surfaces",
                                                              "observed.internal"}  # fmt: skip
    assert states["observed.summary"] == "withheld"
    assert made.reportable == "unclassified"
    assert set(made.fields_missing) == {k for k, v in states.items() if v == "missing"}
    assert "person" in made.fields_missing
    assert "late" not in states


def test_what_is_recorded_fills_it_and_is_cited() -> None:
    w = Regimes(PACK)
    w.observe()
    known = w.involve("likely")
    classed = w.classify("form", "cyber")
    w.report("form", "initial")
    done = w.resolve()
    w.report("form", "final")
    made = {f.id: f for f in report(w, "final", person="told today").fields}
    assert (made["awareness"].value, made["awareness"].indexes) == (START, (known.index,))
    assert (made["classified.category"].value, made["classified.category"].indexes) == ("cyber", (classed.index,))
    assert made["classified.reason"].value == "read the clause"
    assert made["involvement.basis"].value == "likely: log lines"
    assert (made["resolved.corrective"].value, made["resolved.corrective"].indexes) == ("a patch", (done.index,))
    assert made["observed.internal"].value == "no"
    assert made["submission"].value == START
    assert (made["person"].state, made["person"].value, made["person"].indexes) == ("stated", "told today", ())
    assert made["late"].state == "missing"
    assert made["resolved.root_cause"].state == "withheld"


def test_a_report_names_its_own_submission_and_no_other_kinds() -> None:
    """Whoever prints the initial report after the final one went out reads the day of the initial one."""
    w = Regimes(PACK)
    w.observe()
    w.involve()
    first = w.report("form", "initial")
    w.report("form", "final")
    submission = {f.id: f for f in report(w).fields}["submission"]
    assert (submission.state, submission.indexes) == ("filled", (first.index,))
    assert "submission" in report(w, "intermediate").fields_missing
    w.report("form", "intermediate", by="intruder")
    w.taint("intruder")
    assert "submission" in report(w, "intermediate").fields_missing


def test_facts_that_a_compromised_key_signed_fill_nothing() -> None:
    w = Regimes(PACK)
    w.observe()
    w.involve(by="intruder")
    assert "awareness" not in report(w).fields_missing
    w.taint("intruder")
    assert "awareness" in report(w).fields_missing


def test_what_a_compromised_key_said_is_no_part_of_what_happened() -> None:
    """As the duties leave it out: whoever stole a responder's key can't make an incident look known, or resolved."""
    w = Regimes(PACK)
    w.observe()
    w.involve("suspected", by="intruder")
    w.resolve(by="intruder")
    before = incident_of(w.state, INCIDENT, w.at)
    assert before is not None
    assert None not in (before.involvement_known_at, before.certainty, before.resolved_at, before.discovered_at)
    w.taint("intruder")
    found = incident_of(w.state, INCIDENT, w.at)
    assert found is not None
    assert (found.involvement_known_at, found.certainty, found.resolved_at) == (None, None, None)
    assert found.discovered_at == before.discovered_at


def test_regimes_that_bind_and_were_not_asked_are_said() -> None:
    w = Regimes(PACK, OTHER)
    w.observe()
    w.classify("form", None, reason="nobody noticed")
    found = incident_of(w.state, INCIDENT, w.at)
    assert found is not None
    assert {r.pack: (r.reportable, r.applies) for r in found.regimes} == {
        "form": ("no", "yes"),
        "other": ("unclassified", "unknown"),
    }
    assert found.regimes[0].reason == "nobody noticed"
    w.taint("someone")
    tainted = incident_of(w.state, INCIDENT, w.at)
    assert tainted is not None
    assert [r.reportable for r in tainted.regimes] == ["unclassified", "unclassified"]


@pytest.mark.parametrize("count", [0, 3])
def test_incidents_are_listed_by_stream(count: int) -> None:
    w = Regimes(PACK)
    for n in range(count):
        w.observe(f"incident/{9 - n}")
    assert [i.stream for i in incidents_of(w.state, w.at)] == sorted(f"incident/{9 - n}" for n in range(count))
    assert [i.stream for i in incidents_of(w.state, w.at, "incident/8")] == ["incident/9"] * bool(count)
    assert incident_of(w.state, "incident/none", w.at) is None


@pytest.mark.parametrize("binds", ["code", "law"])
def test_a_regime_is_the_text_that_binds_then_not_the_newest_published(binds: str) -> None:
    more = {"incident_categories": PACK_CLASSES, "version": "2", "in_force_from": "2027-01-01"}
    w = Regimes(regime("form", binds, incident_categories=PACK_CLASSES))
    bound = w.digests["form"]
    w.publish(regime("form", binds, **more))  # for later: neither adopted nor in force
    w.observe()
    found = incident_of(w.state, INCIDENT, w.at)
    assert found is not None
    assert [(r.framework, r.reportable) for r in found.regimes] == [(bound, "unclassified")]
