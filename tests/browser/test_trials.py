"""Tasks and trials in a real browser: written, checked, rehearsed, run, watched, aborted and retried, without loading a page again."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import OpenPage
from tests.product import Product

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

WRONG = """\
name: a night
max_trials: 1
scripts:
  prepare: {body: "echo allocated; echo 1 > prepared"}
  service:
    body: "while true; do echo wind 8.9 m/s; sleep 0.2; done"
    ignote_state: true
    start_when: {prepared: {script_key: prepare}}
    terminate_when: {over: {script_key: observe, states: [passed, failed, aborted, defective, skipped]}}
  observe:
    body: "if test -e second; then cat prepared; else touch second; echo scanning; sleep 60; fi"
    start_when: {wind is watched: {script_key: service, states: [executing]}}
  tidy:
    body: "echo tidy"
    ignore_abort: true
    start_when: {over: {script_key: observe, states: [passed, failed, aborted, defective, skipped]}}
"""


@pytest.fixture(autouse=True)
def leave_no_trial_running(product: Product) -> Iterator[None]:
    """A trial that a failed test has left would hold the node."""
    yield
    for trial in product.http.get("trials/").json():
        if trial["state"] in {"pending", "dispatching", "executing"}:
            product.http.put(f"trials/{trial['id']}/", json={"state": "aborted"})


def node(page: Page, key: str) -> Locator:
    """A script in the graph."""
    return page.locator(f".node[data-key='{key}']")


def edge(page: Page, words: str) -> Locator:
    """The words of an edge."""
    return page.locator(".edge__words", has_text=words)


def test_a_task_is_written_mended_rehearsed_run_watched_aborted_and_retried(page: Page) -> None:
    page.get_by_role("link", name="Trials", exact=True).click()
    page.get_by_role("link", name="Write a task").first.click()
    _mend(page)
    _rehearse(page)
    _run_and_watch(page)
    _abort(page)
    _retry(page)


def _mend(page: Page) -> None:
    sheet = page.get_by_role("textbox", name="Document")
    expect(node(page, "observe")).to_contain_text("pending")
    sheet.fill(WRONG)
    errors = page.get_by_role("list", name="Errors")
    expect(errors).to_contain_text("unknown property 'ignote_state'")
    expect(errors).to_contain_text("did you mean ignore_state?")
    expect(page.locator(".editor__line.is-wrong")).to_contain_text("ignote_state")
    page.get_by_role("button", name="Run as a new task").click()  # leads to the error instead
    expect(sheet).to_be_focused()
    assert sheet.evaluate("area => area.value.slice(area.selectionStart, area.selectionEnd)") == "ignote_state"
    page.get_by_role("button", name="Write ignore_state instead").click()
    expect(page.get_by_role("status").filter(has_text="no errors")).to_be_visible()
    expect(errors.locator("li")).to_have_count(0)
    expect(sheet).to_have_value(WRONG.replace("ignote", "ignore"))
    expect(page.locator(".node")).to_have_count(4)


def _rehearse(page: Page) -> None:
    node(page, "observe").click()
    page.get_by_role("button", name="fails", exact=True).click()
    expect(node(page, "observe")).to_contain_text("failed")
    expect(node(page, "service")).to_contain_text("aborted")
    expect(page.locator("[data-outcome]")).to_contain_text("The trial ends failed")
    page.get_by_role("button", name="observe fails: take it back").click()
    expect(node(page, "observe")).to_contain_text("pending")


def _run_and_watch(page: Page) -> None:
    page.get_by_role("button", name="Run as a new task").click()
    page.wait_for_url(re.compile(r"/trials/\d+/$"))
    page.evaluate("window.isTheSamePage = true")
    expect(node(page, "prepare")).to_contain_text("passed")
    expect(node(page, "prepare")).to_contain_text("allocated")
    expect(node(page, "service")).to_contain_text("executing")
    expect(node(page, "service")).to_contain_text("wind 8.9 m/s")
    expect(node(page, "observe")).to_contain_text("scanning")
    expect(edge(page, "executing ✓")).to_be_visible()
    expect(edge(page, "ends it: any end")).to_have_attribute("data-kind", "open")
    row = page.locator("tr[data-script=tidy]")
    expect(row).to_contain_text("starts once observe is over in any way")
    page.keyboard.press("j")
    expect(node(page, "prepare")).to_be_focused()
    page.keyboard.press("j")
    expect(node(page, "service")).to_be_focused()
    expect(page.locator("[data-times] .bar[data-state=executing]")).to_have_count(2)


def _abort(page: Page) -> None:
    page.get_by_role("link", name="Abort trial…").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("heading")).to_be_focused()
    expect(dialog).to_contain_text("Ends nowservice, observe")
    expect(dialog).to_contain_text("tidy (ignore_abort)")
    page.keyboard.press("Enter")
    expect(dialog).to_be_visible()
    dialog.get_by_role("button", name="Abort trial 1").click()
    expect(dialog).to_be_hidden()
    expect(page.locator("[data-trial-head] .state")).to_have_text("aborted")
    expect(node(page, "observe")).to_contain_text("ended with the trial, which was aborted")
    expect(node(page, "tidy")).to_contain_text("passed")
    expect(page.locator("tr[data-script=tidy]")).to_contain_text("met")
    assert page.evaluate("window.isTheSamePage === true")


def _retry(page: Page) -> None:
    page.get_by_role("button", name="Retry what did not pass").click()
    expect(page.locator("[data-trial-head]")).to_contain_text("trial 2 of 2")
    expect(node(page, "prepare")).to_contain_text("taken over from trial")
    expect(page.locator("[data-trial-head] .state")).to_have_text("passed")
    expect(node(page, "observe")).to_contain_text("1")
    page.get_by_role("link", name="Trial 1: aborted").click()
    expect(node(page, "observe")).to_contain_text("aborted")
    node(page, "observe").click()
    page.wait_for_url(re.compile(r"/procedures/\d+/$"))
    expect(page.get_by_label("Output, newest last")).to_contain_text("scanning")


def test_a_viewer_may_look_and_rehearse_but_neither_run_nor_abort(open_page: OpenPage, product: Product) -> None:
    task = product.http.post("tasks/", content="sleep 60", headers={"Content-Type": "application/yaml"}).json()
    page = open_page("viewer")
    page.goto(f"/trials/{task['trials'][0]['id']}/")
    expect(node(page, "main")).to_contain_text("executing")
    expect(page.get_by_text("Abort trial")).to_have_count(0)
    page.goto(f"/tasks/new/?task={task['id']}")
    node(page, "main").click()
    page.get_by_role("button", name="times out").click()
    expect(page.locator("[data-outcome]")).to_contain_text("The trial ends defective")
    expect(page.get_by_role("button", name="Run as a new task")).to_have_count(0)


def test_the_list_of_trials_follows_what_others_do(page: Page, product: Product) -> None:
    page.goto("/trials/")
    page.evaluate("window.isTheSamePage = true")
    expect(page.locator("[data-vital=link]")).to_contain_text("LIVE")
    document = 'name: told by the feed\nmax_trials: 1\nscripts: {a: {body: "sleep 60"}}'
    task = product.http.post("tasks/", content=document, headers={"Content-Type": "application/yaml"}).json()
    under_way = page.get_by_role("region", name="Under way")
    expect(under_way).to_contain_text("told by the feed")
    expect(under_way).to_contain_text("1 executing")
    product.http.put(f"tasks/{task['id']}/", json={"state": "aborted"}).raise_for_status()
    expect(under_way).to_be_hidden()
    row = page.get_by_role("row", name=re.compile("told by the feed"))
    expect(row).to_contain_text("aborted")
    assert page.evaluate("window.isTheSamePage === true")


def test_now_shows_a_trial_as_one_line_and_stop_ends_it_as_a_whole(page: Page, product: Product) -> None:
    expect(page.locator("[data-vital=link]")).to_contain_text("LIVE")
    page.evaluate("window.isTheSamePage = true")
    document = """
        name: a line on Now
        max_trials: 1
        load: 0.01
        scripts:
          prepare: {body: exit 0}
          observe: {body: sleep 60, ignore_abort: true, start_when: {it is prepared: {script_key: prepare}}}
          reduce: {body: exit 0, start_when: {it is observed: {script_key: observe, states: [passed, aborted]}}}
    """
    product.http.post("tasks/", content=document, headers={"Content-Type": "application/yaml"}).raise_for_status()
    trials = page.get_by_role("region", name="Trials")
    row = trials.get_by_role("row").filter(has_text="a line on Now")
    expect(row).to_contain_text("1 passed · 1 running · 1 waiting")
    expect(page.locator("[data-list=running] [data-procedure]")).to_have_count(0)
    expect(page.locator("[data-stop-all]")).to_contain_text("1 running")
    expect(row.get_by_role("link", name="observe")).to_have_attribute("href", re.compile(r"/procedures/\d+/$"))
    page.keyboard.press("Shift+S")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("1 passed · 1 running · 1 waiting")
    dialog.get_by_role("button", name="Stop a line on Now").click()
    expect(row).to_contain_text(
        "1 passed · 1 aborted · 1 skipped"
    )  # what ignores an abort obeys the operator all the same
    expect(row.get_by_role("link", name="Abort…")).to_be_hidden()
    assert page.evaluate("window.isTheSamePage === true")
