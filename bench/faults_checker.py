"""`python -m bench.faults_checker HISTORY`: what the clients were told against the rows of the configured database.

Prints a JSON list with a sentence for every broken invariant, by its number.
"""

import hashlib
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import django

django.setup()

from django.core.files.storage import default_storage  # noqa: E402
from django.core.management import CommandError, call_command  # noqa: E402
from django.db.models import Count, Exists, OuterRef  # noqa: E402

from bench.faults_history import OK, Call, read  # noqa: E402
from inspection import images  # noqa: E402
from inspection.models import (  # noqa: E402
    Disposition,
    Hold,
    IngestKey,
    Item,
    LevelChange,
    Line,
    Outbox,
    Prediction,
    Routing,
    Run,
    ViewVerdict,
)
from inspection.rules import draws  # noqa: E402
from inspection.rules.words import Purpose, Route  # noqa: E402
from review.models import Decision, DecisionFate, ReviewTask  # noqa: E402

AUTOMATIC = [Route.AUTO_PASS.value, Route.AUTO_REJECT.value]


def main(path: Path) -> None:
    calls = read(path)
    found = [sentence for check in CHECKS for sentence in check(calls)]
    with Path("/dev/null").open("w") as nowhere:
        found += [sentence for line in Line.objects.all() for sentence in counts_add_up(line, nowhere)]
    json.dump(found, sys.stdout)


def acknowledged_images_exist(calls: Sequence[Call]) -> Iterator[str]:
    items = {str(pk): sha256 for pk, sha256 in Item.objects.values_list("pk", "sha256")}
    for call in _done(calls, "post"):
        item = call.answer["id"]
        if items.get(item) != call.said["sha256"]:
            yield f"I1: item {item} was acknowledged as {call.said['sha256']} and is {items.get(item)}."
    for sha256 in set(items.values()):
        if not _is_whole(sha256):
            yield f"I1: the file of {sha256} is missing or damaged."


def keys_count_once(calls: Sequence[Call]) -> Iterator[str]:
    twice = IngestKey.objects.values("station", "key").annotate(n=Count("pk")).filter(n__gt=1)
    for row in twice:
        yield f"I2: key {row['key']} has {row['n']} rows."
    for serial, n in Counter(Item.objects.values_list("run__part__serial", flat=True)).items():
        if n > 1:
            yield f"I2: serial {serial} was sent under one key and has {n} items."
    answers = defaultdict(set)
    for call in _done(calls, "post"):
        answers[call.subject].add(call.answer["id"])
    for key, told in answers.items():
        if len(told) > 1:
            yield f"I2: key {key} was answered with the items {sorted(told)}."
    for run in Run.objects.filter(disposition=None):
        yield f"I2: run {run.pk} has no disposition row."


def decisions_are_kept_once(calls: Sequence[Call]) -> Iterator[str]:
    final = DecisionFate.objects.filter(fate=DecisionFate.FINAL)
    twice = final.values("decision__task", "decision__person", "decision__phase").annotate(n=Count("pk"))
    for row in twice.filter(n__gt=1):
        yield f"I3: {row['n']} final decisions of one person on task {row['decision__task']}."
    labels = {str(pk): label for pk, label in Decision.objects.values_list("pk", "label")}
    for call in _done(calls, "decide"):
        said, kept = call.said["label"], labels.get(call.subject)
        if kept != said:
            yield f"I3: decision {call.subject} was acknowledged as {said} and is {kept}."


def stale_tokens_decide_nothing(calls: Sequence[Call]) -> Iterator[str]:
    kept = {str(pk) for pk in Decision.objects.values_list("pk", flat=True)}
    for call in calls:
        if call.deed == "decide-stale" and (call.outcome == OK or call.subject in kept):
            yield f"I4: decision {call.subject} was accepted under a token that was never given."


def routing_follows_the_level(calls: Sequence[Call]) -> Iterator[str]:
    for routing in Routing.objects.select_related("item__line"):
        level = _level_at(routing.item.line, routing.routed_at)
        if routing.level != level:
            yield f"I7: item {routing.item_id} was routed at {routing.level} while the line stood at {level}."
    for run in Run.objects.select_related("salt"):
        again = asdict(draws.draw(str(run.pk), run.salt.secret, run.shares))
        kept = {
            name: getattr(run, "canary_position" if name == "canary_position" else f"drawn_{name}") for name in again
        }
        if again != kept:
            yield f"I7: the draws of run {run.pk} cannot be recomputed."


def stop_rules_from_the_next_item_on(calls: Sequence[Call]) -> Iterator[str]:
    for call in _done(calls, "stop"):
        # From the answer on, not from the press: who routed while STOP waited for its turn could not know of it.
        told_at = datetime.fromtimestamp(call.ended, UTC)
        if not Hold.objects.in_force().filter(line__slug=call.subject).exists():
            yield f"I8: STOP of {call.subject} was acknowledged and is not in force."
        late = Routing.objects.filter(item__line__slug=call.subject, routed_at__gt=told_at, route__in=AUTOMATIC)
        for routing in late:
            yield f"I8: item {routing.item_id} was decided automatically after STOP."


def nothing_passes_without_a_prediction(calls: Sequence[Call]) -> Iterator[str]:
    spoke = Prediction.objects.filter(item=OuterRef("item"), model_version=OuterRef("model_version"))
    for routing in Routing.objects.filter(route__in=AUTOMATIC).exclude(Exists(spoke)):
        yield f"I11: item {routing.item_id} was decided automatically without a prediction."
    for one in Disposition.objects.filter(decided_by="failsafe", verdict="pass"):
        yield f"I11: the fail-safe passed run {one.run_id}."


def stages_conserve_items(calls: Sequence[Call]) -> Iterator[str]:
    tasks = ReviewTask.objects.filter(item=OuterRef("pk"), purpose=Purpose.PRIMARY.value)
    verdicts = ViewVerdict.objects.filter(item=OuterRef("pk"))
    found = Item.objects.annotate(has_task=Exists(tasks), has_verdict=Exists(verdicts)).select_related("routing")
    orders = dict(Outbox.objects.filter(topic="item.received").values_list("key", "done_at"))
    for item in found:
        routing = getattr(item, "routing", None)
        if str(item.pk) not in orders:
            yield f"I12: item {item.pk} has no work order."
        elif routing is None:
            yield f"I12: item {item.pk} is still on its way."
        elif routing.route == Route.HUMAN and not item.has_task:
            yield f"I12: item {item.pk} was given to people and has no task."
        elif routing.route != Route.HUMAN and not item.has_verdict:
            yield f"I12: item {item.pk} was routed {routing.route} and has no verdict."


def sequences_have_no_gap(calls: Sequence[Call]) -> Iterator[str]:
    for line in Line.objects.all():
        numbered = Disposition.objects.filter(line=line, sequence__isnull=False)
        given = sorted(numbered.values_list("sequence", flat=True))
        if given != list(range(1, len(given) + 1)):
            yield f"I16: the sequence of {line} has gaps or repeats."
    by_client = defaultdict(list)
    for call in _done(calls, "verdicts"):
        by_client[call.client] += [row["cursor"] for row in call.answer["results"]]
    for client, read_cursors in by_client.items():
        seen = Disposition.objects.filter(run__items__station__keys__key_id=client, sequence__isnull=False)
        owed = set(seen.filter(sequence__lte=max(read_cursors, default=0)).values_list("sequence", flat=True))
        if sorted(read_cursors) != read_cursors or set(read_cursors) != owed:
            yield f"I16: station {client} was not told every verdict once and in order."


def counts_add_up(line: Line, nowhere) -> Iterator[str]:
    try:
        call_command("recount", line.slug, stdout=nowhere)
    except CommandError as difference:
        yield f"I14: {difference}"


CHECKS = (
    acknowledged_images_exist,
    keys_count_once,
    decisions_are_kept_once,
    stale_tokens_decide_nothing,
    routing_follows_the_level,
    stop_rules_from_the_next_item_on,
    nothing_passes_without_a_prediction,
    stages_conserve_items,
    sequences_have_no_gap,
)


def _done(calls: Sequence[Call], deed: str) -> list[Call]:
    return [call for call in calls if call.deed == deed and call.outcome == OK]


def _is_whole(sha256: str) -> bool:
    name = images.original_name(sha256)
    if not default_storage.exists(name):
        return False
    with default_storage.open(name) as kept:
        return hashlib.sha256(kept.read()).hexdigest() == sha256


def _level_at(line: Line, moment) -> str:
    later = LevelChange.objects.filter(line=line, changed_at__gt=moment).order_by("changed_at", "pk").first()
    return later.from_level if later else line.level


if __name__ == "__main__":
    main(Path(sys.argv[1]))
