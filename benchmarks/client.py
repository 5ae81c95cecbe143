"""The load where `wrk` is absent: the same file of bodies over kept-alive connections. It takes most of a second core.

Prints the line that post.lua prints: requests, microseconds, refused, broken, p50 and p99 in microseconds.
"""

import asyncio
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path


def read_bodies(path: Path) -> Iterator[bytes]:
    """Every body of the file, once."""
    with path.open("rb") as file:
        while line := file.readline():
            yield file.read(int(line))


async def one(port: int, bodies: Iterator[bytes], until: float, times: list[float], refused: list[bytes]) -> None:
    """One connection: send, read the whole answer, again."""
    kind = os.environ["HOLDPOINT_KIND"]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for body in bodies:
        began = time.perf_counter()
        if began >= until:
            break
        head = f"POST /v1/entries HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: {kind}\r\n"
        writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        answer = await reader.readuntil(b"\r\n\r\n")
        length = next(int(x.split(b":")[1]) for x in answer.lower().split(b"\r\n") if x.startswith(b"content-length:"))
        await reader.readexactly(length)
        times.append(time.perf_counter() - began)
        if answer[9] != ord("2"):
            refused.append(answer)
    writer.close()


async def main(port: int, connections: int, seconds: float) -> None:
    """Run, and print the one line."""
    times: list[float] = []
    refused: list[bytes] = []
    bodies = read_bodies(Path(os.environ["HOLDPOINT_BODIES"]))
    began = time.perf_counter()
    await asyncio.gather(*(one(port, bodies, began + seconds, times, refused) for _ in range(connections)))
    total = time.perf_counter() - began
    times.sort()
    p50, p99 = (int(times[int(len(times) * q)] * 1e6) for q in (0.5, 0.99))
    print("load", len(times), int(total * 1e6), len(refused), 0, p50, p99)


asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))
