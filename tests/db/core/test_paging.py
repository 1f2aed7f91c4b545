"""Pages of tables that only grow."""

import pytest

from core import paging
from core.models import IdempotencyKey
from core.paging import BoundedPaginator

pytestmark = pytest.mark.django_db


def test_count_stops_at_the_bound_and_never_asks_for_all(monkeypatch, django_assert_num_queries):
    monkeypatch.setattr(paging, "MOST_ROWS", 50)
    IdempotencyKey.objects.bulk_create(
        IdempotencyKey(client="c", key=str(n), body_hash="h") for n in range(60)
    )
    pages = BoundedPaginator(IdempotencyKey.objects.order_by("-pk"), 25)
    with django_assert_num_queries(1) as asked:
        assert pages.count == 50
    assert "LIMIT 50" in asked.captured_queries[0]["sql"]
    assert pages.num_pages == 2


def test_count_of_few_is_theirs():
    IdempotencyKey.objects.create(client="c", key="k", body_hash="h")
    assert BoundedPaginator(IdempotencyKey.objects.order_by("pk"), 25).count == 1
