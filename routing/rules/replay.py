"""Past leads sent through a draft of the rules, beside what happened to them.

Every lead comes again in its order, with the rules of the draft and with the pools, weights,
limits, skills and hours of now, and is picked for by the same rule as a real one. What is kept as
it happened: when a lead came, what was known of it, and when its slot was free again. What is
left out: rejections and turns given back, time-outs, conflicts, moves by managers, ladders or
cover, and the time for which a lead is held, which is counted as held and nothing more.

A miss is *expected* where the buyer's first contact falls due before whoever has the lead is
next at work and there, or where nobody could take it at all. Both sides are judged by that.

A replay can be cut anywhere: `to_data` says all there is to say, and `resumed` goes on from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from routing.rules.choice import choose
from routing.rules.conditions import compiled, folded
from routing.rules.eligibility import Code, Room, Standing, excluded, first_lacking
from routing.rules.past import Carried, Past, RuleLine, Setting, Start
from routing.rules.replayed import Chair, Counts, Hours, Table, bounds_of, table_of
from routing.rules.rotation import Pick, Seat
from routing.rules.sides import MOST_MOVED, Found, Moved, Post, Side, read_found, read_side

IGNORED, REQUIRED = "ignored", "required"
FULL = frozenset({Code.AT_CAPACITY, Code.AT_DAY_LIMIT, Code.AT_WEEK_LIMIT})


class Replay:
    """The leads of some weeks, one after the other; `add` them by time, then ask for `result`."""

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self.before, self.after = Side(), Side()
        self.found = Found()
        self._counts: dict[int, Counts] = {}
        self._until = setting.until.timestamp()
        self._hours = {key: Hours(found) for key, found in setting.calendars.items()}
        self._rules = [(one, compiled(one.conditions)) for one in setting.rules]
        self._pools = {one.pool_id: table_of(one) for one in setting.pools}
        self._chairs: dict[int, list[tuple[int, Chair]]] = {}
        for pool in self._pools.values():
            for one in pool.chairs:
                self._chairs.setdefault(one.place.user_id, []).append((pool.setting.pool_id, one))
        self._bounds = bounds_of(setting)
        self._limited = [user for user, one in setting.people.items() if one.has_limits]
        self._begin(setting.since)

    def _begin(self, at: datetime) -> None:
        """Stand where the replay stands at this instant."""
        self._at = at
        self._today = at.astimezone(self.setting.zone).date()
        self._passed = sum(moment <= at for moment, _ in self._bounds)
        for user_id in self._chairs:
            self._judge(user_id)

    def begin(self, start: Start) -> None:
        """Let a pool's rotation go on from where it stood; one that is not told begins anew."""
        if start.pool_id in self._pools:
            self._pools[start.pool_id].begin(start)

    def carry(self, lead: Carried) -> None:
        """A lead from before the weeks, with the slot that it takes in them."""
        today = lead.at.astimezone(self.setting.zone).date()
        self._counts.setdefault(lead.user_id, Counts()).add(today)
        freed = None if lead.freed_at is None else lead.freed_at.timestamp()
        since = self.setting.since.timestamp()
        if freed is None or freed > since:
            for side in (self.before, self.after):
                side.carry(lead.user_id, since, freed, until=self._until)
        self._judge(lead.user_id)

    def add(self, past: Past) -> None:
        """The next lead; none came later than it and before."""
        self._advance(past.at)
        self.found.leads += 1
        facts = folded(past.facts)
        rule = next((one for one, holds in self._rules if holds(facts)), None)
        self._as_it_went(past)
        choice = None if rule is None else self._pick(rule, past)
        if rule is None:
            self.found.unmatched += 1
        else:
            self._as_it_would_go(past, rule, choice)
        self._compare(past, rule, None if choice is None else choice.seat.user_id)

    def result(self) -> dict[str, Any]:
        """Figures by the ids of pools, people and handoffs; shares and gaps rounded."""
        for pool_id in self._pools:
            self._share_out(pool_id)
        found = self.found
        moved = [*reversed(found.moved), *reversed(found.nearby)][:MOST_MOVED]
        return {
            "leads": found.leads,
            "unmatched": found.unmatched,
            "elsewhere": found.elsewhere,
            "shifted": found.shifted,
            "pools": [self._pool_figures(pool) for pool in self._pool_ids()],
            "people": self._people_figures(),
            "moved": [list(one) for one in moved],
        }

    def to_data(self) -> dict[str, Any]:
        """Where the replay stands, as JSON."""
        return {
            "at": self._at.isoformat(),
            "before": self.before.to_data(),
            "after": self.after.to_data(),
            "counts": [
                [user, one.day.isoformat(), one.on_day, one.week.isoformat(), one.in_week]
                for user, one in self._counts.items()
            ],
            "pools": [
                [
                    pool_id,
                    pool.sequence,
                    [[one.credit, one.last_picked, one.last_present] for one in pool.chairs],
                ]
                for pool_id, pool in self._pools.items()
            ],
            "found": self.found.to_data(),
        }

    @classmethod
    def resumed(cls, setting: Setting, data: Mapping[str, Any]) -> Replay:
        """Go on where `to_data` left off, in the same setting."""
        replay = cls(setting)
        replay.before, replay.after = read_side(data["before"]), read_side(data["after"])
        replay.found = read_found(data["found"])
        for user, day, on_day, week, in_week in data["counts"]:
            replay._counts[user] = Counts(
                date.fromisoformat(day), on_day, date.fromisoformat(week), in_week
            )
        for pool_id, sequence, members in data["pools"]:
            pool = replay._pools[pool_id]
            pool.sequence = sequence
            for one, (credit, last_picked, last_present) in zip(pool.chairs, members, strict=True):
                one.credit, one.last_picked, one.last_present = credit, last_picked, last_present
            pool.last_round = max((one.last_present for one in pool.chairs), default=0)
        replay._begin(datetime.fromisoformat(data["at"]))
        return replay

    def _advance(self, at: datetime) -> None:
        """Let time pass: slots become free, people come and go, days begin."""
        self._at = at
        seconds = at.timestamp()
        self.before.free(seconds)
        changed = set(self.after.free(seconds))
        while self._passed < len(self._bounds) and self._bounds[self._passed][0] <= at:
            _, user_id = self._bounds[self._passed]
            changed.add(user_id)
            # What was given so far is shared among those who were there.
            for pool_id, _ in self._chairs.get(user_id, ()):
                self._share_out(pool_id)
            self._passed += 1
        today = at.astimezone(self.setting.zone).date()
        if today != self._today:
            self._today = today
            changed.update(self._limited)
        for user_id in changed:
            self._judge(user_id)

    def _judge(self, user_id: int) -> None:
        """See anew whether the person can be picked, as far as the lead does not matter."""
        person = self.setting.people.get(user_id)
        if person is None:
            return
        on_day, in_week = self._counts.setdefault(user_id, Counts()).of(self._today)
        away_until = person.away_until(self._at)
        room = Room(
            open_count=self.after.open[user_id],
            capacity=person.capacity,
            day_count=on_day,
            day_limit=person.day_limit,
            week_count=in_week,
            week_limit=person.week_limit,
        )
        for _, one in self._chairs.get(user_id, ()):
            standing = Standing(
                is_active=one.place.is_active,
                weight=one.place.weight,
                away_until=away_until,
                room=room,
            )
            one.out = excluded(standing, self._at)

    def _pick(self, rule: RuleLine, past: Past) -> Pick | None:
        """Pick as a real lead would be picked for, and settle who pays; None where nobody can."""
        pool = self._pools[rule.pool_id]
        lacking = self._lacking(pool, past)
        seats = []
        for one in pool.chairs:
            place = one.place
            if place.member_id in lacking:
                continue
            if one.out is not None:
                self.found.full[place.user_id] += one.out.code in FULL
                continue
            is_at_work = pool.setting.hours == IGNORED or self._is_at_work(place.user_id, past.at)
            if is_at_work or pool.setting.hours != REQUIRED:
                seats.append(
                    Seat(
                        member_id=place.member_id,
                        user_id=place.user_id,
                        weight=place.weight,
                        credit=one.credit,
                        last_picked=one.last_picked,
                        has_returned=one.last_present < pool.last_round,
                        open_count=self.after.open[place.user_id],
                        is_at_work=is_at_work,
                    )
                )
        choice = choose(pool.setting.strategy, seats, _firsts(rule, past))
        if choice is not None:
            pool.settle(choice, lacking)
        return choice

    def _lacking(self, pool: Table, past: Past) -> set[int]:
        """The members who cannot do what the lead asks for."""
        wanted = pool.setting.skills
        if not wanted or not past.asks:
            return set()
        people = self.setting.people
        return {
            one.place.member_id
            for one in pool.chairs
            if first_lacking(wanted, past.asks, people[one.place.user_id].skills)
        }

    def _is_at_work(self, user_id: int, at: datetime) -> bool:
        calendar_id = self.setting.people[user_id].calendar_id
        return calendar_id is None or self._hours[calendar_id].is_open(at)

    def _as_it_went(self, past: Past) -> None:
        if past.pool_id is None:
            return
        is_missed = past.was_held or self._is_expected_miss(past.user_id, past)
        self.before.route(past.pool_id, is_held=past.was_held, is_missed=is_missed)
        if past.user_id is not None:
            self._give(self.before, Post(past.pool_id, past.user_id), past, is_missed=is_missed)

    def _as_it_would_go(self, past: Past, rule: RuleLine, choice: Pick | None) -> None:
        user_id = None if choice is None else choice.seat.user_id
        is_missed = self._is_expected_miss(user_id, past)
        self.after.route(rule.pool_id, is_held=user_id is None, is_missed=is_missed)
        if user_id is not None:
            self._give(self.after, Post(rule.pool_id, user_id), past, is_missed=is_missed)
            self._counts.setdefault(user_id, Counts()).add(self._today)
            if self.setting.people[user_id].has_limits:
                self._judge(user_id)

    def _give(self, side: Side, post: Post, past: Past, *, is_missed: bool) -> None:
        freed = None if past.freed_at is None else past.freed_at.timestamp()
        side.give(post, is_missed=is_missed)
        side.carry(post.user_id, past.at.timestamp(), freed, until=self._until)

    def _is_expected_miss(self, user_id: int | None, past: Past) -> bool:
        """Whether first contact falls due before the person is next at work; nobody always misses.

        Time off and pauses are no work. A lead to which no contact is promised cannot miss it.
        """
        if user_id is None:
            return True
        person = self.setting.people.get(user_id)
        if person is None or past.due_at is None:
            return False
        moment = past.at
        while moment < past.due_at:
            hours = None if person.calendar_id is None else self._hours[person.calendar_id]
            opening = moment if hours is None else hours.next_open(moment)
            away_until = person.away_until(opening)
            if away_until is None:
                return opening >= past.due_at
            moment = away_until
        return True

    def _compare(self, past: Past, rule: RuleLine | None, user_id: int | None) -> None:
        pool_id = None if rule is None else rule.pool_id
        rule_id = None if rule is None else rule.rule_id
        moved = Moved(past.handoff_id, past.pool_id, past.user_id, pool_id, user_id, rule_id)
        if pool_id != past.pool_id or (user_id is None and not past.was_held):
            self.found.elsewhere += 1
            self.found.moved.append(moved)
        elif user_id != past.user_id and not (user_id is None and past.was_held):
            self.found.shifted += 1
            self.found.nearby.append(moved)

    def _share_out(self, pool_id: int) -> None:
        """Share out what was given so far, before somebody comes or goes."""
        weights = {
            one.place.user_id: one.place.weight
            for one in self._pools[pool_id].chairs
            if one.out is None or one.out.code in FULL
        }
        for side in (self.before, self.after):
            side.share_out(pool_id, weights)

    def _pool_figures(self, pool_id: int) -> dict[str, Any]:
        sides = {"before": self.before, "after": self.after}
        return {
            "pool": pool_id,
            **{
                name: {
                    "leads": side.routed[pool_id],
                    "held": side.held[pool_id],
                    "missed": side.missed[pool_id],
                    "gap": round(side.gap(pool_id), 1),
                }
                for name, side in sides.items()
            },
        }

    def _people_figures(self) -> list[dict[str, Any]]:
        sides = {"before": self.before, "after": self.after}
        got = {name: _by_user(side.got) for name, side in sides.items()}
        fair = {name: _by_user(side.fair) for name, side in sides.items()}
        length = (self.setting.until - self.setting.since).total_seconds()
        people = {user for found in (*got.values(), *fair.values()) for user in found}
        return [
            {
                "user": user_id,
                "full": self.found.full[user_id],
                **{
                    name: {
                        "leads": got[name].get(user_id, 0),
                        "fair": round(fair[name].get(user_id, 0), 1),
                        "missed": side.late[user_id],
                        "peak": side.peak[user_id],
                        "mean": round(side.carried[user_id] / length, 1),
                    }
                    for name, side in sides.items()
                },
            }
            for user_id in sorted(people)
        ]

    def _pool_ids(self) -> list[int]:
        return sorted({*self.before.routed, *self.after.routed})


def _by_user(found: Mapping[Post, float]) -> dict[int, float]:
    sums: dict[int, float] = {}
    for post, value in found.items():
        sums[post.user_id] = sums.get(post.user_id, 0) + value
    return sums


def _firsts(rule: RuleLine, past: Past) -> tuple[int, ...]:
    """Who goes before the rotation where they can be picked, the first of them first."""
    wanted = (
        past.first,
        past.owner if rule.owner_first else None,
        past.earlier if rule.earlier_first else None,
    )
    return tuple(user_id for user_id in wanted if user_id is not None)
