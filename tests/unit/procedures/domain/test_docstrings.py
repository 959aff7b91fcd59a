"""procedures.domain.docstrings."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from procedures.domain.docstrings import describe

GOOGLE = """Take the scans.

Args:
    target: A catalogue name,
        or RA and Dec.
    scans (int): How many: at least one.
    *further: More of them.

Returns:
    target: not an argument.
"""
SPHINX = """Take the scans.

:param target: A catalogue name,
    or RA and Dec.
:param int scans: How many: at least one.
:type further: list
:param further: More of them.
:returns: nothing
"""
NUMPY = """Take the scans.

Parameters
----------
target : str
    A catalogue name,
    or RA and Dec.
scans : int
    How many: at least one.
*further
    More of them.

Returns
-------
nothing
    At all.
"""


@pytest.mark.parametrize("doc", [GOOGLE, SPHINX, NUMPY])
def test_each_convention_tells_the_same(doc: str) -> None:
    found = describe(doc)
    assert found.summary == "Take the scans."
    assert found.arguments == {
        "target": "A catalogue name, or RA and Dec.",
        "scans": "How many: at least one.",
        "further": "More of them.",
    }


def test_a_docstring_without_arguments_is_all_summary() -> None:
    assert describe("Looks at the sky.\n\nAt night.") == ("Looks at the sky.\n\nAt night.", {})


@given(st.text(alphabet=st.sampled_from("Args:\n -param x\tParameters"), max_size=200))
def test_no_docstring_is_too_strange(doc: str) -> None:
    describe(doc)
