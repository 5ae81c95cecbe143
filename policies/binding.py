"""Which packs bind at a time, and whom: adoptions of the lab, and what was determined about a law's or code's reach."""

from ledger.state import State
from policies.facts import Fact, Published, tainted


def binding_packs(state: State, at: str) -> tuple[Published, ...]:
    """The packs that bind at time `at`: adopted, effective, not superseded; in order of adoption."""
    standing = [a for _, a in state.scan("adopted") if a.effective <= at and (a.until is None or at < a.until)]
    return tuple(state.get("published", a.digest) for a in sorted(standing, key=lambda a: a.index))


def scope_at(state: State, pack_id: str, at: str) -> Fact | None:
    """The `framework.scope-determined` that holds for a law or code at time `at`; `None`: nobody has determined it.

    Of those in effect by then the last recorded counts. Where a compromised key signed that one, nobody has determined it: a
    law then binds from its own date, and no older word is handed back.
    """
    said: tuple[Fact, ...] = state.get("scope", pack_id) or ()
    newest = next((f for f in reversed(said) if f.body.effective <= at), None)
    return None if newest is None or tainted(state, newest) is not None else newest
