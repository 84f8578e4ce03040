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
        differing = []
        for stream, recounted in counts.recompute(epoch).items():
            kept = counts.sums(epoch, stream)
            same = kept == recounted
            word = "equal" if same else f"DIFFERENT, recounted {_in_words(recounted)}"
            self.stdout.write(f"epoch {epoch.pk} {stream.value}: {_in_words(kept)} - {word}")
            if not same:
                differing.append(f"epoch {epoch.pk} {Stream(stream).value}")
        return differing


def _in_words(sums: counts.Sums) -> str:
    return f"{sums.s} of {sums.s + sums.f} parts, {sums.days} days, {sums.shifts} shifts, {sums.people} people"
