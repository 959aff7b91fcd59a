"""In a real Chromium: from a commit to the paint, a minute of a hundred events a second, first paints, and what is sent."""

import gzip
import time
from concurrent.futures import ThreadPoolExecutor

from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks import flood, large_output
from benchmarks.browsing import ARGUMENTS, log_in
from benchmarks.elsewhere import made
from benchmarks.figures import HEAD, Sample, show
from benchmarks.running import running_product
from tests.needs import chromium
from tests.product import Product

ROUNDS = 200
LOADS = 11

# When the line is on the screen: after the frame in which the text was set, on the clock of this machine.
WATCH = """() => {
  window.painted = {};
  const look = () => {
    for (const [, number] of document.body.textContent.matchAll(/tick-(\\d+)-/g)) {
      if (number in window.painted) continue;
      window.painted[number] = 0;
      requestAnimationFrame(() => setTimeout(() => { window.painted[number] = performance.timeOrigin + performance.now(); }));
    }
  };
  new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true });
}"""
FIRST_PAINT = "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
SENT = """() => performance.getEntriesByType('resource').filter(one => one.name.endsWith('.js'))
  .map(one => [one.name, one.encodedBodySize, one.decodedBodySize])"""

_DATABASE = ThreadPoolExecutor(1)
"""Playwright's event loop lives in the main thread, where Django would refuse to wait for a database."""


def main(scale: float = 1.0) -> None:
    """Print all tables."""
    with running_product() as product, sync_playwright() as playwright:
        executable = chromium()
        assert executable, "no Chromium: run `python -m tests.needs`"
        browser = playwright.chromium.launch(executable_path=str(executable), args=ARGUMENTS)
        page = browser.new_context(base_url=product.url, viewport={"width": 1440, "height": 1000}).new_page()
        log_in(page)
        painted = _painted(page, max(20, int(ROUNDS * scale)))
        show("Event committed → painted in Chromium (aim: p99 under 100 ms)", HEAD, [painted.row()])
        flood.measure(product, browser, page, scale)
        size_bytes = int(large_output.OUTPUT_BYTES * scale)
        large = _DATABASE.submit(large_output.large_output, size_bytes).result()
        _show_first_paints(page, large, size_bytes)
        _DATABASE.submit(large_output.measure, product, large, size_bytes).result()
        title = "JavaScript of a first load (aim: under 150 kB compressed)"
        show(title, ["page", "files", "sent", "gzip", "raw"], _weights(browser, product, large))
        browser.close()


def _painted(page: Page, rounds: int) -> Sample:
    """A running procedure says one line after the other; each is waited for."""
    number = _DATABASE.submit(made, "RUNNING").result()
    page.goto("/")
    page.locator("[data-link=live]").wait_for()
    page.evaluate(WATCH)
    sample = Sample("a line of output on Now")
    for count in range(1, rounds + 1):
        committed = _DATABASE.submit(_say, number, count).result()
        at = page.wait_for_function("count => window.painted[count]", arg=count).json_value()
        sample.seconds.append(max(0.0, at - committed) / 1000)
    return sample


def _say(procedure_id: int, count: int) -> float:
    """Commit an event; when that was, in milliseconds."""
    from procedures.recorder import recording

    line = {"bytes": count, "lines": count, "last_line": f"tick-{count}-", "at": time.time()}
    with recording() as record:
        record.announce("procedure.output", line, procedure_id=procedure_id)
    return time.time() * 1000


def _show_first_paints(page: Page, large: int, size_bytes: int) -> None:
    addresses = {
        "Now": "/",
        "History": "/history/",
        f"a procedure with {size_bytes / 1e9:.2g} GB of output": f"/procedures/{large}/",
    }
    rows = [_first_paint(page, name, address).row() for name, address in addresses.items()]
    show("Navigation → first contentful paint, running product (aim: under 300 ms)", HEAD, rows)


def _first_paint(page: Page, name: str, address: str) -> Sample:
    sample = Sample(name)
    for _ in range(LOADS):
        page.goto(address)
        page.wait_for_function(FIRST_PAINT)
        sample.seconds.append(float(page.evaluate(FIRST_PAINT)) / 1000)
    return sample


def _weights(browser: Browser, product: Product, large: int) -> list[list[str]]:
    """What a browser that has nothing in its cache gets."""
    rows = []
    for name, address in (
        ("Now", "/"),
        ("a procedure", f"/procedures/{large}/"),
        ("Prepare", "/prepare/"),
        ("History", "/history/"),
        ("the editor of tasks", "/tasks/new/"),
    ):
        fresh = browser.new_context(base_url=product.url)
        window = fresh.new_page()
        log_in(window)
        window.goto(address)
        window.locator("[data-link=live]").wait_for()
        files: list[tuple[str, int, int]] = window.evaluate(SENT)
        packed = sum(len(gzip.compress(window.request.get(url).body())) for url, *_ in files)
        rows.append(
            [name, str(len(files)), _kb(sum(one[1] for one in files)), _kb(packed), _kb(sum(one[2] for one in files))]
        )
        fresh.close()
    return rows


def _kb(size: int) -> str:
    return f"{size / 1000:.1f} kB"
