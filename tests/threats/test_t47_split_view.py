"""T47: two histories for two readers become a file that convicts alone; and no file convicts an honest log."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from api.exporting import export
from api.handing_over import write_pin
from api.keyring import load_signer
from api.session import Session
from api.wiring import opened
from auditor.cli import main as auditor
from auditor.heads import Head, read_head
from auditor.pin import format_pin
from auditor.split_view import check, format_heads, format_leaves, format_prefix, is_split_view
from auditor.verdict import VerifyVerdict as V
from ledger.canonical import dumps
from ledger.checkpoint import Checkpoint, sign_checkpoint
from ledger.entry import leaf_hash
from ledger.events import principal
from ledger.note import MLDSA44_COSIGNATURE, Note, Vkey, format_note, parse_note, parse_vkey
from ledger.strict import format_base64
from ledger.tile import Edge
from ledger.tree import Node, prove_inclusion
from tests.commands import Cli
from tests.conftest import SHARED, copy_of
from tests.cosigner import cosigned, witness_vkey
from tests.simulator import KEY_ADMINS, Lab, log_signer
from tests.tile_host import TileHost

SUNLIGHT = SHARED / "vectors" / "sunlight"
HONEST = Lab()
KEYS = HONEST.log.vkeys
SHARED_SIZE = len(HONEST.entries)


def grown(name: str, more: int) -> Lab:
    """The same lab, whose next entries are others than its twin's."""
    child = HONEST.fork()
    for n in range(more):
        body = {"id": f"{name}-{n}", "kind": "person", "unit": "safety"}
        child.say(principal.Registered, body, "ledger", *KEY_ADMINS)
    return child


ONE, OTHER = grown("one", 3), grown("other", 5)


def node_of(lab: Lab) -> Node:
    edge, full = Edge.empty().extend([leaf_hash(e) for e in lab.entries])
    return edge.reader(full)


def head(lab: Lab, size: int | None = None, keys: tuple[Vkey, ...] = KEYS) -> Head:
    return read_head(lab.note(size), keys)


def leaves_of(index: int, one: Lab = ONE, other: Lab = OTHER) -> bytes:
    labs = (one, other)
    paths = [prove_inclusion(node_of(lab), index, len(lab.entries)) for lab in labs]
    return format_leaves(head(one), head(other), index, [leaf_hash(lab.entries[index]) for lab in labs], paths, KEYS)


FORKED = {
    "heads": lambda: format_heads(head(ONE), head(OTHER, len(ONE.entries)), KEYS),
    "prefix": lambda: format_prefix(head(ONE), head(OTHER), node_of(OTHER), KEYS),
    "prefix-of-one-more": lambda: format_prefix(head(ONE, SHARED_SIZE + 1), head(OTHER), node_of(OTHER), KEYS),
    "leaves": lambda: leaves_of(SHARED_SIZE),
}


def found(raw: bytes, keys: tuple[Vkey, ...] = KEYS) -> tuple[V, str]:
    report = check(raw, keys)
    return report.verdict, next(c.code for c in report.checks if c.verdict is report.verdict)


@pytest.mark.parametrize("name", FORKED)
def test_attack_two_histories_convict_by_the_file_alone(name: str, tmp_path: Path) -> None:
    raw = FORKED[name]()
    assert is_split_view(raw)
    assert found(raw) == (V.DIVERGED, f"split-{name.split('-', maxsplit=1)[0]}")
    assert found(raw, ()) == (V.UNANCHORED, "checkpoint-unsigned"), "its own keys convict nobody"
    file, pin = tmp_path / "found.split.json", tmp_path / "pin.json"
    file.write_bytes(raw)
    pin.write_bytes(format_pin(HONEST.origin, HONEST.founding, tuple(str(v) for v in KEYS), HONEST.note(1)))
    assert auditor([str(file), "--pin", str(pin), "--quiet"]) == 4
    assert auditor([str(file), "--quiet"]) == 5
    cli = Cli(tmp_path, None)  # type: ignore[arg-type]  # no ledger is opened here
    done = cli("verify", file, "--key", KEYS[0], "--key", KEYS[1], "--json")
    assert (done.code, json.loads(done.out)["verdict"]) == (4, "DIVERGED")
    assert "the log signed both" in cli("verify", file, "--pin", pin).out


@pytest.mark.parametrize("name", FORKED)
def test_attack_no_byte_of_the_evidence_is_free(name: str) -> None:
    """Bent anywhere it convicts no more, so it can't be bent into evidence against somebody else either."""
    raw = FORKED[name]()
    for at in range(0, len(raw), 97):
        bent = bytearray(raw)
        bent[at] ^= 1
        assert found(bytes(bent))[0] is not V.DIVERGED, at


def test_attack_a_split_between_the_pairs_of_an_overlap() -> None:
    """The old pair signs one tree, the new one another: to who trusts both, that is the log's word twice."""
    new = log_signer("newer", HONEST.origin)
    size = len(ONE.entries)
    roots = [read_head(lab.note(size), ()).checkpoint.root for lab in (ONE, OTHER)]
    notes = [
        sign_checkpoint(Checkpoint(HONEST.origin, size, root), signer, 1_780_000_000)
        for root, signer in zip(roots, (HONEST.log, new), strict=True)
    ]
    keys = (*KEYS, *new.vkeys)
    raw = format_heads(*(read_head(n, keys) for n in notes), keys)
    report = check(raw, keys)
    assert report.verdict is V.DIVERGED
    assert "was one pair stolen?" in report.checks[0].detail
    assert found(raw)[0] is V.UNANCHORED, "under the old pair alone one head is nobody's"


@pytest.mark.skipif(not SUNLIGHT.is_dir(), reason="the shared vectors are not beside this checkout")
def test_attack_sunlight_s_witness_and_mirror_saw_two_trees() -> None:
    notes, keys = [], []
    for name, file in (("witness-a", "witness.v0.json"), ("log-copy", "cosigner.v0.json")):
        (path,) = (SUNLIGHT / name).glob("*/checkpoint")
        notes.append(path.read_text())
        keys += [parse_vkey(v) for v in json.loads((SUNLIGHT / name / file).read_text())["verifier_keys"]]
    raw = format_heads(*(read_head(n, keys) for n in notes), keys)
    report = check(raw, keys)
    assert (report.verdict, report.size, report.checks[-1].code) == (V.DIVERGED, 300, "split-cosigned")
    assert "The log lied, or one of them" in report.checks[0].detail
    assert check(raw, keys[:1]).verdict is V.UNANCHORED


def test_attack_two_databases_behind_a_switch(founded_folder: Path, tmp_path: Path) -> None:
    """One ledger, its disk copied, goes on as two; the switch shows one to the monitor today and the other tomorrow."""
    shown: list[Path] = []
    pin = tmp_path / "pin.json"
    for name in ("first", "second"):
        folder = copy_of(founded_folder, tmp_path / name)
        with opened(folder) as book:
            write_pin(book, pin)
            body = {"id": f"only-{name}", "kind": "person", "unit": "safety"}
            Session(book).say(principal.Registered, body, "ledger", "key-admin")
            export(book, tmp_path / f"{name}-out", load_signer(folder / "keys" / "engine.pem"))
        shown.append(tmp_path / f"{name}-out")
    host = TileHost(shown[0])
    cli = Cli(tmp_path, None)  # type: ignore[arg-type]  # no ledger is opened here
    words = ("monitor", host.url, "--pin", pin, "--data", tmp_path / "monitor", "--once", "--json")
    try:
        assert cli(*words).code == 0
        host.folder = shown[1]
        done = cli(*words)
    finally:
        host.close()
    value = json.loads(done.out)
    assert (done.code, value["code"]) == (4, "split-view")
    done = cli("verify", value["details"][0]["evidence"], "--pin", pin, "--json")
    assert (done.code, json.loads(done.out)["code"]) == (4, "split-heads")


# -- a file forged to frame an honest log --------------------------------------------------------------------------------


def form(**change: Any) -> bytes:
    """Evidence of the honest lab's two true heads, with members put in or changed."""
    small, large = head(ONE, SHARED_SIZE), head(ONE)
    value = json.loads(format_prefix(small, large, node_of(ONE), KEYS))
    value |= change
    return dumps({k: v for k, v in value.items() if v is not None}) + b"\n"


def renoted(lab: Lab, size: int | None, bend: Callable[[str], str]) -> str:
    return bend(lab.note(size))


def only(note: str, *keep: int) -> str:
    parsed = parse_note(note)
    return format_note(Note(parsed.text, tuple(parsed.signatures[i] for i in keep)))


def path(lab: Lab, old: int) -> list[str]:
    return list(json.loads(format_prefix(head(lab, old), head(lab), node_of(lab), KEYS))["path"])


HEADS = [ONE.note(SHARED_SIZE), ONE.note()]
THIEF = log_signer("thief", HONEST.origin)
FORGED = sign_checkpoint(Checkpoint(HONEST.origin, SHARED_SIZE, bytes(32)), THIEF, 1_780_000_000)
ELSEWHERE = log_signer("elsewhere", "dev/elsewhere")
GOOD = path(ONE, SHARED_SIZE)
FRAMES: dict[str, tuple[bytes, V, str]] = {
    "two true heads and the true path": (form(), V.INVALID, "split-consistent"),
    "two sizes and no proof": (form(kind="heads", path=None), V.INVALID, "split-unproven"),
    "a path that leads nowhere": (form(path=[*GOOD[:-1], format_base64(bytes(32))]), V.INVALID, "root-mismatch"),
    "the other lab's path": (form(path=path(OTHER, SHARED_SIZE)), V.INVALID, "root-mismatch"),
    "a path without its end": (form(path=GOOD[:-1]), V.INVALID, "proof-too-short"),
    "a path and one more": (form(path=[*GOOD, GOOD[0]]), V.INVALID, "proof-too-long"),
    "no path": (form(path=[]), V.INVALID, "proof-too-short"),
    "a node of 31 bytes": (form(path=[format_base64(bytes(31)), *GOOD[1:]]), V.INVALID, "hash-length"),
    "a node that is no base64": (form(path=["?", *GOOD[1:]]), V.INVALID, "base64-form"),
    "one head twice": (form(heads=[HEADS[1]] * 2), V.INVALID, "split-same"),
    "the larger head first": (form(heads=HEADS[::-1]), V.INVALID, "split-order"),
    "a root bent under the true signature": (
        form(heads=[renoted(ONE, SHARED_SIZE, lambda n: n.replace(n.split("\n")[2], format_base64(bytes(32)))), HEADS[1]]),
        V.INVALID, "note-signature-invalid"),
    "a size bent under the true signature": (
        form(heads=[HEADS[0].replace(f"\n{SHARED_SIZE}\n", f"\n{SHARED_SIZE - 1}\n"), HEADS[1]]), V.INVALID, "note-signature-invalid"),
    "a head that a stranger signed, with his keys beside it": (
        form(kind="heads", path=None, heads=sorted([FORGED, ONE.note(SHARED_SIZE)], key=lambda n: format_base64(bytes(32)) not in n),
             vkeys=[str(v) for v in (*KEYS, *THIEF.vkeys)]), V.UNANCHORED, "checkpoint-unsigned"),
    "a head that nobody known signed": (form(heads=[FORGED, HEADS[1]]), V.INVALID, "checkpoint-unsigned"),
    "a head of the Ed25519 key alone": (form(heads=[only(HEADS[0], 0), HEADS[1]]), V.INVALID, "checkpoint-unsigned"),
    "a head of the ML-DSA-44 key alone": (form(heads=[HEADS[0], only(HEADS[1], 1)]), V.INVALID, "checkpoint-unsigned"),
    "another origin": (form(heads=[Lab("dev/elsewhere", "x").note(1), HEADS[1]]), V.INVALID, "checkpoint-unsigned"),
    "a witness's word for what the log did not sign": (
        form(kind="heads", path=None, heads=sorted([cosigned(FORGED, "w.example/a"), cosigned(ONE.note(SHARED_SIZE), "w.example/a")],
             key=lambda n: format_base64(bytes(32)) not in n), vkeys=[str(witness_vkey("w.example/a"))]), V.UNANCHORED, "checkpoint-unsigned"),
    "leaves without an index": (form(kind="leaves", path=None), V.INVALID, "split-form"),
    "a path too many": (form(kind="heads"), V.INVALID, "split-form"),
    "another version": (form(schema="holdpoint.split-view/2"), V.INVALID, "schema"),
    "a member that nobody knows": (form(said="guilty"), V.INVALID, "schema"),
    "an own key that is none": (form(vkeys=["x"]), V.INVALID, "vkey-form"),
    "blanks": (form().replace(b'{"heads"', b'{ "heads"'), V.INVALID, "not-canonical"),
    "no newline": (form()[:-1], V.INVALID, "split-form"),
    "too large": (form() + b" " * (1 << 18), V.INVALID, "too-large"),
}  # fmt: skip


@pytest.mark.parametrize("name", FRAMES)
def test_attack_no_file_frames_an_honest_log(name: str) -> None:
    raw, verdict, code = FRAMES[name]
    assert is_split_view(raw)
    keys = (*KEYS, witness_vkey("w.example/a"))
    assert found(raw, keys) == (verdict, code)


def leaves(**change: Any) -> bytes:
    """Evidence of two true inclusions in the honest lab, with members changed."""
    small, large = head(ONE, SHARED_SIZE), head(ONE)
    paths = [prove_inclusion(node_of(ONE), 5, h.checkpoint.size) for h in (small, large)]
    value = json.loads(format_leaves(small, large, 5, [leaf_hash(ONE.entries[5])] * 2, paths, KEYS))
    return dumps(value | change) + b"\n"


LEAF = leaf_hash(ONE.entries[5]).hex()
INNER = node_of(ONE)(1, 2).hex()
SHORT = [[format_base64(h) for h in prove_inclusion(node_of(ONE), 5, n)] for n in (SHARED_SIZE, len(ONE.entries))]
LEAF_FRAMES = {
    "the same leaf twice": (leaves(), "split-consistent"),
    "another leaf with a true path": (leaves(leaves=[LEAF, leaf_hash(ONE.entries[6]).hex()]), "root-mismatch"),
    "another index": (leaves(index=6), "root-mismatch"),
    "an index beyond the smaller tree": (leaves(index=len(ONE.entries) - 1), "index-range"),
    "an inner node passed off as a leaf": (leaves(leaves=[INNER, LEAF], paths=[SHORT[0][1:], SHORT[1]]), "proof-too-short"),
    "paths swapped": (leaves(paths=SHORT[::-1]), "root-mismatch"),
}  # fmt: skip


@pytest.mark.parametrize("name", LEAF_FRAMES)
def test_attack_no_two_leaves_frame_an_honest_log(name: str) -> None:
    raw, code = LEAF_FRAMES[name]
    assert found(raw) == (V.INVALID, code)


def test_attack_who_holds_the_key_of_one_log_convicts_no_other() -> None:
    """The reader trusts two logs; the keeper of the second signs two heads under the name of the first."""
    text = [f"{HONEST.origin}\n9\n{format_base64(bytes([n]) * 32)}\n" for n in (1, 2)]
    signer = ELSEWHERE
    notes = []
    for n, words in enumerate(text, 1):
        line, _ = signer.sign(words, Checkpoint(HONEST.origin, 9, bytes([n]) * 32), 1_780_000_000)
        notes.append(format_note(Note(words, (line,))))
    raw = dumps({"heads": notes, "kind": "heads", "schema": "holdpoint.split-view/1", "vkeys": []}) + b"\n"
    assert found(raw, (*KEYS, *ELSEWHERE.vkeys))[0] is V.INVALID


# -- honest ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("old", [1, 2, SHARED_SIZE - 1, SHARED_SIZE, len(OTHER.entries) - 1])
def test_honest_heads_of_two_sizes_raise_nothing(old: int) -> None:
    raw = format_prefix(head(OTHER, old), head(OTHER), node_of(OTHER), KEYS)
    assert found(raw) == (V.INVALID, "split-consistent")


def test_honest_log_that_signs_one_tree_twice_raises_nothing() -> None:
    """A head is signed again an hour later, by both pairs of an overlap, and cosigned: still one history."""
    later = ONE.fork()
    later.tick(3600)
    assert later.note() != ONE.note()
    new = log_signer("newer", HONEST.origin)
    tree = head(ONE).checkpoint
    both = sign_checkpoint(tree, HONEST.log, 1_780_000_000, new)
    for note in (later.note(), both, cosigned(ONE.note(), "w.example/a", kind=MLDSA44_COSIGNATURE)):
        raw = format_heads(head(ONE), read_head(note, (*KEYS, *new.vkeys)), KEYS)
        assert found(raw, (*KEYS, *new.vkeys)) == (V.INVALID, "split-same")


def test_honest_receipts_of_one_entry_raise_nothing() -> None:
    assert found(leaves_of(3, ONE, OTHER))[1] == "split-consistent", "what both histories share proves nothing"
