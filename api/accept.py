"""`Accept` (RFC 9110 §12.5.1): which of our forms the asker likes best."""

import re
from collections.abc import Sequence

_QUALITY = re.compile(r"q=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)")


def accepted(header: str, offered: Sequence[str]) -> str | None:
    """The best of `offered` (first wins a tie; an absent header accepts all), or `None` where none will do."""
    ranges: dict[str, float] = {}
    for part in header.lower().split(","):
        name, *parameters = (p.strip() for p in part.split(";"))
        if name:
            found = next((m for p in parameters if (m := _QUALITY.fullmatch(p)) is not None), None)
            ranges[name] = 1.0 if found is None else float(found.group(1))
    if not ranges:
        return offered[0]

    def quality(kind: str) -> float:
        for name in (kind, f"{kind.split('/', maxsplit=1)[0]}/*", "*/*"):
            if name in ranges:
                return ranges[name]
        return 0.0

    best = max(offered, key=quality)
    return best if quality(best) > 0 else None
