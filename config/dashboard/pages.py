"""Pages of the admin that are not lists: rendered inside unfold's frame, for operators only."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import admin
from django.http import HttpRequest
from django.template.response import TemplateResponse

from shop.people.models import User


def render(request: HttpRequest, template: str, title: str, **context: Any) -> TemplateResponse:
    """The page ``templates/admin/<template>`` with the site's own context."""
    request.current_app = admin.site.name
    return TemplateResponse(
        request, f"admin/{template}", {**admin.site.each_context(request), "title": title, **context}
    )


def operator(request: HttpRequest) -> User:
    """Who acts; the admin lets nobody in who has not logged in."""
    return cast(User, request.user)
