"""Rows in a file answer as rows in memory do."""

import sqlite3
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor import cold_rows
from auditor.cold_rows import COLD, SCHEMA, ColdRows
from ledger.replay import Problem, Replay
from ledger.state import State
from policies.rules import RULES
from tests.disclosures.forger import told

KEYS = st.one_of(st.integers(0, 2**53).map(str), st.text("abc|/", min_size=1, max_size=8))


def rows(name: str) -> ColdRows:
    conn = sqlite3.connect("", isolation_level=None)
    conn.executescript(SCHEMA)
    return ColdRows(conn, name)


@given(st.lists(st.tuples(KEYS, st.integers(0, 2**53)), max_size=40), st.lists(KEYS, max_size=10), st.integers(1, 9))
def test_as_a_dict(told_rows: list[tuple[str, int]], asked: list[str], fresh: int) -> None:
    old, cold_rows.FRESH = cold_rows.FRESH, fresh
    try:
        cold, plain = rows("run"), dict[str, int]()
        for key, value in told_rows:
            cold[key] = value
            plain[key] = value
            assert cold.get(key) == value
        for key in (*plain, *asked):
            assert cold.get(key, "none") == plain.get(key, "none")
            assert (key in cold) == (key in plain)
        assert list(cold.items()) == sorted(plain.items())
    finally:
        cold_rows.FRESH = old


def test_tables_share_a_file_and_no_rows() -> None:
    conn = sqlite3.connect("", isolation_level=None)
    conn.executescript(SCHEMA)
    runs, ids = ColdRows(conn, "run"), ColdRows(conn, "event_id")
    runs["1"], ids["1"] = 7, (8, "ab")
    runs.flush()
    ids.flush()
    assert (runs.get("1"), ids.get("1")) == (7, (8, "ab"))


@pytest.mark.parametrize("fresh", [1, 4096])
def test_a_log_replayed_with_them_knows_the_same(
    fresh: int, monkeypatch: pytest.MonkeyPatch, told_folder: Path
) -> None:
    """The told story of the suite has results; the forger's lab has not. Both: each table of both states is the same."""
    monkeypatch.setattr(cold_rows, "FRESH", fresh)
    from auditor.source import folder_reader
    from ledger.tile import parse_bundle

    bundle = next((told_folder / "export" / "tile" / "entries").rglob("000.p/*"))
    raw = folder_reader(bundle.parent)(bundle.name)
    assert raw is not None
    for entries in (told()[0].entries, parse_bundle(raw, int(bundle.name))):
        cold = {name: rows(name) for name in COLD}
        replays = [Replay(RULES), Replay(RULES, state=State.of((0, {}, {}), cold))]
        for entry in entries:
            for replay in replays:
                outcome = replay.step(entry)
                assert not isinstance(outcome, Problem), outcome
        memory, file = (r.state for r in replays)
        for name in COLD:
            assert dict(file.scan(name)) == dict(memory.scan(name))
        assert file.parts(COLD)[1] == memory.parts(COLD)[1]
        assert file.parts(COLD)[2] == memory.parts(COLD)[2]
        for size in range(1, len(entries), 7):
            assert dict(file.at(size).scan("evaluation")) == dict(memory.at(size).scan("evaluation"))
