"""Time in the demo: what happens next, at which instant, and what the loops do in between."""

import contextlib
import gc
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import heappop, heappush

from django.db import connection

from accounts.models import User
from core.errors import DomainError
from core.prepared import PreparedRead
from handoff.models import HandoffType
from handoff.services import apply_cover, apply_escalations, drain_holding
from handoff.services.escalate import BATCH
from notify.models import Message
from notify.services import deliver_due, mark_read
from sla.choices import ClockState
from sla.models import Clock
from sla.services import fire_due_steps
from worktime.rules import Calendar, add, next_open, subtract

HOUR = 3_600
READ_AFTER_HOURS = 4
SECOND = timedelta(seconds=1)
BETWEEN_MAILS = timedelta(hours=2)
BETWEEN_COVERS = timedelta(hours=12)
BETWEEN_DRAINS = timedelta(minutes=90)

Happening = Callable[[datetime], None]


@dataclass
class Stage:
    """The demo being told. ``hours`` are everybody's working hours; ``told`` counts along, and
    ``refused`` counts what came too late.
    """

    now: datetime
    chance: random.Random
    hours: Calendar
    people: dict[str, User]
    types: dict[str, HandoffType]
    told: Callable[[], None]
    refused: int = 0
    _queue: list[tuple[datetime, int, Happening]] = field(default_factory=list)
    _count: int = 0
    _last: dict[str, datetime] = field(default_factory=dict)
    _by_id: dict[int, User] = field(default_factory=dict)

    def at(self, when: datetime, what: Happening) -> None:
        """Let it happen then; what lies ahead of the present never does."""
        self._count += 1
        if when <= self.now:
            heappush(self._queue, (when, self._count, what))

    def at_work(self, when: datetime, what: Happening) -> None:
        """The same, at the next moment in working hours."""
        self.at(next_open(self.hours, when), what)

    def tell(self) -> None:
        with _without_waiting_for_the_disk(), _with_few_collections():
            while self._queue:
                when, _, what = heappop(self._queue)
                self._run_loops(when)
                self.attempt(what, when)
            self._run_loops(self.now)
            deliver_due(self.now)
            self._read_old_mail()

    def person(self, pk: int) -> User | None:
        """The one of the cast with that id."""
        self._by_id = self._by_id or {one.pk: one for one in self.people.values()}
        return self._by_id.get(pk)

    def attempt(self, what: Happening, when: datetime) -> None:
        """What others made impossible in the meantime is refused, and nothing comes of it."""
        try:
            what(when)
        except DomainError:
            self.refused += 1

    def ago(self, hours: float) -> datetime:
        """The instant so many working hours before the present."""
        return subtract(self.hours, self.now, hours * HOUR)

    def later(self, when: datetime, minutes: float) -> datetime:
        """So many working minutes after ``when``."""
        return add(self.hours, when, minutes * 60)

    def _run_loops(self, until: datetime) -> None:
        """What the loops would have done by then, each step in the second in which it was due."""
        while (due := _next_step()) is not None and due < until:
            instant = min(due + SECOND, until)
            fire_due_steps(instant)
            # Less than a batch is all there was.
            while apply_escalations(instant) == BATCH:
                pass
        if self._is_time("cover", BETWEEN_COVERS, until):
            apply_cover(until)
        if self._is_time("drain", BETWEEN_DRAINS, until):
            drain_holding(until)
        if self._is_time("mail", BETWEEN_MAILS, until):
            deliver_due(until)

    def _is_time(self, loop: str, every: timedelta, at: datetime) -> bool:
        """Whether the loop is to run again; the demo lets each run less often than in life."""
        if loop in self._last and at - self._last[loop] <= every:
            return False
        self._last[loop] = at
        return True

    def _read_old_mail(self) -> None:
        for person in self.people.values():
            old = Message.objects.inbox_of(person).filter(sent_at__lt=self.ago(READ_AFTER_HOURS))
            ids = list(old.values_list("pk", flat=True))
            mark_read(user=person, message_ids=ids, now=self.now)


_steps = PreparedRead(
    lambda: (
        Clock.objects.filter(state=ClockState.RUNNING, next_step_at__isnull=False)
        .order_by("next_step_at")
        .values_list("next_step_at")[:1]
    )
)


def _next_step() -> datetime | None:
    """When the next step of any clock is due: asked after everything that happens."""
    return next((at for (at,) in _steps()), None)


@contextlib.contextmanager
def _with_few_collections() -> Iterator[None]:
    """Little of what queries leave behind is cyclic; to look for that takes a tenth of the time."""
    before = gc.get_threshold()
    gc.set_threshold(50_000, 20, 100)
    try:
        yield
    finally:
        gc.set_threshold(*before)


@contextlib.contextmanager
def _without_waiting_for_the_disk() -> Iterator[None]:
    """Thousands of commits need not each reach the disk: a demo that broke off is begun anew."""
    if connection.vendor != "sqlite" or connection.in_atomic_block:
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA synchronous")
        before = cursor.fetchone()[0]
        cursor.execute("PRAGMA synchronous=OFF")
        try:
            yield
        finally:
            cursor.execute(f"PRAGMA synchronous={int(before)}")
