"""The browser of the tests of pages."""

from tests.disclosures.conftest import browser

__all__ = ["browser"]
