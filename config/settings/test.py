"""Tests: what differs from the demo."""

import os
import tempfile

os.environ.setdefault("TOLLGATE_ENV", "test")
os.environ.setdefault("TOLLGATE_DATA", tempfile.mkdtemp(prefix="tollgate-test-"))

from config.settings.base import *  # noqa: F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}  # noqa: F405
WHITENOISE_AUTOREFRESH = True
SECOND_FACTOR_REQUIRED = False
# A busy machine may answer late; what a page does then has a test of its own.
REVEAL_WAIT_MS = 60_000
