"""After a compromise of the log's keys: the bridge, checkpoints of the stolen keys above the last good size, pins among them (T42)."""

import pytest

from auditor.bridge import BRIDGE
from auditor.log_keys import discounted
from auditor.pin import Pin, format_pin, parse_pin
from auditor.verdict import VerifyVerdict as V
from auditor.verify import verify_export
from ledger.checkpoint import Checkpoint, sign_checkpoint
from ledger.entry import leaf_hash
from ledger.events import log
from ledger.note import LogSigner
from ledger.strict import micros
from ledger.tile import Edge
from tests.simulator import Lab, log_signer, signer

TWO = ("root-1", "root-2")


def at(lab: Lab, size: int, by: LogSigner, root: bytes | None = None) -> str:
    """A checkpoint of the lab's first entries, by any pair."""
    edge, _ = Edge.empty().extend([leaf_hash(e) for e in lab.entries[:size]])
    return sign_checkpoint(Checkpoint(lab.origin, size, root or edge.root()), by, micros(lab.time) // 1_000_000)


@pytest.fixture
def stolen() -> tuple[Lab, int, int]:
    """A lab whose keys were stolen: its last good size, and the index of the rotation, two entries later."""
    lab = Lab()
    good = len(lab.entries)
    for name in ("x", "y"):
        lab.register("assessor", signer(f"bridge {name}"))
    new = log_signer("new", lab.origin)
    found = lab.say(log.Rotated, {"last_good_size": good, "vkeys": [str(v) for v in new.vkeys]}, "ledger", *TWO)
    lab.log = new
    return lab, good, found.index


def pin_of(lab: Lab, size: int) -> Pin:
    """A pin from before the compromise became known: signed by the first pair."""
    old = log_signer(lab.origin, lab.origin)
    return parse_pin(format_pin(lab.origin, lab.founding, tuple(map(str, old.vkeys)), at(lab, size, old)))


def codes(lab: Lab, note: str | None) -> tuple[V, set[str], tuple[str, ...]]:
    files = lab.export() | ({} if note is None else {BRIDGE: note.encode()})
    report = verify_export(files.get, pin_of(lab, 1))
    return report.verdict, {c.code for c in report.checks if c.name == "bridge"}, report.notes


def test_a_bridge_by_the_new_keys_holds(stolen: tuple[Lab, int, int]) -> None:
    lab, good, _ = stolen
    verdict, found, notes = codes(lab, at(lab, good, lab.log))
    assert (verdict, found) == (V.VALID_UNWITNESSED, {"ok"})
    assert not any("bridge" in n for n in notes)
    verdict, found, notes = codes(lab, None)
    assert (verdict, found) == (V.VALID_UNWITNESSED, set())
    assert any("no bridge is here" in n for n in notes)


def test_a_bridge_that_does_not_hold(stolen: tuple[Lab, int, int]) -> None:
    lab, good, _ = stolen
    old = log_signer(lab.origin, lab.origin)
    assert codes(lab, at(lab, good, old))[:2] == (V.INVALID, {"checkpoint-unsigned"}), "by the stolen keys"
    assert codes(lab, at(lab, good - 1, lab.log))[:2] == (V.INVALID, {"bridge-size"})
    assert codes(lab, at(lab, good, lab.log, b"\1" * 32))[:2] == (V.DIVERGED, {"bridge-differs"}), "a second history"
    honest = Lab()
    assert codes(honest, at(honest, 3, honest.log))[:2] == (V.INVALID, {"bridge-size"}), "nothing was stolen"


def test_a_later_rotation_signs_the_bridge_anew(stolen: tuple[Lab, int, int]) -> None:
    lab, good, _ = stolen
    before, next_ = lab.log, log_signer("next", lab.origin)
    vkeys = [[str(v) for v in pair.vkeys] for pair in (before, next_)]
    lab.say(log.Rotated, {"vkeys": [*vkeys[0], *vkeys[1]]}, "ledger", *TWO)
    lab.tick(3600)
    lab.say(log.Rotated, {"vkeys": vkeys[1]}, "ledger", *TWO)
    lab.log = next_
    assert codes(lab, at(lab, good, before))[:2] == (V.VALID_UNWITNESSED, {"ok"}), "as it was signed then"
    assert codes(lab, at(lab, good, next_))[:2] == (V.VALID_UNWITNESSED, {"ok"})


def test_what_the_stolen_keys_signed_above_the_last_good_size(stolen: tuple[Lab, int, int]) -> None:
    lab, good, rotation = stolen
    history = lab.replay.state.get("meta", "vkeys_history")
    told = {size: discounted(history, size) for size in range(1, len(lab.entries) + 1)}
    assert {size for size, found in told.items() if found is not None} == set(range(good + 1, rotation + 1))


@pytest.mark.parametrize("above", [0, 1, 2])
def test_a_pin_from_between_counts_because_it_was_pinned(stolen: tuple[Lab, int, int], above: int) -> None:
    lab, good, _ = stolen
    report = verify_export(lab.export().get, pin_of(lab, good + above))
    assert report.verdict is V.VALID_UNWITNESSED
    assert any("pinned before that was known" in n for n in report.notes) == (above > 0)
