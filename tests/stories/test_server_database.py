"""A ledger on a real PostgreSQL server: password roles over TCP, least privilege, found, record, verify (issue: `--database URL`).

The server is the system's own, started for this module on loopback with SCRAM-SHA-256 and nothing else; skipped, saying so, where the
machine has no PostgreSQL of its own.
"""

import json
import os
import pwd
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from ledger.store.binaries import system_binaries

ROOT = Path(__file__).resolve().parents[2]
HOLDPOINT = Path(sys.executable).parent / "holdpoint"
ROLES = ("holdpoint_migrator", "holdpoint_appender", "holdpoint_projector", "holdpoint_reader")


@dataclass(frozen=True, slots=True)
class Server:
    port: int
    passfile: Path
    superuser: str

    def conninfo(self, user: str | None = None) -> str:
        base = f"host=127.0.0.1 port={self.port} dbname=holdpoint"
        return base if user is None else f"{base} user={user} passfile={self.passfile}"


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


def account() -> dict[str, int]:
    """PostgreSQL refuses uid 0: as root, run it as an unprivileged account that the machine has."""
    if os.geteuid() != 0:
        return {}
    who = pwd.getpwnam("nobody")
    return {"user": who.pw_uid, "group": who.pw_gid}


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    programs = system_binaries()
    if programs is None:
        pytest.skip("no PostgreSQL programs of the system")
    folder = Path(tempfile.mkdtemp(prefix="holdpoint-server-"))
    folder.chmod(0o755)  # the folders above a test's own are closed to other accounts
    who = account()
    (data := folder / "data").mkdir(mode=0o700)
    secret, words = secrets.token_hex(16), folder / "superuser"
    words.write_text(secret)
    if who:
        os.chown(data, who["user"], who["group"])
        os.chown(words, who["user"], who["group"])
    subprocess.run(
        [programs / "initdb", "-D", data, "-U", "super", "-A", "scram-sha-256", "--pwfile", words, "-E", "UTF8", "-N"],
        check=True, capture_output=True, timeout=120, cwd="/", **who,
    )  # fmt: skip
    port = free_port()
    settings = {"listen_addresses": "127.0.0.1", "unix_socket_directories": "", "port": str(port)}
    options = [w for k, v in settings.items() for w in ("-c", f"{k}={v}")]
    process = subprocess.Popen([programs / "postgres", "-D", data, *options], stderr=subprocess.PIPE, cwd="/", **who)
    passfile = folder / "passwords"
    names = ("super", *ROLES)
    passfile.write_text("".join(f"127.0.0.1:{port}:*:{name}:{secret}\n" for name in names))
    passfile.chmod(0o600)
    try:
        admin = f"host=127.0.0.1 port={port} user=super passfile={passfile} dbname=postgres"
        deadline = time.monotonic() + 60
        while True:
            try:
                with psycopg.connect(admin, autocommit=True) as conn:
                    conn.execute("CREATE DATABASE holdpoint")
                break
            except psycopg.OperationalError:
                assert time.monotonic() < deadline, process.poll()
                time.sleep(0.1)
        yield Server(port, passfile, "super")
        assert process.poll() is None
    finally:
        process.terminate()
        process.communicate(timeout=60)
        shutil.rmtree(folder)


def run(server: Server, *words: str | Path, code: int = 0) -> str:
    env = {k: v for k, v in os.environ.items() if not k.startswith("HOLDPOINT_")} | {"PGPASSFILE": str(server.passfile)}
    done = subprocess.run(
        [HOLDPOINT, *map(str, words)], capture_output=True, text=True, timeout=120, check=False, env=env
    )
    assert done.returncode == code, (words, done.stdout, done.stderr)
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def prepared(server: Server) -> Server:
    """The roles as `init --print-sql` prints them, with passwords; no schema yet."""
    secret = server.passfile.read_text().splitlines()[0].rsplit(":", 1)[1]
    with psycopg.connect(server.conninfo("super"), autocommit=True) as conn:
        conn.execute(run(server, "init", "--print-sql").encode())
        for role in ROLES:
            conn.execute(f"ALTER ROLE {role} PASSWORD '{secret}'".encode())
    return server


def test_found_record_and_verify_on_a_server(prepared: Server, tmp_path: Path) -> None:
    server, data = prepared, tmp_path / "ledger"
    # Nothing is founded on a database without the schema, and nothing is left of the attempt that would stop the next one.
    assert "schema-missing" in run(
        server, "init", "lab.example/ledger", "--data", data, "--database", server.conninfo(), code=1
    )
    run(server, "migrate", "--database", server.conninfo())
    assert "nothing to apply" in run(server, "migrate", "--database", server.conninfo())
    run(server, "init", "lab.example/ledger", "--data", data, "--database", server.conninfo())
    run(server, "pin", tmp_path / "pin.json", "--data", data)
    run(server, "export", tmp_path / "out", "--data", data)
    report = json.loads(run(server, "verify", tmp_path / "out", "--pin", tmp_path / "pin.json", "--json"))
    assert (report["verdict"], report["development"], report["checkpoint"]["origin"]) == (
        "VALID_UNWITNESSED", False, "lab.example/ledger",
    )  # fmt: skip
    run(server, "fsck", "--data", data)
    with psycopg.connect(server.conninfo("super")) as conn:
        assert conn.execute("SELECT size FROM holdpoint.head").fetchone() == (report["checkpoint"]["size"],)
    # A second ledger is never founded over the first one's rows, and an unreachable server is never replaced by an empty one.
    assert "already" in run(
        server, "init", "lab.example/other", "--data", tmp_path / "b", "--database", server.conninfo(), code=2
    )
    gone = server.conninfo().replace(str(server.port), str(free_port()))
    assert "database-unreachable" in run(
        server, "init", "lab.example/x", "--data", tmp_path / "c", "--database", gone, code=6
    )
    assert not (tmp_path / "c" / "pg").exists()

    for role in ROLES[1:]:
        with psycopg.connect(server.conninfo(role), autocommit=True) as conn:
            for table in ("event", "head", "checkpoint", "stream"):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    conn.execute(f"DELETE FROM holdpoint.{table}".encode())
