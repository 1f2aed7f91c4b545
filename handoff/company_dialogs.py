"""The dialog about a company: shape only; the service says what may be."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils import timezone

from accounts.models import User
from core.admin import person
from handoff.models import Company
from handoff.selectors.companies import people_for_companies
from handoff.selectors.reassign import MOST_CANDIDATES
from handoff.services import set_company_owner


class OwnerForm(forms.Form):
    """Who looks after a company; empty for nobody."""

    owner = forms.TypedChoiceField(
        label="Looks after it",
        coerce=int,
        empty_value=None,
        required=False,
        help_text="Somebody who receives handoffs.",
        error_messages={"invalid_choice": "Choose somebody from the list."},
    )

    def __init__(self, *args: Any, people: Sequence[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.by_id = {user.pk: user for user in people}
        field = self.fields["owner"]
        if isinstance(field, forms.ChoiceField):
            field.choices = [("", "Nobody"), *((str(user.pk), user.name) for user in people)]

    def clean_owner(self) -> User | None:
        return self.by_id.get(self.cleaned_data["owner"])


def owner_as_it_is(request: HttpRequest, row: Company) -> dict[str, Any]:
    people = list(people_for_companies()[:MOST_CANDIDATES])
    if row.owner is not None and row.owner not in people:
        people.append(row.owner)
    return {"people": people, "initial": {"owner": row.owner_id}}


def set_owner(request: HttpRequest, row: Company, values: dict[str, Any]) -> str:
    changed = set_company_owner(
        row, owner=values["owner"], by=person(request, User), now=timezone.now()
    )
    return f"{changed.owner or 'Nobody'} looks after {changed} from now on."
