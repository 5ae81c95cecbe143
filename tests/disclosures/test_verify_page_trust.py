"""`verify.html` on keys, roles and quorums: what was slipped into the log without admission is found, with the auditor's code."""

from collections.abc import Callable
from typing import Any

import pytest

from auditor.bundle import Trust, verify_zip
from disclosures.stored_zip import format_zip
from ledger.envelope import Envelope, Signature, format_envelope
from ledger.events import key, ledger, log, model, role, root
from tests.disclosures.chromium import Chromium, bundle_verdict
from tests.disclosures.forger import MODEL, Forger, commit_as_is, told
from tests.disclosures.test_one_file_verifier import trust_file
from tests.simulator import KEY_ADMINS, Lab, grant, record, signer

NOT_CHECKED = "ml-dsa-not-checked"


def forged(envelope: Envelope) -> bytes:
    """The same statement under a signature of one bit's difference."""
    first, *rest = envelope.signatures
    bent = Signature(first.keyid, bytes([*first.sig[:-1], first.sig[-1] ^ 1]))
    return format_envelope(Envelope(envelope.payload, (bent, *rest)))


def both(lab: Lab, browser: Chromium) -> tuple[dict[str, Any], set[str]]:
    """What the page says, and the auditor's codes, once both came to one verdict."""
    raw = format_zip(Forger(lab, since=(1,)).files())
    report = verify_zip(raw, Trust(lab.pin(1)))
    found = bundle_verdict(browser, raw, trust_file(lab))
    assert found["verdict"] == report.verdict.value, (found, report.to_json())
    return found, {c.code for c in report.checks}


def reached(lab: Lab, *by: Any) -> Any:
    return lab.write(model.ComputeReached, {"of": "model/b", "ratio": "9"}, MODEL, *by)


def unknown_key(lab: Lab) -> None:
    lab.slip(reached(lab, signer("a stranger")).wire())


def revoked_key(lab: Lab) -> None:
    lab.say(key.Revoked, {"keyid": lab.keys["evaluator"].keyid, "reason": "ceased"}, "ledger", "key-admin-1")
    lab.slip(reached(lab, "evaluator").wire())


def expired_key(lab: Lab) -> None:
    short = signer("short-lived")
    lab.register("evaluator", short, not_after=lab.time)
    lab.tick()
    lab.slip(reached(lab, short).wire())


def wrong_use(lab: Lab) -> None:
    lab.slip(reached(lab, "engine").wire())


def one_of_two(lab: Lab) -> None:
    lab.slip(lab.write(role.Granted, grant("assessor", "evaluator"), "ledger", KEY_ADMINS[0]).wire())


def no_possession(lab: Lab) -> None:
    lab.slip(lab.write(key.Registered, record(signer("new"), "evaluator"), "ledger", *KEY_ADMINS).wire())


def out_of_scope(lab: Lab) -> None:
    second = signer("narrow")
    lab.say(role.Revoked, {"principal": "evaluator", "role": "evaluator"}, "ledger", *KEY_ADMINS)
    lab.register("evaluator", second)
    lab.say(role.Granted, {**grant("evaluator", "evaluator"), "streams": ["model/b"]}, "ledger", *KEY_ADMINS)
    lab.slip(reached(lab, second).wire())


def forged_signature(lab: Lab) -> None:
    lab.slip(forged(reached(lab, "evaluator").envelope))


def root_short(lab: Lab) -> None:
    vkeys = [str(v) for v in Lab("dev/simulated", name="other").log.vkeys]
    lab.slip(lab.write(log.Rotated, {"vkeys": vkeys}, "ledger", "root-1").wire())


SLIPS: list[tuple[Callable[[Lab], None], str]] = [
    (unknown_key, "key-unknown"), (revoked_key, "key-revoked"), (expired_key, "key-expired"), (wrong_use, "key-use"),
    (one_of_two, "quorum-short"), (no_possession, "proof-of-possession"), (out_of_scope, "scope-mismatch"),
    (forged_signature, "signature-invalid"), (root_short, "quorum-short"),
]  # fmt: skip


@pytest.mark.parametrize(("slip", "code"), SLIPS)
def test_what_admission_would_refuse(
    browser: Chromium, older: Chromium, slip: Callable[[Lab], None], code: str
) -> None:
    lab = told()[0].fork()
    slip(lab)
    commit_as_is(lab)
    found, codes = both(lab, browser)
    assert code in codes & set(found["codes"])
    lacking = bundle_verdict(older, format_zip(Forger(lab).files()), trust_file(lab))
    assert lacking["verdict"] == "INVALID"
    assert code in lacking["codes"]


@pytest.mark.parametrize("alg", ["ecdsa-p256-sha256", "ml-dsa-65"])
def test_event_keys_of_each_algorithm(browser: Chromium, older: Chromium, alg: str) -> None:
    """Each holds, and its forgery is found; an engine without ML-DSA says of both that they were not checked."""
    lab, own = told()[0].fork(), signer("of another algorithm", alg)
    lab.register("evaluator", own)
    good, bad = lab.fork(), lab.fork()
    good.add(reached(good, own))
    bad.slip(forged(reached(bad, own).envelope))
    good.commit_index()
    commit_as_is(bad)
    assert both(good, browser)[0]["codes"] == []
    found, codes = both(bad, browser)
    assert "signature-invalid" in codes & set(found["codes"])
    raws = [format_zip(Forger(one).files()) for one in (good, bad)]
    said = [bundle_verdict(older, raw, trust_file(lab)) for raw in raws]
    assert said[0] == {"verdict": "INCOMPLETE", "codes": [NOT_CHECKED]}
    if alg == "ml-dsa-65":
        assert said[1] == said[0]
        assert "ML-DSA-44, ML-DSA-65 not checked" in older.run("part('parts').textContent")
    else:
        assert said[1]["verdict"] == "INVALID"


def test_the_root_rotates(browser: Chromium) -> None:
    """A pin from before is enough: the new root follows from entry 0, and the old one is none any more."""
    lab, names = told()[0].fork(), ("root-4", "root-5", "root-6")
    lab.keys |= {name: signer(name) for name in names}
    keys = [{**record(lab.keys[name], name, use="root"), "kind": "person", "unit": name} for name in names]
    body = {"keys": sorted(keys, key=lambda k: str(k["keyid"])), "root_threshold": 2}
    lab.say(root.Rotated, body, "ledger", "root-1", "root-2", "root-3", *names)
    old, new = lab.fork(), lab.fork()
    new.say(ledger.Frozen, {"reason": "a drill"}, "ledger", "root-4", "root-5")
    new.say(
        ledger.Restored,
        {"reason": "its end", "root": new.pin(1).checkpoint.root.hex(), "size": 1},
        "ledger",
        "root-4",
        "root-5",
    )
    old.slip(old.write(ledger.Frozen, {"reason": "a thief"}, "ledger", "root-1", "root-2").wire())
    new.commit_index()
    commit_as_is(old)
    assert both(new, browser)[0]["codes"] == []
    assert both(old, browser)[0]["codes"] == ["key-revoked"]
