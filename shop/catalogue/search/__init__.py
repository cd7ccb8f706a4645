"""Search of the catalogue: PostgreSQL full text and trigrams over English and Chinese, facets, sort, numbered pages, cursors.

search("cofee", filters={"brand": ["Tansy"]}, sort="price") -> SearchPage
suggest("cof", "en") -> Suggestions
refresh(["1082185"]) brings what is searched in line with the products (saving and importing do it)
"""

from shop.catalogue.search.alternatives import Alternatives
from shop.catalogue.search.facets import Facet, FacetValue
from shop.catalogue.search.index import refresh
from shop.catalogue.search.paging import SORTS
from shop.catalogue.search.searching import SearchPage, search
from shop.catalogue.search.suggesting import Suggestions, suggest

__all__ = ["SORTS", "Alternatives", "Facet", "FacetValue", "SearchPage", "Suggestions", "refresh", "search", "suggest"]
