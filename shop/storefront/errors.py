"""Pages for what is not there and for what went wrong, with a way on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.template import loader
from django.utils.translation import get_language

from shop.storefront.rows import Shown


def request_id(request: HttpRequest) -> str:
    """The id under which the logs know this request."""
    import structlog

    return str(structlog.contextvars.get_contextvars().get("request_id", ""))


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404: search, what is popular, the request's id."""
    context = {"shown": Shown(request), "request_id": request_id(request)}
    return render(request, "shop/404.html", context, status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    """500: says what is safe and what to do; uses no database, which may be what failed."""
    lang = "zh-Hans" if (get_language() or "").startswith("zh") else "en"
    context = {"request_id": request_id(request), "shop_name": settings.SHOP_NAME, "lang": lang}
    body = loader.get_template("shop/500.html").render(context)
    return HttpResponse(body, status=500)


class FriendlyNotFound:
    """With DEBUG Django answers a 404 with a page for developers; shoppers of the demo get the shop's."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass on."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Answer a 404 raised by a page."""
        storefront: Any = request.path_info.startswith(("/en/", "/zh/"))
        return not_found(request) if storefront and isinstance(exception, Http404) else None
