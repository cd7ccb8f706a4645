"""The answer to the consent banner, and taking it back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_POST

from shop.carts.models import Cart
from shop.events.visitors import new_visitor_id
from shop.storefront.returning import back


@require_POST
def consent(request: HttpRequest) -> HttpResponse:
    """Remember yes or no; no (again or later) also lets go of the visitor id, so that nothing new joins what was recorded."""
    response = back(request)
    yes = request.POST.get("choice") == "yes"
    visitor: Any = request.visitor  # type: ignore[attr-defined]
    if yes:
        visitor.consented = True
    elif visitor.known:
        _forget(request, response)
    response.set_cookie(
        settings.CONSENT_COOKIE,
        "yes" if yes else "no",
        max_age=timedelta(days=180),
        samesite="Lax",
        secure=request.is_secure(),
    )
    return response


def _forget(request: HttpRequest, response: HttpResponse) -> None:
    """Go on without the id, or under a fresh one where a guest's cart needs one."""
    visitor: Any = request.visitor  # type: ignore[attr-defined]
    carts = Cart.objects.filter(visitor_id=visitor.id, shopper=None, status=Cart.Status.OPEN)
    if carts.exists():
        fresh = new_visitor_id()
        carts.update(visitor_id=fresh)
        visitor.become(fresh)
    else:
        response.delete_cookie(settings.VISITOR_COOKIE)
    visitor.consented = False
