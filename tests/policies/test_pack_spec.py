"""The spec page names every field of a pack and every rule of the loader, and nothing that isn't."""

import re
from pathlib import Path
from typing import get_args

import msgspec
import pytest

from policies import pack, pack_duties, pack_gate, pack_parts
from policies.pack_duties import ClockStart, Promptness, Unit
from policies.pack_gate import Action, Effect, Sourced
from policies.pack_parts import Verb

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "spec" / "framework-pack.md").read_text()
NAMED = set(re.findall(r"`([A-Za-z0-9_-]+)`", PAGE))
STRUCTS = sorted(
    {
        kind
        for module in (pack, pack_duties, pack_gate, pack_parts)
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct) and kind.__module__.startswith("policies.")
    },
    key=lambda kind: kind.__name__,
)


@pytest.mark.parametrize("kind", STRUCTS, ids=lambda k: k.__name__)
def test_every_field_is_on_the_page_bold_where_required(kind: type[msgspec.Struct]) -> None:
    bold = set(re.findall(r"\*\*`([A-Za-z0-9_]+)`\*\*", PAGE))
    for field in msgspec.structs.fields(kind):
        assert field.encode_name in NAMED, f"{kind.__name__}.{field.encode_name}"
        if field.required:
            assert field.encode_name in bold, f"{kind.__name__}.{field.encode_name} is required"


@pytest.mark.parametrize("words", [Action, Effect, ClockStart, Promptness, Unit, Verb, Sourced])
def test_every_word_of_a_closed_list_is_on_the_page(words: object) -> None:
    assert set(get_args(words)) <= NAMED


def test_the_rules_on_the_page_are_those_of_the_code() -> None:
    code = "".join(p.read_text() for p in sorted((ROOT / "policies").glob("*.py")))
    code += (ROOT / "api" / "cli" / "packs.py").read_text()
    raised = set(re.findall(r'"((?:pack|lint)-[a-z-]+)"', code)) - {"pack-incomplete", "pack-digest-mismatch"}
    told = {n for n in NAMED if re.fullmatch(r"(pack|lint)-[a-z-]+", n)}
    assert told == raised - {"pack-malformed", "pack-duplicate-published"}
