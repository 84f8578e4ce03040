"""Every address of the product."""

from django.contrib import admin
from django.templatetags.static import static
from django.urls import include, path
from django.utils.functional import lazy
from django.views.generic import RedirectView

from config.accounts import choose, stay
from config.components import components
from config.first_steps import set_up

urlpatterns = [
    path("", include("inspection.api.urls")),
    path("", include("review.urls")),
    path("", include("monitoring.urls")),
    path("api/v1/", include("review.api.urls")),
    path("set-up/<str:token>/", set_up, name="set-up"),
    path("choose/", choose, name="choose"),
    path("stay/", stay, name="stay"),
    path("components/", components, name="components"),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    # Browsers ask here where no page names an icon: for a picture, a CSV, a PDF.
    path("favicon.ico", RedirectView.as_view(url=lazy(static, str)("favicon.svg"))),
]

handler400 = "inspection.api.problems.bad_request"
handler403 = "inspection.api.problems.permission_denied"
handler404 = "inspection.api.problems.page_not_found"
handler429 = "config.lockout.too_many"
handler500 = "inspection.api.problems.server_error"
