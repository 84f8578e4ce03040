"""`python -m bench.demo_rows LINE...`: load only some of the demo's lines, for an engine that shows no others."""

import json
import sys
from collections.abc import Sequence

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402

from config.engine import private  # noqa: E402
from review import demo  # noqa: E402
from review.demo_scenes import SCENES  # noqa: E402


def main(slugs: Sequence[str]) -> None:
    call_command("migrate", interactive=False, verbosity=0)
    chosen = [scene for scene in SCENES if scene.slug in slugs]
    private.write(settings.DATA / "demo.json", json.dumps(demo.load(scenes=chosen)))


if __name__ == "__main__":
    main(sys.argv[1:])
