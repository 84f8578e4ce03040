"""How a simulated line is set up where its run begins above the first rungs."""

from types import SimpleNamespace

import numpy as np
import pytest

from inspection import registry
from inspection.models import Line, Measures
from monitoring.simulation import founding
from tests.builders import NOON
from tests.review.scene import make_run, make_watched_line
from vision.embedding import packed

pytestmark = pytest.mark.django_db
SEEN = {
    "brightness": 118.0,
    "p99_luminance": 201.0,
    "contrast": 40.0,
    "sharpness": 300.0,
    "saturation": 0.1,
    "entropy": 6.5,
    "width": 640,
    "height": 480,
    "size_bytes": 48_000,
    "blank": False,
    "fingerprint": "0" * 16,
}


@pytest.mark.parametrize(
    ("vectors", "limit"),
    [([[0, 0], [2, 2]], 1.0), ([[0, 0], None], None)],
    ids=["every image embedded", "one was never embedded"],
)
def test_bands_of_a_set_up_line_know_how_far_from_its_images_one_may_be(vectors, limit):
    line = make_watched_line()
    registry.serve(line, line.epoch.model_version, by=None, cause="set-up", now=NOON)
    for n, vector in enumerate(vectors):
        kept = packed(np.array(vector, np.float32)) if vector else None
        Measures.objects.create(item=make_run(line, f"A-{n}").items.get(), embedding=kept, **SEEN)
    world = SimpleNamespace(fresh_line=lambda: Line.objects.get(pk=line.pk), now=NOON)
    bands = founding.put_bands(world)
    known = bands.certificates["embedding"]
    assert (known and known["limit"]) == limit
    assert bands.envelope["brightness"] == [118.0, 118.0]
