"""What a pack would have answered over a ledger's history: a question asked again at every moment at which an answer may change.

Facts name the pack that they were recorded under. Asked about another pack of the same publisher, whose thresholds and safeguards
carry the same ids, they are read as if they had been recorded under it; of other publishers nothing is read, since equal ids mean
nothing there. A state that the pack does not declare, and a number that another rule decided, stay out. Nothing is recorded.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

from ledger.state import State
from policies.answer import AsOf, PolicyVerdict, Request
from policies.evaluate import evaluate
from policies.facts import Fact, Published

KEYED = frozenset({"attestation", "determination"})
"""Tables whose keys name the pack: "stream|digest|id"."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A state and the clock at which it is asked. `passed`: no entry since the moment before, only time."""

    state: State
    size: int
    time: str
    passed: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """A moment at which one of the two answers is another than before: the pack's own, and that of the packs that bound then."""

    size: int
    time: str
    passed: bool
    simulated: PolicyVerdict
    recorded: PolicyVerdict

    @property
    def differs(self) -> bool:
        """Whether the pack would have answered otherwise than the packs that bound."""
        return self.simulated.answer != self.recorded.answer


class AsIfUnder(State):
    """A state in which facts recorded under the publisher's other packs count as recorded under `published`. It is only read."""

    __slots__ = ("_others", "_published", "_seen")

    def __init__(self, seen: State, published: Published) -> None:
        super().__init__()
        self._seen, self._published = seen, published
        publisher = published.pack.publisher
        packs: Iterable[Published] = (p for _, p in seen.scan("published"))
        self._others = [p for p in packs if p.pack.publisher == publisher and p.digest != published.digest]

    def get(self, table: str, key: str) -> Any:
        """The value under `key`; of a fact of the simulated pack also those of its neighbours, by index."""
        found = self._seen.get(table, key)
        if table not in KEYED or not self._others:
            return found
        stream, digest, name = key.split("|")
        if digest != self._published.digest:
            return found
        told: list[Fact] = list(found or ())
        for other in self._others:
            facts: tuple[Fact, ...] = self._seen.get(table, f"{stream}|{other.digest}|{name}") or ()
            told += [f for f in facts if table == "attestation" or self._means(other, name, f)]
        return tuple(sorted(told, key=lambda f: f.index)) or None

    def _means(self, other: Published, name: str, fact: Fact) -> bool:
        """Whether a determination under another pack would have been one under this."""
        mine, theirs = self._published.pack.threshold(name), other.pack.threshold(name)
        if mine is None or theirs is None or self._published.pack.rank(fact.body.state) is None:
            return False
        return fact.body.made != "rule" or mine.rule == theirs.rule

    def scan(self, table: str, prefix: str = "") -> Iterator[tuple[str, Any]]:
        """The rows as they are: what is looked for by scanning names no pack."""
        return self._seen.scan(table, prefix)

    def put(self, table: str, key: str, value: Any) -> NoReturn:  # noqa: ARG002  # the signature of what it refuses
        """Refused: a simulation records nothing."""
        raise TypeError("a simulated state is only read")

    def append(self, table: str, key: str, value: Any) -> NoReturn:  # noqa: ARG002  # the signature of what it refuses
        """Refused: a simulation records nothing."""
        raise TypeError("a simulated state is only read")


def simulate(moments: Iterable[Moment], published: Published, request: Request) -> Iterator[Step]:
    """The steps at which the pack's answer to `request`, or the recorded one, changes; the first moment is always one."""
    last = None
    for moment in moments:
        as_of = AsOf(moment.size, moment.time)
        simulated = evaluate(AsIfUnder(moment.state, published), request, as_of, (published,))
        recorded = evaluate(moment.state, request, as_of)
        found = (simulated.answer, recorded.answer)
        if found != last:
            last = found
            yield Step(moment.size, moment.time, moment.passed, simulated, recorded)
