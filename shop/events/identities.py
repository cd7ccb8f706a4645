"""Who a visitor is, as told by an identify or alias call: the person is written to the shopper, never into the event.

A publishable key can introduce a person; only a secret key can change one: keys of browsers are public, and nobody may put an
address on somebody else. A visitor is joined to the first shopper they are said to be and never moved: two known people are never
merged.
"""

from __future__ import annotations

import contextlib
from datetime import date
from typing import Any

from django.db import transaction

from shop.events.personal import is_address, without_personal
from shop.opinions.saying import adopt_soon
from shop.people.encryption import email_hash, normalise_email
from shop.people.merging import vouch_for
from shop.people.models import Address, Shopper, User, Visitor

MOST_ATTRIBUTES = 100
# What is told of a profile; never whether rows may be personal.
PROFILE = ("gender", "place", "locale", "time_zone", "birthday", "attributes")


def shopper_id_of(user_id: str) -> str:
    """``user_id``, or a stand-in where a shop uses addresses as ids: events must not hold them."""
    if not is_address(user_id):
        return user_id
    user = User.objects.by_email(user_id)
    shopper = Shopper.objects.filter(user=user).first() if user else None
    return shopper.pk if shopper else f"e-{email_hash(user_id)[:24]}"


@transaction.atomic
def identify(
    shopper_id: str, traits: dict[str, Any], *, visitor_id: str = "", trusted: bool, simulated: bool = False
) -> None:
    """Write what is told of a person: personal data encrypted on the user, the rest on the shopper; join the visitor.

    Args:
        trusted: told with a secret key, so it may change a person who is known already.
    """
    shopper = Shopper.objects.select_for_update().select_related("user").filter(pk=shopper_id).first()
    if shopper is None:
        user = User.objects.create_user(None)
        shopper, made = Shopper.objects.get_or_create(id=shopper_id, defaults={"user": user, "simulated": simulated})
        if not made:
            user.delete()
    else:
        made = False
    if made or trusted:
        _write_person(shopper.user, traits)
        _write_profile(shopper, traits)
        _write_address(shopper, traits)
    if visitor_id:
        join(visitor_id, shopper, trusted=trusted)


def join(visitor_id: str, shopper: Shopper, *, trusted: bool) -> bool:
    """Join an anonymous visitor to ``shopper``; False where the visitor is somebody else's already.

    Args:
        trusted: what the browser said of products, and its cart, become the shopper's too; a browser's own word writes on
            nobody's account.
    """
    link, _ = Visitor.objects.get_or_create(id=visitor_id, defaults={"shopper": shopper, "vouched": trusted})
    joined = bool(link.shopper_id == shopper.pk)
    if joined and trusted:
        vouch_for(link)
        adopt_soon(visitor_id, shopper.pk)
    return joined


def alias(previous_id: str, shopper_id: str, *, trusted: bool) -> None:
    """``previous_id`` was ``shopper_id`` before they were known. A known person under that id is left alone."""
    if not previous_id or previous_id == shopper_id or Shopper.objects.filter(pk=previous_id).exists():
        return
    identify(shopper_id, {}, visitor_id=previous_id[:64], trusted=trusted)


def _write_person(user: User, traits: dict[str, Any]) -> None:
    email = _text(traits, "email")
    if email and is_address(email):
        owner = User.objects.by_email(email)
        if owner is None or owner.pk == user.pk:
            user.email = normalise_email(email)
    first, last = _text(traits, "firstName", "first_name"), _text(traits, "lastName", "last_name")
    user.name = _text(traits, "name", "fullName", "full_name") or f"{first} {last}".strip() or user.name
    user.phone = _text(traits, "phone", "mobile") or user.phone
    user.save()


def _write_profile(shopper: Shopper, traits: dict[str, Any]) -> None:
    gender = _text(traits, "gender").lower()
    shopper.gender = {"f": "female", "m": "male"}.get(
        gender, gender if gender in Shopper.Gender.values else shopper.gender
    )
    address = traits.get("address")
    town = _text(address, "city", "town") if isinstance(address, dict) else ""
    shopper.place = (town or _text(traits, "city") or shopper.place)[:80]
    shopper.locale = (_text(traits, "locale", "language") or shopper.locale)[:16]
    shopper.time_zone = (_text(traits, "timezone", "time_zone") or shopper.time_zone)[:64]
    with contextlib.suppress(ValueError):
        shopper.birthday = date.fromisoformat(_text(traits, "birthday")[:10])
    known = {"name", "gender", "city", "locale", "language", "timezone", "time_zone", "id"}
    rest = {name: value for name, value in without_personal(traits).items() if name not in known}
    shopper.attributes = dict(list({**shopper.attributes, **rest}.items())[:MOST_ATTRIBUTES])
    shopper.save(update_fields=[*PROFILE, "updated_at"])


def _write_address(shopper: Shopper, traits: dict[str, Any]) -> None:
    given = traits.get("address")
    if not isinstance(given, dict) or not (street := _text(given, "street", "street1", "line1")):
        return
    values = {
        "name": shopper.user.name,
        "street": street,
        "postcode": _text(given, "postalCode", "postal_code", "zip", "postcode"),
        "town": _text(given, "city", "town")[:80],
        "country": country if len(country := _text(given, "country").upper()) == 2 else "US",
    }
    Address.objects.update_or_create(shopper=shopper, is_default=True, defaults=values)


def _text(given: Any, *names: str) -> str:
    for name in names:
        value = given.get(name)
        if isinstance(value, str | int) and not isinstance(value, bool) and str(value).strip():
            return str(value).strip().replace("\x00", "")[:200]
    return ""
