"""The filter language: what a product must be to be shown, to be boosted or buried, as an expression over product facts.

``parsing.py`` makes a condition of a text: ``reading.py`` by Python's grammar a tree, ``meaning.py`` of that typed nodes, with
``comparing.py`` (what may be compared) and ``values.py`` (what the catalogue has); ``errors.py`` knows places.

``nodes.py``, ``conditions.py`` and ``attributes.py`` evaluate over ``columns.py``, the facts as arrays; ``masks.py`` answers for
products. ``vocabulary.py`` is what may be named.
"""

from recommender.slots.filters.errors import FilterError
from recommender.slots.filters.masks import Filter
from recommender.slots.filters.parsing import parse

__all__ = ["Filter", "FilterError", "parse"]
