"""Becoming known: an account with a password, on its own or after a guest's order."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from shop.people.models import Shopper, User


class AddressTaken(Exception):
    """Somebody has this e-mail address already."""

    def __init__(self) -> None:
        super().__init__(_("There is an account with this e-mail address. Log in, or reset the password."))


def register(
    email: str,
    password: str | None,
    *,
    name: str = "",
    phone: str = "",
    locale: str = "en",
    time_zone: str = "",
    shopper_id: str = "",
    simulated: bool = False,
) -> Shopper:
    """Create a user and their shopper profile. ``shopper_id`` names the shop's own key where it has one.

    Raises:
        AddressTaken: the address (in any case) belongs to somebody.
    """
    shopper = Shopper(locale=locale, time_zone=time_zone, simulated=simulated)
    if shopper_id:
        shopper.id = shopper_id
    try:
        with transaction.atomic():
            shopper.user = User.objects.create_user(email, password, name=name, phone=phone)
            shopper.save(force_insert=True)
    except IntegrityError:
        if User.objects.by_email(email) is None:
            raise
        raise AddressTaken from None
    return shopper
