"""Addresses of the device API, its description, and the pages of its problems."""

from django.urls import path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from inspection.api import batches, devices, pages
from inspection.api.authentication import PersonSession

urlpatterns = [
    path("api/v1/items/", devices.items, name="api-items"),
    path("api/v1/items/<uuid:pk>/", devices.item, name="api-item"),
    path("api/v1/items/<uuid:pk>/disposition/", devices.item_disposition, name="api-item-disposition"),
    path("api/v1/parts/<path:serial>/", devices.part, name="api-part"),
    path("api/v1/dispositions/", devices.disposition_list, name="api-dispositions"),
    path("api/v1/batches/", batches.batch_list, name="api-batches"),
    path("api/v1/batches/<uuid:pk>/", batches.batch, name="api-batch"),
    path("api/v1/stations/me/heartbeat/", devices.heartbeat, name="api-heartbeat"),
    path(
        "api/v1/stations/me/models/<str:sha256>/",
        devices.station_model,
        name="api-station-model",
    ),
    path("api/v1/schema/", SpectacularAPIView.as_view(), name="api-schema"),
    path(
        "api/docs/",
        # Public, but it greets who is signed in.
        SpectacularSwaggerSplitView.as_view(
            url_name="api-schema", template_name="api/docs.html", authentication_classes=[PersonSession]
        ),
        name="api-docs",
    ),
    path("problems/", pages.problem_index, name="problems"),
    path("problems/<slug:code>/", pages.problem, name="problem"),
]
