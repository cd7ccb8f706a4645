"""A list says how long it is and where one is: numbers, neighbours, filters kept, and an answer for a page that there is not."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import parse_qs

import pytest

from shop.catalogue.search import search
from shop.models import Product
from shop.storefront.browsing import numbers
from tests.factories.catalogue import make_category, make_product

pytestmark = pytest.mark.django_db
LIST = "/en/c/drinks/"


@pytest.fixture
def shelf():
    """Sixty products, half of them reduced: three pages, or two."""
    category = make_category(slug="drinks", path="drinks", name_en="Drinks", name_zh="饮料")
    return [
        make_product(
            id=f"d{n:02}", name_en=f"Drink {n}", category=category, units_sold=99 - n, list_price=[None, 99][n % 2]
        )
        for n in range(60)
    ]


def _page(client, path: str, status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status
    return answer.content.decode()


def _ids(page: str) -> list[str]:
    return re.findall(r'id="card-([^"]+)"', page)


def _said(html: str) -> str:
    return " ".join(unescape(re.sub("<[^>]+>", "", html)).split())


def _pager(page: str) -> dict[str, str]:
    """Words of what stands in it, in order, to the query that each leads to; "" for the page that this is."""
    [pager] = re.findall('<nav class="pager".*?</nav>', page, re.S)
    steps = re.findall(r"<(a|b)([^>]*)>(.*?)</\1>", pager, re.S)
    assert [attributes for tag, attributes, _ in steps if tag == "b"] == [' aria-current="page"']
    found = {}
    for _tag, attributes, words in steps:
        link = re.search('href="([^"]*)"', attributes)
        found[_said(words)] = unescape(link[1]) if link else ""
        assert ("rel=" in attributes) == (_said(words) in ("Previous", "Next"))
    return found


def _here(page: str) -> str:
    return next(words for words, link in _pager(page).items() if not link)


def _of(page: str) -> str:
    return _said(re.findall('<p class="[^"]*pager-of">(.*?)</p>', page)[0])


@pytest.mark.parametrize("path", [LIST, "/en/search/?q=drink&sort=price"])
def test_a_list_is_walked_by_number_and_by_neighbour_and_loses_nothing(client, shelf, path):
    page = _page(client, path)
    assert list(_pager(page)) == ["Page 1", "Page 2", "Page 3", "Next"]
    assert (_here(page), _of(page)) == ("Page 1", "1 to 24 of 60")
    followed, numbered = [_ids(page)], [_ids(page)]
    bare = path.partition("?")[0]
    for number in ("Page 2", "Page 3"):
        numbered.append(_ids(_page(client, bare + _pager(page)[number])))
        page = _page(client, bare + _pager(page)["Next"])
        followed.append(_ids(page))
        assert _here(page) == number
    assert followed == numbered
    assert len({each for ids in followed for each in ids}) == 60
    assert list(_pager(page)) == ["Previous", "Page 1", "Page 2", "Page 3"]
    assert _of(page) == "49 to 60 of 60"
    assert "page 3" in re.findall("<title>(.*?)</title>", page)[0]
    assert _ids(_page(client, bare + _pager(page)["Previous"])) == followed[1]


def test_numbers_keep_the_filters_and_a_filter_goes_to_the_first_page(client, shelf):
    page = _page(client, f"{LIST}?offer=reduced&sort=price&page=2")
    assert _of(page) == "25 to 30 of 30"
    chosen = {"offer": ["reduced"], "sort": ["price"]}
    assert {words: parse_qs(link[1:]) for words, link in _pager(page).items()} == {
        "Previous": chosen,
        "Page 1": chosen,
        "Page 2": {},
    }
    [chip] = re.findall('<a class="chip on" href="([^"]*)"', page)
    assert chip == "?sort=price"
    assert not re.findall('<input type="hidden" name="(?:page|cursor)"', page)


def test_what_comes_or_goes_between_two_pages_neither_repeats_nor_hides_a_product(client, shelf):
    link = LIST + _pager(_page(client, LIST))["Next"]
    make_product(id="newest", category=shelf[0].category, units_sold=999)
    second = _page(client, link)
    assert _ids(second) == [f"d{n:02}" for n in range(24, 48)]
    assert (_here(second), _of(second)) == ("Page 2", "26 to 49 of 61")
    Product.objects.filter(pk__in=["newest", "d00"]).update(active=False)
    second = _page(client, link)
    assert _ids(second) == [f"d{n:02}" for n in range(24, 48)]
    assert (_here(second), _of(second)) == ("Page 2", "24 to 47 of 59")


@pytest.mark.parametrize("number", ["4", "0", "-1", "9" * 20])
def test_a_page_that_there_is_not_says_so_and_leads_back(client, shelf, number):
    page = _page(client, f"{LIST}?offer=reduced&page={number}", status=404)
    assert f"<h2>There is no page {number}</h2>" in page
    assert "This list has 2 pages." in page
    assert '"?offer=reduced&amp;page=2">To the last page' in page
    assert '"?offer=reduced">To the first page' in page
    assert 'class="pager"' not in page
    assert not _ids(page)
    assert f"没有第 {number} 页" in _page(client, f"/zh/c/drinks/?page={number}", status=404)


@pytest.mark.parametrize("query", ["page=", "page=x", f"page={'9' * 5000}", "page=1&cursor=!!"])
def test_what_is_no_number_is_the_first_page(client, shelf, query):
    assert _here(_page(client, f"{LIST}?{query}")) == "Page 1"


def test_where_a_cursor_leads_to_nothing_its_number_counts(shelf):
    cursor = search(sort="popular", number=2).next_cursor
    Product.objects.filter(units_sold__lt=60).update(active=False)
    page = search(sort="popular", number=2, cursor=cursor)
    assert (page.number, page.pages, page.start, page.end) == (2, 2, 24, 40)


def test_few_products_need_no_numbers_and_many_leave_some_out(client, shelf):
    assert 'class="pager"' not in _page(client, "/en/search/?q=%23d01")
    assert numbers(search(page_size=2, number=15)) == [1, None, 14, 15, 16, None, 30]
    assert numbers(search(page_size=2)) == [1, 2, None, 30]
    assert numbers(search(page_size=2, number=30)) == [1, None, 29, 30]


def test_a_long_filter_shows_its_first_values_and_those_that_are_chosen(client):
    for n in range(14):
        make_product(id=f"b{n:02}", brand=f"Brand {n:02}")

    def brands(query: str) -> list[list[str]]:
        page = _page(client, f"/en/search/?{query}")
        ids = re.findall(' id="([^"]+)"', page)
        assert len(ids) == len(set(ids))
        [first, rest] = page.partition("</form></div>")[0].split('<details class="rest">')
        return [re.findall('value="Brand ([0-9]+)"', part) for part in (first, rest)]

    all_of_them = [f"{n:02}" for n in range(14)]
    assert brands("") == [all_of_them[:8], all_of_them[8:]]
    chosen = "&".join(f"brand=Brand+{n}" for n in all_of_them[4:])
    assert brands(chosen) == [all_of_them[4:], all_of_them[:4]]
