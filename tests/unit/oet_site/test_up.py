import os
import signal
import socket
import sys
from pathlib import Path
from typing import Any

import pytest

from oet_site.configuration import Configuration, InvalidConfiguration
from oet_site.up.backoff import FIRST_S, LIVED_S, LONGEST_S, Backoff
from oet_site.up.child import end_in_words
from oet_site.up.console import Console
from oet_site.up.instance import AlreadyUp, only_one
from oet_site.up.listening import CannotListen, listen, url_of
from oet_site.up.problems import require_possible, unknown_variables


def test_pauses_double_up_to_the_longest() -> None:
    backoff = Backoff()
    pauses = [backoff.pause_s(lived_s=0) for _ in range(20)]
    assert pauses[:3] == [FIRST_S, 2 * FIRST_S, 4 * FIRST_S]
    assert pauses[-1] == LONGEST_S


def test_pauses_begin_anew_after_it_had_lived_a_while() -> None:
    backoff = Backoff()
    for _ in range(5):
        backoff.pause_s(lived_s=0)
    assert backoff.pause_s(lived_s=LIVED_S) == FIRST_S


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (-signal.SIGSEGV, "was killed by SIGSEGV (a segmentation fault"),
        (3, "ended with exit status 3"),
        (0, "ended although nobody asked it to"),
    ],
)
def test_ends_are_said_in_words(status: int, words: str) -> None:
    assert end_in_words(status).startswith(words)


def test_lines_carry_the_name_of_who_says_them() -> None:
    reading, writing = os.pipe()
    console = Console(["web", "manager"], writing)
    console.line("web", "hello")
    console.say("one\ntwo")
    os.close(writing)
    with open(reading) as printed:  # noqa: PTH123 - a descriptor
        assert printed.read() == "web     | hello\nup      | one\nup      | two\n"


def test_a_console_that_nobody_reads_does_no_harm() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    Console(["web"], writing).say("hello")
    os.close(writing)


def test_only_one_up_holds_a_home(tmp_path: Path) -> None:
    with (
        only_one(tmp_path),
        pytest.raises(AlreadyUp, match=f"in use by another `up` .pid {os.getpid()}."),
        only_one(tmp_path),
    ):
        pass
    with only_one(tmp_path):
        pass


def test_port_zero_takes_a_free_one_and_names_it() -> None:
    with listen("127.0.0.1", 0) as opened:
        port = opened.getsockname()[1]
        assert url_of(opened) == f"http://127.0.0.1:{port}/"
        with socket.create_connection(("127.0.0.1", port), timeout=5):
            pass


def test_taken_port_is_refused_with_a_remedy() -> None:
    with listen("127.0.0.1", 0) as opened:
        port = opened.getsockname()[1]
        with pytest.raises(
            CannotListen, match=f"OET_PORT={port}: something listens on 127.0.0.1:{port} already; choose another"
        ):
            listen("127.0.0.1", port)


def test_address_of_another_machine_is_refused() -> None:
    with pytest.raises(CannotListen, match=r"OET_BIND=192\.0\.2\.1: this machine has no such address"):
        listen("192.0.2.1", 0)


def test_url_of_all_addresses_is_one_that_a_browser_can_open() -> None:
    with listen("0.0.0.0", 0) as opened:
        assert url_of(opened).startswith("http://127.0.0.1:")


def test_everything_that_hinders_a_start_is_found_at_once(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    configuration = Configuration(
        home=tmp_path / "file" / "home", python=tmp_path / "python", script_roots=f"{tmp_path}:{tmp_path / 'nowhere'}"
    )
    with pytest.raises(InvalidConfiguration) as raised:
        require_possible(configuration, "up")
    assert [problem.partition("=")[0].partition(":")[0] for problem in raised.value.problems] == [
        "OET_HOME",
        "OET_PYTHON",
        "OET_SCRIPT_ROOTS",
    ]


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("abort_script", "abort.py", "there is no such file"),
        ("abort_script", "file://{root}/nowhere.py", "there is no such file"),
        ("abort_script", "file://{elsewhere}/abort.py", "lies below no folder of OET_SCRIPT_ROOTS"),
        ("abort_script", "file://{root}/an%20abort.py", ""),
        ("abort_script", "{root}/an abort.py", ""),
        ("env_constraints", "{root}/nowhere.txt", "there is no such file"),
        ("python", "/bin/true", "does not answer as a Python does"),
        ("python", "{root}/python", "scripts need 3.9 or later"),
        ("python", sys.executable, ""),
        ("resources", "subarray_{subarray id}", "has braces that hold no name of an argument"),
        ("CELERY_BROKER_URL", "rabbit://oet:secret@broker", "is no broker that Celery knows"),
        ("CELERY_BROKER_URL", "broker", "is no broker that Celery knows"),
        ("CELERY_BROKER_URL", "redis://oet:secret@broker", ""),
    ],
)
def test_what_would_only_fail_later_is_said_at_the_start(tmp_path: Path, name: str, value: str, problem: str) -> None:
    for folder, script in (("root", "an abort.py"), ("elsewhere", "abort.py")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / script).touch()
    old = tmp_path / "root" / "python"
    old.write_text("#!/bin/sh\nprintf 'cpython\\n3.8.20\\n/usr/bin/python3.8\\n'\n")
    old.chmod(0o755)
    if name != "resources":  # which has braces of its own
        value = value.format(root=tmp_path / "root", elsewhere=tmp_path / "elsewhere")
    settings: dict[str, Any] = {name: value}
    configuration = Configuration(home=tmp_path, script_roots=str(tmp_path / "root"), **settings)
    found: list[str] = []
    try:
        require_possible(configuration, "up")
    except InvalidConfiguration as invalid:
        found = invalid.problems
    assert (len(found) == 1 and problem in found[0]) if problem else not found
    assert "secret" not in "".join(found)


def test_a_manager_starts_without_the_folders_of_scripts(tmp_path: Path) -> None:
    require_possible(Configuration(home=tmp_path, script_roots=str(tmp_path / "nowhere")), "processmanager")


def test_misspelt_settings_are_pointed_out() -> None:
    names = ("OET_PROT", "OET_PORT", "PORT", "OET_TEST_X", "OET_URL", "OET_TOKEN")
    assert unknown_variables(dict.fromkeys(names, "1")) == [
        "OET_PROT is no setting of OET and has no effect; OET_PORT is one."
    ]
