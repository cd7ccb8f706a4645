"""Light, dark or as the system has it. The cookie is functional: it is set only by using the switch."""

from __future__ import annotations

from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_POST

from shop.storefront.returning import back

THEME_COOKIE = "pushcart_theme"
THEMES = ("light", "dark")


def chosen_theme(request: HttpRequest) -> str:
    """``light``, ``dark`` or empty (the system's)."""
    theme = request.COOKIES.get(THEME_COOKIE, "")
    return theme if theme in THEMES else ""


@require_POST
def set_theme(request: HttpRequest) -> HttpResponse:
    """Keep the theme of the form, or forget it for ``system``."""
    response = back(request)
    theme = request.POST.get("theme", "")
    if theme in THEMES:
        response.set_cookie(
            THEME_COOKIE, theme, max_age=timedelta(days=365), samesite="Lax", secure=request.is_secure()
        )
    else:
        response.delete_cookie(THEME_COOKIE)
    return response
