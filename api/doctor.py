"""`holdpoint doctor`: every check of a start, and what a start can't see, in green, amber and red; each with its remedy.

It looks and changes nothing but what a start changes: it signs what is committed and unsigned.
"""

import importlib.metadata
import platform
import shutil
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
from cryptography.hazmat.backends.openssl.backend import backend as openssl

from api.config import Config, read_config, witness_policy
from api.cosigning import asked_in
from api.database import Database, open_database
from api.doctor_database import Colour, examine_database
from api.keyring import load_engine, load_log_pairs
from api.wiring import open_ledger, wall_clock
from api.witnessed import ALARMS, read_answers
from api.wrapping import load_wrapping_keys, wrapping_folder
from ledger.errors import LedgerError
from ledger.strict import micros

FLOOR = 512 * 1024 * 1024
WRAPPING_DAYS = 365
WITNESSED = "docs/how-to/be-witnessed.md"
ALARMED = (
    "stop appends, keep this folder and the witness's answer, and compare sizes with its keeper, the export and the anchor: "
    "docs/how-to/refusals/diverged.md. A witness that then cosigns our tree ends the alarm"
)
IN_USE = frozenset({"folder-in-use", "anchor-in-use"})
PAGES = {
    "diverged": "docs/how-to/refusals/diverged.md", "data-missing": "docs/how-to/refusals/diverged.md",
    "anchor-missing": "docs/how-to/refusals/anchor-missing.md", "anchor-torn": "docs/how-to/refusals/anchor-missing.md",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Item:
    """One thing looked at."""

    name: str
    colour: Colour
    detail: str
    remedy: str = ""


def examine(folder: Path) -> list[Item]:
    """Look at the ledger in `folder`. Red: it would not start, or may not be relied on."""
    items = [_versions()]
    try:
        config = read_config(folder)
    except LedgerError as err:
        return [*items, _red("configuration", err)]
    items.append(Item("configuration", "green", f"origin {config.origin}"))
    items += [_keys(folder / "keys", config), *_custody(folder / "keys", config), _wrapping(folder), _disk(folder)]
    try:
        with open_database(folder, config.database) as database:
            items += _database(database, config)
    except LedgerError as err:
        if err.code in IN_USE:
            return [*items, _in_use("database")]
        return [*items, _red("database", err)]
    items += [_ledger(folder), *_witnesses(folder, config)]
    return items


def _versions() -> Item:
    names = ("holdpoint", "eventsourcing", "psycopg", "cryptography")
    said = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in names)
    libpq = psycopg.pq.version()
    detail = f"Python {platform.python_version()}, {said}, libpq {libpq // 10000}, {openssl.openssl_version_text()}"
    return Item("versions", "green", detail)


def _red(name: str, err: LedgerError) -> Item:
    remedy = getattr(err, "remedy", "see the text")
    return Item(name, "red", str(getattr(err, "detail", err)), f"{err.code}: {remedy}; {_page(err.code)}")


def _page(code: str) -> str:
    return PAGES.get(code, "docs/how-to/refusals/README.md")


def _in_use(name: str) -> Item:
    return Item(name, "amber", "a service has it open, so it was not looked at", "ask that one: GET /readyz")


def _keys(folder: Path, config: Config) -> Item:
    """The files that a start reads, as a start reads them; and every other key file's mode."""
    try:
        load_log_pairs(folder, config.origin)
        load_engine(folder)
    except LedgerError as err:
        return _red("keys", err)
    files = sorted(folder.glob("*.pem"))
    loose = [p.name for p in files if p.is_symlink() or p.lstat().st_mode & 0o077]
    if loose:
        remedy = "chmod 600 them, and think of them as lost"
        return Item("keys", "red", f"readable by others, or a link: {', '.join(loose)}", remedy)
    if stat.S_IMODE(folder.stat().st_mode) & 0o022:
        return Item("keys", "red", f"{folder} can be written to by others", f"chmod 700 {folder}")
    return Item(
        "keys", "green", f"{len(files)} key files, each for its owner only; the log's keys and the engine's load"
    )


def _custody(folder: Path, config: Config) -> Iterator[Item]:
    if config.development:
        detail = "a development ledger: all keys lie in its folder, and its clock may be simulated"
        yield Item("custody", "amber", detail, "found a production ledger for real use: holdpoint init")
    elif any(folder.glob("root-*.pem")):
        yield Item("custody", "amber", "root keys lie on this machine", "move them offline, to three principals")
    elif any(folder.glob("key-admin-*.pem")):
        yield Item("custody", "amber", "key-admins' keys lie on this machine", "move them to their principals")
    else:
        yield Item("custody", "green", "no root's and no key-admin's key lies here")


def _wrapping(folder: Path) -> Item:
    """Where the key of the withheld fields lies, and how old it is: as a start reads it, whatever the database names."""
    place = wrapping_folder(folder)
    try:
        keys = load_wrapping_keys(folder)
    except LedgerError as err:
        return _red("wrapping key", err)
    if not keys:
        detail = f"none in {place}: events with withheld fields are refused"
        return Item("wrapping key", "red", detail, "docs/how-to/refusals/wrapping-key-missing.md")
    newest, now = keys[-1], micros(wall_clock())
    days = max(0, now - micros(newest.made_at)) // 86_400_000_000
    older = f", and {len(keys) - 1} older" if len(keys) > 1 else ""
    detail = f"{newest.id} in {place}, {days} days old{older}; keep a copy apart from the database's backups"
    if days > WRAPPING_DAYS:
        return Item(
            "wrapping key", "amber", detail, "no command changes it yet: who can read its file? docs/how-to/back-up.md"
        )
    return Item("wrapping key", "green", detail)


def _disk(folder: Path, name: str = "disk") -> Item:
    free = shutil.disk_usage(folder).free
    detail = f"{free // 2**20} MiB free, the floor is {FLOOR // 2**20} MiB"
    return Item(name, "green", detail) if free > FLOOR else Item(name, "red", detail, "free space before it stops")


def _database(database: Database, config: Config) -> Iterator[Item]:
    yield Item("database", "green", database.how)
    if database.server is not None and database.server.base != database.server.folder:
        yield _disk(database.server.base, "database's disk")
    for found in examine_database(database, production=not config.development):
        yield Item(*found)


def _witnesses(folder: Path, config: Config) -> Iterator[Item]:
    """What witnesses answered last. One that saw another history than ours is the gravest thing that a ledger can be told."""
    try:
        policy = witness_policy(folder, config)
        answers = read_answers(folder)
    except LedgerError as err:
        yield _red("witnesses", err)
        return
    if policy is None and not answers:
        yield Item("witnesses", "amber", "none is asked: nobody could tell a second history from this one", WITNESSED)
        return
    alarms = [a for a in answers if a.status in ALARMS]
    wanted = [a.witness for a in answers] if policy is None else asked_in(policy)
    mine = [a for a in answers if a.witness in wanted]  # one that was asked once, and is no more, vouches for nothing
    silent = [
        f"{a.witness}: {a.status} since {a.at}" for a in mine if a.status not in ALARMS and a.status != "cosigned"
    ]
    silent += [f"{name}: not asked so far" for name in wanted if name not in {a.witness for a in mine}]
    for a in alarms:
        yield Item("witnesses", "red", f"since {a.at}: {a.witness}: {a.status}: {a.detail}", ALARMED)
    if silent or not wanted:
        detail = "; ".join(silent) or "the policy names none that has a URL"
        yield Item("witnesses", "amber", detail, "see that they run and are reached: holdpoint cosign")
    elif not alarms:
        yield Item("witnesses", "green", f"{len(mine)} cosigned when last asked")


def _ledger(folder: Path) -> Item:
    """A start, whole: fold, head against anchor, signature."""
    try:
        ledger = open_ledger(folder)
    except LedgerError as err:
        return _in_use("ledger") if err.code in IN_USE else _red("ledger", err)
    try:
        stopped = ledger.appender.stopped
        if stopped is not None:
            return _red("ledger", stopped)
        size, _ = ledger.appender.published
        return Item("ledger", "green", f"{size} entries; stored tree, head, checkpoint and anchor agree")
    finally:
        ledger.close()
