"""Give the demo's lines the past of their measures and of drift, once it is loaded."""

from typing import Any

from django.core.management.base import BaseCommand
from django.utils.timezone import now

from monitoring import demo_curves


class Command(BaseCommand):
    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        demo_curves.draw(now=now())
