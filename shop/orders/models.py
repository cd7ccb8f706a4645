"""Orders: written once, in one transaction with the stock they take and the event they are (outbox)."""

from __future__ import annotations

import uuid
from decimal import Decimal

from django.db import models
from django.utils.translation import gettext_lazy as _

from shop import clock
from shop.carts.models import Cart
from shop.catalogue.models import Product
from shop.people.encryption import EncryptedTextField
from shop.people.models import Shopper


class Order(models.Model):
    """An order. Personal data are encrypted; a guest's order has no shopper but a visitor."""

    class Status(models.TextChoices):
        PAID = "paid", _("Paid")
        PENDING = "pending", _("Payment pending")
        DECLINED = "declined", _("Payment declined")
        SHIPPED = "shipped", _("On its way")
        CANCELLED = "cancelled", _("Cancelled")
        REFUNDED = "refunded", _("Refunded")

    class Mail(models.TextChoices):
        """Where the e-mail about the order's newest state is; :mod:`shop.orders.mailing` moves it."""

        NONE = "", _("Nothing to tell")
        DUE = "due", _("To be sent")
        SENDING = "sending", _("Being handed over")
        SENT = "sent", _("Sent")
        REFUSED = "refused", _("Refused by the mail server")
        UNCERTAIN = "uncertain", _("Uncertain")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    number = models.CharField(max_length=16, unique=True, help_text=_("What people call it: P-1042-7F3A."))
    # Empty is null: it is unique where there is one.
    reference = models.CharField(
        max_length=128, null=True, blank=True, unique=True, help_text=_("The shop's own key of an order sent by API.")
    )
    shopper = models.ForeignKey(Shopper, on_delete=models.SET_NULL, null=True, blank=True, related_name="orders")
    visitor_id = models.CharField(max_length=64, blank=True, db_index=True)
    cart = models.OneToOneField(Cart, on_delete=models.SET_NULL, null=True, blank=True, related_name="order")
    checkout_key = models.UUIDField(unique=True, help_text=_("Idempotency key of the checkout page: one order each."))
    status = models.CharField(max_length=12, choices=Status, default=Status.PAID)
    email = EncryptedTextField(blank=True)
    email_hash = models.CharField(max_length=64, blank=True, db_index=True)
    name = EncryptedTextField(blank=True)
    phone = EncryptedTextField(blank=True)
    street = EncryptedTextField(blank=True)
    postcode = EncryptedTextField(blank=True)
    town = models.CharField(max_length=80, blank=True)
    country = models.CharField(max_length=2, blank=True)
    subtotal = models.DecimalField(max_digits=10, decimal_places=2)
    delivery = models.DecimalField(max_digits=10, decimal_places=2, default=0)
    discount = models.DecimalField(max_digits=10, decimal_places=2, default=0)
    total = models.DecimalField(max_digits=10, decimal_places=2)
    refunded = models.DecimalField(
        max_digits=10, decimal_places=2, default=0, db_default=0, help_text=_("What was given back so far.")
    )
    currency = models.CharField(max_length=3, default="USD")
    locale = models.CharField(max_length=10, blank=True, db_default="", help_text=_("The language it was placed in."))
    mail = models.CharField(
        max_length=10, choices=Mail, blank=True, default=Mail.NONE, db_default="", help_text=_("The e-mail about it.")
    )
    mail_claimed_at = models.DateTimeField(null=True, editable=False)
    simulated = models.BooleanField(default=False)
    source = models.CharField(
        max_length=16, default="storefront", help_text=_("storefront, api or history (imported).")
    )
    placed_at = models.DateTimeField(default=clock.now)

    class Meta:
        verbose_name = _("order")
        verbose_name_plural = _("orders")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(refunded__gte=0, refunded__lte=models.F("total")), name="order_refunded_at_most_paid"
            )
        ]
        indexes = [
            models.Index(fields=["-placed_at", "id"], name="order_newest"),
            models.Index(fields=["shopper", "-placed_at"], name="order_of_shopper"),
            models.Index(
                fields=["placed_at"], condition=models.Q(mail__in=["due", "sending", "uncertain"]), name="order_mail"
            ),
            models.Index(fields=["placed_at"], condition=models.Q(status="pending"), name="order_unpaid"),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def kept(self) -> Decimal:
        """What the shop keeps of the total: what was not given back."""
        return self.total - self.refunded


class OrderLine(models.Model):
    """A product of an order at the price paid."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="lines")
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="order_lines")
    quantity = models.PositiveIntegerField()
    returned = models.PositiveIntegerField(default=0, db_default=0, help_text=_("Pieces of it that came back."))
    unit_price = models.DecimalField(max_digits=10, decimal_places=2)
    slate_id = models.UUIDField(null=True, blank=True)

    class Meta:
        verbose_name = _("order line")
        verbose_name_plural = _("order lines")
        constraints = [
            models.UniqueConstraint(fields=["order", "product"], name="order_line_once"),
            models.CheckConstraint(
                condition=models.Q(returned__lte=models.F("quantity")), name="order_line_returned_at_most_bought"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} x {self.product_id}"

    @property
    def left(self) -> int:
        """Pieces that did not come back."""
        return self.quantity - self.returned


class Refund(models.Model):
    """Money given back for an order, whole or in part; the key makes a second press the first one again."""

    class Reason(models.TextChoices):
        RETURNED = "returned", _("Sent back")
        DAMAGED = "damaged", _("Damaged or missing")
        GOODWILL = "goodwill", _("Goodwill")
        CANCELLED = "cancelled", _("Order cancelled")

    key = models.UUIDField(primary_key=True, default=uuid.uuid4)
    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="refunds")
    amount = models.DecimalField(max_digits=10, decimal_places=2)
    reason = models.CharField(max_length=12, choices=Reason)
    lines = models.JSONField(default=list, help_text=_("[{product_id, quantity}] of what came back."))
    restocked = models.BooleanField(default=False)
    at = models.DateTimeField(default=clock.now)

    class Meta:
        verbose_name = _("refund")
        verbose_name_plural = _("refunds")
        indexes = [models.Index(fields=["at"], name="refund_at")]

    def __str__(self) -> str:
        return f"{self.order_id}: {self.amount}"
