"""The procedure's page in a real browser: actions, what it does now, failures, events and their links, a stop that tidies up."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage
from tests.product import Product

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

NIGHT = """
import logging, time
import oet
from oet import harness
def open_dome(ctx):
    oet.publish("qa.metric", {"closure_phase_deg": 0.82})
    logging.getLogger("obs.dome").warning("wind is rising")
def gain_cal(ctx):
    raise harness.ScriptHarnessError("dish 022 has no solution")
def scan(ctx):
    for dump in range(10_000):
        harness.progress(dump / 10_000, f"dump {dump}")
        integrate()
def integrate():
    time.sleep(0.2)
def close_dome(ctx):
    print("dome closed", flush=True)
def park_dishes(ctx):
    raise OSError("dish 7 is stuck")
actions = harness.get_actions_from_list(["open-dome", "gain-cal", "scan"], namespace=globals())
script = harness.Script(actions, harness.get_config_template(), "night", cmdln_args=[])
script.add_listener(close_dome, harness.POST_FATAL)
script.add_listener(park_dishes, harness.POST_FATAL)
init, main = harness.entry_points(script)
"""
FAILING = """
def point(dish):
    return {}[dish]
def main():
    print("pointing", flush=True)
    try:
        point("m007")
    except KeyError as error:
        raise RuntimeError("m007 does not answer") from error
"""


def started(product: Product, text: str, name: str, *states: str) -> int:
    """A script whose main was started, once it is in one of the states."""
    script = {"script_type": "embedded", "script_body": text, "name": name}
    created = product.http.post("procedures/", json={"script": script, "resources": []}).raise_for_status().json()
    product.wait_for_state(created["id"], "READY")
    product.http.put(f"procedures/{created['id']}/", json={"state": "RUNNING"}).raise_for_status()
    product.wait_for_state(created["id"], *states)
    return int(created["id"])


def test_actions_run_live_and_a_look_shows_where_the_script_is(page: Page, product: Product) -> None:
    procedure_id = started(product, NIGHT, "night.py", "RUNNING")
    page.goto(f"/procedures/{procedure_id}/")
    actions = page.get_by_role("region", name="Actions")
    expect(actions.locator("[data-state=running]")).to_contain_text("scan")
    expect(actions.locator("[data-state=error]")).to_contain_text("dish 022 has no solution")
    expect(actions.locator("[data-state=running] small")).to_contain_text(re.compile(r"dump \d+"))
    seen = actions.locator("[data-state=running] small").inner_text()
    expect(actions.locator("[data-state=running] small")).not_to_have_text(seen)
    timeline = page.locator("[data-timeline] svg[role=img]")
    expect(timeline).to_have_attribute("aria-label", re.compile("action gain-cal error, action scan running"))
    page.get_by_role("link", name="Look", exact=True).click()
    doing = page.get_by_role("region", name="What it is doing now")
    expect(doing.locator("summary", has_text="integrate")).to_be_visible()
    expect(doing.locator(".here", has_text="time.sleep(0.2)")).to_be_visible()
    expect(doing).to_contain_text("Main thread")
    expect(doing).to_contain_text(re.compile(r"taken \d\d:\d\d:\d\d\.\d{3}"))


def test_a_stop_shows_which_listeners_left_things_safe(page: Page, product: Product) -> None:
    procedure_id = started(product, NIGHT, "night.py", "RUNNING")
    page.goto(f"/procedures/{procedure_id}/")
    running = page.get_by_role("region", name="Actions").locator("[data-state=running]")
    expect(running).to_contain_text("scan")
    stop = {"state": "STOPPED", "abort": False, "grace": 10}
    product.http.put(f"procedures/{procedure_id}/", json=stop).raise_for_status()
    report = page.get_by_role("region", name="Stop report")
    expect(report.get_by_text("POST_FATAL close_dome")).to_have_count(1)
    expect(report.get_by_text("POST_FATAL park_dishes")).to_have_count(1)
    expect(report).to_contain_text("dish 7 is stuck")
    expect(page.get_by_label("Output, newest last")).to_contain_text("dome closed")
    expect(page.get_by_role("link", name="Look", exact=True)).to_have_count(0)


def test_a_failure_shows_the_scripts_own_frames_and_leads_to_the_output(page: Page, product: Product) -> None:
    procedure_id = started(product, FAILING, "pointing.py", "FAILED")
    page.goto(f"/procedures/{procedure_id}/")
    trace = page.get_by_role("region", name="Stack trace")
    expect(trace.locator(".error-line").first).to_have_text("RuntimeError: m007 does not answer")
    expect(trace.locator(".error-line").nth(1)).to_contain_text("it came from KeyError")
    expect(trace.locator(".here", has_text="return {}[dish]")).to_be_visible()
    expect(trace.get_by_text("pointing.py:3")).to_be_visible()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    trace.get_by_role("button", name="Copy").click()
    expect(trace.get_by_role("button", name="Copied")).to_be_visible()
    assert "m007 does not answer" in page.evaluate("navigator.clipboard.readText()")
    trace.get_by_role("link", name="In the output").click()
    marked = page.get_by_label("Output, newest last").locator(".is-marked")
    expect(marked).to_contain_text("Traceback")
    expect(marked).to_be_in_viewport()
    assert re.search(r"#L\d+$", page.url)


def test_an_event_and_a_log_level_have_links_that_can_be_sent(
    page: Page, product: Product, open_page: OpenPage
) -> None:
    procedure_id = started(product, NIGHT, "night.py", "RUNNING")
    page.goto(f"/procedures/{procedure_id}/")
    events = page.get_by_role("region", name="Events")
    expect(events).to_contain_text("qa.metric")
    link = events.get_by_role("link", name=re.compile("Event")).first.get_attribute("href")
    colleague = open_page("viewer")
    colleague.goto(f"/procedures/{procedure_id}/{link}")
    named = colleague.locator(
        f"[id='{str(link).rpartition('#')[2]}']"
    )  # not :target, which ends when the list is made anew
    expect(named).to_contain_text("closure_phase_deg")
    expect(named).to_be_in_viewport()


TALKATIVE = """
import logging, time
import oet
def main():
    oet.attach("fit", {"rms_arcsec": 3.1})
    for number in range(10_000):
        logging.getLogger("obs.scan").info("scan %d", number)
        logging.getLogger("obs.wind").warning("gust %d", number)
        oet.checkpoint("between scans")
        time.sleep(0.2)
"""


def test_a_script_that_talks_is_paused_and_its_log_narrowed(page: Page, product: Product) -> None:
    procedure_id = started(product, TALKATIVE, "survey.py", "RUNNING")
    page.goto(f"/procedures/{procedure_id}/")
    expect(page.get_by_role("region", name="Attached")).to_contain_text('"rms_arcsec": 3.1')
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("[data-page-procedure] [data-field=paused]")).to_have_text(
        "paused at between scans, by operator"
    )
    log = page.get_by_role("region", name="Log", exact=True)
    expect(log).to_contain_text("scan 0")
    log.get_by_role("link", name="WARNING", exact=True).click()
    expect(log).not_to_contain_text("scan 0")
    expect(log).to_contain_text("gust 0")
    assert page.url.endswith("?level=WARNING#log")
    page.get_by_role("button", name="Go on").click()
    expect(page.locator("[data-page-procedure] [data-field=paused]")).to_have_text("")
