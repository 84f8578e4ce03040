"""Where a model errs: slices, worst images, suspect labels, and the chain of pages that leads there."""

import pytest
from django.urls import reverse

from inspection.rules.words import Call, Label
from monitoring.models import Alarm
from review.models import Adjudication
from review.rules.slices import Shown, slices, suspects, worst
from tests.builders import NOON
from tests.review.scene import later, make_task, read


def shown(key="a", **changes):
    facts = {
        "probability": 0.9,
        "is_defect": True,
        "defect_class": "scratch",
        "station": "st-01",
        "shift": "A",
        "light": 100.0,
    }
    return Shown(key=key, **{**facts, **changes})


def good(key="g", probability=0.1, **changes):
    return shown(key, probability=probability, is_defect=False, defect_class="", **changes)


def found(images, cut, value=""):
    return next(one for one in slices(images, threshold=0.5) if (one.cut, one.value) == (cut, value))


def test_a_slice_counts_its_misses_and_its_overkill():
    every = found([shown(), shown(probability=0.2), good(), good(probability=0.7), good()], "all")
    assert (every.images, every.defects, every.missed, every.overkilled) == (5, 2, 1, 1)
    assert every.escape[0] == 0.5
    assert every.overkill[0] == pytest.approx(1 / 3)
    assert every.escape[1] < 0.5 < every.escape[2]


def test_a_class_is_its_defects_beside_every_good_part():
    images = [shown(), shown(defect_class="crack", probability=0.1), good(), good()]
    crack = found(images, "class", "crack")
    assert (crack.images, crack.defects, crack.missed, crack.auc) == (3, 1, 1, 0.5)


@pytest.mark.parametrize(("cut", "value"), [("station", "st-02"), ("shift", "B")])
def test_stations_and_shifts_are_told_apart(cut, value):
    images = [shown(), good(), good(probability=0.8, **{cut: value})]
    assert (found(images, cut, value).overkilled, found(images, cut, value).images) == (1, 1)


def test_light_is_cut_into_thirds_of_the_images_there_are():
    images = [good(light=float(n)) for n in range(9)]
    assert [found(images, "light", third).images for third in ("dark", "middle", "bright")] == [3, 3, 3]


def test_an_image_without_measures_is_in_no_third():
    assert not [one for one in slices([good(light=None)], threshold=0.5) if one.cut == "light"]


def test_the_worst_images_are_the_surest_mistakes():
    images = [shown("right"), shown("doubt", probability=0.4), shown("sure", probability=0.01), good("g", 0.95)]
    assert [one.key for one in worst(images, threshold=0.5, count=2)] == ["sure", "g"]


def test_a_label_is_suspect_only_where_the_model_is_nearly_certain():
    images = [shown("doubt", probability=0.2), shown("sure", probability=0.05), good("g", 0.95)]
    assert [one.key for one in suspects(images, count=9)] == ["g", "sure"]


def test_nothing_gives_nothing():
    assert slices([], threshold=0.5) == []


# Pages ----------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_errors_of_a_line_leave_out_what_waits_for_a_ruling(client, line, ana, quinn):
    read(make_task(line, "A-0", call=Call.PASS), ana, Label.PASS)
    read(make_task(line, "A-1", call=Call.PASS, at=later(20)), ana, Label.DEFECT, at=later(20))
    client.force_login(quinn)
    html = client.get(reverse("training-line-errors", args=[line.slug])).content.decode()
    open_item = Adjudication.objects.get(ruled_at=None).item_id
    assert str(open_item) not in html
    assert "all images" in html


@pytest.mark.django_db
def test_without_an_answer_the_page_says_so(client, line, quinn):
    client.force_login(quinn)
    html = client.get(reverse("training-line-errors", args=[line.slug])).content.decode()
    assert "No image of known label has an answer of this model yet." in html


@pytest.mark.django_db
def test_a_chain_of_links_leads_from_an_alarm_to_a_training(client, line, quinn):
    alarm = Alarm.objects.create(line=line, rule="image-drift", state="unacknowledged", is_on=True, raised_at=NOON)
    client.force_login(quinn)
    images = link_in(client, reverse("alarm", args=[alarm.pk]), f"/lines/{line.slug}/images/")
    labels = link_in(client, images, reverse("data", args=[line.slug]) + "?q=date:2026-11-23")
    html = client.get(labels).content.decode()
    assert reverse("training-take", args=[line.slug]) in html
    assert 'name="query" value="date:2026-11-23"' in html
    assert reverse("training-line-errors", args=[line.slug]) in client.get(images).content.decode()


def link_in(client, page, beginning):
    """Return the address of a page's first link that begins so."""
    html = client.get(page).content.decode()
    begin = html.index(f'href="{beginning}') + len('href="')
    return html[begin : html.index('"', begin)].replace("&amp;", "&")
