"""Rules compiled to conditions of the ORM: no text of a user ever becomes SQL."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import Case, CharField, Count, F, Max, OuterRef, Q, QuerySet, Subquery, Sum, When
from django.db.models.functions import Cast
from django.db.models.lookups import GreaterThanOrEqual, LessThan
from django.utils.translation import gettext as _

from push.audiences import rules
from push.audiences.buckets import Bucket
from push.audiences.models import Segment
from push.audiences.rules import Node, RuleError
from push.channels.agreement import who_agrees
from shop import clock
from shop.catalogue.models import Product
from shop.events.ids import lowest_id
from shop.events.models import Event
from shop.orders.models import Order
from shop.people.models import Shopper, Visitor

MAX_SEGMENTS_DEEP = 5
COUNTED_ORDERS = (Order.Status.PAID, Order.Status.SHIPPED)


def shoppers(rule: Any) -> QuerySet[Shopper]:
    """The shoppers a rule (JSON) holds for, erased ones never.

    Raises:
        RuleError: the rule is wrong.
    """
    return Shopper.objects.filter(erased_at=None).filter(condition(rules.parse(rule)))


def require_usable(rule: Any) -> None:
    """Check a rule (JSON) as a whole: its shape, and the segments that it names.

    Raises:
        RuleError: with the place of the mistake.
    """
    for path, node in rules.walk(rules.parse(rule)):
        if isinstance(node, rules.InSegment):
            try:
                _in_segment(node, 0)
            except RuleError as error:
                raise RuleError(f"{path}.segment", error.message) from None


def members(segment: Segment | None) -> QuerySet[Shopper]:
    """The shoppers of a segment; ``None``: everybody."""
    return shoppers(segment.rule if segment is not None else {})


def condition(node: Node, deep: int = 0) -> Q:
    """A node as a condition on ``Shopper``.

    Raises:
        RuleError: a segment that is gone, or segments that hold each other.
    """
    if isinstance(node, rules.All):
        return _joined([condition(part, deep) for part in node.of], Q.AND)
    if isinstance(node, rules.AnyOf):
        return _joined([condition(part, deep) for part in node.of], Q.OR) if node.of else Q(pk__in=[])
    if isinstance(node, rules.Not):
        return ~condition(node.of, deep)
    if isinstance(node, rules.InSegment):
        return _in_segment(node, deep)
    return _leaf(node)


def _joined(parts: list[Q], connector: str) -> Q:
    joined = Q(_connector=connector)
    for part in parts:
        joined.add(part, connector)
    return joined


def _in_segment(node: rules.InSegment, deep: int) -> Q:
    if deep >= MAX_SEGMENTS_DEEP:
        raise RuleError("$", _("segments hold each other, or more than five deep"))
    segment = Segment.objects.filter(pk=node.segment).first()
    if segment is None:
        raise RuleError("$", _("no segment %(number)s") % {"number": node.segment})
    return condition(rules.parse(segment.rule), deep + 1)


def _leaf(node: Node) -> Q:
    if isinstance(node, rules.Attribute):
        return _attribute(node)
    if isinstance(node, rules.Did):
        return Q(pk__in=_who_did(node))
    if isinstance(node, rules.DidNot):
        return ~Q(pk__in=_who_did(node))
    if isinstance(node, rules.Orders):
        return _orders(node)
    if isinstance(node, rules.ConsentTo):
        return who_agrees(node.channel, node.topic)
    if isinstance(node, rules.InBucket):
        bucket = Bucket(settings.BUCKET_SALT, F("id"))
        return Q(GreaterThanOrEqual(bucket, node.low)) & Q(LessThan(bucket, node.high))
    raise TypeError(f"no condition for {type(node).__name__}")


_OPERATORS = {"is": "exact", "is_not": "exact", "in": "in", "at_least": "gte", "at_most": "lte"}


def _attribute(node: rules.Attribute) -> Q:
    field = node.name.replace(".", "__")
    if node.name == "days_since_joining":
        limit = clock.now() - timedelta(days=float(node.value or 0))  # type: ignore[arg-type]
        return Q(created_at__lte=limit) if node.op == "at_least" else Q(created_at__gte=limit)
    if node.op in ("known", "unknown"):
        empty = Q(**{f"{field}__isnull": True}) if "." in node.name else Q(**{field: ""})
        return empty if node.op == "unknown" else ~empty
    found = Q(**{f"{field}__{_OPERATORS[node.op]}": node.value})
    return ~found if node.op == "is_not" else found


def _who_did(node: rules.Did | rules.DidNot) -> QuerySet[Event, Any]:
    """Ids of those who did it often enough; what a visitor did before becoming a shopper is the shopper's."""
    events = Event.objects.filter(type=node.event)
    if node.within_days is not None:
        # The id is a UUIDv7: a range of ids is a range of time, and prunes partitions.
        events = events.filter(id__gte=lowest_id(clock.now() - timedelta(days=node.within_days)))
    if node.product_id:
        events = events.filter(product_id=node.product_id)
    if node.category:
        path = Q(category__path=node.category) | Q(category__path__startswith=f"{node.category}/")
        events = events.filter(product_id__in=Product.objects.filter(path).values("pk"))
    if node.properties:
        events = events.filter(properties__contains=node.properties)
    linked = Subquery(Visitor.objects.filter(pk=OuterRef("visitor_id")).values("shopper_id")[:1])
    who = Case(When(shopper_id="", then=linked), default=Cast("shopper_id", CharField()), output_field=CharField())
    often = events.annotate(who=who).filter(who__isnull=False).values("who").annotate(times=Count("id"))
    return often.filter(times__gte=node.times).values("who")


def _orders(node: rules.Orders) -> Q:
    orders = Order.objects.filter(shopper__isnull=False, status__in=COUNTED_ORDERS)
    if node.within_days is not None:
        orders = orders.filter(placed_at__gte=clock.now() - timedelta(days=node.within_days))
    if node.measure == "days_since_last":
        limit = clock.now() - timedelta(days=node.value)
        last = orders.values("shopper").annotate(last=Max("placed_at"))
        past = last.filter(last__lte=limit) if node.op == "at_least" else last.filter(last__gte=limit)
        return Q(pk__in=past.values("shopper"))
    measure = Count("id") if node.measure == "count" else Sum(F("total") - F("refunded"))
    sums = orders.values("shopper").annotate(sum=measure)
    if node.op == "at_least":
        return Q(pk__in=sums.filter(sum__gte=node.value).values("shopper")) if node.value > 0 else Q()
    # At most: who never ordered has 0, so the others are taken out.
    return ~Q(pk__in=sums.filter(sum__gt=node.value).values("shopper"))
