"""An embedded PostgreSQL under our own launcher (interface.md §1): one folder, one lock, a private socket, no TCP.

Survives `kill -9` of any process: an orphan of an earlier run is stopped first, a stale pid file is removed, recovery is
waited for as long as it takes. As whom it runs when root starts it is decided in `ledger.store.identity`; `how` says it.

Trust: whoever has this OS account *is* the database administrator. The tree, the anchor and pins are what protects then.
"""

import fcntl
import hashlib
import os
import shutil
import signal
import stat
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg

from ledger.errors import Fault
from ledger.store.binaries import find_binaries
from ledger.store.identity import SHELTER, Identity, choose_identity, give, make_public, reachable_programs
from ledger.store.migrate import apply_roles

DATABASE = "holdpoint"
ELSEWHERE = "elsewhere"
"""A file that says where the data lie, when not beside it."""
SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "max_connections": "60",
    "shared_buffers": "64MB",
    "max_wal_size": "1GB",
    "wal_compression": "on",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "logging_collector": "off",
}
SOCKET_LIMIT = 90
STOP_SECONDS = 30
RETRY_SECONDS = 60


def _processes(data: Path) -> dict[int, bool]:
    """Servers' processes that work in this data folder, whoever started them and by whatever path: pid → is the postmaster.

    By their working folder, not by their command line: that survives the folder's being moved.
    """
    found: dict[int, bool] = {}
    try:
        here = data.stat()
    except OSError:
        return found
    for entry in Path("/proc").glob("[0-9]*"):
        if not entry.name.isdigit():
            continue
        try:
            there = (entry / "cwd").stat()
            words = (entry / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        name = Path(os.fsdecode(words[0])).name  # "postgres", and its children "postgres: checkpointer"
        if (there.st_dev, there.st_ino) == (here.st_dev, here.st_ino) and name.startswith("postgres"):
            found[int(entry.name)] = name == "postgres"
    return found


class EmbeddedPostgres:
    """A PostgreSQL server whose data lie in `folder`/data. Raises `Fault` with the codes of `docs/how-to`."""

    def __init__(
        self,
        folder: Path,
        *,
        bin_dir: Path | None = None,
        pg_user: str | None = None,
        shelter: Path = SHELTER,
        say: Callable[[str], None] = lambda _text: None,
    ) -> None:
        self.folder = folder.resolve()
        self._say, self._pg_user, self._shelter = say, pg_user, shelter
        self.base = self._base()
        self._bin, self.version = find_binaries(bin_dir, self._made_by())
        self._identity = Identity("not started")
        self._locks: list[int] = []
        self._process: subprocess.Popen[bytes] | None = None
        self._reviving = threading.Lock()
        self.how = ""

    def _base(self) -> Path:
        """The folder of data and socket: ours, or where an unprivileged account could reach it."""
        try:
            return Path((self.folder / ELSEWHERE).read_text().strip())
        except OSError:
            return self.folder

    @property
    def data(self) -> Path:
        """PostgreSQL's data folder."""
        return self.base / "data"

    def _made_by(self) -> int | None:
        """The major version that the cluster was made by, if there is one."""
        try:
            return int((self.data / "PG_VERSION").read_text().strip())
        except (OSError, ValueError):
            return None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, _t: type[BaseException] | None, _v: BaseException | None, _tb: TracebackType | None) -> None:
        self.stop()

    @property
    def socket(self) -> Path:
        """The folder of the socket: beside the data, or in a short private folder where that path is too long."""
        near = self.base / "socket"
        if len(os.fsencode(near)) <= SOCKET_LIMIT:
            return near
        tag = hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:16]
        return Path("/tmp") / f"holdpoint-{os.getuid()}-{tag}"  # noqa: S108  # made 0700 and its owner checked below

    def url(self, role: str = "postgres", database: str = DATABASE) -> str:
        """A conninfo for `role` over the private socket."""
        return f"host={self.socket} port=5432 dbname={database} user={role}"

    def start(self, *, create: bool = True) -> None:
        """Start, or wait for recovery, until the server answers. Without `create`, never make an empty cluster."""
        if not create and not (self.data / "PG_VERSION").exists():
            detail = f"no PostgreSQL cluster in {self.data}"
            remedy = "bring the folder back from a backup, or holdpoint restore --from EXPORT: docs/how-to/refusals/diverged.md"
            raise Fault("data-missing", "failed", detail, remedy)
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._take_lock(self.folder)
        try:
            self._settle()
            if self.base != self.folder:
                self._take_lock(self.base)  # a copy of our folder points at the same data
            self._stop_orphans()
            self._own()
            self._make_socket_folder()
            if not (self.data / "PG_VERSION").exists():
                self._initdb()
            self._check_version()
            self._launch()
            self._ensure_database()
        except BaseException:
            self.stop()
            raise

    def revive(self) -> None:
        """Start the server again if it has died; otherwise do nothing."""
        with self._reviving:
            if self._process is None or self._process.poll() is None:
                return
            self._say("PostgreSQL has died; starting it again")
            self._stop_orphans()
            self._launch()

    def stop(self) -> None:
        """Stop cleanly (fast mode), then give the folder back."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.send_signal(signal.SIGQUIT)
                self._process.wait(STOP_SECONDS)
        self._process = None
        while self._locks:
            os.close(self._locks.pop())

    def _take_lock(self, folder: Path) -> None:
        """The lock lies in the folder itself, so that another path to it meets the same one."""
        lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(lock)
            remedy = "stop that one, or talk to it: --server URL"
            raise Fault("folder-in-use", "failed", f"another process has {folder} open", remedy) from None
        self._locks.append(lock)

    def _settle(self) -> None:
        """Decide as whom to run, and see to it that this one reaches programs and data, and owns them."""
        identity = self._identity = choose_identity(self._pg_user)
        self.how = f"PostgreSQL {self.version} {identity.how}"
        if identity.uid is not None:
            self._bin = reachable_programs(identity, self._bin, self._shelter)
            if self.base == self.folder and not identity.can_pass(self.folder.parent):
                self._move_out()
            else:
                self.base.chmod(0o755)
        if self.base != self.folder:
            self.how += f"; data in {self.base}"

    def _own(self) -> None:
        """The files belong to whom the server runs as; only root can see to that."""
        if os.getuid() == 0 and self.data.exists() and self.data.stat().st_uid != self._identity.owner:
            self._say(f"giving {self.data} to the account that runs the server")
            give(self.data, self._identity.owner)

    def _move_out(self) -> None:
        """The account can't come here, and we open no folder for it: the data go where it can, and a file here says so."""
        if self.data.exists():
            detail = f"the account can't pass {self.folder.parent}, and a cluster lies in {self.data} already"
            raise Fault("account-cannot-reach", "failed", detail, "allow user namespaces, or put the ledger elsewhere")
        tag = hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:16]
        self.base = make_public(self._shelter / tag)
        if self.data.exists():
            detail = f"a cluster lies in {self.data}, and nothing in {self.folder} says that it is ours"
            raise Fault("account-cannot-reach", "failed", detail, "move it away, or bring the file 'elsewhere' back")
        fresh = self.folder / f"{ELSEWHERE}.new"
        fresh.write_text(f"{self.base}\n")
        fresh.rename(self.folder / ELSEWHERE)
        self._say(f"the account can't pass {self.folder.parent}: the database's files go to {self.base}")

    def _stop_orphans(self) -> None:
        """A server of an earlier run whose parent was killed; we hold the folder's lock, so it is nobody else's."""
        deadline, told = time.monotonic() + RETRY_SECONDS, set[int]()
        while found := _processes(self.data):
            late = time.monotonic() > deadline
            for pid in (p for p, postmaster in found.items() if late or (postmaster and p not in told)):
                told.add(pid)
                self._say(f"stopping a server left over from an earlier run (pid {pid})")
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGQUIT if late else signal.SIGINT)
            time.sleep(0.05)  # children of a killed postmaster notice that by themselves
        if Path("/proc").is_dir():  # else we can't know that nobody is left: PostgreSQL decides
            (self.data / "postmaster.pid").unlink(missing_ok=True)

    def _make_socket_folder(self) -> None:
        self.socket.mkdir(mode=0o700, exist_ok=True)
        status = self.socket.lstat()
        ours = status.st_uid in {os.getuid(), self._identity.owner} or os.getuid() == 0
        if not stat.S_ISDIR(status.st_mode) or not ours or status.st_mode & 0o077:
            raise Fault("socket-folder-open", "failed", f"{self.socket} is not ours alone", "remove it and start again")
        if os.getuid() == 0:
            os.lchown(self.socket, self._identity.owner, -1)
        for stale in self.socket.glob(".s.PGSQL.*"):
            stale.unlink(missing_ok=True)

    def _initdb(self) -> None:
        self._say("making a PostgreSQL cluster")
        fresh = self.base / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        if self._identity.uid is not None:
            os.chown(fresh, self._identity.uid, -1)
        words = ["-D", str(fresh), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--data-checksums"]
        done = subprocess.run(
            [*self._identity.prefix, str(self._bin / "initdb"), *words], capture_output=True, text=True, check=False, cwd="/",
            **self._identity.running(),
        )  # fmt: skip
        if done.returncode != 0:
            raise Fault(
                "initdb-failed", "failed", done.stderr.strip()[-400:], "see the text; free space, or name an account"
            )
        (fresh / "pg_hba.conf").write_text(
            "# Only the private socket; whoever reaches it is its owner.\nlocal all all trust\n"
        )
        fresh.rename(self.data)  # a crash before this leaves only data.new, which the next start removes

    def _check_version(self) -> None:
        if self._made_by() != self.version:
            detail = f"the data folder is of PostgreSQL {self._made_by()}, the programs are {self.version}"
            remedy = "set HOLDPOINT_PG_BIN to the programs of that version"
            raise Fault("postgres-version", "failed", detail, remedy)

    def _launch(self) -> None:
        options = [w for k, v in SETTINGS.items() for w in ("-c", f"{k}={v}")]
        words = [
            *self._identity.prefix,
            str(self._bin / "postgres"),
            "-D",
            str(self.data),
            "-k",
            str(self.socket),
            *options,
        ]
        deadline = time.monotonic() + RETRY_SECONDS
        while True:
            with (self.folder / "server.log").open("ab") as log:
                start = log.tell()
                self._process = subprocess.Popen(
                    words, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True, cwd="/",
                    **self._identity.running(),
                )  # fmt: skip
            if self._wait():
                return
            with (self.folder / "server.log").open("rb") as log:
                log.seek(start)
                text = log.read().decode(errors="replace")
            # After kill -9 of the postmaster its children need a moment to notice; until then their memory is in use.
            if "shared memory block" not in text or time.monotonic() > deadline:
                raise Fault("postgres-failed", "failed", text.strip()[-400:], f"see {self.folder / 'server.log'}")
            time.sleep(0.1)

    def _wait(self) -> bool:
        """Until the server answers (True) or has ended (False). Recovery takes what it takes: no fixed limit."""
        began = said = time.monotonic()
        while self._process is not None and self._process.poll() is None:
            try:
                psycopg.connect(self.url("postgres", "postgres"), connect_timeout=2).close()
            except psycopg.OperationalError:
                if time.monotonic() - said > 5:
                    said = time.monotonic()
                    self._say(f"waiting for PostgreSQL to recover ({said - began:.0f} s)")
                time.sleep(0.02)
            else:
                return True
        return False

    def _ensure_database(self) -> None:
        with psycopg.connect(self.url("postgres", "postgres"), autocommit=True) as conn:
            if conn.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,)).fetchone() is None:
                conn.execute(f"CREATE DATABASE {DATABASE} TEMPLATE template0 ENCODING 'UTF8'")
        apply_roles(self.url("postgres"))
