"""Which certificate lets a model decide on a line now: its own, for this very epoch and calibrator, or none."""

from inspection import epochs
from inspection.models import Bands, Line
from inspection.rules.envelope import EMBEDDING
from inspection.rules.routing import Band
from vision.embedding import Reference


def standing(line: Line, speaker: int | None) -> Bands | None:
    """Return the line's bands where they were certified for this model version, calibrator and epoch; else None.

    Nothing has to be told that they lapsed: another model, another configuration or a fresh epoch after a
    demotion is seen here, by the next item. The line comes with its bands, its epoch and that one's model.
    """
    bands, epoch = line.bands, line.epoch
    if bands is None or epoch is None or speaker is None or bands.model_version_id != speaker:
        return None
    if bands.epoch_id != epoch.pk or epoch.model_version is None or epoch.model_version_id != speaker:
        return None
    return bands if bands.calibrator_hash == epochs.calibrator_hash(epoch.model_version) else None


def band_of(bands: Bands) -> Band:
    """Return what the bands let a model decide alone, as the routing rule takes it."""
    envelope = {name: (float(low), float(high)) for name, (low, high) in bands.envelope.items()}
    known = embedding_of(bands)
    if known is not None:
        envelope[EMBEDDING] = (0.0, known.limit)
    return Band(t_lo=bands.t_lo, t_hi=bands.t_hi, envelope=envelope)


def embedding_of(bands: Bands | None) -> Reference | None:
    """Return how the certified images lie, None for bands that were certified without."""
    kept = bands.certificates.get("embedding") if bands else None
    return Reference.of_plain(kept) if kept else None
