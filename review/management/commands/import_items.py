"""Bring a folder, a zip or a data set into a line, as if its camera had taken the images."""

import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.timezone import now as clock

from inspection import imports
from inspection.images import StorageFull, StorageUnavailable
from inspection.imports import ArchiveRefused, Brought
from inspection.intake import ScopeUnsigned
from inspection.management.bars import Bar
from inspection.models import Line
from inspection.rules.words import Label
from review import truths
from vision.dataset import MANIFEST, DataSetError, read_folder

LABELS = {"ok": Label.PASS, "defect": Label.DEFECT}
REFUSALS_SHOWN = 10


class Command(BaseCommand):
    help = "Import images. Run again after an interruption: what is there already is left as it is."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("line")
        parser.add_argument("path", type=Path, help=f"a folder, with a {MANIFEST} or without, or a zip of one")
        parser.add_argument(
            "--truth", action="store_true", help="keep the labels as physical truth, hidden from people"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        line = Line.objects.select_related("product").filter(slug=options["line"]).first()
        if line is None:
            raise CommandError(f"There is no line {options['line']!r}.")
        try:
            with _folder(options["path"]) as root:
                counts, refusals = _import(line, root, with_truth=options["truth"])
        except (DataSetError, ArchiveRefused, ScopeUnsigned, StorageFull, StorageUnavailable) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(", ".join(f"{counts[what]} {what}" for what in ("imported", "known", "refused", "truths")))
        for refusal in refusals[:REFUSALS_SHOWN]:
            self.stderr.write(refusal)


@contextmanager
def _folder(path: Path) -> Iterator[Path]:
    """Lend the folder of the data set; a zip is unpacked for as long as it is needed."""
    if path.suffix.lower() != ".zip":
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="tollgate-import-") as unpacked:
        imports.unpack(path, into=Path(unpacked))
        manifests = sorted(Path(unpacked).rglob(MANIFEST))
        yield manifests[0].parent if manifests else Path(unpacked)


def _import(line: Line, root: Path, *, with_truth: bool) -> tuple[Counter[str], list[str]]:
    samples, counts, refusals = read_folder(root), Counter[str](), []
    bar = Bar()
    for done, brought in enumerate(imports.bring_in(line, samples, root=root, now=clock()), start=1):
        counts["refused" if brought.item is None else "known" if brought.is_known else "imported"] += 1
        counts["truths"] += with_truth and _confirmed(brought)
        if brought.refusal:
            refusals.append(f"{brought.sample.path}: {brought.refusal}")
        bar.show("import", done, len(samples))
    return counts, refusals


def _confirmed(brought: Brought) -> bool:
    label = LABELS.get(brought.sample.label)
    if brought.item is None or label is None:
        return False
    return truths.confirm(brought.item, label=label, defect_class=brought.sample.defect_type, now=clock()) is not None
