"""A real ledger in a real cluster, copied for each attack by a superuser (threats.md §3, storage rows).

A copy is a database made from the ledger's own as its template, and a folder of its own: anchor, keys, pin. Each attack is then
looked at by (a) a start of the service, (b) `holdpoint fsck`, (c) `holdpoint verify` over what the attacked rows export.
"""

import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from api.config import Config, read_config, write_config
from api.exporting import export
from api.fsck import fsck
from api.handing_over import write_pin, write_synced
from api.keyring import load_signer
from api.session import Session
from api.wiring import open_ledger
from auditor.pin import parse_pin
from auditor.source import folder_reader
from auditor.verdict import Report
from auditor.verify import verify_export
from disclosures.claims import claims_of, sign_claims
from disclosures.export import export_files
from ledger.admit import unsafe_unchecked
from ledger.errors import LedgerError
from ledger.events import model
from ledger.keys import Signer
from ledger.replay import Problem, Replay
from ledger.store.embedded import EmbeddedPostgres
from ledger.tree import Frontier
from policies.answer import AsOf
from policies.rules import RULES
from tests.conftest import copy_of

EVIDENCE = ("event", "event_id", "tile", "checkpoint", "cosignature", "timestamp_token")
FILLED = 280
"""More than 256 entries, so that there are full tiles to attack."""
STREAMS = """INSERT INTO holdpoint.stream SELECT DISTINCT ON (stream) stream, stream_version, leaf_hash
    FROM holdpoint.event ORDER BY stream, stream_version DESC"""
Conn = psycopg.Connection[Any]
Attack = Callable[[Conn], None]


def fill(folder: Path) -> None:
    """Register fictional models until there are full tiles, four a commit: each leaves a checkpoint row and receipts."""
    ledger = open_ledger(folder)
    try:
        session = Session(ledger)
        signers = session.signers("assessor")
        written = []
        for n in range(FILLED - ledger.appender.size):
            said = {"kind": "base", "subject": {"name": f"Fictional {n}", "weights": "sha256:" + "0" * 64}}
            written.append(session.write(model.Registered, said, f"model/f{n}", signers))
        for start in range(0, len(written), 4):
            session.post_all(written[start : start + 4])
        export(ledger, folder / "export", load_signer(folder / "keys" / "engine.pem"))
        write_pin(ledger, folder / "pin.json")
    finally:
        ledger.close()


@dataclass
class Found:
    """What the three looks found. `start`: the code of the refusal, or `None` where the service started."""

    start: str | None
    text: str
    problems: list[Problem]

    def named(self, rule: str) -> list[Problem]:
        return [p for p in self.problems if p.rule == rule]


@dataclass
class Copy:
    """One copy, to attack."""

    folder: Path
    url: str
    origin: Path

    def attack(self, *acts: "Attack | str", fences: bool = False) -> "Copy":
        """As a superuser, triggers off; on again afterwards unless `fences` are to stay down."""
        with psycopg.connect(self.url, autocommit=True) as conn:
            for table in EVIDENCE:
                conn.execute(f"ALTER TABLE holdpoint.{table} DISABLE TRIGGER ALL")
            for act in acts:
                if isinstance(act, str):
                    assert conn.execute(act).rowcount != 0, f"the attack changed nothing: {act}"
                else:
                    act(conn)
            for table in () if fences else EVIDENCE:
                conn.execute(f"ALTER TABLE holdpoint.{table} ENABLE ALWAYS TRIGGER insert_only")
                conn.execute(f"ALTER TABLE holdpoint.{table} ENABLE ALWAYS TRIGGER never_emptied")
        return self

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url, autocommit=True) as conn:
            return conn.execute(sql).fetchall()

    def look(self) -> Found:
        """(b) fsck, then (a) a start: an honest start writes a note and the anchor, and would hide an edited one."""
        problems = fsck(self.folder)
        code, text = None, ""
        try:
            open_ledger(self.folder).close()
        except LedgerError as err:
            code, text = err.code, str(err)
        return Found(code, text, problems)

    def verify(self, *, pin: bool, size: int | None = None) -> Report:
        """(c) what these rows export: no log key, so a note that was signed once. Claims are the last ones; with `size`, made anew
        with the engine's key for what is left, as a lab would that hides its tail.
        """
        out = self.folder / f"out-{size}"
        if not out.exists():
            note = self.note(size)
            count = re.match(r"[^\n]*\n(\d+)\n", note)
            assert count is not None
            total = int(count.group(1))
            rows = self.rows("SELECT state FROM holdpoint.event ORDER BY notification_id")
            entries = [r[0] for r in rows][:total]
            read = folder_reader(self.origin / "export")
            claims: Any = (read("claims.json"), read("claims.sig"))
            if size is not None:
                claims = claimed(entries, load_signer(self.folder / "keys" / "engine.pem"))
            for name, content in export_files(iter(entries), total, note, claims):
                write_synced(out / name, content)
        trusted = parse_pin((self.origin / "pin.json").read_bytes()) if pin else None
        return verify_export(folder_reader(out), trusted)

    def note(self, size: int | None) -> str:
        """The newest stored note, or the one that a receipt of that size carries."""
        if size is None:
            return self.rows("SELECT text FROM holdpoint.note ORDER BY size DESC LIMIT 1")[0][0]
        return signed_notes(self.origin)[size]


def claimed(entries: list[bytes], engine: Signer) -> tuple[bytes, bytes]:
    """Honest claims of these entries."""
    replay = Replay(RULES, unsafe_unchecked)
    for entry in entries:
        assert not isinstance(replay.step(entry), Problem)
    return sign_claims(claims_of(replay.state, AsOf(replay.size, replay.recorded_at)), engine)


def signed_notes(folder: Path) -> dict[int, str]:
    """Every checkpoint that some receipt carries: what the outside holds, and an administrator too."""
    notes: dict[int, str] = {}
    for path in (folder / "receipts").glob("*.tlog-proof"):
        text = path.read_text()
        note = text[text.index("\n\n") + 2 :]
        notes[int(note.split("\n", 2)[1])] = note
    return notes


@dataclass
class Vault:
    """The ledger, its cluster running, and as many copies as a module wants."""

    folder: Path
    server: EmbeddedPostgres
    made: int = 0
    seen: dict[str, Any] = field(default_factory=dict)

    def copy(self, to: Path) -> Copy:
        self.made += 1
        name = f"copy_{self.made}"
        with psycopg.connect(self.server.url("postgres", "postgres"), autocommit=True) as conn:
            conn.execute(f"CREATE DATABASE {name} TEMPLATE holdpoint")
        folder = to / name
        folder.mkdir()
        shutil.copytree(self.folder / "keys", folder / "keys")
        shutil.copyfile(self.folder / "anchor", folder / "anchor")
        database = f"host={self.server.socket} port=5432 dbname={name}"
        write_config(folder, Config(read_config(self.folder).origin, database))
        return Copy(folder, f"{database} user=postgres", self.folder)


def make_vault(told: Path, to: Path) -> Iterator[Vault]:
    """The demo's story and some more, in a cluster that runs until the module ends."""
    folder = copy_of(told, to / "vault")
    fill(folder)
    server = EmbeddedPostgres(folder / "pg")
    with server:
        yield Vault(folder, server)


def cut_to(size: int) -> Attack:
    """The tail removed and everything set back consistently, as a clever administrator would."""

    def act(conn: Conn) -> None:
        leaves = [r[0] for r in conn.execute("SELECT leaf_hash FROM holdpoint.event ORDER BY notification_id")][:size]
        tree = Frontier().extend(leaves)
        for sql in (
            f"DELETE FROM holdpoint.event WHERE notification_id > {size}",
            f"DELETE FROM holdpoint.event_id WHERE notification_id > {size}",
            f"DELETE FROM holdpoint.checkpoint WHERE size > {size}",
            f"DELETE FROM holdpoint.note WHERE size > {size}",
            f"DELETE FROM holdpoint.tile WHERE (n + 1) * 256 > {size}",
            "DELETE FROM holdpoint.stream",
            STREAMS,
        ):
            conn.execute(sql)
        head = (size, tree.to_bytes(), tree.root())
        conn.execute("UPDATE holdpoint.head SET size = %s, frontier = %s, root = %s", head)

    return act
