"""Which rules can never be reached: nothing holds for them, or earlier rules take all they ask for.

Conditions become boxes: in each, every fact is left a domain of its own, and the conditions hold
where all facts are inside one of the boxes. What earlier rules take is cut out of a rule's boxes;
a rule that keeps nothing is never reached. Values and ranges are exact. Of two tests for a part of
a text it is known whether one says the other. Where conditions make too many boxes nothing is
claimed, so whatever is called unreachable is.

The rules have no problems by `core.conditions.problems`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import methodcaller
from typing import Any, NamedTuple

from core.conditions import (
    FIELDS,
    NO_CHOICES,
    OPERATORS,
    Conditions,
    Facts,
    Kind,
    asked_value,
    compiled,
    folded,
    folded_value,
)
from core.errors import FieldProblem
from core.words import counted
from routing.rules.domains import ANY_TEXT, TOLD, Domain, Texts, numbers_of, texts_of
from routing.rules.sentences import NO_LABELS, Labels, conditions_words

MOST_BOXES = 100
# Of one box out of another, for a whole rule set; what a hundred plain rules need is a tenth.
MOST_CUTS = 100_000
# A rule for each type there is does not hide another for good: types are added.
GROWING = frozenset({"type"})
IMPOSSIBLE, HIDDEN = "impossible", "hidden"

RuleText = Mapping[str, Any]


class Part(NamedTuple):
    """A test for a part of a text: an operator of `contains` and `starts_with`, and the part."""

    field: str
    op: str
    value: str


class _TooMany(Exception):
    """More boxes than are worth looking at."""


@dataclass(frozen=True, slots=True)
class Box:
    """A domain for each fact that is asked for, and for each test for a part whether it holds."""

    domains: Mapping[str, Domain] = field(default_factory=dict)
    parts: Mapping[Part, bool] = field(default_factory=dict)

    def within(self, name: str, domain: Domain) -> Box | None:
        """The box with one fact cut down to the domain; None where nothing is left."""
        mine = self.domains.get(name)
        cut = domain if mine is None else mine & domain  # type: ignore[operator]  # of one kind
        return _sound(Box({**self.domains, name: cut}, self.parts), name)

    def having(self, part: Part, is_so: bool) -> Box | None:
        """The box where the part is there, or is not; None where nothing is left."""
        if self.parts.get(part, is_so) is not is_so:
            return None
        domains = self.domains
        if is_so:
            # Only what is told has parts.
            told = domains.get(part.field, ANY_TEXT) & TOLD  # type: ignore[operator]  # a text
            domains = {**domains, part.field: told}
        return _sound(Box(domains, {**self.parts, part: is_so}), part.field)


Half = Callable[[Box], Box | None]


def _sound(box: Box, name: str) -> Box | None:
    """The box, or None where nothing can be in it as far as this fact goes."""
    domain = box.domains.get(name)
    parts = {part: is_so for part, is_so in box.parts.items() if part.field == name}
    if parts:
        if any(_says(one, other) for one in _of(parts, True) for other in _of(parts, False)):
            return None
        if isinstance(domain, Texts) and not domain.is_open:
            domain = _fitting(domain, parts)
            box = Box({**box.domains, name: domain}, box.parts)
    return None if domain is not None and domain.is_empty else box


def _of(parts: Mapping[Part, bool], is_so: bool) -> list[Part]:
    return [part for part, holds in parts.items() if holds is is_so]


def _says(one: Part, other: Part) -> bool:
    """Whether the first cannot hold without the second: "starts with web" says "contains eb"."""
    if other.op == "starts_with":
        return one.op == "starts_with" and one.value.startswith(other.value)
    return other.value in one.value


def _fitting(texts: Texts, parts: Mapping[Part, bool]) -> Texts:
    fits = (
        text
        for text in texts.values
        if all(OPERATORS[part.op](text, part.value) is is_so for part, is_so in parts.items())
    )
    return Texts(frozenset(fits), is_open=False)


@dataclass(frozen=True, slots=True)
class Unreachable:
    """A rule that no lead falls under, counted from 0, and why in a sentence.

    `hidden_by` are the earlier rules that take all it asks for; none where it holds for no lead.
    """

    index: int
    name: str
    code: str
    message: str
    hidden_by: tuple[int, ...] = ()

    @property
    def problem(self) -> FieldProblem:
        return FieldProblem(f"rules[{self.index}].conditions", "unreachable", self.message)


def unreachable(
    rules: Sequence[RuleText],
    *,
    choices: Mapping[str, Collection[str]] = NO_CHOICES,
    labels: Labels = NO_LABELS,
) -> list[Unreachable]:
    """The rules, but for the fallback at the end, that are never reached, in their order.

    A rule is a mapping with its `name` and its `conditions`, in the order in which rules are
    tried. `choices` are the only values that there are, by field: with them the rules for "hot",
    "warm" and "cool" hide a fourth. `labels` are for the sentences.
    """
    base = _closed(choices)
    takes = [_boxes_or_none(rule["conditions"], base) for rule in rules]
    cutting = _Cutting()
    found = []
    for index, rule in enumerate(rules):
        boxes = takes[index]
        is_fallback = index == len(rules) - 1 and not rule["conditions"]
        if boxes is None or is_fallback:
            continue
        if not boxes:
            found.append(_impossible(index, rule, labels))
        elif hiders := cutting.hiders(boxes, takes[:index]):
            found.append(_hidden(index, rule, hiders, rules))
    return found


def _closed(choices: Mapping[str, Collection[str]]) -> Box:
    domains = {
        name: Texts(frozenset(map(folded_value, values)), is_open=False)
        for name, values in choices.items()
        if name not in GROWING
    }
    return Box(domains)


def _impossible(index: int, rule: RuleText, labels: Labels) -> Unreachable:
    words = conditions_words(rule["conditions"], labels=labels)
    message = (
        f"\u201c{rule['name']}\u201d holds for no lead, because its conditions contradict each "
        f"other: {words}. Change one of them, or take the rule out."
    )
    return Unreachable(index, rule["name"], IMPOSSIBLE, message)


def _hidden(
    index: int, rule: RuleText, hiders: tuple[int, ...], rules: Sequence[RuleText]
) -> Unreachable:
    names = [f"rule {one + 1}, \u201c{rules[one]['name']}\u201d" for one in hiders]
    if len(names) == 1:
        taken = f"{names[0]}, comes before it and takes every lead that it asks for"
    else:
        taken = f"{'; '.join(names)} come before it and together take every lead that it asks for"
    message = (
        f"\u201c{rule['name']}\u201d is never reached: {taken}. Move it up, or take the rule out."
    )
    return Unreachable(index, rule["name"], HIDDEN, message, hiders)


@dataclass(slots=True)
class _Cutting:
    """Cuts boxes out of boxes until the work gets too much."""

    left: int = MOST_CUTS

    def hiders(
        self, boxes: Sequence[Box], earlier: Sequence[Sequence[Box] | None]
    ) -> tuple[int, ...]:
        """The earlier rules that leave nothing of these boxes, one where one is enough."""
        known = [(index, takes) for index, takes in enumerate(earlier) if takes]
        try:
            for index, takes in known:
                if not self._without(boxes, takes):
                    return (index,)
            hiders = self._together(boxes, known)
            # Once more from the other end: without those that only helped.
            fewer = [one for one in reversed(known) if one[0] in hiders]
            return tuple(sorted(self._together(boxes, fewer)))
        except _TooMany:
            return ()

    def _together(
        self, boxes: Sequence[Box], known: Sequence[tuple[int, Sequence[Box]]]
    ) -> tuple[int, ...]:
        """Those that took something, where nothing is left in the end."""
        took = []
        for index, takes in known:
            left = self._without(boxes, takes)
            if left != boxes:
                took.append(index)
            boxes = left
        return () if boxes else tuple(took)

    def _without(self, boxes: Sequence[Box], taken: Iterable[Box]) -> Sequence[Box]:
        """What is left of the boxes when others are cut out of them."""
        for other in taken:
            self.left -= len(boxes)
            if self.left < 0:
                raise _TooMany
            boxes = [piece for box in boxes for piece in _cut(box, other)]
        return boxes


def _cut(box: Box, other: Box) -> list[Box]:
    """The box without what is in the other one too, in pieces that do not overlap.

    Each piece is outside in one respect and inside in those that were looked at before it.
    """
    pieces, rest = [], box
    for inside, outside in _halves(other):
        if (piece := outside(rest)) is not None:
            pieces.append(piece)
        if (within := inside(rest)) is None:
            return [box]
        rest = within
    return pieces


def _halves(box: Box) -> Iterator[tuple[Half, Half]]:
    """For each respect in which something is in the box or not, what keeps either side of it."""
    for name, domain in box.domains.items():
        yield methodcaller("within", name, domain), methodcaller("within", name, ~domain)
    for part, is_so in box.parts.items():
        yield methodcaller("having", part, is_so), methodcaller("having", part, not is_so)


def _boxes_or_none(conditions: Conditions, base: Box) -> list[Box] | None:
    """Where the conditions hold; None where that takes more boxes than are worth looking at."""
    try:
        return _boxes(conditions, base)
    except _TooMany:
        return None


def _boxes(conditions: Conditions, base: Box) -> list[Box]:
    """The part of the base in which the conditions hold."""
    if not conditions:
        return [base]
    if "field" in conditions:
        box = _tested(base, conditions)
        return [] if box is None else [box]
    ((group, members),) = conditions.items()
    if group == "any":
        return _few([box for member in members for box in _boxes(member, base)])
    boxes = [base]
    for member in members:
        boxes = _few([inner for box in boxes for inner in _boxes(member, box)])
    return boxes


def _few(boxes: list[Box]) -> list[Box]:
    if len(boxes) > MOST_BOXES:
        raise _TooMany
    return boxes


def _tested(base: Box, test: Conditions) -> Box | None:
    """The part of the base in which a test holds."""
    name, op, value = test["field"], test["op"], asked_value(test)
    if op in ("contains", "starts_with"):
        return base.having(Part(name, op, value), True)
    if FIELDS[name] is Kind.NUMBER:
        return base.within(name, numbers_of(op, value))
    return base.within(name, texts_of(op, value))


@dataclass(frozen=True, slots=True)
class LeftOver:
    """Which of some leads no rule before the fallback takes."""

    asked: int
    count: int
    examples: tuple[Any, ...]

    @property
    def words(self) -> str:
        if not self.asked:
            return "There are no leads yet to try the rules on."
        if not self.count:
            return f"No lead of {self.asked:,} is left to the fallback."
        return f"Only the fallback takes {self.count:,} of {counted(self.asked, 'lead')}."


def left_over(
    rules: Sequence[RuleText], leads: Iterable[tuple[Any, Facts]], *, most: int = 5
) -> LeftOver:
    """Of the leads, each with what it is called by, those that only the fallback takes.

    The fallback is the last rule, without conditions; `most` of the leads are named.
    """
    checks = [compiled(rule["conditions"]) for rule in rules if rule["conditions"]]
    asked, count = 0, 0
    examples: list[Any] = []
    for lead, facts in leads:
        asked += 1
        known = folded(facts)
        if not any(check(known) for check in checks):
            count += 1
            if len(examples) < most:
                examples.append(lead)
    return LeftOver(asked, count, tuple(examples))
