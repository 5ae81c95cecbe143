"""Whether a pack that binds the lab reaches this model: a code may bind only where another pack's threshold stands."""

from ledger.state import State
from policies.answer import AsOf, Request
from policies.binding import applies_to_lab, versions
from policies.determinations import standing_determination
from policies.facts import Published


def reaches(state: State, request: Request, published: Published, as_of: AsOf) -> tuple[bool, tuple[str, ...]]:
    """Whether the pack binds for the model asked about, and the reasons that say what was not known, or what left it out.

    Unknown is no way out: a code whose threshold nobody determined binds, and says so.
    """
    pack = published.pack
    if pack.binds == "law":
        known = applies_to_lab(state, published, as_of.time) is not None
        return True, () if known else (f"scope-undetermined:{pack.id}",)
    if pack.scope is None:
        return True, ()
    other = versions(state, pack.scope.pack)[-1:]
    standing = [standing_determination(state, request.stream, p, pack.scope.threshold, as_of) for p in other]
    if any(s.state in pack.scope.state_in for s in standing):
        return True, ()
    # A state that another reading may still replace takes nobody out.
    known = any(s.state is not None and s.doubt is None and s.weak is None for s in standing)
    return (False, (f"out-of-scope:{pack.id}",)) if known else (True, (f"scope-undetermined:{pack.id}",))
