"""Load over HTTP: `wrk` where it is installed, else our own client; and the service under load."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2

HERE = Path(__file__).parent
HOLDPOINT = Path(sys.executable).parent / "holdpoint"
WRK = shutil.which("wrk")
CLIENT = "wrk (one thread)" if WRK else "the Python client, which takes the second core: install wrk"


@dataclass(frozen=True, slots=True)
class Load:
    """One run: requests answered, seconds, entries that the log grew by, and the 99th percentile in milliseconds."""

    requests: int
    seconds: float
    entries: int
    p50: float
    p99: float

    @property
    def rate(self) -> float:
        """Entries acknowledged per second. Counted twice, by the client and by the log: the lower counts."""
        return self.entries / self.seconds


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


@contextmanager
def service(folder: Path) -> Iterator[int]:
    """`holdpoint serve` over a ledger; its port."""
    port = free_port()
    words = [str(HOLDPOINT), "serve", "--data", str(folder), "--port", str(port)]
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                httpx2.get(f"http://127.0.0.1:{port}/livez")
                break
            except httpx2.HTTPError:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise SystemExit("the service did not start") from None
                time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait()


def tree_size(port: int) -> int:
    """The size of the newest signed checkpoint."""
    return int(httpx2.get(f"http://127.0.0.1:{port}/log/checkpoint").text.split("\n")[1])


def run_load(port: int, bodies: Path, connections: int, seconds: float, size: int) -> Load:
    """Post the bodies of a file, each once, for some seconds. Ends the whole benchmark at the first answer that is no 2xx."""
    kind = "application/json" if size == 1 else "application/x-ndjson"
    url = f"http://127.0.0.1:{port}"
    words = (
        [WRK, "-t1", f"-c{connections}", f"-d{seconds:g}", "--timeout", "10", "-s", str(HERE / "post.lua"), url]
        if WRK
        else [sys.executable, str(HERE / "client.py"), str(port), str(connections), str(seconds)]
    )
    before = tree_size(port)
    environment = {**os.environ, "HOLDPOINT_BODIES": str(bodies), "HOLDPOINT_KIND": kind}
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=True)
    line = next(x for x in done.stdout.splitlines() if x.startswith("load "))
    requests, micros, refused, broken, p50, p99 = map(float, line.split()[1:])
    grown = tree_size(port) - before
    if refused or broken or not requests:
        raise SystemExit(f"{refused:.0f} requests refused, {broken:.0f} broken: nothing is measured\n{done.stdout}")
    return Load(int(requests), micros / 1e6, min(grown, int(requests) * size), p50 / 1000, p99 / 1000)
