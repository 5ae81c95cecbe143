"""The process that checks signatures (`api.verifying`): frames in, a byte per check out, over the socket at its standard input.

It ends when the other end closes, whatever became of the service: an orphan can't be. Ctrl-C and SIGTERM, which reach a whole
group of processes, are for the service, which drains.
"""

import signal
import socket
import struct
from contextlib import suppress

import msgspec

from api.verifying import READY, Job, check_here

MAX_FRAME = 64 << 20


def _read(conn: socket.socket, count: int) -> bytes | None:
    """Exactly `count` bytes, or `None` at the end."""
    raw = bytearray(count)
    view = memoryview(raw)
    while view:
        got = conn.recv_into(view)
        if not got:
            return None
        view = view[got:]
    return bytes(raw)


def main() -> None:
    """Serve one socket until it closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    # The service may be gone before the first word, or before an answer: then nobody waits for either.
    with suppress(BrokenPipeError, ConnectionResetError), socket.socket(fileno=0) as conn:
        decode = msgspec.msgpack.Decoder(list[Job]).decode
        conn.sendall(READY)
        while (head := _read(conn, 4)) is not None:
            (size,) = struct.unpack(">I", head)
            raw = _read(conn, size) if size <= MAX_FRAME else None
            if raw is None:
                return
            conn.sendall(bytes(check_here(decode(raw))))


if __name__ == "__main__":
    main()
