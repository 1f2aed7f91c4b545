"""Events of several handoffs at once."""

from collections.abc import Iterable

from django.db.models import QuerySet, TextField, Value
from django.db.models.functions import Concat

from handoff.models import Event


def events_on(handoffs: Iterable[int], *kinds: str) -> QuerySet[Event]:
    """The events of these kinds on the handoffs of these ids, oldest first on each.

    Looked up by the handoffs: given the bare kind, SQLite would read all events of that kind
    that there have ever been.
    """
    said = Concat("kind", Value(""), output_field=TextField())
    found = Event.objects.alias(said=said).filter(handoff__in=list(handoffs), said__in=kinds)
    return found.order_by("seq")
