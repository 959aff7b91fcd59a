"""How long it takes until a script that runs sees what an operator has decided, on the page or through REST; aim: 100 ms at the median."""

import json
import time
from contextlib import closing

from playwright.sync_api import Page

from benchmarks.browsing import window
from benchmarks.figures import HEAD, Sample, bare_python, show
from benchmarks.running import running_product
from tests.product import Product
from tests.waiting import wait_until

ROUNDS = 100
CLICKS = 30
NAME = "wait_for_qa_ready"
SCRIPT = f"""
import time
import oet
def main():
    value = oet.context.overrides["{NAME}"]
    print("up", flush=True)
    while True:
        if oet.context.overrides["{NAME}"] != value:
            value = not value
            print(repr(time.time()), flush=True)
        time.sleep(0.0005)
"""
# When the button was clicked, in seconds on the clock of this machine.
WATCH = """() => {
  window.clicked = [];
  document.addEventListener("click", () => window.clicked.push((performance.timeOrigin + performance.now()) / 1000), true);
}"""


def main(scale: float) -> None:
    """Print the table."""
    yardstick = bare_python(20)
    with running_product() as product, closing(_Script(product)) as script:
        answered, asked = _through_rest(product, 2 * max(5, int(ROUNDS * scale) // 2))
        from_rest = Sample("REST request → the script sees it", script.delays(asked))
        with window(product) as page:
            clicked = _on_the_page(page, max(5, int(CLICKS * scale)))
        from_page = Sample("click in Chromium → the script sees it", script.delays(asked + clicked)[len(asked) :])
    rows = [from_rest.row(), from_page.row(from_rest), answered.row(from_rest), yardstick.row(from_rest)]
    show("An override (aim: under 100 ms at the median; ratio: to REST)", HEAD, rows)


class _Script:
    """One that prints when it sees a change."""

    def __init__(self, product: Product) -> None:
        self._product = product
        body = {"script": {"script_type": "embedded", "script_body": SCRIPT}}
        self._id = product.http.post("procedures/", json=body).raise_for_status().json()["id"]
        product.wait_for_state(self._id, "READY")
        product.http.put(f"procedures/{self._id}/", json={"state": "RUNNING"}).raise_for_status()
        wait_until(self._lines, what="the script")

    def delays(self, asked: list[float]) -> list[float]:
        """Seconds from each of the moments at which somebody asked until it saw the change."""
        seen = wait_until(lambda: self._seen(len(asked)), what=f"{len(asked)} changes", timeout_s=30)
        return [at - begun for at, begun in zip(seen, asked, strict=True)]

    def close(self) -> None:
        """Stop it."""
        self._product.http.put(f"procedures/{self._id}/", json={"state": "STOPPED", "abort": False, "grace": 0})

    def _seen(self, count: int) -> list[float] | None:
        times = [json.loads(line) for line in self._lines()[1:]]
        return times if len(times) == count else None

    def _lines(self) -> list[str]:
        return self._product.http.get(f"procedures/{self._id}/output/").raise_for_status().text.splitlines()


def _through_rest(product: Product, rounds: int) -> tuple[Sample, list[float]]:
    asked: list[float] = []
    answered = Sample("REST request → its answer")
    for number in range(rounds):
        asked.append(time.time())
        product.http.put(f"overrides/{NAME}/", json={"value": number % 2 == 0}).raise_for_status()
        answered.seconds.append(time.time() - asked[-1])
        time.sleep(0.02)  # each change is to be seen by itself
    return answered, asked


def _on_the_page(page: Page, rounds: int) -> list[float]:
    """Switch it on and off by its button; when each click was made."""
    page.goto("/overrides/")
    page.evaluate(WATCH)
    for number in range(rounds):
        page.get_by_role("button", name=f"Switch {NAME.replace('_', ' ')} {'off' if number % 2 else 'on'}").click()
    page.get_by_role("button", name=f"Switch {NAME.replace('_', ' ')} {'off' if rounds % 2 else 'on'}").wait_for()
    clicked: list[float] = page.evaluate("() => window.clicked")
    assert len(clicked) == rounds
    return clicked
