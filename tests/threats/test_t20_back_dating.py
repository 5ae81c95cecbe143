"""T20: a stolen key, later revoked, signs things that "happened" before.

Order is the index, `occurred_at` is a claim. A revocation names `compromised_since_index`; all that rests on later entries is
`tainted`, verdicts fall to `undetermined`, and what was answered then stays visible. P: at the door · S: after a restart the
service still knows · V: the auditor refolds and compares claims · W: history rewritten by whoever holds the log's keys diverges
under a pin. Not here: W by witnesses and outside timestamp tokens, which a later order builds.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from api.author import Audience, write
from api.keyring import load_signer
from api.wiring import opened
from auditor.verdict import VerifyVerdict
from auditor.verify import verify_export
from disclosures.claims import claims_of, sign_claims
from ledger.admit import Admitted, admit, fold_event, open_submission
from ledger.events import key, model
from ledger.replay import Problem, Replay
from ledger.state import State
from ledger.strict import shift
from ledger.tile import parse_bundle
from ledger.trust import KeyLife
from policies.answer import AsOf
from policies.rules import RULES
from tests.conftest import copy_of
from tests.simulator import KEY_ADMINS, Lab, signer
from tests.threats.door import Door
from tests.threats.test_t19_key_validity import revocation

BASE = {"kind": "base"}
STREAM, ACTION = "model/fictional-one", "external_deploy"


# -- posting after the revocation, with an old date --------------------------------------------------------------------


@pytest.mark.parametrize("days", [0, 1, 30, 400])
@pytest.mark.parametrize("back", [False, True])
def test_attack_an_old_date_after_the_revocation(door: Door, lab: Lab, days: int, *, back: bool) -> None:
    """Signed, it says, long before: neither `occurred_at` nor `back_recorded` reaches behind the index."""
    _, own = door.person("assessor")
    door.admits(revocation(door, own, "superseded").wire())
    then = shift(door.ledger.now(), days=-days)
    door.refuses(door.model(None, own, occurred_at=then, back_recorded=back).wire(), 403, "key-revoked")
    mine = signer("stolen")
    lab.register("assessor", mine)
    lab.add(revocation(lab, mine))
    then = shift(lab.time, days=-days)
    written = lab.write(
        model.Registered, BASE, "model/a", mine, subject="ab" * 32, occurred_at=then, back_recorded=back
    )
    lab.slip(written.wire())
    lab.finds("key-revoked")


# -- revoking backwards ------------------------------------------------------------------------------------------------


def compromise(place: Door | Lab, own: Any, since: int, *by: str) -> Any:
    """A revocation that taints from `since` on."""
    said = {"keyid": own.keyid, "reason": "compromised", "compromised_since_index": since}
    if isinstance(place, Door):
        return place.session.write(key.Revoked, said, "ledger", [s for b in by for s in place.signers(b)])
    return place.write(key.Revoked, said, "ledger", *by)


def test_attack_tainting_takes_the_quorum(door: Door, lab: Lab) -> None:
    """One key-admin, or the key itself, may stop a key: what stands is the quorum's to change."""
    who, own = door.person("assessor")
    at = door.ledger.appender.state.get("key", own.keyid).index
    door.refuses(compromise(door, own, at, KEY_ADMINS[0]).wire(), 422, "quorum-short")
    alone = {"keyid": own.keyid, "reason": "compromised", "compromised_since_index": at}
    door.refuses(door.session.write(key.Revoked, alone, "ledger", [own]).wire(), 403, "role-missing")
    door.admits(compromise(door, own, at, *KEY_ADMINS).wire())
    assert door.ledger.appender.state.get("taint", own.keyid) == at
    mine = signer("stolen")
    lab.register("assessor", mine)
    lab.slip(compromise(lab, mine, 3, KEY_ADMINS[0]).wire())
    lab.finds("quorum-short")
    assert who


def test_attack_a_taint_moves_earlier_only(door: Door, lab: Lab) -> None:
    """Not into the future, not later than it was, not without an index, and no index without a compromise."""
    _, own = door.person("assessor")
    size = door.ledger.appender.size
    door.refuses(compromise(door, own, size + 1, *KEY_ADMINS).wire(), 422, "reference-wrong")
    door.admits(compromise(door, own, size - 1, *KEY_ADMINS).wire())
    for later in (size - 1, size):
        door.refuses(compromise(door, own, later, *KEY_ADMINS).wire(), 422, "reference-wrong")
    door.admits(compromise(door, own, size - 2, *KEY_ADMINS).wire())
    admins = door.signers("key-admin", 2)
    bad: list[dict[str, Any]] = [{"reason": "compromised"}, {"reason": "ceased", "compromised_since_index": 0}]
    for said in bad:
        _, fresh = door.person()
        door.refuses(
            door.session.write(key.Revoked, {"keyid": fresh.keyid, **said}, "ledger", admins).wire(),
            403,
            "scope-mismatch",
        )
    mine = signer("stolen")
    lab.register("assessor", mine)
    lab.add(compromise(lab, mine, 20, *KEY_ADMINS))
    lab.slip(compromise(lab, mine, 21, *KEY_ADMINS).wire())
    lab.finds("reference-wrong")


# -- what rests on it --------------------------------------------------------------------------------------------------


def entries_of(told_folder: Path) -> list[bytes]:
    """The entries of the story's export: fewer than a bundle holds."""
    (bundle,) = (p for p in (told_folder / "export" / "tile" / "entries").rglob("*") if p.is_file())
    return parse_bundle(bundle.read_bytes(), int(bundle.name))


@pytest.fixture(scope="module")
def told(told_folder: Path) -> Replay:
    """The demo's story folded: external deployment of a fictional model is decided and permitted."""
    replay = Replay(RULES)
    for raw in entries_of(told_folder):
        outcome = replay.step(raw)
        assert not isinstance(outcome, Problem)
    return replay


def answer(state: State, size: int, at: str) -> dict[str, Any]:
    """The story's answer."""
    claims = claims_of(state, AsOf(size, at))
    found: dict[str, Any] = next(m["actions"][ACTION] for m in claims["models"] if m["stream"] == STREAM)
    return found


def tainted(told: Replay, folder: Path, who: str, since: int) -> dict[str, Any]:
    """The answer after the key of `who` is declared compromised since an index, admitted by the rules."""
    keys = folder / "keys"
    admins = [load_signer(keys / f"{a}.pem") for a in KEY_ADMINS]
    own = load_signer(keys / f"{who}.pem")
    said = {"keyid": own.keyid, "reason": "compromised", "compromised_since_index": since}
    at = told.recorded_at
    audience = Audience(told.state.get("meta", "origin"), told.state.get("meta", "founding"))
    submission = open_submission(write(key.Revoked, said, audience, "ledger", admins, at).envelope, told.lookup)
    assert not hasattr(submission, "reason"), submission
    state = told.state.layer()
    placed = admit(state, told.size, at, submission, RULES)
    assert isinstance(placed, Admitted), placed
    fold_event(state, placed.event, RULES)
    return answer(state, told.size + 1, at)


WHO: dict[str, tuple[str, str, str]] = {
    # evidence: the policy's own verdict rests on it
    "assessor": ("undetermined", "verdict-changed", "undetermined"),
    "attester": ("undetermined", "verdict-changed", "undetermined"),
    "approver-2": ("undetermined", "tainted", "undetermined"),  # confirmed the report, too
    # the way to the decision: the verdict stands, what was decided upon it does not
    "approver-1": ("undetermined", "tainted", "permit"),
    "deployer": ("undetermined", "tainted", "permit"),
    # a stolen key ends a permission and never a withholding: the one of before stands again
    "decider": ("deny", "withheld-by-decision", "permit"),
}


@pytest.mark.parametrize("who", WHO)
def test_attack_what_rests_on_a_stolen_key_falls(told: Replay, told_folder: Path, who: str) -> None:
    """From the key's first entry on, whichever of the chain was signed by it: nothing is permitted any more."""
    before = answer(told.state, told.size, told.recorded_at)
    assert (before["clearance"], before["verdict"]) == ("permit", "permit")
    life: KeyLife = told.state.get("key", load_signer(told_folder / "keys" / f"{who}.pem").keyid)
    after = tainted(told, told_folder, who, life.index)
    assert (after["clearance"], after["clearance_reasons"][0], after["verdict"]) == WHO[who]


def signed_by(told_folder: Path, who: str) -> Iterator[int]:
    """Indexes of the entries that a key signed."""
    keyid = load_signer(told_folder / "keys" / f"{who}.pem").keyid
    for index, raw in enumerate(entries_of(told_folder)):
        if any(s["keyid"] == keyid for s in json.loads(raw)["envelope"]["signatures"]):
            yield index


def test_attack_the_index_is_the_boundary(told: Replay, told_folder: Path) -> None:
    """One entry later and the decision stands; at the entry and it falls."""
    (decided,) = [
        n for n in signed_by(told_folder, "decider") if n == answer(told.state, told.size, told.recorded_at)["decision"]
    ]
    assert tainted(told, told_folder, "decider", decided + 1)["clearance"] == "permit"
    assert tainted(told, told_folder, "decider", decided)["clearance"] == "deny"


@pytest.fixture(scope="module")
def fallen(told_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The story's ledger after its decider's key was declared stolen, through the door, and closed again."""
    folder = copy_of(told_folder, tmp_path_factory.mktemp("fallen") / "ledger")
    with opened(folder) as ledger:
        door = Door(ledger)
        size = ledger.appender.size
        asked = f"/v1/models/{STREAM.removeprefix('model/')}/gate/{ACTION}"
        assert door.ask("GET", asked).json()["clearance"] == "permit"
        own = load_signer(folder / "keys" / "decider.pem")
        life: KeyLife = ledger.appender.state.get("key", own.keyid)
        door.admits(compromise(door, own, life.index, *KEY_ADMINS).wire())
        assert door.ask("GET", asked).json()["clearance"] == "deny"
        # what was answered then stays visible, at its own position
        assert door.ask("GET", f"{asked}?at={size}").json()["clearance"] == "permit"
        door.close()
    return folder


def test_attack_across_a_restart(fallen: Path) -> None:
    """S: the service that starts again folds the same: no memory of the old answer survives."""
    with opened(fallen) as ledger:
        door = Door(ledger)
        asked = f"/v1/models/{STREAM.removeprefix('model/')}/gate/{ACTION}"
        answered = door.ask("GET", asked).json()
        assert answered["clearance"] == "deny"
        assert door.ask("GET", f"{asked}?at={ledger.appender.size - 1}").json()["clearance"] == "permit"
        (decider,) = door.signers("decider")
        door.refuses(door.model(None, decider).wire(), 403, "key-revoked")
        door.close()


def test_attack_claims_that_forget_the_taint(lab: Lab) -> None:
    """V: an export whose claims are those of before the revocation, signed by the engine for the position after it."""
    lab.say(model.Registered, BASE, "model/a", "assessor", subject="ab" * 32)
    earlier = claims_of(lab.replay.state, AsOf(lab.replay.size, lab.time))
    mine = signer("stolen")
    lab.register("evaluator", mine)
    lab.say(model.Registered, BASE, "model/b", "assessor", subject="cd" * 32)
    lab.add(compromise(lab, mine, 5, *KEY_ADMINS))
    files = lab.export()
    forged = {**earlier, "as_of": {"size": len(lab.entries), "time": lab.time}}
    files["claims.json"], files["claims.sig"] = sign_claims(forged, lab.keys["engine"])
    assert verify_export(files.get, lab.pin()).to_json()["code"] == "claims-mismatch"
    lab.holds()


# -- rewriting history -------------------------------------------------------------------------------------------------


def test_attack_history_rewritten_before_the_revocation(lab: Lab) -> None:
    """W: whoever holds the log's keys and the stolen one inserts an entry before the revocation. It is consistent in itself,
    since the key was alive there: without a pin nothing shows it, and under any pin that knew the revocation it diverges."""
    mine = signer("stolen")
    lab.register("assessor", mine)
    rewritten = lab.fork()
    lab.add(revocation(lab, mine))
    lab.holds()
    pin = lab.pin()
    rewritten.say(model.Registered, BASE, "model/back-dated", mine, subject="ab" * 32)
    rewritten.add(revocation(rewritten, mine))
    assert verify_export(rewritten.export().get).verdict is VerifyVerdict.UNANCHORED
    report = verify_export(rewritten.export().get, pin)
    assert report.verdict is VerifyVerdict.DIVERGED
    assert [c.code for c in report.checks if c.verdict is VerifyVerdict.DIVERGED] == ["root-differs"]


def test_honest_superseded_leaves_its_past(door: Door, lab: Lab, told: Replay, told_folder: Path) -> None:
    """`superseded` and `ceased` taint nothing: the answer that rests on the key's past stands, there and in the replay."""
    life: KeyLife = told.state.get("key", load_signer(told_folder / "keys" / "evaluator.pem").keyid)
    assert tainted(told, told_folder, "evaluator", life.index)["clearance"] == "permit", "nothing rests on that key"
    _, own = door.person("assessor")
    value = door.admits(door.model(None, own).wire())
    door.admits(revocation(door, own, "superseded").wire())
    assert door.ledger.appender.state.get("taint", own.keyid) is None
    assert door.ask("GET", f"/v1/entries/{value['index']}").status_code == 200
    for reason in ("superseded", "ceased"):
        said = {"keyid": load_signer(told_folder / "keys" / "evaluator.pem").keyid, "reason": reason}
        audience = Audience(told.state.get("meta", "origin"), told.state.get("meta", "founding"))
        admin = load_signer(told_folder / "keys" / f"{KEY_ADMINS[0]}.pem")
        submission = open_submission(
            write(key.Revoked, said, audience, "ledger", [admin], told.recorded_at).envelope, told.lookup
        )
        state = told.state.layer()
        placed = admit(state, told.size, told.recorded_at, submission, RULES)
        assert isinstance(placed, Admitted)
        fold_event(state, placed.event, RULES)
        assert answer(state, told.size + 1, told.recorded_at)["clearance"] == "permit"
    mine = signer("retired")
    lab.register("assessor", mine)
    lab.say(model.Registered, BASE, "model/a", mine, subject="ab" * 32)
    lab.add(revocation(lab, mine, "superseded"))
    lab.holds()
