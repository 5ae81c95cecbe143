"""The rotation drill (access.md §4, §10) of people's and the engine's keys, without a database, and a key revoked backwards.

Root and log keys too, on a real ledger: tests/stories/test_rotation_drill.py.
"""

import pytest

from api.founding import KEY_ADMINS
from auditor.verdict import VerifyVerdict
from ledger.events import key, model, threshold
from ledger.keys import SoftwareSigner
from ledger.replay import Replay
from policies.answer import AsOf, Finding, PolicyVerdict, Request
from policies.evaluate import evaluate
from policies.framework import pack_digest
from policies.rules import RULES
from tests.access.asking import asked
from tests.adopting import adopt
from tests.policies.world import shipped
from tests.simulator import Lab, record, signer

PACK, MODEL = "anthropic-rsp-2.2", "model/a"
WHO = ("engine", "evaluator", "assessor", "attester", "framework-admin-1", "framework-admin-2", *KEY_ADMINS)


def rotate(lab: Lab, who: str, round_: int) -> SoftwareSigner:
    """Register the successor, then revoke the old key: no gap between the two entries, no overlap needed."""
    old, fresh = lab.keys[who], signer(f"{who} of round {round_}")
    use = "engine" if who == "engine" else "event"
    lab.say(key.Registered, record(fresh, who, use=use), "ledger", *KEY_ADMINS, fresh)
    lab.keys[who] = fresh
    lab.say(key.Revoked, {"keyid": old.keyid, "reason": "superseded"}, "ledger", *KEY_ADMINS)
    return fresh


def determine(lab: Lab, name: str, state: str) -> int:
    said = {
        "evidence": [], "framework": pack_digest(shipped(PACK)), "made": "role", "precautionary": False, "review_by": None,
        "state": state, "subjects": [MODEL], "threshold": name,
    }  # fmt: skip
    return lab.say(threshold.Determined, said, MODEL, "assessor").index


def verdict(lab: Lab, size: int | None = None) -> PolicyVerdict:
    """The answer as of a size: the history is folded anew up to it, as `?at=` does."""
    size = len(lab.entries) if size is None else size
    replay = Replay(RULES)
    for raw in lab.entries[:size]:
        replay.step(raw)
    request = Request(MODEL, "train", audience="general", facts=((TRAIN, "0.5"),))
    return evaluate(replay.state, request, AsOf(size, replay.recorded_at))


TRAIN = "pretraining_effective_compute_ratio_to_model_needing_ASL3_security"


def about(found: PolicyVerdict, name: str) -> Finding:
    return next(f for f in found.findings if f.requirement.startswith(name))


def adopted() -> Lab:
    lab, pack = Lab(name="drill"), shipped(PACK)
    adopt(lab, pack)
    lab.say(model.Registered, {"kind": "base"}, MODEL, "assessor", subject="ab" * 32)
    return lab


@pytest.fixture(scope="module")
def drilled() -> tuple[Lab, dict[int, int], list[SoftwareSigner]]:
    """Five rounds, in each of which everyone's key is replaced and then used; the determinations' indexes by round."""
    lab = adopted()
    first = lab.pin()
    said: dict[int, int] = {}
    assessors: list[SoftwareSigner] = []
    for round_ in range(5):
        for who in WHO:
            fresh = rotate(lab, who, round_)
            if who == "assessor":
                assessors.append(fresh)
        said[round_] = determine(lab, "CBRN-4", "below")
        lab.say(model.ComputeReached, {"of": MODEL, "ratio": "1.5"}, MODEL, "evaluator")
    determine(lab, "AUTONOMY-CHECKPOINT", "below")
    assert lab.verify(first).verdict is VerifyVerdict.VALID_UNWITNESSED  # from the first trust file
    return lab, said, assessors


def test_every_old_key_is_stopped_and_its_past_stands(
    drilled: tuple[Lab, dict[int, int], list[SoftwareSigner]],
) -> None:
    lab, _, assessors = drilled
    for old in assessors[:-1]:
        said = {"of": MODEL, "ratio": "1.5"}
        assert asked(lab, model.Registered, {"kind": "base"}, "model/b", old, subject="cd" * 32) == "key-revoked"
        assert asked(lab, model.ComputeReached, said, MODEL, old) == "key-revoked"
    assert asked(lab, model.Registered, {"kind": "base"}, "model/b", assessors[-1], subject="cd" * 32) is None
    assert verdict(lab).answer == "permit"


def test_a_key_revoked_backwards_taints_from_that_index_on(
    drilled: tuple[Lab, dict[int, int], list[SoftwareSigner]],
) -> None:
    lab, said, assessors = drilled
    lab = lab.fork()
    before = len(lab.entries)
    then = verdict(lab)
    assert about(then, "CBRN-4").state == "met"
    # Earlier rounds' keys are compromised: the newest determination, by the newest key, still stands.
    old = {"compromised_since_index": 0, "keyid": assessors[2].keyid, "reason": "compromised"}
    lab.say(key.Revoked, old, "ledger", *KEY_ADMINS)
    assert about(verdict(lab), "CBRN-4").state == "met"
    # The newest key's, from its determination on: what it said is open, and says which entry opened it.
    since = said[4]
    late = {"compromised_since_index": since, "keyid": assessors[4].keyid, "reason": "compromised"}
    revoked = lab.say(key.Revoked, late, "ledger", *KEY_ADMINS).index
    now = verdict(lab)
    found = about(now, "CBRN-4")
    assert (found.state, found.why) == ("unknown", "tainted")
    assert revoked in found.indexes
    assert since in found.indexes
    assert now.answer == "undetermined"
    assert now.digest() != then.digest()
    # The answer given then stays, for whoever asks as of then.
    assert verdict(lab, before) == then
    lab.holds()


def test_a_compromise_after_the_entry_leaves_it_standing(
    drilled: tuple[Lab, dict[int, int], list[SoftwareSigner]],
) -> None:
    lab, said, assessors = drilled
    lab = lab.fork()
    late = {"compromised_since_index": said[4] + 3, "keyid": assessors[4].keyid, "reason": "compromised"}
    lab.say(key.Revoked, late, "ledger", *KEY_ADMINS)
    assert about(verdict(lab), "CBRN-4").state == "met"


def test_a_live_key_heals_it_by_saying_it_again(drilled: tuple[Lab, dict[int, int], list[SoftwareSigner]]) -> None:
    lab, said, assessors = drilled
    lab = lab.fork()
    late = {"compromised_since_index": said[4], "keyid": assessors[4].keyid, "reason": "compromised"}
    lab.say(key.Revoked, late, "ledger", *KEY_ADMINS)
    fresh = signer("assessor, healed")
    lab.register("assessor", fresh)
    lab.keys["assessor"] = fresh
    again = determine(lab, "CBRN-4", "below")
    determine(lab, "AUTONOMY-CHECKPOINT", "below")  # it was said behind that index too
    found = about(verdict(lab), "CBRN-4")
    assert (found.state, found.indexes) == ("met", (again,))
