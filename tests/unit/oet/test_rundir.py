import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from oet.rundir import Arguments, BadDocument, ExitReport, Script, Spec, read_document, write_document


def test_spec_comes_out_as_it_went_in(tmp_path: Path) -> None:
    spec = Spec(12, Script("filesystem", "/x.py"), ["/lib"], Arguments([1], {"a": None}), {"A": "b"}, "/bells", 5)
    spec.write(tmp_path)
    assert Spec.read(tmp_path) == spec
    assert [path.name for path in tmp_path.iterdir()] == ["spec.json"]


def test_spec_may_leave_out_what_has_a_default(tmp_path: Path) -> None:
    (tmp_path / "spec.json").write_text(json.dumps({"procedure": 1, "script": {"type": "embedded", "text": "x = 1"}}))
    spec = Spec.read(tmp_path)
    assert (spec.init, spec.environment, spec.bells, spec.output_limit_bytes) == (Arguments(), {}, None, 268435456)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"procedure": 1}',
        '{"procedure": 1, "script": 5}',
        '{"procedure": 1, "script": {"type": "embedded"}}',
    ],
)
def test_spec_that_makes_no_sense_is_refused_with_its_path(tmp_path: Path, text: str) -> None:
    (tmp_path / "spec.json").write_text(text)
    with pytest.raises(BadDocument, match=r"spec\.json"):
        Spec.read(tmp_path)


def test_missing_spec_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Spec.read(tmp_path)


def test_exit_report_comes_out_as_it_went_in(tmp_path: Path) -> None:
    assert ExitReport.read(tmp_path) is None
    report = ExitReport(12, 4711, None, 9, 5.0, [{"pid": 1, "command": "x"}], {"took_s": 1}, 1, 2, 3)
    report.write(tmp_path)
    assert ExitReport.read(tmp_path) == report


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo], ids=["folder", "pipe"])
def test_what_is_no_document_is_said_so_and_keeps_nobody_waiting(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / "exit.json")
    with pytest.raises((BadDocument, IsADirectoryError), match=r"exit\.json"):
        ExitReport.read(tmp_path)


def test_document_that_cannot_be_written_leaves_no_draft(tmp_path: Path) -> None:
    with pytest.raises(TypeError):
        write_document(tmp_path / "x.json", {"a": object()})
    assert list(tmp_path.iterdir()) == []


def test_document_is_replaced_at_once(tmp_path: Path) -> None:
    for number in (1, 2):
        write_document(tmp_path / "x.json", {"n": number})
        assert read_document(tmp_path / "x.json") == {"n": number}


def test_what_a_newer_manager_adds_does_not_stop_an_older_launcher(tmp_path: Path) -> None:
    Spec(procedure=7, script=Script(type="embedded", text="pass")).write(tmp_path)
    document = json.loads((tmp_path / "spec.json").read_text())
    (tmp_path / "spec.json").write_text(json.dumps({**document, "from_the_future": True}))
    assert Spec.read(tmp_path).procedure == 7
