"""A candidate's certificate in the browser and over HTTP: what is missing, who signs, and that misses stay sealed."""

import pytest
from django.urls import reverse

from inspection import certificates
from inspection.models import Line
from review import bands, candidate_bands
from review.band_models import Certification
from review.retro_models import RetroTrial
from tests.builders import NOON, PASSWORD
from tests.review.candidate_scene import (
    WIDE,
    make_beside,
    make_certified_line,
    make_shown_candidate,
    serve_candidate,
)
from tests.review.rollout_scene import make_rollout

pytestmark = pytest.mark.django_db


@pytest.fixture
def shown(ana, andre, quinn, quill):
    return make_shown_candidate()


@pytest.fixture
def certified(shown, quinn):
    return candidate_bands.certify(shown, by=quinn, now=NOON, limits=WIDE)


@pytest.fixture
def second(client, quill):
    client.force_login(quill)
    return client


def page(client, name, line, **headers):
    return client.get(reverse(name, args=[line.slug]), **headers).content.decode()


def do(client, line, deed, **fields):
    address = reverse("candidate-certificate-deed", args=[line.slug, deed])
    return client.post(address, fields, follow=True).content.decode()


def stands(rollout) -> bool:
    line = Line.objects.select_related("epoch__model_version").get(pk=rollout.line_id)
    return certificates.standing(line, rollout.candidate_id) is not None


def test_the_rollouts_page_tells_what_the_next_attempt_needs_and_the_deed_refuses_for_the_same(second, shown):
    told = page(second, "rollouts", shown.line)
    assert "Certificate of green:1" in told
    assert "First missing: Ruled parts of the truth draw that certify." in told
    refused = do(second, shown.line, "certify")
    assert "Not yet: Ruled parts of the truth draw that certify: 140 of" in refused
    assert not Certification.objects.exists()


def test_a_second_lead_signs_with_the_password_and_withdraws_by_a_click(second, shown, certified):
    assert "waits for a second lead" in page(second, "rollouts", shown.line)
    assert "not right" in do(second, shown.line, "put", password="wrong")
    assert not stands(shown)
    assert "decides its share inside its own bands" in do(second, shown.line, "put", password=PASSWORD)
    assert stands(shown)
    assert "certified, in force" in page(second, "automation", shown.line)
    do(second, shown.line, "withdraw", reason="doubt")
    assert not stands(shown)


def test_who_certified_does_not_sign_alone(client, shown, certified, quinn):
    client.force_login(quinn)
    assert "another lead puts them in force" in do(client, shown.line, "put", password=PASSWORD)
    assert not stands(shown)


def test_the_archive_is_shown_to_it_from_the_same_page(second, shown):
    assert "It looks at the sealed archive now" in do(second, shown.line, "archive")
    assert RetroTrial.objects.get().model_version == shown.candidate
    assert "Show it the sealed archive" not in page(second, "rollouts", shown.line)


def test_the_automation_page_leads_to_it(second, shown):
    told = page(second, "automation", shown.line)
    assert f"{reverse('rollouts', args=[shown.line.slug])}#certificate" in told
    assert "without a certificate" in told


def test_what_a_certified_candidate_missed_is_on_no_page(second, shown, certified, quill):
    bands.put_in_force(shown.line, certified.bands, by=quill, now=NOON)
    told = page(second, "bands", shown.line) + page(second, "rollouts", shown.line)
    assert "Trace of the tests" not in told
    answer = second.get(reverse("api-candidate-certificate", args=[shown.pk])).json()
    assert not {"trace", "curve", "counts"} & set(answer["newest"])
    assert answer["bands"]["t_lo"] == certified.bands.t_lo


@pytest.mark.parametrize(
    ("is_certified", "words"),
    [(True, "It serves under its own bands."), (False, "It serves without bands: people decide everything")],
)
def test_after_the_switch_the_page_says_under_which_bands_it_serves(second, quinn, is_certified, words):
    line = make_certified_line()
    rollout = make_rollout(line, "blue_green")
    if is_certified:
        make_beside(line, rollout)
    serve_candidate(line, rollout, quinn)
    assert words in page(second, "rollouts", line)
    assert ("none in force" in page(second, "bands", line)) != is_certified


def test_a_refused_candidate_is_told_that_and_nothing_else(client, ana, andre, quinn, quill):
    rollout = make_shown_candidate(says=0.02)
    refused = candidate_bands.certify(rollout, by=quinn, now=NOON, limits=WIDE)
    assert refused.reason != "certified"
    client.force_login(quill)
    told = page(client, "rollouts", rollout.line)
    assert "Not certified. What it missed stays sealed" in told
    assert "would let more than" not in told
    answer = client.get(reverse("api-candidate-certificate", args=[rollout.pk])).json()
    assert (answer["state"], answer["newest"]["certified"], answer["newest"]["shares"]) == ("none", False, None)


def test_the_page_speaks_korean(second, shown):
    told = page(second, "rollouts", shown.line, headers={"accept-language": "ko"})
    assert "green:1의 인증" in told
    assert "먼저 부족한 것: 인증에 쓰는 판정된 참값 추출 부품." in told


@pytest.mark.parametrize("deed", ["certify", "put", "withdraw", "archive"])
def test_without_an_open_rollout_every_deed_says_so(second, line, deed):
    assert "No candidate stands beside the serving model now." in do(second, line, deed, password=PASSWORD)


def test_inspectors_find_nothing(client, shown, ana):
    client.force_login(ana)
    address = reverse("candidate-certificate-deed", args=[shown.line.slug, "certify"])
    assert client.post(address).status_code == 404
    assert client.get(reverse("api-candidate-certificate", args=[shown.pk])).status_code == 404
    assert client.get(reverse("candidate-certificate-deed", args=[shown.line.slug, "certify"])).status_code == 405


def test_the_api_certifies_signs_and_withdraws(second, shown, certified):
    answer = second.post(reverse("api-candidate-certificate", args=[shown.pk]))
    assert (answer.status_code, answer.json()["code"]) == (409, "gate-shut")
    assert "parts" in [need["code"] for need in answer.json()["needs"]]
    put = reverse("api-candidate-put", args=[shown.pk])
    assert second.post(put, {"password": "wrong"}, content_type="application/json").json()["code"] == "not-confirmed"
    told = second.post(put, {"password": PASSWORD}, content_type="application/json").json()
    assert (told["state"], told["next_attempt"], stands(shown)) == ("in_force", 2, True)
    back = reverse("api-candidate-withdraw", args=[shown.pk])
    assert second.post(back, {"reason": "doubt"}, content_type="application/json").json()["state"] == "signed_once"
    assert second.post(back, {"reason": "doubt"}, content_type="application/json").json()["code"] == "conflict"
