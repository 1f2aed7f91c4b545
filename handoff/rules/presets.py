"""The form that ships with the product, as a starting point that an admin can edit."""

from handoff.rules.form import RECOMMENDED, REQUIRED, Form, FormField, Section

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

COMPANY = Section(
    "company",
    "Company",
    (
        FormField("company.name", "Company name", "text", "company", REQUIRED,
                  "Write the name the company trades under."),
        FormField("company.size", "Employees", "integer", "company", REQUIRED,
                  "Give the number of people who work there; an estimate is fine."),
        FormField("company.industry", "Industry", "choice", "company", REQUIRED,
                  "Choose the nearest one.", INDUSTRIES),
        FormField("company.country", "Country", "text", "company", REQUIRED,
                  "Write where the buyer sits."),
        FormField("company.domain", "Web domain", "text", "company", RECOMMENDED,
                  "Write it like nordwind.example."),
    ),
)  # fmt: skip

CONTACT = Section(
    "contact",
    "Contact",
    (
        FormField("contact.first_name", "First name", "text", "lead", RECOMMENDED,
                  "Write what the contact is called."),
        FormField("contact.last_name", "Last name", "text", "lead", REQUIRED,
                  "Name the person whom the receiver will call."),
        FormField("contact.title", "Job title", "text", "lead", REQUIRED,
                  "Write what this person does there."),
        FormField("contact.email", "E-mail", "email", "lead", REQUIRED,
                  "Give the address the contact reads."),
        FormField("contact.phone", "Phone", "phone", "lead", RECOMMENDED,
                  "Give the direct line where there is one."),
    ),
)  # fmt: skip

QUALIFICATION = Section(
    "qualification",
    "Qualification",
    (
        FormField("why_now", "Why now", "long_text", "handoff", RECOMMENDED,
                  "Say what happened that made the buyer look."),
        FormField("pains", "Pains", "lines", "handoff", REQUIRED,
                  "Up to three, one per line, in the buyer\u2019s words."),
        FormField("need", "Need", "long_text", "handoff", REQUIRED,
                  "Say what must be possible that is not possible today."),
        FormField("budget", "Budget", "text", "handoff", REQUIRED,
                  "Say which amount was named, by whom, and how sure it is."),
        FormField("authority", "Authority", "text", "handoff", REQUIRED,
                  "Say whether the contact decides, and who signs."),
        FormField("timeline", "Timeline", "text", "handoff", REQUIRED,
                  "Say by when the buyer decides, and what drives that date."),
        FormField("objections", "Objections", "long_text", "handoff", RECOMMENDED,
                  "Say what the buyer pushed back on and how it was answered."),
    ),
)  # fmt: skip

NEXT_STEP = Section(
    "next_step",
    "Agreed next step",
    (
        FormField("next_step", "Next step", "text", "handoff", REQUIRED,
                  "Say what the buyer agreed to, such as an intro call."),
        FormField("next_step_on", "Day of the next step", "date", "handoff", REQUIRED,
                  "Give the day the buyer agreed to.", is_ahead=True),
    ),
)  # fmt: skip

QUALIFIED_LEAD = Form.of((COMPANY, CONTACT, QUALIFICATION, NEXT_STEP))
QUALIFIED_LEAD_KEY = "qualified_lead"
QUALIFIED_LEAD_NAME = "Qualified lead"
