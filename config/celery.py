"""The Celery application. Messages carry ids only; the outbox is the truth, the broker a wake-up."""

import os
import time

import structlog
from celery import Celery, Task, bootsteps
from celery.worker import WorkController
from django.db import close_old_connections
from django.utils.module_loading import import_string

from config import progress, settings_module
from inspection import tracing

os.environ.setdefault("DJANGO_SETTINGS_MODULE", settings_module())
logger = structlog.get_logger(__name__)

# A third of the silence after which the worker counts as gone.
SHOWN_EVERY_S = 10.0


class WatchedTask(Task):
    """A task that shows a progress stamp while it runs. Its log lines, one at its end, name it and what it works on.

    In a worker it finds the connection to the database that the task before it left, or a new one where that is old or
    broken.
    """

    def __call__(self, *args: object, **kwargs: object) -> object:
        if not self.request.called_directly:
            close_old_connections()
        key = kwargs.get("key")
        named = {"task": self.name, "task_id": self.request.id, "key": key, "trace_id": tracing.trace_of_key(key)}
        told = {name: value for name, value in named.items() if value is not None}
        with progress.stamped(), structlog.contextvars.bound_contextvars(**told):
            return self._told(*args, **kwargs)

    def _told(self, *args: object, **kwargs: object) -> object:
        began, outcome = time.perf_counter(), "failed"
        try:
            result = super().__call__(*args, **kwargs)
            outcome = "done"
            return result
        finally:
            logger.info("task", outcome=outcome, ms=round((time.perf_counter() - began) * 1000, 1))


class Refusal(bootsteps.Step):
    """No worker of any kind runs in a production that the web process would refuse."""

    def __init__(self, worker: object, **options: object) -> None:
        # By name: the check needs the app registry, which exists only now.
        import_string("config.checks.refuse_unsafe_production")()


class WarmUp(bootsteps.StartStopStep):
    """The worker for verdicts loads decoder and models before it takes work: the first item has a deadline too.

    From then on it shows itself between two tasks. A message would wait behind the images, and a worker with much to
    do would look like one that is gone.
    """

    requires = {"celery.worker.components:Pool"}

    def start(self, worker: WorkController) -> None:
        if "predict" in app.amqp.queues.consume_from:
            # By name: the deeds need the app registry, which exists only now.
            import_string("inspection.pipeline.warm_up")()
            _show_worker()
            worker.timer.call_repeatedly(SHOWN_EVERY_S, _show_worker)


def _show_worker() -> None:
    # No task runs meanwhile, so nobody else looks whether the database has gone and come back.
    close_old_connections()
    import_string("monitoring.signs.show_worker")()


app = Celery("tollgate", task_cls=WatchedTask)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.steps["worker"].update({Refusal, WarmUp})
