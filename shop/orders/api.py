"""REST: orders, read, and taken from the shop's own system."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, ClassVar

from django.http import Http404
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail
from rest_framework.request import Request
from rest_framework.response import Response

from shop import clock
from shop.api import etags
from shop.api.endpoints import Endpoint, ListQuery, documented, given, page_of
from shop.api.id_patterns import SHOPPER_PATTERN
from shop.api.idempotency import idempotent
from shop.api.ids import id_field
from shop.api.keys import audit, key_of
from shop.api.problems import Conflict, nested
from shop.operators.audit import by_key
from shop.orders import changing
from shop.orders.importing import UnknownRow, import_order
from shop.orders.models import Order, Refund

MOST_LINES = 200
PERSONAL = ("email", "name", "phone", "street", "postcode")


class LineSerializer(serializers.Serializer):
    """A line: a product at the price paid."""

    product_id = id_field()
    quantity = serializers.IntegerField(min_value=1, max_value=9_999)
    unit_price = serializers.DecimalField(max_digits=8, decimal_places=2, min_value=Decimal(0), max_value=Decimal(9999))


class OrderInSerializer(serializers.Serializer):
    """An order of the shop's own system; `reference` is its key there, so sending it twice makes one order."""

    reference = id_field()
    shopper_id = id_field(SHOPPER_PATTERN, required=False)
    visitor_id = serializers.RegexField(r"^[A-Za-z0-9_.:-]{8,64}\Z", required=False, max_length=64)
    lines = LineSerializer(many=True, min_length=1, max_length=MOST_LINES)  # type: ignore[call-arg]
    delivery = serializers.DecimalField(
        max_digits=8, decimal_places=2, min_value=Decimal(0), default=Decimal(0), max_value=Decimal(9999)
    )
    discount = serializers.DecimalField(
        max_digits=8, decimal_places=2, min_value=Decimal(0), default=Decimal(0), max_value=Decimal(9999)
    )
    placed_at = serializers.DateTimeField(required=False, help_text="UTC; now where it is missing.")

    def validate_lines(self, lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """A product stands once, and the sum fits the books."""
        ids = [line["product_id"] for line in lines]
        if len(ids) != len(set(ids)):
            raise serializers.ValidationError("A product stands in more than one line: add the quantities.")
        if sum(line["quantity"] * line["unit_price"] for line in lines) >= Decimal(10_000_000):
            raise serializers.ValidationError("The order is worth more than 9 999 999.99.")
        return lines

    def validate_placed_at(self, placed_at: Any) -> Any:
        """Within the last ten years, and not in the future."""
        age = (clock.now() - placed_at).days
        if not -1 <= age <= 3660:
            raise serializers.ValidationError("Neither in the future nor older than ten years.")
        return placed_at


class OrderSerializer(serializers.Serializer):
    """An order as shown; who and where only to keys with `shoppers:personal`."""

    id = serializers.UUIDField()
    number = serializers.CharField()
    reference = serializers.CharField(allow_null=True)
    shopper_id = serializers.CharField(allow_null=True)
    visitor_id = serializers.CharField(allow_blank=True)
    status = serializers.ChoiceField(Order.Status.choices)
    lines = LineSerializer(many=True)
    subtotal = serializers.DecimalField(max_digits=10, decimal_places=2)
    delivery = serializers.DecimalField(max_digits=10, decimal_places=2)
    discount = serializers.DecimalField(max_digits=10, decimal_places=2)
    total = serializers.DecimalField(max_digits=10, decimal_places=2)
    refunded = serializers.DecimalField(max_digits=10, decimal_places=2, help_text="What was given back so far.")
    currency = serializers.CharField()
    town = serializers.CharField(allow_blank=True)
    country = serializers.CharField(allow_blank=True)
    source = serializers.CharField()  # type: ignore[assignment]
    simulated = serializers.BooleanField()
    placed_at = serializers.DateTimeField()
    email = serializers.CharField(required=False, allow_blank=True)
    name = serializers.CharField(required=False, allow_blank=True)
    phone = serializers.CharField(required=False, allow_blank=True)
    street = serializers.CharField(required=False, allow_blank=True)
    postcode = serializers.CharField(required=False, allow_blank=True)

    def to_representation(self, order: Order) -> dict[str, Any]:
        """Without what this key may not see."""
        shown: dict[str, Any] = super().to_representation(order)
        if not key_of(self.context["request"]).allows("shoppers:personal"):
            for field in PERSONAL:
                del shown[field]
        return shown


class OrderQuery(ListQuery):
    """Filters of the list of orders."""

    shopper_id = id_field(SHOPPER_PATTERN, required=False)
    status = serializers.ChoiceField(Order.Status.choices, required=False)
    reference = id_field(required=False)
    placed_from = serializers.DateTimeField(required=False)
    placed_until = serializers.DateTimeField(required=False, help_text="Exclusive.")
    simulated = serializers.BooleanField(required=False, allow_null=True, default=None)


class OrdersEndpoint(Endpoint):
    """All orders."""

    scopes: ClassVar[dict[str, str]] = {"GET": "orders:read", "POST": "orders:write"}

    @documented("List orders", query=OrderQuery, responses=page_of(OrderSerializer), tags=["orders"])
    def get(self, request: Request) -> Response:
        """Newest first."""
        query = self.query(request, OrderQuery)
        orders = Order.objects.prefetch_related("lines")
        same: dict[str, Any] = {
            str(name): query[name] for name in ("shopper_id", "status", "reference") if name in query
        }
        if query["simulated"] is not None:
            same["simulated"] = query["simulated"]
        if "placed_from" in query:
            same["placed_at__gte"] = query["placed_from"]
        if "placed_until" in query:
            same["placed_at__lt"] = query["placed_until"]
        return self.page(request, orders.filter(**same), query, OrderSerializer, ("-placed_at", "id"))

    @documented(
        "Send an order of your own system",
        request=OrderInSerializer,
        responses={200: OrderSerializer, 201: OrderSerializer},
        tags=["orders"],
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """201 for a new one; 200 with the order that is there where the reference came before. Takes no stock."""
        self.query(request)
        fields = given(request, OrderInSerializer)
        try:
            order, created = import_order(fields.pop("reference"), fields.pop("lines"), **fields)
        except UnknownRow as unknown:
            raise serializers.ValidationError(
                nested(unknown.pointer, ErrorDetail(str(unknown), code="not_found"))
            ) from None
        if created:
            audit(request, "order.import", {"number": order.number}, order)
        data = OrderSerializer(order, context={"request": request}).data
        return etags.answer(request, data, 201 if created else 200)


class OrderEndpoint(Endpoint):
    """One order."""

    scopes: ClassVar[dict[str, str]] = {"GET": "orders:read"}

    @documented("Read an order", responses=OrderSerializer, tags=["orders"])
    def get(self, request: Request, order_id: Any) -> Response:
        """By its id."""
        self.query(request)
        return _shown(request, _find(order_id))


class OrderReasonSerializer(serializers.Serializer):
    """Why; it stands in the audit log."""

    reason = serializers.CharField(max_length=200, required=False, default="")


class ReturnedSerializer(serializers.Serializer):
    """Pieces of a line that came back."""

    product_id = id_field()
    quantity = serializers.IntegerField(min_value=1, max_value=9_999)


class RefundSerializer(serializers.Serializer):
    """What is given back; with neither `lines` nor `amount` everything that is left."""

    lines = ReturnedSerializer(many=True, required=False, max_length=MOST_LINES)  # type: ignore[call-arg]
    amount = serializers.DecimalField(
        max_digits=10,
        decimal_places=2,
        min_value=Decimal("0.01"),
        max_value=Decimal(10_000_000),
        required=False,
        help_text="Without it, what the lines cost.",
    )
    reason = serializers.ChoiceField(
        [choice for choice in Refund.Reason.choices if choice[0] != Refund.Reason.CANCELLED],
        default=Refund.Reason.RETURNED.value,
    )
    restock = serializers.BooleanField(default=True, help_text="Whether what came back can be sold again.")

    def validate_lines(self, lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """A product stands once."""
        if len({line["product_id"] for line in lines}) != len(lines):
            raise serializers.ValidationError("A product stands in more than one line: add the quantities.")
        return lines


class ConfirmEndpoint(Endpoint):
    """The bank's yes to a pending order."""

    scopes: ClassVar[dict[str, str]] = {"POST": "orders:write"}

    @documented("Confirm an order", request=OrderReasonSerializer, responses=OrderSerializer, tags=["orders"])
    @idempotent
    def post(self, request: Request, order_id: Any) -> Response:
        """It is paid from now on. 409: it was cancelled meanwhile."""
        self.query(request)
        return _change(request, order_id, changing.confirm)


class ShipEndpoint(Endpoint):
    """The parcel leaves."""

    scopes: ClassVar[dict[str, str]] = {"POST": "orders:write"}

    @documented("Send an order", request=OrderReasonSerializer, responses=OrderSerializer, tags=["orders"])
    @idempotent
    def post(self, request: Request, order_id: Any) -> Response:
        """From now on it cannot be cancelled. 409: it is not paid."""
        self.query(request)
        return _change(request, order_id, changing.ship)


class CancelEndpoint(Endpoint):
    """Calling an order off."""

    scopes: ClassVar[dict[str, str]] = {"POST": "orders:write"}

    @documented("Cancel an order", request=OrderReasonSerializer, responses=OrderSerializer, tags=["orders"])
    @idempotent
    def post(self, request: Request, order_id: Any) -> Response:
        """Stock and money go back, once. 409: it is on its way already."""
        self.query(request)
        return _change(request, order_id, changing.cancel)


class RefundEndpoint(Endpoint):
    """Giving money back."""

    scopes: ClassVar[dict[str, str]] = {"POST": "orders:write"}

    @documented("Refund an order", request=RefundSerializer, responses=OrderSerializer, tags=["orders"])
    @idempotent
    def post(self, request: Request, order_id: Any) -> Response:
        """Send an `Idempotency-Key`: without one, a retry gives back twice. 409: less is left than asked for."""
        self.query(request)
        fields = given(request, RefundSerializer)
        if "lines" in fields:
            fields["lines"] = {line["product_id"]: line["quantity"] for line in fields["lines"]}
        fields["reason"] = Refund.Reason(fields["reason"])
        return _act(request, order_id, lambda order: changing.refund(order, **fields))


def _find(order_id: Any) -> Order:
    order = Order.objects.filter(pk=order_id).first()
    if order is None:
        raise Http404
    return order


def _shown(request: Request, order: Order) -> Response:
    return etags.answer(request, OrderSerializer(order, context={"request": request}).data)


def _change(request: Request, order_id: Any, act: Callable[..., Order]) -> Response:
    reason = given(request, OrderReasonSerializer)["reason"]
    return _act(request, order_id, lambda order: act(order, reason=reason))


def _act(request: Request, order_id: Any, act: Callable[[Order], Any]) -> Response:
    order = _find(order_id)
    try:
        with by_key(key_of(request).prefix):
            act(order)
    except changing.NotPossible as refused:
        raise Conflict(str(refused)) from None
    order.refresh_from_db()
    return _shown(request, order)
