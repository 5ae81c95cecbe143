"""T16: a staging pass brought to production. `ledger` and `founding` are signed: 403 `wrong-ledger`.

Ledger A's envelopes and export against ledger B; the same origin founded anew; the body signed anew for B passes.
"""

import base64
import json
from typing import Any

import pytest

from api.author import Audience
from auditor.verdict import VerifyVerdict
from auditor.verify import verify_export
from ledger.events import model
from tests.simulator import Lab, altered
from tests.threats.door import Door

OTHERS = [
    ("dev/other", None),
    (None, "0" * 64),
    ("dev/other", "0" * 64),
    (None, ""),
    ("dev/tests2", None),
    ("dev", None),
]


@pytest.mark.parametrize(("origin", "founding"), OTHERS)
def test_attack_another_audience(door: Door, lab: Lab, origin: str | None, founding: str | None) -> None:
    """Signed by a key that both ledgers know, for the other one."""
    audience = {
        "ledger": origin or door.ledger.origin,
        "founding": door.ledger.founding if founding is None else founding,
    }
    (assessor,) = door.signers("assessor")
    raw = altered(door.model(), audience, assessor)
    door.refuses(raw, 403, "wrong-ledger")
    door.refuses_line(raw, 403, "wrong-ledger")
    other = Audience(origin or lab.origin, lab.founding if founding is None else founding)
    lab.slip(
        lab.write(model.Registered, {"kind": "base"}, "model/a", "assessor", subject="ab" * 32, audience=other).wire()
    )
    lab.finds("wrong-ledger")


def test_attack_the_audience_rewritten(door: Door) -> None:
    """Without the key, the audience can't be changed: it is under the signature."""
    written = door.model()
    value = json.loads(written.wire())
    bent = written.envelope.payload.replace(b'"ledger":"dev/tests"', b'"ledger":"dev/other"')
    assert bent != written.envelope.payload
    value["payload"] = base64.b64encode(bent).decode()
    door.refuses(json.dumps(value).encode(), 403, "signature-invalid")


def twins() -> tuple[Lab, Lab]:
    """Two ledgers whose members hold the same keys: staging and production."""
    return Lab(), Lab(origin="dev/production")


def test_attack_envelopes_of_ledger_a_in_b() -> None:
    """Every entry of A, one by one, in B, whose members hold the very same keys."""
    staging, production = twins()
    assert staging.keys["assessor"].keyid == production.keys["assessor"].keyid
    for raw in staging.entries[1:]:
        other = production.fork()
        envelope = json.dumps(json.loads(raw)["envelope"], separators=(",", ":"), sort_keys=True).encode()
        other.slip(envelope)
        report = other.verify()
        assert report.verdict is VerifyVerdict.INVALID
        (bad,) = (c for c in report.checks if c.verdict is VerifyVerdict.INVALID)
        assert bad.index == len(production.entries)
        assert bad.code == "wrong-ledger", bad


def test_attack_the_same_origin_founded_anew() -> None:
    """Same name, same keys, another entry 0: the statement's `founding` and the pin both tell them apart."""
    first = Lab()
    anew = refounded()
    assert (first.origin, first.founding != anew.founding) == (anew.origin, True)
    written = first.write(model.Registered, {"kind": "base"}, "model/a", "assessor", subject="ab" * 32)
    anew.slip(written.wire())
    anew.finds("wrong-ledger")
    clean = refounded()
    report = verify_export(clean.export().get, first.pin())
    assert (report.verdict, report.to_json()["code"]) == (VerifyVerdict.DIVERGED, "founded-anew")


def refounded() -> Lab:
    """The simulated lab, begun a minute later."""
    import tests.simulator as world

    begin = world.BEGIN
    world.BEGIN = "2026-04-07T09:01:00.000000Z"
    try:
        return Lab()
    finally:
        world.BEGIN = begin


def test_attack_an_export_of_a_under_the_pin_of_b() -> None:
    staging, production = twins()
    report = verify_export(staging.export().get, production.pin())
    assert (report.exit_code, [c.code for c in report.checks if c.verdict is VerifyVerdict.DIVERGED]) == (
        4,
        ["other-ledger"],
    )
    files: dict[str, Any] = production.export() | {
        "claims.json": staging.export()["claims.json"],
        "claims.sig": staging.export()["claims.sig"],
    }
    # the same engine key signed A's claims: what they say is not what B's entries say
    assert verify_export(files.get, production.pin()).to_json()["code"] == "claims-mismatch"


def test_honest_signed_anew_passes(door: Door) -> None:
    """The body of another ledger's statement, signed for this one."""
    staging, production = twins()
    body = {"kind": "base"}
    staging.say(model.Registered, body, "model/a", "assessor", subject="ab" * 32)
    production.say(model.Registered, body, "model/a", "assessor", subject="ab" * 32)
    production.holds()
    staging.holds()
    door.admits(door.model().wire())
