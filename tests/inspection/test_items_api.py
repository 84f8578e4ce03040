"""POST and GET items: the station's main door."""

import pytest

pytestmark = pytest.mark.django_db


def test_an_image_is_accepted_and_can_be_read_again(device):
    posted = device.post()
    assert posted.status_code == 202, posted.content
    body = posted.json()
    assert body["state"] == "received"
    assert device.get(body["links"]["self"]).json() == body


def test_an_accepted_image_costs_twelve_statements_and_one_transaction(device, django_assert_num_queries):
    with django_assert_num_queries(12 + 2):
        device.post()


def test_the_answer_to_an_image_names_its_trace(device):
    answer = device.post()
    assert answer.headers["traceparent"].split("-")[1] == answer.json()["id"].replace("-", "")
