"""The commands pause, resume and answer: told to the worker, which writes them down; answered when what it wrote is recorded."""

import asyncio
from datetime import UTC, datetime
from typing import Any

from procedures.manager.context import Context
from procedures.manager.following import give_answers_due
from procedures.manager.inbox import QueuedCommand
from procedures.manager.live import LiveProcedure
from procedures.models import Command
from procedures.supervision.control import WorkerUnreachable

_TELL_TIMEOUT_S = 2.0
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.02, 0.5


async def steer(context: Context, live: LiveProcedure, command: QueuedCommand) -> None:
    """Tell the script, until it has taken it, is gone, or it is too late; a refusal of its becomes that of the command."""
    message = {"op": command.kind.upper(), "command": command.id, "by": command.issued_by, **_arguments(command)}
    pause_s, words = _FIRST_PAUSE_S, f"procedure {live.id} has ended."
    while not live.process.gone.is_set() and datetime.now(UTC) < command.expires_at:
        try:
            answer = await live.process.tell(message, _TELL_TIMEOUT_S)
        except WorkerUnreachable as error:
            words = f"procedure {live.id} did not take it in time: {error}"
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)
            continue
        if answer.get("ok"):
            live.answers_due.append(command.id)
            live.news.set()
            if live.over.is_set():  # it ended by it, and that was recorded before we heard that it had understood
                await give_answers_due(context, live)
            return
        words = f"procedure {live.id}: {answer.get('error')}"
        break
    await context.database.write(
        lambda record: record.answer(command.id, Command.State.REJECTED, reason=words, refusal="rejected")
    )


def _arguments(command: QueuedCommand) -> dict[str, Any]:
    if command.kind != Command.Kind.ANSWER:
        return {}
    return {"question": command.arguments["question"], "answer": command.arguments["answer"]}
