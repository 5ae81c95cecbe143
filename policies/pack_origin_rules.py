"""Where a pack comes from and whom it binds: days, law and code, the neighbour that it is known by (spec/framework-pack.md)."""

from policies.pack import Pack
from policies.pack_fault import PARTS, bad, check_known, day

SECTIONS = {
    "exceptions": "exceptions", "fallbacks": "fallbacks", "gates": "gates", "levels": "levels", "obligations": "obligations",
    "retention": "retention", "roles": "roles", "safeguards": "safeguards", "thresholds": "thresholds",
}  # fmt: skip
"""Section that a difference may name → the part of the pack whose clauses it speaks about."""
GONE = frozenset({"removed", "absent"})


def check_origin(pack: Pack) -> None:
    """Raise `Malformed` where a day does not exist, a law binds nobody, or a difference is not to be seen in the pack."""
    _dates(pack)
    _bound(pack)
    _base(pack)


def _dates(pack: Pack) -> None:
    first = day("$.in_force_from", pack.in_force_from)
    if pack.in_force_until is not None and day("$.in_force_until", pack.in_force_until) <= first:
        raise bad("$.in_force_until", "pack-contradiction")
    if pack.enforced_from is not None and day("$.enforced_from", pack.enforced_from) < first:
        raise bad("$.enforced_from", "pack-contradiction")
    for key in ("supersedes", "superseded_by"):
        if getattr(pack, key) == pack.id:
            raise bad(f"$.{key}", "pack-contradiction")


def _bound(pack: Pack) -> None:
    if pack.binds == "law" and pack.binds_whom is None:
        raise bad("$.binds", "pack-binds")
    if pack.binds_whom == "per_clause":
        for part in ("gates", "obligations", "prohibitions"):
            for clause in getattr(pack, part):
                if clause.binds_whom is None:
                    raise bad(f"{part} {clause.id}", "pack-binds")
    if pack.statutory is not None and pack.binds != "own":
        raise bad("statutory", "pack-binds")
    if pack.scope is not None and pack.binds != "code":
        raise bad("scope", "pack-binds")
    if pack.scope is not None and pack.scope.pack == pack.id:
        raise bad("scope pack", "pack-contradiction")
    for threshold in pack.thresholds:
        if threshold.level is not None:
            check_known(f"thresholds {threshold.id} level", (threshold.level,), [x.id for x in pack.levels])


def _base(pack: Pack) -> None:
    presumed = [
        f"{part} {c.id}" for part in PARTS for c in getattr(pack, part) if getattr(c, "sourced", None) == "presumed"
    ]
    if pack.base is None:
        if presumed or pack.source.sourced == "presumed":
            raise bad(presumed[0] if presumed else "source sourced", "pack-base")
        return
    # What is known only as a difference has parts that nobody read, so it never permits alone.
    if pack.base.id == pack.id or not pack.source.unread_parts:
        raise bad("base", "pack-base")
    for difference in pack.base.differences:
        section, _, item = difference.target.partition("/")
        if section not in SECTIONS or not item:
            continue
        # A difference may name a family of clauses: `CYBER` for `CYBER-T1` and `CYBER-T2`.
        found = [c for c in getattr(pack, SECTIONS[section]) if c.id == item or c.id.startswith(f"{item}-")]
        if bool(found) == (difference.change in GONE):
            raise bad(f"base {difference.target}", "pack-base")
