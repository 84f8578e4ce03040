"""Typed readers of the environment. A value that cannot be read stops the start with one sentence."""

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off"}


def text(name: str, default: str = "", *, choices: tuple[str, ...] = ()) -> str:
    """Return the value of `name`, one of `choices` where they are given."""
    raw = os.environ.get(name, default)
    if choices and raw not in choices:
        raise ImproperlyConfigured(f"{name} is {raw!r}, use one of {', '.join(choices)}.")
    return raw


def boolean(name: str, default: bool) -> bool:
    raw = os.environ.get(name, str(default)).strip().lower()
    if raw in _TRUE:
        return True
    if raw in _FALSE:
        return False
    raise ImproperlyConfigured(f"{name} is {raw!r}, use 'true' or 'false'.")


def integer(name: str, default: int, *, low: int, high: int) -> int:
    raw = os.environ.get(name, str(default)).strip()
    if not re.fullmatch(r"-?\d+", raw) or not low <= int(raw) <= high:
        raise ImproperlyConfigured(f"{name} is {raw!r}, use a whole number from {low} to {high}.")
    return int(raw)


def words(name: str, default: str = "") -> list[str]:
    """Return a comma-separated list without blanks."""
    return [word.strip() for word in os.environ.get(name, default).split(",") if word.strip()]


def addresses(name: str) -> Mapping[str, str]:
    """Return a JSON object of models and http(s) addresses of their servers, empty when unset."""
    raw = os.environ.get(name, "{}")
    try:
        value = json.loads(raw)
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} is not JSON: {error}.") from error
    if not isinstance(value, dict) or not all(
        isinstance(address, str) and address.startswith(("http://", "https://")) for address in value.values()
    ):
        raise ImproperlyConfigured(f"{name} must be a JSON object of names and http(s) addresses.")
    for model, address in value.items():
        if "/v2/models/" in address and ":" not in model:
            raise ImproperlyConfigured(f"{name}: {address} is one model; name the version it is, such as {model}:1.")
    return value


def secret(name: str, default: str) -> str:
    """Return the secret from `name`, or from the file that `name`_FILE points to."""
    path = os.environ.get(f"{name}_FILE")
    if path is None:
        return os.environ.get(name, default)
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ImproperlyConfigured(f"{name}_FILE {path!r} cannot be read: {error.strerror}.") from error
