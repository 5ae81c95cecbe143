"""Signature checks in processes of their own: the same answers, whatever becomes of a process, and no orphan."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519

from api import verifying
from api.app import create_app
from api.session import Session
from api.verifying import MOST, Job, Verifiers, check_here
from api.wiring import Ledger
from ledger.events import model
from ledger.keys import SoftwareSigner

SIGNER = SoftwareSigner(ed25519.Ed25519PrivateKey.from_private_bytes(b"v" * 32))


def job(n: int, *, good: bool = True) -> Job:
    message = b"message %d" % n
    signature = SIGNER.sign(message)
    return ("ed25519", SIGNER.spki, message, signature if good else signature[:-1] + bytes([signature[-1] ^ 1]))


async def ask(verifiers: Verifiers, jobs: Sequence[Job]) -> Sequence[bool]:
    answer: asyncio.Future[Sequence[bool]] = asyncio.get_running_loop().create_future()
    verifiers.check(jobs, answer.set_result)
    return await asyncio.wait_for(answer, 20)


def run(story: Callable[[Verifiers], Coroutine[Any, Any, None]], count: int = 2) -> list[str]:
    said: list[str] = []

    async def go() -> None:
        verifiers = Verifiers(count, say=said.append)
        await verifiers.open()
        try:
            await story(verifiers)
        finally:
            verifiers.close()
            await asyncio.sleep(0.05)

    asyncio.run(go())
    return said


def ended(pid: int) -> bool:
    """Whether the process is gone, or a zombie that waits for its parent."""
    try:
        return "\nState:\tZ" in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return True


def wait_ended(pids: Sequence[int]) -> None:
    deadline = time.monotonic() + 10
    while not all(map(ended, pids)):
        assert time.monotonic() < deadline, f"{pids} go on"
        time.sleep(0.02)


def test_answers_are_those_of_this_process_in_order() -> None:
    bad = {3, 77, MOST + 5}
    jobs = [job(n, good=n not in bad) for n in range(MOST + 50)]
    jobs.append(("ed25519", b"no key", b"m", b"s"))
    expected = [n not in bad for n in range(MOST + 50)] + [False]
    assert check_here(jobs) == expected

    async def story(verifiers: Verifiers) -> None:
        assert await ask(verifiers, jobs) == expected
        some = [ask(verifiers, [job(n, good=n % 3 != 0)]) for n in range(30)]
        assert [ok for (ok,) in await asyncio.gather(*some)] == [n % 3 != 0 for n in range(30)]

    assert run(story) == []
    assert run(story, count=0) == []


@pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGSTOP])
def test_a_process_that_dies_or_hangs_costs_time_and_nothing_else(
    blow: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verifying, "SILENT_SECONDS", 0.3)
    monkeypatch.setattr(verifying, "AGAIN_SECONDS", 0.05)

    async def story(verifiers: Verifiers) -> None:
        (old,) = verifiers.pids
        os.kill(old, signal.SIGSTOP)  # so that the frame is under way when the blow falls
        under_way = asyncio.ensure_future(ask(verifiers, [job(1), job(2, good=False), job(3)]))
        await asyncio.sleep(0.01)
        os.kill(old, blow)
        assert await under_way == [True, False, True]
        deadline = time.monotonic() + 10
        while not verifiers.pids:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.02)
        assert verifiers.pids != (old,)
        assert ended(old)
        assert await ask(verifiers, [job(4), job(5, good=False)]) == [True, False]

    assert "a verifier process ended; its checks are done here, and another one is started" in run(story, count=1)


PROGRAM = """
import asyncio
from api.verifying import Verifiers

async def go():
    v = Verifiers(2)
    await v.open()
    loop = asyncio.get_running_loop()
    answers = [loop.create_future() for _ in v.pids]
    for answer in answers:  # one each: they are up once both have answered
        v.check([("ed25519", b"no key", b"m", b"s")], answer.set_result)
    await asyncio.gather(*answers)
    print(*v.pids, flush=True)
    await asyncio.sleep(20)

asyncio.run(go())
"""


def test_a_killed_service_leaves_no_orphan() -> None:
    with subprocess.Popen([sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, text=True) as service:
        try:
            assert service.stdout is not None
            pids = [int(n) for n in service.stdout.readline().split()]
            for pid in pids:  # what a process group is told is for the service alone
                os.kill(pid, signal.SIGTERM)
                os.kill(pid, signal.SIGINT)
            time.sleep(0.1)
            assert len(set(pids)) == 2
            assert not any(map(ended, pids))
        finally:
            service.kill()
    wait_ended(pids)


def test_each_of_a_group_gets_its_own_answer(ledger: Ledger) -> None:
    """Posts that arrive together are checked and appended as one group; none of them pays for another."""
    session = Session(ledger)
    signers = session.signers("assessor")
    wires = [
        session.write(model.Registered, {"kind": "base"}, f"model/{n}", signers, subject=f"{n:064x}").wire()
        for n in range(8)
    ]
    wires[2] = wires[2].replace(b'"sig":"', b'"sig":"AAAA', 1)
    wires.append(
        session.write(
            model.Registered, {"kind": "base"}, "model/9", session.signers("evaluator"), subject="a" * 64
        ).wire()
    )
    wires.append(b"{}")

    async def go() -> list[httpx2.Response]:
        verifiers = Verifiers(1)
        await verifiers.open()
        transport = httpx2.ASGITransport(app=create_app(ledger, verifiers=verifiers))
        headers = {"content-type": "application/json"}
        try:
            async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
                return await asyncio.gather(*(client.post("/v1/entries", content=w, headers=headers) for w in wires))
        finally:
            verifiers.close()
            await asyncio.sleep(0.05)

    before = ledger.appender.size
    answers = asyncio.run(go())
    wanted = [201, 201, 403, 201, 201, 201, 201, 201, 403, 400]
    assert [a.status_code for a in answers] == wanted
    assert [a.json()["reason"] for a in answers if a.status_code >= 400] == [
        "signature-invalid",
        "role-missing",
        "payload-type",
    ]
    assert sorted(a.json()["index"] for a in answers if a.status_code == 201) == list(range(before, before + 7))
    assert all(msgspec.json.decode(a.content) == a.json() for a in answers)


def test_a_worker_whose_service_is_gone_already_ends_without_a_word() -> None:
    ours, theirs = socket.socketpair()
    ours.close()
    with theirs:
        words = [sys.executable, "-I", "-m", "api.verify_worker"]
        done = subprocess.run(words, stdin=theirs, capture_output=True, timeout=30, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
