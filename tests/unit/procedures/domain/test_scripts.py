from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from procedures.domain.errors import InvalidInput
from procedures.domain.scripts import (
    EmbeddedStringScript,
    FileSystemScript,
    GitArgs,
    GitScript,
    script_from_json,
    script_to_json,
)

LIMIT = 1000


def faults(data: Any) -> dict[str, list[str]]:
    with pytest.raises(InvalidInput) as caught:
        script_from_json(data, max_body_bytes=LIMIT)
    return caught.value.errors


@pytest.mark.parametrize(
    "script",
    [
        FileSystemScript("file:///srv/observe.py"),
        EmbeddedStringScript("def main(): pass", "pasted"),
        GitScript("git://a/b.py", GitArgs("https://example.org/r.git", "main", ""), create_env=True),
    ],
)
def test_a_script_survives_its_json_form(script: FileSystemScript | EmbeddedStringScript | GitScript) -> None:
    assert script_from_json(script_to_json(script), max_body_bytes=LIMIT) == script


def test_the_path_is_decoded_and_the_name_is_the_files() -> None:
    script = script_from_json(
        {"script_type": "filesystem", "script_uri": "file:///srv/my%20scripts/a.py"}, max_body_bytes=LIMIT
    )
    assert isinstance(script, FileSystemScript)
    assert (script.path, script.name) == ("/srv/my scripts/a.py", "a.py")


def test_fields_that_skas_clients_send_along_are_accepted_while_they_are_empty() -> None:
    data = {"script_type": "filesystem", "script_uri": "file:///a.py", "create_env": False, "git_args": None}
    assert script_from_json(data, max_body_bytes=LIMIT) == FileSystemScript("file:///a.py")


@pytest.mark.parametrize(
    ("data", "field", "words"),
    [
        (None, "script", "must be an object"),
        ({}, "script.script_type", "must be one of filesystem, git, embedded"),
        ({"script_type": ["filesystem"]}, "script.script_type", "must be one of"),
        ({"script_type": "filesystem"}, "script.script_uri", "is required"),
        ({"script_type": "filesystem", "script_uri": "/srv/a.py"}, "script.script_uri", "must begin with file://"),
        ({"script_type": "filesystem", "script_uri": "file://srv/a.py"}, "script.script_uri", "three slashes"),
        ({"script_type": "filesystem", "script_uri": "file:///a%00.py"}, "script.script_uri", "control characters"),
        ({"script_type": "filesystem", "script_uri": "file:///" + "a" * 3000}, "script.script_uri", "at most 2000"),
        (
            {"script_type": "filesystem", "script_uri": "file:///a", "x": 1},
            "script.x",
            "is not a field of a filesystem script",
        ),
        (
            {"script_type": "filesystem", "script_uri": "file:///a", "create_env": True},
            "script.create_env",
            "is not a field",
        ),
        ({"script_type": "embedded"}, "script.script_body", "must be the text"),
        ({"script_type": "embedded", "script_body": " \n"}, "script.script_body", "must be the text"),
        ({"script_type": "embedded", "script_body": "a\0"}, "script.script_body", "NUL"),
        ({"script_type": "embedded", "script_body": "'\ud800'"}, "script.script_body", "surrogate"),
        ({"script_type": "embedded", "script_body": "é" * 501}, "script.script_body", "has 1002 bytes; at most 1000"),
        ({"script_type": "embedded", "script_body": "a", "name": "\n"}, "script.name", "printable"),
        ({"script_type": "git", "script_uri": "git://a.py"}, "script.git_args", "must be an object"),
        ({"script_type": "git", "script_uri": "git://a.py", "git_args": {}}, "script.git_args.git_repo", "is required"),
        (
            {"script_type": "git", "script_uri": "git://a.py", "git_args": {"git_repo": 5}},
            "script.git_args.git_repo",
            "must be text",
        ),
    ],
)
def test_a_fault_names_its_field_and_the_remedy(data: Any, field: str, words: str) -> None:
    assert words in " ".join(faults(data)[field])


def test_all_faults_come_at_once() -> None:
    assert faults({"script_type": "filesystem", "x": 1, "y": 2}).keys() == {"script.x", "script.y", "script.script_uri"}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)
keys = st.sampled_from(["script_type", "script_uri", "script_body", "name", "git_args", "create_env", "z"])
kinds = st.sampled_from(["filesystem", "git", "embedded"])


@given(st.dictionaries(keys, json_values | kinds) | json_values)
def test_whatever_is_sent_is_a_script_or_a_fault_in_words(data: Any) -> None:
    try:
        script = script_from_json(data, max_body_bytes=LIMIT)
    except InvalidInput as refusal:
        script, words = None, [word for reasons in refusal.errors.values() for word in reasons]
    else:
        words = []
    assert all(words)
    assert bool(words) == (script is None)
    assert script is None or script_from_json(script_to_json(script), max_body_bytes=LIMIT) == script
