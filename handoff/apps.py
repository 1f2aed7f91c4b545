from django.apps import AppConfig


class HandoffConfig(AppConfig):
    name = "handoff"
    label = "handoff"

    def ready(self) -> None:
        from core.triggers import register as register_triggers
        from handoff import checks, stuck_texts, texts  # noqa: F401  # importing registers the checks
        from handoff.selectors.facts import facts_by_clock
        from handoff.selectors.named import named_leads
        from handoff.selectors.recent import recent_leads
        from handoff.selectors.retiming import retimings
        from handoff.services.retiming import retime_clocks
        from handoff.triggers import all_triggers
        from handoff.vocabulary import register as register_vocabulary
        from routing.uses import register_named, register_recent
        from sla import uses

        register_triggers(*all_triggers())
        texts.register()
        stuck_texts.register()
        register_vocabulary()
        uses.register_facts(facts_by_clock)
        uses.register_retiming(retimings, retime_clocks)
        register_recent(recent_leads)
        register_named(named_leads)
