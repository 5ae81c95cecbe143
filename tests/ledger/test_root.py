"""The root's own events: what each may say, beside the nearest thing that it may not; and what follows from it."""

import json
from typing import Any

import pytest

from api.founding import ROOTS
from auditor.verdict import VerifyVerdict
from ledger.entry import leaf_hash, parse_entry
from ledger.envelope import format_envelope, parse_envelope
from ledger.events import entry, incident, ledger, log, model, principal, rules
from ledger.registry import BODIES
from ledger.replay import Replay
from ledger.root import NEVER_SUPPRESSED
from ledger.tile import Edge
from policies.answer import Answer, AsOf, Request
from policies.clear import clear
from policies.evaluate import evaluate
from policies.rules import RULES
from tests.access.asking import asked
from tests.simulator import ENGINE, KEY_ADMINS, Lab, dumps_as_is, log_signer, signed, signer

TWO = ("root-1", "root-2")
MODEL = {"kind": "base"}


@pytest.fixture
def lab() -> Lab:
    return Lab()


def vkeys(lab: Lab, *names: str) -> list[str]:
    return [str(v) for name in names for v in (lab.log if name == "now" else log_signer(name, lab.origin)).vkeys]


def rotated(lab: Lab, *names: str, **more: Any) -> str | None:
    """What admission says to a rotation of the log's keys to these pairs; `now` is the first."""
    return asked(lab, log.Rotated, {"vkeys": vkeys(lab, *names), **more}, "ledger", *TWO)


def rotate(lab: Lab, *names: str, **more: Any) -> None:
    lab.say(log.Rotated, {"vkeys": vkeys(lab, *names), **more}, "ledger", *TWO)


# -- the log's keys ----------------------------------------------------------------------------------------------------


def test_a_planned_rotation_overlaps_for_an_hour(lab: Lab) -> None:
    assert rotated(lab, "next") == "log-keys", "one pair alone, without a compromise"
    rotate(lab, "now", "next")
    at = len(lab.entries)
    assert rotated(lab, "next") == "overlap-short"
    lab.tick(3597)
    assert rotated(lab, "next") == "overlap-short"
    lab.tick(2)
    assert rotated(lab, "now", "third") == "log-keys", "an overlap of two at most"
    assert rotated(lab, "third") == "log-keys"
    rotate(lab, "next")
    history = lab.replay.state.get("meta", "vkeys_history")
    assert [(h[0], len(h[1])) for h in history] == [(0, 2), (at, 4), (at + 1, 2)]
    assert lab.replay.state.get("meta", "vkeys") == tuple(vkeys(lab, "next"))
    assert rotated(lab, "next", "now") == "log-keys", "what was left out does not come back"


def test_an_overlap_may_end_with_the_old_pair(lab: Lab) -> None:
    rotate(lab, "now", "next")
    lab.tick(3600)
    assert rotated(lab, "now") is None


def test_a_compromise_leaves_one_new_pair_at_once(lab: Lab) -> None:
    assert rotated(lab, "next", last_good_size=len(lab.entries) + 1) == "reference-wrong"
    assert rotated(lab, "now", last_good_size=3) == "log-keys"
    assert rotated(lab, "now", "next", last_good_size=3) == "log-keys"
    rotate(lab, "next", last_good_size=3)
    assert lab.replay.state.get("meta", "vkeys_history")[-1][2] == 3
    assert rotated(lab, "now", last_good_size=3) == "log-keys"


def test_half_a_pair_never_stays(lab: Lab) -> None:
    """One stolen key would go on signing beside one new: whole pairs come, and whole pairs go."""
    (old, old_quantum), (new, new_quantum) = vkeys(lab, "now"), vkeys(lab, "next")
    mixed = [[old, new_quantum], [new, old_quantum]]
    for found in mixed:
        said = {"vkeys": found, "last_good_size": 3}
        assert asked(lab, log.Rotated, said, "ledger", *TWO) == "log-keys"
    rotate(lab, "now", "next")
    lab.tick(3600)
    for found in mixed:
        assert asked(lab, log.Rotated, {"vkeys": found}, "ledger", *TWO) == "log-keys"
        said = {"vkeys": found, "last_good_size": 3}
        assert asked(lab, log.Rotated, said, "ledger", *TWO) == "log-keys"


def test_a_compromise_in_an_overlap_leaves_one_whole_pair(lab: Lab) -> None:
    rotate(lab, "now", "next")
    for pair in ("now", "next", "third"):
        assert rotated(lab, pair, last_good_size=3) is None
    third, (old, *_) = vkeys(lab, "third"), vkeys(lab, "now")
    assert asked(lab, log.Rotated, {"vkeys": [old, third[1]], "last_good_size": 3}, "ledger", *TWO) == "log-keys"


def test_a_ledger_begins_with_one_pair(lab: Lab) -> None:
    """An overlap begins by a rotation, which says since when: two pairs from the start could never end."""
    said = json.loads(parse_envelope(parse_entry(lab.entries[0]).envelope).payload)["predicate"]["body"]
    empty = lab.fork()
    empty.entries, empty.heads, empty.replay = [], {}, Replay(RULES)
    now = said["vkeys"]
    for found in (
        [*now, *vkeys(lab, "next")],
        [now[0], now[0]],
        [str(v) for v in log_signer("now", "dev/other").vkeys],
    ):
        founded = {**said, "vkeys": found}
        signers = (*ROOTS, *KEY_ADMINS, ENGINE)
        assert asked(empty, ledger.Founded, founded, "ledger", *signers) == "founding-malformed"
    assert asked(empty, ledger.Founded, said, "ledger", *signers) is None


def test_the_log_s_keys_are_pairs_of_their_own(lab: Lab) -> None:
    now, mixed = vkeys(lab, "now"), vkeys(lab, "next")
    bad = {
        "two of one kind": [now[0], mixed[0]],
        "half an overlap": [*now, mixed[0]],
        "not a key": [*now, mixed[0], "nonsense"],
        "another name": [*now, *(str(v) for v in log_signer("next", "dev/other").vkeys)],
        "one key twice": [*now, *now],
    }
    for name, found in bad.items():
        assert asked(lab, log.Rotated, {"vkeys": found}, "ledger", *TWO) == "log-keys", name


# -- rules, freeze, restore -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["holdpoint-rules/1", "holdpoint-rules/2", "holdpoint-rules/10"])
def test_rules_only_move_forward(lab: Lab, version: str) -> None:
    reason = asked(lab, rules.Adopted, {"rules": version}, "ledger", *TWO)
    assert reason == ("contradiction" if version.endswith("/1") else None)


def test_what_comes_under_unknown_rules_is_undecided(lab: Lab) -> None:
    lab.say(rules.Adopted, {"rules": "holdpoint-rules/2"}, "ledger", *TWO)
    lab.holds()
    assert asked(lab, model.Registered, MODEL, "model/a", "assessor", subject="ab" * 32) == "rules-unknown"
    written = lab.write(model.Registered, MODEL, "model/a", "assessor", subject="ab" * 32)
    lab.slip(format_envelope(written.envelope))
    lab.finds("rules-unknown", verdict=VerifyVerdict.ERROR)


@pytest.mark.parametrize("follows", ["nothing readable", "a derived type", "a commitment", "a signature of nobody"])
def test_under_unknown_rules_nothing_is_invalid_whatever_follows(lab: Lab, follows: str) -> None:
    written = lab.write(model.Registered, MODEL, "model/a", "assessor", subject="ab" * 32)
    lab.say(rules.Adopted, {"rules": "holdpoint-rules/2"}, "ledger", *TWO)
    if follows == "nothing readable":
        lab.slip_entry(b'{"of": "another format"}')
    elif follows == "a commitment":
        lab.slip(signed(lab.index_payload(), lab.keys[ENGINE]))
    elif follows == "a derived type":
        said = {"models": ["model/a"], "event": {"index": 0, "leaf": lab.founding}, "type": "model.registered"}
        lab.slip(
            signed(dumps_as_is({"_type": "x", "predicateType": model.Referenced.event.topic, **said}), lab.keys[ENGINE])
        )
    else:
        lab.slip(signed(written.envelope.payload, signer("nobody")), stream="model/a")
    lab.finds("rules-unknown", verdict=VerifyVerdict.ERROR)


def test_under_unknown_rules_nothing_is_cleared(lab: Lab) -> None:
    lab.say(model.Registered, MODEL, "model/a", "assessor", subject="ab" * 32)
    before = len(lab.entries)
    lab.say(rules.Adopted, {"rules": "holdpoint-rules/2"}, "ledger", *TWO)
    state, as_of = lab.replay.state, AsOf(len(lab.entries), lab.time)
    request = Request("model/a", "external_deploy")
    for at, reasons in ((state, ("rules-unknown",)), (state.at(before), ("no-decision",))):
        found = clear(at, evaluate(at, request, as_of), request, as_of)
        assert (found.answer, found.reasons) == (Answer.UNDETERMINED, reasons)


def test_a_frozen_ledger_admits_the_root_alone(lab: Lab) -> None:
    lab.say(model.Registered, MODEL, "model/a", "assessor", subject="ab" * 32)
    before = len(lab.entries)
    lab.say(ledger.Frozen, {"reason": "fictional"}, "ledger", *TWO)
    state, as_of = lab.replay.state, AsOf(len(lab.entries), lab.time)
    request = Request("model/a", "external_deploy")
    for at, reasons in ((state, ("ledger-frozen",)), (state.at(before), ("no-decision",))):
        found = clear(at, evaluate(at, request, as_of), request, as_of)
        assert (found.answer, found.reasons) == (Answer.UNDETERMINED, reasons)
    member = {"id": "x", "kind": "person", "unit": "u"}
    assert asked(lab, principal.Registered, member, "ledger", *KEY_ADMINS) == "ledger-frozen"
    assert asked(lab, ledger.Frozen, {"reason": "again"}, "ledger", *TWO) == "said-already"
    assert rotated(lab, "now", "next") is None
    edge, _ = Edge.empty().extend([leaf_hash(e) for e in lab.entries])
    said = {"reason": "over", "root": edge.root().hex(), "size": edge.size}
    late = {**said, "size": edge.size + 1}
    assert asked(lab, ledger.Restored, late, "ledger", *TWO) == "reference-wrong"
    lab.say(ledger.Restored, said, "ledger", *TWO)
    assert asked(lab, principal.Registered, member, "ledger", *KEY_ADMINS) is None
    lab.holds()


def test_a_commitment_waits_for_the_end_of_a_freeze(lab: Lab) -> None:
    payload = lab.index_payload
    lab.say(ledger.Frozen, {"reason": "fictional"}, "ledger", *TWO)
    lab.slip(signed(payload(), lab.keys[ENGINE]))
    lab.finds("ledger-frozen")


def test_a_restore_that_names_another_root_shows_a_split_view(lab: Lab) -> None:
    lab.say(ledger.Restored, {"reason": "fictional", "root": "ab" * 32, "size": 2}, "ledger", *TWO)
    report = lab.verify()
    assert report.verdict is VerifyVerdict.DIVERGED
    assert [c.code for c in report.checks if c.verdict is VerifyVerdict.DIVERGED] == ["seen-differs"]


# -- suppression --------------------------------------------------------------------------------------------------------


def test_an_entry_is_suppressed_once_and_by_all_its_names(lab: Lab) -> None:
    lab.say(model.Registered, MODEL, "model/a", "assessor", subject="ab" * 32)
    body = {"first_at": lab.time, "jurisdictions": [], "kind": "a fictional one", "models": ["model/a"], "surfaces": []}
    gone = lab.say(incident.Observed, body, "incident/a", "responder")
    said = {
        "ground": "fictional",
        "index": gone.index,
        "leaf": gone.leaf,
        "stream": gone.stream,
        "type": gone.name,
        "version": 1,
    }
    for member, value in (
        ("index", 0),
        ("leaf", "ab" * 32),
        ("stream", "incident/b"),
        ("type", "incident.resolved"),
        ("version", 2),
    ):
        assert asked(lab, entry.Suppressed, {**said, member: value}, "ledger", *TWO) == "reference-wrong", member
    assert asked(lab, entry.Suppressed, {**said, "index": len(lab.entries)}, "ledger", *TWO) == "reference-wrong"
    lab.say(entry.Suppressed, said, "ledger", *TWO)
    assert asked(lab, entry.Suppressed, said, "ledger", *TWO) == "said-already"
    assert lab.replay.state.get("suppressed", str(gone.index)) == len(lab.entries) - 1


def test_what_admission_rests_on_is_never_suppressed(lab: Lab) -> None:
    last = lab.say(principal.Registered, {"id": "x", "kind": "person", "unit": "u"}, "ledger", *KEY_ADMINS)
    said = {"ground": "fictional", "index": last.index, "leaf": last.leaf, "stream": "ledger", "type": last.name,
            "version": last.stream_version}  # fmt: skip
    assert asked(lab, entry.Suppressed, said, "ledger", *TWO) == "not-suppressible"
    bound = lab.say(model.Registered, MODEL, "model/a", "assessor", subject="ab" * 32)
    said = {
        "ground": "fictional",
        "index": bound.index,
        "leaf": bound.leaf,
        "stream": "model/a",
        "type": bound.name,
        "version": 1,
    }
    assert asked(lab, entry.Suppressed, said, "ledger", *TWO) == "not-suppressible", "all later admission rests on it"
    families = {b.event.name.partition(".")[0] for b in BODIES}
    assert families - NEVER_SUPPRESSED == {
        "concern", "deployment", "disclosure", "document", "evaluation", "incident", "model", "obligation",
        "reassessment", "replay", "safeguard", "threshold", "training",
    }  # fmt: skip
