"""What the registry's pages show: versions with their cards, where they came from, and where they serve."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from inspection import epochs
from inspection.models import Deployment, DeploymentChange, Line, ModelVersion, TrainedOn
from review.origin_words import registrar
from review.training_models import Training

CHANGES = 20
KNOWN_FIGURES = ("images", "defects", "auc", "auc_low", "auc_high", "ece", "ms_per_image", "escape", "overkilled")


@dataclass(frozen=True, kw_only=True)
class VersionRow:
    """One version in the list: its headline figures, and the lines it serves now."""

    version: ModelVersion
    registrar: str
    auc: float | None
    ms: float | None
    serves: list[str]
    beside: list[str]


@dataclass(frozen=True, kw_only=True)
class VersionPage:
    """One version with everything that its card and the rows say of it."""

    version: ModelVersion
    registrar: str
    calibrator_hash: str
    figures: dict[str, Any]
    slices: list[dict[str, Any]]
    source: str
    parent: str
    trained_on: int
    groups: int
    changes: list[DeploymentChange]
    training: Training | None


def rows(lines: Iterable[Line]) -> list[VersionRow]:
    """Return every version, newest first, with those of the given lines on which it stands."""
    serves, beside = defaultdict(list), defaultdict(list)
    for deployment in Deployment.objects.filter(line__in=lines).select_related("line").order_by("line__slug"):
        serves[deployment.serving_id].append(deployment.line.slug)
        beside[deployment.candidate_id].append(deployment.line.slug)
    return [
        VersionRow(
            version=version,
            registrar=registrar(version),
            auc=_figures(version).get("auc"),
            ms=_figures(version).get("ms_per_image"),
            serves=serves[version.pk],
            beside=beside[version.pk],
        )
        for version in ModelVersion.objects.select_related("registered_by").order_by("-created_at", "-pk")
    ]


def page(version: ModelVersion, lines: Iterable[Line]) -> VersionPage:
    """Return all that is known of a version, and when it served which of the given lines."""
    trained = TrainedOn.objects.filter(model_version=version)
    changes = DeploymentChange.objects.filter(serving=version, line__in=lines).select_related("line", "changed_by")
    return VersionPage(
        version=version,
        registrar=registrar(version),
        calibrator_hash=epochs.calibrator_hash(version),
        figures=_figures(version),
        slices=version.card.get("slices") or [],
        source=str(version.card.get("snapshot") or version.card.get("source") or ""),
        parent=str(version.card.get("parent") or ""),
        trained_on=trained.count(),
        groups=trained.exclude(group="").values("group").distinct().count(),
        changes=list(changes.order_by("-changed_at", "-pk")[:CHANGES]),
        training=Training.objects.filter(version=version, snapshot__line__in=lines)
        .select_related("snapshot__line")
        .first(),
    )


def _figures(version: ModelVersion) -> dict[str, Any]:
    figures = version.card.get("figures") or {}
    return {name: figures[name] for name in KNOWN_FIGURES if figures.get(name) is not None}
