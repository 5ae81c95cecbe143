"""What may be said of a framework: whom a law reaches, what changed at its source, how a clause is read."""

import pytest

from policies.framework_rules import classes_of
from tests.policies.lived import OWN, RSP, Lived
from tests.policies.world import World, shipped
from tests.vectors.life import act

SCOPE, DRIFT, READ = "framework.scope-determined", "framework.source-drifted", "framework.interpreted"
OTHER = "sha256:" + "9" * 64


@pytest.fixture(scope="module")
def w() -> Lived:
    return Lived()


def test_scope_is_of_a_published_law_or_code_by_its_id(w: Lived) -> None:
    again = (SCOPE,)
    assert w.again(SCOPE, causes=again) is None
    assert w.again(SCOPE, causes=again, applies=False, binds_as=[]) is None
    assert w.again(SCOPE, causes=again, digest=OTHER) == "framework-unknown"
    assert w.again(SCOPE, causes=again, id="fictional-act-2") == "framework-unknown"
    assert w.again(SCOPE, causes=again, digest=w.digest, id=RSP, stream=OWN) == "contradiction"


def test_nobody_adopts_a_law() -> None:
    """It binds from its date; who adopts it means to say that it reaches the lab."""
    world = World("us-ca-sb53")
    said = {"digest": world.digest, "effective": world.at, "id": world.pack.id, "scope": "all"}
    assert world.refusal("framework.adopted", said, "framework/us-ca-sb53") == "contradiction"


def test_a_law_reaches_the_lab_as_a_class_that_it_knows(w: Lived) -> None:
    again = (SCOPE,)
    assert classes_of(act()) == {"careful_developer"}
    assert w.again(SCOPE, causes=again, binds_as=["careless_developer"]) == "clause-unknown"
    assert w.again(SCOPE, causes=again, binds_as=[]) == "contradiction"
    assert w.again(SCOPE, causes=again, applies=False) == "contradiction"


def test_a_second_word_on_scope_names_the_first(w: Lived) -> None:
    assert w.again(SCOPE) == "revision-unsaid"
    assert w.again(SCOPE, causes=(DRIFT,)) == "revision-unsaid"


def test_a_drift_is_from_the_pack_s_own_source_to_something_else(w: Lived) -> None:
    assert w.again(DRIFT, found=OTHER) is None
    assert w.again(DRIFT, found=OTHER, expected=OTHER) == "pack-digest-mismatch"
    assert w.again(DRIFT, found=w.pack.source.digest) == "contradiction"
    assert w.again(DRIFT, found=OTHER, digest=OTHER) == "framework-unknown"
    assert w.again(DRIFT, found=OTHER, seen_at="2026-03-01T00:00:00.000000Z") == "clock-skew"


def test_the_same_drift_is_recorded_once_and_names_the_first(w: Lived) -> None:
    assert w.again(DRIFT) == "said-already"


def test_a_reading_is_of_a_part_of_the_pack(w: Lived) -> None:
    rso = w.hold("rso", "RSO", "framework/")
    assert w.again(READ, by=rso) is None
    assert w.again(READ, by=rso, clause="O-PUBLIC") is None
    assert w.again(READ, by=rso, clause="S-4") == "clause-unknown"
    assert w.again(READ, by=rso, digest=OTHER) == "framework-unknown"


def test_who_reads_as_a_role_holds_it_here(w: Lived) -> None:
    assert w.again(READ, role=None) is None
    assert w.again(READ, by=w.hold("rso", "RSO", "framework/"), role="JESTER") == "clause-unknown"
    assert w.again(READ) == "role-missing"
    assert w.again(READ, by=w.hold("elsewhere", "RSO", "model/")) == "role-missing"


def test_every_shipped_pack_names_its_classes_without_the_marker() -> None:
    assert "per_clause" not in classes_of(shipped(RSP))
