"""Two merges of the same two leads at once, through handoffs of two types."""

from datetime import timedelta

import pytest

from accounts.models import User
from core.errors import DomainError
from handoff.models import FormVersion, Handoff, HandoffType, Lead
from handoff.services import merge_duplicate, save_draft, submit_handoff
from tests.factories.handoff import NOW, answers, make_world
from tests.support.race import race

pytestmark = [pytest.mark.races, pytest.mark.timeout(300)]
EACH = 8
HOUR = timedelta(hours=1)


def merge_each(racer, pairs, manager_id):
    """Merge the first handoff of each pair into the other."""
    manager = User.objects.get(pk=manager_id)
    assert manager.roles
    outcomes = []
    for one, other in pairs:
        row, into = Handoff.objects.get(pk=one), Handoff.objects.get(pk=other)
        racer.line_up()
        try:
            merge_duplicate(row, into=into, by=manager, now=NOW + HOUR)
            outcomes.append("")
        except DomainError as refused:
            outcomes.append(refused.code)
    return outcomes


def second_type(world):
    first = world.type
    made = HandoffType.objects.create(key="second", name="Second")
    layout = first.current_form.layout
    made.current_form = FormVersion.objects.create(type=made, n=1, layout=layout, published_at=NOW)
    made.save()
    made.submitter_groups.set(first.submitter_groups.all())
    made.receiver_groups.set(first.receiver_groups.all())
    return made


def test_merges_of_two_leads_in_both_directions_leave_one_that_goes_on(transactional_db):
    world = make_world()
    first, second = world.type, second_type(world)
    ways = [], []
    for _ in range(EACH):
        world.type = first
        a, b = world.submitted(), world.submitted()
        world.type = second
        drafts = [world.draft(lead=one.lead) for one in (a, b)]
        again = [
            submit_handoff(
                save_draft(draft, answers=answers(), by=world.sdr, now=NOW), by=world.sdr, now=NOW
            )
            for draft in drafts
        ]
        ways[0].append((a.pk, b.pk))
        ways[1].append((again[1].pk, again[0].pk))
    done = race(merge_each, [(pairs, world.manager.pk) for pairs in ways], seconds=240)
    assert done == [[""] * EACH] * 2
    merged = dict(Lead.objects.exclude(merged_into=None).values_list("pk", "merged_into"))
    assert len(merged) == EACH
    assert not merged.keys() & set(merged.values())
