"""What a training of a line needs to know before it begins. Free of torch: the worker that waits stays small."""

from collections.abc import Iterable
from pathlib import Path

from django.conf import settings

from inspection.models import Line, ModelVersion
from vision.dataset import OTHER, Sample

BACKBONE = "lite0-backbone.safetensors"


def classes_of(
    line: Line, samples: Iterable[Sample], *, parent: ModelVersion | None = None, good_only: bool = False
) -> list[str]:
    """Return the defect classes to learn: those of the line that the samples show, and one for all other defects.

    What the version to be replaced knows stays among them, also where the samples show none of it. What learns from
    good parts alone tells no classes apart; it speaks for all of them.
    """
    shown = set() if good_only else {sample.defect_type for sample in samples if sample.label == "defect"}
    wanted = shown | set(parent.classes if parent else ())
    codes = line.defect_classes.filter(retired_at=None).order_by("key").values_list("code", flat=True)
    classes = [code for code in codes if code in wanted]
    is_whole = bool(classes) and not good_only and shown <= set(classes)
    return classes if is_whole else [*dict.fromkeys([*classes, OTHER])]


def backbone_file() -> Path:
    """Return where the converted weights of the frozen backbone lie, or will."""
    return Path(settings.MODELS_ROOT) / BACKBONE
