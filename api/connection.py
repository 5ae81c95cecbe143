"""A connection's bounds, which uvicorn's fast parser does not set by itself (T05): bytes and seconds of a header block.

Without them a header of 200 kB is read whole, a client that sends a byte a second holds its connection for ever, and so
does one that goes on sending a body that was answered already (refused as too large, or never asked for).
"""

from asyncio import Transport
from asyncio.events import TimerHandle
from http import HTTPStatus
from typing import Any

import msgspec
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from api.problems import body_of

MAX_HEAD = 16_384
HEAD_SECONDS = 10.0
LINGER_SECONDS = 1.0


class Connection(HttpToolsProtocol):
    """uvicorn's protocol, bounded. Refusals are problem+json like everywhere else."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._in_head, self._head, self._over = True, 0, False
        self._timer: TimerHandle | None = None

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]  # as in the class above
        """Start the clock: a connection that never sends a request ends too."""
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clock."""
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse, and count what still belongs to an unfinished header block."""
        if self._over:
            return
        waited = self._in_head
        super().data_received(data)
        if waited and self._in_head:
            self._head += len(data)
            if self._head > MAX_HEAD:
                self._refuse(431, "header-too-large", f"at most {MAX_HEAD} bytes of request line and headers")

    def on_message_begin(self) -> None:
        """A next request on the same connection begins."""
        super().on_message_begin()
        self._head = 0
        self._await_head()

    def on_headers_complete(self) -> None:
        """Refuse a block that came whole but too large; otherwise hand the request to the application."""
        size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
        if size > MAX_HEAD:
            self._head = size
            raise ValueError("header block too large")  # the parser turns it into `send_400_response`
        self._in_head = False
        self._stop_timer()
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        """Answered before its body had arrived: nobody waits for the rest."""
        if self.cycle.more_body and not self.transport.is_closing():
            self._linger()
            return
        super().on_response_complete()

    def send_400_response(self, msg: str) -> None:
        """What the parser refuses."""
        if self._head > MAX_HEAD:
            self._refuse(431, "header-too-large", f"at most {MAX_HEAD} bytes of request line and headers")
        else:
            self._refuse(400, "not-http", msg)

    def _await_head(self) -> None:
        self._in_head = True
        if self._timer is None:
            self._timer = self.loop.call_later(HEAD_SECONDS, self._too_slow)

    def _too_slow(self) -> None:
        self._timer = None
        if not self.transport.is_closing():
            self._refuse(408, "slow-header", "the headers did not arrive in time")

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _refuse(self, status: int, code: str, detail: str) -> None:
        """Answer without the application, which has not seen the request."""
        if self._over:
            return
        body = msgspec.json.encode(body_of(code, detail, "header"))
        head = (
            f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\ncontent-type: application/problem+json\r\n"
            f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self._linger()

    def _linger(self) -> None:
        """Close, but not on top of the answer: bytes that lie unread would turn the close into a reset."""
        self._over = True
        self._stop_timer()
        self._unset_keepalive_if_required()
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.flow.resume_reading()
        self.loop.call_later(LINGER_SECONDS, self.transport.close)
