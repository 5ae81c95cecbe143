"""Exports with suppressed entries: never INVALID, never VALID; what rests on them is listed; what needs no trust in them stays strict."""

from pathlib import Path
from typing import Any

import pytest

from auditor.pin import Pin, parse_pin
from auditor.source import folder_reader
from auditor.verdict import Report
from auditor.verdict import VerifyVerdict as V
from auditor.verify import verify_export
from disclosures.claims import claims_of, sign_claims
from disclosures.export import added_files, claim_files
from ledger.entry import leaf_hash
from ledger.events import entry, incident
from ledger.events import model as models
from ledger.replay import Problem
from ledger.root import suppressible
from ledger.tile import Edge, format_bundle, parse_bundle
from policies.answer import AsOf
from tests.simulator import ENGINE, Lab, signed

TWO = ("root-1", "root-2")


def suppress(lab: Lab, index: int) -> int:
    """The root's quorum suppresses entry `index`."""
    known = lab.replay.state.get("entry", str(index))
    said = {"ground": "fictional: a name in an open field", "index": index, "leaf": known.leaf, "stream": known.stream,
            "type": known.type, "version": known.version}  # fmt: skip
    return lab.say(entry.Suppressed, said, "ledger", *TWO).index


def export(lab: Lab, *gone: int, claims: bool = True) -> dict[str, bytes]:
    """The lab's export, with zero-length records in the places of `gone`."""
    size = len(lab.entries)
    rows = ((b"" if n in gone else raw, leaf_hash(raw)) for n, raw in enumerate(lab.entries))
    files = {**dict(added_files(Edge.empty(), rows, size)), "checkpoint": lab.note().encode()}
    if claims:
        state, as_of = lab.replay.state, AsOf(lab.replay.size, lab.time)
        files.update(claim_files(sign_claims(claims_of(state, as_of), lab.keys[ENGINE])))
    return files


def codes(report: Report) -> dict[str, set[int | None]]:
    """The codes that are not ok, and the indexes that they name."""
    found: dict[str, set[int | None]] = {}
    for check in report.checks:
        if check.code != "ok":
            found.setdefault(check.code, set()).add(check.index)
    return found


def described(gone: Any) -> dict[str, Any]:
    """The body of an event's suppression."""
    return {"ground": "fictional", "index": gone.index, "leaf": gone.leaf, "stream": gone.stream, "type": gone.name,
            "version": gone.stream_version}  # fmt: skip


@pytest.fixture(scope="module")
def told(told_folder: Path) -> tuple[list[bytes], Pin]:
    """The entries of the demo's whole story, and its pin."""
    read = folder_reader(told_folder / "export")
    pin = parse_pin((told_folder / "pin.json").read_bytes())
    size = pin.checkpoint.size
    raw = read(f"tile/entries/000.p/{size}")
    assert raw is not None
    return parse_bundle(raw, size), pin


@pytest.fixture(scope="module")
def told_lab(told: tuple[list[bytes], Pin]) -> Any:
    """Index → event of the story, replayed."""
    from ledger.replay import Replay
    from policies.rules import RULES

    replay = Replay(RULES)
    events = [replay.step(raw) for raw in told[0]]
    assert not any(isinstance(e, Problem) for e in events)
    return events


def test_every_entry_of_the_story_that_may_be_suppressed(told, told_lab) -> None:
    """Replayed behind the suppression as far as it goes: no crash, nothing false, and the entry counts for nothing."""
    from ledger.suppressed import SuppressedReplay
    from policies.rules import RULES

    entries, _ = told
    tried = 0
    for event in told_lab:
        if not suppressible(event.name):
            continue
        tried += 1
        said = entry.Suppressed(ground="fictional", index=event.index, leaf=event.leaf, stream=event.stream,
                                type=event.name, version=event.stream_version)  # fmt: skip
        replay = SuppressedReplay(RULES, lambda *_: True)
        for n, raw in enumerate(entries):
            outcome = replay.skip(event.leaf, said) if n == event.index else replay.step(raw)
            assert not isinstance(outcome, Problem), (event.index, event.name, outcome)
        assert set(replay.absent) == {event.index}
        assert event.index not in replay.unjudged
        named = replay.unsaid()
        assert named is not None
        assert named.rule == "entry-withheld"
    assert tried > 15


@pytest.fixture
def lab() -> Lab:
    made = Lab()
    made.say(models.Registered, {"kind": "base"}, "model/a", "assessor", subject="ab" * 32)
    return made


def observed(lab: Lab, name: str = "incident/1") -> Any:
    """An incident at the model, whose stream its `model.referenced` follows in."""
    return lab.say(incident.Observed, seen(lab), name, "responder")


def seen(lab: Lab) -> dict[str, Any]:
    """The body of an incident at the model."""
    return {
        "first_at": lab.time,
        "jurisdictions": [],
        "kind": "capability_evidence",
        "models": ["model/a"],
        "surfaces": [],
    }


def known(gone: Any) -> dict[str, Any]:
    """The body of a later event that names it."""
    return {"basis": "fictional", "certainty": "confirmed", "incident": {"index": gone.index, "leaf": gone.leaf}}


def test_a_suppressed_entry_is_incomplete_and_named(lab: Lab) -> None:
    gone = observed(lab)
    later = lab.say(incident.InvolvementKnown, known(gone), "incident/1", "responder")
    assert verify_export(export(lab).get, lab.pin(1)).verdict is V.VALID_UNWITNESSED
    at = suppress(lab, gone.index)
    held = verify_export(export(lab).get, lab.pin(1))
    assert held.verdict is V.VALID_UNWITNESSED, "a reader that holds the entry keeps it"
    report = verify_export(export(lab, gone.index).get, lab.pin(1))
    assert report.verdict is V.INCOMPLETE
    assert (report.exit_code, codes(report)["suppressed"]) == (5, {gone.index})
    detail = next(c.detail for c in report.checks if c.code == "suppressed")
    assert "incident.observed" in detail
    assert "fictional: a name in an open field" in detail
    assert later.index in codes(report)["rests-on-suppressed"]
    assert at == len(lab.entries) - 1
    assert verify_export(export(lab, gone.index).get).verdict is V.UNANCHORED, (
        "without a pin no better than without one"
    )


def test_a_hole_that_the_root_did_not_sign_is_false(lab: Lab) -> None:
    first, second = observed(lab), observed(lab, "incident/2")
    suppress(lab, first.index)
    report = verify_export(export(lab, first.index, second.index).get, lab.pin(1))
    assert report.verdict is V.INVALID
    assert codes(report) == {"entry-withheld": {second.index}}
    other = Lab()
    report = verify_export(export(other, 3).get, other.pin(1))
    assert (report.verdict, codes(report)["entry-withheld"]) == (V.INVALID, {3})


def test_one_root_key_alone_suppresses_nothing(lab: Lab) -> None:
    """The operator forges a suppression behind the door: under the log's keys, with a quorum that is short."""
    gone = observed(lab)
    said = described(gone)
    forged = lab.write(entry.Suppressed, said, "ledger", "root-1")
    lab.slip(signed(forged.envelope.payload, lab.keys["root-1"]))
    report = verify_export(export(lab, gone.index, claims=False).get, lab.pin(1))
    assert report.verdict is V.INVALID
    assert codes(report)["quorum-short"] == {len(lab.entries) - 1}


def test_trust_is_judged_behind_a_suppression_as_ever(lab: Lab) -> None:
    gone = observed(lab)
    suppress(lab, gone.index)
    forged = lab.write(incident.Observed, seen(lab), "incident/9", "deployer")
    lab.slip(signed(forged.envelope.payload, lab.keys["deployer"]))
    report = verify_export(export(lab, gone.index, claims=False).get, lab.pin(1))
    assert report.verdict is V.INVALID
    assert codes(report)["role-missing"] == {len(lab.entries) - 1}


@pytest.mark.parametrize(
    ("member", "code"),
    [("index", "entry-withheld"), ("leaf", "leaf-mismatch"), ("stream", ""), ("type", "not-suppressible"), ("version", "entry-mismatch")],
)  # fmt: skip
def test_a_suppression_that_describes_another_entry_explains_nothing(lab: Lab, member: str, code: str) -> None:
    gone, other = observed(lab), observed(lab, "incident/2")
    said = described(gone)
    wrong = {"index": other.index, "leaf": other.leaf, "stream": "incident/7", "type": "decision.made", "version": 2}
    forged = lab.write(entry.Suppressed, {**said, member: wrong[member]}, "ledger", *TWO)
    lab.slip(signed(forged.envelope.payload, *(lab.keys[k] for k in TWO)))
    report = verify_export(export(lab, gone.index, claims=False).get, lab.pin(1))
    found = codes(report)
    if not code:  # of a stream that holds nothing else the root's word is all that there is
        assert report.verdict is V.INCOMPLETE
    else:
        assert (report.verdict, found) == (V.INVALID, {code: {gone.index}})


def test_the_leaf_of_a_hole_is_bound_by_the_tree(lab: Lab) -> None:
    gone = observed(lab)
    suppress(lab, gone.index)
    files = export(lab, gone.index)
    size = len(lab.entries)
    name = f"tile/0/000.p/{size}"
    tile = bytearray(files[name])
    tile[gone.index * 32] ^= 1
    report = verify_export({**files, name: bytes(tile)}.get, lab.pin(1))
    assert (report.verdict, codes(report)) == (V.INVALID, {"leaf-mismatch": {gone.index}})
    bundle = f"tile/entries/000.p/{size}"
    entries = parse_bundle(files[bundle], size)
    entries[-1] = b""
    report = verify_export({**files, bundle: format_bundle(entries)}.get, lab.pin(1))
    assert (report.verdict, codes(report)) == (V.INVALID, {"entry-withheld": {gone.index}}), "nor its suppression"
