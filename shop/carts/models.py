"""Carts: what somebody means to buy."""

from __future__ import annotations

import uuid

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from shop import clock
from shop.catalogue.models import Product
from shop.people.models import Shopper


class Cart(models.Model):
    """A cart of a visitor or a shopper; at most one is open for each."""

    class Status(models.TextChoices):
        OPEN = "open", _("Open")
        ORDERED = "ordered", _("Ordered")
        MERGED = "merged", _("Merged into another")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    visitor_id = models.CharField(max_length=64, db_index=True)
    shopper = models.ForeignKey(Shopper, on_delete=models.CASCADE, null=True, blank=True, related_name="carts")
    status = models.CharField(max_length=8, choices=Status, default=Status.OPEN)
    from_events = models.BooleanField(
        default=False, help_text=_("Kept from events of a shop elsewhere, not by the storefront.")
    )
    coupon_code = models.CharField(max_length=40, blank=True)
    created_at = models.DateTimeField(default=clock.now)
    updated_at = models.DateTimeField(default=clock.now)

    class Meta:
        verbose_name = _("cart")
        verbose_name_plural = _("carts")
        constraints = [
            models.UniqueConstraint(
                fields=["shopper"],
                condition=models.Q(status="open", shopper__isnull=False),
                name="cart_one_open_per_shopper",
            ),
            models.UniqueConstraint(
                fields=["visitor_id"],
                condition=models.Q(status="open", shopper__isnull=True),
                name="cart_one_open_per_visitor",
            ),
        ]
        indexes = [models.Index(fields=["status", "updated_at"], name="cart_idle")]

    def __str__(self) -> str:
        return f"cart {self.pk}"


class CartLine(models.Model):
    """A product in a cart, with the price at which it was put there."""

    cart = models.ForeignKey(Cart, on_delete=models.CASCADE, related_name="lines")
    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="+")
    quantity = models.PositiveIntegerField(validators=[MinValueValidator(1), MaxValueValidator(99)])
    price_when_added = models.DecimalField(max_digits=10, decimal_places=2)
    slate_id = models.UUIDField(null=True, blank=True, help_text=_("The slate it was added from."))
    added_at = models.DateTimeField(default=clock.now)

    class Meta:
        verbose_name = _("cart line")
        verbose_name_plural = _("cart lines")
        constraints = [models.UniqueConstraint(fields=["cart", "product"], name="cart_line_once")]
        ordering = ["added_at", "id"]

    def __str__(self) -> str:
        return f"{self.quantity} x {self.product_id}"
