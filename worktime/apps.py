from django.apps import AppConfig


class WorktimeConfig(AppConfig):
    name = "worktime"
    label = "worktime"

    def ready(self) -> None:
        from core import triggers
        from worktime import checks  # noqa: F401  # importing registers the check

        triggers.register(*triggers.append_only("worktime_calendarversion"))
