"""Reading clocks."""

from zoneinfo import ZoneInfo

import pytest

from sla.models import Clock
from sla.selectors import clock_view, explain_clock
from sla.services import fire_due_steps, meet_clock, pause_clock
from tests.factories.sla import HOUR, START, make_clock, make_clocks, make_target

pytestmark = pytest.mark.django_db

BERLIN = ZoneInfo("Europe/Berlin")


def view(now, clock=None):
    found = Clock.objects.with_view().get(**({"pk": clock.pk} if clock else {}))
    return clock_view(found, now=now, zone=BERLIN)


def test_clock_view_of_a_running_clock():
    make_clock()
    seen = view(START + HOUR)
    assert (seen.state, seen.text, seen.percent) == ("on_track", "3 h left", 25)
    assert seen.label == "Accept is due today 14:00, 3 hours of working time left."
    assert seen.next_step == "Today 13:00 a reminder goes out."
    assert seen.due_at == START + 4 * HOUR


def test_clock_view_follows_the_sweep_and_the_stop():
    clock = make_clock()
    fire_due_steps(START + 5 * HOUR)
    assert view(START + 5 * HOUR).text == "1 h late"
    meet_clock(clock=clock, at=START + 6 * HOUR, now=START + 6 * HOUR)
    assert view(START + 7 * HOUR).text == "Met, 2 h late"


def test_clock_view_and_explanation_leave_pauses_out():
    clock = make_clock(make_target(kind="contact"))
    pause_clock(
        clock=clock,
        starts_at=START + HOUR,
        ends_at=START + 2 * HOUR,
        reason="away",
        by_id=None,
        now=START,
    )
    assert view(START + HOUR).text == "Paused until 12:00"
    assert view(START + 2 * HOUR).text == "3 h left"
    stored = Clock.objects.get()
    told = explain_clock(stored)
    assert [(span.counted, span.note) for span in told.spans] == [
        (True, ""),
        (False, "paused: away"),
        (True, ""),
    ]


@pytest.mark.parametrize("count", [1, 30])
def test_clock_view_of_a_list_takes_a_constant_number_of_queries(count, django_assert_num_queries):
    make_clocks(count)
    with django_assert_num_queries(2):
        for clock in Clock.objects.with_view():
            clock_view(clock, now=START, zone=BERLIN)
