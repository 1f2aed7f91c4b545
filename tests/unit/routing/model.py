"""The router as one would write it on a page, to hold the product against."""

from fractions import Fraction


class Rotation:
    """Members by id; every step says who is eligible, and who of the others is merely busy."""

    def __init__(self, weights):
        self.weight = dict(weights)
        self.credit = dict.fromkeys(self.weight, 0)
        self.last = dict.fromkeys(self.weight, 0)
        self.there = set()
        self.turns = 0

    def step(self, eligible, *, busy=(), first=None):
        if not eligible:
            return None
        total = sum(self.weight[one] for one in eligible)
        for one in eligible:
            if one not in self.there:
                self.credit[one] = sorted([-total, self.credit[one], total])[1]
        for one in eligible:
            self.credit[one] += self.weight[one]
        best = max(self.credit[one] for one in eligible)
        leaders = [one for one in eligible if self.credit[one] == best]
        chosen = first if first in eligible else min(leaders, key=lambda one: (self.last[one], one))
        self.credit[chosen] -= total
        self.turns += 1
        self.last[chosen] = self.turns
        self.there = set(eligible) | (self.there & set(busy))
        return chosen


class FewestOpen:
    """The other strategy: who has the fewest open leads for their weight, then waits longest."""

    def __init__(self, weights):
        self.weight = dict(weights)
        self.open = dict.fromkeys(self.weight, 0)
        self.last = dict.fromkeys(self.weight, 0)
        self.turns = 0

    def step(self, eligible, *, first=None):
        if not eligible:
            return None
        by_need = sorted(
            eligible,
            key=lambda one: (Fraction(self.open[one], self.weight[one]), self.last[one], one),
        )
        chosen = first if first in eligible else by_need[0]
        self.turns += 1
        self.last[chosen] = self.turns
        self.open[chosen] += 1
        return chosen


class Person:
    """What a model knows of somebody: hours, skills and limits, each as plainly as it can be."""

    def __init__(self):
        self.is_away = False
        self.is_at_work = True
        self.skills = set()
        self.capacity = self.day_limit = self.week_limit = None
        self.open = 0
        self.got = []

    def got_on(self, day):
        return sum(one == day for one in self.got)

    def got_in_week_of(self, day):
        return sum(one.isocalendar()[:2] == day.isocalendar()[:2] for one in self.got)

    def is_full(self, day):
        counts = [
            (self.open, self.capacity),
            (self.got_on(day), self.day_limit),
            (self.got_in_week_of(day), self.week_limit),
        ]
        return any(limit is not None and count >= limit for count, limit in counts)

    def is_eligible(self, day, *, hours, language):
        has_hours = self.is_at_work or hours != "required"
        has_skill = language is None or language in self.skills
        return not self.is_away and has_hours and has_skill and not self.is_full(day)


def asked_first(people, eligible, *, hours):
    """Those of the eligible among whom the strategy decides."""
    at_work = {one for one in eligible if people[one].is_at_work}
    return at_work if hours == "preferred" and at_work else set(eligible)
