"""The ledger's database, reachable under each of its roles: the embedded server below the ledger's folder, or a server by URL.

Nothing here makes an empty database where there was one: only founding and restoring may create (faults.md F13, threats.md T40).
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from api.settings import settings
from ledger.errors import Fault
from ledger.store.embedded import EmbeddedPostgres
from ledger.store.migrate import migrate
from projections.store.migrate import migrate_views


def _silent(_text: str) -> None:
    return


@dataclass(slots=True)
class Database:
    """An open way to the database. `how` says what it is; `server` is the embedded one, if it is embedded."""

    how: str
    conninfo: str | None
    server: EmbeddedPostgres | None = None

    def url(self, role: str) -> str:
        """A conninfo for `role`; a conninfo that names a user itself keeps it. No password: that is for a passfile."""
        if self.server is not None:
            return self.server.url(role)
        known = conninfo_to_dict(self.conninfo or "")
        return make_conninfo(self.conninfo or "", **({} if known.get("user") else {"user": role}))

    def migrate(self) -> list[str]:
        """Apply the migrations that are missing, the views' after the ledger's. Returns their names."""
        url = self.url("holdpoint_migrator")
        return [*migrate(url), *migrate_views(url)]

    @property
    def revive(self) -> Callable[[], None] | None:
        """Starts an embedded server again that has died."""
        return None if self.server is None else self.server.revive

    def close(self) -> None:
        """Stop the embedded server."""
        if self.server is not None:
            self.server.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _t: type[BaseException] | None, _v: BaseException | None, _tb: TracebackType | None) -> None:
        self.close()


def open_database(
    folder: Path, conninfo: str | None, *, create: bool = False, say: Callable[[str], None] = _silent
) -> Database:
    """Start or name the database of the ledger in `folder`. Raises `Fault`: `data-missing`, and those of the launcher.

    `HOLDPOINT_PG_BIN` names the folder of PostgreSQL's programs, `HOLDPOINT_PG_USER` the account to run them under as root.
    """
    if conninfo is not None:
        try:
            conninfo_to_dict(conninfo)
        except ProgrammingError as err:
            raise Fault("config-malformed", "failed", f"database: {err}", "write a conninfo or a URL") from err
        return Database("a server named by its conninfo", conninfo)
    server = EmbeddedPostgres(folder / "pg", bin_dir=settings().pg_bin, pg_user=settings().pg_user, say=say)
    server.start(create=create)
    return Database(server.how, None, server)
