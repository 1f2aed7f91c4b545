"""Leads in which nothing moves: the page, and the list that managers get each working day."""

from datetime import timedelta

import pytest
from django.urls import reverse

from accounts.choices import Role
from accounts.models import Organisation
from accounts.services import create_team, set_membership
from handoff.choices import Status, TouchKind
from handoff.models import Handoff
from handoff.selectors.stuck import HELD, LATE, QUIET, stuck_counts, stuck_handoffs, stuck_leads
from handoff.services import accept_handoff, date_next_step, log_touch, tell_of_stuck
from notify import registry
from notify.choices import Channel
from notify.models import DailyNotice, Message
from notify.services import deliver_due, take_day
from routing.models import Member
from tests.factories.handoff import NOW, make_world

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)


@pytest.fixture
def world():
    return make_world(receivers=2)


def contacted(world, at=NOW):
    row = world.submitted(now=at)
    accept_handoff(row, by=row.owner, now=at)
    row.refresh_from_db()
    log_touch(row, kind=TouchKind.MEETING_HELD, occurred_at=at, by=row.owner, now=at)
    return row


def why(user, now):
    return {row.pk: (row.why, row.since) for row in stuck_handoffs(user, now=now)}


def test_stuck_of_a_handoff_that_moves_is_nothing(world):
    world.submitted()
    contacted(world)
    assert why(world.manager, NOW + HOUR) == {}


def test_stuck_names_what_is_late_for_longer_than_a_day(world):
    row = world.submitted()
    due = row.clocks.get(kind="accept").clock.due_at
    assert why(world.manager, due + DAY) == {}
    assert why(world.manager, due + DAY + SECOND) == {row.pk: (LATE, due)}


def test_stuck_names_what_is_held_for_longer_than_a_day(world):
    Member.objects.update(is_active=False)
    row = world.submitted()
    assert row.status == Status.HOLDING
    assert why(world.manager, NOW + DAY) == {}
    assert why(world.manager, NOW + DAY + SECOND) == {row.pk: (HELD, NOW)}


def test_stuck_names_what_has_been_quiet_for_two_weeks(world):
    row = contacted(world)
    touched = NOW + 3 * DAY
    date_next_step(row, step="Call", at=NOW + 2 * DAY, by=row.owner, now=NOW)
    log_touch(row, kind=TouchKind.MEETING_HELD, occurred_at=touched, by=row.owner, now=touched)
    assert why(world.manager, touched + 14 * DAY) == {}
    assert why(world.manager, touched + 14 * DAY + SECOND) == {row.pk: (QUIET, touched)}


def test_stuck_leaves_out_what_has_a_next_step_ahead(world):
    row = contacted(world)
    later = NOW + 30 * DAY
    date_next_step(row, step="Call when the audit is over", at=later, by=row.owner, now=NOW)
    assert why(world.manager, NOW + 20 * DAY) == {}
    assert row.pk in why(world.manager, later + SECOND)


def test_stuck_shows_each_their_own(world):
    row = world.submitted()
    other = next(ae for ae in world.aes if ae.pk != row.owner_id)
    now = NOW + 10 * DAY
    assert row.pk in why(row.owner, now)
    assert row.pk not in why(other, now)
    assert row.pk in why(world.admin, now)


def test_stuck_page_shows_why_since_when_and_who(world, client, time_machine):
    row = world.submitted()
    time_machine.move_to(NOW + 10 * DAY, tick=False)
    client.force_login(world.manager)
    shown = client.get(reverse("handoff:stuck")).content.decode()
    assert row.lead.name in shown
    assert "Late" in shown
    assert row.owner.name in shown
    assert "1 in which nothing moves" in shown
    assert (
        "None for this reason"
        in client.get(reverse("handoff:stuck"), {"why": "held"}).content.decode()
    )
    assert client.get(reverse("handoff:stuck"), {"why": "\x00<b>", "page": "-1"}).status_code == 200


def test_stuck_page_is_not_for_submitters(world, client):
    client.force_login(world.sdr)
    assert client.get(reverse("handoff:stuck")).status_code == 403


def test_stuck_counts_and_page_agree(world):
    for _ in range(3):
        world.submitted()
    now = NOW + 10 * DAY
    counts = stuck_counts(stuck_handoffs(world.manager, now=now))
    shown = stuck_leads(world.manager, now=now, number="")
    assert shown.count == sum(counts.values()) == len(shown.rows) == 3


# The daily list. NOW is a Tuesday at 11:00 in Berlin; the office opens at 9:00.

EIGHT = NOW + DAY * 7 + timedelta(hours=-3)
NINE = EIGHT + HOUR


def lists(user):
    return list(Message.objects.filter(recipient=user, kind="stuck").order_by("id"))


def test_tell_of_stuck_tells_each_manager_once_when_their_day_begins(world):
    world.submitted()
    assert tell_of_stuck(EIGHT) == 0
    assert tell_of_stuck(NINE) == 1
    assert tell_of_stuck(NINE + HOUR) == 0
    assert {message.channel for message in lists(world.manager)} == {"inbox", "email"}
    assert tell_of_stuck(NINE + DAY) == 1


def test_tell_of_stuck_says_nothing_at_the_weekend(world):
    world.submitted()
    saturday = NINE + 4 * DAY
    assert saturday.weekday() == 5
    assert tell_of_stuck(saturday + 4 * HOUR) == 0


def test_tell_of_stuck_after_an_outage_tells_later_that_day(world):
    world.submitted()
    assert tell_of_stuck(NINE + 9 * HOUR) == 1


def test_tell_of_stuck_of_nothing_takes_the_day_and_says_nothing(world):
    assert tell_of_stuck(NINE) == 0
    assert lists(world.manager) == []
    notice = DailyNotice.objects.get(user=world.manager)
    assert not take_day(user=world.manager, kind="stuck", day=notice.day)
    assert not take_day(user=world.manager, kind="stuck", day=notice.day - DAY)
    assert take_day(user=world.manager, kind="stuck", day=notice.day + DAY)


def test_list_of_stuck_says_how_many_why_and_who(world, mailoutbox):
    row = world.submitted()
    tell_of_stuck(NINE)
    Message.objects.exclude(kind="stuck").delete()
    deliver_due(NINE)
    (mail,) = mailoutbox
    assert mail.subject == "1 stuck lead: 1 late"
    assert f"{row.lead.name}, {row.lead.company.name}: late since" in mail.body
    assert f"with {row.owner.name}" in mail.body
    assert reverse("handoff:stuck") in mail.body


def test_list_of_stuck_that_is_settled_is_not_sent(world, mailoutbox):
    world.submitted()
    tell_of_stuck(NINE)
    Handoff.objects.update(status=Status.CLOSED, closed_as="withdrawn", closed_at=NINE)
    mail = Message.objects.get(kind="stuck", channel=Channel.EMAIL)
    assert registry.refresh(mail, NINE) is None


def test_tell_of_stuck_of_many_managers_takes_as_many_queries(world, django_assert_max_num_queries):
    tell_of_stuck(NINE)
    with django_assert_max_num_queries(20) as few:
        tell_of_stuck(NINE + SECOND)
    for n in range(6):
        manager = world.person(f"Manager {n}", Role.MANAGER)
        team = create_team(name=f"Team {n}", by=world.admin, now=NOW)
        set_membership(team=team, user=manager, is_manager=True, by=world.admin, now=NOW)
    Organisation.objects.get()
    tell_of_stuck(NINE + 2 * SECOND)
    with django_assert_max_num_queries(len(few)):
        tell_of_stuck(NINE + 3 * SECOND)
