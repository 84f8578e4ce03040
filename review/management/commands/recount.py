"""Prove that the counts of a line are what its calls, predictions and rulings add up to."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from inspection.models import Line
from inspection.rules.words import Stream
from review import counts


class Command(BaseCommand):
    help = "Recount every epoch of a line from its history; exit 1 where a stream differs from what the gates read."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("line", metavar="LINE")

    def handle(self, *, line: str, **_options: Any) -> None:
        found = Line.objects.filter(slug=line).first()
        if found is None:
            raise CommandError(f"There is no line {line!r}.")
        differing = [place for epoch in found.epochs.order_by("pk") for place in self._recount(epoch)]
        if differing:
            raise CommandError(f"Different: {', '.join(differing)}.")

    def _recount(self, epoch) -> list[str]:
        """Print each stream of an epoch; return the ones that differ."""
        kept, recounted = counts.ledger(epoch), counts.recompute(epoch)
        differing = []
        for stream in Stream:
            same = kept.places_of(stream) == recounted.places_of(stream)
            word = "equal" if same else f"DIFFERENT, recounted {_in_words(recounted, stream)}"
            self.stdout.write(f"epoch {epoch.pk} {stream.value}: {_in_words(kept, stream)} - {word}")
            if not same:
                differing.append(f"epoch {epoch.pk} {stream.value}")
        kept_chart, recharted = counts.chart(epoch), counts.rechart(epoch)
        same = kept_chart == recharted
        word = "equal" if same else f"DIFFERENT, recounted {recharted}"
        self.stdout.write(f"epoch {epoch.pk} chart: {kept_chart} - {word}")
        return differing if same else [*differing, f"epoch {epoch.pk} chart"]


def _in_words(ledger: counts.Ledger, stream: Stream) -> str:
    tallies = ledger.places_of(stream).values()
    found, missed = sum(tally.s for tally in tallies), sum(tally.f for tally in tallies)
    return f"{found} of {found + missed} parts in {len(tallies)} places"
