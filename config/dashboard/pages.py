"""Pages of the admin that are not lists: rendered inside unfold's frame, for operators only."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import admin
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from config.dashboard.crumbs import crumbs
from shop.operators.roles import least_role
from shop.people.models import User


def render(request: HttpRequest, template: str, title: str, **context: Any) -> TemplateResponse:
    """The page ``templates/admin/<template>`` with the site's own context."""
    request.current_app = admin.site.name
    return TemplateResponse(
        request,
        f"admin/{template}",
        {**admin.site.each_context(request), "title": title, "crumbs": crumbs(request, title), **context},
    )


def operator(request: HttpRequest) -> User:
    """Who acts; the admin lets nobody in who has not logged in."""
    return cast(User, request.user)


def looks(request: HttpRequest, permission: str) -> str:
    """Why this operator is offered nothing that takes ``permission``; "" for who has it."""
    if request.user.has_perm(permission):
        return ""
    return _("Your role may look at this page; to change something takes the role “%(role)s”.") % {
        "role": least_role(permission).label
    }
