"""Pictures of limit samples: which images may serve, who sees them, and what they are kept out of."""

from datetime import timedelta
from io import BytesIO

import pytest
from django.contrib.messages import get_messages
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from PIL import Image

from inspection import images, scopes
from inspection.models import DefectClass, Item, LimitSample, Part
from inspection.rules.words import Call, Label, Limit
from review import bank, gold, known_images, limits, practice, truths
from review.limits import NotALimit, Unfit
from review.models import ReviewTask, Truth
from tests.builders import NOON, make_line, make_user
from tests.review.bank_scene import make_defect
from tests.review.scene import later, make_run, make_task, make_watched_line, read

pytestmark = pytest.mark.django_db

GOOD, BAD = Limit.STILL_GOOD, Limit.ALREADY_BAD


@pytest.fixture
def line(own_files):
    return make_watched_line()


@pytest.fixture
def scratch(line, quinn):
    return worded(line, quinn)


def worded(line, lead, code="scratch") -> DefectClass:
    """Give a kind of defect its limit samples in words."""
    facts = {"name": code, "name_ko": "긁힘", "risk_class": "major", "key": line.defect_classes.get(code=code).key}
    limits_in_words = {"still_good": "not seen at 40 cm", "already_bad": "longer than 2 mm", "kept_as": "LS-1, LS-2"}
    return scopes.keep_class(line, code=code, facts={**facts, **limits_in_words}, by=lead, now=NOON)


def image(line, serial, label=Label.PASS, code="scratch", **facts) -> Item:
    """Return an image whose part itself has shown what it is, with a picture in the store."""
    item = make_run(line, serial, sha256=f"{Part.objects.count():02x}" * 32, **facts).items.get()
    truths.confirm(item, label=label, defect_class=code, now=NOON)
    picture = BytesIO()
    Image.new("RGB", (8, 6)).save(picture, "JPEG")
    images.put_rendition(item.sha256, picture.getvalue())
    return item


def approved(kind, side, item, lead) -> LimitSample:
    return limits.approve(kind, side=side, image=item, by=lead, now=later(60))


def shown_of(line) -> dict[str, Item | None]:
    return {side.side.value: side.image for one in limits.of_line(line) for side in one.sides}


def reasons(kind, side, item, lead) -> list[Unfit]:
    with pytest.raises(NotALimit) as refused:
        approved(kind, side, item, lead)
    return list(refused.value.reasons)


# Approving ------------------------------------------------------------------------------------------------------


def test_a_lead_approves_a_picture_from_the_page_of_its_image(client, line, scratch, quinn):
    item = image(line, "A-1", Label.DEFECT)
    client.force_login(quinn)
    page = reverse("data-item", args=[line.slug, item.pk])
    assert f'value="scratch:{BAD}"' in client.get(page).content.decode()

    told = client.post(reverse("limit-approve", args=[line.slug, item.pk]), {"limit": f"scratch:{BAD}"}, follow=True)

    assert "Version 2 of the limit samples of scratch shows it from now on." in told.content.decode()
    assert shown_of(line) == {"still_good": None, "already_bad": item}


def test_a_picture_is_a_version_of_its_own_that_keeps_words_and_the_other_side(line, scratch, quinn):
    good, bad = image(line, "A-1"), image(line, "A-2", Label.DEFECT)
    approved(scratch, GOOD, good, quinn)
    approved(scratch, BAD, bad, quinn)
    approved(scratch, BAD, bad, quinn)
    scopes.keep_class(
        line,
        code="scratch",
        facts={
            "name": "scratch",
            "name_ko": "긁힘",
            "risk_class": "major",
            "key": 1,
            "still_good": "not seen at 60 cm",
            "already_bad": "longer than 2 mm",
            "kept_as": "LS-1, LS-2",
        },
        by=quinn,
        now=later(90),
    )

    kept = scratch.limit_samples.order_by("version")
    assert list(kept.values_list("version", "still_good", "still_good_image", "already_bad_image")) == [
        (1, "not seen at 40 cm", None, None),
        (2, "not seen at 40 cm", good.pk, None),
        (3, "not seen at 40 cm", good.pk, bad.pk),
        (4, "not seen at 60 cm", good.pk, bad.pk),
    ]


def test_a_picture_is_taken_away_by_a_version_without_it(client, line, scratch, quinn):
    approved(scratch, GOOD, image(line, "A-1"), quinn)
    client.force_login(quinn)
    client.post(reverse("limit-take-away", args=[line.slug, "scratch", GOOD]))
    assert shown_of(line)["still_good"] is None
    assert [one.still_good_image is None for one in scratch.limit_samples.order_by("version")] == [True, False, True]


@pytest.mark.parametrize(
    ("side", "label", "code"),
    [(GOOD, Label.DEFECT, "scratch"), (BAD, Label.PASS, ""), (BAD, Label.DEFECT, "crack")],
)
def test_an_image_whose_truth_does_not_fit_is_refused(side, label, code, line, scratch, quinn):
    assert reasons(scratch, side, image(line, "A-1", label, code), quinn) == [Unfit.OTHER_TRUTH]


def test_one_person_s_word_is_not_enough(line, scratch, ana, quinn):
    task = make_task(line, "A-1", call=Call.PASS)
    read(task, ana)
    assert reasons(scratch, GOOD, task.item, quinn) == [Unfit.UNSETTLED]


def test_an_image_of_another_line_is_refused_and_not_found_at_the_door(client, line, scratch, quinn):
    other = make_line("phone-back")
    item = image(other, "A-1")
    assert reasons(scratch, GOOD, item, quinn) == [Unfit.OTHER_LINE]
    client.force_login(quinn)
    asked = client.post(reverse("limit-approve", args=[line.slug, item.pk]), {"limit": f"scratch:{GOOD}"})
    assert asked.status_code == 404


def test_a_part_of_the_bank_stays_sealed_and_the_lead_is_told_why(client, line, scratch, quinn):
    make_defect(line, "D-1")
    item = Item.objects.get(run__part__serial="D-1")
    truths.confirm(item, label=Label.DEFECT, defect_class="scratch", now=NOON)
    client.force_login(quinn)

    answer = client.post(reverse("limit-approve", args=[line.slug, item.pk]), {"limit": f"scratch:{BAD}"})

    told = [str(one) for one in get_messages(answer.wsgi_request)]
    assert told == ["Its part belongs to the defect bank or to the challenge parts, which stay sealed."]
    assert scratch.limit_samples.count() == 1


def test_a_challenge_part_stays_sealed(line, scratch, quinn):
    part = Part.objects.create(line=line, serial="C-1", is_challenge=True)
    assert Unfit.SEALED in reasons(scratch, BAD, image(line, "C-1", Label.DEFECT, part=part), quinn)


def test_an_image_that_stands_among_somebody_s_work_as_known_is_refused(line, scratch, ana, quinn):
    item = image(line, "A-1")
    beside = make_task(line, "A-2", call=Call.PASS)
    showing = gold.show(known_images.Known(item, None), beside=beside, person=ana, now=NOON)
    assert reasons(scratch, GOOD, item, quinn) == [Unfit.KNOWN]
    ReviewTask.objects.filter(pk=showing.task_id).update(closed_at=NOON, queue_rank=None)
    assert approved(scratch, GOOD, item, quinn).still_good_image == item


def test_a_kind_without_words_gets_no_picture(line, quinn):
    assert reasons(line.defect_classes.get(code="scratch"), GOOD, image(line, "A-1"), quinn) == [Unfit.UNWORDED]


@pytest.mark.parametrize("name", ["limit-approve", "limit-take-away"])
def test_only_leads_of_the_line_approve_pictures_and_take_them_away(name, client, line, scratch, ana, quinn):
    item = image(line, "A-1")
    approved(scratch, GOOD, item, quinn)
    address = reverse(name, args=[line.slug, item.pk] if name == "limit-approve" else [line.slug, "scratch", GOOD])
    for person in (ana, make_user("oscar", role=None)):
        client.force_login(person)
        assert client.post(address, {"limit": f"scratch:{GOOD}"}).status_code == 404
    assert scratch.limit_samples.count() == 2


# The signature --------------------------------------------------------------------------------------------------


def test_a_signature_names_the_pictures_and_without_one_stays_as_it_was(line, scratch, quinn):
    [plain] = [one for one in scopes.as_plain(line)["classes"] if one["code"] == "scratch"]
    assert plain == {
        "code": "scratch",
        "risk_class": "major",
        "limits": ["not seen at 40 cm", "longer than 2 mm", "LS-1, LS-2"],
    }
    item = image(line, "A-1")
    approved(scratch, GOOD, item, quinn)
    [pictured] = [one for one in scopes.as_plain(line)["classes"] if one["code"] == "scratch"]
    assert pictured == {**plain, "pictures": {"still_good": item.sha256}}


# Showing --------------------------------------------------------------------------------------------------------


def test_an_inspector_finds_them_in_the_loop_and_may_fetch_them(client, line, scratch, ana, quinn):
    kept = approved(scratch, GOOD, image(line, "A-1"), quinn)
    client.force_login(ana)

    html = client.get(reverse("review", args=[line.slug])).content.decode()

    sheet = html.partition('data-part="limits"')[2].partition("</dialog>")[0]
    address = reverse("limit-picture", args=[line.slug, kept.pk, GOOD])
    assert all(word in sheet for word in (address, "not seen at 40 cm", "longer than 2 mm", "LS-1, LS-2"))
    assert client.get(address).status_code == 200
    assert client.get(f"{address}small/").status_code == 200


def test_who_does_not_belong_to_the_line_finds_no_picture(client, line, scratch, quinn):
    kept = approved(scratch, GOOD, image(line, "A-1"), quinn)
    for person in (make_user("oscar", role=None), make_user("andre", line=make_line("phone-back"))):
        client.force_login(person)
        assert client.get(reverse("limit-picture", args=[line.slug, kept.pk, GOOD])).status_code == 404


@pytest.mark.parametrize("what", ["read again", "ruled otherwise", "replaced"])
def test_a_picture_is_held_back_at_every_address_while(what, client, line, scratch, ana, quinn):
    item = image(line, "A-1")
    kept = approved(scratch, GOOD, item, quinn)
    if what == "read again":
        make_task(line, part=item.run.part, call=Call.PASS)
    elif what == "ruled otherwise":
        Truth.objects.create(item=item, n=9, label="defect", defect_class="crack", source="physical", created_at=NOON)
    else:
        limits.take_away(scratch, side=GOOD, by=quinn, now=later(90))
    client.force_login(ana)

    html = client.get(reverse("review", args=[line.slug])).content.decode()

    address = reverse("limit-picture", args=[line.slug, kept.pk, GOOD])
    assert address not in html
    assert client.get(address).status_code == client.get(f"{address}small/").status_code == 404


def test_the_loop_s_page_asks_one_statement_for_them_however_many(client, line, scratch, ana, quinn):
    client.force_login(ana)
    address = reverse("review", args=[line.slug])

    def asked():
        with CaptureQueriesContext(connection) as statements:
            client.get(address)
        return [one["sql"] for one in statements if "inspection_limitsample" in one["sql"]], len(statements)

    before = asked()
    crack = worded(line, quinn, "crack")
    approved(scratch, GOOD, image(line, "A-1"), quinn)
    approved(scratch, BAD, image(line, "A-2", Label.DEFECT), quinn)
    approved(crack, BAD, image(line, "A-3", Label.DEFECT, "crack"), quinn)
    after = asked()
    assert len(before[0]) == len(after[0]) == 1
    assert before[1] == after[1]


def test_the_wizard_shows_them_and_leads_to_images_that_fit(client, line, scratch, quinn):
    kept = approved(scratch, GOOD, image(line, "A-1"), quinn)
    client.force_login(quinn)
    html = client.get(reverse("scope-classes", args=[line.slug])).content.decode()
    assert reverse("limit-thumbnail", args=[line.slug, kept.pk, GOOD]) in html
    assert reverse("limit-take-away", args=[line.slug, "scratch", GOOD]) in html
    assert "?q=truth:defect+class:scratch" in html


# Kept out -------------------------------------------------------------------------------------------------------


def test_what_everybody_has_seen_is_no_known_image_any_more(line, scratch, ana, quinn):
    item = image(line, "A-1")
    assert item in known_images.good_of(line)
    assert item in practice.at_hand(line, ana, Call.PASS)

    approved(scratch, GOOD, item, quinn)
    for _ in ("while it hangs there", "and after it was taken away"):
        assert item not in known_images.good_of(line)
        assert item not in practice.at_hand(line, ana, Call.PASS)
        limits.take_away(scratch, side=GOOD, by=quinn, now=NOON + timedelta(hours=1))


def test_a_limit_sample_is_no_defect_of_the_bank(client, line, scratch, quinn):
    approved(scratch, BAD, image(line, "A-1", Label.DEFECT), quinn)
    given = {"view": "front", "defect_class": "scratch", "mark": "1", "found_by": "teardown"}
    with pytest.raises(bank.SeenByAll):
        bank.add(line, serial="A-1", by=quinn, now=later(90), **given)
    client.force_login(quinn)
    told = client.post(reverse("bank-add", args=[line.slug]), {"serial": "A-1", **given}).content.decode()
    assert "everybody knows it" in told
