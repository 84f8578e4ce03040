"""Write what people said of a line's images, in the form of the tool that reads it next."""

import errno
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.timezone import now as clock

from inspection.images import FULL
from inspection.management.bars import Bar
from inspection.models import Epoch, Line
from review import export_folders
from review.export_archives import Busy
from review.export_folders import NothingFound, TargetRefused, Written
from review.parquet import ParquetMissing
from review.rules.exporting import Format


class Command(BaseCommand):
    help = "Write a line's final blind readings, as its data page exports them. Run again after an interruption."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("line")
        parser.add_argument("--format", required=True, choices=[form.value for form in Format])
        parser.add_argument("--to", required=True, type=Path, help="a file by its suffix, else a folder; not there yet")
        parser.add_argument("--images", action="store_true", help="the images too (imagefolder always has them)")

    def handle(self, *args: Any, **options: Any) -> None:
        epoch, form, target = _epoch(options["line"]), Format(options["format"]), options["to"]
        stage = export_folders.stage_of(target, epoch=epoch, form=form)
        if stage.exists():
            self.stderr.write(f"Going on with what an earlier run left in {stage}.")
        try:
            written = export_folders.export(
                epoch, form=form, target=target, with_images=options["images"], now=clock(), watch=Bar().show
            )
        except (TargetRefused, NothingFound, ParquetMissing, Busy) as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(_refused(error, stage)) from error
        except KeyboardInterrupt as stopped:
            raise CommandError(f"Stopped. {_left(stage)}") from stopped
        self.stdout.write(_told(written, target))


def _epoch(slug: str) -> Epoch:
    line = Line.objects.select_related("epoch__model_version").filter(slug=slug).first()
    if line is None:
        raise CommandError(f"There is no line {slug!r}.")
    return line.present_epoch


def _refused(error: OSError, stage: Path) -> str:
    if error.errno in FULL:
        return f"The disk of {stage.parent} is full. {_left(stage)}"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"This user may not write to {error.filename}; name a folder that they may write to."
    return f"{error.filename or stage.parent}: {error.strerror}. {_left(stage)}"


def _left(stage: Path) -> str:
    return f"What is written so far waits in {stage}: the same command goes on from there, or remove it."


def _told(written: Written, target: Path) -> str:
    parts = [f"{written.readings} readings", f"{written.images} images"]
    parts += [f"{written.missing} images without a whole file"] if written.missing else []
    parts += [f"{written.unlabelled} images without a verdict left out"] if written.unlabelled else []
    return f"{target}: {', '.join(parts)}"
