"""Worsening a determination, or removing an attestation, never moves an answer towards permit (domain.md §5)."""

from hypothesis import given, settings
from hypothesis import strategies as st

from policies.answer import STRICTNESS
from tests.policies.world import World

STATES = ("below", "not_ruled_out", "crossed")
WATCHED = ("CBRN-3", "CBRN-4", "AIRD-4", "AIRD-5", "AUTONOMY-CHECKPOINT")
SETS = ("ASL-2-DEPLOYMENT", "ASL-2-SECURITY", "ASL-3-DEPLOYMENT", "ASL-3-SECURITY", "MC-1")
DOCUMENTS = (
    "capability_report",
    "safeguards_report",
    "follow_up_capability_assessment",
    "security_sufficiency_finding",
)
ACTIONS = ("train", "store_weights", "internal_deploy", "controlled_deploy", "external_deploy", "release_weights")


def answer(states: dict[str, int], sets: frozenset[str], documents: frozenset[str], action: str) -> int:
    world = World("anthropic-rsp-2.2")
    world.model()
    for name, rank in states.items():
        world.determine(name, STATES[rank])
    for name in sorted(sets):
        world.attest(name)
    for kind in sorted(documents):
        world.document(kind)
    fact = "pretraining_effective_compute_ratio_to_model_needing_ASL3_security"
    return STRICTNESS.index(world.ask(action, facts=((fact, "1.0"),))[0].answer)


@settings(max_examples=60, deadline=None)
@given(
    st.fixed_dictionaries({name: st.integers(0, 2) for name in WATCHED}),
    st.frozensets(st.sampled_from(SETS)),
    st.frozensets(st.sampled_from(DOCUMENTS)),
    st.sampled_from(ACTIONS),
    st.sampled_from(WATCHED),
)
def test_worsening_a_determination(
    states: dict[str, int], sets: frozenset[str], documents: frozenset[str], action: str, name: str
) -> None:
    worse = {**states, name: min(2, states[name] + 1)}
    assert answer(worse, sets, documents, action) >= answer(states, sets, documents, action)


@settings(max_examples=60, deadline=None)
@given(
    st.fixed_dictionaries({name: st.integers(0, 2) for name in WATCHED}),
    st.frozensets(st.sampled_from(SETS), min_size=1),
    st.frozensets(st.sampled_from(DOCUMENTS)),
    st.sampled_from(ACTIONS),
    st.data(),
)
def test_removing_an_attestation(
    states: dict[str, int], sets: frozenset[str], documents: frozenset[str], action: str, data: st.DataObject
) -> None:
    gone = data.draw(st.sampled_from(sorted(sets)))
    assert answer(states, sets - {gone}, documents, action) >= answer(states, sets, documents, action)
