"""The one place that moves a Procedure.

A `Recording` is one transaction. What belongs together (transitions, their history and events, cursors into journals, output, answers to
commands) is collected in it and written with few statements when it closes, so that a burst of records costs hardly more than one.
Rows of procedures are read once, locked where the database can, and each UPDATE repeats the state that was read: if somebody else
moved the procedure in between, nothing of the recording is applied.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from typing import Any

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connection, transaction

from procedures import claims, statements
from procedures.bells import Role, ring_at_commit
from procedures.domain.arguments import ProcedureInput, arguments_in_brief, key_facts
from procedures.domain.errors import NoSuchProcedure, TransitionRefused
from procedures.domain.messages import is_for_scripts
from procedures.domain.states import FINAL, ProcedureState, may_follow
from procedures.models import (
    ArgCapture,
    Attachment,
    Command,
    Event,
    LogRecord,
    OutputChunk,
    Procedure,
    ProcedureHistory,
    Question,
)
from procedures.moves import Move, Moved, columns_of, news_of, row_of
from procedures.searched import write_words

_EVENT_LOCK = 0x0E7
"""Key of the PostgreSQL advisory lock that makes `Event.id` commit-ordered."""

_NOT_READ = frozenset({"script_body", "functions", "errand"})
"""Columns that may be large, and that no transition needs."""
_COLUMNS_READ = [field.attname for field in Procedure._meta.concrete_fields if field.attname not in _NOT_READ]
_STAND_IN = -1
_BATCH = 200


class ConcurrentChange(Exception):
    """A procedure was moved by somebody else while a recording was open; the recording may be tried again."""


Listener = Callable[["Recording"], None]
listeners: list[Listener] = []
"""Called inside the transaction of every recording, before it is written; what is to happen together with a transition is added there.
Whoever depends on procedures registers here, so that procedures need not know of them."""


@contextmanager
def recording() -> Iterator["Recording"]:
    """A transaction that records; listeners are rung when it has been committed."""
    with transaction.atomic():
        record = Recording()
        yield record
        record.write()


class Recording:
    """What one transaction is going to write. Made by `recording()`."""

    def __init__(self) -> None:
        self._procedures: dict[int, Procedure] = {}
        self._states_read: dict[int, str] = {}
        self._changes: dict[int, dict[str, Any]] = {}
        self._history: list[ProcedureHistory] = []
        self._events: list[Event] = []
        self._captures: list[ArgCapture] = []
        self._chunks: list[OutputChunk] = []
        self._log: list[LogRecord] = []
        self._searched: set[int] = set()
        """Procedures whose words are to be written: those that begin, and those that end."""
        self._has_answered = False
        self.moves: list[Moved] = []
        """Every transition that was taken, in order."""
        self.has_released = False
        """A resource has become free."""
        self.orders: list[Command] = []
        """Commands that came about here, rather than by a request."""

    def know(self, procedures: Iterable[Procedure]) -> None:
        """Take these as they are instead of reading them: whoever recorded them last kept them.

        If one has been moved by somebody else meanwhile, the recording fails with ConcurrentChange.
        """
        for procedure in procedures:
            self._procedures[procedure.pk] = procedure
            self._states_read[procedure.pk] = procedure.state

    @property
    def procedures(self) -> Iterable[Procedure]:
        """Every procedure that was read or made, as this recording leaves it."""
        return self._procedures.values()

    def load(self, ids: Iterable[int]) -> None:
        """Read these procedures."""
        wanted = [i for i in ids if i not in self._procedures]
        if not wanted:
            return
        question = _procedure_question(is_locking=connection.features.has_select_for_update)
        for procedure_id in sorted(wanted):  # in one order, so that two recordings never wait for each other's locks
            self.know(Procedure.from_db(DEFAULT_DB_ALIAS, _COLUMNS_READ, row) for row in question.ask(procedure_id))

    def procedure(self, procedure_id: int) -> Procedure:
        """The procedure as this recording will leave it; raises NoSuchProcedure."""
        self.load([procedure_id])
        try:
            return self._procedures[procedure_id]
        except KeyError:
            raise NoSuchProcedure(procedure_id) from None

    def create(self, procedure: Procedure, inputs: Mapping[str, ProcedureInput]) -> None:
        """Insert a procedure in CREATING, with the arguments it was prepared with."""
        procedure.save(force_insert=True)
        self._created(procedure, inputs)

    def create_all(self, procedures: Sequence[tuple[Procedure, Mapping[str, ProcedureInput]]]) -> None:
        """Insert many procedures in CREATING at once."""
        Procedure.objects.bulk_create([procedure for procedure, _ in procedures], batch_size=_BATCH)
        for procedure, inputs in procedures:
            self._created(procedure, inputs)

    def _created(self, procedure: Procedure, inputs: Mapping[str, ProcedureInput]) -> None:
        self._procedures[procedure.pk] = procedure
        self._states_read[procedure.pk] = procedure.state
        self._searched.add(procedure.pk)
        for function, call in inputs.items():
            self.capture(procedure.pk, function, call, procedure.created_at)
        move = Move(ProcedureState.CREATING, procedure.created_at, who=procedure.created_by, cause=procedure.cause)
        self._note(procedure, move, "", {**_described(procedure), **_in_brief(inputs)})

    def move(self, procedure_id: int, move: Move) -> Procedure:
        """Take one transition; raises TransitionRefused where the table does not have it."""
        procedure = self.procedure(procedure_id)
        previous = ProcedureState(procedure.state)
        if not may_follow(previous, move.state):
            raise TransitionRefused(procedure_id, previous, move.state)
        columns = columns_of(procedure, move)
        if move.state in FINAL and procedure.said:
            self.withdraw_questions(procedure_id, move.at)
        if move.state in FINAL or move.state is ProcedureState.UNKNOWN:
            self._searched.add(procedure_id)
        self.change(procedure_id, **columns)
        # A script of a trial keeps what it holds until its process tree is gone.
        if move.state in FINAL if procedure.part_of else previous is ProcedureState.RUNNING:
            self.has_released |= bool(procedure.resources)
            claims.release(procedure_id)
        self.moves.append(Moved(procedure, previous, move))
        more = self._arguments(procedure_id) if move.state is ProcedureState.RUNNING else {}
        if procedure.part_of and previous is ProcedureState.CREATING:  # only now is it shown among the others
            more = _described(procedure)
        self._note(procedure, move, previous, more)
        return procedure

    @property
    def topics(self) -> frozenset[str]:
        """Topics of the events that it announces."""
        return frozenset(event.topic for event in self._events)

    def changed(self, procedure_id: int) -> Mapping[str, Any]:
        """The columns of a procedure that this recording changes."""
        return self._changes.get(procedure_id, {})

    def order(
        self, kind: Command.Kind, procedure: Procedure, arguments: Mapping[str, Any], *, who: str, expires_at: datetime
    ) -> None:
        """Have its manager do something with a procedure; nobody waits for the answer."""
        if not self.orders:
            ring_at_commit(Role.MANAGER)
        command = Command(
            kind=kind,
            procedure=procedure,
            node=procedure.node,
            arguments=dict(arguments),
            issued_by=who,
            issued_at=datetime.now(UTC),
            expires_at=expires_at,
        )
        command.save(force_insert=True)
        self.orders.append(command)

    def change(self, procedure_id: int, **columns: Any) -> None:
        """Change columns of a procedure without a transition."""
        procedure = self.procedure(procedure_id)
        self._changes.setdefault(procedure_id, {}).update(columns)
        for name, value in columns.items():
            setattr(procedure, name, value)

    def capture(self, procedure_id: int, function: str, call: ProcedureInput, at: datetime) -> None:
        """Remember what a function was called with."""
        self._captures.append(
            ArgCapture(
                procedure_id=procedure_id, function=function, args=list(call.args), kwargs=dict(call.kwargs), at=at
            )
        )

    def claim(self, procedure_id: int, scope: str, names: Sequence[str], at: datetime) -> None:
        """Take every resource in `names` for the procedure; raises ResourceHeld and takes none."""
        if names and not claims.take(procedure_id, scope, names, at):
            raise ConcurrentChange(f"claims of procedure {procedure_id}")

    def announce(
        self,
        topic: str,
        payload: Mapping[str, Any],
        *,
        procedure_id: int | None = None,
        at: datetime | None = None,
        who: str = "",
    ) -> None:
        """Add an event to the log."""
        self._events.append(
            Event(topic=topic, payload=dict(payload), procedure_id=procedure_id, at=at or datetime.now(UTC), who=who)
        )

    def log(self, row: LogRecord) -> None:
        """Keep what a script logged."""
        self._log.append(row)

    def ask(self, row: Question) -> None:
        """Keep a question of a script; one that is there already was kept by a predecessor."""
        Question.objects.bulk_create([row], ignore_conflicts=True)

    def close_question(self, procedure_id: int, number: int, **columns: Any) -> None:
        """Say what became of a question that waits."""
        Question.objects.filter(procedure_id=procedure_id, number=number, state=Question.State.ASKED).update(**columns)

    def withdraw_questions(self, procedure_id: int, at: datetime) -> None:
        """Nobody waits for an answer any more."""
        Question.objects.filter(procedure_id=procedure_id, state=Question.State.ASKED).update(
            state=Question.State.WITHDRAWN, closed_at=at
        )

    def attach(self, row: Attachment) -> None:
        """Keep what a script attached, in place of an earlier one of that name."""
        Attachment.objects.bulk_create(
            [row],
            update_conflicts=True,
            unique_fields=["procedure", "name"],
            update_fields=["media_type", "at", "size", "data"],
        )

    def store_output(self, chunk: OutputChunk) -> None:
        """Keep a piece of output."""
        self._chunks.append(chunk)

    def answer(
        self, command_id: int, state: Command.State, *, reason: str = "", refusal: str = "", result: Any = None
    ) -> bool:
        """Say what became of a command; False if it had been answered before: then the first answer stands."""
        self._has_answered = True
        answer = {"state": state.value, "reason": reason, "refusal": refusal, "answered_at": datetime.now(UTC)}
        answer |= {} if result is None else {"result": result}
        return statements.update(Command, command_id, Command.State.QUEUED, answer)

    def write(self) -> None:
        """Write everything that was collected; called once, by `recording()`."""
        for listener in listeners:
            listener(self)
        for procedure_id, columns in self._changes.items():
            if not statements.update(Procedure, procedure_id, self._states_read[procedure_id], columns):
                raise ConcurrentChange(f"procedure {procedure_id}")
        statements.insert(self._history)
        statements.insert(self._captures)
        write_words(self._procedures[procedure_id] for procedure_id in sorted(self._searched))
        # A chunk that is there already was stored by a predecessor that died before it could forget the file.
        statements.insert(self._chunks, ignore_conflicts=True)
        statements.insert(self._log)
        if self._events:
            _order_events_by_commit()
            statements.insert(self._events)
            if any(is_for_scripts(event.topic) for event in self._events):
                ring_at_commit(Role.MANAGER)
        if self._events or self._has_answered:
            ring_at_commit(Role.WEB)

    def _arguments(self, procedure_id: int) -> Mapping[str, Any]:
        """The procedure's arguments in brief, as lists show them; empty unless this recording has changed them."""
        fresh = [capture for capture in self._captures if capture.procedure_id == procedure_id]
        if not fresh:
            return {}
        inputs = {
            name: ProcedureInput(tuple(args), kwargs) for name, args, kwargs in _capture_question().ask(procedure_id)
        }
        inputs |= {capture.function: ProcedureInput(tuple(capture.args), capture.kwargs) for capture in fresh}
        return _in_brief(inputs)

    def _note(self, procedure: Procedure, move: Move, previous: str, more: Mapping[str, Any]) -> None:
        self._history.append(row_of(procedure, move))
        for topic, payload in news_of(procedure, move, previous, more):
            self.announce(topic, payload, procedure_id=procedure.pk, at=move.at)


def _described(procedure: Procedure) -> dict[str, Any]:
    """What a list that has never heard of it needs to know."""
    return {
        "script": procedure.script_name,
        "uri": procedure.script_uri,
        "abort_of": procedure.abort_of_id,
        "node": procedure.node,
        "part_of": procedure.part_of,
        "created_at": procedure.created_at.timestamp(),
        "created_by": procedure.created_by,
    }


def _in_brief(inputs: Mapping[str, ProcedureInput]) -> dict[str, Any]:
    """The arguments as lists show them."""
    return {"arguments": arguments_in_brief(inputs), "facts": key_facts(inputs, settings.OET.key_arguments)}


@cache
def _procedure_question(*, is_locking: bool) -> statements.Question:
    """Reads the procedure with an id, and locks it where the database can."""
    rows = Procedure.objects.filter(pk=_STAND_IN)
    if is_locking:
        rows = rows.select_for_update()
    return statements.Question(rows.values_list(*_COLUMNS_READ), _STAND_IN)


@cache
def _capture_question() -> statements.Question:
    """Reads what the functions of a procedure were called with, the oldest first."""
    rows = ArgCapture.objects.filter(procedure_id=_STAND_IN).order_by("id")
    return statements.Question(rows.values_list("function", "args", "kwargs"), _STAND_IN)


def _order_events_by_commit() -> None:
    """Make `Event.id` grow in the order of commits: SQLite has one writer at a time, PostgreSQL takes a lock until the end."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_EVENT_LOCK])
