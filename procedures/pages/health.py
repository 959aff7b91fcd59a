"""Is everything there? What the site is made of, each with its state and what to do where it is missing."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.http import require_safe

from oet_site import worker_sign
from procedures.pages.page import Page, page_view
from procedures.words import age, took

_DATABASES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


@dataclass(frozen=True)
class Check:
    """One part of the site."""

    name: str
    is_well: bool
    value: str
    """How old, how fast, or what is missing, in a word or two."""
    remark: str = ""
    """What follows from it, and what to do."""
    key: str = ""
    """By which the page finds it, where the browser knows better."""


@require_safe
@page_view
def show(request: HttpRequest) -> HttpResponseBase:
    """The panel as a page of its own."""
    page = Page.of(request)
    return page.render("procedures/health.html", here="health", checks=checks(page), nodes=page.nodes)


def checks(page: Page) -> list[Check]:
    """Everything that has to be there."""
    return [
        Check("Web and live link", is_well=True, value="answers", key="link"),
        *_of_nodes(page.nodes),
        _worker(),
        _database(),
        _abort_script(),
    ]


def _of_nodes(nodes: Sequence[Mapping[str, Any]]) -> list[Check]:
    if not nodes:
        return [Check("Manager", is_well=False, value="none", remark=f"{_NO_MANAGER} Start it: make up.")]
    found = []
    for node in nodes:
        where = f" on {node['name']}" if len(nodes) > 1 else ""
        found += [_manager(node, where), _launcher(node, where)]
    return found


_NO_MANAGER = "Nothing can be prepared, started or stopped."


def _manager(node: Mapping[str, Any], where: str) -> Check:
    name, heard = f"Manager{where}", f"{age(node['heartbeat_age_s'])} ago"
    if not node["is_alive"]:
        return Check(name, is_well=False, value=heard, remark=f"It is silent. {_NO_MANAGER} Start it: make up.")
    remarks = ["It takes no new starts: draining."] if node["condition"].get("draining") else []
    remarks += [f"{problem}." for problem in node["problems"]]
    return Check(name, is_well=not remarks, value=heard, remark=" ".join(remarks))


def _launcher(node: Mapping[str, Any], where: str) -> Check:
    name = f"Launcher{where}"
    if not node["is_alive"]:
        return Check(
            name, is_well=False, value="not known", remark="Only the manager can say. Scripts run on without it."
        )
    if node["condition"].get("launchers"):
        return Check(name, is_well=True, value="warm", remark="A script is ready milliseconds after it is asked for.")
    return Check(name, is_well=True, value="none yet", remark="It starts with the first script.")


def _worker() -> Check:
    name, seen_s = "Worker for environments", worker_sign.age_s()
    if seen_s is not None and seen_s <= worker_sign.MISSED_AFTER_S:
        return Check(name, is_well=True, value=f"{age(seen_s)} ago")
    value = "never seen" if seen_s is None else f"{age(seen_s)} ago"
    remark = (
        f"There is none on {settings.OET.node}: environments of git scripts are not built there. Start it: make up."
    )
    return Check(name, is_well=False, value=value, remark=remark)


def _database() -> Check:
    began = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    taken = time.perf_counter() - began
    value = f"{taken * 1000:.1f} ms" if taken < 0.01 else took(taken)
    return Check(f"Database, {_DATABASES.get(connection.vendor, connection.vendor)}", is_well=True, value=value)


def _abort_script() -> Check:
    uri = settings.OET.abort_script
    if not uri:
        remark = "Stop works, Abort will be refused. Set OET_ABORT_SCRIPT before observing."
        return Check("Abort script", is_well=False, value="not set", remark=remark)
    path = unquote(uri.removeprefix("file://"))
    if not Path(path).is_file():
        return Check(
            "Abort script", is_well=False, value="missing", remark=f"There is no file {path}: every abort will fail."
        )
    return Check("Abort script", is_well=True, value="set", remark=path)
