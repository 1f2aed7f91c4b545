from django.apps import AppConfig


class ReviewConfig(AppConfig):
    name = "review"
    label = "review"

    def ready(self) -> None:
        from core.triggers import register as register_triggers
        from review.triggers import all_triggers

        register_triggers(*all_triggers())
