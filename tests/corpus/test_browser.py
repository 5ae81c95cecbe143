"""The page that checks bundles, on the whole corpus in real Chromium: the same verdicts as the one-file verifier's."""

import pytest

from tests.corpus.judge import trust_file
from tests.corpus.listed import CASES
from tests.disclosures.chromium import PROGRAM, Chromium, bundle_verdict

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="Chromium is not installed")
BUNDLES = sorted(name for name, case in CASES.items() if case.kind == "bundle")
PARTS = 4
"""The cases are told in so many tests, so that workers share them."""


@pytest.mark.parametrize("part", range(PARTS))
def test_the_page_says_so_too(browser: Chromium, part: int) -> None:
    wrong: dict[str, object] = {}
    for name in BUNDLES[part::PARTS]:
        case = CASES[name]
        found = bundle_verdict(browser, case.make(), trust_file(case.pin) if case.pin else None)
        if found["verdict"] != (case.alone or case.verdict):
            wrong[name] = found
    assert wrong == {}
