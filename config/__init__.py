"""Wiring: settings, addresses, processes."""

import os


def settings_module(environment: str | None = None) -> str:
    """Return the settings that TOLLGATE_ENV asks for."""
    wanted = environment or os.environ.get("TOLLGATE_ENV", "demo")
    return {"production": "config.settings.prod", "test": "config.settings.test"}.get(wanted, "config.settings.base")
