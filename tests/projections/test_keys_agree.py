"""The view `keys` says what admission goes by: the same roles, bindings and keys stand in it as in the rules' own tables."""

from typing import Any

from api.founding import KEY_ADMINS
from ledger.event import Event
from ledger.events import key, role
from ledger.state import State
from ledger.strict import shift
from projections.decode import Decoder
from projections.keys import KEYS
from projections.projection import fold_events
from tests.simulator import Lab, grant, record, signer
from tests.vectors.told import told

CEO, RSO = {"pack": "p-1", "role": "CEO"}, {"pack": "p-1", "role": "RSO"}


def events_of(entries: list[bytes]) -> list[Event]:
    decoder = Decoder()
    return [decoder.decode(index, raw) for index, raw in enumerate(entries)]


def agree(entries: list[bytes], state: State) -> int:
    """Compare; how many grants stand."""
    rows = dict(fold_events(KEYS, events_of(entries)).listed())
    shown: set[tuple[Any, ...]] = set()
    for row in rows.values():
        if row.value.get("type") == "principal":
            live = [g for g in row.value["grants"] if g["ended"] is None]
            shown |= {(row.value["id"], g["pack"], g["role"], g["index"]) for g in live}
    held: set[tuple[Any, ...]] = set()
    for name, found in state.scan("role"):
        who, what = name.split("|")
        held.add((who, None, what, found.index))
    for name, found in state.scan("packrole"):
        pack, what, who = name.split("|")
        held.add((who, pack, what, found.index))
    assert shown == held
    keys = {r.value["keyid"]: r.value["revoked_at"] for r in rows.values() if r.value.get("type") == "key"}
    assert keys == {name: life.revoked_at for name, life in state.scan("key")}
    return len(held)


def test_of_the_told_history() -> None:
    lab = told()
    assert agree(lab.entries, lab.replay.state) > 10


def test_of_grants_bindings_and_what_ends_them() -> None:
    lab = Lab(name="view")

    def give(who: str, what: str, **more: Any) -> None:
        lab.say(role.Granted, grant(who, what, **more), "ledger", *KEY_ADMINS)
        agree(lab.entries, lab.replay.state)

    def take(who: str, what: str, **more: Any) -> None:
        lab.say(role.Revoked, {"principal": who, "role": what, **more}, "ledger", *KEY_ADMINS)
        agree(lab.entries, lab.replay.state)

    give("approver-1", "approver", pack_role=CEO)
    give("approver-1", "decider", pack_role=RSO)
    take("approver-1", "approver")  # ends the role and the binding under it, not the other
    assert lab.replay.state.get("packrole", "p-1|RSO|approver-1") is not None
    give("approver-1", "approver")
    take("approver-1", "decider", pack_role=RSO)
    take("approver-1", "decider")
    give("attester", "auditor", valid_until=shift(lab.time, seconds=1))
    lab.tick(5)
    give("attester", "auditor")  # the lapsed one is replaced
    fresh = signer("attester, again")
    lab.say(key.Registered, record(fresh, "attester"), "ledger", *KEY_ADMINS, fresh)
    lab.say(key.Revoked, {"keyid": lab.keys["attester"].keyid, "reason": "superseded"}, "ledger", "key-admin-1")
    assert agree(lab.entries, lab.replay.state) > 10
