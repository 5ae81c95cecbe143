"""T44: rows of checkpoints and notes altered, removed, or forged."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, mldsa

from auditor.pin import parse_pin
from auditor.source import folder_reader
from auditor.verdict import VerifyVerdict as V
from auditor.verify import verify_export
from ledger.checkpoint import Checkpoint, sign_checkpoint
from ledger.note import ED25519, LogSigner, Vkey
from ledger.strict import format_base64
from tests.threats.storage import Copy, Vault, signed_notes


@pytest.mark.parametrize(
    ("sql", "rule"),
    [
        (
            "UPDATE holdpoint.checkpoint SET root = sha256(root) WHERE size = (SELECT min(size) FROM holdpoint.checkpoint)",
            "checkpoint-mismatch",
        ),
        ("INSERT INTO holdpoint.checkpoint VALUES (50000, sha256(''))", "checkpoint-mismatch"),
        ("UPDATE holdpoint.note SET text = replace(text, 'dev/', 'DEV/')", "note-mismatch"),
        ("UPDATE holdpoint.note SET text = regexp_replace(text, '(— [^ ]+ ).{8}', '\\1AAAAAAAA')", "note-mismatch"),
        ("UPDATE holdpoint.note SET text = split_part(text, E'\\n\\n', 1) || E'\\n'", "note-mismatch"),
    ],
)
def test_attack_row(copy: Copy, sql: str, rule: str) -> None:
    copy.attack(sql)
    found = copy.look()
    assert found.start is None, "the anchor's copy wins: the service signs its own checkpoint anew"
    assert found.named(rule)
    assert all(p.rule == rule for p in found.problems)


def test_attack_row_of_the_head_removed(copy: Copy) -> None:
    copy.attack("DELETE FROM holdpoint.checkpoint WHERE size = 280")
    found = copy.look()
    assert (found.start, "table checkpoint" in found.text) == ("ledger-invalid", True)
    assert [(p.rule, p.index) for p in found.problems] == [("checkpoint-mismatch", 280)]


def forged(vault: Vault) -> str:
    """A note for the ledger's true head, signed by keys of the attacker's own."""
    note = signed_notes(vault.folder)[280]
    origin, size, _ = note.split("\n", 2)
    stranger = LogSigner(origin, ed25519.Ed25519PrivateKey.generate(), mldsa.MLDSA44PrivateKey.generate())
    root = parse_pin((vault.folder / "pin.json").read_bytes()).checkpoint.root
    return sign_checkpoint(Checkpoint(origin, int(size), root), stranger, 1)


def test_attack_signed_by_other_keys(copy: Copy, vault: Vault) -> None:
    copy.attack(lambda conn: conn.execute("UPDATE holdpoint.note SET text = %s WHERE size = 280", (forged(vault),)))
    for pin in (True, False):
        assert copy.verify(pin=pin).verdict is V.INVALID
    assert copy.look().named("note-mismatch")


@pytest.mark.parametrize("line", range(5))
def test_attack_each_line_of_an_exported_checkpoint(vault: Vault, line: int) -> None:
    read = folder_reader(vault.folder / "export")
    lines = (read("checkpoint") or b"").decode().split("\n")
    place = (0, 1, 2, 4, 5)[line]
    old = lines[place]
    at = len(old) // 2
    lines[place] = old[:at] + ("7" if old[at] != "7" else "8") + old[at + 1 :]
    altered = "\n".join(lines).encode()
    pin = parse_pin((vault.folder / "pin.json").read_bytes())
    report = verify_export(lambda name: altered if name == "checkpoint" else read(name), pin)
    assert report.verdict in (V.INVALID, V.DIVERGED)


def test_honest_unknown_signature_is_ignored(vault: Vault) -> None:
    read = folder_reader(vault.folder / "export")
    stranger = Vkey("witness.example", ED25519, ed25519.Ed25519PrivateKey.generate().public_key().public_bytes_raw())
    line = f"— witness.example {format_base64(stranger.key_id + bytes(64))}\n"
    note = (read("checkpoint") or b"") + line.encode()
    pin = parse_pin((vault.folder / "pin.json").read_bytes())
    report = verify_export(lambda name: note if name == "checkpoint" else read(name), pin)
    assert report.verdict is V.VALID_UNWITNESSED
