"""Receipts over HTTP: what decided an item, and the document that is checked without this server."""

from uuid import UUID

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view
from rest_framework.response import Response

from inspection.models import Epoch, Item, ModelVersion, Receipt
from inspection.permissions import lines_for
from inspection.rules.words import Role
from review import receipts
from review.api.shapes import LineageShape
from review.origin_words import registration


@extend_schema(operation_id="lineage", responses=LineageShape)
@api_view(["GET", "HEAD"])
def lineage(request: HttpRequest, pk: UUID) -> Response:
    """What decided one image's run: level, models, bands, rule, people and draws, who registered each model that
    looked, and the receipt once it is sealed.

    The call threshold is that of the epoch in which the image was routed, or came in; null where it was not kept.
    """
    lines = lines_for(request.user, Role.QA_LEAD, Role.ADMINISTRATOR)
    item = get_object_or_404(Item.objects.real().select_related("line"), pk=pk, line__in=lines)
    facts = receipts.facts_of_run(item.run_id)
    seen = next(view for view in facts["views"] if view["item"] == str(item.pk))
    epoch = seen["routing"]["epoch"] if seen["routing"] else facts["epoch"]["id"]
    sealed = receipts.of_run(item.run_id)
    versions = ModelVersion.objects.filter(predictions__item=item).select_related("registered_by")
    said = {
        "item": str(item.pk),
        "line": item.line.slug,
        "call_threshold": Epoch.objects.get(pk=epoch).call_threshold,
        "thresholds": (seen["routing"] or {}).get("bands"),
        "view": seen,
        "registered": {str(one): registration(one) for one in versions},
        "receipt": receipts.document_of(sealed) if sealed else None,
    }
    return Response(facts | said)


@extend_schema(operation_id="receipt", responses={200: dict})
@api_view(["GET", "HEAD"])
def receipt(request: HttpRequest, slug: str, n: int) -> Response:
    """One receipt as a document: its contents, its hash, and the hashes that lead from it to the head of its line."""
    lines = lines_for(request.user, Role.QA_LEAD, Role.ADMINISTRATOR)
    found = get_object_or_404(Receipt.objects.select_related("line"), line__in=lines.filter(slug=slug), n=n)
    response = Response(receipts.document_of(found))
    response["Content-Disposition"] = f'attachment; filename="receipt-{slug}-{n}.json"'
    return response
