"""Every setting of Muster. Values come from the environment; docs/configuration.md lists them."""

import os
import secrets
from pathlib import Path
from typing import Any

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

from coordination.environment import env_bool, env_int, env_list, env_str

BASE_DIR = Path(__file__).resolve().parent.parent
VERSION = "0.1.0"

# Everything that Muster writes lives under MUSTER_HOME, so that a backup is one directory.
MUSTER_HOME = Path(env_str("MUSTER_HOME", str(BASE_DIR / "var"))).resolve()
REPO_ROOT = Path(env_str("REPO_ROOT", str(MUSTER_HOME / "repos"))).resolve()
MUSTER_HOME.mkdir(parents=True, exist_ok=True)

DATABASE_URL = env_str("DATABASE_URL", f"sqlite:///{MUSTER_HOME / 'muster.sqlite3'}")
REDIS_URL = env_str("REDIS_URL")


POSTGRES = "coordination.postgres"


def _database(url: str) -> dict[str, Any]:
    try:
        config: dict[str, Any] = dict(dj_database_url.parse(url))
    except (ValueError, KeyError) as error:
        raise ImproperlyConfigured(
            "DATABASE_URL is not an address Muster understands; write postgres://user:password@host:5432/name or sqlite:////path/file."
        ) from error
    if config["ENGINE"] == "django.db.backends.sqlite3":
        config["OPTIONS"] = {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA cache_size=-20000;",
        }
        config["CONN_MAX_AGE"] = None
    elif config["ENGINE"] == "django.db.backends.postgresql":
        config["OPTIONS"] = {
            # A thread that waits for work gives its connection back, so a few serve hundreds of waiting clients.
            "pool": {"min_size": 1, "max_size": env_int("DATABASE_POOL", 12, at_least=1), "timeout": 10},
            "connect_timeout": 5,
            # Without a number here nothing is prepared, also not the few statements that ask for it (models/sql.py). They are
            # written so that one plan serves all of their parameters. Django's own statements are never prepared.
            "prepare_threshold": 5,
            "options": "-c lock_timeout=10s -c statement_timeout=30s -c idle_in_transaction_session_timeout=60s"
            " -c plan_cache_mode=force_generic_plan",
        }
        config["ENGINE"] = POSTGRES  # looks after the health of connections itself
    else:
        raise ImproperlyConfigured("DATABASE_URL must name PostgreSQL (postgres://) or SQLite (sqlite:///).")
    return config


DATABASES = {"default": _database(DATABASE_URL)}
ON_POSTGRES = DATABASES["default"]["ENGINE"] == POSTGRES


def _secret_key() -> str:
    if key := env_str("SECRET_KEY"):
        if len(key) < 32:
            raise ImproperlyConfigured("SECRET_KEY is shorter than 32 characters; make one with: openssl rand -base64 48")
        return key
    if ON_POSTGRES:
        raise ImproperlyConfigured(
            "Set SECRET_KEY: every machine of a deployment needs the same one. Make it with: openssl rand -base64 48"
        )
    path = MUSTER_HOME / "secret_key"
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text(encoding="ascii").strip()
    with os.fdopen(fd, "w", encoding="ascii") as file:
        file.write(key := secrets.token_urlsafe(48))
    return key


SECRET_KEY = _secret_key()
SECRET_KEY_FALLBACKS = env_list("SECRET_KEY_FALLBACKS")
DEBUG = env_bool("DEBUG", False)
ALLOWED_HOSTS = env_list("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
HOST = env_str("HOST", "127.0.0.1")
PORT = env_int("PORT", 8000, at_least=1)
PUBLIC_URL = env_str("PUBLIC_URL", f"http://127.0.0.1:{PORT}").rstrip("/")
HTTPS = PUBLIC_URL.startswith("https://")
# Behind a proxy that ends TLS, requests arrive as http, and their forms name the https address.
CSRF_TRUSTED_ORIGINS = [*env_list("CSRF_TRUSTED_ORIGINS"), *([PUBLIC_URL] if HTTPS else [])]
CSRF_FAILURE_VIEW = "webui.views.too_old.form_too_old"

# Processes, and threads in each. A waiting client holds a thread, which costs little while it waits.
WEB_CONCURRENCY = env_int("WEB_CONCURRENCY", 2, at_least=1)
WEB_THREADS = env_int("WEB_THREADS", 704, at_least=1)

NIGHT_HOUR = env_int("NIGHT_HOUR", 3)  # UTC, when the repositories are checked and packed
if NIGHT_HOUR > 23:
    raise ImproperlyConfigured(f"NIGHT_HOUR is {NIGHT_HOUR}; write an hour from 0 to 23.")
KEEP_EVENTS_DAYS = env_int("KEEP_EVENTS_DAYS", 0)  # 0 keeps the audit log for ever
WEBHOOKS_ALLOW_PRIVATE = env_bool("WEBHOOKS_ALLOW_PRIVATE", False)

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    "ninja",  # serves the API's docs page from our own static files
    "huey.contrib.djhuey",
    "coordination",
    "webui",  # before allauth, whose pages it draws
    "worker",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
]

MIDDLEWARE = [
    # First, for every answer: files and refusals too.
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "webui.middleware.ContentSecurityPolicy",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "webui.middleware.ViewerTimeZone",
    "webui.middleware.SecondFactorFirst",
    "webui.middleware.Refusals",
]

AGENTS_PATH = "/api/v1/"
# What is left of it for agents: those whose headers are the same on every answer (coordination/handler.py).
AGENTS_MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "webui.middleware.ContentSecurityPolicy",
]

ROOT_URLCONF = "coordination.urls"
WSGI_APPLICATION = "coordination.wsgi.application"
AUTH_USER_MODEL = "coordination.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "login"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "webui.context.page",
            ],
        },
    },
]

# Signing in, a second factor and the list of sessions are allauth's, drawn by webui/templates/{account,mfa}.
ACCOUNT_ADAPTER = "webui.signing_in.Accounts"
ACCOUNT_FORMS = {"login": "webui.signing_in.SignInForm", "reauthenticate": "webui.signing_in.ConfirmForm"}
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]  # nobody signs up; without it allauth asks for mail addresses
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_PRESERVE_USERNAME_CASING = True
# An address is slowed down soon, an account only when many addresses guess at it, and neither for more than minutes.
ACCOUNT_RATE_LIMITS = {"login": "30/m/ip", "login_failed": "10/m/ip,30/5m/key"}
ALLAUTH_TRUSTED_PROXY_COUNT = env_int("TRUSTED_PROXIES", 0)
MFA_ADAPTER = "webui.signing_in.SecondFactors"
MFA_FORMS = {
    "activate_totp": "webui.signing_in.AppForm",
    "authenticate": "webui.signing_in.CodeForm",
    "reauthenticate": "webui.signing_in.ConfirmCodeForm",
    "add_webauthn": "webui.passkeys.AddForm",
    "edit_webauthn": "webui.passkeys.RenameForm",
    "login_webauthn": "webui.passkeys.SignInForm",
    "authenticate_webauthn": "webui.passkeys.SecondFactorForm",
    "reauthenticate_webauthn": "webui.passkeys.ConfirmForm",
}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_RATE_LIMITS = {"webauthn_login": ACCOUNT_RATE_LIMITS["login"]}
MFA_ALLOW_UNVERIFIED_EMAIL = True  # an account needs no mail address here
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_TOTP_TOLERANCE = 1  # of its 30 s steps, for clocks that are a little off

SECOND_FACTOR_FOR = env_str("SECOND_FACTOR_FOR", "nobody").strip().lower()
if SECOND_FACTOR_FOR not in ("nobody", "admins", "everyone"):
    raise ImproperlyConfigured(f"SECOND_FACTOR_FOR is {SECOND_FACTOR_FOR!r}; write nobody, admins or everyone.")

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = MUSTER_HOME / "static"
STATIC_ROOT.mkdir(exist_ok=True)  # whitenoise warns about a directory that is not there
WHITENOISE_USE_FINDERS = True
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "webui.static_files.HashedFiles"},
}

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 4 * 1024 * 1024  # bytes
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1000
DATA_UPLOAD_MAX_NUMBER_FILES = 2000  # a plan is uploaded as a directory of small files


def _huey() -> dict[str, Any]:
    """Huey's storage: Redis if there is one, else the database's kind. It may be lost at any time: the database is the work list."""
    storage: dict[str, Any]
    if REDIS_URL:
        storage = {"storage": "redis", "url": REDIS_URL}
    elif ON_POSTGRES:
        storage = {"storage": "postgres", "dsn": DATABASE_URL, "create_tables": False}
    else:
        storage = {"storage": "sqlite", "filename": str(MUSTER_HOME / "jobs.sqlite3"), "fsync": False}
    return {
        "name": "muster",
        "huey_class": "worker.queue.JobQueue",
        "immediate": False,
        "results": False,
        "utc": True,
        "connection": storage | {"secret": SECRET_KEY},
        "consumer": {"workers": JOB_THREADS, "worker_type": "thread", "max_delay": 1.0, "shutdown_timeout": 5.0},
    }


# One thread delivers, one does what is due at night; the others sweep.
JOB_THREADS = env_int("JOB_THREADS", 4, at_least=3)
HUEY = _huey()

LOG_LEVEL = env_str("LOG_LEVEL", "INFO").upper()
if LOG_LEVEL not in ("DEBUG", "INFO", "WARNING", "ERROR"):
    raise ImproperlyConfigured(f"LOG_LEVEL is {env_str('LOG_LEVEL')!r}; write DEBUG, INFO, WARNING or ERROR.")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "filters": {"outages": {"()": "worker.logs.Outages"}},
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "formatter": "line"},
        "jobs": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["outages"]},
    },
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
    # Huey tells of every beat at level INFO. It has a handler here because `run_huey` adds one of its own to a logger without.
    "loggers": {"huey": {"handlers": ["jobs"], "level": "DEBUG" if LOG_LEVEL == "DEBUG" else "WARNING", "propagate": False}},
}
