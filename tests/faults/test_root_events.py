"""The root's events on a real database: a freeze holds over a restart, unknown rules stop a service with a fault that says so."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from api.author import write
from api.keyring import load_signer
from api.wiring import wall_clock
from ledger.errors import Fault
from ledger.event import Body
from ledger.events import ledger, rules
from ledger.reasons import Reason, Refused
from ledger.replay import Replay
from ledger.store.folding import fold_stored
from ledger.store.outcome import Appended, Known
from ledger.tile import Edge
from policies.rules import RULES
from tests.faults.oracle import check, pin_of
from tests.faults.seat import ROWS, Place, Seat

TWO = ("root-1", "root-2")


def say(seat: Seat, body_type: type[Body], body: Mapping[str, Any]) -> int:
    """What the root's quorum says, appended."""
    signers = [load_signer(seat.place.folder / "keys" / f"{name}.pem") for name in TWO]
    return seat.index(write(body_type, body, seat.audience, "ledger", signers, wall_clock()))


def test_a_freeze_holds_over_a_restart_until_the_root_ends_it(place: Place, tmp_path: Path) -> None:
    seat = Seat(place)
    pin, before, written = pin_of(seat.ledger), seat.appender.size, seat.write()
    frozen = say(seat, ledger.Frozen, {"reason": "fictional drill"})
    assert frozen == before
    for _ in range(2):
        outcome = seat.post(written)
        assert isinstance(outcome, Refused)
        assert (outcome.reason, dict(outcome.facts)) == (Reason.LEDGER_FROZEN, {"frozen_at": str(frozen)})
        with pytest.raises(Fault, match="ledger-frozen"):
            seat.ledger.commit_index()
        assert seat.appender.stopped is None, "refusals, not a trouble: the root can still speak"
        seat.close()
        kept, seat = seat.account, Seat(place)
        seat.account = kept
    edge = seat.appender._end.position.edge
    say(seat, ledger.Restored, {"reason": "over", "root": edge.root().hex(), "size": edge.size})
    assert seat.index(written) == before + 2
    assert seat.ledger.commit_index() == before + 2 + ROWS
    check(seat.ledger, seat.account, tmp_path, pin, before=before)
    seat.close()


def test_unknown_rules_stop_the_service_and_the_next_start(place: Place, tmp_path: Path) -> None:
    seat = Seat(place)
    pin, before, early = pin_of(seat.ledger), seat.appender.size, seat.write()
    seat.index(early)
    adopted = say(seat, rules.Adopted, {"rules": "holdpoint-rules/2"})
    assert seat.appender.published[0] == adopted + 1, "it was admitted under the old rules, and is signed"
    assert seat.appender.stopped is not None
    assert seat.appender.stopped.code == "rules-unknown"
    assert "holdpoint-rules/2" in seat.appender.stopped.detail
    for ask in (lambda: seat.appender.submit([seat.open(seat.write())]), seat.ledger.commit_index):
        with pytest.raises(Fault) as caught:
            ask()
        assert (caught.value.code, "rules-unknown" in caught.value.detail) == ("read-only", True)
    check(seat.ledger, seat.account, tmp_path, pin, before=before)
    assert fold_stored(seat.ledger.desk, Replay(RULES), Edge.empty()).size == adopted + 1
    seat.close()
    with pytest.raises(Fault) as caught:
        Seat(place)
    assert caught.value.code == "rules-unknown"
    assert "docs/how-to/refusals/rules-unknown.md" in caught.value.remedy


class Later:
    """Rules of a later release, as far as this test goes: the same judgement under another version."""

    version = "holdpoint-rules/2"
    refusal, fold, derive = RULES.refusal, RULES.fold, RULES.derive


def test_what_a_later_release_appended_is_not_called_invalid(place: Place) -> None:
    """A service of this release beside one that knows the later rules: it follows to the adoption, and no further."""
    seat = Seat(place)
    adopted = say(seat, rules.Adopted, {"rules": "holdpoint-rules/2"})
    end = seat.appender._end
    end._rules, end._stopped, seat.appender._rules = Later(), None, Later()
    assert isinstance(seat.post(), Appended | Known)
    with pytest.raises(Fault) as caught:
        fold_stored(seat.ledger.desk, Replay(RULES), Edge.empty())
    assert (caught.value.code, f"entry {adopted + 1}" in caught.value.detail) == ("rules-unknown", True)
    seat.close()
    with pytest.raises(Fault, match="rules-unknown"):
        Seat(place)
