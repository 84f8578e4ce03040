"""A picture of a loaded past: what was measured on it, what the model said, and what bands would have done."""

from dataclasses import asdict, dataclass, field
from typing import Any

from inspection import certificates
from inspection.models import Bands, Line, Run
from inspection.rules.words import Call
from inspection.sightings import Examined
from inspection.stages import Seen
from vision.decode import DECODER_ID
from vision.routing import RunFacts, policy


@dataclass(frozen=True, kw_only=True)
class Shot:
    """A stored picture, what was measured on it, and what the line's model says about it (None without a model)."""

    sha256: str
    size_bytes: int
    width: int
    height: int
    content_type: str
    measures: dict[str, Any] = field(default_factory=dict)
    opinion: dict[str, Any] | None = None

    @property
    def call(self) -> Call | None:
        return Call(self.opinion["call"]) if self.opinion else None


def measures_of(seen: Seen | None) -> dict[str, Any]:
    """Return the measures of a decoded picture as a row takes them, none where it does not decode."""
    if seen is None:
        return {}
    return {**asdict(seen.measures), "fingerprint": seen.fingerprint}


def opinion_of(examined: Examined) -> dict[str, Any] | None:
    """Return what the first model said as a prediction row takes it, None where none was asked."""
    if not examined.opinions:
        return None
    opinion = examined.opinions[0]
    return {
        "decoder_id": DECODER_ID,
        "preprocessing_id": opinion.version.preprocessing_id,
        "raw_score": opinion.raw_score,
        "probability": opinion.probability,
        "call": opinion.call.value,
        "defect_class": opinion.defect_class,
        "uncertainty": opinion.uncertainty,
        "heatmap": opinion.heatmap,
        "heatmap_columns": opinion.heatmap_columns,
        "ms": opinion.ms,
    }


def policy_of(shot: Shot, *, line: Line, run: Run, bands: Bands) -> str:
    """Return what the bands would have done with the part."""
    facts = RunFacts(
        level=line.level,
        is_held=False,
        call_threshold=line.call_threshold,
        measures={name: shot.measures[name] for name in bands.envelope},
        is_blank=False,
        is_repeat=False,
        is_rework=False,
        is_late=False,
        drawn_truth=run.drawn_truth,
        drawn_audit=run.drawn_audit,
        drawn_control=run.drawn_control,
        probability=shot.opinion["probability"] if shot.opinion else None,
        band=certificates.band_of(bands),
    )
    return policy(facts) or ""
