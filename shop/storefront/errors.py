"""Pages for what is not there and for what went wrong, with a way on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.template import loader
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from shop.storefront.rows import Shown


def request_id(request: HttpRequest) -> str:
    """The id under which the logs know this request."""
    import structlog

    return str(structlog.contextvars.get_contextvars().get("request_id", ""))


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404: search, what is popular, the request's id."""
    context = {"shown": Shown(request), "request_id": request_id(request)}
    return render(request, "shop/404.html", context, status=404)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403: a page that is not for this person."""
    return _refused(
        request, _("This is not for your account"), _("Ask somebody with the right for it, or log in as somebody else.")
    )


def form_is_stale(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403: a form without its token, such as one that was open while its sender logged in elsewhere."""
    words = _("Nothing was changed. Load the page again and send it once more; cookies must be allowed for it.")
    return _refused(request, _("This form is too old"), words)


def _refused(request: HttpRequest, heading: str, words: str) -> HttpResponse:
    back = url_has_allowed_host_and_scheme(request.META.get("HTTP_REFERER", ""), {request.get_host()})
    context = {
        "heading": heading,
        "words": words,
        "way_on": request.META["HTTP_REFERER"] if back else "/",
        "way_on_words": _("Load the page again") if back else _("To the home page"),
        "request_id": request_id(request),
    }
    return render(request, "shop/403.html", context, status=403)


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
