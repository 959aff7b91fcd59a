import pytest

from environments.domain.errors import BadPath
from environments.domain.paths import path_inside


@pytest.mark.parametrize(
    "path", ["observe.py", "a/b/c.py", "a b.py", "$(x).py", "-rf.py", "..x/y.py", ".github/x.py", "é.py"]
)
def test_paths_inside_are_accepted(path: str) -> None:
    assert str(path_inside(path)) == path


@pytest.mark.parametrize("path", ["a//b.py", "a/", "a\0b", "a\nb", "x" * 1001])
@pytest.mark.parametrize("before", ["", "b/"])
def test_paths_that_might_lead_elsewhere_are_refused(before: str, path: str) -> None:
    with pytest.raises(BadPath, match="script_uri"):
        path_inside(before + path)


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "../x.py", "a/../x.py", "a/../../x.py", "a/..", "./a.py", "", ".git/config", ".GIT/x"]
)
def test_absolute_paths_and_dots_are_refused(path: str) -> None:
    with pytest.raises(BadPath, match="script_uri"):
        path_inside(path)
