"""Which packs bind at a time, and whom: adoptions of the lab, laws from their date, and what was determined of their reach.

Own frameworks and codes bind from `framework.adopted`. A law is adopted by nobody: the newest published pack of its id that is in
force binds, unless `framework.scope-determined` says that it does not apply (domain.md §4).
"""

from ledger.state import State
from policies.facts import Adopted, Fact, Published, tainted
from policies.pack import Pack
from policies.pack_gate import Gate

INCLUDES = {"large_frontier_developer": "frontier_developer"}
"""Classes that are part of a wider one: who is the first is the second too (California 22757.11, New York 1420)."""


def binding_packs(state: State, at: str) -> tuple[Published, ...]:
    """The packs that bind at time `at`, in the order in which they were published; a code's `scope` is asked per model."""
    found = [state.get("published", a.digest) for a in adoptions(state) if _in_effect(a, at)]
    # Two people adopted a code, and two may determine later that it does not reach the lab; nobody says so of its own framework.
    found = [p for p in found if p.pack.binds == "own" or (p.pack.binds == "code" and _not_out(state, p, at))]
    for name in state.get("packs", "laws") or ():
        law = law_in_force(state, name, at)
        if law is not None and _not_out(state, law, at):
            found.append(law)
    return tuple(sorted(found, key=lambda p: p.index))


def gated_actions(state: State, at: str) -> list[str]:
    """Every action that a pack binding at `at` gates, sorted."""
    return sorted({a for p in binding_packs(state, at) for g in p.pack.gates for a in g.actions})


def _not_out(state: State, published: Published, at: str) -> bool:
    return applies_to_lab(state, published, at) is not False


def _in_effect(adopted: Adopted, at: str) -> bool:
    return adopted.effective <= at and (adopted.until is None or at < adopted.until)


def adoptions(state: State) -> list[Adopted]:
    """All adoptions, in their order, superseded ones too."""
    return [state.get("adopted", digest) for digest in state.get("packs", "adopted") or ()]


def versions(state: State, pack_id: str) -> tuple[Published, ...]:
    """The published packs of an id, oldest first."""
    return tuple(state.get("published", digest) for digest in state.get("packs", f"id:{pack_id}") or ())


def begins(pack: Pack) -> str:
    """The first instant at which a pack's source is in force; its days are counted in UTC."""
    return f"{pack.in_force_from}T00:00:00.000000Z"


def ends(pack: Pack) -> str | None:
    """The first instant at which it is no longer; `None`: no end is known."""
    return None if pack.in_force_until is None else f"{pack.in_force_until}T00:00:00.000000Z"


def law_in_force(state: State, pack_id: str, at: str) -> Published | None:
    """Of the published versions of a law, the newest published that is in force at `at`."""
    for published in reversed(versions(state, pack_id)):
        until = ends(published.pack)
        if begins(published.pack) <= at and (until is None or at < until):
            return published
    return None


def scope_at(state: State, pack_id: str, at: str) -> Fact | None:
    """The `framework.scope-determined` that holds for a law or code at time `at`; `None`: nobody has determined it.

    Of those in effect by then the last recorded counts. Where a compromised key signed that one, or it is history from before
    the ledger, nobody has determined it: a law then binds from its own date, and no older word is handed back.
    """
    said: tuple[Fact, ...] = state.get("scope", pack_id) or ()
    newest = next((f for f in reversed(said) if f.body.effective <= at), None)
    if newest is None or newest.back_recorded or tainted(state, newest) is not None:
        return None
    return newest


def _scope_of(state: State, published: Published, at: str) -> Fact | None:
    """What was determined about this very text: a law that changed is to be looked at again."""
    fact = scope_at(state, published.pack.id, at)
    return fact if fact is not None and fact.body.digest == published.digest else None


def applies_to_lab(state: State, published: Published, at: str) -> bool | None:
    """Whether a law or code was determined to apply to the lab; `None`: nobody has determined it."""
    fact = _scope_of(state, published, at)
    return None if fact is None else bool(fact.body.applies)


def classes_of(state: State, published: Published, at: str) -> tuple[frozenset[str], int] | None:
    """As whom a law or code binds the lab, and the entry that says so; `None`: nobody has determined it."""
    fact = _scope_of(state, published, at)
    if fact is None:
        return None
    named = set(fact.body.binds_as)
    return frozenset(named | {INCLUDES[n] for n in named if n in INCLUDES}), fact.index


def whom(pack: Pack, gate: Gate) -> str | None:
    """Whom a gate binds, as the law says it; `None` where it says nothing. An adoption says itself that the lab is meant."""
    if gate.binds_whom is not None:
        return gate.binds_whom
    return pack.binds_whom if pack.binds == "law" and pack.binds_whom != "per_clause" else None
