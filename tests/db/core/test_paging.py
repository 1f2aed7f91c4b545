"""Pages of tables that only grow."""

import pytest

from core.models import IdempotencyKey
from core.paging import BoundedPaginator, CountedPaginator, ListPaginator

pytestmark = pytest.mark.django_db


def test_count_stops_at_the_bound_and_never_asks_for_all(monkeypatch, django_assert_num_queries):
    monkeypatch.setattr(BoundedPaginator, "most", 50)
    IdempotencyKey.objects.bulk_create(
        IdempotencyKey(client="c", key=str(n), body_hash="h") for n in range(60)
    )
    pages = BoundedPaginator(IdempotencyKey.objects.order_by("-pk"), 25)
    with django_assert_num_queries(1) as asked:
        assert pages.count == 50
    assert "LIMIT 51" in asked.captured_queries[0]["sql"]
    assert pages.num_pages == 2
    assert pages.is_cut


def test_count_of_few_is_theirs():
    IdempotencyKey.objects.create(client="c", key="k", body_hash="h")
    pages = BoundedPaginator(IdempotencyKey.objects.order_by("pk"), 25)
    assert pages.count == 1
    assert not pages.is_cut


def test_list_read_already_is_cut_where_its_last_page_ends(monkeypatch):
    monkeypatch.setattr(ListPaginator, "most", 50)
    pages = ListPaginator(list(range(51)), 25)
    assert (pages.count, pages.num_pages, pages.is_cut) == (50, 2, True)
    assert ListPaginator(list(range(50)), 25).is_cut is False


def test_counted_paginator_does_not_count(django_assert_num_queries):
    IdempotencyKey.objects.create(client="c", key="k", body_hash="h")
    with django_assert_num_queries(1):
        page = CountedPaginator(IdempotencyKey.objects.order_by("pk"), 25, count=26).get_page("2")
        assert (page.number, page.paginator.num_pages, list(page)) == (2, 2, [])
