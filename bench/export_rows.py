"""The line, the lead and the worker's turns for `bench.exports`. Needs a set-up Django."""

from datetime import datetime
from importlib import import_module

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.utils.timezone import now as clock

from bench import floor_rows
from inspection.models import Line, User
from review import exports, searches
from review.export_models import Export
from review.rules.exporting import ITEMS_MAX
from review.rules.tokens import Search

LABELS_MAX = ITEMS_MAX


def lay(slug: str) -> User:
    """Make a line that a model watches, and return who leads it."""
    floor_rows.lay([f"{slug}:shadow:1"])
    return User.objects.get(username="quinn")


def session_of(lead: User) -> str:
    """Return the cookie of a session in which the lead is signed in."""
    store = import_module(settings.SESSION_ENGINE).SessionStore()
    store[SESSION_KEY] = str(lead.pk)
    store[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[-1]
    store[HASH_SESSION_KEY] = lead.get_session_auth_hash()
    store.save()
    return store.session_key


def found(slug: str) -> int:
    """Count what an export of everything would hold."""
    return searches.find(Line.objects.get(slug=slug).present_epoch, Search()).count()


def ask(slug: str, lead: User, *, with_images: bool, now: datetime) -> Export:
    line = Line.objects.get(slug=slug)
    return exports.ask(line, query="", epoch=line.present_epoch, with_images=with_images, by=lead, now=now)


def advance(export: Export) -> bool:
    return exports.advance(export.pk, clock=clock)
