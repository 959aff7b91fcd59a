"""Stopping in a real browser: what counts down, what can still be asked for, and what is told afterwards."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import DEADLINE_MS, OpenPage, log_in
from tests.browser.test_operator import create
from tests.product import Product, started_product

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

STUBBORN = """
import subprocess, time
def main(subarray_id: int = 1):
    subprocess.Popen(["setsid", "sleep", "601"])
    print("up", flush=True)
    while True:
        try:
            time.sleep(600)
        except BaseException:
            print("no", flush=True)
"""
PLAIN = "import time\ndef main():\n    print('up', flush=True)\n    time.sleep(600)\n"
ABORT = """
def main(subarray_id: int):
    if subarray_id == 3:
        raise RuntimeError("the correlator did not answer")
"""


def run(product: Product, text: str, name: str, **more: object) -> int:
    """Prepare and start a script over REST."""
    procedure_id = create(product, text, name)
    product.wait_for_state(procedure_id, "READY")
    product.http.put(f"procedures/{procedure_id}/", json={"state": "RUNNING", **more}).raise_for_status()
    return procedure_id


@contextmanager
def being_stopped(product: Product, procedure_id: int, *, grace_s: float) -> Iterator[None]:
    """Ask for a stop in the background, and wait for its answer when the block is left."""
    asked = {"state": "STOPPED", "abort": False, "grace": grace_s}
    thread = threading.Thread(
        target=lambda: product.http.put(f"procedures/{procedure_id}/", json=asked, timeout=60).raise_for_status()
    )
    thread.start()
    try:
        yield
    finally:
        thread.join()


def test_a_stop_counts_down_offers_the_kill_and_moves_no_row(page: Page, product: Product) -> None:
    procedure_id = run(product, STUBBORN, "stubborn.py", script_args={"main": {"kwargs": {"subarray_id": 7}}})
    card = page.locator(f"[data-list=running] [data-procedure='{procedure_id}']")
    expect(card.locator("[data-field=arguments]")).to_have_text("subarray_id=7")
    expect(card).to_contain_text("up")
    expect(card.locator(".stopping.wide")).to_be_empty()
    before = card.bounding_box()
    with being_stopped(product, procedure_id, grace_s=45):
        words = card.locator(".stopping.wide")
        expect(words).to_have_text(re.compile(r"^stopping, by admin, kill in \d+ s$"))
        first = int(re.findall(r"in (\d+) s", words.inner_text())[0])
        expect(words).to_have_text(f"stopping, by admin, kill in {first - 2} s")
        assert card.bounding_box() == before
        expect(card.get_by_role("link", name="Stop…")).to_be_hidden()
        card.get_by_role("link", name="Kill…").click()
        dialog = page.get_by_role("dialog")
        expect(dialog).to_contain_text("It is stopping, by admin, kill in")
        expect(dialog.get_by_label("Kill now")).to_be_checked()
        expect(dialog.get_by_role("button", name="Wait for it")).to_be_visible()
        dialog.get_by_role("button", name="Kill stubborn.py").click()
        page.mouse.move(0, 0)  # off every row, so that rows may move
        expect(page.locator(f"[data-list=recent] [data-procedure='{procedure_id}']")).to_contain_text("STOPPED")


def test_the_stop_report_names_each_rung_and_every_process_that_was_killed(page: Page, product: Product) -> None:
    procedure_id = run(product, STUBBORN, "stubborn.py")
    page.goto(f"/procedures/{procedure_id}/")
    expect(page.get_by_label("Output, newest last")).to_contain_text("up")
    with being_stopped(product, procedure_id, grace_s=0.5):
        report = page.locator("[data-part=report]")
        expect(report.get_by_role("heading", name="Stop report")).to_be_visible()
    for words in ("admin asked for it to be stopped", "StopRequested raised in it", "Time is up", "Process tree empty"):
        expect(report).to_contain_text(words)
    expect(report).to_contain_text(re.compile(r"Killed \d process"))
    told = product.http.get(f"procedures/{procedure_id}/history/").json()[-1]["details"]["stop"]
    killed = {str(process["pid"]) for process in told["killed"]}
    assert set(report.locator(".killed tbody td.num").all_inner_texts()) == killed
    expect(report.locator(".killed")).to_contain_text("sleep 601")
    expect(report.locator("time")).to_have_count(len(told["rungs"]) + 1)


def test_a_timeout_counts_down_on_both_pages_and_ends_failed(page: Page, open_page: OpenPage) -> None:
    page.goto("/prepare/?paste=1")
    page.get_by_label("Name").fill("plain.py")
    page.locator("textarea[name=text]").fill(PLAIN)
    page.get_by_label("Timeout").fill("3 parsecs")
    page.locator("main").get_by_role("button", name="Prepare", exact=True).click()
    expect(page.get_by_text("'parsecs' is not a unit of time")).to_be_visible()
    page.get_by_label("Timeout").fill("3 minutes")
    page.locator("main").get_by_role("button", name="Prepare", exact=True).click()
    page.wait_for_url(re.compile(r"/procedures/\d+/$"))
    procedure_id = int(page.url.rstrip("/").rsplit("/", 1)[1])
    now = open_page("operator")
    expect(page.get_by_label("Timeout")).to_have_attribute("placeholder", "3:00, as it was prepared")
    page.get_by_label("Timeout").fill("-1")
    page.get_by_role("button", name="Start main").click()
    expect(page.get_by_text("must be above 0")).to_be_visible()
    expect(page.get_by_label("Timeout")).to_be_focused()
    page.get_by_label("Timeout").fill("6")
    page.get_by_role("button", name="Start main").click()
    expect(page.locator("[data-field=timeout]")).to_have_text(re.compile(r"timeout in [1-6] s"))
    card = now.locator(f"[data-list=running] [data-procedure='{procedure_id}']")
    expect(card.locator("[data-field=timeout]")).to_have_text(re.compile(r"timeout in [1-6] s"))
    expect(page.locator("[data-page-procedure] [data-field=state]")).to_have_text("FAILED")
    expect(page.locator("[data-part=cause]")).to_contain_text("timed out after")
    expect(page.locator("[data-part=report]")).to_contain_text("Its time was up")


at_observatory = pytest.mark.xdist_group("observatory")


@pytest.fixture(scope="module")
def observatory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """A product with an abort script, which fails for subarray 3."""
    folder = tmp_path_factory.mktemp("observatory")
    script = folder / "abort_subarray.py"
    script.write_text(ABORT)
    with started_product(folder, OET_ABORT_SCRIPT=str(script), OET_GRACE="1") as running:
        yield running


@pytest.fixture
def control_room(browser: Browser, observatory: Product) -> Iterator[Page]:
    """The administrator's window there, at Now."""
    context = browser.new_context(base_url=observatory.url, viewport={"width": 1440, "height": 1000})
    page = context.new_page()
    page.set_default_timeout(DEADLINE_MS)
    log_in(page, "admin")
    yield page
    context.close()


def run_at(product: Product, text: str, **kwargs: object) -> int:
    return run(product, text, "observe.py", script_args={"main": {"kwargs": kwargs}} if kwargs else {})


@at_observatory
def test_an_abort_is_linked_both_ways(control_room: Page, observatory: Product) -> None:
    page = control_room
    procedure_id = run_at(observatory, STUBBORN, subarray_id=5)
    page.goto(f"/procedures/{procedure_id}/")
    page.get_by_role("link", name="Abort…").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.locator("[data-abort]")).to_contain_text("Stop, then abort subarray 5")
    dialog.get_by_role("button", name="Stop and abort observe.py").click()
    expect(page.locator("[data-part=cause]")).to_contain_text("which is COMPLETE")
    expect(page.locator("[data-part=report]")).to_contain_text(re.compile(r"Abort script abort_subarray.py #\d+"))
    page.locator("[data-part=cause]").get_by_role("link", name="abort_subarray.py").click()
    page.get_by_role("link", name=f"abort of #{procedure_id}").click()
    page.wait_for_url(f"**/procedures/{procedure_id}/")


@at_observatory
def test_an_abort_that_fails_is_loud_until_somebody_has_seen_it(control_room: Page, observatory: Product) -> None:
    page = control_room
    page.evaluate("window.isTheSamePage = true")
    procedure_id = run_at(observatory, PLAIN.replace("main()", "main(subarray_id)"), subarray_id=3)
    body = {"state": "STOPPED", "abort": True, "grace": 1}
    observatory.http.put(f"procedures/{procedure_id}/", json=body).raise_for_status()
    alarm = page.locator("[data-conditions]")
    expect(alarm).to_contain_text(f"The abort of #{procedure_id} failed, so its subarray may still be active")
    expect(alarm).to_contain_text("the correlator did not answer")
    expect(page.locator("[data-announce=assertive]")).to_contain_text(re.compile("abort|FAILED"))
    expect(page.locator(f"[data-list=recent] [data-procedure='{procedure_id}']")).to_contain_text("aborted by #")
    assert page.evaluate("window.isTheSamePage === true")
    alarm.get_by_role("link").click()
    expect(page.locator("[data-part=cause]")).to_contain_text("did not do its work: subarray 3 may still be active")
    page.goto(f"/procedures/{procedure_id}/")
    expect(page.locator("[data-part=cause]")).to_contain_text("The abort failed, so subarray 3 may still be active")
    expect(alarm).to_be_visible()
    alarm.get_by_role("button", name="Seen").click()
    expect(alarm).to_be_hidden()
    page.goto("/")
    expect(page.locator("[data-vital=link]")).to_contain_text("LIVE")
    expect(alarm).to_be_hidden()


@at_observatory
def test_an_abort_without_a_subarray_is_refused_in_the_dialog_before_anything_is_stopped(
    control_room: Page, observatory: Product
) -> None:
    page = control_room
    procedure_id = run_at(observatory, PLAIN)
    card = page.locator(f"[data-list=running] [data-procedure='{procedure_id}']")
    card.get_by_role("link", name="Abort…").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.locator("[data-abort]")).to_contain_text("have no subarray_id, so it is not known what to abort")
    expect(dialog.get_by_label("Stop", exact=False).first).to_be_checked()
    dialog.get_by_role("button", name="Stop observe.py").click()
    expect(page.locator(f"[data-list=recent] [data-procedure='{procedure_id}']")).to_contain_text("STOPPED")


@at_observatory
def test_health_names_every_part_and_what_is_missing(page: Page, control_room: Page, tmp_path: Path) -> None:
    page.get_by_role("link", name="Health", exact=True).click()
    checks = page.locator("[data-checks]")
    for part in ("Manager", "Launcher", "Worker for environments", "Database"):
        expect(checks.locator("li").filter(has_text=part)).to_have_attribute("data-state", "success")
    expect(checks.locator("[data-check=link]")).to_contain_text("LIVE")
    expect(checks.locator("li").filter(has_text="Abort script")).to_contain_text(
        "Set OET_ABORT_SCRIPT before observing"
    )
    control_room.goto("/health/")
    abort = control_room.locator("[data-checks] li").filter(has_text="Abort script")
    expect(abort).to_have_attribute("data-state", "success")
