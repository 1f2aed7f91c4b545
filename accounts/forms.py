"""The forms of the pages about people: shape only; what may be kept is said by the services."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm

from accounts.choices import Role
from accounts.models import Team, User
from core.fields import LocalDateTimeField
from worktime.forms import KeepsCalendar
from worktime.models import Calendar

# Digits that fit into a key whatever they are.
LONGEST_KEY = 18


class SignInForm(AuthenticationForm):
    """E-mail address and password."""

    username = forms.EmailField(
        label="E-mail address",
        widget=forms.EmailInput(attrs={"autofocus": True, "autocomplete": "username"}),
    )
    error_messages = {
        "invalid_login": "This e-mail address and password do not belong together.",
        "inactive": "This account is not active. A RevOps admin can tell you more.",
    }

    def clean_username(self) -> str:
        """In one case, so that wrong guesses are counted together however it is written."""
        address: str = self.cleaned_data["username"]
        return address.lower()


class PasswordForm(forms.Form):
    """A new password, twice."""

    password = forms.CharField(
        label="New password",
        strip=False,
        help_text="Twelve characters or more; not your name, not a common one.",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    repeated = forms.CharField(
        label="The same again",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("password") != cleaned.get("repeated"):
            self.add_error("repeated", "The two are not the same. Enter it again.")
        return cleaned


class PasswordChangeForm(PasswordForm):
    """The old password first, then the new one twice."""

    old = forms.CharField(
        label="Your password now",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    field_order = ["old", "password", "repeated"]

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_old(self) -> str:
        old: str = self.cleaned_data["old"]
        if not self.user.check_password(old):
            raise forms.ValidationError("That is not your password now. Enter it again.")
        return old


class _AwayForm(forms.Form):
    """`warn(at)` says what follows where the person is away from then on; that asks once more."""

    is_sure = forms.BooleanField(label="Yes, leave nobody there", required=False)

    def __init__(self, *args: Any, warn: Callable[[datetime], str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.warn = warn
        self.ask(None)

    def begins(self, cleaned: dict[str, Any]) -> datetime | None:
        """When the person is away from, as far as the form says; None where it does not."""
        raise NotImplementedError

    def ask(self, at: datetime | None) -> str:
        """Show the box, with what follows, where there is something to be sure of."""
        words = self.warn(at) if at is not None else ""
        self.fields["is_sure"].help_text = words
        self.fields["is_sure"].widget = forms.CheckboxInput() if words else forms.HiddenInput()
        return words

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        is_sure = cleaned.pop("is_sure", False)
        words = self.ask(self.begins(cleaned))
        if words and not is_sure:
            self.add_error("is_sure", f"{words} Tick this to go on, or change that first.")
        return cleaned


class TimeOffForm(_AwayForm):
    starts_at = LocalDateTimeField(label="From")
    ends_at = LocalDateTimeField(label="Until", help_text="From then on leads come again.")
    note = forms.CharField(label="Note", max_length=200, required=False)
    field_order = ["starts_at", "ends_at", "note", "is_sure"]

    def begins(self, cleaned: dict[str, Any]) -> datetime | None:
        at: datetime | None = cleaned.get("starts_at")
        return at


class PauseForm(_AwayForm):
    until = LocalDateTimeField(
        label="Until",
        required=False,
        help_text="Empty: until somebody ends the pause.",
    )
    field_order = ["until", "is_sure"]

    def __init__(self, *args: Any, now: datetime, **kwargs: Any) -> None:
        self.now = now
        super().__init__(*args, **kwargs)
        self.ask(now)

    def begins(self, cleaned: dict[str, Any]) -> datetime | None:
        return self.now


def _calendar_field(**kwargs: Any) -> forms.ModelChoiceField[Calendar]:
    return forms.ModelChoiceField(Calendar.objects.offered(), label="Working hours", **kwargs)


class PersonForm(KeepsCalendar):
    """What a RevOps admin says about a person."""

    name = forms.CharField(label="Name", max_length=150)
    email = forms.EmailField(label="E-mail address", max_length=254)
    roles = forms.TypedMultipleChoiceField(
        label="Roles",
        choices=Role.choices,
        coerce=Role,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Without a role a person can sign in and sees no handoff.",
    )
    zone = forms.CharField(
        label="Time zone",
        max_length=64,
        required=False,
        help_text="Such as Europe/Berlin; empty: the team's, else the organisation's.",
    )
    calendar = _calendar_field(
        required=False, empty_label="The team's", help_text="For clocks and reminders."
    )


class HoursForm(KeepsCalendar):
    """The hours and the zone that one person keeps, chosen among what there is."""

    calendar = _calendar_field(required=False)
    zone = forms.CharField(
        label="Time zone",
        max_length=64,
        required=False,
        help_text="Such as Europe/Berlin; empty: the team's, else the organisation's.",
        widget=forms.TextInput(attrs={"list": "zones", "autocomplete": "off"}),
    )

    def __init__(self, *args: Any, usual: str, own: Calendar | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["calendar"]
        if isinstance(field, forms.ModelChoiceField):
            field.empty_label = usual
        self.offer(own)


class _TeamsField(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]  # no generic at run time
    """A number that no column can hold is no team, and the database is not asked for it."""

    def clean(self, value: Any) -> Any:
        if any(len(str(key)) > LONGEST_KEY for key in value or ()):
            raise forms.ValidationError("Choose teams from the list.", code="invalid_choice")
        return super().clean(value)


class NewPersonForm(PersonForm):
    teams = _TeamsField(
        label="Teams",
        queryset=Team.objects.all(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )


class TeamForm(KeepsCalendar):
    name = forms.CharField(label="Name", max_length=150)
    zone = forms.CharField(
        label="Time zone",
        max_length=64,
        required=False,
        help_text="Such as Europe/Berlin; empty: the organisation's.",
    )
    calendar = _calendar_field(required=False, empty_label="The organisation's")
    senior = forms.ModelChoiceField(
        queryset=User.objects.active(),
        label="Senior receiver",
        required=False,
        empty_label="Nobody: the manager is told",
        help_text="Told where a ladder names the senior receiver, such as of a late booking.",
    )


class MemberForm(forms.Form):
    user = forms.ModelChoiceField(
        queryset=User.objects.active(), label="Who", empty_label="Choose somebody"
    )
    is_manager = forms.BooleanField(label="Manages the team", required=False)


class ManagingForm(forms.Form):
    is_manager = forms.BooleanField(label="Manages the team", required=False)


class OrganisationForm(KeepsCalendar):
    name = forms.CharField(label="Name", max_length=150)
    zone = forms.CharField(label="Time zone", max_length=64, help_text="Such as Europe/Berlin.")
    calendar = _calendar_field(empty_label=None)
    fallback_manager = forms.ModelChoiceField(
        queryset=User.objects.active(),
        label="Fallback manager",
        empty_label=None,
        help_text="Is told where no team or pool names a manager.",
    )
