"""A load of pre-signed requests over kept-alive connections, in a process of its own. Prints seconds per request, one a line."""

import asyncio
import pickle
import sys
import time


async def one(port: int, requests: list[bytes], times: list[float]) -> None:
    """One connection: send, read the whole answer, again."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while requests:
        raw = requests.pop()
        began = time.perf_counter()
        writer.write(raw)
        head = await reader.readuntil(b"\r\n\r\n")
        if b" 201 " not in head[:20] and b" 200 " not in head[:20]:
            raise SystemExit(head.decode())
        length = next(int(x.split(b":")[1]) for x in head.lower().split(b"\r\n") if x.startswith(b"content-length:"))
        await reader.readexactly(length)
        times.append(time.perf_counter() - began)
    writer.close()


async def main() -> None:
    """Read (port, connections, requests) from stdin, run, print the total and each time."""
    port, connections, requests = pickle.load(sys.stdin.buffer)
    times: list[float] = []
    began = time.perf_counter()
    await asyncio.gather(*(one(port, requests, times) for _ in range(connections)))
    print(time.perf_counter() - began, *times)


asyncio.run(main())
