"""The demo: twelve weeks in the life of two sales teams, told through the services."""

from handoff.management.story.cast import ADMIN, PASSWORD, PEOPLE, make_people
from handoff.management.story.weeks import HANDOFFS, tell_story

__all__ = ["ADMIN", "HANDOFFS", "PASSWORD", "PEOPLE", "make_people", "tell_story"]
