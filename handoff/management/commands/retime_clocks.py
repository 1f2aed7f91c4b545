from collections import Counter
from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from accounts.models import User
from core.errors import DomainError
from core.loops import database_now
from core.words import counted
from handoff.management.reports import command_error
from handoff.selectors.retiming import retimings
from handoff.services.retiming import retime_clocks
from sla.choices import ClockKind
from sla.impact import open_clock_ids
from sla.models import Policy
from sla.rules.retiming import Retiming, Scope, sum_up
from worktime.models import Calendar

BATCH = 200


class Command(BaseCommand):
    help = (
        "Time open clocks anew by the policies and calendars of now, from their original start. "
        "Without --apply it only tells what would become of them; it may be stopped and run again."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("--policy", help="key of the policy: clocks that follow or would follow")
        which.add_argument("--calendar", help="name of the calendar in which the clocks count")
        which.add_argument("--all", action="store_true", help="all open clocks")
        parser.add_argument("--apply", action="store_true", help="do it; without this, only tell")
        parser.add_argument("--by", metavar="EMAIL", help="the admin who does it, for the records")
        parser.add_argument(
            "--limit", type=int, default=50, help="clocks to list (50); all are counted"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        scope = _scope(options)
        by = _admin(options["by"]) if options["apply"] else None
        lines: list[Retiming] = []
        try:
            for ids in _batches(open_clock_ids()):
                now = database_now()
                found = (
                    retimings(ids, scope, now) if by is None else retime_clocks(ids, scope, by, now)
                )
                self._list(found, len(lines), options["limit"])
                lines += found
        except DomainError as refused:
            raise command_error(refused) from refused
        self._sum(lines, is_done=by is not None)

    def _list(self, lines: list[Retiming], before: int, limit: int) -> None:
        for line in lines[: max(0, limit - before)]:
            what = f"clock {line.clock_id} ({line.kind}) of handoff {line.handoff_id}"
            was = _instant(line.was_due_at)
            if line.due_at is None:
                self.stdout.write(f"{what}: no policy asks for it now, stays due {was}")
                continue
            missed = ", missed at once" if line.is_missed_at_once else ""
            self.stdout.write(f"{what}: due {was} -> {_instant(line.due_at)}{missed}")

    def _sum(self, lines: list[Retiming], *, is_done: bool) -> None:
        total = sum_up(lines)
        verb = "re-timed" if is_done else "would be re-timed"
        self.stdout.write(
            f"{counted(total.count, 'clock')} {verb}: {total.earlier} due earlier, {total.later} "
            f"later, {total.same} as before; {total.missed} past due at once."
        )
        kinds = Counter(line.kind for line in lines if line.due_at is not None)
        for kind, count in sorted(kinds.items()):
            self.stdout.write(f"  {ClockKind(kind).label}: {count}")
        if total.kept:
            self.stdout.write(f"{total.kept} stay as they are: no policy asks for them now.")
        if not is_done:
            self.stdout.write("Nothing was changed. Add --apply --by EMAIL to do it.")


def _scope(options: dict[str, Any]) -> Scope:
    if options["policy"] is not None:
        policy = Policy.objects.filter(key=options["policy"]).first()
        if policy is None:
            known = ", ".join(Policy.objects.values_list("key", flat=True))
            raise CommandError(f"No policy has this key. Give one of: {known}.")
        return Scope(policy_id=policy.pk)
    if options["calendar"] is not None:
        found = list(Calendar.objects.filter(name=options["calendar"])[:2])
        if len(found) != 1:
            known = ", ".join(Calendar.objects.order_by("name").values_list("name", flat=True))
            raise CommandError(f"Not one calendar has this name. Give one of: {known}.")
        return Scope(calendar_id=found[0].pk)
    return Scope()


def _admin(email: str | None) -> User:
    if not email:
        raise CommandError(
            "Say who does it: --by EMAIL of an admin. It is written on each handoff."
        )
    found: User | None = User.objects.filter(email__iexact=email).first()
    if found is None:
        raise CommandError(f"Nobody has the e-mail address {email}.")
    return found


def _batches(ids: list[int]) -> Iterator[list[int]]:
    return (ids[start : start + BATCH] for start in range(0, len(ids), BATCH))


def _instant(at: Any) -> str:
    return f"{timezone.localtime(at):%Y-%m-%d %H:%M %Z}"
