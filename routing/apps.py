from django.apps import AppConfig


class RoutingConfig(AppConfig):
    name = "routing"
    label = "routing"

    def ready(self) -> None:
        from accounts import uses
        from core import triggers
        from routing import texts
        from routing.services.emptied import tell_of_absence

        triggers.register(*triggers.append_only("routing_turn"))
        texts.register()
        uses.register_absence(texts.absence_warning, tell_of_absence)
