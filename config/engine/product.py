"""What the engine does through Django: migrate, load the demo once, count what is answered."""

import json
from argparse import Namespace
from dataclasses import dataclass, field

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import close_old_connections  # noqa: E402
from django.db.models import Exists, OuterRef, Q  # noqa: E402

from config import first_admin  # noqa: E402
from config.engine import static_files  # noqa: E402
from inspection.models import Item  # noqa: E402
from review import demo  # noqa: E402
from review.models import ReviewTask  # noqa: E402


@dataclass(frozen=True)
class People:
    """Who may sign in, and which stations may post."""

    people: list[dict[str, str]] = field(default_factory=list)
    stations: list[dict[str, str]] = field(default_factory=list)
    setup_path: str = ""


def prepare(*, demo: bool) -> People:
    """Bring database, static files and people to where a start needs them. Safe to repeat."""
    call_command("migrate", interactive=False, verbosity=0)
    static_files.collect()
    if not demo:
        return People(setup_path=first_admin.setup_path())
    return _demo_people()


def _demo_people() -> People:
    """Load the demo once, and remember its sign-ins beside the database."""
    path = settings.DATA / "demo.json"
    if not path.exists():
        loaded = demo.load()
        path.touch(mode=0o600)
        path.write_text(json.dumps(loaded))
    facts = json.loads(path.read_text())
    return People(people=facts["people"], stations=facts["stations"])


def answered_items() -> int:
    """Count the items whose run has its disposition or that wait for a person."""
    close_old_connections()
    waiting = ReviewTask.objects.filter(item=OuterRef("pk"), closed_at=None)
    return Item.objects.filter(Q(run__disposition__settled_at__isnull=False) | Exists(waiting)).count()


def welcome(url: str, people: People, *, options: Namespace) -> str:
    """Return what is printed once everything runs."""
    lines = ["", f"Tollgate runs at {url}", ""]
    if people.setup_path:
        lines += ["A clean install. Make the first administrator here, once:", f"  {url}{people.setup_path}"]
    else:
        names = ", ".join(f"{p['username']} ({p['role'].replace('_', ' ')})" for p in people.people)
        lines += [f"Sign in as {names}", f"with the password {people.people[0]['password']}", "", *_first_steps(url)]
    return "\n".join([*lines, "", f"State is kept in {options.data}. Ctrl-C stops everything.", ""])


def _first_steps(url: str) -> list[str]:
    return [
        "Try first",
        f"  1. as ana: judge ten phones by keyboard (F pass, J defect)   {url}/",
        f"  2. as quinn: read whether the model may assist               {url}/lines/phone-lens/agreement/",
        f"  3. as quinn, then quill: sign the step up                    {url}/lines/phone-lens/automation/",
    ]
