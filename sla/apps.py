from django.apps import AppConfig


class SlaConfig(AppConfig):
    name = "sla"
    label = "sla"

    def ready(self) -> None:
        from core import triggers
        from sla import checks, notices  # noqa: F401  # importing registers the checks
        from sla.impact import policies_following, running_in_calendar
        from sla.triggers import TRIGGERS
        from worktime import uses

        triggers.register(*TRIGGERS)
        notices.register()
        uses.register_followers(policies_following)
        uses.register_running(running_in_calendar)
