"""The files that every bundle carries byte for byte, as this release has them: `disclosures/static/`."""

from importlib import resources
from typing import Final

NAMES: Final = ("VERIFY.md", "verify.html", "verify.py")


def static_files() -> dict[str, bytes]:
    """Name → bytes, of those that this release has."""
    folder = resources.files("disclosures.static")
    return {name: (folder / name).read_bytes() for name in NAMES if (folder / name).is_file()}
