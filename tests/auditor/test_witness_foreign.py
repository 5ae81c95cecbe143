"""Our witness cosigns logs of others: Tessera's test log under its own signatures, and the tree of Sunlight's mirror; both key types."""

import struct
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519

from api.witness import Witness
from ledger.checkpoint import Checkpoint, format_checkpoint, read_checkpoint
from ledger.note import (
    ED25519,
    ED25519_COSIGNATURE,
    MLDSA44_COSIGNATURE,
    Note,
    NoteSignature,
    Vkey,
    format_note,
    parse_note,
    parse_vkey,
    verified_keys,
)
from ledger.strict import format_base64
from ledger.tile import TileReader, tile_path
from ledger.tree import hash_leaf, prove_consistency, root_of

VECTORS = Path(__file__).resolve().parents[2] / "../shared/vectors"
TESSERA, SUNLIGHT = VECTORS / "tessera-testlog", VECTORS / "sunlight"
absent = pytest.mark.skipif(not VECTORS.is_dir(), reason="the shared vectors are not beside this checkout")
VKEY = "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx"


def request(old: int, note: str, path: list[bytes]) -> bytes:
    lines = "".join(f"{format_base64(h)}\n" for h in path)
    return f"old {old}\n{lines}\n{note}".encode()


def holds(witness: Witness, note: str, answer: tuple[int, str, str]) -> None:
    """Both cosignatures, of types 0x04 and 0x06, verify over the foreign checkpoint."""
    status, _, lines = answer
    assert status == 200, lines
    checkpoint, parsed = read_checkpoint(note)
    held = verified_keys(parse_note(f"{parsed.text}\n{lines}"), witness.cosigner.vkeys, checkpoint)
    assert [v.kind for v in held] == [ED25519_COSIGNATURE, MLDSA44_COSIGNATURE]


@absent
def test_tessera_s_log_under_its_own_key(tmp_path: Path) -> None:
    raw = next(p for p in TESSERA.rglob("tile/entries/**/15")).read_bytes()
    leaves: list[bytes] = []
    while raw:
        (length,) = struct.unpack(">H", raw[:2])
        leaves.append(hash_leaf(raw[2 : 2 + length]))
        raw = raw[2 + length :]
    node = TileReader(lambda _level, _n: b"".join(leaves), 15)
    notes = {n: next(TESSERA.rglob(f"checkpoint.{n}")).read_text() for n in range(1, 16)}
    with closing(Witness(tmp_path, "w.example/one", [parse_vkey(VKEY)])) as witness:
        for old, new in ((0, 1), (1, 2), (2, 3), (3, 7), (7, 8), (8, 15), (15, 15)):
            path = prove_consistency(node, old, new) if old else []
            holds(witness, notes[new], witness.add_checkpoint(request(old, notes[new], path)))
        assert witness.add_checkpoint(request(8, notes[15], []))[::2] == (409, "15\n")


def _signed(checkpoint: Checkpoint, key: ed25519.Ed25519PrivateKey, vkey: Vkey) -> str:
    text = format_checkpoint(checkpoint)
    return format_note(Note(text, (NoteSignature(vkey.name, vkey.key_id, key.sign(text.encode())),)))


@absent
def test_the_tree_of_sunlight_s_mirror(tmp_path: Path) -> None:
    """Its own log's key is of a type that no tlog client knows, so a key of ours signs its true tree; its split view gets nothing."""
    copy = next((SUNLIGHT / "log-copy").glob("000de*"))
    true, _ = read_checkpoint((copy / "checkpoint").read_text())
    other, _ = read_checkpoint(next((SUNLIGHT / "witness-a").glob("000de*/checkpoint")).read_text())
    assert (true.origin, true.size) == (other.origin, other.size)
    key = ed25519.Ed25519PrivateKey.from_private_bytes(b"\7" * 32)
    vkey = Vkey(true.origin, ED25519, key.public_key().public_bytes_raw())

    def tile(level: int, n: int) -> bytes:
        width = min(256, (true.size >> 8 * level) - n * 256)
        return (copy / tile_path(level, n, width)).read_bytes()

    get: Callable[[int, int], bytes] = tile
    node = TileReader(get, true.size)
    assert root_of(true.size, node) == true.root, "the served tiles are those of its checkpoint"
    first = Checkpoint(true.origin, 256, root_of(256, node))
    with closing(Witness(tmp_path, "w.example/one", [vkey])) as witness:
        note = _signed(first, key, vkey)
        holds(witness, note, witness.add_checkpoint(request(0, note, [])))
        path = prove_consistency(node, 256, true.size)
        assert witness.add_checkpoint(request(256, _signed(other, key, vkey), path))[0] == 422
        note = _signed(true, key, vkey)
        holds(witness, note, witness.add_checkpoint(request(256, note, path)))
        assert witness.add_checkpoint(request(true.size, _signed(other, key, vkey), []))[::2] == (409, "300\n")
