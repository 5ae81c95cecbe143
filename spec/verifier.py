"""Join `disclosures/browser/` into one HTML file, and state the digests of the one-file verifiers where the docs do.

`make verifier`; a test compares. The page takes the table of types and the shapes of the JSON members from `verify.py`, so these
stand once. A page of the docs states a digest as `sha256sum` prints it: an indented line of 64 digits and the name.
"""

import json
import re
from base64 import b64encode
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from typing import Any

from disclosures.static.verify import INSIDE, SHAPES, TABLE

SOURCE = Path(__file__).parents[1] / "disclosures" / "browser"
ROOT = SOURCE.parents[1]
TARGET = SOURCE.parent / "static" / "verify.html"
STATED = re.compile(r"^    [0-9a-f]{64}  (verify\.py|verify\.html)$", re.MULTILINE)
PAGES = ("verify-a-bundle.md", "verify-in-a-browser.md")
SCRIPTS = (
    "strict.js", "json.js", "curve.js", "tree.js", "keys.js", "note.js", "zip.js", "bag.js", "entry.js", "trust.js", "bundle.js",
    "streams.js", "absent.js", "profile.js", "claims.js", "anchor.js", "verify.js", "receipt.js", "view.js", "page.js",
)  # fmt: skip


def digest(text: str) -> str:
    """A source of a content security policy."""
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"


def shape(value: Any) -> Any:
    """A shape of `verify.py` as JSON: a choice becomes `{"|": […]}`, any object `true`; the page's patterns let `.` match all."""
    match value:
        case str():
            return value.removeprefix("(?s)")
        case tuple():
            return {"|": [shape(one) for one in value]}
        case list():
            return [shape(one) for one in value]
        case dict():
            return {name: shape(one) for name, one in value.items()}
        case type():
            return True
        case _:
            return value


def compact(value: Any) -> str:
    """JSON for a script."""
    return json.dumps(value, separators=(",", ":"))


def script_of(names: Iterable[str]) -> str:
    """These sources as one script, with the tables that `verify.py` holds."""
    script = "".join((SOURCE / name).read_text(encoding="utf-8") for name in names)
    script = script.replace("@TABLE@", compact(TABLE)).replace("@INSIDE@", compact(INSIDE))
    return script.replace("@SHAPES@", compact(shape(SHAPES)))


def join() -> str:
    """The page: follows from the sources alone. Its policy allows its own style and script, and nothing else."""
    style = (SOURCE / "page.css").read_text(encoding="utf-8")
    script = script_of(SCRIPTS)
    page = (SOURCE / "page.html").read_text(encoding="utf-8")
    for mark, text in (
        ("STYLE_HASH", digest(style)),
        ("SCRIPT_HASH", digest(script)),
        ("STYLE", style),
        ("SCRIPT", script),
    ):
        page = page.replace(f"@{mark}@", text)
    return page


def stated(text: str) -> str:
    """A page of the docs with each digest that it states as the file it is now."""

    def line(found: re.Match[str]) -> str:
        return f"    {sha256((TARGET.parent / found[1]).read_bytes()).hexdigest()}  {found[1]}"

    return STATED.sub(line, text)


if __name__ == "__main__":
    TARGET.write_text(join(), encoding="utf-8")
    for name in PAGES:
        page = ROOT / "docs" / "how-to" / name
        page.write_text(stated(page.read_text(encoding="utf-8")), encoding="utf-8")
