"""The facts that the packs were written from, in this project's words: readers and translations for the comparison tests.

The facts lie beside the checkout (`../shared/frameworks`, one file per framework, `deltas/` for versions of which only the difference
to a neighbour is known). They are read by tests only, never copied; where they are absent a test skips, and says so.
"""

import re
from datetime import date
from decimal import Decimal
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from policies.pack import Pack
from policies.pack_duties import Period
from tests.policies.world import shipped

FRAMEWORKS = Path(__file__).resolve().parents[2] / "policies" / "frameworks"
SHARED = Path(__file__).resolve().parents[2] / "../shared/frameworks"
SHIPPED = sorted(p.stem for p in FRAMEWORKS.glob("*.toml"))
WHOLE = [stem for stem in SHIPPED if shipped(stem).base is None]
"""Packs of which the source was read; of the others only the difference to a neighbour is known (test_deltas.py)."""
MOVES = ["train", "continue_development", "internal_deploy", "controlled_deploy", "external_deploy", "release_weights"]
SHORTENED: dict[str, tuple[list[str], tuple[str, str] | None]] = {
    "internal_deploy_extensive": (["internal_deploy"], ("extensive", "true")),
    "internal_deploy_large_scale": (["internal_deploy"], ("large_scale", "true")),
    "internal_deploy_high_risk": (["internal_deploy"], ("high_risk", "true")),
    "train_or_deploy": (MOVES, None),
    "deploy_model_change": (["external_deploy"], None),
    "any_operation_in_state": (MOVES[2:], None),
    "publish_risk_report": (["publish_report"], ("report", "risk_report")),
}
"""An action of the facts that is none of ours → ours, and the fact that stands for what is lost. The gate's note says so."""


@lru_cache
def _read(path: Path) -> dict[str, Any] | None:
    yaml = pytest.importorskip("yaml")
    return yaml.safe_load(path.read_text()) if path.exists() else None


def extract(stem: str) -> dict[str, Any]:
    """The facts of a pack that was read in a source of its own; skips where they are absent."""
    facts = _read(SHARED / f"{stem}.yaml")
    if facts is None:
        pytest.skip(f"no {stem}.yaml beside this checkout")
    return facts


def delta_of(stem: str) -> dict[str, Any] | None:
    """The facts of a pack of which only the difference to its base is known."""
    return _read(SHARED / "deltas" / f"{stem}.yaml")


def facts_of(stem: str) -> dict[str, Any]:
    """Either; skips where they are absent."""
    return delta_of(stem) or extract(stem)


def number(value: Any) -> str | None:
    """A number of the facts as this project writes it: a decimal string, 1.0 as 1, 1e25 in full."""
    if isinstance(value, str) and re.fullmatch(r"[0-9.]+e[0-9]+", value):
        value = Decimal(value)  # YAML reads 1.0e25 as text
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    written = format(Decimal(str(value)), "f")
    return written.rstrip("0").rstrip(".") if "." in written else written


def period(value: Period | None) -> dict[str, Any] | None:
    return None if value is None else {"amount": value.amount, "unit": value.unit}


def listed(value: Any) -> list[Any]:
    """One or several, as a list."""
    return [] if value is None else value if isinstance(value, list) else [value]


def day(value: date | str | None) -> str | None:
    return None if value is None else str(value)


def digest_of(source: dict[str, Any]) -> str:
    """Of the document; a source without one has that of its citation's bytes."""
    return "sha256:" + (source.get("document_sha256") or sha256(source["citation"].encode()).hexdigest())


def named_facts(source: dict[str, Any]) -> set[tuple[str, str, str]]:
    """Named facts of a condition: (fact, comparator, value)."""
    told = set()
    for fact, limit in source.items():
        if isinstance(limit, dict):
            told.add((fact, limit["op"], str(number(limit["value"]))))
        elif fact == "large_frontier_developer":
            told.add(("binds_as", "=", fact))
        else:
            told.add((fact, "=", str(number(limit))))
    return told


FORMS = {"always", "any_of", "state_in", "any_level", "any_level_in", "any_state", "all_thresholds_of_kind"}


def when_of(pack: Pack, source: dict[str, Any]) -> dict[str, Any]:
    """A gate's condition in the pack's words; `state_in` as the lowest state from which it applies, up to the worst."""
    told: dict[str, Any] = {"facts": named_facts({k: v for k, v in source.items() if k not in FORMS})}
    if "all_thresholds_of_kind" in source:
        kind = source["all_thresholds_of_kind"]
        return {**told, "all_of_kind": kind["kind"], "state": kind["state"]}
    if source.get("always"):
        told["always"] = True
    states = [s.lower() for n in ("state_in", "any_level", "any_level_in", "any_state") for s in listed(source.get(n))]
    if states:
        told["any_of"] = set(source.get("any_of") or (t.id for t in pack.thresholds))
        told["from"] = min(pack.rank(s) or 0 for s in states)
        told["stated"] = set(states)
    return told
