"""Routes: each room brings its own; the storefront stands under a language (``/en/``, ``/zh/``)."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

from config.languages import language_patterns

# Here, not when Django is set up: stream, worker, trainer, beat and mail sink show no page (config/apps.py).
admin.autodiscover()

urlpatterns = [
    path("admin/", admin.site.urls),
    path("i18n/", include("django.conf.urls.i18n")),
    path("", include("shop.urls")),
    path("", include("recommender.urls")),
    path("", include("push.urls")),
    *language_patterns(
        path("", include("push.page_urls")),
        path("", include("shop.storefront.urls")),
    ),
]

handler403 = "shop.storefront.errors.forbidden"
handler404 = "shop.storefront.errors.not_found"
handler500 = "shop.storefront.errors.server_error"
