"""T23 `root_takeover`: the root changed by too few, its quorum shrunk, a key slipped in, the last admin locked out."""

from typing import Any

import pytest

from ledger.events import key, ledger, principal, role, root
from ledger.keys import Signer
from tests.access.asking import asked
from tests.simulator import KEY_ADMINS, Lab, grant, record, signer

FIRST = ("root-1", "root-2", "root-3")


@pytest.fixture
def lab() -> Lab:
    return Lab()


def body(lab: Lab, *names: str, threshold: int = 2, **more: Any) -> dict[str, Any]:
    """A new root of these keys; a name that the lab does not know gets a fresh key."""
    for name in names:
        lab.keys.setdefault(name, signer(name))
    keys = [root_key(lab.keys[n], n.partition(":")[0], **more) for n in names]
    return {"keys": sorted(keys, key=lambda k: k["keyid"]), "root_threshold": threshold}


def root_key(of: Signer, who: str, **more: Any) -> dict[str, Any]:
    return {**record(of, who, use="root"), "kind": "person", "unit": who, **more}


def unit_of(lab: Lab, who: str) -> str:
    return str(lab.replay.state.get("principal", who).unit)


NEW = ("root-4", "root-5", "root-6")


def test_attack_too_few_of_the_old_root(lab: Lab) -> None:
    said = body(lab, *NEW)
    for by in ((), FIRST[:1], KEY_ADMINS):
        expected = "quorum-short" if by != KEY_ADMINS else "key-use"
        assert asked(lab, root.Rotated, said, "ledger", *by, *NEW) == expected, by
    lab.keys["root-1:again"] = signer("root-1 again")
    assert asked(lab, root.Rotated, said, "ledger", "root-1", "root-1:again", *NEW) == "key-unknown"


def test_attack_a_new_key_that_does_not_sign(lab: Lab) -> None:
    said = body(lab, *NEW)
    assert asked(lab, root.Rotated, said, "ledger", *FIRST, *NEW[:2]) == "proof-of-possession"


def test_attack_a_root_of_fewer_than_three_people_or_a_threshold_beyond_them(lab: Lab) -> None:
    two = body(lab, "root-4", "root-5", "root-5:second")
    assert asked(lab, root.Rotated, two, "ledger", *FIRST, "root-4", "root-5", "root-5:second") == "root-keys"
    many = body(lab, *NEW, threshold=4)
    assert asked(lab, root.Rotated, many, "ledger", *FIRST, *NEW) == "root-keys"
    assert asked(lab, root.Rotated, body(lab, *NEW, threshold=3), "ledger", *FIRST, *NEW) is None


def test_attack_a_key_that_is_known_already(lab: Lab) -> None:
    """The key of an evaluator, or the log's own, never becomes a root key: nobody can prove who holds it for what."""
    lab.keys["root-4"] = lab.keys["assessor"]
    said = body(lab, "root-4", "root-5", "root-6")
    assert asked(lab, root.Rotated, said, "ledger", *FIRST, "root-4", "root-5", "root-6") in {"key-known", "key-use"}
    renamed = body(lab, "root-5", "root-6", "root-7")
    renamed["keys"].append(root_key(lab.keys["root-1"], "root-9"))
    assert asked(lab, root.Rotated, renamed, "ledger", *FIRST, "root-5", "root-6", "root-7") == "key-known"


@pytest.mark.parametrize("member", ["spki", "alg", "principal"])
def test_attack_a_kept_key_listed_as_another(lab: Lab, member: str) -> None:
    """A verifier who walks the rotations alone learns the keys from what they list: a kept key is listed as it was entered."""
    said = body(lab, "root-1", "root-4", "root-5")
    (kept,) = [k for k in said["keys"] if k["principal"] == "root-1"]
    kept["unit"] = unit_of(lab, "root-1")
    assert asked(lab, root.Rotated, said, "ledger", *FIRST[:2], "root-4", "root-5") is None
    kept[member] = {"spki": record(signer("mine"), "x")["spki"], "alg": "ml-dsa-65", "principal": "root-2"}[member]
    kept["unit"] = unit_of(lab, kept["principal"])
    assert asked(lab, root.Rotated, said, "ledger", *FIRST[:2], "root-4", "root-5") == "key-known"


def test_attack_by_a_role(lab: Lab) -> None:
    """No ledger role stands in for the root, and a root key signs nothing else."""
    assert asked(lab, ledger.Frozen, {"reason": "mine"}, "ledger", *KEY_ADMINS) == "key-use"
    assert asked(lab, ledger.Frozen, {"reason": "mine"}, "ledger", "root-1") == "quorum-short"
    assert asked(lab, ledger.Frozen, {"reason": "mine"}, "ledger", "root-1", "root-2", KEY_ADMINS[0]) == "key-use"
    revoked = {"keyid": lab.keys["root-1"].keyid, "reason": "ceased"}
    assert asked(lab, key.Revoked, revoked, "ledger", *KEY_ADMINS) == "key-use"
    revoked["keyid"] = lab.keys["assessor"].keyid
    assert asked(lab, key.Revoked, revoked, "ledger", *FIRST) == "key-use"


def test_attack_a_root_that_was_rotated_out(lab: Lab) -> None:
    lab.say(root.Rotated, body(lab, *NEW), "ledger", *FIRST, *NEW)
    assert asked(lab, ledger.Frozen, {"reason": "still me"}, "ledger", *FIRST) == "key-revoked"
    back = body(lab, *FIRST)
    for k in back["keys"]:
        k["unit"] = unit_of(lab, k["principal"])
    assert asked(lab, root.Rotated, back, "ledger", *NEW, *FIRST) == "key-revoked"


def test_honest_five_rotations_reach_root_six_from_root_one(lab: Lab) -> None:
    """Each rotation keeps one key, brings two, and is signed by the old quorum and by every new key."""
    pinned = lab.pin(1)
    now = FIRST
    for n in range(5):
        fresh = (now[-1], f"root-{2 * n + 4}", f"root-{2 * n + 5}")
        said = body(lab, *fresh)
        for k in said["keys"]:
            person = lab.replay.state.get("principal", k["principal"])
            k["unit"] = k["unit"] if person is None else person.unit
        lab.say(root.Rotated, said, "ledger", *now[:2], *fresh)
        now = fresh
    assert lab.replay.state.get("meta", "roots") == tuple(sorted(lab.keys[n].keyid for n in now))
    assert asked(lab, ledger.Frozen, {"reason": "drill"}, "ledger", *now[:2]) is None
    assert lab.verify(pinned).verdict.value == "VALID_UNWITNESSED"


def test_honest_the_last_key_admin_is_never_locked_out(lab: Lab) -> None:
    revoked = {"keyid": lab.keys[KEY_ADMINS[0]].keyid, "reason": "ceased"}
    assert asked(lab, key.Revoked, revoked, "ledger", *KEY_ADMINS) == "last-key-admin"
    third = signer("third")
    lab.say(principal.Registered, {"id": "key-admin-3", "kind": "person", "unit": "u"}, "ledger", *KEY_ADMINS)
    lab.register("key-admin-3", third)
    lab.say(role.Granted, grant("key-admin-3", "key-admin", streams=["ledger"]), "ledger", *KEY_ADMINS)
    assert asked(lab, key.Revoked, revoked, "ledger", *KEY_ADMINS) is None
