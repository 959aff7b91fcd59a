"""A script that publishes a hundred events a second for a minute, watched in Chromium: does the page fall behind, does it grow?"""

import json
import time
from dataclasses import dataclass, field
from typing import Any

import psutil
from playwright.sync_api import Browser, Page, WebSocket

from benchmarks.figures import Sample, show
from tests.product import Product

SECONDS = 60
PER_SECOND = 100
SETTLING_S = 5
"""Before memory is looked at for the first time: by then the page has loaded and compiled what it needs."""
EDGE_S = 10
"""Length of the beginning and the end that are compared."""
SCRIPT = f"""
import time
from oet import publish
def main(seconds: float):
    began = time.monotonic()
    number = 0
    while time.monotonic() - began < seconds:
        number += 1
        publish("flood.drop", {{"number": number, "at": time.time()}})
        if number % 10 == 0:
            print(f"drop-{{number}}-{{time.time() * 1000:.1f}}-", flush=True)
        time.sleep(max(0.0, began + number / {PER_SECOND} - time.monotonic()))
    print(f"last-drop-{{number}}", flush=True)
    time.sleep(600)
"""
# For each line that is painted: when the script printed it, and how much later its frame was on the screen.
WATCH = """() => {
  window.drops = new Map();
  const look = () => {
    for (const [, number, said] of document.body.textContent.matchAll(/drop-(\\d+)-([\\d.]+)-/g)) {
      if (window.drops.has(number)) continue;
      window.drops.set(number, null);
      requestAnimationFrame(() => setTimeout(() => {
        window.drops.set(number, [Number(said), performance.timeOrigin + performance.now() - Number(said)]);
      }));
    }
  };
  new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true });
}"""


@dataclass
class _Heard:
    """What came through the page's websocket."""

    numbers: list[int] = field(default_factory=list)
    late_s: list[float] = field(default_factory=list)
    """From the call of `publish` to the arrival, of each event."""

    def take(self, message: str | bytes) -> None:
        now = time.time()
        for event in json.loads(message).get("events", []):
            if event["topic"] == "flood.drop":
                self.numbers.append(event["payload"]["number"])
                self.late_s.append(now - event["payload"]["at"])


@dataclass(frozen=True)
class _Held:
    """What the page holds, after collecting garbage."""

    heap_bytes: int
    elements: int
    renderer_bytes: int
    """Memory that is the process's own."""


def measure(product: Product, browser: Browser, page: Page, scale: float) -> None:
    """Print the table."""
    seconds = max(2 * EDGE_S, int(SECONDS * scale))
    heard = _Heard()
    page.on("websocket", lambda socket: _follow(socket, heard))
    page.goto("/")
    page.locator("[data-link=live]").wait_for()
    page.evaluate(WATCH)
    body: dict[str, Any] = {"script": {"script_type": "embedded", "script_body": SCRIPT, "name": "flood.py"}}
    body |= {"start": True, "script_args": {"main": {"kwargs": {"seconds": seconds}}}}
    procedure_id = product.http.post("procedures/", json=body).raise_for_status().json()["id"]
    page.wait_for_function("count => window.drops.size > count", arg=SETTLING_S * PER_SECOND // 10, timeout=60_000)
    before = _held(browser, page)
    page.get_by_text("last-drop-").first.wait_for(timeout=(seconds + 60) * 1000)
    after = _held(browser, page)
    drops: list[tuple[float, float]] = page.evaluate("() => [...window.drops.values()].filter(Boolean)")
    product.http.put(f"procedures/{procedure_id}/", json={"state": "STOPPED", "abort": False, "grace": 0})
    published = heard.numbers[-1] if heard.numbers else 0
    order = "in order" if heard.numbers == list(range(1, published + 1)) else "NOT in order"
    title = f"{PER_SECOND} events a second for {seconds} s, in Chromium: {published} published, {len(heard.numbers)} came, {order}"
    show(
        title,
        ["what", f"first {EDGE_S} s", f"last {EDGE_S} s", "ratio"],
        [*_lags(drops, heard), *_memory(before, after)],
    )


def _follow(socket: WebSocket, heard: _Heard) -> None:
    socket.on("framereceived", heard.take)


def _held(browser: Browser, page: Page) -> _Held:
    chrome = page.context.new_cdp_session(page)
    chrome.send("HeapProfiler.collectGarbage")
    heap = int(chrome.send("Runtime.getHeapUsage")["usedSize"])
    elements = int(page.evaluate("document.querySelectorAll('*').length"))
    chrome.detach()
    processes = browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")["processInfo"]
    renderers = [psutil.Process(one["id"]).memory_full_info().uss for one in processes if one["type"] == "renderer"]
    return _Held(heap, elements, sum(renderers))


def _lags(drops: list[tuple[float, float]], heard: _Heard) -> list[list[str]]:
    begin, end = drops[0][0], drops[-1][0]
    painted = (
        Sample("first", [lag / 1000 for said, lag in drops if said < begin + EDGE_S * 1000]),
        Sample("last", [lag / 1000 for said, lag in drops if said > end - EDGE_S * 1000]),
    )
    count = EDGE_S * PER_SECOND
    came = Sample("first", heard.late_s[:count]), Sample("last", heard.late_s[-count:])
    rows = []
    for words, (first, last) in {"line printed → painted": painted, "event published → in the page": came}.items():
        rows.append([f"{words}, median", _ms(first.median), _ms(last.median), f"{last.median / first.median:.2f}"])
        late = first.percentile(99), last.percentile(99)
        rows.append([f"{words}, p99", _ms(late[0]), _ms(late[1]), f"{late[1] / late[0]:.2f}"])
    return rows


def _memory(before: _Held, after: _Held) -> list[list[str]]:
    return [
        [
            "heap of the page",
            _mb(before.heap_bytes),
            _mb(after.heap_bytes),
            f"{after.heap_bytes / before.heap_bytes:.2f}",
        ],
        ["elements of the page", str(before.elements), str(after.elements), f"{after.elements / before.elements:.2f}"],
        [
            "memory of its process",
            _mb(before.renderer_bytes),
            _mb(after.renderer_bytes),
            f"{after.renderer_bytes / before.renderer_bytes:.2f}",
        ],
    ]


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms"


def _mb(size: int) -> str:
    return f"{size / 1e6:.1f} MB"
