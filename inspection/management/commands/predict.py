"""Score image files offline with a registered model."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from inspection import registry
from inspection.models import ModelVersion
from vision.decode import DecodeFailed, Decoder
from vision.serving import ModelFailed, ModelMissing, Scorer

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}


class Command(BaseCommand):
    help = "Score one image or a folder of images. Nothing is written to the database."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("model", help="name:version, or a name for its newest version")
        parser.add_argument("path", type=Path)
        parser.add_argument("--json", action="store_true", help="one JSON object per line")
        parser.add_argument("--call-threshold", type=float, default=0.5)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            scorer = registry.scorer(registry.find(options["model"]))
        except (ModelVersion.DoesNotExist, ModelMissing) as missing:
            raise CommandError(str(missing)) from missing
        paths = _images(options["path"])
        show = json.dumps if options["json"] else _sentence
        for answer in _answers(scorer, paths, call_threshold=options["call_threshold"]):
            self.stdout.write(show(answer))


def _images(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    found = sorted(found for found in path.rglob("*") if found.suffix.lower() in SUFFIXES)
    if not found:
        raise CommandError(f"{path} holds no JPEG, PNG or WebP image.")
    return found


def _answers(scorer: Scorer, paths: list[Path], *, call_threshold: float) -> Iterator[dict[str, Any]]:
    with Decoder() as decoder:
        for path in paths:
            try:
                pixels = decoder.decode(path, renditions=False).pixels
                scored = scorer.score(pixels, call_threshold=call_threshold, heatmap=False)
            except (DecodeFailed, ModelFailed) as failure:
                nothing = dict.fromkeys(("score", "probability", "label", "class", "ms"))
                yield {"path": str(path), **nothing, "error": str(failure)}
                continue
            yield {
                "path": str(path),
                "score": scored.raw_score,
                "probability": scored.probability,
                "label": scored.label,
                "class": scored.defect_class,
                "ms": round(scored.ms, 2),
            }


def _sentence(answer: dict[str, Any]) -> str:
    if "error" in answer:
        return f"{answer['path']}: {answer['error']}"
    return f"{answer['path']}: {answer['class'] or answer['label']} ({answer['probability']:.4f}), {answer['ms']} ms"
