"""What a script has logged, narrowed by level and logger; the filter stands in the address, so it can be sent to a colleague."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import HttpRequest

from procedures.domain.people import Actor
from procedures.models import LogRecord
from procedures.sayings import LogFilter, log_of
from procedures.words import precise_clock

SHOWN = 200
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
_MAX_ID_DIGITS = 18
_MAX_MESSAGE = 4000
_STATES = ((logging.ERROR, "failed"), (logging.WARNING, "error"), (logging.INFO, ""), (0, "pending"))


@dataclass(frozen=True)
class ShownRecord:
    """One record."""

    id: int
    at: str
    level: str
    state: str
    """That of its colour: errors, warnings, the rest."""
    logger: str
    only: str
    """The address that shows this logger only."""
    message: str


@dataclass(frozen=True)
class ShownLevel:
    """A level to narrow the log to."""

    name: str
    address: str
    is_chosen: bool


@dataclass(frozen=True)
class ShownLog:
    """The log, as far as it is shown."""

    rows: Sequence[ShownRecord]
    levels: Sequence[ShownLevel]
    logger: str
    all_loggers: str
    """The address without the logger; likewise that of earlier records."""
    earlier: str


def shown_log(request: HttpRequest, actor: Actor, procedure_id: int) -> ShownLog | None:
    """What the address asks for, else the latest; None where nothing was logged."""
    if not LogRecord.objects.filter(procedure_id=procedure_id).exists():
        return None
    level = request.GET.get("level", "")
    level = level if level in LEVELS else LEVELS[0]
    logger = request.GET.get("logger", "")[:200].replace("\0", "")
    before = request.GET.get("log_before", "")
    is_id = before.isascii() and before.isdigit() and len(before) <= _MAX_ID_DIGITS
    wanted = LogFilter(logging.getLevelNamesMapping()[level], logger, "", int(before) if is_id else None)
    found = log_of(actor, procedure_id, wanted, SHOWN + 1)
    rows = [_record(row, level) for row in found[-SHOWN:]]
    return ShownLog(
        rows=rows,
        levels=[ShownLevel(name, _address(name, logger), name == level) for name in LEVELS],
        logger=logger,
        all_loggers=_address(level, ""),
        earlier=_address(level, logger, rows[0].id) if len(found) > SHOWN else "",
    )


def _record(row: LogRecord, level: str) -> ShownRecord:
    return ShownRecord(
        id=row.pk,
        at=precise_clock(row.at.timestamp()),
        level=row.level_name,
        state=next(state for lowest, state in _STATES if row.level >= lowest),
        logger=row.logger,
        only=_address(level, row.logger),
        message=row.message[:_MAX_MESSAGE],
    )


def _address(level: str, logger: str, before: int | None = None) -> str:
    parts: dict[str, object] = {"level": level} if level != LEVELS[0] else {}
    parts |= {"logger": logger} if logger else {}
    parts |= {"log_before": before} if before is not None else {}
    return f"?{urlencode(parts)}#log"
