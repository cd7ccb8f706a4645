"""Acts and their objects as people read them. Rooms above record acts by name; one that is not here is shown by it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.utils.text import capfirst
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

ACTS = {
    "campaign.create": _("Campaign made"),
    "campaign.change": _("Campaign changed"),
    "campaign.delete": _("Campaign deleted"),
    "campaign.submit": _("Approval asked for"),
    "campaign.approve": _("Campaign approved"),
    "campaign.reject": _("Campaign sent back"),
    "campaign.withdraw": _("Approval withdrawn"),
    "campaign.launch": _("Campaign launched"),
    "campaign.pause": _("Campaign paused"),
    "campaign.resume": _("Campaign resumed"),
    "campaign.finish": _("Campaign finished"),
    "campaign.cancel": _("Campaign cancelled"),
    "campaign.undo": _("Launch taken back"),
    "catalogue.categories": _("Categories written"),
    "catalogue.delete": _("Product taken off sale"),
    "catalogue.write": _("Products written"),
    "cleaning.switch": _("Rule of cleaning switched"),
    "experiment.create": _("Experiment made"),
    "experiment.start": _("Experiment started"),
    "experiment.stop": _("Experiment stopped"),
    "experiment.conclude": _("Experiment concluded"),
    "experiment.discard": _("Draft of an experiment discarded"),
    "model.pin": _("Champion pinned or unpinned"),
    "model.promote": _("Model promoted"),
    "model.shadow": _("Shadow begun or ended"),
    "order.import": _("Order imported"),
    "order.confirm": _("Payment confirmed"),
    "order.ship": _("Order sent"),
    "order.cancel": _("Order cancelled"),
    "order.refund": _("Money given back"),
    "order.mail_again": _("E-mail of an order sent again"),
    "slot.create": _("Slot made"),
    "slot.change": _("Slot changed"),
    "slot.delete": _("Slot deleted"),
    "segment.saved": _("Segment saved"),
    "segment.deleted": _("Segment deleted"),
    "shopper.address_shown": _("Address of a shopper shown"),
    "shopper.erase": _("Shopper erased"),
    "shopper.write": _("Shopper written"),
    "signals.set": _("Weight of an act set"),
}


# Reasons that the shop and its demo give themselves, word for word.
OWN_REASONS = frozenset(
    {
        gettext_noop("the bank did not answer"),
        gettext_noop("asked for on the privacy page"),
        gettext_noop("by the shopper"),
        gettext_noop("an arm of the demo's experiment"),
        gettext_noop("to show what an experiment tells"),
        gettext_noop("the demo's shoppers are to be divided"),
        gettext_noop("demo"),
    }
)
# Kind of act ("model") to what reads its reasons: a training gives them, too, and in English.
reason_readers: dict[str, Callable[[str], str]] = {}


def reason_in_words(action: str, reason: str) -> str:
    """Why it was done, in the language of who looks; an operator's words as they are."""
    if reason in OWN_REASONS:
        return gettext(reason)
    reader = reason_readers.get(action.partition(".")[0])
    return reader(reason) if reader and reason else reason


def act_in_words(action: str) -> str:
    """What was done."""
    return str(ACTS.get(action, action))


def field_in_words(object_type: str, name: str) -> str:
    """A setting as forms call it; what is no field of its kind by its own name."""
    try:
        field: Any = apps.get_model(object_type)._meta.get_field(name)
    except (LookupError, ValueError, FieldDoesNotExist):
        return name
    # Rows that belong to it, such as the pins of a slot, are no field of its own.
    of_others = field.auto_created and field.is_relation
    words = field.related_model._meta.verbose_name_plural if of_others else field.verbose_name
    return capfirst(str(words))


def kind_in_words(object_type: str) -> str:
    """To what kind of thing it was done: ``push.campaign`` is "Campaign"."""
    try:
        return capfirst(str(apps.get_model(object_type)._meta.verbose_name))
    except (LookupError, ValueError):
        return object_type
