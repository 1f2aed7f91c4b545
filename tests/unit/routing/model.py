"""Smooth weighted round robin as one would write it on a page, to hold the product against."""


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
