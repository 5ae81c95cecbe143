"""Eight tamperings of a real database or export, each by a superuser or whoever holds the disk; each must be found.

Where: start-up (S), `fsck` (F), `verify` under the pin (V). The honest twin: the untouched copy passes all three (threats.md §3).
"""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from api.fsck import fsck
from api.handing_over import export
from api.keyring import load_signer
from api.wiring import open_ledger
from auditor.pin import parse_pin
from auditor.source import folder_reader
from auditor.verdict import VerifyVerdict as V
from auditor.verify import verify_export
from disclosures.claims import sign_claims
from ledger.canonical import loads
from ledger.errors import Fault
from ledger.store.embedded import EmbeddedPostgres
from ledger.tree import Frontier
from tests.conftest import copy_of

STREAMS = """INSERT INTO holdpoint.stream SELECT DISTINCT ON (stream) stream, stream_version, leaf_hash
    FROM holdpoint.event ORDER BY stream, stream_version DESC"""
TABLES = ("event", "event_id", "tile", "checkpoint")
Attack = Callable[["psycopg.Connection[tuple[object, ...]]"], None]


def attack(folder: Path, act: Attack) -> None:
    with EmbeddedPostgres(folder / "pg") as server, psycopg.connect(server.url("postgres"), autocommit=True) as conn:
        for table in TABLES:
            conn.execute(f"ALTER TABLE holdpoint.{table} DISABLE TRIGGER ALL")
        act(conn)
        for table in TABLES:
            conn.execute(f"ALTER TABLE holdpoint.{table} ENABLE ALWAYS TRIGGER insert_only")
            conn.execute(f"ALTER TABLE holdpoint.{table} ENABLE ALWAYS TRIGGER never_emptied")


def edit(conn) -> None:
    conn.execute(
        "UPDATE holdpoint.event SET state = set_byte(state, 900, get_byte(state, 900) # 1) WHERE notification_id = 38"
    )


def edit_and_rehash(conn) -> None:
    edit(conn)
    conn.execute("UPDATE holdpoint.event SET leaf_hash = sha256('\\x00'::bytea || state) WHERE notification_id = 38")


def delete(conn) -> None:
    conn.execute("DELETE FROM holdpoint.event WHERE notification_id = 38")


def delete_and_renumber(conn) -> None:
    delete(conn)
    conn.execute("UPDATE holdpoint.event SET notification_id = notification_id - 1 + 1000 WHERE notification_id > 38")
    conn.execute("UPDATE holdpoint.event SET notification_id = notification_id - 1000 WHERE notification_id > 1000")


def swap(conn) -> None:
    for old, new in ((38, 999), (39, 38), (999, 39)):
        conn.execute("UPDATE holdpoint.event SET notification_id = %s WHERE notification_id = %s", (new, old))


def cut_tail(conn) -> None:
    """Set everything back consistently to an earlier checkpoint, as a clever administrator would."""
    size = 45
    leaves = [r[0] for r in conn.execute("SELECT leaf_hash FROM holdpoint.event ORDER BY notification_id LIMIT 45")]
    tree = Frontier().extend(leaves)
    for sql in (
        "DELETE FROM holdpoint.event WHERE notification_id > 45",
        "DELETE FROM holdpoint.event_id WHERE notification_id > 45",
        "DELETE FROM holdpoint.checkpoint WHERE size > 45",
        "DELETE FROM holdpoint.note WHERE size > 45",
        "DELETE FROM holdpoint.stream",
        STREAMS,
    ):
        conn.execute(sql)
    conn.execute("UPDATE holdpoint.head SET size = %s, frontier = %s, root = %s", (size, tree.to_bytes(), tree.root()))


def alter_checkpoint(conn) -> None:
    conn.execute("UPDATE holdpoint.checkpoint SET root = sha256(root) WHERE size = 45")


def plant_tile(conn) -> None:
    conn.execute("INSERT INTO holdpoint.tile (level, n, hashes) VALUES (0, 0, decode(repeat('00', 8192), 'hex'))")


@pytest.mark.parametrize(
    ("act", "at_start", "rules"),
    [
        (edit, "ledger-invalid", {"leaf-mismatch"}),
        (edit_and_rehash, "ledger-invalid", None),
        (delete, "entry-missing", {"entry-missing"}),
        (delete_and_renumber, "ledger-invalid", None),
        (swap, "ledger-invalid", {"entry-mismatch", "leaf-mismatch", "derived-missing", "reference-wrong"}),
        (cut_tail, "diverged", {"diverged"}),
        (alter_checkpoint, None, {"checkpoint-mismatch"}),
        (plant_tile, None, {"tile-mismatch"}),
    ],
)
def test_attack_on_the_database(story_folder: Path, act: Attack, at_start: str | None, rules: set[str] | None) -> None:
    attack(story_folder, act)
    if at_start is not None:
        with pytest.raises(Fault) as caught:
            open_ledger(story_folder)
        assert caught.value.code == at_start
    problems = fsck(story_folder)
    assert problems
    assert rules is None or {p.rule for p in problems} & rules
    assert all(str(p.index) in p.detail for p in problems[:1])


def test_attack_old_backup_restored(told_folder: Path, story_folder: Path, tmp_path: Path) -> None:
    ledger = open_ledger(story_folder)
    ledger.close()
    backup = copy_of(story_folder, tmp_path / "backup")
    attack(backup, cut_tail)
    shutil.rmtree(story_folder / "pg")
    shutil.copytree(backup / "pg", story_folder / "pg", ignore=shutil.ignore_patterns("socket", "lock"))
    with pytest.raises(Fault) as caught:
        open_ledger(story_folder)
    assert (caught.value.code, "74" in str(caught.value), "45" in str(caught.value)) == ("diverged", True, True)


def test_attack_anchor_removed(story_folder: Path) -> None:
    (story_folder / "anchor").unlink()
    with pytest.raises(Fault) as caught:
        open_ledger(story_folder)
    assert caught.value.code == "anchor-missing"


def test_attack_claims_signed_but_false(told_folder: Path) -> None:
    """The lab itself signs an answer that its own ledger does not give: folded again, it differs."""
    read = folder_reader(told_folder / "export")
    claims = loads(read("claims.json") or b"")
    claims["models"][0]["actions"]["train"]["clearance"] = "permit"
    payload, signature = sign_claims(claims, load_signer(told_folder / "keys" / "engine.pem"))
    forged = {"claims.json": payload, "claims.sig": signature}
    pin = parse_pin((told_folder / "pin.json").read_bytes())
    report = verify_export(lambda path: forged.get(path) or read(path), pin)
    assert report.verdict is V.INVALID
    assert {c.code for c in report.checks if c.verdict is V.INVALID} == {"claims-mismatch"}


def test_honest_untouched(story_folder: Path, tmp_path: Path) -> None:
    ledger = open_ledger(story_folder)
    try:
        export(ledger, tmp_path / "out", load_signer(story_folder / "keys" / "engine.pem"))
    finally:
        ledger.close()
    assert fsck(story_folder) == []
    pin = parse_pin((story_folder / "pin.json").read_bytes())
    assert verify_export(folder_reader(tmp_path / "out"), pin).verdict is V.VALID_UNWITNESSED
    assert json.loads((story_folder / "pin.json").read_text())["origin"].startswith("dev/")
