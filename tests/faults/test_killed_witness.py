"""A witness killed at any moment has never taken back what it cosigned: asked again, it stands where it last answered, or beyond.

Killed at each step of a request, and on a full disk: no root of a size is cosigned beside another, and no smaller tree after.
"""

import json
import random
import resource
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx2
import pytest

from api.witness import Witness
from tests.auditor.test_witness import LAB, NAME, body, other
from tests.commands import HOLDPOINT, ROOT
from tests.faults.witness_die_at import KEPT, STEPS

ROUNDS = 6


@contextmanager
def running(
    folder: Path, port: int, before: Callable[[], None] | None = None
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    keys = [w for v in LAB.log.vkeys for w in ("--log", str(v))]
    words = [str(HOLDPOINT), "witness", "w.example/one", *keys, "--folder", str(folder), "--port", str(port), "--json"]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, preexec_fn=before)
    try:
        assert process.stdout is not None
        yield process, json.loads(process.stdout.readline())["details"][0]
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@pytest.mark.timeout(120)
def test_a_killed_witness_never_rolls_back(tmp_path: Path) -> None:
    held, rng = 0, random.Random(7)
    for _ in range(ROUNDS):
        with running(tmp_path, free_port()) as (process, url), httpx2.Client(timeout=10) as client:
            asked = client.post(url + "add-checkpoint", content=body(0, 1))
            stands = int(asked.text) if asked.status_code == 409 else 1
            assert asked.status_code in (200, 409)
            assert stands >= held, "what was cosigned is kept"
            held = stands
            stop_after = rng.randrange(1, 5)
            for n in range(held + 1, len(LAB.entries) + 1):
                answer = client.post(url + "add-checkpoint", content=body(n - 1, n))
                assert answer.status_code == 200
                held = n
                stop_after -= 1
                if stop_after == 0:
                    break
            process.kill()
    assert held > ROUNDS


def test_over_http_it_answers_one_route(tmp_path: Path) -> None:
    with running(tmp_path, free_port()) as (_, url), httpx2.Client(timeout=10) as client:
        assert client.get(url).status_code == 404
        assert client.get(url + "add-checkpoint").status_code == 405
        assert client.post(url + "add-checkpoint", content=b"x" * 300_000).status_code == 413
        done = client.post(url + "add-checkpoint", content=body(0, 3))
        assert (done.status_code, done.text.count("\u2014 w.example/one ")) == (200, 2)
        stale = client.post(url + "add-checkpoint", content=body(0, 3))
        assert (stale.status_code, stale.headers["content-type"], stale.text) == (409, "text/x.tlog.size", "3\n")


@pytest.mark.parametrize("step", STEPS)
def test_killed_at_each_step(tmp_path: Path, step: str) -> None:
    """No signature left. What was kept stands: the other history gets none. What was not kept may be asked for again."""
    with closing(Witness(tmp_path, NAME, LAB.log.vkeys)) as witness:
        assert witness.add_checkpoint(body(0, 10))[0] == 200
    words = [sys.executable, "-m", "tests.faults.witness_die_at", step, str(tmp_path)]
    done = subprocess.run(words, input=body(10, 20), capture_output=True, cwd=ROOT, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (-9, b""), done.stderr.decode()
    kept = STEPS.index(step) >= KEPT
    with closing(Witness(tmp_path, NAME, LAB.log.vkeys)) as witness:
        stands = 20 if kept else 10
        assert witness.add_checkpoint(body(0, 5))[::2] == (409, f"{stands}\n"), "it stands where it kept"
        if kept:
            assert witness.add_checkpoint(body(20, 20, other(20), []))[0] == 409, (
                "nobody has the first one's signature, and still"
            )
        assert witness.add_checkpoint(body(stands, 20))[0] == 200
        assert witness.add_checkpoint(body(20, 20, other(20), []))[0] == 409
        assert witness.add_checkpoint(body(20, 30))[0] == 200


def test_a_full_disk_cosigns_nothing(tmp_path: Path) -> None:
    """A real process under a limit on file sizes: 503, no signature, and where it stood it stands."""

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (512, 512))

    with running(tmp_path, free_port()) as (_, url), httpx2.Client(timeout=10) as client:
        assert client.post(url + "add-checkpoint", content=body(0, 10)).status_code == 200
    with running(tmp_path, free_port(), limited) as (_, url), httpx2.Client(timeout=10) as client:
        for _ in range(2):
            answer = client.post(url + "add-checkpoint", content=body(10, 20))
            assert (answer.status_code, "\u2014" in answer.text) == (503, False)
        assert client.post(url + "add-checkpoint", content=body(0, 5)).text == "10\n"
    with running(tmp_path, free_port()) as (_, url), httpx2.Client(timeout=10) as client:
        assert client.post(url + "add-checkpoint", content=body(10, 20)).status_code == 200


def test_a_witness_that_does_not_know_where_it_stands_cosigns_nothing(tmp_path: Path) -> None:
    with closing(Witness(tmp_path, NAME, LAB.log.vkeys)) as witness:
        assert witness.add_checkpoint(body(0, 10))[0] == 200
        (path,) = tmp_path.glob("*/checkpoint")
        whole = path.read_bytes()
        for bent in (b"", whole[:40], b"\xff" + whole):
            path.write_bytes(bent)
            assert witness.add_checkpoint(body(0, 20))[0] == 500
        path.write_bytes(whole)
        assert witness.add_checkpoint(body(10, 20))[0] == 200
