"""Jurisdictions as a request states them and as packs name them: ISO 3166 codes (`US`, `US-CA`, `DE`), and `EU` for the union."""

import re

EU = frozenset(
    {
        "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT", "LT", "LU", "LV", "MT",
        "NL", "PL", "PT", "RO", "SE", "SI", "SK",
    }
)  # fmt: skip
"""The member states."""
_CODE = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?")


def within(stated: str, named: str) -> bool | None:
    """Whether what a request states touches the place that a pack names; `None`: it can't be read, and so may be anywhere.

    A whole touches its parts and a part its whole: who says `US` may mean California.
    """
    if _CODE.fullmatch(stated) is None:
        return None
    if stated == named or named.startswith(f"{stated}-") or stated.startswith(f"{named}-"):
        return True
    if named == "EU":
        return stated[:2] in EU
    return stated == "EU" and named[:2] in EU
