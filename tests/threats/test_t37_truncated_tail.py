"""T37: the last entries removed, and all that stands beside them set back consistently."""

import pytest

from auditor.verdict import VerifyVerdict as V
from tests.threats.storage import Copy, Vault, cut_to, signed_notes


@pytest.mark.parametrize("k", [1, 2, 5, 20, 100, 200])
def test_attack_tail_cut(copy: Copy, vault: Vault, k: int) -> None:
    size = max(s for s in signed_notes(vault.folder) if s <= 280 - k)
    copy.attack(cut_to(size))
    found = copy.look()
    assert found.start == "diverged"
    assert f"anchored size 280, stored size {size}" in found.text
    (problem,) = found.problems
    assert (problem.rule, problem.index) == ("diverged", size)
    pinned = copy.verify(pin=True, size=size)
    assert pinned.verdict is V.DIVERGED
    assert any(c.code == "truncated" and c.index == size and "280" in c.detail for c in pinned.checks)
    unpinned = copy.verify(pin=False, size=size)
    assert unpinned.verdict is V.UNANCHORED, "all holds in itself: only the outside shows the cut"
    assert unpinned.exit_code == 5


def test_attack_rows_removed_head_left(copy: Copy) -> None:
    copy.attack("DELETE FROM holdpoint.event WHERE notification_id > 270")
    found = copy.look()
    assert (found.start, "270" in found.text) == ("entry-missing", True)
    assert [(p.rule, p.index) for p in found.problems] == [("entry-missing", 270)]
    assert copy.verify(pin=True).verdict is V.INVALID
    assert copy.verify(pin=False).verdict is V.INVALID


def test_attack_whole_table(copy: Copy) -> None:
    copy.attack("DELETE FROM holdpoint.event")
    assert copy.look().start == "entry-missing"
    assert copy.look().problems[0].index == 0


def test_honest_nothing_removed(copy: Copy) -> None:
    found = copy.look()
    assert (found.start, found.problems) == (None, [])
    assert copy.verify(pin=True).verdict is V.VALID_UNWITNESSED
    assert copy.verify(pin=False).verdict is V.UNANCHORED
