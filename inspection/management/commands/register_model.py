"""Register a model: PATH.json is its card, the weights lie beside it."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.timezone import now as clock

from inspection import registry
from inspection.rules.words import Origin
from vision.model_files import ModelRefused
from vision.serving import ModelMissing


class Command(BaseCommand):
    help = "Register a model version from its card (JSON) and the files beside it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", type=Path, help="the card, or the folder that holds card.json")
        parser.add_argument("--name", help="name of the model; the card's own when left out")

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["path"]
        if not path.exists():
            raise CommandError(f"There is no {path}.")
        try:
            version = registry.register(path, name=options["name"], origin=Origin.COMMAND, now=clock())
        except (ModelRefused, ModelMissing) as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(f"Registered {version} ({version.architecture}, sha256 {version.onnx_sha256}).")
