"""Overrides: an operator decides on the page, and a script that runs sees it."""

from playwright.sync_api import Page, expect

from tests.product import Product
from tests.waiting import wait_until

NAME = "wait_for_qa_ready"
WAITS = f"""
import time
import oet
def main():
    while not oet.context.overrides["{NAME}"]:
        time.sleep(0.01)
    print("seen", flush=True)
"""


def test_override_switched_in_the_browser_is_seen_by_the_running_script(page: Page, product: Product) -> None:
    product.http.put(f"overrides/{NAME}/", json={"value": False}).raise_for_status()
    body = {"script": {"script_type": "embedded", "script_body": WAITS}}
    procedure_id = product.http.post("procedures/", json=body).raise_for_status().json()["id"]
    product.wait_for_state(procedure_id, "READY")
    product.http.put(f"procedures/{procedure_id}/", json={"state": "RUNNING"}).raise_for_status()
    page.goto("/overrides/")
    page.get_by_role("button", name="Switch wait for qa ready on").click()
    product.wait_for_state(procedure_id, "COMPLETE")
    expect(page.get_by_role("button", name="Switch wait for qa ready off")).to_be_visible()
    expect(page.get_by_text("set by operator")).to_be_visible()
    count = page.locator("[data-overrides-changed]")
    expect(count).to_have_text("1 not as the site has them")
    page.goto("/")
    rail = page.locator("[data-rail]")
    expect(rail).to_contain_text("1 of 1 changed")
    expect(rail.locator("a.bar-link")).not_to_have_count(0)  # which of them: test_rail.py, for here others run as well
    rail.get_by_role("button", name="Switch wait for qa ready off").click()
    expect(rail).to_contain_text("as the site has them")
    expect(rail.get_by_role("button", name="Switch wait for qa ready on")).to_be_focused()
    expect(count).to_be_hidden()
    wait_until(lambda: product.http.get(f"overrides/{NAME}/").json()["value"] is False, what="the override to be off")
