"""What a procedure is to be prepared with."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from oet.rundir import Script
from procedures.domain.states import FINAL
from procedures.models import ArgCapture, Procedure


@dataclass(frozen=True)
class Preparation:
    """What a procedure is to be prepared with."""

    procedure_id: int
    script: Script
    args: list[Any]
    kwargs: Mapping[str, Any]
    abort_of: int | None = None


def preparation_of(procedure: Procedure, args: list[Any], kwargs: Mapping[str, Any]) -> Preparation:
    """The preparation of a procedure with the arguments of its `init`."""
    if procedure.script_type == "embedded":
        script = Script("embedded", text=procedure.script_body)
    else:
        script = Script("filesystem", path=procedure.script_path)
    return Preparation(procedure.pk, script, args, kwargs, procedure.abort_of_id)


def read_preparation(procedure_id: int) -> Preparation | None:
    """What the database says, in its thread; None if the procedure is final already."""
    columns = ("state", "script_type", "script_path", "script_body", "abort_of_id")
    procedure = Procedure.objects.only(*columns).get(pk=procedure_id)
    if procedure.state in FINAL:
        return None
    captures = (
        ArgCapture.objects.filter(procedure_id=procedure_id, function="init")
        .order_by("id")
        .values_list("args", "kwargs")
    )
    args, kwargs = captures.first() or ([], {})
    return preparation_of(procedure, args, kwargs)
