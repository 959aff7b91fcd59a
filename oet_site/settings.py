"""Django's settings, made from OET's configuration. What a site may change is in `configuration.py`, not here."""

import os
import secrets
from datetime import timedelta
from pathlib import Path
from typing import Any

import dj_database_url

from environments.queues import queue_of
from oet import __version__
from oet_site.configuration import PROJECT_DIR, load

OET = load()
OET_VERSION = __version__


def _secret_key(home: Path) -> str:
    """The key in `$OET_HOME/secret_key`, made on first use; whoever loses the race to make it reads the winner's."""
    file = home / "secret_key"
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not file.exists():
        fresh = home / f"secret_key.{os.getpid()}.{secrets.token_hex(4)}"
        fresh.touch(mode=0o600)
        fresh.write_text(secrets.token_urlsafe(50))
        try:
            os.link(fresh, file)
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return file.read_text()


SECRET_KEY = OET.secret_key or _secret_key(OET.home)
DEBUG = OET.debug
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]", OET.node, *OET.allowed_hosts]
if OET.bind not in {"0.0.0.0", "::", *ALLOWED_HOSTS}:  # noqa: S104 - compared, not bound
    ALLOWED_HOSTS.append(OET.bind)
CSRF_TRUSTED_ORIGINS = [f"https://{host}" for host in OET.allowed_hosts]

INSTALLED_APPS = [
    "oet_site.apps.OetAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "channels",
    "rest_framework",
    "knox",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "oet_site.apps.SiteConfig",
    "environments",
    "procedures",
    "trials",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "oet_site.middleware.ContentSecurityPolicy",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "oet_site.urls"
ASGI_APPLICATION = "oet_site.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [PROJECT_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "procedures.pages.page.site",
            ]
        },
    }
]

# --- database: SQLite in WAL mode, each transaction IMMEDIATE so that a writer waits instead of failing half-way; or PostgreSQL

_SQLITE_OPTIONS: dict[str, Any] = {
    "timeout": 20,
    "transaction_mode": "IMMEDIATE",
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA temp_store=MEMORY; PRAGMA mmap_size=134217728;",
}


def _database(url: str) -> dict[str, Any]:
    settings: dict[str, Any] = dict(dj_database_url.parse(url))
    options = settings.setdefault("OPTIONS", {})
    if settings["ENGINE"].endswith("sqlite3"):
        options.update(_SQLITE_OPTIONS)
        settings["CONN_MAX_AGE"] = None  # opening one takes longer than most queries; each thread keeps its own
    else:
        # Many threads of the web process wait for answers, so connections are shared by a pool, not kept by threads.
        options["pool"] = {"min_size": 1, "max_size": 20, "timeout": 10}
    return settings


DATABASES = {"default": _database(OET.database_url or f"sqlite:///{OET.home / 'oet.sqlite3'}")}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- people and programs

LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "dashboard"
LOGOUT_REDIRECT_URL = "login"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
SESSION_COOKIE_NAME = "oet_session"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = OET.https
SESSION_COOKIE_HTTPONLY = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
if OET.https:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "knox.auth.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "procedures.rest.errors.answer",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
REST_KNOX = {"TOKEN_TTL": timedelta(hours=OET.token_hours), "AUTH_HEADER_PREFIX": "Token"}
SPECTACULAR_SETTINGS = {
    "TITLE": "OET, the Observation Execution Tool",
    "DESCRIPTION": "Prepare, start, stop and abort the scripts that drive a telescope, and read what they did.",
    "VERSION": OET_VERSION,
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "ENUM_NAME_OVERRIDES": {
        "ProcedureState": "procedures.models.STATE_CHOICES",
        "CommandState": "procedures.models.Command.State",
        "EnvironmentState": "environments.models.Environment.State",
        "ScriptState": "trials.models.SCRIPT_STATES",
        "TrialState": "trials.models.TRIAL_STATES",
    },
}
DATA_UPLOAD_MAX_MEMORY_SIZE = OET.body_limit

# --- pages

STATIC_URL = "/static/"
STATICFILES_DIRS = [PROJECT_DIR / "static"]
WHITENOISE_USE_FINDERS = True
LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = False

# --- Celery

CELERY_BROKER_URL = OET.celery_broker_url or "oetfiles://localhost"
CELERY_BROKER_TRANSPORT_OPTIONS = {} if OET.celery_broker_url else {"folder": str(OET.home / "celery")}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_IGNORE_RESULT = True  # what a task has done is in the database
CELERY_TASK_DEFAULT_QUEUE = "oet"
CELERY_TIMEZONE = "UTC"
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False  # nobody asks, and idle queues of answers would only pile up
CELERY_BEAT_SCHEDULE_FILENAME = str(OET.home / "celery" / "beat-schedule")
_HERE = {"queue": queue_of(OET.node), "expires": 60}
CELERY_BEAT_SCHEDULE = {
    "prune events": {"task": "procedures.prune_events", "schedule": timedelta(hours=1)},
    "bury trials": {"task": "trials.bury", "schedule": timedelta(minutes=1)},
    "take up builds": {"task": "environments.nudge", "schedule": timedelta(seconds=10), "options": _HERE},
    "tidy environments": {"task": "environments.tidy", "schedule": timedelta(minutes=10), "options": _HERE},
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "INFO"},
    "filters": {"without_traceback": {"()": "oet_site.logs.WithoutTraceback"}},
    "loggers": {
        "django.channels.server": {"level": "WARNING"},
        "daphne": {"level": "WARNING"},
        "django.security.DisallowedHost": {"filters": ["without_traceback"]},
    },
}
