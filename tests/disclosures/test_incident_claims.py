"""Claims about incidents: made of every report that concerns the subject, computed anew by both verifiers; none can be left out."""

import json
from typing import Any

import pytest

from auditor.bundle import Trust, verify_bundle
from auditor.pin import format_pin
from auditor.verdict import Report
from auditor.verdict import VerifyVerdict as V
from disclosures.absence import EDGES, absences
from disclosures.incident_claims import incident_claims
from disclosures.shown import read_shown
from disclosures.static import verify as one_file
from disclosures.stored_zip import format_zip
from ledger.canonical import encode, loads
from ledger.stream_index import StreamIndex
from policies.framework import pack_digest
from tests.adopting import adopt
from tests.disclosures.bent import CLAIMS, ENDS, REQUEST, edit
from tests.disclosures.forger import MODEL, Forger, everything, heads_at, streams_of
from tests.disclosures.incidents import AWARE_AT, BAD, GOOD, LAW, SEEN_AT, happened, observe, report
from tests.disclosures.lab_source import built
from tests.disclosures.test_profile import shipped
from tests.policies.world import shipped as pack

Files = dict[str, bytes]


def checked(files: Files) -> tuple[Report, str, set[str]]:
    """The auditor's report; the one-file verifier's verdict and codes, which are the same."""
    lab = happened()
    report_ = verify_bundle(files, Trust(lab.pin(1)))
    pin = format_pin(lab.origin, lab.founding, tuple(map(str, lab.log.vkeys)), lab.note(1))
    checks, _ = one_file.verify(format_zip(files), json.loads(pin))
    verdict, codes = one_file.lowest([c[1] for c in checks]), {c[2] for c in checks} - {"ok"}
    assert verdict == report_.verdict.value, (checks, report_.to_json())
    return report_, verdict, codes


def oes(**asked: Any) -> Files:
    return built(happened().fork(), shipped("california-oes-incident"), {}, since=(1,), **asked)


def forged(**more: Any) -> Forger:
    return Forger(happened().fork(), **more)


def test_a_report_is_claimed_with_its_kind_regime_and_times() -> None:
    files = oes()
    report_, verdict, codes = checked(files)
    assert (verdict, codes) == ("VALID_UNWITNESSED", set()), report_.to_json()
    claims = json.loads(files[CLAIMS])["claims"]
    assert [(c["incident"], c["report"], c["later"]) for c in claims] == [
        (GOOD, "initial", 0),
        (BAD, "initial", 1),
        (BAD, "final", 0),
    ]
    one = claims[0]
    assert one["framework"] == {"digest": pack_digest(pack(LAW)), "id": LAW}
    assert (one["obligation"], one["recipient"], one["awareness_at"]) == ("CA-CSI-15D", "a fictional office", AWARE_AT)
    shown = read_shown(files)
    entry = shown.by_index[one["index"]]
    assert (entry.type, entry.recorded_at) == ("incident.report-filed", one["recorded_at"])
    assert one["observed"]["first_at"] == SEEN_AT
    assert shown.by_index[one["observed"]["index"]].type == "incident.observed"


@pytest.mark.parametrize(("member", "value"), [
    ("report", "final"), ("submitted_at", SEEN_AT), ("later", 7), ("incident", BAD), ("observed", None), ("recipient", "nobody"),
    ("framework", {"digest": "sha256:" + "00" * 32, "id": LAW}), ("recorded_at", SEEN_AT),
])  # fmt: skip
def test_a_claim_that_says_otherwise_is_found(member: str, value: Any) -> None:
    forger = forged(claims=tuple(incident_claims(forged().shown())))
    report_, verdict, codes = checked(forger.files(edit(CLAIMS, lambda v: v["claims"][0].update({member: value}))))
    assert verdict == "INVALID"
    assert "claims-mismatch" in codes & {c.code for c in report_.checks}


def test_a_claim_that_nothing_carries_is_short() -> None:
    forger = forged(claims=tuple(incident_claims(forged().shown())))
    for index in (0, True, None, {"a": 1}):
        report_, verdict, codes = checked(
            forger.files(edit(CLAIMS, lambda v, index=index: v["claims"][0].update(index=index)))
        )
        assert (verdict, codes) == ("INCOMPLETE", {"claims-short"})
        assert {c.code for c in report_.checks if c.code != "ok"} == {"claims-short"}


@pytest.mark.parametrize("left_out", [(BAD,), (GOOD,), (GOOD, BAD)])
def test_a_bad_incident_is_not_left_out_with_its_stream(left_out: tuple[str, ...]) -> None:
    """The engine derived `model.referenced` with each entry that names the model: its own stream leads to the gap."""
    whole = forged()
    listed = tuple(s.stream for s in whole.shown().streams if s.stream not in left_out)
    report_, verdict, codes = checked(forged(listed=listed).files())
    assert (verdict, codes) == ("INVALID", {"gap"})
    assert report_.verdict is V.INVALID
    referred = {c.index for c in report_.checks if c.code == "gap"}
    assert referred <= {n for n, s in enumerate(streams()) if s in left_out}


def streams() -> list[str]:
    return streams_of(happened())


def test_another_incident_s_withheld_entries_do_not_stand_for_it() -> None:
    """Each withheld entry whose leaf nobody knows can be one that is referred to, and only one."""
    names = tuple(s.stream for s in forged().shown().streams)
    hidden = {(GOOD, 1): "x", (GOOD, 2): "x"}
    assert checked(forged(withheld=hidden).files())[1] == "VALID_UNWITNESSED"
    report_, verdict, codes = checked(forged(withheld=hidden, listed=tuple(n for n in names if n != BAD)).files())
    assert (verdict, codes) == ("INVALID", {"gap"}), report_.to_json()
    everything_hidden = {**hidden, **{(BAD, v): "other" for v in (1, 2, 3)}}
    assert checked(forged(withheld=everything_hidden).files())[1] == "VALID_UNWITNESSED"


def test_hiding_the_reference_itself_leaves_a_counted_gap() -> None:
    """Where `model.referenced` is withheld nobody is led to the incident; the count of the model's stream says that there is more."""
    whole = forged().shown()
    hidden = {(MODEL, e.version): "x" for e in whole.of_stream(MODEL) if e.type == "model.referenced"}
    listed = tuple(s.stream for s in whole.streams if s.stream not in (GOOD, BAD))
    report_, verdict, _ = checked(forged(withheld=hidden, listed=listed).files())
    assert (verdict, len(hidden)) == ("VALID_UNWITNESSED", 5)
    assert f"{len(hidden)} entries withheld" in next(c.detail for c in report_.checks if c.name == "streams")
    oes_profile = shipped("california-oes-incident")
    assert oes_profile.shows_entry("model.referenced", ["index", "leaf", "type"])


def test_an_incident_of_another_model_is_not_claimed() -> None:
    lab = happened().fork()
    seen = observe(lab, "incident/elsewhere", "model/b")
    report(lab, seen)
    lab.commit_index()
    assert all(c["incident"] != "incident/elsewhere" for c in incident_claims(Forger(lab).shown()))
    assert [c["incident"] for c in incident_claims(Forger(lab, subject="model/b").shown())] == ["incident/elsewhere"]


def test_what_concerns_a_related_model_alone_is_not_missed() -> None:
    """`model/b` is listed since the subject is measured against it; its own incidents are another bundle's."""
    lab = happened().fork()
    report(lab, observe(lab, "incident/elsewhere", "model/b"))
    lab.commit_index()
    files = built(lab, shipped("auditor-full"), {}, since=(1,))
    shown = read_shown(files)
    assert "incident/elsewhere" not in {s.stream for s in shown.streams}
    assert any(e.type == "model.referenced" for e in shown.of_stream("model/b"))
    assert checked(files)[1:] == ("VALID_UNWITNESSED", {"claims-not-folded"} & checked(files)[2])


def test_a_profile_that_does_not_list_the_kind_makes_none() -> None:
    files = built(happened().fork(), shipped("public-notice"), {})
    assert all(c["kind"] != "incident" for c in json.loads(files[CLAIMS])["claims"])
    profile = {**everything(), "claims": ["status"]}
    forger = forged(claims=tuple(incident_claims(forged().shown())), profile=profile)
    assert "claims-not-allowed" in checked(forger.files())[2]


def test_between_two_framework_streams_none_is_left_out() -> None:
    """The index is in order of names: frameworks stand side by side in it, and one left out leaves a gap between two others."""
    lab = happened().fork()
    adopt(lab, pack("openai-preparedness-2"))
    lab.commit_index()
    names = [s.stream for s in Forger(lab).shown().streams]
    frameworks = [n for n in names if n.startswith("framework/")]
    assert len(frameworks) == 3
    assert checked(Forger(lab).files())[1] == "VALID_UNWITNESSED"
    for left_out, verdict in zip(frameworks, ("VALID_UNWITNESSED", "INVALID", "VALID_UNWITNESSED"), strict=True):
        listed = tuple(n for n in names if n != left_out)
        found, said, codes = checked(Forger(lab, listed=listed).files())
        assert (said, codes) == (verdict, set() if verdict != "INVALID" else {"gap"})
        assert said == "INVALID" or any("framework stream stands before or behind" in note for note in found.notes)


def test_absence_shows_that_none_stands_at_the_ends() -> None:
    edges = EDGES
    shut = checked(oes(absent=edges))[0]
    assert not any("framework stream" in note for note in shut.notes)
    lab = happened().fork()
    index = StreamIndex(heads_at(lab, lab.replay.state.get("meta", "committed")))
    forger = Forger(lab, listed=tuple(h.stream for h in index.heads if h.stream != f"framework/{LAW}"))

    def ask(files: Files) -> None:
        proofs = loads(b"[" + b",".join(encode(a) for a in absences(index, edges)) + b"]")
        edit(ENDS, lambda v: v.update(absent=proofs))(files)
        edit(REQUEST, lambda v: v.update(absent=list(edges)))(files)

    assert checked(forger.files(ask))[1:] == ("INVALID", {"gap"})
