"""A person leaves: nothing stays with them, and nothing gets lost."""

from datetime import timedelta

import pytest
from django.contrib.auth import SESSION_KEY
from django.test import Client

from accounts.choices import Role
from accounts.models import Organisation, User
from accounts.services import set_hours
from core.errors import NotPermitted
from handoff.choices import LegEnd, Status, TransferReason
from handoff.errors import LeavingRefused
from handoff.models import Handoff, HandoffClock
from handoff.selectors.leaving import preview_offboarding
from handoff.services import (
    accept_handoff,
    concede_handoff,
    contest_rejection,
    offboard_user,
    reject_handoff,
    rule_on_contest,
    start_fix,
    submit_handoff,
)
from notify.models import Destination, Message
from notify.services import save_slack
from routing.choices import TurnKind
from routing.models import Load, Member, Pool
from routing.services import set_backup, set_capacity
from tests.factories.handoff import NOW, PASSWORD, make_world
from worktime.rules import preset_calendars
from worktime.rules.presets import OFFICE_HOURS
from worktime.services import create_calendar

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def world(db):
    return make_world(receivers=3)


@pytest.fixture
def successor(world):
    return world.person("Sue Cessor", Role.SDR)


def leave(world, user, successor, **changes):
    given = {"by": world.admin, "now": NOW + HOUR}
    return offboard_user(user, successor=successor, **(given | changes))


def codes(refused):
    return [(one.field, one.code) for one in refused.value.problems]


def test_offboard_submitter_hands_drafts_and_rejected_over(world, successor):
    draft = world.draft()
    rejected, conceded, pending = (world.submitted() for _ in range(3))
    for row in (rejected, conceded):
        reject_handoff(row, reason="no_budget", by=row.owner, now=NOW)
    seen = preview_offboarding(world.sdr, successor=successor, by=world.admin, now=NOW)
    assert (seen.drafts, seen.rejected, seen.received, seen.problems) == (1, 2, 0, ())
    done = leave(world, world.sdr, successor)
    assert (done.handed_over, done.moved, done.held) == (3, 0, 0)
    draft.refresh_from_db()
    assert (draft.owner, draft.submitted_by) == (successor, successor)
    rejected.refresh_from_db()
    assert (rejected.owner, rejected.submitted_by) == (successor, world.sdr)
    assert rejected.transfers.last().reason == TransferReason.LEFT
    fix = start_fix(rejected, by=successor, now=NOW + HOUR)
    assert (fix.owner, fix.submitted_by) == (successor, successor)
    assert submit_handoff(fix, by=successor, now=NOW + HOUR).status == Status.PENDING
    concede_handoff(conceded, by=successor, now=NOW + HOUR)
    # What a receiver sends back later goes to whoever answers for the one who left.
    row = reject_handoff(pending, reason="no_budget", by=pending.owner, now=NOW + HOUR)
    assert row.owner == world.manager


def test_offboard_receiver_passes_everything_on(world, successor):
    gone = world.aes[0]
    backup = world.pool.members.get(user=world.aes[1])
    set_backup(member=world.pool.members.get(user=gone), backup=backup, by=None, now=NOW)
    rows = [world.submitted() for _ in range(6)]
    mine = [row for row in rows if row.owner == gone]
    accept_handoff(mine[0], by=gone, now=NOW)
    done = leave(world, gone, successor)
    assert (done.moved, done.held) == (2, 0)
    for row in mine:
        row.refresh_from_db()
        assert (row.status, row.owner) == (Status.PENDING, backup.user)
        ended, live = row.legs.order_by("pk")
        assert (ended.ended_as, live.turn.kind) == (LegEnd.REASSIGNED, TurnKind.BACKUP)
        assert row.transfers.last().reason == TransferReason.LEFT
    assert Load.objects.get(user=gone).open_count == 0
    member = Member.objects.get(user=gone)
    assert (member.is_active, member.backup) == (False, None)
    assert not Handoff.objects.filter(owner=gone).exists()


def test_offboard_receiver_with_nobody_free_leaves_it_held(world, successor):
    gone = world.aes[0]
    rows = [world.submitted() for _ in range(3)]
    for ae in world.aes[1:]:
        set_capacity(user=ae, capacity=0, by=world.admin, now=NOW)
    done = leave(world, gone, successor)
    assert (done.moved, done.held) == (0, 1)
    held = next(row for row in rows if row.owner == gone)
    held.refresh_from_db()
    assert (held.status, held.owner) == (Status.HOLDING, world.manager)


def test_offboard_manager_hands_pools_held_leads_and_the_fallback_over(world):
    for ae in world.aes:
        set_capacity(user=ae, capacity=0, by=world.admin, now=NOW)
    held = world.submitted()
    Organisation.objects.update(fallback_manager=world.manager)
    Member.objects.filter(user=world.aes[0]).update(backup=Member.objects.get(user=world.aes[1]))
    seen = preview_offboarding(world.manager, by=world.admin, now=NOW)
    assert (seen.held, seen.pools, seen.is_fallback_manager) == (1, (world.pool,), True)
    assert seen.needs_successor
    after = world.person("Max After", Role.MANAGER)
    done = leave(world, world.manager, after)
    assert (done.pools, done.was_fallback_manager) == ((world.pool,), True)
    held.refresh_from_db()
    assert held.owner == after == Pool.objects.get().manager
    assert Organisation.objects.get().fallback_manager == after


def test_offboard_ends_sessions_for_good(world, successor):
    client = Client()
    client.force_login(world.sdr, backend="django.contrib.auth.backends.ModelBackend")
    assert client.session[SESSION_KEY] == str(world.sdr.pk)
    leave(world, world.sdr, successor)
    gone = User.objects.get(pk=world.sdr.pk)
    assert not gone.is_active
    assert not gone.check_password(PASSWORD)
    User.objects.filter(pk=gone.pk).update(is_active=True)
    # Also where somebody would be let in again: what they had open stays closed.
    assert client.get("/handoffs/").status_code in (302, 404)
    assert gone.history.latest().history_user == world.admin


def test_offboard_forgets_the_slack_address_of_the_person_alone(world, successor):
    for user in (world.ae, successor):
        address = f"https://hooks.slack.com/services/T1/B{user.pk}/secret"
        save_slack(by=user, address=address, now=NOW)
    leave(world, world.ae, successor)
    assert list(Destination.objects.values_list("user", flat=True)) == [successor.pk]


def test_offboard_as_it_cannot_be_is_refused(world, successor):
    inactive = world.person("Ina Active", Role.SDR)
    User.objects.filter(pk=inactive.pk).update(is_active=False)
    inactive.refresh_from_db()
    world.draft()
    for user, to, problem in (
        (world.admin, successor, ("user", "oneself")),
        (inactive, successor, ("user", "inactive")),
        (world.sdr, inactive, ("successor", "inactive")),
        (world.sdr, world.sdr, ("successor", "same")),
        (world.sdr, world.ae, ("successor", "cannot_submit")),
    ):
        with pytest.raises(LeavingRefused) as refused:
            leave(world, user, to)
        assert problem in codes(refused)
    for by in (world.manager, world.sdr):
        with pytest.raises(NotPermitted):
            leave(world, world.ae, successor, by=by)
        with pytest.raises(NotPermitted):
            preview_offboarding(world.ae, by=by, now=NOW)
    assert User.objects.filter(is_active=True, pk=world.sdr.pk).exists()


def test_offboard_of_the_last_admin_is_refused(world, successor):
    other = world.person("Otto Other", Role.ADMIN)
    User.objects.filter(pk=other.pk).update(is_active=False)
    seen = preview_offboarding(world.admin, successor=successor, by=other, now=NOW)
    assert ("user", "last_admin") in [(one.field, one.code) for one in seen.problems]


def test_offboard_that_empties_a_pool_needs_to_be_confirmed(world, successor):
    for ae in world.aes[1:]:
        Member.objects.filter(user=ae).update(is_active=False)
    row = world.submitted()
    seen = preview_offboarding(world.ae, successor=successor, by=world.admin, now=NOW)
    assert (seen.emptied, seen.needs_confirmation) == ((world.pool,), True)
    with pytest.raises(LeavingRefused) as refused:
        leave(world, world.ae, successor)
    assert codes(refused) == [("leaves_pools_empty", "last_member")]
    row.refresh_from_db()
    assert (row.owner, row.legs.get().ended_at) == (world.ae, None)
    done = leave(world, world.ae, successor, leaves_pools_empty=True)
    assert done.held == 1


def test_rejection_of_a_lead_whose_submitter_left_is_told_to_who_has_it_now(world, successor):
    row = world.submitted()
    leave(world, world.sdr, successor)
    rejected = reject_handoff(row, reason="no_budget", by=row.owner, now=NOW + HOUR)
    told = Message.objects.filter(kind="rejected").values_list("recipient", flat=True)
    assert set(told) == {rejected.owner_id} == {world.manager.pk}


def test_ruling_is_told_to_the_successor_who_contested(world, successor):
    row = world.submitted()
    receiver = row.owner
    reject_handoff(row, reason="no_budget", by=receiver, now=NOW)
    leave(world, world.sdr, successor)
    contest_rejection(row, note="The CFO said so.", by=successor, now=NOW + HOUR)
    rule_on_contest(row, is_upheld=True, by=world.manager, now=NOW + 2 * HOUR)
    told = Message.objects.filter(kind="upheld").values_list("recipient", flat=True)
    assert set(told) == {successor.pk, receiver.pk}


def test_draft_begun_as_its_author_leaves_is_refused(world, successor):
    before = User.objects.get(pk=world.sdr.pk)
    assert before.roles
    leave(world, world.sdr, successor)
    with pytest.raises(NotPermitted):
        world.draft(by=before)
    assert not Handoff.objects.exists()


def test_clock_of_what_comes_back_counts_in_the_hours_of_who_has_it(db):
    world = make_world(preset="temperatures")
    successor = world.person("Sue Cessor", Role.SDR)
    hours = create_calendar(
        name="New York", data=preset_calendars("America/New_York")[OFFICE_HOURS], by=None, now=NOW
    )
    set_hours(user=world.manager, calendar=hours, zone="", by=None, now=NOW)
    row = world.submitted()
    leave(world, world.sdr, successor)
    reject_handoff(row, reason="no_budget", by=row.owner, now=NOW + HOUR)
    clock = HandoffClock.objects.get(handoff=row, kind="hand_off", is_current=True).clock
    assert clock.calendar_version == hours.current_version
