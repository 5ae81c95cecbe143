"""A witness killed at any moment has never taken back what it cosigned: asked again, it stands where it last answered, or beyond."""

import json
import random
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from tests.auditor.test_witness import LAB, body
from tests.commands import HOLDPOINT

ROUNDS = 6


@contextmanager
def running(folder: Path, port: int) -> Iterator[tuple[subprocess.Popen[str], str]]:
    keys = [w for v in LAB.log.vkeys for w in ("--log", str(v))]
    words = [str(HOLDPOINT), "witness", "w.example/one", *keys, "--folder", str(folder), "--port", str(port), "--json"]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
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
