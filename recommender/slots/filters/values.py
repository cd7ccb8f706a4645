"""What there is in the catalogue that a condition may name: categories, brands, tags, attributes; and what was probably meant."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Collection, Iterator, Mapping

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from recommender.slots.filters.attributes import Attribute, AttributeHolds, AttributeNumber
from recommender.slots.filters.columns import AttributeValues
from recommender.slots.filters.errors import Source
from recommender.slots.filters.nodes import Node
from recommender.slots.filters.vocabulary import ATTRIBUTES, Kind

# Names that a message lists.
MOST_NAMES = 12
# How an attribute of each kind is compared.
EXAMPLES = {"text": '== "…"', "number": "< 5", "truth": "== true"}
HOLDS = {"text": gettext_lazy("texts"), "number": gettext_lazy("numbers"), "truth": gettext_lazy("yes or no")}
KINDS_OF_ATTRIBUTES = {"text": Kind.TEXT, "number": Kind.NUMBER, "truth": Kind.TRUTH}


class Values:
    """What there is; of what is not known everything may be.

    Args:
        known: as for :func:`recommender.slots.filters.parse`.
        source: of which parts are refused.
    """

    def __init__(self, known: Mapping[str, Collection[str]], source: Source) -> None:
        self.known, self.source = known, source

    def must_have(self, fact: str, value: str, at: ast.expr) -> None:
        """Refuse a value of a fact that no product has."""
        known = self.known.get("category" if fact == "department" else fact)
        if known is not None and value not in known:
            raise self.source.error(at, _unknown(_("No product, category or tag is called so. "), value, known))

    def must_have_attribute(self, name: str, at: ast.expr) -> None:
        """Refuse an attribute that no product has."""
        held = self.known.get(ATTRIBUTES)
        if held is None or name in held:
            return
        if not held:
            said = _("No product has attributes yet: they come with the products, by import or API.")
        elif near := list(_near(name, held)):
            words = ", ".join(f"“{each}”" for each in near)
            said = _("No product has an attribute of that name. Did you mean %(near)s?") % {"near": words}
        else:
            names = [*list(held)[:MOST_NAMES], *(["…"] if len(held) > MOST_NAMES else [])]
            said = _("No product has an attribute of that name; there are %(names)s.") % {"names": ", ".join(names)}
        raise self.source.error(at, said)

    def must_have_text(self, attribute: Attribute, value: str, at: ast.expr) -> None:
        """Refuse a text that no product has as that attribute."""
        held = self._of_attribute(attribute.name)
        if held is not None and value not in held.texts:
            raise self.source.error(at, _unknown(_("No product has this value. "), value, held.texts))

    def attribute_as(self, kind: Kind, node: Attribute, at: ast.expr) -> Node:
        """An attribute as what it is compared with; refused where no product has one of that kind."""
        held = self._of_attribute(node.name)
        kinds = {KINDS_OF_ATTRIBUTES[each] for each in held.kinds} if held is not None else {kind}
        if kind in (Kind.NUMBER, Kind.TRUTH, Kind.TEXT) and kinds and kind not in kinds:
            first = sorted(held.kinds)[0] if held is not None else "text"
            said = _("“%(name)s” holds %(kind)s: write %(written)s %(example)s")
            written = f"attributes.{node.name}" if node.name.isidentifier() else f'attributes["{node.name}"]'
            values = {"name": node.name, "kind": HOLDS[first], "written": written, "example": EXAMPLES[first]}
            raise self.source.error(at, said % values)
        if kind is Kind.NUMBER:
            return AttributeNumber(node.name, node.of_view)
        return AttributeHolds(node) if kind is Kind.TRUTH else node

    def _of_attribute(self, name: str) -> AttributeValues | None:
        held = self.known.get(ATTRIBUTES)
        found = held.get(name) if isinstance(held, Mapping) else None
        return found if isinstance(found, AttributeValues) else None


def _unknown(message: str, value: str, known: Collection[str]) -> str:
    if near := list(_near(value, known)):
        message += _("Did you mean %(near)s?") % {"near": ", ".join(f'"{each}"' for each in near)}
    return message.strip()


def _near(value: str, known: Collection[str]) -> Iterator[str]:
    """At most three that were probably meant."""
    by_case = {each.lower(): each for each in known}
    words = value.lower()
    ends = [each for low, each in by_case.items() if words and low.rpartition("/")[2] == words]
    close = [by_case[low] for low in difflib.get_close_matches(words, by_case, 3)]
    yield from list(dict.fromkeys([*ends, *close]))[:3]
