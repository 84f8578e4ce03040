"""The Celery application. Messages carry ids only; the outbox is the truth, the broker a wake-up."""

import os

from celery import Celery

from config import settings_module

os.environ.setdefault("DJANGO_SETTINGS_MODULE", settings_module())

app = Celery("tollgate")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
