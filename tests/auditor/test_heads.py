"""Who stands behind a checkpoint: whole pairs of the log's keys, in the reader's order, and nobody else."""

import pytest

from auditor.heads import log_keys, pairs_of, read_head
from ledger.checkpoint import Checkpoint, sign_checkpoint
from ledger.errors import Unverified
from ledger.note import Note, Vkey, format_note
from tests.cosigner import cosigned, witness_vkey
from tests.simulator import log_signer

ORIGIN = "dev/heads"
OLD, NEW = log_signer("old", ORIGIN), log_signer("new", ORIGIN)
HEAD = Checkpoint(ORIGIN, 7, bytes(32))
NOTE = sign_checkpoint(HEAD, OLD, 1_780_000_000)
BOTH = sign_checkpoint(HEAD, OLD, 1_780_000_000, NEW)


def lines(note: str, *wanted: Vkey) -> str:
    parsed = read_head(note, ()).note
    ids = {v.key_id for v in wanted}
    return format_note(Note(parsed.text, tuple(s for s in parsed.signatures if s.key_id in ids)))


def test_a_whole_pair_is_the_log_s_word() -> None:
    head = read_head(NOTE, OLD.vkeys)
    assert (head.signers, head.half, head.strangers, head.signed_at) == (OLD.vkeys, (), (), 1_780_000_000)


@pytest.mark.parametrize("which", [0, 1])
def test_half_a_pair_is_nobody_s(which: int) -> None:
    head = read_head(lines(NOTE, OLD.vkeys[which]), OLD.vkeys)
    assert (head.signers, head.half, head.signed_at) == ((), (OLD.vkeys[which],), None)


def test_two_halves_of_two_pairs_are_no_pair() -> None:
    keys = (*OLD.vkeys, *NEW.vkeys)
    head = read_head(lines(BOTH, OLD.vkeys[0], NEW.vkeys[1]), keys)
    assert (head.signers, set(head.half)) == ((), {OLD.vkeys[0], NEW.vkeys[1]})
    assert read_head(BOTH, keys).signers == keys
    assert read_head(BOTH, (OLD.vkeys[0], NEW.vkeys[0], OLD.vkeys[1], NEW.vkeys[1])).signers, "the n-th with the n-th"


def test_a_key_that_nobody_named_is_a_stranger() -> None:
    head = read_head(BOTH, OLD.vkeys)
    assert head.signers == OLD.vkeys
    assert {s.key_id for s in head.strangers} == {v.key_id for v in NEW.vkeys}
    assert read_head(cosigned(NOTE, "w.example/a"), OLD.vkeys).strangers == ()


def test_a_log_without_mldsa_has_single_keys() -> None:
    assert pairs_of(OLD.vkeys[:1]) == ((OLD.vkeys[0],),)
    assert read_head(lines(NOTE, OLD.vkeys[0]), OLD.vkeys[:1]).signers == OLD.vkeys[:1]


def test_another_log_s_key_speaks_for_no_other() -> None:
    strange = log_signer("strange", "dev/strange").vkeys[0]
    assert log_keys((strange, OLD.vkeys[0]), ORIGIN) == (OLD.vkeys[0],)
    assert log_keys((strange,), ORIGIN) == (strange,), "the keys of one log alone: it signs under another name"
    assert log_keys((strange, log_signer("z", "dev/z").vkeys[0]), ORIGIN) == ()


def test_a_witness_is_no_log() -> None:
    head = read_head(cosigned(NOTE, "w.example/a"), (witness_vkey("w.example/a"),))
    assert (head.signers, head.cosigners) == ((), (witness_vkey("w.example/a"),))


def test_a_bad_line_of_a_known_key_refuses() -> None:
    bad = NOTE.replace("\n7\n", "\n8\n")
    with pytest.raises(Unverified):
        read_head(bad, OLD.vkeys)
