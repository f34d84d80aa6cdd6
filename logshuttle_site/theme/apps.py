from django.contrib.admin.apps import SimpleAdminConfig


class OperatorSiteConfig(SimpleAdminConfig):
    default_site = "logshuttle_site.theme.site.OperatorSite"
