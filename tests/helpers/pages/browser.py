"""Debian's Chromium, driven by Playwright; no browser is downloaded."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# Timeout in milliseconds: long for a busy machine, but a browser that hangs must not hang the
# tests.
PATIENCE = 120_000


def find_chromium() -> str:
    """The browser's executable; without one the test is skipped.

    `make test` installs it if permitted, and otherwise reports that it is missing.
    """
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found:
        return found
    pytest.skip("no Chromium was found: install Debian's package chromium to test the page")


@contextmanager
def chromium() -> Iterator[Browser]:
    """Headless Chromium without its sandbox, which does not start as root."""
    program = find_chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, chromium_sandbox=False, timeout=PATIENCE
        )
        yield browser
        browser.close()


def new_page(browser: Browser, width: int, height: int, **options: Any) -> Page:
    """A page in a new window, which may be as narrow as a phone, with access to the clipboard."""
    page = browser.new_page(
        viewport={"width": width, "height": height},
        is_mobile=width < 500,
        permissions=["clipboard-read", "clipboard-write"],
        **options,
    )
    page.set_default_timeout(PATIENCE)
    return page


def problems_of(page: Page) -> list[str]:
    """A list that collects a page's problems while the page is in use.

    These are console messages, uncaught errors, failed loads, and requests that leave this
    machine.
    """
    problems: list[str] = []

    def notice_request(url: str) -> None:
        if not url.startswith("file:"):
            problems.append(f"the page asks the network for {url}")

    page.on("console", lambda message: problems.append(message.text))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("requestfailed", lambda request: problems.append(f"{request.url}: {request.failure}"))
    page.on("request", lambda request: notice_request(request.url))
    return problems


@contextmanager
def opened_pages(
    browser: Browser, folder: Path, size: tuple[int, int]
) -> Iterator[Callable[..., Page]]:
    """`open_page(width, name="details.html", color_scheme="dark")`: a page of a report in a new
    window of that size, or of another width, just loaded.

    At the end no page may have had any errors.
    """
    opened = []

    def open_page(width: int = size[0], name: str = "index.html", **options: Any) -> Page:
        page = new_page(browser, width, size[1], **options)
        opened.append((page, problems_of(page)))
        page.goto((folder / name).as_uri())
        return page

    yield open_page
    for page, problems in opened:
        page.close()
        assert problems == []


def height(element: Locator) -> int:
    """The height on the screen in CSS pixels, 0 for hidden elements."""
    pixels: int = element.evaluate("element => element.offsetHeight")
    return pixels


def contrast(one: Sequence[float], two: Sequence[float]) -> float:
    """The contrast ratio of the Web Content Accessibility Guidelines between two colours."""
    darker, lighter = sorted([luminance(one), luminance(two)])
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: Sequence[float]) -> float:
    """The relative luminance of red, green and blue between 0 and 255."""
    linear = [c / 255 / 12.92 if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in colour]
    red, green, blue = linear
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
