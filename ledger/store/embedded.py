"""An embedded PostgreSQL under our own launcher (interface.md §1): one folder, one lock, a private socket, no TCP.

Survives `kill -9` of any process: an orphan of an earlier run is stopped first, a stale pid file is removed, recovery is
waited for as long as it takes. Started by root, the server runs inside a user namespace where it is not root and its files
stay root's; where that is not to be had, under an unprivileged account. `how` says which.

Trust: whoever has this OS account *is* the database administrator. The tree, the anchor and pins are what protects then.
"""

import fcntl
import hashlib
import os
import pwd
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg

from ledger.errors import Fault
from ledger.store.binaries import find_binaries
from ledger.store.migrate import apply_roles

DATABASE = "holdpoint"
NAMESPACE = ("unshare", "--user", "--map-user=65534", "--map-group=65534")
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


def _processes(data: Path) -> list[int]:
    """Postmasters that were started on this data folder, whoever started them."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if Path(os.fsdecode(words[0])).name == "postgres" and os.fsencode(data) in words:
            found.append(int(entry.name))
    return found


class EmbeddedPostgres:
    """A PostgreSQL server whose data lie in `folder`/data. Raises `Fault` with the codes of `docs/how-to`."""

    def __init__(
        self,
        folder: Path,
        *,
        bin_dir: Path | None = None,
        pg_user: str | None = None,
        say: Callable[[str], None] = lambda _text: None,
    ) -> None:
        self.folder = folder.resolve()
        self.data = self.folder / "data"
        self._say = say
        self._bin, self.version = find_binaries(bin_dir)
        self._pg_user = pg_user
        self._prefix: tuple[str, ...] = ()
        self._account: str | None = None
        self._lock: int | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._reviving = threading.Lock()
        self.how = ""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, _t: type[BaseException] | None, _v: BaseException | None, _tb: TracebackType | None) -> None:
        self.stop()

    @property
    def socket(self) -> Path:
        """The folder of the socket: beside the data, or in a short private folder where that path is too long."""
        near = self.folder / "socket"
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
            remedy = "bring the folder back from a backup, or holdpoint restore --from EXPORT: docs/how-to/diverged.md"
            raise Fault("data-missing", "failed", detail, remedy)
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._take_lock()
        try:
            self._choose_identity()
            self._stop_orphans()
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
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _take_lock(self) -> None:
        self._lock = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._lock)
            self._lock = None
            remedy = "stop that one, or talk to it: --server URL"
            raise Fault("folder-in-use", "failed", f"another process has {self.folder} open", remedy) from None

    def _choose_identity(self) -> None:
        if os.getuid() != 0:
            self.how = f"PostgreSQL {self.version} as this user"
            return
        if self._pg_user is None and shutil.which("unshare") is not None:
            probe = subprocess.run([*NAMESPACE, "id", "-u"], capture_output=True, text=True, check=False)
            if probe.stdout.strip() == "65534":
                self._prefix = NAMESPACE
                self.how = f"PostgreSQL {self.version} in a user namespace: not root there, its files stay root's here"
                return
        for name in (self._pg_user, "postgres", "nobody"):
            if name is None:
                continue
            try:
                pwd.getpwnam(name)
            except KeyError:
                continue
            self._account = name
            self.how = f"PostgreSQL {self.version} under the account {name}, which owns its data folder"
            self._check_reachable(name)
            return
        raise Fault("no-account", "failed", "PostgreSQL refuses to run as root", "name an account: --pg-user")

    def _check_reachable(self, account: str) -> None:
        """We never open parent folders for another account: what it can't pass, it can't use."""
        for path in (self.folder, self._bin):
            for parent in (path, *path.parents):
                if parent != self.folder and not parent.stat().st_mode & 0o001:
                    detail = f"account {account} cannot pass {parent}"
                    raise Fault("account-cannot-reach", "failed", detail, "put the ledger where that account can reach")
        entry = pwd.getpwnam(account)
        self.folder.chmod(0o755)
        if self.data.exists():
            os.chown(self.data, entry.pw_uid, entry.pw_gid)

    def _stop_orphans(self) -> None:
        """A server of an earlier run whose parent was killed; we hold the folder's lock, so it is nobody else's."""
        deadline = time.monotonic() + RETRY_SECONDS
        while pids := _processes(self.data):
            late = time.monotonic() > deadline
            for pid in pids:
                self._say(f"stopping a server left over from an earlier run (pid {pid})")
                os.kill(pid, signal.SIGQUIT if late else signal.SIGINT)
            time.sleep(0.2)
        (self.data / "postmaster.pid").unlink(missing_ok=True)

    def _make_socket_folder(self) -> None:
        self.socket.mkdir(mode=0o700, exist_ok=True)
        status = self.socket.lstat()
        if status.st_uid not in {os.getuid(), self._uid()} or status.st_mode & 0o077:
            raise Fault("socket-folder-open", "failed", f"{self.socket} is not ours alone", "remove it and start again")
        if self._account is not None:
            os.chown(self.socket, self._uid(), -1)
        for stale in self.socket.glob(".s.PGSQL.*"):
            stale.unlink(missing_ok=True)

    def _uid(self) -> int:
        return os.getuid() if self._account is None else pwd.getpwnam(self._account).pw_uid

    def _run_as(self) -> dict[str, str]:
        return {} if self._account is None else {"user": self._account}

    def _initdb(self) -> None:
        self._say("making a PostgreSQL cluster")
        fresh = self.folder / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        if self._account is not None:
            os.chown(fresh, self._uid(), -1)
        words = ["-D", str(fresh), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--data-checksums"]
        done = subprocess.run(
            [*self._prefix, str(self._bin / "initdb"), *words], capture_output=True, text=True, check=False, cwd="/",
            **self._run_as(),  # type: ignore[call-overload]  # user= is a plain keyword of Popen
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
        made_by = (self.data / "PG_VERSION").read_text().strip()
        if made_by != str(self.version):
            detail = f"the data folder is of PostgreSQL {made_by}, the programs are {self.version}"
            raise Fault("postgres-version", "failed", detail, "set HOLDPOINT_PG_BIN to the programs of that version")

    def _launch(self) -> None:
        options = [w for k, v in SETTINGS.items() for w in ("-c", f"{k}={v}")]
        words = [*self._prefix, str(self._bin / "postgres"), "-D", str(self.data), "-k", str(self.socket), *options]
        deadline = time.monotonic() + RETRY_SECONDS
        while True:
            with (self.folder / "server.log").open("ab") as log:
                start = log.tell()
                self._process = subprocess.Popen(
                    words, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True, cwd="/",
                    **self._run_as(),  # type: ignore[call-overload]  # as above
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
