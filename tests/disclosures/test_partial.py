"""Folding what is shown: signatures, keys and roles hold or are named; what is withheld is never guessed."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from disclosures.partial import fold_shown
from ledger.events import model
from tests.disclosures.forger import MODEL, PACK, Forger, commit_as_is, honest, told
from tests.simulator import Lab, altered, signer

HIDEABLE = [(MODEL, v) for v in range(1, 6)] + [("model/b", 1), (f"framework/{PACK}", 1), (f"framework/{PACK}", 2)]


def test_everything_shown_folds_to_what_the_lab_holds() -> None:
    forger = honest()
    partial = fold_shown(forger.shown())
    assert (partial.problems, partial.unfolded) == ((), ())
    for table in ("key", "role", "principal", "subject", "adopted", "model", "compute"):
        assert list(partial.state.scan(table)) == list(forger.lab.replay.state.scan(table)), table


@settings(max_examples=25, deadline=None)
@given(hidden=st.sets(st.sampled_from(HIDEABLE)))
def test_whatever_is_withheld_nothing_shown_is_refused(hidden) -> None:
    partial = fold_shown(honest(withheld=dict.fromkeys(hidden, "not-allowed")).shown())
    assert partial.problems == ()
    assert len(partial.events) == len(told()[0].entries) - len(hidden)


def problem(lab: Lab) -> tuple[int, str]:
    (found,) = fold_shown(Forger(lab).shown()).problems
    return found.index, found.rule


@pytest.fixture
def lab() -> Lab:
    return told()[0].fork()


def fact(lab: Lab, by: str) -> object:
    return lab.write(model.ComputeReached, {"of": "model/b", "ratio": "9"}, MODEL, by)


def test_a_role_that_the_signer_does_not_hold(lab: Lab) -> None:
    lab.slip(fact(lab, "assessor").wire())
    commit_as_is(lab)
    assert problem(lab) == (len(lab.entries) - 2, "role-missing")


def test_a_key_that_nobody_registered(lab: Lab) -> None:
    lab.keys["stranger"] = signer("stranger")
    lab.slip(fact(lab, "stranger").wire())
    commit_as_is(lab)
    assert problem(lab) == (len(lab.entries) - 2, "key-unknown")


def test_an_envelope_whose_key_is_not_the_statement_s(lab: Lab) -> None:
    written = fact(lab, "evaluator")
    lab.slip(altered(written, {"signers": [lab.keys["evaluator"].keyid]}, lab.keys["assessor"]))
    commit_as_is(lab)
    assert problem(lab) == (len(lab.entries) - 2, "signers-mismatch")


def test_an_entry_of_another_ledger(lab: Lab) -> None:
    lab.slip(altered(fact(lab, "evaluator"), {"ledger": "dev/another"}, lab.keys["evaluator"]))
    commit_as_is(lab)
    assert problem(lab) == (len(lab.entries) - 2, "wrong-ledger")


def test_a_broken_chain(lab: Lab) -> None:
    lab.slip(fact(lab, "evaluator").wire(), previous="ab" * 32)
    commit_as_is(lab)
    assert problem(lab) == (len(lab.entries) - 2, "chain-broken")
