"""What axe-core finds wrong with a page as it stands, by the rules of WCAG 2.2 AA and by good practice."""

from pathlib import Path
from typing import Any

from playwright.sync_api import Page

SOURCE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

_RUN = """async tags => {
  const found = await axe.run(document, {runOnly: {type: 'tag', values: tags}, resultTypes: ['violations']});
  return found.violations.map(one => [one.id, one.nodes.map(node => [node.html, node.failureSummary])]);
}"""


def violations(page: Page) -> list[Any]:
    """Each broken rule with the elements that break it. The page's own policy stays in force: it lets axe in not at
    all, so axe comes through the debugger."""
    page.evaluate(f"() => {{ if (!window.axe) {{ {SOURCE.read_text(encoding='utf-8')} }} }}")
    found: list[Any] = page.evaluate(_RUN, RULES)
    return found
