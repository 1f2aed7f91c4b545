"""The forms that ship with the product, as a starting point that an admin can edit."""

from handoff.rules.catalogue import ask
from handoff.rules.form import OPTIONAL, RECOMMENDED, REQUIRED, Form, Section

COMPANY = Section(
    "company",
    "Company",
    (
        ask("company.name", REQUIRED),
        ask("company.size", REQUIRED),
        ask("company.industry", REQUIRED),
        ask("company.country", REQUIRED),
        ask("company.domain", RECOMMENDED),
    ),
)

CONTACT = Section(
    "contact",
    "Contact",
    (
        ask("contact.first_name", RECOMMENDED),
        ask("contact.last_name", REQUIRED),
        ask("contact.title", REQUIRED),
        ask("contact.email", REQUIRED),
        ask("contact.phone", RECOMMENDED),
    ),
)

QUALIFICATION = Section(
    "qualification",
    "Qualification",
    (
        ask("why_now", RECOMMENDED),
        ask("pains", REQUIRED),
        ask("need", REQUIRED),
        ask("budget", REQUIRED),
        ask("authority", REQUIRED),
        ask("timeline", REQUIRED),
        ask("objections", RECOMMENDED),
    ),
)

NEXT_STEP = Section(
    "next_step",
    "Agreed next step",
    (ask("next_step", REQUIRED), ask("next_step_on", REQUIRED)),
)

QUALIFIED_LEAD = Form.of((COMPANY, CONTACT, QUALIFICATION, NEXT_STEP))
QUALIFIED_LEAD_KEY = "qualified_lead"
QUALIFIED_LEAD_NAME = "Qualified lead"

MEETING = Section(
    "meeting",
    "Meeting",
    (
        ask("meeting_at", REQUIRED),
        ask("meeting_type", REQUIRED),
        ask("meeting_link", REQUIRED),
        ask("attendees", REQUIRED),
        ask("topics", REQUIRED),
        ask("sdr_attends", RECOMMENDED),
    ),
)

MEETING_STORY = Section(
    "qualification",
    "What the receiver should know",
    (
        ask("why_now", RECOMMENDED),
        ask("pains", REQUIRED),
        ask("need", RECOMMENDED),
        ask("budget", RECOMMENDED),
        ask("objections", OPTIONAL),
    ),
)

MEETING_SET = Form.of((COMPANY, CONTACT, MEETING, MEETING_STORY))
MEETING_SET_KEY = "meeting_set"
MEETING_SET_NAME = "Meeting set"

TYPES: tuple[tuple[str, str, Form], ...] = (
    (QUALIFIED_LEAD_KEY, QUALIFIED_LEAD_NAME, QUALIFIED_LEAD),
    (MEETING_SET_KEY, MEETING_SET_NAME, MEETING_SET),
)
"""Key, name and first form of the types that every installation begins with."""
