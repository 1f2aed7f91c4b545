"""How far a long command has come."""

import sys

from django.core.management.base import OutputWrapper


class Progress:
    """A bar on one line of a terminal; a line now and then where the output goes to a file."""

    WIDTH = 30
    BETWEEN_LINES = 100

    def __init__(self, stream: OutputWrapper, *, total: int, noun: str) -> None:
        self.stream = stream
        self.total = total
        self.noun = noun
        self.count = 0
        self.is_shown = sys.stdout.isatty()

    def step(self) -> None:
        self.count += 1
        if self.is_shown and (self.count % 20 == 0 or self.count == self.total):
            filled = self.WIDTH * self.count // max(self.total, 1)
            bar = "#" * filled + "." * (self.WIDTH - filled)
            self.stream.write(
                f"\r  [{bar}] {self.count:,} of {self.total:,} {self.noun}", ending=""
            )
            self.stream.flush()
        elif not self.is_shown and self.count % self.BETWEEN_LINES == 0:
            self.stream.write(f"  {self.count:,} of {self.total:,} {self.noun}")
            self.stream.flush()

    def end(self) -> None:
        if self.is_shown:
            self.stream.write("")
