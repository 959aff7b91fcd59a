"""An operator's work in a real browser: log in, prepare, start, watch, stop; without ever loading a page again."""

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import OpenPage, log_in
from tests.product import Product

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

COUNTING = """
import sys, time
def main(count: int = 5, pause_s: float = 0.2):
    for number in range(count):
        print("number", number)
        time.sleep(pause_s)
    print("to the other stream", file=sys.stderr)
    return count
"""
WAITING = """
import oet
def main():
    print("number 1", flush=True)
    oet.wait_for("test.go", timeout=60)
"""
ENDLESS = """
import time
def main(subarray_id: int = 1):
    try:
        while True:
            print("still here", flush=True)
            time.sleep(0.1)
    finally:
        print("tidied up", flush=True)
"""


def create(product: Product, text: str, name: str, **body: Any) -> int:
    """Prepare a script over REST; claims nothing unless `resources` says so."""
    script = {"script_type": "embedded", "script_body": text, "name": name}
    made = product.http.post("procedures/", json={"script": script, "resources": [], **body})
    return int(made.raise_for_status().json()["id"])


def prepare(page: Page, product: Product, text: str, name: str, **body: Any) -> int:
    """Prepare a script over REST, as another would, and open its page; the id of the procedure, which is READY there."""
    procedure_id = create(product, text, name, **body)
    product.wait_for_state(procedure_id, "READY")
    page.goto(f"/procedures/{procedure_id}/")
    expect(state(page)).to_have_text("READY")
    return procedure_id


def state(page: Page) -> Locator:
    """The state beside the title of a procedure's page."""
    return page.locator("[data-page-procedure] [data-field=state]")


def mark(page: Page) -> None:
    """Leave a mark that a reload would wipe away."""
    page.evaluate("window.isTheSamePage = true")


def is_marked(page: Page) -> bool:
    return bool(page.evaluate("window.isTheSamePage === true"))


def test_an_example_is_prepared_started_and_watched_to_its_end_without_a_reload(page: Page) -> None:
    page.get_by_role("link", name="Prepare", exact=True).first.click()
    page.get_by_role("link", name="hello.py").click()
    page.get_by_label("greet_in").fill("Dutch")
    page.get_by_label("count_to").fill("2")
    page.locator("main").get_by_role("button", name="Prepare", exact=True).click()
    page.wait_for_url(re.compile(r"/procedures/\d+/$"))
    mark(page)
    expect(state(page)).to_have_text("READY")
    output = page.get_by_label("Output, newest last")
    expect(output).to_contain_text("we greet in Dutch")
    page.get_by_label("pause_s").fill("0.5")
    page.get_by_role("button", name="Start main").click()
    expect(state(page)).to_have_text("RUNNING main")
    expect(output).to_contain_text("Hallo, sky!")
    expect(state(page)).to_have_text("COMPLETE")
    expect(output.locator("li").last).to_contain_text("2")
    expect(page.get_by_text("counted to 2")).to_be_visible()
    expect(page.get_by_role("button", name="Start main")).to_have_count(0)
    assert is_marked(page)


def test_now_follows_what_others_do_without_a_reload(page: Page, product: Product) -> None:
    mark(page)
    procedure_id = create(product, WAITING, "waiting.py")
    row = page.locator(f"[data-list=prepared] [data-procedure='{procedure_id}']")
    expect(row).to_contain_text("READY")
    product.http.put(f"procedures/{procedure_id}/", json={"state": "RUNNING"}).raise_for_status()
    card = page.locator(f"[data-list=running] [data-procedure='{procedure_id}']")
    expect(card).to_contain_text("RUNNING main")
    expect(card).to_contain_text("number 1")
    expect(page.locator("[data-stop-all]")).to_contain_text("1 running")
    product.http.post("events/", json={"topic": "test.go", "payload": {}}).raise_for_status()
    expect(page.locator(f"[data-list=recent] [data-procedure='{procedure_id}']")).to_contain_text("COMPLETE")
    expect(card).to_have_count(0)
    assert is_marked(page)


def test_a_row_stays_where_it_is_while_the_pointer_is_on_it(page: Page, product: Product) -> None:
    procedure_id = create(product, ENDLESS, "endless.py")
    row = page.locator(f"[data-list=prepared] [data-procedure='{procedure_id}']")
    row.get_by_role("button", name="Start").click()
    expect(row).to_contain_text("RUNNING main")
    expect(row.get_by_role("button", name="Start")).to_be_hidden()
    expect(page.locator("[data-list=running] [data-procedure]")).to_have_count(0)
    page.mouse.move(2, 500)
    expect(page.locator(f"[data-list=running] [data-procedure='{procedure_id}']")).to_contain_text("RUNNING main")
    expect(row).to_have_count(0)


def test_a_running_procedure_is_stopped_through_the_confirmation_that_names_it(page: Page, product: Product) -> None:
    procedure_id = prepare(page, product, ENDLESS, "endless.py")
    page.get_by_role("button", name="Start main").click()
    expect(state(page)).to_have_text("RUNNING main")
    mark(page)
    page.keyboard.press("Shift+S")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text(f"endless.py #{procedure_id}")
    expect(dialog.get_by_role("heading")).to_be_focused()
    page.keyboard.press("Enter")
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    page.get_by_role("link", name="Stop…").click()
    expect(dialog).to_contain_text("started by operator")
    expect(dialog.locator("[data-abort]")).to_contain_text("Not possible: no abort script is set (OET_ABORT_SCRIPT).")
    expect(dialog.locator("[data-abort] input")).to_be_disabled()
    dialog.get_by_role("button", name="Stop endless.py").click()
    expect(state(page)).to_have_text("STOPPED")
    expect(page.get_by_label("Output, newest last")).to_contain_text("tidied up")
    expect(page.locator("[data-part=cause]")).to_contain_text("stopped on request by operator")
    assert is_marked(page)


def test_stop_works_without_javascript(open_page: OpenPage, product: Product) -> None:
    procedure_id = create(product, ENDLESS, "endless.py", start=True)
    product.wait_for_state(procedure_id, "RUNNING")
    plain = open_page("operator", has_javascript=False)
    plain.get_by_role("link", name="Stop 1 running").click()
    plain.locator(f"a[href='/procedures/{procedure_id}/stop/?how=kill']:visible").click()
    plain.get_by_role("button", name="Stop endless.py").click()
    expect(state(plain)).to_have_text("STOPPED")


def test_a_refused_start_says_who_holds_the_telescope_and_stays(page: Page, product: Product) -> None:
    claims = {"resources": ["telescope"]}
    first = create(product, ENDLESS, "endless.py", start=True, **claims)
    product.wait_for_state(first, "RUNNING")
    prepare(page, product, COUNTING, "counting.py", **claims)
    page.get_by_role("button", name="Start main").click()
    refusal = page.get_by_role("alert").filter(has_text="refused")
    expect(refusal).to_contain_text(f"procedure {first} (endless.py) holds “telescope”")
    refusal.get_by_role("button", name="Dismiss").click()
    expect(refusal).to_have_count(0)


def test_a_failure_shows_its_cause_and_its_stack_trace(page: Page) -> None:
    page.goto("/prepare/")
    page.get_by_label("Find a script").fill("fails main")
    expect(page.get_by_role("link", name="hello.py")).to_be_hidden()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="fails_in_main.py")).to_be_in_viewport()
    page.keyboard.press("Tab")
    expect(page.locator("#draft-form :focus")).to_have_count(1)
    page.keyboard.press("Escape")
    page.keyboard.press("Control+Enter")
    page.get_by_role("button", name="Start main").click()
    expect(state(page)).to_have_text("FAILED")
    expect(page.locator(".notice--failed")).to_contain_text("CalibrationError")
    expect(page.locator("pre.trace")).to_contain_text("Traceback (most recent call last)")
    errors = page.locator(".output [data-stream=err]")
    expect(errors.first).to_contain_text("err")


def test_a_fault_is_said_beside_its_field_and_what_is_typed_survives_what_happens_meanwhile(
    page: Page, product: Product
) -> None:
    procedure_id = prepare(page, product, COUNTING + "\ndef wave(): ...\n", "counting.py")
    mark(page)
    count = page.locator("[name='main.count']")
    count.fill("many")
    page.get_by_role("button", name="Start main").click()
    expect(page.get_by_text("must be a whole number")).to_be_visible()
    expect(count).to_be_focused()
    product.http.put(
        f"procedures/{procedure_id}/", json={"state": "RUNNING", "script_args": {"wave": {}}}
    ).raise_for_status()
    expect(page.locator("[data-part=commands]")).to_contain_text("wave")
    expect(count).to_have_value("many")
    expect(count).to_be_focused()
    assert is_marked(page)


def test_output_of_a_thousand_lines_follows_and_can_be_read_back(page: Page, product: Product) -> None:
    prepare(page, product, 'def main():\n    for n in range(30000):\n        print("row", n)\n', "many.py")
    page.get_by_role("button", name="Start main").click()
    expect(state(page)).to_have_text("COMPLETE")
    output = page.get_by_label("Output, newest last")
    expect(output.locator("li").last).to_contain_text("row 29999")
    expect(page.locator("[data-slot=lines]")).to_have_text("30\u202f000 lines")
    assert output.locator("li").count() <= 2000
    first = int(output.locator("li").first.get_attribute("data-number") or 0)
    output.evaluate(
        "(view, first) => { view.scrollTop -= 30; view.querySelector(`#L${first}`).scrollIntoView(); }", first
    )
    expect(output.locator(f"li[data-number='{first - 1}']")).to_have_text(re.compile(f"row {first - 2}$"))
    numbers = output.locator("li").evaluate_all("rows => rows.map(row => Number(row.dataset.number))")
    assert numbers == list(range(numbers[0], numbers[-1] + 1))
    page.keyboard.press(".")
    expect(output.locator("li").last).to_contain_text("row 29999")
    expect(page.get_by_text("Ended", exact=True)).to_be_visible()


def test_logging_out_leads_to_the_door_and_back_is_closed(door: Page, people: dict[str, str]) -> None:
    page = door
    log_in(page, "operator")
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_text("You are logged out")).to_be_visible()
    page.go_back()
    expect(page.get_by_label("Password")).to_be_visible()


def test_a_wrong_password_is_said(door: Page, product: Product) -> None:
    door.goto("/login/")
    door.get_by_label("Name").fill("operator")
    door.get_by_label("Password").fill("wrong")
    door.get_by_role("button", name="Log in").click()
    expect(door.get_by_role("alert")).to_have_text("Name and password do not match.")


def test_a_viewer_watches_but_has_no_button_and_gets_403(open_page: OpenPage, product: Product) -> None:
    viewer = open_page("viewer")
    procedure_id = create(product, ENDLESS, "endless.py", start=True)
    card = viewer.locator(f"[data-list=running] [data-procedure='{procedure_id}']")
    expect(card).to_contain_text("still here")
    expect(
        viewer.locator("main button:not(.filter *), main form[method=post], .stop, main a.button:not(.button--quiet)")
    ).to_have_count(0)
    viewer.goto(f"/procedures/{procedure_id}/")
    expect(viewer.get_by_label("Output, newest last")).to_contain_text("still here")
    expect(viewer.locator("main form, .stop, [data-stop]")).to_have_count(0)
    for address in ("/prepare/", f"/procedures/{procedure_id}/stop/"):
        response = viewer.goto(address)
        assert response is not None
        assert response.status == 403


def test_the_theme_is_chosen_at_once_and_kept(page: Page, tmp_path: Path) -> None:
    page.get_by_role("button", name="Night").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "night")
    page.goto("/prepare/")
    expect(page.locator("html")).to_have_attribute("data-theme", "night")


def test_the_keyboard_alone_finds_starts_and_opens_a_procedure(page: Page, product: Product) -> None:
    first = create(product, COUNTING, "first.py")
    expect(page.locator(f"[data-list=prepared] [data-procedure='{first}']")).to_contain_text("READY")
    second = create(product, ENDLESS, "second.py")
    row = page.locator(f"[data-list=prepared] [data-procedure='{second}']")
    expect(row).to_contain_text("READY")
    link = page.locator(f"[data-procedure='{first}'] a.plain")
    for _ in range(30):  # past what else there is
        page.keyboard.press("j")
        if link.evaluate("link => link === document.activeElement"):
            break
    expect(link).to_be_focused()
    page.keyboard.press("j")
    page.keyboard.press("k")
    page.keyboard.press("j")
    expect(row.locator("a.plain")).to_be_focused()
    page.keyboard.press("s")
    expect(row).to_contain_text("RUNNING main")
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("next and previous procedure")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    page.keyboard.press("Shift+S")
    expect(dialog).to_contain_text("second.py")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.locator(f"[data-procedure='{second}'] a.plain")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/procedures/{second}/")


def test_recent_narrows_to_what_is_typed(page: Page, product: Product) -> None:
    for name in ("apple.py", "pear.py"):
        procedure_id = create(product, "def main(): ...", name)
        product.http.put(f"procedures/{procedure_id}/", json={"state": "STOPPED", "abort": False, "grace": 0})
    recent = page.locator("[data-list=recent]")
    expect(recent).to_contain_text("pear.py")
    page.keyboard.press("/")
    page.keyboard.type("Apple stopped")
    expect(recent.locator("tr:visible")).to_have_count(1)
    expect(recent.locator("tr:visible")).to_contain_text("apple.py")
    page.keyboard.type(" nothing")
    expect(page.get_by_text(re.compile("Nothing of the latest 10.000 is like that"))).to_be_visible()
