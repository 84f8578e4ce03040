"""Pages of review."""

from django.urls import path

from review import views

urlpatterns = [
    path("", views.queue_choice, name="queue-choice"),
    path("lines/<slug:slug>/review/", views.review, name="review"),
    path("lines/<slug:slug>/adjudications/", views.adjudications, name="adjudications"),
    path("lines/<slug:slug>/adjudications/<uuid:pk>/", views.adjudication, name="adjudication"),
]
