"""Settings that hold everywhere; `prod`, `dev` and `test` add what differs."""

from datetime import timedelta
from typing import Any

from csp.constants import NONE, SELF, UNSAFE_EVAL, UNSAFE_INLINE

from config import shell
from config.broker import broker_url
from config.databases import database
from config.env import PROJECT_DIR, read_environment
from config.logs import logging_config
from config.mail import mail_settings

ENV = read_environment()

DEBUG = False
SECRET_KEY = ENV.secret_key
SECRET_KEY_FALLBACKS = ENV.secret_key_fallbacks
ALLOWED_HOSTS = ENV.allowed_hosts
DATA_DIR = ENV.data_dir
SITE_URL = ENV.site_url

INSTALLED_APPS = [
    "config.apps.ConfigConfig",
    "review",
    "handoff",
    "sla",
    "routing",
    "notify",
    "accounts",
    "worktime",
    "core",
    # Unfold overrides templates of the admin, so it stands before it. The site is our own.
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "unfold.contrib.simple_history",
    "config.apps.ShellConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "axes",
    "csp",
    "simple_history",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "config.middleware.ProbesByAddress",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.middleware.ActivateZone",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "core.middleware.DialogRedirects",
    "core.middleware.RefusalPages",
    "core.middleware.TriesAgain",
    "simple_history.middleware.HistoryRequestMiddleware",
    "axes.middleware.AxesMiddleware",
]

DATABASES = {"default": database(ENV.database_url, DATA_DIR / "handoff.sqlite3")}

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [PROJECT_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# People

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "accounts:login"
LOGIN_REDIRECT_URL = "/"

# Five wrong guesses for one user from one address, then a quarter of an hour of refusals.
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
# The sign-in form's field, and what the credentials call it, whatever the model's is called.
AXES_USERNAME_FORM_FIELD = "username"
AXES_RESET_ON_SUCCESS = True
AXES_ENABLE_ACCESS_FAILURE_LOG = False
AXES_VERBOSE = False
AXES_LOCKOUT_TEMPLATE = "registration/locked.html"
# The link of an invitation works for a week.
PASSWORD_RESET_TIMEOUT = 7 * 24 * 60 * 60

SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 12 * 60 * 60
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "core.views.csrf_failure"

# What stands around every page

UNFOLD: dict[str, Any] = shell.UNFOLD
SHELL_MENUS: dict[str, Any] = shell.SHELL_MENUS
SHELL_BADGES: dict[str, str] = shell.SHELL_BADGES
SHELL_CONDITIONS: dict[str, str] = shell.SHELL_CONDITIONS

# Language and time

LANGUAGE_CODE = "en"
USE_I18N = True
FORMAT_MODULE_PATH = ["config.formats"]
USE_TZ = True
TIME_ZONE = "UTC"

# Files

STATIC_URL = "static/"
STATICFILES_DIRS = [PROJECT_DIR / "static"]
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000_000
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1_000

# Headers

X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
CONTENT_SECURITY_POLICY: dict[str, Any] = {
    "DIRECTIVES": {
        "default-src": [SELF],
        # The admin's Alpine evaluates the expressions in its attributes.
        "script-src": [SELF, UNSAFE_EVAL],
        # It writes its palette into a style element of every page.
        "style-src": [SELF, UNSAFE_INLINE],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    },
}

# Behind a proxy the scheme and the visitor's address come from its headers, and only then.
TRUSTED_PROXIES = ENV.trusted_proxies
AXES_CLIENT_IP_CALLABLE = "config.proxies.client_address"
if TRUSTED_PROXIES:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# Mail

_MAIL = mail_settings(ENV.email_url, DATA_DIR / "mail")
EMAIL_BACKEND = _MAIL.backend
EMAIL_FILE_PATH = _MAIL.file_path
EMAIL_HOST = _MAIL.host
EMAIL_PORT = _MAIL.port
EMAIL_HOST_USER = _MAIL.user
EMAIL_HOST_PASSWORD = _MAIL.password
EMAIL_USE_TLS = _MAIL.use_tls
EMAIL_USE_SSL = _MAIL.use_ssl
EMAIL_TIMEOUT = 15
DEFAULT_FROM_EMAIL = ENV.email_from
SERVER_EMAIL = ENV.email_from

# The loops. Seconds; TIME_SCALE shortens them for fault runs.

_SCALE = ENV.time_scale
# One tick works off what is due in batches until none is left or this time is over.
LOOP_BUDGET_SECONDS = 10 * _SCALE
# A loop that found nothing to do says that it lives this often, not at every tick.
HEARTBEAT_IDLE_SECONDS = 5 * _SCALE
# No tick for this long, or for three periods of a slow loop: /readyz/ answers 503.
LOOP_STALE_SECONDS = 60 * _SCALE
# A loop that never ticked is called late once a web process has been up for this long.
LOOP_GRACE_SECONDS = 90 * _SCALE
# When nothing ticked for longer than this, no lead is moved by a ladder for as long again, unless
# an admin lets them go on: people see first where things stand.
STANDSTILL_SECONDS = 900 * _SCALE
# So often it is looked whether clocks are behind their next step by more than this.
RECONCILE_SECONDS = 60 * _SCALE
# Asked for this often while all loops tick; one try is over after the other.
DEAD_MAN_URL = ENV.dead_man_url
DEAD_MAN_SECONDS = 60 * _SCALE
DEAD_MAN_DEADLINE_SECONDS = 10 * _SCALE
# A worker that was given no task for this long ends itself; its supervisor starts a new one.
WORKER_WATCHDOG_SECONDS = 120 * _SCALE
# After several messages at once, a person's next ones wait this long and come as one too.
DIGEST_SECONDS = 60 * _SCALE
# What a killed worker had claimed is claimed again after this.
LEASE_SECONDS = 30 * _SCALE
# Waits between delivery attempts (the Standard Webhooks schedule), then the message is dead.
_MINUTE = 60
_HOUR = 60 * _MINUTE
RETRY_DELAYS_SECONDS = [
    seconds * _SCALE
    for seconds in (
        5,
        5 * _MINUTE,
        30 * _MINUTE,
        2 * _HOUR,
        5 * _HOUR,
        10 * _HOUR,
        14 * _HOUR,
        20 * _HOUR,
        24 * _HOUR,
    )
]

# Handoffs

# From acceptance on, the owner changes for a stated reason only.
HANDOFF_FREEZE_DAYS = 30
# For so many working hours a late clock that somebody has seen alerts nobody and moves nothing.
SLA_ACKNOWLEDGED_HOURS = 4
# People with known passwords: development only.
DEMO_ALLOWED = False
DEMO_WEEKS = ENV.demo_weeks

# Messages

# One try to send one message is over after this, whatever the other side does meanwhile.
NOTIFY_SEND_SECONDS = 15 * _SCALE
# Where the addresses may lie to which people have their messages sent.
NOTIFY_SLACK_HOSTS = ENV.slack_hosts

# Celery: the loops' ticks and nothing else. The database holds the work, so a message that is
# lost or comes twice costs only delay, and every wait on the broker may be short.

REDIS_URL = ENV.redis_url
CELERY_BROKER_URL = broker_url(REDIS_URL, DATA_DIR)
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 600,
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    # Longer than the one second for which the worker blocks on an empty queue.
    "socket_timeout": 5,
    "socket_connect_timeout": 2,
    "socket_keepalive": True,
    "health_check_interval": 10,
    "retry_on_timeout": False,
    "global_keyprefix": "handoff:",
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0.1,
    "interval_max": 0.2,
}
CELERY_TASK_PUBLISH_RETRY = True
CELERY_TASK_PUBLISH_RETRY_POLICY = {
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0.1,
    "interval_max": 0.2,
}
CELERY_TASK_ACKS_LATE = True
# The database drives a lost tick anew; a poisonous one must not go round for ever.
CELERY_TASK_REJECT_ON_WORKER_LOST = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_TIME_LIMIT = 120
CELERY_TASK_SOFT_TIME_LIMIT = 90
CELERY_TASK_IGNORE_RESULT = True
CELERY_RESULT_BACKEND = None
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_WORKER_MAX_TASKS_PER_CHILD = 500
CELERY_WORKER_MAX_MEMORY_PER_CHILD = 250_000
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 30
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TIMEZONE = "UTC"
CELERY_ENABLE_UTC = True
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_BEAT_MAX_LOOP_INTERVAL = 5
# Nothing to remember between starts, and no file that a kill could spoil.
CELERY_BEAT_SCHEDULER = "celery.beat:Scheduler"

LOGGING = logging_config(ENV.log_format, ENV.log_level)
