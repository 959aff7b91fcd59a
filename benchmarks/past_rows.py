"""What years of operation leave in each table, as SQL that makes its rows from their number."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

SECONDS_BETWEEN = 120
LIVE = 6
"""The newest procedures: two run, the others are prepared."""
TRIALS_PER_TASK, SCRIPTS_PER_TRIAL = 2, 5
PROCEDURES_PER_TRIAL_SCRIPT = 10
ENVIRONMENTS_AT_MOST = 2000


class Statements:
    """SQL that makes rows from a number `i`, and all else from that: the same at each call but for the time."""

    def __init__(self, procedures: int, is_postgresql: bool) -> None:
        self._count = procedures
        self._is_postgresql = is_postgresql
        self._json = "::jsonb" if is_postgresql else ""
        self._start = int((datetime.now(UTC) - timedelta(seconds=SECONDS_BETWEEN * procedures)).timestamp())

    def all(self) -> Iterator[str]:
        """Every table; each statement by itself."""
        yield from (self._procedures(), self._captures(), self._words(), self._histories(), self._events())
        yield from (self._commands(kind) for kind in ("prepare", "start"))
        yield from (self._environments(), *self._trials(), self._node())

    # each column of a procedure, as people would have made them

    def _at(self, seconds: int | str, each: str = "i") -> str:
        epoch = f"({self._start} + {each} * {SECONDS_BETWEEN} + {seconds})"
        return (
            f"to_timestamp({epoch})" if self._is_postgresql else f"strftime('%Y-%m-%d %H:%M:%S', {epoch}, 'unixepoch')"
        )

    def _is_live(self, then: str, otherwise: str) -> str:
        return f"CASE WHEN i > {self._count - LIVE} THEN {then} ELSE {otherwise} END"

    @property
    def _state(self) -> str:
        final = (
            "CASE WHEN i % 333333 = 7 THEN 'UNKNOWN' WHEN i % 100 < 86 THEN 'COMPLETE' "
            "WHEN i % 100 < 94 THEN 'FAILED' ELSE 'STOPPED' END"
        )
        return self._is_live("CASE WHEN i % 3 = 0 THEN 'RUNNING' ELSE 'READY' END", final)

    @property
    def _cause(self) -> str:
        return (
            "CASE WHEN i = 123 THEN 'the magnet had a quench' WHEN i % 100 < 86 THEN 'main returned' "
            "WHEN i % 100 < 94 THEN 'TimeoutError: correlator ' || (i % 16) || ' did not answer (in main)' "
            "ELSE 'stopped on request by user3; it ended by itself' END"
        )

    _SCRIPT = "'observe_' || (i * 7 % 40) || '.py'"
    _USER = "CASE WHEN i % 50000 = 3 THEN 'guest' ELSE 'user' || (i * 3 % 20) END"
    _TOOK_S = "(30 + i * 7 % 40 * 20 + i % 13)"

    def _json_text(self, value: Any) -> str:
        text = json.dumps(value).replace("'", "''")
        return f"'{text}'{self._json}"

    def _procedures(self) -> str:
        doc = "Observes the target for the given time, and writes what it has seen to the archive. " * 8
        functions = [{"name": "main", "signature": "(subarray_id, target)", "line": 12, "doc": doc, "parameters": []}]
        part_of = (
            f"CASE WHEN i % {PROCEDURES_PER_TRIAL_SCRIPT} = 0 THEN ('{{\"task\": ' || ({_TASK_OF_I}) || ', \"trial\": ' || ({_TRIAL_OF_I})"
            f" || ', \"key\": \"s' || ({_POSITION_OF_I}) || '\"}}'){self._json} END"
        )
        return self._insert(
            "procedures",
            "procedure",
            id="i",
            script_type="'filesystem'",
            script_uri=f"'file:///srv/scripts/' || {self._SCRIPT}",
            script_name=self._SCRIPT,
            script_options=self._json_text({}),
            script_path=f"'/srv/scripts/' || {self._SCRIPT}",
            state=self._state,
            state_at=self._at(90),
            sequence="4",
            runs="1",
            cause=self._cause,
            node="'atlas-1'",
            resources=self._json_text(["telescope"]),
            functions=self._json_text(functions),
            part_of=part_of,
            abort_of="CASE WHEN i % 1000 = 500 THEN i - 1 END",
            environment_id=f"CASE WHEN i % 7 = 0 THEN i % {self._environment_count} + 1 END",
            created_by=self._USER,
            created_at=self._at(0),
            started_at=self._at(5),
            finished_at=self._is_live("NULL", self._at(f"5 + {self._TOOK_S}")),
            launcher="'default'",
            journal_offset="4000",
            output_offset="9000",
            output_bytes="8000",
            output_lines="120",
            last_line="'done'",
        )

    def _captures(self) -> str:
        kwargs = f"""('{{"subarray_id": ' || (i % 4 + 1) || ', "target": "Cen A"}}'){self._json}"""
        at, function = self._at(1), "'main'"
        return self._insert("procedures", "argcapture", procedure_id="i", function=function, kwargs=kwargs, at=at)

    def _words(self) -> str:
        number, person, subarray = "(i * 7 % 40)", "(i * 3 % 20)", "(i % 4 + 1)"
        words = (
            f"'script=observe_' || {number} || '.py by=user' || {person} || ' subarray_id=' || {subarray} || ' target=cena observe '"
            f" || {number} || ' py user' || {person} || ' main subarray id ' || {subarray} || ' target cen a ' || {_in_words(self._cause)}"
            " || ' file srv scripts telescope atlas done'"
        )
        return self._insert("procedures", "proceduretext", procedure_id="i", words=words)

    def _histories(self) -> str:
        """Four transitions of each procedure, in the order in which they would have come."""
        sequence = "((i - 1) % 4 + 1)"
        state = f"CASE {sequence} WHEN 1 THEN 'CREATING' WHEN 2 THEN 'READY' WHEN 3 THEN 'RUNNING' ELSE 'COMPLETE' END"
        return self._insert(
            "procedures",
            "procedurehistory",
            rows=4 * self._count,
            procedure_id="((i - 1) / 4 + 1)",
            sequence=sequence,
            state=state,
            at=self._at(1, "((i - 1) / 4 + 1)"),
            who="'user3'",
            function=f"CASE WHEN {sequence} = 3 THEN 'main' ELSE '' END",
        )

    def _events(self) -> str:
        topic, payload = "'procedure.lifecycle.statechange'", self._json_text({"state": "READY"})
        return self._insert("procedures", "event", at=self._at(0), topic=topic, procedure_id="i", payload=payload)

    def _commands(self, kind: str) -> str:
        return self._insert(
            "procedures",
            "command",
            kind=f"'{kind}'",
            procedure_id="i",
            node="'atlas-1'",
            issued_by=self._USER,
            issued_at=self._at(0),
            expires_at=self._at(10),
            state="CASE WHEN i % 100 = 17 THEN 'rejected' ELSE 'done' END",
            answered_at=self._at(1),
        )

    # environments, trials and the node

    @property
    def _environment_count(self) -> int:
        return max(1, min(ENVIRONMENTS_AT_MOST, self._count // 100))

    def _environments(self) -> str:
        return self._insert(
            "environments",
            "environment",
            rows=self._environment_count,
            id="i",
            repository="'https://git.example.org/scripts-' || (i % 12)",
            commit="'0123456789abcdef0123456789abcdef' || (10000000 + i)",
            python="'/usr/bin/python3'",
            python_version="'3.11.2'",
            node="'atlas-1'",
            branch="'main'",
            state="CASE WHEN i % 10 = 3 THEN 'FAILED' WHEN i % 10 < 8 THEN 'EVICTED' ELSE 'READY' END",
            state_at=self._at(0),
            requested_at=self._at(0),
            requested_by="'user3'",
            last_used_at=self._at(0),
            build="1",
            attempts="1",
            folder="'e' || i",
            packages=self._json_text([[f"package-{n}", "1.2.3"] for n in range(60)]),
        )

    def _trials(self) -> Iterator[str]:
        source, spec, scripts = _task()
        script_count = self._count // PROCEDURES_PER_TRIAL_SCRIPT
        trial_count = max(1, script_count // SCRIPTS_PER_TRIAL)
        trial_state = "CASE WHEN i % 10 < 8 THEN 'passed' ELSE 'failed' END"
        yield self._insert(
            "trials",
            "task",
            rows=max(1, trial_count // TRIALS_PER_TASK),
            id="i",
            key="'night'",
            name="'night ' || i",
            source="'" + source.replace("'", "''") + "'",
            spec=self._json_text(spec),
            warnings=self._json_text([]),
            state=trial_state,
            aggregate_state="'passed'",
            max_trials="2",
            eager_trials="1",
            created_at=self._at(0, "i * 100"),
            created_by="'user3'",
        )
        yield self._insert(
            "trials",
            "trial",
            rows=trial_count,
            id="i",
            task_id=f"((i - 1) / {TRIALS_PER_TASK} + 1)",
            number=f"((i - 1) % {TRIALS_PER_TASK} + 1)",
            state=trial_state,
            node="'atlas-1'",
            working_dir="'/srv/trials/' || i",
            removed_at=self._at(99, "i * 50"),
            created_at=self._at(0, "i * 50"),
            created_by="'user3'",
            started_at=self._at(1, "i * 50"),
            finished_at=self._at(90, "i * 50"),
        )
        cases = " ".join(f"WHEN {place} THEN {self._json_text(one)}" for place, one in enumerate(scripts))
        position = f"((i - 1) % {SCRIPTS_PER_TRIAL})"
        yield self._insert(
            "trials",
            "trialscript",
            rows=script_count,
            trial_id=f"((i - 1) / {SCRIPTS_PER_TRIAL} + 1)",
            key=f"'s' || {position}",
            position=position,
            spec=f"CASE {position} {cases} END",
            state="CASE WHEN i % 20 = 3 THEN 'failed' ELSE 'passed' END",
            exit_status="0",
            procedure_id=f"i * {PROCEDURES_PER_TRIAL_SCRIPT}",
            eligible_at=self._at(1, "i * 10"),
            started_at=self._at(2, "i * 10"),
            finished_at=self._at(30, "i * 10"),
        )

    def _node(self) -> str:
        heartbeat, start = self._at(0, str(self._count)), self._at(0, "1")
        return self._insert("procedures", "node", rows=1, name="'atlas-1'", heartbeat_at=heartbeat, started_at=start)

    def _insert(self, app: str, table: str, *, rows: int | None = None, **columns: str) -> str:
        values = _defaults(app, table, self._json) | {_column(app, table, name): sql for name, sql in columns.items()}
        names = ", ".join(f'"{name}"' for name in values)
        count = self._count if rows is None else rows
        series = (
            f"SELECT {', '.join(values.values())} FROM generate_series(1, {count}) AS n(i)"
            if self._is_postgresql
            else f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count}) "
            f"SELECT {', '.join(values.values())} FROM n"
        )
        return f"INSERT INTO {app}_{table} ({names}) {series}"


_TRIAL_OF_I = f"(i / {PROCEDURES_PER_TRIAL_SCRIPT} - 1) / {SCRIPTS_PER_TRIAL} + 1"
_TASK_OF_I = f"({_TRIAL_OF_I} - 1) / {TRIALS_PER_TASK} + 1"
_POSITION_OF_I = f"(i / {PROCEDURES_PER_TRIAL_SCRIPT} - 1) % {SCRIPTS_PER_TRIAL}"


def _task() -> tuple[str, Mapping[str, Any], list[Mapping[str, Any]]]:
    """A document of a task, what it comes to, and its scripts."""
    from trials.domain.parsing import parse
    from trials.domain.specification import script_to_json, task_to_json

    graph: dict[str, Any] = {f"s{n}": {"body": "exit 0"} for n in range(SCRIPTS_PER_TRIAL)}
    for n in range(1, SCRIPTS_PER_TRIAL):
        graph[f"s{n}"]["start_when"] = {"before": {"script_key": f"s{n - 1}"}}
    source = json.dumps({"max_trials": TRIALS_PER_TASK, "scripts": graph})
    spec = parse(source)
    return source, task_to_json(spec), [script_to_json(script) for script in spec.scripts.values()]


def _in_words(cause: str) -> str:
    """The cause as `procedures.domain.search` would take it apart; it has nothing else between its words."""
    return f"replace(replace(replace(replace(lower({cause}), ':', ''), '(', ''), ')', ''), ';', '')"


def _column(app: str, table: str, name: str) -> str:
    from django.apps import apps

    return str(apps.get_model(app, table)._meta.get_field(name).column)


def _defaults(app: str, table: str, json_type: str) -> dict[str, str]:
    """The columns that must have a value, with that of a new row, as SQL."""
    from django.apps import apps
    from django.db.models import Field, JSONField

    fields = apps.get_model(app, table)._meta.concrete_fields
    found = {}
    for field in fields:
        if field.null or field.primary_key or not isinstance(field, Field) or field.remote_field:
            continue
        value = field.get_default()
        if isinstance(field, JSONField):
            found[str(field.column)] = f"'{json.dumps(value)}'{json_type}"
        elif isinstance(value, bool):
            found[str(field.column)] = "TRUE" if value else "FALSE"
        elif isinstance(value, int | float):
            found[str(field.column)] = str(value)
        elif value is not None:
            found[str(field.column)] = "''"
    return found
