"""The Django admin for administrators, and for QA leads the pages of their lines."""

from django.contrib.admin import AdminSite
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from inspection.permissions import may_enter_admin


class TollgateAdminSite(AdminSite):
    site_header = _("Tollgate administration")
    site_title = _("Tollgate")
    index_title = _("Lines, stations and people")

    def has_permission(self, request: HttpRequest) -> bool:
        return may_enter_admin(request.user)
