"""Rules of the clocks that people bet their pay on, each told through what people do.

4. Exactly at due is met; a second later is a breach, also where no sweep has run.
5. A clock stops when the touch took place, whenever it was logged.
7. What a wrong rejection closed runs on, and the time between is a pause.
8. What began with nobody at work waits for the first who is, and is counted apart.
"""

from datetime import datetime, timedelta

import pytest

from accounts.services import add_time_off, pause_user
from handoff.choices import EventKind
from handoff.errors import TouchRefused
from handoff.models import Handoff, HandoffClock
from handoff.rules.attribution import Holder
from handoff.selectors.clocks import show_clock
from handoff.selectors.verify import findings
from handoff.selectors.waiting import waits_of
from handoff.services import (
    accept_handoff,
    apply_escalations,
    contest_rejection,
    log_touch,
    reject_handoff,
    rule_on_contest,
)
from handoff.texts import refresh
from notify.models import Message
from review.selectors.sources import due_clocks
from routing.services import set_capacity
from sla.choices import ClockState
from sla.models import Clock, Escalation
from sla.rules.targets import (
    ALERT_MANAGER,
    ELAPSED_MINUTES,
    REASSIGN,
    WORKING_DAYS,
    WORKING_MINUTES,
    StepSpec,
    TargetSpec,
)
from sla.services import fire_due_steps, publish_policy
from tests.factories.handoff import NOW, make_world

# Claims are transactions of their own.
pytestmark = pytest.mark.django_db(transaction=True)

SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)
TARGETS = [(90, WORKING_MINUTES), (90, ELAPSED_MINUTES), (2, WORKING_DAYS)]


@pytest.fixture
def world(transactional_db):
    return make_world(receivers=3, preset="temperatures")


def promising(world, amount, unit):
    """From now on first contact and acceptance are due after so much."""
    publish_policy(
        key="own",
        name="Own",
        position=50,
        conditions={},
        is_default=True,
        targets=[TargetSpec("contact", amount, unit, ()), TargetSpec("accept", amount, unit, ())],
        by_id=None,
        now=NOW,
    )
    return world.submitted()


def clock_of(row, kind="contact"):
    return HandoffClock.objects.get(handoff=row, kind=kind, is_current=True).clock


def call(row, by, at, now=None):
    log_touch(row, kind="call", occurred_at=at, text="Spoke", by=by, now=now or at)


def sweep(now):
    while fire_due_steps(now):
        pass
    while apply_escalations(now):
        pass


def facts(clock):
    return clock.state, clock.met_at, clock.breached_at, clock.detected_at


# 4


@pytest.mark.parametrize(("amount", "unit"), TARGETS)
def test_rule_4_exactly_at_due_is_met(world, amount, unit):
    row = promising(world, amount, unit)
    due = clock_of(row).due_at
    call(row, world.receiver_of(row), due)
    for kind in ("contact", "accept"):
        assert facts(clock_of(row, kind)) == (ClockState.MET, due, None, None)
    sweep(due + DAY)
    assert clock_of(row).breached_at is None


@pytest.mark.parametrize(("amount", "unit"), TARGETS)
def test_rule_4_one_second_later_is_a_breach_though_no_sweep_has_run(world, amount, unit):
    row = promising(world, amount, unit)
    due = clock_of(row).due_at
    call(row, world.receiver_of(row), due + SECOND, due + 5 * SECOND)
    for kind in ("contact", "accept"):
        assert facts(clock_of(row, kind)) == (ClockState.MET, due + SECOND, due, due + 5 * SECOND)
    assert Escalation.objects.filter(step__action="breach").count() == 2


def test_rule_4_a_sweep_at_due_finds_nothing_and_one_later_tells_when_it_found_it(world):
    row = promising(world, 90, WORKING_MINUTES)
    due = clock_of(row).due_at
    sweep(due)
    assert clock_of(row).breached_at is None
    sweep(due + HOUR)
    clock = clock_of(row)
    assert (clock.state, clock.breached_at) == (ClockState.RUNNING, due)
    assert clock.detected_at == due + HOUR


def test_rule_4_a_decision_after_due_writes_the_breach_that_no_sweep_has_seen(world):
    row = world.submitted()
    due = clock_of(row, "accept").due_at
    accept_handoff(row, by=world.receiver_of(row), now=due + SECOND)
    assert facts(clock_of(row, "accept")) == (ClockState.MET, due + SECOND, due, due + SECOND)


# 5


def test_rule_5_a_clock_stops_when_the_touch_took_place(world):
    row = world.submitted()
    call(row, world.receiver_of(row), NOW + HOUR, NOW + 3 * HOUR)
    row.refresh_from_db()
    assert clock_of(row).met_at == row.first_contact_at == NOW + HOUR
    assert waits_of(row, now=NOW + DAY).own.end == NOW + HOUR


def test_rule_5_in_time_and_logged_after_the_sweep_is_met_and_shown_as_logged_late(world):
    row = promising(world, 90, WORKING_MINUTES)
    due = clock_of(row).due_at
    sweep(due + HOUR)
    call(row, world.receiver_of(row), due, due + 2 * HOUR)
    clock = clock_of(row)
    assert (clock.state, clock.met_at, clock.breached_at) == (ClockState.MET, due, due)
    shown = show_clock(clock, now=due + 3 * HOUR, zone=NOW.tzinfo)
    assert shown.is_logged_late
    assert shown.view.text == "Met just in time"


def test_rule_5_moves_that_were_made_stand_when_a_touch_in_time_is_logged_after_them(world):
    row = world.submitted()
    first = world.receiver_of(row)
    due = clock_of(row, "accept").due_at
    sweep(due + SECOND)
    second = world.receiver_of(row)
    assert second != first
    # The one who had it called in time, and says so when it has moved on.
    call(row, first, due - HOUR, due + HOUR)
    row.refresh_from_db()
    assert (row.owner, row.status, world.receiver_of(row)) == (second, "pending", second)
    assert clock_of(row).met_at == due - HOUR
    assert clock_of(row, "accept").state == ClockState.RUNNING
    ended = row.legs.order_by("pk").first()
    assert (ended.ended_as, ended.accepted_at) == ("timed_out", None)


def test_rule_5_older_needs_a_manager_and_the_future_nobody_may_log(world):
    row = world.submitted()
    receiver = world.receiver_of(row)
    late = NOW + 2 * DAY
    call(row, receiver, NOW + HOUR, late)
    assert clock_of(row).state == ClockState.RUNNING
    with pytest.raises(TouchRefused):
        call(row, world.manager, late + HOUR, late)
    call(row, world.manager, NOW + HOUR, late)
    assert clock_of(row).met_at == NOW + HOUR


# 7


def overturned(world, row, at):
    contest_rejection(row, note="They have a budget", by=world.sdr, now=at)
    return rule_on_contest(row, is_upheld=False, by=world.manager, now=at + 2 * HOUR)


def test_rule_7_reopened_the_same_clock_runs_on_and_the_closed_time_is_a_pause(world):
    row = world.submitted()
    before = clock_of(row)
    reject_handoff(row, reason="no_budget", by=world.receiver_of(row), now=NOW + HOUR)
    row = overturned(world, row, NOW + 2 * HOUR)
    clock = clock_of(row)
    assert (clock.pk, clock.state, clock.started_at) == (before.pk, ClockState.RUNNING, NOW)
    pause = clock.pauses.get()
    assert (pause.starts_at, pause.ends_at) == (NOW + HOUR, NOW + 4 * HOUR)
    # One working day, and three open hours that did not count.
    assert clock.due_at == before.due_at + 3 * HOUR
    wait = waits_of(row, now=NOW + 5 * HOUR).own
    shares = {share.party.holder: share.length for share in wait.shares}
    assert shares == {Holder.RECEIVER: 2 * HOUR, Holder.PAUSE: 3 * HOUR}


def test_rule_7_reopened_what_was_met_stays_met(world):
    row = world.submitted()
    receiver = world.receiver_of(row)
    call(row, world.manager, NOW + HOUR)
    reject_handoff(row, reason="no_budget", by=receiver, now=NOW + 2 * HOUR)
    row = overturned(world, row, NOW + 2 * HOUR)
    assert facts(clock_of(row)) == (ClockState.MET, NOW + HOUR, None, None)
    assert not clock_of(row).pauses.exists()
    assert clock_of(row, "accept").met_at == NOW + 2 * HOUR


def test_rule_7_reopened_what_was_breached_stays_breached_and_runs_on(world):
    row = world.submitted()
    due = clock_of(row).due_at
    reject_handoff(row, reason="no_budget", by=world.receiver_of(row), now=due + HOUR)
    row = overturned(world, row, due + HOUR)
    clock = clock_of(row)
    assert (clock.state, clock.due_at, clock.breached_at) == (ClockState.RUNNING, due, due)
    assert [found for found in findings(due + 4 * HOUR) if found.check == "waits"] == []


# 8


def at_night(world):
    """Handed off on a Tuesday evening, with everybody gone until nine in Berlin."""
    ladder = (StepSpec(0, ALERT_MANAGER, ("manager",)), StepSpec(0, REASSIGN, ()))
    publish_policy(
        key="night",
        name="Night",
        position=50,
        conditions={},
        is_default=True,
        targets=[TargetSpec("accept", 30, ELAPSED_MINUTES, ladder)],
        by_id=None,
        now=NOW,
    )
    return world.submitted(now=EVENING)


EVENING, OPENING = NOW + 10 * HOUR, NOW + 22 * HOUR


def test_rule_8_with_nobody_at_work_at_submission_its_clocks_are_marked(world):
    by_day, by_night = world.submitted(), world.submitted(now=EVENING)
    for row, is_marked in ((by_day, False), (by_night, True)):
        clocks = Clock.objects.filter(handoff_clock__handoff=row).exclude(kind="hand_off")
        assert {clock.is_unstaffed for clock in clocks} == {is_marked}


def inbox_of(user, kinds):
    return Message.objects.filter(recipient=user, channel="inbox", kind__in=kinds)


def test_rule_8_one_alert_at_submission_and_none_before_the_first_is_at_work(world):
    row = at_night(world)
    event = row.events.get(kind=EventKind.UNSTAFFED)
    assert event.at == EVENING
    assert event.data["told"] == world.manager.pk
    assert datetime.fromisoformat(event.data["until"]) == OPENING
    due = clock_of(row, "accept").due_at
    for minutes in (1, 20, 60, 600):
        sweep(due + timedelta(minutes=minutes))
    assert clock_of(row, "accept").breached_at == due
    assert [one.kind for one in inbox_of(world.manager, ["unstaffed", "late"])] == ["unstaffed"]
    assert not row.events.filter(kind=EventKind.ALERTED).exists()
    sweep(OPENING + 11 * SECOND)
    assert row.events.filter(kind=EventKind.ALERTED).count() == 1
    assert inbox_of(world.manager, ["late"]).count() == 1


def test_rule_8_the_alert_tells_until_when_and_nothing_once_it_is_over(world):
    row = at_night(world)
    (message,) = inbox_of(world.manager, ["unstaffed"])
    text = refresh(message, EVENING)
    assert "nobody is at work until Wed 09:00" in text.subject
    assert world.receiver_of(row).name in text.body
    mail = Message.objects.get(kind="unstaffed", channel="email")
    assert refresh(mail, EVENING) is not None
    assert refresh(mail, OPENING + SECOND) is None
    assert "nobody was at work" in refresh(message, OPENING + SECOND).subject
    accept_handoff(row, by=world.receiver_of(row), now=EVENING + HOUR)
    assert refresh(mail, EVENING + HOUR) is None


def test_rule_8_with_somebody_at_work_nobody_is_alerted(world):
    row = world.submitted()
    assert not row.events.filter(kind=EventKind.UNSTAFFED).exists()
    assert not Message.objects.filter(kind="unstaffed").exists()


def test_rule_8_passed_on_at_night_makes_no_second_alert(world):
    row = at_night(world)
    reject_handoff(row, reason="conflict", by=world.receiver_of(row), now=EVENING + HOUR)
    assert row.legs.count() == 2
    assert row.events.filter(kind=EventKind.UNSTAFFED).count() == 1


def test_rule_8_held_at_night_is_one_alert_and_no_second(world):
    for ae in world.aes:
        set_capacity(user=ae, capacity=0, by=world.admin, now=NOW)
    row = at_night(world)
    assert row.status == "holding"
    assert [one.kind for one in inbox_of(world.manager, ["unstaffed", "held"])] == ["held"]


def test_rule_8_the_first_at_work_is_none_who_is_away(world):
    first, *others = world.aes
    for other in others:
        pause_user(user=other, until=None, by=world.admin, now=NOW)
    add_time_off(
        user=first,
        starts_at=EVENING + HOUR,
        ends_at=OPENING + 5 * HOUR,
        by=None,
        now=NOW,
    )
    row = at_night(world)
    until = row.events.get(kind=EventKind.UNSTAFFED).data["until"]
    assert datetime.fromisoformat(until) == OPENING + 5 * HOUR
    sweep(OPENING + HOUR)
    assert not row.events.filter(kind=EventKind.ALERTED).exists()


def test_rule_8_it_moves_when_the_first_is_at_work(world):
    row = at_night(world)
    first = world.receiver_of(row)
    sweep(OPENING - SECOND)
    assert Handoff.objects.get(pk=row.pk).owner == first
    sweep(OPENING + 11 * SECOND)
    assert Handoff.objects.get(pk=row.pk).owner != first


def test_rule_8_unstaffed_is_counted_apart_from_peoples_figures(world):
    row = at_night(world)
    due = clock_of(row, "accept").due_at
    accept_handoff(row, by=world.receiver_of(row), now=due + HOUR)
    counted = due_clocks(world.admin, EVENING, EVENING + DAY, EVENING + 2 * DAY)
    assert list(counted.values_list("outcome", flat=True)) == ["unstaffed"]
