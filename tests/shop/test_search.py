"""Search finds what was meant, in both languages; facets, totals and pages agree."""

from __future__ import annotations

from decimal import Decimal
from itertools import chain

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shop.catalogue.search import SORTS, refresh, search, suggest
from shop.catalogue.search.correcting import distance
from shop.catalogue.search.cursors import Cursor
from shop.models import Category, Product, SearchWord
from tests.factories.catalogue import make_category, make_product

pytestmark = pytest.mark.django_db


@pytest.fixture
def pantry():
    """A small shop of two aisles."""
    drinks = make_category(slug="drinks", name_en="Drinks", name_zh="饮料")
    coffee = make_category(slug="coffee", path="drinks/coffee", parent=drinks, name_en="Coffee", name_zh="咖啡")
    dairy = make_category(slug="dairy", name_en="Dairy", name_zh="乳品")
    made = {
        "ground": {"name_en": "Ground coffee", "name_zh": "研磨咖啡", "category": coffee, "units_sold": 90},
        "beans": {"name_en": "Coffee beans", "name_zh": "咖啡豆", "category": coffee, "units_sold": 40},
        "creamer": {"name_en": "Hazelnut coffee creamer", "name_zh": "榛子奶精", "category": dairy, "units_sold": 60},
        "milk": {"name_en": "Whole milk", "name_zh": "全脂牛奶", "category": dairy, "units_sold": 500},
        "yogurt": {"name_en": "Strawberry yogurt", "name_zh": "草莓酸奶", "category": dairy, "units_sold": 300},
        "chips": {
            "name_en": "Jalapeño potato chips",
            "name_zh": "墨西哥辣椒薯片",
            "category": dairy,
            "brand": "Alder & Oat",
        },
    }
    return {key: make_product(id=key, **fields) for key, fields in made.items()}


def _ids(query: str, **options) -> list[str]:
    return [product.pk for product in search(query, **options).products]


def test_words_find_their_products_and_the_best_first(pantry):
    assert _ids("coffee")[0] == "ground"
    assert set(_ids("coffee")) == {"ground", "beans", "creamer"}
    assert set(_ids("COFFEES")) == set(_ids("coffee"))
    assert _ids("hazelnut coffee") == ["creamer"]
    assert _ids("the coffee") == _ids("coffee")


def test_a_chinese_word_finds_its_product(pantry):
    assert _ids("牛奶") == ["milk"]
    assert _ids("酸奶") == ["yogurt"]
    assert _ids("咖啡")[0] in ("ground", "beans")
    assert _ids("辣") == ["chips"], "a word cut within is found as it stands"


def test_accents_widths_and_brands_are_found(pantry):
    assert _ids("jalapeno") == _ids("Jalapeño") == _ids("ＪＡＬＡＰＥÑＯ") == _ids("alder oat") == ["chips"]


def test_a_typo_is_corrected_said_and_can_be_refused(pantry):
    page = search("cofee")
    assert (page.corrected, page.total) == ("coffee", 3)
    assert [product.pk for product in page.products] == _ids("coffee")
    refused = search("cofee", correct=False)
    assert (refused.corrected, refused.total) == ("", 0)
    assert search("strawbery yoghurt").corrected == "strawberry yogurt"
    assert search("mlik").corrected == "milk"


def test_what_is_found_is_not_corrected(pantry):
    make_product(id="cofee", name_en="Cofee brand tea")
    assert search("cofee").corrected == ""
    assert search("coffee").corrected == ""


def test_an_id_finds_its_product_alone(pantry):
    make_product(id="1042", name_en="Coffee 7")
    assert _ids("1042") == _ids("#1042") == _ids(" #1042 ") == ["1042"]


def test_synonyms_find_each_other(pantry):
    make_product(id="cola", name_en="Classic cola")
    assert _ids("soda") == _ids("可乐") == ["cola"]


def test_a_begun_word_is_enough(pantry):
    assert _ids("strawb") == ["yogurt"]


def test_nothing_found_offers_near_queries_and_what_is_popular_there(pantry):
    page = search("coffee grinder")
    assert (page.total, page.products) == (0, [])
    assert "coffee" in page.alternatives.queries
    assert page.alternatives.category == Category.objects.get(path="drinks/coffee")
    assert [product.pk for product in page.alternatives.products] == ["ground", "beans"]
    lost = search("xqzzy").alternatives
    assert lost.category is None
    assert lost.products[0].pk == "milk"


def test_inactive_products_are_not_found_and_sold_out_ones_come_last(pantry):
    Product.objects.filter(pk="ground").update(stock=0)
    assert _ids("coffee")[-1] == "ground"
    Product.objects.filter(pk="ground").update(active=False)
    assert "ground" not in _ids("coffee")


def test_a_change_is_searchable_at_once(pantry):
    milk = pantry["milk"]
    milk.name_en = "Oat drink"
    milk.save()
    assert _ids("oat drink") == ["milk"]
    assert _ids("whole milk") == []
    milk.stock = 3
    milk.save(update_fields=["stock"])
    Product.objects.filter(pk="milk").update(name_zh="燕麦奶")
    assert _ids("燕麦") == ["milk"]
    Product.objects.bulk_create(
        [Product(id="tea", name_en="Green tea", category=milk.category, price=1)],
    )
    assert _ids("green tea") == ["tea"]
    assert search("gren tea").corrected == "green tea"
    milk.category.name_en = "Cold things"
    milk.category.save()
    assert "milk" in _ids("cold things")


def test_refreshing_all_gives_what_saving_gave(pantry):
    def vectors():
        return dict(Product.objects.values_list("id", "search"))

    before, words = vectors(), set(SearchWord.objects.values_list("word", flat=True))
    assert refresh() == len(pantry)
    assert vectors() == before
    assert set(SearchWord.objects.values_list("word", flat=True)) == words
    assert SearchWord.objects.get(word="coffee").products == 3


@given(query=st.text(max_size=250))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_no_text_whatever_breaks_search_or_suggestions(pantry, query):
    page = search(query, cursor=query, sort=query, filters={"brand": [query], "price": [query], query: [query]})
    assert page.total >= len(page.products)
    suggest(query, query)


def test_suggestions_are_queries_categories_and_products(pantry):
    found = suggest("cof")
    assert "ground coffee" in found.queries
    assert [category.path for category in found.categories] == ["drinks/coffee"]
    assert found.products[0].pk in ("ground", "creamer")
    assert suggest("牛", "zh").queries == ["全脂牛奶"]
    assert "ground coffee" in suggest("cofee").queries
    assert suggest("  ") == suggest("") == type(found)([], [], [])


# Facets, totals, pages -------------------------------------------------------------------------------------------------

FACET_VALUES = {
    "category": ["a", "a/b", "c"],
    "brand": ["Tansy", "Brindle", "Sorrel"],
    "size": ["1 lb", "2 L"],
    "price": ["-1", "1-2", "2-3", "3-5", "0.50-4"],
    "offer": ["reduced"],
    "rating": ["4.5", "4", "3"],
    "tag": ["organic", "own brand"],
    "stock": ["in"],
}


@pytest.fixture
def shelves():
    """81 products that vary in all that a facet looks at."""
    top = make_category(slug="a", path="a")
    categories = [top, make_category(slug="b", path="a/b", parent=top), make_category(slug="c", path="c")]
    for n in range(81):
        price = Decimal(n % 7) + Decimal("0.49")
        make_product(
            id=f"n{n:02}",
            name_en=f"Thing {'tea' if n % 4 else 'rice'}",
            category=categories[n % 3],
            brand=["Tansy", "Brindle", "Sorrel", ""][n % 4],
            size=["1 lb", "2 L", ""][n // 3 % 3],
            price=price,
            list_price=price + 1 if n % 5 == 0 else None,
            rating_average=[None, Decimal("3.4"), Decimal("4.1"), Decimal("4.6")][n // 2 % 4],
            rating_count=n // 2 % 4,
            tags=[["organic"], ["own brand", "organic"], []][n // 5 % 3],
            stock=n % 3,
            units_sold=n // 10,
            active=n % 20 != 0,
        )


_filters = st.fixed_dictionaries(
    {},
    optional={
        name: st.lists(st.sampled_from(values), min_size=1, unique=True) for name, values in FACET_VALUES.items()
    },
)


def _all_pages(**options) -> list[str]:
    ids, cursor = [], ""
    while True:
        page = search(cursor=cursor, page_size=7, **options)
        ids += [product.pk for product in page.products]
        cursor = page.next_cursor
        if not cursor:
            return ids


@given(filters=_filters, query=st.sampled_from(["", "tea", "rice"]), path=st.sampled_from(["", "a", "c"]))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_counts_agree_with_results(shelves, filters, query, path):
    options = {"query": query, "category_path": path}
    page = search(**options, filters=filters)
    assert page.total == len(_all_pages(**options, filters=filters))
    for facet in page.facets:
        for value in facet.values:
            chosen = search(**options, filters={**filters, facet.name: [value.value]})
            assert value.count == chosen.total, (facet.name, value)
            assert value.chosen == (value.value in filters.get(facet.name, []))
    offered = {facet.name: {value.value for value in facet.values} for facet in page.facets}
    for name, values in filters.items():
        assert set(values) <= offered.get(name, set()), name


@pytest.mark.parametrize("sort", SORTS)
def test_pages_show_everything_once_there_and_back(shelves, sort):
    query = "thing" if sort == "relevance" else ""
    whole = [product.pk for product in search(query, sort=sort, page_size=100).products]
    assert len(whole) == len(set(whole)) == Product.objects.filter(active=True).count()
    pages, cursor = [], ""
    while True:
        page = search(query, sort=sort, page_size=10, cursor=cursor)
        pages.append([product.pk for product in page.products])
        if not page.next_cursor:
            break
        cursor = page.next_cursor
    assert list(chain.from_iterable(pages)) == whole
    for expected in reversed(pages[:-1]):
        page = search(query, sort=sort, page_size=10, cursor=page.previous_cursor)
        assert [product.pk for product in page.products] == expected
    assert page.previous_cursor == ""


def test_sorts_are_what_they_say(shelves):
    prices = [p.price for p in search(sort="price", page_size=100).products]
    assert prices == sorted(prices)
    assert [p.price for p in search(sort="-price", page_size=100).products] == sorted(prices, reverse=True)
    sold = [p.units_sold for p in search(sort="popular", page_size=100).products]
    assert sold == sorted(sold, reverse=True)
    rated = [p.rating_average or 0 for p in search(sort="rating", page_size=100).products]
    assert rated == sorted(rated, reverse=True)


def test_an_insert_between_two_pages_neither_repeats_nor_hides(shelves):
    before = [product.pk for product in search(sort="popular", page_size=100).products]
    first = search(sort="popular", page_size=10)
    make_product(id="newest", units_sold=999)
    second = search(sort="popular", page_size=10, cursor=first.next_cursor)
    assert [product.pk for product in second.products] == before[10:20]


def test_a_cursor_of_another_order_or_a_broken_one_is_the_first_page(shelves):
    first = [product.pk for product in search(sort="price").products]
    for cursor in (search(sort="popular", page_size=5).next_cursor, "!!", "AAAA", Cursor("price", 1, "\x00").encode()):
        assert [product.pk for product in search(sort="price", cursor=cursor).products] == first


@pytest.fixture
def shop_in_euros(settings) -> None:
    settings.CURRENCY = "EUR"


@pytest.mark.parametrize(
    ("language", "least", "most"), [("en", "Under €1", "€10 and more"), ("zh", "€1 以下", "€10 以上")]
)
def test_price_filters_are_said_in_the_shops_currency(pantry, shop_in_euros, language, least, most):
    for product_id, price in (("milk", "0.5"), ("beans", "2.5"), ("yogurt", "15")):
        Product.objects.filter(pk=product_id).update(price=Decimal(price))
    prices = next(facet for facet in search(language=language).facets if facet.name == "price")
    said = {value.value: value.label for value in prices.values}
    assert (said["-1"], said["2-3"], said["10-"]) == (least, "€2–€3", most)


def test_labels_speak_the_language(shelves):
    labels = {facet.name: facet.label for facet in search(language="en").facets}
    assert labels["price"] == "Price"
    named = next(facet for facet in search(language="zh").facets if facet.name == "category")
    assert named.values


def test_distance_counts_swapped_neighbours_once():
    words = {"milk": 0, "mlik": 1, "mik": 1, "milks": 1, "silk": 1, "kiln": 2, "": 4}
    assert {word: distance("milk", word) for word in words} == words


def test_search_uses_its_index(shelves):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("EXPLAIN SELECT id FROM shop_product p WHERE p.search @@ 'coffe'::tsquery")
        assert "product_search" in str(cursor.fetchall())
