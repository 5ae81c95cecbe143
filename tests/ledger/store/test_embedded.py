"""The embedded server: private, alone on its folder, back after any kill; as root without being root, or as an ordinary user."""

import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from ledger.errors import Fault
from ledger.store.binaries import find_binaries, system_binaries, wheel_binaries
from ledger.store.embedded import EmbeddedPostgres, _processes

ROOT = Path(__file__).resolve().parents[3]
MAKE = "CREATE TABLE IF NOT EXISTS kept (n int); INSERT INTO kept VALUES (1)"
ORPHAN = """
import sys, time
from pathlib import Path
from ledger.store.embedded import EmbeddedPostgres
server = EmbeddedPostgres(Path(sys.argv[1]))
server.start()
print(server._process.pid, flush=True)
time.sleep(600)
"""
as_root = pytest.mark.skipif(os.getuid() != 0, reason="only root needs another identity for PostgreSQL")


def count(server: EmbeddedPostgres, add: bool = True) -> int:
    with psycopg.connect(server.url(), autocommit=True) as conn:
        if add:
            conn.execute(MAKE)
        row = conn.execute("SELECT count(*) FROM kept").fetchone()
    assert row is not None
    return row[0]


def postmaster(server: EmbeddedPostgres) -> int:
    (pid,) = [p for p, is_postmaster in _processes(server.data).items() if is_postmaster]
    return pid


@pytest.fixture(scope="module")
def ground() -> Iterator[Path]:
    """A folder that every account can pass."""
    folder = Path(tempfile.mkdtemp(prefix="holdpoint-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cluster, stopped."""
    folder = tmp_path_factory.mktemp("made") / "pg"
    with EmbeddedPostgres(folder) as server:
        assert count(server) == 1
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    return shutil.copytree(made, tmp_path / "pg", ignore=shutil.ignore_patterns("socket", "lock"))


def test_it_is_private_and_its_settings_are_explicit(folder: Path) -> None:
    with EmbeddedPostgres(folder) as server, psycopg.connect(server.url()) as conn:
        mode = server.socket.stat().st_mode
        assert stat.S_IMODE(mode) == 0o700
        wanted = {"listen_addresses": "", "fsync": "on", "full_page_writes": "on", "synchronous_commit": "on",
                  "data_checksums": "on", "unix_socket_permissions": "0700", "TimeZone": "UTC"}  # fmt: skip
        for name, value in wanted.items():
            assert conn.execute("SELECT current_setting(%s)", (name,)).fetchone() == (value,), name
        assert str(server.version) in server.how


def test_a_second_start_is_refused_whatever_the_path(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "alias").symlink_to(folder)
    with EmbeddedPostgres(folder) as server:
        for path in (folder, tmp_path / "alias", folder / "data" / ".."):
            with pytest.raises(Fault) as caught:
                EmbeddedPostgres(path).start()
            assert caught.value.code == "folder-in-use"
        assert count(server) == 2, "and the first one was not disturbed"


def test_nothing_is_made_unless_asked(tmp_path: Path) -> None:
    with pytest.raises(Fault) as caught:
        EmbeddedPostgres(tmp_path / "none").start(create=False)
    assert caught.value.code == "data-missing"
    assert not (tmp_path / "none").exists()


def test_a_killed_server_is_started_again_and_recovers(folder: Path) -> None:
    with EmbeddedPostgres(folder) as server:
        assert count(server) == 2
        os.kill(postmaster(server), signal.SIGKILL)
        deadline = time.monotonic() + 20
        while server._process is not None and server._process.poll() is None:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        server.revive()
        assert count(server) == 3
        with psycopg.connect(server.url(), autocommit=True) as conn:
            os.kill(conn.info.backend_pid if server._identity.prefix == () else _inside(server, conn), signal.SIGKILL)
            with pytest.raises(psycopg.OperationalError):
                conn.execute("SELECT 1")
        server.revive()
        while True:
            try:
                assert count(server) == 4
                break
            except psycopg.OperationalError:
                assert time.monotonic() < deadline + 20
                time.sleep(0.05)


def _inside(server: EmbeddedPostgres, conn: "psycopg.Connection[object]") -> int:
    """A user namespace shares our process ids."""
    assert conn.info.backend_pid in _processes(server.data)
    return conn.info.backend_pid


@pytest.mark.parametrize("pid", [1, 999_999_999, os.getpid()], ids=["init", "nobody", "ourselves"])
def test_a_stale_pid_file_is_no_obstacle(folder: Path, pid: int) -> None:
    (folder / "data" / "postmaster.pid").write_text(f"{pid}\n{folder}/data\n1700000000\n5432\n\n\n0 0\nready\n")
    with EmbeddedPostgres(folder) as server:
        assert count(server) == 2


@pytest.mark.parametrize("moved", [False, True], ids=["in place", "moved"])
def test_an_orphan_is_stopped_first(folder: Path, tmp_path: Path, moved: bool) -> None:
    """The process that started it was killed; also when the folder has got another name since."""
    owner = subprocess.Popen([sys.executable, "-c", ORPHAN, folder], stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert owner.stdout is not None
    pid = int(owner.stdout.readline())
    owner.kill()
    owner.wait()
    owner.stdout.close()
    if moved:
        folder = folder.rename(tmp_path / "elsewhere")
    said: list[str] = []
    with EmbeddedPostgres(folder, say=said.append) as server:
        assert postmaster(server) != pid
        assert count(server) == 2
    assert any(str(pid) in text for text in said)


def test_programs_are_those_that_made_the_cluster(folder: Path, made: Path) -> None:
    """A newer PostgreSQL on the system must not lock a ledger out."""
    versions = {v for b in (system_binaries(), wheel_binaries()) if b is not None for v in (find_binaries(b)[1],)}
    for version in versions:
        assert find_binaries(None, version)[1] == version
    assert find_binaries(None, 9)[1] == find_binaries(None)[1]
    if system_binaries() is not None:
        assert find_binaries(None)[0] == system_binaries(), "the system's before the wheel's"


def test_programs_that_are_not_there_or_of_another_version(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(Fault) as caught:
        EmbeddedPostgres(folder, bin_dir=tmp_path)
    assert caught.value.code == "postgres-too-old"
    (folder / "data" / "PG_VERSION").write_text("14\n")
    with pytest.raises(Fault) as caught:
        EmbeddedPostgres(folder).start()
    assert (caught.value.code, "14" in caught.value.detail) == ("postgres-version", True)


def without_namespaces(monkeypatch: pytest.MonkeyPatch, to: Path) -> Path:
    """`unshare` is not to be found; the programs are named, since `pg_config` isn't either."""
    programs, _ = find_binaries(None)
    to.mkdir(exist_ok=True)
    monkeypatch.setenv("PATH", str(to))
    return programs


@as_root
def test_root_runs_it_in_a_user_namespace_where_there_is_one(folder: Path) -> None:
    with EmbeddedPostgres(folder) as server:
        if server._identity.uid is not None:
            pytest.skip("no user namespaces here: the account fallback was taken")
        assert "namespace" in server.how
        assert stat.S_IMODE(folder.parent.stat().st_mode) == 0o700, "below a 0700 folder, whose mode did not change"
        assert (server.data / "postmaster.pid").stat().st_uid == 0, "files stay root's"


@as_root
def test_root_without_namespaces_uses_an_account(ground: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    programs = without_namespaces(monkeypatch, tmp_path / "path")
    with EmbeddedPostgres(ground / "pg", bin_dir=programs, pg_user="nobody", shelter=ground / "shelter") as server:
        uid = pwd.getpwnam("nobody").pw_uid
        assert Path(f"/proc/{postmaster(server)}").stat().st_uid == uid
        assert server.data.stat().st_uid == uid
        assert "account nobody" in server.how
        groups = Path(f"/proc/{postmaster(server)}/status").read_text()
        assert "Groups:\t \n" in groups or "Groups:\t\n" in groups, "root's groups are not kept"
        assert count(server) == 1
    monkeypatch.undo()
    said: list[str] = []
    with EmbeddedPostgres(ground / "pg", bin_dir=programs, shelter=ground / "shelter", say=said.append) as server:
        assert count(server) == 2, "and back, when namespaces are to be had: the files are given back"
        assert server.data.stat().st_uid == server._identity.owner


@as_root
def test_an_account_that_cannot_pass(ground: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Data and programs below 0700: both go where the account can reach them; nothing above is opened."""
    programs = wheel_binaries()
    if programs is None:
        pytest.skip("the wheel with PostgreSQL's programs is not installed")
    without_namespaces(monkeypatch, tmp_path / "path")
    home = ground / "home"
    home.mkdir(mode=0o700)
    package = programs.parent.parent
    inner = shutil.copytree(programs.parent, home / package.name / programs.parent.name, symlinks=True) / "bin"
    shutil.copytree(package.with_name(f"{package.name}.libs"), home / f"{package.name}.libs")
    for turn in (1, 2):
        with EmbeddedPostgres(home / "pg", bin_dir=inner, pg_user="nobody", shelter=ground / "lib") as server:
            assert server.base.is_relative_to(ground / "lib")
            assert str(server.base) in server.how
            assert count(server) == turn
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert {p.name[:9] for p in (ground / "lib").iterdir()} >= {"programs-"}
    shutil.copytree(home / "pg", home / "copy")
    with EmbeddedPostgres(home / "pg", bin_dir=inner, pg_user="nobody", shelter=ground / "lib"):
        with pytest.raises(Fault) as caught:
            EmbeddedPostgres(home / "copy", bin_dir=inner, pg_user="nobody", shelter=ground / "lib").start()
        assert caught.value.code == "folder-in-use", "a copy that points at the same data"


def test_an_account_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(Fault) as caught:
        EmbeddedPostgres(tmp_path / "pg", pg_user="no-such-account").start()
    assert caught.value.code == "no-account"
    assert not (tmp_path / "pg" / "data").exists()


def as_user(uid: int, act: Callable[[], str]) -> str:
    """What `act` says when another user runs it, in a child of ours: that user need not reach this Python."""
    out, into = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(uid)
            os.setuid(uid)
            os.write(into, act().encode())
        except BaseException as err:
            os.write(into, repr(err).encode())
        finally:
            os._exit(0)
    os.close(into)
    os.waitpid(child, 0)
    with os.fdopen(out) as stream:
        return stream.read()


@as_root
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_an_ordinary_user_needs_nothing_special(ground: Path) -> None:
    home = ground / "user"
    home.mkdir(mode=0o700)
    os.chown(home, 65534, 65534)

    def act() -> str:
        with EmbeddedPostgres(home / "pg") as server:
            return f"{os.getuid()} {count(server)} {server.how}"

    for turn in ("1", "2"):
        said = as_user(65534, act)
        assert said.split()[:2] == ["65534", turn], said
        assert "as this user" in said
    assert {p.stat().st_uid for p in (home / "pg").rglob("*")} == {65534}
