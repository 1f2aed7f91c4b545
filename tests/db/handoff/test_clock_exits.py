"""What each exit does to every clock of a handoff, with everything that follows it at once."""

from datetime import timedelta

import pytest

from accounts.services import add_time_off
from handoff import services
from handoff.models import Handoff, HandoffClock
from handoff.selectors.verify import findings
from routing.models import Load
from routing.services import set_capacity
from sla.services import fire_due_steps
from tests.factories.handoff import NOW, make_world

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
LATER = NOW + HOUR
NOTE = "The CFO has signed nothing yet."
RUNS, MET, OFF = "running", "met", "cancelled"


@pytest.fixture
def world(db):
    return make_world(receivers=3, preset="temperatures")


def begun(world, state):
    if state == "draft":
        return world.draft()
    if state == "holding":
        for ae in world.aes:
            set_capacity(user=ae, capacity=0, by=world.admin, now=NOW)
    row = world.submitted()
    if state == "accepted":
        services.accept_handoff(row, by=row.owner, now=NOW)
    if state == "rejected":
        services.reject_handoff(row, reason="no_budget", by=row.owner, now=NOW)
    return Handoff.objects.get(pk=row.pk)


def time_out(world, row):
    at = row.next_due_at + timedelta(seconds=1)
    fire_due_steps(at)
    while services.apply_escalations(at):
        pass


def cover(world, row):
    span = {"starts_at": LATER, "ends_at": LATER + timedelta(days=9)}
    add_time_off(user=row.owner, **span, by=world.admin, now=NOW)
    services.apply_cover(LATER)


def reassign(world, row):
    to = next(ae for ae in world.aes if ae != row.owner)
    services.reassign_handoff(row, to=to, reason="manager", note=NOTE, by=world.manager, now=LATER)


def by_owner(act, **given):
    return lambda world, row: act(row, **given, by=row.owner, now=LATER)


def by_manager(act, **given):
    return lambda world, row: act(row, **given, by=world.manager, now=LATER)


def merge(world, row):
    into = world.submitted()
    if row.status == "holding":
        for ae in world.aes:
            set_capacity(user=ae, capacity=None, by=world.admin, now=NOW)
    services.merge_duplicate(row, into=into, by=world.manager, now=LATER)


def overturn(world, row):
    services.contest_rejection(row, note=NOTE, by=world.sdr, now=NOW)
    services.rule_on_contest(row, is_upheld=False, by=world.manager, now=LATER)


def uphold(world, row):
    services.contest_rejection(row, note=NOTE, by=world.sdr, now=NOW)
    services.rule_on_contest(row, is_upheld=True, by=world.manager, now=LATER)


def fix(world, row):
    draft = services.start_fix(row, by=world.sdr, now=LATER)
    services.submit_handoff(draft, by=world.sdr, now=LATER)


REJECT = by_owner(services.reject_handoff, reason="wrong_icp")
CONFLICT = by_owner(services.reject_handoff, reason="conflict")
CLOSE = {
    "disqualify": by_manager(services.disqualify_handoff, reason="no_need"),
    "nurture": by_manager(services.nurture_handoff),
    "merge": merge,
}
# The exit, from where, then all clocks in the order of their starts: hand_off, accept, contact,
# contact_leg, next_step; what a new leg starts stands behind what it replaces. Booking begins and
# ends with the next step. The second meeting goes with the contact, but a conversion ends it.
TABLE = [
    ("begin", "draft", lambda w, row: None, [RUNS], [], [], [], []),
    ("submit", "pending", lambda w, row: None, [MET], [RUNS], [RUNS], [RUNS], []),
    ("accept", "pending", by_owner(services.accept_handoff), [MET], [MET], [RUNS], [RUNS], [RUNS]),
    ("reject", "pending", REJECT, [MET, RUNS], [MET], [OFF], [OFF], []),
    ("conflict", "pending", CONFLICT, [MET], [MET, RUNS], [RUNS], [OFF, RUNS], []),
    ("time out", "pending", time_out, [MET], [OFF, RUNS], [RUNS], [OFF, RUNS], []),
    ("reassign", "pending", reassign, [MET], [OFF, RUNS], [RUNS], [OFF, RUNS], []),
    ("reassign", "accepted", reassign, [MET], [MET, RUNS], [RUNS], [OFF, RUNS], [OFF]),
    ("reassign", "holding", reassign, [MET], [RUNS], [RUNS], [RUNS], []),
    ("cover", "pending", cover, [MET], [OFF, RUNS], [RUNS], [OFF, RUNS], []),
    ("cover", "accepted", cover, [MET], [MET, RUNS], [RUNS], [OFF, RUNS], [OFF]),
    ("hold", "holding", lambda w, row: None, [MET], [], [RUNS], [], []),
    ("withdraw", "draft", by_owner(services.withdraw_handoff), [OFF], [], [], [], []),
    ("withdraw", "holding", by_manager(services.withdraw_handoff), [MET], [], [OFF], [], []),
    ("withdraw", "pending", by_manager(services.withdraw_handoff), [MET], [OFF], [OFF], [OFF], []),
    *((name, "holding", act, [MET], [], [OFF], [], []) for name, act in CLOSE.items()),
    *((name, "pending", act, [MET], [OFF], [OFF], [OFF], []) for name, act in CLOSE.items()),
    *((name, "accepted", act, [MET], [MET], [OFF], [OFF], [OFF]) for name, act in CLOSE.items()),
    *(
        ("return", state, by_manager(services.return_handoff, note=NOTE), [MET], *rest)
        for state, *rest in (
            ("holding", [], [OFF], [], []),
            ("pending", [OFF], [OFF], [OFF], []),
            ("accepted", [MET], [OFF], [OFF], [OFF]),
        )
    ),
    ("convert", "accepted", by_owner(services.convert_handoff), [MET], [MET], [MET], [MET], [OFF]),
    ("uphold", "rejected", uphold, [MET, MET, RUNS], [MET], [OFF], [OFF], []),
    ("overturn", "rejected", overturn, [MET, MET], [MET], [RUNS], [RUNS], [RUNS]),
    (
        "concede",
        "rejected",
        by_owner(services.concede_handoff),
        [MET, MET],
        [MET],
        [OFF],
        [OFF],
        [],
    ),
    ("fix", "rejected", fix, [MET, MET], [MET], [OFF], [OFF], []),
]


@pytest.mark.parametrize(
    ("state", "act", "clocks"),
    [(state, act, clocks) for _, state, act, *clocks in TABLE],
    ids=[f"{name} from {state}" for name, state, *_ in TABLE],
)
def test_exit_does_to_every_clock_what_the_table_says(world, state, act, clocks):
    row = begun(world, state)
    act(world, row)
    kinds = ("hand_off", "accept", "contact", "contact_leg", "next_step")
    found = {kind: [] for kind in (*kinds, "booking", "second_meeting")}
    links = HandoffClock.objects.filter(handoff=row).select_related("clock").order_by("pk")
    for link in links:
        found[link.kind].append(link.clock.state)
    _, _, contact, _, next_step = clocks
    second = [OFF if one == MET else one for one in contact]
    assert list(found.values()) == [*clocks, next_step, second]
    assert [found.text for found in findings(LATER)] == []


@pytest.mark.parametrize("state", ["pending", "accepted"])
def test_return_lets_the_next_drafts_clock_begin(world, state):
    row = begun(world, state)
    draft = services.return_handoff(row, note=NOTE, by=row.owner, now=LATER)
    clock = HandoffClock.objects.get(handoff=draft).clock
    assert (clock.kind, clock.started_at, clock.state) == ("hand_off", LATER, "running")
    assert sum(Load.objects.values_list("open_count", flat=True)) == 0
