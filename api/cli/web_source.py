"""Where `verify URL` gets its bytes: a C2SP tile host, or the `/log/` of `holdpoint serve`. The auditor's room opens no socket.

Everything that comes is hostile until it verifies: answers are capped by what the path can hold, no redirect is followed, and
a host that does not answer is exit 6, never a verdict. Bundles are read once and in order, so nothing is kept.
"""

from urllib.parse import urlsplit

from api.transport import HttpTransport
from disclosures.claims import MAX_CLAIMS
from ledger.entry import MAX_ENTRY
from ledger.errors import Fault
from ledger.tile import WIDTH

MAX_TILE = WIDTH * (MAX_ENTRY + 2)
SMALL = 1 << 20
SERVER = "/log/"
ABSENT = frozenset({400, 401, 403, 404, 405, 410, 421})


def is_url(text: str) -> bool:
    """Whether `verify` was given a URL, and not a folder."""
    return urlsplit(text).scheme in ("http", "https")


def cap_of(name: str) -> int:
    """The most that a file of an export may weigh."""
    if name.startswith("tile/"):
        return MAX_TILE
    return MAX_CLAIMS if name.startswith("claims.json") else SMALL


class WebSource:
    """A reader over HTTP. `base` may be the folder of the checkpoint, or a server's root."""

    def __init__(self, base: str, *, token: str | None = None, timeout: float = 30.0) -> None:
        self._transport = HttpTransport(base, token=token, timeout=timeout, max_answer=MAX_CLAIMS)
        self._prefix: str | None = None
        self._size = b""

    def read(self, name: str) -> bytes | None:
        """A file's bytes, or `None` where the host has none. Raises `Fault` for a host that fails or sends too much."""
        if self._prefix is None:
            for prefix in ("/", SERVER):
                found = self._get(prefix + name)
                if found is not None and _is_note(found):
                    self._prefix, self._size = prefix, found.split(b"\n")[1]
                    return found
            return None
        if self._prefix == SERVER and name.startswith("claims."):
            name = f"{name}?size={self._size.decode()}"  # the log goes on growing while it is verified
        return self._get(self._prefix + name)

    def _get(self, path: str) -> bytes | None:
        reply = self._transport.send("GET", path)
        if reply.status == 200:
            limit = cap_of(path.removeprefix(self._prefix or "/"))
            if len(reply.body) > limit:
                detail = f"{path}: more than {limit} bytes"
                raise Fault("answer-too-large", "failed", detail, "this host is not what it should be")
            return reply.body
        if reply.status in ABSENT:
            return None
        detail = f"{self._transport.base}{path} answers {reply.status}"
        raise Fault("server-unreachable", "unknown", detail, "wait, and verify again: nothing was decided")

    def close(self) -> None:
        """Give the connections back."""
        self._transport.close()


def _is_note(raw: bytes) -> bool:
    """A checkpoint has an origin line, a size and a root; a web page that answers everything has not."""
    lines = raw.split(b"\n", 3)
    return len(lines) == 4 and lines[1].isdigit()
