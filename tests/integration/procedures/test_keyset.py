"""Pages of long tables by key: what both databases must agree on."""

from datetime import UTC, datetime, timedelta

import pytest

from procedures.keyset import Among, key_span
from procedures.models import Procedure

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

BEGIN = datetime(2026, 3, 18, tzinfo=UTC)


def make(hours: int) -> int:
    at = BEGIN + timedelta(hours=hours)
    return Procedure.objects.create(script_uri="file:///a.py", script_name="a.py", state_at=at, created_at=at).pk


def test_the_keys_of_a_span_are_its_least_and_its_greatest_also_where_the_clock_was_set_back() -> None:
    late, early, middle = make(5), make(1), make(3)
    assert key_span(Procedure.objects.filter(created_at__gte=BEGIN + timedelta(hours=2))) == (late, middle)
    assert key_span(Procedure.objects.filter(created_at__lt=BEGIN + timedelta(hours=2))) == (early, early)
    assert key_span(Procedure.objects.filter(created_at__gte=BEGIN + timedelta(hours=9))) is None


def test_many_numbers_are_one_parameter_however_many_and_however_large() -> None:
    made = [make(hour) for hour in range(4)]
    wanted = [*made[1:3], *range(10**12, 10**12 + 40_000)]
    assert list(Procedure.objects.filter(Among("pk", wanted)).order_by("pk").values_list("pk", flat=True)) == made[1:3]
    assert not Procedure.objects.filter(Among("pk", [])).exists()
