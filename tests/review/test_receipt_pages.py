"""Doors of receipts: found by serial, verified on the page, saved for checking elsewhere, closed to everybody else."""

import pytest

from inspection import epochs, sql
from inspection.models import Disposition, Item, Line, Receipt
from inspection.rules.receipts import document_fault
from tests.builders import NOON
from tests.inspection.items import make_item
from tests.review.sealed import make_sealed_line

pytestmark = pytest.mark.django_db


@pytest.fixture
def line(ana, quinn):
    return make_sealed_line(ana, quinn)


@pytest.fixture
def lead(client, quinn):
    client.force_login(quinn)
    return client


def page(client, *path) -> str:
    return client.get("/".join(("/lines/phone-glass/receipts", *path, ""))).content.decode()


def test_a_scanned_serial_leads_to_its_receipt(lead, line):
    html = lead.get("/lines/phone-glass/receipts/?serial=B-2").content.decode()
    assert "/lines/phone-glass/receipts/2/" in html
    assert "/lines/phone-glass/receipts/3/" not in html


def test_the_page_verifies_the_receipt_and_names_the_person(lead, line):
    html = page(lead, "2")
    assert "Verified:" in html
    assert "ana" in html


def test_the_receipt_of_a_part_leads_to_the_trace_of_each_of_its_images(lead, line):
    images = Item.objects.filter(run__part__serial="B-2")
    traces = [f"/lines/phone-glass/images/{image.pk}/trace/" for image in images]
    html = page(lead, "2")
    assert traces
    assert [address for address in traces if address not in html] == []
    assert images[0].pk.hex in lead.get(traces[0]).content.decode()


def test_a_receipt_reads_in_korean_and_in_the_lines_own_time(lead, line):
    Line.objects.filter(pk=line.pk).update(time_zone="Asia/Seoul")
    html = lead.get("/lines/phone-glass/receipts/2/", headers={"accept-language": "ko"}).content.decode()
    shown = html.partition('<details class="spaced"')[0]
    assert "KST" in shown
    assert "사람에게" in shown
    assert "이 단계에서는 사람이 판정합니다." in shown
    assert "긁힘" in shown
    assert "판정: 불량" in shown
    assert [code for code in ("human<", ">level<", "scratch", "called defect", "T12:") if code in shown] == []


def test_a_receipt_whose_row_was_changed_is_shown_as_broken(lead, line):
    Disposition.objects.filter(run__part__serial="B-2").update(verdict="pass")
    html = page(lead, "2")
    assert "This receipt is broken." in html
    assert "Verified:" not in html


def test_a_printed_hash_is_set_against_the_receipt(lead, line):
    right = Receipt.objects.get(n=2).hash
    assert "Verified:" in lead.get(f"/lines/phone-glass/receipts/2/?hash={right}").content.decode()
    assert "The printed hash is not" in lead.get("/lines/phone-glass/receipts/2/?hash=ff").content.decode()


def test_the_code_is_a_picture_of_its_own(lead, line):
    answer = lead.get("/lines/phone-glass/receipts/2/code.svg")
    assert answer["Content-Type"] == "image/svg+xml"
    assert b"<path" in answer.content


def test_the_receipt_of_a_move_shows_what_was_sealed(lead, line):
    assert "quality doubt" in page(lead, "6")


def test_the_lineage_of_an_item_brings_its_receipt(lead, line):
    item = Item.objects.get(run__part__serial="B-2")
    said = lead.get(f"/api/v1/items/{item.pk}/lineage/").json()
    assert (said["level"], said["verdict"], said["people"][0]["label"]) == ("assist", "reject", "defect")
    assert document_fault(said["receipt"]) == ""


def test_the_lineage_of_an_item_that_still_waits_has_no_receipt(lead, line):
    item = make_item(line, serial="B-9")
    said = lead.get(f"/api/v1/items/{item.pk}/lineage/").json()
    assert (said["verdict"], said["receipt"]) == (None, None)


def test_the_lineage_gives_the_call_threshold_that_stood_then(lead, line):
    for threshold, serial in ((0.3, "B-8"), (0.6, "B-9")):
        line.call_threshold = threshold
        line.save()
        epochs.enter(line, None, cause="threshold changed", now=NOON)
        make_item(line, serial=serial)
    items = {item.run.part.serial: item.pk for item in Item.objects.select_related("run__part")}
    said = {serial: lead.get(f"/api/v1/items/{pk}/lineage/").json()["call_threshold"] for serial, pk in items.items()}
    assert (said["B-2"], said["B-8"], said["B-9"]) == (0.5, 0.3, 0.6)


def test_a_saved_receipt_holds_and_a_changed_one_does_not(lead, line):
    saved = lead.get("/api/v1/lines/phone-glass/receipts/2/").json()
    assert document_fault(saved) == ""
    sql.unprotect(("inspection_receipt",))
    Receipt.objects.filter(n=2).update(body=Receipt.objects.get(n=2).body.replace("reject", "pass"))
    assert document_fault(lead.get("/api/v1/lines/phone-glass/receipts/2/").json()) != ""


@pytest.mark.parametrize("person", ["ana", "oscar"])
@pytest.mark.parametrize(
    "address",
    [
        "/lines/phone-glass/receipts/",
        "/lines/phone-glass/receipts/2/",
        "/lines/phone-glass/receipts/2/code.svg",
        "/api/v1/lines/phone-glass/receipts/2/",
    ],
)
def test_receipts_are_for_leads_and_administrators(client, line, request, person, address):
    client.force_login(request.getfixturevalue(person))
    assert client.get(address).status_code == 404


def test_the_lineage_is_for_leads_and_administrators(client, line, ana):
    client.force_login(ana)
    assert client.get(f"/api/v1/items/{Item.objects.first().pk}/lineage/").status_code == 404


def test_a_list_of_receipts_costs_the_same_for_one_and_for_many(lead, line, django_assert_max_num_queries):
    with django_assert_max_num_queries(21):
        page(lead)
