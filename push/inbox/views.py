"""The inbox page and what its script asks for."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from push.inbox import reading
from push.inbox.models import InboxItem
from shop.live import live_url
from shop.storefront.returning import login_first


def _shopper_id(request: HttpRequest) -> str:
    shopper = getattr(request.user, "shopper", None)
    return shopper.pk if shopper is not None else ""


@login_first
@never_cache
@require_safe
def inbox(request: HttpRequest) -> HttpResponse:
    """The inbox of the shopper who is logged in; ``?cursor=`` goes on."""
    shopper_id = _shopper_id(request)
    shown = reading.page(shopper_id, request.GET.get("cursor", ""))
    context = {
        "items": shown.items,
        "next_cursor": shown.next_cursor,
        "unread": reading.unread(shopper_id),
        "live": live_url(request, "/live/inbox") if shopper_id else "",
    }
    return render(request, "push/inbox.html", context)


@never_cache
@require_safe
def count(request: HttpRequest) -> HttpResponse:
    """``{"unread": n}``, for pages whose live connection does not come about."""
    if not request.user.is_authenticated:
        return JsonResponse({"unread": 0}, status=401)
    return JsonResponse({"unread": reading.unread(_shopper_id(request))})


@login_first
@require_POST
def read(request: HttpRequest, item_id: int) -> HttpResponse:
    """Mark one item read. Another shopper's item is a 404 like one that does not exist."""
    shopper_id = _shopper_id(request)
    changed = reading.mark_read(shopper_id, item_id)
    if not changed and not InboxItem.objects.filter(pk=item_id, shopper_id=shopper_id).exists():
        return HttpResponse(status=404)
    return _answer(request, shopper_id)


@login_first
@require_POST
def read_all(request: HttpRequest) -> HttpResponse:
    """Mark everything read."""
    shopper_id = _shopper_id(request)
    reading.mark_all_read(shopper_id)
    return _answer(request, shopper_id)


def _answer(request: HttpRequest, shopper_id: str) -> HttpResponse:
    if request.headers.get("Accept") == "application/json":
        return JsonResponse({"unread": reading.unread(shopper_id)})
    return redirect("inbox")
