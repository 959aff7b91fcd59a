import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction

from procedures import bells, replies
from procedures.bells import Bell, Role, listen, ring_at_commit
from procedures.models import Command, Procedure
from procedures.recorder import recording
from procedures.replies import CommandReplies

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]

LONG_S = 20.0


@pytest.fixture
def bell() -> Iterator[Bell]:
    bell = listen(Role.WEB)
    bell.wait(0.01)  # a NotifyBell connects with its first wait
    yield bell
    bell.close()


def waited_s(bell: Bell, timeout_s: float) -> float:
    begin = time.monotonic()
    bell.wait(timeout_s)
    return time.monotonic() - begin


def test_a_commit_rings(bell: Bell) -> None:
    with transaction.atomic():
        ring_at_commit(Role.WEB)
    assert waited_s(bell, LONG_S) < LONG_S / 2


def test_a_rollback_does_not_ring(bell: Bell) -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        ring_at_commit(Role.WEB)
        raise ZeroDivisionError
    assert waited_s(bell, 0.2) >= 0.19


def test_a_bell_rings_for_its_role_only(bell: Bell) -> None:
    with transaction.atomic():
        ring_at_commit(Role.MANAGER)
    assert waited_s(bell, 0.2) >= 0.19


@pytest.mark.postgres
def test_a_bell_outlives_a_server_that_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(listen(Role.WEB)) as bell:
        parameters = connection.get_connection_params()
        with monkeypatch.context() as away:
            away.setattr(connection, "get_connection_params", lambda: {**parameters, "host": "/nonexistent"})
            bell.wait(0.01)
        bell.wait(LONG_S)  # connects
        with transaction.atomic():
            ring_at_commit(Role.WEB)
        assert waited_s(bell, LONG_S) < LONG_S / 2


def test_an_answer_that_comes_while_the_listener_is_being_started_is_heard_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The first who waits has looked, the answer is committed, and only then is there a bell."""
    command = queued()

    def listen_late(role: Role) -> Bell:
        with recording() as record:
            assert record.answer(command.pk, Command.State.DONE)
        connection.close()
        return listen(role)

    monkeypatch.setattr(bells, "listen", listen_late)
    monkeypatch.setattr(replies, "_RECHECK_S", LONG_S)
    monkeypatch.setattr(replies, "_answered", _blind_once(replies._answered))
    begin = time.monotonic()
    assert CommandReplies().wait(command.pk, LONG_S) is not None
    assert time.monotonic() - begin < LONG_S / 2


def test_a_listener_that_fails_begins_again(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    has_failed = threading.Event()

    def fail_once(role: Role) -> Bell:
        if has_failed.is_set():
            return listen(role)
        has_failed.set()
        raise OSError(24, "too many open files")

    monkeypatch.setattr(bells, "listen", fail_once)
    everybody, command = CommandReplies(), queued()

    def answer() -> None:
        has_failed.wait(LONG_S)
        with recording() as record:
            record.answer(command.pk, Command.State.DONE)
        connection.close()

    answering = threading.Thread(target=answer)
    answering.start()
    begin = time.monotonic()
    assert everybody.wait(command.pk, LONG_S) is not None
    assert time.monotonic() - begin < LONG_S / 2
    answering.join()
    assert "too many open files" in caplog.text


def _blind_once(look: Callable[[int], Command | None]) -> Callable[[int], Command | None]:
    """Sees nothing the first time, as if it had looked before the answer came."""
    looks = iter([lambda _: None])
    return lambda command_id: next(looks, look)(command_id)


def queued() -> Command:
    now = datetime.now(UTC)
    procedure = Procedure.objects.create(
        script_type="embedded", script_name="x", state_at=now, created_at=now, node="n"
    )
    return Command.objects.create(
        kind=Command.Kind.STOP, procedure=procedure, node="n", issued_at=now, expires_at=now + timedelta(seconds=10)
    )


def test_whoever_waits_hears_the_answer_and_who_waits_for_another_goes_on_waiting() -> None:
    everybody = CommandReplies()
    answered, other = queued(), queued()
    results: dict[int, Command | None] = {}

    def wait(command: Command, timeout_s: float) -> None:
        results[command.pk] = everybody.wait(command.pk, timeout_s)
        connection.close()

    threads = [threading.Thread(target=wait, args=(answered, LONG_S)), threading.Thread(target=wait, args=(other, 1.0))]
    for thread in threads:
        thread.start()
    with recording() as record:
        record.answer(answered.pk, Command.State.REJECTED, reason="because", refusal="wrong_state")
    threads[0].join(LONG_S / 2)
    assert not threads[0].is_alive()
    threads[1].join()
    found = results[answered.pk]
    assert found is not None
    assert (found.state, found.reason, found.refusal) == ("rejected", "because", "wrong_state")
    assert results[other.pk] is None


def test_an_answer_that_came_before_anybody_waited_is_found() -> None:
    command = queued()
    with recording() as record:
        assert record.answer(command.pk, Command.State.DONE)
        assert not record.answer(command.pk, Command.State.REJECTED)
    found = CommandReplies().wait(command.pk, LONG_S)
    assert found is not None
    assert found.state == "done"
