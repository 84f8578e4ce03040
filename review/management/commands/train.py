"""Train a model for a line and register it. It decides nothing until somebody puts it on the line."""

import importlib
import importlib.util
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from hashlib import sha256
from pathlib import Path
from types import ModuleType
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.timezone import now as clock

from inspection import images
from inspection.management.bars import Bar
from inspection.models import Line, ModelVersion
from inspection.rules.words import Label
from review import bank, training_sets
from vision.dataset import DataSetError, Sample, read_folder

TRUTH = "truth"
WITHOUT_TORCH = "Training needs torch; install its CPU build with: pip install -r requirements.txt"


class Command(BaseCommand):
    help = "Train, calibrate, judge on held-back groups, export and register a model version."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("line")
        parser.add_argument("--architecture", default="small-cnn")
        parser.add_argument("--source", default=TRUTH, help="'truth' for the line's own labels, or a data-set folder")
        parser.add_argument("--name", help="name of the model; line and architecture when left out")
        parser.add_argument("--minutes", type=float, default=5.0, help="stop learning after so many minutes")

    def handle(self, *args: Any, **options: Any) -> None:
        if importlib.util.find_spec("torch") is None:
            raise CommandError(WITHOUT_TORCH)
        line = Line.objects.filter(slug=options["line"]).first()
        if line is None:
            raise CommandError(f"There is no line {options['line']!r}.")
        with _samples(line, options["source"]) as samples:
            learned = self._unsealed(line, samples)
            version = _train(line, learned, options)
        self.stdout.write(_table(version))

    def _unsealed(self, line: Line, samples: list[Sample]) -> list[Sample]:
        """Leave out what measures the line's models, wherever the samples come from."""
        seal = bank.seal(line)
        kept = [one for one in samples if not seal.holds(sha256=_sha256(one.path), names=(one.group, one.serial))]
        if len(kept) < len(samples):
            left_out = len(samples) - len(kept)
            self.stdout.write(f"{left_out} images of the defect bank or the truth draw are sealed and left out.")
        return kept


def _sha256(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()


def _train(line: Line, samples: list[Sample], options: dict[str, Any]) -> ModelVersion:
    training = _training()
    bar = Bar()
    try:
        return training.train(
            line,
            samples=samples,
            architecture=options["architecture"],
            name=options["name"] or f"{line.slug}-{options['architecture']}",
            source=options["source"],
            minutes=options["minutes"],
            now=clock(),
            progress=lambda step: bar.show(step.stage, step.done, step.total, step.note),
            then=lambda version: bank.note_training(version, _names(samples)),
        )
    except (training.TrainingRefused, training.BackboneMissing) as refusal:
        raise CommandError(str(refusal)) from refusal


def _names(samples: list[Sample]) -> Iterator[tuple[str, str]]:
    """Yield what tells each image and its part among what is sealed."""
    yield from ((_sha256(one.path), one.group or one.serial) for one in samples)


def _training() -> ModuleType:
    # Named, not imported above: without torch the command still answers with a sentence.
    return importlib.import_module("inspection.training")


@contextmanager
def _samples(line: Line, source: str) -> Iterator[list[Sample]]:
    """Lend the samples of a source, each as a file for as long as the training reads them."""
    if source != TRUTH:
        try:
            yield read_folder(source)
        except DataSetError as error:
            raise CommandError(str(error)) from error
        return
    labels = training_sets.of_line(line)
    if not labels:
        raise CommandError(
            f"{line} has no labels to learn from: it takes rulings, or two-person labels of at least four inspectors."
        )
    with ExitStack() as files:
        yield [_sample(label, path=files.enter_context(images.local_path(label.sha256))) for label in labels]


def _sample(labelled: training_sets.Labelled, *, path: Path) -> Sample:
    label = "ok" if labelled.label == Label.PASS else "defect"
    return Sample(path=path, label=label, defect_type=labelled.defect_class, group=labelled.group)


def _table(version: ModelVersion) -> str:
    card = version.card
    found = card["figures"]
    rows = [
        ("model", str(version)),
        ("architecture", f"{card['architecture']}, {card['parameters']:,} parameters"),
        ("classes", ", ".join(card["classes"])),
        ("learned", f"{card['training']['epochs']} epochs in {card['training']['seconds']:.0f} s"),
        ("held back", f"{found['images']} images, {found['defects']} defects"),
        ("AUC", _area(found)),
        *((_price(escape), _escape(escape, found["defects"])) for escape in found["escape"]),
        *([("ECE", f"{found['ece']:.4f}")] if "ece" in found else []),
        ("ms per image", f"{found['ms_per_image']:.1f}"),
        ("sha256", version.weights_sha256),
    ]
    return "\n".join(f"{name:<24}{value}" for name, value in rows)


def _area(found: dict[str, Any]) -> str:
    if "auc" not in found:
        return "no defect among the held-back images"
    return f"{found['auc']:.4f} (95 % interval {found['auc_low']:.4f} to {found['auc_high']:.4f})"


def _price(escape: dict[str, Any]) -> str:
    return f"escape at {escape['overkill']:.0%} overkill"


def _escape(escape: dict[str, Any], defects: int) -> str:
    interval = f"{escape['low']:.1%} to {escape['high']:.1%}"
    return f"{escape['rate']:.1%} ({escape['misses']} of {defects}, 95 % interval {interval})"
