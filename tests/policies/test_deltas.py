"""Packs of which only the difference to a neighbour is known: the difference whole, the rest presumed and as in the base."""

from typing import Any

import msgspec
import pytest

from policies.pack import Pack
from tests.policies.extracts import SHIPPED, delta_of, facts_of
from tests.policies.world import shipped

BASED = [s for s in SHIPPED if shipped(s).base is not None]
PARTS = {
    "thresholds": "thresholds", "safeguards": "safeguards", "gates": "gates", "roles": "roles", "obligations": "obligations",
    "reassessment": "reviews", "exceptions": "exceptions", "fallbacks": "fallbacks", "retention": "retention",
}  # fmt: skip
"""The facts' section → the pack's part."""
GONE = {"removed", "absent"}
AT_A_GATE = {"X-BENEFIT": "G-DEPLOY"}
"""A way out that the facts tell at a gate → that gate: a difference of the gate speaks of it too."""
REACHES = {
    ("anthropic-rsp-3.0", "G-EXTREVIEW"): "definitions/highly_capable",
    ("anthropic-rsp-3.3", "R-MORE-CAPABLE"): "gates/G-DISCUSSION",
    ("openai-fgf-2026-05-28", "R-9M"): "reassessment/R-6M",
}
"""A clause that a difference changes without naming it: it uses what is defined there, or what is there stands in its place."""


def test_a_pack_known_as_a_difference_says_so() -> None:
    deltas = {s for s in SHIPPED if facts_of(s) is delta_of(s)}
    assert deltas == set(BASED)


@pytest.mark.parametrize("stem", BASED)
def test_every_difference_is_there_whole(stem: str) -> None:
    facts, base = facts_of(stem), shipped(stem).base
    assert base is not None
    assert (base.id, base.relation) == (facts["base"]["id"], facts["base"]["relation"])
    assert [(d.target, d.change, d.ref, d.here, d.base) for d in base.differences] == [
        (d["target"], d["change"], d["ref"], d["here"], d["base"]) for d in facts["differences"]
    ]


def targets(pack: Pack, section: str) -> dict[str, str]:
    """What the differences name in a section → the kind of change; the whole section is `*`."""
    assert pack.base is not None
    found = {}
    for difference in pack.base.differences:
        part, _, item = difference.target.partition("/")
        if part == section:
            found[item or "*"] = difference.change
    return found


def touched(name: str, named: dict[str, str]) -> str | None:
    """How a difference changes the clause of that id, if one does: it may name a family (`CYBER` for `CYBER-T1`)."""
    return next((c for n, c in named.items() if n in ("*", name) or name.startswith(f"{n}-")), None)


def same_but_for_what_went(mine: Any, theirs: Any) -> bool:
    """Equal, but that a list may have lost names (of clauses that the difference removed)."""
    if isinstance(mine, dict) and isinstance(theirs, dict):
        keys = (set(mine) | set(theirs)) - {"sourced"}
        return all(same_but_for_what_went(mine.get(k, []), theirs.get(k, [])) for k in keys)
    if isinstance(mine, (list, tuple)) and isinstance(theirs, (list, tuple)):
        return all(any(same_but_for_what_went(m, t) for t in theirs) for m in mine)
    return bool(mine == theirs)


@pytest.mark.parametrize("section", PARTS)
@pytest.mark.parametrize("stem", BASED)
def test_what_no_difference_names_is_presumed_and_as_in_the_base(stem: str, section: str) -> None:
    pack = shipped(stem)
    assert pack.base is not None
    base = {c.id: c for c in getattr(shipped(pack.base.id), PARTS[section])}
    here = {c.id: c for c in getattr(pack, PARTS[section])}
    named = targets(pack, section)
    watched = targets(pack, "thresholds")
    for name in set(base) | set(here):
        change = touched(name, named) or (targets(pack, "gates").get(AT_A_GATE[name]) if name in AT_A_GATE else None)
        if (stem, name) in REACHES:
            change = next(d.change for d in pack.base.differences if d.target == REACHES[stem, name])
        if section == "reassessment" and name in base and watched.get(base[name].trigger or "") in GONE:
            assert name not in here, f"{name} looks again at what this version does not watch"
            continue
        if change in GONE and name in base and named.get(name) in GONE:
            assert name not in here, f"{name} is gone in this version"
        elif change is None:
            assert name in here, f"{name} is presumed to be there"
            assert name in base, f"no difference adds {name}"
            assert here[name].sourced == "presumed", name
            assert same_but_for_what_went(msgspec.to_builtins(here[name]), msgspec.to_builtins(base[name])), name
        elif name in here:
            assert here[name].sourced != "presumed", f"{name} was read"
