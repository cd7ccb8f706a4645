"""The operator's admin site: unfold's frame, Pushcart's dashboard and pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path
from unfold.sites import UnfoldAdminSite

from config.version import VERSION

# unfold's Alpine evaluates expressions and its theme is an inline style; both are allowed here and nowhere else.
ADMIN_POLICY = {"script-src": ["'unsafe-eval'"], "style-src": ["'unsafe-inline'"]}


class PushcartAdminSite(UnfoldAdminSite):
    """unfold's site with the dashboard as its index, and pages that are not lists."""

    site_title = "Pushcart"
    site_header = "Pushcart"

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """What every page of the admin knows: the version, shown at its foot, too."""
        return {**super().each_context(request), "version": VERSION}

    def admin_view(
        self, view: Callable[..., HttpResponseBase], cacheable: bool = False
    ) -> Callable[..., HttpResponseBase]:
        """Widen the content policy for what the admin's frame needs."""
        inner = super().admin_view(view, cacheable)

        def with_policy(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            response: HttpResponseBase = inner(request, *args, **kwargs)
            response._csp_update = ADMIN_POLICY  # type: ignore[attr-defined]
            return response

        return with_policy

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """The login page, with the same policy."""
        response = super().login(request, extra_context)
        response._csp_update = ADMIN_POLICY
        return response

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """The dashboard."""
        from config.dashboard.views import dashboard

        page: TemplateResponse = dashboard(request)
        return page

    def get_urls(self) -> list[URLPattern | URLResolver]:
        """Own pages before the lists."""
        from config.dashboard.urls import pages

        own = [path(route, self.admin_view(view), name=name) for route, view, name in pages()]
        return [*own, *super().get_urls()]
