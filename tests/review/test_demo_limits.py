"""The limit samples that a demo line begins with: drawn parts, approved by the deed and bound by the signature."""

import pytest

from inspection import images
from inspection.models import Prediction, Station
from inspection.rules.words import Role
from review import demo_scope, limits
from tests.builders import NOON, make_line, make_user

pytestmark = pytest.mark.django_db


def test_every_kind_that_can_be_drawn_is_signed_with_a_picture_on_either_side(own_files):
    people = {name: make_user(name) for name in ("ana", "andre")}
    people |= {name: make_user(name, role=Role.QA_LEAD) for name in ("quinn", "quill")}
    line = make_line("phone-glass")
    station = Station.objects.create(line=line, name="glass-1", created_at=NOON)

    demo_scope.agree(line, "glass", station, people, has_system=False, has_lots=False, amber=False, now=NOON)

    shown = {one.kind.code: [side.image for side in one.sides] for one in limits.of_line(line)}
    assert {code: None in pictures for code, pictures in shown.items()} == {"scratch": False, "crack": False}
    [signed] = line.scope_signatures.all()
    assert [sorted(one["pictures"]) for one in signed.content["classes"]] == [["already_bad", "still_good"]] * 2
    assert not Prediction.objects.exists()
    for picture in shown["scratch"]:
        assert images.open_rendition(picture.sha256).size > images.open_thumbnail(picture.sha256).size > 0
