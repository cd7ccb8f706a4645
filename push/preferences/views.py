"""Pages on which shoppers say how they want to be written to: logged in, or by the signed link of a message without a login."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from push.channels import CHANNELS
from push.channels.agreement import agrees_now
from push.delivery.models import Message
from push.preferences import changing
from push.tracking.links import BadLink, Kind, Link, read
from push.tracking.views import message_of, unknown_link
from shop import clock
from shop.events.visitors import is_simulated
from shop.people.models import Shopper
from shop.storefront.returning import login_first


class QuietHours(forms.Form):
    """From when until when no message may make a noise; both or neither."""

    quiet_from = forms.TimeField(required=False, widget=forms.TimeInput(attrs={"type": "time"}))
    quiet_until = forms.TimeField(required=False, widget=forms.TimeInput(attrs={"type": "time"}))

    def clean(self) -> dict[str, Any]:
        """Half a window is none."""
        data: dict[str, Any] = super().clean() or {}
        if (data.get("quiet_from") is None) != (data.get("quiet_until") is None):
            raise forms.ValidationError(gettext_lazy("Give both times, or leave both empty."))
        return data


@login_first
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def preferences(request: HttpRequest) -> HttpResponse:
    """The preferences of the shopper who is logged in."""
    shopper = getattr(request.user, "shopper", None)
    if shopper is None:
        return render(request, "push/preferences_none.html", status=404)
    return _page(request, shopper)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def preferences_by_link(request: HttpRequest, token: str) -> HttpResponse:
    """The preferences of the shopper who got the message with this link."""
    found = _message(token, Kind.PREFERENCES)
    if found is None:
        return unknown_link(request)
    return _page(request, found[1].shopper, counted=found[0].counted)


def _message(token: str, kind: Kind) -> tuple[Link, Message] | None:
    try:
        link = read(token, kind)
    except BadLink:
        return None
    message = message_of(link)
    return None if message is None or message.shopper.erased_at is not None else (link, message)


def _page(request: HttpRequest, shopper: Shopper, *, counted: bool = True) -> HttpResponse:
    own = changing.preference(shopper)
    form = QuietHours(
        request.POST if request.method == "POST" and "save" in request.POST else None,
        initial={"quiet_from": own.quiet_from, "quiet_until": own.quiet_until},
    )
    if request.method == "POST" and counted and _change(request, shopper, form):
        return redirect(request.get_full_path())
    now = clock.now()
    paused = own.paused_until if own.paused_until and own.paused_until > now else None
    context = {
        "rows": _rows(shopper),
        "channels": [CHANNELS.get(name).label for name in CHANNELS.names()],
        "form": form,
        "paused_until": paused,
        "address": masked(shopper.user.email),
        "zone": shopper.time_zone,
    }
    return render(
        request, "push/preferences.html", context, status=200 if form.is_valid() or not form.is_bound else 422
    )


def _change(request: HttpRequest, shopper: Shopper, form: QuietHours) -> bool:
    """Do what was asked; False: the form has errors to show."""
    if "pause" in request.POST:
        changing.pause(shopper)
        messages.success(request, _("Paused for 30 days. What your orders need still comes."))
    elif "resume" in request.POST:
        changing.resume(shopper)
        messages.success(request, _("The pause has ended."))
    elif "none" in request.POST:
        changing.choose(shopper, {choice.field: False for choice in changing.choices(shopper)})
        messages.success(request, _("You get no more messages. What your orders need still comes."))
    elif form.is_valid():
        ticked = set(request.POST.getlist("choice"))
        changing.choose(shopper, {choice.field: choice.field in ticked for choice in changing.choices(shopper)})
        changing.set_quiet_hours(shopper, form.cleaned_data["quiet_from"], form.cleaned_data["quiet_until"])
        messages.success(request, _("Saved."))
    else:
        return False
    return True


def _rows(shopper: Shopper) -> list[dict[str, Any]]:
    rows: dict[str, dict[str, Any]] = {}
    for choice in changing.choices(shopper):
        name, about = changing.TOPICS.get(choice.topic, (choice.topic, ""))
        row = rows.setdefault(choice.topic, {"name": name, "about": about, "choices": []})
        row["choices"].append({"choice": choice, "label": CHANNELS.get(choice.channel).label})
    return list(rows.values())


def masked(address: str) -> str:
    """``m…@example.org``: enough to know which of one's own addresses it is."""
    local, at, domain = address.partition("@")
    return f"{local[:1]}…{at}{domain}" if at else ""


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe_page(request: HttpRequest, token: str) -> HttpResponse:
    """The page behind the unsubscribe link of a message: a button to unsubscribe, or, where that is done, the way back."""
    found = _message(token, Kind.UNSUBSCRIBE)
    if found is None:
        return unknown_link(request)
    link, message = found
    again = request.method == "POST" and "again" in request.POST
    if request.method == "POST" and link.counted:
        if again:
            changing.subscribe_again(message)
        else:
            changing.unsubscribe(message, simulated=is_simulated(request))
    agrees = agrees_now(message.shopper, message.channel, message.campaign.topic)
    done = not again and (request.method == "POST" or not agrees)
    return _done(request, "push/unsubscribe.html", message, done=done, again=again)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def pause_page(request: HttpRequest, token: str) -> HttpResponse:
    """The page with the button that pauses."""
    found = _message(token, Kind.PAUSE)
    if found is None:
        return unknown_link(request)
    link, message = found
    if request.method == "POST" and link.counted:
        changing.pause(message.shopper)
    return _done(request, "push/pause.html", message, done=request.method == "POST")


def _done(request: HttpRequest, template: str, message: Message, **shown: bool) -> HttpResponse:
    from push.tracking.links import token

    topic = message.campaign.topic
    context = {
        "topic": changing.TOPICS.get(topic, (topic, ""))[0],
        "channel": CHANNELS.get(message.channel).label,
        "address": masked(message.shopper.user.email),
        "preferences": token(message.pk, Kind.PREFERENCES),
        **shown,
    }
    return render(request, template, context)
