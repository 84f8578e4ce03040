"""Every address of the product."""

from django.contrib import admin
from django.urls import include, path

from config.accounts import choose
from config.components import components

urlpatterns = [
    path("", include("review.urls")),
    path("choose/", choose, name="choose"),
    path("components/", components, name="components"),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
]
