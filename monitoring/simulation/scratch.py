"""A database, an image store and ids that exist for one run only: the configured ones are never touched."""

import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import connections
from django.db.utils import ConnectionHandler
from django.test import override_settings

from inspection import registry, sql
from inspection.models.fields import TimeOrderedModel

# Nothing of a scratch database outlives its run, so it never waits for the disk.
PRAGMAS = (
    "PRAGMA journal_mode=MEMORY; PRAGMA synchronous=OFF; PRAGMA locking_mode=EXCLUSIVE; "
    "PRAGMA temp_store=MEMORY; PRAGMA cache_size=-128000;"
)
_IN_MEMORY = "django.core.files.storage.InMemoryStorage"
_ON_DISK = "django.core.files.storage.FileSystemStorage"


@contextmanager
def scratch(*, seed: int, keeps_pictures: bool) -> Iterator[None]:
    """Let everything below happen in a fresh SQLite database, and be gone afterwards.

    Images are kept in memory, or in a temporary folder where the decoder's child must find them. No worker is woken.
    Ids follow the seed, and with them every draw: the same seed tells the same story.
    """
    with (
        tempfile.TemporaryDirectory(prefix="tollgate-simulation-") as folder,
        override_settings(**_settings(Path(folder), keeps_pictures=keeps_pictures)),
        _database(Path(folder) / "scratch.sqlite3"),
    ):
        # What this process keeps by id belongs to another database.
        registry.forget_loaded()
        try:
            yield
        finally:
            registry.forget_loaded()
            ContentType.objects.clear_cache()


def _settings(folder: Path, *, keeps_pictures: bool) -> dict[str, Any]:
    images = {"BACKEND": _ON_DISK, "OPTIONS": {"location": folder / "images"}}
    return {
        "BELL": "inspection.bell.nobody",
        "STORAGES": {"default": images if keeps_pictures else {"BACKEND": _IN_MEMORY}},
        "MODELS_ROOT": folder / "models",
        "RECEIPT_HEADS": folder / "receipt-heads.jsonl",
    }


@contextmanager
def _database(path: Path | None) -> Iterator[None]:
    """Put a SQLite database in the place of the configured one; the configured connection comes back as it was."""
    if path is not None:
        path.write_bytes(_empty())
    configured = connections["default"]
    settings = {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(path or ":memory:"),
        "OPTIONS": {"init_command": PRAGMAS},
    }
    connections["default"] = ConnectionHandler({"default": settings})["default"]
    try:
        yield
    finally:
        connections["default"].close()
        connections["default"] = configured


@cache
def _empty() -> bytes:
    """Return an empty database as a file's bytes: made once by a process.

    The tables come from the models at once instead of from every migration in turn, which takes a tenth of the time;
    the append-only triggers are put on them as the migrations do.
    """
    labels = dict.fromkeys(app.label for app in apps.get_app_configs())
    with _database(None), override_settings(MIGRATION_MODULES=labels):
        call_command("migrate", run_syncdb=True, verbosity=0, interactive=False)
        sql.protect(sql.APPEND_ONLY)
        raw: sqlite3.Connection = connections["default"].connection
        return raw.serialize()


# Ids ------------------------------------------------------------------------------------------------------------


@contextmanager
def seeded_ids(seed: int, clock: Callable[[], datetime]) -> Iterator[Callable[[], UUID]]:
    """Give every new row an id of the world's clock and the seed's chance. Yields the source.

    Draws hash the ids of runs, and drift looks at images in the order of theirs.
    """
    source = _source(Random(f"{seed}/ids"), clock)
    fields = [model._meta.get_field("id") for model in apps.get_models() if issubclass(model, TimeOrderedModel)]
    before = [field.default for field in fields]
    _set_defaults(fields, [source] * len(fields))
    try:
        yield source
    finally:
        _set_defaults(fields, before)


def _set_defaults(fields: list[Any], defaults: list[Callable[[], UUID]]) -> None:
    for field, default in zip(fields, defaults, strict=True):
        field.default = default
        # Django keeps what it made of the default.
        field.__dict__.pop("_get_default", None)


def _source(rng: Random, clock: Callable[[], datetime]) -> Callable[[], UUID]:
    last = 0

    def draw() -> UUID:
        """Return an id of version 7 that lies above every earlier one."""
        nonlocal last
        # Milliseconds and twelve bits of a counter in front, so that ids of one moment keep their order.
        last = max(last + 1, int(clock().timestamp() * 1000) << 12)
        return UUID(int=last >> 12 << 80 | 7 << 76 | (last & 0xFFF) << 64 | 2 << 62 | rng.getrandbits(62))

    return draw
