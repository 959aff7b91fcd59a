import pytest

from environments.domain.errors import BadProject, NoFittingPython
from environments.domain.pythons import Python, choose_python

P38, P39, P311, P313, P314A = (Python(f"/py/{v}", v) for v in ("3.8.18", "3.9.18", "3.11.7", "3.13.0", "3.14.0a1"))
ALL = [P38, P313, P39, P314A, P311]


@pytest.mark.parametrize(
    ("requires", "preferred", "chosen"),
    [
        ("", "", P313),
        ("", "/py/3.11.7", P311),
        (">=3.9,<3.12", "", P311),
        (">=3.12", "/py/3.11.7", P313),
        ("==3.9.*", "", P39),
        ("~=3.9", "", P313),
        (">=3.9,<3.10 || >=3.13", "/py/3.11.7", P313),
        (">=3.14.0a0", "", P314A),
    ],
)
def test_the_preferred_python_or_the_newest_that_fits_is_chosen(requires: str, preferred: str, chosen: Python) -> None:
    assert choose_python(ALL, requires, preferred=preferred) == chosen


@pytest.mark.parametrize("requires", ["<3.9", "==3.10.*", ">=4"])
def test_where_none_fits_the_error_names_what_is_wanted_and_what_is_there(requires: str) -> None:
    with pytest.raises(NoFittingPython, match=r"3\.13\.0") as refused:
        choose_python(ALL, requires)
    assert requires in str(refused.value)


def test_what_is_no_specifier_is_a_fault_of_the_project() -> None:
    with pytest.raises(BadProject, match="requires-python"):
        choose_python(ALL, "three or later")
