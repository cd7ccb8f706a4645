"""The rule tree of a segment: typed nodes read from JSON, refused with the place of the mistake.

A node is an object with a ``type``. Groups: ``all``, ``any`` (``of``: nodes), ``not`` (``of``: one node). Leaves: ``attribute``,
``did``, ``did_not``, ``orders``, ``consent``, ``in_segment``, ``bucket``. An empty rule is everybody.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

import msgspec
from django.utils.translation import gettext as _

Days = Annotated[int, msgspec.Meta(ge=1, le=3650)]
Count = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
BucketNumber = Annotated[int, msgspec.Meta(ge=0, le=10_000)]
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]

# Attribute name to the kind of value it holds.
ATTRIBUTES: dict[str, str] = {
    "age_band": "text",
    "gender": "text",
    "place": "text",
    "locale": "text",
    "time_zone": "text",
    "personalised": "truth",
    "simulated": "truth",
    "days_since_joining": "number",
}
OPEN_ATTRIBUTES = ("household", "attributes")  # household.size, attributes.anything
# Which operators make sense for a kind of value.
OPERATORS: dict[str, frozenset[str]] = {
    "text": frozenset({"is", "is_not", "in", "known", "unknown"}),
    "truth": frozenset({"is", "is_not"}),
    "number": frozenset({"at_least", "at_most"}),
    "any": frozenset({"is", "is_not", "in", "at_least", "at_most", "known", "unknown"}),
}
MOST_DAYS = 36_500
MAX_DEPTH = 12
MAX_NODES = 200


class RuleError(ValueError):
    """A rule that cannot be used. ``path`` names the node, such as ``$.of[1].value``."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(f"{path}: {message}")
        self.path = path
        self.message = message


class _Node(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type"):
    pass


class All(_Node, frozen=True, tag="all"):
    """Every one of the nodes holds; none: everybody."""

    of: list[Node]


class AnyOf(_Node, frozen=True, tag="any"):
    """At least one of the nodes holds; none: nobody."""

    of: list[Node]


class Not(_Node, frozen=True, tag="not"):
    """The node does not hold."""

    of: Node


class Attribute(_Node, frozen=True, tag="attribute"):
    """A fact of the profile. ``known`` and ``unknown`` need no value; ``in`` takes a list."""

    name: Text
    op: Literal["is", "is_not", "in", "at_least", "at_most", "known", "unknown"] = "is"
    value: str | float | bool | list[str] | None = None


class _Behaviour(_Node, frozen=True):
    event: Annotated[str, msgspec.Meta(pattern="^[a-z][a-z0-9_]{0,47}$")]
    times: Count = 1
    within_days: Days | None = None
    product_id: str = ""
    category: str = ""  # path of a category, those below it included
    properties: dict[str, str | float | bool] = {}


class Did(_Behaviour, frozen=True, tag="did"):
    """Did the event at least ``times`` times within the period."""


class DidNot(_Behaviour, frozen=True, tag="did_not"):
    """Did the event fewer than ``times`` times within the period."""


class Orders(_Node, frozen=True, tag="orders"):
    """Recency, frequency, money. ``days_since_last`` looks at the last order ever; who never ordered has none."""

    measure: Literal["count", "spend", "days_since_last"]
    op: Literal["at_least", "at_most"]
    value: Annotated[float, msgspec.Meta(ge=0, le=1_000_000_000)]
    within_days: Days | None = None


class ConsentTo(_Node, frozen=True, tag="consent"):
    """Has agreed to a channel (newest statement)."""

    channel: Text
    topic: Text = "marketing"


class InSegment(_Node, frozen=True, tag="in_segment"):
    """Is in another segment."""

    segment: int


class InBucket(_Node, frozen=True, tag="bucket"):
    """Falls into a random range of the 10 000 buckets: low <= bucket < high."""

    low: BucketNumber = 0
    high: BucketNumber = 10_000


Node = All | AnyOf | Not | Attribute | Did | DidNot | Orders | ConsentTo | InSegment | InBucket


def parse(rule: Any) -> Node:
    """Read a rule from its JSON.

    Raises:
        RuleError: with the path of the node that is wrong.
    """
    if rule in ({}, None):
        return All(of=[])
    try:
        node: Node = msgspec.convert(rule, Node)
    except msgspec.ValidationError as error:
        message, _at, path = str(error).partition(" - at `")
        raise RuleError(path.rstrip("`") or "$", message) from None
    except RecursionError:
        raise RuleError("$", _("nested too deeply")) from None
    for count, (path, part) in enumerate(walk(node), 1):
        if count > MAX_NODES:
            raise RuleError(path, _("more than %(count)d conditions") % {"count": MAX_NODES})
        _check(path, part)
    return node


def walk(node: Node, path: str = "$", depth: int = 0) -> Iterator[tuple[str, Node]]:
    """Every node with its path, from the root down.

    Raises:
        RuleError: deeper than ``MAX_DEPTH``.
    """
    if depth > MAX_DEPTH:
        raise RuleError(path, _("nested too deeply"))
    yield path, node
    if isinstance(node, All | AnyOf):
        for index, part in enumerate(node.of):
            yield from walk(part, f"{path}.of[{index}]", depth + 1)
    elif isinstance(node, Not):
        yield from walk(node.of, f"{path}.of", depth + 1)


def _check(path: str, node: Node) -> None:
    if isinstance(node, Attribute):
        _check_attribute(path, node)
    elif isinstance(node, InBucket) and node.low > node.high:
        raise RuleError(f"{path}.low", _("the range ends before it begins"))
    elif isinstance(node, Orders) and node.measure == "days_since_last" and node.within_days is not None:
        raise RuleError(f"{path}.within_days", _("days since the last order take no period"))
    elif isinstance(node, Orders) and node.measure == "days_since_last" and node.value > MOST_DAYS:
        raise RuleError(f"{path}.value", _("at most %(days)d days") % {"days": MOST_DAYS})


def _check_attribute(path: str, node: Attribute) -> None:
    room, _dot, rest = node.name.partition(".")
    kind = ATTRIBUTES.get(node.name) or ("any" if room in OPEN_ATTRIBUTES and rest else "")
    if not kind:
        known = ", ".join([*ATTRIBUTES, *(f"{name}.…" for name in OPEN_ATTRIBUTES)])
        raise RuleError(f"{path}.name", _("no such attribute; there are %(known)s") % {"known": known})
    if not all(map(_is_key, rest.split(".") if rest else [])):
        raise RuleError(f"{path}.name", _("no such attribute"))
    if node.op not in OPERATORS[kind]:
        allowed = ", ".join(sorted(OPERATORS[kind]))
        raise RuleError(f"{path}.op", _("%(name)s takes %(allowed)s") % {"name": node.name, "allowed": allowed})
    if wants := _wanted_value(node, kind):
        raise RuleError(f"{path}.value", wants)


def _is_key(part: str) -> bool:
    """Whether a part of a dotted name is a key of an object: numbers would be places in a list."""
    try:
        int(part)
    except ValueError:
        return part != "" and part.isprintable() and "__" not in part
    return False


def _wanted_value(node: Attribute, kind: str) -> str:
    """What the value should be, in words; empty where it is."""
    value = node.value
    if node.op in ("known", "unknown"):
        return "" if value is None else _("takes no value")
    if node.op == "in":
        return "" if isinstance(value, list) and value else _("a list of words is needed")
    if node.op in ("at_least", "at_most"):
        if not isinstance(value, int | float) or isinstance(value, bool):
            return _("a number is needed")
        if kind == "number" and not 0 <= value <= MOST_DAYS:
            return _("a number from 0 to %(most)d is needed") % {"most": MOST_DAYS}
        return ""
    if kind == "truth":
        return "" if isinstance(value, bool) else _("true or false is needed")
    return _("a value is needed") if isinstance(value, list) or value is None else ""
