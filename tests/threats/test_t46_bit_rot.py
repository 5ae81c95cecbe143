"""T46 (and F21): a flipped bit in what is exported, and in PostgreSQL's own files: named, or without effect; never other content."""

import random
import shutil
from pathlib import Path

import psycopg
import pytest

from api.fsck import fsck
from api.wiring import open_ledger
from auditor.pin import parse_pin
from auditor.source import folder_reader
from auditor.verdict import VerifyVerdict as V
from auditor.verify import verify_export
from ledger.errors import LedgerError
from ledger.store.embedded import EmbeddedPostgres
from tests.conftest import copy_of

SEEDS = 60


def flipped(path: Path, rng: random.Random) -> bytes:
    raw = bytearray(path.read_bytes())
    raw[rng.randrange(len(raw))] ^= 1 << rng.randrange(8)
    return bytes(raw)


@pytest.mark.parametrize("seed", range(SEEDS))
def test_attack_a_bit_of_an_export(told_folder: Path, seed: int) -> None:
    """Files are chosen evenly, so that small ones are hit as often as large ones. No byte is free, but of a checkpoint's own
    signature lines: one that is no longer a known key's is a line that is missing."""
    rng = random.Random(seed)
    export = told_folder / "export"
    victim = rng.choice(sorted(p for p in export.rglob("*") if p.is_file()))
    content, name = flipped(victim, rng), str(victim.relative_to(export))
    read = folder_reader(export)
    pin = parse_pin((told_folder / "pin.json").read_bytes())
    report = verify_export(lambda path: content if path == name else read(path), pin)
    assert report.verdict in (V.INVALID, V.DIVERGED, V.ERROR), f"seed {seed}: {name}"
    assert report.exit_code != 0


def relation(folder: Path, table: str) -> Path:
    with EmbeddedPostgres(folder / "pg") as server, psycopg.connect(server.url("postgres")) as conn:
        row = conn.execute(f"SELECT pg_relation_filepath('holdpoint.{table}')").fetchone()
    assert row is not None
    return folder / "pg" / "data" / row[0]


@pytest.mark.parametrize("table", ["event", "event_id", "event_pkey", "checkpoint"])
def test_attack_a_bit_of_a_table_or_index(told_folder: Path, tmp_path: Path, table: str) -> None:
    """Checksums are on: the page is refused when it is read, by a start or at the latest by fsck."""
    folder = copy_of(told_folder, tmp_path / "ledger")
    path = relation(folder, table)
    raw = bytearray(path.read_bytes())
    page = random.Random(table).randrange(len(raw) // 8192)
    raw[page * 8192 + 8192 - 100] ^= 0x10
    path.write_bytes(raw)
    code = None
    try:
        open_ledger(folder).close()
    except LedgerError as err:
        code = err.code
    found: list[str] = []
    try:
        found = [p.rule for p in fsck(folder)]
    except LedgerError as err:
        found = [err.code]
    assert code is not None or found, "one of the two has said it"
    assert "checksum" in (folder / "pg" / "server.log").read_text()


def test_honest_unused_space(told_folder: Path, tmp_path: Path) -> None:
    """What is beside the data is nobody's: a file that PostgreSQL doesn't own changes nothing."""
    folder = copy_of(told_folder, tmp_path / "ledger")
    (folder / "pg" / "data" / "stray").write_bytes(b"\0" * 100)
    shutil.copyfile(told_folder / "pin.json", folder / "other.json")
    open_ledger(folder).close()
    assert fsck(folder) == []
