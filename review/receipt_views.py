"""Pages of receipts: found by serial, shown with what decided the part, checked on the spot."""

import json
from datetime import datetime

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_GET

from inspection.models import Receipt
from inspection.permissions import lines_for
from inspection.rules.words import ReceiptKind, Role
from review import codes, receipts

LISTED = 50


@login_required
@require_GET
def receipt_list(request: HttpRequest, slug: str) -> HttpResponse:
    """The newest receipts of a line, or those of one part: a scanned serial ends here."""
    line = get_object_or_404(lines_for(request.user, Role.QA_LEAD, Role.ADMINISTRATOR), slug=slug)
    serial = request.GET.get("serial", "").strip()[:100]
    found = Receipt.objects.filter(line=line).select_related("run__part").order_by("-n")
    if serial:
        found = found.filter(run__part__serial=serial)
    context = {"line": line, "serial": serial, "receipts": found[:LISTED]}
    return render(request, "review/receipts.html", context)


@login_required
@require_GET
def receipt_page(request: HttpRequest, slug: str, n: int) -> HttpResponse:
    """One receipt: what it says, whether it still holds, and its code for paper."""
    receipt = _receipt(request, slug, n)
    body = json.loads(receipt.body)
    printed = request.GET.get("hash", "")
    context = {
        "line": receipt.line,
        "receipt": receipt,
        "facts": body["facts"],
        "is_run": receipt.kind == ReceiptKind.RUN,
        "plain": json.dumps(body["facts"], indent=2, ensure_ascii=False),
        "fault": receipts.fault_of(receipt),
        "printed_differs": bool(printed) and printed != receipt.hash,
        "settled_at": _moment(body["facts"].get("settled_at")),
        "people": receipts.named(body["facts"].get("people", [])),
        "class_names": receipt.line.class_names(),
    }
    return render(request, "review/receipt.html", context)


@login_required
@require_GET
def receipt_code(request: HttpRequest, slug: str, n: int) -> HttpResponse:
    """The receipt's address with its hash, as a code to be printed and scanned."""
    receipt = _receipt(request, slug, n)
    address = f"{settings.PUBLIC_URL}{reverse('receipt', args=[slug, n])}?hash={receipt.hash}"
    return HttpResponse(codes.drawn(address), content_type="image/svg+xml")


def _receipt(request: HttpRequest, slug: str, n: int) -> Receipt:
    lines = lines_for(request.user, Role.QA_LEAD, Role.ADMINISTRATOR).filter(slug=slug)
    return get_object_or_404(Receipt.objects.select_related("line", "run__part"), line__in=lines, n=n)


def _moment(kept: str | None) -> datetime | None:
    """Return a moment as receipts write it, for the line's own time."""
    return datetime.fromisoformat(kept) if kept else None
