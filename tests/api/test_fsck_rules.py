"""fsck under rules that this release does not know: it says so, and does not call the log damaged."""

from pathlib import Path

import pytest

from api.author import Audience, Written, write
from api.fsck import fsck
from api.keyring import load_signer
from api.wiring import Ledger, opened, wall_clock
from ledger.admit import Submission, open_submission
from ledger.errors import Fault
from ledger.events import rules
from ledger.store.outcome import Appended
from policies.rules import RULES
from tests.faults.seat import registration


class Later:
    """A later release: the same judgement under another version."""

    version = "holdpoint-rules/2"
    refusal, fold, derive = RULES.refusal, RULES.fold, RULES.derive


def post(ledger: Ledger, written: Written) -> int:
    opened_ = open_submission(written.envelope, ledger.appender.lookup)
    assert isinstance(opened_, Submission)
    (outcome,) = ledger.appender.submit([opened_]).result(20)
    assert isinstance(outcome, Appended), outcome
    return outcome.event.index


@pytest.mark.parametrize("later", [False, True])
def test_what_it_cannot_judge_it_does_not_call_damage(story_folder: Path, *, later: bool) -> None:
    with opened(story_folder) as ledger:
        audience = Audience(ledger.origin, ledger.founding)
        roots = [load_signer(story_folder / "keys" / f"{name}.pem") for name in ("root-1", "root-2")]
        body = {"rules": "holdpoint-rules/2"}
        adopted = post(ledger, write(rules.Adopted, body, audience, "ledger", roots, wall_clock()))
        if later:
            end = ledger.appender._end
            end._rules, end._stopped, ledger.appender._rules = Later(), None, Later()
            assert post(ledger, registration(story_folder, audience)) == adopted + 1
    with pytest.raises(Fault) as caught, opened(story_folder):
        pass
    assert (caught.value.code, "holdpoint-rules/2" in caught.value.detail) == ("rules-unknown", True)
    if not later:
        assert fsck(story_folder) == [], "the adoption itself was judged by the rules before it"
        return
    with pytest.raises(Fault) as caught:
        fsck(story_folder)
    assert (caught.value.code, f"entry {adopted + 1}" in caught.value.detail) == ("rules-unknown", True)
