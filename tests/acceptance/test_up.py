"""`manage.py up`, started as people start it."""

import contextlib
import os
import re
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from oet.processes import all_processes, command_line, environment_value, process_tree
from tests.product import ADMIN_PASSWORD, PROJECT_DIR, Product, lay_database, start, started_product
from tests.waiting import wait_until

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(240)]

PROGRAMS = ("web", "processmanager", "worker")
NAMES = {"web": "web", "processmanager": "manager", "worker": "worker"}
OBSERVATION = f"file://{PROJECT_DIR / 'examples' / 'observation.py'}"


@contextmanager
def up(folder: Path, *, is_first: bool = False, **variables: str) -> Iterator[Product]:
    """An `up` that may not be ready yet, ended when the block is left."""
    if not is_first:
        lay_database(folder)
    product = start(folder, **variables)
    try:
        yield product
    finally:
        product.end()


def processes_of(home: Path) -> dict[int, str]:
    """Every living process that works on that home, by pid."""
    return {
        process.pid: command_line(process.pid)
        for process in all_processes().values()
        if not process.is_dead
        and (environment_value(process.pid, "OET_HOME") == str(home) or str(home) in command_line(process.pid))
    }


def program_of(product: Product, name: str) -> int | None:
    """The pid of the `manage.py <name>` below `up`."""
    tree = process_tree(product.process.pid)
    return next((p.pid for p in tree if f"manage.py {name}" in command_line(p.pid) and not p.is_dead), None)


def running_program(product: Product, name: str) -> int:
    """Its pid, as soon as it runs."""
    return wait_until(lambda: program_of(product, name), what=name)


def programs_of(product: Product) -> list[str]:
    """Command lines of the living `manage.py` of its home."""
    return [line for line in processes_of(product.home).values() if "manage.py" in line]


def wait_until_programs_are_gone(product: Product) -> None:
    wait_until(lambda: not programs_of(product), what="the end of web, manager and worker", timeout_s=60)


def start_observation(product: Product, duration_s: float = 120) -> int:
    """Prepare and start the example; its id, when it runs."""
    script = {"script_type": "filesystem", "script_uri": OBSERVATION}
    procedure_id = int(product.http.post("procedures/", json={"script": script}).raise_for_status().json()["id"])
    product.wait_for_state(procedure_id, "READY")
    run = {"state": "RUNNING", "script_args": {"main": {"kwargs": {"duration_s": duration_s}}}}
    product.http.put(f"procedures/{procedure_id}/", json=run).raise_for_status()
    product.wait_for_state(procedure_id, "RUNNING")
    return procedure_id


def recorded_state(home: Path, procedure_id: int) -> str:
    with sqlite3.connect(home / "oet.sqlite3") as database:
        return str(
            database.execute("SELECT state FROM procedures_procedure WHERE id = ?", [procedure_id]).fetchone()[0]
        )


def test_a_first_start_prints_url_and_password_once_and_sigterm_leaves_scripts_running_for_the_next(
    tmp_path: Path,
) -> None:
    with up(tmp_path, is_first=True, OET_ADMIN_PASSWORD="") as product:
        url = product.wait_until_ready()
        with httpx.Client(timeout=10) as anybody:
            assert anybody.get(url, follow_redirects=True).status_code == httpx.codes.OK
        wait_until(lambda: "with password: " in product.log(), what="the password")
        password = re.findall(r"with password: (\S+)", product.log())[0]
        with product.client(password=password) as product.http:
            running = start_observation(product)
        assert product.end(signal.SIGTERM) == 0
        assert recorded_state(product.home, running) == "RUNNING"
        assert programs_of(product) == []
    with up(tmp_path) as successor:
        wait_until(lambda: successor.log().count("OET is ready") == 2, what="the second start", timeout_s=60)
        assert successor.end(signal.SIGINT) == 0
    assert recorded_state(product.home, running) == "STOPPED"
    log = product.log()
    assert log.count(password) == 1
    assert log.count("first start") == 1


def test_password_from_the_environment_works_and_is_never_printed(product: Product) -> None:
    with product.client(password=ADMIN_PASSWORD) as client:
        assert client.get("procedures/").status_code == httpx.codes.OK
    assert ADMIN_PASSWORD not in product.log()


def test_processes_do_not_see_the_password_of_the_administrator(product: Product) -> None:
    for program in PROGRAMS:
        pid = running_program(product, program)
        assert environment_value(pid, "OET_ADMIN_PASSWORD") is None


@pytest.mark.both_databases
@pytest.mark.parametrize("program", PROGRAMS)
def test_what_is_killed_is_started_again_and_that_is_said(program: str, product: Product) -> None:
    killed = running_program(product, program)
    os.kill(killed, signal.SIGKILL)
    said = f"{NAMES[program]} (pid {killed}) was killed by SIGKILL"
    wait_until(lambda: said in product.log(), what=said)
    fresh = running_program(product, program)
    assert fresh != killed
    start_observation(product, duration_s=0.1)


def test_clients_wait_while_the_web_process_is_started_again(product: Product) -> None:
    killed = running_program(product, "web")
    os.kill(killed, signal.SIGKILL)
    wait_until(lambda: program_of(product, "web") != killed, what="the end of web")
    with product.client() as client:
        assert client.get("procedures/").status_code == httpx.codes.OK


def test_the_next_up_takes_over_after_up_was_killed_and_ctrl_c_leaves_nothing(product: Product, tmp_path: Path) -> None:
    with started_product(tmp_path) as first:
        assert first.url != product.url
        running = start_observation(first)
        assert len(first.http.get("procedures/").json()) == 1  # two copies know nothing of each other
        first.process.kill()
        first.process.wait()
        wait_until_programs_are_gone(first)
    with up(tmp_path) as successor:
        wait_until(lambda: successor.log().count("OET is ready") == 2, what="the second start", timeout_s=60)
        successor.url = re.findall(r"OET is ready: (\S+)", successor.log())[1]
        with successor.client() as successor.http:
            assert successor.wait_for_state(running, "RUNNING")
        assert successor.end(signal.SIGINT) == 0
        assert processes_of(successor.home) == {}
        assert recorded_state(successor.home, running) == "STOPPED"


def test_the_launcher_of_an_up_that_was_killed_ends_when_it_is_asked(tmp_path: Path) -> None:
    with up(tmp_path) as product:
        product.wait_until_ready()
        product.process.kill()
        product.process.wait()
        wait_until_programs_are_gone(product)
        for pid in processes_of(product.home):  # the launcher, which waits for the next manager
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
        wait_until(lambda: not processes_of(product.home), what="the end of the launcher")


def test_a_second_up_on_the_same_home_is_refused(product: Product) -> None:
    folder = product.home.parent
    second = start(folder, log_name="second.log")
    assert second.process.wait(60) == 1
    assert f"in use by another `up` (pid {product.process.pid})" in second.log()


def test_a_port_that_is_taken_is_named_before_anything_is_started(product: Product, tmp_path: Path) -> None:
    port = str(httpx.URL(product.url).port)
    second = start(tmp_path, OET_PORT=port)
    assert second.process.wait(60) == 1
    assert f"OET_PORT={port}: something listens on 127.0.0.1:{port} already" in second.log()
    assert not (tmp_path / "home" / "oet.sqlite3").exists()


def test_everything_that_is_wrong_with_the_settings_is_said_at_once(tmp_path: Path) -> None:
    product = start(
        tmp_path, OET_HOME="/proc/nowhere", OET_PYTHON="/nowhere/python", OET_SCRIPT_ROOTS="/nowhere/scripts"
    )
    assert product.process.wait(60) == 1
    for variable in ("OET_HOME", "OET_PYTHON", "OET_SCRIPT_ROOTS"):
        assert f"  {variable}" in product.log()
    assert "Traceback" not in product.log()
