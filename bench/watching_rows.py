"""A line with images of its own and a month of windows, for `bench.watching`. Needs a set-up Django."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import numpy as np
from django.conf import settings
from django.db import connection
from django.test import Client, override_settings
from django.utils.timezone import now as clock

from bench.watching import RATE_PER_S
from inspection import intake
from inspection.models import Item, Line, Measures, Part, Prediction, Routing, Run, StageRun, User
from inspection.rules.words import Call, Level, Outcome, PredictionRole, Role, Stage
from monitoring import drift, gathering, rollups, watching
from monitoring.metric_models import MINUTE, MetricWindow
from monitoring.models import Alarm
from monitoring.rules.metrics import METRICS, Fold
from monitoring.rules.summaries import Summary, packed
from monitoring.simulation import founding
from monitoring.simulation.eyes import ScoreModel
from monitoring.simulation.factory import Factory
from monitoring.simulation.scenarios import Scenario
from monitoring.simulation.scratch import scratch, seeded_ids
from monitoring.simulation.world import Clock, World

AT_ONCE = 2_000
REFERENCE = 2_000
# A round of the relay sums up every ten seconds and looks for drift every two.
LOOKS, BETWEEN_LOOKS = 5, 2 * RATE_PER_S
# Means and spreads of what an image measures; which they are does not matter to what they cost.
MEASURES = {"brightness": (130, 8), "p99_luminance": (200, 4), "contrast": (40, 3), "sharpness": (90, 9)}


class Short(Scenario):
    """A line before its first part."""

    def factory(self) -> Factory:
        return Factory(bank=20, history=0)


class WatchedLine:
    """One line whose images are examined, summed up and held against a reference, and whose pages are read."""

    def __init__(self, line: Line, lead: User) -> None:
        self.line, self._rng, self._made = line, np.random.default_rng(3), 0
        self._client = Client(headers={"host": "localhost"})
        self._client.force_login(lead)

    def cost(self, images: int) -> dict[str, float]:
        """Return what an image costs in the relay's rounds: processor, that of drift apart, and bytes of the rows."""
        at = clock() - timedelta(hours=1)
        self._bring_in(REFERENCE, at)
        while gathering.follow(now=at + timedelta(minutes=1)):
            continue
        drift.check(self.line, now=at + timedelta(minutes=1))
        drifting, rest, before, grown = 0.0, 0.0, 0, 0
        rounds = -(-images // (LOOKS * BETWEEN_LOOKS))
        for n in range(rounds):
            at = clock() - timedelta(minutes=50) + timedelta(seconds=10 * n)
            for _ in range(LOOKS):
                self._bring_in(BETWEEN_LOOKS, at)
                before = _bytes()
                drifting += _processor(lambda at=at: drift.check(self.line, now=at))
                grown += _bytes() - before
            before = _bytes()
            rest += _processor(lambda at=at: watching.go(now=at + timedelta(seconds=10), prunes=False))
            grown += _bytes() - before
        looked_at = rounds * LOOKS * BETWEEN_LOOKS
        return {
            "processor, ms an image": round(1000 * (drifting + rest) / looked_at, 3),
            "of these for drift": round(1000 * drifting / looked_at, 3),
            "database, bytes an image": round(grown / looked_at, 1),
        }

    def fill(self, *, days: int) -> int:
        """Write the windows of every metric over so many days, each tier as long as it is kept."""
        until = rollups.start(clock(), MINUTE)
        for tier, length in rollups.LENGTH.items():
            count = int(min(rollups.KEPT[tier], timedelta(days=days)) / length)
            for metric in METRICS:
                summary = self._summary(metric.fold, int(length.total_seconds() * RATE_PER_S))
                of_line = self.line.pk if metric.of_line else None
                # The same values in every window: squeezing them anew each time would only cost time.
                kept = packed(summary.sketch)
                MetricWindow.objects.bulk_create(
                    (_window(of_line, metric.name, tier, until - n * length, summary, kept) for n in range(1, count)),
                    batch_size=AT_ONCE,
                    ignore_conflicts=True,
                )
        return MetricWindow.objects.count()

    def pages(self) -> dict[str, str]:
        slug = self.line.slug
        return {
            "cockpit": f"/lines/{slug}/monitor/",
            "metrics": f"/lines/{slug}/metrics/",
            "one metric, 30 days": f"/lines/{slug}/metrics/brightness/?span=month",
            "drift": f"/lines/{slug}/drift/",
            "all lines": "/fleet/",
        }

    def pages_of_alarms(self) -> dict[str, str]:
        first = Alarm.objects.filter(is_on=True).order_by("pk").values_list("pk", flat=True).first()
        return {"alarms": "/alarms/", "one alarm": f"/alarms/{first}/", **self.pages()}

    def read(self, address: str) -> None:
        answer = self._client.get(address)
        if answer.status_code != 200:
            raise RuntimeError(f"{address} answered {answer.status_code}.")

    def _summary(self, fold: Fold, values: int) -> Summary:
        summary = Summary()
        for value in self._rng.normal(100, 10, min(values, 400)):
            summary.add(float(value), spread=fold == Fold.SPREAD)
        summary.n = values
        return summary

    def _bring_in(self, count: int, at: datetime) -> None:
        """Write images as the prediction service leaves them."""
        salt = self.line.salts.latest("created_at")
        parts = [Part(line=self.line, serial=f"W-{self._made + n}") for n in range(count)]
        self._made += count
        runs = []
        for part in parts:
            run = intake.new_run(self.line, n=1, salt=salt, now=at)
            run.part, run.is_open, run.is_settled = part, False, True
            runs.append(run)
        items = [_item(self.line, run, at) for run in runs]
        Part.objects.bulk_create(parts)
        Run.objects.bulk_create(runs)
        Item.objects.bulk_create(items)
        Measures.objects.bulk_create(self._measures(item) for item in items)
        Prediction.objects.bulk_create(self._prediction(item, at) for item in items)
        Routing.objects.bulk_create(self._routing(item, at) for item in items)
        StageRun.objects.bulk_create(
            StageRun(item=item, stage=stage.value, attempt=1, outcome=Outcome.OK.value, ms=9.0, finished_at=at)
            for item in items
            for stage in Stage
        )

    def _measures(self, item: Item) -> Measures:
        seen = {name: float(self._rng.normal(mean, sd)) for name, (mean, sd) in MEASURES.items()}
        return Measures(item=item, **seen, saturation=0.2, entropy=6.0, width=640, height=480, size_bytes=90_000,
                        blank=False, fingerprint="0" * 16)  # fmt: skip

    def _prediction(self, item: Item, at: datetime) -> Prediction:
        p = float(self._rng.beta(1, 20))
        return Prediction(item=item, model_version=self.line.epoch.model_version, role=PredictionRole.SERVING.value,
                          decoder_id="d", preprocessing_id="p", raw_score=p, probability=p, call=Call.PASS.value,
                          uncertainty=0.1, ms=9.0, created_at=at)  # fmt: skip

    def _routing(self, item: Item, at: datetime) -> Routing:
        return Routing(item=item, route="human", reason="level", level=self.line.level, epoch=self.line.epoch,
                       model_version=self.line.epoch.model_version, call=Call.PASS.value, routed_at=at)  # fmt: skip


@contextmanager
def laid_line() -> Iterator[WatchedLine]:
    """Lend a line that decides by itself, in a scratch database of its own."""
    clock_of_world = Clock()
    with scratch(seed=1, keeps_pictures=False), _styled(), seeded_ids(1, clock) as ids:
        world = World(Short(from_level=Level.ASSIST), seed=1, clock=clock_of_world, ids=ids, eyes=ScoreModel(seed=1))
        founding.serve(world)
        Line.objects.update(level=Level.PARTIAL.value)
        line = Line.objects.select_related("epoch__model_version").get()
        yield WatchedLine(line, User.objects.filter(memberships__role=Role.QA_LEAD.value).first())


def _styled() -> override_settings:
    """Let pages find their styles and scripts: a scratch world has no pages."""
    static = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    return override_settings(STORAGES=settings.STORAGES | {"staticfiles": static})


def _item(line: Line, run: Run, at: datetime) -> Item:
    return Item(run=run, line=line, view="front", captured_at=at, received_at=at, sha256="0" * 64, size_bytes=90_000,
                width=640, height=480, content_type="image/jpeg")  # fmt: skip


def _window(
    line: int | None, metric: str, tier: str, began: datetime, summary: Summary, sketch: bytes | None
) -> MetricWindow:
    return MetricWindow(
        line_id=line, metric=metric, tier=tier, began_at=rollups.start(began, tier), n=summary.n, total=summary.total,
        low=summary.low, high=summary.high, last=summary.last, sketch=sketch, is_rolled=True,
    )  # fmt: skip


def _processor(deed: Callable[[], object]) -> float:
    """Return the seconds of processor that a deed takes: other work on the machine is not its own."""
    started = time.process_time()
    deed()
    return time.process_time() - started


def _bytes() -> int:
    with connection.cursor() as cursor:
        return cursor.execute("PRAGMA page_count").fetchone()[0] * cursor.execute("PRAGMA page_size").fetchone()[0]
