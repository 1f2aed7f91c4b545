"""The leads of the demo. Names and companies are made up, and no address can be delivered to."""

import random
from datetime import date, datetime, timedelta
from typing import Any

_FIRST = ("Ana", "Claudia", "Ilse", "Paul", "Yasmin", "Martin", "Liam", "Agnieszka", "Henrik",
          "Marek", "Sofia", "Jens", "Lena", "Oskar", "Nina", "Pavel")  # fmt: skip
_LAST = ("Ruiz", "Reuter", "Vermeer", "Achterberg", "Öztürk", "Feld", "Byrne", "Nowak",
         "Sörensen", "Dvořák", "Marques", "Petersen", "Hofer", "Lund", "Horák")  # fmt: skip
_COMPANY = ("Nordwind", "Halden", "Aquatherm", "Rhein-Main", "Solarwerk", "Grünwald", "Shannon",
            "Polmar", "Baltic", "Tessel", "Alpina", "Kestrel", "Hansa", "Morava")  # fmt: skip
_BRANCH = (
    ("Logistik SE", "Transport and logistics"),
    ("Aufzüge GmbH", "Manufacturing"),
    ("Service BV", "Energy and utilities"),
    ("Kliniken", "Health care"),
    ("Cold Chain Ltd", "Transport and logistics"),
    ("Freight Services", "Transport and logistics"),
    ("Labor AG", "Health care"),
)
_TITLE = ("COO", "Head of Field Operations", "Head of Service", "Operations Lead", "Owner",
          "Fleet Manager", "Laboratory Director", "Head of Facilities")  # fmt: skip
_COUNTRY = ("Germany", "Germany", "Austria", "Switzerland")
_NORTH = ("Netherlands", "Poland", "Ireland")
_WHY = (
    "Failed a safety audit in September: no proof of 61 inspections.",
    "Lost two dispatchers in October; peak season starts on 23 November.",
    "The contract for the old tool ends on 31 December, and the renewal is 40 % dearer.",
    "From January every device needs a service record.",
    "Doubling the installation crews to 24 by March.",
    "Two missed calibrations were found by a customer.",
)
_PAINS = (
    "Paper job sheets: three to five days until an inspection is on record",
    "14 % of visits are second visits, because parts are missing",
    "Dispatch plans 62 technicians in one spreadsheet",
    "Drivers wait 50 minutes at the ramp because slots are planned by phone",
    "Two customers fined them for late proof of delivery",
)
_NEED = (
    "Proof of every inspection within the hour, signed on site.",
    "Plan slots for three sites on one screen and send proof of delivery the same hour.",
    "One plan that dispatch and technicians both see, also without a network.",
)
_BUDGET = (
    "60,000 to 80,000 EUR a year from the audit programme; the CFO has not confirmed",
    "40,000 EUR, named by the buyer, in the plan for next year",
    "Up to 25,000 EUR without the board",
)
_AUTHORITY = (
    "Recommends; Jens Petersen, the CFO, signs",
    "Decides alone up to 30,000 EUR",
    "Decides together with the head of IT",
)
_TIMELINE = (
    "Decision by 15 January, because the next audit is on 8 February",
    "Live before the contract with the port starts on 1 March",
    "Wants a pilot before the end of the quarter",
)
_OBJECTION = (
    "Technicians will not use another app; wants to see it on an old phone.",
    "Data must stay in the EU; answered with the data centre in Frankfurt.",
    "",
)
CALLS = (
    "Spoke for ten minutes: the audit is the driver, and the CFO joins the intro call.",
    "Left a message with the assistant; he calls back this afternoon.",
    "Went through the three sites; she wants to see it on an old phone.",
    "Agreed on an agenda and on who joins; sends the list of devices today.",
)
WEAK_MAILS = (
    "Hi, just checking in. Do you have five minutes this week?",
    "Following up on my last mail. Any news?",
)
STEPS = (
    "Intro call with the head of operations",
    "Demo on the old phones with two technicians",
    "Price range to the CFO, then a call",
)
LOST = ("Chose the tool the group uses", "The budget was moved to next year")
NOBODY_CAME = "Waited for ten minutes, then wrote to the contact."
NOT_NOW = "Wants to be called again when the contract with the present tool ends."
COME_BACK = "The contact has left the company; find out who leads the project now."
OBJECTIONS = {
    "no_budget": "The CFO named the range in my call; the recording is in the notes.",
    "wrong_contact": "The title says intern, but she runs the selection for the board.",
    "wrong_icp": "Eight in the office, and forty who drive out every day: see the notes.",
}
NOTHING_MISSING = "It stands in the notes of the call, further down."
UPHELD = "I listened to the call: this was not said there. It stays rejected."
OVERTURNED = "The notes say who decides and what is planned. Please work it."
TAKE_THIS = "Nobody took it in time; you know the industry."
SEEN = "Calls the buyer right after lunch."
NO_MONEY = "Asked on the phone: nothing is planned for this."
CONFLICT = "My former employer; somebody else must take this one."
WHO_SIGNS = "Who signs after the CFO, and what drives the date? I need both to plan the call."
WRONG_CONTACT = "Left the company last week; somebody else must be found there."
REJECTIONS: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("missing_information", ("authority",), "Who signs? I cannot plan the call without it."),
    ("missing_information", ("timeline",), "Which date drives this?"),
    ("no_budget", (), "Asked on the phone: nothing planned before 2028."),
    ("wrong_contact", (), "An intern who collects brochures."),
    ("wrong_icp", (), "Eight people and no field staff."),
)
FIXES = {
    "authority": "The CFO signs; the board is told afterwards",
    "timeline": "Decision on 20 January, when the board meets",
}


def meeting_at(chance: random.Random, *, after: datetime) -> str:
    """A meeting two to six days later, as a form keeps it."""
    day = after.date() + timedelta(days=chance.randint(2, 6))
    return f"{day.isoformat()}T{chance.choice((9, 10, 11, 14, 15)):02}:00[Europe/Berlin]"


def as_meeting(known: dict[str, Any], chance: random.Random, *, after: datetime) -> dict[str, Any]:
    """The same lead, handed over with a meeting that is set already."""
    basics = {key: value for key, value in known.items() if key.startswith(("company", "contact"))}
    told = {key: known[key] for key in ("why_now", "pains", "need", "budget")}
    return {
        **basics,
        **told,
        "meeting_at": meeting_at(chance, after=after),
        "meeting_type": "Online",
        "meeting_link": f"https://meet.example/{chance.randrange(10**9):09}",
        "attendees": f"{known['contact.first_name']} {known['contact.last_name']}, the buyer's IT",
        "topics": "Proof of inspection on site, price range, pilot",
    }


def answers(chance: random.Random, *, agreed_on: date, is_north: bool = False) -> dict[str, Any]:
    """A full form about a lead that does not exist, with an intro call on that day."""
    first, last = chance.choice(_FIRST), chance.choice(_LAST)
    branch, industry = chance.choice(_BRANCH)
    name = f"{chance.choice(_COMPANY)} {branch}"
    number = chance.randrange(10_000)
    domain = f"{name.split(maxsplit=1)[0].lower()}-{number}.example".replace("ü", "ue")
    mailbox = f"{first}.{last}".lower().translate(_PLAIN)
    return {
        "company.name": name,
        "company.size": chance.choice((35, 80, 140, 180, 320, 560)),
        "company.industry": industry,
        "company.country": chance.choice(_NORTH if is_north else _COUNTRY),
        "company.domain": domain,
        "contact.first_name": first,
        "contact.last_name": last,
        "contact.title": chance.choice(_TITLE),
        "contact.email": f"{mailbox}@{domain}",
        "contact.phone": f"+49 40 5550 {number:04}",
        "why_now": chance.choice(_WHY),
        "pains": chance.sample(_PAINS, 2),
        "need": chance.choice(_NEED),
        "budget": chance.choice(_BUDGET),
        "authority": chance.choice(_AUTHORITY),
        "timeline": chance.choice(_TIMELINE),
        "objections": chance.choice(_OBJECTION),
        "next_step": "Intro call with the head of operations",
        "next_step_on": agreed_on.isoformat(),
    }


_PLAIN = str.maketrans({"ö": "oe", "ü": "ue", "á": "a", "ř": "r", "ø": "o"})
