"""T11: none, an empty list, unknown keys only, one signature twice for a 2-of-2, one taken off, added, or put in another's place.

The envelope's keyids equal `signers` exactly and every signature verifies; a quorum counts principals; none of none is false.
"""

import json
from collections.abc import Callable
from typing import Any

import pytest

from ledger.envelope import MAX_SIGNATURES, pae
from ledger.events import principal
from ledger.keys import Signer
from ledger.strict import format_base64
from tests.simulator import KEY_ADMINS, Lab, altered, dumps_as_is, signer
from tests.threats.door import Door

Sign = Callable[[Signer], dict[str, str]]
STRANGER = signer("nobody ever registered this key")


def person(name: str) -> dict[str, Any]:
    return {"id": name, "kind": "person", "unit": "safety"}


def none(sigs: list[Any], _sign: Sign, _other: Signer) -> Any:
    return []


def absent(sigs: list[Any], _sign: Sign, _other: Signer) -> Any:
    return None


def null(sigs: list[Any], _sign: Sign, _other: Signer) -> Any:
    return [None]


def one_removed(sigs: list[Any], _sign: Sign, _other: Signer) -> Any:
    return sigs[:1]


def one_twice(sigs: list[Any], _sign: Sign, _other: Signer) -> Any:
    return [sigs[0], sigs[0]]


def same_sig_two_names(sigs: list[Any], _sign: Sign, _other: Signer) -> Any:
    return [sigs[0], {**sigs[1], "sig": sigs[0]["sig"]}]


def unknown_only(sigs: list[Any], sign: Sign, _other: Signer) -> Any:
    return [sign(STRANGER)]


def one_added(sigs: list[Any], sign: Sign, other: Signer) -> Any:
    return sorted([*sigs, sign(other)], key=lambda s: s["keyid"])


def replaced_by_anothers(sigs: list[Any], sign: Sign, other: Signer) -> Any:
    return sorted([sigs[0], sign(other)], key=lambda s: s["keyid"])


def too_many(sigs: list[Any], _sign: Sign, _other: Signer) -> Any:
    return [{**sigs[0], "keyid": f"{n:064x}"} for n in range(MAX_SIGNATURES + 1)]


# attack → at the door (status, reason), in the log
ATTACKS: dict[str, tuple[Any, int, str, str]] = {
    "none": (none, 400, "no-signatures", "schema"),
    "absent": (absent, 400, "schema", "schema"),
    "null": (null, 400, "schema", "schema"),
    "one removed": (one_removed, 403, "signers-mismatch", "signers-mismatch"),
    "one twice": (one_twice, 400, "duplicate-signer", "duplicate-signer"),
    "one signature under two names": (same_sig_two_names, 403, "signature-invalid", "signature-invalid"),
    "unknown keys only": (unknown_only, 403, "signers-mismatch", "signers-mismatch"),
    "one added": (one_added, 403, "signers-mismatch", "signers-mismatch"),
    "replaced by another's": (replaced_by_anothers, 403, "signers-mismatch", "signers-mismatch"),
    "too many": (too_many, 400, "too-many-signatures", "schema"),
}


def attacked(raw: bytes, payload: bytes, change: Any, other: Signer) -> bytes:
    """The envelope with another list of signatures."""
    value = json.loads(raw)
    found = change(value["signatures"], lambda s: {"keyid": s.keyid, "sig": format_base64(s.sign(pae(payload)))}, other)
    if found is None:
        del value["signatures"]
    else:
        value["signatures"] = found
    return dumps_as_is(value)


@pytest.mark.parametrize(("change", "status", "reason", "rule"), ATTACKS.values(), ids=ATTACKS)
def test_attack_signatures(door: Door, lab: Lab, change: Any, status: int, reason: str, rule: str) -> None:
    admins = door.signers("key-admin", 2)
    (other,) = door.signers("assessor")
    written = door.session.write(principal.Registered, person("ghost"), "ledger", admins)
    raw = attacked(written.wire(), written.envelope.payload, change, other)
    door.refuses(raw, status, reason)
    door.refuses_line(raw, status, reason)
    mine = lab.write(principal.Registered, person("ghost"), "ledger", *KEY_ADMINS)
    lab.slip(attacked(mine.wire(), mine.envelope.payload, change, lab.keys["assessor"]))
    lab.finds(rule, check="signatures" if rule == "signature-invalid" else "replay")


def test_attack_signers_says_less(door: Door, lab: Lab) -> None:
    """`signers` is signed: who names one key, none, or the same twice has no quorum."""
    admins = door.signers("key-admin", 2)
    one = door.session.write(principal.Registered, person("ghost"), "ledger", admins[:1])
    door.refuses(one.wire(), 422, "quorum-short")
    door.refuses(altered(one, {"signers": []}, admins[0]), 400, "schema")
    twice = [admins[0].keyid, admins[0].keyid]
    door.refuses(altered(one, {"signers": twice}, admins[0]), 400, "signers-order")
    both = door.session.write(principal.Registered, person("ghost"), "ledger", admins)
    backwards = sorted((s.keyid for s in admins), reverse=True)
    door.refuses(altered(both, {"signers": backwards}, *admins), 400, "signers-order")
    for change, by, rule in (
        ({}, KEY_ADMINS[:1], "quorum-short"),
        ({"signers": []}, KEY_ADMINS[:1], "schema"),
        ({"signers": [lab.keys[KEY_ADMINS[0]].keyid] * 2}, KEY_ADMINS[:1], "signers-order"),
    ):
        other = lab.fork()
        written = other.write(principal.Registered, person("ghost"), "ledger", *by)
        other.slip(altered(written, change, *(other.keys[b] for b in by)))
        other.finds(rule)


def test_attack_two_keys_of_one_principal(door: Door, lab: Lab) -> None:
    """A quorum counts principals: a second key of the same person is no second vote."""
    (first,) = door.signers("key-admin-1")
    second = signer("door key-admin-1 second", "ml-dsa-65")
    if door.ledger.appender.lookup(second.keyid) is None:
        door.register("key-admin-1", second)
    written = door.session.write(principal.Registered, person("ghost"), "ledger", [first, second])
    door.refuses(written.wire(), 422, "quorum-short")
    mine = signer("second")
    lab.register("key-admin-1", mine)
    lab.slip(lab.write(principal.Registered, person("ghost"), "ledger", "key-admin-1", mine).wire())
    lab.finds("quorum-short")


def test_attack_a_stranger_beside_a_quorum(door: Door, lab: Lab) -> None:
    """A third signer who holds no role, and one whom nobody knows, spoil an envelope that would pass without them."""
    admins = door.signers("key-admin", 2)
    (other,) = door.signers("assessor")
    for third, reason in ((other, "role-missing"), (STRANGER, "key-unknown")):
        written = door.session.write(principal.Registered, person("ghost"), "ledger", [*admins, third])
        door.refuses(written.wire(), 403, reason)
    lab.slip(lab.write(principal.Registered, person("ghost"), "ledger", *KEY_ADMINS, STRANGER).wire())
    lab.finds("key-unknown")


def test_honest_two_principals(door: Door, lab: Lab) -> None:
    written = door.session.write(principal.Registered, person("two-of-two"), "ledger", door.signers("key-admin", 2))
    raw = json.loads(written.wire())
    raw["signatures"].reverse()
    assert door.admits(json.dumps(raw).encode())["entry"]["envelope"] == json.loads(written.wire())
    lab.say(principal.Registered, person("two-of-two"), "ledger", *KEY_ADMINS)
    lab.holds()
