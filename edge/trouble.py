"""Says once that something is wrong, and once that it is over: a log that repeats itself is not read."""

import logging


class Trouble:
    """One kind of trouble of one station, for instance the way to the server."""

    def __init__(self, name: str, logger: logging.Logger) -> None:
        self._name, self._logger = name, logger
        self._told: str | None = None

    def is_on(self, sentence: str) -> None:
        if sentence != self._told:
            self._logger.warning("%s: %s", self._name, sentence)
        self._told = sentence

    def is_over(self) -> None:
        if self._told is not None:
            self._logger.info("%s: all is well again.", self._name)
        self._told = None
