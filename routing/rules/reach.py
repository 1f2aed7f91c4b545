"""Which rules can never be reached: nothing holds for them, or earlier rules take all they ask for.

Conditions become boxes: in each, every fact is left a domain of its own, and the conditions hold
where all facts are inside one of the boxes. What earlier rules take is cut out of a rule's boxes;
a rule that keeps nothing is never reached. Values and ranges are exact. Of two tests for a part of
a text it is known whether one says the other. Where that takes too many boxes, or too much work,
nothing is claimed, so whatever is called unreachable is.

The rules have no problems by `core.conditions.problems`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from operator import methodcaller
from typing import Any, NamedTuple, ParamSpec, TypeVar

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
from routing.rules.domains import TOLD, Domain, Texts, numbers_of, texts_of
from routing.rules.sentences import NO_LABELS, Labels, conditions_words

MOST_BOXES = 100
# For a whole rule set: a step for each test of a box, and for each value, span or part in it.
MOST_WORK = 1_000_000
# A rule for each type there is does not hide another for good: types are added.
GROWING = frozenset({"type"})
IMPOSSIBLE, HIDDEN = "impossible", "hidden"

RuleText = Mapping[str, Any]
P = ParamSpec("P")
T = TypeVar("T")


class Part(NamedTuple):
    """A test for a part of a text: an operator of `contains` and `starts_with`, and the part."""

    field: str
    op: str
    value: str


class _TooMany(Exception):
    """More boxes, or more work, than they are worth."""


@dataclass(slots=True)
class Work:
    """What may still be done for one rule set."""

    left: int = MOST_WORK

    def spend(self, steps: int) -> None:
        self.left -= steps
        if self.left < 0:
            raise _TooMany


@dataclass(frozen=True, slots=True)
class Box:
    """A domain for each fact that is asked for, and for each test for a part whether it holds.

    Whatever is made of a box is made with the `work` that is left for all of them.
    """

    domains: Mapping[str, Domain]
    parts: Mapping[Part, bool]
    work: Work = field(compare=False)

    def within(self, name: str, domain: Domain) -> Box | None:
        """The box with one fact cut down to the domain; None where nothing is left."""
        mine = self.domains.get(name)
        self.work.spend(1 + domain.weight + (0 if mine is None else mine.weight))
        cut = domain if mine is None else mine & domain  # type: ignore[operator]  # of one kind
        return _sound(replace(self, domains={**self.domains, name: cut}), name)

    def having(self, part: Part, is_so: bool) -> Box | None:
        """The box where the part is there, or is not; None where nothing is left."""
        if self.parts.get(part, is_so) is not is_so:
            return None
        self.work.spend(1 + len(self.parts))
        whole = replace(self, parts={**self.parts, part: is_so})
        # Only what is told has parts.
        return whole.within(part.field, TOLD) if is_so else _sound(whole, part.field)


Half = Callable[[Box], Box | None]


def _sound(box: Box, name: str) -> Box | None:
    """The box, or None where nothing can be in it as far as this fact goes."""
    domain = box.domains.get(name)
    parts = {part: is_so for part, is_so in box.parts.items() if part.field == name}
    if parts:
        there, lacking = _of(parts, True), _of(parts, False)
        box.work.spend(len(box.parts) + len(there) * len(lacking))
        if any(_says(one, other) for one in there for other in lacking):
            return None
        if isinstance(domain, Texts) and not domain.is_open:
            box.work.spend(len(parts) * domain.weight)
            domain = _fitting(domain, parts)
            box = replace(box, domains={**box.domains, name: domain})
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


@dataclass(frozen=True, slots=True)
class Reach:
    """The rules that are never reached; from `unproven_from` on there may be more of them."""

    never: tuple[Unreachable, ...]
    unproven_from: int | None = None


def unreachable(
    rules: Sequence[RuleText],
    *,
    choices: Mapping[str, Collection[str]] = NO_CHOICES,
    labels: Labels = NO_LABELS,
) -> Reach:
    """The rules, but for the fallback at the end, that are never reached, in their order.

    A rule is a mapping with its `name` and its `conditions`, in the order in which rules are
    tried. `choices` are the only values that there are, by field: with them the rules for "hot",
    "warm" and "cool" hide a fourth. `labels` are for the sentences.
    """
    base = _closed(choices)
    takes: list[Sequence[Box] | None] = []
    found: list[Unreachable] = []
    unproven_from: int | None = None
    for index, rule in enumerate(rules):
        if index == len(rules) - 1 and not rule["conditions"]:
            break
        boxes = _or_none(_boxes, rule["conditions"], base)
        hiders = _or_none(_hiders, boxes, takes) if boxes else ()
        takes.append(boxes)
        if boxes is not None and not boxes:
            found.append(_impossible(index, rule, labels))
        elif hiders:
            found.append(_hidden(index, rule, hiders, rules))
        elif unproven_from is None and (boxes is None or hiders is None):
            unproven_from = index
    return Reach(tuple(found), unproven_from)


def _or_none(find: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T | None:
    """What is found; None where that takes more than it is worth."""
    try:
        return find(*args, **kwargs)
    except _TooMany:
        return None


def _closed(choices: Mapping[str, Collection[str]]) -> Box:
    domains = {
        name: Texts(frozenset(map(folded_value, values)), is_open=False)
        for name, values in choices.items()
        if name not in GROWING
    }
    return Box(domains, {}, Work())


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


def _hiders(boxes: Sequence[Box], earlier: Sequence[Sequence[Box] | None]) -> tuple[int, ...]:
    """The earlier rules that leave nothing of these boxes, one where one is enough."""
    known = [(index, takes) for index, takes in enumerate(earlier) if takes]
    for index, takes in known:
        if not _without(boxes, takes):
            return (index,)
    hiders = _together(boxes, known)
    # Once more from the other end: without those that only helped.
    fewer = [one for one in reversed(known) if one[0] in hiders]
    return tuple(sorted(_together(boxes, fewer)))


def _together(boxes: Sequence[Box], known: Sequence[tuple[int, Sequence[Box]]]) -> tuple[int, ...]:
    """Those that took something, where nothing is left in the end."""
    took = []
    for index, takes in known:
        left = _without(boxes, takes)
        if left != boxes:
            took.append(index)
        boxes = left
    return () if boxes else tuple(took)


def _without(boxes: Sequence[Box], taken: Iterable[Box]) -> Sequence[Box]:
    """What is left of the boxes when others are cut out of them."""
    for other in taken:
        other.work.spend(len(boxes))
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


def _boxes(conditions: Conditions, base: Box) -> list[Box]:
    """The part of the base in which the conditions hold."""
    if not conditions:
        return [base]
    if "field" in conditions:
        box = _tested(base, conditions)
        return [] if box is None else [box]
    ((group, members),) = conditions.items()
    if group == "any":
        return _few(_boxes(member, base) for member in members)
    boxes = [base]
    for member in members:
        boxes = _few(_boxes(member, box) for box in boxes)
    return boxes


def _few(found: Iterable[list[Box]]) -> list[Box]:
    boxes: list[Box] = []
    for some in found:
        boxes += some
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
