"""T35: any value changed by a superuser: every column of every table, one at a time, or named here as not evidence, with why."""

import pytest

from auditor.verdict import VerifyVerdict as V
from tests.threats.storage import Copy

AT = 38
ROW = f"WHERE notification_id = {AT + 1}"
ATTACKS: dict[str, tuple[str, str | None, str]] = {
    "event.notification_id": (
        f"UPDATE holdpoint.event SET notification_id = 9999 {ROW}",
        "entry-missing",
        "entry-missing",
    ),
    "event.stream": (f"UPDATE holdpoint.event SET stream = 'model/other' {ROW}", None, "column-mismatch"),
    "event.stream_version": (f"UPDATE holdpoint.event SET stream_version = 900 {ROW}", None, "column-mismatch"),
    "event.topic": (
        f"UPDATE holdpoint.event SET topic = 'urn:holdpoint:event:key.revoked:1' {ROW}",
        None,
        "column-mismatch",
    ),
    "event.state": (
        f"UPDATE holdpoint.event SET state = set_byte(state, 900, get_byte(state, 900) # 1) {ROW}",
        "ledger-invalid",
        "leaf-mismatch",
    ),
    "event.leaf_hash": (
        f"UPDATE holdpoint.event SET leaf_hash = sha256(leaf_hash) {ROW}",
        "ledger-invalid",
        "leaf-mismatch",
    ),
    "event.recorded_at": (
        f"UPDATE holdpoint.event SET recorded_at = '2020-01-01T00:00:00.000000Z' {ROW}",
        None,
        "column-mismatch",
    ),
    "event_id.event_id": (
        f"UPDATE holdpoint.event_id SET event_id = gen_random_uuid() {ROW}",
        None,
        "event-id-mismatch",
    ),
    "event_id.notification_id": (f"UPDATE holdpoint.event_id SET notification_id = 7 {ROW}", None, "event-id-mismatch"),
    "tile.level": ("UPDATE holdpoint.tile SET level = 1", None, "tile-mismatch"),
    "tile.n": ("UPDATE holdpoint.tile SET n = 3", None, "tile-mismatch"),
    "tile.hashes": (
        "UPDATE holdpoint.tile SET hashes = set_byte(hashes, 0, get_byte(hashes, 0) # 1)",
        None,
        "tile-mismatch",
    ),
    "checkpoint.size": (
        "UPDATE holdpoint.checkpoint SET size = 9999 WHERE size = 280",
        "ledger-invalid",
        "checkpoint-mismatch",
    ),
    "checkpoint.root": (
        "UPDATE holdpoint.checkpoint SET root = sha256(root) WHERE size = 280",
        "ledger-invalid",
        "checkpoint-mismatch",
    ),
    "cosignature.size": ("INSERT INTO holdpoint.cosignature VALUES (9999, 'w', 'line')", None, "checkpoint-mismatch"),
    "timestamp_token.size": (
        "INSERT INTO holdpoint.timestamp_token VALUES (9999, 'a', '')",
        None,
        "checkpoint-mismatch",
    ),
    "timestamp_token.token": (
        "INSERT INTO holdpoint.timestamp_token VALUES (280, 'a', 'bytes of no token')",
        None,
        "timestamp-mismatch",
    ),
    "stream.name": ("UPDATE holdpoint.stream SET name = 'model/x' WHERE name = 'model/f3'", None, "stream-mismatch"),
    "stream.version": ("UPDATE holdpoint.stream SET version = 5 WHERE name = 'model/f3'", None, "stream-mismatch"),
    "stream.head": ("UPDATE holdpoint.stream SET head = sha256(head) WHERE name = 'model/f3'", None, "stream-mismatch"),
    "head.size": ("UPDATE holdpoint.head SET size = 281", "entry-missing", "entry-missing"),
    "head.frontier": ("UPDATE holdpoint.head SET frontier = sha256(frontier)", None, "head-mismatch"),
    "head.root": ("UPDATE holdpoint.head SET root = sha256(root)", "ledger-invalid", "head-mismatch"),
    "note.size": ("UPDATE holdpoint.note SET size = 3 WHERE size = 280", None, "note-mismatch"),
    "note.text": ("UPDATE holdpoint.note SET text = replace(text, E'\\n280\\n', E'\\n281\\n')", None, "note-mismatch"),
}
NOT_EVIDENCE = {
    "cosignature.line": "no witness is known to this release: a signature of an unknown key is ignored",
    "cosignature.witness": "the same",
    "disclosure": "ciphertexts of withheld fields, erasable; a revealed field is compared with its digest in the entry",
    "head.single": "constant: a CHECK holds it at true",
    "migration": "which SQL was applied and when; what it made is compared by the schema's fingerprint instead",
    "snapshot": "a cache of the admission state: this release writes none and reads none",
    "timestamp_token.authority": "a label: fsck computes it anew from the token (tests/api/test_timestamping.py)",
    "tracking": "positions of views, which are folded again: T43",
    "view": "views are caches: T43",
    "wrapping": "which key wraps the data keys of withheld fields: another one opens none of them, and doctor says so",
}
COLUMNS = """SELECT c.relname || '.' || a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    WHERE c.relnamespace = 'holdpoint'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped"""
EXPORTED = {
    "event.notification_id": V.INVALID,
    "event.state": V.INVALID,
    "note.size": V.INVALID,
    "note.text": V.INVALID,
}
"""What an export shows of a column at all: the rest of it never leaves the database."""


@pytest.mark.parametrize("column", sorted(ATTACKS))
def test_attack_one_column(copy: Copy, column: str) -> None:
    sql, at_start, rule = ATTACKS[column]
    copy.attack(sql)
    for pin in (True, False):
        clean = V.VALID_UNWITNESSED if pin else V.UNANCHORED
        assert copy.verify(pin=pin).verdict is EXPORTED.get(column, clean)
    found = copy.look()
    assert found.start == at_start
    named = found.named(rule)
    assert named, found.problems
    assert f"table {column.split('.', maxsplit=1)[0]}" in named[0].detail
    if column.startswith("event") and not column.startswith("event_id"):
        assert named[0].index == AT
        assert f"entry {AT}" in named[0].detail


def test_attack_row_and_hash_together(copy: Copy) -> None:
    """Whoever edits an entry recomputes its hash too: the signature inside, and the tree, still say so."""
    copy.attack(
        ATTACKS["event.state"][0],
        f"UPDATE holdpoint.event SET leaf_hash = sha256('\\x00'::bytea || state) {ROW}",
    )
    found = copy.look()
    assert found.start == "ledger-invalid"
    assert {p.index for p in found.problems if p.rule != "tile-mismatch"} >= {AT, 280}
    assert found.named("head-mismatch")
    assert found.named("tile-mismatch")
    assert copy.verify(pin=False).verdict is V.INVALID


def test_attack_nothing_is_forgotten(copy: Copy) -> None:
    """A column that is neither attacked nor named as no evidence fails here."""
    columns = {row[0] for row in copy.rows(COLUMNS)}
    known = set(ATTACKS) | {c for c in columns if c in NOT_EVIDENCE or c.split(".")[0].split("_")[0] in NOT_EVIDENCE}
    known |= {c for c in columns if c.split(".")[0] in NOT_EVIDENCE}
    assert columns == known


def test_honest_untouched(copy: Copy) -> None:
    found = copy.look()
    assert (found.start, found.problems) == (None, [])
    assert copy.verify(pin=True).verdict is V.VALID_UNWITNESSED
