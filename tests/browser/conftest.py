"""Chromium, and people in front of it."""

from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.needs import chromium
from tests.product import ADMIN_PASSWORD, Product

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-dev-shm-usage"]
DEADLINE_MS = 15_000

OpenPage = Callable[..., Page]

expect.set_options(timeout=DEADLINE_MS)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The Chromium of this machine."""
    executable = chromium()
    assert executable, "no Chromium: run `python -m tests.needs`"
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=str(executable), args=ARGUMENTS)
        yield running
        running.close()


@pytest.fixture(scope="session")
def people(product: Product) -> dict[str, str]:
    """One person of each role in the product."""
    roles = ("viewer", "operator", "engineer")
    product.add_users(*roles)
    return dict.fromkeys(roles, ADMIN_PASSWORD)


@pytest.fixture
def door(browser: Browser, product: Product) -> Iterator[Page]:
    """A browser window of nobody; what goes wrong in a page fails the test."""
    context = browser.new_context(base_url=product.url, viewport={"width": 1440, "height": 1000})
    yield from _watched(context)


@pytest.fixture
def page(door: Page, people: dict[str, str]) -> Page:
    """The operator's window, at Now."""
    log_in(door, "operator")
    return door


@pytest.fixture
def open_page(browser: Browser, product: Product, people: dict[str, str]) -> Iterator[OpenPage]:
    """Further windows: `open_page("viewer")`, perhaps without JavaScript."""
    contexts: list[BrowserContext] = []

    def open_another(who: str, *, has_javascript: bool = True) -> Page:
        context = browser.new_context(
            base_url=product.url, viewport={"width": 1440, "height": 1000}, java_script_enabled=has_javascript
        )
        contexts.append(context)
        window = context.new_page()
        window.set_default_timeout(DEADLINE_MS)
        log_in(window, who)
        return window

    yield open_another
    for context in contexts:
        context.close()


@pytest.fixture(autouse=True)
def leave_nothing_running(product: Product) -> Iterator[None]:
    """Stop what a test has left alive, so that the next one finds the telescope free."""
    yield
    for summary in product.http.get("procedures/").json():
        if summary["state"] not in {"COMPLETE", "STOPPED", "FAILED"}:
            product.http.put(f"procedures/{summary['id']}/", json={"state": "STOPPED", "abort": False, "grace": 0})


def log_in(page: Page, who: str) -> None:
    """Through the door, as a person does."""
    page.goto("/login/")
    page.get_by_label("Name").fill(who)
    page.get_by_label("Password").fill(ADMIN_PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url("**/")


def _watched(context: BrowserContext) -> Iterator[Page]:
    window = context.new_page()
    window.set_default_timeout(DEADLINE_MS)
    faults: list[str] = []
    window.on("pageerror", lambda error: faults.append(str(error)))
    window.on("console", lambda said: faults.append(said.text) if "Content Security Policy" in said.text else None)
    yield window
    with suppress(Exception):
        context.close()
    assert faults == []
