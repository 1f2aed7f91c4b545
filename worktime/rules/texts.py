"""A calendar's hours as people write them: one text per weekday, one line per date that differs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from worktime.rules.calendar import WEEKDAYS
from worktime.rules.judging import DAY_NAMES

CLOSED = "closed"
EXAMPLE = "09:00-12:30, 13:30-18:00"
LABELS = {
    "zone": "Time zone",
    **dict(zip(WEEKDAYS, DAY_NAMES, strict=True)),
    "country": "Public holidays of",
    "region": "Region",
}
"""What a text of one value is called."""
LISTS = {
    "holidays": "Closed day",
    "breaks": "Closed for some hours",
    "shifts": "Other hours",
}
"""What a line of each text of many lines is called."""

_DATED_EXAMPLES = {
    "breaks": "2026-11-20 14:00-18:00 Team day",
    "shifts": "2026-11-21 10:00-14:00 Trade fair",
}
_YEARLY = re.compile(r"\d{2}-\d{2}")
# Every dash that word processors write for a hyphen.
_DASH = re.compile("[\u2010-\u2015\u2212]")
_CLOCK = r"\d[\d:.]*"
_SPAN = rf"{_CLOCK}\s*[-\u2010-\u2015\u2212]\s*{_CLOCK}"
_DATED = re.compile(rf"(\S+)\s+({_SPAN}(?:\s*[,;]\s*{_SPAN})*|{CLOSED})(?:\s+(.*))?", re.IGNORECASE)


@dataclass
class Texts:
    """What the texts say, as the JSON form of a calendar.

    `places` are the text and the words for the line of each entry, by the entry's path in
    `data`; `problems` are pairs of a text's name and what is wrong with it.
    """

    data: dict[str, Any] = field(default_factory=dict)
    places: dict[str, tuple[str, str]] = field(default_factory=dict)
    problems: list[tuple[str, str]] = field(default_factory=list)

    def place(self, path: str) -> tuple[str, str]:
        """The text that a path of `data` comes from, and the words for its line."""
        entry, bracket, _ = path.partition("]")
        return self.places.get(entry + bracket, (path.partition("[")[0].partition(".")[0], ""))


def read_texts(texts: Mapping[str, str]) -> Texts:
    """The texts, by name, as the JSON form; times and dates are left for the rules to judge."""
    read = Texts()
    read.data = {"zone": texts.get("zone", ""), "windows": list(_windows(texts, read))}
    read.data["holidays"] = list(_holidays(texts, read))
    read.data["breaks"] = list(_breaks(texts, read))
    read.data["shifts"] = list(_shifts(texts, read))
    return read


def written(data: Mapping[str, Any], zone: str, country: str, region: str) -> dict[str, str]:
    """The texts, by name, that the JSON form of a calendar is read from."""
    texts = {
        day: ", ".join(_span(entry) for entry in data["windows"] if entry["day"] == day)
        for day in WEEKDAYS
    }
    holidays = (_line(entry.get("date") or entry["yearly"], entry) for entry in data["holidays"])
    breaks = (_line(f"{entry['date']} {_span(entry)}", entry) for entry in data["breaks"])
    shifts = (
        _line(f"{entry['date']} {_spans(entry['windows'])}", entry) for entry in data["shifts"]
    )
    return {
        **texts,
        "zone": zone,
        "country": country,
        "region": region,
        "holidays": "\n".join(holidays),
        "breaks": "\n".join(breaks),
        "shifts": "\n".join(shifts),
    }


def differences(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """What one form of the texts has and the other has not, one sentence each."""
    told = [
        f"{label}: {after[name] or _nothing(name)} instead of {before[name] or _nothing(name)}"
        for name, label in LABELS.items()
        if before[name] != after[name]
    ]
    for name, label in LISTS.items():
        old, new = before[name].splitlines(), after[name].splitlines()
        was, now = set(old), set(new)
        told += [f"{label} added: {line}" for line in new if line not in was]
        told += [f"{label} taken out: {line}" for line in old if line not in now]
    return told


def _nothing(name: str) -> str:
    return CLOSED if name in WEEKDAYS else "none"


def _windows(texts: Mapping[str, str], read: Texts) -> Iterator[dict[str, str]]:
    n = 0
    for day in WEEKDAYS:
        for hours in _hours(day, texts.get(day, ""), "", read):
            read.places[f"windows[{n}]"] = (day, "")
            n += 1
            yield {"day": day, **hours}


def _holidays(texts: Mapping[str, str], read: Texts) -> Iterator[dict[str, str]]:
    for n, (lead, line) in enumerate(_lines(texts, "holidays")):
        read.places[f"holidays[{n}]"] = ("holidays", lead)
        day, name = [*line.split(maxsplit=1), ""][:2]
        kind = "yearly" if _YEARLY.fullmatch(day) else "date"
        yield {kind: day, **_named(name)}


def _breaks(texts: Mapping[str, str], read: Texts) -> Iterator[dict[str, str]]:
    n = 0
    for lead, day, spans, name in _dated(texts, "breaks", read):
        if spans.lower() == CLOSED:
            fix = "For a whole day write 00:00-24:00, or make it one of the own closed days."
            read.problems.append(("breaks", f"{lead}{fix}"))
        for hours in _hours("breaks", spans, lead, read):
            read.places[f"breaks[{n}]"] = ("breaks", lead)
            n += 1
            yield {"date": day, **hours, **_named(name)}


def _shifts(texts: Mapping[str, str], read: Texts) -> Iterator[dict[str, Any]]:
    for n, (lead, day, spans, name) in enumerate(_dated(texts, "shifts", read)):
        read.places[f"shifts[{n}]"] = ("shifts", lead)
        yield {"date": day, "windows": list(_hours("shifts", spans, lead, read)), **_named(name)}


def _dated(texts: Mapping[str, str], name: str, read: Texts) -> Iterator[tuple[str, str, str, str]]:
    for lead, line in _lines(texts, name):
        found = _DATED.fullmatch(line)
        if found is None:
            example = _DATED_EXAMPLES[name]
            wrong = f"{lead}Write a date, its hours and a name, as in {example}."
            read.problems.append((name, wrong))
            continue
        yield lead, found[1], found[2], found[3] or ""


def _hours(name: str, text: str, lead: str, read: Texts) -> Iterator[dict[str, str]]:
    for span in _DASH.sub("-", text).replace(";", ",").split(","):
        if span.strip().lower() in {"", CLOSED}:
            continue
        start, dash, end = (part.strip() for part in span.partition("-"))
        if not (start and dash and end):
            wrong = f"{lead}Write hours such as {EXAMPLE}, not '{span.strip()[:40]}'."
            read.problems.append((name, wrong))
            return
        yield {"start": _clock(start), "end": _clock(end)}


def _clock(text: str) -> str:
    """9 and 9.30 are times to whoever writes them."""
    text = text.replace(".", ":")
    return f"{text}:00" if text.isdecimal() and len(text) < len("000") else text


def _lines(texts: Mapping[str, str], name: str) -> Iterator[tuple[str, str]]:
    """The lines that say something, each with the words for which line it is."""
    for n, line in enumerate(texts.get(name, "").splitlines(), start=1):
        if line.strip():
            yield f"Line {n}: ", line.strip()


def _named(name: str) -> dict[str, str]:
    return {"name": name.strip()} if name.strip() else {}


def _line(said: str, entry: Mapping[str, Any]) -> str:
    return f"{said} {entry.get('name', '')}".strip()


def _spans(entries: Iterable[Mapping[str, str]]) -> str:
    return ", ".join(_span(entry) for entry in entries) or CLOSED


def _span(entry: Mapping[str, str]) -> str:
    return f"{entry['start']}-{entry['end']}"
