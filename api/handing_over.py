"""Write files that a crash leaves whole, and trust files among them."""

import os
from pathlib import Path

from api.wiring import Ledger
from auditor.pin import Pin, format_pin, letter, parse_pin


def write_synced(path: Path, content: bytes, mode: int = 0o666) -> None:
    """Write a file so that a crash leaves the old one, the new one, or none. `mode` as for `os.open`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)  # left by a crash, perhaps with another mode
    file = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
    with os.fdopen(file, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    fresh.rename(path)


def write_pin(ledger: Ledger, path: Path) -> Pin:
    """Write the trust file, and a letter beside it."""
    _, note = ledger.appender.published
    raw = format_pin(ledger.origin, ledger.founding, ledger.appender.state.get("meta", "vkeys"), note)
    pin = parse_pin(raw)
    write_synced(path, raw)
    write_synced(path.with_name(path.name + ".letter.txt"), letter(pin).encode())
    return pin
