"""A worker's log lines name the task and what it works on."""

import structlog

from config.celery import app


def test_what_a_task_logs_names_the_task_and_its_item():
    seen = {}

    @app.task(name="tests.config.speak")
    def speak(*, key: str) -> None:
        seen.update(structlog.contextvars.get_contextvars())

    speak(key="0193")
    assert seen == {"task": "tests.config.speak", "key": "0193"}
    assert structlog.contextvars.get_contextvars() == {}
