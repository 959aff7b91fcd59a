import inspect
from typing import Any

import pytest

from oet import calling, functions, harness
from oet.harness import ScriptHarnessError, ScriptHarnessException
from tests.unit.oet.harness.observing import Night, raising


def templated() -> harness.ConfigTemplate:
    template = harness.get_config_template()
    template.add_argument("--exposure", type=float, default=1.0)
    template.add_argument("--filter", choices=["r", "g"])
    template.add_argument("--pin", secret=True, default="s3")
    return template


def test_main_returns_how_each_action_ended() -> None:
    night = Night({"two": raising(ScriptHarnessError)})
    _, main = harness.entry_points(night.script)
    assert main() == {"one": "SUCCESS", "two": "ERROR", "three": "SKIPPED", "four": "SUCCESS"}


@pytest.mark.parametrize(
    ("kwargs", "called"),
    [
        ({"actions": ["one"]}, "one"),
        ({"skip_actions": "one,two"}, "four"),
        ({"action_group": "none"}, ""),
        ({"add_actions": ["three"]}, "one two three four"),
    ],
)
def test_main_starts_a_part_of_the_script(kwargs: dict[str, Any], called: str) -> None:
    night = Night()
    harness.entry_points(night.script)[1](**kwargs)
    assert night.calls == called.split()


def test_init_applies_and_runs_nothing_and_main_goes_on_top() -> None:
    night = Night(template=templated())
    init, main = harness.entry_points(night.script)
    init(actions="one,two", exposure=2)
    assert night.calls == []
    assert night.script.config["exposure"] == 2
    assert main(skip_actions=["one"], filter="g") == {
        "one": "SKIPPED",
        "two": "SUCCESS",
        "three": "SKIPPED",
        "four": "SKIPPED",
    }
    assert (night.script.config["exposure"], night.script.config["filter"]) == (2, "g")


def test_unknown_keyword_is_refused_with_the_closest_name_and_nothing_has_changed() -> None:
    night = Night(template=templated(), initial_config={"extra": 1})
    _, main = harness.entry_points(night.script)
    with pytest.raises(ScriptHarnessException, match="'exposre'; did you mean 'exposure'"):
        main(exposre=1, actions=["one"])
    with pytest.raises(ScriptHarnessException, match="'oen'"):
        main(exposure=5, actions=["oen"])
    assert (night.calls, night.script.config["exposure"]) == ([], 1.0)
    main(extra=2)
    assert night.calls == ["one", "two", "four"]
    assert night.script.config["extra"] == 2


def test_keywords_are_validated() -> None:
    template = templated()
    template.add_variable("limit", validate_cb=lambda _n, c: ["too long"] if c["exposure"] > 10 else [])
    night = Night(template=template)
    with pytest.raises(ScriptHarnessException, match="too long"):
        harness.entry_points(night.script)[1](exposure=11)
    assert (night.calls, night.script.config["exposure"]) == ([], 1.0)


def test_keywords_replace_the_configuration_of_a_strict_script() -> None:
    night = Night(template=templated(), strict=True)
    init, main = harness.entry_points(night.script)
    before = night.script.config
    init(exposure=2)
    main(exposure=3)
    main(exposure=4)
    assert (before["exposure"], night.script.config["exposure"]) == (1.0, 4)
    with pytest.raises(ScriptHarnessException):
        night.script.config["exposure"] = 5


def test_errors_fail_the_script_if_so_wished_after_everything_has_run() -> None:
    night = Night({"one": raising(ScriptHarnessError)})
    night.listen("post", harness.POST_RUN)
    _, main = harness.entry_points(night.script, fail_on_error=True)
    with pytest.raises(ScriptHarnessError, match=r"^1 of 4 actions failed: one$"):
        main()
    assert night.calls == ["one", "two", "four", "post"]


def test_entry_points_belong_to_the_script_and_describe_its_arguments() -> None:
    init, main = harness.entry_points(Night(template=templated()).script)
    assert (init.__module__, main.__name__) == (__name__, "main")
    described = functions.describe_function("main", main)
    assert described["signature"] == (
        "(actions=None, add_actions=None, skip_actions=None, action_group=None, *, exposure: float = 1.0, "
        "filter: Literal['r', 'g'] = None, pin=..., **configuration)"
    )
    assert "Actions: one, two, three, four." in described["doc"]
    assert calling.misfit("main", main, [], {"exposre": 1}) is None
    assert inspect.signature(main).parameters["configuration"].kind is inspect.Parameter.VAR_KEYWORD
