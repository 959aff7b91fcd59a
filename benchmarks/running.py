"""A running OET to measure: the product itself, in a folder of its own, and what programs do with it."""

import json
import logging
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import django
import httpx
from django.apps import apps

from tests.product import Product, started_product

TRIVIAL = "def init(): pass\ndef main(): pass\n"


@contextmanager
def running_product(**variables: str) -> Iterator[Product]:
    """OET, ready; and Django in this process set up for the same home."""
    with tempfile.TemporaryDirectory(prefix="oet-bench-") as folder:
        (Path(folder) / "trivial.py").write_text(TRIVIAL)
        with started_product(Path(folder), OET_RESOURCES="", **variables) as product:
            os.environ.update({"OET_HOME": str(product.home), "DJANGO_SETTINGS_MODULE": "oet_site.settings"})
            os.environ.update(variables)
            if not apps.ready:
                django.setup()
                logging.getLogger("httpx").setLevel(logging.WARNING)  # a line for each request is none of the figures
            yield product


def script_json(product: Product, name: str = "trivial.py") -> dict[str, Any]:
    """The script of that name in the product's folder."""
    return {"script_type": "filesystem", "script_uri": f"file://{product.home.parent / name}"}


class Follower:
    """Follows procedures by Server-Sent Events, as a program would."""

    def __init__(self, product: Product) -> None:
        self._client = product.client()
        self._client.timeout = httpx.Timeout(30)
        self._stream = self._client.stream("GET", "stream", headers={"Accept": "text/event-stream"})
        self._lines = self._stream.__enter__().iter_lines()
        self._states: dict[int, list[str]] = {}
        next(self._lines)  # the server has begun to follow

    def wait_for(self, procedure_id: int, *states: str) -> str:
        """Return when the procedure has reached one of `states`."""
        while True:
            seen = self._states.setdefault(procedure_id, [])
            for state in seen:
                if state in states:
                    seen.clear()
                    return state
            self._read_on()

    def forget(self, procedure_id: int) -> None:
        """The procedure is of no further interest."""
        self._states.pop(procedure_id, None)

    def close(self) -> None:
        """Follow no longer."""
        self._stream.__exit__(None, None, None)
        self._client.close()

    def _read_on(self) -> None:
        for line in self._lines:
            if not line.startswith("data:"):
                continue
            event = json.loads(line[5:])
            if event.get("topic") == "procedure.lifecycle.statechange":
                self._states.setdefault(event["procedure"], []).append(event["payload"]["state"])
                return
