"""The readable case tables, run: one per pack."""

import tomllib
from pathlib import Path

import pytest

from ledger.strict import shift
from tests.policies.world import World

TABLES = sorted((Path(__file__).parent / "cases").glob("*.toml"))


def cases() -> list[object]:
    found = []
    for table in TABLES:
        value = tomllib.loads(table.read_text())
        for case in value["case"]:
            facts: list[str] = []
            for line in case["facts"]:
                facts += value["groups"][line[1:]] if line.startswith("@") else [line]
            found.append(pytest.param(table.stem, {**case, "facts": facts}, id=f"{table.stem}: {case['name']}"))
    return found


@pytest.mark.parametrize(("pack", "case"), cases())
def test_case(pack: str, case: dict[str, object]) -> None:
    world = World(pack)
    for line in case["facts"]:
        world.tell(line)
    context = {"hosts": tuple(case.get("hosts", ())), "artifact": case.get("artifact")}
    context["facts"] = tuple(sorted(case.get("stated", {}).items()))
    verdict, clearance = world.ask(case["action"], shift(world.at, seconds=case.get("after", 0)), **context)
    assert verdict.answer == case["verdict"], (verdict.reasons, [f for f in verdict.findings if f.state != "met"])
    open_ = [f for f in verdict.findings if f.state != "met"]
    if "reason" in case:
        assert case["reason"] in verdict.reasons
    if "clause" in case:
        assert case["clause"] in {f.clause for f in open_}
    if "met" in case:
        assert case["met"] in {f.why for f in verdict.findings if f.state == "met"}
    if "clearance" in case:
        assert clearance.answer == case["clearance"], clearance
        assert case["clearance_reason"] in clearance.reasons
        assert (clearance.divergence is not None) == case.get("diverges", False)
    assert all(f.ref and f.clause for f in verdict.findings)


def test_every_pack_has_a_table() -> None:
    packs = {p.stem for p in (Path(__file__).parents[2] / "policies" / "frameworks").glob("*.toml")}
    assert packs == {t.stem for t in TABLES}
    assert len(cases()) > 50
