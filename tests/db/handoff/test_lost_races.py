"""A receiver who decides too late is told who was first, not that it was never theirs."""

import pytest

from handoff.errors import HandoffNotPending
from handoff.models import Event, Handoff
from handoff.services import accept_handoff, reject_handoff, withdraw_handoff
from tests.factories.handoff import NOW, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(db):
    return make_world()


def snapshot():
    return [list(model.objects.order_by("pk").values()) for model in (Handoff, Event)]


def withdrawn(world, handoff):
    withdraw_handoff(handoff, by=world.sdr, now=NOW)


def rejected(world, handoff):
    reject_handoff(handoff, reason="no_budget", by=world.receiver_of(handoff), now=NOW)


def passed_on(world, handoff):
    reject_handoff(handoff, reason="conflict", by=world.receiver_of(handoff), now=NOW)


@pytest.mark.parametrize(
    ("first", "words"),
    [
        (withdrawn, "withdrew it at"),
        (rejected, "rejected it at"),
        (passed_on, "declared a conflict at"),
    ],
)
def test_decide_after_it_was_taken_back_is_a_lost_race(world, first, words):
    handoff = world.submitted()
    receiver = world.receiver_of(handoff)
    first(world, handoff)
    before = snapshot()
    for late in (
        lambda: accept_handoff(handoff, by=receiver, now=NOW),
        lambda: reject_handoff(handoff, reason="no_budget", by=receiver, now=NOW),
    ):
        with pytest.raises(HandoffNotPending, match=words):
            late()
    assert snapshot() == before
