"""Chromium of the distribution, without a window."""

import contextlib
import os
import shutil

from playwright.sync_api import sync_playwright

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DESKTOP = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}


@contextlib.contextmanager
def launch():
    executable = os.environ.get("AGW_CHROMIUM") or shutil.which("chromium")
    assert executable, "chromium is not installed"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=executable, headless=True, args=FLAGS)
        yield chromium
        chromium.close()


@contextlib.contextmanager
def person(browser, viewport=None, **options):
    """Somebody with a cookie jar of their own."""
    context = browser.new_context(viewport=viewport or DESKTOP, **options)
    context.set_default_timeout(15_000)
    try:
        yield context.new_page()
    finally:
        context.close()


def choose(page, account, decision="Allow"):
    """Answers the sandbox's consent page as a person does."""
    known = page.locator(f'input[name="account"][value="{account}"]')
    if known.count():
        known.check()
    else:
        page.locator('input[name="account"][value="other"]').check()
        page.locator('input[name="other"]').fill(account)
    page.get_by_role("button", name=decision).click()
    page.wait_for_load_state()


def fits(page):
    """Nothing sticks out to the side."""
    return page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
