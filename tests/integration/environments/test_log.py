from collections.abc import Callable

import pytest

from environments import hooks, log
from environments.log import LIMIT_BYTES, PIECE_BYTES, LogWriter
from environments.models import BuildLog, Environment
from tests.repositories import GitRepository

Request = Callable[..., Environment]

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]


@pytest.fixture
def environment(remote: GitRepository, requested: Request) -> Environment:
    """One whose first build is under way."""
    made = requested(remote)
    Environment.objects.filter(pk=made.pk).update(build=1)
    return made


def test_a_log_is_read_on_from_where_the_last_reading_ended(environment: Environment) -> None:
    writer = LogWriter(environment.pk, 1)
    grown: list[hooks.LogGrew] = []
    hooks.on_log(grown.append)
    try:
        writer.add("one é")
        writer.write()
        first = log.read(environment.pk)
        writer.add("two\0")
        writer.add("three")
        writer.write()
        writer.write()
    finally:
        hooks.forget(grown.append)
    assert (first.text, first.next_offset) == ("one é\n", 7)
    assert log.read(environment.pk, offset=first.next_offset).text == "two\ufffd\nthree\n"
    assert log.read(environment.pk, offset=4).text == "é\n" + "two\ufffd\nthree\n"
    end = log.read(environment.pk, offset=20)
    assert (end.text, end.next_offset) == ("", 20)
    assert [g.log_bytes for g in grown] == [7, 20]
    assert log.tail(environment.pk, 2) == "two\ufffd\nthree"


def test_of_a_very_long_log_the_head_and_the_end_are_kept_and_the_gap_is_named(environment: Environment) -> None:
    writer = LogWriter(environment.pk, 1)
    total = 0
    for number in range(300):
        line = f"{number:06d} " + "ü" * 5000
        total += len(line.encode()) + 1
        writer.add(line)
        if number % 7 == 0:
            writer.write()
    writer.write()
    stored = sum(len(text.encode()) for text in BuildLog.objects.values_list("text", flat=True))
    assert stored <= LIMIT_BYTES + 2 * PIECE_BYTES
    assert Environment.objects.get(pk=environment.pk).log_bytes == total
    head = log.read(environment.pk, max_bytes=LIMIT_BYTES)
    rest = log.read(environment.pk, offset=head.next_offset, max_bytes=LIMIT_BYTES)
    assert (head.offset, head.missing_bytes) == (0, 0)
    assert head.text.startswith("000000 ")
    assert rest.missing_bytes == rest.offset - head.next_offset > 0
    assert rest.next_offset == total
    assert rest.text.splitlines()[-1].startswith("000299 ")
    assert len(head.text.encode()) + len(rest.text.encode()) + rest.missing_bytes == total


def test_logs_of_builds_long_past_are_forgotten(environment: Environment) -> None:
    for build in range(1, 6):
        writer = LogWriter(environment.pk, build)
        writer.add(f"build {build}")
        writer.write()
    log.forget_old_builds(environment.pk, 5)
    assert [log.read(environment.pk, build=build).text for build in range(1, 6)] == [
        "",
        "",
        "build 3\n",
        "build 4\n",
        "build 5\n",
    ]
