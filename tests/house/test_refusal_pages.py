"""Every code at which a start, or an append, can stop has a page; no page speaks of a code that is gone."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = ROOT / "docs" / "how-to" / "refusals"
STARTING = ("ledger/store", "ledger/derived.py", "ledger/checkpoint.py", "ledger/keys.py", "projections/store", "api/config.py", "api/wiring.py",
            "api/keyring.py", "api/founding.py", "api/serve.py", "api/witnessed.py")  # fmt: skip
PER_CALL = {
    "alg-unknown": "a wrong option of `keys new`",
    "append-refused": "one batch, by the database's own checks",
    "at-beyond-head": "a question",
    "index-beyond-head": "a question",
    "key-file-exists": "a new key under an old name",
    "outcome-unknown": "one append, and retrying is safe",
    "overloaded": "one append, and retrying is safe",
    "stale-head": "one append, and retrying is safe",
}
"""Codes of the starting modules that answer one call and stop nothing."""


def codes() -> dict[str, str]:
    """Code → file, of every `Fault("code", …)` in the modules that a start runs."""
    found: dict[str, str] = {}
    for place in STARTING:
        path = ROOT / place
        for file in [path] if path.suffix else sorted(path.rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Fault":
                    code = node.args[0]
                    if isinstance(code, ast.Constant):
                        found[code.value] = str(file.relative_to(ROOT))
    return found


@pytest.mark.parametrize(("code", "file"), sorted((c, f) for c, f in codes().items() if c not in PER_CALL))
def test_a_refusal_has_its_page(code: str, file: str) -> None:
    page = PAGES / f"{code}.md"
    assert page.exists(), f"{file} raises {code}: write docs/how-to/refusals/{code}.md and its line in README.md there"
    text = page.read_text()
    assert text.startswith(f"# `{code}`: ")
    assert "\n1. " in text, "steps, in order"
    assert f"[`{code}`]({code}.md)" in (PAGES / "README.md").read_text()


def test_no_page_for_a_code_that_is_gone() -> None:
    known = codes().keys()
    assert sorted(p.stem for p in PAGES.glob("*.md") if p.name != "README.md" and p.stem not in known) == []
    assert sorted(c for c in PER_CALL if c not in known) == []


def test_links_between_pages_lead_somewhere() -> None:
    for page in ROOT.rglob("docs/**/*.md"):
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text()):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.relative_to(ROOT)}: {target}"
