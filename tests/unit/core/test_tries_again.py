"""What the database gave up to let another transaction through is done once more."""

from types import SimpleNamespace

import pytest
from django.db import OperationalError
from django.http import Http404, HttpResponse
from django.test import RequestFactory

from core.errors import NotPermitted
from core.middleware import MOST_TRIES, TriesAgain, is_collision


def collision(state="40P01"):
    error = OperationalError("deadlock detected")
    error.__cause__ = StateError(state)
    return error


class StateError(Exception):
    def __init__(self, sqlstate):
        super().__init__(sqlstate)
        self.sqlstate = sqlstate


def after(*outcomes):
    """What becomes of a request whose view failed head on, and ends so at each later try."""
    left = list(outcomes)

    def view(request, pk):
        outcome = left.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return HttpResponse(f"{outcome} {pk}")

    request = RequestFactory().post("/")
    request.resolver_match = SimpleNamespace(func=view, args=(), kwargs={"pk": 7})
    answer = TriesAgain(lambda request: HttpResponse()).process_exception(request, collision())
    return answer, len(outcomes) - len(left)


def test_later_try_that_works_is_the_answer():
    answer, tries = after(collision("40001"), "done")
    assert (answer.content, tries) == (b"done 7", 2)


def test_tries_end_after_three_and_the_collision_is_told():
    with pytest.raises(OperationalError):
        after(*[collision() for _ in range(MOST_TRIES)])


def test_refusal_of_a_later_try_is_a_page():
    answer, _ = after(NotPermitted("Not yours to do."))
    assert answer.status_code == 403
    assert "Not yours to do." in answer.content.decode()


def test_missing_row_at_a_later_try_is_missing():
    with pytest.raises(Http404):
        after(Http404("There is no such handoff."))


@pytest.mark.parametrize(
    "error", [OperationalError("database is locked"), ValueError("no"), collision("57014")]
)
def test_other_failures_are_not_tried_again(error):
    assert not is_collision(error)
    request = RequestFactory().post("/")
    request.resolver_match = SimpleNamespace(func=None, args=(), kwargs={})
    assert TriesAgain(lambda request: HttpResponse()).process_exception(request, error) is None
