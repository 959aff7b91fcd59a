"""Scripts that spoil their own run directory, by whatever accident: they harm no other, and their end is recorded."""

import logging
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from oet import rundir
from procedures.domain.states import FINAL
from procedures.domain.states import ProcedureState as S
from procedures.models import Procedure
from tests.integration.procedures.manager.station import Station, check_history, history, output, wait_until_gone

pytestmark = pytest.mark.django_db(transaction=True)

SPOILS = """
import os, shutil, json
def main(how):
    os.chdir("..")
    print("here", flush=True)
    if how == "gone":
        shutil.rmtree(os.getcwd())
    elif how == "cut":
        os.truncate("journal", 1)
    elif how in ("pipe", "folder"):
        os.remove("journal")
        os.mkfifo("journal") if how == "pipe" else os.mkdir("journal")
    else:
        with open("journal", "ab") as file:
            file.write(how.encode() + b"\\\\n")
"""
ODD = [
    '{"seq": Infinity, "time": 1, "topic": "event", "payload": {}}',
    '{"seq": 1, "time": 1e17, "topic": "progress", "payload": {"fraction": 0.5, "message": "x"}}',
    '{"seq": 1, "time": 253402300000, "topic": "question", "payload": {"number": 1, "state": "asked", "text": "?", "choices": [], '
    '"timeout_s": 1e8}}',
    '{"seq": 1, "time": 1, "topic": "raised", "payload": [1]}',
    '{"seq": 1, "time": 1, "topic": "raised", "payload": {"type": "E", "stacktrace": "T", "chain": [1], "exit_code": "3"}}',
    '{"seq": 1, "time": 1, "topic": "loaded", "payload": {"functions": [1, {"name": null}]}}',
    '{"seq": 1, "time": 1, "topic": "loaded", "payload": {"functions": [{"name": "main", "parameters": "x"}]}}',
    '{"seq": 1, "time": 1, "topic": "event", "payload": {"topic": "a", "payload": ' + "[" * 400 + "]" * 400 + "}}",
    '{"seq": 1, "time": 1, "topic": "attachment", "payload": {"name": "a", "media_type": [], "data": "AA==", "count": 1e400}}',
    "x" * 3_000_000,
    "}{\\\\n" * 20_000,
]


@pytest.mark.parametrize("how", ["gone", "pipe", "folder", "cut"])
def test_a_script_that_spoils_its_run_directory_ends_and_says_why(
    station: Station, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("procedures.manager.losses._LOOK_S", 0.1)
    with station.manager():
        procedure_id = station.ready(SPOILS)
        station.start(procedure_id, "main", how)
        procedure = station.wait_for(procedure_id, S.FAILED)
        station.wait_for(station.ready("def main(): pass"), S.READY)
    assert "its journal cannot be read" in procedure.cause or how == "gone"
    assert "its run directory was gone before" in procedure.cause or how != "gone"
    check_history(procedure_id)


def test_whatever_a_script_writes_into_its_journal_it_is_completed_and_its_page_is_shown(
    station: Station, users: Any, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    with station.manager():
        procedure_id = station.ready(SPOILS)
        station.answer(station.start(procedure_id, "main", "\n".join(ODD)))
        station.wait_for(procedure_id, S.COMPLETE)
    assert output(procedure_id) == b"here\n"
    check_history(procedure_id)
    assert "Traceback" not in caplog.text
    assert sum("is not as documented" in line for line in caplog.text.splitlines()) < 100
    client.force_login(users.viewer)
    assert client.get(f"/procedures/{procedure_id}/").status_code == 200


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo], ids=["folder", "pipe"])
def test_a_journal_that_cannot_be_read_keeps_nobody_from_being_taken_over(
    station: Station, make: Callable[[Path], None]
) -> None:
    with station.manager(stop_scripts=False):
        spoilt, other = station.ready("def main(): pass"), station.ready("def main(): pass")
    journal = station.run_dir / "procedures" / str(spoilt) / rundir.JOURNAL
    journal.unlink()
    make(journal)
    with station.manager():
        station.answer(station.start(other))
        station.wait_for(other, S.COMPLETE)
        assert Procedure.objects.get(pk=spoilt).state == S.READY
        assert station.answer(station.stop(spoilt, 0)).state == "done"
    assert history(spoilt)[-1] == S.STOPPED


def test_a_run_directory_of_a_final_procedure_with_a_damaged_exit_report_keeps_no_manager_from_working(
    station: Station,
) -> None:
    with station.manager():
        procedure_id = station.ready("def main(): pass")
        folder = station.run_dir / "procedures" / str(procedure_id)
        shutil.copytree(folder, station.home / "kept", ignore=shutil.ignore_patterns(rundir.CONTROL))
        pid = Procedure.objects.get(pk=procedure_id).pid or 0
        station.answer(station.stop(procedure_id, 0))
        wait_until_gone(pid)
    assert Procedure.objects.get(pk=procedure_id).state in FINAL
    shutil.copytree(station.home / "kept", folder)
    (folder / rundir.EXIT).write_text("{")
    with station.manager():
        station.ready("def main(): pass")


def test_a_procedure_that_says_of_itself_that_it_runs_is_taken_over(station: Station) -> None:
    with station.manager(stop_scripts=False):
        procedure_id = station.ready("def main(): pass")
        journal = station.run_dir / "procedures" / str(procedure_id) / rundir.JOURNAL
        with journal.open("a") as file:
            file.write('{"seq": 99, "time": 1, "topic": "began", "payload": {"function": "main"}}\n')
        station.wait_for(procedure_id, S.RUNNING)
    with station.manager():
        assert station.answer(station.stop(procedure_id, 0)).state == "done"
    assert history(procedure_id)[-1] == S.STOPPED
