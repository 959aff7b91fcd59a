import subprocess

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from environments.domain.errors import BadReference
from environments.domain.references import candidates, is_full, reference


@pytest.mark.parametrize(
    "name",
    [
        "main",
        "feature/x",
        "v1.0",
        "release-2.1",
        "é",
        "a@b",
        "refs/heads/main",
        "$(touch x)".replace(" ", "_"),
        "a;b",
        "a'b",
        "a|b&c",
    ],
)
def test_names_that_git_accepts_are_accepted(name: str) -> None:
    assert reference(name).branch == name


@pytest.mark.parametrize(
    "name",
    [
        *(
            "-x",
            "--upload-pack=touch",
            "a..b",
            "a b",
            "a\tb",
            "a~1",
            "a^",
            "a:b",
            "a?",
            "a*",
            "a[b",
            "a\\b",
            "@{u}",
            "a@{1}",
            "@",
            "/a",
        ),
        *(
            "a/",
            "a//b",
            ".a",
            "a/.b",
            "a.lock",
            "a.lock/b",
            "a.",
            "a\0b",
            "a\x7f",
            "\ud800",
            "x" * 251,
            "a\nb",
            "a\u202eb",
        ),
    ],
)
def test_names_that_might_be_anything_else_are_refused(name: str) -> None:
    with pytest.raises(BadReference, match="git_branch"):
        reference(name)


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=12))
@example("a/.lock")
def test_no_name_is_accepted_that_git_refuses(name: str) -> None:
    try:
        reference(name)
    except BadReference:
        return
    assert subprocess.run(["git", "check-ref-format", f"refs/heads/{name}"], check=False).returncode == 0


@pytest.mark.parametrize(
    "commit", ["abc", "xyz1", "-abcd", "HEAD", "abcd^", "a" * 41, "a" * 65, "main", "abcd efgh", "abcd\n"]
)
def test_what_is_no_commit_is_refused(commit: str) -> None:
    with pytest.raises(BadReference, match="git_commit"):
        reference(commit=commit)


@pytest.mark.parametrize("commit", ["abcd", "ABCD12", "a" * 40, "0" * 64])
def test_commits_are_accepted_in_full_or_abbreviated(commit: str) -> None:
    assert reference(commit=commit).commit == commit.lower()


def test_only_forty_or_sixtyfour_digits_are_a_full_name() -> None:
    assert is_full("a" * 40)
    assert is_full("a" * 64)
    assert not is_full("a" * 39)


def test_a_branch_is_looked_for_before_a_tag_unless_its_kind_is_named() -> None:
    assert candidates("x") == ["refs/heads/x", "refs/tags/x"]
    assert candidates("refs/tags/x") == ["refs/tags/x"]
