"""A system check with an id for each way to misconfigure. `manage.py check --deploy` runs them all."""

from collections.abc import Iterable
from urllib.parse import urlsplit

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError

BROKER_SCHEMES = {"redis", "rediss", "redis+socket", "unix"}


@register(Tags.security)
def secret_key(app_configs, **kwargs) -> Iterable[CheckMessage]:
    if settings.ENVIRONMENT == "production" and settings.SECRET_KEY == settings.INSECURE_KEY:
        yield Error("SECRET_KEY is the built-in one.", hint="Set SECRET_KEY or SECRET_KEY_FILE.", id="tollgate.E001")


@register(Tags.security)
def allowed_hosts(app_configs, **kwargs) -> Iterable[CheckMessage]:
    if settings.ENVIRONMENT == "production" and "*" in settings.ALLOWED_HOSTS:
        yield Error("ALLOWED_HOSTS allows every host.", hint="Name the hosts that serve this.", id="tollgate.E002")


@register()
def broker(app_configs, **kwargs) -> Iterable[CheckMessage]:
    if urlsplit(settings.REDIS_URL).scheme not in BROKER_SCHEMES:
        hint = "Use redis://, rediss:// or redis+socket://."
        yield Error(f"REDIS_URL has an unknown scheme: {settings.REDIS_URL!r}.", hint=hint, id="tollgate.E003")


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
    """Stop a production process that would serve demo people or with the built-in key."""
    if settings.ENVIRONMENT != "production":
        return
    if settings.SECRET_KEY == settings.INSECURE_KEY:
        raise ImproperlyConfigured("SECRET_KEY is the built-in one; production refuses it. Set SECRET_KEY_FILE.")
    if has_demo():
        raise ImproperlyConfigured("The database holds demo people; production refuses them.")
