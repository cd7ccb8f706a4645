"""robots.txt: the shop may be found, personal pages and forms may not."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

PRIVATE = ("cart", "checkout", "order", "account", "login", "register", "privacy", "inbox", "mailbox", "preferences")


def robots(request: HttpRequest) -> HttpResponse:
    """The file."""
    lines = ["User-agent: *", "Disallow: /admin/", "Disallow: /api/"]
    lines += [f"Disallow: /{language}/{name}/" for language in ("en", "zh") for name in PRIVATE]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain")
