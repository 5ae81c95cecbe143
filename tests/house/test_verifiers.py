"""The one-file verifiers: `verify.html` is joined from its sources, and the docs state the digests of both."""

from hashlib import sha256

import pytest

from spec.verifier import PAGES, ROOT, TARGET, join, stated


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
