"""Chromium, and people in front of it."""

from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from functools import cache
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, StorageState, ViewportSize, expect, sync_playwright

from tests.needs import chromium
from tests.product import ADMIN_PASSWORD, Product

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-dev-shm-usage"]
DEADLINE_MS = 30_000  # three Chromiums and what they look at share two cores

DESK = ViewportSize(width=1440, height=1000)

OpenPage = Callable[..., Page]
Session = Callable[[str], StorageState]

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


@pytest.fixture(scope="session")
def session_of(browser: Browser, product: Product, people: dict[str, str]) -> Session:
    """The cookies of a person who has logged in, once for all tests: `session_of("viewer")`. Nobody may log out with them."""

    @cache
    def logged_in(who: str) -> StorageState:
        with closing(browser.new_context(base_url=product.url)) as context:
            log_in(context.new_page(), who)
            return context.storage_state()

    return logged_in


@pytest.fixture
def door(browser: Browser, product: Product) -> Iterator[Page]:
    """A browser window of nobody; what goes wrong in a page fails the test."""
    yield from _watched(browser.new_context(base_url=product.url, viewport=DESK))


@pytest.fixture
def page(browser: Browser, product: Product, session_of: Session) -> Iterator[Page]:
    """The operator's window, at Now; what goes wrong in a page fails the test."""
    yield from _watched(
        browser.new_context(base_url=product.url, viewport=DESK, storage_state=session_of("operator")), "/"
    )


@pytest.fixture
def open_page(browser: Browser, product: Product, session_of: Session) -> Iterator[OpenPage]:
    """Further windows, at Now: `open_page("viewer")`, perhaps without JavaScript, or with other options of a browser's context."""
    contexts: list[BrowserContext] = []

    def open_another(who: str, *, has_javascript: bool = True, script: str = "", **options: Any) -> Page:
        chosen = {"viewport": DESK, "java_script_enabled": has_javascript, "storage_state": session_of(who), **options}
        context = browser.new_context(base_url=product.url, **chosen)
        contexts.append(context)
        window = context.new_page()
        window.set_default_timeout(DEADLINE_MS)
        if script:
            window.add_init_script(script)
        window.goto("/")
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


def _watched(context: BrowserContext, address: str = "") -> Iterator[Page]:
    window = context.new_page()
    window.set_default_timeout(DEADLINE_MS)
    faults: list[str] = []
    window.on("pageerror", lambda error: faults.append(str(error)))
    window.on("console", lambda said: faults.append(said.text) if "Content Security Policy" in said.text else None)
    if address:
        window.goto(address)
    yield window
    with suppress(Exception):
        context.close()
    assert faults == []
