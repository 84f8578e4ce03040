"""The twenty things that go wrong on most inspection lines, and what may watch them.

Failures are data in both languages, because each line keeps, changes and adds to its own sheet. A metric is a code
here; its name in the reader's language stands with the page.
"""

from dataclasses import dataclass

METRICS = (
    "brightness",
    "p99_luminance",
    "contrast",
    "sharpness",
    "saturation",
    "entropy",
    "image_size",
    "embedding_distance",
    "same_image",
    "missing_views",
    "volume",
    "missing_predictions",
    "call_rate",
    "silence",
    "score_shift",
    "cannot_judge",
    "overkill",
    "overturns",
    "escaped_fraction",
    "challenge_misses",
    "gold_misses",
    "people_agreement",
    "queue_age",
    "station_silence",
    "stage_p95",
    "clock_skew",
    "storage_free",
)
"""What the product counts or measures, in the order of choosing: picture, flow, model, people, machines."""

ACTIONS = ("hold", "adjudicate", "tighten_audit", "to_people", "contain", "call_maintenance", "look")
"""What somebody or something does when the alarm comes, the hardest first."""


@dataclass(frozen=True, kw_only=True)
class Preloaded:
    """A row of the sheet as a new line gets it. Without a metric it is amber: nothing watches it."""

    code: str
    failure: str
    failure_ko: str
    metric: str = ""
    threshold: str = ""
    priority: str = ""
    action: str = ""


PRELOADED = (
    Preloaded(code="lens-swapped", failure="Lens swapped", failure_ko="렌즈 교체"),
    Preloaded(
        code="coating-changed",
        failure="Supplier changes the coating",
        failure_ko="공급사의 코팅 변경",
    ),
    Preloaded(
        code="lamp-fades",
        failure="Lamp fades",
        failure_ko="조명이 어두워짐",
        metric="p99_luminance",
        threshold="−3 sd",
        priority="P2",
        action="hold",
    ),
    Preloaded(
        code="oil-looks-like-scratch",
        failure="Oil looks like a scratch",
        failure_ko="기름이 긁힘처럼 보임",
        metric="overkill",
        threshold="> 3 %",
        priority="P3",
        action="adjudicate",
    ),
    Preloaded(
        code="camera-stuck",
        failure="Camera stuck on one image",
        failure_ko="카메라가 한 이미지에 멈춤",
        metric="same_image",
        threshold="2",
        priority="P1",
        action="hold",
    ),
    Preloaded(
        code="focus-drifts",
        failure="Focus drifts",
        failure_ko="초점이 흐려짐",
        metric="sharpness",
        threshold="−3 sd",
        priority="P2",
        action="hold",
    ),
    Preloaded(
        code="model-goes-silent",
        failure="Model stops calling defects",
        failure_ko="모델이 불량을 부르지 않음",
        metric="silence",
        threshold="ARL 1,000,000",
        priority="P1",
        action="hold",
    ),
    Preloaded(
        code="new-defect-kind",
        failure="A new kind of defect appears",
        failure_ko="새로운 종류의 불량 발생",
        metric="escaped_fraction",
        threshold="CUSUM",
        priority="P1",
        action="contain",
    ),
    Preloaded(
        code="known-defect-missed",
        failure="A known defect is no longer found",
        failure_ko="알던 불량을 더는 찾지 못함",
        metric="challenge_misses",
        threshold="1",
        priority="P1",
        action="contain",
    ),
    Preloaded(
        code="ambient-light",
        failure="Stray light from outside",
        failure_ko="외부 빛이 들어옴",
        metric="brightness",
        threshold="±3 sd",
        priority="P2",
        action="to_people",
    ),
    Preloaded(
        code="glass-dirty",
        failure="Dirt on the camera window",
        failure_ko="카메라 창이 더러움",
        metric="contrast",
        threshold="−3 sd",
        priority="P2",
        action="call_maintenance",
    ),
    Preloaded(
        code="part-misplaced",
        failure="Part sits askew",
        failure_ko="부품이 비뚤게 놓임",
        metric="embedding_distance",
        threshold="> 99.9 %",
        priority="P2",
        action="to_people",
    ),
    Preloaded(
        code="view-missing",
        failure="One view is missing",
        failure_ko="한 시점의 이미지가 없음",
        metric="missing_views",
        threshold="1",
        priority="P2",
        action="hold",
    ),
    Preloaded(
        code="wrong-part",
        failure="Another product on the line",
        failure_ko="다른 제품이 흘러옴",
        metric="score_shift",
        threshold="p < 0.001",
        priority="P2",
        action="hold",
    ),
    Preloaded(
        code="more-defects",
        failure="The process makes more defects",
        failure_ko="공정에서 불량이 늘어남",
        metric="call_rate",
        threshold="× 2",
        priority="P2",
        action="tighten_audit",
    ),
    Preloaded(
        code="people-trust-the-model",
        failure="People follow the model when it is wrong",
        failure_ko="모델이 틀려도 사람이 따라감",
        metric="overturns",
        threshold="< 50 %",
        priority="P2",
        action="tighten_audit",
    ),
    Preloaded(
        code="tired-eyes",
        failure="Inspectors miss more late in the shift",
        failure_ko="근무 후반에 검사자가 더 많이 놓침",
        metric="gold_misses",
        threshold="> 5 %",
        priority="P3",
        action="look",
    ),
    Preloaded(
        code="queue-overflows",
        failure="More images than people can read",
        failure_ko="읽을 수 있는 것보다 이미지가 많음",
        metric="queue_age",
        threshold="> 2 min",
        priority="P2",
        action="look",
    ),
    Preloaded(
        code="network-cut",
        failure="Station is cut off",
        failure_ko="스테이션 연결이 끊김",
        metric="station_silence",
        threshold="> 60 s",
        priority="P1",
        action="hold",
    ),
    Preloaded(
        code="model-too-slow",
        failure="The model answers too late",
        failure_ko="모델의 응답이 늦음",
        metric="stage_p95",
        threshold="> 2 s",
        priority="P2",
        action="to_people",
    ),
)
