"""Takes the pictures of the documentation from a fresh demo: ``make pictures``."""

import os
import sys

from playwright.sync_api import Page, sync_playwright

from tests.support.processes import ROOT, running
from tests.support.servers import find_browser, free_port

FOLDER = ROOT / "docs" / "images"
DESKTOP = {"width": 1400, "height": 900}
PHONE = {"width": 390, "height": 844}
PASSWORD = "handoff-demo-2026"
# Login, path and name of each picture; a path may name the first row of a list to open.
PICTURES = (
    ("ae", "/queue/", "queue"),
    ("ae", "/queue/ > Open", "handoff"),
    ("sdr", "/handoffs/", "my-handoffs"),
    ("sdr", "/handoffs/new/", "new-handoff"),
    ("manager", "/late/", "late"),
    ("manager", "/inbox/", "inbox"),
    ("manager", "/review/ > previous week", "review"),
    ("admin", "/admin/worktime/calendar/ > first row", "calendar"),
)
PHONE_PICTURES = (("ae", "/queue/", "queue-phone"), ("ae", "/queue/ > Open", "handoff-phone"))


def take(url: str) -> None:
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path=find_browser(), args=arguments)
        for size, pictures in ((DESKTOP, PICTURES), (PHONE, PHONE_PICTURES)):
            for login, path, name in pictures:
                page = browser.new_context(viewport=size).new_page()
                sign_in(page, url, login)
                go_to(page, url, path)
                page.screenshot(path=FOLDER / f"{name}.png")
                print(f"  {name}.png", flush=True)  # noqa: T201  # this is a command
        browser.close()


def sign_in(page: Page, url: str, login: str) -> None:
    page.goto(f"{url}/login/")
    page.fill("input[name=username]", f"{login}@demo.example")
    page.fill("input[name=password]", PASSWORD)
    page.click("button[type=submit]")
    page.wait_for_load_state("networkidle")


def go_to(page: Page, url: str, path: str) -> None:
    address, _, step = path.partition(" > ")
    page.goto(url + address)
    if step == "Open":
        page.get_by_role("link", name="Open").first.click()
    elif step == "previous week":
        page.locator("a[rel=prev]").first.click()
    elif step == "first row":
        page.locator("#result_list tbody th a, #result_list tbody td a").first.click()
    page.wait_for_load_state("networkidle")


def main() -> int:
    if find_browser() is None:
        sys.exit("no Chromium found (set CHROMIUM to its path)")
    FOLDER.mkdir(parents=True, exist_ok=True)
    port = free_port()
    url = f"http://localhost:{port}"
    environment = {"PORT": str(port), "DATABASE_URL": "", "LOG_LEVEL": "WARNING"}
    with running("runall", "--prepare", **environment) as program:
        program.wait_for_output("Handoff is running", 180)
        take(url)
    return 0


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.test")
    import django

    django.setup()
    sys.exit(main())
