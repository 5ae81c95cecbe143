"""Doctor: green on a sound ledger, and each fault named with its remedy."""

import json
import shutil
import socket
import socketserver
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

from api import doctor as module
from api.config import Config, write_config
from api.database import Database
from api.doctor import Item, examine
from api.doctor_database import examine_database
from api.wiring import open_ledger
from tests.threats.storage import Copy, Vault, make_vault

HOLDPOINT = Path(sys.executable).parent / "holdpoint"


@pytest.fixture(scope="module")
def vault(told_folder: Path, tmp_path_factory: pytest.TempPathFactory):
    yield from make_vault(told_folder, tmp_path_factory.mktemp("doctor"))


@pytest.fixture
def copy(vault: Vault, tmp_path: Path) -> Copy:
    return vault.copy(tmp_path)


def named(items: list[Item], name: str) -> Item:
    (item,) = [i for i in items if i.name == name]
    return item


def test_a_sound_embedded_ledger(ledger_folder: Path) -> None:
    items = examine(ledger_folder)
    assert [i for i in items if i.colour == "red"] == []
    assert {i.name for i in items} == {
        "versions", "configuration", "keys", "custody", "disk", "database", "postgres version", "durability",
        "data checksums", "schema", "roles", "clock", "views", "ledger", "witnesses", "wrapping key",
    }  # fmt: skip
    assert all(i.remedy for i in items if i.colour != "green"), "each amber and red with its remedy"
    assert "PostgreSQL" in named(items, "database").detail
    key, (path,) = named(items, "wrapping key"), (ledger_folder / "keys").glob("wrapping-*.key")
    assert (str(path.parent) in key.detail, path.stem.removeprefix("wrapping-") in key.detail) == (True, True)
    assert (key.colour, "0 days old" in key.detail) == ("green", True)
    assert path.read_text().split()[2] not in key.detail
    done = subprocess.run(
        [HOLDPOINT, "doctor", "--json", "--data", ledger_folder], capture_output=True, text=True, check=False
    )
    assert (done.returncode, json.loads(done.stdout)["ok"]) == (0, True)


def test_a_server_on_a_socket(copy: Copy) -> None:
    items = examine(copy.folder)
    assert named(items, "tls").colour == "green"
    assert named(items, "authentication").colour == "amber"
    assert named(items, "ledger").colour == "green"


@pytest.mark.parametrize(
    ("sql", "name"),
    [
        ("GRANT UPDATE ON holdpoint.event TO holdpoint_reader", "roles"),
        ("ALTER TABLE holdpoint.event DISABLE TRIGGER insert_only", "schema"),
        ("CREATE TABLE holdpoint.stray (n int)", "schema"),
        ("UPDATE holdpoint.head SET size = size - 4", "ledger"),
        ("INSERT INTO holdpoint.view_stop VALUES ('keys/1', 7, 'key-unknown')", "views"),
    ],
)
def test_what_is_wrong_in_the_database_is_named(copy: Copy, sql: str, name: str) -> None:
    with psycopg.connect(copy.url, autocommit=True) as conn:
        conn.execute(sql)
    item = named(examine(copy.folder), name)
    assert (item.colour, bool(item.remedy)) == ("red", True)


def test_a_superuser_is_refused(copy: Copy, vault: Vault) -> None:
    write_config(copy.folder, Config("dev/fictional-lab.example", copy.url))
    item = named(examine(copy.folder), "roles")
    assert (item.colour, "superuser" in item.detail) == ("red", True)


class Forward(socketserver.ThreadingTCPServer):
    """TCP in front of the private socket: what a server without TLS looks like to a client."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, to: Path) -> None:
        self.to = to
        super().__init__(("127.0.0.1", 0), Carry)


class Carry(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        with socket.socket(socket.AF_UNIX) as far:
            far.connect(str(self.server.to))
            other = threading.Thread(target=self._pump, args=(far, self.request), daemon=True)
            other.start()
            self._pump(self.request, far)
            other.join()

    @staticmethod
    def _pump(source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while part := source.recv(65536):
                sink.sendall(part)
        with suppress(OSError):
            sink.shutdown(socket.SHUT_WR)


@pytest.mark.parametrize(("production", "colour"), [(True, "red"), (False, "amber")])
def test_less_than_tls_and_scram_is_not_called_production(vault: Vault, production: bool, colour: str) -> None:
    with Forward(vault.server.socket / ".s.PGSQL.5432") as forward:
        threading.Thread(target=forward.serve_forever, daemon=True).start()
        conninfo = f"host=127.0.0.1 port={forward.server_address[1]} dbname=holdpoint"
        found = {f[0]: f for f in examine_database(Database("a server", conninfo), production=production)}
        forward.shutdown()
    for name in ("tls", "authentication"):
        assert found[name][1] == colour
        assert "not production" in found[name][2]
        assert found[name][3]


def test_a_password_in_the_settings_is_red(vault: Vault) -> None:
    conninfo = f"host={vault.server.socket} port=5432 dbname=holdpoint password=fictional"
    found = {f[0]: f for f in examine_database(Database("a server", conninfo), production=True)}
    assert found["password"][1] == "red"
    assert "fictional" not in "".join(found["password"])


@pytest.mark.parametrize(
    "defect",
    [
        "no-config",
        "loose-key",
        "no-engine",
        "full-disk",
        "no-data",
        "no-anchor",
        "in-use",
        "no-wrapping-key",
        "loose-wrapping-key",
    ],
)
def test_what_is_wrong_in_the_folder_is_named(
    ledger_folder: Path, monkeypatch: pytest.MonkeyPatch, defect: str
) -> None:
    name, code = {"no-config": ("configuration", "not-a-ledger"), "loose-key": ("keys", "chmod"), "no-engine": ("keys", "key-file"),
                  "full-disk": ("disk", "free space"), "no-data": ("database", "data-missing"),
                  "no-anchor": ("ledger", "anchor-missing"), "in-use": ("database", "readyz"),
                  "no-wrapping-key": ("wrapping key", "wrapping-key-missing"), "loose-wrapping-key": ("wrapping key", "chmod")}[defect]  # fmt: skip
    match defect:
        case "no-config":
            (ledger_folder / "holdpoint.toml").unlink()
        case "loose-key":
            (ledger_folder / "keys" / "assessor.pem").chmod(0o644)
        case "no-engine":
            (ledger_folder / "keys" / "engine.pem").unlink()
        case "full-disk":
            monkeypatch.setattr(module, "FLOOR", 1 << 60)
        case "no-data":
            shutil.rmtree(ledger_folder / "pg" / "data")
        case "no-wrapping-key":
            next((ledger_folder / "keys").glob("wrapping-*.key")).unlink()
        case "loose-wrapping-key":
            next((ledger_folder / "keys").glob("wrapping-*.key")).chmod(0o644)
        case "no-anchor":
            (ledger_folder / "anchor").unlink()
        case "in-use":
            ledger = open_ledger(ledger_folder)
            item = named(examine(ledger_folder), name)
            ledger.close()
            assert (item.colour, code in item.remedy) == ("amber", True)
            return
    item = named(examine(ledger_folder), name)
    assert (item.colour, code in item.remedy) == ("red", True), item
