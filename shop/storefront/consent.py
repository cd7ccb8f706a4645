"""The answer to the consent banner."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_POST

from shop.storefront.returning import back


@require_POST
def consent(request: HttpRequest) -> HttpResponse:
    """Remember yes or no."""
    response = back(request)
    choice = "yes" if request.POST.get("choice") == "yes" else "no"
    response.set_cookie(
        settings.CONSENT_COOKIE, choice, max_age=timedelta(days=180), samesite="Lax", secure=request.is_secure()
    )
    if choice == "no":
        response.delete_cookie(settings.VISITOR_COOKIE)
    return response
