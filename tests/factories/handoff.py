"""A small installation to test with, made through the services as a real one is."""

import itertools
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from accounts.choices import Role
from accounts.models import Organisation, Team, User
from accounts.services import create_team, create_user, set_membership
from handoff.models import Handoff, HandoffType
from handoff.rules.presets import QUALIFIED_LEAD_KEY
from handoff.services import create_draft, set_up, submit_handoff
from routing.models import Pool
from routing.services import add_member, set_capacity
from sla.rules.targets import ALERT_MANAGER, ELAPSED_MINUTES, REMIND, StepSpec, TargetSpec
from sla.services import install_preset, publish_policy

# A Tuesday, in the middle of Berlin's office hours (11:00 local).
NOW = datetime(2026, 11, 17, 10, 0, tzinfo=UTC)
PASSWORD = "correct horse battery staple"

_counter = itertools.count(1)


def answers(**changes):
    """A full form; ``changes`` use two underscores for the dot of a key."""
    n = next(_counter)
    full = {
        "company.name": f"Nordwind {n} GmbH",
        "company.size": 180,
        "company.industry": "Manufacturing",
        "company.country": "Germany",
        "contact.first_name": "Ana",
        "contact.last_name": f"Ruiz {n}",
        "contact.title": "COO",
        "contact.email": f"ana{n}@nordwind{n}.example",
        "pains": ["Paper job sheets take five days"],
        "need": "Proof of delivery within the hour",
        "budget": "40,000 EUR, named by the CFO",
        "authority": "She recommends, the CFO signs",
        "timeline": "Decision by March, before the audit",
        "next_step": "Intro call",
        "next_step_on": "2199-12-02",
    }
    return full | {key.replace("__", "."): value for key, value in changes.items()}


@dataclass
class World:
    """One team of a manager, submitters and receivers, with a pool of all receivers."""

    organisation: Organisation
    admin: User
    manager: User
    sdr: User
    aes: list[User]
    team: Team
    pool: Pool
    type: HandoffType

    @property
    def ae(self):
        return self.aes[0]

    def draft(self, *, by=None, now=NOW, lead=None, temperature=None, **changes):
        return create_draft(
            type=self.type,
            answers=answers(**changes) if lead is None else {},
            by=by or self.sdr,
            now=now,
            lead=lead,
            temperature=temperature,
            submission_uuid=uuid.uuid4(),
        )

    def submitted(self, *, by=None, now=NOW, **changes) -> Handoff:
        by = by or self.sdr
        return submit_handoff(self.draft(by=by, now=now, **changes), by=by, now=now)

    def receiver_of(self, handoff) -> User:
        return handoff.legs.get(ended_at=None).receiver

    def person(self, name, *roles, team=True):
        email = f"{name.lower().replace(' ', '.')}{next(_counter)}@handoff.example"
        return create_user(
            name=name,
            email=email,
            roles=roles,
            by=None,
            now=NOW,
            password=PASSWORD,
            teams=[self.team] if team else [],
        )


def make_world(*, receivers=2, capacity=None, zone="Europe/Berlin", preset="standard") -> World:
    organisation = set_up(
        organisation="Meridian",
        zone=zone,
        admin_name="Rita Ops",
        admin_email="admin@handoff.example",
        password=PASSWORD,
        now=NOW - timedelta(days=60),
        preset=preset,
    )
    admin = User.objects.get(email="admin@handoff.example")
    team = create_team(name="DACH", by=admin, now=NOW)
    pool = Pool.objects.get()
    type_ = HandoffType.objects.get(key=QUALIFIED_LEAD_KEY)
    world = World(organisation, admin, admin, admin, [], team, pool, type_)
    world.manager = world.person("Helen Brandt", Role.MANAGER)
    set_membership(team=team, user=world.manager, is_manager=True, by=admin, now=NOW)
    Pool.objects.filter(pk=pool.pk).update(manager=world.manager)
    pool.refresh_from_db()
    world.sdr = world.person("Sam Okafor", Role.SDR)
    for n in range(receivers):
        ae = world.person(["Priya Nair", "Tom Okafor", "Maya Lind"][n % 3], Role.AE)
        add_member(pool=pool, user=ae, by=admin, now=NOW)
        if capacity is not None:
            set_capacity(user=ae, capacity=capacity, by=admin, now=NOW)
        world.aes.append(ae)
    return world


ALERT = StepSpec(0, ALERT_MANAGER, ("manager",))
REMIND_AND_ALERT = (StepSpec(-25, REMIND, ("receiver",)), ALERT)


def only_accept(*, minutes=5, ladder=REMIND_AND_ALERT, now=NOW):
    """One promise and no move: an answer within so many minutes around the clock, else an alert."""
    install_preset(name="inbound", by_id=None, now=now)
    publish_policy(
        key="inbound",
        name="Inbound",
        position=100,
        conditions={},
        is_default=True,
        targets=[TargetSpec("accept", minutes, ELAPSED_MINUTES, ladder)],
        by_id=None,
        now=now,
    )
