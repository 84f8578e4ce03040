from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig as StockAdminConfig

from config import checks


class TollgateConfig(AppConfig):
    name = "config"
    label = "tollgate"
    # Importing the module registers its checks; naming it here keeps the import honest.
    checks = checks


class AdminConfig(StockAdminConfig):
    default_site = "config.admin.TollgateAdminSite"
