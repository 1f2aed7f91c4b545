import pytest

from core.errors import Conflict, DomainError, FieldProblem, NotPermitted, NotVisible, Refused


@pytest.mark.parametrize(
    ("error", "status"), [(Refused, 400), (NotPermitted, 403), (NotVisible, 404), (Conflict, 409)]
)
def test_error_carries_the_status_of_its_kind(error, status):
    raised = error("Budget is missing.")

    assert isinstance(raised, DomainError)
    assert (raised.status, raised.message, str(raised)) == (status, *2 * ("Budget is missing.",))
    assert raised.code
    assert raised.problems == ()


def test_error_without_message_says_its_title():
    assert NotPermitted().message == NotPermitted.title


def test_error_keeps_its_problems_as_a_tuple():
    problem = FieldProblem("budget", "missing", "Budget is missing.")

    assert Refused(problems=[problem]).problems == (problem,)


def test_conflict_keeps_its_own_copy_of_the_present_state():
    state = {"status": "accepted"}
    conflict = Conflict(current=state)
    state["status"] = "rejected"

    assert conflict.current == {"status": "accepted"}
    assert Conflict().current is None
