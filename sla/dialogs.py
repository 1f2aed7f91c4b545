"""The page on which an admin has open clocks timed anew: what would become of them, then do it."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from core.words import counted
from sla import uses
from sla.choices import ClockKind
from sla.impact import open_clock_ids
from sla.models import Policy, PolicyVersion
from sla.rules.retiming import Retiming, Scope, Sum, sum_up
from worktime.models import Calendar

BATCH = 200
# So many clocks are looked at before the page is shown and by one press, which times anew so many.
MOST_SHOWN, MOST_AT_ONCE = 5_000, 200
# Where in the session stands how far the presses have come, by scope.
PLACES = "retime_places"
LISTED = 25
EVERYTHING = "all"
_SCOPE = re.compile(r"(policy|calendar)-([0-9]{1,9})")


class RetimeForm(forms.Form):
    """Which open clocks: all, those of a policy or those of a calendar."""

    scope = forms.ChoiceField(label="Which clocks", initial=EVERYTHING)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["scope"]
        field.choices = list(_scopes())
        if not field.valid_value(self.initial.get("scope", EVERYTHING)):
            self.initial["scope"] = EVERYTHING

    def scope_meant(self) -> Scope:
        """As chosen, or as first shown; all where it cannot be understood."""
        cleaned = getattr(self, "cleaned_data", {})
        text = cleaned.get("scope") or self.initial.get("scope") or EVERYTHING
        return scope_of(str(text))


def _scopes() -> Iterator[tuple[str, Any]]:
    yield EVERYTHING, "All open clocks"
    # Also those that are used no more: their clocks may still run.
    ever = Policy.objects.filter(versions__published_at__isnull=False)
    policies = ever.order_by("name").distinct()
    yield "Clocks of a policy", [(f"policy-{one.pk}", one.name) for one in policies]
    calendars = Calendar.objects.offered().order_by("name")
    yield "Clocks in a calendar", [(f"calendar-{one.pk}", one.name) for one in calendars]


def scope_of(text: str) -> Scope:
    found = _SCOPE.fullmatch(text)
    if found is None:
        return Scope()
    pk = int(found[2])
    return Scope(policy_id=pk) if found[1] == "policy" else Scope(calendar_id=pk)


def text_of(scope: Scope) -> str:
    """As `scope_of` reads it."""
    if scope.policy_id is not None:
        return f"policy-{scope.policy_id}"
    return EVERYTHING if scope.calendar_id is None else f"calendar-{scope.calendar_id}"


@dataclass(frozen=True, slots=True)
class KindRow:
    """What re-timing would do to the clocks of one kind."""

    name: str
    sum: Sum


@dataclass(frozen=True, slots=True)
class Preview:
    """What re-timing would do: summed up, by kind, and the first clocks, what is missed leading.

    `looked_at` of `open` clocks have been worked out, after those that presses `passed` before.
    """

    sum: Sum
    kinds: tuple[KindRow, ...]
    lines: tuple[tuple[str, Retiming], ...]
    passed: int
    looked_at: int
    open: int

    @property
    def is_cut(self) -> bool:
        return self.passed + self.looked_at < self.open


def retime_url(row: PolicyVersion) -> str:
    """The page with the clocks of this policy chosen."""
    return f"{reverse('admin:sla_policyversion_retime')}?scope=policy-{row.policy_id}"


def retime_arguments(request: HttpRequest, row: None) -> dict[str, Any]:
    return {"initial": {"scope": request.GET.get("scope", EVERYTHING)}}


def retime_context(request: HttpRequest, row: None, form: RetimeForm) -> dict[str, Any]:
    scope = form.scope_meant()
    after = _places(request).get(text_of(scope), 0)
    return {"preview": preview_retiming(scope, after=after), "most": MOST_AT_ONCE}


def preview_retiming(scope: Scope, *, after: int = 0) -> Preview:
    """Of the open clocks behind the one of the id `after`."""
    now, ids = timezone.now(), open_clock_ids()
    passed = _passed(ids, after)
    shown = ids[passed : passed + MOST_SHOWN]
    lines = [line for part in _batches(shown) for line in uses.plan_retiming(part, scope, now)]
    named = [(kind, [line for line in lines if line.kind == kind]) for kind in ClockKind]
    first = sorted(lines, key=lambda line: (not line.is_missed_at_once, not line.is_moved))
    return Preview(
        sum=sum_up(lines),
        kinds=tuple(KindRow(str(kind.label), sum_up(own)) for kind, own in named if own),
        lines=tuple((str(ClockKind(line.kind).label), line) for line in first[:LISTED]),
        passed=passed,
        looked_at=len(shown),
        open=len(ids),
    )


def retime(request: HttpRequest, row: None, values: dict[str, Any]) -> str:
    """Up to so many clocks, handoff by handoff; the next press goes on behind them."""
    scope, places, ids = scope_of(values["scope"]), _places(request), open_clock_ids()
    key = text_of(scope)
    passed = _passed(ids, places.pop(key, 0))
    last = min(len(ids), passed + MOST_SHOWN)
    done: list[Retiming] = []
    while passed < last and len(done) < MOST_AT_ONCE:
        part = ids[passed : min(passed + BATCH, last)]
        done += uses.retime(part, scope, request.user, timezone.now())
        passed += len(part)
    total = sum_up(done)
    told = (
        f"{counted(total.count, 'clock')} re-timed: {total.earlier} due earlier, {total.later} "
        f"later, {total.same} as before; {total.missed} past due at once."
    )
    if passed < len(ids):
        places[key] = ids[passed - 1]
        told += (
            f" {passed:,} of {len(ids):,} open clocks have been looked at: open the page again to "
            "go on with the rest."
        )
    request.session[PLACES] = places
    return told


def _places(request: HttpRequest) -> dict[str, int]:
    """The id of the last clock that was looked at, by scope; none once all were."""
    return dict(request.session.get(PLACES, {}))


def _passed(ids: Sequence[int], after: int) -> int:
    """How many lie before the place where a press goes on; none where nothing is behind it."""
    passed = bisect_right(ids, after)
    return passed if passed < len(ids) else 0


def _batches(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    return (ids[start : start + BATCH] for start in range(0, len(ids), BATCH))
