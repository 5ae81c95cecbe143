"""Rules of packs that need more than one bent line."""

import pytest

from ledger.errors import Malformed
from policies.framework import load_toml
from tests.policies.world import FRAMEWORKS

RSP = (FRAMEWORKS / "anthropic-rsp-2.2.toml").read_text()


def bent(*changes: tuple[str, str]) -> str:
    text = RSP
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    return text


def test_two_states_of_one_rank_go_together() -> None:
    alike = ('id = "crossed"\nrank = 2', 'id = "crossed"\nrank = 1')
    load_toml(bent(alike), "alike.toml")
    with pytest.raises(Malformed) as caught:
        load_toml(
            bent(alike, ('state_in = ["not_ruled_out", "crossed"]', 'state_in = ["not_ruled_out"]')), "alike.toml"
        )
    assert (caught.value.rule, caught.value.place.split()[1:3]) == ("pack-contradiction", ["gates", "G-EXTERNAL-ASL3"])


def test_a_duty_names_a_body_that_is_there() -> None:
    duty = 'id = "O-STAFF"\ntrigger = "report_final"\ntrigger_event = "document.confirmed"\n'
    informed = duty.replace("document.confirmed", "body.informed")
    load_toml(bent((duty, f'{informed}bodies = ["BOARD"]\n')), "bodies.toml")
    with pytest.raises(Malformed) as caught:
        load_toml(bent((duty, f'{informed}bodies = ["SENATE"]\n')), "bodies.toml")
    assert (caught.value.rule, caught.value.place.split()[1:]) == (
        "pack-unknown-name",
        ["obligations", "O-STAFF", "SENATE"],
    )


@pytest.mark.parametrize("member", ["approved_by", "inform"])
@pytest.mark.parametrize("way", ["fallbacks STRONGER", "exceptions X-COMPETITOR"])
def test_a_way_out_names_roles_that_are_there(way: str, member: str) -> None:
    named = f'id = "{way.split()[1]}"\n'
    load_toml(bent((named, f'{named}{member} = ["BOARD"]\n')), "way.toml")
    with pytest.raises(Malformed) as caught:
        load_toml(bent((named, f'{named}{member} = ["SENATE"]\n')), "way.toml")
    assert (caught.value.rule, caught.value.place.split()[1:]) == ("pack-unknown-name", [*way.split(), "SENATE"])


@pytest.mark.parametrize("effect", ["non_conformance", "interim_measures_or_block", "risk_not_accepted", "delay"])
def test_a_standard_nobody_wrote_stops(effect: str) -> None:
    text = (FRAMEWORKS / "openai-preparedness-2.toml").read_text()
    assert text.count('effect = "halt_development"') == 1
    with pytest.raises(Malformed) as caught:
        load_toml(text.replace('effect = "halt_development"', f'effect = "{effect}"'), "openai.toml")
    assert (caught.value.rule, caught.value.place.split()[1:]) == (
        "pack-contradiction",
        ["gates", "G-CRITICAL", "effect"],
    )


def test_a_number_named_beside_others_is_a_number() -> None:
    text = (FRAMEWORKS / "openai-preparedness-2.toml").read_text()
    old = 'comparator = "<=", value = "0.2"'
    assert old in text
    with pytest.raises(Malformed) as caught:
        load_toml(text.replace(old, 'comparator = "<=", value = "a fifth"'), "openai.toml")
    assert (caught.value.rule, caught.value.place.split()[1:]) == (
        "pack-number", ["thresholds", "SELF-CRITICAL", "determination"],
    )  # fmt: skip
