import pytest
from hypothesis import given
from hypothesis import strategies as st

from procedures.domain.figures import RunOf, figures_of, scale_of


def runs(script: str, state: str, *seconds: float | None) -> list[RunOf]:
    return [RunOf(script, state, one) for one in seconds]


def test_figures_tell_how_long_and_how_it_ended() -> None:
    complete = runs("a.py", "COMPLETE", *range(1, 22))
    ended = [
        *complete,
        *runs("a.py", "FAILED", 500.0, None),
        *runs("a.py", "STOPPED", 3.0),
        *runs("b.py", "FAILED", None),
    ]
    first, second = figures_of(ended, latest=5)
    assert (first.script, first.runs, first.complete, first.failed, first.stopped) == ("a.py", 24, 21, 2, 1)
    assert first.median_s == 11
    assert first.usual_s == (3, 19), "a tenth is left out at each end"
    assert [run.seconds for run in first.latest] == [1, 2, 3, 4, 5]
    assert (second.script, second.median_s, second.usual_s, list(second.latest)) == ("b.py", None, None, [])


def test_the_scripts_that_run_most_come_first() -> None:
    found = figures_of(
        [*runs("b.py", "COMPLETE", 1), *runs("a.py", "COMPLETE", 1), *runs("c.py", "COMPLETE", 1, 2)], latest=1
    )
    assert [one.script for one in found] == ["c.py", "a.py", "b.py"]


def test_a_scale_is_in_proportion_where_that_can_be_read() -> None:
    scale = scale_of([600, 3000, 4500])
    assert scale.ticks_s == [0, 1200, 2400, 3600, 4800]
    assert scale.place(2400) == 50


def test_a_scale_goes_by_magnitude_where_durations_differ_much() -> None:
    scale = scale_of([2, 5400])
    assert scale.ticks_s == [1, 10, 60, 600, 3600, 36000]
    assert 0 < scale.place(2) < scale.place(60) < scale.place(5400) < 100


@pytest.mark.parametrize("seconds", [[], [0.0], [0.0, 1e9], [1e-9], [1e8]])
def test_there_is_a_scale_for_everything(seconds: list[float]) -> None:
    scale = scale_of(seconds)
    assert all(0 <= scale.place(one) <= 100 for one in seconds)


@given(st.lists(st.floats(0, 1e8), max_size=20))
def test_longer_never_stands_left_of_shorter(seconds: list[float]) -> None:
    scale = scale_of(seconds)
    places = [scale.place(one) for one in sorted(seconds)]
    assert places == sorted(places)
    assert len(scale.ticks_s) < 13
