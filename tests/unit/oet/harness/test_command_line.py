"""Enabling and disabling actions, on the command line and by `select`."""

import json
from pathlib import Path
from typing import Any

import pytest

from oet import harness
from oet.harness import ScriptHarnessException
from tests.unit.oet.harness.conftest import Lines
from tests.unit.oet.harness.observing import Night


@pytest.mark.parametrize(
    ("args", "called"),
    [
        ("--actions one three", "one three"),
        ("--actions four one", "one four"),
        ("--actions four,one", "one four"),
        ("--actions four, one", "one four"),
        ("--actions four , one", "one four"),
        ("--action-group all --actions two", "two"),
        ("--actions two --action-group all", "two"),
        ("--actions one --actions two", "two"),
        ("--action-group am --action-group pm", "two four"),
        ("--add-actions three", "one two three four"),
        ("--skip-actions two four", "one"),
        ("--skip two", "one four"),
        ("--skip-actions three --add-actions three", "one two four"),
        ("--actions one --add-actions three --skip-actions one", "three"),
        ("--add-actions two --action-group none", "two"),
    ],
)
def test_options_select_actions(args: str, called: str) -> None:
    night = Night(args=args.split(), grouped="group" in args)
    assert night.run() == called.split()


@pytest.mark.parametrize(
    ("args", "called"),
    [
        ("--action-group am", "one three"),
        ("--action-group pm", "two four"),
        ("--action-group all", "one two three four"),
        ("--action-group none", ""),
        ("--skip-actions two four", "one three"),
        ("--actions one --skip-actions one", ""),
    ],
)
def test_groups_select_their_members(args: str, called: str) -> None:
    night = Night(args=args.split(), grouped=True)
    assert night.run() == called.split()
    assert night.script.main() == 0


@pytest.mark.parametrize(
    "args",
    [
        "--actions nope",
        "--actions one nope",
        "--actions",
        "--actions ,",
        "--action-group nope",
        "--action-group",
        "--action-group nope --actions one",
        "stray",
        "--act one",
        "--skip-actions nope",
        "--add-actions nope",
        "--unknown-option",
    ],
)
def test_usage_errors_name_what_is_valid_and_exit_with_2(args: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        Night(args=args.split(), grouped=True)
    assert caught.value.code == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("usage: ")
    assert "Valid actions: one, two, three, four. Valid groups: all, none, am, pm." in printed.err


@pytest.mark.parametrize(
    "args",
    [
        "--list-actions",
        "--list",
        "--actions nope --list-actions",
        "--list-actions stray --unknown",
        "--actions one --list-actions",
    ],
)
def test_list_actions_prints_and_ignores_everything_else(args: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        Night(args=args.split())
    assert caught.value.code == 0
    assert capsys.readouterr().out.splitlines() == [
        "* one ['all']",
        "* two ['all']",
        "  three ['all']",
        "* four ['all']",
    ]


def test_list_actions_sorts_groups(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        harness.Script([harness.Action("a", ["z", "b"], print)], cmdln_args=["--list-actions"])
    assert capsys.readouterr().out == "* a ['all', 'b', 'z']\n"


def test_dump_config_logs_and_prints_and_runs_nothing(
    capsys: pytest.CaptureFixture[str], lines: Lines, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as caught:
        Night(args=["--dump-config"], initial_config={"b": 2, "a": [1]})
    assert caught.value.code == 0
    printed = capsys.readouterr().out
    assert json.loads(printed) == {"b": 2, "a": [1]}
    assert lines()[0] == "Dumping config:"
    assert "\n".join(lines()[1:]) == printed.rstrip("\n")
    assert list(tmp_path.iterdir()) == []


def test_dump_config_writes_where_it_may(tmp_path: Path) -> None:
    with pytest.raises(SystemExit):
        Night(args=["--dump-config"], initial_config={"a": 1}, artifact_dir=tmp_path)
    assert json.loads((tmp_path / "localconfig.json").read_text()) == {"a": 1}


def test_help_names_actions_groups_and_options(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        Night(args=["--help"], grouped=True)
    assert caught.value.code == 0
    printed = capsys.readouterr().out
    assert "Valid actions: one, two, three, four." in printed
    for option in ("--list-actions", "--opt-cfg", "--dump-config", "--action-group G"):
        assert option in printed


def test_command_line_comes_from_sys_argv_unless_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["night.py", "--action-group", "none"])
    assert harness.Script([harness.Action("a", function=print)]).actions.a.enabled is False


def test_action_group_cannot_be_selected_by_a_file(tmp_path: Path) -> None:
    file = tmp_path / "c.json"
    file.write_text('{"actions": ["two"]}')
    assert Night(args=["-c", str(file)]).run() == ["one", "two", "four"]


@pytest.mark.parametrize(
    ("selection", "called"),
    [
        ({"actions": ["three", "one"]}, "one three"),
        ({"actions": "three, one"}, "one three"),
        ({"actions": []}, ""),
        ({"add_actions": "three"}, "one two three four"),
        ({"skip_actions": "one,two"}, "four"),
        ({"action_group": "all", "skip_actions": ["four"]}, "one two three"),
        ({"action_group": "none"}, ""),
        ({}, "one two four"),
    ],
)
def test_select_does_the_same_from_code(selection: dict[str, Any], called: str) -> None:
    night = Night()
    night.script.select(**selection)
    assert night.run() == called.split()


def test_select_works_on_top_of_the_flags_as_they_are() -> None:
    night = Night()
    night.script.select("one")
    night.script.select(add_actions="four")
    assert night.run() == ["one", "four"]


@pytest.mark.parametrize(
    "selection",
    [
        {"actions": ["oen"]},
        {"skip_actions": "oen"},
        {"action_group": "oen"},
        {"actions": ""},
        {"actions": 5},
        {"add_actions": [5]},
    ],
)
def test_select_of_something_unknown_changes_nothing(selection: dict[str, Any]) -> None:
    night = Night()
    with pytest.raises(ScriptHarnessException) as caught:
        night.script.select(**{"add_actions": "three"} | selection)
    if "oen" in str(selection):
        assert "'oen'" in str(caught.value)
        assert "one, two, three, four" in str(caught.value)
    assert night.run() == ["one", "two", "four"]
