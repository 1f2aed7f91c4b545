"""Pages of tables that only ever grow."""

from functools import cached_property
from typing import Any

from django.core.paginator import Paginator
from django.db.models import QuerySet

# 40 pages of 25: who looks for more than that filters or searches.
MOST_ROWS = 1_000
# From here on the side bar says 99+.
MOST_IN_MENU = 100


def count_for_menu(rows: QuerySet[Any]) -> int:
    """How many, for the side bar; it stops counting where the number says enough."""
    return rows.order_by()[:MOST_IN_MENU].count()


class BoundedPaginator(Paginator):  # type: ignore[type-arg]  # no generic at run time
    """Counts, and leads to, the first rows only: counting all of them costs more with every row
    that was ever written.
    """

    most = MOST_ROWS

    @cached_property
    def count(self) -> int:
        return min(self._counted, self.most)

    @property
    def is_cut(self) -> bool:
        """Whether there are more rows than the last page leads to."""
        return self._counted > self.most

    @cached_property
    def _counted(self) -> int:
        rows = self.object_list
        if not isinstance(rows, QuerySet):
            return len(rows)
        return rows.order_by()[: self.most + 1].count()


class ListPaginator(BoundedPaginator):
    """For lists that people search: 400 pages of 25."""

    most = 10_000


class CountedPaginator(Paginator):  # type: ignore[type-arg]  # no generic at run time
    """Takes the number of rows from who has counted them already."""

    def __init__(self, rows: Any, per_page: int, *, count: int) -> None:
        super().__init__(rows, per_page)
        self.count = count  # what would be counted once
