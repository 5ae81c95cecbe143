"""As whom PostgreSQL runs when root starts it, since it refuses to run as root (interface.md §1).

First a user namespace: not root inside, its files stay root's, no mode of any folder changes. Where that is not to be had, an
unprivileged account that exists already: the one that was named, else `postgres`, else `nobody`. Accounts are never added, and
folders above ours are never opened: what the account can't reach is put where it can, in a folder that root makes, and said.
"""

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from ledger.errors import Fault

NAMESPACE = ("unshare", "--user", "--map-user=65534", "--map-group=65534")
SHELTER = Path("/var/lib/holdpoint")
"""Where data and programs go that the account can't reach where they are."""


@dataclass(frozen=True, slots=True)
class Identity:
    """`prefix` stands before each program; `uid` and `gid` of the account, where it is one."""

    how: str
    prefix: tuple[str, ...] = ()
    uid: int | None = None
    gid: int | None = None

    @property
    def owner(self) -> int:
        """Who owns the files, seen from here."""
        return os.getuid() if self.uid is None else self.uid

    def running(self) -> dict[str, Any]:
        """Keywords of `subprocess` that make a program run so; root's groups are not kept."""
        return {} if self.uid is None else {"user": self.uid, "group": self.gid, "extra_groups": []}

    def can_pass(self, folder: Path) -> bool:
        """Whether the server can enter `folder`: tried, not computed from modes."""
        if self.uid is None:
            return True
        words = ["/bin/sh", "-c", 'cd "$1"', "sh", str(folder)]
        return subprocess.run(words, capture_output=True, check=False, cwd="/", **self.running()).returncode == 0


def choose_identity(pg_user: str | None) -> Identity:
    """How to run here. Raises `Fault` `no-account`."""
    if os.getuid() != 0:
        if pg_user is not None and _account(pg_user).pw_uid != os.getuid():
            raise Fault("no-account", "failed", f"only root can run PostgreSQL as {pg_user}", "leave the account out")
        return Identity("as this user")
    if pg_user is None and _has_namespaces():
        return Identity("in a user namespace: not root there, its files stay root's here", NAMESPACE)
    for name in ("postgres", "nobody") if pg_user is None else (pg_user,):
        try:
            entry = _account(name)
        except Fault:
            continue
        if entry.pw_uid != 0:
            return Identity(f"under the account {name}, which owns its data", (), entry.pw_uid, entry.pw_gid)
    detail = f"there is no account {pg_user or 'postgres or nobody'} that is not root's"
    raise Fault("no-account", "failed", detail, "allow user namespaces, or name an account: HOLDPOINT_PG_USER")


def _account(name: str) -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        raise Fault("no-account", "failed", f"there is no account {name}", "name one that exists") from None


def _has_namespaces() -> bool:
    if shutil.which(NAMESPACE[0]) is None:
        return False
    probe = subprocess.run([*NAMESPACE, "id", "-u"], capture_output=True, text=True, check=False, cwd="/")
    return probe.stdout.strip() == "65534"


def make_public(folder: Path) -> Path:
    """A folder that everyone can pass and only root can write; those above it that are missing too."""
    for part in (*reversed(folder.parents), folder):
        if not part.exists():
            part.mkdir(mode=0o755)
            part.chmod(0o755)  # whatever the umask
    return folder


def reachable_programs(identity: Identity, programs: Path, shelter: Path) -> Path:
    """The programs' folder, or a copy of their whole installation that the account can reach.

    Raises `Fault` `account-cannot-reach` where they are spread over the system.
    """
    if identity.can_pass(programs):
        return programs
    home = programs.parent
    if not (home / "share").is_dir():
        detail = f"the account can't pass {programs}, and these programs can't be moved"
        raise Fault("account-cannot-reach", "failed", detail, "name others: HOLDPOINT_PG_BIN")
    place = make_public(shelter) / f"programs-{sha256(os.fsencode(home)).hexdigest()[:16]}"
    if not place.exists():
        fresh = place.with_name(f"{place.name}.new")
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.copytree(home, fresh / home.parent.name / home.name, symlinks=True)
        libraries = home.parent.with_name(f"{home.parent.name}.libs")  # a wheel's, found beside the package
        if libraries.is_dir():
            shutil.copytree(libraries, fresh / libraries.name, symlinks=True)
        for folder in (fresh, fresh / home.parent.name):
            folder.chmod(0o755)
        fresh.rename(place)
    return place / home.parent.name / home.name / programs.name


def give(tree: Path, uid: int) -> None:
    """Make `uid` own a tree; no link in it is followed."""
    os.lchown(tree, uid, -1)
    for folder, folders, names in os.walk(tree):
        for name in (*folders, *names):
            os.lchown(Path(folder) / name, uid, -1)
