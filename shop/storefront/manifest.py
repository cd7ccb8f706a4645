"""What a phone that keeps the shop on its home screen asks for; the icons lie in ``static/root``, served by WhiteNoise."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, JsonResponse

ICONS = [{"src": f"/icon-{size}.png", "sizes": f"{size}x{size}", "type": "image/png"} for size in (192, 512)]


def manifest(request: HttpRequest) -> JsonResponse:
    """``manifest.webmanifest``."""
    data = {
        "name": settings.SHOP_NAME,
        "start_url": "/",
        "display": "minimal-ui",
        "background_color": "#FBF8F3",
        "theme_color": "#1E6B4F",
        "icons": ICONS,
    }
    return JsonResponse(data, content_type="application/manifest+json", headers={"Cache-Control": "max-age=86400"})
