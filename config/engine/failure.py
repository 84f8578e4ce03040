"""Why the engine did not start."""


class CannotStart(Exception):
    """The engine cannot run; the message is the one sentence to print."""
