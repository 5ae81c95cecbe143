"""Absence: each stream that the request asked about is proven not to exist, and no other is spoken of (spec/bundle.md §3)."""

from auditor.checks import Checks
from disclosures.absence import FRAMEWORK, check_absence, neighbours
from disclosures.shown import Shown
from ledger.errors import LedgerError
from ledger.strict import unhex

SAYS = {
    "absent-datum": "a neighbour that it names is no leaf of the committed index",
    "absent-edge": "one neighbour alone proves it only at an edge of the index",
    "absent-adjacent": "the neighbours that it names do not stand side by side",
    "absent-order": "the name does not lie between its neighbours",
}


def check_absences(shown: Shown, checks: Checks) -> None:
    """The streams asked about, each proven absent as of the commitment; none of them is listed or has an entry here."""
    said, absent, before = shown.completeness.committed, shown.completeness.absent, len(checks.done)
    names, asked = [a.stream for a in absent], list(shown.request.absent)
    if names != asked or asked != sorted(set(asked)):
        detail = f"asked about {', '.join(asked) or 'none'}; completeness.json speaks of {', '.join(names) or 'none'}"
        checks.fails("absent", "absent-asked", detail)
    here = {end.stream for end in shown.streams} | {e.stream for e in shown.entries}
    for one in absent:
        if one.stream in here:
            checks.fails("absent", "absent-exists", f"{one.stream} is said not to exist, and this bundle shows it")
            continue
        try:
            check_absence(one, said.streams, unhex(said.root))
        except LedgerError as err:
            detail = f"that there is no stream {one.stream} is not proven: {SAYS.get(err.code, err.code)}"
            checks.fails("absent", err.code, detail)
    if len(checks.done) > before:
        return
    other = next((n for n in neighbours(absent) if n.startswith(FRAMEWORK) and n not in here), None)
    if other is not None:
        checks.fails("streams", "gap", f"{other} stands beside a name that was asked about, and its end is not shown")
        return
    for name in names:
        checks.holds("absent", f"no stream {name} as of size {said.size}")
