"""Wiring: settings, addresses, processes."""

import os


def settings_module() -> str:
    """Return the settings that TOLLGATE_ENV asks for."""
    environment = os.environ.get("TOLLGATE_ENV", "demo")
    return {"production": "config.settings.prod", "test": "config.settings.test"}.get(
        environment, "config.settings.base"
    )
