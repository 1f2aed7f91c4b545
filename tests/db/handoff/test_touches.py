"""Touches through their service: what counts, which clocks stop, what is told before and after."""

from datetime import datetime, timedelta

import pytest

from core.errors import NotPermitted, NotVisible
from handoff.errors import (
    HandoffNotAccepted,
    HandoffNotOpen,
    NextStepRefused,
    StaleVersion,
    TouchRefused,
)
from handoff.models import Event, Touch
from handoff.selectors.touches import preview_touch, words_of_touch
from handoff.services import (
    accept_handoff,
    convert_handoff,
    date_next_step,
    log_touch,
    reject_handoff,
)
from routing.models import Load
from sla.models import Clock
from sla.services import fire_due_steps
from tests.factories.handoff import NOW, make_world

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
LONG = "Your drivers wait for job sheets on paper; could we talk about that on Thursday at ten?"


@pytest.fixture
def world(db):
    return make_world()


@pytest.fixture
def full(db):
    """With the policies that have every clock."""
    return make_world(preset="temperatures")


def accepted(world, *, at=NOW):
    handoff = world.submitted()
    return accept_handoff(handoff, by=world.receiver_of(handoff), now=at)


def clock_of(handoff, kind):
    return Clock.objects.get(handoff_clock__handoff=handoff, kind=kind)


def touch(handoff, by=None, *, kind="call", at=NOW + HOUR, now=None, **rest):
    by = by or handoff.legs.get(ended_at=None).receiver
    return log_touch(handoff, kind=kind, occurred_at=at, by=by, now=now or at, **rest)


def problems_of(refused):
    return [(problem.field, problem.code) for problem in refused.value.problems]


def sweep(now):
    while fire_due_steps(now):
        pass


def test_call_on_accepted_handoff_meets_the_buyers_clock_when_it_took_place(world):
    handoff = accepted(world)
    logged = touch(handoff, at=NOW + HOUR, now=NOW + 3 * HOUR)
    handoff.refresh_from_db()
    clock = clock_of(handoff, "contact")
    assert (logged.verdict, logged.direction) == ("meaningful", "outbound")
    assert (logged.occurred_at, logged.logged_at) == (NOW + HOUR, NOW + 3 * HOUR)
    assert (clock.state, clock.met_at, clock.breached_at) == ("met", NOW + HOUR, None)
    assert (handoff.first_contact_at, handoff.contact_seconds) == (NOW + HOUR, 3600)
    assert handoff.legs.get().contacted_at == NOW + HOUR
    assert handoff.next_due_at is None
    assert handoff.events.last().kind == "touched"


def test_second_touch_leaves_the_first_contact(world):
    handoff = accepted(world)
    touch(handoff)
    touch(handoff, at=NOW + 2 * HOUR, kind="reply")
    handoff.refresh_from_db()
    assert handoff.first_contact_at == NOW + HOUR
    assert Touch.objects.order_by("-pk")[0].direction == "inbound"


def test_meaningful_touch_by_the_receiver_of_a_pending_handoff_accepts_it(full):
    handoff = full.submitted()
    receiver = full.receiver_of(handoff)
    touch(handoff, at=NOW + 10 * timedelta(minutes=1), now=NOW + HOUR)
    handoff.refresh_from_db()
    leg = handoff.legs.get()
    assert handoff.status == "accepted"
    assert leg.accepted_at == leg.decided_at == NOW + HOUR
    assert clock_of(handoff, "accept").met_at == NOW + timedelta(minutes=10)
    assert clock_of(handoff, "contact").met_at == NOW + timedelta(minutes=10)
    assert clock_of(handoff, "next_step").state == "running"
    assert [event.kind for event in handoff.events.order_by("seq")][-2:] == ["touched", "accepted"]
    assert Load.objects.get(user=receiver).open_count == 0


@pytest.mark.parametrize("text", ["", "Just checking in, any news?"])
def test_short_mail_is_kept_and_neither_counts_nor_accepts(world, text):
    handoff = world.submitted()
    logged = touch(handoff, kind="email", text=text)
    handoff.refresh_from_db()
    assert (logged.verdict, handoff.status) == ("too_short", "pending")
    assert handoff.first_contact_at is None
    assert clock_of(handoff, "contact").state == "running"
    assert "takes 12" in words_of_touch(logged)


def test_managers_touch_is_first_contact_and_accepts_nothing(world):
    handoff = world.submitted()
    touch(handoff, by=world.manager)
    handoff.refresh_from_db()
    assert handoff.status == "pending"
    assert handoff.first_contact_at == NOW + HOUR
    assert clock_of(handoff, "contact").state == "met"
    assert clock_of(handoff, "accept").state == "running"
    assert handoff.legs.get().contacted_at is None


def test_same_mail_to_another_lead_does_not_count(world):
    first, second = accepted(world), accepted(world)
    by = world.receiver_of(first)
    second = next(
        handoff for handoff in (second, accepted(world)) if world.receiver_of(handoff) == by
    )
    hello = f"Hi {first.lead.first_name},\n{LONG}"
    assert touch(first, kind="email", text=hello).verdict == "meaningful"
    again = touch(second, kind="email", text=f"Dear {second.lead.name},\n{LONG.upper()}")
    assert again.verdict == "templated"
    assert "sent the same mail before" in words_of_touch(again)
    second.refresh_from_db()
    assert second.first_contact_at is None


def test_same_mail_of_another_sender_counts(world):
    first, second = accepted(world), accepted(world)
    assert world.receiver_of(first) != world.receiver_of(second)
    touch(first, kind="email", text=LONG)
    assert touch(second, kind="email", text=LONG).verdict == "meaningful"


def test_automated_call_never_counts(world):
    handoff = accepted(world)
    assert touch(handoff, is_automated=True).verdict == "automated"
    assert clock_of(handoff, "contact").state == "running"


@pytest.mark.parametrize(
    ("arguments", "field", "code"),
    [
        ({"at": NOW + HOUR, "now": NOW}, "occurred_at", "in_future"),
        ({"at": NOW - HOUR, "now": NOW}, "occurred_at", "before_handoff"),
        ({"at": datetime(2026, 11, 17, 12), "now": NOW}, "occurred_at", "no_zone"),  # noqa: DTZ001
        ({"kind": "converted"}, "kind", "invalid_choice"),
        ({"kind": "pigeon"}, "kind", "invalid_choice"),
        ({"kind": "email", "direction": "inbound", "text": LONG}, "kind", "is_reply"),
        ({"kind": "reply", "direction": "outbound"}, "kind", "not_reply"),
        ({"direction": "sideways"}, "direction", "invalid_choice"),
        ({"text": "\x00"}, "text", "invalid_characters"),
        ({"text": "a" * 20_001}, "text", "too_long"),
    ],
)
def test_touch_that_cannot_be_is_refused_and_told_before(world, arguments, field, code):
    handoff = world.submitted()
    by = world.receiver_of(handoff)
    with pytest.raises(TouchRefused) as refused:
        touch(handoff, **arguments)
    assert problems_of(refused) == [(field, code)]
    assert not Touch.objects.exists()
    asked = {"kind": "call", "at": NOW + HOUR} | arguments
    asked |= {"occurred_at": asked.pop("at"), "now": asked.get("now", NOW + HOUR)}
    if "direction" not in asked:
        told = preview_touch(handoff, by=by, **asked)
        assert [problem.code for problem in told.problems] == [code]
        assert told.words


def test_touch_at_the_very_time_of_the_submission_is_taken(world):
    assert touch(world.submitted(), at=NOW).verdict == "meaningful"


def test_touch_before_the_leg_began_is_refused_with_its_time(world):
    handoff = world.submitted()
    reject_handoff(handoff, reason="conflict", by=world.receiver_of(handoff), now=NOW + HOUR)
    with pytest.raises(TouchRefused) as refused:
        touch(handoff, at=NOW + HOUR / 2, now=NOW + 2 * HOUR)
    assert problems_of(refused) == [("occurred_at", "not_yours_then")]
    assert "since 12:00" in str(refused.value)


def test_late_touch_of_an_ended_leg_meets_contact_and_never_accepts(world):
    handoff = world.submitted()
    first = world.receiver_of(handoff)
    reject_handoff(handoff, reason="conflict", by=first, now=NOW + HOUR)
    touch(handoff, by=first, at=NOW + HOUR / 2, now=NOW + 2 * HOUR)
    handoff.refresh_from_db()
    assert handoff.status == "pending"
    assert clock_of(handoff, "contact").met_at == NOW + HOUR / 2
    assert Clock.objects.filter(kind="accept", state="running").count() == 1
    ended, live = handoff.legs.order_by("pk")
    assert (ended.contacted_at, live.contacted_at) == (NOW + HOUR / 2, None)


def test_touch_logged_after_the_sweep_is_met_and_the_breach_stays(world):
    handoff = accepted(world)
    due = clock_of(handoff, "contact").due_at
    sweep(due + HOUR)
    by = world.receiver_of(handoff)
    told = preview_touch(handoff, kind="call", occurred_at=due - HOUR, by=by, now=due + HOUR)
    assert told.counts
    assert "logged late" in told.words
    touch(handoff, at=due - HOUR, now=due + HOUR)
    clock = clock_of(handoff, "contact")
    assert (clock.state, clock.met_at, clock.breached_at) == ("met", due - HOUR, due)


def test_touch_exactly_at_due_is_in_time_and_a_second_later_is_a_miss(world):
    for late, breached in ((timedelta(0), False), (timedelta(seconds=1), True)):
        handoff = accepted(world)
        due = clock_of(handoff, "contact").due_at
        touch(handoff, at=due + late)
        assert (clock_of(handoff, "contact").breached_at is not None) is breached


def test_touch_logged_after_the_next_working_day_is_kept_and_does_not_count(world):
    handoff = accepted(world)
    # Tuesday's call may be logged until the end of Wednesday.
    last = NOW + timedelta(days=1, hours=6)
    told = preview_touch(
        handoff,
        kind="call",
        occurred_at=NOW + HOUR,
        by=world.receiver_of(handoff),
        now=last + HOUR,
    )
    assert (told.verdict, told.counts) == ("too_old", False)
    assert touch(handoff, at=NOW + HOUR, now=last + HOUR).verdict == "too_old"
    assert clock_of(handoff, "contact").state == "running"
    assert touch(handoff, at=NOW + HOUR, now=last).verdict == "meaningful"


def test_touch_logged_too_late_counts_when_the_manager_logs_it(world):
    handoff = accepted(world)
    logged = touch(handoff, by=world.manager, at=NOW + HOUR, now=NOW + timedelta(days=9))
    assert logged.verdict == "meaningful"
    assert logged.leg == handoff.legs.get()
    assert clock_of(handoff, "contact").met_at == NOW + HOUR


def test_preview_writes_nothing_and_says_what_follows(world):
    handoff = world.submitted()
    by = world.receiver_of(handoff)
    before = Event.objects.count()
    told = preview_touch(handoff, kind="call", occurred_at=NOW, by=by, now=NOW)
    assert told.counts
    assert told.words == "Counts as contact. It also accepts the lead. It is the first contact."
    short = preview_touch(handoff, kind="email", occurred_at=NOW, text="Hello", by=by, now=NOW)
    assert (short.verdict, short.counts) == ("too_short", False)
    assert not Touch.objects.exists()
    assert Event.objects.count() == before


@pytest.mark.parametrize("how", ["draft", "rejected", "closed"])
def test_touch_of_a_handoff_nobody_works_on_is_refused(world, how):
    handoff = world.draft() if how == "draft" else world.submitted()
    by = world.manager if how == "draft" else world.receiver_of(handoff)
    if how == "rejected":
        reject_handoff(handoff, reason="no_budget", by=by, now=NOW)
    if how == "closed":
        convert_handoff(accept_handoff(handoff, by=by, now=NOW), by=by, now=NOW)
    handoff.refresh_from_db()
    with pytest.raises(HandoffNotOpen):
        touch(handoff, by=by)
    told = preview_touch(handoff, kind="call", occurred_at=NOW + HOUR, by=by, now=NOW + HOUR)
    assert told.problems[0].code == "not_open"


def test_touch_by_the_submitter_or_somebody_else_is_not_theirs(world):
    handoff = world.submitted()
    other = next(ae for ae in world.aes if ae != world.receiver_of(handoff))
    with pytest.raises(NotPermitted):
        touch(handoff, by=world.sdr)
    with pytest.raises(NotVisible):
        touch(handoff, by=other)
    told = preview_touch(handoff, kind="call", occurred_at=NOW, by=world.sdr, now=NOW)
    assert told.problems[0].code == "not_permitted"


def test_form_sent_twice_logs_one_touch(world):
    handoff = accepted(world)
    touch(handoff, version=handoff.version)
    with pytest.raises(StaleVersion) as lost:
        touch(handoff, version=handoff.version)
    assert "logged a touch" in str(lost.value)
    assert Touch.objects.count() == 1


# The next step


def test_next_step_dated_meets_its_clock(full):
    handoff = accepted(full)
    by = full.receiver_of(handoff)
    day = NOW + timedelta(days=2)
    handoff = date_next_step(handoff, step=" Demo with Ana ", at=day, by=by, now=NOW + HOUR)
    leg = handoff.legs.get()
    clock = clock_of(handoff, "next_step")
    assert (leg.next_step, leg.next_step_at) == ("Demo with Ana", day)
    assert (clock.state, clock.met_at) == ("met", NOW + HOUR)
    assert handoff.next_due_at == clock_of(handoff, "contact").due_at
    later = date_next_step(handoff, step="Demo", at=day + HOUR, by=by, now=NOW + 2 * HOUR)
    assert later.legs.get().next_step_at == day + HOUR
    assert "Demo" not in str([event.data for event in handoff.events.all()])


@pytest.mark.parametrize(
    ("step", "at", "field", "code"),
    [
        ("", NOW + HOUR, "step", "required"),
        ("Demo\x00", NOW + HOUR, "step", "invalid_characters"),
        ("a" * 301, NOW + HOUR, "step", "too_long"),
        ("Demo", NOW, "at", "in_past"),
        ("Demo", NOW + timedelta(days=400), "at", "too_far"),
    ],
)
def test_next_step_without_words_or_a_day_to_come_is_refused(world, step, at, field, code):
    handoff = accepted(world)
    with pytest.raises(NextStepRefused) as refused:
        date_next_step(handoff, step=step, at=at, by=world.receiver_of(handoff), now=NOW)
    assert problems_of(refused) == [(field, code)]


def test_next_step_of_a_pending_handoff_is_refused(world):
    handoff = world.submitted()
    with pytest.raises(HandoffNotAccepted):
        date_next_step(handoff, step="Demo", at=NOW + HOUR, by=world.receiver_of(handoff), now=NOW)
