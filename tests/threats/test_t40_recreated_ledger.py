"""T40: an empty or a new ledger under the old name; and F13: nothing empty is ever started where there was a ledger."""

import shutil
from pathlib import Path

import psycopg
import pytest

from api.config import Config, write_config
from api.exporting import export
from api.founding import found
from api.fsck import fsck
from api.keyring import load_signer
from api.wiring import open_ledger
from auditor.pin import parse_pin
from auditor.source import folder_reader
from auditor.verdict import VerifyVerdict as V
from auditor.verify import verify_export
from ledger.errors import Fault
from ledger.store.migrate import apply_roles, migrate
from tests.simulator import Lab
from tests.threats.storage import Copy, Vault
from tests.watcher import World


def refusal(folder: Path, *, read_only: bool = True) -> Fault:
    with pytest.raises(Fault) as caught:
        open_ledger(folder, read_only=read_only)
    return caught.value


def test_attack_data_folder_missing(told_folder: Path, tmp_path: Path) -> None:
    """The embedded database is gone and the anchor is there: nothing is made in its place."""
    shutil.copytree(told_folder, tmp_path / "ledger", ignore=shutil.ignore_patterns("pg"))
    assert refusal(tmp_path / "ledger").code == "data-missing"
    with pytest.raises(Fault) as caught:
        fsck(tmp_path / "ledger")
    assert caught.value.code == "data-missing"
    assert not (tmp_path / "ledger" / "pg").exists()
    with pytest.raises(Fault) as caught:
        found(tmp_path / "ledger", "dev/fictional-lab.example")
    assert caught.value.code == "already-founded"


def fresh(copy: Copy, vault: Vault, *, migrated: bool) -> None:
    name = f"fresh_{copy.folder.name}"
    with psycopg.connect(vault.server.url("postgres", "postgres"), autocommit=True) as conn:
        conn.execute(f"CREATE DATABASE {name} TEMPLATE template0")
    url = f"host={vault.server.socket} port=5432 dbname={name}"
    if migrated:
        apply_roles(f"{url} user=postgres")
        migrate(f"{url} user=holdpoint_migrator")
    write_config(copy.folder, Config("dev/fictional-lab.example", url))


def test_attack_fresh_database(copy: Copy, vault: Vault) -> None:
    """Same address, same origin, same anchor, nothing in it: not even reads are served."""
    fresh(copy, vault, migrated=True)
    fault = refusal(copy.folder)
    assert (fault.code, "anchored size 280, stored size 0" in fault.detail) == ("diverged", True)
    assert [(p.rule, p.index) for p in fsck(copy.folder)] == [("diverged", 0)]


def test_attack_database_without_schema(copy: Copy, vault: Vault) -> None:
    fresh(copy, vault, migrated=False)
    assert refusal(copy.folder).code in ("schema-missing", "database-error")


@pytest.mark.parametrize(
    "conninfo",
    [
        "host=127.0.0.1 port=1 dbname=x connect_timeout=1",
        "host=/nonexistent dbname=x",
        "host={socket} port=5432 dbname=nowhere",
    ],
)
def test_attack_server_that_is_not_there(copy: Copy, vault: Vault, conninfo: str) -> None:
    """F13: a URL that leads nowhere is said; no embedded ledger is started in its place."""
    write_config(copy.folder, Config("dev/fictional-lab.example", conninfo.format(socket=vault.server.socket)))
    assert refusal(copy.folder).code == "database-unreachable"
    assert not (copy.folder / "pg").exists()


def test_attack_founded_anew_under_the_old_name(told_folder: Path, tmp_path: Path) -> None:
    """Another ledger with the same origin: whoever holds the old pin sees it."""
    ledger = found(tmp_path / "new", "dev/fictional-lab.example")
    export(ledger, tmp_path / "out", load_signer(tmp_path / "new" / "keys" / "engine.pem"))
    ledger.close()
    pin = parse_pin((told_folder / "pin.json").read_bytes())
    report = verify_export(folder_reader(tmp_path / "out"), pin)
    assert report.verdict in (V.DIVERGED, V.INVALID)
    assert "founded-anew" in {c.code for c in report.checks}


def test_attack_a_monitor_sees_a_ledger_that_was_recreated(tmp_path: Path) -> None:
    """Under other keys nobody signed the head; under the same ones the pinned head has another past."""
    old, other, same = Lab("dev/again"), Lab("dev/again", "others"), Lab("dev/again")
    same.entries[5] = same.entries[5].replace(b"2026", b"2025", 1)
    world = World(tmp_path / "monitor")
    world.keys, world.max_age, world.pins = old.log.vkeys, 10**9, (old.pin(),)
    world.show(old.export())
    assert world.look() == []
    world.show(other.export())
    assert set(world.look()) == {"checkpoint-unsigned", "keys-unexpected"}
    world.show(same.export())
    assert world.look() == ["split-view"]


def test_honest_new_ledger(tmp_path: Path) -> None:
    ledger = found(tmp_path / "new", "dev/another-lab.example")
    ledger.close()
    opened = open_ledger(tmp_path / "new")
    assert opened.appender.size == 1
    opened.close()
    assert fsck(tmp_path / "new") == []
