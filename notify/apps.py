from django.apps import AppConfig


class NotifyConfig(AppConfig):
    name = "notify"
    label = "notify"

    def ready(self) -> None:
        from notify import checks, registry, selectors  # noqa: F401  # importing registers checks
        from notify.choices import Topic

        registry.register_kind(
            selectors.DEAD_NOTICE,
            selectors.dead_notice,
            selectors.dead_notices,
            topic=Topic.SYSTEM,
        )
        registry.register_kind(selectors.SLACK_OFF, selectors.slack_off, topic=None)
        registry.register_kind(selectors.TEST, selectors.test_text, topic=None)
        registry.register_kind(selectors.CHANNEL_OFF, selectors.channel_off, topic=Topic.SYSTEM)
        registry.register_kind(selectors.CHANNEL_TEST, selectors.channel_test, topic=None)
