"""An operator's window: a real Chromium, logged in."""

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Page, sync_playwright

from tests.needs import chromium
from tests.product import ADMIN_PASSWORD, Product

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-dev-shm-usage"]


@contextmanager
def window(product: Product) -> Iterator[Page]:
    """A window of the administrator, at Now, while the block lasts."""
    executable = chromium()
    assert executable, "no Chromium: run `python -m tests.needs`"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(executable), args=ARGUMENTS)
        page = browser.new_context(base_url=product.url, viewport={"width": 1440, "height": 1000}).new_page()
        log_in(page)
        yield page
        browser.close()


def log_in(page: Page) -> None:
    """Through the door, as a person does."""
    page.goto("/login/")
    page.get_by_label("Name").fill("admin")
    page.get_by_label("Password").fill(ADMIN_PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url("**/")
