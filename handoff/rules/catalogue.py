"""The fields that ship with the product; forms pick from them, and admins add their own."""

from dataclasses import replace

from handoff.rules.form import OPTIONAL, Condition, FormField

INDUSTRIES = (
    "Construction",
    "Education",
    "Energy and utilities",
    "Financial services",
    "Food and agriculture",
    "Health care",
    "Information technology",
    "Manufacturing",
    "Media",
    "Professional services",
    "Public sector",
    "Retail and e-commerce",
    "Transport and logistics",
    "Other",
)


def _company(key: str, label: str, kind: str, hint: str, *options: str) -> FormField:
    return FormField(f"company.{key}", label, kind, "company", OPTIONAL, hint, options)


def _contact(key: str, label: str, kind: str, hint: str, *options: str) -> FormField:
    return FormField(f"contact.{key}", label, kind, "lead", OPTIONAL, hint, options)


def _handoff(key: str, label: str, kind: str, hint: str, *options: str) -> FormField:
    return FormField(key, label, kind, "handoff", OPTIONAL, hint, options)


COMPANY = (
    _company("name", "Company name", "text", "Write the name the company trades under."),
    _company("size", "Employees", "integer",
             "Give the number of people who work there; an estimate is fine."),
    _company("industry", "Industry", "choice", "Choose the nearest one.", *INDUSTRIES),
    _company("country", "Country", "text", "Write where the buyer sits."),
    _company("segment", "Segment", "text", "Write it as your rules do, such as Enterprise."),
    _company("domain", "Web domain", "text", "Write it like nordwind.example."),
    _company("location", "Location", "text", "Write the town, and further sites that matter."),
    _company("tech_stack", "Tech stack", "text", "Name the systems that the product must fit."),
)  # fmt: skip

CONTACT = (
    _contact("first_name", "First name", "text", "Write what the contact is called."),
    _contact("last_name", "Last name", "text", "Name the person whom the receiver will call."),
    _contact("title", "Job title", "text", "Write what this person does there."),
    _contact("email", "E-mail", "email", "Give the address the contact reads."),
    _contact("phone", "Phone", "phone", "Give the direct line where there is one."),
    _contact("authority_line", "Line of authority", "choice",
             "Choose what this person may do about a purchase.",
             "Signs", "Recommends", "Uses it", "Looks around"),
    _contact("prefers", "Preferred contact", "choice", "Choose how they want to be reached.",
             "Phone", "E-mail", "Video call", "Text message"),
    _contact("language", "Language", "text", "Write which language this person wants to speak."),
    _contact("product", "Product", "text", "Name what this person asks about."),
    _contact("score", "Score", "integer", "Give the number of your scoring system."),
    _handoff("stakeholders", "Further stakeholders", "lines",
             "Up to three, one per line, with what they do."),
    replace(_handoff("final_approval", "Who gives final approval", "text",
                     "Name the person who signs."),
            partial=("Buyer does not know yet",)),
)  # fmt: skip

QUALIFICATION = (
    _handoff("why_now", "Why now", "long_text", "Say what happened that made the buyer look."),
    _handoff("pains", "Pains", "lines", "Up to three, one per line, in the buyer\u2019s words."),
    _handoff("need", "Need", "long_text", "Say what must be possible that is not possible today."),
    replace(_handoff("budget", "Budget", "text",
                     "Say which amount was named, by whom, and how sure it is."),
            partial=("Pending verbal approval", "Range only")),
    _handoff("budget_amount", "Budget, amount", "money", "Write it like 40,000 to 55,000 EUR."),
    _handoff("budget_basis", "How the budget was set", "choice", "Choose where the number is from.",
             "Named by the buyer", "Last year\u2019s spend", "Approved line", "Estimated by us"),
    replace(_handoff("authority", "Authority", "text",
                     "Say whether the contact decides, and who signs."),
            partial=("Signer not named yet",)),
    replace(_handoff("timeline", "Timeline", "text",
                     "Say by when the buyer decides, and what drives that date."),
            partial=("Only the quarter is known",)),
    replace(_handoff("decision_on", "Decision date", "date", "Give the day the buyer decides."),
            partial=("Only the quarter is known",)),
    _handoff("decision_driver", "What drives the date", "text", "Say what happens on that day."),
    _handoff("objections", "Objections", "long_text",
             "Say what the buyer pushed back on and how it was answered."),
)  # fmt: skip

MEDDPICC = (
    _handoff("metrics", "Metrics", "long_text", "Say which number must move, and by how much."),
    _handoff("economic_buyer", "Economic buyer", "text", "Name who can release the money."),
    _handoff("decision_criteria", "Decision criteria", "long_text",
             "Say what the buyer compares offers by."),
    _handoff("decision_process", "Decision process", "long_text",
             "Say who decides in which steps, until when."),
    _handoff("paper_process", "Paper process", "long_text",
             "Say what legal, security and purchasing ask for."),
    _handoff("implicated_pain", "What the pain costs", "long_text",
             "Say what it costs the buyer to do nothing."),
    _handoff("champion", "Champion", "text", "Name who wants this inside, and why."),
    _handoff("competitors", "Competitors", "text", "Name who else the buyer talks to."),
)  # fmt: skip

CONTEXT = (
    _handoff("source", "Source", "text", "Say where the lead came from."),
    _handoff("campaign", "Campaign", "text", "Name the campaign, where there is one."),
    _handoff("current_solution", "Current solution", "text", "Say what the buyer uses today."),
    _handoff("requirements", "Key requirements", "long_text", "Say what it has to do at least."),
    _handoff("success_criteria", "Success criteria", "long_text",
             "Say how the buyer will know that it worked."),
    _handoff("commitments", "What was promised", "long_text",
             "Say what the receiver has to keep."),
    _handoff("approach", "Recommended approach", "long_text", "Say what you would do next."),
    _handoff("rapport", "Rapport notes", "long_text", "Say what helps to get on with the contact."),
)  # fmt: skip

ENGAGEMENT = (
    _handoff("touchpoints", "Touchpoints so far", "long_text", "Say when and how you talked."),
    _handoff("response", "Response", "choice", "Choose how the buyer took it.",
             "Asked for more", "Answered", "Was friendly", "Was short"),
    _handoff("meetings", "Meetings so far", "long_text", "Say who met, and what came of it."),
    _handoff("form_answers", "Form or quiz answers", "long_text", "Copy what the buyer filled in."),
)  # fmt: skip

NEXT_STEP = (
    _handoff("next_step", "Next step", "text",
             "Say what the buyer agreed to, such as an intro call."),
    replace(_handoff("next_step_on", "Day of the next step", "date",
                     "Give the day the buyer agreed to."),
            is_ahead=True),
)  # fmt: skip

MEETING = (
    replace(_handoff("meeting_at", "Meeting", "datetime",
                     "Give day, time and time zone as the buyer knows them."),
            is_ahead=True),
    _handoff("meeting_type", "Kind of meeting", "choice", "Choose how you will meet.",
             "Online", "Phone", "On site"),
    replace(_handoff("meeting_link", "Link to the meeting", "url",
                     "Copy the link from the invitation."),
            only_if=Condition("meeting_type", "eq", ("Online",))),
    _handoff("attendees", "Attendees", "long_text", "Name who comes from the buyer\u2019s side."),
    _handoff("topics", "Topics", "long_text", "Say what the buyer expects to hear."),
    _handoff("materials", "Materials", "text", "Say what was sent, or is to be shown."),
    _handoff("video", "Video walkthrough", "url", "Give the link where you recorded one."),
    _handoff("sdr_attends", "SDR comes along", "yes_no",
             "Say whether the receiver will have you there."),
)  # fmt: skip

GROUPS: tuple[tuple[str, str, tuple[FormField, ...]], ...] = (
    ("company", "Company", COMPANY),
    ("contact", "Contact", CONTACT),
    ("qualification", "Qualification", QUALIFICATION),
    ("meddpicc", "MEDDPICC", MEDDPICC),
    ("context", "Context", CONTEXT),
    ("engagement", "Engagement", ENGAGEMENT),
    ("next_step", "Agreed next step", NEXT_STEP),
    ("meeting", "Meeting", MEETING),
)
"""The catalogue by group: key and title of the section that the fields make, and the fields."""

CATALOGUE: dict[str, FormField] = {field.key: field for _, _, group in GROUPS for field in group}


def ask(key: str, need: str) -> FormField:
    """A field of the catalogue as a form asks it."""
    return replace(CATALOGUE[key], need=need)
