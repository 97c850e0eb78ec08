"""A page opened from disk in a real browser, with an eye on everything it does that none of our pages may do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from tests.requirements import CHROMIUM_ARGUMENTS, chromium

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


def running_browser() -> Iterator[Browser]:
    """For a fixture: starts the browser and stops it."""
    executable = chromium()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=list(CHROMIUM_ARGUMENTS))
        yield browser
        browser.close()


class Watched:
    """`events` holds console messages, script errors, dialogs and requests for anything but the page itself."""

    def __init__(self, browser: Browser, path: Path, width: int) -> None:
        self.events: list[str] = []
        self.page: Page = browser.new_page(viewport={"width": width, "height": 900})
        self.page.on("console", lambda message: self.events.append(f"console: {message.text}"))
        self.page.on("pageerror", lambda error: self.events.append(f"error: {error}"))
        self.page.on("dialog", lambda dialog: (self.events.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        self.page.on("request", self._requested)
        self._address = path.as_uri()
        self.page.goto(self._address)

    def _requested(self, request: object) -> None:
        address = str(getattr(request, "url", ""))
        if address.partition("#")[0] != self._address:
            self.events.append(f"request: {address}")

    def assert_fits_and_is_inert(self) -> None:
        """No part is wider than the window, no text has become an element or a handler, and nothing has happened."""
        page = self.page
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        assert page.evaluate("document.body.scrollWidth <= window.innerWidth")
        assert page.locator("script, img, iframe, object, embed, form, link, base").count() == 0
        assert page.evaluate("window.hacked === undefined")
        assert page.evaluate(
            "[...document.querySelectorAll('*')].every(e => [...e.attributes].every(a => !a.name.startsWith('on')))"
        )
        assert page.evaluate("[...document.querySelectorAll('a')].every(a => a.getAttribute('href').startsWith('#'))")
        assert self.events == []
