"""Drafts of policies: kept, seen, published or forgotten, and applied to nothing meanwhile."""

import pytest
from django.db import IntegrityError, transaction

from sla.impact import targets_of
from sla.models import Policy, PolicyVersion, Target
from sla.rules.errors import PolicyChanged, PolicyInvalid, PositionTaken
from sla.rules.targets import StepSpec, TargetSpec, from_data, to_data
from sla.selectors import match_target
from sla.services import discard_draft, install_preset, publish_draft, publish_policy, save_draft
from tests.factories.sla import START

pytestmark = pytest.mark.django_db

HOT = {"all": [{"field": "temperature", "op": "eq", "value": "hot"}]}
LADDER = (StepSpec(-25, "remind", ("receiver", "manager")), StepSpec(0, "reassign", ()))


def said(minutes=60, **changes):
    return {
        "key": "hot",
        "name": "Hot",
        "position": 10,
        "conditions": HOT,
        "is_default": False,
        "targets": [TargetSpec("accept", minutes, "working_minutes", LADDER)],
        "by_id": 1,
        "calendar": None,
        "since": 0,
        "saves": 0,
    } | changes


def publish(**changes):
    return publish_policy(**said(**changes), now=START)


@pytest.fixture(autouse=True)
def default(db):
    install_preset(name="standard", by_id=None, now=START)


def test_draft_applies_to_nothing_until_it_is_published():
    version = save_draft(**said())
    assert match_target({"temperature": "hot"}, "accept").amount == 240
    assert not Target.objects.filter(version=version).exists()
    made = publish_draft(version=version, saves=1, by_id=7, now=START)
    assert (made.state, made.n, made.made_by, made.draft) == ("published", 1, 7, {})
    assert match_target({"temperature": "hot"}, "accept").amount == 60
    assert set(made.targets.get().steps.values_list("offset_percent", "action")) == {
        (-25, "remind"),
        (0, "breach"),
        (0, "reassign"),
    }
    assert not PolicyVersion.objects.filter(state="draft").exists()


def test_draft_saved_again_takes_the_place_of_the_first():
    save_draft(**said())
    again = save_draft(**said(30, saves=1, name="Hot leads"))
    assert PolicyVersion.objects.filter(state="draft").count() == 1
    made = publish_draft(version=again, saves=2, by_id=1, now=START)
    assert (made.policy.name, made.targets.get().amount) == ("Hot leads", 30)


def test_draft_saved_by_somebody_else_meanwhile_is_not_overwritten():
    save_draft(**said())
    with pytest.raises(PolicyChanged):
        save_draft(**said(30))
    with pytest.raises(PolicyChanged):
        publish(minutes=30)
    assert PolicyVersion.objects.get(state="draft").draft["saves"] == 1


def test_draft_changed_since_it_was_looked_at_is_not_published():
    seen = save_draft(**said())
    save_draft(**said(30, saves=1))
    with pytest.raises(PolicyChanged):
        publish_draft(version=seen, saves=1, by_id=1, now=START)
    seen.refresh_from_db()
    for act in (
        lambda: publish_draft(version=seen, saves=1, by_id=1, now=START),
        lambda: discard_draft(version=seen, saves=1),
    ):
        with pytest.raises(PolicyChanged, match="has saved this draft meanwhile"):
            act()
    assert not PolicyVersion.objects.filter(policy__key="hot", state="published").exists()


def test_draft_of_a_version_that_was_replaced_meanwhile_is_not_published():
    version = save_draft(**said())
    publish(saves=None)
    version.refresh_from_db()
    assert version.n == 2
    with pytest.raises(PolicyChanged):
        publish_draft(version=version, saves=1, by_id=1, now=START)
    assert PolicyVersion.objects.get(policy__key="hot", state="published").n == 1


def test_draft_does_not_rename_what_is_published():
    publish()
    save_draft(**said(since=1, name="Hotter"))
    assert Policy.objects.get(key="hot").name == "Hot"


def test_draft_that_was_published_or_discarded_is_there_no_more():
    version = save_draft(**said())
    discard_draft(version=version, saves=1)
    for act in (
        lambda: discard_draft(version=version, saves=1),
        lambda: publish_draft(version=version, saves=1, by_id=1, now=START),
    ):
        with pytest.raises(PolicyChanged):
            act()


def test_draft_discarded_takes_a_policy_along_that_was_never_published():
    discard_draft(version=save_draft(**said()), saves=1)
    assert not Policy.objects.filter(key="hot").exists()
    publish()
    discard_draft(version=save_draft(**said(since=1)), saves=1)
    assert PolicyVersion.objects.get(policy__key="hot").state == "published"


def test_draft_that_cannot_be_published_is_refused():
    with pytest.raises(PolicyInvalid):
        save_draft(**said(conditions={}))
    assert not Policy.objects.filter(key="hot").exists()


def test_draft_at_a_taken_position_waits_until_the_position_is_free():
    version = save_draft(**said(position=100))
    with pytest.raises(PositionTaken):
        publish_draft(version=version, saves=1, by_id=1, now=START)
    assert PolicyVersion.objects.get(pk=version.pk).state == "draft"


def test_second_draft_of_a_policy_is_refused_by_the_database():
    version = save_draft(**said())
    with pytest.raises(IntegrityError), transaction.atomic():
        PolicyVersion.objects.create(policy=version.policy, n=9, state="draft", position=1)


def test_targets_are_read_back_as_they_were_stored():
    targets = tuple(said()["targets"])
    assert from_data(to_data(targets)) == targets


def test_targets_of_a_draft_are_those_of_the_version_it_becomes():
    version = save_draft(**said())
    assert targets_of(version) == tuple(said()["targets"])
    assert targets_of(publish_draft(version=version, saves=1, by_id=1, now=START)) == targets_of(
        version
    )
