"""A rule as a sentence, in the active language."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, override

from push.audiences import rules
from push.audiences.models import Segment
from push.audiences.rules import Node
from push.channels import CHANNELS
from push.preferences.changing import topic_name
from shop.events.wording import event_name

NAMES = {
    "age_band": gettext_lazy("age"),
    "gender": gettext_lazy("gender"),
    "place": gettext_lazy("place"),
    "locale": gettext_lazy("language"),
    "time_zone": gettext_lazy("time zone"),
    "personalised": gettext_lazy("personalisation"),
    "simulated": gettext_lazy("simulated"),
    "days_since_joining": gettext_lazy("days since joining"),
}
OPERATORS = {
    "is": gettext_lazy("%(name)s is %(value)s"),
    "is_not": gettext_lazy("%(name)s is not %(value)s"),
    "in": gettext_lazy("%(name)s is one of %(value)s"),
    "at_least": gettext_lazy("%(name)s is at least %(value)s"),
    "at_most": gettext_lazy("%(name)s is at most %(value)s"),
    "known": gettext_lazy("%(name)s is known"),
    "unknown": gettext_lazy("%(name)s is unknown"),
}
ORDERS = {
    ("count", "at_least"): gettext_lazy("ordered at least %(value)g times"),
    ("count", "at_most"): gettext_lazy("ordered at most %(value)g times"),
    ("spend", "at_least"): gettext_lazy("spent at least %(value)g"),
    ("spend", "at_most"): gettext_lazy("spent at most %(value)g"),
    ("days_since_last", "at_least"): gettext_lazy("ordered last %(value)g days ago or longer"),
    ("days_since_last", "at_most"): gettext_lazy("ordered within the last %(value)g days"),
}


def sentence(rule: Any, language: str | None = None) -> str:
    """Who a rule (JSON) holds for, in words.

    Raises:
        RuleError: the rule is wrong.
    """
    node = rules.parse(rule)
    if language is None:
        return _("Shoppers: %(rule)s.") % {"rule": words(node)}
    with override(language):
        return _("Shoppers: %(rule)s.") % {"rule": words(node)}


def words(node: Node) -> str:
    """A node in words, without a full stop."""
    if isinstance(node, rules.All):
        return _group(node.of, _(" and ")) if node.of else _("everybody")
    if isinstance(node, rules.AnyOf):
        return _group(node.of, _(" or ")) if node.of else _("nobody")
    if isinstance(node, rules.Not):
        return _("not (%(rule)s)") % {"rule": words(node.of)}
    return _leaf(node)


def _group(nodes: list[Node], joint: str) -> str:
    def part(node: Node) -> str:
        nested = isinstance(node, rules.All | rules.AnyOf) and len(node.of) > 1
        return f"({words(node)})" if nested else words(node)

    return joint.join(part(node) for node in nodes)


def _leaf(node: Node) -> str:
    if isinstance(node, rules.Attribute):
        value = ", ".join(node.value) if isinstance(node.value, list) else node.value
        if isinstance(value, bool):
            value = _("yes") if value else _("no")
        return str(OPERATORS[node.op]) % {"name": NAMES.get(node.name, node.name.replace(".", " ")), "value": value}
    if isinstance(node, rules.Did | rules.DidNot):
        return _behaviour(node)
    if isinstance(node, rules.Orders):
        return str(ORDERS[node.measure, node.op]) % {"value": node.value} + _period(node.within_days)
    if isinstance(node, rules.ConsentTo):
        return _("agreed to %(channel)s (%(topic)s)") % {
            "channel": CHANNELS.get(node.channel).label if node.channel in CHANNELS else node.channel,
            "topic": topic_name(node.topic),
        }
    if isinstance(node, rules.InBucket):
        return _("drawn at random: %(share)g %% of all") % {"share": (node.high - node.low) / 100}
    if isinstance(node, rules.InSegment):
        name = Segment.objects.filter(pk=node.segment).values_list("name", flat=True).first()
        return _("in segment “%(name)s”") % {"name": name or node.segment}
    raise TypeError(f"no words for {type(node).__name__}")


def _behaviour(node: rules.Did | rules.DidNot) -> str:
    event = event_name(node.event)
    if isinstance(node, rules.DidNot):
        text = (
            _("did not “%(event)s”") % {"event": event}
            if node.times == 1
            else _("did “%(event)s” fewer than %(times)d times") % {"event": event, "times": node.times}
        )
    else:
        once = node.times == 1
        text = _("did “%(event)s” at least once") if once else _("did “%(event)s” at least %(times)d times")
        text %= {"event": event, "times": node.times}
    about = {"product": node.product_id, "category": node.category, **node.properties}
    where = ", ".join(f"{name} {value}" for name, value in about.items() if value != "")
    return text + (_(" (%(where)s)") % {"where": where} if where else "") + _period(node.within_days)


def _period(days: int | None) -> str:
    if days is None:
        return ""
    return ngettext(" in the last day", " in the last %(days)d days", days) % {"days": days}
