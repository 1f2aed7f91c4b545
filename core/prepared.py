"""Queries of a fixed shape that are compiled once.

Making the SQL of a query costs several times as much as sending it. What is asked with every
handoff, often while others wait for a lock, has the same SQL each time but for its values.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper
from django.db.models import Expression, Field, QuerySet
from django.db.models.sql import Query, UpdateQuery
from django.db.models.sql.compiler import SQLCompiler

Row = tuple[Any, ...]


class _Slot(Expression):
    """The place of a value that is given with each call."""

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


class _Prepared(ABC):
    """A query that is built once for each thread from slots in place of its values.

    `build` is called with a slot for each of `fields`; what it makes of them is fixed, so it may
    not look at them. The values are given by name with each call.
    """

    def __init__(self, build: Callable[..., Any], **fields: Field[Any, Any]) -> None:
        self._build = build
        self._fields = fields
        self._kept = threading.local()

    @abstractmethod
    def _query(self, slots: Mapping[str, _Slot]) -> Query:
        """What `build` makes of the slots, as a query."""

    def _compiled(self, connection: BaseDatabaseWrapper) -> _Compiled:
        """Each thread has its own, for a compiler knows the connection that it is made for."""
        kept: _Compiled | None = getattr(self._kept, "compiled", None)
        if kept is not None and kept.compiler.connection is connection:
            return kept
        slots = {name: _Slot(name, field) for name, field in self._fields.items()}
        compiler = self._query(slots).get_compiler(connection.alias)
        sql, params = compiler.as_sql()
        compiled = _Compiled(compiler, sql, tuple(params))
        self._kept.compiled = compiled
        return compiled

    def _execute(
        self, cursor: CursorWrapper, compiled: _Compiled, values: Mapping[str, Any]
    ) -> None:
        given = {
            name: field.get_db_prep_value(values[name], compiled.compiler.connection)
            for name, field in self._fields.items()
        }
        cursor.execute(
            compiled.sql,
            [given[one.name] if isinstance(one, _Slot) else one for one in compiled.params],
        )


class PreparedRead(_Prepared):
    """A read of values: `build` returns a `values_list()` query set."""

    def _query(self, slots: Mapping[str, _Slot]) -> Query:
        rows: QuerySet[Any, Any] = self._build(**slots)
        return rows.query

    def __call__(self, **values: Any) -> list[Row]:
        """The rows as tuples, in one query on the default database."""
        connection = connections[DEFAULT_DB_ALIAS]
        compiled = self._compiled(connection)
        with connection.cursor() as cursor:
            self._execute(cursor, compiled, values)
            found = cursor.fetchall()
        rows = compiled.compiler.results_iter([found], tuple_expected=True)
        return [tuple(row) for row in rows]


class PreparedUpdate(_Prepared):
    """An update of one table: `build` returns a query set and what it is to write, by column."""

    def _query(self, slots: Mapping[str, _Slot]) -> Query:
        rows, changes = self._build(**slots)
        query: UpdateQuery = rows.order_by().query.chain(UpdateQuery)
        query.add_update_values(changes)
        return query

    def __call__(self, **values: Any) -> int:
        """How many rows it changed, in one statement on the default database."""
        connection = connections[DEFAULT_DB_ALIAS]
        with connection.cursor() as cursor:
            self._execute(cursor, self._compiled(connection), values)
            changed: int = cursor.rowcount
        return changed
