#!/usr/bin/env python3
"""Run Django's management commands; a missing module or an old Python is one clear line."""

import os
import sys

OLDEST_PYTHON = (3, 11)


def main() -> int:
    if sys.version_info < OLDEST_PYTHON:
        found = ".".join(map(str, sys.version_info[:3]))
        return refuse(f"Python 3.11 or newer is needed, this is {found}. Try: make run")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.dev")
    try:
        from django.core.management import execute_from_command_line

        execute_from_command_line(sys.argv)
    except KeyboardInterrupt:
        return 128 + 2  # what a shell calls a program that Ctrl-C ended
    except ModuleNotFoundError as error:
        if is_ours(error.name or ""):
            raise
        return refuse(f"the Python module {error.name!r} is missing. Try: make clean run")
    except Exception as error:
        # The settings refuse a bad environment with one sentence meant for people.
        if type(error).__name__ != "EnvironmentProblem":
            raise
        return refuse(str(error))
    return 0


def is_ours(module: str) -> bool:
    """A missing module of this project is a defect, so its traceback is worth seeing."""
    here = os.path.dirname(os.path.abspath(__file__))
    return os.path.exists(os.path.join(here, module.partition(".")[0]))


def refuse(reason: str) -> int:
    print(f"manage.py: {reason}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
