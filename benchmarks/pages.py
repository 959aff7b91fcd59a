"""What pages, REST and admin cost the server with a million procedures, on each database; the ratio is to the same with a thousand.

Every request finds the caches of the web process empty. `first` is the first request of a fresh process, templates and all. Making the
databases takes minutes and gigabytes, once (`benchmarks/past.py`); `--scale 0.1` does it with a hundred thousand procedures.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from benchmarks import asked, past
from benchmarks.figures import Sample, show, timed

if TYPE_CHECKING:
    from django.test import Client

PROCEDURES = 1_000_000
FEW = 1_000
ROUNDS = 9
FIRST_ROUNDS = 3
AIM_S = 0.3
EXPORTED = 50_000
HEAD = ["what", "rounds", "median", "p99", "processor", "ratio", "first"]


@dataclass(frozen=True)
class Load:
    """How long it took to answer one address, in seconds."""

    took: list[float]
    processor_s: float
    """What this process worked for an answer; a database server works beside it."""
    first: list[float]
    """As the first request of a process."""


Loads = dict[str, dict[str, Load]]
"""By title of the table and by name."""


def main(scale: float = 1.0) -> None:
    """Print the tables of both databases, and what is slower than it should be."""
    for name in ("SQLite", "PostgreSQL"):
        few = _measured(name, FEW)
        many = _measured(name, max(FEW, int(PROCEDURES * scale)))
        for title, loads in many.items():
            show(
                f"{title} on {name}, server time (aim: under {AIM_S * 1000:.0f} ms)",
                HEAD,
                [_row(words, load, few[title][words]) for words, load in loads.items()],
            )
        _show_slow(name, [(words, load) for loads in many.values() for words, load in loads.items()])


def _show_slow(name: str, loads: list[tuple[str, Load]]) -> None:
    """What misses the aim; on a busy machine processor time tells more than the clock."""
    by_clock = [words for words, load in loads if Sample("", load.took).median > AIM_S]
    by_work = [words for words, load in loads if load.processor_s > AIM_S]
    print(f"\nover {AIM_S * 1000:.0f} ms on {name}, load {os.getloadavg()[0]:.1f}: {'; '.join(by_clock) or 'none'}")
    print(f"in processor time: {'; '.join(by_work) or 'none'}", flush=True)


def _row(words: str, load: Load, beside: Load) -> list[str]:
    took = Sample(words, load.took)
    first = f"{Sample('', load.first).median * 1000:.0f} ms" if load.first else ""
    return [*took.row()[:-1], f"{load.processor_s * 1000:.1f} ms", took.row(Sample("", beside.took))[-1], first]


def _measured(name: str, procedures: int) -> Loads:
    """In a process of its own: settings are read once."""
    with past.database(name, procedures) as variables, tempfile.NamedTemporaryFile() as answer:
        command = [sys.executable, "-m", "benchmarks.pages", str(procedures), answer.name]
        subprocess.run(command, cwd=past.PROJECT, env={**os.environ, **variables}, check=True)
        found = json.loads(Path(answer.name).read_text())
    return {title: {words: Load(**load) for words, load in loads.items()} for title, loads in found.items()}


# --- in that process


def measure(procedures: int) -> Loads:
    """Ask for everything, of the database of this process."""
    import oet_site.asgi  # noqa: F401 - what the web process does before its first request
    from procedures.models import Procedure

    newest = Procedure.objects.get(pk=procedures)
    addresses = asked.everything(procedures, newest.created_at)
    client = _client()
    first = {
        words: [_first(client, path) for _ in range(FIRST_ROUNDS)]
        for paths in addresses.values()
        for words, path in paths.items()
        if words in asked.FIRST
    }
    loads = {
        title: {words: _load(client, path, first.get(words, [])) for words, path in paths.items()}
        for title, paths in addresses.items()
    }
    if procedures > FEW:
        rows = list(_exports(client))
        show("exports of the admin", ["what", "rows", "first byte", "whole", "peak memory grew by"], rows)
    return loads


def _client() -> "Client":
    from django.contrib.auth.models import User
    from django.test import Client

    client = Client(headers={"host": "localhost"})
    client.force_login(User.objects.get(username="bench"))
    return client


def _load(client: "Client", path: str, first: list[float]) -> Load:
    from django.core.cache import cache

    _get(client, path)  # compiles templates
    sample = Sample(path)
    begin = time.process_time()
    for _ in range(ROUNDS):
        cache.clear()
        sample.seconds += timed("", 1, lambda: _get(client, path)).seconds
    return Load(sample.seconds, (time.process_time() - begin) / ROUNDS, first)


def _get(client: "Client", path: str) -> Any:
    response = client.get(path)
    assert response.status_code == 200, (path, response.status_code)
    return response


def _first(client: "Client", path: str) -> float:
    """Seconds that the first request of a process takes: that of a child, made before this one has answered any."""
    from django.db import connection

    connection.close()
    if hasattr(connection, "close_pool"):
        connection.close_pool()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        _in_child(writing, lambda: _get(client, path))
    os.close(writing)
    with os.fdopen(reading) as pipe:
        answer = pipe.read()
    os.waitpid(child, 0)
    assert answer, f"no first answer to {path}"
    return float(answer)


def _in_child(writing: int, action: Callable[[], object]) -> None:
    try:
        seconds = timed("", 1, action).seconds[0]
        os.write(writing, str(seconds).encode())
    finally:
        os._exit(0)


def _exports(client: "Client") -> Iterator[list[str]]:
    for words, query in {
        f"CSV, everything, {EXPORTED} rows read": "export.csv",
        f"JSON, everything, {EXPORTED} rows read": "export.json",
        "CSV, a rare word, to the end": "export.csv?q=quench",
    }.items():
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        begin = time.perf_counter()
        answer = _get(client, f"/admin/procedures/procedure/{query}")
        chunks = iter(cast("Iterator[bytes]", answer.streaming_content))
        next(chunks)
        first = time.perf_counter() - begin
        rows = 0
        for chunk in chunks:
            rows += chunk.count(b"\n")
            if rows >= EXPORTED:
                break
        whole = time.perf_counter() - begin
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory) / 1024
        yield [words, str(rows), f"{first * 1000:.1f} ms", f"{whole:.1f} s", f"{grown:.0f} MiB"]


if __name__ == "__main__":
    arguments = argparse.ArgumentParser()
    arguments.add_argument("procedures", type=int)
    arguments.add_argument("answer", type=Path)
    chosen = arguments.parse_args()
    found = measure(chosen.procedures)
    chosen.answer.write_text(
        json.dumps({title: {words: asdict(load) for words, load in loads.items()} for title, loads in found.items()})
    )
