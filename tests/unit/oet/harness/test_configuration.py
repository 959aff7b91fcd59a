"""Templates, layers, files and validation."""

import argparse
import json
from pathlib import Path
from typing import Any

import pytest

from oet import harness
from oet.harness import ConfigTemplate, LoggingDict, ReadOnlyDict, Script, ScriptHarnessException, get_config_template
from tests.unit.oet.harness.conftest import Lines


def config(template: ConfigTemplate | None = None, *args: str, **options: Any) -> dict[str, Any]:
    return Script([], template, cmdln_args=list(args), **options).config


def numbered() -> ConfigTemplate:
    template = get_config_template()
    template.add_argument("--num", "-n", type=int, default=0)
    return template


def written(path: Path, values: Any) -> str:
    path.write_text(values if isinstance(values, str) else json.dumps(values))
    return str(path)


def test_later_layers_win(tmp_path: Path) -> None:
    file, optional = written(tmp_path / "c.json", {"num": 5}), written(tmp_path / "o.json", {"num": 9})
    assert config(numbered())["num"] == 0
    assert config(numbered(), initial_config={"num": 3})["num"] == 3
    assert config(numbered(), "-c", file, initial_config={"num": 3})["num"] == 5
    assert config(numbered(), "-c", file, "--num", "7")["num"] == 7
    assert config(numbered(), "-c", file, "--num", "0")["num"] == 0
    assert config(numbered(), "--opt-cfg", optional, "--config-file", file)["num"] == 9
    assert config(numbered(), "--cfg", optional, "--cfg", file)["num"] == 5


def test_unset_variables_are_none_and_falsy_defaults_are_kept() -> None:
    template = get_config_template()
    template.add_argument("--dry-run", action="store_true")
    template.add_argument("--target-name")
    template.add_argument("--zero", default=0, type=int)
    template.add_argument("--text", default="")
    template.add_argument("--tries", default="3", type=int)
    template.add_argument("--many", action="append")
    template.add_argument("-v", "--verbose", action="count")
    template.add_argument("--version", action="version", version="1")
    template.add_variable("bare")
    template.add_variable("list", default=[])
    expected: dict[str, Any] = {
        "dry_run": False,
        "target_name": None,
        "zero": 0,
        "text": "",
        "tries": 3,
        "many": None,
        "verbose": None,
        "bare": None,
        "list": [],
    }
    assert config(template) == expected
    given = config(template, "-vv", "--many", "a", "--many", "b", "--dry-run")
    assert (given["verbose"], given["many"], given["dry_run"]) == (2, ["a", "b"], True)


def test_positional_arguments_are_taken_and_required_after_all_layers(tmp_path: Path) -> None:
    template = get_config_template()
    template.add_argument("target")
    template.add_argument("--fields", nargs=2, type=float)
    assert config(template, "M31", "--fields", "1", "2") == {"target": "M31", "fields": [1.0, 2.0]}
    assert config(template, "-c", written(tmp_path / "c.json", {"target": "M33"}))["target"] == "M33"
    with pytest.raises(ScriptHarnessException, match="target is required"):
        config(template)


def test_value_of_the_wrong_type_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        config(numbered(), "--num", "x")
    assert caught.value.code == 2
    assert "invalid int value: 'x'" in capsys.readouterr().err


def test_secret_value_of_the_wrong_type_is_not_shown(capsys: pytest.CaptureFixture[str]) -> None:
    template = get_config_template()
    template.add_argument("--pin", type=int, secret=True, default=4711, help="default %(default)s")
    template.add_argument("--pinpoint")
    for args in (["--pin", "s3cret"], ["--pi=s3cret"], ["--help"]):
        with pytest.raises(SystemExit):
            config(template, *args)
    printed = "".join(capsys.readouterr())
    assert "--pin" in printed
    assert "s3cret" not in printed
    assert "4711" not in printed


@pytest.mark.parametrize("content", ["[1]", "{", '{"a": NaN}', '"x"', "", b"\xff\xfe\x00"])
def test_invalid_file_is_named_whether_optional_or_not(content: str | bytes, tmp_path: Path) -> None:
    file = tmp_path / "bad.json"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    for option in ("-c", "--opt-cfg"):
        with pytest.raises(ScriptHarnessException, match=r"bad\.json"):
            config(None, option, str(file))


def test_missing_file_is_an_error_unless_it_is_optional(tmp_path: Path, lines: Lines) -> None:
    missing = str(tmp_path / "no" / "c.json")
    with pytest.raises(ScriptHarnessException, match=r"no/c\.json"):
        config(None, "-c", missing)
    assert config(None, "--opt-config-file", missing) == {}
    assert f"Can't read optional config file {missing}; skipping." in lines()
    with pytest.raises(ScriptHarnessException, match="directory"):
        config(None, "--opt-cfg", str(tmp_path))


def test_all_faults_are_told_at_once() -> None:
    template = get_config_template()
    template.add_argument("--need", required=True)
    template.add_argument("--a", required_vars=["b", "c"], default=1)
    template.add_argument("--c", incompatible_vars=["a"], default=0)
    template.add_variable("b", validate_cb=lambda name, values: [f"{name} of {values['a']} is odd", "and late"])
    with pytest.raises(ScriptHarnessException) as caught:
        config(template)
    assert caught.value.args == (
        "Invalid config!",
        [
            "need is required: --need.",
            "a needs b, which is not set.",
            "c cannot be set together with a.",
            "b of 1 is odd",
            "and late",
        ],
    )
    assert "need is required: --need.; a needs b" in str(caught.value)


def test_required_may_be_supplied_by_a_file_and_rules_hold_for_set_variables_only(tmp_path: Path) -> None:
    template = get_config_template()
    template.add_argument("--need", required=True)
    template.add_argument("--a", required_vars="b", incompatible_vars="need", validate_cb=lambda _n, _c: None)
    assert config(template, "-c", written(tmp_path / "c.json", {"need": 0})) == {"need": 0, "a": None}


@pytest.mark.parametrize(
    "option",
    ["--actions", "-c", "--cfg", "--list-actions", "--opt-cfg", "--dump-config", "--help", "-h", "--action-group"],
)
def test_template_that_defines_an_option_of_every_script_is_refused(option: str) -> None:
    template = get_config_template()
    template.add_argument(option, dest="mine")
    with pytest.raises(ScriptHarnessException, match=option):
        config(template)


def test_variable_or_option_twice_is_refused() -> None:
    template = numbered()
    with pytest.raises(ScriptHarnessException, match="num"):
        template.add_argument("--other", dest="num")
    with pytest.raises(ScriptHarnessException, match="num"):
        template.add_argument("--num")
    with pytest.raises(ScriptHarnessException, match="-n"):
        template.add_argument("--new", "-n")
    with pytest.raises(ScriptHarnessException, match="num"):
        template.add_variable("num")
    with pytest.raises(ScriptHarnessException):
        template.add_variable("")


def test_what_argparse_refuses_is_refused() -> None:
    template = get_config_template()
    for options, keywords in (
        (("--x",), {"action": "nope"}),
        (("--x",), {"nonsense": 1}),
        (("--x",), {"type": "int"}),
        ((), {}),
        (("--x",), {"type": int, "default": "x"}),
    ):
        with pytest.raises(ScriptHarnessException):
            template.add_argument(*options, **keywords)
    assert template.variables == {}


def test_template_takes_over_another_whole_or_not_at_all() -> None:
    template = numbered()
    other = get_config_template()
    other.add_argument("--fine")
    other.add_argument("--num")
    with pytest.raises(ScriptHarnessException):
        template.update(other)
    assert list(template.variables) == ["num"]
    other.remove_option("--num")
    template.update(other)
    assert set(config(template)) == {"num", "fine"}
    copied = get_config_template(template)
    copied.add_variable("more")
    assert "more" not in template.variables


def test_removed_option_is_gone_and_its_variable_with_the_last() -> None:
    template = numbered()
    template.remove_option("--num")
    assert config(template, "-n", "5") == {"num": 5}
    template.remove_option("-n")
    assert config(template) == {}
    with pytest.raises(ScriptHarnessException, match="--num"):
        template.remove_option("--num")


def test_template_shows_its_help_with_the_actions() -> None:
    template = get_config_template(numbered(), harness.get_actions({"park": True}, namespace={"park": print}))
    assert "Valid actions: park." in template.format_help()
    assert "--num" in template.format_help()


def test_boolean_options_and_choices_work_as_in_argparse(capsys: pytest.CaptureFixture[str]) -> None:
    template = get_config_template()
    template.add_argument("--guide", action=argparse.BooleanOptionalAction, default=True)
    template.add_argument("--filter", choices=["r", "g"], default="r", help="one of these (default %(default)s)")
    assert config(template, "--no-guide", "--filter", "g") == {"guide": False, "filter": "g"}
    with pytest.raises(SystemExit):
        config(template, "--filter", "u")
    with pytest.raises(SystemExit):
        config(template, "--help")
    assert "(default r)" in capsys.readouterr().out


def test_variables_may_have_any_name() -> None:
    template = get_config_template()
    for name in ("values", "template", "actions", "config_files", "is_dump"):
        template.add_argument(f"--my-{name}", dest=name)
    assert config(template, "--my-values", "v", "--my-actions", "a")["values"] == "v"


def test_configuration_is_a_logging_dict_and_of_a_strict_script_a_locked_one() -> None:
    assert isinstance(config(), LoggingDict)
    assert isinstance(config(strict=True), ReadOnlyDict)
    with pytest.raises(ScriptHarnessException, match="read-only"):
        config(strict=True)["x"] = 1


def test_defaults_of_a_template_are_not_shared_between_scripts() -> None:
    template = get_config_template()
    template.add_variable("list", default=[1])
    config(template)["list"].append(2)
    assert config(template)["list"] == [1]
