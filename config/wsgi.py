"""The web process."""

import os
from importlib import import_module

from django.core.wsgi import get_wsgi_application

from config import settings_module

os.environ.setdefault("DJANGO_SETTINGS_MODULE", settings_module())
# Whoever waits for a page or an answer hears of a busy or slow database soon; forms and other processes have time.
os.environ.setdefault("DATABASE_WAIT_S", "3")
os.environ.setdefault("DATABASE_STATEMENT_S", "5")
application = get_wsgi_application()

from django.conf import settings  # noqa: E402
from django.db import connections  # noqa: E402

from config.checks import refuse_unsafe_production  # noqa: E402

refuse_unsafe_production()
# The first visitor does not wait for the pages' code, and workers share it.
import_module(settings.ROOT_URLCONF)
# A server may load this once and fork: no child inherits a connection.
connections.close_all()
