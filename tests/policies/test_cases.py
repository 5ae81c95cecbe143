"""The readable case tables, run: one per pack.

`[[case]]` names the `clause` that it is about; `careless = true` marks one that a careless engine gets wrong. `open` lists, of every
finding that is not met, clause, reason and state: exactly these, and no other. `[[gate]]` rows show each gate of the pack met, unmet
and unknown by the least that makes it so. `[[threshold]]` rows give the answer for every state that the pack declares, and for `none`
(nobody determined it), where all else stands so that this threshold decides.
"""

import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from ledger.strict import shift
from policies.answer import Clearance, Finding, PolicyVerdict
from policies.pack import Pack
from policies.pack_fault import PARTS
from tests.policies.world import World, shipped

TABLES = sorted((Path(__file__).parent / "cases").glob("*.toml"))


@lru_cache
def table(stem: str) -> dict[str, Any]:
    return tomllib.loads((Path(__file__).parent / "cases" / f"{stem}.toml").read_text())


def spelled(stem: str, lines: list[str]) -> list[str]:
    """Facts with their groups written out; a group may name groups."""
    groups = table(stem).get("groups", {})
    return [fact for line in lines for fact in (spelled(stem, groups[line[1:]]) if line.startswith("@") else [line])]


def play(stem: str, case: dict[str, Any]) -> tuple[PolicyVerdict, Clearance]:
    world = World(stem, at=case.get("at"))
    for line in spelled(stem, case["facts"]):
        world.tell(line)
    context = {n: tuple(case[n]) for n in ("hosts", "surfaces", "jurisdictions") if n in case}
    context |= {n: case[n] for n in ("artifact", "audience") if n in case}
    if case.get("bare"):
        context["audience"] = None
    context["facts"] = tuple(sorted(case.get("stated", {}).items()))
    return world.ask(case["action"], shift(world.at, seconds=case.get("after", 0)), **context)


def shown(found: list[Finding]) -> list[str]:
    return sorted({f"{f.clause} {f.why} {f.state}" for f in found if f.state != "met"})


CASES = [pytest.param(t.stem, c, id=f"{t.stem}: {c['name']}") for t in TABLES for c in table(t.stem)["case"]]


@pytest.mark.parametrize(("stem", "case"), CASES)
def test_case(stem: str, case: dict[str, Any]) -> None:
    verdict, clearance = play(stem, case)
    open_ = [f for f in verdict.findings if f.state != "met"]
    assert verdict.answer == case["verdict"], (verdict.reasons, open_)
    assert shown(list(verdict.findings)) == sorted(case.get("open", []))
    if "reason" in case:
        assert case["reason"] in verdict.reasons
    if "conditions" in case:
        assert [c.split(":")[0] for c in verdict.conditions] == case["conditions"]
    if "met" in case:
        assert case["met"] in {f.why for f in verdict.findings if f.state == "met"}
    if "clearance" in case:
        assert clearance.answer == case["clearance"], clearance
        assert case["clearance_reason"] in clearance.reasons
        assert (clearance.divergence is not None) == case.get("diverges", False)
    refs = {g.id: g.ref for g in shipped(stem).gates}
    assert all(f.ref == refs[f.clause] for f in verdict.findings if f.pack == stem)
    assert {f.why for f in open_} <= set(verdict.reasons)


GATES = [
    pytest.param(t.stem, row, state, id=f"{t.stem}: {row['id']} {state}")
    for t in TABLES
    for row in table(t.stem).get("gate", ())
    for state in ("met", "unmet", "unknown")
    if state in row
]


@pytest.mark.parametrize(("stem", "row", "state"), GATES)
def test_gate(stem: str, row: dict[str, Any], state: str) -> None:
    case = {**row, "facts": row[state]}
    case |= {n: row[f"{n}_{state}"] for n in ("stated", "jurisdictions") if f"{n}_{state}" in row}
    verdict, _ = play(stem, case)
    mine = {f.state for f in verdict.findings if f.clause == row["id"]}
    match state:
        case "met":
            assert mine == {"met"}, verdict.findings
        case "unmet":
            assert "unmet" in mine, verdict.findings
        case _:
            assert mine & {"unknown", "expired", "out-of-scope"}, verdict.findings
            assert "unmet" not in mine


THRESHOLDS = [
    pytest.param(t.stem, row, state, id=f"{t.stem}: {row['id']} {row['action']} {state}")
    for t in TABLES
    for row in table(t.stem).get("threshold", ())
    for state in row["states"]
]


@pytest.mark.parametrize(("stem", "row", "state"), THRESHOLDS)
def test_threshold(stem: str, row: dict[str, Any], state: str) -> None:
    told = () if state == "none" else (f"determine {row['id']} {state}",)
    verdict, _ = play(stem, {**row, "facts": [*row["facts"], *told]})
    assert verdict.answer == row["states"][state], (verdict.reasons, [f for f in verdict.findings if f.state != "met"])


def test_every_pack_has_a_table() -> None:
    packs = {p.stem for p in (Path(__file__).parents[2] / "policies" / "frameworks").glob("*.toml")}
    assert packs == {t.stem for t in TABLES}
    assert len(CASES) > 70


STEMS = [t.stem for t in TABLES]


@pytest.mark.parametrize("stem", STEMS)
def test_a_table_shows_every_gate_in_every_state(stem: str) -> None:
    pack, rows = shipped(stem), table(stem).get("gate", [])
    assert {(r["id"], r["action"]) for r in rows} == {(g.id, a) for g in pack.gates for a in g.actions}
    for row in rows:
        gate = pack.gate(row["id"])
        assert gate is not None
        undefined = any(not pack.safeguard_set(s).safeguards for s in gate.requires_sets)
        always = gate.when.always or gate.when.all_of_kind is not None
        # What is missing at a gate that applies without a danger is unknown; a standard nobody wrote is met only by not applying.
        needed = not always or bool(gate.requires_metrics) or undefined
        assert ("unmet" in row) == needed or gate.acceptance is not None, row["id"]
        assert {"met", "unknown"} <= set(row)


def watched(pack: Pack, action: str) -> set[str]:
    """The thresholds that a gate of that action looks at."""
    gates = [g for g in pack.gates if action in g.actions]
    kinds = {g.when.all_of_kind for g in gates}
    named = {n for g in gates for n in (*g.when.any_of, *g.requires_metrics)}
    return named | {t.id for t in pack.thresholds if t.kind in kinds}


@pytest.mark.parametrize("stem", STEMS)
def test_a_table_shows_every_threshold_in_every_state(stem: str) -> None:
    pack, rows = shipped(stem), table(stem).get("threshold", [])
    assert {r["id"] for r in rows} == {t.id for t in pack.thresholds}
    for row in rows:
        assert set(row["states"]) == {"none", *(s.id for s in pack.states)}, row["id"]
        # Where a gate watches it, all else must stand so that it decides; elsewhere the row shows that it changes nothing.
        if row["id"] in watched(pack, row["action"]):
            assert len(set(row["states"].values())) > 1, row["id"]


@pytest.mark.parametrize("stem", STEMS)
def test_a_case_names_its_clause_and_one_is_hard(stem: str) -> None:
    pack, cases = shipped(stem), table(stem)["case"]
    single = {n for n in ("reassess", "change_control", "base", "scope", "source", "statutory") if getattr(pack, n)}
    declared = single | {item.id for part in PARTS for item in getattr(pack, part)}
    assert {c["clause"] for c in cases} <= declared
    assert any(c.get("careless") for c in cases)
    assert len({c["name"] for c in cases}) == len(cases)
