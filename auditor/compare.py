"""Claims against what the entries say: the first thing that differs, by name."""

from typing import Any

NAMED = ("stream", "index")


def difference(found: Any, claimed: Any, place: str = "claims") -> str | None:
    """The path of the first member of `claimed` that is not what was `found`, or `None`."""
    if isinstance(found, dict) and isinstance(claimed, dict):
        for key in sorted({*found, *claimed}):
            if key not in found or key not in claimed:
                return f"{place}.{key}"
            inner = difference(found[key], claimed[key], f"{place}.{key}")
            if inner is not None:
                return inner
        return None
    if isinstance(found, list) and isinstance(claimed, list):
        for n, (mine, theirs) in enumerate(zip(found, claimed, strict=False)):
            inner = difference(mine, theirs, f"{place}[{_name(mine, n)}]")
            if inner is not None:
                return inner
        return None if len(found) == len(claimed) else f"{place}[{min(len(found), len(claimed))}]"
    return None if type(found) is type(claimed) and found == claimed else place


def _name(value: Any, n: int) -> str:
    """What an element of a list is called: its stream or index, else its position."""
    if isinstance(value, dict):
        return next((str(value[k]) for k in NAMED if k in value), str(n))
    return str(n)
