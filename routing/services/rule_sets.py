"""Rule sets: one version after the other, exactly one in force, and one draft at most.

What was published never changes. A draft becomes the next version when it is published.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, NotRequired, TypedDict

from django.db import IntegrityError, transaction
from django.db.models import F, Max, QuerySet

from accounts.models import User
from accounts.rules.policy import Action, allows
from core.errors import Conflict, FieldProblem, NotPermitted, Refused
from core.vocabulary import choices
from routing.choices import ImpactState, RuleSetState
from routing.models import ImpactReview, Pool, Rule, RuleSet
from routing.rules.rule_sets import draft_problems, publish_problems


class InvalidRules(Refused):
    """The rules cannot be kept or published; `problems` names every place and the fix."""

    code = "invalid_rules"
    title = "These rules cannot be published yet"


class RulesChanged(Conflict):
    """Somebody else published at the same moment, or since the rules were looked at."""

    code = "rules_changed"
    title = "Other rules were published in the meantime"


class DraftChanged(Conflict):
    """The draft is not the one that was looked at: saved again, published or discarded."""

    code = "draft_changed"
    title = "The draft has changed in the meantime"


class RuleSpec(TypedDict):
    """One line of a rule set; without conditions it is the fallback, which comes last.

    `owner_first` and `earlier_first` say who goes before the rotation when eligible: whoever looks
    after the company, and the receiver of the lead's earlier handoff.
    """

    name: str
    conditions: Mapping[str, Any]
    pool: Pool
    owner_first: NotRequired[bool]
    earlier_first: NotRequired[bool]


def specs_of(ruleset: RuleSet) -> list[RuleSpec]:
    """The set's rules in their order, as they would be written again."""
    return [
        RuleSpec(
            name=rule.name,
            conditions=rule.conditions,
            pool=rule.pool,
            owner_first=rule.owner_first,
            earlier_first=rule.earlier_first,
        )
        for rule in Rule.objects.filter(ruleset=ruleset).select_related("pool").order_by("position")
    ]


def publish_rule_set(*, rules: Sequence[RuleSpec], by: User | None, now: datetime) -> RuleSet:
    """Put these rules, in this order, in force in the place of the present ones.

    A draft stays as it is. Raises NotPermitted, InvalidRules, or RulesChanged where another set
    came first.
    """
    _permit(by)
    _refuse(_publish_problems(rules))
    return _first_come(lambda: _publish_new(rules, by=by, now=now))


def save_draft(
    *,
    rules: Sequence[RuleSpec],
    by: User | None,
    now: datetime,
    saves: int,
    draft_id: int | None = None,
    based_on: RuleSet | None = None,
    since: int | None = None,
) -> RuleSet:
    """Keep the rules as the draft, which routes nothing until it is published.

    It may be incomplete; only what could not be read again is refused. `saves` is how often the
    draft that was looked at had been saved, 0 for none, and `draft_id` which one it was. A new
    draft is based on `based_on`, by default what is in force, which by `since` must still be that
    version, 0 for none; an old draft keeps its own. Impact reviews of an earlier state stay, and no
    longer tell of this one.

    Raises NotPermitted, InvalidRules, and DraftChanged where there is another draft by now, or
    another version than the new draft was made from.
    """
    _permit(by)
    _refuse(draft_problems(rules))
    try:
        if saves:
            return _save_again(rules, _looked_at(saves, draft_id), by=by, now=now)
        return _save_new(rules, by=by, now=now, based_on=based_on, since=since)
    except IntegrityError as error:
        raise _draft_changed() from error


@transaction.atomic
def _save_new(
    rules: Sequence[RuleSpec],
    *,
    by: User | None,
    now: datetime,
    based_on: RuleSet | None,
    since: int | None,
) -> RuleSet:
    current = in_force()
    if since is not None and since != version_of(current):
        raise _draft_changed()
    # A second draft is refused by the table.
    made = RuleSet.objects.create(
        saves=1, based_on=based_on or current, edited_by=by, edited_at=now
    )
    _write_rules(made, rules)
    return made


@transaction.atomic
def _save_again(
    rules: Sequence[RuleSpec], looked_at: QuerySet[RuleSet], *, by: User | None, now: datetime
) -> RuleSet:
    draft = _take(looked_at, saves=F("saves") + 1, edited_by=by, edited_at=now)
    draft.rules.all().delete()
    _write_rules(draft, rules)
    return draft


def publish_draft(
    *,
    by: User | None,
    now: datetime,
    saves: int,
    draft_id: int | None = None,
    seen: ImpactReview | None = None,
    since: int | None = None,
) -> RuleSet:
    """Put the draft in force as the next version, as it was looked at.

    `saves` and `draft_id` as in `save_draft`; `since` is the version that was in force, 0 for none.
    `seen` is the impact review that was looked at, kept for good; one of an earlier state of the
    draft, or one that is not done, is refused.

    Raises NotPermitted, InvalidRules, DraftChanged, and RulesChanged where another set came first.
    """
    _permit(by)
    looked_at = _looked_at(saves, draft_id)
    return _first_come(lambda: _publish_draft(looked_at, by=by, now=now, seen=seen, since=since))


@transaction.atomic
def _publish_draft(
    looked_at: QuerySet[RuleSet],
    *,
    by: User | None,
    now: datetime,
    seen: ImpactReview | None,
    since: int | None,
) -> RuleSet:
    # Written first: from here on nobody else saves this draft or publishes it.
    draft = _take(looked_at, edited_at=F("edited_at"))
    _refuse(_publish_problems(specs_of(draft)))
    if seen is not None:
        _refuse_void(seen, draft)
    draft.n = _retire(since)
    draft.state = RuleSetState.PUBLISHED
    draft.published_at, draft.published_by, draft.seen = now, by, seen
    draft.save(update_fields=["n", "state", "published_at", "published_by", "seen"])
    return draft


def discard_draft(
    *, by: User | None, now: datetime, saves: int, draft_id: int | None = None
) -> None:
    """Forget the draft with the impact reviews of it. Raises NotPermitted and DraftChanged."""
    _permit(by)
    try:
        _discard(_looked_at(saves, draft_id), by=by, now=now)
    except IntegrityError as error:
        # An impact review was asked for in that moment.
        raise _draft_changed() from error


@transaction.atomic
def _discard(looked_at: QuerySet[RuleSet], *, by: User | None, now: datetime) -> None:
    draft = _take(looked_at, edited_by=by, edited_at=now)
    ImpactReview.objects.filter(ruleset=draft).delete()
    draft.rules.all().delete()
    draft.delete()


def bring_back(
    *, version: RuleSet, by: User | None, now: datetime, since: int | None = None
) -> RuleSet:
    """Publish the rules of an older version again, as the next version; a draft stays as it is.

    `since` as in `publish_draft`. Raises NotPermitted, InvalidRules where the old rules would be
    refused today, Conflict where the version is in force or a draft, and RulesChanged.
    """
    _permit(by)
    if version.state != RuleSetState.RETIRED:
        raise Conflict("Only a version that was replaced can be brought back.")
    rules = specs_of(version)
    _refuse(_publish_problems(rules))
    return _first_come(lambda: _publish_new(rules, by=by, now=now, based_on=version, since=since))


@transaction.atomic
def _publish_new(
    rules: Sequence[RuleSpec],
    *,
    by: User | None,
    now: datetime,
    based_on: RuleSet | None = None,
    since: int | None = None,
) -> RuleSet:
    made = RuleSet.objects.create(
        n=_retire(since),
        state=RuleSetState.PUBLISHED,
        published_at=now,
        published_by=by,
        based_on=based_on,
    )
    _write_rules(made, rules)
    return made


def in_force() -> RuleSet | None:
    return RuleSet.objects.filter(state=RuleSetState.PUBLISHED).first()


def version_of(current: RuleSet | None) -> int:
    """The number of what is in force, as it is said by `since`: 0 where nothing is."""
    return 0 if current is None or current.n is None else current.n


def _looked_at(saves: int, draft_id: int | None) -> QuerySet[RuleSet]:
    """The draft as it was looked at, where it is still like that."""
    drafts = RuleSet.objects.filter(state=RuleSetState.DRAFT, saves=saves)
    return drafts if draft_id is None else drafts.filter(pk=draft_id)


def _take(looked_at: QuerySet[RuleSet], **changes: Any) -> RuleSet:
    """Change the draft in one conditional statement, which no other writer comes between."""
    if not looked_at.update(**changes):
        raise _draft_changed()
    return RuleSet.objects.get(state=RuleSetState.DRAFT)


def _publish_problems(rules: Sequence[RuleSpec]) -> list[FieldProblem]:
    return publish_problems(rules, choices=choices())


def _retire(since: int | None) -> int:
    """End what is in force; the number of the version that comes after it.

    Where `since` says which version that must be, another one is left in force. Then, and where
    two publish at once, the table refuses the new one: one number, one set in force.
    """
    # First the number. A later look could see a version that the update below did not: with that
    # one still in force and the number after it taken, two would wait for one another.
    last: int = RuleSet.objects.aggregate(last=Max("n"))["last"] or 0
    current = RuleSet.objects.filter(state=RuleSetState.PUBLISHED)
    if since is not None:
        current = current.filter(n=since)
    current.update(state=RuleSetState.RETIRED)
    return last + 1


def _write_rules(ruleset: RuleSet, rules: Sequence[RuleSpec]) -> None:
    Rule.objects.bulk_create(
        Rule(
            ruleset=ruleset,
            position=position,
            name=rule["name"].strip(),
            conditions=rule["conditions"],
            pool=rule["pool"],
            owner_first=rule.get("owner_first", False),
            earlier_first=rule.get("earlier_first", False),
        )
        for position, rule in enumerate(rules, start=1)
    )


def _first_come(publish: Callable[[], RuleSet]) -> RuleSet:
    try:
        return publish()
    except IntegrityError as error:
        raise _rules_changed() from error


def _permit(by: User | None) -> None:
    if by is not None and not allows(by.roles, Action.CONFIG_EDIT, frozenset()):
        raise NotPermitted("Only a RevOps admin can publish rules.")


def _refuse(found: Sequence[FieldProblem]) -> None:
    if found:
        raise InvalidRules(" ".join(problem.message for problem in found), problems=found)


def _refuse_void(seen: ImpactReview, draft: RuleSet) -> None:
    is_of_draft = seen.ruleset_id == draft.pk and seen.saves == draft.saves
    if not is_of_draft or seen.state != ImpactState.DONE:
        message = "The impact review is not of this draft as it is now. Run it again."
        _refuse([FieldProblem("seen", "review_void", message)])


def _rules_changed() -> RulesChanged:
    return RulesChanged(
        "Somebody else has published rules meanwhile. Nothing was changed: look at the rules now "
        "in force, then publish yours again."
    )


def _draft_changed() -> DraftChanged:
    return DraftChanged(
        "Somebody else has saved, published or discarded a draft meanwhile. Nothing was changed: "
        "open the rules again and make your change there."
    )
