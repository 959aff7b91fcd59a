"""Following a procedure: reading on in its run directory whenever there is news, until its end is recorded."""

import asyncio
import errno
import logging
import time
from dataclasses import dataclass
from functools import partial

from oet.journal import Record, read_records
from oet.output import read_frames
from oet.rundir import BadDocument
from procedures.domain.states import ProcedureState
from procedures.manager.aborting import AbortOrder
from procedures.manager.context import Context
from procedures.manager.database import DatabaseClosed
from procedures.manager.ending import EndOfProcess, write_end
from procedures.manager.hearing import hear
from procedures.manager.live import OUTPUT_PAUSE_S, LiveProcedure
from procedures.manager.news import Note, notes_of, write_notes
from procedures.manager.output import NewOutput, new_output, write_output
from procedures.manager.starting import start_held
from procedures.models import Command
from procedures.moves import Move
from procedures.recorder import Recording
from procedures.supervision.run_directories import ExitReport, RunDirectory

log = logging.getLogger(__name__)

JOURNAL_BYTES_A_TURN = 1 << 16
OUTPUT_BYTES_A_TURN = 1 << 20
_SMALL_OUTPUT_BYTES = 1 << 15
"""As little as this is compressed at once; more of it in a thread, so that others need not wait."""
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 1.0, 60.0
_SPOILT = frozenset({errno.EISDIR, errno.ENOTDIR, errno.ESPIPE, errno.ENXIO, errno.ELOOP, errno.EACCES, errno.EPERM})
"""It will not pass by itself: something else is where the journal was."""


@dataclass(frozen=True)
class News:
    """What one turn has read, and is recorded in one transaction."""

    notes: list[Note]
    journal_offset: int
    output: NewOutput | None
    end: EndOfProcess | None
    is_more: bool
    """There is more to be read at once."""


async def follow(context: Context, live: LiveProcedure) -> None:
    """Record what happens to a procedure until it is final; then clear its run directory away."""
    context.begin(hear(context, live), f"hear {live.id}")
    pause_s = _FIRST_PAUSE_S
    while True:
        await live.news.wait()
        live.news.clear()
        try:
            is_over = await _turn(context, live)
        except DatabaseClosed:
            raise
        except Exception:
            # The border of one procedure: it is tried again, for nothing of it is lost, and the others go on meanwhile.
            log.exception("procedure %s cannot be recorded; trying again in %g s", live.id, pause_s)
            context.report(f"procedure {live.id}", f"procedure {live.id} cannot be recorded; see the manager's log")
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)
            live.news.set()
        else:
            if pause_s != _FIRST_PAUSE_S:
                pause_s = _FIRST_PAUSE_S
                context.report(f"procedure {live.id}", "")
            if is_over:
                return


async def _turn(context: Context, live: LiveProcedure) -> bool:
    """Read once and record what was read; True when the procedure is final."""
    news = await _read(context, live)
    has_answer = live.prepare_command is not None or live.is_pid_due or bool(live.answers_due)
    if not (news.notes or news.output or news.end or has_answer) and news.journal_offset == live.journal_offset:
        return False
    answers = [] if news.is_more else list(live.answers_due)
    order = await context.database.write(partial(_write, context, live, news, answers), [live.id])
    live.answers_due = [command for command in live.answers_due if command not in answers]
    live.journal_offset = news.journal_offset
    live.prepare_command = None
    live.is_pid_due = False
    if news.output is not None:
        live.output_position = news.output.position
    if news.end is not None:
        await _finish(context, live, order, news.end)
        return True
    if news.is_more:
        live.news.set()
    live.was_ready = live.was_ready or _becomes_ready(news)
    if live.held_start is not None and live.was_ready:
        held, live.held_start = live.held_start, None
        context.begin(start_held(context, live, held), f"start {live.id}")
    return False


def _becomes_ready(news: News) -> bool:
    return any(isinstance(note, Move) and note.state is ProcedureState.READY for note in news.notes)


async def _read(context: Context, live: LiveProcedure) -> News:
    """What is new. The end is looked for first, so that what is read after it is all there will ever be."""
    end = _end(live)
    if end is not None:
        live.process.gone.set()
    records, offset = _records(context, live)
    notes = notes_of(records, live.story, live.id)
    is_more = offset > live.journal_offset and live.directory.journal_size_bytes() > offset
    output = await _read_output(context, live, is_last=end is not None)
    return News(notes, offset, output, None if is_more else end, is_more)


def _records(context: Context, live: LiveProcedure) -> tuple[list[Record], int]:
    """What is new in the journal. One that the script has spoilt must not keep its procedure from ending."""
    try:
        records, offset = read_records(live.directory.journal, live.journal_offset, JOURNAL_BYTES_A_TURN)
    except OSError as error:
        if error.errno not in _SPOILT:
            raise
        _miss_journal(context, live, str(error))
        return [], live.journal_offset
    if 0 < live.directory.journal_size_bytes() < live.journal_offset:
        _miss_journal(context, live, "it has become shorter")
    return records, offset


def _miss_journal(context: Context, live: LiveProcedure, words: str) -> None:
    """Say once that the journal cannot be read on."""
    if not live.unread:
        live.unread = f"its journal cannot be read: {words}"
        log.error("procedure %s: %s", live.id, live.unread)
        context.report(f"journal of procedure {live.id}", f"procedure {live.id}: {live.unread}")


def _end(live: LiveProcedure) -> EndOfProcess | None:
    try:
        report = live.directory.exit_report()
    except (BadDocument, OSError) as error:
        return EndOfProcess(None, f"its exit report cannot be read: {error}")
    if report is None and not live.lost:
        return None
    return EndOfProcess(report, live.lost)


async def _read_output(context: Context, live: LiveProcedure, *, is_last: bool) -> NewOutput | None:
    if not live.directory.may_have_output(live.output_position, context.settings.output_limit_bytes):
        return None
    if not is_last and live.output_due > time.monotonic():
        live.look_later()
        return None
    frames, position = read_frames(live.directory.path, live.output_position, OUTPUT_BYTES_A_TURN)
    if not frames:
        return None
    live.output_due = time.monotonic() + OUTPUT_PAUSE_S
    if position - live.output_position <= _SMALL_OUTPUT_BYTES:
        return new_output(frames, position)
    return await asyncio.to_thread(new_output, frames, position)


def _write(
    context: Context, live: LiveProcedure, news: News, answers: list[int], record: Recording
) -> AbortOrder | None:
    """In the database thread, perhaps more than once."""
    _write_answers(record, answers)
    if live.prepare_command is not None:
        record.answer(live.prepare_command, Command.State.DONE)
    if live.prepare_command is not None or live.is_pid_due:
        record.change(live.id, pid=live.pid, launcher=live.process.launcher)
    write_notes(record, live.id, news.notes)
    if news.journal_offset != live.journal_offset:
        record.change(live.id, journal_offset=news.journal_offset)
    if news.output is not None:
        write_output(record, live.id, news.output, context.settings.output_limit_bytes)
    return write_end(record, context.settings, live, news.end) if news.end is not None else None


def _write_answers(record: Recording, commands: list[int]) -> None:
    for command_id in commands:
        record.answer(command_id, Command.State.DONE)


async def give_answers_due(context: Context, live: LiveProcedure) -> None:
    """Answer what was done for commands while, or after, the end was recorded: no turn comes after it."""
    answers, live.answers_due = live.answers_due, []
    if answers:
        await context.database.write(partial(_write_answers, commands=answers))


async def _finish(context: Context, live: LiveProcedure, order: AbortOrder | None, end: EndOfProcess) -> None:
    """It is final and nothing will change that: hand on, clear up, forget."""
    if order is not None:
        context.take(order.prepare, order.preparation)
        context.take(order.start, None)
    context.procedures.forget(live)
    context.report(f"journal of procedure {live.id}", "")
    live.over.set()
    await give_answers_due(context, live)
    if live.is_from_git:
        await context.desk.release(live.id)
    await archive_output(context, live.directory, live.output_position, end.report)
    await asyncio.to_thread(live.directory.remove)


async def archive_output(context: Context, directory: RunDirectory, position: int, report: ExitReport | None) -> None:
    """Store what is left of very much output, piece by piece, so that a final state need not wait for it.

    Where its launcher could not tell how much there is (it died, or is frozen), everything that was written is stored.
    """
    end = report.output_position if report is not None else None
    while end is None or position < end:
        frames, following = read_frames(directory.path, position, OUTPUT_BYTES_A_TURN)
        output = await asyncio.to_thread(new_output, frames, following)
        if output is None:
            return
        limit_bytes, procedure_id = context.settings.output_limit_bytes, directory.procedure_id
        await context.database.write(
            partial(write_output, procedure_id=procedure_id, output=output, limit_bytes=limit_bytes), [procedure_id]
        )
        position = following
