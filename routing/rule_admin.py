"""Rule sets as pages: read, drafted, published having seen what changes, and brought back."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.http import Http404, HttpRequest
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from core.admin import ConfigAdmin, Dialog, person, register
from core.errors import Conflict
from core.vocabulary import choices, known_values
from core.words import counted
from routing import services
from routing.choices import RuleSetState
from routing.impact_reviews import shown_review
from routing.models import ImpactReview, RuleSet
from routing.rule_forms import (
    BringBackForm,
    DraftForm,
    PublishForm,
    ReviewForm,
    RuleSetForm,
)
from routing.rule_lines import (
    compared,
    draft_rules,
    empty_pools,
    left_to_fallback,
    lines_of,
    problem_lines,
    unproven_words,
)
from routing.rules.differences import differences
from routing.rules.rule_sets import checked
from routing.services import impact_reviews
from routing.services.rule_sets import in_force, specs_of, version_of


def title_of(ruleset: RuleSet) -> str:
    return "Draft" if ruleset.n is None else f"Version {ruleset.n}"


def list_page(row: Any) -> str:
    return reverse("admin:routing_ruleset_changelist")


def publish_page(row: Any) -> str:
    return reverse("admin:routing_ruleset_publish")


def has_draft(row: Any) -> bool:
    return draft_rules() is not None


def is_replaced(row: RuleSet) -> bool:
    return row.state == RuleSetState.RETIRED


def edit_arguments(request: HttpRequest, row: None) -> dict[str, Any]:
    """The draft where there is one, else the rules in force."""
    draft, current = draft_rules(), in_force()
    opened = draft or current
    return {
        "draft": draft,
        "opened": specs_of(opened) if opened else (),
        "since": version_of(current),
    }


def save(request: HttpRequest, row: None, values: dict[str, Any]) -> str:
    services.save_draft(
        rules=values["rules"],
        **draft_said_of(values),
        since=values["since"],
        by=person(request, User),
        now=timezone.now(),
    )
    return "The draft is saved. It routes nothing until it is published."


def draft_said_of(values: dict[str, Any]) -> dict[str, Any]:
    return {"saves": values["saves"], "draft_id": values["draft"]}


def edit_context(request: HttpRequest, row: None, form: RuleSetForm) -> dict[str, Any]:
    """The page of an edit: every rule in words as it would be, and all that may be written."""
    current = in_force()
    before = [] if current is None else lines_of(specs_of(current), labels=form.labels)
    after = lines_of(form.specs, labels=form.labels) if form.is_whole else []
    kept = iter(after)
    return {
        "lines": [(part, None if part.is_taken_out else next(kept, None)) for part in form.parts],
        "fallback_line": after[-1] if after else None,
        "told": differences(before, after).words if form.is_whole else None,
        "values": known_values(),
        "current": current,
        "has_draft": bool(form["saves"].value()) and str(form["saves"].value()) != "0",
    }


def publish_arguments(request: HttpRequest, row: None) -> dict[str, Any]:
    draft, current = draft_rules(), in_force()
    since = version_of(current)
    if draft is None:
        return {"initial": {"since": since}}
    return {"initial": {"saves": draft.saves, "draft": draft.pk, "since": since}}


def publish(request: HttpRequest, row: None, values: dict[str, Any]) -> str:
    seen = values["seen"]
    review = None if seen is None else ImpactReview.objects.filter(pk=seen).first()
    if seen is not None and review is None:
        raise Conflict("This impact review is not there any more. Look at the page again.")
    version = services.publish_draft(
        **draft_said_of(values),
        since=values["since"],
        seen=review,
        by=person(request, User),
        now=timezone.now(),
    )
    looked = "Kept with it: the impact review" if review else "Published without an impact review"
    return (
        f"Version {version.n} is in force for every lead handed off from now on. {looked}. "
        "What is handed off already stays where it is."
    )


def publish_context(request: HttpRequest, row: None, form: PublishForm) -> dict[str, Any]:
    """All that should be seen before publishing: sentences, differences, what blocks it."""
    draft, current = draft_rules(), in_force()
    if draft is None:
        return {"draft": None, "current": current}
    specs = specs_of(draft)
    found = checked(specs, choices=choices())
    impact = shown_review(draft, person(request, User))
    return {
        "draft": draft,
        "current": current,
        "told": compared(current, specs),
        "impact": impact,
        "seen": impact.seen,
        "problems": problem_lines(found.problems, len(specs)),
        "unproven": unproven_words(found),
        "empty_pools": empty_pools(specs),
        "left": None if found.problems else left_to_fallback(specs, now=timezone.now()),
        "next_n": (RuleSet.objects.aggregate(last=models.Max("n"))["last"] or 0) + 1,
        "review_form": ReviewForm(),
    }


def ask_for_review(request: HttpRequest, row: None, values: dict[str, Any]) -> str:
    draft = draft_rules()
    if draft is None:
        raise Conflict("There is no draft any more. Nothing was changed.")
    impact_reviews.ask_for_review(
        ruleset=draft, weeks=values["weeks"], by=person(request, User), now=timezone.now()
    )
    return "The impact review is being made; it shows on this page when it is done."


def discard_arguments(request: HttpRequest, row: None) -> dict[str, Any]:
    draft = draft_rules()
    return {} if draft is None else {"initial": {"saves": draft.saves, "draft": draft.pk}}


def discard(request: HttpRequest, row: None, values: dict[str, Any]) -> str:
    services.discard_draft(**draft_said_of(values), by=person(request, User), now=timezone.now())
    return "The draft is gone. The rules in force stay as they are."


def bring_back_arguments(request: HttpRequest, row: RuleSet) -> dict[str, Any]:
    if not is_replaced(row):
        raise Http404
    return {"initial": {"since": version_of(in_force())}}


def bring_back(request: HttpRequest, row: RuleSet, values: dict[str, Any]) -> str:
    by, now = person(request, User), timezone.now()
    if values["draft"]:
        services.save_draft(rules=specs_of(row), based_on=row, saves=0, by=by, now=now)
        return f"The draft says what version {row.n} said. It routes nothing until it is published."
    version = services.bring_back(version=row, since=values["since"], by=by, now=now)
    return (
        f"Version {version.n} is in force and says what version {row.n} said, for every lead "
        "handed off from now on."
    )


def bring_back_context(request: HttpRequest, row: RuleSet, form: BringBackForm) -> dict[str, Any]:
    specs, current = specs_of(row), in_force()
    found = checked(specs, choices=choices())
    return {
        "told": compared(current, specs),
        "current": current,
        "problems": problem_lines(found.problems, len(specs)),
        "unproven": unproven_words(found),
        "empty_pools": empty_pools(specs),
        "draft": draft_rules(),
        "next_n": (RuleSet.objects.aggregate(last=models.Max("n"))["last"] or 0) + 1,
    }


@register(RuleSet)
class RuleSetAdmin(ConfigAdmin):
    list_title = "Routing rules"
    list_display = [
        "version",
        "state_now",
        "published_at",
        "published_by",
        "base",
        "what_was_seen",
    ]
    list_select_related = ["published_by", "based_on", "seen"]
    list_filter = ["state"]
    ordering = ["-pk"]
    row_template = "routing/rule_set.html"
    dialogs = [
        Dialog(
            "discard",
            "Discard the draft",
            discard,
            DraftForm,
            of_list=True,
            title="Discard the draft",
            is_danger=True,
            is_shown=has_draft,
            arguments=discard_arguments,
            consequence="The draft and the impact reviews of it are forgotten. "
            "The rules in force stay as they are.",
        ),
        Dialog(
            "publish",
            "Publish the draft",
            publish,
            PublishForm,
            of_list=True,
            is_page=True,
            is_shown=has_draft,
            template="routing/rule_publish.html",
            arguments=publish_arguments,
            more=publish_context,
        ),
        Dialog(
            "review",
            "Run impact review",
            ask_for_review,
            ReviewForm,
            of_list=True,
            is_shown=lambda row: False,
            back=publish_page,
            consequence="Runs in the background; nothing is assigned and no turn is used.",
        ),
        Dialog(
            "edit",
            "Edit the rules",
            save,
            RuleSetForm,
            of_list=True,
            is_main=True,
            is_page=True,
            template="routing/rule_edit.html",
            arguments=edit_arguments,
            more=edit_context,
            back=publish_page,
        ),
        Dialog(
            "back",
            "Bring back",
            bring_back,
            BringBackForm,
            is_page=True,
            is_shown=is_replaced,
            template="routing/rule_back.html",
            arguments=bring_back_arguments,
            more=bring_back_context,
            back=list_page,
        ),
    ]

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        rows: models.QuerySet[Any] = super().get_queryset(request)
        found = rows.select_related("published_by", "edited_by", "based_on", "seen")
        return found.defer("seen__result")

    def version(self, row: RuleSet) -> str:
        return title_of(row)

    def state_now(self, row: RuleSet) -> str:
        is_in_force = row.state == RuleSetState.PUBLISHED
        return "In force" if is_in_force else row.get_state_display()

    state_now.short_description = "state"  # type: ignore[attr-defined]  # read by Django

    def base(self, row: RuleSet) -> str:
        return "" if row.based_on is None else title_of(row.based_on)

    base.short_description = "based on"  # type: ignore[attr-defined]  # read by Django

    def what_was_seen(self, row: RuleSet) -> str:
        if row.state == RuleSetState.DRAFT:
            return ""
        return f"{counted(row.seen.weeks, 'week')} replayed" if row.seen else "no impact review"

    what_was_seen.short_description = "seen before"  # type: ignore[attr-defined]  # read by Django

    def row_title(self, row: RuleSet) -> str:
        return f"Routing rules, {title_of(row).lower()}"

    def row_context(self, request: HttpRequest, row: RuleSet) -> dict[str, Any]:
        current, specs = in_force(), specs_of(row)
        is_current = current is not None and current.pk == row.pk
        return {
            "told": compared(None if is_current else current, specs),
            "is_current": is_current,
            "current": current,
            "lines": lines_of(specs),
            "draft": draft_rules(),
            "may_edit": self.may_edit(request, row),
            "impact": shown_review(row, person(request, User)),
        }
