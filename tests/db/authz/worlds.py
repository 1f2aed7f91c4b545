"""Two worlds in one installation, A and B, with a row in every state for every relation.

Every text that a person types is a canary: a word that exists nowhere else and says whose it is.
Everything that somebody in A asks for is searched for the canaries that they must not see.
"""

import hashlib
import json
import uuid
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, timedelta
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.contrib.auth.tokens import default_token_generator
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from accounts.choices import Role
from accounts.models import Team, User
from accounts.services import add_time_off, create_team, create_user, set_membership
from core.loops import database_now, registered_loops
from core.models import Heartbeat
from handoff.choices import RejectReason
from handoff.models import Handoff, HandoffType
from handoff.rules.presets import QUALIFIED_LEAD_KEY
from handoff.services import (
    accept_handoff,
    concede_handoff,
    contest_rejection,
    create_draft,
    log_touch,
    reject_handoff,
    submit_handoff,
)
from notify.models import Message
from notify.services import save_channel
from review.models import Miss
from review.rules.metrics import METRICS
from review.rules.weeks import Week
from review.services import add_action, open_review
from routing.models import ImpactReview, Pool, RuleSet
from routing.services import add_member, create_pool, publish_rule_set
from sla.models import Clock, Escalation, Step
from tests.factories.handoff import NOW, PASSWORD, World, answers, make_world

ABSENT = "absent"
ABSENT_PK = 987_654
STATES = ("draft", "pending", "accepted", "rejected", "contested", "closed", "holding")
# The roles in A that may not see everything.
HIDING = {"sdr", "ae", "manager"}
# Sign-ins and what remembers them are nobody's rows.
# What belongs to the address whether the row is there or not.
FIXED = ("version", "content_type_id", "position")
NOT_ROWS = ("sessions", "contenttypes", "auth", "axes", "admin")


@dataclass
class Side:
    """The people of one world."""

    name: str
    team: Team
    pool: Pool
    manager: User
    sdrs: list[User]
    aes: list[User]

    @property
    def country(self) -> str:
        return f"Land of {self.name}"


@dataclass
class Worlds:
    """Both worlds, and which row a person means who asks for one of a kind.

    `rows[kind][relation]` holds the parameters of an address and of what is sent to it; a
    relation that depends on who asks is written `own:sdr`. `hidden[role]` are the canaries that
    the role in A must not see.
    """

    a: Side
    b: Side
    people: dict[str, User]
    rows: dict[str, dict[str, dict[str, Any]]] = field(default_factory=lambda: defaultdict(dict))
    hidden: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    rows_of_b: dict[type[models.Model], list[Any]] = field(default_factory=dict)

    def row(self, kind: str, relation: str, role: str) -> dict[str, Any] | None:
        """The parameters that lead to that row, or None where there is none."""
        if not kind:
            return {}
        found = self.rows.get(kind)
        assert found, f"tests/db/authz/worlds.py makes no row of the kind {kind!r}"
        if relation == ABSENT:
            one = next(iter(found.values()))
            # What is no id, such as the label of a week, is a word that names nothing.
            return {
                name: ABSENT_PK
                if name in ("pk", "object_id", "meeting", "clock")
                else value
                if name in FIXED
                else ABSENT
                for name, value in one.items()
            }
        return found.get(f"{relation}:{role}", found.get(relation))

    def some_row(self, kind: str) -> dict[str, Any]:
        return next(iter(self.rows[kind].values())) if kind else {}

    def checksum_of_b(self) -> str:
        sums = [
            json.dumps(row, default=str, sort_keys=True)
            for model, keys in self.rows_of_b.items()
            for row in model._base_manager.filter(pk__in=keys).order_by("pk").values()
        ]
        return hashlib.sha256("\n".join(sums).encode()).hexdigest()


def tables() -> Iterator[type[models.Model]]:
    return (model for model in apps.get_models() if model._meta.app_label not in NOT_ROWS)


def checksum() -> str:
    """Of every row of every table but sessions; for what must change nothing."""
    sums = [
        json.dumps(row, default=str, sort_keys=True)
        for model in tables()
        for row in model._base_manager.order_by("pk").values()
    ]
    return hashlib.sha256("\n".join(sums).encode()).hexdigest()


def make_worlds() -> Worlds:
    base = make_world(receivers=0)
    a = _side(base, "a")
    inactive = _person("zqinactive", a.team, *Role)
    for loop in registered_loops():
        Heartbeat.objects.create(loop=loop.name, at=database_now(), worker="w")
    before = _keys()
    b = _side(base, "b")
    publish_rule_set(
        rules=[
            {"name": side.country, "pool": side.pool, "conditions": _from(side.country)}
            for side in (a, b)
        ]
        + [{"name": "Everything", "pool": a.pool, "conditions": {}}],
        by=None,
        now=NOW,
    )
    people = {
        "sdr": a.sdrs[0],
        "ae": a.aes[0],
        "manager": a.manager,
        "admin": base.admin,
        "inactive": inactive,
    }
    worlds = Worlds(a, b, people)
    _fill_b(worlds)
    # The first step of one of B's clocks comes due; nothing acts on it.
    clock = Clock.objects.order_by("pk").first()
    Escalation.objects.create(clock=clock, step=Step.objects.first(), at=NOW, not_before=NOW)
    version = RuleSet.objects.get(state="published")
    ImpactReview.objects.create(ruleset=version, saves=version.saves, weeks=4, until=NOW)
    worlds.rows_of_b = {
        model: sorted(keys - before[model])
        for model, keys in _keys().items()
        if keys - before[model]
    }
    _fill_a(worlds)
    _offer_tables(worlds)
    _offer_addresses(worlds)
    return worlds


def _keys() -> dict[type[models.Model], set[Any]]:
    return {model: set(model._base_manager.values_list("pk", flat=True)) for model in tables()}


def _from(country: str) -> dict[str, Any]:
    return {"all": [{"field": "country", "op": "eq", "value": country}]}


def _side(base: World, name: str) -> Side:
    team = create_team(name=f"zqteam{name}", by=None, now=NOW)
    manager = _person(f"zqmanager{name}", team, Role.MANAGER)
    set_membership(team=team, user=manager, is_manager=True, by=None, now=NOW)
    pool = create_pool(name=f"zqpool{name}", manager=manager, by=None, now=NOW)
    sdrs = [_person(f"zqsdr{name}{n}", team, Role.SDR) for n in range(2)]
    aes = [_person(f"zqae{name}{n}", team, Role.AE) for n in range(2)]
    for ae in aes:
        add_member(pool=pool, user=ae, by=None, now=NOW)
    return Side(name, team, pool, manager, sdrs, aes)


def _person(name: str, team: Team, *roles: Role) -> User:
    return create_user(
        name=f"{name} Person",
        email=f"{name}mail@people.example",
        roles=roles,
        by=None,
        now=NOW,
        password=PASSWORD,
        teams=[team],
    )


def _fill_b(worlds: Worlds) -> None:
    for state in STATES:
        row = _handoff(worlds, worlds.b, state, "other", seen_by=())
        _offer(worlds, state, "other", row)
    _fill_people(worlds, worlds.b, "other")
    _fill_review(worlds, worlds.b, "other")


def _fill_a(worlds: Worlds) -> None:
    """Own is handed over by the SDR to the AE who ask; team by and to their colleagues."""
    for state in STATES:
        is_sent = state not in ("draft", "holding")
        seen_by = ("sdr", "ae") if is_sent else ("sdr",)
        row = _handoff(worlds, worlds.a, state, "own", seen_by=(*seen_by, "manager"))
        if state == "accepted":
            receiver = row.legs.get(ended_at=None).receiver
            log_touch(row, kind="email", occurred_at=NOW, is_automated=True, by=receiver, now=NOW)
        _offer(worlds, state, "own", row)
        row = _handoff(worlds, worlds.a, state, "team", seen_by=("manager",))
        _offer(worlds, state, "team", row)
        if state in ("pending", "accepted"):
            row = _handoff(worlds, worlds.a, state, "past", seen_by=("ae", "manager"))
            _offer(worlds, state, "past", row)
    _fill_people(worlds, worlds.a, "team")
    _fill_review(worlds, worlds.a, "team")


def _offer(worlds: Worlds, state: str, relation: str, row: Handoff) -> None:
    if state == "accepted" and relation != "past":
        _offer_meeting(worlds, relation, row)
    row.refresh_from_db()
    worlds.rows[state][relation] = {"pk": row.pk, "version": row.version}
    if state == "pending":
        clock = row.clocks.get(kind="accept", is_current=True).clock_id
        worlds.rows["clock"][relation] = {"pk": row.pk, "clock": clock}
    if state == "draft":
        worlds.rows["lead"][relation] = {"pk": row.lead_id}


def _offer_meeting(worlds: Worlds, relation: str, row: Handoff) -> None:
    receiver = row.legs.get(ended_at=None).receiver
    planned = NOW + timedelta(days=30)
    log_touch(row, kind="meeting_booked", occurred_at=NOW, meeting_at=planned, by=receiver, now=NOW)
    row.refresh_from_db()
    meeting = row.meetings.get()
    worlds.rows["meeting"][relation] = {
        "pk": row.pk,
        "meeting": meeting.pk,
        "version": row.version,
    }


def _handoff(
    worlds: Worlds, side: Side, state: str, relation: str, *, seen_by: tuple[str, ...]
) -> Handoff:
    """A handoff in the state; its canary is hidden from the roles that are not in `seen_by`."""
    canary = f"zq{side.name}{state}{relation}x"
    for role in HIDING - set(seen_by):
        worlds.hidden[role].add(canary)
    colleague = relation in ("team", "past")
    sdr = side.sdrs[1 if colleague else 0]
    row = create_draft(
        type=HandoffType.objects.get(key=QUALIFIED_LEAD_KEY),
        answers=_answers(canary, side.country),
        by=sdr,
        now=NOW,
        submission_uuid=uuid.uuid4(),
    )
    if state == "draft":
        return row
    # Only one of the pool is there, so that it is known who gets the lead.
    receiver = side.aes[1 if relation == "team" else 0]
    _only_there(side, None if state == "holding" else receiver)
    row = submit_handoff(row, by=sdr, now=NOW)
    if relation == "past":
        _only_there(side, side.aes[1])
        row = reject_handoff(row, reason=RejectReason.CONFLICT, by=receiver, now=NOW)
        receiver = side.aes[1]
    _only_there(side, *side.aes)
    if state == "accepted":
        return accept_handoff(row, by=receiver, now=NOW)
    if state in ("rejected", "contested", "closed"):
        note = f"{canary} has no interest"
        row = reject_handoff(
            row, reason=RejectReason.NO_REAL_INTEREST, note=note, by=receiver, now=NOW
        )
    if state == "contested":
        contest_rejection(row, note=f"{canary} signs tomorrow", by=sdr, now=NOW)
    if state == "closed":
        row = concede_handoff(row, to="conceded", by=sdr, now=NOW)
    return row


def _answers(canary: str, country: str) -> dict[str, Any]:
    texts = ("need", "budget", "authority", "timeline", "next_step", "why_now")
    return answers() | {
        "company.name": f"{canary} GmbH",
        "company.country": country,
        "contact.first_name": f"{canary}first",
        "contact.last_name": f"{canary}last",
        "contact.title": f"{canary} chief",
        "contact.email": f"{canary}@{canary}.example",
        "pains": [f"{canary} hurts"],
        **{key: f"{canary} says about the {key} what nobody else does" for key in texts},
    }


def _only_there(side: Side, *there: User | None) -> None:
    paused = {one.pk for one in side.aes} - {one.pk for one in there if one is not None}
    User.objects.filter(pk__in=[one.pk for one in side.aes]).update(paused_at=None)
    User.objects.filter(pk__in=paused).update(paused_at=NOW - timedelta(hours=1))


def _fill_people(worlds: Worlds, side: Side, relation: str) -> None:
    """Time off of everybody, the first message of each, and the team's channel; B's are there for
    nobody in A.
    """
    address = f"https://hooks.slack.com/services/T0/B0/zqchannel{side.name}"
    save_channel(team=side.team, address=address, by=worlds.people["admin"], now=NOW)
    for person in [side.manager, *side.aes, *side.sdrs]:
        note = f"zqaway{person.pk}x"
        span = add_time_off(
            user=person,
            starts_at=NOW + timedelta(days=30),
            ends_at=NOW + timedelta(days=31),
            note=note,
            by=None,
            now=NOW,
        )
        role = next((name for name, one in worlds.people.items() if one == person), "")
        named = f"own:{role}" if role else relation
        message = Message.objects.filter(recipient=person, channel="inbox").first()
        worlds.rows["person"][named] = {"pk": person.pk}
        worlds.rows["away"][named] = {"pk": span.pk}
        if message is not None:
            worlds.rows["message"][named] = {"pk": message.pk}
        readers = {role} if side is worlds.b else {role, "manager"}
        for name in HIDING - readers:
            worlds.hidden[name] |= {note, person.email.partition("@")[0]}


def _fill_review(worlds: Worlds, side: Side, relation: str) -> None:
    """The review of last week with a miss and an action item of an AE's."""
    label = Week.containing(NOW, UTC).shifted(-1).label
    review = open_review(label, team=side.team, by=side.manager, now=NOW)
    row = Handoff.objects.get(pk=worlds.rows["rejected"][relation]["pk"])
    leg = row.legs.order_by("-pk").first()
    Miss.objects.create(
        review=review, position=1, kind="rejected", handoff=row, leg=leg, at=leg.ended_at
    )
    text = f"zqaction{side.name}x"
    action = add_action(
        team=side.team,
        review=review,
        text=text,
        owner=side.aes[0],
        due_on=(NOW + timedelta(days=3)).date(),
        by=side.manager,
        now=NOW,
    )
    worlds.rows["review"][relation] = {"pk": review.pk, "version": review.version}
    worlds.rows["miss"][relation] = {"pk": review.pk, "position": 1}
    worlds.rows["action"][relation] = {"pk": action.pk, "version": action.version}
    if side is worlds.a:
        worlds.rows["action"]["own:ae"] = worlds.rows["action"][relation]
    else:
        for name in HIDING:
            worlds.hidden[name].add(text)


def _offer_tables(worlds: Worlds) -> None:
    """A row of A, or of both, and one of B for each table of the admin."""
    for model in admin.site._registry:
        keys_of_b = worlds.rows_of_b.get(model, [])
        others = model._base_manager.exclude(pk__in=keys_of_b).order_by("pk")
        offered = {
            "any": others.values_list("pk", flat=True).first(),
            "other": (keys_of_b or [None])[0],
        }
        kind = f"{model._meta.app_label}_{model._meta.model_name}"
        worlds.rows[kind] = {name: {"pk": pk} for name, pk in offered.items() if pk is not None}


def _offer_addresses(worlds: Worlds) -> None:
    """What else stands in addresses."""
    for kind, model in (("pool", "routing_pool"), ("member", "routing_member")):
        found = worlds.rows[model]
        worlds.rows[kind] = {"other": found["other"]}
    worlds.rows["pool"]["own"] = {"pk": worlds.a.pool.pk}
    worlds.rows["member"]["own"] = {"pk": worlds.a.pool.members.first().pk}
    # Only a version that another one has replaced can be brought back.
    old = RuleSet.objects.create(n=99, state="retired", published_at=NOW)
    worlds.rows["routing_ruleset"]["other"] = {"pk": old.pk}
    worlds.rows["app"]["any"] = {"app_label": "routing"}
    kind = ContentType.objects.get_for_model(Handoff).pk
    for relation, row in list(worlds.rows["pending"].items()):
        worlds.rows["object"][relation] = {"content_type_id": kind, "object_id": row["pk"], **row}
    week = Week.containing(NOW, UTC).label
    worlds.rows["week"]["any"] = {"label": week}
    worlds.rows["metric"]["any"] = {"label": week, "key": next(iter(METRICS))}
    invited = _person("New", worlds.a.team, Role.SDR)
    worlds.rows["invitation"]["any"] = {
        "uid": urlsafe_base64_encode(force_bytes(invited.pk)),
        "token": default_token_generator.make_token(invited),
    }
