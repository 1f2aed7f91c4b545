"""The demo: some weeks in the life of two sales teams, told through the services."""

from handoff.management.story.cast import ADMIN, PASSWORD, PEOPLE, make_people
from handoff.management.story.weeks import handoffs_in, tell_story, tell_today

__all__ = ["ADMIN", "PASSWORD", "PEOPLE", "handoffs_in", "make_people", "tell_story", "tell_today"]
