"""A browser for the tests of the pages."""

import pytest

from tests.helpers.pages.browser import chromium


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser
