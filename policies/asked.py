"""One gate of one pack, asked about one request: what every condition and requirement of it is judged by."""

from dataclasses import dataclass, field

from ledger.state import State
from policies.answer import AsOf, Finding, FindingState, Request
from policies.determinations import Standing, standing_determination
from policies.facts import Fact, Published
from policies.pack import Pack
from policies.pack_gate import Gate


@dataclass(frozen=True, slots=True)
class Asked:
    """Facts, question, position and gate."""

    state: State
    request: Request
    as_of: AsOf
    published: Published
    gate: Gate
    judged: dict[str, Standing] = field(default_factory=dict)
    """Thresholds of this pack, judged already for another of its gates."""

    @property
    def pack(self) -> Pack:
        """The gate's pack."""
        return self.published.pack

    def finding(self, requirement: str, state: FindingState, why: str, indexes: tuple[int, ...] = ()) -> Finding:
        """A finding of this gate."""
        return Finding(self.pack.id, self.gate.id, self.gate.ref, requirement, state, why, indexes)

    def standing(self, threshold: str) -> Standing:
        """The state in which a threshold of the pack stands for the model."""
        found = self.judged.get(threshold)
        if found is None:
            found = standing_determination(self.state, self.request.stream, self.published, threshold, self.as_of)
            self.judged[threshold] = found
        return found

    def facts(self, table: str, key: str) -> tuple[Fact, ...]:
        """The facts that stand under a key, oldest first."""
        found: tuple[Fact, ...] | None = self.state.get(table, key)
        return found or ()
