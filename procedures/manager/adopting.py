"""Picking up what a predecessor left: every procedure of this node that is not final, from its run directory."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from oet import processes
from procedures.domain.arguments import ProcedureInput
from procedures.domain.scripts import GitScript
from procedures.domain.states import ProcedureState
from procedures.manager.context import Context
from procedures.manager.following import archive_output, follow
from procedures.manager.hearing import subscriptions_of
from procedures.manager.inbox import Inbox, QueuedCommand
from procedures.manager.live import LiveProcedure, StartOrder
from procedures.manager.losses import LAUNCHER_LOST
from procedures.manager.preparing import new_live
from procedures.manager.preparing_git import prepare_git_again
from procedures.manager.starting import NOT_READY_YET, run_again
from procedures.manager.stopping import NO_COMMAND, climb
from procedures.models import LIVE_STATES, Command, Node, Procedure
from procedures.supervision.launcher_link import LauncherLink, LauncherUnreachable, Refused, StillAlive
from procedures.supervision.launchers import DEFAULT
from procedures.supervision.run_directories import BadDocument, ExitReport, RunDirectory, run_directories
from procedures.supervision.stop_ladder import StopReport
from procedures.supervision.story import Story, story_until

log = logging.getLogger(__name__)

_COLUMNS = (
    *("state", "launcher", "script_type", "abort_of_id", "journal_offset", "output_offset"),
    "part_of",
    *("stop_asked_at", "stop_asked_by", "stop_grace_s", "deadline_at"),
)


@dataclass(frozen=True)
class Legacy:
    """What the database knows of this node's procedures that are not final."""

    procedures: Sequence[Procedure]
    commands: Mapping[int, Sequence[QueuedCommand]]
    """Queued commands by procedure."""
    starts: Mapping[int, StartOrder]
    """The last start of each procedure that is RUNNING."""
    subscriptions: Mapping[int, Sequence[tuple[int, list[str]]]]
    """What each script has said that it listens to, with the event by which it did."""
    boot_id: str
    """The boot in which a manager of this node last had a heartbeat."""


@dataclass
class _Workers:
    """What the launchers that live know of."""

    links: list[LauncherLink] = field(default_factory=list)
    unreachable: set[str] = field(default_factory=set)
    """Names of launchers that live but do not answer: what they run is not lost."""
    owners: dict[int, tuple[LauncherLink, int]] = field(default_factory=dict)
    """Launcher and pid of each procedure's process."""


async def adopt_all(context: Context) -> set[int]:
    """Take over everything that lives, and clear away what does not. Returns the commands that are under way by it."""
    node = context.settings.node
    legacy = await context.database.read(lambda: _read_legacy(node))
    workers = await _workers(context)
    taken: set[int] = set()
    for procedure in legacy.procedures:
        taken |= await _adopt(context, procedure, legacy, workers)
    await context.desk.release_others({procedure.pk for procedure in legacy.procedures})
    live_ids = {procedure.pk for procedure in legacy.procedures}
    orphans = [d for d in run_directories(context.settings.procedures_dir) if d.procedure_id not in live_ids]
    if orphans:
        context.begin(_clear_away(context, orphans, workers), "clear away")
    if legacy.procedures:
        log.info("took over %s procedures", len(context.procedures))
    return taken


def _read_legacy(node: str) -> Legacy:
    procedures = list(Procedure.objects.filter(state__in=LIVE_STATES, node=node).only(*_COLUMNS).order_by("id"))
    commands: dict[int, list[QueuedCommand]] = defaultdict(list)
    for command in Inbox(node).queued(is_sure=True):
        commands[command.procedure_id].append(command)
    running = [p.pk for p in procedures if p.state == ProcedureState.RUNNING and not p.part_of]
    starts = {procedure_id: order for procedure_id in running if (order := _last_start(procedure_id)) is not None}
    boot_id = Node.objects.filter(name=node).values_list("boot_id", flat=True).first() or ""
    subscriptions = subscriptions_of([p.pk for p in procedures])
    return Legacy(procedures, commands, starts, subscriptions, boot_id)


def _last_start(procedure_id: int) -> StartOrder | None:
    """None where its journal says that it runs, and nobody has asked for that."""
    command = (
        Command.objects.filter(procedure_id=procedure_id, kind=Command.Kind.START, state=Command.State.DONE)
        .order_by("id")
        .last()
    )
    if command is None:
        return None
    call = ProcedureInput(tuple(command.arguments.get("args", ())), command.arguments.get("kwargs", {}))
    return StartOrder(command.pk, str(command.arguments["function"]), call, command.expires_at, command.issued_by)


async def _workers(context: Context) -> _Workers:
    workers = _Workers()
    for name in context.launchers.names:
        try:
            if found := await context.launchers.ask(name):
                link, living = found
                workers.links.append(link)
                workers.owners.update({procedure: (link, pid) for procedure, pid in living.items()})
        except (LauncherUnreachable, Refused) as error:
            log.error("%s", error)  # noqa: TRY400 - an outcome; what hangs on it is reported for each procedure
            context.report(f"launcher {name}", str(error))
            workers.unreachable.add(name)
    return workers


async def _adopt(context: Context, procedure: Procedure, legacy: Legacy, workers: _Workers) -> set[int]:
    """Take over one procedure; its commands that are under way by it."""
    directory = RunDirectory(context.settings.procedures_dir, procedure.pk)
    commands = legacy.commands.get(procedure.pk, ())
    prepare = next((c for c in commands if c.kind == Command.Kind.PREPARE), None)
    has_process = procedure.pk in workers.owners
    was_spawned = has_process or directory.was_spawned
    is_from_git_and_begun = procedure.state == ProcedureState.PREP_ENV and not was_spawned
    if prepare is not None and not was_spawned and not is_from_git_and_begun:
        return set()  # nothing has happened yet: the command is carried out, or expires, like any other
    if procedure.part_of and procedure.state == ProcedureState.CREATING and not was_spawned:
        return set()  # its trial has not started it yet
    live = new_live(context, procedure.pk, procedure.launcher or DEFAULT)
    live.journal_offset, live.output_position = procedure.journal_offset, procedure.output_offset
    live.abort_of = procedure.abort_of_id
    live.is_from_git = procedure.script_type == GitScript.script_type
    taken = set()
    if prepare is not None:
        live.prepare_command = prepare.id
        taken.add(prepare.id)
    if is_from_git_and_begun:
        context.begin(prepare_git_again(context, live), f"prepare {live.id}")
        return taken | _carry_on(context, live, procedure, legacy)
    live.is_pid_due = procedure.state == ProcedureState.PREP_ENV and has_process
    live.was_ready = ProcedureState(procedure.state) not in NOT_READY_YET
    live.story = await _story(directory, procedure.journal_offset)
    for event_id, topics in legacy.subscriptions.get(procedure.pk, ()):
        live.ears.listen(topics, event_id)
    live.ears.due.set()
    if has_process:
        link, live.pid = workers.owners[procedure.pk]
        live.process.launcher_id = link.identity.id
    elif not directory.has_ended and live.process.launcher not in workers.unreachable:
        live.lost = _loss(directory, legacy.boot_id)
    live.process.spawned.set()
    live.news.set()
    context.begin(follow(context, live), f"follow {live.id}")
    context.know_deadlines({procedure.pk: procedure.deadline_at})
    return taken | _carry_on(context, live, procedure, legacy)


async def _story(directory: RunDirectory, offset: int) -> Story:
    """What a predecessor knew of a journal; nothing where it cannot be read any more, for the other procedures are to be taken over."""
    try:
        return await asyncio.to_thread(story_until, directory.journal, offset)
    except OSError as error:
        log.error("procedure %s: its journal cannot be read: %s", directory.procedure_id, error)  # noqa: TRY400 - an outcome
        return Story()


def _carry_on(context: Context, live: LiveProcedure, procedure: Procedure, legacy: Legacy) -> set[int]:
    """Go on with a stop or a start that had begun; the commands that are under way by it."""
    order = legacy.starts.get(live.id)
    if order is not None and order.command_id not in live.story.runs_taken:
        context.begin(run_again(context, live, order), f"run {live.id}")
    if procedure.stop_asked_at is None or procedure.state == ProcedureState.UNKNOWN:
        return set()
    live.stops = [c for c in legacy.commands.get(live.id, ()) if c.kind == Command.Kind.STOP]
    report = StopReport(procedure.stop_asked_by, procedure.stop_asked_at.timestamp(), procedure.stop_grace_s or 0.0)
    report.note("carried on", by="a new process manager")
    command_id = live.stops[0].id if live.stops else NO_COMMAND
    context.begin(climb(context, live, report, command_id), f"stop {live.id}")
    return {stop.id for stop in live.stops}


def _loss(directory: RunDirectory, boot_id: str) -> str:
    """Why a procedure that has no process, and no exit report, is lost."""
    if boot_id and boot_id != processes.boot_id():
        return "host restarted"
    if not directory.exists:
        return f"its run directory {directory.path} is missing"
    if not directory.was_spawned:
        return "its process was never created: the process manager died before"
    return LAUNCHER_LOST


def _report(directory: RunDirectory) -> ExitReport | None:
    """exit.json; None where there is none that can be read."""
    with suppress(BadDocument, OSError):
        return directory.exit_report()
    return None


async def _clear_away(context: Context, orphans: Sequence[RunDirectory], workers: _Workers) -> None:
    """Remove run directories of procedures that are final (or unknown to the database), with whatever still runs there."""
    rows = await context.database.read(
        lambda: dict(
            Procedure.objects.filter(pk__in=[d.procedure_id for d in orphans]).values_list("pk", "output_offset")
        )
    )
    for directory in orphans:
        if directory.procedure_id in workers.owners:
            link, pid = workers.owners[directory.procedure_id]
            log.warning(
                "procedure %s is final or unknown, but its process %s lives: killing it", directory.procedure_id, pid
            )
            try:
                await link.kill(directory.procedure_id)
            except (StillAlive, Refused, LauncherUnreachable) as error:
                context.report(
                    f"procedure {directory.procedure_id}",
                    f"a process of procedure {directory.procedure_id} lives: {error}",
                )
                continue
        elif directory.procedure_id in rows:
            await archive_output(context, directory, rows[directory.procedure_id], _report(directory))
        await asyncio.to_thread(directory.remove)
