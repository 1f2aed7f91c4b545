"""The test runs: the database that the runner names, mail in memory, cheap password hashes."""

import atexit
import math
import os
import shutil
import tempfile
from pathlib import Path

from config.databases import database
from config.settings.base import *  # noqa: F403  # a settings module is made to be extended

# Every process of a run has a data folder of its own, which goes away with it. Processes that
# a test starts are given theirs by the test.
if "DATA_DIR" not in os.environ:
    DATA_DIR = Path(tempfile.mkdtemp(prefix="handoff-test-"))
    atexit.register(shutil.rmtree, DATA_DIR, ignore_errors=True)

DATABASES = {"default": database(os.environ.get("TEST_DATABASE_URL", ""), DATA_DIR / "db.sqlite3")}
_OPTIONS = DATABASES["default"]["OPTIONS"]
# A machine that is slow, or stands still for a while, is no defect, and no test cuts the power:
# here nobody gives up what they wait for, and no commit waits for the disk.
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # Several processes must see one database, so it is a file and not memory.
    DATABASES["default"]["TEST"] = {"NAME": str(DATA_DIR / "test.sqlite3")}
    _OPTIONS["timeout"] = 120
    _OPTIONS["init_command"] = _OPTIONS["init_command"].replace("=FULL", "=OFF")
else:
    _OPTIONS["options"] += " -c lock_timeout=120s -c statement_timeout=240s"

WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"

# No loop runs beside a test, and no page says so unless the test is about that.
LOOP_GRACE_SECONDS = math.inf

# The demo's logins are known to everybody.
DEMO_ALLOWED = True
