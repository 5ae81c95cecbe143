"""One Chromium for all tests of the page that checks receipts and bundles, and one whose WebCrypto lacks ML-DSA."""

from collections.abc import Iterator

import pytest

from tests.disclosures.chromium import PROGRAM, WITHOUT_ML_DSA, Chromium


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    yield from _started(tmp_path_factory)


@pytest.fixture(scope="session")
def older(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    yield from _started(tmp_path_factory, WITHOUT_ML_DSA)


def _started(folders: pytest.TempPathFactory, *flags: str) -> Iterator[Chromium]:
    if PROGRAM is None:
        pytest.skip("Chromium is not installed")
    chromium = Chromium(folders.mktemp("chromium"), *flags)
    yield chromium
    chromium.close()
