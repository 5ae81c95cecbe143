"""`valid_until`: until then the clock alone changes no answer, and where an answer does change, it was not promised for longer."""

from collections.abc import Callable
from itertools import pairwise

import pytest

from ledger.strict import micros, shift
from policies.answer import AsOf
from policies.lapse import valid_until
from tests.policies.world import NOW, World

ACTIONS = ("train", "continue_development", "external_deploy", "internal_deploy", "store_weights")
DAYS = (10, 20, 45, 90, 200, 400)


def ends_at(world: World, at: str) -> str | None:
    return valid_until(world.state, "model/m", AsOf(world.size, at))


def full_world() -> World:
    """Attestations of several terms, determinations that grow stale, one with a review date, interim measures."""
    world = World("anthropic-rsp-2.2")
    world.model()
    for n, threshold in enumerate(world.pack.thresholds):
        more = {"review_by": shift(NOW, days=DAYS[n % 3])} if n % 2 else {}
        world.determine(threshold.id, "below" if n % 3 else "not_ruled_out", **more)
    for n, safeguard in enumerate(world.pack.safeguards):
        world.attest(safeguard.id, until=shift(NOW, days=DAYS[n % len(DAYS)]))
    return world


def lawful_world() -> World:
    """A code that binds where a law's threshold stands, a law that begins and one that ends, and whom they reach, later."""
    world = World("eu-gpai-cop-safety-security")
    world.model()
    for name in ("eu-ai-act-gpai", "us-ca-sb53", "us-ny-raise"):
        world.bring(name, adopt=False)
    with world.speaking_of("eu-ai-act-gpai"):
        world.determine("SR-PRESUMPTION", "rebutted", review_by=shift(NOW, days=20))
        world.at = shift(NOW, days=45)
        world.scope(applies=False)
    with world.speaking_of("us-ca-sb53"):
        world.at = shift(NOW, days=90)
        world.scope(True, ("large_frontier_developer",))
    world.at = NOW
    return world


def ways_out_world() -> World:
    """A danger, claims of which some degrade later, interim measures, an exception and a decision that end."""
    world = World("openai-preparedness-2")
    world.model()
    for t in world.pack.thresholds:
        world.determine(t.id, "crossed" if t.id == "SELF-HIGH" else "below")
    claims = world.attest("SECURITY-HIGH", until=shift(NOW, days=200))
    body = {
        "attestation": {"index": claims.index, "leaf": claims.leaf}, "reason": "fell", "since": shift(NOW, days=10),
        "safeguards": list(claims.body.safeguards[:1]),
    }  # fmt: skip
    world.say("safeguard.degraded", body, claims.stream)
    world.invoke("X-MARGINAL", until=shift(NOW, days=45))
    world.decide("permit", "continue_development", valid_until=shift(NOW, days=90), divergence_reason="generated")
    return world


@pytest.mark.parametrize(("lived", "count"), [(full_world, 7), (lawful_world, 4), (ways_out_world, 4)])
def test_the_clock_alone_changes_nothing_before_it(lived: Callable[[], World], count: int) -> None:
    world = lived()
    at, ends = NOW, []
    for _ in range(40):
        until = ends_at(world, at)
        if until is None:
            break
        ends.append(until)
        for action in ACTIONS:
            now = world.ask(action, at=at)
            middle = shift(at, micros=(micros(until) - micros(at)) // 2)
            assert world.ask(action, at=middle) == now, (action, at, middle)
            assert world.ask(action, at=until) == now, (action, at, until)
        at = shift(until, micros=1)
    assert len(ends) == count
    assert len({world.ask(action, at=time) for action in ACTIONS for time in ends}) > count
    assert all(a < b for a, b in pairwise(ends))
    last = [world.ask(action, at=at) for action in ACTIONS]
    assert [world.ask(action, at=shift(at, days=40_000)) for action in ACTIONS] == last


@pytest.mark.parametrize("days", DAYS)
def test_an_attestation_ends_on_its_microsecond(days: int) -> None:
    world = World("anthropic-rsp-2.2")
    world.model()
    end = shift(NOW, days=days)
    world.attest(world.pack.safeguards[0].id, until=end)
    assert ends_at(world, NOW) == end
    assert ends_at(world, end) == end
    assert ends_at(world, shift(end, micros=1)) is None


def test_without_anything_that_ends_no_end_is_promised() -> None:
    world = World("anthropic-rsp-2.2")
    world.model()
    assert ends_at(world, NOW) is None


def test_an_adoption_that_begins_later_ends_what_is_answered_before() -> None:
    world = World("anthropic-rsp-2.2", adopt=False)
    world.model()
    later = shift(NOW, days=3)
    for name, body in world.adoption():
        world.say(
            name, {**body, "effective": later} if name.endswith("adopted") else body, "framework/anthropic-rsp-2.2"
        )
    assert ends_at(world, NOW) == shift(later, micros=-1)
    assert world.ask("train", at=shift(later, micros=-1)) != world.ask("train", at=later)


def test_an_attestation_from_the_first_of_all_times_is_counted_like_any_other() -> None:
    """`valid_from` is the attester's word: counting back from the year 1 must not make the gate fail."""
    world = World("anthropic-rsp-2.2")
    world.model()
    end = shift(NOW, days=10)
    body = {
        "claim": "works", "evidence": [], "framework": world.digest, "independence": "internal",
        "safeguards": [world.pack.safeguards[0].id], "valid_from": "0001-01-01T00:00:00.000000Z", "valid_until": end,
        "scope": {"audiences": ["general"], "hosts": ["own"], "subjects": ["model/m"], "surfaces": ["api"]},
    }  # fmt: skip
    world.say("safeguard.attested", body, "safeguard/all", "attester")
    assert ends_at(world, NOW) == end
