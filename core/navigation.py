"""The side bar: which entries a person sees, by role, and the counts beside them.

The menus themselves are wiring and stand in the settings (`SHELL_MENUS`, `SHELL_BADGES`,
`SHELL_CONDITIONS`); this module only turns them into what the side bar draws.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.module_loading import import_string

from core.paging import MOST_IN_MENU

BADGES_ATTRIBUTE = "_shell_badges"
ANSWERS_ATTRIBUTE = "_shell_answers"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the side bar; `badge` names a count in `SHELL_BADGES`, `counted` what it is.

    `shown_if` names a question in `SHELL_CONDITIONS`; the line is there while the answer is yes.
    """

    title: str
    icon: str
    url_name: str
    badge: str = ""
    counted: str = "unread"
    shown_if: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """A heading of the side bar with its entries."""

    title: str
    entries: tuple[Entry, ...]


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """The groups that the person's roles give, each page once, in the order of the roles."""
    menus: Mapping[str, Sequence[Group]] = settings.SHELL_MENUS
    roles: frozenset[str] = getattr(request.user, "roles", frozenset())
    groups: dict[str, list[dict[str, Any]]] = {}
    seen: set[str] = set()
    for role, menu in menus.items():
        if role not in roles:
            continue
        for group in menu:
            lines = groups.setdefault(group.title, [])
            for entry in group.entries:
                link = address(entry.url_name)
                if link and entry.url_name not in seen:
                    seen.add(entry.url_name)
                    if _is_shown(request, entry):
                        lines.append(_line(request, entry, link))
    _mark_current(request.path, [line for lines in groups.values() for line in lines])
    return [{"title": title, "items": lines} for title, lines in groups.items() if lines]


def _is_shown(request: HttpRequest, entry: Entry) -> bool:
    """The answer to the entry's question, asked once per request."""
    if not entry.shown_if:
        return True
    answers: dict[str, bool] = request.__dict__.setdefault(ANSWERS_ATTRIBUTE, {})
    if entry.shown_if not in answers:
        answers[entry.shown_if] = import_string(settings.SHELL_CONDITIONS[entry.shown_if])()
    return answers[entry.shown_if]


def address(url_name: str) -> str:
    """The address of a named page, or an empty text where this installation has no such page."""
    try:
        return reverse(url_name)
    except NoReverseMatch:
        return ""


def badge_count(request: HttpRequest, name: str) -> int:
    """A count beside an entry, worked out once per request."""
    counts = _counts(request)
    if name not in counts:
        counts[name] = import_string(settings.SHELL_BADGES[name])(request.user)
    return counts[name]


def know_badge(request: HttpRequest, name: str, count: int) -> None:
    """Take a count that the page has found for itself: the side bar need not count again."""
    _counts(request)[name] = count


def _counts(request: HttpRequest) -> dict[str, int]:
    counts: dict[str, int] = request.__dict__.setdefault(BADGES_ATTRIBUTE, {})
    return counts


def _said(count: int) -> str:
    return f"{MOST_IN_MENU - 1}+" if count >= MOST_IN_MENU else f"{count or ''}"


def _line(request: HttpRequest, entry: Entry, link: str) -> dict[str, Any]:
    count = badge_count(request, entry.badge) if entry.badge else 0
    return {
        "title": entry.title,
        "icon": entry.icon,
        "link": link,
        "count": _said(count),
        "counted": entry.counted,
        "active": False,
    }


def _mark_current(path: str, lines: list[dict[str, Any]]) -> None:
    """The entry with the longest address that the page lies under is the current one."""
    under = [line for line in lines if path == line["link"] or path.startswith(line["link"])]
    under = [line for line in under if line["link"] != "/" or path == "/"]
    if under:
        max(under, key=lambda line: len(line["link"]))["active"] = True
