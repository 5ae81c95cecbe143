"""What a claim rests on and is not shown: the claim is short, and no builder makes it."""

from dataclasses import replace
from typing import Any

import pytest

from auditor.bundle import Trust, verify_bundle
from auditor.verdict import VerifyVerdict as V
from disclosures.absence import frameworks_open
from disclosures.needs import lacking
from disclosures.partial import fold_shown
from disclosures.parts import Completeness, StreamEnd
from disclosures.profile import parse_profile
from disclosures.shown import Shown, read_shown
from disclosures.subject_claims import recomputed
from tests.adopting import adopt
from tests.disclosures.forger import MODEL, Forger, everything, honest, told
from tests.disclosures.incidents import BAD, happened, observe
from tests.disclosures.lab_source import built
from tests.policies.world import shipped

FRAMEWORK = "framework/anthropic-rsp-2.2"
STATUS = {"kind": "status", "actions": {"external_deploy": {}}}


def claimed(forger: Forger, claim: dict[str, Any]) -> dict[str, Any]:
    shown = forger.shown()
    found = recomputed(claim, shown, fold_shown(shown))
    assert found is not None
    return found


def codes(forger: Forger, claim: dict[str, Any]) -> set[str]:
    forger.claims = (claimed(forger, claim),)
    report = verify_bundle(forger.files(), Trust(forger.lab.pin(1)))
    assert report.verdict is (V.VALID_UNWITNESSED if report.exit_code == 0 else V.INCOMPLETE), report.to_json()
    return {c.code for c in report.checks if c.code != "ok"}


@pytest.mark.parametrize(("stream", "version"), [(MODEL, 3), (MODEL, 5), ("model/b", 1), (FRAMEWORK, 2)])
def test_a_status_needs_every_entry(stream: str, version: int) -> None:
    """An unwelcome entry that is withheld would leave the fold as clear as one that never was."""
    assert codes(honest(), STATUS) == set()
    assert codes(honest(withheld={(stream, version): "x"}), STATUS) == {"claims-short"}


def test_no_builder_makes_a_status_that_something_withheld_could_change() -> None:
    profile = everything()
    hides = [s for s in profile["shows"] if s["type"] != "model.compute-reached"]
    for shows, kinds in ((profile["shows"], ["status"]), (hides, [])):
        files = built(
            told()[0].fork(), parse_profile({**profile, "shows": shows}), {}, actions=("external_deploy",), since=(1,)
        )
        report = verify_bundle(files, Trust(told()[0].pin(1)))
        assert report.exit_code == 0, report.to_json()
        assert [c["kind"] for c in read_shown(files).claims.claims] == kinds


def test_a_framework_left_out_at_an_end_might_deny() -> None:
    """The last framework by name is left out, and nothing that is listed stands beside it: a status may rest on one too few."""
    lab = happened().fork()
    adopt(lab, shipped("openai-preparedness-2"))
    lab.commit_index()
    names = [s.stream for s in Forger(lab).shown().streams]
    last = max(n for n in names if n.startswith("framework/"))
    assert codes(Forger(lab.fork()), STATUS) == set()
    left_out = tuple(n for n in names if n != last and not n.startswith("incident/"))
    shown = Forger(lab.fork(), listed=left_out).shown()
    assert frameworks_open(shown.completeness)
    assert "framework stream" in (lacking(STATUS, shown, fold_shown(shown)) or "")


def test_a_builder_that_may_claim_a_status_asks_about_the_ends() -> None:
    """The first incident by name is another model's: its place in the index alone shows that no framework stands before it."""
    lab = happened().fork()
    observe(lab, "incident/a-first", "model/b")
    lab.commit_index()
    profile = parse_profile(everything())
    for actions, asked in (((), ()), (("external_deploy",), ("framework0",))):
        files = built(lab, profile, {}, actions=actions, since=(1,))
        assert read_shown(files).request.absent == asked
        assert verify_bundle(files, Trust(lab.pin(1))).exit_code == 0
    assert [c["kind"] for c in read_shown(files).claims.claims if c["kind"] == "status"] == ["status"]


def test_a_cited_entry_of_a_stream_that_was_left_out_is_missed() -> None:
    """An incident's report cites its observation: with that gone, who reads the report can't tell what else is not here."""
    forger = Forger(happened().fork())
    assert codes(forger, STATUS) == set()
    cited = next(s for s in forger.shown().streams if s.stream == BAD)
    assert codes(Forger(forger.lab.fork(), withheld={(BAD, 1): "x"}), STATUS) == {"claims-short"}
    assert cited.version == 3
    shown, whole = Forger(forger.lab.fork(), withheld={(BAD, 1): "x"}).shown(), forger.shown()
    assert "cites entry" in (lacking(STATUS, _unmarked(shown), fold_shown(whole)) or "")


def _unmarked(shown: Shown) -> Shown:
    """The same, as if nothing were said to be withheld: the citation alone tells."""
    ends = tuple(
        StreamEnd(**{**{f: getattr(s, f) for f in s.__struct_fields__}, "withheld": ()}) for s in shown.streams
    )
    whole = {f: getattr(shown.completeness, f) for f in shown.completeness.__struct_fields__}
    return replace(shown, completeness=Completeness(**{**whole, "streams": ends}))
