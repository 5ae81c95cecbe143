"""The one-file verifiers: both are joined from their sources, share no code with us, and the docs state their digests."""

import ast
import sys
from hashlib import sha256

import pytest

from spec.verifier import NOUNS, PAGES, PARTS, PROGRAM, ROOT, TARGET, join, join_program, stated


def test_the_program_is_joined_from_its_parts() -> None:
    text = PROGRAM.read_text(encoding="utf-8")
    assert text == join_program(), "verify.py is not what its parts join to: run make verifier"
    assert {p.stem for p in PARTS.glob("*.py")} == {"__init__", *NOUNS}
    assert len(text.splitlines()) <= 1300, "its reader reads it in one sitting"


@pytest.mark.parametrize("noun", NOUNS)
def test_a_part_shares_no_code_with_us(noun: str) -> None:
    """It is short, and imports the parts before it, `cryptography` and the standard library."""
    text = (PARTS / f"{noun}.py").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 250
    before = {f"disclosures.one_file.{name}" for name in NOUNS[: NOUNS.index(noun)]}
    for node in ast.walk(ast.parse(text)):
        names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
        names += [str(node.module)] if isinstance(node, ast.ImportFrom) else []
        for name in names:
            top = name.partition(".")[0]
            assert name in before or top == "cryptography" or top in sys.stdlib_module_names, name


def test_the_page_is_joined_from_its_sources() -> None:
    page = TARGET.read_text(encoding="utf-8")
    assert page == join(), "verify.html is not what its sources and verify.py join to: run make verifier"
    assert len(page.encode()) < 150_000


@pytest.mark.parametrize(
    ("page", "name"), [("verify-a-bundle.md", "verify.py"), ("verify-in-a-browser.md", "verify.html")]
)
def test_the_docs_state_its_digest(page: str, name: str) -> None:
    text, digest = (
        (ROOT / "docs" / "how-to" / page).read_text(),
        sha256((TARGET.parent / name).read_bytes()).hexdigest(),
    )
    assert f"    {digest}  {name}\n" in text, "another digest than the file's: run make verifier"
    assert page in PAGES
    assert stated(f"    {'0' * 64}  {name}\n") == f"    {digest}  {name}\n"
