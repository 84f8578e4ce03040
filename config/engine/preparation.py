"""What a start does through Django: migrate, gather static files, load the demo the first time."""

import json

from django.conf import settings
from django.core.management import call_command
from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.utils.timezone import now

from config import first_admin
from config.checks import has_demo, refuse_unsafe_production
from config.engine import private, static_files
from config.engine.failure import CannotStart
from inspection.models import ProcessSeen
from monitoring import health
from review import demo


def prepare(*, with_demo: bool) -> dict[str, object]:
    """Bring everything to where a start needs it. Safe to repeat, and after having been killed at any point."""
    if with_demo and not settings.DEMO:
        raise CannotStart(f"TOLLGATE_ENV is {settings.ENVIRONMENT}, which has no demo; start with --no-demo.")
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
    if not has_demo():
        with transaction.atomic():
            loaded = demo.load()
            # A command, so that the other starts do not load what watches for drift.
            call_command("draw_demo")
            # Last of all before the commit: a kill leaves the file without the demo, never the demo without it.
            private.write(path, json.dumps({**loaded, "loaded_at": now().isoformat()}))
    if not path.exists():
        raise CannotStart(f"The database holds the demo, but its sign-ins are gone: {path} is missing.")
    return {"setup_path": "", **json.loads(path.read_text())}
