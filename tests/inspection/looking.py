"""An item through the prediction service, on a line whose model decides by itself."""

from inspection import pipeline
from tests.builders import NOON, make_line
from tests.inspection.items import soon
from tests.inspection.models import make_bands, make_serving


def make_partial_line(**fields):
    """Return a line whose model decides dark images (pass) and bright ones (reject) alone, with nothing drawn."""
    shares = dict.fromkeys(("truth_share", "overlap_share", "control_share", "audit_share"), 0.0)
    line = make_line(level="partial", **{**shares, **fields})
    make_bands(line, make_serving(line))
    return line


def run(item, *, now=None):
    """Take the item through the service and return its routing."""
    return pipeline.record(item, pipeline.examine(item, now=NOON), now=now or soon())


def beside(line, version, **fields):
    for name, value in {"candidate": version, **fields}.items():
        setattr(line.deployment, name, value)
    line.deployment.save()
