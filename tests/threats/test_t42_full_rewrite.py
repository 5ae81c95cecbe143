"""T42 `full_rewrite`: the log's keys are stolen, and history is signed anew. Only what a submitter signed can stand in it; what is left
out shows under a pin; and the thief can't make the log's keys his own, nor keep them once the root has named others.
"""

from pathlib import Path
from typing import Any

import pytest

from auditor.split_view import check
from auditor.verdict import Report
from auditor.verdict import VerifyVerdict as V
from auditor.verify import verify_export
from ledger.checkpoint import Checkpoint, sign_checkpoint
from ledger.entry import leaf_hash
from ledger.envelope import format_envelope
from ledger.events import log, model
from ledger.note import LogSigner
from ledger.strict import micros
from ledger.tile import Edge
from tests.simulator import Lab, log_signer, signer
from tests.watcher import World

ROOT = ("root-1", "root-2")
KIND = {"kind": "base"}


@pytest.fixture
def lab() -> Lab:
    return Lab()


def note_by(lab: Lab, *logs: LogSigner) -> str:
    """The checkpoint over all entries, with the lines of each pair."""
    edge, _ = Edge.empty().extend([leaf_hash(e) for e in lab.entries])
    head, at = Checkpoint(lab.origin, edge.size, edge.root()), micros(lab.time) // 1_000_000
    first, *others = [sign_checkpoint(head, one, at) for one in logs]
    return first + "".join(note.partition("\n\n")[2] for note in others)


def shown(lab: Lab, note: str, pin: Any = None) -> Report:
    """What a stranger finds in the export under that checkpoint."""
    return verify_export({**lab.export(), "checkpoint": note.encode()}.get, pin)


def codes(report: Report) -> list[tuple[str, str]]:
    return [(c.name, c.code) for c in report.checks if c.verdict is report.verdict]


def registered(lab: Lab, name: str, by: str = "assessor") -> Any:
    return lab.write(model.Registered, KIND, f"model/{name}", by, subject="ab" * 32)


def rotation(lab: Lab, *logs: LogSigner, **more: Any) -> None:
    vkeys = [str(v) for one in logs for v in one.vkeys]
    lab.say(log.Rotated, {"vkeys": vkeys, **more}, "ledger", *ROOT)


def test_attack_invent_an_entry(lab: Lab) -> None:
    """The thief has the log's keys, and nobody else's: what he invents, no registered key has signed."""
    lab.keys["assessor"] = signer("thief")
    lab.slip(format_envelope(registered(lab, "a").envelope))
    lab.finds("key-unknown")


def test_attack_leave_one_out_and_sign_all_anew(lab: Lab) -> None:
    """Every statement that is left is its submitter's own: only somebody who remembers can tell."""
    gone, kept = registered(lab, "bad"), registered(lab, "good")
    forged = lab.fork()
    forged.add(kept)
    lab.add(gone)
    lab.add(kept)
    pin = lab.pin()
    report = shown(forged, note_by(forged, forged.log), pin)
    assert (report.verdict, codes(report)) == (V.DIVERGED, [("pin", "truncated")])
    forged.add(registered(forged, "more"))
    report = shown(forged, note_by(forged, forged.log), pin)
    assert (report.verdict, codes(report)) == (V.DIVERGED, [("pin", "root-differs")])
    assert shown(forged, note_by(forged, forged.log)).verdict is V.UNANCHORED


@pytest.mark.parametrize("more", [0, 1, 2])
def test_attack_a_monitor_sees_the_rewrite(lab: Lab, tmp_path: Path, more: int) -> None:
    """Where the log was seen before, the thief's own signature convicts; as long as he shows less, it is a rollback."""
    gone, kept = registered(lab, "bad"), registered(lab, "good")
    forged = lab.fork()
    forged.add(kept)
    lab.add(gone)
    lab.add(kept)
    world = World(tmp_path)
    world.keys, world.max_age = lab.log.vkeys, 10**9
    world.show(lab.export())
    assert world.look() == []
    for n in range(more):
        forged.add(registered(forged, f"more-{n}"))
    world.show(forged.export())
    assert world.look() == ["split-view" if more else "rollback"]
    if more:
        raw = Path(world.found[0].evidence or "").read_bytes()
        assert check(raw, lab.pin(1).vkeys).verdict is V.DIVERGED


def test_attack_rotate_to_keys_of_his_own(lab: Lab) -> None:
    mine = log_signer("thief", lab.origin)
    written = lab.write(log.Rotated, {"vkeys": [str(v) for v in (*lab.log.vkeys, *mine.vkeys)]}, "ledger", "root-1")
    lab.slip(format_envelope(written.envelope))
    lab.finds("quorum-short")


def test_attack_sign_on_with_keys_that_the_root_has_replaced(lab: Lab) -> None:
    """Whoever holds the rotation believes the new pair alone, though his own pin names the stolen one."""
    pin, stolen, new = lab.pin(), lab.log, log_signer("new", lab.origin)
    rotation(lab, new, last_good_size=len(lab.entries))
    report = shown(lab, note_by(lab, stolen), pin)
    assert (report.verdict, codes(report)) == (V.INVALID, [("checkpoint", "checkpoint-unsigned")])
    assert shown(lab, note_by(lab, new), pin).verdict is V.VALID_UNWITNESSED


def test_attack_half_of_an_overlap(lab: Lab) -> None:
    """While two pairs sign, one pair alone is no checkpoint: neither the stolen one nor one that nobody has proven yet."""
    pin, new = lab.pin(), log_signer("new", lab.origin)
    rotation(lab, lab.log, new)
    for alone in (lab.log, new):
        report = shown(lab, note_by(lab, alone), pin)
        assert (report.verdict, codes(report)) == (V.INVALID, [("checkpoint", "checkpoint-unsigned")])


def test_attack_a_pin_of_other_keys(lab: Lab) -> None:
    """A pin that names entry 0, and keys that neither it nor a rotation names, is no pin of this log."""
    thief = lab.fork()
    thief.log = log_signer("thief", lab.origin)
    report = shown(lab, note_by(lab, lab.log), thief.pin())
    assert (report.verdict, codes(report)) == (V.INVALID, [("checkpoint", "keys-mismatch")])


def test_honest_a_rotation_by_the_root_verifies_under_a_pin_from_before(lab: Lab) -> None:
    """Twice over: the overlap with four lines, then the new pair alone."""
    pin, now = lab.pin(1), lab.log
    for name in ("second", "third"):
        new = log_signer(name, lab.origin)
        rotation(lab, now, new)
        both = note_by(lab, now, new)
        assert both.count("\n\u2014 ") == 4
        assert shown(lab, both, pin).verdict is V.VALID_UNWITNESSED
        lab.tick(3600)
        rotation(lab, new)
        now = new
        lab.add(registered(lab, name))
        assert shown(lab, note_by(lab, now), pin).verdict is V.VALID_UNWITNESSED
        assert shown(lab, note_by(lab, now)).verdict is V.UNANCHORED
