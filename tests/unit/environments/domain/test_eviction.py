from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from environments.domain.eviction import Kept, to_evict

T0 = datetime(2026, 1, 1, tzinfo=UTC)


def kept(number: int, *, age_h: int = 0, size: int = 10, is_used: bool = False, is_pinned: bool = False) -> Kept:
    return Kept(number, T0 - timedelta(hours=age_h), size, is_used, is_pinned)


def test_the_least_recently_used_beyond_those_kept_go_first() -> None:
    assert to_evict([kept(1, age_h=1), kept(2, age_h=9), kept(3, age_h=5)], keep=1) == [2, 3]


def test_those_in_use_or_pinned_stay_and_do_not_count() -> None:
    all_of_them = [kept(1, age_h=9, is_used=True), kept(2, age_h=8, is_pinned=True), kept(3, age_h=1)]
    assert to_evict(all_of_them, keep=1) == []
    assert to_evict(all_of_them, keep=0, missing_bytes=1000) == [3]


def test_more_go_where_the_disk_is_short_but_no_more_than_needed() -> None:
    idle = [kept(n, age_h=10 - n, size=10) for n in range(1, 6)]
    assert to_evict(idle, keep=5, missing_bytes=15) == [1, 2]
    assert to_evict(idle, keep=3, missing_bytes=15) == [1, 2]
    assert to_evict(idle, keep=3, missing_bytes=25) == [1, 2, 3]


KEPT = st.builds(
    Kept, id=st.integers(1, 50), last_used_at=st.datetimes().map(lambda d: d.replace(tzinfo=UTC)), size_bytes=st.integers(0, 100),
    is_used=st.booleans(), is_pinned=st.booleans(),
)  # fmt: skip


@given(st.lists(KEPT, unique_by=lambda k: k.id), st.integers(0, 5), st.integers(0, 300))
def test_nothing_in_use_ever_goes_and_what_stays_was_used_later(
    all_of_them: list[Kept], keep: int, missing: int
) -> None:
    gone = set(to_evict(all_of_them, keep=keep, missing_bytes=missing))
    idle = [k for k in all_of_them if not k.is_used and not k.is_pinned]
    assert gone <= {k.id for k in idle}
    assert len(idle) - len(gone) <= keep
    if stay := [k.last_used_at for k in idle if k.id not in gone]:
        assert all(k.last_used_at <= min(stay) for k in idle if k.id in gone)
