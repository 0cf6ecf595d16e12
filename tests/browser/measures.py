"""What can be measured of a page as a browser lays it out."""

from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Page

_TEXTS = """() => {
  const paint = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const found = getComputedStyle(one).backgroundColor.match(/[\\d.]+/g).map(Number);
      if (found.length < 4 || found[3] === 1) return found.slice(0, 3);
      if (found[3] !== 0) return null;
    }
    return [255, 255, 255];
  };
  const found = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode, element = node.parentElement;
    if (!node.textContent.trim()) continue;
    if (!element.checkVisibility({opacityProperty: true, visibilityProperty: true})) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const box = range.getBoundingClientRect(), style = getComputedStyle(element);
    if (!box.width || !box.height) continue;
    found.push({
      text: node.textContent.trim().slice(0, 60),
      ink: style.color.match(/[\\d.]+/g).slice(0, 3).map(Number),
      behind: paint(element),
      decoration: element.closest('[aria-hidden=true]') !== null,
    });
  }
  return found;
}"""

_BOXES = """elements => elements.map(one => {
  const box = one.getBoundingClientRect();
  return {words: one.innerText.trim(), width: box.width, height: box.height};
})"""


@dataclass(frozen=True, slots=True)
class Text:
    """A piece of text as it stands on the page: its colours as `#rrggbb`."""

    words: str
    ink: str
    behind: str


@dataclass(frozen=True, slots=True)
class Box:
    """An element's size in CSS pixels."""

    words: str
    width: float
    height: float


def texts(page: Page) -> list[Text]:
    """All text that can be seen, without what is marked as decoration; no background may be half transparent."""
    found: list[dict[str, Any]] = page.evaluate(_TEXTS)
    assert all(one["behind"] for one in found), "a half transparent background cannot be measured"
    return [Text(one["text"], _hex(one["ink"]), _hex(one["behind"])) for one in found if not one["decoration"]]


def boxes(page: Page, selector: str) -> list[Box]:
    """The sizes of the elements that a selector finds."""
    return [Box(**one) for one in page.eval_on_selector_all(selector, _BOXES)]


def overhang(page: Page) -> int:
    """By how many pixels the page is wider than its window: more than none is sideways scrolling."""
    return int(page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth"))


def _hex(channels: list[float]) -> str:
    return "#" + "".join(f"{round(one):02x}" for one in channels)
