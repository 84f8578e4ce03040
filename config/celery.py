"""The Celery application. Messages carry ids only; the outbox is the truth, the broker a wake-up."""

import os

from celery import Celery, Task

from config import progress, settings_module

os.environ.setdefault("DJANGO_SETTINGS_MODULE", settings_module())


class WatchedTask(Task):
    """A task that shows a progress stamp while it runs."""

    def __call__(self, *args: object, **kwargs: object) -> object:
        with progress.stamped():
            return super().__call__(*args, **kwargs)


app = Celery("tollgate", task_cls=WatchedTask)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
