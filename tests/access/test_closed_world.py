"""access.md §10 (a): admission looks at earlier entries, the envelope, its recorded time and the rules version, and at nothing else.

A process of its own replays the told history and admits one more entry after every door was nailed shut: no environment, no
file, no socket, no process, no randomness, no clock, no import. Its answer is the same in another time zone and environment.
"""

import json
import os
import subprocess
import sys
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from ledger.admit import Admitted, admit, open_submission
from ledger.envelope import format_envelope, parse_envelope
from ledger.replay import Replay
from policies.rules import RULES
from tests.vectors.told import MODEL, OLDER, told

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import json, sys
told = json.load(sys.stdin)
entries = [bytes.fromhex(e) for e in told["entries"]]
envelope = bytes.fromhex(told["envelope"])

from ledger.admit import Admitted, admit, open_submission
from ledger.envelope import parse_envelope
from ledger.replay import Problem, Replay
from policies.rules import RULES

def run():
    replay = Replay(RULES)
    for raw in entries:
        outcome = replay.step(raw)
        assert not isinstance(outcome, Problem), outcome
    opened = open_submission(parse_envelope(envelope), replay.lookup)
    answer = admit(replay.state, replay.size, told["recorded_at"], opened, RULES)
    return answer.entry.hex() if isinstance(answer, Admitted) else answer.reason.value

run()  # once, so that what is loaded late is loaded

import builtins, datetime, os, random, socket, subprocess, threading, time
import ledger.strict

def nailed(*_words, **_more):
    raise RuntimeError("admission looked outside")

for module, names in (
    (time, ("time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "localtime", "gmtime", "strftime")),
    (os, ("urandom", "getenv", "getpid", "stat", "listdir", "open", "read", "write", "getcwd")),
    (random, ("random", "getrandbits", "randint")),
    (socket, ("socket", "create_connection", "getaddrinfo", "gethostname")),
    (subprocess, ("Popen",)),
    (threading, ("Thread",)),
    (builtins, ("open", "input", "print")),
):
    for name in names:
        setattr(module, name, nailed)

class Shut:
    def __getattr__(self, name):
        nailed()
    __getitem__ = __contains__ = __iter__ = get = nailed

os.environ = os.environb = Shut()

class NoClock(datetime.datetime):
    now = utcnow = today = classmethod(nailed)

ledger.strict.datetime = NoClock
out = sys.stdout
armed = True

def hook(event, _arguments):
    if armed and event.split(".")[0] in {"open", "import", "os", "socket", "subprocess", "sqlite3", "shutil", "tempfile", "ctypes"}:
        nailed()

sys.addaudithook(hook)
found = run()
armed = False
banned = sorted(m for m in sys.modules if m.split(".")[0] in {"psycopg", "eventsourcing", "fastapi", "uvicorn", "httpx2", "api"}
                or m.startswith(("ledger.store", "projections.store")))
out.write(json.dumps({"answer": found, "banned": banned}))
"""


@lru_cache(maxsize=1)
def told_and_one_more(ratio: str = "2.5") -> tuple[dict[str, Any], str]:
    """The history, an envelope to admit behind it, and what this process answers."""
    lab = told()
    written = lab.write("model.compute-reached", {"of": OLDER, "ratio": ratio}, MODEL, [lab.keys["evaluator"]])
    told_ = {
        "entries": [e.hex() for e in lab.entries],
        "envelope": format_envelope(written).hex(),
        "recorded_at": lab.time,
    }
    replay = Replay(RULES)
    for raw in lab.entries:
        replay.step(raw)
    opened = open_submission(parse_envelope(format_envelope(written)), replay.lookup)
    answer = admit(replay.state, replay.size, lab.time, opened, RULES)
    assert isinstance(answer, Admitted)
    return told_, answer.entry.hex()


def run(told_: dict[str, Any], **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", PROGRAM], input=json.dumps(told_), env=environment, cwd=ROOT, capture_output=True, text=True,
        check=False, timeout=60,
    )  # fmt: skip


@pytest.mark.parametrize(
    "environment", [{}, {"TZ": "Asia/Kathmandu", "LANG": "tr_TR.UTF-8", "HOLDPOINT_DATABASE": "nowhere"}]
)
def test_the_same_answer_with_every_door_shut(environment: dict[str, str]) -> None:
    told_, here = told_and_one_more()
    done = run(told_, PYTHONHASHSEED=str(len(environment)), **environment)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"answer": here, "banned": []}


def test_a_refusal_needs_nothing_else_either() -> None:
    told_, _ = told_and_one_more()
    late = {**told_, "recorded_at": "2027-04-07T09:00:00.000000Z"}  # the event id lies out of its window then
    done = run(late)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["answer"] == "event-id-time"


@pytest.mark.parametrize("look", ["import time; time.time()", "import os; os.environ['PATH']", "open('/etc/hostname')",
                                  "import socket; socket.socket()", "import os; os.urandom(1)", "import wave"])  # fmt: skip
def test_the_doors_are_shut(look: str) -> None:
    """The twin: a rule that looks outside is caught."""
    told_, _ = told_and_one_more()
    bent = PROGRAM.replace(
        "def run():", f"import ledger.admit\nlooking = False\ndef run():\n    if looking:\n        {look}"
    )
    bent = bent.replace("found = run()", "looking = True\nfound = run()")
    done = subprocess.run(
        [sys.executable, "-c", bent], input=json.dumps(told_), env=dict(os.environ), cwd=ROOT, capture_output=True, text=True,
        check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode != 0
    assert "admission looked outside" in done.stderr
