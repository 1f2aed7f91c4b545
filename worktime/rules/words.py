"""Lengths of time in plain words."""

HOUR_SECONDS = 3600


def duration_words(seconds: float) -> str:
    """Hours and minutes, as in "2 h 10 min"; seconds only below one minute. Signless.

    Hours never turn into days: a day of working time has no fixed length.
    """
    whole = int(abs(seconds))
    if whole < 60:
        return f"{whole} s" if whole else "0 min"
    hours, minutes = whole // HOUR_SECONDS, whole % HOUR_SECONDS // 60
    parts = [f"{hours} h"] if hours else []
    if minutes:
        parts.append(f"{minutes} min")
    return " ".join(parts)


def exact_words(seconds: int) -> str:
    """Hours, minutes and seconds, as in "2 h 10 min 5 s": nothing is rounded off. Signless."""
    minutes, rest = divmod(abs(seconds), 60)
    return (
        f"{duration_words(minutes * 60)} {rest} s"
        if minutes and rest
        else (duration_words(abs(seconds)))
    )


def working_days_words(days: int) -> str:
    """As in "1 working day" and "3 working days"."""
    return f"{days} working day" if abs(days) == 1 else f"{days} working days"
