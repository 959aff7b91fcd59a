"""procedures.domain.usual."""

from hypothesis import given
from hypothesis import strategies as st

from procedures.domain.usual import MOST_RUNS, Usual, usual_of


def test_without_a_run_nothing_is_usual() -> None:
    assert usual_of([]) == Usual()


def test_few_runs_have_the_range_of_all() -> None:
    assert usual_of([60.0, 90.0, 30.0]) == Usual(3, 60.0, 30.0, 90.0)


def test_one_strange_run_among_many_does_not_widen_the_range() -> None:
    usual = usual_of([3000.0] * 30 + [9.0])
    assert (usual.median_s, usual.low_s, usual.high_s) == (3000.0, 3000.0, 3000.0)


def test_only_the_latest_runs_count() -> None:
    assert usual_of([10.0] * MOST_RUNS + [99.0] * 500) == Usual(MOST_RUNS, 10.0, 10.0, 10.0)


@given(st.lists(st.floats(-10, 1e7), min_size=1, max_size=80))
def test_the_median_lies_in_the_range(durations: list[float]) -> None:
    usual = usual_of(durations)
    assert 0 <= usual.low_s <= usual.median_s <= usual.high_s
