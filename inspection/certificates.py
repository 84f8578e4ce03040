"""Which certificate lets a model decide on a line now: its own, for this very epoch and calibrator, or none."""

from inspection import epochs
from inspection.models import Bands, Epoch, Line, Measures, ModelVersion
from vision.embedding import Reference
from vision.envelope import EMBEDDING, Departure, departures
from vision.routing import Band


def standing(line: Line, speaker: int | None) -> Bands | None:
    """Return the bands certified for this very version, its calibrator and the epoch of now; None where there are none.

    The version that serves has its bands on the line, a candidate beside it its own on the deployment. Nothing has
    to be told that they lapsed: another model, another configuration or a fresh epoch after a demotion is seen here,
    by the next item. The line comes with its epoch, both bands and the versions of both.
    """
    epoch = line.epoch
    if epoch is None or epoch.model_version is None or speaker is None:
        return None
    if epoch.model_version_id == speaker:
        holds = line.bands is not None and line.bands.epoch_id == epoch.pk
        return _certified(line.bands, epoch.model_version) if holds else None
    return _beside(line, epoch, speaker)


def _beside(line: Line, epoch: Epoch, speaker: int) -> Bands | None:
    """Return the candidate's bands while the line is in the epoch whose truth draw they rest on."""
    deployment = line.deployment if hasattr(line, "deployment") else None
    if deployment is None or deployment.candidate is None or deployment.candidate_id != speaker:
        return None
    bands = deployment.bands
    return _certified(bands, deployment.candidate) if bands and bands.drawn_in_id == epoch.pk else None


def _certified(bands: Bands | None, version: ModelVersion) -> Bands | None:
    if bands is None or bands.model_version_id != version.pk:
        return None
    return bands if bands.calibrator_hash == epochs.calibrator_hash(version) else None


def band_of(bands: Bands) -> Band:
    """Return what the bands let a model decide alone, as the routing rule takes it."""
    envelope = {name: (float(low), float(high)) for name, (low, high) in bands.envelope.items()}
    known = embedding_of(bands)
    if known is not None:
        envelope[EMBEDDING] = (0.0, known.limit)
    return Band(t_lo=bands.t_lo, t_hi=bands.t_hi, envelope=envelope)


def departure(bands: Bands, measures: Measures) -> Departure | None:
    """Return the measure by which an image leaves what the bands were certified on, light first; None inside.

    How far it lies from the certified images is not asked: that is no measure that a person can look at.
    """
    envelope = {name: (float(low), float(high)) for name, (low, high) in bands.envelope.items()}
    left = departures({name: getattr(measures, name) for name in envelope}, envelope)
    return left[0] if left else None


def embedding_of(bands: Bands | None) -> Reference | None:
    """Return how the certified images lie, None for bands that were certified without."""
    kept = bands.certificates.get("embedding") if bands else None
    return Reference.of_plain(kept) if kept else None
