"""History in a real browser: search by the keyboard, the night under the pointer, the report on paper, and without JavaScript."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage
from tests.product import Product
from tests.scene import record_past

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180), pytest.mark.xdist_group("night")]


@pytest.fixture(scope="module")
def night(product: Product, people: dict[str, str]) -> str:
    """The day on which a night full of procedures began."""
    record_past(product, 2)
    return f"{datetime.now(UTC) - timedelta(days=2):%Y-%m-%d}"


def test_what_happened_is_found_by_the_keyboard_and_kept_in_the_address(page: Page, night: str) -> None:
    page.goto("/history/")
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("script:observe_sb state:failed")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"\?q=script%3Aobserve_sb\+state%3Afailed"))
    rows = page.locator("[data-found] tbody [data-procedure]")
    expect(rows.first).to_contain_text("out of memory")
    assert set(rows.locator("[data-field=name]").all_inner_texts()) == {"observe_sb.py"}
    page.reload()
    expect(page.get_by_role("searchbox")).to_have_value("script:observe_sb state:failed")
    page.locator("[data-link=live]").wait_for()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/procedures/\d+/$"))
    expect(page.locator("[data-page-procedure]")).to_contain_text("FAILED")


def test_the_night_tells_what_the_pointer_is_on_and_leads_there(page: Page, night: str) -> None:
    page.goto(f"/history/?night={night}")
    page.locator("[data-link=live]").wait_for()
    bar = page.locator(".bar-link").nth(3)
    bar.hover()
    words = bar.get_attribute("aria-label") or ""
    expect(page.locator("[data-told]")).to_have_text(words)
    number = re.search(r"#(\d+),", words)
    assert number
    bar.click()
    page.wait_for_url(f"**/procedures/{number[1]}/")
    page.go_back()
    page.locator("[data-link=live]").wait_for()
    page.keyboard.press("[")
    page.wait_for_url(re.compile(r"night="))
    expect(page.get_by_role("heading", name=re.compile("^Night of"))).to_be_visible()


def test_the_report_is_black_on_white_on_paper_even_at_night(page: Page, night: str) -> None:
    page.goto(f"/history/{night}/")
    page.get_by_role("button", name="Night").click()
    page.emulate_media(media="print")
    expect(page.locator(".top")).to_be_hidden()
    expect(page.get_by_role("button", name="Print")).to_be_hidden()
    expect(page.get_by_role("heading", name="What failed")).to_be_visible()
    colours = page.evaluate(
        "() => [...document.querySelectorAll('.day .state')].map(one => getComputedStyle(one).color)"
    )
    assert set(colours) == {"rgb(0, 0, 0)"}
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(255, 255, 255)"


def test_history_can_be_read_without_javascript(open_page: OpenPage, night: str) -> None:
    page = open_page("viewer", has_javascript=False)
    page.goto(f"/history/?night={night}")
    assert page.locator(".bar-link").count() > 50
    page.get_by_role("searchbox").fill("holography")
    page.get_by_role("button", name="Search").click()
    expect(page.locator("[data-found] tbody tr").first).to_contain_text("holography_raster.py")
