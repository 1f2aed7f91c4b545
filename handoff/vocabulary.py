"""What SLA policies may ask about a handoff by choosing from a list."""

from handoff.choices import Temperature
from handoff.models import HandoffType
from sla import vocabulary


def _types() -> list[tuple[str, str]]:
    return list(HandoffType.objects.order_by("name").values_list("key", "name"))


def register() -> None:
    vocabulary.register("temperature", lambda: Temperature.choices)
    vocabulary.register("type", _types)
