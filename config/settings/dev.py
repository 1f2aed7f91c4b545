"""One machine, no server to install: SQLite, mail into files."""

from config.settings.base import *  # noqa: F403  # a settings module is made to be extended

DEBUG = ENV.debug  # noqa: F405
# Static files straight from where they are written: nothing to collect first.
WHITENOISE_USE_FINDERS = True

# The demo's logins are known to everybody.
DEMO_ALLOWED = True
