"""The live link is cut, or the manager dies: the page says so in words, and goes on without a gap when it is back."""

import os
import re
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import DEADLINE_MS, log_in
from tests.product import Product
from tests.waiting import wait_until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

PRINTING = """
import time
def main(count: int = 3000):
    for number in range(count):
        print("number", number, flush=True)
        time.sleep(0.05)
"""


class Cable:
    """A TCP relay between browser and server that can be pulled out and put back, at the same address."""

    def __init__(self, host: str, port: int) -> None:
        self._server = (host, port)
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []
        self._listening: socket.socket | None = None
        self.port = 0
        self.put_back()

    def put_back(self) -> None:
        listening = socket.create_server(("127.0.0.1", self.port))
        self.port = listening.getsockname()[1]
        self._listening = listening
        threading.Thread(target=self._accept, args=(listening,), daemon=True).start()

    def pull_out(self) -> None:
        with self._lock:
            ends, self._sockets = self._sockets, []
            listening, self._listening = self._listening, None
        for end in [*ends, *([listening] if listening else [])]:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _accept(self, listening: socket.socket) -> None:
        with suppress(OSError):
            while True:
                near, _ = listening.accept()
                far = socket.create_connection(self._server)
                with self._lock:
                    is_in = self._listening is listening
                    self._sockets += [near, far] if is_in else []
                if not is_in:  # pulled out while it was being connected
                    near.close()
                    far.close()
                    return
                for source, target in ((near, far), (far, near)):
                    threading.Thread(target=self._carry, args=(source, target), daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def cable(product: Product) -> Iterator[Cable]:
    address = urlsplit(product.url)
    made = Cable(address.hostname or "", address.port or 0)
    yield made
    made.pull_out()


@pytest.fixture
def far_page(browser: Browser, cable: Cable, people: dict[str, str]) -> Iterator[Page]:
    """The operator's window at the other end of the cable."""
    context = browser.new_context(base_url=f"http://127.0.0.1:{cable.port}", viewport={"width": 1440, "height": 1000})
    page = context.new_page()
    page.set_default_timeout(DEADLINE_MS)
    log_in(page, "operator")
    yield page
    context.close()


def run(product: Product, text: str) -> int:
    """Prepare and start a script over REST."""
    script = {"script_type": "embedded", "script_body": text, "name": "printing.py"}
    procedure_id = int(product.http.post("procedures/", json={"script": script}).raise_for_status().json()["id"])
    product.wait_for_state(procedure_id, "READY")
    product.http.put(f"procedures/{procedure_id}/", json={"state": "RUNNING"}).raise_for_status()
    return procedure_id


def test_a_page_whose_link_is_cut_says_stale_and_goes_on_without_a_gap(
    far_page: Page, cable: Cable, product: Product
) -> None:
    far_page.evaluate("window.isTheSamePage = true")
    expect(far_page.locator("[data-vital=link]")).to_contain_text("LIVE")
    first = run(product, PRINTING)
    card = far_page.locator(f"[data-list=running] [data-procedure='{first}']")
    expect(card).to_contain_text(re.compile(r"number \d"))
    cable.pull_out()
    expect(far_page.get_by_text("STALE: no word from the server since")).to_be_visible(timeout=8000)
    expect(far_page.locator("[data-vital=link]")).to_contain_text("STALE")
    frozen = card.locator("[data-field=elapsed]").inner_text()
    # While nobody is listening: one ends, another is prepared and started.
    product.http.put(f"procedures/{first}/", json={"state": "STOPPED", "abort": False, "grace": 0}).raise_for_status()
    second = run(product, PRINTING)
    assert card.locator("[data-field=elapsed]").inner_text() == frozen
    cable.put_back()
    expect(far_page.locator("[data-vital=link]")).to_contain_text("LIVE")
    expect(far_page.locator("[data-lost]")).to_be_hidden()
    expect(far_page.locator(f"[data-list=recent] [data-procedure='{first}']")).to_contain_text("STOPPED")
    expect(far_page.locator(f"[data-list=running] [data-procedure='{second}']")).to_contain_text(
        re.compile(r"number \d")
    )
    assert far_page.evaluate("window.isTheSamePage") is True


def test_output_has_no_gap_after_the_link_was_cut(far_page: Page, cable: Cable, product: Product) -> None:
    procedure_id = run(product, PRINTING)
    far_page.goto(f"/procedures/{procedure_id}/")
    output = far_page.get_by_label("Output, newest last")
    expect(output).to_contain_text(re.compile(r"number \d"))
    cable.pull_out()
    expect(far_page.locator("[data-vital=link]")).to_contain_text("STALE", timeout=8000)
    product.http.put(f"procedures/{procedure_id}/", json={"state": "STOPPED", "abort": False}).raise_for_status()
    cable.put_back()
    expect(far_page.locator("[data-page-procedure] [data-field=state]")).to_have_text("STOPPED")
    written = product.http.get(f"procedures/{procedure_id}/output/").text.splitlines()
    expect(output.locator("li")).to_have_count(len(written))
    assert output.locator(".output__text").all_inner_texts() == written


def test_stop_that_cannot_reach_the_server_says_so_and_works_once_it_can(
    far_page: Page, cable: Cable, product: Product
) -> None:
    procedure_id = run(product, PRINTING)
    expect(far_page.locator(f"[data-list=running] [data-procedure='{procedure_id}']")).to_contain_text(
        re.compile(r"number \d")
    )
    cable.pull_out()
    expect(far_page.locator("[data-vital=link]")).to_contain_text("STALE", timeout=8000)
    for is_back in (False, True):
        if is_back:
            cable.put_back()
        far_page.locator("[data-stop-all]").click()
        far_page.get_by_role("dialog").get_by_role("button", name="Stop printing.py").click()
        if not is_back:
            expect(far_page.get_by_role("alert").filter(has_text="refused")).to_contain_text(
                "The server cannot be reached"
            )
    product.wait_for_state(procedure_id, "STOPPED")


def test_a_missing_manager_is_said_in_words_within_five_seconds_and_forgotten_when_it_is_back(
    page: Page, product: Product
) -> None:
    procedure_id = run(product, PRINTING)
    expect(page.locator(f"[data-list=running] [data-procedure='{procedure_id}']")).to_contain_text(
        re.compile(r"number \d")
    )
    expect(page.locator("[data-conditions]")).to_be_hidden()
    manager = int(re.findall(r"the process manager is ready: process (\d+)", product.log())[-1])
    os.kill(manager, signal.SIGSTOP)
    try:
        # Four seconds after its last heartbeat; the rest is for a busy machine to paint the page.
        expect(page.locator("[data-conditions]")).to_contain_text("No process manager is running", timeout=12_000)
        expect(page.locator("[data-vital=manager]")).to_contain_text("silent")
        expect(page.locator("[data-announce=assertive]")).to_contain_text("No process manager is running")
    finally:
        os.kill(manager, signal.SIGCONT)
    expect(page.locator("[data-conditions]")).to_be_hidden()
    expect(page.locator("[data-announce=polite]")).to_contain_text("is back")
    expect(page.locator(f"[data-list=running] [data-procedure='{procedure_id}']")).to_contain_text("RUNNING main")


def test_a_manager_that_is_killed_and_comes_back_costs_the_page_nothing(page: Page, product: Product) -> None:
    procedure_id = run(product, PRINTING)
    page.goto(f"/procedures/{procedure_id}/")
    page.evaluate("window.isTheSamePage = true")
    output = page.get_by_label("Output, newest last")
    expect(output).to_contain_text(re.compile(r"number \d"))
    ready = re.compile(r"the process manager is ready: process (\d+)")
    before = ready.findall(product.log())
    os.kill(int(before[-1]), signal.SIGKILL)
    wait_until(lambda: len(ready.findall(product.log())) > len(before) or None, what="a new manager", timeout_s=30)
    reached = int(output.locator("li").last.inner_text().rsplit(" ", 1)[1])
    expect(output).to_contain_text(f"number {reached + 10}")
    expect(page.locator("[data-page-procedure] [data-field=state]")).to_have_text("RUNNING main")
    expect(page.locator("[data-conditions]")).to_be_hidden()
    assert page.evaluate("window.isTheSamePage") is True
