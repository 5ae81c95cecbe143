"""What a pack would have answered: at every change, under ids that mean the same, beside what was answered; nothing is recorded."""

from collections.abc import Iterator

import msgspec
import pytest

from ledger.strict import shift
from policies.answer import Answer, Request
from policies.facts import Published
from policies.framework import pack_digest
from policies.pack import Pack
from policies.simulate import AsIfUnder, Moment, Step, simulate
from tests.policies.world import World, shipped

XAI = "xai-faif-2025-12-30"
ASKED = Request("model/m", "external_deploy", audience="general")


def moments(world: World) -> Iterator[Moment]:
    """Every size of the world, at the clock at which it is asked now."""
    for size in range(1, world.size + 1):
        yield Moment(world.state.at(size), size, world.at)


def asked(world: World, pack: Pack, request: Request = ASKED) -> list[Step]:
    return list(simulate(moments(world), Published(pack, pack_digest(pack), world.size), request))


def answers(steps: list[Step]) -> list[tuple[str, str]]:
    return [(s.simulated.answer.value, s.recorded.answer.value) for s in steps]


def bent(number: str) -> Pack:
    """The same pack with another number for the share of answers."""
    pack = shipped(XAI)
    first, *rest = pack.thresholds
    assert first.rule is not None
    rule = msgspec.structs.replace(first.rule, value=number)
    said = msgspec.structs.replace(first.determination, value=number)
    changed = msgspec.structs.replace(first, rule=rule, determination=said)
    return msgspec.structs.replace(pack, thresholds=(changed, *rest))


def test_the_pack_that_bound_answers_as_it_did() -> None:
    world = World(XAI)
    world.model()
    world.rate("RESTRICTED-ANSWER-RATE", "0.01")
    world.rate("MASK-DISHONESTY", "0.6")
    world.rate("MASK-DISHONESTY", "0.1")
    steps = asked(world, shipped(XAI))
    assert answers(steps)[-3:] == [("undetermined", "undetermined"), ("deny", "deny"), ("permit", "permit")]
    assert not any(s.differs for s in steps[1:])
    assert [s.size for s in steps] == sorted(s.size for s in steps)


def test_a_successor_reads_what_was_recorded_under_its_predecessor() -> None:
    world = World("xai-rmf-2025-08-20")
    world.model()
    world.rate("RESTRICTED-ANSWER-RATE", "0.01")
    world.rate("MASK-DISHONESTY", "0.1")
    last = asked(world, shipped(XAI))[-1]
    assert last.simulated.answer is Answer.PERMIT, "both numbers, by the same rules"
    assert (last.recorded.answer, last.differs) == (Answer.UNDETERMINED, True), (
        "known as a difference only: never permits"
    )


def test_a_number_that_another_rule_decided_is_no_answer() -> None:
    world = World(XAI)
    world.model()
    world.rate("RESTRICTED-ANSWER-RATE", "0.04")
    world.rate("MASK-DISHONESTY", "0.1")
    last = asked(world, bent("0.03"))[-1]
    assert (last.simulated.answer.value, last.recorded.answer.value) == ("undetermined", "permit")
    assert "determination-missing" in last.simulated.reasons


def test_another_publishers_ids_mean_nothing() -> None:
    world = World(XAI)
    world.model()
    world.rate("RESTRICTED-ANSWER-RATE", "0.01")
    world.rate("MASK-DISHONESTY", "0.1")
    stranger = msgspec.structs.replace(shipped(XAI), publisher="A fictional lab")
    assert {s.simulated.answer for s in asked(world, stranger)} == {Answer.UNDETERMINED}


def test_a_state_that_the_pack_does_not_declare_stays_out() -> None:
    world = World("google-deepmind-fsf-3.1")
    world.model()
    world.determine("CBRN-CCL1", "alert_threshold_reached")
    facts = Request("model/m", "external_deploy", audience="general", facts=(("first_external_deployment", "false"),))
    pack = shipped("google-deepmind-fsf-3.1")
    fewer = msgspec.structs.replace(
        pack, version="bent", states=tuple(s for s in pack.states if s.id != "alert_threshold_reached")
    )
    seen = AsIfUnder(world.state, Published(fewer, pack_digest(fewer), world.size))
    assert seen.get("determination", f"model/m|{pack_digest(fewer)}|CBRN-CCL1") is None
    whole = msgspec.structs.replace(pack, version="bent")
    seen = AsIfUnder(world.state, Published(whole, pack_digest(whole), world.size))
    assert len(seen.get("determination", f"model/m|{pack_digest(whole)}|CBRN-CCL1")) == 1
    assert asked(world, whole, facts)


def test_time_alone_changes_an_answer() -> None:
    world = World("anthropic-rsp-2.2")
    for line in (
        "register",
        "attest ASL-2-DEPLOYMENT until=60s",
        "attest ASL-2-SECURITY until=60s",
        "document capability_report",
    ):
        world.tell(line)
    for name in ("CBRN-3", "CBRN-4", "AUTONOMY-CHECKPOINT"):
        world.determine(name, "below")
    pack = world.pack
    passed = (
        Moment(world.state, world.size, world.at),
        Moment(world.state, world.size, shift(world.at, seconds=60), passed=True),
        Moment(world.state, world.size, shift(world.at, seconds=61), passed=True),
    )
    steps = list(simulate(passed, Published(pack, world.digest, 0), Request("model/m", "external_deploy", audience="general",
                                                                           surfaces=("api",), hosts=("own",))))  # fmt: skip
    assert answers(steps) == [("permit", "permit"), ("undetermined", "undetermined")]
    assert (steps[1].passed, steps[1].time) == (True, shift(world.at, seconds=61))


def test_a_simulation_records_nothing() -> None:
    seen = AsIfUnder(World(XAI).state, Published(shipped(XAI), "sha256:x", 0))
    with pytest.raises(TypeError):
        seen.put("determination", "x", 1)
    with pytest.raises(TypeError):
        seen.append("determination", "x", 1)
