"""T15: a signed event sent again: the same statement is 200 with the first receipt, another under its id is 409 with both digests.

P: a thousand replays from 32 threads, in batches and single, mixed with first sends; across a restart. The log itself never
holds an id twice, which the auditor checks (V). Not here: across a *restore* (that row belongs to `ledger.restored`, which the
later order builds; `test_t41_rollback_fork.py` shows that an old backup is refused before anything can be replayed).
"""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from api.wiring import opened
from ledger.events import model
from ledger.note import parse_vkey
from ledger.receipt import check_receipt
from tests.simulator import Lab, signed
from tests.threats.door import NDJSON, Door

THREADS = 32
REPLAYS = 1000


def test_attack_a_thousand_replays_from_32_threads(door: Door) -> None:
    """All start before the first answer: one of them is the first, and everybody gets its index."""
    written = door.model()
    size = door.ledger.appender.size
    ready = threading.Barrier(THREADS)

    def storm(number: int) -> list[tuple[int, int, str]]:
        ready.wait(30)
        answers = []
        for n in range(REPLAYS // THREADS + 1):
            if (number + n) % 8:
                answer = door.post(written.wire())
                answers.append((answer.status_code, answer.json()["index"], answer.json()["recorded_at"]))
            else:  # three times in one batch
                lines = door.post(b"\n".join([written.wire()] * 3), NDJSON).text.splitlines()
                answers += [(v["status"], v["index"], v["recorded_at"]) for v in map(json.loads, lines)]
        return answers

    with ThreadPoolExecutor(THREADS) as pool:
        answers = [a for found in pool.map(storm, range(THREADS)) for a in found]
    assert len(answers) >= REPLAYS
    assert door.ledger.appender.size == size + 1
    assert {(index, at) for _, index, at in answers} == {(size, answers[0][2])}
    assert {status for status, _, _ in answers} == {200, 201}


def test_attack_another_statement_under_the_same_id(door: Door, lab: Lab) -> None:
    first, other = door.model(), None
    door.admits(first.wire())
    other = door.model(event_id=first.event_id)
    problem = door.refuses(other.wire(), 409, "event-id-conflict")
    assert (problem["first"], problem["second"]) == (first.digest, other.digest)
    twin = door.model()
    lines = [twin.wire(), door.model(event_id=twin.event_id).wire()]
    results = [json.loads(x) for x in door.post(b"\n".join(lines), NDJSON).text.splitlines()]
    assert [(r["status"], r.get("reason")) for r in results] == [(201, None), (409, "event-id-conflict")]
    mine = lab.say(model.Registered, {"kind": "base"}, "model/a", "assessor", subject="ab" * 32)
    again = lab.write(
        model.Registered, {"kind": "base"}, "model/b", "assessor", subject="cd" * 32, event_id=mine.event_id
    )
    lab.slip(again.wire())
    lab.finds("event-id-conflict")


def test_attack_an_entry_copied_within_the_log(lab: Lab) -> None:
    """Whoever holds the log's keys replays a statement as a second entry, in its stream's next place."""
    written = lab.write(model.Registered, {"kind": "base"}, "model/a", "assessor", subject="ab" * 32)
    lab.add(written)
    lab.slip(written.wire())
    lab.finds("event-id-conflict")


def test_attack_across_a_restart(ledger_folder: Path) -> None:
    """The ids of before are read back from the log: a replay after a start gets the first receipt, a conflict stays one."""
    with opened(ledger_folder) as ledger:
        before = Door(ledger)
        written = before.model()
        first = before.admits(written.wire())
        before.close()
    with opened(ledger_folder) as ledger:
        after = Door(ledger)
        evidence = after.stored()
        answer = after.post(written.wire())
        assert (answer.status_code, answer.json()["index"]) == (200, first["index"])
        assert answer.json()["recorded_at"] == first["recorded_at"]
        vkeys = [parse_vkey(v) for v in ledger.appender.state.get("meta", "vkeys")]
        (row,) = ledger.desk.read_entries(first["index"], first["index"] + 1)
        check_receipt(answer.json()["receipt"], row.entry, vkeys, ledger.origin)
        other = after.model(event_id=written.event_id)
        after.refuses(other.wire(), 409, "event-id-conflict")
        after.unchanged(evidence)
        after.close()


def test_attack_a_replay_of_what_was_refused(door: Door) -> None:
    """A refusal takes no id: the same bytes are refused again, for the same reason, and the id is free."""
    (deployer,) = door.signers("deployer")
    bad = door.model(None, deployer)
    for _ in range(3):
        door.refuses(bad.wire(), 403, "role-missing")
    shown = door.ask("GET", f"/v1/entries/by-event/{bad.event_id}")
    assert (shown.status_code, shown.json()["outcome"]) == (404, "unknown")
    door.admits(door.model(event_id=bad.event_id).wire())


@pytest.mark.parametrize("same", ["subject", "body"])
def test_honest_a_new_id_is_a_new_entry(door: Door, lab: Lab, same: str) -> None:
    stream = door.name()
    door.admits(door.model(stream).wire())
    said = {"of": stream, "ratio": "1" if same == "body" else "2"}
    indexes = set()
    for _ in range(3):
        written = door.session.write(model.ComputeReached, said, stream, door.signers("evaluator"))
        indexes.add(door.admits(written.wire())["index"])
    assert len(indexes) == 3
    lab.say(model.Registered, {"kind": "base"}, "model/a", "assessor", subject="ab" * 32)
    for _ in range(3):
        lab.say(model.ComputeReached, {"of": "model/a", "ratio": "1"}, "model/a", "evaluator")
    lab.holds()
    assert signed(b"{}", lab.keys["engine"])
