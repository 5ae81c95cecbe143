"""Signatures of an audit, checked beside the replay: in processes for a large log, in threads for a small one.

The replay goes on meanwhile, and is not believed until every signature is. Memory is bounded: no more than `AHEAD` chunks are
under way. A process that dies costs time and nothing else: what it had is checked here.
"""

import threading
from collections import deque
from concurrent.futures import BrokenExecutor, Executor, Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self, TypeAlias

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ledger.keys import PublicKey, load_public, verify

Job: TypeAlias = tuple[int, str, bytes, bytes, bytes]
"""Index of the entry; algorithm and SubjectPublicKeyInfo of the key that verifies it; message; signature."""
CHUNK = 256
AHEAD = 16
LARGE = 4096
"""Entries from which starting processes pays."""


def lowest_bad(jobs: list[Job]) -> int | None:
    """The lowest index whose signature does not verify, or `None`."""
    bad = (i for i, alg, spki, message, sig in jobs if not verify(load_public(spki, alg), alg, message, sig))
    return min(bad, default=None)


def _executor(workers: int, size: int) -> Executor:
    """Processes by fork, which is safe while this is the only thread; else threads, which share one interpreter lock."""
    if size < LARGE or workers < 2 or threading.active_count() > 1:
        return ThreadPoolExecutor(workers)
    try:  # here, since it loads `socket`: an auditor who shuts the network out altogether gets threads
        import multiprocessing  # noqa: PLC0415
        from concurrent.futures import ProcessPoolExecutor  # noqa: PLC0415

        return ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("fork"))
    except (ImportError, ValueError):
        return ThreadPoolExecutor(workers)


class Signatures:
    """Collects, checks, and remembers the lowest index that fails. `with` waits for all of them."""

    def __init__(self, workers: int, size: int) -> None:
        self._pool = _executor(workers, size)
        self._jobs: list[Job] = []
        self._running: deque[tuple[list[Job], Future[int | None]]] = deque()
        self.lowest_bad: int | None = None

    def add(self, index: int, public: PublicKey, alg: str, message: bytes, signature: bytes) -> None:
        """One more to check."""
        spki = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        self._jobs.append((index, alg, spki, message, signature))
        if len(self._jobs) == CHUNK:
            self._send()
            self._drain(AHEAD)

    def settle(self) -> None:
        """Wait for all that were added."""
        self._send()
        self._drain(0)

    def _send(self) -> None:
        jobs, self._jobs = self._jobs, []
        try:
            self._running.append((jobs, self._pool.submit(lowest_bad, jobs)))
        except BrokenExecutor:
            self._note(lowest_bad(jobs))

    def _drain(self, most: int) -> None:
        while len(self._running) > most:
            jobs, answer = self._running.popleft()
            try:
                self._note(answer.result())
            except BrokenExecutor:
                self._note(lowest_bad(jobs))

    def _note(self, bad: int | None) -> None:
        if bad is not None:
            self.lowest_bad = bad if self.lowest_bad is None else min(bad, self.lowest_bad)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, _err: BaseException | None, _tb: TracebackType | None) -> None:
        if kind is None:
            self.settle()
        self._pool.shutdown(cancel_futures=True)
