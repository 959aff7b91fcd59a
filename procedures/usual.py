"""What scripts usually take, read from their own past (the rule is in `procedures.domain.usual`).

Only the latest complete ones of the same name are looked at, along an index of those (`procedure_usual`), so that the answer takes no
longer with a million of them, nor with a script that never completes. A script is the same if it comes from the same place: the URI,
and for git the repository.
What is usual is remembered for a moment: every page asks, and one run more among many does not move a median.
"""

from collections.abc import Iterable, Mapping
from functools import cache
from hashlib import sha256
from typing import Any, NamedTuple

from django.core.cache import cache as remembered

from procedures import statements
from procedures.domain.states import ProcedureState
from procedures.domain.usual import FEW, MOST_RUNS, Usual, usual_of
from procedures.models import Procedure

_LOOKED_AT = 2 * MOST_RUNS
"""Complete procedures of one name, which may come from several places."""
_STAND_IN = "\0"
_MOST_NAMES = 60
_REMEMBERED_S = 30
"""Where there are more than a few runs: with the first ones, each changes what is usual."""


class ScriptKey(NamedTuple):
    """What makes a script the same as an earlier one."""

    name: str
    uri: str
    repository: str

    @classmethod
    def of(cls, name: str, uri: str, options: Mapping[str, Any] | None) -> "ScriptKey":
        """The key of a procedure's columns `script_name`, `script_uri` and `script_options`."""
        return cls(name, uri, ((options or {}).get("git_args") or {}).get("git_repo") or "")


def usual_durations(keys: Iterable[ScriptKey]) -> dict[ScriptKey, Usual]:
    """What each script usually takes, one query for each name; of very many names, some are left out."""
    places = {_cache_key(key): key for key in keys}
    found: dict[ScriptKey, Usual] = {places[place]: usual for place, usual in remembered.get_many(places).items()}
    unknown = [key for key in places.values() if key not in found]
    for name in sorted({key.name for key in unknown})[:_MOST_NAMES]:
        past: dict[ScriptKey, list[float]] = {}
        for uri, options, started_at, finished_at in _latest_complete().ask(name):
            if started_at:
                past.setdefault(ScriptKey.of(name, uri, options), []).append((finished_at - started_at).total_seconds())
        found |= {key: usual_of(past.get(key, [])) for key in unknown if key.name == name}
    many = {_cache_key(key): found[key] for key in unknown if key in found and found[key].runs > FEW}
    remembered.set_many(many, _REMEMBERED_S)
    return found


def _cache_key(key: ScriptKey) -> str:
    return f"usual:{sha256(repr(tuple(key)).encode()).hexdigest()}"


@cache
def _latest_complete() -> statements.Question:
    rows = Procedure.objects.filter(
        script_name=_STAND_IN, state=ProcedureState.COMPLETE.value, finished_at__isnull=False
    ).order_by("-pk")
    columns = ("script_uri", "script_options", "started_at", "finished_at")
    return statements.Question(rows.values_list(*columns)[:_LOOKED_AT], _STAND_IN)
