"""The replay of what really happened: nobody moves where nothing changed, and cuts do no harm."""

from datetime import timedelta
from random import Random

import pytest
from django.db import DatabaseError

from accounts.services import add_time_off, pause_user, resume_user
from handoff.models import Handoff, Leg
from handoff.selectors.past_leads import carried_leads, past_leads
from handoff.services import impact_review, log_touch, reject_handoff, replay_drafts
from routing.choices import ImpactState
from routing.models import ImpactReview, Member, RuleSet
from routing.selectors.replay import digest_of, setting_of
from routing.services import add_member, create_pool, publish_rule_set, save_draft, set_limits
from routing.services.impact_reviews import LEASE, ask_for_review
from tests.factories.handoff import NOW, make_world

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
WEEK = timedelta(weeks=1)
LATER = NOW + 3 * DAY
GERMANY = {"all": [{"field": "country", "op": "eq", "value": "germany"}]}


@pytest.fixture
def world(db):
    return make_world(receivers=3)


def rules_of(world, second, **stickiness):
    return [
        {"name": "Germany", "conditions": GERMANY, "pool": world.pool, **stickiness},
        {"name": "Others", "conditions": {}, "pool": second, **stickiness},
    ]


def second_pool(world, *people, **choices):
    pool = create_pool(
        name="Rest", manager=world.manager, by=world.admin, now=NOW - WEEK, **choices
    )
    for user in people:
        add_member(pool=pool, user=user, by=world.admin, now=NOW - WEEK)
    return pool


def drafted(world, rules):
    old = RuleSet.objects.filter(state="draft").first()
    return save_draft(rules=rules, by=world.admin, now=LATER, saves=old.saves if old else 0)


def reviewed(world, rules, *, weeks=1, now=LATER):
    """The result of a review of these rules as a draft, worked off to its end."""
    review = ask_for_review(ruleset=drafted(world, rules), weeks=weeks, by=world.admin, now=now)
    while replay_drafts(now):
        pass
    review.refresh_from_db()
    assert (review.state, review.error) == (ImpactState.DONE, "")
    return review.result


def random_leads(world, count, seed, *, contact=0.5):
    """Leads of two countries, an hour or so apart; some are contacted after a while."""
    chance, at, open_leads = Random(seed), NOW, []
    for _ in range(count):
        at += timedelta(minutes=chance.randint(1, 60))
        for leg in [leg for leg in open_leads if chance.random() < contact]:
            open_leads.remove(leg)
            log_touch(
                leg.handoff,
                kind="call",
                direction="outbound",
                text="Talked about the audit.",
                occurred_at=at,
                by=leg.receiver,
                now=at,
            )
        country = chance.choice(["Germany", "France"])
        row = world.submitted(now=at, company__country=country)
        at += timedelta(minutes=1)
        open_leads += list(
            Leg.objects.filter(handoff=row, ended_at=None).select_related("receiver")
        )
    return at


@pytest.mark.parametrize("strategy", ["weighted_round_robin", "least_loaded"])
@pytest.mark.parametrize("seed", [1, 2])
def test_replay_of_the_rules_in_force_moves_nobody(world, seed, strategy):
    # Somebody is always free: where nobody is, later leads queue behind those that are held.
    second = second_pool(world, *world.aes, strategy=strategy)
    chance = Random(seed)
    for member in Member.objects.order_by("pk"):
        Member.objects.filter(pk=member.pk).update(weight=chance.randint(1, 4))
    away = world.aes[2]
    add_time_off(
        user=away, starts_at=NOW + 4 * HOUR, ends_at=NOW + 9 * HOUR, by=world.admin, now=NOW
    )
    set_limits(user=world.aes[1], capacity=3, day_limit=6, week_limit=None, by=world.admin, now=NOW)
    rules = rules_of(world, second, owner_first=True, earlier_first=True)
    publish_rule_set(rules=rules, by=world.admin, now=NOW)
    random_leads(world, 25, seed)
    assert set(Leg.objects.values_list("turn__pool", flat=True)) == {world.pool.pk, second.pk}
    result = reviewed(world, rules)
    assert (result["leads"], result["elsewhere"], result["shifted"]) == (25, 0, 0)
    for line in (*result["pools"], *result["people"]):
        assert line["before"] == line["after"]


def test_replay_begins_where_the_rotation_and_the_loads_stood(world):
    publish_rule_set(
        rules=[{"name": "All", "conditions": {}, "pool": world.pool}], by=world.admin, now=NOW
    )
    for n in range(4):
        world.submitted(now=NOW + n * HOUR)
    set_limits(
        user=world.aes[0], capacity=2, day_limit=None, week_limit=None, by=world.admin, now=NOW
    )
    later = NOW + WEEK
    for n in range(1, 5):
        world.submitted(now=later + n * HOUR)
    result = reviewed(
        world,
        [{"name": "All", "conditions": {}, "pool": world.pool}],
        now=later + 5 * HOUR,
    )
    assert (result["leads"], result["elsewhere"], result["shifted"]) == (4, 0, 0)
    full = next(one for one in result["people"] if one["user"] == world.aes[0].pk)
    assert full["after"]["peak"] == 2


def test_replay_through_other_rules_names_what_moves(world):
    rows = [world.submitted(now=NOW + n * HOUR, company__country="Spain") for n in range(3)]
    second = second_pool(world, world.aes[0])
    result = reviewed(world, rules_of(world, second))
    assert result["elsewhere"] == 3
    assert [moved[0] for moved in result["moved"]] == [row.pk for row in reversed(rows)]
    assert {moved[3] for moved in result["moved"]} == {second.pk}
    assert {moved[4] for moved in result["moved"]} == {world.ae.pk}


def test_replay_draft_to_an_empty_pool_holds_every_lead(world):
    for n in range(3):
        world.submitted(now=NOW + n * HOUR)
    empty = second_pool(world)
    result = reviewed(world, [{"name": "All", "conditions": {}, "pool": empty}])
    line = next(one for one in result["pools"] if one["pool"] == empty.pk)
    assert (line["after"]["leads"], line["after"]["held"], line["after"]["missed"]) == (3, 3, 3)


def test_replay_in_slices_says_the_same_as_in_one(world, monkeypatch):
    second = second_pool(world, *world.aes[1:])
    rules = rules_of(world, second)
    random_leads(world, 12, 5)
    whole = reviewed(world, rules)
    monkeypatch.setattr(impact_review, "SLICE", 5)
    ruleset = RuleSet.objects.get(state="draft")
    ask_for_review(ruleset=ruleset, weeks=1, by=world.admin, now=LATER)
    counts, told = [], []
    while count := replay_drafts(LATER):
        counts.append(count)
        told.append(ImpactReview.objects.values_list("done", "total", "state").first())
    assert counts == [5, 5, 2]
    assert told == [(5, 12, "running"), (10, 12, "running"), (12, 12, "done")]
    assert ImpactReview.objects.first().result == whole


def test_replay_begins_anew_where_a_pool_changes_meanwhile(world, monkeypatch):
    monkeypatch.setattr(impact_review, "SLICE", 2)
    for n in range(3):
        world.submitted(now=NOW + n * HOUR)
    rules = [{"name": "All", "conditions": {}, "pool": world.pool}]
    ask_for_review(ruleset=drafted(world, rules), weeks=1, by=world.admin, now=LATER)
    assert replay_drafts(LATER) == 2
    Member.objects.filter(user=world.ae).update(weight=0)
    assert [replay_drafts(LATER), replay_drafts(LATER), replay_drafts(LATER)] == [2, 1, 0]
    result = ImpactReview.objects.get().result
    after = {one["user"]: one["after"]["leads"] for one in result["people"]}
    assert after[world.ae.pk] == 0
    assert sum(after.values()) == result["leads"] == 3


def test_replay_of_a_draft_saved_meanwhile_is_ended(world, monkeypatch):
    monkeypatch.setattr(impact_review, "SLICE", 1)
    for n in range(3):
        world.submitted(now=NOW + n * HOUR)
    rules = [{"name": "All", "conditions": {}, "pool": world.pool}]
    ask_for_review(ruleset=drafted(world, rules), weeks=1, by=world.admin, now=LATER)
    assert replay_drafts(LATER) == 1
    drafted(world, rules)
    assert replay_drafts(LATER) == 0
    review = ImpactReview.objects.get()
    assert review.state == ImpactState.FAILED
    assert "saved since" in review.error


def test_replay_that_breaks_is_ended_and_says_so(world):
    rules = [{"name": "All", "conditions": {}, "pool": world.pool}]
    draft = drafted(world, rules)
    ask_for_review(ruleset=draft, weeks=1, by=world.admin, now=LATER)
    draft.rules.update(conditions={"all": [{"field": "country", "op": "like", "value": "x"}]})
    with pytest.raises(KeyError, match="like"):
        replay_drafts(LATER)
    assert ImpactReview.objects.get().state == ImpactState.FAILED
    assert replay_drafts(LATER) == 0


def test_replay_whose_database_is_away_is_taken_up_again(world, monkeypatch):
    def away(*args, **kwargs):
        raise DatabaseError("gone")

    rules = [{"name": "All", "conditions": {}, "pool": world.pool}]
    ask_for_review(ruleset=drafted(world, rules), weeks=1, by=world.admin, now=LATER)
    with monkeypatch.context() as broken:
        broken.setattr(impact_review, "past_leads", away)
        with pytest.raises(DatabaseError):
            replay_drafts(LATER)
    assert replay_drafts(LATER) == 0
    assert replay_drafts(LATER + LEASE) == 1
    assert ImpactReview.objects.get().state == ImpactState.DONE


def test_past_leads_come_in_batches_in_constant_queries(world, django_assert_num_queries):
    rows = [world.submitted(now=NOW + n // 2 * HOUR) for n in range(6)]
    found, after = [], None
    for _ in range(3):
        with django_assert_num_queries(4):
            batch = past_leads(NOW, LATER, after=after, limit=2, with_earlier=True)
        found += batch
        after = (batch[-1].at, batch[-1].handoff_id)
    assert [past.handoff_id for past in found] == [row.pk for row in rows]
    assert past_leads(NOW, LATER, after=after, limit=2, with_earlier=True) == []


def test_past_lead_tells_what_became_of_it(world):
    row = world.submitted(now=NOW)
    leg = row.legs.get()
    reject_handoff(
        row, reason="no_budget", fields=[], note="None.", by=leg.receiver, now=NOW + HOUR
    )
    (past,) = past_leads(NOW, LATER, after=None, limit=9, with_earlier=False)
    assert (past.pool_id, past.user_id) == (world.pool.pk, leg.receiver_id)
    assert (past.at, past.freed_at, past.was_held) == (NOW, NOW + HOUR, False)
    assert past.facts["country"] == "Germany"


def test_past_lead_that_was_held_was_nobodys_at_first(world):
    for ae in world.aes:
        set_limits(user=ae, capacity=0, day_limit=None, week_limit=None, by=world.admin, now=NOW)
    row = world.submitted(now=NOW)
    (past,) = past_leads(NOW, LATER, after=None, limit=9, with_earlier=False)
    assert Handoff.objects.get(pk=row.pk).status == "holding"
    assert (past.pool_id, past.user_id, past.was_held) == (world.pool.pk, None, True)


def test_carried_leads_are_those_from_before(world):
    rows = [world.submitted(now=NOW + n * HOUR) for n in range(3)]
    found = list(carried_leads(NOW + 2 * HOUR))
    assert [(one.user_id, one.at) for one in found] == [
        (row.legs.get().receiver_id, NOW + n * HOUR) for n, row in enumerate(rows[:2])
    ]


def test_setting_knows_pauses_that_are_over(world):
    review = ImpactReview(ruleset_id=0, weeks=1, until=LATER)
    before = setting_of(review, since=NOW - 4 * WEEK)
    pause_user(user=world.ae, until=None, by=world.admin, now=NOW - DAY)
    resume_user(user=world.ae, by=world.admin, now=NOW)
    after = setting_of(review, since=NOW - 4 * WEEK)
    assert before.people[world.ae.pk].away == ()
    ((start, end),) = after.people[world.ae.pk].away
    assert start == NOW - DAY < end
    assert digest_of(before) != digest_of(after) == digest_of(after)
