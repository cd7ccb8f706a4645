"""What the shop itself keeps about people: the parts of :mod:`shop.people.erasure` that belong to this room."""

from __future__ import annotations

from typing import Any

import structlog
from django.contrib.admin.models import LogEntry
from django.db.models import Q, QuerySet

from shop import valkey
from shop.carts.models import Cart
from shop.catalogue.models import Review
from shop.events import sessions
from shop.events.models import Event, OutboxEvent, PoisonEvent
from shop.orders.models import Order
from shop.people import declining
from shop.people.erasure import Erased, Rows, rows_of
from shop.people.merging import events_of
from shop.people.models import PROFILE, Address, Consent, Shopper, User, Visitor

log = structlog.get_logger(__name__)


def _forget_session(visitor_id: str) -> None:
    try:
        sessions.forget(visitor_id)
    except valkey.AWAY as error:
        # It ends by itself within days, and names nobody once the links are gone.
        log.warning("session_not_forgotten", reason=str(error))


def _say_declined(shopper_id: str) -> None:
    try:
        declining.tell([shopper_id], declined=True)
    except valkey.AWAY as error:
        # The tick says it again; models forget the history when they are trained next.
        log.warning("declining_not_told", reason=str(error))


class CartsPart:
    """Carts, open and ordered."""

    name = "carts"

    def export(self, shopper: Shopper) -> Rows:
        """Each line of each cart."""
        fields = ("id", "status", "updated_at", "lines__product_id", "lines__quantity", "lines__price_when_added")
        return rows_of(Cart.objects.filter(shopper=shopper).order_by("created_at"), fields)

    def erase(self, shopper: Shopper) -> Erased:
        """All of them."""
        visitors = Visitor.objects.filter(shopper=shopper).values("id")
        count, _ = Cart.objects.filter(Q(shopper=shopper) | Q(shopper=None, visitor_id__in=visitors)).delete()
        return Erased(self.name, count)


class OrdersPart:
    """Orders stay, without anything that names a person: the shop must be able to account for what it sold."""

    name = "orders"
    fields = (
        "number",
        "placed_at",
        "status",
        "email",
        "name",
        "phone",
        "street",
        "postcode",
        "town",
        "country",
        "total",
        "currency",
    )

    def export(self, shopper: Shopper) -> Rows:
        """Each order with its products."""
        rows = []
        for order in shopper.orders.order_by("placed_at").prefetch_related("lines__product"):
            row: dict[str, Any] = {field: getattr(order, field) for field in self.fields}
            row["products"] = [
                {"product": line.product.name_en, "quantity": line.quantity, "unit_price": line.unit_price}
                for line in order.lines.all()
            ]
            rows.append(row)
        return rows

    def erase(self, shopper: Shopper) -> Erased:
        """Clear who and where; keep what, when and how much."""
        blank = dict.fromkeys(("email", "email_hash", "name", "phone", "street", "postcode", "town", "visitor_id"), "")
        kept = Order.objects.filter(shopper=shopper).update(**blank)
        return Erased(self.name, 0, kept, "Accounts must show what was sold; nothing in them names the person.")


class ReviewsPart:
    """Ratings stay in the averages; words go."""

    name = "reviews"

    def export(self, shopper: Shopper) -> Rows:
        """Each review."""
        return rows_of(shopper.reviews.order_by("id"), ("product_id", "rating", "title", "text", "created_at"))

    def erase(self, shopper: Shopper) -> Erased:
        """Blank the words and the author."""
        kept = Review.objects.filter(shopper=shopper).update(title="", text="", shopper=None)
        return Erased(self.name, 0, kept, "Stars count in the products' averages; the words and the author are gone.")


class EventsPart:
    """What was done in the shop, stored and still on its way."""

    name = "events"

    def _events(self, shopper: Shopper) -> QuerySet[Event]:
        return events_of(shopper)

    def export(self, shopper: Shopper) -> Rows:
        """Each event, oldest first."""
        fields = ("occurred_at", "type", "visitor_id", "product_id", "quantity", "value", "query", "properties")
        return rows_of(self._events(shopper).order_by("id"), fields)

    def erase(self, shopper: Shopper) -> Erased:
        """All of them, and what waits in the outbox or was set aside."""
        removed, _ = self._events(shopper).delete()
        keys = [shopper.pk, *Visitor.objects.filter(shopper=shopper).values_list("id", flat=True)]
        OutboxEvent.objects.filter(body__shopper_id=shopper.pk).delete()
        for key in keys:
            _forget_session(key)
            PoisonEvent.objects.filter(body__contains=key).delete()
        return Erased(self.name, removed)


class ConsentsPart:
    """Statements about messages."""

    name = "consents"

    def export(self, shopper: Shopper) -> Rows:
        """Each statement, oldest first."""
        fields = ("at", "channel", "topic", "granted", "source", "text_version")
        return rows_of(shopper.consents.order_by("id"), fields)

    def erase(self, shopper: Shopper) -> Erased:
        """All of them: no statement means no."""
        return Erased(self.name, Consent.objects.filter(shopper=shopper).delete()[0])


class ProfilePart:
    """Account, profile, addresses and the browsers that logged in."""

    name = "profile"

    def export(self, shopper: Shopper) -> Rows:
        """One row, addresses and browsers within."""
        user = shopper.user
        row: dict[str, Any] = {"email": user.email, "name": user.name, "phone": user.phone}
        row |= {field: getattr(shopper, field) for field in ("id", *PROFILE, "created_at")}
        row["addresses"] = rows_of(shopper.addresses.all(), ("name", "street", "postcode", "town", "country"))
        row["visitors"] = rows_of(shopper.visitors.all(), ("id", "linked_at"))
        return [row]

    def erase(self, shopper: Shopper) -> Erased:
        """Everything but the shop's own key and the dates."""
        removed = Address.objects.filter(shopper=shopper).delete()[0]
        removed += Visitor.objects.filter(shopper=shopper).delete()[0]
        LogEntry.objects.filter(user_id=shopper.user_id).update(object_repr="", change_message="")
        user = User.objects.get(pk=shopper.user_id)
        user.email = user.name = user.phone = ""
        user.is_active = user.is_superuser = False
        user.role = User.Role.SHOPPER
        user.last_login = None
        user.set_unusable_password()
        user.save()
        user.groups.clear()
        user.user_permissions.clear()
        blank = Shopper(id=shopper.pk, user=user)
        for field in PROFILE:
            setattr(shopper, field, getattr(blank, field))
        shopper.save(update_fields=[*(field for field in PROFILE if field != "personalised"), "updated_at"])
        # Past the telling, which would refuse all of it while Valkey is away.
        Shopper._base_manager.filter(pk=shopper.pk).update(personalised=False)
        _say_declined(shopper.pk)
        return Erased(self.name, removed, 1, "The shop's own key stays, so that counts still add up; it names nobody.")
