"""One page that shows every part of the pages, in light and dark. For the demo only."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from inspection.rules.words import Label, Level
from review.charts import Point, band_chart

EVIDENCE = [
    {
        "check": "Detection above 80 %",
        "counted": "39 of 41",
        "weight": 21.7,
        "needed": 20.0,
        "state": "met",
        "still": 0,
    },
    {
        "check": "Agreement above 95 %",
        "counted": "391 of 404",
        "weight": 1.9,
        "needed": 20.0,
        "state": "short",
        "still": 113,
    },
    {
        "check": "Bands certified",
        "counted": "no draw yet",
        "note": "escapes and misses",
        "state": "unstarted",
        "still": 3000,
    },
    {"check": "Defects", "counted": "–", "note": "none seen yet", "state": "unstarted", "still": 30},
]
ALARMS = [
    {"priority": "P1", "what": "Too dark at st-07", "state": "unacknowledged, 2 m", "unacknowledged": True},
    {"priority": "P2", "what": "Queue oldest over 2 m", "state": "ana has it"},
    {"priority": "P3", "what": "Skew st-07 +0.2 s", "state": "shelved 22 m, quinn"},
]
RUNGS = [
    {"level": Level.HUMAN, "state": "past", "note": "left 11-15"},
    {"level": Level.SHADOW, "state": "current", "note": "since 11-16, 404 parts", "gate": "passed"},
    {"level": Level.ASSIST, "state": "next", "note": "gate shut", "gate": "shut"},
    {"level": Level.PARTIAL, "state": "later", "note": "after assist", "gate": "later"},
    {"level": Level.FULL, "state": "later", "note": "after partial", "gate": "later"},
]
TREND = [
    Point(
        f"11-{16 + n // 4}", 0.968 - 0.012 / (n + 1) * (-1) ** n, 0.936 - 0.13 / (n + 1) ** 0.9, 0.985 + 0.015 / (n + 1)
    )
    for n in range(26)
]


def components(request: HttpRequest) -> HttpResponse:
    if not settings.DEMO:
        raise Http404
    return render(
        request,
        "components.html",
        {
            "themes": [("light", "Light"), ("dark", "Dark")],
            "levels": list(Level),
            "labels": list(Label),
            "gates": ["open", "shut", "passed", "later"],
            "evidence_rows": EVIDENCE,
            "alarms": ALARMS,
            "rungs": RUNGS,
            "chart": band_chart(TREND, target=0.95, floor=0.8, events=[(8, "golden rev 4"), (16, "st-07 cleaned")]),
        },
    )
