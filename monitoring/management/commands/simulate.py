"""Run a factory on an accelerated clock, in a scratch database of its own, through the product's own deeds."""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from inspection.management.bars import Bar
from inspection.rules.words import Level
from monitoring.simulation import picture, pictures
from monitoring.simulation.eyes import Eyes, ScoreModel
from monitoring.simulation.runs import simulate
from monitoring.simulation.scenarios import SCENARIOS, Scenario
from vision.serving import CARD_FILE


@dataclass
class Shown:
    """The progress of a run on a terminal."""

    name: str
    bar: Bar

    def __call__(self, done: int, total: int, note: str) -> None:
        self.bar.show(self.name[:10], done, total, note)


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("scenario", choices=sorted(SCENARIOS))
        parser.add_argument("--items", type=int, help="how many parts come in; each scenario has its own default")
        parser.add_argument("--seed", type=int, default=0, help="the same seed tells the same story")
        parser.add_argument("--from-level", choices=[level.value for level in Level], default=Level.SHADOW.value)
        parser.add_argument(
            "--factor", type=float, default=2.0, help="error rates of a bad candidate, in the serving's"
        )
        parser.add_argument("--images", type=Path, help="a data-set folder: its images come instead of drawn parts")
        parser.add_argument("--model", type=Path, help="a folder with card and files: that model looks at the images")
        parser.add_argument("--fast", action="store_true", help="no pixels: a score model instead of images")
        parser.add_argument("--json", action="store_true", help="print one object and nothing else")
        parser.add_argument("--picture", type=Path, help="draw the run into this SVG file")

    def handle(self, *, scenario: str, seed: int, images: Path | None, fast: bool, **options: Any) -> None:
        chosen = _chosen(scenario, options)
        if fast and images is not None:
            raise CommandError("--fast has no pixels, so it takes no --images: choose one of the two.")
        if fast and options["model"] is not None:
            raise CommandError("--fast has no pixels, so it takes no --model: choose one of the two.")
        if chosen.tells_errors and options["model"] is not None:
            raise CommandError(f"{scenario} sets how often a model errs, so it takes no --model.")
        if options["model"] is not None and not (options["model"] / CARD_FILE).is_file():
            raise CommandError(f"{options['model']} holds no model: {CARD_FILE} is not there.")
        told = simulate(
            chosen,
            seed=seed,
            eyes=_eyes(images, options["model"], errs_as_told=chosen.tells_errors, fast=fast),
            keeps_pictures=not fast,
            progress=Shown(scenario, Bar(sys.stderr)),
        )
        if options["picture"]:
            picture.draw(told, options["picture"])
        text = json.dumps(told.report) if options["json"] else _sentences(told.report)
        self.stdout.write(text)


def _chosen(name: str, options: dict[str, Any]) -> Scenario:
    items, factor = options["items"], options["factor"]
    if items is not None and items < 1:
        raise CommandError(f"--items is {items}, give at least 1.")
    if not factor > 0:
        raise CommandError(f"--factor is {factor}, give a number above 0.")
    return SCENARIOS[name](items=items, from_level=Level(options["from_level"]), factor=factor)


def _eyes(images: Path | None, model: Path | None, *, errs_as_told: bool, fast: bool) -> Callable[[int], Eyes]:
    if fast:
        return ScoreModel.seeded
    try:
        return pictures.source(images, model=model, errs_as_told=errs_as_told)
    except pictures.NoPictures as refusal:
        raise CommandError(str(refusal)) from refusal


def _sentences(report: dict[str, Any]) -> str:
    lines = [
        f"{report['scenario']}, seed {report['seed']}: {report['items']} parts in {report['days']:.1f} days, "
        f"from {report['from_level']} to {report['level']}.",
        *(f"  part {move['item']}: {move['from']} to {move['to']} ({move['cause']})" for move in report["timeline"]),
        f"{report['auto_decided']} decided by the model, {report['human_readings']} readings, "
        f"{report['audits']} audits, {report['gate_evaluations']} gate readings.",
        f"{report['escapes']} defects passed ({report['auto_escapes']} by the model), "
        f"{report['overkills']} good parts rejected ({report['auto_overkills']} by the model).",
    ]
    return "\n".join(lines)
