import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oet import failures, variables
from oet.variables import MASK, MAX_CHARACTERS, MAX_ITEMS, MAX_VARIABLES, describe, describe_all, is_secret

LONG_S = 60.0


@pytest.fixture(autouse=True)
def on_a_busy_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(variables, "TIMEOUT_S", LONG_S)


@pytest.mark.parametrize(
    "name", ["password", "api_key", "KEY", "authToken", "AWS_SECRET_KEY", "dbPassword", "passwd", "ssh_key_2", "cookie"]
)
def test_a_name_of_a_secret_is_known(name: str) -> None:
    assert is_secret(name)


@pytest.mark.parametrize("name", ["keyboard", "monkey", "author", "compass", "passed", "subarray_id", "target"])
def test_other_names_are_told(name: str) -> None:
    assert not is_secret(name)


def test_secrets_are_masked_wherever_their_name_stands() -> None:
    class Session:
        def __repr__(self) -> str:
            return "Session(user='me', password='hunter2')"

    held = {
        "token": "hunter2",
        "config": {"login": {"api_key": "hunter2"}, "url": "postgres://me:hunter2@db/oet"},
        "session": Session(),
        "command": "curl -H 'Authorization: Bearer hunter2' --password hunter2",
    }
    [told] = describe_all([held], LONG_S)
    assert "hunter2" not in str(told)
    assert dict(told) == {
        "token": MASK,
        "config": f"{{'login': {{'api_key': {MASK}}}, 'url': 'postgres://me:{MASK}@db/oet'}}",
        "session": f"Session(user='me', password={MASK})",
        "command": f"\"curl -H 'Authorization: {MASK}' --password {MASK}\"",
    }


def test_much_is_cut() -> None:
    deep: list[object] = []
    deep.append(deep)
    assert describe(list(range(1000))) == f"[0, 1, 2, 3, 4, 5, … {1000 - MAX_ITEMS} more]"
    assert describe(deep) == "[[[[…]]]]"
    assert len(describe("x" * 10**6)) <= MAX_CHARACTERS
    assert describe(1 << 10**6) == "<a very large int>"
    [told] = describe_all([{f"v{n}": n for n in range(1000)}], LONG_S)
    assert len(told) == MAX_VARIABLES


def test_modules_functions_and_classes_are_left_out() -> None:
    [told] = describe_all(
        [{"threading": threading, "Thread": threading.Thread, "describe": describe, "n": 1, "__name__": ""}], LONG_S
    )
    assert told == [["n", "1"]]


def test_an_object_that_never_answers_is_not_waited_for() -> None:
    never = threading.Event()

    class Silent:
        def __repr__(self) -> str:
            never.wait()
            return "at last"

    told = describe_all([{"before": 1, "silent": Silent()}, {"after": 2}], timeout_s=0.2)
    never.set()
    assert told[0][1] == ["silent", "(not told in time)"]
    assert told[1] == [["after", "(not told in time)"]]


def test_an_object_without_manners_is_named() -> None:
    class Nasty:
        def __repr__(self) -> str:
            raise SystemExit

    assert (
        describe(Nasty())
        == "<test_an_object_without_manners_is_named.<locals>.Nasty, which cannot be shown: SystemExit>"
    )


@given(
    st.recursive(
        st.none() | st.integers() | st.text() | st.binary(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_whatever_a_value_is_its_description_is_short(value: object) -> None:
    assert len(describe(value)) <= MAX_CHARACTERS


def test_a_failure_tells_the_variables_of_the_scripts_frames() -> None:
    def observe(subarray_id: int, token: str) -> None:
        dishes = ["m000", "m001"]
        raise ValueError(dishes)

    with pytest.raises(ValueError, match="m000") as caught:
        observe(3, "hunter2")
    described = failures.describe_exception(caught.value)
    assert described["chain"][0]["frames"][-1]["variables"] == [
        ["subarray_id", "3"],
        ["token", MASK],
        ["dishes", "['m000', 'm001']"],
    ]


def test_variables_that_are_too_much_are_left_out_before_frames_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(failures, "CHAIN_LIMIT_BYTES", 3000)
    monkeypatch.setattr(variables, "MAX_CHARACTERS", 100_000)
    text = "x" * 5000
    with pytest.raises(ValueError, match="too windy") as caught:
        raise ValueError("too windy")
    [link] = failures.describe_exception(caught.value)["chain"]
    assert text
    assert link["frames"]
    assert not any("variables" in frame for frame in link["frames"])
