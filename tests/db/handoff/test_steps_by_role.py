"""Every step from every state by every role: done, a conflict, not theirs, or not to be seen."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import transaction

from accounts.choices import Role
from core.errors import Conflict, NotPermitted, NotVisible
from handoff import services
from handoff.models import Handoff
from routing.services import set_capacity
from tests.factories.handoff import NOW, answers, make_world

pytestmark = pytest.mark.django_db

LATER = NOW + timedelta(hours=1)
NOTE = "The CFO has signed nothing yet."
STATES = ("draft", "holding", "pending", "accepted", "rejected", "contested", "closed")
ROLES = ("sdr", "receiver", "manager", "admin", "sdr_else", "ae_else", "manager_else")

# From which states each step may be taken, and who may take it.
DONE, LATE, THEIRS, HIDDEN = "done", Conflict, NotPermitted, NotVisible
SUBMITTERS = {"sdr", "manager", "admin"}
RECEIVERS = {"receiver", "manager"}
CLOSERS = {"receiver", "manager", "admin"}
OPEN = {"holding", "pending", "accepted"}
STEPS = {
    "save": ({"draft"}, SUBMITTERS),
    "submit": ({"draft"}, SUBMITTERS),
    "withdraw": ({"draft", "holding", "pending"}, SUBMITTERS),
    "accept": ({"pending"}, RECEIVERS),
    "reject": ({"pending"}, RECEIVERS),
    "conflict": ({"pending"}, RECEIVERS),
    "touch": (OPEN, RECEIVERS),
    "next_step": ({"accepted"}, RECEIVERS),
    "convert": ({"accepted"}, RECEIVERS),
    "disqualify": (OPEN, CLOSERS),
    "nurture": (OPEN, CLOSERS),
    "send_back": (OPEN, CLOSERS),
    "merge": (OPEN, CLOSERS),
    "reassign": (OPEN, {"manager", "admin"}),
    "fix": ({"rejected"}, SUBMITTERS),
    "concede": ({"rejected"}, SUBMITTERS),
    "contest": ({"rejected"}, {"sdr"}),
    "rule": ({"contested"}, {"manager", "admin"}),
    "outcome": (set(), CLOSERS),
}


@pytest.fixture
def world(db):
    return make_world(receivers=3)


def receiver(row):
    leg = row.legs.order_by("-pk").first()
    return leg.receiver if leg else None


def in_state(world, state):
    if state == "draft":
        return world.draft()
    if state == "holding":
        full(world)
        return world.submitted()
    row = world.submitted()
    by = receiver(row)
    if state == "accepted":
        return services.accept_handoff(row, by=by, now=NOW)
    if state in ("rejected", "contested"):
        services.reject_handoff(row, reason="no_budget", by=by, now=NOW)
    if state == "contested":
        services.contest_rejection(row, note=NOTE, by=world.sdr, now=NOW)
    if state == "closed":
        services.disqualify_handoff(row, reason="no_need", by=by, now=NOW)
    return Handoff.objects.get(pk=row.pk)


def full(world):
    for ae in world.aes:
        set_capacity(user=ae, capacity=0, by=world.admin, now=NOW)


def take(name, row, world, other, by):
    common = {"by": by, "now": LATER}
    to = next(ae for ae in world.aes if ae.pk != row.owner_id)
    calls = {
        "save": lambda: services.save_draft(row, answers=answers(need="Else"), **common),
        "submit": lambda: services.submit_handoff(row, **common),
        "withdraw": lambda: services.withdraw_handoff(row, **common),
        "accept": lambda: services.accept_handoff(row, **common),
        "reject": lambda: services.reject_handoff(row, reason="wrong_icp", **common),
        "conflict": lambda: services.reject_handoff(row, reason="conflict", **common),
        "touch": lambda: services.log_touch(row, kind="call", occurred_at=LATER, **common),
        "next_step": lambda: services.date_next_step(
            row, step="Demo", at=LATER + timedelta(days=1), **common
        ),
        "convert": lambda: services.convert_handoff(
            row, value=Decimal(10), currency="EUR", **common
        ),
        "disqualify": lambda: services.disqualify_handoff(row, reason="no_need", **common),
        "nurture": lambda: services.nurture_handoff(row, **common),
        "send_back": lambda: services.return_handoff(row, note=NOTE, **common),
        "merge": lambda: services.merge_duplicate(row, into=other, **common),
        "reassign": lambda: services.reassign_handoff(
            row, to=to, reason="manager", note=NOTE, **common
        ),
        "fix": lambda: services.start_fix(row, **common),
        "concede": lambda: services.concede_handoff(row, **common),
        "contest": lambda: services.contest_rejection(row, note=NOTE, **common),
        "rule": lambda: services.rule_on_contest(row, is_upheld=False, note=NOTE, **common),
        "outcome": lambda: services.record_outcome(row, outcome="won", **common),
    }
    with transaction.atomic():
        try:
            calls[name]()
            said = DONE
        except (Conflict, NotPermitted, NotVisible) as error:
            said = next(one for one in (LATE, THEIRS, HIDDEN) if isinstance(error, one))
        transaction.set_rollback(True)
    return said


def due(name, state, role, *, has_leg):
    states, roles = STEPS[name]
    if role.endswith("_else") or (role == "receiver" and not has_leg):
        return HIDDEN
    if role == "receiver" and state in ("rejected", "contested", "closed"):
        # They may have a page open from before.
        is_theirs = "receiver" in roles
        return LATE if is_theirs else THEIRS
    # How it went is told by who has had the lead.
    is_early = name == "outcome" and role == "receiver"
    if role not in roles or is_early:
        return THEIRS
    return DONE if state in states else LATE


@pytest.mark.parametrize("state", STATES)
def test_step_is_taken_by_whom_and_from_where_the_table_says(world, state):
    other = world.submitted()
    row = in_state(world, state)
    had = receiver(row)
    if had is not None:
        # Whoever merges may read both.
        common = {"reason": "manager", "note": NOTE, "by": world.manager, "now": NOW}
        other = services.reassign_handoff(other, to=had, **common)
    people = {
        "sdr": world.sdr,
        "receiver": had or world.aes[2],
        "manager": world.manager,
        "admin": world.admin,
        "sdr_else": world.person("Else Sdr", Role.SDR, team=False),
        "ae_else": world.person("Else Ae", Role.AE, team=False),
        "manager_else": world.person("Else Manager", Role.MANAGER, team=False),
    }
    found, wanted = {}, {}
    for name in STEPS:
        for role in ROLES:
            wanted[name, role] = due(name, state, role, has_leg=had is not None)
            found[name, role] = take(name, row, world, other, people[role])
    assert {key: one for key, one in found.items() if one != wanted[key]} == {}
