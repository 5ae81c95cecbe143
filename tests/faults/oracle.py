"""The same questions after every fault (faults.md §3)."""

import os
import threading
from pathlib import Path
from typing import Any

import psycopg

from api.exporting import export
from api.keyring import load_signer
from api.wiring import Ledger
from auditor.pin import Pin, format_pin, parse_pin
from auditor.source import folder_reader
from auditor.verdict import VerifyVerdict
from auditor.verify import verify_export
from ledger.checkpoint import read_checkpoint
from ledger.entry import parse_entry
from ledger.envelope import parse_envelope
from ledger.note import Vkey, parse_vkey
from ledger.receipt import check_receipt, parse_receipt
from ledger.registry import BY_TOPIC
from ledger.replay import Problem, Replay
from ledger.state import State
from ledger.statement import parse_statement, peek_type
from ledger.tile import Edge
from ledger.tree import hash_leaf
from policies.rules import RULES
from tests.faults.seat import Account


def pin_of(ledger: Ledger) -> Pin:
    """What an auditor keeps at this moment."""
    vkeys = ledger.appender.state.get("meta", "vkeys")
    return parse_pin(format_pin(ledger.origin, ledger.founding, vkeys, ledger.appender.published[1]))


def check(ledger: Ledger, account: Account, tmp_path: Path, pin: Pin, *, before: int) -> None:
    """Everything that a caller may rely on, of an open ledger that held `before` entries before the fault."""
    head = ledger.desk.read_head()
    entries = [row.entry for row in ledger.desk.read_entries(0, head.size)]  # a gap raises
    ids = [predicate_of(entry).event_id for entry in entries]
    assert len(set(ids)) == len(ids), "an event id twice"
    _receipts(ledger, account, entries)
    asked = account.acknowledged.keys() | account.unknown.keys()
    submitted = [predicate_of(entry) for entry in entries[before:]]
    unasked = {p.event_id for p in submitted if not p.body.event.derived} - asked
    assert not unasked, "stored, and neither acknowledged nor in flight"
    anchored = ledger.anchor.head
    assert anchored is not None
    assert anchored.size <= head.size
    _fold(ledger.appender.state, entries)
    out = tmp_path / f"export-{head.size}-{len(os.listdir(tmp_path))}"
    export(ledger, out, load_signer(ledger.folder / "keys" / "engine.pem"))
    report = verify_export(folder_reader(out), pin)
    assert report.verdict is VerifyVerdict.VALID_UNWITNESSED, report.checks


def predicate_of(entry: bytes) -> Any:
    """The statement's predicate in a stored entry."""
    payload = parse_envelope(parse_entry(entry).envelope).payload
    return parse_statement(payload, BY_TOPIC[peek_type(payload)]).predicate


def _receipts(ledger: Ledger, account: Account, entries: list[bytes]) -> None:
    """Every acknowledged receipt verifies, and under a tree that the present one grew from."""
    vkeys: list[Vkey] = [parse_vkey(v) for v in ledger.appender.state.get("meta", "vkeys")]
    sizes = sorted({read_checkpoint(parse_receipt(text).note)[0].size for _, text in account.acknowledged.values()})
    edge, roots = Edge.empty(), dict[int, bytes]()
    for size in sizes:
        edge, _ = edge.extend([hash_leaf(e) for e in entries[edge.size : size]])
        roots[size] = edge.root()
    for event_id, (index, text) in account.acknowledged.items():
        checkpoint = check_receipt(text, entries[index], vkeys, ledger.origin)
        assert roots[checkpoint.size] == checkpoint.root, f"receipt of {event_id} is of another tree"
        assert predicate_of(entries[index]).event_id == event_id


def _fold(state: State, entries: list[bytes]) -> None:
    """What is held in memory equals a fold from zero, signatures checked."""
    replay = Replay(RULES)
    for entry in entries[: len(dict(state.scan("entry")))]:
        outcome = replay.step(entry)
        assert not isinstance(outcome, Problem), outcome
    for table in replay.state._tables.keys() | state._tables.keys():
        assert dict(state.scan(table)) == dict(replay.state.scan(table)), table


threads_before: frozenset[threading.Thread] = frozenset()
"""What ran when the test began: another module's ledger may be open beside it. The conftest sets it for each test."""


def check_nothing_left(folder: Path, admin_url: str | None) -> None:
    """After closing: no thread of ours, no file of the ledger, and in a database that runs on, no connection and so no lock."""
    ours = [t for t in threading.enumerate() if t.name in ("appender", "log signer")]
    assert [t.name for t in ours if t not in threads_before] == []
    links = [Path("/proc/self/fd") / name for name in os.listdir("/proc/self/fd")]
    assert [p for p in (os.path.realpath(link) for link in links) if p.startswith(str(folder))] == []
    if admin_url is None:
        return
    with psycopg.connect(admin_url) as conn:
        others = """SELECT pid, state, query FROM pg_stat_activity
            WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()"""
        for _ in range(50):  # a backend needs a moment to notice that its client has gone
            left = conn.execute(others).fetchall()
            if not left:
                break
            conn.execute("SELECT pg_sleep(0.05), pg_stat_clear_snapshot()")
        assert left == []
