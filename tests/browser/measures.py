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


# What is pressed or filled in, but for links within a sentence. A control that a label draws is as large as its label.
_TARGETS = """() => {
  const found = [];
  for (const one of document.querySelectorAll('a[href], button, summary, textarea, input:not([type=hidden])')) {
    if (!one.checkVisibility() || one.closest('.away')) continue;
    const around = one.parentElement.innerText.trim(), words = one.innerText.trim();
    if (one.matches('a') && getComputedStyle(one).display === 'inline' && around !== words) continue;
    const label = one.matches('input') ? one.closest('label') : null;
    const box = (label || one).getBoundingClientRect();
    found.push({words: (label || one).innerText.trim() || one.name, width: box.width, height: box.height});
  }
  return found;
}"""

# A group of radio buttons is one stop.
_STOPS = """() => {
  const all = [...document.querySelectorAll('a[href], button, summary, textarea, input:not([type=hidden])')];
  const seen = all.filter(one => one.checkVisibility() && !one.closest('.away'));
  return new Set(seen.map(one => one.type === 'radio' ? one.name : one)).size;
}"""

# The outline of what has the focus, or of what stands for it right behind it.
_FOCUS = """() => {
  const one = document.activeElement;
  if (!one || one === document.body) return null;
  const marked = [one, one.nextElementSibling].some(each => {
    const style = each && getComputedStyle(each);
    return style && style.outlineStyle === 'solid' && parseFloat(style.outlineWidth) >= 2;
  });
  const box = one.getBoundingClientRect();
  const within = box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
  return {words: (one.innerText || one.name || '').trim() + ' ' + (one.value || ''), seen: marked && within};
}"""


@dataclass(frozen=True, slots=True)
class Focus:
    """A place that the keyboard comes to, and whether one sees it."""

    words: str
    seen: bool


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


def color(page: Page, selector: str, which: str) -> str:
    """One of the computed colours, such as `borderTopColor`, of the first element that a selector finds."""
    found = page.eval_on_selector(
        selector, "(one, which) => getComputedStyle(one)[which].match(/[\\d.]+/g).map(Number)", which
    )
    return _hex(found[:3])


def targets(page: Page) -> list[Box]:
    """The sizes of all that can be pressed or filled in."""
    return [Box(**one) for one in page.evaluate(_TARGETS)]


def tab_stops(page: Page) -> int:
    """How many places the keyboard has to come to."""
    return int(page.evaluate(_STOPS))


def focus_marks(page: Page, most: int = 60) -> list[Focus]:
    """Every place that Tab comes to, from the page's beginning to its end; `most` bounds a page that holds it."""
    page.evaluate(
        "() => { document.body.tabIndex = -1; document.body.focus(); document.body.removeAttribute('tabindex') }"
    )
    found: list[Focus] = []
    while len(found) < most:
        page.keyboard.press("Tab")
        one = page.evaluate(_FOCUS)
        if one is None:
            return found
        found.append(Focus(**one))
    raise AssertionError("the keyboard does not leave this page")


def overhang(page: Page) -> int:
    """By how many pixels the page is wider than its window: more than none is sideways scrolling."""
    return int(page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth"))


def _hex(channels: list[float]) -> str:
    return "#" + "".join(f"{round(one):02x}" for one in channels)
