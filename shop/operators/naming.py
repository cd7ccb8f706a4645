"""What operators are called where it says who did something."""

from __future__ import annotations

from django.utils.translation import gettext as _

from shop.operators.models import AuditEntry
from shop.people.models import User


def operator_name(user: User | None) -> str:
    """The name of an operator, else their e-mail address; a number for somebody who is none any more, "" for nobody.

    Colleagues may know one another. Whoever is a shopper only is personal data, which most operators see masked.
    """
    if user is None:
        return ""
    return (user.is_staff and (user.name or user.email)) or _("operator %(id)s") % {"id": user.pk}


def by_whom(entry: AuditEntry) -> str:
    """An operator by name, a key by its prefix, or the shop itself."""
    return operator_name(entry.actor) or entry.api_key or _("by itself")
