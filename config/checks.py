"""A system check with an id for each way to misconfigure. `manage.py check --deploy` runs them all."""

import importlib.util
from collections.abc import Iterable
from urllib.parse import urlsplit

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError

from config.service_urls import BROKER_SCHEMES

# A key of fewer characters can be guessed.
KEY_MIN = 32


@register(Tags.security)
def secret_key(app_configs, **kwargs) -> Iterable[CheckMessage]:
    fault = _key_fault()
    if settings.ENVIRONMENT == "production" and fault:
        yield Error(f"SECRET_KEY is {fault}.", hint="Set SECRET_KEY or SECRET_KEY_FILE.", id="tollgate.E001")


@register(Tags.security)
def allowed_hosts(app_configs, **kwargs) -> Iterable[CheckMessage]:
    if settings.ENVIRONMENT == "production" and "*" in settings.ALLOWED_HOSTS:
        yield Error("ALLOWED_HOSTS allows every host.", hint="Name the hosts that serve this.", id="tollgate.E002")


@register()
def broker(app_configs, **kwargs) -> Iterable[CheckMessage]:
    if urlsplit(settings.REDIS_URL).scheme not in BROKER_SCHEMES:
        hint = "Use redis://, rediss:// or redis+socket://."
        yield Error(f"REDIS_URL has an unknown scheme: {settings.REDIS_URL!r}.", hint=hint, id="tollgate.E003")


@register()
def runtime(app_configs, **kwargs) -> Iterable[CheckMessage]:
    if settings.MODEL_RUNTIME == "torch" and importlib.util.find_spec("torch") is None:
        hint = "Install torch, or leave MODEL_RUNTIME as it is: onnx."
        yield Error("MODEL_RUNTIME is torch, which is not installed.", hint=hint, id="tollgate.E005")


@register(Tags.database)
def demo_people(app_configs, databases=None, **kwargs) -> Iterable[CheckMessage]:
    if databases and settings.ENVIRONMENT == "production" and has_demo():
        hint = "Start production on a database of its own."
        yield Error("The database holds demo people.", hint=hint, id="tollgate.E004")


@register(Tags.database)
def concurrency(app_configs, databases=None, **kwargs) -> Iterable[CheckMessage]:
    on_sqlite = settings.DATABASES["default"]["ENGINE"].endswith("sqlite3")
    if databases and settings.ENVIRONMENT == "production" and on_sqlite and settings.SESSION_COOKIE_SECURE:
        hint = "Set DATABASE_URL to a PostgreSQL."
        yield Warning("SQLite serves one machine with a few people.", hint=hint, id="tollgate.W001")


def has_demo() -> bool:
    """Say whether the database was loaded with demo people. A database without tables has none."""
    try:
        return apps.get_model("inspection", "User").objects.filter(email__endswith="@demo.invalid").exists()
    except DatabaseError:
        return False


def refuse_unsafe_production() -> None:
    """Stop a production process that would serve demo people or with a key that others know or guess."""
    if settings.ENVIRONMENT != "production":
        return
    fault = _key_fault()
    if fault:
        raise ImproperlyConfigured(f"SECRET_KEY is {fault}; production refuses it. Set SECRET_KEY_FILE.")
    if has_demo():
        raise ImproperlyConfigured("The database holds demo people; production refuses them.")


def _key_fault() -> str:
    if settings.SECRET_KEY == settings.INSECURE_KEY:
        return "the built-in one"
    return f"shorter than {KEY_MIN} characters" if len(settings.SECRET_KEY) < KEY_MIN else ""
