"""Which keys sign a checkpoint of a size, and that all of them do."""

import pytest

from auditor.log_keys import open_by_all, vkeys_at
from ledger.checkpoint import Checkpoint, sign_checkpoint
from ledger.errors import Unverified
from tests.simulator import log_signer

ORIGIN = "dev/keys"
OLD, NEW = log_signer("old", ORIGIN), log_signer("new", ORIGIN)
TEXTS = [[str(v) for v in one] for one in (OLD.vkeys, (*OLD.vkeys, *NEW.vkeys), NEW.vkeys)]
HISTORY = [(0, TEXTS[0], None), (10, TEXTS[1], None), (20, TEXTS[2], None)]
HEAD = Checkpoint(ORIGIN, 12, bytes(32))


@pytest.mark.parametrize(
    ("size", "keys"),
    [
        (1, OLD.vkeys),
        (9, OLD.vkeys),
        (10, OLD.vkeys + NEW.vkeys),
        (19, OLD.vkeys + NEW.vkeys),
        (20, NEW.vkeys),
        (99, NEW.vkeys),
    ],
)
def test_a_rotation_signs_from_the_size_that_holds_it(size: int, keys: tuple[object, ...]) -> None:
    assert vkeys_at(HISTORY, size) == keys


def test_a_log_without_keys_has_signed_nothing() -> None:
    with pytest.raises(Unverified, match="log-keys"):
        vkeys_at([], 3)


def test_each_key_in_force_signs() -> None:
    old, new = (sign_checkpoint(HEAD, one, 5) for one in (OLD, NEW))
    lines = new.partition("\n\n")[2].splitlines(keepends=True)
    both = OLD.vkeys + NEW.vkeys
    assert open_by_all(old + "".join(lines), both) == HEAD
    assert open_by_all(old + "".join(lines), OLD.vkeys) == HEAD, "lines of other keys neither help nor harm"
    for note in (old, new, old + lines[0], old + lines[1], old.rsplit("\n", 2)[0] + "\n" + lines[1]):
        with pytest.raises(Unverified, match="checkpoint-unsigned"):
            open_by_all(note, both)
