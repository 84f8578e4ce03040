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
