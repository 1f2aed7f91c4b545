"""Many drafts handed off in one go: the same as one by one, and harmless to repeat."""

import random
import uuid

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.choices import Role
from core.errors import DomainError
from handoff.choices import EventKind, Status
from handoff.errors import TooManyDrafts
from handoff.models import Event, Handoff, Leg
from handoff.selectors.bulk import BulkState, bulk_rows, readiness
from handoff.services import Outcome, bulk, create_draft, submit_handoff, submit_handoffs
from handoff.views import bulk as pages
from notify.models import Message
from routing.models import Load, Member, Pool, Turn
from routing.services import set_capacity
from tests.factories.handoff import NOW, make_world
from worktime.models import Calendar

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(time_machine):
    time_machine.move_to(NOW, tick=False)
    return make_world(receivers=3)


def bare_draft(world):
    """A draft that misses nearly everything."""
    return create_draft(
        type=world.type,
        answers={"company.name": "Nordwind", "contact.last_name": "Ruiz"},
        by=world.sdr,
        now=NOW,
        submission_uuid=uuid.uuid4(),
    )


def one_by_one(drafts, by):
    outcomes = []
    for draft in drafts:
        try:
            submit_handoff(draft, by=by, now=NOW)
        except DomainError as error:
            outcomes.append(str(error))
        else:
            outcomes.append("")
    return outcomes


def whole_state():
    """All that handing off decides, without the ids that a database gives no second time."""
    turns = Turn.objects.order_by("pool", "sequence").values_list(
        "pool", "sequence", "user", "kind", "candidates", "exclusions",
        "credit_before", "credit_after",
    )  # fmt: skip
    return {
        "handoffs": list(Handoff.objects.order_by("pk").values_list("pk", "status", "owner")),
        "legs": list(Leg.objects.order_by("pk").values_list("handoff", "receiver", "ended_as")),
        "turns": list(turns),
        "credits": list(Member.objects.order_by("pk").values_list("user", "credit")),
        "loads": list(Load.objects.order_by("user").values_list("user", "open_count")),
        "pools": list(Pool.objects.order_by("pk").values_list("pk", "sequence")),
        "events": list(Event.objects.order_by("handoff", "seq").values_list("handoff", "kind")),
        "told": sorted(Message.objects.values_list("kind", "recipient", "channel")),
    }


def tried(act):
    """What the act answers and leaves behind; it is taken back."""
    with transaction.atomic():
        answer = act()
        found = whole_state()
        transaction.set_rollback(True)
    return answer, found


@pytest.mark.parametrize("seed", range(4))
def test_bulk_equals_as_many_single_ones_in_that_order(world, seed):
    dice = random.Random(seed)
    for ae in world.aes:
        Member.objects.filter(user=ae).update(weight=dice.randint(1, 5))
        capacity = dice.choice([None, 2, 5])
        set_capacity(user=ae, capacity=capacity, by=world.admin, now=NOW)
    drafts = [dice.choice([world.draft, lambda: bare_draft(world)])() for _ in range(16)]
    drafts.append(world.draft(lead=drafts[0].lead))
    dice.shuffle(drafts)
    outcomes, together = tried(lambda: submit_handoffs(drafts, by=world.sdr, now=NOW))
    refusals, alone = tried(lambda: one_by_one(drafts, world.sdr))
    assert together == alone
    assert [one.handoff_id for one in outcomes] == [draft.pk for draft in drafts]
    assert [one.words for one in outcomes] == refusals


def test_bulk_names_what_is_refused_and_goes_on(world):
    first, bare, last = world.draft(), bare_draft(world), world.draft()
    steps = []
    outcomes = submit_handoffs(
        [first, bare, last], by=world.sdr, now=NOW, done=lambda: steps.append(1)
    )
    assert [one.outcome for one in outcomes] == [
        Outcome.HANDED_OFF,
        Outcome.REFUSED,
        Outcome.HANDED_OFF,
    ]
    assert "need" in {problem.field for problem in outcomes[1].problems}
    bare.refresh_from_db()
    assert (bare.status, bare.version) == (Status.DRAFT, 1)
    assert bare.events.filter(kind=EventKind.SUBMISSION_REFUSED).count() == 1
    assert len(steps) == 3


def test_bulk_of_somebody_elses_drafts_is_refused_one_by_one(world):
    other = world.person("Olga Other", Role.SDR)
    draft = world.draft()
    (outcome,) = submit_handoffs([draft], by=other, now=NOW)
    assert outcome.outcome == Outcome.REFUSED
    draft.refresh_from_db()
    assert draft.status == Status.DRAFT


def test_bulk_sent_twice_hands_off_once(world):
    drafts = [world.draft() for _ in range(3)]
    submit_handoffs(drafts, by=world.sdr, now=NOW)
    before = whole_state()
    again = submit_handoffs([*drafts, drafts[0]], by=world.sdr, now=NOW)
    assert {one.outcome for one in again} == {Outcome.BEFORE}
    assert whole_state() == before


def test_bulk_of_too_many_is_refused_whole(world, monkeypatch):
    monkeypatch.setattr(bulk, "MOST_AT_ONCE", 1)
    drafts = [world.draft(), world.draft()]
    with pytest.raises(TooManyDrafts, match="1 at a time"):
        submit_handoffs(drafts, by=world.sdr, now=NOW)
    assert not Handoff.objects.exclude(status=Status.DRAFT).exists()


def test_bulk_goes_on_behind_what_nobody_foresaw(world, caplog):
    """The receiver whose turn it is has hours that were never published."""
    drafts = [world.draft() for _ in range(3)]
    broken = world.aes[0]
    type(broken).objects.filter(pk=broken.pk).update(calendar=Calendar.objects.create(name="Not"))
    outcomes = submit_handoffs(drafts, by=world.sdr, now=NOW)
    refused = [one for one in outcomes if one.outcome == Outcome.REFUSED]
    assert len(refused) + Leg.objects.count() == 3
    assert {one.handoff_id for one in refused}.isdisjoint(
        Leg.objects.values_list("handoff", flat=True)
    )


def test_readiness_names_what_is_missing_and_costs_the_same_for_many(world):
    ready, bare = world.draft(), bare_draft(world)
    found = readiness(world.sdr, [ready.pk, bare.pk], now=NOW)
    assert found[ready.pk] == ""
    assert found[bare.pk].startswith("Not ready: ")
    assert "more." in found[bare.pk]
    few = [ready.pk, bare.pk]
    many = [*few, *(world.draft().pk for _ in range(5))]

    def queries(ids):
        with CaptureQueriesContext(connection) as counted:
            lacking = readiness(world.sdr, ids, now=NOW)
            bulk_rows(world.sdr, ids, lacking=lacking, refused={})
        return len(counted)

    assert queries(few) == queries(many)


def test_rows_tell_who_got_it_first_and_what_is_held(world):
    for ae in world.aes[1:]:
        set_capacity(user=ae, capacity=0, by=world.admin, now=NOW)
    set_capacity(user=world.aes[0], capacity=1, by=world.admin, now=NOW)
    rows = [world.submitted(), world.submitted(), world.draft()]
    shown = bulk_rows(
        world.sdr, [row.pk for row in rows], lacking={}, refused={rows[2].pk: "Not yet."}
    )
    assert [(one.state, one.words) for one in shown] == [
        (BulkState.HANDED_OFF, world.aes[0].name),
        (BulkState.HELD, f"Nobody is eligible now: {world.manager} has it."),
        (BulkState.REFUSED, "Not yet."),
    ]


# The pages


def text(response):
    return response.content.decode()


def select(client, user, *drafts, **more):
    client.force_login(user)
    data = {"draft": [draft.pk for draft in drafts], **more}
    return client.post(reverse("handoff:bulk"), data)


def go_on(client):
    return client.post(reverse("handoff:bulk_run"), follow=True)


def test_list_offers_boxes_for_own_drafts_only(world, client):
    drafts = [world.draft(), world.draft()]
    world.submitted()
    client.force_login(world.sdr)
    shown = text(client.get(reverse("handoff:list")))
    assert shown.count('name="draft"') == 2
    assert f'name="draft" value="{drafts[0].pk}" form="bulk"' in shown
    assert " checked" not in shown
    ticked = text(client.get(reverse("handoff:list"), {"select": "page"}))
    assert ticked.count('form="bulk" checked') == 2
    client.force_login(world.manager)
    assert 'name="draft"' not in text(client.get(reverse("handoff:list")))


def test_selection_says_what_is_ready_and_hands_it_off(world, client):
    ready, bare = world.draft(), bare_draft(world)
    select(client, world.sdr, ready, bare)
    shown = text(client.get(reverse("handoff:bulk")))
    assert "1 ready, 1 still misses something" in shown
    assert "Hand off the one that is ready" in shown
    done = text(go_on(client))
    assert "1 handed off" in done
    assert "1 was not ready and stays a draft." in done
    assert world.receiver_of(ready).name in done
    bare.refresh_from_db()
    # What was known to be incomplete was not tried, so it counts as no refusal.
    assert (bare.status, bare.events.count()) == (Status.DRAFT, 1)


def test_selection_goes_out_in_portions_and_can_be_gone_on_with(world, client, monkeypatch):
    monkeypatch.setattr(pages, "PORTION", 2)
    drafts = [world.draft() for _ in range(5)]
    select(client, world.sdr, *drafts)
    shown = text(go_on(client))
    assert "2 of 5 done" in shown
    assert 'max="5" value="2"' in shown
    assert "3 of the 5 drafts that you selected" in text(client.get(reverse("handoff:list")))
    go_on(client)
    shown = text(go_on(client))
    assert "5 handed off" in shown
    assert "Go on" not in shown
    assert Leg.objects.count() == 5
    go_on(client)
    assert Leg.objects.count() == 5


def test_portion_sent_again_after_its_process_died_hands_off_once(world, client, monkeypatch):
    monkeypatch.setattr(pages, "PORTION", 2)
    drafts = [world.draft() for _ in range(4)]
    select(client, world.sdr, *drafts)
    go_on(client)
    # The first of the next portion was handed off; how far it came was never kept.
    submit_handoff(drafts[2], by=world.sdr, now=NOW)
    shown = text(go_on(client))
    assert "4 handed off" in shown
    assert Leg.objects.count() == 4


def test_result_names_what_was_refused_with_the_way_to_it(world, client):
    first = world.draft()
    second = world.draft(lead=first.lead)
    second.answers = first.answers
    second.save(update_fields=["answers"])
    select(client, world.sdr, first, second)
    shown = text(go_on(client))
    assert "1 handed off, 1 refused" in shown
    assert f"Handoff {first.pk} of this lead is open" in shown
    assert reverse("handoff:edit", args=[second.pk]) in shown


def test_all_own_drafts_are_selected_at_once_up_to_the_most(world, client, monkeypatch):
    monkeypatch.setattr(pages, "MOST_AT_ONCE", 2)
    other = world.person("Olga Other", Role.SDR)
    world.draft(by=other)
    for _ in range(3):
        world.draft()
    client.force_login(world.sdr)
    shown = text(client.post(reverse("handoff:bulk"), {"all": "1"}, follow=True))
    assert "2 ready" in shown
    assert "These are the oldest 2" in shown


@pytest.mark.parametrize(
    "drafts",
    [[], ["x"], ["\x00"], ["9" * 400], ["-1"], ["\ud800".encode("utf-8", "surrogatepass")]],
)
def test_selection_of_nothing_that_is_a_draft_is_told(world, client, drafts):
    client.force_login(world.sdr)
    shown = client.post(reverse("handoff:bulk"), {"draft": drafts}, follow=True)
    assert shown.status_code == 200
    assert "Select at least one draft" in text(shown)
    assert "Nothing is selected" in text(client.get(reverse("handoff:bulk")))
    assert text(go_on(client)).count("None of these is ready yet.") == 1


def test_selection_leaves_out_what_the_person_may_not_read(world, client):
    other = world.person("Olga Other", Role.SDR)
    hidden = world.draft(by=other)
    shown = select(client, world.sdr, hidden)
    assert shown.url == reverse("handoff:list")
    select(client, world.sdr, hidden, world.draft())
    assert "1 ready" in text(client.get(reverse("handoff:bulk")))
    client.force_login(world.ae)
    assert client.get(reverse("handoff:bulk")).status_code == 403
    assert client.post(reverse("handoff:bulk_run")).status_code == 403


def test_selection_without_anything_ready_stays_as_it_is(world, client):
    select(client, world.sdr, bare_draft(world))
    shown = text(client.get(reverse("handoff:bulk")))
    assert "0 ready, 1 still misses something" in shown
    assert "that are ready" not in shown
    assert "None of these is ready yet." in text(go_on(client))
