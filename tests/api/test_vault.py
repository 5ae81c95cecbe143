"""Withheld fields on the server: kept encrypted with their event or not at all, released by entry and field, and found nowhere else."""

import os
import subprocess
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from api.author import Written
from api.erasing import parse_only, plan
from api.opening import open_one
from api.session import Session
from api.settings import settings
from api.wiring import Ledger, open_ledger, opened
from api.wrapping import load_wrapping_keys, make_wrapping_key, wrapping_path
from ledger.admit import Submission
from ledger.envelope import parse_envelope
from ledger.errors import Fault
from ledger.events import model
from ledger.reasons import Reason, Refused
from ledger.store.binaries import system_binaries, wheel_binaries
from ledger.store.outcome import Appended, Known, Outcome
from ledger.store.vault import retained_until
from tests.api.asker import Asker

NAMES = frozenset({"subject"})
TABLES = """SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'r' AND n.nspname NOT IN ('pg_catalog', 'information_schema')"""


def registered(ledger: Ledger, name: str = "", stream: str = "") -> Written:
    session = Session(ledger)
    said = {"kind": "base", "subject": {"name": name or os.urandom(9).hex(), "weights": "sha256:" + "0" * 64}}
    stream = stream or f"model/{os.urandom(6).hex()}"
    return session.write(model.Registered, said, stream, session.signers("assessor"))


def sent(ledger: Ledger, written: Written, *, bare: bool = False) -> Submission:
    opened = open_one(written.wire() if bare else written.sent(), ledger.appender.lookup)
    assert isinstance(opened, Submission)
    return opened


def append(ledger: Ledger, *submissions: Submission, atomic: bool = False) -> list[Outcome]:
    return ledger.appender.submit(submissions, atomic=atomic).result(20)


def index_of(outcome: Outcome) -> int:
    assert isinstance(outcome, Appended), outcome
    return outcome.event.index


def superuser(ledger: Ledger) -> "psycopg.Connection[tuple[str, ...]]":
    return psycopg.connect(make_conninfo(ledger.projector_url, user="postgres"), autocommit=True)


def needles(written: Written, canary: str) -> tuple[bytes, ...]:
    """The name, the disclosure's text and its salt, as bytes and as PostgreSQL writes bytes."""
    (text,) = written.disclosures
    plain = (canary.encode(), text[4:40].encode(), text[-40:].encode())
    return (*plain, *(p.hex().encode() for p in plain))


def everything(ledger: Ledger) -> bytes:
    """What a superuser sees of all tables, twice: as rows, and as `pg_dump` would leave it on a stolen disk."""
    said = b""
    with superuser(ledger) as conn:
        for (table,) in conn.execute(TABLES).fetchall():
            with conn.cursor().copy(f"COPY {table} TO STDOUT") as rows:
                said += b"".join(bytes(row) for row in rows)
    folder = next((b for b in (system_binaries(), wheel_binaries()) if b and (b / "pg_dump").exists()), None)
    if folder is not None:
        url = make_conninfo(ledger.projector_url, user="postgres")
        said += subprocess.run([folder / "pg_dump", "--dbname", url], capture_output=True, check=True).stdout
    return said


def test_a_database_reader_and_a_stolen_backup_have_no_plaintext(growing: Asker) -> None:
    ledger, canary = growing.ledger, "Fictional-canary-of-a-name"
    written = registered(ledger, canary)
    answer = growing.ask("/v1/entries", "POST", content=written.sent(), headers={"content-type": "application/json"})
    assert answer.status_code == 201
    index = answer.json()["index"]
    assert ledger.vault.released(index, NAMES) == written.disclosures
    whole = everything(ledger)
    (row,) = ledger.vault.rows(index)
    assert row.digest.hex().encode() in whole, "the row was looked at"
    assert [n for n in needles(written, canary) if n in whole] == []


def test_no_file_of_the_server_holds_it(ledger: Ledger) -> None:
    """Neither the database's own files, its journal among them, nor anything beside them."""
    canary = "Fictional-canary-of-a-name"
    written = registered(ledger, canary)
    index = index_of(append(ledger, sent(ledger, written))[0])
    with superuser(ledger) as conn:
        conn.execute("CHECKPOINT")
    (row,) = ledger.vault.rows(index)
    found = {p: p.read_bytes() for p in ledger.folder.rglob("*") if p.is_file() and not p.is_symlink()}
    assert any(row.ciphertext in raw for raw in found.values()), "what is kept was looked at"
    assert [(p, n) for p, raw in found.items() for n in needles(written, canary) if n in raw] == []
    secret = load_wrapping_keys(ledger.folder)[0].secret
    assert [p for p, raw in found.items() if secret in raw and "keys" not in p.parts] == []


def test_only_what_is_named_is_opened_and_nothing_of_what_is_not_here(growing: Asker) -> None:
    ledger = growing.ledger
    written = registered(ledger)
    index = index_of(append(ledger, sent(ledger, written))[0])
    assert ledger.vault.released(index, frozenset({"reason"})) == ()
    assert ledger.vault.released(0, NAMES) == ()
    assert ledger.vault.released(index, NAMES) == written.disclosures
    assert ledger.vault.texts(index) == written.disclosures


def test_a_field_comes_with_its_event_or_not_at_all(growing: Asker) -> None:
    ledger = growing.ledger
    early, late = registered(ledger), registered(ledger)
    whole, bare = sent(ledger, early), sent(ledger, early, bare=True)
    index = index_of(append(ledger, whole)[0])
    assert append(ledger, whole, bare) == [Known(index), Known(index)]
    first = index_of(append(ledger, sent(ledger, late, bare=True))[0])
    (refused,) = append(ledger, sent(ledger, late))
    assert isinstance(refused, Refused)
    assert (refused.reason, dict(refused.facts)) == (Reason.DISCLOSURE_LATE, {"index": str(first)})
    assert append(ledger, sent(ledger, late, bare=True)) == [Known(first)]


def test_the_same_holds_within_one_batch(growing: Asker) -> None:
    ledger = growing.ledger
    written = registered(ledger)
    whole, bare = sent(ledger, written), sent(ledger, written, bare=True)
    one, again, third = append(ledger, whole, whole, bare)
    assert index_of(one) == index_of(again) == index_of(third)
    other = registered(ledger)
    first, refused = append(ledger, sent(ledger, other, bare=True), sent(ledger, other))
    assert isinstance(first, Appended)
    assert isinstance(refused, Refused)
    assert refused.reason is Reason.DISCLOSURE_LATE


def test_a_declined_group_keeps_nothing(growing: Asker) -> None:
    ledger = growing.ledger
    good, late = registered(ledger), registered(ledger)
    append(ledger, sent(ledger, late, bare=True))
    before, kept = ledger.appender.size, rows_in(ledger)
    assert all(isinstance(o, Refused) for o in append(ledger, sent(ledger, good), sent(ledger, late), atomic=True))
    assert (ledger.appender.size, rows_in(ledger)) == (before, kept)
    index = index_of(append(ledger, sent(ledger, good), atomic=True)[0])
    assert ledger.vault.released(index, NAMES) == good.disclosures


def rows_in(ledger: Ledger) -> int:
    with superuser(ledger) as conn:
        ((count,),) = conn.execute("SELECT count(*) FROM holdpoint.disclosure").fetchall()
    return int(count)


def test_without_its_key_a_field_is_refused_before_it_is_committed(ledger: Ledger) -> None:
    (key,) = load_wrapping_keys(ledger.folder)
    path = wrapping_path(ledger.folder, key)
    kept = path.read_bytes()
    path.unlink()
    withheld, plain, before = registered(ledger), registered(ledger), ledger.appender.size
    fault, appended = append(ledger, sent(ledger, withheld), sent(ledger, plain, bare=True))
    assert isinstance(fault, Fault)
    assert (fault.code, fault.outcome) == ("wrapping-key-missing", "failed")
    assert index_of(appended) == before
    assert rows_in(ledger) == 0
    path.write_bytes(kept)
    path.chmod(0o600)
    index = index_of(append(ledger, sent(ledger, withheld))[0])  # no restart
    assert ledger.vault.released(index, NAMES) == withheld.disclosures
    path.chmod(0o644)
    ledger.vault.forget()
    with pytest.raises(Fault, match="key-file-open"):
        ledger.vault.released(index, NAMES)


def test_another_key_than_the_ledger_s_is_refused_and_named(ledger: Ledger) -> None:
    index = index_of(append(ledger, sent(ledger, registered(ledger)))[0])
    (right,) = load_wrapping_keys(ledger.folder)
    wrapping_path(ledger.folder, right).rename(ledger.folder / "elsewhere")
    wrong = make_wrapping_key(ledger.folder, "2036-01-01T00:00:00.000000Z")
    ledger.vault.forget()
    before = ledger.appender.size
    (fault,) = append(ledger, sent(ledger, registered(ledger)))
    assert isinstance(fault, Fault)
    assert fault.code == "wrapping-key-wrong"
    assert right.id in fault.detail
    assert ledger.appender.size == before
    with pytest.raises(Fault, match="wrapping-key-wrong"):
        ledger.vault.released(index, NAMES)
    (ledger.folder / "elsewhere").rename(wrapping_path(ledger.folder, right))
    assert ledger.vault.key() == right, "the database names the key, not the file's age"
    assert right.made_at < wrong.made_at
    index_of(append(ledger, sent(ledger, registered(ledger)))[0])


def test_the_database_itself_refuses_a_second_key(ledger: Ledger) -> None:
    """A service that has not heard of a rotation: nothing is stored, and its next batch reads the keys anew."""
    append(ledger, sent(ledger, registered(ledger)))
    new = make_wrapping_key(ledger.folder, "2036-01-01T00:00:00.000000Z")
    with superuser(ledger) as conn:
        conn.execute("UPDATE holdpoint.wrapping SET key_id = %s", (new.id,))
    written, before = registered(ledger), ledger.appender.size
    (fault,) = append(ledger, sent(ledger, written))
    assert isinstance(fault, Fault)
    assert (fault.code, fault.outcome) == ("wrapping-key-wrong", "failed")
    assert ledger.appender.size == before
    index = index_of(append(ledger, sent(ledger, written))[0])
    assert [row.key_id for row in ledger.vault.rows(index)] == [new.id]


@pytest.mark.parametrize("years", [5, 12])
def test_a_field_is_retained_for_as_long_as_is_set(
    ledger_folder: Path, monkeypatch: pytest.MonkeyPatch, years: int
) -> None:
    """From its recording: five years unless set."""
    if years != 5:
        monkeypatch.setenv("HOLDPOINT_RETAIN_YEARS", str(years))
    settings.cache_clear()
    try:
        with opened(ledger_folder) as ledger:
            outcome = append(ledger, sent(ledger, registered(ledger, stream="model/kept")))[0]
            assert isinstance(outcome, Appended)
            (kept,) = plan(ledger, "model/kept", parse_only(()), 0, None, "too early").retained
            assert kept.retained_until == retained_until(outcome.event.recorded_at, years)
    finally:
        settings.cache_clear()


def test_a_statement_signed_elsewhere_brings_the_copies_that_were_kept(ledger_folder: Path) -> None:
    """`event new`, `sign`, `post` run apart: what was kept with the draft goes along when it is posted."""
    ledger = open_ledger(ledger_folder)
    try:
        session = Session(ledger)
        written = registered(ledger)
        session.keep_disclosures(written.event_id, written.disclosures)
        read = Written(parse_envelope(written.wire()), written.event_id, written.digest, ())
        posted = session.post(read)
        assert ledger.vault.released(posted.index, NAMES) == written.disclosures
    finally:
        ledger.close()
