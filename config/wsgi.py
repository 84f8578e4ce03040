"""The web process."""

import os

from django.core.wsgi import get_wsgi_application

from config import settings_module

os.environ.setdefault("DJANGO_SETTINGS_MODULE", settings_module())
application = get_wsgi_application()

from django.db import connections  # noqa: E402

from config.checks import refuse_unsafe_production  # noqa: E402

refuse_unsafe_production()
# A server may load this once and fork: no child inherits a connection.
connections.close_all()
