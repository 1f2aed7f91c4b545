"""Rows as the review reads them, written by hand so that each hard case can be made exactly."""

import itertools
import uuid
from dataclasses import dataclass, field
from datetime import timedelta

from accounts.choices import Role
from accounts.models import Team, User
from handoff.models import (
    Company,
    FormVersion,
    Handoff,
    HandoffClock,
    HandoffType,
    Lead,
    Leg,
)
from routing.models import Pool, Turn
from sla.models import Clock, Target
from tests.factories.accounts import make_organisation, make_team, make_user
from tests.factories.sla import make_calendar_version, make_target
from worktime.models import CalendarVersion

_counter = itertools.count(1)
HOUR = timedelta(hours=1)


@dataclass
class Scene:
    """One team with a manager, an SDR and an AE, and another AE outside of it."""

    admin: User
    manager: User
    sdr: User
    ae: User
    outsider: User
    team: Team
    pool: Pool
    company: Company
    type: HandoffType
    form: FormVersion
    target: Target
    hours: CalendarVersion
    sequence: itertools.count = field(default_factory=lambda: itertools.count(1))

    def handoff(self, submitted_at, *, by=None, accepted_after=None, **fields):
        """A pending handoff; `accepted_after` working hours make it an accepted one."""
        by = by or self.sdr
        if accepted_after is not None:
            fields.setdefault("status", "accepted")
            fields.setdefault("first_accepted_at", submitted_at + accepted_after * HOUR)
            fields.setdefault("accept_seconds", int(accepted_after * 3600))
        if "closed_as" in fields:
            fields |= {"status": "closed", "closed_at": submitted_at + HOUR}
        n = next(_counter)
        row = Handoff(
            lead=Lead.objects.create(company=self.company, first_name="Ana", last_name=f"Ruiz {n}"),
            type=self.type,
            form_version=self.form,
            temperature="warm",
            submitted_by=by,
            owner=fields.pop("owner", by),
            submitted_at=submitted_at,
            submission_uuid=uuid.uuid4(),
            pool=self.pool,
            **{"status": "pending", **fields},
        )
        # A handoff without a predecessor is the first of its chain.
        row.pk = n + 1_000_000
        row.chain_id = row.pk
        row.save(force_insert=True)
        return row

    def leg(self, at, *, how="accepted", handoff=None, receiver=None, by=None, reason="no_budget"):
        """A leg that was decided or ended at `at`; `how` is accepted or the kind of end."""
        handoff = handoff or self.handoff(at - HOUR, by=by)
        receiver = receiver or self.ae
        ended = {} if how in ("accepted", "live") else {"ended_at": at, "ended_as": how}
        if how in ("rejected", "conflict"):
            ended["reason"] = "conflict" if how == "conflict" else reason
        return Leg.objects.create(
            handoff=handoff,
            receiver=receiver,
            turn=self.turn(receiver, at - HOUR),
            assigned_at=at - HOUR,
            accepted_at=at if how == "accepted" else None,
            decided_at=at if how in ("accepted", "rejected", "conflict") else None,
            **ended,
        )

    def turn(self, user, at):
        return Turn.objects.create(
            pool=self.pool,
            sequence=next(self.sequence),
            at=at,
            user=user,
            kind="rotation",
            candidates=[],
            exclusions=[],
            credit_before=0,
            credit_after=0,
        )

    def clock(self, due_at, *, state="running", kind="accept", leg=None, receiver=None, **fields):
        """An accept clock of a leg, due at `due_at`, four hours after it started."""
        started = due_at - 4 * HOUR
        leg = leg or self.leg(started, how="live", receiver=receiver)
        if "breached_at" in fields:
            fields.setdefault("detected_at", fields["breached_at"])
        clock = Clock.objects.create(
            kind=kind,
            started_at=started,
            target=self.target,
            calendar_version=self.hours,
            due_at=due_at,
            state=state,
            **fields,
        )
        HandoffClock.objects.create(
            clock=clock, handoff=leg.handoff, leg=leg, kind=kind, is_current=False
        )
        return clock


def make_scene(zone="Europe/Berlin"):
    manager = make_user(roles=[Role.MANAGER], name="Helen Brandt")
    make_organisation(zone=zone, fallback_manager=manager)
    sdr = make_user(roles=[Role.SDR], name="Sam Okafor")
    ae = make_user(roles=[Role.AE], name="Priya Nair")
    kind = HandoffType.objects.create(key="qualified", name="Qualified lead")
    return Scene(
        admin=make_user(roles=[Role.ADMIN], name="Rita Ops"),
        manager=manager,
        sdr=sdr,
        ae=ae,
        outsider=make_user(roles=[Role.AE], name="Tom Weiss"),
        team=make_team("DACH", managers=[manager], people=[sdr, ae]),
        pool=Pool.objects.create(name="Main", manager=manager),
        company=Company.objects.create(name="Nordwind GmbH"),
        type=kind,
        form=FormVersion.objects.create(type=kind, n=1, layout={"sections": []}),
        target=make_target(),
        hours=make_calendar_version(),
    )
