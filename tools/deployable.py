"""Run Django's deployment check on the production settings: warnings fail."""

import os
import subprocess
import sys

ENVIRONMENT = {
    "TOLLGATE_ENV": "production",
    "DJANGO_SETTINGS_MODULE": "config.settings.prod",
    "SECRET_KEY": "check-" + "k3y." * 16,
    "ALLOWED_HOSTS": "inspection.example",
}

if __name__ == "__main__":
    command = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"]
    sys.exit(subprocess.run(command, env={**os.environ, **ENVIRONMENT}, check=False).returncode)
