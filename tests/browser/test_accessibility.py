"""axe-core finds nothing to object to on any page, in any theme; nor in a dialog, nor at the width of a phone."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page, ViewportSize, expect

from procedures.pages.page import THEMES
from tests.browser.conftest import DESK
from tests.product import PROJECT_DIR, Product
from tests.scene import Scene, play_scene, record_past

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

PHONE = ViewportSize(width=390, height=844)
BY_COLOUR = ["color-contrast", "link-in-text-block"]
"""The rules that can be broken in one theme and kept in another."""
COPIES = ["tbody > tr:nth-child(n+13)", ".output li:nth-child(n+13)", ".bar-link:nth-of-type(n+13)"]
"""Rows like those before them."""
ON_EVERY_PAGE = [".top", ".foot"]
"""Their colours are looked at on Now."""


@pytest.fixture(scope="module")
def scene(product: Product, people: dict[str, str]) -> Scene:
    record_past(product, 1)
    return play_scene(product)


def addresses(scene: Scene) -> list[str]:
    """Every page that an operator can open."""
    day = f"{datetime.now(UTC) - timedelta(days=1):%Y-%m-%d}"
    numbers = (scene.running, scene.ready, scene.failed, scene.stopped, scene.asking)
    return [
        "/",
        *(f"/procedures/{number}/" for number in numbers),
        f"/procedures/{scene.ready}/stop/",
        "/stop/",
        "/prepare/",
        "/prepare/?paste=1",
        f"/prepare/?script={PROJECT_DIR / 'examples' / 'observation.py'}",
        "/history/",
        "/history/?q=state:failed",
        f"/history/{day}/",
        "/environments/",
        "/environments/1/",
        "/overrides/",
        "/trials/",
        f"/trials/{scene.trial}/",
        f"/trials/{scene.trial}/abort/",
        f"/tasks/{scene.task}/",
        f"/tasks/new/?task={scene.task}",
        "/health/",
        "/procedures/999999999/",
    ]


def on_a_phone(scene: Scene) -> set[str]:
    """Those whose layout differs there."""
    return {"/", f"/procedures/{scene.stopped}/", "/prepare/", "/history/", "/overrides/", f"/trials/{scene.trial}/"}


def violations(page: Page, where: str, rules: list[str] | None = None, left_out: list[str] = COPIES) -> list[str]:
    """What axe objects to, one line for each element: the rule, where it is, what is wrong with it."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    options: dict[str, Any] = {"resultTypes": ["violations"], "preload": False}
    if rules:
        options["runOnly"] = {"type": "rule", "values": rules}
    look = "([context, options]) => axe.run(context, options).then(({ violations }) => violations)"
    found = page.evaluate(look, [{"exclude": [[selector] for selector in left_out]}, options])
    return [
        f"{where}: {one['id']} ({one['help']}) at {' '.join(map(str, node['target']))}: {_reason(node)}"
        for one in found
        for node in one["nodes"]
    ]


def _reason(node: dict[str, Any]) -> str:
    messages = [check["message"] for kind in ("any", "all", "none") for check in node[kind]]
    return "; ".join(messages) or node["html"][:200]


def in_each_theme(page: Page, where: str) -> Iterator[str]:
    """Look at the page by every rule, and once more in each other theme by the rules of colour, as if it had been chosen."""
    for theme in THEMES:
        page.evaluate("theme => document.documentElement.dataset.theme = theme", theme)
        if theme == THEMES[0]:
            yield from violations(page, f"{where} ({theme})")
        else:
            left_out = COPIES if where == "/" else COPIES + ON_EVERY_PAGE
            yield from violations(page, f"{where} ({theme})", BY_COLOUR, left_out)


def test_what_is_wrong_is_found_and_named(door: Page, people: dict[str, str]) -> None:
    door.goto("/login/")
    door.locator("main").evaluate(
        "main => { main.append(new Image()); const p = document.createElement('p'); p.textContent = 'faint'; "
        "p.style.color = 'var(--line)'; main.append(p); }"
    )
    found = "\n".join(in_each_theme(door, "/login/"))
    for words in ("/login/ (light): image-alt", "/login/ (light): color-contrast", "/login/ (night): color-contrast"):
        assert words in found


def test_no_page_and_no_dialog_has_a_violation_in_any_theme_or_on_a_phone(page: Page, scene: Scene) -> None:
    found: list[str] = []
    for address in addresses(scene):
        page.goto(address)
        page.locator("[data-link=live]").wait_for()
        found += in_each_theme(page, address)
        for key, name in (("?", "keys"), ("Shift+S", "stop")) if address == "/" else ():
            page.keyboard.press(key)
            page.locator("dialog[open]").wait_for()
            found += in_each_theme(page, f"the dialog {name}")
            page.keyboard.press("Escape")
            expect(page.locator("dialog[open]")).to_have_count(0)
        if address in on_a_phone(scene):
            page.set_viewport_size(PHONE)
            found += violations(page, f"{address} on a phone")
            page.set_viewport_size(DESK)
    assert found == [], "\n".join(["", *found])


def test_the_door_has_no_violation(door: Page, people: dict[str, str]) -> None:
    door.goto("/login/")
    door.get_by_label("Name").fill("operator")
    door.get_by_label("Password").fill("wrong")
    door.get_by_role("button", name="Log in").click()
    door.get_by_text("do not match").wait_for()
    found = list(in_each_theme(door, "/login/ with a refusal"))
    assert found == [], "\n".join(["", *found])
