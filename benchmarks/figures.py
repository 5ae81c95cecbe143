"""What a run found: figures by name, a value per round; medians, ratios within a round, and the goals beside them."""

import json
import platform
import statistics
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Goal:
    """A goal of the order: `name` of a figure or ratio, and the value that it should reach, or stay below."""

    name: str
    value: float
    at_most: bool = False

    def met(self, found: float) -> bool:
        """Whether `found` reaches it."""
        return found <= self.value if self.at_most else found >= self.value


@dataclass(slots=True)
class Figures:
    """Values by name in order of arrival, one per round."""

    load: str
    values: dict[str, list[float]] = field(default_factory=dict)
    ratios: dict[str, list[float]] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)

    def note(self, name: str, value: float, unit: str = "/s") -> None:
        """Keep and print one value of this round."""
        self.values.setdefault(name, []).append(value)
        self.units[name] = unit
        print(f"  {name:<44} {value:>12,.1f} {unit}", flush=True)

    def ratio(self, name: str, above: str, below: str) -> None:
        """The ratio of this round's two latest values: what was measured seconds apart is compared, not what was hours."""
        self.ratios.setdefault(name, []).append(self.values[above][-1] / self.values[below][-1])

    def median(self, name: str) -> float:
        """The median of a figure or a ratio."""
        return statistics.median(self.values.get(name) or self.ratios[name])

    def close(self, goals: tuple[Goal, ...], out: Path) -> None:
        """Print medians, ratios and goals, and write them as JSON."""
        print(f"medians of {min(map(len, self.values.values()))} rounds, load by {self.load}")
        for name, unit in self.units.items():
            print(f"{name:<46} {self.median(name):>12,.1f} {unit}")
        for name in self.ratios:
            print(f"ratio {name} {self.median(name):.2f}")
        for goal in goals:
            found = self.median(goal.name)
            sign = "<=" if goal.at_most else ">="
            print(f"goal {goal.name} {sign} {goal.value:g}: {'met' if goal.met(found) else 'MISSED'} ({found:,.2f})")
        document = {
            "goals": {g.name: {"value": g.value, "met": g.met(self.median(g.name))} for g in goals},
            "load": self.load,
            "medians": {n: self.median(n) for n in self.values},
            "python": platform.python_version(),
            "ratios": {n: self.median(n) for n in self.ratios},
            "rounds": {**self.values, **{f"ratio {n}": v for n, v in self.ratios.items()}},
        }
        out.parent.mkdir(exist_ok=True)
        out.write_text(json.dumps(document, indent=1, sort_keys=True) + "\n")
