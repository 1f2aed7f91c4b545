"""Reads of a fixed shape that are compiled once.

Making the SQL of a query costs several times as much as sending it. What is asked with every
handoff, often while others wait for a lock, has the same SQL each time but for its values.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Expression, Field, QuerySet
from django.db.models.sql.compiler import SQLCompiler

Row = tuple[Any, ...]


class _Slot(Expression):
    """The place of a value that is given when the read is asked for."""

    def __init__(self, name: str, output_field: Field[Any, Any]) -> None:
        super().__init__(output_field=output_field)
        self.name = name

    def as_sql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper
    ) -> tuple[str, tuple[Any, ...]]:
        return "%s", (self,)


@dataclass(frozen=True, slots=True)
class _Compiled:
    compiler: SQLCompiler
    sql: str
    params: tuple[Any, ...]


class PreparedRead:
    """A query of values, built once for each connection from slots in place of its values.

    `build` is called with a slot for each of `fields` and returns a `values_list()` query set;
    what it makes of them is fixed, so it may not look at them. Reading takes the values by name.
    """

    def __init__(self, build: Callable[..., QuerySet[Any, Any]], **fields: Field[Any, Any]) -> None:
        self._build = build
        self._fields = fields
        self._kept = threading.local()

    def __call__(self, **values: Any) -> list[Row]:
        """The rows as tuples, in one query on the default database."""
        connection = connections[DEFAULT_DB_ALIAS]
        compiled = self._compiled(connection)
        given = {
            name: field.get_db_prep_value(values[name], connection)
            for name, field in self._fields.items()
        }
        params = [
            given[param.name] if isinstance(param, _Slot) else param for param in compiled.params
        ]
        with connection.cursor() as cursor:
            cursor.execute(compiled.sql, params)
            found = cursor.fetchall()
        rows = compiled.compiler.results_iter([found], tuple_expected=True)
        return [tuple(row) for row in rows]

    def _compiled(self, connection: BaseDatabaseWrapper) -> _Compiled:
        """Each thread has its own, for a compiler knows the connection that it is made for."""
        kept: _Compiled | None = getattr(self._kept, "compiled", None)
        if kept is not None and kept.compiler.connection is connection:
            return kept
        slots = {name: _Slot(name, field) for name, field in self._fields.items()}
        compiler = self._build(**slots).query.get_compiler(connection.alias)
        sql, params = compiler.as_sql()
        compiled = _Compiled(compiler, sql, tuple(params))
        self._kept.compiled = compiled
        return compiled
