"""The builder: what the profile allows leaves, nothing else does; the same request at the same checkpoint gives the same bytes."""

from typing import Any

import pytest

from disclosures.partial import fold_shown
from disclosures.profile import parse_profile, profile_object
from disclosures.shown import read_shown
from disclosures.stored_zip import format_zip, parse_zip
from disclosures.subject_claims import recomputed
from ledger.errors import Malformed
from tests.disclosures.forger import MODEL, told
from tests.disclosures.lab_source import built
from tests.disclosures.test_profile import SHIPPED, shipped
from tests.simulator import Lab


@pytest.fixture(scope="module")
def lab() -> tuple[Lab, dict[str, tuple[str, ...]]]:
    found, disclosed = told()
    log = found.fork()
    from disclosures.closure import read_found
    from tests.disclosures.lab_source import LabSource

    source = LabSource(log, {})
    held = {read_found(n, source.entry(n)).statement.predicate.event_id: texts for n, texts in disclosed.items()}
    return log, held


@pytest.mark.parametrize("name", SHIPPED)
def test_a_bundle_shows_what_its_profile_allows(lab: Any, name: str) -> None:
    log, held = lab
    profile = shipped(name)
    note = log.note()
    files = built(log, profile, held, note=note)
    assert built(log, profile, held, note=note) == files
    assert parse_zip(format_zip(files)) == files
    shown = read_shown(files)
    assert fold_shown(shown).problems == ()
    for one in shown.entries:
        if one.stream != "ledger":
            assert profile.allowed(one.type) is not None
            assert set(one.disclosed) <= set(profile.allowed(one.type).disclose)  # type: ignore[union-attr]  # just asked
    versions = {s.stream: s.version - sum(r.to - r.from_ + 1 for r in s.withheld) for s in shown.streams}
    assert {s: len([e for e in shown.of_stream(s) if s != "ledger"]) for s in versions if s != "ledger"} == {
        s: n for s, n in versions.items() if s != "ledger"
    }
    assert {"ledger", MODEL, "framework/anthropic-rsp-2.2", "model/b"} <= set(versions)
    assert sum(c.count for c in shown.redactions.classes) == sum(
        r.to - r.from_ + 1 for s in shown.streams for r in s.withheld
    )
    name_shown = b"Fictional-1" in b"".join(v for k, v in files.items()) or any(
        "subject" in e.disclosed for e in shown.entries
    )
    assert name_shown == (name in {"auditor-full", "eu-ai-office-full"})


def test_a_status_is_claimed_where_what_is_shown_carries_it(lab: Any) -> None:
    log, held = lab
    full = read_shown(built(log, shipped("auditor-full"), held, actions=("external_deploy",)))
    (claim,) = full.claims.claims
    assert claim["actions"]["external_deploy"]["clearance"] == "undetermined"
    assert recomputed(claim, full, fold_shown(full)) == claim
    value = profile_object(shipped("public-notice"))
    part = read_shown(
        built(log, parse_profile({**value, "claims": ["decision", "status"]}), held, actions=("external_deploy",))
    )
    (about,) = part.claims.claims or ({"kind": "none"},)
    assert about["kind"] in {"none", "status"}
    assert recomputed({"kind": "harmless"}, full, fold_shown(full)) is None


def test_what_is_withheld_is_kept_for_as_long_as_the_profile_says(lab: Any) -> None:
    log, held = lab
    for name, years in (("california-oes-incident", 5), ("eu-public-summary", 10), ("public-notice", None)):
        shown = read_shown(built(log, shipped(name), held))
        at = shown.claims.as_of.time
        until = None if years is None else f"{2026 + years}{at[4:]}"
        assert {c.retained_until for c in shown.redactions.classes} == {until}


def test_since_gives_consistency(lab: Any) -> None:
    log, held = lab
    files = built(log, shipped("public-notice"), held, since=(1, 3, 3))
    assert [p.size for p in read_shown(files).consistency.proofs] == [1, 3]


@pytest.mark.parametrize("size", [0, -1, 10**6])
def test_consistency_with_what_is_no_size_of_this_log_is_refused(lab: Any, size: int) -> None:
    """A bundle that listed it in its request, and had no proof, would be INVALID to its reader."""
    log, held = lab
    with pytest.raises(Malformed, match="since-beyond"):
        built(log, shipped("public-notice"), held, since=(1, size))


def test_a_subject_that_is_none_is_refused(lab: Any) -> None:
    log, held = lab
    with pytest.raises(Malformed, match="subject-unknown"):
        built(log, shipped("public-notice"), held, subject="model/none")
