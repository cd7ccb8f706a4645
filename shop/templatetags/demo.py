"""What the demo bar shows."""

from __future__ import annotations

from django import template
from django.template.context import RequestContext
from django.urls import NoReverseMatch, reverse

from shop.storefront import demo

register = template.Library()


@register.simple_tag(takes_context=True)
def demo_person(context: RequestContext) -> demo.Person | None:
    """Who of the demo's people is looking."""
    return demo.person_of(context["request"])


@register.simple_tag
def demo_people() -> list[demo.Person]:
    """Whom one can be."""
    return demo.PEOPLE


@register.simple_tag(takes_context=True)
def demo_deeds(context: RequestContext) -> list[demo.Did]:
    """What was done in this visit, newest first."""
    return demo.deeds(context["request"])


@register.simple_tag
def mailbox_url() -> str:
    """Where the demo's mail is read; empty where that page is not installed."""
    try:
        return reverse("mailbox")
    except NoReverseMatch:
        return ""
