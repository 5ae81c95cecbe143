"""Signature checks for the service, in processes of their own: the interpreter lock stays with the door and the appender.

A check takes longer than everything else that the door does with an event. In a thread it would hand the lock to and fro for
every signature; in a process it costs a copy of the message. All checks that arrive in one turn of the event loop travel as
one frame. Whatever becomes of a process (killed, stopped, silent for two seconds), its checks are done here, late but done,
and another one is started. A process ends when our end of its socket closes, however we ended.

Trust: the process is our own program under our own account; whoever owns it owns the door as well.
"""

import asyncio
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias, cast

import msgspec

from ledger.errors import Malformed
from ledger.keys import load_public, verify

Job: TypeAlias = tuple[str, bytes, bytes, bytes]
"""Algorithm and SubjectPublicKeyInfo of a registered key, message, signature."""
Done: TypeAlias = Callable[[Sequence[bool]], None]
SILENT_SECONDS = 2.0
START_SECONDS = 20.0
READY = b"+"
"""What a process says once it is up."""
AGAIN_SECONDS = 1.0
MOST = 256
"""Checks in one frame; longer lists are spread over the processes."""


def check_here(jobs: Sequence[Job]) -> list[bool]:
    """Check in this process. A key that can't be loaded verifies nothing."""
    return [_check(*job) for job in jobs]


def _check(alg: str, spki: bytes, message: bytes, signature: bytes) -> bool:
    try:
        return verify(load_public(spki, alg), alg, message, signature)
    except Malformed:
        return False


@dataclass(slots=True)
class _Frame:
    """Jobs under way, and who waits for them."""

    jobs: Sequence[Job]
    done: Done
    late: asyncio.TimerHandle | None = None

    def answer(self, results: Sequence[bool]) -> None:
        """Hand the results on."""
        if self.late is not None:
            self.late.cancel()
        self.done(results)


class _Verifier(asyncio.Protocol):
    """One process, behind a socket pair. Answers come in the order of the questions."""

    def __init__(self, lost: Callable[["_Verifier"], None]) -> None:
        self._lost, self.waiting = lost, deque[_Frame]()
        self._transport: asyncio.Transport | None = None
        self._rest = b""
        self._up: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._process: subprocess.Popen[bytes] | None = None
        self.load = 0

    @property
    def pid(self) -> int:
        """The process id."""
        return 0 if self._process is None else self._process.pid

    async def start(self) -> None:
        """Start the process, connect to it, and wait until it is up. Raises `OSError`."""
        ours, theirs = socket.socketpair()
        with theirs:
            words = [sys.executable, "-I", "-m", "api.verify_worker"]
            self._process = subprocess.Popen(words, stdin=theirs.fileno(), stdout=subprocess.DEVNULL)  # noqa: ASYNC220, S603  # a fork and exec of our own program, once
        await asyncio.get_running_loop().create_unix_connection(lambda: self, sock=ours)
        try:
            await asyncio.wait_for(self._up, START_SECONDS)
        except OSError:  # a time-out is one as well
            self.close()
            raise

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way to write."""
        self._transport = cast("asyncio.Transport", transport)

    def ask(self, frame: _Frame) -> None:
        """Send a frame."""
        if self._transport is None or self._transport.is_closing():
            frame.answer(check_here(frame.jobs))
            return
        self.waiting.append(frame)
        self.load += len(frame.jobs)
        frame.late = asyncio.get_running_loop().call_later(SILENT_SECONDS, self.close)
        raw = msgspec.msgpack.encode(frame.jobs)
        self._transport.writelines((len(raw).to_bytes(4, "big"), raw))

    def data_received(self, data: bytes) -> None:
        """Results: a byte per job, 1 for a signature that verifies."""
        data = self._rest + data
        if not self._up.done() and data.startswith(READY):
            self._up.set_result(None)
            data = data[1:]
        while self.waiting and len(data) >= len(self.waiting[0].jobs):
            frame = self.waiting.popleft()
            count = len(frame.jobs)
            results, data = data[:count], data[count:]
            self.load -= count
            frame.answer([r == 1 for r in results])
        self._rest = data

    def connection_lost(self, exc: Exception | None) -> None:
        """The process is gone: what it owes is checked here, away from the event loop."""
        self.close()
        if not self._up.done():
            self._up.set_exception(exc or ConnectionResetError(0, "it ended"))
            return
        owed, self.waiting = self.waiting, deque()
        loop = asyncio.get_running_loop()
        for frame in owed:
            work = loop.run_in_executor(None, check_here, frame.jobs)
            work.add_done_callback(lambda done, frame=frame: frame.answer(done.result()))  # type: ignore[misc]  # bound now
        self._lost(self)

    def close(self) -> None:
        """Close the socket, by which the process ends; one that does not is killed. Its status is collected."""
        if self._transport is not None:
            self._transport.abort()
        if self._process is not None:
            self._process.kill()
            self._process.wait()


class Verifiers:
    """Some processes; without any, checks are done by whoever asks."""

    def __init__(self, count: int, *, say: Callable[[str], None] = lambda _text: None) -> None:
        self._count, self._say = count, say
        self._live: list[_Verifier] = []
        self._again: asyncio.TimerHandle | None = None
        self._closed = False

    async def open(self) -> None:
        """Start the processes, in the loop that will use them."""
        await asyncio.gather(*(self._start() for _ in range(self._count - len(self._live))))

    async def _start(self) -> None:
        verifier = _Verifier(self._died)
        try:
            await verifier.start()
        except OSError as err:  # no room for a process now: checks are done here, and it is tried again
            self._say(f"no verifier could be started ({type(err).__name__})")
            self._later()
        else:
            self._live.append(verifier)
            if self._closed:  # meanwhile
                verifier.close()

    @property
    def pids(self) -> tuple[int, ...]:
        """Their process ids."""
        return tuple(v.pid for v in self._live)

    def check(self, jobs: Sequence[Job], done: Done) -> None:
        """Check, and call `done` with a truth per job: later, in the event loop, or at once where no process runs."""
        if not self._live:
            done(check_here(jobs))
            return
        if len(jobs) <= MOST:
            self._ask(jobs, done)
            return
        parts = [jobs[i : i + MOST] for i in range(0, len(jobs), MOST)]
        found: dict[int, Sequence[bool]] = {}

        def part_done(n: int, results: Sequence[bool]) -> None:
            found[n] = results
            if len(found) == len(parts):
                done([ok for k in range(len(parts)) for ok in found[k]])

        for n, part in enumerate(parts):
            self._ask(part, lambda results, n=n: part_done(n, results))  # type: ignore[misc]  # bound now

    def _ask(self, jobs: Sequence[Job], done: Done) -> None:
        min(self._live, key=lambda v: v.load).ask(_Frame(jobs, done))

    def _died(self, verifier: _Verifier) -> None:
        if verifier in self._live:
            self._live.remove(verifier)
        if not self._closed:
            self._say("a verifier process ended; its checks are done here, and another one is started")
            self._later()

    def _later(self) -> None:
        if self._again is None:
            self._again = asyncio.get_running_loop().call_later(AGAIN_SECONDS, self._restart)

    def _restart(self) -> None:
        self._again = None
        if not self._closed:
            self._task = asyncio.ensure_future(self.open())  # kept: a task that nobody holds may be collected

    def close(self) -> None:
        """End the processes."""
        self._closed = True
        if self._again is not None:
            self._again.cancel()
        for verifier in tuple(self._live):
            verifier.close()
