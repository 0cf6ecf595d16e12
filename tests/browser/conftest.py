"""A Chromium for all tests of a session, pages of it, and pictures of them in `artefacts/`."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, sync_playwright

from tests.browser import chromium

ARTEFACTS = Path(__file__).parents[2] / "artefacts"

# A logo's place, in a colour that is neither page nor ink.
_LOGO = (
    b'<svg xmlns="http://www.w3.org/2000/svg" width="160" height="32"><rect width="160" height="32" fill="#7a8"/></svg>'
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@dataclass(slots=True)
class Shown:
    """A page in a browser, and each address beyond this machine that it asked for; those got no answer but logos."""

    page: Page
    asked: list[str] = field(default_factory=list)


Show = Callable[..., Shown]
"""`show(html=…)` or `show(url=…)`, with `width`, `height`, `dark`, and whatever else Playwright gives a context."""

Shoot = Callable[[Page, str], Path]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        one = playwright.chromium.launch(executable_path=chromium.find(), args=chromium.launch_arguments())
        yield one
        one.close()


@pytest.fixture
def show(browser: Browser) -> Iterator[Show]:
    """Opens pages in a browser that reaches this machine only; each has cookies and a cache of its own."""
    contexts = []

    def open_page(
        html: str = "", *, url: str = "", width: int = 360, height: int = 740, dark: bool = False, **context: Any
    ) -> Shown:
        scheme = "dark" if dark else "light"
        one = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme, **context)
        contexts.append(one)
        shown = Shown(one.new_page())

        def beyond(route: Route) -> None:
            shown.asked.append(route.request.url)
            if route.request.resource_type == "image":
                route.fulfill(content_type="image/svg+xml", body=_LOGO)
            else:
                route.abort()

        one.route(lambda address: "//127.0.0.1" not in address, beyond)
        if url:
            shown.page.goto(url)
        else:
            shown.page.set_content(html, wait_until="load")
        return shown

    yield open_page
    for one in contexts:
        one.close()


@pytest.fixture(scope="session")
def shot() -> Shoot:
    """Keeps a picture of a whole page as `artefacts/<name>.png`, for people to look at."""

    def take(page: Page, name: str) -> Path:
        path = ARTEFACTS / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=path, full_page=True, animations="disabled")
        return path

    return take
