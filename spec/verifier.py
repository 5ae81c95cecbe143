"""Join `disclosures/one_file/` into one Python file and `disclosures/browser/` into one HTML file, and state their digests where
the docs do.

`make verifier`; a test compares. The page takes the table of types and the shapes of the JSON members from `verify.py`, so these
stand once. A page of the docs states a digest as `sha256sum` prints it: an indented line of 64 digits and the name.
"""

import ast
import json
import re
from base64 import b64encode
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from typing import Any

from disclosures.one_file.tables import INSIDE, SHAPES, TABLE

SOURCE = Path(__file__).parents[1] / "disclosures" / "browser"
ROOT = SOURCE.parents[1]
TARGET = SOURCE.parent / "static" / "verify.html"
PROGRAM = SOURCE.parent / "static" / "verify.py"
PARTS = SOURCE.parent / "one_file"
NOUNS = (
    "tables", "strict", "tree", "signatures", "note", "container", "entry", "trust", "bundle", "streams", "profile", "claims",
    "anchor", "program",
)  # fmt: skip
"""The parts of the program, each after those that it needs; the last one's docstring is the program's."""
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


def join_program() -> str:
    """The program: its parts' statements in order, below one list of what they import from others."""
    imported: dict[str, set[str]] = {}
    bodies, first = list[str](), ""
    for noun in NOUNS:
        text = (PARTS / f"{noun}.py").read_text(encoding="utf-8")
        tree = ast.parse(text)
        first = ast.get_docstring(tree, clean=False) or ""
        rest = [n for n in tree.body[1:] if not isinstance(n, ast.Import | ast.ImportFrom)]
        for node in tree.body:
            if isinstance(node, ast.Import):
                imported |= {alias.name: set() for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not str(node.module).startswith(("disclosures.", "__future__")):
                imported.setdefault(str(node.module), set()).update(alias.name for alias in node.names)
        bodies.append("\n".join(text.splitlines()[rest[0].lineno - 1 :]))
    return (
        f'"""{first}"""\n\nfrom __future__ import annotations\n\n{_imports(imported)}\n' + "\n\n\n".join(bodies) + "\n"
    )


def _imports(modules: dict[str, set[str]]) -> str:
    """The import lines in the linter's order: the standard library, then `cryptography`; constants, classes, functions."""

    def line(module: str) -> str:
        names = sorted(modules[module], key=lambda n: (not n.isupper(), not n[0].isupper(), n))
        return f"from {module} import {', '.join(names)}\n" if names else f"import {module}\n"

    ours = [m for m in modules if m.startswith("cryptography")]
    other = sorted((m for m in modules if m not in ours), key=lambda m: (bool(modules[m]), m))
    return "".join(map(line, other)) + "\n" + "".join(map(line, sorted(ours)))


def stated(text: str) -> str:
    """A page of the docs with each digest that it states as the file it is now."""

    def line(found: re.Match[str]) -> str:
        return f"    {sha256((TARGET.parent / found[1]).read_bytes()).hexdigest()}  {found[1]}"

    return STATED.sub(line, text)


if __name__ == "__main__":
    PROGRAM.write_text(join_program(), encoding="utf-8")
    TARGET.write_text(join(), encoding="utf-8")
    for name in PAGES:
        page = ROOT / "docs" / "how-to" / name
        page.write_text(stated(page.read_text(encoding="utf-8")), encoding="utf-8")
