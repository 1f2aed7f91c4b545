"""What rules and policies may ask about a lead: the values to choose from, and those in use."""

from collections import Counter
from collections.abc import Iterable

from core import vocabulary
from handoff.choices import Temperature
from handoff.models import Company, HandoffType, Lead
from handoff.rules.catalogue import INDUSTRIES

# The newest rows tell what is in use; to read them all would take longer with every lead.
NEWEST = 2_000
MOST_VALUES = 50
_OF_COMPANY = ("country", "industry", "segment")
_OF_LEAD = ("source", "product", "language")


def _types() -> list[tuple[str, str]]:
    return list(HandoffType.objects.order_by("name").values_list("key", "name"))


def values_in_use() -> dict[str, list[tuple[str, str]]]:
    """By field the values of the newest companies and leads, the most frequent ones, by name."""
    companies = Company.objects.order_by("-id").values_list(*_OF_COMPANY)[:NEWEST]
    leads = Lead.objects.order_by("-id").values_list(*_OF_LEAD)[:NEWEST]
    columns = dict(zip(_OF_COMPANY, zip(*companies, strict=True), strict=False))
    columns |= dict(zip(_OF_LEAD, zip(*leads, strict=True), strict=False))
    found = {field: _frequent(columns.get(field, ())) for field in (*_OF_COMPANY, *_OF_LEAD)}
    found["industry"] = _as_values({*(value for value, _ in found["industry"]), *INDUSTRIES})
    return found


def _frequent(column: Iterable[str]) -> list[tuple[str, str]]:
    """The texts that stand there most often; of two that compare the same, one."""
    counts: Counter[str] = Counter()
    written: dict[str, str] = {}
    for text in filter(None, map(str.strip, column)):
        counts[text.casefold()] += 1
        written.setdefault(text.casefold(), text)
    return _as_values(written[key] for key, _ in counts.most_common(MOST_VALUES))


def _as_values(texts: Iterable[str]) -> list[tuple[str, str]]:
    return [(text, text) for text in sorted(texts, key=str.casefold)]


def register() -> None:
    vocabulary.register_choices("temperature", lambda: Temperature.choices)
    vocabulary.register_choices("type", _types)
    vocabulary.register_in_use(values_in_use)
