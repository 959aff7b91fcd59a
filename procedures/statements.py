"""Statements that are carried out for every step of every procedure, composed once.

Django's ORM composes its SQL anew each time, which costs several times what the database needs to carry it out. Fields still turn values
into what the database takes, so JSON, times and bytes are stored exactly as the ORM stores them.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from django.db import DEFAULT_DB_ALIAS, connection, connections, models

if TYPE_CHECKING:
    _Field = models.Field[Any, Any]


def insert(rows: Sequence[models.Model], *, ignore_conflicts: bool = False) -> None:
    """Insert rows of one model, whose ids the database gives; the objects are not told their ids."""
    if not rows:
        return
    fields, sql = _insert(type(rows[0]), ignore_conflicts)
    own = connections[DEFAULT_DB_ALIAS]  # `connection` looks it up again at every use
    values = [[field.get_db_prep_save(getattr(row, field.attname), own) for field in fields] for row in rows]
    with own.cursor() as cursor:
        if len(values) == 1:
            cursor.execute(sql, values[0])
        else:
            cursor.executemany(sql, values)


def update(model: type[models.Model], pk: int, state: str, columns: Mapping[str, Any]) -> bool:
    """Change `columns` of the row `pk` if its state is `state`; whether it was."""
    fields, sql = _update(model, tuple(columns))
    own = connections[DEFAULT_DB_ALIAS]
    values = [field.get_db_prep_save(value, own) for field, value in zip(fields, columns.values(), strict=True)]
    with own.cursor() as cursor:
        cursor.execute(sql, [*values, pk, state])
        return bool(cursor.rowcount)


def delete(model: type[models.Model], field: str, value: int) -> None:
    """Delete the rows in which `field` is `value`; nothing may refer to them."""
    with connection.cursor() as cursor:
        cursor.execute(_delete(model, field), [value])


@cache
def _insert(model: type[models.Model], ignore_conflicts: bool) -> tuple[Sequence["_Field"], str]:  # noqa: FBT001 - a cache's key
    fields = [field for field in model._meta.concrete_fields if not field.primary_key]
    columns = ", ".join(_column(field) for field in fields)
    marks = ", ".join(["%s"] * len(fields))
    conflicts = " ON CONFLICT DO NOTHING" if ignore_conflicts else ""
    return fields, f"INSERT INTO {_table(model)} ({columns}) VALUES ({marks}){conflicts}"  # noqa: S608 - names of ours


@cache
def _update(model: type[models.Model], names: tuple[str, ...]) -> tuple[Sequence["_Field"], str]:
    fields = [_field(model, name) for name in names]
    columns = ", ".join(f"{_column(field)} = %s" for field in fields)
    return fields, f'UPDATE {_table(model)} SET {columns} WHERE "id" = %s AND "state" = %s'  # noqa: S608 - names of ours


@cache
def _delete(model: type[models.Model], name: str) -> str:
    return f"DELETE FROM {_table(model)} WHERE {_column(_field(model, name))} = %s"  # noqa: S608 - names of ours


def _field(model: type[models.Model], name: str) -> "_Field":
    field = model._meta.get_field(name)
    assert isinstance(field, models.Field)
    return field


def _column(field: "_Field") -> str:
    return connection.ops.quote_name(str(field.column))


def _table(model: type[models.Model]) -> str:
    return connection.ops.quote_name(model._meta.db_table)


class Question:
    """A query whose SQL is composed once; any thread may ask it."""

    def __init__(self, query: "models.QuerySet[Any, Any]", stand_in: Any) -> None:
        """`query` is a `values_list`, in which `stand_in` takes the place of the one value that differs each time."""
        compiler = query.query.get_compiler(connection=connection)
        self._sql, parameters = compiler.as_sql()
        self._parameters = list(parameters)
        self._places = [place for place, parameter in enumerate(self._parameters) if parameter == stand_in]
        self._compiler = compiler
        self._converters = compiler.get_converters([expression for expression, *_ in compiler.select])

    def ask(self, value: Any) -> list[tuple[Any, ...]]:
        """The rows for this value."""
        parameters = [*self._parameters]
        for place in self._places:
            parameters[place] = value
        with connection.cursor() as cursor:
            cursor.execute(self._sql, parameters)
            rows = cursor.fetchall()
        return [tuple(row) for row in self._compiler.apply_converters(rows, self._converters)]
