"""How long a browser takes to a page that can be used, on a slow connection."""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from statistics import median
from threading import Thread

from playwright.sync_api import Browser, sync_playwright

from tests.browser import chromium

KBIT_A_SECOND, ROUND_TRIP = 400, 400
"""The connection: its rate, and milliseconds of a round trip, as on a slow 3G one."""

_VISITS = 5
_LAST = """() => {
  const {responseEnd, domInteractive} = performance.getEntriesByType('navigation')[0];
  const [paint] = performance.getEntriesByName('first-contentful-paint');
  return paint ? [paint.startTime, Math.max(paint.startTime, domInteractive), responseEnd] : null;
}"""


@dataclass(frozen=True, slots=True)
class Usable:
    """Milliseconds from the click to the first paint, until score and button take a press, and to the last byte."""

    painted: float
    usable: float
    loaded: float


def measure(body: str) -> Usable:
    """The medians over some visits, each with an empty cache; `body` is the page as the function sends it."""
    with _served(base64.b64decode(body, validate=True)) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium.find(), args=chromium.launch_arguments())
        _visit(browser, address)
        visits = [_visit(browser, address) for _ in range(_VISITS)]
        browser.close()
    painted, usable, loaded = (median(values) for values in zip(*visits, strict=True))
    return Usable(painted, usable, loaded)


def _visit(browser: Browser, address: str) -> tuple[float, float, float]:
    context = browser.new_context(viewport={"width": 360, "height": 740})
    page = context.new_page()
    network = context.new_cdp_session(page)
    network.send("Network.enable")
    rate = KBIT_A_SECOND * 1000 / 8
    slow = {"offline": False, "latency": ROUND_TRIP, "downloadThroughput": rate, "uploadThroughput": rate}
    network.send("Network.emulateNetworkConditions", slow)
    page.goto(address)
    page.locator("input[name=score]").first.check()
    painted, usable, loaded = page.wait_for_function(_LAST).json_value()
    context.close()
    return painted, usable, loaded


@contextmanager
def _served(page: bytes) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 30

        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-type", "text/html; charset=utf-8")
            self.send_header("content-encoding", "gzip")
            self.send_header("content-length", str(len(page)))
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/"
        finally:
            server.shutdown()
            thread.join()
