"""The database by URL: each use under its own role, on a real server with the roles of `roles.sql`; and conninfos that are none."""

from pathlib import Path

import psycopg
import pytest

from api.config import read_config
from api.database import Database, open_database
from api.founding import admit_members, found
from api.fsck import fsck
from api.session import Session
from api.wiring import opened
from ledger.errors import Fault
from ledger.events import model
from ledger.store.embedded import EmbeddedPostgres
from tests.conftest import FOUNDED, fresh_database


@pytest.fixture
def folder(embedded: EmbeddedPostgres, tmp_path: Path) -> Path:
    """Roles by an administrator, `migrate`, then `init --database`: as on a server of one's own."""
    made = fresh_database(embedded, migrated=False)
    conninfo = f"host={embedded.socket} port=5432 dbname={made.name}"
    with open_database(tmp_path, conninfo) as database:
        names = database.migrate()
    assert names
    ledger = found(tmp_path / "ledger", "dev/server", database=conninfo)
    admit_members(ledger)
    folder = ledger.folder
    ledger.close()
    return folder


def test_a_ledger_on_a_server_lives_under_its_roles(folder: Path) -> None:
    assert not (folder / "pg").exists(), "no embedded database beside a URL"
    with opened(folder) as ledger:
        desks = (ledger.appender._recorder.desk, ledger.desk)
        roles = [desk.query("SELECT current_user::text")[0][0] for desk in desks]
        assert roles == ["holdpoint_appender", "holdpoint_reader"]
        session = Session(ledger)
        said = {"kind": "base", "subject": {"name": "Fictional", "weights": "sha256:" + "0" * 64}}
        written = session.write(model.Registered, said, "model/s", session.signers("assessor"))
        assert session.post(written).index == FOUNDED
    assert fsck(folder) == []
    with opened(folder) as ledger:
        assert ledger.appender.size == FOUNDED + 1


def test_a_second_ledger_is_not_founded_on_the_same_database(folder: Path, tmp_path: Path) -> None:
    """Entry 0 stands there already: whoever comes second is told, and nothing is changed."""
    with pytest.raises(Fault) as caught:
        found(tmp_path / "other", "dev/server", database=read_config(folder).database)
    assert caught.value.code == "already-founded"
    with opened(folder) as ledger:
        assert ledger.appender.size == FOUNDED


def test_a_user_in_the_conninfo_is_kept() -> None:
    for conninfo in ("host=/run dbname=l user=svc", "postgresql://svc@/l?host=/run"):
        assert psycopg.conninfo.conninfo_to_dict(Database("", conninfo).url("holdpoint_reader"))["user"] == "svc"
    for conninfo in ("host=/run dbname=l", "postgresql:///l?host=/run"):
        found_ = psycopg.conninfo.conninfo_to_dict(Database("", conninfo).url("holdpoint_reader"))
        assert (found_["user"], found_["dbname"], found_["host"]) == ("holdpoint_reader", "l", "/run")


@pytest.mark.parametrize("conninfo", ["not a conninfo", "postgresql://[", "host"])
def test_what_is_no_conninfo_is_said(tmp_path: Path, conninfo: str) -> None:
    with pytest.raises(Fault) as caught:
        open_database(tmp_path, conninfo)
    assert caught.value.code == "config-malformed"
    assert not list(tmp_path.iterdir())
