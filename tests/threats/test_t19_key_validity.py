"""T19: expired, not yet valid, revoked key. Validity is by the *index* of key events, then by `recorded_at` for dates.

±1 entry around a revocation; revoke and use in one batch in both orders; dates to the microsecond, under the simulated clock.
The last allowed index, and the last allowed microsecond, pass.
"""

import json
from typing import Any

import pytest

from ledger.events import key, model
from ledger.reasons import Reason, Refused
from ledger.strict import shift
from ledger.trust import KeyLife, key_refusal
from tests.simulator import KEY_ADMINS, Lab, signer
from tests.threats.door import NDJSON, Door

BASE = {"kind": "base"}


def revocation(place: Door | Lab, own: Any, reason: str = "ceased") -> Any:
    """Stopped by one key-admin."""
    said = {"keyid": own.keyid, "reason": reason}
    if isinstance(place, Door):
        return place.session.write(key.Revoked, said, "ledger", place.signers("key-admin-1"))
    return place.write(key.Revoked, said, "ledger", KEY_ADMINS[0])


def answers(door: Door, *written: Any, atomic: bool = False) -> list[tuple[int, str | None]]:
    """Status and reason of each line of a batch."""
    url = f"/v1/entries{'?atomic=true' if atomic else ''}"
    lines = door.post(b"\n".join(w.wire() for w in written), NDJSON, url).text.splitlines()
    return [(v["status"], v.get("reason")) for v in map(json.loads, lines)]


def test_attack_one_entry_after_the_revocation(door: Door, lab: Lab) -> None:
    """Written before, sent after: what counts is the index."""
    _, own = door.person("assessor")
    early, late = door.model(None, own), door.model(None, own)
    door.admits(early.wire())
    door.admits(revocation(door, own).wire())
    problem = door.refuses(late.wire(), 403, "key-revoked")
    assert str(door.ledger.appender.size - 1) in problem["detail"]
    assert door.post(early.wire()).status_code == 200, "a retry after the revocation still gets its receipt"
    mine = signer("mine")
    lab.register("assessor", mine)
    written = lab.write(model.Registered, BASE, "model/a", mine, subject="ab" * 32)
    lab.add(revocation(lab, mine))
    lab.slip(written.wire())
    lab.finds("key-revoked")


def test_attack_revoke_and_use_in_one_batch(door: Door) -> None:
    """The same three envelopes, in both orders: the place in the batch decides, not the time of the batch."""
    _, own = door.person("assessor")
    before, after = door.model(None, own), door.model(None, own)
    stop = revocation(door, own)
    assert answers(door, before, stop, after) == [(201, None), (201, None), (403, "key-revoked")]
    _, own = door.person("assessor")
    use, stop = door.model(None, own), revocation(door, own)
    evidence = door.stored()
    assert [status for status, _ in answers(door, stop, use, atomic=True)] == [403, 403]
    door.unchanged(evidence)
    assert answers(door, stop, use) == [(201, None), (403, "key-revoked")]


def test_attack_before_its_registration(door: Door, lab: Lab) -> None:
    """Use and registration in one batch, in the wrong order; and in a log, one entry too early."""
    who, _ = door.person("assessor")
    own = signer(f"early {who}")
    from tests.threats.test_t18_shared_key import register

    use, enter = door.model(None, own), register(door, own, who)
    assert answers(door, use, enter) == [(403, "key-unknown"), (201, None)]
    door.admits(use.wire())
    mine = signer("mine")
    lab.slip(lab.write(model.Registered, BASE, "model/a", mine, subject="ab" * 32).wire())
    lab.finds("key-unknown")


DATES: list[tuple[dict[str, int], bool]] = [
    ({"not_before": 1}, False),
    ({"not_after": -1}, False),
    ({"not_before": 1, "not_after": 2}, False),
    ({"not_before": 0}, True),
    ({"not_after": 0}, True),
    ({"not_before": -1, "not_after": 1}, True),
    ({"not_before": 0, "not_after": 0}, True),
]


@pytest.mark.parametrize(("dates", "passes"), DATES)
def test_attack_dates_to_the_microsecond(lab: Lab, dates: dict[str, int], *, passes: bool) -> None:
    """The clock of the log stands at T; the key is valid from or until T ± 1 µs. `recorded_at` decides, never `occurred_at`."""
    mine = signer("dated")
    at = shift(lab.time, seconds=60)
    lab.register("assessor", mine, **{name: shift(at, micros=n) for name, n in dates.items()})
    lab.time = at
    written = lab.write(model.Registered, BASE, "model/a", mine, subject="ab" * 32, occurred_at=shift(at, seconds=-30))
    if passes:
        lab.add(written)
        lab.holds()
    else:
        lab.slip(written.wire())
        lab.finds("key-expired")


@pytest.mark.parametrize(
    ("dates", "reason"), [({"not_after": -3600}, "key-expired"), ({"not_before": 3600}, "key-expired")]
)
def test_attack_dates_at_the_door(door: Door, dates: dict[str, int], reason: str) -> None:
    """An hour on the wrong side, whatever the statement says about when it occurred."""
    who, _ = door.person("assessor")
    own = signer(f"dated {who} {dates}")
    now = door.ledger.now()
    door.register(who, own, **{n: shift(now, seconds=s) for n, s in dates.items()})
    door.refuses(door.model(None, own).wire(), 403, reason)
    door.refuses(door.model(None, own, occurred_at=shift(now, seconds=-7200), back_recorded=True).wire(), 403, reason)


def test_attack_a_backdated_entry_time_in_the_log(lab: Lab) -> None:
    """Whoever holds the log's keys can't date an entry back into a key's life: recorded times never fall."""
    mine = signer("dated")
    end = shift(lab.time, seconds=1)
    lab.register("assessor", mine, not_after=end)
    lab.tick(60)
    lab.say(model.Registered, BASE, "model/a", "assessor", subject="ab" * 32)
    lab.slip(lab.write(model.Registered, BASE, "model/b", mine, subject="cd" * 32).wire(), recorded_at=end)
    lab.finds("recorded-at-falls")


@pytest.mark.parametrize("use", ["root-1", "root-3", "engine"])
def test_attack_a_key_of_another_use(door: Door, lab: Lab, use: str) -> None:
    door.refuses(door.model(None, *door.signers(use)).wire(), 403, "key-use")
    lab.slip(lab.write(model.Registered, BASE, "model/a", use, subject="ab" * 32).wire())
    lab.finds("key-use")


def test_attack_revoking_twice_or_the_unknown(door: Door, lab: Lab) -> None:
    _, own = door.person("assessor")
    door.admits(revocation(door, own).wire())
    door.refuses(revocation(door, own).wire(), 403, "key-revoked")
    door.refuses(revocation(door, signer("unknown")).wire(), 403, "key-unknown")
    mine = signer("mine")
    lab.register("assessor", mine)
    lab.add(revocation(lab, mine))
    lab.slip(revocation(lab, mine).wire())
    lab.finds("key-revoked")


def test_honest_the_last_allowed_index(door: Door, lab: Lab) -> None:
    """One entry before the revocation; by the key itself too; and another key of the same person goes on."""
    who, own = door.person("assessor")
    second = signer(f"second {who}")
    door.register(who, second)
    use = door.model(None, own)
    stop = door.session.write(key.Revoked, {"keyid": own.keyid, "reason": "superseded"}, "ledger", [own])
    following = door.model(None, second)
    assert answers(door, use, stop, following) == [(201, None)] * 3
    mine, other = signer("mine"), signer("other")
    lab.register("assessor", mine)
    lab.register("assessor", other)
    lab.say(model.Registered, BASE, "model/a", mine, subject="ab" * 32)
    lab.say(key.Revoked, {"keyid": mine.keyid, "reason": "superseded"}, "ledger", mine)
    lab.say(model.Registered, BASE, "model/b", other, subject="cd" * 32)
    lab.holds()


def test_honest_rotation_in_one_batch(door: Door) -> None:
    """Successor registered, old key revoked, successor used: no gap, no overlap."""
    from tests.threats.test_t18_shared_key import register

    who, own = door.person("assessor")
    new = signer(f"successor {who}")
    enter, stop, use = register(door, new, who), revocation(door, own, "superseded"), door.model(None, new)
    assert answers(door, enter, stop, use, atomic=True) == [(201, None)] * 3
    life: KeyLife = door.ledger.appender.state.get("key", own.keyid)
    refusal = key_refusal(life, own.keyid, door.ledger.now())
    assert isinstance(refusal, Refused)
    assert refusal.reason is Reason.KEY_REVOKED
