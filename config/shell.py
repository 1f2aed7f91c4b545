"""What stands around every page: the menus of the roles, the counts in them, the colours."""

from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static

from core.navigation import Entry, Group

NEW_HANDOFF = Entry("New handoff", "add_circle", "handoff:new")
MY_QUEUE = Entry("My queue", "inbox", "handoff:queue")
MY_HANDOFFS = Entry("My handoffs", "swap_horiz", "handoff:list")
LEADS = Entry("Leads", "person_search", "handoff:leads")
LATE_NOW = Entry("Late now", "assignment_late", "handoff:late", badge="late", counted="late")
HOLDING = Entry("Holding", "hourglass_empty", "handoff:holding", badge="held", counted="held")
STUCK = Entry("Stuck leads", "hourglass_disabled", "handoff:stuck")
CONTESTS = Entry("Contests", "gavel", "handoff:contests", badge="contests", counted="to rule on")
TEAM = Entry("Team", "groups_2", "handoff:team")
MY_SHARE = Entry("My share", "balance", "handoff:my_share")
SHARES = Entry("Shares", "balance", "handoff:shares")
TRANSFERS = Entry("Transfers", "moving", "handoff:transfers")
HANDOFFS = Entry("Handoffs", "swap_horiz", "handoff:list")
WEEKLY_REVIEW = Entry("Weekly review", "monitoring", "review:week")
ACTION_ITEMS = Entry("Action items", "task_alt", "review:actions")
TRY = Entry("Who would get it?", "person_search", "handoff:try")
POOLS = Entry("Pools", "group_work", "admin:routing_pool_changelist")
RULES = Entry(
    "Routing rules", "alt_route", "admin:routing_ruleset_changelist", shown_if="second_pool"
)
COMPANIES = Entry(
    "Companies", "apartment", "admin:handoff_company_changelist", shown_if="second_pool"
)
PEOPLE_AWAY = Entry("People", "groups", "accounts:time_off")
TIME_OFF = Entry("My hours and time off", "event_busy", "accounts:time_off")
INBOX = Entry("Inbox", "notifications", "notify:inbox", badge="unread")
NOTIFICATIONS = Entry("Notifications", "tune", "notify:settings")

# In this order the menus of a person with several roles follow one another.
SHELL_MENUS: dict[str, tuple[Group, ...]] = {
    "sdr": (
        Group("Work", (NEW_HANDOFF, MY_HANDOFFS, LEADS)),
        Group("Team", (WEEKLY_REVIEW, ACTION_ITEMS)),
        Group("Me", (TIME_OFF, INBOX, NOTIFICATIONS)),
    ),
    "ae": (
        Group("Work", (MY_QUEUE, MY_HANDOFFS, STUCK)),
        Group("Team", (WEEKLY_REVIEW, ACTION_ITEMS)),
        Group("Me", (MY_SHARE, TIME_OFF, INBOX, NOTIFICATIONS)),
    ),
    "manager": (
        Group("Now", (LATE_NOW, HOLDING, STUCK, CONTESTS)),
        Group(
            "Team",
            (
                TEAM,
                SHARES,
                WEEKLY_REVIEW,
                ACTION_ITEMS,
                HANDOFFS,
                TRANSFERS,
                PEOPLE_AWAY,
                POOLS,
                RULES,
                TRY,
                COMPANIES,
            ),
        ),
        Group("Me", (INBOX, NOTIFICATIONS)),
    ),
    "admin": (
        Group(
            "Set-up",
            (
                Entry("Organisation", "domain", "admin:accounts_organisation_changelist"),
                Entry("People", "person", "admin:accounts_user_changelist"),
                Entry("Teams", "groups", "admin:accounts_team_changelist"),
                Entry("Calendars", "calendar_month", "admin:worktime_calendar_changelist"),
                Entry("SLA policies", "timer", "admin:sla_policyversion_changelist"),
                Entry("Slack channels", "tag", "admin:notify_destination_changelist"),
                POOLS,
                RULES,
                COMPANIES,
                Entry("Types and forms", "rule", "admin:handoff_handofftype_changelist"),
                Entry("Fields", "text_fields", "admin:handoff_field_changelist"),
            ),
        ),
        Group(
            "Check",
            (
                Entry("Handoffs", "swap_horiz", "handoff:list"),
                LATE_NOW,
                HOLDING,
                STUCK,
                CONTESTS,
                TEAM,
                TRY,
                SHARES,
                WEEKLY_REVIEW,
                ACTION_ITEMS,
                Entry("Turns", "sync_alt", "admin:routing_turn_changelist"),
                Entry("Events", "history", "admin:handoff_event_changelist"),
                TRANSFERS,
                Entry("Touches", "call", "admin:handoff_touch_changelist"),
                Entry("Not delivered", "report", "admin:notify_message_changelist"),
                Entry("Steps set aside", "timer_off", "admin:sla_escalation_changelist"),
                Entry("Health", "monitor_heart", "health", badge="health", counted="to look at"),
            ),
        ),
        Group("Me", (INBOX, NOTIFICATIONS, Entry("Time off", "event_busy", "accounts:time_off"))),
    ),
}

SHELL_BADGES: dict[str, str] = {
    "unread": "notify.selectors.unread_count",
    "late": "handoff.views.manager.late_badge",
    "held": "handoff.views.manager.held_badge",
    "contests": "handoff.views.manager.contest_badge",
    "health": "config.views.health_badge",
}

# Questions that decide whether an entry is there.
SHELL_CONDITIONS: dict[str, str] = {
    "second_pool": "routing.rule_lines.has_second_pool",
}


def _asset(path: str) -> Any:
    def resolve(request: HttpRequest) -> str:
        return static(path)

    return resolve


def _organisation_name(request: HttpRequest) -> str:
    # Settings are read before the models can be.
    from accounts.models import Organisation

    return Organisation.objects.values_list("name", flat=True).first() or ""


UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Handoff",
    "SITE_HEADER": "Handoff",
    "SITE_SYMBOL": "handshake",
    "SITE_SUBHEADER": _organisation_name,
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": _asset("shell/icon.svg")},
    ],
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "BORDER_RADIUS": "6px",
    "STYLES": [
        _asset("shell/tokens.css"),
        _asset("shell/shell.css"),
        _asset("shell/layout.css"),
        _asset("shell/controls.css"),
        _asset("shell/facts.css"),
        _asset("shell/forms.css"),
        _asset("shell/pages.css"),
        _asset("shell/dialogs.css"),
    ],
    "SCRIPTS": [
        _asset("shell/shell.js"),
        _asset("shell/dialog.js"),
        _asset("shell/check.js"),
        _asset("shell/live.js"),
    ],
    "SIDEBAR": {"navigation": "core.navigation.sidebar"},
    "COLORS": {
        "base": {
            "50": "#f7f8fa",
            "100": "#eef0f4",
            "200": "#e3e6ec",
            "300": "#cfd5de",
            "400": "#8a93a3",
            "500": "#5b6474",
            "600": "#344054",
            "700": "#35415a",
            "800": "#263042",
            "900": "#101623",
            "950": "#0c111c",
        },
        "primary": {
            "50": "#eef0fd",
            "100": "#e1e5fb",
            "200": "#c3cbf7",
            "300": "#9dacff",
            "400": "#9dacff",
            "500": "#9dacff",
            "600": "#3448c5",
            "700": "#2b3ba6",
            "800": "#46549b",
            "900": "#1d2547",
            "950": "#151c2b",
        },
        "font": {
            "subtle-light": "#5b6474",
            "subtle-dark": "#97a1b3",
            "default-light": "#344054",
            "default-dark": "#c9d0dc",
            "important-light": "#101828",
            "important-dark": "#f2f4f8",
        },
    },
}
