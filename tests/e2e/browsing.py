"""What the tests in a browser share: screens, how to act on them, what makes a page readable."""

import re

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from django.conf import settings
from playwright.sync_api import TimeoutError as TookTooLong

DESK = {"width": 1400, "height": 900}
PHONE = {"width": 390, "height": 844}
# Of a test with the fixture `size`.
on_both = pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"], indirect=True)

# So long may anything take on a machine that is slow, or busy with other tests.
PATIENCE_MS = 100_000
FITS = "document.documentElement.scrollWidth <= window.innerWidth"
SETTLED = "!document.documentElement.hasAttribute('x-cloak')"
OPEN_ALL = "document.querySelectorAll('main details').forEach(one => { one.open = true; })"
# What the shell does when somebody chooses their colours.
COLOUR = "isDark => document.documentElement.classList.toggle('dark', isDark)"
# Only what is wrong is asked for: to describe what is right takes most of axe's time.
RUN_AXE = """async options => {
    const found = await axe.run({...options, resultTypes: ["violations"]});
    const places = one => one.nodes.slice(0, 3).map(node => node.html.slice(0, 200));
    return found.violations.map(one => [one.id, places(one)]);
}"""
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]}
# The only rules that colours matter to; the others read what a page is made of.
COLOUR_RULES = {"runOnly": ["color-contrast", "link-in-text-block"]}


class Complaints:
    """What pages wrote to the console as an error, or threw.

    A refusal is an answer with its own status, which the browser notes as a failed load; that a
    page's own files load is always expected. ``expected`` are parts of what a test provokes.
    """

    def __init__(self):
        self.lines = []
        self.expected = []

    def of(self, context):
        """Listen to every page of the context."""
        context.on("weberror", lambda error: self.lines.append(str(error.error)))
        context.on("console", self._hear)
        return context

    def _hear(self, line):
        url = line.location["url"]
        is_refusal = "status of 4" in line.text and settings.STATIC_URL not in url
        if line.type == "error" and not is_refusal:
            self.lines.append(f"{line.text} {url}")

    def unexpected(self):
        return [line for line in self.lines if not any(part in line for part in self.expected)]


def fits(page):
    """Nothing has to be scrolled to sideways."""
    assert page.evaluate(FITS)


def fits_soon(page):
    """The same once all is in place: a chart follows its card a moment later."""
    try:
        page.wait_for_function(FITS, timeout=PATIENCE_MS)
    except TookTooLong:
        return False
    return True


def press(page, name):
    """The action in the top bar on a desk, in the bar at the bottom on a phone."""
    # Perhaps with its icon's name before it; not what only ends so, as a link about "Accept" does.
    named = re.compile(rf"^\s*\w*\s*{name}$")
    page.locator("button:visible, a:visible").filter(has_text=named).first.click()


def violations(page, rules=RULES):
    """The rules of axe that the page breaks as it is, each with its first places."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    return page.evaluate(RUN_AXE, rules)


def problems(page, sizes=(DESK, PHONE)):
    """What keeps somebody from reading the page that is open, in both themes on each screen."""
    page.evaluate(OPEN_ALL)
    page.wait_for_function(SETTLED)
    found = {}
    for size in sizes:
        page.set_viewport_size(size)
        page.evaluate(COLOUR, False)
        said = {"light": violations(page)}
        page.evaluate(COLOUR, True)
        said["dark"] = violations(page, COLOUR_RULES)
        if not fits_soon(page):
            said["too wide"] = page.evaluate("document.documentElement.scrollWidth")
        found |= {(size["width"], what): which for what, which in said.items() if which}
    return found
