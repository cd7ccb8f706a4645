"""Pages for what is not there and for what went wrong, with a way on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
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


def only_by_a_button(request: HttpRequest, refused: HttpResponse) -> HttpResponse:
    """405: an address that takes a form, opened as if it were a page; ``refused`` says by what methods it may be."""
    words = _("This address only does what a button of the shop asks for. Nothing was changed.")
    page = _refused(request, _("There is no page here"), words, status=405)
    page["Allow"] = refused["Allow"]
    return page


def too_many_logins(request: HttpRequest, refused: HttpResponse | None, credentials: Any = None) -> HttpResponse:
    """429: the login rests after too many wrong passwords (django-axes asks for this page)."""
    rest: timedelta = settings.AXES_COOLOFF_TIME
    minutes = int(rest.total_seconds() // 60)
    words = _(
        "Somebody typed a wrong password too often, so this login rests for %(minutes)s minutes. Nothing was changed; "
        "a new password by e-mail can be had meanwhile, and serves after the rest."
    )
    page = _refused(request, _("Too many wrong passwords"), words % {"minutes": minutes}, status=429)
    page["Retry-After"] = str(int(rest.total_seconds()))
    return page


def _refused(request: HttpRequest, heading: str, words: str, status: int = 403) -> HttpResponse:
    back = status == 403 and url_has_allowed_host_and_scheme(request.META.get("HTTP_REFERER", ""), {request.get_host()})
    context = {
        "heading": heading,
        "words": words,
        "way_on": request.META["HTTP_REFERER"] if back else "/",
        "way_on_words": _("Load the page again") if back else _("To the home page"),
        "request_id": request_id(request),
    }
    return render(request, "shop/403.html", context, status=status)


def server_error(request: HttpRequest) -> HttpResponse:
    """500: says what is safe and what to do; uses no database, which may be what failed."""
    lang = "zh-Hans" if (get_language() or "").startswith("zh") else "en"
    context = {"request_id": request_id(request), "shop_name": settings.SHOP_NAME, "lang": lang}
    body = loader.get_template("shop/500.html").render(context)
    return HttpResponse(body, status=500)


class FriendlyNotFound:
    """With DEBUG Django answers a 404 with a page for developers, and a 405 with nothing at all; shoppers get the shop's."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass on; an empty 405 gets a page."""
        response = self.get_response(request)
        if response.status_code == 405 and _in_storefront(request) and not response.content:
            return only_by_a_button(request, response)
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Answer a 404 raised by a page."""
        return not_found(request) if _in_storefront(request) and isinstance(exception, Http404) else None


def _in_storefront(request: HttpRequest) -> bool:
    return request.path_info.startswith(("/en/", "/zh/"))
