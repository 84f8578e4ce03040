"""What the product wrote into history is told in the reader's language; what people wrote stays theirs."""

import pytest
from django.urls import reverse
from django.utils.translation import override

from inspection import automation
from inspection.rules.words import Level
from review import reason_words
from tests.builders import NOON


@pytest.mark.parametrize(
    ("kept", "told"),
    [
        ("Quality doubt", "품질 의심"),
        ("signed by quinn and quill", "quinn, quill 서명"),
        (
            "Too few defect calls: silence chart 8.10, limit 7.20.",
            "불량 판정이 너무 적음: 무신호(불량 판정 없음) 차트 8.10, 한계 7.20.",
        ),
        ("3 images in a row. There is no picture in the image.", "연속 3장. 이미지에 내용이 없습니다."),
        ("Challenge parts are overdue: 3 of 12 came.", "챌린지 부품이 늦었습니다: 12개 중 3개 투입."),
        ("Alarm no-predictions: missing predictions 0.07.", "경보 no-predictions: 누락된 예측 0.07."),
        ("Alarm no-predictions: missing predictions.", "경보 no-predictions: 누락된 예측."),
        ("called cannot judge", "판정: 판정 불가"),
        ("glare on the left lamp", "glare on the left lamp"),
    ],
)
def test_a_kept_reason_is_told_in_korean_where_the_product_gave_it(kept, told):
    with override("ko"):
        assert reason_words.reason_word(kept) == told


@pytest.mark.parametrize(
    "reason",
    [
        "Too few defect calls: silence chart 8.10, limit 7.20.",
        "first part",
        "my own",
        "Challenge parts are overdue: 3 of 12 came.",
    ],
)
def test_in_english_every_reason_reads_as_it_was_kept(reason):
    with override("en"):
        assert reason_words.reason_word(reason) == reason


@pytest.mark.django_db
def test_the_log_tells_levels_and_reasons_in_words_and_the_file_in_codes(client, line, quinn):
    automation.lower(line, to_level=Level.HUMAN, by=quinn, reason="Camera or light", now=NOON)
    client.force_login(quinn)
    page = client.get(reverse("log", args=[line.slug]), headers={"Accept-Language": "ko"}).content.decode()
    file = b"".join(client.get(reverse("log-rows", args=[line.slug])).streaming_content).decode()
    assert "그림자 모드 → 사람 전담" in page
    assert "shadow → human" in file
