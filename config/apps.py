from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig as StockAdminConfig


class TollgateConfig(AppConfig):
    name = "config"
    label = "tollgate"


class AdminConfig(StockAdminConfig):
    default_site = "config.admin.TollgateAdminSite"
