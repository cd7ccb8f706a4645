"""The filter language: what a product must be to be shown, to be boosted or buried, as an expression over product facts.

``parsing.py`` reads it and says what is wrong where, ``vocabulary.py`` is what may be named, ``columns.py`` the facts as arrays,
``masks.py`` answers for products.
"""

from recommender.slots.filters.masks import Filter
from recommender.slots.filters.parsing import FilterError, parse

__all__ = ["Filter", "FilterError", "parse"]
