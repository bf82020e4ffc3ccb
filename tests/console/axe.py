"""What axe-core finds on a page: against WCAG 2.2 AA and its own best practice, no rule left out."""

from __future__ import annotations

from typing import Any, Final

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import BrowserContext, Page

STANDARDS: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
COLOURS: Final = ["color-contrast"]
"""What can differ between night and day: the rest of a page is the same."""
LAYOUT: Final = [
    "target-size",
    "scrollable-region-focusable",
    "meta-viewport",
    "th-has-data-cells",
    "td-headers-attr",
    "list",
]
"""What can differ between a screen and a phone: the colours are the same, tables are laid out as cards."""

RUN: Final = """async ([options, opens, where]) => {
  if (opens) for (const one of document.querySelectorAll("details")) one.open = true;
  const found = await axe.run(where, {...options, resultTypes: ["violations"]});
  return found.violations.flatMap(one => one.nodes.map(
    node => `${one.id} (${one.impact}): ${node.target} ${node.html.slice(0, 120)}`));
}"""


def with_axe(context: BrowserContext) -> None:
    """Have axe-core in every page of this context that is opened from now on."""
    context.add_init_script(f"if (window === top) {{ {AXE_SCRIPT} }}")


def faults(page: Page, *, opens: bool = False, rules: list[str] | None = None, where: str = "html") -> list[str]:
    """What axe-core finds: rule, how bad, and where; `opens`: everything that a person can unfold is looked at too."""
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(AXE_SCRIPT)
    options: dict[str, Any] = {"runOnly": {"type": "rule", "values": rules} if rules else STANDARDS}
    found: list[str] = page.evaluate(RUN, [options, opens, where])
    return found
