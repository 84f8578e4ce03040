"""The plots of docs/statistics in English and Korean, from stored results and exact calculation."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from bench.guarantees_canary import median_delay
from bench.guarantees_claims import failure_limits, passage
from bench.guarantees_streams import wilson_limits
from bench.guarantees_svg import Axis, Series, bars, lines
from stats.cusum import arl
from stats.planning import plan

Results = dict[str, Any]
Words = Callable[[str, str], str]
_HORIZON = 20_000


def draw(done: Results, folder: Path) -> None:
    """Write every plot in both languages."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, plot in PLOTS.items():
        for suffix, language in (("", 0), (".ko", 1)):
            svg = plot(done, lambda *words, language=language: words[language])
            (folder / f"{name}{suffix}.svg").write_text(svg)


def false_promotion(_: Results, say: Words) -> str:
    """How often a model that is just not good enough is promoted, by items looked at."""
    shown = np.unique(np.geomspace(100, _HORIZON, 120).astype(int))
    naive = np.cumsum(passage(0.95, wilson_limits(_HORIZON, 0.95)))
    gates = [np.cumsum(passage(0.95, failure_limits(_HORIZON, 0.95, alpha))) for alpha in (0.05, 0.01)]
    named = [
        (say("fixed-n interval, peeked at", "고정 표본 구간을 매번 확인"), naive),
        (say("Tollgate, alpha .05", "Tollgate, alpha .05"), gates[0]),
        (say("Tollgate, alpha .01", "Tollgate, alpha .01"), gates[1]),
    ]
    series = [Series(f"{label}: {found[-1]:.1%}", [(n, found[n]) for n in shown]) for label, found in named]
    return lines(
        say("False promotion when somebody looks after every item", "매 항목마다 확인할 때의 잘못된 승급"),
        _items(say, 100, _HORIZON),
        _percent(
            say("promoted although exactly at 95 %", "정확히 95 %인데도 승급된 비율"), 0.5, (0, 0.1, 0.2, 0.3, 0.4, 0.5)
        ),
        series,
        (0.05, say("promised: 5 %", "약속: 5 %")),
    )


def items_to_promotion(_: Results, say: Words) -> str:
    """By which item models of different quality have passed the gate at 95 %."""
    shown = np.unique(np.geomspace(50, 10_000, 150).astype(int))
    limits = failure_limits(10_000, 0.95, 0.05)
    series = []
    for rate in (0.9875, 0.975, 0.9625):
        done = np.cumsum(passage(rate, limits))
        median = int(np.searchsorted(done, 0.5))
        label = say(f"model at {rate:.2%}: half by {median:,}", f"실제 {rate:.2%}: 절반이 {median:,}개까지")
        series.append(Series(label, [(n, done[n]) for n in shown]))
    return lines(
        say("Items until the 95 % gate opens", "95 % 관문이 열릴 때까지의 항목 수"),
        _items(say, 50, 10_000),
        _percent(say("share of models promoted by then", "그때까지 승급된 비율"), 1.0, (0, 0.25, 0.5, 0.75, 1.0)),
        series,
    )


def band_violations(done: Results, say: Words) -> str:
    """How often a certified band breaks its miss limit, by prevalence."""
    found = {row["claim"]: row["found"] for row in done["P28"]["rows"]}
    prevalences = (0.001, 0.002, 0.005, 0.01)
    series = [
        Series(
            say(f"{held} held-out defects", f"별도 결함 {held}개"),
            [(rate, found[f"prevalence {rate:.1%}, mean 2.0, D {held}: misses above 5 %"]) for rate in prevalences],
        )
        for held in (60, 100, 200)
    ]
    return lines(
        say("Certified bands that pass more than 5 % of the defects", "결함의 5 % 넘게 통과시키는 인증 구간"),
        Axis(
            say("share of defective parts", "불량률"),
            0.001,
            0.01,
            [(rate, f"{rate:.1%}") for rate in prevalences],
            True,
        ),
        _percent(
            say("certificates that break the limit", "한계를 어긴 인증의 비율"), 0.08, (0, 0.02, 0.04, 0.06, 0.08)
        ),
        series,
        (0.05, say("promised: at most 5 %", "약속: 5 % 이하")),
    )


def demotion_delay(_: Results, say: Words) -> str:
    """Days until a line that has become worse is demoted, by audit rate."""
    shares = np.geomspace(0.01, 1.0, 60)
    series = []
    for risk in (0.01, 0.02, 0.04, 0.08):
        audited = arl(risk, 0.005, 0.0200928236, 6.252)
        label = say(f"true risk {risk:.0%} ({audited:,.0f} audits)", f"실제 위험 {risk:.0%} (감사 {audited:,.0f}건)")
        series.append(Series(label, [(share, audited / (5_000 * share)) for share in shares]))
    ticks = [(share, f"{share:.0%}") for share in (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)]
    days = [(day, f"{day:g}") for day in (0.01, 0.1, 1, 10, 100)]
    return lines(
        say(
            "Days until demotion, 5,000 passed a day, tolerated risk .5 %",
            "강등까지의 일수, 하루 5,000개 통과, 허용 위험 .5 %",
        ),
        Axis(say("share audited", "감사 비율"), 0.01, 1.0, ticks, True),
        Axis(say("days", "일"), 0.01, 100, days, True),
        series,
    )


def canary_delay(_: Results, say: Words) -> str:
    """Median canary items until rollback, by how much worse the canary is."""
    factors = np.geomspace(1.5, 5, 12)
    series = []
    for base, share in ((0.005, 0.05), (0.01, 0.05), (0.05, 0.05), (0.01, 0.50)):
        label = say(f"base {base:.1%}, {share:.0%} of traffic", f"기준 {base:.1%}, 트래픽 {share:.0%}")
        series.append(Series(label, [(factor, median_delay(base, share, factor)) for factor in factors]))
    items = [(value, f"{value:,}") for value in (10, 100, 1_000, 10_000)]
    return lines(
        say(
            "Canary items until a worse version is rolled back (median, alpha .01)",
            "나쁜 버전이 되돌려질 때까지의 카나리 항목 수 (중앙값, alpha .01)",
        ),
        Axis(
            say("canary fails so many times as often", "카나리의 실패 배수"),
            1.5,
            5,
            [(f, f"x{f:g}") for f in (1.5, 2, 3, 4, 5)],
            True,
        ),
        Axis(say("canary items", "카나리 항목"), 10, 30_000, items, True),
        series,
    )


def drift_alarms(done: Results, say: Words) -> str:
    """False drift alarms per window by threshold, when shifts differ a little."""
    rows = {row["claim"]: row["found"] for row in done["P20"]["rows"]}
    shown = [
        (say("independent items", "독립 항목 기준"), rows["threshold from independent items"]),
        (say("whole shifts", "교대 단위 기준"), rows["block threshold, false alarms per window"]),
        (say("shifts, 2 of 3", "교대 단위, 3중 2"), rows["the same, 2 of 3 windows"]),
    ]
    return bars(
        say("False drift alarms per window of ordinary production", "정상 생산 중 창마다의 잘못된 드리프트 경보"),
        _percent(say("windows with an alarm", "경보가 난 창"), 1.0, (0, 0.25, 0.5, 0.75, 1.0)),
        [(label, [value]) for label, value in shown],
        [say("simulated: shifts .35 sd apart", "모의실험: 교대 차이 .35 sd")],
        [[f"{value:.1%}"] for _, value in shown],
    )


def plan_days(_: Results, say: Words) -> str:
    """Days to each rung by defect rate, with and without a bank of known defects."""
    ways: tuple[tuple[str, dict[str, Any]], ...] = (
        (say("5 % draw, no bank", "5 % 추첨, 은행 없음"), {}),
        (say("20 % campaign, no bank", "20 % 캠페인, 은행 없음"), {"truth_share": 0.2}),
        (say("bank of 400, 5 % draw", "은행 400개, 5 % 추첨"), {"bank": 400}),
        (say("bank, campaign", "은행, 캠페인"), {"bank": 400, "truth_share": 0.2}),
    )
    rates = (0.001, 0.005, 0.01, 0.02)
    days = [[sum(row.days or 0 for row in plan(5_000, rate, **way)) for _, way in ways] for rate in rates]
    return bars(
        say("Days from shadow to full automation, 5,000 parts a day", "섀도에서 완전 자동화까지의 일수, 하루 5,000개"),
        Axis(
            say("days, all three rungs", "일, 세 단계 합계"),
            10,
            3_000,
            [(d, f"{d:,}") for d in (10, 30, 100, 300, 1_000, 3_000)],
            True,
        ),
        [(say(f"{rate:.1%} defects", f"불량 {rate:.1%}"), found) for rate, found in zip(rates, days, strict=True)],
        [name for name, _ in ways],
        [[f"{day:,}" for day in found] for found in days],
    )


def _items(say: Words, low: float, high: float) -> Axis:
    ticks = [
        (value, f"{value:,}")
        for value in (50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000)
        if low <= value <= high
    ]
    return Axis(say("items", "항목"), low, high, ticks, True)


def _percent(label: str, high: float, ticks: tuple[float, ...]) -> Axis:
    return Axis(label, 0.0, high, [(value, f"{value:.0%}") for value in ticks])


PLOTS = {
    "false-promotion": false_promotion,
    "items-to-promotion": items_to_promotion,
    "band-violations": band_violations,
    "demotion-delay": demotion_delay,
    "canary-delay": canary_delay,
    "drift-false-alarms": drift_alarms,
    "days-per-rung": plan_days,
}
