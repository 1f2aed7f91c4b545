"""The rules of clocks by their numbers: 1, 3 and 6. Rule 2 is in `test_retiming.py`."""

import pytest
from django.db import IntegrityError, transaction

from handoff.models import HandoffClock
from handoff.selectors.verify import findings
from handoff.services import apply_escalations, save_draft
from sla.models import Clock, Escalation, PolicyVersion
from sla.rules.errors import ClockNotPausable, DefaultNeeded, PolicyInvalid, PositionTaken
from sla.rules.targets import TargetSpec
from sla.selectors import match_target
from sla.services import (
    fire_due_steps,
    install_preset,
    meet_clock,
    pause_clock,
    publish_policy,
    resume_clock,
    retarget_clock,
    retire_policy,
)
from tests.factories.handoff import NOW, make_world
from tests.factories.sla import HOUR, MICROSECOND, START, make_clock, make_target, publish_one

pytestmark = pytest.mark.django_db

FACTS = {
    "type": "qualified_lead",
    "temperature": "hot",
    "source": "web",
    "country": "DE",
    "industry": "Mining",
    "size": 250,
}


def only(field, value, op="eq"):
    return {"all": [{"field": field, "op": op, "value": value}]}


def publish(key="default", *, minutes=240, **place):
    return publish_one(TargetSpec("accept", minutes, "working_minutes"), key=key, **place)


@pytest.fixture
def clock(db):
    """Due at START + 4 h of working time; reminded an hour before."""
    return make_clock(make_target(kind="contact"))


def sweep(now):
    while fire_due_steps(now):
        pass


# Rule 1: policies match by unique position, and one default is for the rest.


@pytest.mark.parametrize("fact", FACTS)
def test_rule_1_a_policy_is_chosen_by_any_fact_of_the_lead(fact):
    publish()
    publish("own", position=10, conditions=only(fact, FACTS[fact]), minutes=10)
    assert match_target(FACTS, "accept").amount == 10
    assert match_target({**FACTS, fact: None}, "accept").amount == 240


def test_rule_1_the_first_match_by_position_wins():
    publish()
    publish("second", position=20, conditions=only("temperature", "hot"), minutes=20)
    publish("first", position=10, conditions=only("size", 200, "gte"), minutes=10)
    assert match_target(FACTS, "accept").amount == 10
    assert match_target({**FACTS, "size": 5}, "accept").amount == 20


def test_rule_1_a_position_is_taken_once():
    publish()
    publish("one", position=10, conditions=only("temperature", "hot"))
    with pytest.raises(PositionTaken):
        publish("two", position=10, conditions=only("temperature", "cool"))


def test_rule_1_the_database_keeps_positions_apart():
    publish()
    other = publish("one", position=10, conditions=only("temperature", "hot"))
    PolicyVersion.objects.filter(pk=other.pk).update(state="retired")
    with pytest.raises(IntegrityError), transaction.atomic():
        PolicyVersion.objects.create(
            policy=other.policy, n=7, state="published", published_at=START, position=100
        )


def test_rule_1_there_is_one_default_at_most_and_at_least():
    first = publish()
    publish("other")
    default = PolicyVersion.objects.get(state="published", is_default=True)
    assert default.policy.key == "other"
    with pytest.raises(DefaultNeeded):
        retire_policy(version=default, by_id=1, now=START)
    with pytest.raises(IntegrityError), transaction.atomic():
        PolicyVersion.objects.create(
            policy=first.policy,
            n=7,
            state="published",
            published_at=START,
            position=7,
            is_default=True,
        )


def test_rule_1_a_policy_that_is_not_the_default_needs_a_condition():
    publish()
    with pytest.raises(PolicyInvalid) as refused:
        publish_policy(
            key="empty",
            name="Empty",
            position=10,
            conditions={},
            is_default=False,
            targets=[TargetSpec("accept", 60, "working_minutes")],
            by_id=1,
            now=START,
        )
    assert [problem.code for problem in refused.value.problems] == ["conditions_missing"]


# Rule 3: another temperature or type is another clock, from the same start.


@pytest.fixture
def world(db):
    return make_world(preset="temperatures")


def hand_off(draft):
    link = HandoffClock.objects.select_related("clock__target__version__policy").get(
        handoff=draft, kind="hand_off", is_current=True
    )
    return link.clock


def warmed(world, draft, temperature, *, now=NOW):
    draft.refresh_from_db()
    return save_draft(
        draft, answers=draft.answers, temperature=temperature, by=world.manager, now=now
    )


def test_rule_3_another_temperature_opens_another_clock_from_the_same_start(world):
    draft = world.draft(temperature="cool")
    before = hand_off(draft)
    warmed(world, draft, "hot", now=NOW + HOUR)
    after = hand_off(draft)
    before.refresh_from_db()
    assert (before.state, after.replaces_id) == ("cancelled", before.pk)
    assert (after.started_at, after.due_at) == (NOW, NOW + 4 * HOUR)
    assert after.target.version.policy.key == "hot"


def test_rule_3_hot_warm_hot_is_due_as_with_no_change(world):
    draft = world.draft(temperature="hot")
    before = hand_off(draft)
    warmed(world, draft, "warm", now=NOW + HOUR)
    warmed(world, draft, "hot", now=NOW + 2 * HOUR)
    after = hand_off(draft)
    assert (after.due_at, after.schedule) == (before.due_at, before.schedule)


def test_rule_3_already_past_is_one_breach_at_once(world):
    draft = world.draft(temperature="cool")
    at = NOW + 5 * HOUR
    warmed(world, draft, "hot", now=at)
    after = hand_off(draft)
    assert (after.breached_at, after.detected_at) == (NOW + 4 * HOUR, at)
    sweep(at + HOUR)
    apply_escalations(at + HOUR)
    assert draft.events.get(kind="breached").data["reason"] == "retargeted"
    assert [one.text for one in findings(at + HOUR)] == []


def test_rule_3_missed_hot_and_hot_again_is_still_one_breach(world):
    draft = world.draft(temperature="hot")
    at = NOW + 5 * HOUR
    sweep(at)
    apply_escalations(at)
    warmed(world, draft, "warm", now=at)
    warmed(world, draft, "hot", now=at)
    sweep(at + HOUR)
    apply_escalations(at + HOUR)
    assert hand_off(draft).breached_at == NOW + 4 * HOUR
    kinds = list(draft.events.values_list("kind", flat=True))
    assert (kinds.count("breached"), kinds.count("alerted")) == (1, 1)
    assert "reason" not in draft.events.get(kind="breached").data


def test_rule_3_steps_already_passed_do_not_fire_again(world):
    draft = world.draft(temperature="hot")
    at = NOW + 3.5 * HOUR
    sweep(at)
    apply_escalations(at)
    warmed(world, draft, "warm", now=at)
    sweep(hand_off(draft).due_at - MICROSECOND)
    reminders = Escalation.objects.filter(step__action="remind")
    assert reminders.count() == 1


def test_rule_3_an_earlier_start_is_taken_over_the_same_way(clock):
    new = retarget_clock(clock=clock, started_at=START - HOUR / 2, now=START)
    assert (new.started_at, new.due_at) == (START - HOUR / 2, clock.due_at - HOUR / 2)


def test_rule_3_pauses_are_carried(clock):
    why = {"reason": "Buyer asked", "by_id": 1, "now": START}
    pause_clock(clock=clock, starts_at=START, ends_at=START + HOUR, **why)
    new = retarget_clock(clock=clock, target=make_target(kind="contact", amount=60), now=START)
    assert new.due_at == START + 2 * HOUR


# Rule 6: pauses are rows, disjoint; only open time inside one counts.


def pause(clock, start, end=None, *, now=START):
    return pause_clock(
        clock=clock,
        starts_at=START + start,
        ends_at=None if end is None else START + end,
        reason="Buyer asked",
        by_id=7,
        now=now,
    )


def test_rule_6_a_pause_with_an_end_moves_due_and_next_step_at_once(clock):
    due, reminder = clock.due_at, clock.next_step_at
    pause(clock, HOUR, 2 * HOUR)
    stored = Clock.objects.get()
    assert stored.state == "running"
    assert (stored.due_at, stored.next_step_at) == (due + HOUR, reminder + HOUR)


def test_rule_6_without_an_end_it_is_paused_and_nothing_fires(clock):
    pause(clock, HOUR, now=START + HOUR)
    sweep(START + 1000 * HOUR)
    assert Clock.objects.get().state == "paused"
    assert not Escalation.objects.exists()
    resume_clock(clock=clock, now=START + 3 * HOUR)
    assert clock.due_at == START + 6 * HOUR


def test_rule_6_only_open_time_inside_a_pause_counts(clock):
    # From 12:00 to 10:00 of the next day six hours are open.
    pause(clock, 2 * HOUR, 24 * HOUR)
    assert clock.due_at == START + 26 * HOUR


def test_rule_6_pausing_twice_is_one_pause(clock):
    pause(clock, HOUR, 2 * HOUR)
    assert pause(clock, HOUR, 2 * HOUR) == []
    assert clock.due_at == START + 5 * HOUR


def test_rule_6_accept_cannot_be_paused():
    with pytest.raises(ClockNotPausable):
        pause(make_clock(), HOUR, 2 * HOUR)


def test_rule_6_a_pause_after_a_breach_does_not_undo_it(clock):
    due = clock.due_at
    sweep(due + MICROSECOND)
    pause(clock, HOUR, 3 * HOUR, now=due + HOUR)
    stored = Clock.objects.get()
    assert (stored.breached_at, stored.due_at) == (due, due)


def test_rule_6_met_while_paused_is_judged_by_the_moved_due_time(clock):
    pause(clock, 3 * HOUR, now=START + 3 * HOUR)
    at = START + 5 * HOUR
    assert meet_clock(clock=clock, at=at, now=at)
    assert (clock.state, clock.breached_at) == ("met", None)


def test_presets_are_published_by_position_with_one_default():
    install_preset(name="temperatures", by_id=1, now=START)
    found = PolicyVersion.objects.filter(state="published")
    assert found.filter(is_default=True).count() == 1
    assert len(set(found.values_list("position", flat=True))) == found.count()
