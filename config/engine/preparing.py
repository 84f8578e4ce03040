"""`python -m config.engine.preparing FILE`: what a start does through Django, once, in a process of its own.

Migrate, gather static files, load the demo the first time. FILE then holds who may sign in, or why it cannot start.
"""

import argparse
import json
import sys
from pathlib import Path

import django
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError

django.setup()

from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection, transaction  # noqa: E402
from django.db.migrations.executor import MigrationExecutor  # noqa: E402
from django.utils.timezone import now  # noqa: E402

from config import first_admin  # noqa: E402
from config.checks import has_demo, refuse_unsafe_production  # noqa: E402
from config.engine import private, static_files  # noqa: E402
from config.engine.failure import CannotStart  # noqa: E402
from inspection.models import ProcessSeen  # noqa: E402
from monitoring import health  # noqa: E402
from review import demo  # noqa: E402


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("file", type=Path)
    parser.add_argument("--demo", action="store_true")
    options = parser.parse_args()
    try:
        private.write(options.file, json.dumps(prepare(with_demo=options.demo)))
    except (CannotStart, ImproperlyConfigured) as refusal:
        return _refuse(options.file, str(refusal))
    except DatabaseError as error:
        return _refuse(options.file, f"The database cannot be used: {str(error).strip().splitlines()[0]}.")
    return 0


def prepare(*, with_demo: bool) -> dict[str, object]:
    """Bring everything to where a start needs it. Safe to repeat, and after having been killed at any point."""
    refuse_unsafe_production()
    if health.broker() != "ok":
        raise CannotStart("The broker at REDIS_URL does not answer.")
    _migrate()
    static_files.collect()
    # Nobody has been seen yet: what stands there was left by the last start.
    ProcessSeen.objects.all().delete()
    if with_demo:
        return _demo_people()
    return {"people": [], "stations": [], "setup_path": first_admin.setup_path()}


def _migrate() -> None:
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        call_command("migrate", interactive=False, verbosity=0)


def _demo_people() -> dict[str, object]:
    """Load the demo once, and keep its sign-ins beside the database."""
    path = settings.DATA / "demo.json"
    if not settings.DEMO:
        raise CannotStart(f"TOLLGATE_ENV is {settings.ENVIRONMENT}, which has no demo; start with --no-demo.")
    if not has_demo():
        with transaction.atomic():
            # Last of all before the commit: a kill leaves the file without the demo, never the demo without it.
            private.write(path, json.dumps({**demo.load(), "loaded_at": now().isoformat()}))
    if not path.exists():
        raise CannotStart(f"The database holds the demo, but its sign-ins are gone: {path} is missing.")
    return {"setup_path": "", **json.loads(path.read_text())}


def _refuse(path: Path, sentence: str) -> int:
    private.write(path, json.dumps({"refusal": sentence}))
    return 1


if __name__ == "__main__":
    sys.exit(main())
