"""What a claim rests on and a bundle does not show: then it is `claims-short`, and no builder makes it (spec/bundle.md §6).

A verifier folds what is shown. An unwelcome evaluation that is withheld would leave the fold as clear as one that never was, so
a claim that it could change is carried only where nothing of the kind is withheld.
"""

from collections.abc import Iterator
from typing import Any

from disclosures.absence import FRAMEWORK, frameworks_open
from disclosures.partial import Partial
from disclosures.shown import Shown
from disclosures.shown_entry import ShownEntry
from ledger.events import approval, decision, framework, gate
from ledger.place import references

LEDGER, CONCERN = "ledger", "concern/"


def lacking(claim: dict[str, Any], shown: Shown, partial: Partial) -> str | None:
    """What the claim rests on that is not shown, in words; `None` where nothing is lacking."""
    kind = claim.get("kind")
    if kind == "decision":
        return _withheld(shown, FRAMEWORK) or _packs_of(claim, shown, partial)
    if kind == "status":
        return _withheld(shown, "") or _unfolded(partial) or _cited(shown) or _left_out(shown)
    return None


def _withheld(shown: Shown, prefix: str) -> str | None:
    """A stream of that prefix with a withheld entry. No rule of a status reads `concern/`, which stays sealed everywhere."""
    found = (s for s in shown.streams if s.withheld and s.stream.startswith(prefix))
    one = next((s for s in found if not s.stream.startswith(CONCERN)), None)
    return None if one is None else f"version {one.withheld[0].from_} of {one.stream} is withheld"


def _left_out(shown: Shown) -> str | None:
    """A framework that binds, and whose stream is not here, might deny what those that are here permit."""
    return "a framework stream may stand before or behind those listed" if frameworks_open(shown.completeness) else None


def _unfolded(partial: Partial) -> str | None:
    return None if not partial.unfolded else f"entry {partial.unfolded[0]} rests on what is not shown"


def _cited(shown: Shown) -> str | None:
    """An entry outside the ledger's own stream that cites one that is not shown: another model's stream, left out."""
    here = shown.by_index
    for one in (e for e in shown.entries if e.stream != LEDGER):
        for cited in references(one.statement.predicate.body):
            if cited.index not in here or here[cited.index].leaf != cited.leaf:
                return f"entry {one.index} cites entry {cited.index}, which is not shown"
    return None


def _packs_of(claim: dict[str, Any], shown: Shown, partial: Partial) -> str | None:
    """A pack that the decision's gate or one of its approvals names, and that no shown entry publishes."""
    published = {b.digest for e in shown.entries if isinstance(b := e.statement.predicate.body, framework.Published)}
    made = next((e for e in shown.entries if e.index == claim.get("index")), None)
    for index, digest in () if made is None else _named(made, shown, partial):
        if digest not in published:
            return f"entry {index} rests on the pack {digest}, whose stream is not here"
    return None


def _named(made: ShownEntry, shown: Shown, partial: Partial) -> Iterator[tuple[int, str]]:
    """Packs that a decision rests on, each with the index of the shown entry that names it."""
    body: decision.Made = made.statement.predicate.body
    gated = shown.by_index.get(body.gate.index)
    if gated is not None and isinstance(found := gated.statement.predicate.body, gate.Evaluated):
        yield from ((gated.index, digest) for digest in found.packs)
    for event in partial.events:
        if event.digest in body.approvals and isinstance(event.body, approval.Given):
            yield from ((event.index, digest) for digest in event.body.packs)
