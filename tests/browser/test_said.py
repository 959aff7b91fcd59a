"""A script speaks: its question stands above all else, is answered with a button, and it pauses and goes on when it is told to."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage
from tests.browser.test_operator import create
from tests.product import Product

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

SPEAKING = """
import time, oet
def main():
    oet.status("slewing")
    print("answer:", oet.ask("Wind gusts 11.8 m/s. Go on?", choices=["Go on", "Stow"], timeout=600), flush=True)
    for scan in range(2000):
        oet.progress(scan / 2000, f"scan {scan + 1}")
        oet.checkpoint("between scans")
        time.sleep(0.1)
"""


def test_a_question_is_loud_everywhere_answered_once_and_a_pause_holds_until_told(
    page: Page, open_page: OpenPage, product: Product
) -> None:
    viewer = open_page("viewer")
    page.goto("/prepare/")
    procedure_id = create(product, SPEAKING, "speaking.py", start=True)
    question = page.locator("[data-question]")
    expect(question).to_contain_text("Wind gusts 11.8 m/s. Go on?")
    expect(page.locator("[data-announce=assertive]")).to_contain_text("speaking.py asks: Wind gusts")
    page.wait_for_function("() => document.title.startsWith('(1) ')")
    expect(viewer.locator("[data-question]")).to_contain_text("Wind gusts")
    expect(viewer.locator("[data-question] button")).to_have_count(0)
    question.get_by_role("button", name="Go on").click()
    expect(page.locator("[data-questions]")).to_be_hidden()
    expect(viewer.locator("[data-questions]")).to_be_hidden()
    page.goto("/")
    card = page.locator(f"[data-list=running] [data-procedure='{procedure_id}']")
    expect(card.locator("[data-field=doing]")).to_contain_text("slewing · scan ")
    card.get_by_role("button", name="Pause").click()
    expect(card.locator("[data-field=paused]")).to_have_text("paused at between scans, by operator")
    card.get_by_role("button", name="Go on").click()
    expect(card.locator("[data-field=paused]")).to_have_text("")
    expect(card.get_by_role("button", name="Pause")).to_be_visible()
