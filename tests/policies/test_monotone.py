"""Worsening a determination, or removing an attestation, never moves an answer towards permit (domain.md §5, §8).

Over generated histories: determinations that are absent, made, aged, tainted, made again, or covered by an earlier model's;
attestations that expire, are withdrawn, or hold elsewhere; interim measures; reports; a decision, and what was told to whom.
"""

from dataclasses import dataclass, replace

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ledger.strict import shift
from policies.answer import STRICTNESS, Answer
from tests.policies.world import World, hexed

STATES = ("below", "not_ruled_out", "crossed")
WATCHED = ("CBRN-3", "CBRN-4", "AIRD-4", "AIRD-5", "AUTONOMY-CHECKPOINT", "CYBER-OPS")
SETS = (
    "ASL-2-DEPLOYMENT",
    "ASL-2-SECURITY",
    "ASL-3-DEPLOYMENT",
    "ASL-3-DEPLOYMENT-TRUSTED",
    "ASL-3-SECURITY",
    "MC-1",
    "A3D-6",
)
DOCUMENTS = (
    "capability_report",
    "safeguards_report",
    "follow_up_capability_assessment",
    "security_sufficiency_finding",
)
ACTIONS = ("train", "store_weights", "internal_deploy", "controlled_deploy", "external_deploy", "release_weights")
INTERIM = ("G-EXTERNAL-ASL3", "G-CONTROLLED-ASL3", "G-STORE-ASL3", "G-AIRD4", "G-INTERNAL")
STANDS_IN = ("ASL-3-DEPLOYMENT", "ASL-3-SECURITY", "MISALIGNMENT-CASE", "capability_report", "A3D-6")
COMPUTE = "effective_compute_ratio_since_last_comprehensive"
TRAIN = "pretraining_effective_compute_ratio_to_model_needing_ASL3_security"


@dataclass(frozen=True)
class Said:
    """One determination: `how` it is made, in the order of the tuple."""

    threshold: str
    rank: int
    how: str = "plain"


@dataclass(frozen=True)
class Shown:
    """One attestation."""

    name: str
    how: str = "plain"


@dataclass(frozen=True)
class History:
    said: tuple[Said, ...]
    shown: tuple[Shown, ...]
    documents: frozenset[str]
    interim: tuple[tuple[str, tuple[str, ...]], ...]
    compute: str | None
    decision: str | None
    informed: frozenset[str]


HISTORIES = st.builds(
    History,
    said=st.lists(
        st.builds(Said, st.sampled_from(WATCHED), st.integers(0, 2), st.sampled_from(("plain", "old", "tainted", "covered", "review"))),
        min_size=1, max_size=9,
    ).map(tuple),
    shown=st.lists(
        st.builds(Shown, st.sampled_from(SETS), st.sampled_from(("plain", "plain", "plain", "expired", "withdrawn", "elsewhere", "tainted"))),
        min_size=1, max_size=9,
    ).map(tuple),
    documents=st.frozensets(st.sampled_from(DOCUMENTS)),
    interim=st.lists(
        st.tuples(st.sampled_from(INTERIM), st.lists(st.sampled_from(STANDS_IN), min_size=1, unique=True).map(tuple)), max_size=3
    ).map(tuple),
    compute=st.sampled_from((None, None, "1", "4")),
    decision=st.sampled_from((None, "permit", "withhold")),
    informed=st.frozensets(st.sampled_from(("BOARD", "LTBT"))),
)  # fmt: skip


def determine(world: World, said: Said) -> None:
    state = STATES[said.rank]
    match said.how:
        case "old":
            made, world.at = world.at, shift(world.at, days=-200)
            world.determine(said.threshold, state)
            world.at = made
        case "review":
            world.determine(said.threshold, state, review_by=shift(world.at, days=-1))
        case "covered" if said.rank == 0:
            older = world.determine(said.threshold, "below", subjects=["model/older"])
            world.determine(said.threshold, "below", covered_by={"index": older.index, "leaf": older.leaf})
        case "tainted":
            world.determine(said.threshold, state, by="thief")
        case _:
            world.determine(said.threshold, state)


def attest(world: World, shown: Shown) -> None:
    match shown.how:
        case "expired":
            world.attest(shown.name, until=shift(world.at, days=-1))
        case "elsewhere":
            world.attest(shown.name, host="elsewhere")
        case "tainted":
            world.attest(shown.name, by="thief")
        case "withdrawn":
            world.attest(shown.name)
            world.tell("withdraw")
        case _:
            world.attest(shown.name)


def strictness(history: History, action: str, late: str | None = None) -> tuple[int, int]:
    """How strict verdict and clearance are: 0 = permit, 3 = deny. `late` is a threshold found crossed after all of it."""
    world = World("anthropic-rsp-2.2")
    world.state.put("taint", hexed("thief"), 0)
    world.model()
    world.model("model/older")
    for shown in history.shown:
        attest(world, shown)
    for kind in sorted(history.documents):
        world.document(kind)
    for gate, names in history.interim:
        world.interim(gate, *names)
    for said in history.said:
        determine(world, said)
    if history.compute is not None:
        world.compute(history.compute, COMPUTE)
    if history.decision is not None:
        world.decide(history.decision, action, divergence_reason="generated")
        for who in sorted(history.informed):
            world.inform(who)
    if late is not None:
        world.determine(late, "crossed")
    verdict, clearance = world.ask(action, facts=((TRAIN, "1.0"),), surfaces=("api",), hosts=("own",))
    return STRICTNESS.index(verdict.answer), STRICTNESS.index(clearance.answer)


@settings(max_examples=120, deadline=None)
@given(HISTORIES, st.sampled_from(ACTIONS), st.data())
def test_worsening_a_determination(history: History, action: str, data: st.DataObject) -> None:
    """Of those that stand: a favourable one that grew stale is an open question, and to answer it is not to worsen it."""
    n = data.draw(st.integers(0, len(history.said) - 1))
    said = history.said[n]
    assume(said.rank > 0 or said.how in ("plain", "covered", "tainted"))
    worse = replace(said, rank=data.draw(st.integers(said.rank, 2)))
    bent = replace(history, said=(*history.said[:n], worse, *history.said[n + 1 :]))
    assert strictness(bent, action)[0] >= strictness(history, action)[0]


@settings(max_examples=120, deadline=None)
@given(HISTORIES, st.sampled_from(ACTIONS), st.data())
def test_removing_an_attestation(history: History, action: str, data: st.DataObject) -> None:
    n = data.draw(st.integers(0, len(history.shown) - 1))
    fewer = replace(history, shown=history.shown[:n] + history.shown[n + 1 :])
    assert strictness(fewer, action)[0] >= strictness(history, action)[0]


@settings(max_examples=120, deadline=None)
@given(HISTORIES, st.sampled_from(ACTIONS), st.sampled_from(WATCHED))
def test_a_danger_found_after_a_decision_opens_neither_answer(history: History, action: str, name: str) -> None:
    before, after = strictness(history, action), strictness(history, action, name)
    assert after[0] >= before[0]
    assert after[1] >= before[1]


def test_what_grew_stale_is_open_until_it_is_answered() -> None:
    """One known danger does not settle another: all that the gate asks for is shown, and still nobody knows of AIRD-4. Found
    crossed, it asks for nothing more."""
    known = (Said("CBRN-4", 0), Said("AIRD-5", 0), Said("CBRN-3", 2))
    shown = tuple(Shown(name) for name in SETS)

    def answer(*more: Said) -> int:
        return strictness(History((*known, *more), shown, frozenset(), (), None, None, frozenset()), "store_weights")[0]

    assert answer() == answer(Said("AIRD-4", 0, "old")) == STRICTNESS.index(Answer.UNDETERMINED)
    assert answer(Said("AIRD-4", 2, "old")) == answer(Said("AIRD-4", 0)) == STRICTNESS.index(Answer.PERMIT)
