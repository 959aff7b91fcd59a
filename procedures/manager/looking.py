"""The command look: what a script does now, as the answer to it."""

from procedures.manager.context import Context
from procedures.manager.inbox import QueuedCommand
from procedures.manager.live import LiveProcedure
from procedures.manager.texts import clean_json
from procedures.models import Command
from procedures.supervision.looking import look as look_at


async def look(context: Context, live: LiveProcedure, command: QueuedCommand) -> None:
    """Look at the script and answer with what was seen."""
    seen = clean_json(await look_at(live.process, live.pid))
    await context.database.write(lambda record: record.answer(command.id, Command.State.DONE, result=seen))
