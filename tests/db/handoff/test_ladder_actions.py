"""What a ladder does beside reminding, alerting and moving on: back to nurture, and posting."""

from datetime import timedelta

import pytest

from accounts.services import create_team, set_membership
from handoff.choices import ClosedAs, EventKind, LegEnd, Status
from handoff.models import Handoff
from handoff.rules.form import Form
from handoff.selectors.history import event_lines
from handoff.selectors.ladder import ladders_of
from handoff.selectors.verify import findings
from handoff.services import (
    accept_handoff,
    acknowledge_late,
    apply_escalations,
    log_touch,
    nurture_handoff,
    pause_clocks,
)
from handoff.services.retiming import retime_clocks
from handoff.texts import refresh
from notify import transports
from notify.choices import Channel, MessageState
from notify.models import Message
from notify.services import deliver_due, remove_channel, save_channel
from routing.models import Load
from routing.services import set_capacity
from sla.choices import ClockState, EscalationState
from sla.models import Clock, Escalation
from sla.rules.retiming import Scope
from sla.rules.targets import (
    ALERT_MANAGER,
    NOTIFY_CHANNEL,
    REMIND,
    TO_NURTURE,
    WORKING_MINUTES,
    StepSpec,
    TargetSpec,
)
from sla.services import fire_due_steps, publish_policy
from tests.factories.handoff import NOW, make_world

# Claims are transactions of their own.
pytestmark = pytest.mark.django_db(transaction=True)
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
ADDRESS = "https://hooks.slack.com/services/T0/B0/secretab9x"
NURTURING = (StepSpec(0, ALERT_MANAGER, ("manager",)), StepSpec(None, TO_NURTURE, (), 60))
POSTING = (StepSpec(0, NOTIFY_CHANNEL, ()), StepSpec(None, NOTIFY_CHANNEL, (), 30))


@pytest.fixture
def world(transactional_db):
    return make_world(receivers=3)


@pytest.fixture
def channel(world):
    return save_channel(team=world.team, address=ADDRESS, by=world.admin, now=NOW)


class Line:
    """What went out on Slack."""

    def __init__(self):
        self.texts = []

    def send(self, messages, text):
        self.texts.append(text)

    def close(self):
        pass


@pytest.fixture
def slack_line(monkeypatch):
    line = Line()
    monkeypatch.setitem(transports.TRANSPORTS, Channel.SLACK, lambda: line)
    return line


def promise(kind, steps, *, minutes=60):
    """From now on one promise of so many working minutes, with this ladder."""
    publish_policy(
        key="own",
        name="Own",
        position=100,
        conditions={},
        is_default=True,
        targets=[TargetSpec(kind, minutes, WORKING_MINUTES, steps)],
        by_id=None,
        now=NOW,
    )


def sweep(now):
    while fire_due_steps(now):
        pass
    while apply_escalations(now):
        pass


def fresh(row):
    return Handoff.objects.get(pk=row.pk)


def told(user, kind):
    return list(Message.objects.filter(recipient=user, kind=kind, channel=Channel.INBOX))


def posts():
    return list(Message.objects.filter(recipient__isnull=True).order_by("id"))


def broken(now):
    return [found.text for found in findings(now)]


# Back to nurture


def test_nurture_by_the_ladder_closes_it_and_tells_all_whom_it_concerns(world):
    promise("contact", NURTURING)
    row = world.submitted()
    receiver = row.owner
    accept_handoff(row, by=receiver, now=NOW)
    late = NOW + 2 * HOUR + SECOND
    sweep(late)
    row = fresh(row)
    assert (row.status, row.closed_as) == (Status.CLOSED, ClosedAs.NURTURE)
    # Ownership stays with whoever had it, as where a person does the same.
    assert row.owner == receiver
    leg = row.legs.get()
    assert (leg.ended_as, leg.note) == (LegEnd.CLOSED, "Nobody contacted the buyer in time.")
    event = row.events.get(kind=EventKind.NURTURED)
    assert (event.by, event.escalation.step.action) == (None, TO_NURTURE)
    assert Load.objects.get(user=receiver).open_count == 0
    assert Clock.objects.get(kind="contact").state == ClockState.CANCELLED
    for user in (world.sdr, world.manager):
        (message,) = told(user, "nurtured")
        assert "Nobody contacted the buyer in time" in refresh(message, late).body
    assert len(told(receiver, "ended")) == 1
    assert told(receiver, "nurtured") == []
    assert not Handoff.objects.filter(previous=row).exists()
    assert broken(late) == []


def test_nurture_by_the_ladder_of_a_held_lead_tells_who_held_it(world):
    promise("contact", NURTURING)
    for ae in world.aes:
        set_capacity(user=ae, capacity=0, by=world.admin, now=NOW)
    row = world.submitted()
    assert row.status == Status.HOLDING
    sweep(NOW + 2 * HOUR + SECOND)
    assert fresh(row).closed_as == ClosedAs.NURTURE
    assert len(told(world.manager, "nurtured")) == 1
    assert broken(NOW + 3 * HOUR) == []


def test_nurture_by_the_ladder_exactly_at_its_time_is_not_done_yet(world):
    promise("contact", NURTURING)
    row = world.submitted()
    sweep(NOW + 2 * HOUR)
    assert fresh(row).status == Status.PENDING


def test_nurture_after_a_touch_or_by_a_person_first_is_superseded(world):
    promise("contact", NURTURING)
    touched, closed = world.submitted(), world.submitted()
    late = NOW + 2 * HOUR + SECOND
    for row in (touched, closed):
        accept_handoff(row, by=row.owner, now=NOW)
    fire_due_steps(late)
    log_touch(touched, kind="call", occurred_at=late, by=touched.owner, now=late)
    nurture_handoff(closed, by=closed.owner, now=late)
    sweep(late)
    moves = Escalation.objects.filter(step__action=TO_NURTURE)
    assert {move.state for move in moves} == {EscalationState.SUPERSEDED}
    assert fresh(touched).status == Status.ACCEPTED
    assert closed.events.filter(kind=EventKind.NURTURED).count() == 1
    assert broken(late) == []


def test_nurture_waits_while_it_is_acknowledged_or_paused(world):
    promise("contact", NURTURING)
    row = world.submitted()
    late = NOW + 2 * HOUR + SECOND
    fire_due_steps(late)
    made = acknowledge_late(row, kind="contact", by=world.manager, now=late)
    sweep(late)
    assert fresh(row).status == Status.PENDING
    pause_clocks(row, kind="contact", reason="Buyer on leave", by=world.manager, now=late)
    sweep(made.until)
    assert fresh(row).status == Status.PENDING
    move = Escalation.objects.get(step__action=TO_NURTURE)
    assert (move.state, move.attempts) == (EscalationState.PENDING, 0)


def test_nurture_is_told_of_on_the_ladder_and_in_the_history(world):
    promise("contact", NURTURING)
    row = world.submitted()
    link = row.clocks.select_related("clock", "leg__receiver", "handoff__owner").get(kind="contact")
    view = ladders_of([link], reader=world.manager, now=NOW)[link.clock_id]
    assert view.marks[-1].words == "Goes back to nurture"
    sweep(NOW + 2 * HOUR + SECOND)
    row = fresh(row)
    said = [
        f"{line.head} {line.rest}"
        for line in event_lines(
            row, Form.from_layout(row.form_version.layout), list(row.legs.all()), now=NOW
        )
    ]
    assert any("Back to nurture, by Handoff: nobody contacted the buyer" in one for one in said)


# To a channel


def test_post_goes_to_the_channel_of_the_late_ones_team(world, channel):
    promise("accept", POSTING)
    row = world.submitted()
    sweep(NOW + HOUR + SECOND)
    (post,) = posts()
    assert (post.team, post.channel, post.kind) == (world.team, Channel.SLACK, "late")
    text = refresh(post, NOW + HOUR + SECOND)
    assert f"{row.owner.name} has not accepted" in text.subject
    assert text.path
    event = row.events.get(kind=EventKind.POSTED)
    assert (event.data["channel"], event.data["team"]) == (channel.pk, world.team.pk)
    assert broken(NOW + HOUR + SECOND) == []


def test_post_says_its_times_in_the_zone_of_the_team(world, channel):
    world.team.zone = "America/New_York"
    world.team.save()
    promise("accept", POSTING)
    world.submitted()
    sweep(NOW + HOUR + SECOND)
    assert "due 06:00" in refresh(posts()[0], NOW + HOUR + SECOND).body


def test_post_of_one_without_a_team_channel_goes_to_the_organisations(world):
    save_channel(team=None, address=ADDRESS, by=world.admin, now=NOW)
    promise("accept", POSTING)
    world.submitted()
    sweep(NOW + HOUR + SECOND)
    (post,) = posts()
    assert (post.recipient, post.team) == (None, None)


def test_post_to_no_channel_is_done_and_the_history_says_so(world, channel):
    promise("accept", POSTING)
    row = world.submitted()
    remove_channel(destination=channel, by=world.admin, now=NOW)
    sweep(NOW + HOUR + SECOND)
    assert posts() == []
    escalation = Escalation.objects.get(step__action=NOTIFY_CHANNEL)
    assert escalation.state == EscalationState.HANDLED
    assert row.events.get(kind=EventKind.POSTED).data["channel"] is None
    link = row.clocks.select_related("clock", "leg__receiver", "handoff__owner").get(kind="accept")
    view = ladders_of([link], reader=world.manager, now=NOW + 2 * HOUR)[link.clock_id]
    assert view.marks[0].words == "There was no channel to post to"
    assert broken(NOW + HOUR + SECOND) == []


def test_late_sweep_posts_once_of_all_steps_that_passed(world, channel):
    promise("accept", POSTING)
    world.submitted()
    late = NOW + 2 * HOUR
    sweep(late)
    (post,) = posts()
    assert len(post.payload["steps"]) == 2
    assert "the post of 12:00 and post of 12:30" in refresh(post, late).body


def test_steps_in_time_are_posted_one_by_one(world, channel):
    promise("accept", POSTING)
    world.submitted()
    sweep(NOW + HOUR + SECOND)
    sweep(NOW + HOUR + SECOND)
    sweep(NOW + HOUR + 30 * MINUTE + SECOND)
    assert len(posts()) == 2


def test_post_that_comes_too_late_says_resolved_after_how_long(world, channel, slack_line):
    promise("accept", POSTING)
    row = world.submitted()
    sweep(NOW + HOUR + SECOND)
    accept_handoff(row, by=row.owner, now=NOW + HOUR + 20 * MINUTE)
    deliver_due(NOW + HOUR + 25 * MINUTE)
    (text,) = slack_line.texts
    assert text.subject.endswith("decided 20 min late")
    assert "settled now" in text.body


def test_post_ignores_quiet_hours_and_an_acknowledgement_holds_it(world, channel, slack_line):
    promise("accept", POSTING)
    row = world.submitted()
    fire_due_steps(NOW + HOUR + SECOND)
    made = acknowledge_late(row, kind="accept", by=world.manager, now=NOW + HOUR + SECOND)
    sweep(NOW + HOUR + MINUTE)
    assert posts() == []
    sweep(made.until)
    deliver_due(made.until)
    assert [post.state for post in posts()] == [MessageState.SENT]


def test_more_than_three_posts_to_one_channel_are_one_digest(world, channel, slack_line):
    promise("accept", POSTING)
    for _ in range(5):
        world.submitted()
    sweep(NOW + HOUR + SECOND)
    deliver_due(NOW + HOUR + SECOND)
    (text,) = slack_line.texts
    assert text.subject == "5 messages, 5 about something late"


def test_post_before_due_is_made_while_the_clock_runs_and_needed_no_more_once_it_is_met(
    world, channel
):
    promise("accept", (StepSpec(None, NOTIFY_CHANNEL, (), -15),))
    open_row, done = world.submitted(), world.submitted()
    accept_handoff(done, by=done.owner, now=NOW + MINUTE)
    soon = NOW + 46 * MINUTE
    sweep(soon)
    (post,) = posts()
    assert post.subject_ref == f"handoff:{open_row.pk}"
    text = refresh(post, soon)
    assert "has not accepted yet, due 12:00" in text.subject
    assert open_row.events.get(kind=EventKind.POSTED).data["before_due"] is True
    accept_handoff(open_row, by=open_row.owner, now=soon)
    assert refresh(post, soon) is None


def test_alert_before_due_reaches_the_manager(world):
    promise("accept", (StepSpec(-50, ALERT_MANAGER, ("manager",)),))
    row = world.submitted()
    soon = NOW + 31 * MINUTE
    sweep(soon)
    (message,) = told(world.manager, "late")
    assert "has not accepted yet" in refresh(message, soon).subject
    assert row.events.filter(kind=EventKind.ALERTED).count() == 1


def test_alert_about_a_clock_that_was_paused_meanwhile_does_not_say_that_it_is_settled(world):
    promise("contact", (StepSpec(0, ALERT_MANAGER, ("manager",)),))
    row = world.submitted()
    late = NOW + HOUR + SECOND
    sweep(late)
    pause_clocks(row, kind="contact", reason="Buyer on leave", by=world.manager, now=late)
    (message,) = told(world.manager, "late")
    text = refresh(message, late)
    assert "has not contacted the buyer, and the clock is paused" in text.subject
    assert "settled" not in text.body


def test_post_about_a_draft_goes_to_the_submitters_channel(world):
    team = create_team(name="SDRs", by=world.admin, now=NOW)
    set_membership(team=team, user=world.sdr, by=world.admin, now=NOW)
    save_channel(team=team, address=ADDRESS, by=world.admin, now=NOW)
    promise("hand_off", (StepSpec(0, NOTIFY_CHANNEL, ()),))
    world.draft()
    sweep(NOW + HOUR + SECOND)
    assert [post.team for post in posts()] == [team]


# In minutes


def test_step_in_minutes_fires_and_a_retimed_clock_does_not_repeat_it(world):
    in_minutes = StepSpec(None, REMIND, ("receiver",), -15)
    promise("accept", (in_minutes, StepSpec(0, ALERT_MANAGER, ("manager",))))
    row = world.submitted()
    sweep(NOW + 44 * MINUTE)
    assert told(row.owner, "remind") == []
    now = NOW + 46 * MINUTE
    sweep(now)
    assert len(told(row.owner, "remind")) == 1
    promise("accept", (in_minutes, StepSpec(0, ALERT_MANAGER, ("manager",))), minutes=90)
    clock = Clock.objects.get(kind="accept")
    retime_clocks([clock.pk], Scope(), world.admin, now)
    sweep(NOW + 80 * MINUTE)
    assert len(told(row.owner, "remind")) == 1
    sweep(NOW + 91 * MINUTE)
    assert len(told(world.manager, "late")) == 1
