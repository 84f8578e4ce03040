"""Check the chain of receipts of every line, and the rows behind it."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.timezone import now

from inspection.models import Line, ReceiptHead
from review import chain_checks, receipts


class Command(BaseCommand):
    help = "Check receipts, heads and draws of every line; exit 1 and name the first bad row of each that is broken."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--line", help="check this line only")
        parser.add_argument("--heads", type=Path, default=settings.RECEIPT_HEADS, help="file of exported heads")

    def handle(self, *, line: str | None, heads: Path, **_options: Any) -> None:
        lines = Line.objects.order_by("slug").filter(**{"slug": line} if line else {})
        if not lines:
            raise CommandError(f"There is no line {line!r}.")
        anchors = receipts.anchors_in(heads)
        broken = [sentence for one in lines if (sentence := self._check(one, anchors))]
        if broken:
            raise CommandError(" ".join(broken))

    def _check(self, line: Line, anchors: list[receipts.Anchor]) -> str:
        """Print how a line's chain stands and keep it for the audit log; return a sentence where it is broken."""
        check = chain_checks.walk(line, anchors=anchors, now=now())
        if check.fault:
            return f"{line.slug}: receipt {check.bad_receipt} {check.fault}."
        head = ReceiptHead.objects.filter(line=line).first() or ReceiptHead(line=line)
        self.stdout.write(f"{line.slug}: {head.n} receipts, intact. Head {head.hash}")
        return ""
