"""Which policy applies, and what publishing one does."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from accounts.models import Team
from notify.models import Destination
from sla import published as published_module
from sla.impact import targets_of, teams_not_told
from sla.models import PolicyVersion, Step
from sla.rules.errors import DefaultNeeded, PolicyInvalid, PositionTaken, PresetUnknown
from sla.rules.presets import PRESETS
from sla.rules.targets import StepSpec, TargetSpec
from sla.selectors import match_target
from sla.services import install_preset, publish_policy
from tests.factories.sla import START, make_calendar_version

pytestmark = pytest.mark.django_db

LADDER = (StepSpec(-25, "remind", ("receiver",)), StepSpec(0, "alert_manager", ("manager",)))


def only(field, value):
    return {"all": [{"field": field, "op": "eq", "value": value}]}


def publish(key="default", *, position=100, conditions=None, minutes=240, **changes):
    conditions = conditions or {}
    return publish_policy(
        **{
            "key": key,
            "name": key.capitalize(),
            "position": position,
            "conditions": conditions,
            "is_default": not conditions,
            "targets": [TargetSpec("accept", minutes, "working_minutes", LADDER)],
            "by_id": 1,
            "now": START,
        }
        | changes
    )


def published():
    found = PolicyVersion.objects.filter(state="published").select_related("policy")
    return {(version.policy.key, version.n) for version in found}


def test_policies_match_by_position_and_the_first_wins():
    publish("late", position=20, conditions=only("country", "DE"), minutes=20)
    publish("early", position=10, conditions=only("temperature", "hot"), minutes=10)
    publish()

    both = {"temperature": "hot", "country": "DE"}
    assert match_target(both, "accept").amount == 10
    assert match_target({"country": "DE"}, "accept").amount == 20


def test_policies_default_comes_last_whatever_its_position():
    publish(position=1)
    publish("hot", position=10, conditions=only("temperature", "hot"), minutes=10)

    assert match_target({"temperature": "hot"}, "accept").amount == 10
    assert match_target({"temperature": "cool"}, "accept").amount == 240


def test_policies_matching_one_without_a_target_for_the_kind_starts_no_clock():
    publish()
    facts = {"temperature": "hot"}
    assert match_target(facts, "contact") is None


def test_policies_are_read_once_however_many_there_are(django_assert_num_queries):
    publish()
    with django_assert_num_queries(4):
        match_target({}, "accept")
    for n in range(10):
        publish(f"p{n}", position=n, conditions=only("country", f"C{n}"))
    with django_assert_num_queries(4):
        match_target({}, "accept")
    with django_assert_num_queries(1):
        match_target({"country": "C7"}, "accept")


def test_policies_that_were_rolled_back_are_never_matched():
    with transaction.atomic():
        publish(minutes=10)
        assert match_target({}, "accept").amount == 10
        transaction.set_rollback(True)
    assert match_target({}, "accept") is None
    # SQLite gives the number of the version again.
    publish(minutes=20, now=START + timedelta(seconds=1))
    assert match_target({}, "accept").amount == 20


def test_policies_that_were_replaced_elsewhere_are_matched_no_more():
    publish(minutes=10)
    assert match_target({}, "accept").amount == 10
    # As another process would, of which this one hears nothing.
    kept = dict(published_module._known)
    publish(minutes=20)
    published_module._known.clear()
    published_module._known.update(kept)
    assert match_target({}, "accept").amount == 20


def test_target_is_the_readers_own():
    publish(calendar=make_calendar_version().calendar)
    first, second = match_target({}, "accept"), match_target({}, "accept")
    assert first.version.calendar.name == second.version.calendar.name
    first.version.calendar.name = "Nights"
    first.amount = 1
    again = match_target({}, "accept")
    assert (again.amount, again.version.calendar.name) == (240, second.version.calendar.name)


def test_publish_adds_the_breach_step_and_the_ladder():
    version = publish()
    steps = Step.objects.filter(target__version=version)
    assert set(steps.values_list("offset_percent", "action")) == {
        (0, "breach"),
        (-25, "remind"),
        (0, "alert_manager"),
    }
    assert (version.published_at, version.made_by) == (START, 1)


def test_publish_stores_steps_in_minutes_and_reads_them_back():
    steps = (
        StepSpec(None, "remind", ("receiver",), -15),
        StepSpec(-25, "remind", ("receiver",)),
        StepSpec(None, "alert_manager", ("manager",), 90),
    )
    version = publish(targets=[TargetSpec("accept", 60, "working_minutes", steps)])
    (said,) = targets_of(version)
    assert set(said.steps) == set(steps)
    assert {str(step) for step in Step.objects.exclude(action="breach")} == {
        "Remind at 15 min before due",
        "Remind at 25 % before due",
        "Alert the manager at 90 min after due",
    }


@pytest.mark.parametrize(
    ("action", "percent", "minutes"),
    [
        ("alert_manager", None, None),
        ("alert_manager", 10, 10),
        ("alert_manager", 0, None),
        ("alert_manager", None, 15),
        ("remind", 0, None),
        ("remind", -100, None),
        ("remind", None, 0),
        ("remind", None, 1),
        ("breach", 1, None),
        ("breach", None, 0),
    ],
)
def test_database_refuses_a_step_that_cannot_be(action, percent, minutes):
    steps = (
        StepSpec(0, "alert_manager", ("manager",)),
        StepSpec(None, "alert_manager", ("manager",), 15),
    )
    target = publish(targets=[TargetSpec("accept", 60, "working_minutes", steps)]).targets.get()
    with pytest.raises(IntegrityError), transaction.atomic():
        Step.objects.create(
            target=target, action=action, offset_percent=percent, offset_minutes=minutes
        )


def test_publish_a_post_without_any_channel_is_refused_at_its_step():
    steps = (StepSpec(0, "alert_manager", ("manager",)), StepSpec(0, "notify_channel", ()))
    targets = [TargetSpec("accept", 60, "working_minutes", steps)]
    with pytest.raises(PolicyInvalid) as refused:
        publish(targets=targets)
    (problem,) = refused.value.problems
    assert (problem.field, problem.code) == ("targets[0].steps[1].action", "channel_missing")
    Destination.objects.create(channel="slack", secret="https://hooks.slack.com/services/x")
    assert publish(targets=targets).targets.get().steps.count() == 3
    # A channel whose address has died takes no posts.
    Destination.objects.update(died_at=START)
    with pytest.raises(PolicyInvalid):
        publish(targets=targets)


def test_teams_without_a_channel_are_named_only_where_a_policy_posts():
    Team.objects.create(name="North")
    publish()
    assert teams_not_told() == []
    channel = Destination.objects.create(channel="slack", secret="https://hooks.slack.com/s/x")
    steps = (StepSpec(0, "notify_channel", ()),)
    publish(targets=[TargetSpec("accept", 60, "working_minutes", steps)])
    assert teams_not_told() == []
    channel.delete()
    assert teams_not_told() == ["North"]


def test_publish_again_replaces_the_version():
    publish()
    publish(minutes=60)
    assert published() == {("default", 2)}
    assert match_target({}, "accept").amount == 60


def test_publish_another_default_takes_the_place_of_the_present_one():
    publish()
    publish("other")
    assert published() == {("other", 1)}


def test_publish_default_with_conditions_leaves_no_default_and_is_refused():
    publish()
    with pytest.raises(DefaultNeeded):
        publish(conditions=only("temperature", "hot"))
    assert published() == {("default", 1)}


def test_publish_at_a_taken_position_is_refused():
    publish()
    publish("hot", position=10, conditions=only("temperature", "hot"))
    with pytest.raises(PositionTaken):
        publish("cool", position=10, conditions=only("temperature", "cool"))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"is_default": False}, "conditions_missing"),
        ({"conditions": only("temperature", "hot"), "is_default": True}, "default_has_conditions"),
        ({"conditions": only("name", "x")}, "field_unknown"),
        ({"targets": [TargetSpec("lunch", 1, "working_minutes")]}, "kind_unknown"),
        ({"targets": []}, "targets_missing"),
        (
            {
                "targets": [
                    TargetSpec(
                        "accept",
                        60,
                        "working_minutes",
                        (StepSpec(0, "remind", ("receiver",)),),
                    )
                ]
            },
            "reminder_not_before_due",
        ),
    ],
)
def test_publish_what_cannot_hold_is_refused(changes, code):
    with pytest.raises(PolicyInvalid) as refused:
        publish(**changes)
    assert [problem.code for problem in refused.value.problems] == [code]
    assert not PolicyVersion.objects.exists()


@pytest.mark.parametrize("name", PRESETS)
def test_install_preset_publishes_exactly_its_policies(name):
    publish("own", position=10, conditions=only("country", "DE"))
    install_preset(name=name, by_id=1, now=START)
    assert {key for key, _ in published()} == {spec.key for spec in PRESETS[name]}
    assert match_target({}, "accept") is not None


def test_install_preset_after_another_replaces_it():
    for name in ("temperatures", "standard", "temperatures"):
        install_preset(name=name, by_id=1, now=START)
    assert published() == {("hot", 2), ("cool", 2), ("warm", 2)}


def test_install_preset_unknown_is_refused_and_names_those_there_are():
    with pytest.raises(PresetUnknown, match="standard"):
        install_preset(name="fastest", by_id=1, now=START)


def test_second_published_default_is_refused_by_the_database():
    publish()
    other = publish("hot", position=10, conditions=only("temperature", "hot"))
    with pytest.raises(IntegrityError), transaction.atomic():
        PolicyVersion.objects.create(
            policy=other.policy,
            n=9,
            state="published",
            published_at=START,
            position=9,
            is_default=True,
        )
