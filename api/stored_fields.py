"""`fsck` of the encrypted fields: each row is of an entry, of a digest in it, and opens; none is left that was erased.

It reads as the appender, the only role that sees ciphertexts.
"""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from api.database import Database
from api.wrapping import load_wrapping_keys
from ledger.canonical import loads_canonical
from ledger.entry import read_entry
from ledger.errors import Fault, LedgerError
from ledger.events import disclosure
from ledger.held import held_fields
from ledger.registry import BY_TOPIC
from ledger.replay import Problem
from ledger.statement import parse_statement
from ledger.store.desk import Desk
from ledger.store.vault import Vault
from ledger.strict import format_base64url

INDEXES = """SELECT DISTINCT notification_id - 1 FROM holdpoint.disclosure WHERE notification_id > %s + 1
    ORDER BY 1 LIMIT 1000"""


def check_fields(database: Database, folder: Path) -> Iterator[Problem]:
    """Problems of table disclosure. Raises `Fault` where it can't look."""
    with closing(Desk(database.url("holdpoint_appender"), revive=database.revive, unsafe_unchecked=True)) as desk:
        vault, after, told = Vault(desk, lambda: load_wrapping_keys(folder), 1), -1, set[str]()
        while page := [index for (index,) in desk.query(INDEXES, (after,))]:
            for index in page:
                try:
                    yield from _entry(desk, vault, index)
                except Fault as err:
                    if not err.code.startswith(("wrapping-key", "key-file")):
                        raise
                    if err.detail not in told:  # a key opens many: said once, and the others are looked at
                        told.add(err.detail)
                        yield Problem(index, err.code, f"entry {index}: table disclosure: {err.detail}")
            after = page[-1]
        yield from _erased(desk, vault)


def _entry(desk: Desk, vault: Vault, index: int) -> Iterator[Problem]:
    at = f"entry {index}: table disclosure"
    found = desk.find(index - 1, 1)
    if not found or found[0].index != index:
        yield Problem(index, "field-mismatch", f"{at}: a row of an entry that is not there")
        return
    kept = {format_base64url(row.digest): row.field for row in vault.rows(index)}
    body = loads_canonical(read_entry(found[0].entry)[1].payload)["predicate"]["body"]
    try:
        fields = held_fields(body, vault.texts(index), BY_TOPIC[found[0].topic])
    except LedgerError as err:
        if isinstance(err, Fault) and err.code != "disclosure-unreadable":
            raise
        why = err.detail if isinstance(err, Fault) else "a row whose digest the entry does not hold"
        yield Problem(index, err.code if isinstance(err, Fault) else "field-mismatch", f"{at}: {why}")
        return
    for one in fields:
        if kept[one.digest] != one.field:
            detail = f"{at}: a row is said to be of field {kept[one.digest]}, and is of {one.field}"
            yield Problem(index, "field-mismatch", detail)


def _erased(desk: Desk, vault: Vault) -> Iterator[Problem]:
    """An erasure and its rows go in one transaction: whoever brings rows back has undone what two signed."""
    after = -1
    while page := desk.find(after, 1000, topic=disclosure.Erased.event.topic):
        for one in page:
            payload = read_entry(one.entry)[1].payload
            body = parse_statement(payload, disclosure.Erased).predicate.body
            rows = sum(found.rows for found in vault.named(body, one.recorded_at))
            if rows:
                detail = f"entry {one.index}: table disclosure: {rows} rows that this entry erased are there"
                yield Problem(one.index, "field-mismatch", detail)
        after = page[-1].index
