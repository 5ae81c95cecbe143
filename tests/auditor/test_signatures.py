"""Signatures checked beside the replay: in threads and in processes the same finding, whatever becomes of a process."""

import subprocess
import sys

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519

from auditor.signatures import AHEAD, CHUNK, Signatures

KEY = ed25519.Ed25519PrivateKey.from_private_bytes(b"s" * 32)


def feed(signatures: Signatures, count: int, bad: set[int]) -> None:
    for n in range(count):
        message = b"message %d" % n
        signature = KEY.sign(message)
        signatures.add(n, KEY.public_key(), "ed25519", message if n not in bad else b"another", signature)


@pytest.mark.parametrize(
    ("count", "bad"), [(0, set()), (1, {0}), (CHUNK, set()), (3 * CHUNK + 5, {2 * CHUNK, CHUNK + 7, 3 * CHUNK + 4})]
)
def test_the_lowest_index_that_fails(count: int, bad: set[int]) -> None:
    with Signatures(2, count) as signatures:
        feed(signatures, count, bad)
    assert signatures.lowest_bad == min(bad, default=None)


PROCESSES = """
import contextlib, multiprocessing, os, signal, sys
from auditor.signatures import CHUNK, LARGE, Signatures
from tests.auditor.test_signatures import feed
with Signatures(2, LARGE) as signatures:
    feed(signatures, 2 * CHUNK, set())
    children = multiprocessing.active_children()
    assert len(children) == 2, children
    if sys.argv[1] == "kill":
        for child in children:
            with contextlib.suppress(ProcessLookupError):  # the pool ends the others itself when one has died
                os.kill(child.pid, signal.SIGKILL)
            child.join()
    feed(signatures, 4 * CHUNK + 3, {CHUNK + 1, 4 * CHUNK + 2})
assert not multiprocessing.active_children()
print(signatures.lowest_bad)
"""


@pytest.mark.parametrize("blow", ["none", "kill"])
def test_processes_find_the_same_also_when_they_are_killed(blow: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROCESSES, blow], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout) == (0, f"{CHUNK + 1}\n"), done.stderr


def test_no_more_than_a_bounded_number_is_under_way() -> None:
    with Signatures(1, 0) as signatures:
        feed(signatures, (AHEAD + 4) * CHUNK, set())
        assert len(signatures._running) <= AHEAD
    assert signatures.lowest_bad is None
