"""Where the links of messages lead: clicks, one-click unsubscribing (RFC 8058), and the way to the pages with a button."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import translation
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from push.content.rendering import content_locale
from push.delivery.models import Message
from push.preferences.changing import unsubscribe
from push.tracking.links import BadLink, Kind, Link, read
from push.tracking.receiving import HIDDEN, Click, click


def unknown_link(request: HttpRequest) -> HttpResponse:
    """410: a link that was changed, cut short by a mail program, or is older than our keys.

    Not 404: Django answers that by trying the same address under a language.
    """
    with translation.override(content_locale(request.headers.get("Accept-Language", ""))):
        return render(request, "push/link_unknown.html", status=410)


def _follow(request: HttpRequest, link: Link, target: str) -> None:
    if link.counted:
        visitor = request.visitor  # type: ignore[attr-defined]
        click(
            Click(
                message_id=link.message_id,
                target=target,
                method=request.method or "GET",
                headers=request.headers,
                visitor_id=visitor.id if visitor.consented else "",
                simulated=visitor.simulated,
            )
        )


@require_safe
@never_cache
def click_view(request: HttpRequest, token: str) -> HttpResponse:
    """Count a click and lead on. Nothing else changes by a GET."""
    try:
        link = read(token, Kind.CLICK)
    except BadLink:
        return unknown_link(request)
    _follow(request, link, link.target)
    return _to(link.target)


@require_safe
@never_cache
def hidden_view(request: HttpRequest, token: str) -> HttpResponse:
    """The link that people do not see: whoever follows it is a machine."""
    try:
        link = read(token, Kind.HIDDEN)
    except BadLink:
        return unknown_link(request)
    _follow(request, link, HIDDEN)
    return HttpResponse(status=204)


def _to(target: str) -> HttpResponse:
    response = HttpResponseRedirect(target)
    # The shop's own pages may see where a visit comes from; the token in the address is nobody else's business.
    response["Referrer-Policy"] = "no-referrer"
    return response


@csrf_exempt
@never_cache
def unsubscribe_view(request: HttpRequest, token: str) -> HttpResponse:
    """RFC 8058: a POST unsubscribes at once, without cookies or further questions; a GET leads to a page with a button.

    Mail scanners follow links, so a GET must not unsubscribe anybody.
    """
    try:
        link = read(token, Kind.UNSUBSCRIBE)
    except BadLink:
        return unknown_link(request)
    message = message_of(link)
    if request.method == "POST":
        if message is not None and link.counted:
            unsubscribe(message)
        return HttpResponse(status=200)
    return _page("unsubscribe", token, message)


@require_safe
@never_cache
def preferences_view(request: HttpRequest, token: str) -> HttpResponse:
    """Lead to the preferences page in the shopper's language."""
    return _lead(request, token, Kind.PREFERENCES, "preferences_by_link")


@require_safe
@never_cache
def pause_view(request: HttpRequest, token: str) -> HttpResponse:
    """Lead to the page with the button that pauses."""
    return _lead(request, token, Kind.PAUSE, "pause")


def _lead(request: HttpRequest, token: str, kind: Kind, page: str) -> HttpResponse:
    try:
        link = read(token, kind)
    except BadLink:
        return unknown_link(request)
    return _page(page, token, message_of(link))


def _page(name: str, token: str, message: Message | None) -> HttpResponse:
    with translation.override(content_locale(message.shopper.locale if message else "en")):
        return HttpResponseRedirect(reverse(name, args=[token]))


def message_of(link: Link) -> Message | None:
    """The message a link stands in; None where it is gone."""
    return Message.objects.filter(pk=link.message_id).select_related("shopper__user", "campaign").first()
