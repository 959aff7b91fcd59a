"""The seam to the database: many changes in one transaction, none lost, a bad one harms nobody."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime

import pytest
from django.db import OperationalError, connection

from procedures.domain.states import ProcedureState as S
from procedures.manager import database as module
from procedures.manager.database import Database, DatabaseClosed
from procedures.models import Event, Procedure
from procedures.moves import Move
from procedures.recorder import Recording
from tests.waiting import wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]


@pytest.fixture
def said() -> list[str]:
    """What the database reported about its health."""
    return []


@pytest.fixture
async def database(said: list[str], monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Database]:
    monkeypatch.setattr(module, "_FIRST_PAUSE_S", 0.01)
    database = Database(said.append)
    database.start()
    yield database
    await database.close()


def event(topic: str) -> Callable[[Recording], None]:
    return lambda record: record.announce(topic, {})


async def topics() -> list[str]:
    def read() -> list[str]:
        try:
            return list(Event.objects.order_by("id").values_list("topic", flat=True))
        finally:
            connection.close()

    return await asyncio.to_thread(read)


async def test_changes_that_gather_while_one_is_written_become_one_transaction(database: Database) -> None:
    begun, go_on = threading.Event(), threading.Event()
    transactions: list[int] = []

    def slow(record: Recording) -> None:
        begun.set()
        assert go_on.wait(10)

    first = asyncio.create_task(database.write(slow))
    await asyncio.to_thread(begun.wait, 10)

    def note(record: Recording) -> None:
        transactions.append(id(record))
        record.announce("x", {})

    others = [asyncio.create_task(database.write(note)) for _ in range(10)]
    await asyncio.sleep(0)
    go_on.set()
    await asyncio.gather(first, *others)
    assert len(set(transactions)) == 1
    assert await topics() == ["x"] * 10


async def test_one_bad_change_harms_no_other_and_is_told_to_who_made_it(database: Database) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slow(record: Recording) -> None:
        begun.set()
        assert go_on.wait(10)

    def bad(record: Recording) -> None:
        record.announce("never", {})
        raise ValueError("a fault of ours")

    first = asyncio.create_task(database.write(slow))
    await asyncio.to_thread(begun.wait, 10)
    writes = [asyncio.create_task(database.write(work)) for work in (event("a"), bad, event("b"))]
    await asyncio.sleep(0)
    go_on.set()
    results = await asyncio.gather(first, *writes, return_exceptions=True)
    assert isinstance(results[2], ValueError)
    assert await topics() == ["a", "b"]


async def test_a_database_that_cannot_be_used_is_tried_again_and_its_state_is_reported(
    database: Database, said: list[str]
) -> None:
    tries: list[int] = []

    def unlucky(record: Recording) -> str:
        tries.append(1)
        record.announce("x", {})
        if len(tries) < 4:
            raise OperationalError("disk full")
        return "done"

    assert await database.write(unlucky) == "done"
    assert await topics() == ["x"]
    assert said[0] == "the database cannot be used: disk full"
    await asyncio.to_thread(wait_until, lambda: said[-1] == "", what="the news that it can be used again")


@pytest.mark.postgres
async def test_a_lost_connection_is_opened_again(database: Database) -> None:
    await database.write(event("a"))

    def pid() -> int:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            return int(cursor.fetchone()[0])

    ours = await database.read(pid)

    def terminate() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s)", [ours])
        connection.close()

    await asyncio.to_thread(terminate)
    await database.write(event("b"))
    assert await topics() == ["a", "b"]
    assert await database.read(pid) != ours


async def test_reads_see_what_was_handed_in_before_them(database: Database) -> None:
    writing = asyncio.create_task(database.write(event("a")))
    await asyncio.sleep(0)
    assert await database.read(lambda: Event.objects.count()) == 1
    await writing


async def test_when_the_manager_leaves_an_unusable_database_its_change_is_left_to_the_successor(
    said: list[str],
) -> None:
    database = Database(said.append)
    database.start()

    def hopeless(record: Recording) -> None:
        raise OperationalError("gone")

    writing = asyncio.create_task(database.write(hopeless))
    await asyncio.to_thread(wait_until, lambda: said, what="a report")
    await database.close()
    with pytest.raises(DatabaseClosed):
        await writing


async def test_a_procedure_that_somebody_else_moved_is_read_again(database: Database) -> None:
    now = datetime.now(UTC)

    def create(record: Recording) -> int:
        procedure = Procedure(
            script_type="embedded", script_uri="embedded:x", script_name="x", state_at=now, created_at=now, node="n"
        )
        record.create(procedure, {})
        return procedure.pk

    procedure_id = await database.write(create)

    def behind_its_back() -> None:
        Procedure.objects.filter(pk=procedure_id).update(state=S.IDLE)
        connection.close()

    await asyncio.to_thread(behind_its_back)
    moved = await database.write(lambda record: record.move(procedure_id, Move(S.LOADING, now)), [procedure_id])
    assert moved.state == S.LOADING
    assert await database.read(lambda: Procedure.objects.get(pk=procedure_id).state) == S.LOADING
