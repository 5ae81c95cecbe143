"""Anchored before it is signed; signed only with the keys that the ledger names; for a time that never falls."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.keyring import new_log_keys
from ledger.checkpoint import open_checkpoint
from ledger.errors import Fault
from ledger.note import CheckpointSigner, NoteSignature, TreeHead, cosigned_at, parse_note
from ledger.state import State
from ledger.store.anchor import Anchor, AnchoredHead
from ledger.store.position import Position
from ledger.store.publish import Publisher
from ledger.tile import Edge
from ledger.tree import hash_leaf

ORIGIN = "dev/publish"


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> CheckpointSigner:
    return new_log_keys(tmp_path_factory.mktemp("keys"), ORIGIN)


@pytest.fixture
def anchor(tmp_path: Path):
    opened = Anchor(tmp_path / "anchor", create=True)
    yield opened
    opened.close()


def position(log: CheckpointSigner, size: int = 3) -> Position:
    state = State()
    state.put("meta", "origin", ORIGIN)
    state.put("meta", "vkeys", tuple(map(str, log.vkeys)))
    edge, _ = Edge.empty().extend([hash_leaf(bytes([n])) for n in range(size)])
    return Position(state, edge, "2026-04-07T09:00:00.000000Z")


def signed_at(log: CheckpointSigner, note: str) -> int:
    return cosigned_at(log.vkeys[1], parse_note(note).signatures[1].signature)


def test_the_note_is_of_the_anchored_head(log: CheckpointSigner, anchor: Anchor) -> None:
    note = Publisher(anchor, lambda: [log], local=True).publish(position(log), 1_775_000_000)
    head = anchor.head
    checkpoint = open_checkpoint(note, log.vkeys)
    assert head == AnchoredHead(checkpoint.origin, checkpoint.size, checkpoint.root)
    assert signed_at(log, note) == 1_775_000_000


def test_the_anchor_comes_first(log: CheckpointSigner, anchor: Anchor) -> None:
    """When the signer is asked, the anchor already holds what it is asked for."""
    seen: list[AnchoredHead | None] = []

    class Looking:
        vkeys = log.vkeys

        def sign(self, text: str, head: TreeHead, timestamp: int) -> tuple[NoteSignature, ...]:
            seen.append(anchor.head)
            return log.sign(text, head, timestamp)

    Publisher(anchor, lambda: [Looking()], local=False).publish(position(log), 1)
    assert seen == [position(log).head]


def test_what_the_anchor_refuses_is_not_signed(log: CheckpointSigner, anchor: Anchor) -> None:
    publisher = Publisher(anchor, lambda: [log], local=True)
    publisher.publish(position(log, 5), 1)
    with pytest.raises(Fault) as caught:
        publisher.publish(position(log, 4), 1)
    assert caught.value.code == "anchor-ahead"


@given(times=st.lists(st.floats(-1e6, 4e9), min_size=1, max_size=12))
def test_the_signed_time_never_falls_and_is_never_zero(
    times: list[float], tmp_path_factory: pytest.TempPathFactory, log: CheckpointSigner
) -> None:
    anchor = Anchor(tmp_path_factory.mktemp("anchor") / "anchor", create=True)
    publisher, before = Publisher(anchor, lambda: [log], local=True), 1
    for at in times:
        signed = signed_at(log, publisher.publish(position(log), at))
        assert signed == max(before, int(at))
        before = signed
    anchor.close()


def test_a_stored_note_is_remembered_if_it_is_ours(
    log: CheckpointSigner, anchor: Anchor, tmp_path_factory: pytest.TempPathFactory
) -> None:
    note = Publisher(anchor, lambda: [log], local=True).publish(position(log), 2_000_000_000)
    again = Publisher(anchor, lambda: [log], local=True)
    again.remember(note)
    assert again.signed_at == 2_000_000_000
    other = new_log_keys(tmp_path_factory.mktemp("other"), ORIGIN)
    for planted in (note[:-8] + "AAAA" + note[-4:], "nonsense", ""):
        fresh = Publisher(anchor, lambda: [log], local=True)
        fresh.remember(planted)
        assert fresh.signed_at == 1, "an administrator's note must not push our time into the future"
    foreign = Publisher(anchor, lambda: [other], local=True)
    foreign.remember(note)
    assert foreign.signed_at == 1


def test_other_keys_than_the_ledger_names_do_not_sign(
    log: CheckpointSigner, anchor: Anchor, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = new_log_keys(tmp_path_factory.mktemp("other"), ORIGIN)
    with pytest.raises(Fault) as caught:
        Publisher(anchor, lambda: [other], local=True).publish(position(log), 1)
    assert (caught.value.code, caught.value.outcome) == ("log-key-unavailable", "unknown")
