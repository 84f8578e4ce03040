"""Which certificate lets a model decide on a line now: its own, for this very epoch and calibrator, or none."""

from inspection import epochs
from inspection.models import Bands, Line


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
