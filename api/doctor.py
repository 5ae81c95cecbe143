"""`holdpoint doctor`: what is wrong, in green, amber and red; each amber and red with its remedy."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from api.wiring import open_ledger, read_config
from ledger.errors import LedgerError

FLOOR = 512 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Item:
    """One thing looked at."""

    name: str
    colour: Literal["green", "amber", "red"]
    detail: str
    remedy: str = ""


def examine(folder: Path) -> list[Item]:
    """Look at the ledger in `folder`, opening it."""
    items: list[Item] = []
    try:
        config = read_config(folder)
    except LedgerError as err:
        return [Item("configuration", "red", str(err), "holdpoint init, or holdpoint dev")]
    items.append(Item("configuration", "green", f"origin {config.origin}"))
    items.append(_keys(folder / "keys"))
    free = shutil.disk_usage(folder).free
    colour: Literal["green", "red"] = "green" if free > FLOOR else "red"
    items.append(Item("disk", colour, f"{free // 2**20} MiB free", "" if colour == "green" else "free space"))
    if config.development:
        items.append(
            Item("development", "amber", "all keys lie in this folder", "found a production ledger for real use")
        )
    elif (folder / "keys" / "root-1.pem").exists():
        items.append(
            Item("root keys", "amber", "root keys lie on this machine", "move them offline, on three principals")
        )
    try:
        ledger = open_ledger(folder)
    except LedgerError as err:
        items.append(Item("ledger", "red", str(err), f"docs/how-to/{err.code}.md"))
        return items
    try:
        size, _ = ledger.appender.published
        items.append(Item("ledger", "green", f"{size} entries; stored tree, head and anchor agree"))
        ((checksums,),) = ledger.desk.settings("data_checksums")
        ok = checksums == "on"
        remedy = "" if ok else "make the cluster with data checksums"
        items.append(Item("data checksums", "green" if ok else "amber", str(checksums), remedy))
    finally:
        ledger.close()
    return items


def _keys(folder: Path) -> Item:
    loose = [p.name for p in folder.glob("*.pem") if p.stat().st_mode & 0o077]
    if loose:
        return Item(
            "keys", "red", f"readable by others: {', '.join(loose)}", "chmod 600 them, and think of them as lost"
        )
    return Item("keys", "green", f"{len(list(folder.glob('*.pem')))} key files, each for its owner only")
