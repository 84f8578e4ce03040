"""Golden images: what may be one, who sets it, its revisions, and where it is shown."""

from io import BytesIO

import pytest
from django.core.files.base import ContentFile
from django.urls import reverse
from PIL import Image

from inspection import epochs, images
from inspection.models import GoldenReference, Item, Part, Product
from inspection.rules.words import Call, Label, Role
from review import audit_log, golden, known_images, practice, tasks, truths
from review.golden import NotGolden, Unfit
from review.models import Truth
from review.pictures import references_of
from tests.builders import NOON, make_line, make_user
from tests.review.bank_scene import make_defect
from tests.review.scene import later, make_run, make_task, make_watched_line, read
from tests.vision.corpus import CASES
from vision.header import ImageRefused

pytestmark = pytest.mark.django_db


@pytest.fixture
def line(own_files):
    return make_watched_line()


def drawn(colour="grey", *, kind="JPEG", size=(80, 64)) -> bytes:
    kept = BytesIO()
    Image.new("RGB", size, colour).save(kept, kind)
    return kept.getvalue()


def image(line, serial, label=Label.PASS, *, colour="grey", **facts) -> Item:
    """Return an image whose part itself has shown what it is, with file and picture in the store."""
    data = drawn(colour)
    stored = images.store(ContentFile(data))
    images.put_rendition(stored.sha256, data)
    item = make_run(line, serial, sha256=stored.sha256, **facts).items.get()
    truths.confirm(item, label=label, defect_class="scratch", now=NOON)
    return item


def reasons(item, line, lead) -> list[Unfit]:
    with pytest.raises(NotGolden) as refused:
        golden.choose(line, item, by=lead, now=later(60))
    assert not GoldenReference.objects.exists()
    return list(refused.value.reasons)


def send(client, line, data: bytes, *, view="front", kind="image/jpeg"):
    file = ContentFile(data, name="good.jpg")
    file.content_type = kind
    return client.post(reverse("golden-upload", args=[line.slug]), {"view": view, "picture": file}, follow=True)


def look(client, line, person, view="front"):
    client.force_login(person)
    return client.get(reverse("api-reference", args=[line.slug, view]))


# An image of the line -------------------------------------------------------------------------------------------


def test_a_lead_makes_an_image_golden_from_its_page_and_the_loop_shows_it(client, line, ana, quinn):
    item = image(line, "A-1")
    client.force_login(quinn)
    page = reverse("data-item", args=[line.slug, item.pk])
    assert "Use as golden image" in client.get(page).content.decode()

    told = client.post(reverse("golden-choose", args=[line.slug, item.pk]), follow=True).content.decode()

    assert "Revision 1 of the golden image, shown from now on." in told
    assert reverse("api-reference", args=[line.slug, "front"]) in told
    assert "Use as golden image" not in told
    assert look(client, line, ana).status_code == 200
    loop = client.get(reverse("review", args=[line.slug])).content.decode()
    assert reverse("api-reference", args=[line.slug, "front"]) in loop


def test_each_choice_is_the_next_revision_of_its_product_and_view(line, quinn):
    first = golden.choose(line, image(line, "A-1"), by=quinn, now=NOON)
    second = golden.choose(line, image(line, "A-2", colour="white"), by=quinn, now=later(60))
    side = golden.choose(line, image(line, "A-3", colour="black", views=("side",)), by=quinn, now=later(90))
    assert [one.revision for one in (first, second, side)] == [1, 2, 1]
    assert references_of(line) == {"front": second, "side": side}


def test_an_image_is_golden_for_the_product_that_it_shows(line, quinn):
    item = image(line, "A-1")
    line.product = Product.objects.create(sku="B7", name="Phone B7")
    line.save(update_fields=["product"])
    epochs.enter(line, None, cause="another product", now=later(30))
    kept = golden.choose(line, item, by=quinn, now=later(60))
    assert kept.product.sku == "A12"
    assert references_of(line) == {}
    assert [(str(shelf.product), shelf.shown) for shelf in golden.shelves(line)] == [("B7", None), ("A12", kept)]


def test_a_part_that_is_not_good_is_refused(line, quinn):
    assert reasons(image(line, "A-1", Label.DEFECT), line, quinn) == [Unfit.NOT_GOOD]


def test_one_person_s_word_is_not_enough_and_two_readers_are(line, ana, quinn):
    task = make_task(line, "A-1", call=Call.PASS)
    read(task, ana)
    assert reasons(task.item, line, quinn) == [Unfit.UNSETTLED]
    Truth.objects.create(item=task.item, n=9, label="pass", source="consensus", created_at=NOON)
    assert golden.choose(line, task.item, by=quinn, now=later(60)).revision == 1


def test_an_image_of_another_line_is_refused_and_not_found_at_the_door(client, line, quinn):
    item = image(make_line("phone-back"), "A-1")
    assert reasons(item, line, quinn) == [Unfit.OTHER_LINE]
    client.force_login(quinn)
    assert client.post(reverse("golden-choose", args=[line.slug, item.pk])).status_code == 404


def test_parts_of_the_bank_and_challenge_parts_stay_sealed_and_the_lead_is_told(client, line, quinn):
    banked = image(line, "D-1")
    make_defect(line, "D-1")
    assert reasons(banked, line, quinn) == [Unfit.SEALED]
    part = Part.objects.create(line=line, serial="C-1", is_challenge=True)
    assert reasons(image(line, "C-1", colour="white", part=part), line, quinn) == [Unfit.SEALED]
    client.force_login(quinn)
    told = client.post(reverse("golden-choose", args=[line.slug, banked.pk]), follow=True).content.decode()
    assert "which stay sealed" in told


def test_an_image_that_is_being_read_is_refused(line, quinn):
    item = image(line, "A-1")
    make_task(line, "A-2", call=Call.PASS)
    task = make_task(line, "A-3", call=Call.PASS)
    truths.confirm(task.item, label=Label.PASS, defect_class="", now=NOON)
    assert reasons(task.item, line, quinn) == [Unfit.OPEN]
    assert golden.choose(line, item, by=quinn, now=later(60)).source == item


def test_one_that_turns_out_bad_steps_aside_for_the_revision_before_it(line, quinn):
    first = golden.choose(line, image(line, "A-1"), by=quinn, now=NOON)
    item = image(line, "A-2", colour="white")
    golden.choose(line, item, by=quinn, now=later(60))
    Truth.objects.create(item=item, n=9, label="defect", defect_class="scratch", source="physical", created_at=NOON)
    assert references_of(line) == {"front": first}


def test_what_everybody_looks_at_measures_nobody(line, ana, quinn):
    item = image(line, "A-1")
    assert item in known_images.good_of(line)
    assert item in practice.at_hand(line, ana, Call.PASS)
    golden.choose(line, item, by=quinn, now=NOON)
    assert item not in known_images.good_of(line)
    assert item not in practice.at_hand(line, ana, Call.PASS)


# A file ---------------------------------------------------------------------------------------------------------


def test_a_file_is_shown_once_a_worker_has_read_its_pixels(client, line, ana, quinn):
    client.force_login(quinn)
    told = send(client, line, drawn(kind="PNG"), kind="image/png").content.decode()
    assert "Revision 1 is in" in told
    assert "is being read" in told
    kept = GoldenReference.objects.get()
    assert (kept.set_by, kept.source, kept.product) == (quinn, None, line.product)
    assert look(client, line, ana).status_code == 404

    tasks.prepare_golden(key=str(kept.pk))

    answer = look(client, line, ana)
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/jpeg")
    assert b"".join(answer.streaming_content)[:2] == b"\xff\xd8"


def test_a_file_whose_pixels_cannot_be_read_leaves_the_one_before(client, line, quinn):
    before = golden.choose(line, image(line, "A-1"), by=quinn, now=NOON)
    client.force_login(quinn)
    broken = next(case for case in CASES if case.id == "W03")
    send(client, line, broken.data, kind="image/png")
    tasks.prepare_golden(key=str(GoldenReference.objects.latest("pk").pk))
    assert references_of(line) == {"front": before}
    told = client.get(reverse("golden", args=[line.slug])).content.decode()
    assert "The pixels of revision 2 cannot be read: the one before stays." in told


@pytest.mark.parametrize(
    ("data", "kind", "said"),
    [
        (b"%PDF-1.7 nothing to see", "image/jpeg", "not"),
        (drawn()[:-2], "image/jpeg", "ends"),
        (drawn(size=(20, 20)), "image/jpeg", "64"),
        (drawn(), "image/png", "JPEG"),
        (b"", "image/jpeg", "empty"),
    ],
)
def test_a_file_that_is_no_image_for_a_line_is_refused_beside_its_field(data, kind, said, client, line, quinn):
    client.force_login(quinn)
    answer = send(client, line, data, kind=kind)
    assert answer.status_code == 422
    assert said in answer.context["form"].errors["picture"][0]
    assert not GoldenReference.objects.exists()


def test_a_file_with_the_bytes_of_a_stored_image_is_judged_as_that_image(client, line, quinn):
    make_run(line, "D-1", sha256=images.store(ContentFile(drawn("red"))).sha256)
    make_defect(line, "D-1")
    image(line, "A-1", Label.DEFECT, colour="blue")
    image(make_line("phone-back"), "B-1", colour="green")
    client.force_login(quinn)
    for colour, word in (("red", "sealed"), ("blue", "not good"), ("green", "no part of this line")):
        answer = send(client, line, drawn(colour))
        assert answer.status_code == 422
        assert word in answer.context["form"].errors["picture"][0]
    with pytest.raises(ImageRefused):
        golden.upload(line, view="front", file=ContentFile(b"GIF89a"), content_type="image/gif", by=quinn, now=NOON)


def test_a_view_that_the_line_does_not_have_is_refused(client, line, quinn):
    client.force_login(quinn)
    assert send(client, line, drawn(), view="back").status_code == 422


# Who, and what is written ---------------------------------------------------------------------------------------


def test_leads_and_administrators_of_the_line_set_it_and_nobody_else(client, line, ana, oscar):
    item = image(line, "A-1")
    elsewhere = make_user("quill", role=Role.QA_LEAD, line=make_line("phone-back"))
    addresses = [reverse("golden-choose", args=[line.slug, item.pk]), reverse("golden-upload", args=[line.slug])]
    for person in (ana, oscar, elsewhere):
        client.force_login(person)
        assert [client.post(address).status_code for address in addresses] == [404, 404]
        assert client.get(reverse("golden", args=[line.slug])).status_code == 404
    client.force_login(make_user("admin", role=Role.ADMINISTRATOR))
    assert client.post(addresses[0]).status_code == 302
    assert GoldenReference.objects.get().set_by.username == "admin"


def test_the_page_shows_every_revision_with_who_and_its_picture(client, line, quinn, ana):
    old = golden.choose(line, image(line, "A-1"), by=quinn, now=NOON)
    golden.choose(line, image(line, "A-2", colour="white"), by=quinn, now=later(60))
    client.force_login(quinn)
    html = client.get(reverse("golden", args=[line.slug])).content.decode()
    assert all(word in html for word in ("rev 1", "rev 2", "quinn", "A-1", "A-2"))
    address = reverse("golden-picture", args=[line.slug, old.pk])
    assert client.get(address).status_code == 200
    client.force_login(ana)
    assert client.get(address).status_code == 404


def test_the_audit_log_says_who_set_which_revision(line, quinn):
    golden.choose(line, image(line, "A-1"), by=quinn, now=NOON)
    [entry] = audit_log.page(line, audit_log.Asked(action="golden")).entries
    assert (entry.who, entry.thing, entry.change, entry.reason) == ("quinn", "A12 front", "→ rev 1", "A-1")
