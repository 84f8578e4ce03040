"""Rulings of the page: held for their undo window, then given; and what helps to rule alike."""

import numpy as np
import pytest
from django.urls import reverse

from inspection.models import LimitSample, Measures
from inspection.rules.words import Call, Label
from review import adjudications, held_rulings, precedents
from review.adjudications import AlreadyRuled, ConflictOfInterest, Spoken
from review.held_rulings import TooLate
from review.models import Adjudication, HeldRuling, ReviewTask, Truth
from review.rules.precedents import Known, nearest
from tests.builders import NOON
from tests.review.bank_scene import make_defect
from tests.review.scene import later, make_task, read
from vision.embedding import LENGTH, packed

pytestmark = pytest.mark.django_db

PASS, DEFECT, CANNOT = Label.PASS, Label.DEFECT, Label.CANNOT_JUDGE


def a_case(line, first, second=None, *, serial="A-1", kind="scratch") -> Adjudication:
    """Return a case: one person could not judge, or two differed."""
    task = make_task(line, serial, drawn=("overlap",) if second else ())
    read(task, first, PASS if second else CANNOT)
    if second:
        again = ReviewTask.objects.get(item=task.item, closed_at=None)
        read(again, second, DEFECT, at=later(50), defect_class=kind, comment="said by andre")
    return Adjudication.objects.get(item=task.item)


def hold(case, by, label=PASS, *, at=100, **said) -> HeldRuling:
    said.setdefault("defect_class", "scratch" if label == DEFECT else "")
    return held_rulings.hold(Spoken(case=case, label=label, **said), by=by, now=later(at))


def ruled(case, by, label=PASS, *, at=100, **said) -> Adjudication:
    """Return the case with its ruling given."""
    hold(case, by, label, at=at, **said)
    assert held_rulings.give_due(now=later(at + 10)) == 1
    case.refresh_from_db()
    return case


def the_rulings() -> list[str]:
    return list(Truth.objects.filter(source="adjudication").values_list("label", flat=True))


# The window -----------------------------------------------------------------------------------------------------


def test_nothing_follows_from_a_ruling_before_its_window_closes(line, ana, quinn):
    case = a_case(line, ana)
    hold(case, quinn, DEFECT)

    assert held_rulings.give_due(now=later(109.9)) == 0
    assert the_rulings() == []
    assert held_rulings.give_due(now=later(110)) == 1
    assert the_rulings() == ["defect"]
    assert held_rulings.give_due(now=later(111)) == 0


def test_a_ruling_taken_back_never_was_and_the_case_waits_again(line, ana, quinn, quill):
    case = a_case(line, ana)
    hold(case, quinn, DEFECT)
    assert list(adjudications.waiting_for(quill, lines=[line])) == []

    held_rulings.take_back(case, by=quinn, now=later(109.9))
    held_rulings.take_back(case, by=quinn, now=later(200))

    assert held_rulings.give_due(now=later(300)) == 0
    assert the_rulings() == []
    assert list(adjudications.waiting_for(quill, lines=[line])) == [case]
    ruled(case, quill, PASS, at=400)
    assert the_rulings() == ["pass"]


def test_after_the_window_and_for_others_a_ruling_is_not_taken_back(line, ana, quinn, quill):
    case = a_case(line, ana)
    hold(case, quinn)
    for person, at in ((quill, 101), (quinn, 110)):
        with pytest.raises(TooLate):
            held_rulings.take_back(case, by=person, now=later(at))
    assert held_rulings.give_due(now=later(110)) == 1


def test_the_same_ruling_twice_is_one_and_another_is_refused(line, ana, quinn, quill):
    case = a_case(line, ana)
    assert hold(case, quinn, DEFECT) == hold(case, quinn, DEFECT, at=101)
    for person, label in ((quinn, PASS), (quill, DEFECT)):
        with pytest.raises(AlreadyRuled):
            hold(case, person, label)
    assert HeldRuling.objects.count() == 1


def test_who_read_the_image_holds_no_ruling_on_it(line, quinn):
    case = a_case(line, quinn)
    with pytest.raises(ConflictOfInterest):
        hold(case, quinn)


def test_a_ruling_that_another_overtook_is_not_given(line, ana, quinn, quill):
    case = a_case(line, ana)
    hold(case, quinn, DEFECT)
    adjudications.rule(case, by=quill, label=PASS, now=later(105))

    assert held_rulings.give_due(now=later(110)) == 0
    assert the_rulings() == ["pass"]
    assert HeldRuling.objects.get().end == HeldRuling.OVERTAKEN


# Precedents -----------------------------------------------------------------------------------------------------


def seen_as(case, value: float) -> Adjudication:
    """Let the image of a case be kept as numbers that all have this value."""
    plain = dict.fromkeys(("brightness", "p99_luminance", "contrast", "sharpness", "saturation", "entropy"), 1.0)
    sides = {"width": 640, "height": 480, "size_bytes": 1, "blank": False, "fingerprint": "0" * 16}
    kept = packed(np.full(LENGTH, value, np.float32))
    Measures.objects.create(item=case.item, **plain, **sides, embedding=kept)
    return case


def test_the_same_kind_comes_first_then_the_likest_picture():
    def at(key, value, *kinds):
        return Known(key=key, classes=kinds, picture=None if value is None else np.full(4, value, np.float32))

    known = [at(1, 9, "chip"), at(2, 50, "scratch"), at(3, None, "scratch"), at(4, 12, "scratch"), at(5, 10, "chip")]
    asked = {"classes": {"scratch"}, "picture": np.full(4, 10, np.float32), "most": 4}
    assert nearest(known, **asked) == [4, 2, 3, 5]


def test_precedents_are_of_other_parts_and_name_neither_people_nor_models(line, ana, andre, quinn):
    far, near, kind = (
        seen_as(a_case(line, ana, andre, serial=serial, kind=code), value)
        for serial, code, value in (("P-1", "crack", 90), ("P-2", "crack", 12), ("P-3", "scratch", 80))
    )
    for case in (far, near, kind):
        ruled(case, quinn, DEFECT, defect_class="crack", reason="follows the edge")
    case = seen_as(a_case(line, ana, andre, serial="A-9"), 10)

    found = precedents.of(case)

    assert [one.item_id for one in found] == [kind.item_id, near.item_id, far.item_id]
    assert (found[0].label, found[0].defect_class, found[0].reason) == ("defect", "crack", "follows the edge")
    assert not {"person", "who", "model", "probability"} & set(vars(found[0]))


def test_no_precedent_is_the_parts_own_overturned_or_looked_at_again(line, ana, andre, quinn):
    own, overturned, again = (ruled(a_case(line, ana, andre, serial=f"P-{n}"), quinn, DEFECT) for n in range(3))
    Truth.objects.create(item=overturned.item, n=9, label="pass", source="physical", created_at=NOON)
    Adjudication.objects.create(
        line=line, item=again.item, run=again.run, cause="dispute", first=again.first, swapped=False, opened_at=NOON
    )
    assert precedents.of(own) == []


def test_the_page_shows_precedents_with_reason_and_known_defects_of_the_kind(client, line, ana, andre, quinn):
    ruled(a_case(line, ana, andre, serial="P-1"), quinn, PASS, reason="dust, wiped off")
    make_defect(line, "D-1"), make_defect(line, "D-2", code="crack")
    case = a_case(line, ana, andre, serial="A-9")
    client.force_login(quinn)

    html = client.get(reverse("adjudication", args=[line.slug, case.pk])).content.decode()
    past = html.partition('id="past"')[2].partition("</aside>")[0]

    assert "dust, wiped off" in past
    assert ("B-001" in past, "B-002" in past) == (True, False)
    assert not [name for name in ("ana", "andre", "quinn", "quill", "scratch-net") if name in past]


def test_the_page_says_where_a_defect_of_the_case_s_kind_begins(client, line, ana, andre, quinn):
    limits = {"kept_as": "LS-4", "approved_by": quinn, "approved_at": NOON, "version": 1}
    for code, bad in (("scratch", "longer than 2 mm"), ("crack", "any at all")):
        kind = line.defect_classes.get(code=code)
        LimitSample.objects.create(defect_class=kind, still_good="not seen at 40 cm", already_bad=bad, **limits)
    client.force_login(quinn)
    case = a_case(line, ana, andre, serial="A-9")
    past = client.get(reverse("adjudication", args=[line.slug, case.pk])).content.decode().partition('id="past"')[2]
    assert ("longer than 2 mm" in past, "any at all" in past) == (True, False)


# The page -------------------------------------------------------------------------------------------------------


def test_a_ruling_leads_to_the_next_case_and_back_by_undo(client, line, ana, quinn):
    first, second = a_case(line, ana, serial="A-1"), a_case(line, ana, serial="A-2")
    client.force_login(quinn)
    page = reverse("adjudication", args=[line.slug, first.pk])

    onward = client.post(page, {"ruling": "pass"})
    assert onward["Location"] == f"{reverse('adjudication', args=[line.slug, second.pk])}?after={first.pk}"
    shown = client.get(onward["Location"]).content.decode()
    back = reverse("adjudication-undo", args=[line.slug, first.pk])
    assert f'action="{back}"' in shown

    assert client.post(back)["Location"] == page
    assert "ruling-foot" in client.get(page).content.decode()
    assert HeldRuling.objects.get().end == HeldRuling.UNDONE


def test_what_the_model_said_comes_after_the_window_alone(client, line, ana, quinn):
    task = make_task(line, "A-1", call=Call.DEFECT)
    read(task, ana, PASS)
    case = Adjudication.objects.get()
    client.force_login(quinn)
    page = reverse("adjudication", args=[line.slug, case.pk])

    held = client.post(page, {"ruling": "pass"}, follow=True).content.decode()
    assert "Undo" in held
    assert "scratch-net" not in held
    HeldRuling.objects.update(final_at=NOON)
    held_rulings.give_due(now=later(0))
    assert "scratch-net:1" in client.get(page).content.decode()


def test_a_held_ruling_is_its_givers_alone(client, line, ana, quinn, quill):
    case = a_case(line, ana)
    client.force_login(quinn)
    client.post(reverse("adjudication", args=[line.slug, case.pk]), {"ruling": "pass"})
    client.force_login(quill)

    shown = client.get(reverse("adjudication", args=[line.slug, case.pk]))
    assert shown["Location"] == reverse("adjudications", args=[line.slug])
    client.post(reverse("adjudication-undo", args=[line.slug, case.pk]))
    assert HeldRuling.objects.get().ended_at is None
