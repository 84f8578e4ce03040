from django.urls import path

from monitoring import drift_views, views

urlpatterns = [
    path("lines/<slug:slug>/drift/", drift_views.drift_page, name="drift"),
    path("lines/<slug:slug>/drift/reference/", drift_views.new_reference, name="drift-reference"),
    path("api/v1/lines/<slug:slug>/drift/", drift_views.drift_api, name="api-drift"),
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
]
