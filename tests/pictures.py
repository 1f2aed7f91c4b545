"""Takes the pictures of the documentation from a fresh demo: ``make pictures``."""

import os
import sys

from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from tests.support.processes import ROOT, running
from tests.support.servers import find_browser, free_port

FOLDER = ROOT / "docs" / "images"
DESKTOP: ViewportSize = {"width": 1400, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
PASSWORD = "handoff-demo-2026"
DEMO_SECONDS = 600
RULES = "/admin/routing/ruleset/edit/"
REPLAY_MS = 120_000
# Login, path and name of each picture; a path may name what to press on the page there.
PICTURES = (
    ("ae", "/queue/", "queue"),
    ("ae", "/queue/ > lead", "handoff"),
    ("sdr", "/handoffs/", "my-handoffs"),
    ("sdr", "/handoffs/new/", "new-handoff"),
    ("manager", "/late/", "late"),
    ("manager", "/team/", "team"),
    ("manager", "/stuck/", "stuck"),
    ("manager", "/contests/", "contest"),
    ("manager", "/inbox/", "inbox"),
    ("manager", "/inbox/settings/", "notifications"),
    ("manager", "/review/ > previous week", "review"),
    ("manager", "/review/ > previous week", "walk-through"),
    ("admin", "/admin/sla/policyversion/ > row", "policy"),
    ("admin", "/admin/worktime/calendar/ > row", "calendar"),
    ("admin", "/types/1/form/", "form-editor"),
    ("manager", "/shares/", "shares"),
    ("admin", "/routing/try/?handoff=1", "try"),
    ("admin", RULES, "rules"),
    ("admin", RULES, "impact"),
    ("admin", "/health/", "health"),
)
PHONE_PICTURES = (("ae", "/queue/", "queue-phone"), ("ae", "/queue/ > lead", "handoff-phone"))
# The whole page, however long: what is below belongs to what it shows.
WHOLE = frozenset({"handoff"})
# What somebody is in the middle of writing, by the field.
TYPED = {
    "new-handoff": {
        "company.name": "Nordwind Kühltransporte GmbH",
        "company.size": "180",
        "company.country": "Germany",
        "contact.first_name": "Ana",
        "contact.title": "COO",
        "pains": "Paper job sheets take five days",
        "need": "Proof of delivery within the hour",
    }
}
STEPS = {
    "lead": "[data-open]",
    "previous week": "a[rel=prev]",
    "row": "#result_list tbody th a, #result_list tbody td a",
}


def take(url: str) -> None:
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path=find_browser(), args=arguments)
        for size, pictures in ((DESKTOP, PICTURES), (PHONE, PHONE_PICTURES)):
            pages: dict[str, Page] = {}
            for login, path, name in pictures:
                if login not in pages:
                    pages[login] = sign_in(browser, size, url, login)
                page = pages[login]
                page.set_viewport_size(size)
                go_to(page, url, path)
                write(page, TYPED.get(name, {}))
                if name in WAYS:
                    WAYS[name](page)
                if name in WHOLE:
                    height = page.evaluate("document.documentElement.scrollHeight")
                    page.set_viewport_size({**size, "height": height})
                page.screenshot(path=FOLDER / f"{name}.png")
                print(f"  {name}.png", flush=True)  # noqa: T201  # this is a command
        browser.close()


def sign_in(browser: Browser, size: ViewportSize, url: str, login: str) -> Page:
    page = browser.new_context(viewport=size).new_page()
    page.goto(f"{url}/login/")
    page.fill("input[name=username]", f"{login}@demo.example")
    page.fill("input[name=password]", PASSWORD)
    page.click("button[type=submit]")
    page.wait_for_load_state("networkidle")
    return page


def go_to(page: Page, url: str, path: str) -> None:
    address, _, step = path.partition(" > ")
    page.goto(url + address)
    if step:
        page.locator(STEPS[step]).first.click()
    page.wait_for_load_state("networkidle")


def write(page: Page, typed: dict[str, str]) -> None:
    for key, text in typed.items():
        page.fill(f"[name='{key}']", text)
    page.evaluate("window.scrollTo(0, 0)")


def replay_a_draft(page: Page) -> None:
    """Draft other rules and have the last weeks replayed through them."""
    countries = page.locator("[data-rule]").first.get_by_label("Value").first
    countries.fill("Germany, Sweden, Norway, Denmark, Finland")
    page.get_by_role("button", name="Save draft and look at it").click()
    page.get_by_role("button", name="Run impact review").click()
    found = page.locator("#impact-review canvas").first
    found.wait_for(timeout=REPLAY_MS)
    page.locator("#impact-head").scroll_into_view_if_needed()


def walk_through(page: Page) -> None:
    """Run the review of the week, and open its first miss."""
    page.get_by_role("link", name="Run the review").first.click()
    page.get_by_role("button", name="Run the review").first.click()
    page.get_by_role("link", name="Walk through").first.click()
    page.wait_for_load_state("networkidle")


# What is done on a page before its picture is taken.
WAYS = {"impact": replay_a_draft, "walk-through": walk_through}


def main() -> int:
    if find_browser() is None:
        sys.exit("no Chromium found (set CHROMIUM to its path)")
    FOLDER.mkdir(parents=True, exist_ok=True)
    port = free_port()
    url = f"http://localhost:{port}"
    environment = {"PORT": str(port), "DATABASE_URL": "", "LOG_LEVEL": "WARNING"}
    with running("runall", "--prepare", **environment) as program:
        program.wait_for_output("Handoff is running", DEMO_SECONDS)
        take(url)
    return 0


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.test")
    import django

    django.setup()
    sys.exit(main())
