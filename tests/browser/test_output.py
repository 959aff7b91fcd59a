"""Output of any size in a real browser: its end at once, any line by its number, search and errors over all of it."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.product import Product

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180), pytest.mark.xdist_group("million")]

LINES = 1_000_000
MILLION = f"""
import sys
def main():
    for n in range(1, {LINES + 1}):
        if n in (123456, 777777):
            print(f"\\x1b[1;31mERROR\\x1b[0m dish {{n}} is lost", file=sys.stderr)
            sys.stderr.flush()
        else:
            print(f"row {{n}}", flush=n % 100000 == 0 or n + 1 in (123456, 777777))
"""
MOST_ROWS = 2000


@pytest.fixture(scope="module")
def million(product: Product) -> int:
    """A procedure that has printed a million lines."""
    script = {"script_type": "embedded", "script_body": MILLION, "name": "million.py"}
    created = product.http.post("procedures/", json={"script": script, "resources": []}).raise_for_status().json()
    product.wait_for_state(created["id"], "READY")
    product.http.put(f"procedures/{created['id']}/", json={"state": "RUNNING"}).raise_for_status()
    product.wait_for_state(created["id"], "COMPLETE", timeout_s=60)
    return int(created["id"])


@pytest.fixture
def output(page: Page, million: int) -> Locator:
    """Its output on its page, at the end."""
    page.goto(f"/procedures/{million}/")
    view = page.get_by_label("Output, newest last")
    expect(view.locator("li").last).to_contain_text(f"row {LINES}")
    return view


def test_a_million_lines_open_at_their_end_with_few_rows_a_scroll_bar_for_all_and_times_on_demand(
    page: Page, output: Locator
) -> None:
    expect(page.locator("[data-slot=lines]")).to_have_text("1\u202f000\u202f000 lines")
    assert output.locator("li").count() <= MOST_ROWS
    assert output.evaluate("view => view.scrollHeight") > 5_000_000
    time = output.locator("li").last.locator("time")
    expect(time).to_be_hidden()
    page.keyboard.press("t")
    expect(time).to_be_visible()
    expect(time).to_have_text(re.compile(r"^\d\d:\d\d:\d\d\.\d{3}$"))
    output.evaluate("view => { view.scrollTop = view.scrollHeight / 2; }")
    expect(output.locator("li").first).to_have_attribute("data-number", re.compile(r"^50\d{4}$"))
    assert output.locator("li").count() <= MOST_ROWS
    expect(page.get_by_text(re.compile(r"newer lines"))).to_be_visible()
    output.evaluate("view => { view.scrollTop = 0; }")
    expect(output.locator("li").first).to_contain_text("row 1")
    page.keyboard.press(".")
    expect(output.locator("li").last).to_contain_text(f"row {LINES}")
    expect(page.get_by_text("Ended", exact=True)).to_be_visible()


def test_a_link_to_a_line_opens_there_and_reading_on_shows_every_line_once(
    page: Page, output: Locator, million: int
) -> None:
    output.evaluate("view => view.scrollTo(0, view.scrollHeight)")
    output.get_by_label(f"Line {LINES - 3}").click()
    assert page.url.endswith(f"/procedures/{million}/#L{LINES - 3}")
    page.goto("/")
    page.goto(f"/procedures/{million}/#L654321")
    marked = output.locator(".is-marked")
    expect(marked).to_contain_text("row 654321")
    expect(marked).to_be_in_viewport()
    page.goto(f"/procedures/{million}/#L300000")
    expect(output.locator("#L300000")).to_be_in_viewport()
    for _ in range(4):
        last = int(output.locator("li").last.get_attribute("data-number") or 0)
        output.evaluate(
            "view => { view.scrollTop = view.querySelector('li:last-child').offsetTop - view.offsetTop - 600; }"
        )
        expect(output.locator(f"#L{last + 1}")).to_be_attached()
        numbers = output.locator("li").evaluate_all("rows => rows.map(row => Number(row.dataset.number))")
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
        assert len(numbers) <= MOST_ROWS


def test_search_goes_through_all_of_it_and_counts(page: Page, output: Locator) -> None:
    page.keyboard.press("/")
    page.keyboard.type("row 99999")
    marked = output.locator(".is-marked")
    found = page.locator("[data-slot=found]")
    expect(marked).to_contain_text("row 99999")
    expect(found).to_have_text("1 of 11")
    page.keyboard.press("Enter")
    expect(marked).to_contain_text("row 999990")
    expect(found).to_have_text("2 of 11")
    page.keyboard.press("Shift+Enter")
    page.keyboard.press("Shift+Enter")
    expect(marked).to_contain_text("row 999999")
    expect(found).to_have_text("11 of 11")
    page.get_by_role("button", name="Next", exact=True).click()
    expect(found).to_have_text("1 of 11")
    page.get_by_label("Search the whole output").fill("nowhere")
    expect(found).to_have_text("in no line")


def test_e_leads_from_error_to_error_wherever_they_are(page: Page, output: Locator) -> None:
    errors = page.locator("[data-errors]")
    expect(errors).to_contain_text("2 errors")
    page.keyboard.press("e")
    marked = output.locator(".is-marked")
    expect(marked).to_contain_text("dish 777777 is lost")
    expect(marked).to_be_in_viewport()
    expect(marked.locator(".output__stream")).to_have_text("err")
    expect(marked.locator(".a-red.a-bold")).to_have_text("ERROR")
    expect(errors).to_contain_text("error 2 of 2")
    page.keyboard.press("e")
    expect(marked).to_contain_text("dish 123456 is lost")
    page.keyboard.press("Shift+E")
    expect(marked).to_contain_text("dish 777777 is lost")
    page.get_by_role("button", name="err", exact=True).click()
    expect(output.locator("li")).to_have_count(2)
    expect(output.locator("li").first).to_contain_text("dish 123456 is lost")
    page.get_by_role("button", name="Both", exact=True).click()
    expect(output.locator("li")).not_to_have_count(2)
