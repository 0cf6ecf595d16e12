"""A Chromium for all tests of a session, pages of it, and pictures of them in `artefacts/`."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, sync_playwright

from tests.browser import chromium
from tests.browser.site import Site, serve
from tests.fakes.world import World

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
"""`show(html=…)`, `show(url=…)` or neither for a page that has yet to go somewhere; with `width`,
`height`, `dark`, `logos` (False where the page's script posts: Chromium does not follow the redirect of a request that
outlives its page while somebody may answer in the network's place), and whatever else Playwright gives a context."""

Shoot = Callable[[Page, str], Path]

OpenSite = Callable[[str], Site]
"""The hosted pages in a direction of writing, as long as the test runs."""


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
        html: str = "",
        *,
        url: str = "",
        width: int = 360,
        height: int = 740,
        dark: bool = False,
        logos: bool = True,
        **context: Any,
    ) -> Shown:
        scheme = "dark" if dark else "light"
        one = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme, **context)
        one.set_default_timeout(15_000)
        contexts.append(one)
        shown = Shown(one.new_page())

        def beyond(route: Route) -> None:
            shown.asked.append(route.request.url)
            if route.request.resource_type == "image":
                route.fulfill(content_type="image/svg+xml", body=_LOGO)
            else:
                route.abort()

        if logos:
            one.route(_is_beyond, beyond)
        else:
            one.on("request", lambda request: _is_beyond(request.url) and shown.asked.append(request.url))
        if url:
            shown.page.goto(url)
        elif html:
            shown.page.set_content(html, wait_until="load")
        return shown

    yield open_page
    for one in contexts:
        one.close()


def _is_beyond(address: str) -> bool:
    return "//127.0.0.1" not in address


@pytest.fixture
def open_site(world: World) -> Iterator[OpenSite]:
    """Serves the hosted pages on an empty installation in memory."""
    with ExitStack() as served:
        yield lambda direction: served.enter_context(serve(world, direction))


@pytest.fixture(scope="session")
def shot() -> Shoot:
    """Keeps a picture of a whole page as `artefacts/<name>.png`, for people to look at."""

    def take(page: Page, name: str) -> Path:
        path = ARTEFACTS / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=path, full_page=True, animations="disabled")
        return path

    return take
