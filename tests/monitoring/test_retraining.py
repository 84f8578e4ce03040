"""The round in which lines order their own training: what drifted is marked, and only what is alarmed counts."""

from datetime import timedelta
from uuid import uuid4

import pytest

from inspection.models import Outbox
from inspection.rules.words import Role
from monitoring import retraining as monitored
from monitoring.models import Baseline, DriftMark
from review import retraining
from tests.builders import NOON, make_user
from tests.monitoring.test_drift import frozen
from tests.review.deciding import make_deciding_line

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("kind", "is_ordered"), [("notice", False), ("alarm", True), ("sustained", True)])
def test_a_line_orders_a_training_for_an_alarm_of_its_images_and_for_no_mere_notice(kind, is_ordered):
    line, admin = make_deciding_line(), make_user("admin", role=Role.ADMINISTRATOR)
    frozen(line)
    facts = {"is_on": True, "every_days": None, "on_drift": True, "architecture": "small-cnn", "minutes": 1}
    retraining.set_rule(line, by=admin, now=NOON, **facts)
    drifted_at = NOON + timedelta(days=1)
    DriftMark.objects.create(
        baseline=Baseline.objects.get(), kind=kind, metric="brightness", sds=-9.0, item=uuid4(), marked_at=drifted_at
    )
    monitored.follow(now=drifted_at + timedelta(days=1))
    assert Outbox.objects.filter(topic="training.due").exists() == is_ordered
