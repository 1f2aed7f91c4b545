"""Impact reviews as rows to read, so that what was seen before publishing can be opened later."""

from typing import Any

from django.db import models
from django.http import HttpRequest

from accounts.models import User
from accounts.rules.policy import Action
from core.admin import ReadOnlyAdmin, person, register
from routing.choices import ImpactState
from routing.impact_reviews import shown
from routing.models import ImpactReview, RuleSet


@register(ImpactReview)
class ImpactReviewAdmin(ReadOnlyAdmin):
    # It tells of everybody's load and share, so it is for whoever publishes.
    view_action = Action.CONFIG_EDIT
    list_title = "Impact reviews"
    list_display = ["until", "rules", "weeks", "state", "asked_by"]
    list_select_related = ["ruleset", "asked_by"]
    list_filter = ["state"]
    ordering = ["-id"]
    row_template = "routing/impact_review.html"

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        rows: models.QuerySet[Any] = super().get_queryset(request)
        return rows.select_related("ruleset", "asked_by").defer("result")

    def rules(self, row: ImpactReview) -> str:
        return "draft" if row.ruleset.n is None else f"version {row.ruleset.n}"

    def row_title(self, row: ImpactReview) -> str:
        weeks = "1 week" if row.weeks == 1 else f"{row.weeks} weeks"
        return f"Impact review of {weeks}, {self.rules(row)}"

    def row_context(self, request: HttpRequest, row: ImpactReview) -> dict[str, Any]:
        published = None
        if row.state == ImpactState.DONE:
            versions = RuleSet.objects.filter(seen=row).select_related("published_by")
            published = versions.first()
        return {"impact": shown(row, person(request, User)), "published": published}
