"""Pages of tables that only ever grow."""

from functools import cached_property

from django.core.paginator import Paginator
from django.db.models import QuerySet

# 40 pages of 25: who looks for more than that filters or searches.
MOST_ROWS = 1_000


class BoundedPaginator(Paginator):  # type: ignore[type-arg]  # no generic at run time
    """Counts, and leads to, the first thousand rows only: counting all of them costs more with
    every row that was ever written.
    """

    @cached_property
    def count(self) -> int:
        rows = self.object_list
        if not isinstance(rows, QuerySet):
            return min(len(rows), MOST_ROWS)
        return rows.order_by()[:MOST_ROWS].count()
