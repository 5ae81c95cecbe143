"""A proxy that loses answers at an exact place (faults.md §3): it frames PostgreSQL's protocol, so that it can cut between a commit
and its reply; in front of HTTP it passes a request on and cuts before the answer.
"""

import contextlib
import selectors
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Self

ENDS = b"CZ"
"""CommandComplete and ReadyForQuery: the messages by which a client learns that its statement is done."""


class Framer:
    """Splits the server's side of a PostgreSQL connection into messages: a type byte, four bytes of length, a body."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, raw: bytes) -> list[bytes]:
        """The messages that are complete now, in order."""
        self._rest += raw
        messages: list[bytes] = []
        while len(self._rest) >= 5:
            end = 1 + int.from_bytes(self._rest[1:5], "big")
            if len(self._rest) < end:
                break
            messages.append(self._rest[:end])
            self._rest = self._rest[end:]
        return messages


class Proxy:
    """Listens at `address`, speaks to `target`; both are a path (Unix socket) or (host, port).

    `lose(k)`: once armed, the k-th message of type C or Z from the server and all behind it never arrive; `cut` closes the
    connection then, else it stays half open. `lose_answer()`: everything from the server is lost, and the connection cut.
    """

    def __init__(self, address: Path | tuple[str, int], target: Path | tuple[str, int]) -> None:
        self._target = target
        self._server = _socket(address)
        self._server.bind(str(address) if isinstance(address, Path) else address)
        self._server.listen(64)
        self._keep: Callable[[Framer, bytes], bytes | None] | None = None
        self._cut = True
        self._open: list[socket.socket] = []
        self.lost = threading.Event()
        self.port: int = self._server.getsockname()[1] if isinstance(address, tuple) else 0
        threading.Thread(target=self._accept, name="proxy", daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        for opened in (self._server, *self._open):
            with contextlib.suppress(OSError):
                opened.shutdown(socket.SHUT_RDWR)
            opened.close()

    def lose(self, k: int, *, cut: bool = True) -> None:
        """Arm, for one connection; after it, everything passes again."""
        seen = 0

        def keep(framer: Framer, raw: bytes) -> bytes | None:
            nonlocal seen
            passed = b""
            for message in framer.feed(raw):
                seen += message[0] in ENDS
                if seen >= k:
                    return None
                passed += message
            return passed

        self.lost.clear()
        self._cut, self._keep = cut, keep

    def lose_answer(self) -> None:
        """Arm, for one connection: the request goes through, the answer is lost."""
        self.lost.clear()
        self._cut, self._keep = True, lambda _framer, _raw: None

    def disarm(self) -> None:
        """Pass everything."""
        self._keep = None

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._server.accept()
                server = _socket(self._target)
                server.connect(str(self._target) if isinstance(self._target, Path) else self._target)
                self._open += [client, server]
                threading.Thread(target=self._pump, args=(client, server), name="proxy", daemon=True).start()

    def _pump(self, client: socket.socket, server: socket.socket) -> None:
        framer, deaf = Framer(), False
        with selectors.DefaultSelector() as ready, contextlib.suppress(OSError), client, server:
            ready.register(client, selectors.EVENT_READ, server)
            ready.register(server, selectors.EVENT_READ, client)
            while True:
                for key, _ in ready.select():
                    source: socket.socket = key.fileobj  # type: ignore[assignment]  # only sockets are registered
                    raw = source.recv(65_536)
                    if not raw:
                        return
                    keep = self._keep
                    if source is server and keep is not None and not deaf:
                        kept = keep(framer, raw)
                        if kept is None:
                            self._keep, deaf = None, True
                            self.lost.set()
                            if self._cut:
                                return
                            continue
                        raw = kept
                    if not (source is server and deaf):
                        key.data.sendall(raw)


def _socket(address: Path | tuple[str, int]) -> socket.socket:
    return socket.socket(socket.AF_UNIX if isinstance(address, Path) else socket.AF_INET)
