"""Everything for the embedded engine and the demo. Values come from the environment through typed readers."""

import sys
from datetime import timedelta
from pathlib import Path

import structlog
from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from config import env
from config.service_urls import broker_of, database_of
from config.storage_url import storage_of

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = env.text("TOLLGATE_ENV", "demo", choices=("demo", "production", "test"))
DATA = Path(env.text("TOLLGATE_DATA", str(ROOT / "var"))).resolve()
DEMO = ENVIRONMENT == "demo"

INSECURE_KEY = "insecure-demo-key-that-production-refuses"
SECRET_KEY = env.secret("SECRET_KEY", INSECURE_KEY)
DEBUG = False
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", "127.0.0.1,localhost,[::1]")
LOG_LEVEL = env.text("LOG_LEVEL", "INFO", choices=("DEBUG", "INFO", "WARNING", "ERROR"))

INSTALLED_APPS = [
    "config.apps.TollgateConfig",
    "config.apps.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "axes",
    "csp",
    "django_structlog",
    "inspection",
    "review",
    "monitoring",
]

MIDDLEWARE = [
    "config.middleware.head_without_body",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "config.middleware.counted",
    "config.middleware.patient_forms",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "config.middleware.roles_asked_once",
    "django_structlog.middlewares.RequestMiddleware",
    "config.middleware.caller_trace",
    "config.middleware.access_line",
    "config.middleware.person_language",
    "config.accounts.session_end",
    "config.middleware.nothing_cached",
    "config.middleware.second_factor",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "config.context.shell",
            ],
        },
    }
]

# Database -------------------------------------------------------------------------------------------------------

DATABASES = {
    "default": database_of(
        env.text("DATABASE_URL", f"sqlite:///{DATA / 'tollgate.sqlite3'}"),
        wait_s=env.integer("DATABASE_WAIT_S", 20, low=1, high=600),
        statement_s=env.integer("DATABASE_STATEMENT_S", 60, low=0, high=86_400),
    )
}
# Used codes and attempts are everybody's business: a cache of one process would let each be tried in the next.
CACHES = {"default": {"BACKEND": "inspection.shared_cache.SharedCache"}}
FORM_WAIT_S = env.integer("FORM_WAIT_S", 20, low=1, high=600)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "inspection.User"

# Files ----------------------------------------------------------------------------------------------------------

# Which processes the engine of this folder runs.
RUN_FILE = DATA / "run.json"
IMAGES_ROOT = DATA / "images"
MODELS_ROOT = DATA / "models"
# Exports grow here; a finished one moves into the store beside the images.
EXPORTS_ROOT = DATA / "exports"
# Copied elsewhere, these hashes show that a chain of receipts was cut or written anew.
RECEIPT_HEADS = Path(env.text("RECEIPT_HEADS", str(DATA / "receipt-heads.jsonl")))
STORAGES = {
    "default": storage_of(env.text("STORAGE_URL", f"file://{IMAGES_ROOT}")),
    "staticfiles": {"BACKEND": "config.storage.HashedStaticFilesStorage"},
}
STATIC_URL = "/static/"
STATIC_ROOT = ROOT / "staticfiles"
STATICFILES_DIRS = [ROOT / "static"]
FILE_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
# What images leave free on their disk: the database that stands beside them needs room for STOP and decisions.
STORAGE_FREE_MIN_BYTES = env.integer("STORAGE_FREE_MIN_MB", 100, low=0, high=1_000_000) * 2**20
IMAGE_MAX_BYTES = 12 * 1024 * 1024

# Broker ---------------------------------------------------------------------------------------------------------

REDIS_URL = broker_of(env.text("REDIS_URL", f"redis+socket://{DATA / 'broker.sock'}"))
CELERY_BROKER_URL = REDIS_URL
# Which message wakes whom stands in config/relay.py; inspection rings without knowing it.
BELL = "config.relay.ring"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_SERIALIZER = "json"
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
# Celery would close the database before and after each task; config/celery.py looks after the connection instead.
CELERY_DB_REUSE_MAX = sys.maxsize
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# Redelivery of what a killed worker held: seconds, not the transport's hour.
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 60,
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    "socket_timeout": 1.0,
    "socket_connect_timeout": 0.1,
}
CELERY_BEAT_SCHEDULE = {
    "send-notices": {
        "task": "monitoring.tasks.send_notices",
        "schedule": 10.0,
        "options": {"queue": "default", "expires": 10},
    },
    "check-health": {"task": "review.tasks.check_health", "schedule": 60.0, "options": {"queue": "reports"}},
    "score-banks": {"task": "review.tasks.score_banks", "schedule": 60.0, "options": {"queue": "reports"}},
    "advance-retro": {"task": "review.tasks.advance_retro", "schedule": 60.0, "options": {"queue": "reports"}},
    "read-gates": {"task": "review.tasks.read_gates", "schedule": 60.0, "options": {"queue": "reports"}},
    "export-heads": {"task": "review.tasks.export_heads", "schedule": 3600.0, "options": {"queue": "reports"}},
    "rotate-salts": {"task": "review.tasks.rotate_salts", "schedule": 900.0, "options": {"queue": "reports"}},
    "tidy": {"task": "review.tasks.tidy", "schedule": 3600.0, "options": {"queue": "reports"}},
}
TRAINING_MEMORY_MB = env.integer("TRAINING_MEMORY_MB", 3000, low=500, high=1_000_000)
# A P1 that nobody acknowledges is told again after so long; 0 for never.
REMIND_AFTER = timedelta(minutes=env.integer("REMIND_AFTER_MIN", 15, low=0, high=1440))
WAITING_REQUESTS_MAX = env.integer("WAITING_REQUESTS_MAX", 4, low=0, high=1000)
# How long the page stays on an item for what the model says of the first call, before it goes on.
REVEAL_WAIT_MS = 300
REMOTE_MODELS = env.addresses("REMOTE_MODELS")
# What the models on this machine run on.
MODEL_RUNTIME = env.text("MODEL_RUNTIME", "onnx", choices=("onnx", "torch"))
# Receivers of webhooks inside the plant: for them alone an address may be private, plain or on another port.
NOTICE_HOSTS = env.words("NOTICE_HOSTS")
METRICS_TOKEN = env.secret("METRICS_TOKEN", "")

# People ---------------------------------------------------------------------------------------------------------

AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 15}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "queue-choice"
ACCOUNT_ADAPTER = "config.accounts.ClosedAdapter"
ACCOUNT_FORMS = {
    "login": "config.accounts.SignInForm",
    "change_password": "config.accounts.PasswordForm",
    "reset_password": "config.accounts.ForgottenForm",
    "reset_password_from_key": "config.accounts.MailedPasswordForm",
    "add_email": "config.accounts.AddressForm",
}
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
SECOND_FACTOR_REQUIRED = not DEMO
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
# Administrators make accounts and nobody signs up: no address is anybody's claim that mail would have to prove first.
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_ADAPTER = "allauth.mfa.adapter.DefaultMFAAdapter"
# A shop floor shares one address: lock the pair, or one typo locks everybody out.
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 0.25
AXES_CLIENT_IP_CALLABLE = "config.lockout.address_of"
AXES_LOCKOUT_CALLABLE = "config.lockout.locked_out"
AXES_RESET_ON_SUCCESS = True
# Each proxy in front adds whom it heard to X-Forwarded-For; what stands before those entries is anybody's claim.
ALLAUTH_TRUSTED_PROXY_COUNT = env.integer("PROXIES", 0, low=0, high=5)
# Before a password is hashed. A shift signs in within minutes, from one address where the floor has one: right ones are
# counted for the processor's sake alone. Wrong ones: by address, and by name or person from anywhere, above the lock of
# the pair. The same limit is that of codes of a second factor, of which there are a million.
ACCOUNT_RATE_LIMITS = {"login": "120/m/ip", "login_failed": "30/10m/ip,10/15m/key"}
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "inspection.api.problems.csrf_failure"

# Mail -----------------------------------------------------------------------------------------------------------

EMAIL_HOST = env.text("EMAIL_HOST", "")
EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if EMAIL_HOST else 'filebased'}.EmailBackend"
EMAIL_FILE_PATH = DATA / "mail"
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.text("EMAIL_FROM", "tollgate@localhost")
PUBLIC_URL = env.text("PUBLIC_URL", "http://127.0.0.1:8000")

# Headers --------------------------------------------------------------------------------------------------------

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "blob:", "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "manifest-src": [SELF],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "no-referrer"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True

# API ------------------------------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "inspection.api.authentication.TokenAuthentication",
        "inspection.api.authentication.PersonSession",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_PARSER_CLASSES": ["inspection.api.parsers.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "inspection.api.problems.exception_handler",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Tollgate",
    "DESCRIPTION": "Visual inspection that earns its automation.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PUBLIC": True,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "SWAGGER_UI_DIST": "SIDECAR",
    # Not JSON but a script, for the snippets in Python are a function of static/js/api_snippets.js.
    "SWAGGER_UI_SETTINGS": """{
        deepLinking: true,
        plugins: [SNIPPETS],
        requestSnippetsEnabled: true,
        requestSnippets: {
            defaultExpanded: true,
            generators: {
                curl_bash: {title: "curl", syntax: "bash"},
                python: {title: "Python", syntax: "python"},
            },
        },
    }""",
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "config.api_examples.add",
    ],
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "ENUM_NAME_OVERRIDES": {
        "ItemState": "inspection.api.shapes.STATES",
        "RunState": "inspection.api.shapes.RUN_STATES",
        "BatchState": "inspection.api.shapes.BATCH_STATES",
        "ModelCall": "review.api.inputs.CALLS",
        "PersonLabel": "review.api.inputs.LABELS",
        "Rung": "review.api.forms.LEVELS",
        "Shift": "review.api.rollouts.SHIFTS",
    },
}

# Languages and time ---------------------------------------------------------------------------------------------

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("ko", _("Korean"))]
LOCALE_PATHS = [ROOT / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

# Logs -----------------------------------------------------------------------------------------------------------

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "json": {
            "()": structlog.stdlib.ProcessorFormatter,
            "processor": structlog.processors.JSONRenderer(),
            "foreign_pre_chain": [
                structlog.contextvars.merge_contextvars,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                structlog.stdlib.add_log_level,
                structlog.stdlib.add_logger_name,
                structlog.processors.format_exc_info,
            ],
        }
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {
        # Celery sets the root to its own level: one line for each request and each task is wanted all the same.
        "config": {"level": LOG_LEVEL},
        "django.server": {"level": "WARNING"},
        "django_structlog": {"level": "CRITICAL"},
        "axes": {"level": "WARNING"},
    },
}
structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.filter_by_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.format_exc_info,
        structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    cache_logger_on_first_use=True,
)
