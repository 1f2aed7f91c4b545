"""Who gets a handoff: the rule's own first ones, skills, hours, and what a time-out costs."""

from datetime import timedelta

import pytest

from accounts.choices import Role
from accounts.services import add_time_off
from handoff.choices import EventKind, Status
from handoff.models import Company, Handoff, Lead
from handoff.selectors.facts import asks_from
from handoff.selectors.held import held_handoffs, held_rows
from handoff.services import (
    accept_handoff,
    apply_cover,
    convert_handoff,
    create_draft,
    drain_holding,
    reassign_handoff,
    reject_handoff,
    start_fix,
    submit_handoff,
)
from handoff.services.escalate import apply_escalations
from routing.choices import TurnKind
from routing.models import Load, Member, Pool, Rule, Skill
from routing.selectors import explain_turn
from routing.services import add_member, set_limits, set_skills
from sla.services import fire_due_steps
from tests.factories.handoff import NOW, answers, make_world

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)

# Claims of the ladder are transactions of their own.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world(transactional_db):
    return make_world(receivers=3)


def rule_says(**fields):
    Rule.objects.update(**fields)


def lead_asks(lead, **asks):
    Lead.objects.filter(pk=lead.pk).update(**asks)


def submitted(world, *, owner=None, now=NOW, **asks):
    """A handoff of a lead that asks for this, at a company that the owner looks after."""
    draft = world.draft(now=now)
    lead_asks(draft.lead, **asks)
    Company.objects.filter(leads=draft.lead_id).update(owner=owner)
    return submit_handoff(draft, by=world.sdr, now=now)


def live(row):
    return row.legs.select_related("turn", "receiver").get(ended_at=None)


def again(world, first, *, now, owner=None):
    """The same lead handed off anew, once its first handoff is done."""
    row = accept_handoff(first, by=first.owner, now=now)
    row = convert_handoff(row, by=row.owner, now=now)
    Company.objects.update(owner=owner)
    draft = create_draft(type=world.type, answers=answers(), by=world.sdr, now=now, lead=row.lead)
    return submit_handoff(draft, by=world.sdr, now=now)


def test_asks_from_facts_are_in_lower_case_and_only_what_is_known():
    facts = {"language": " German ", "product": "", "segment": None, "size": 5, "score": 1}
    assert asks_from(facts) == {"language": "german"}


# Who goes first by the rule


def test_company_owner_goes_first_where_the_rule_says_so_and_pays(world):
    last = world.aes[2]
    assert live(submitted(world, owner=last)).turn.kind == TurnKind.ROTATION
    rule_says(owner_first=True)
    leg = live(submitted(world, owner=last, now=NOW + MINUTE))
    assert (leg.receiver, leg.turn.kind) == (last, TurnKind.OWNER)
    assert explain_turn(leg.turn).headline == f"{last} looks after the company."
    assert leg.turn.credit_after < leg.turn.credit_before


def test_company_owner_who_is_not_eligible_leaves_it_to_the_rotation(world):
    rule_says(owner_first=True)
    last = world.aes[2]
    set_limits(user=last, capacity=0, day_limit=None, week_limit=None, by=world.admin, now=NOW)
    outside = world.person("Otto Outside", Role.AE)
    for owner in (last, outside, None):
        assert live(submitted(world, owner=owner)).turn.kind == TurnKind.ROTATION


def test_earlier_receiver_goes_first_where_the_rule_says_so(world):
    first = submitted(world)
    had_it = live(first).receiver
    rule_says(earlier_first=True)
    leg = live(again(world, first, now=NOW + MINUTE))
    assert (leg.receiver, leg.turn.kind) == (had_it, TurnKind.EARLIER)
    assert "had an earlier handoff" in explain_turn(leg.turn).headline


def test_company_owner_goes_before_the_earlier_receiver(world):
    first = submitted(world)
    owner = next(ae for ae in world.aes if ae != live(first).receiver)
    rule_says(earlier_first=True, owner_first=True)
    leg = live(again(world, first, now=NOW + MINUTE, owner=owner))
    assert (leg.receiver, leg.turn.kind) == (owner, TurnKind.OWNER)


def test_who_rejected_gets_the_fix_before_the_company_owner(world):
    rule_says(owner_first=True)
    row = submitted(world)
    rejecting = live(row).receiver
    Company.objects.update(owner=next(ae for ae in world.aes if ae != rejecting))
    reject_handoff(row, reason="no_budget", by=rejecting, now=NOW)
    fixed = submit_handoff(start_fix(row, by=world.sdr, now=NOW), by=world.sdr, now=NOW + MINUTE)
    leg = live(fixed)
    assert (leg.receiver, leg.turn.kind) == (rejecting, TurnKind.RETURNING)


def test_who_declared_a_conflict_is_not_first_again_as_the_owner(world):
    rule_says(owner_first=True)
    row = submitted(world, owner=world.aes[1])
    reject_handoff(row, reason="conflict", by=world.aes[1], now=NOW)
    assert live(row).turn.kind == TurnKind.ROTATION
    assert live(row).receiver != world.aes[1]


def test_drain_gives_it_to_the_company_owner_first(world):
    rule_says(owner_first=True)
    Member.objects.update(weight=0)
    row = submitted(world, owner=world.aes[2])
    Member.objects.update(weight=1)
    assert drain_holding(NOW + MINUTE) == 1
    assert (live(row).receiver, live(row).turn.kind) == (world.aes[2], TurnKind.OWNER)


# Skills and hours on every path


@pytest.fixture
def speakers(world):
    """A pool that looks at languages; the last of the three speaks German."""
    Pool.objects.update(skills=["language"])
    set_skills(user=world.aes[2], skills={"language": ["german"]}, by=world.admin, now=NOW)
    return world


def test_submit_gives_it_to_who_has_what_the_lead_asks_for(speakers):
    rows = [submitted(speakers, language="German", now=NOW + n * MINUTE) for n in range(3)]
    assert {live(row).receiver for row in rows} == {speakers.aes[2]}
    skipped = live(rows[0]).turn.exclusions
    assert {(row["code"], row["value"]) for row in skipped} == {("no_skill", "german")}
    sentence = explain_turn(live(rows[0]).turn).skipped[0].sentence
    assert sentence.endswith("was skipped: speaks no German: the lead asks for it.")


def test_conflict_time_out_and_cover_ask_for_the_skill_too(speakers):
    world = speakers
    set_skills(user=world.aes[1], skills={"language": ["german"]}, by=world.admin, now=NOW)
    conflict, late, covered = (
        submitted(world, language="german", now=NOW + n * MINUTE) for n in range(3)
    )
    before = {row.pk: live(row).receiver for row in (conflict, late, covered)}
    reject_handoff(conflict, reason="conflict", by=before[conflict.pk], now=NOW + 5 * MINUTE)
    add_time_off(
        user=before[covered.pk], starts_at=NOW + 6 * MINUTE, ends_at=NOW + 9 * DAY, by=None, now=NOW
    )
    apply_cover(NOW + 7 * MINUTE)
    for row in (conflict, covered):
        assert live(row).receiver in set(world.aes[1:]) - {before[row.pk]}
    row = time_out(late)
    assert row.status == Status.HOLDING or live(row).receiver in world.aes[1:]


def test_held_for_want_of_a_skill_says_so_lets_others_pass_and_drains_later(speakers):
    world = speakers
    Skill.objects.all().delete()
    held = submitted(world, language="german")
    assert held.status == Status.HOLDING
    event = held.events.get(kind=EventKind.HELD)
    assert {row["value"] for row in event.data["exclusions"]} == {"german"}
    other = submitted(world, now=NOW + MINUTE)
    assert other.status == Status.PENDING
    assert drain_holding(NOW + 2 * MINUTE) == 0
    (row,) = held_rows(list(held_handoffs(world.manager)), now=NOW + 2 * MINUTE)
    assert row.reasons[0].endswith("speaks no German: the lead asks for it.")
    assert "Add somebody who has what the lead asks for." in row.help
    set_skills(user=world.aes[0], skills={"language": ["german"]}, by=world.admin, now=NOW)
    # It queues behind the older one, which somebody could take now.
    queued = submitted(world, language="german", now=NOW + 3 * MINUTE)
    assert queued.status == Status.HOLDING
    assert drain_holding(NOW + 4 * MINUTE) == 2
    for row in (held, queued):
        row.refresh_from_db()
        assert live(row).receiver == world.aes[0]


def test_new_lead_passes_a_held_one_that_its_candidates_could_not_take(speakers):
    world = speakers
    set_limits(
        user=world.aes[2], capacity=0, day_limit=None, week_limit=None, by=world.admin, now=NOW
    )
    held = submitted(world, language="german")
    assert held.status == Status.HOLDING
    assert submitted(world, now=NOW + MINUTE).status == Status.PENDING
    Member.objects.filter(user=world.aes[2]).update(weight=1)
    set_limits(user=world.aes[2], capacity=1, day_limit=None, week_limit=None, by=None, now=NOW)
    # Now the one who speaks German is among those who could take a new one.
    assert submitted(world, now=NOW + 2 * MINUTE).status == Status.HOLDING


def test_drain_looks_past_many_that_nobody_can_take(speakers, monkeypatch):
    from handoff.selectors import holding

    monkeypatch.setattr(holding, "LOOK_AHEAD", 2)
    Skill.objects.all().delete()
    stuck = [submitted(speakers, language="german", now=NOW + n * MINUTE) for n in range(3)]
    Member.objects.update(weight=0)
    behind = submitted(speakers, now=NOW + 5 * MINUTE)
    Member.objects.update(weight=1)
    assert drain_holding(NOW + 6 * MINUTE) == 1
    behind.refresh_from_db()
    assert behind.status == Status.PENDING
    assert all(Handoff.objects.get(pk=row.pk).status == Status.HOLDING for row in stuck)


def test_required_hours_hold_at_night_and_drain_in_the_morning_in_order(world):
    Pool.objects.update(hours="required")
    night = NOW.replace(hour=2)
    rows = [submitted(world, now=night + n * MINUTE) for n in range(4)]
    assert {row.status for row in rows} == {Status.HOLDING}
    event = rows[0].events.get(kind=EventKind.HELD)
    assert {row["code"] for row in event.data["exclusions"]} == {"out_of_hours"}
    assert drain_holding(NOW.replace(hour=7)) == 0
    assert drain_holding(NOW.replace(hour=8)) == 4
    placed = [row.legs.get().turn.sequence for row in rows]
    assert placed == sorted(placed)


def test_manager_gives_a_lead_to_somebody_whatever_their_hours_skills_and_limits(speakers):
    world = speakers
    Pool.objects.update(hours="required")
    night = NOW.replace(hour=2)
    row = submitted(world, language="german", now=night)
    to = world.aes[0]
    set_limits(user=to, capacity=0, day_limit=0, week_limit=0, by=world.admin, now=NOW)
    given = {"to": to, "reason": "manager", "note": "Knows them.", "by": world.manager}
    row = reassign_handoff(row, **given, now=night)
    assert live(row).receiver == to
    assert Load.objects.get(user=to).day_count == 1


# What a time-out costs


def time_out(row):
    late = row.next_due_at + timedelta(seconds=1)
    fire_due_steps(late)
    while apply_escalations(late):
        pass
    row.refresh_from_db()
    return row


@pytest.mark.parametrize("costs_turn", [True, False])
def test_time_out_gives_the_turn_back_where_the_pool_says_so(world, costs_turn):
    Pool.objects.update(timeout_costs_turn=costs_turn)
    row = submitted(world)
    first = live(row)
    time_out(row)
    assert live(row).receiver != first.receiver
    member = Member.objects.get(user=first.receiver)
    if costs_turn:
        assert not hasattr(first.turn, "credit_note")
        assert member.credit == first.turn.credit_after
    else:
        first.turn.refresh_from_db()
        assert (first.turn.credit_note.reason, first.turn.credit_note.amount) == ("timed_out", 3)
        assert member.credit == first.turn.credit_after + 3


def test_member_who_joins_serves_what_is_held(speakers):
    world = speakers
    Skill.objects.all().delete()
    held = submitted(world, language="french")
    newcomer = world.person("Nora New", Role.AE)
    add_member(pool=world.pool, user=newcomer, by=world.admin, now=NOW)
    set_skills(user=newcomer, skills={"language": ["French"]}, by=world.admin, now=NOW)
    assert drain_holding(NOW + MINUTE) == 1
    held.refresh_from_db()
    assert held.owner == newcomer
