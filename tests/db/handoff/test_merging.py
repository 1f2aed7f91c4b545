"""Two handoffs of one lead become one."""

from datetime import timedelta

import pytest

from accounts.choices import Role
from core.errors import NotVisible
from handoff.errors import AlreadyOpen, HandoffNotOpen, MergeRefused
from handoff.models import Handoff, HandoffClock, Lead
from handoff.selectors.lists import lead_rows
from handoff.selectors.merged import survivors_of
from handoff.services import (
    accept_handoff,
    apply_escalations,
    convert_handoff,
    log_touch,
    merge_duplicate,
    save_draft,
    submit_handoff,
)
from notify.models import Message
from routing.models import Load
from sla.services import fire_due_steps
from tests.factories.handoff import NOW, answers, make_world

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


@pytest.fixture
def world(db):
    return make_world(preset="temperatures")


def current(handoff, kind="contact"):
    return HandoffClock.objects.get(handoff=handoff, kind=kind, is_current=True).clock


def accepted(world, *, at=NOW):
    handoff = world.submitted(now=at)
    return accept_handoff(handoff, by=world.receiver_of(handoff), now=at)


def filled(draft, by):
    return save_draft(draft, answers=answers(), by=by, now=NOW)


def test_merge_closes_the_duplicate_and_the_survivor_keeps_the_earlier_start(world):
    old, new = world.submitted(), world.submitted(now=NOW + 3 * HOUR)
    receiver = world.receiver_of(old)
    before = current(new)
    row = merge_duplicate(old, into=new, by=world.manager, now=NOW + 3 * HOUR)
    new.refresh_from_db()
    after = current(new)
    assert (row.status, row.closed_as) == ("closed", "duplicate")
    assert (after.started_at, after.replaces_id) == (NOW, before.pk)
    assert after.due_at == current(old).due_at < before.due_at
    before.refresh_from_db()
    assert before.state == "cancelled"
    assert current(old).state == "cancelled"
    assert new.status == "pending"
    assert new.next_due_at == min(after.due_at, current(new, "accept").due_at)
    row.lead.refresh_from_db()
    assert row.lead.merged_into == new.lead
    assert Load.objects.get(user=receiver).open_count == 0
    assert row.events.last().data["into"] == new.pk
    assert new.events.last().kind == "retargeted"
    kinds = set(Message.objects.values_list("kind", flat=True))
    assert {"merged", "ended", "absorbed"} <= kinds


def test_merge_of_the_later_one_leaves_the_survivors_clock(world):
    old, new = world.submitted(), world.submitted(now=NOW + HOUR)
    before = current(old)
    merge_duplicate(new, into=old, by=world.manager, now=NOW + HOUR)
    assert current(old).pk == before.pk
    assert current(old).state == "running"


def test_merge_into_a_start_that_is_past_due_is_one_breach(world):
    old = accepted(world)
    due = current(old).due_at
    new = accepted(world, at=due - HOUR)
    at = due + HOUR
    merge_duplicate(old, into=new, by=world.manager, now=at)
    after = current(new)
    assert (after.due_at, after.breached_at, after.detected_at) == (due, due, at)
    while fire_due_steps(at + HOUR):
        pass
    while apply_escalations(at + HOUR):
        pass
    breaches = [event.data for event in new.events.filter(kind="breached")]
    assert [one["clock"] for one in breaches if one["clock_kind"] == "contact"] == [after.pk]


def test_merge_of_two_that_are_late_tells_of_the_new_clock_too(world):
    old = accepted(world)
    new = accepted(world, at=NOW + HOUR)
    at = current(new).due_at + HOUR
    while fire_due_steps(at):
        pass
    first = current(new)
    merge_duplicate(old, into=new, by=world.manager, now=at)
    after = current(new)
    assert after.breached_at == after.due_at == current(old).due_at
    missed = [event.data for event in new.events.filter(kind="breached")]
    assert {"clock": after.pk, "clock_kind": "contact", "reason": "retargeted"} in missed
    fired = {step for step, _, _ in first.schedule[: first.fired]}
    assert not fired & {step for step, _, _ in after.schedule}


def test_first_contact_with_the_duplicate_counts_for_the_survivor(world):
    old = accepted(world)
    log_touch(old, kind="call", occurred_at=NOW + HOUR, by=world.receiver_of(old), now=NOW + HOUR)
    due = current(old).due_at
    new = accepted(world, at=due - HOUR)
    old.refresh_from_db()
    merge_duplicate(old, into=new, by=world.manager, now=due + HOUR)
    new.refresh_from_db()
    clock = current(new)
    assert (new.first_contact_at, new.contact_seconds) == (NOW + HOUR, 3600)
    assert (clock.state, clock.met_at, clock.breached_at) == ("met", NOW + HOUR, None)


def test_merge_into_itself_or_what_is_not_open_is_refused(world):
    old, new = accepted(world), accepted(world)
    with pytest.raises(MergeRefused):
        merge_duplicate(old, into=old, by=world.manager, now=NOW)
    with pytest.raises(MergeRefused):
        merge_duplicate(old, into=world.draft(), by=world.manager, now=NOW)
    convert_handoff(new, by=world.receiver_of(new), now=NOW)
    with pytest.raises(MergeRefused) as refused:
        merge_duplicate(old, into=new, by=world.manager, now=NOW)
    assert [problem.field for problem in refused.value.problems] == ["into"]
    with pytest.raises(HandoffNotOpen):
        merge_duplicate(new, into=old, by=world.manager, now=NOW)


def test_merge_into_what_the_person_may_not_read_is_not_visible(world):
    old = accepted(world)
    new = next(row for row in (accepted(world), accepted(world)) if row.owner != old.owner)
    with pytest.raises(NotVisible):
        merge_duplicate(old, into=new, by=old.owner, now=NOW)
    with pytest.raises(NotVisible):
        merge_duplicate(old, into=new, by=world.person("Ed", Role.AE), now=NOW)


def test_merged_leads_never_point_in_a_circle(world):
    first, second = accepted(world), accepted(world)
    kept = filled(world.draft(lead=first.lead, by=world.admin), world.admin)
    merge_duplicate(first, into=second, by=world.manager, now=NOW)
    convert_handoff(second, by=world.receiver_of(second), now=NOW)
    kept = submit_handoff(kept, by=world.admin, now=NOW)
    accept_handoff(kept, by=world.receiver_of(kept), now=NOW)
    # As it was before a draft was led to the lead that goes on.
    other = world.draft(by=world.admin)
    Handoff.objects.filter(pk=other.pk).update(lead=second.lead)
    Lead.objects.filter(pk=first.lead_id).update(merged_into=None)
    other = submit_handoff(other, by=world.admin, now=NOW)
    Lead.objects.filter(pk=first.lead_id).update(merged_into=second.lead)
    row = merge_duplicate(other, into=kept, by=world.admin, now=NOW)
    assert row.lead == second.lead
    row.lead.refresh_from_db()
    kept.lead.refresh_from_db()
    assert (row.lead.merged_into, kept.lead.merged_into) == (None, row.lead)


def test_leads_that_once_came_to_point_in_a_circle_are_one_lead(world):
    first, second = accepted(world), accepted(world)
    draft = filled(world.draft(lead=first.lead), world.sdr)
    convert_handoff(first, by=first.owner, now=NOW)
    # As two merges at once could leave them.
    Lead.objects.filter(pk=first.lead_id).update(merged_into=second.lead)
    Lead.objects.filter(pk=second.lead_id).update(merged_into=first.lead)
    with pytest.raises(AlreadyOpen):
        submit_handoff(draft, by=world.sdr, now=NOW)
    leads = Lead.objects.filter(pk__in=[first.lead_id, second.lead_id])
    assert set(survivors_of(leads).values()) == {min(first.lead_id, second.lead_id)}


def test_leads_merged_one_after_the_other_all_point_to_the_last(world):
    one, two, three = accepted(world), accepted(world), accepted(world)
    merge_duplicate(one, into=two, by=world.manager, now=NOW)
    merge_duplicate(two, into=three, by=world.manager, now=NOW)
    for row in (one, two):
        row.lead.refresh_from_db()
        assert row.lead.merged_into == three.lead


def test_draft_of_a_merged_lead_is_of_the_one_that_goes_on(world):
    first, second = accepted(world), accepted(world)
    merge_duplicate(first, into=second, by=world.manager, now=NOW)
    for draft in (
        world.draft(lead=first.lead),
        world.draft(contact__email=first.answers["contact.email"]),
    ):
        assert draft.lead == second.lead
        with pytest.raises(AlreadyOpen):
            submit_handoff(filled(draft, world.sdr), by=world.sdr, now=NOW)


def test_draft_begun_before_the_merge_is_refused_while_the_survivor_is_open(world):
    first, second = accepted(world), accepted(world)
    draft = filled(world.draft(lead=first.lead), world.sdr)
    merge_duplicate(first, into=second, by=world.manager, now=NOW)
    first.lead.refresh_from_db()
    seen = lead_rows([first.lead, second.lead], world.sdr)
    assert [one.open_handoff for one in seen] == [draft.pk, second.pk]
    with pytest.raises(AlreadyOpen):
        submit_handoff(draft, by=world.sdr, now=NOW)


def test_draft_of_a_merged_lead_whose_survivor_is_not_theirs_stays(world):
    other = world.person("Olga Else", Role.SDR)
    first = accepted(world)
    second = world.submitted(by=other)
    merge_duplicate(first, into=second, by=world.manager, now=NOW)
    assert world.draft(lead=first.lead).lead == first.lead


def test_contact_with_a_later_duplicate_is_as_late_as_the_survivor_waited(world):
    old, new = accepted(world), accepted(world, at=NOW + HOUR)
    at = NOW + 2 * HOUR
    log_touch(new, kind="call", occurred_at=at, by=world.receiver_of(new), now=at)
    new.refresh_from_db()
    assert new.contact_seconds == 3600
    merge_duplicate(new, into=old, by=world.manager, now=at)
    old.refresh_from_db()
    assert (old.first_contact_at, old.contact_seconds) == (at, 2 * 3600)


def test_contact_after_a_merge_counts_from_the_earlier_start(world):
    old, new = accepted(world), accepted(world, at=NOW + HOUR)
    merge_duplicate(old, into=new, by=world.manager, now=NOW + HOUR)
    at = NOW + 2 * HOUR
    log_touch(new, kind="call", occurred_at=at, by=world.receiver_of(new), now=at)
    new.refresh_from_db()
    assert new.contact_seconds == 2 * 3600
