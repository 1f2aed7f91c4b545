"""Conditions that the ORM has no words for."""

from collections.abc import Collection
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import BooleanField, F, Func, Value
from django.db.models.lookups import In
from django.db.models.sql.compiler import SQLCompiler


class Among(Func):
    """The condition that a column of ids holds one of these; none of no ids.

    What ``__in`` says, for many ids: on PostgreSQL they go over as one array, where a parameter
    for each costs more than the reading.
    """

    template = "%(expressions)s)"
    arg_joiner = " = ANY("
    output_field = BooleanField()

    def __init__(self, column: str, ids: Collection[int]) -> None:
        self.ids = list(ids)
        super().__init__(F(column), Value(self.ids))

    def as_sqlite(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **extra_context: Any
    ) -> tuple[str, tuple[str | int, ...]]:
        """As ``__in`` does: SQLite knows no arrays."""
        column, _ = self.get_source_expressions()
        sql, params = compiler.compile(In(column, self.ids))
        return sql, tuple(params)
