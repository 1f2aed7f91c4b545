"""Two or more real processes want the same handoff. Runs on PostgreSQL and on SQLite."""

import uuid
from collections import Counter
from datetime import timedelta

import pytest

from accounts.choices import Role
from handoff.models import Company, Event, Handoff, Leg
from handoff.services import apply_escalations, save_draft
from handoff.services.setup import publish_fallback
from routing.models import Load, Turn
from routing.services import add_member, create_pool, set_capacity
from sla.models import Clock, Escalation
from sla.services import fire_due_steps
from tests.factories.handoff import NOW, answers, make_world, only_accept
from tests.support import handoff_racers
from tests.support.invariants import broken_at_once
from tests.support.race import race

pytestmark = [pytest.mark.races, pytest.mark.timeout(600)]


def often(few, many):
    """What goes wrong often is found in a few rounds; `make faults` plays many."""
    return pytest.mark.parametrize("rounds", [few, pytest.param(many, marks=pytest.mark.deep)])


@pytest.fixture
def world(transactional_db):
    made = make_world(receivers=1)
    only_accept(minutes=240)
    return made


def pending(world, count):
    return [world.submitted().pk for _ in range(count)]


@often(200, 1_000)
@pytest.mark.parametrize("steps", [("accept", "accept"), ("accept", "reject")])
@pytest.mark.fault(
    "F23",
    "two decide at once",
    held="one winner",
)
def test_decide_by_two_processes_at_once_has_one_winner_each_time(world, steps, rounds):
    ids = pending(world, rounds)
    outcomes = race(
        handoff_racers.decide, [(step, world.ae.pk, ids, NOW) for step in steps], seconds=480
    )
    for pk, pair in zip(ids, zip(*outcomes, strict=True), strict=True):
        winners = [outcome for outcome in pair if outcome in steps]
        assert len(winners) == 1, (pk, pair)
    decided = Event.objects.filter(kind__in=["accepted", "rejected"])
    assert Counter(decided.values_list("handoff_id", flat=True)) == Counter(ids)
    assert not Clock.objects.filter(state="running").exists()
    # What is accepted stays on the receiver's plate until the first contact.
    accepted = decided.filter(kind="accepted").count()
    assert Load.objects.get(user=world.ae).open_count == accepted
    for event in decided.select_related("handoff"):
        assert event.handoff.status == event.kind


@often(100, 300)
@pytest.mark.fault(
    "F23",
    "accept against the sweep",
    held="a breach by the due time alone",
)
def test_accept_against_sweep_has_a_breach_exactly_when_due_had_passed(world, rounds):
    ids, times = [], []
    offsets = [timedelta(), timedelta(microseconds=1), timedelta(seconds=-1), timedelta(seconds=5)]
    for n in range(rounds):
        # Due times ten seconds apart, so that the sweep of one round leaves the next ones alone.
        handoff = world.submitted(now=NOW + timedelta(seconds=10 * n))
        ids.append(handoff.pk)
        times.append(handoff.next_due_at + offsets[n % 4])
    shared = (world.ae.pk, ids, times)
    race(handoff_racers.accept_or_sweep, [("accept", *shared), ("sweep", *shared)], seconds=480)
    for pk, at in zip(ids, times, strict=True):
        clock = Clock.objects.get(handoff_clock__handoff_id=pk)
        assert clock.state == "met"
        assert clock.breached_at == (clock.due_at if at > clock.due_at else None)
    breaches = Escalation.objects.filter(step__action="breach")
    assert breaches.count() == sum(1 for n in range(rounds) if n % 4 in (1, 3))


@often(200, 1_000)
@pytest.mark.fault(
    "P9",
    "eight processes submit",
    held="fair, no gap",
)
def test_submit_by_eight_processes_is_fair_and_leaves_no_gap(transactional_db, rounds):
    world = make_world(receivers=5)
    made = race(
        handoff_racers.submit,
        [(world.sdr.pk, rounds // 8, f"p{n}x", NOW) for n in range(8)],
        seconds=480,
    )
    assert len({pk for ids in made for pk in ids}) == rounds
    counts = Counter(Turn.objects.values_list("user_id", flat=True))
    assert len(counts) == 5
    assert max(counts.values()) - min(counts.values()) <= 1
    sequence = sorted(Turn.objects.values_list("sequence", flat=True))
    assert sequence == list(range(1, rounds + 1))
    assert Handoff.objects.filter(status="pending", owner__isnull=False).count() == rounds


@pytest.mark.fault(
    "F24",
    "one form sent four times",
    held="one draft",
)
def test_same_form_sent_by_four_processes_makes_one_draft(world):
    keys = [str(uuid.uuid4()) for _ in range(50)]
    made = race(handoff_racers.create_same, [(world.sdr.pk, keys, NOW)] * 4)
    assert made[0] == made[1] == made[2] == made[3]
    assert Handoff.objects.count() == len(keys)


@pytest.mark.fault(
    "F24",
    "two drafts of one lead at once",
    held="one is open",
)
def test_two_drafts_of_one_lead_handed_off_at_once_leave_one_open(world):
    pairs = []
    for _ in range(50):
        first = world.draft()
        second = world.draft(lead=first.lead)
        save_draft(second, answers=answers(), by=world.sdr, now=NOW)
        pairs.append((first.pk, second.pk))
    outcomes = race(
        handoff_racers.submit_same_lead,
        [(world.sdr.pk, [pair[n] for pair in pairs], NOW) for n in (0, 1)],
    )
    for pair in zip(*outcomes, strict=True):
        assert sorted(pair) == ["already_open", "submitted"]


def test_drafts_of_one_new_company_by_four_processes_make_it_once(world):
    rounds = 25
    arguments = [(world.sdr.pk, tag, rounds, NOW) for tag in "abcd"]
    race(handoff_racers.draft_of_same_company, arguments)
    assert Handoff.objects.count() == 4 * rounds
    assert Company.objects.filter(name__startswith="Shared").count() == rounds


def test_conflicts_that_swap_two_receivers_do_not_wait_for_each_other(transactional_db):
    """Two people in two pools: each pool passes on to whom the other one passes on from."""
    rounds = 15
    world = make_world(receivers=2)
    other = create_pool(name="Other pool", manager=world.manager, by=world.admin, now=NOW)
    for receiver in world.aes:
        add_member(pool=other, user=receiver, by=world.admin, now=NOW)
    sides = []
    for pool, receiver in ((world.pool, world.aes[0]), (other, world.aes[1])):
        publish_fallback(pool, by=world.admin, now=NOW)
        made = [world.submitted() for _ in range(2 * rounds)]
        sides.append([row.pk for row in made if world.receiver_of(row) == receiver][:rounds])
    outcomes = race(
        handoff_racers.declare_conflicts,
        [(user.pk, ids, NOW) for user, ids in zip(world.aes, sides, strict=True)],
    )
    assert outcomes == [["pending"] * rounds] * 2
    assert {load.open_count for load in Load.objects.all()} == {2 * rounds}


@pytest.mark.fault(
    "F23",
    "time-out against accept",
    held="one winner",
)
def test_time_out_against_accept_has_one_winner_each_time(transactional_db):
    rounds = 100
    world = make_world(receivers=4)
    rows = [world.submitted() for _ in range(rounds)]
    late = max(row.next_due_at for row in rows) + timedelta(seconds=1)
    fire_due_steps(late)
    ids, receivers = [row.pk for row in rows], [row.owner_id for row in rows]
    accepted, _ = race(
        handoff_racers.accept_or_time_out,
        [(side, ids, receivers, late) for side in ("accept", "ladder")],
        seconds=480,
    )
    catch_up(late)
    for row, outcome in zip(rows, accepted, strict=True):
        kinds = set(row.events.values_list("kind", flat=True)) & {"accepted", "timed_out"}
        assert kinds == {"accepted" if outcome == "accepted" else "timed_out"}
        assert row.legs.filter(ended_at=None).count() == 1
    assert broken_at_once(late) == []


@pytest.mark.parametrize("know_version", [True, False])
@pytest.mark.fault(
    "F23",
    "accept, reject, reassign and time-out at once",
    held="one live leg or none",
)
def test_accept_reject_reassign_and_time_out_at_once_leave_one_leg_or_none(
    transactional_db, know_version
):
    """As on pages, where each act names the state that it was decided on; and by programs."""
    rounds = 60
    world = make_world(receivers=4)
    other = world.person("Ole Other", Role.AE)
    # Due one after the other, so that the ladder comes to one handoff in each round.
    rows = [world.submitted(now=NOW + timedelta(seconds=10 * n)) for n in range(rounds)]
    catch_up(rows[0].next_due_at)
    shared = (
        [row.pk for row in rows],
        [row.version if know_version else None for row in rows],
        [row.next_due_at + timedelta(seconds=1) for row in rows],
    )
    people = [world.manager.pk, other.pk]
    sides = ("accept", "reject", "reassign", "ladder")
    outcomes = race(
        handoff_racers.act_or_time_out, [(side, people, *shared) for side in sides], seconds=480
    )
    end = shared[2][-1]
    catch_up(end)
    won = {"accepted", "rejected", "reassigned", "timed_out"}
    for n, row in enumerate(rows):
        done = Counter(row.events.filter(kind__in=won).values_list("kind", flat=True))
        said = Counter(side[n] for side in outcomes if side[n] in won)
        assert done - Counter(["timed_out"]) == said
        assert sum(done.values()) == 1 or not know_version, (row.pk, done, outcomes)
        assert set(done.values()) == {1}
        row.refresh_from_db()
        has_receiver = row.status in ("pending", "accepted")
        assert row.legs.filter(ended_at=None).count() == int(has_receiver)
    assert broken_at_once(end) == []


def catch_up(now):
    while fire_due_steps(now):
        pass
    while apply_escalations(now):
        pass


@pytest.mark.fault(
    "P7",
    "a person leaves while leads arrive",
    held="nothing stays with them",
)
def test_leaving_against_submits_leaves_nothing_with_who_left(transactional_db):
    world = make_world(receivers=8)
    successor = world.person("Sue Cessor", Role.SDR)
    drafts = [world.draft().pk for _ in range(140)]
    people = [(world.admin.pk, ae.pk, successor.pk) for ae in world.aes[:5]]
    shares = [drafts[n::7] for n in range(7)]
    race(
        handoff_racers.submit_or_offboard,
        [*(("submit", share, people, NOW) for share in shares), ("leave", [], people, NOW)],
        seconds=480,
    )
    gone = [ae.pk for ae in world.aes[:5]]
    assert not Handoff.objects.filter(owner__in=gone).exists()
    assert not Leg.objects.filter(receiver__in=gone, ended_at=None).exists()
    assert Handoff.objects.filter(status="pending").count() == len(drafts)
    assert broken_at_once(NOW) == []


@pytest.mark.fault(
    "P9",
    "eight processes drain and submit",
    held="oldest first, within capacity",
)
def test_drain_by_six_processes_while_two_submit_goes_oldest_first(transactional_db):
    """Whoever comes meanwhile queues behind those who wait, also by another process."""
    world = make_world(receivers=3, capacity=0)
    room = 12
    held = [world.submitted(now=NOW + timedelta(seconds=n)) for n in range(4 * room)]
    assert {row.status for row in held} == {"holding"}
    for receiver in world.aes:
        set_capacity(user=receiver, capacity=room, by=world.admin, now=NOW)
    late = [world.draft().pk for _ in range(2 * room)]
    at = NOW + timedelta(hours=1)
    race(
        handoff_racers.drain_or_submit,
        [*((("drain"), [], at) for _ in range(6)), *(("submit", late[n::2], at) for n in range(2))],
        seconds=480,
    )
    placed = list(Turn.objects.order_by("sequence").values_list("leg__handoff", flat=True))
    assert placed == [row.pk for row in held[: 3 * room]]
    assert set(Load.objects.values_list("open_count", flat=True)) == {room}
    waiting = Handoff.objects.filter(status="holding")
    assert waiting.count() == len(held) + len(late) - len(placed)
    assert broken_at_once(at) == []
