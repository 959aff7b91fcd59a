"""Pages: from a commit to the paint in a real Chromium, what a page costs the server among a million procedures, and what is sent.

`--scale 0.1` does it with a hundred thousand procedures and fewer rounds. Takes minutes and gigabytes of disk.
"""

import argparse
import gzip
import os
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from playwright.sync_api import Page, sync_playwright

from benchmarks.figures import HEAD, Sample, show, timed
from benchmarks.running import running_product
from tests.needs import chromium
from tests.product import ADMIN_PASSWORD, Product

PROCEDURES = 1_000_000
ROUNDS = 200
LOADS = 11
SERVER_ROUNDS = 9
OUTPUT_BYTES = 1 << 30
KEPT_BYTES = 256 << 20
CHUNK_BYTES = 256 << 10
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-dev-shm-usage"]

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
        _log_in(page)
        painted = _painted(page, max(20, int(ROUNDS * scale)))
        loads = [_first_paint(page, "Now", "/"), _first_paint(page, "History", "/history/")]
        large = _DATABASE.submit(_large_output, scale).result()
        loads.append(
            _first_paint(
                page, f"a procedure with {OUTPUT_BYTES * scale / 1e9:.2g} GB of output", f"/procedures/{large}/"
            )
        )
        show("Event committed → painted in Chromium (aim: p99 under 100 ms)", HEAD, [painted.row()])
        show(
            "Navigation → first contentful paint, running product (aim: under 300 ms)",
            HEAD,
            [one.row() for one in loads],
        )
        show(
            "JavaScript of a first load (aim: under 150 kB compressed)",
            ["page", "files", "sent", "gzip", "raw"],
            _weights(page, product, large),
        )
        browser.close()
    _million(scale)


def _log_in(page: Page) -> None:
    page.goto("/login/")
    page.get_by_label("Name").fill("admin")
    page.get_by_label("Password").fill(ADMIN_PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url("**/")


def _painted(page: Page, rounds: int) -> Sample:
    """A running procedure says one line after the other; each is waited for."""
    number = _DATABASE.submit(_procedure, "RUNNING").result()
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


def _procedure(*states: str) -> int:
    """A procedure of a node that does not exist, so that no manager minds."""
    from procedures.domain.states import ProcedureState
    from procedures.models import Procedure
    from procedures.moves import Move
    from procedures.recorder import recording

    now = datetime.now(UTC)
    made = Procedure(
        script_type="filesystem",
        script_uri="file:///srv/talks.py",
        script_name="talks.py",
        node="elsewhere",
        state_at=now,
        created_at=now,
    )
    with recording() as record:
        record.create(made, {})
        for state in ("IDLE", "LOADING", "IDLE", "READY", *states):
            record.move(made.pk, Move(ProcedureState(state), datetime.now(UTC)))
    return int(made.pk)


def _first_paint(page: Page, name: str, address: str) -> Sample:
    sample = Sample(name)
    for _ in range(LOADS):
        page.goto(address)
        page.wait_for_function(FIRST_PAINT)
        sample.seconds.append(float(page.evaluate(FIRST_PAINT)) / 1000)
    return sample


def _large_output(scale: float) -> int:
    """A procedure whose script has printed a gigabyte, of which head and tail are kept as the manager keeps them; its number."""
    from oet.output import STDOUT, Frame, encode_frame
    from procedures.models import OutputChunk, Procedure

    number = _procedure("RUNNING", "READY", "COMPLETE")
    text = b"".join(b"scan %07d of 14: 60 s, 62 antennas, all is well\n" % n for n in range(CHUNK_BYTES // 49))[:65_000]
    text = text[: text.rindex(b"\n") + 1]
    lines, frames = text.count(b"\n"), CHUNK_BYTES // len(text)
    total, kept = int(OUTPUT_BYTES * scale), int(KEPT_BYTES * scale)
    size = frames * len(text)
    count = total // size
    half = kept // 2 // size
    chunks = []
    for place in [*range(half), *range(count - half, count)]:
        data = b"".join(
            encode_frame(
                Frame(0, 1.7e9 + place, STDOUT, place * size + n * len(text), (place * frames + n) * lines, text)
            )
            for n in range(frames)
        )
        chunks.append(
            OutputChunk(
                procedure_id=number,
                offset=place * size,
                first_line=place * frames * lines,
                at=datetime.fromtimestamp(1.7e9 + place, UTC),
                size=size,
                lines=frames * lines,
                is_compressed=True,
                frames=zlib.compress(data, 1),
            )
        )
    OutputChunk.objects.bulk_create(chunks, batch_size=50)
    Procedure.objects.filter(pk=number).update(
        output_bytes=count * size, output_lines=count * frames * lines, last_line="all is well"
    )
    return number


def _weights(page: Page, product: Product, large: int) -> list[list[str]]:
    """What a browser that has nothing in its cache gets."""
    rows = []
    for name, address in (
        ("Now", "/"),
        ("a procedure", f"/procedures/{large}/"),
        ("Prepare", "/prepare/"),
        ("History", "/history/"),
    ):
        fresh = page.context.browser.new_context(base_url=product.url)  # type: ignore[union-attr] # it has one
        window = fresh.new_page()
        _log_in(window)
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


def _million(scale: float) -> None:
    """Server time of the pages, on each database, in a process of its own: settings are read once."""
    from tests.postgres import server

    for name in ("SQLite", "PostgreSQL"):
        with ExitStack() as stack:
            home = stack.enter_context(tempfile.TemporaryDirectory(prefix="oet-bench-pages-"))
            variables = {"OET_HOME": home, "DJANGO_SETTINGS_MODULE": "oet_site.settings", "DATABASE_URL": ""}
            if name == "PostgreSQL":
                variables["DATABASE_URL"] = stack.enter_context(server())
            command = [sys.executable, "-m", "benchmarks.pages", name, str(int(PROCEDURES * scale))]
            subprocess.run(command, cwd=Path(__file__).parent.parent, env={**os.environ, **variables}, check=True)


def measure(name: str, procedures: int) -> None:
    """Fill the database of this process and print the table."""
    import django

    django.setup()
    from django.contrib.auth.models import Group, User
    from django.core.management import call_command
    from django.test import Client

    from benchmarks.admin import SECONDS_BETWEEN, fill

    call_command("migrate", verbosity=0)
    end = datetime.now(UTC)
    filled = timed("fill", 1, lambda: fill(procedures, end - timedelta(seconds=SECONDS_BETWEEN * procedures)))
    print(f"\n{name}: {procedures} procedures made in {filled.median:.0f} s", flush=True)
    operator = User.objects.create_user("bench")
    operator.groups.add(Group.objects.get(name="operator"))
    client = Client(headers={"host": "localhost"})
    client.force_login(operator)

    def get(path: str) -> Any:
        response = client.get(path)
        assert response.status_code == 200, (path, response.status_code)
        return response

    get("/"), get("/history/")  # compiles templates
    rows = [_row(words, partial(get, path)) for words, path in _pages(procedures, end).items()]
    title = f"server time of pages on {name}, {procedures} procedures (aim: under 300 ms; processor time tells it on a busy machine)"
    show(title, [*HEAD[:-1], "processor"], rows)


def _row(words: str, load: Callable[[], object]) -> list[str]:
    """What a page takes, and how much of that this process worked; a database server works beside it."""
    begin = time.process_time()
    sample = timed(words, SERVER_ROUNDS, load)
    worked = (time.process_time() - begin) / SERVER_ROUNDS
    return [*sample.row()[:-1], f"{worked * 1000:.2f} ms"]


def _pages(procedures: int, end: datetime) -> dict[str, str]:
    """Searches of each kind: frequent and rare words, beginnings that fit nearly everything, and words together with a state or a time."""
    day = f"{end - timedelta(days=2):%Y-%m-%d}"

    def found(line: str, **more: object) -> str:
        return f"/history/?{urlencode({'q': line, 'night': day, **more})}"

    return {
        "Now": "/",
        "a procedure": f"/procedures/{procedures // 2}/",
        "History, newest, with a night of 720 procedures": f"/history/?night={day}",
        "History, deep in the middle": found("", before=procedures // 2),
        "a word of every procedure": found("main"),
        "a beginning of every procedure's script": found("script:observe"),
        "a word of 8 %": found("timeouterror"),
        "a word of one": found("quench"),
        "an argument and a person": found("subarray_id=2 by:user3"),
        "state FAILED": found("state:failed"),
        "states that 14 % are in": found("state:failed,stopped,unknown"),
        "a word of every procedure, state UNKNOWN (3)": found("main state:unknown"),
        "a word of 8 %, state COMPLETE (none)": found("timeouterror state:complete"),
        "a word, the last 90 days": found(f"correlator since:{end - timedelta(days=90):%Y-%m-%d}"),
        "the report of a day": f"/history/{day}/",
    }


if __name__ == "__main__":
    arguments = argparse.ArgumentParser()
    arguments.add_argument("name")
    arguments.add_argument("procedures", type=int)
    chosen = arguments.parse_args()
    measure(chosen.name, chosen.procedures)
