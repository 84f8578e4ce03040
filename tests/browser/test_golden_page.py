"""The page of golden images while a worker reads a new revision."""

import pytest
from django.utils.timezone import now

from inspection.models import GoldenReference
from inspection.rules.words import Role
from tests.browser.floor import make_floor, pictures
from tests.builders import make_user

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_file_chosen_while_another_is_read_stays_until_it_is_sent_or_put_back(visit):
    line = make_floor()
    GoldenReference.objects.create(
        line=line, product=line.product, view="front", revision=5, sha256="61" * 32, state="preparing", created_at=now()
    )
    page = visit("/", make_user("quinn", role=Role.QA_LEAD))
    page.clock.install()
    page.goto(page.url + f"lines/{line.slug}/golden/")
    page.evaluate("document.body.dataset.old = ''")
    chosen = page.locator("input[name=picture]").first
    chosen.set_input_files([{"name": "good.jpg", "mimeType": "image/jpeg", "buffer": pictures()[0]}])

    page.clock.run_for(5000)
    assert page.evaluate("'old' in document.body.dataset")
    assert chosen.evaluate("(field) => field.files.length") == 1

    chosen.set_input_files([])
    page.clock.run_for(2000)
    page.wait_for_selector("body:not([data-old])")
