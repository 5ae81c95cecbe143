"""fsck of the encrypted fields: every row that an administrator bends, moves or brings is named by its entry."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from api.fsck import fsck
from api.stored_fields import check_fields
from api.wiring import Ledger, opened
from api.wrapping import load_wrapping_keys, wrapping_path
from tests.api.test_vault import append, index_of, registered, sent


@pytest.fixture
def two(ledger: Ledger) -> tuple[int, int]:
    """Two entries with a field each."""
    one, other = (index_of(append(ledger, sent(ledger, registered(ledger)))[0]) for _ in range(2))
    return one, other


def found(ledger: Ledger) -> list[tuple[int, str]]:
    url = lambda role: make_conninfo(ledger.projector_url, user=role)  # noqa: E731
    database: Any = SimpleNamespace(url=url, revive=None)
    return [(p.index, p.rule) for p in check_fields(database, ledger.folder)]


def test_each_bent_row_is_named(ledger: Ledger, two: tuple[int, int]) -> None:
    one, other = two
    table, place = "holdpoint.disclosure", f"notification_id = {one + 1}"
    attacks = {
        f"UPDATE {table} SET ciphertext = set_byte(ciphertext, 20, 255 - get_byte(ciphertext, 20)) WHERE {place}": "disclosure-unreadable",
        f"UPDATE {table} SET wrapped_key = set_byte(wrapped_key, 0, 255 - get_byte(wrapped_key, 0)) WHERE {place}": "disclosure-unreadable",
        f"UPDATE {table} SET digest = sha256(digest) WHERE {place}": "disclosure-unreadable",
        f"UPDATE {table} SET field = 'kind' WHERE {place}": "field-mismatch",
        f"UPDATE {table} SET notification_id = 1000 WHERE {place}": "field-mismatch",
        f"UPDATE {table} SET notification_id = 1 WHERE {place}": "disclosure-unreadable",
        f"""INSERT INTO {table} SELECT {one + 1}, digest, field, ciphertext, wrapped_key, key_id, retained_until
            FROM {table} WHERE notification_id = {other + 1}""": "disclosure-unreadable",
        f"UPDATE {table} SET key_id = 'another' WHERE {place}": "wrapping-key-wrong",
    }  # fmt: skip
    assert found(ledger) == []
    with psycopg.connect(make_conninfo(ledger.projector_url, user="postgres"), autocommit=True) as conn:
        conn.execute(f"CREATE TABLE public.kept AS SELECT * FROM {table}")
        for sql, rule in attacks.items():
            assert conn.execute(sql).rowcount == 1, sql
            assert [code for _, code in found(ledger)] == [rule], sql
            conn.execute(f"TRUNCATE {table}; INSERT INTO {table} SELECT * FROM public.kept")
        conn.execute(f"UPDATE {table} SET key_id = 'another' WHERE {place}")
        conn.execute(f"UPDATE {table} SET field = 'kind' WHERE notification_id = {other + 1}")
        both = [(one, "wrapping-key-wrong"), (other, "field-mismatch")]
        assert found(ledger) == both, "a row that names another key hides none of those behind it"
        conn.execute(f"TRUNCATE {table}; INSERT INTO {table} SELECT * FROM public.kept")
    assert found(ledger) == []


def test_a_lost_key_is_said_once(ledger: Ledger, two: tuple[int, int]) -> None:
    (key,) = load_wrapping_keys(ledger.folder)
    wrapping_path(ledger.folder, key).unlink()
    assert found(ledger) == [(two[0], "wrapping-key-missing")]


def test_fsck_looks_at_them(ledger_folder: Path) -> None:
    with opened(ledger_folder) as ledger:
        index = index_of(append(ledger, sent(ledger, registered(ledger)))[0])
    assert fsck(ledger_folder) == []
    with opened(ledger_folder) as ledger, psycopg.connect(make_conninfo(ledger.projector_url, user="postgres")) as conn:
        conn.execute("UPDATE holdpoint.disclosure SET field = 'kind'")
    assert [(p.index, p.rule) for p in fsck(ledger_folder)] == [(index, "field-mismatch")]
