"""Models beside the serving one that have collected evidence of their own on a line, and the gate read on it."""

from dataclasses import dataclass
from datetime import datetime

from inspection.models import Epoch, Line, ModelVersion
from inspection.rules.words import Level, Stream
from review import counts, evidence


@dataclass(frozen=True)
class Candidate:
    """A version with evidence on the line: how many blind parts it was set against, and how many agree."""

    version: ModelVersion
    agreements: int
    parts: int

    @property
    def share(self) -> float:
        return self.agreements / self.parts


def of(line: Line) -> list[Candidate]:
    """Return the line's other versions with evidence, the newest epoch of each, oldest first."""
    newest: dict[int, Epoch] = {}
    epochs = Epoch.objects.filter(line=line, product=line.product_id, model_version__isnull=False)
    for epoch in epochs.exclude(pk=line.present_epoch.pk).select_related("model_version").order_by("opened_at", "pk"):
        if epoch.model_version_id != line.present_epoch.model_version_id:
            newest[epoch.model_version_id or 0] = epoch
    found = [_candidate(epoch) for epoch in newest.values()]
    return [candidate for candidate in found if candidate.parts]


def read(line: Line, version: ModelVersion, *, now: datetime) -> evidence.Reading | None:
    """Read the gate above the line's level on what this version has shown here. None where it has shown nothing.

    It is the line's own gate and judge; only the epoch is the version's.
    """
    to_level = Level(line.level).above
    epoch = (
        Epoch.objects.filter(line=line, product=line.product_id, model_version=version).order_by("-opened_at").first()
    )
    if to_level is None or epoch is None:
        return None
    standing = Line.objects.select_related("product", "deployment").get(pk=line.pk)
    standing.epoch = epoch
    return evidence.read(standing, to_level, now=now)


def _candidate(epoch: Epoch) -> Candidate:
    agreement = counts.ledger(epoch).sums(Stream.AGREEMENT)
    version = epoch.model_version
    if version is None:
        raise LookupError(f"{epoch} has no model.")
    return Candidate(version, agreement.s, agreement.s + agreement.f)
