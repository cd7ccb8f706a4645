"""A product that came into the catalogue is shown beside what it is like, without any training, and says so."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from config.celery import TICKS, app
from recommender.known import champions, facts, finding_newcomers, newcomers
from recommender.models import ModelVersion
from recommender.serving import reason_text, recommend, warming
from recommender.tasks import collect_newcomers
from shop.events import recording
from shop.models import Category, Product
from shop.valkey import client
from tests.factories.catalogue import make_category, make_product
from tests.factories.models import serve_sessions

pytestmark = pytest.mark.django_db
VISITOR = "v-somebody-1"


def ids(slate) -> list[str]:
    return [item.product_id for item in slate.items]


@pytest.fixture
def imported(django_capture_on_commit_callbacks):
    """Two new teas in the pantry of a shop whose models learned before, and a thing that is like nothing."""
    serve_sessions()
    facts.load()
    champions.load()
    with django_capture_on_commit_callbacks(execute=True):
        Product.objects.filter(pk="tea").update(description_en="Leaves of green tea from the mountains")
        pantry = Category.objects.get(path="pantry")
        make_product(
            id="sencha", name_en="Sencha green tea leaves", description_en="From the mountains", category=pantry
        )
        make_product(
            id="matcha", name_en="Matcha green tea powder", description_en="Of mountain leaves", category=pantry
        )
        make_product(id="odd", name_en="Xylophone", category=pantry)
    collect_newcomers()
    newcomers.refresh()


def test_the_tick_and_the_look_of_a_web_process_take_less_than_a_minute_together() -> None:
    ticks = dict(TICKS.values())
    assert ticks["recommender.collect_sessions"] + warming.WATCH_SECONDS < 60
    # One tick may wait behind others until it expires, and the next comes; what it tells is taken over as it is told.
    waits = app.conf.beat_schedule["products that are new"]["options"]["expires"]
    assert ticks["recommender.collect_newcomers"] + waits < 30


class Heard(Exception):
    """Something was taken over."""


def test_who_serves_takes_over_what_is_new_as_it_is_told(
    imported, monkeypatch, django_capture_on_commit_callbacks
) -> None:
    champions.stop_listening()
    warming._wait(0)
    refresh = newcomers.refresh

    def heard() -> None:
        refresh()
        raise Heard

    monkeypatch.setattr(newcomers, "refresh", heard)
    with django_capture_on_commit_callbacks(execute=True):
        make_product(id="gyokuro", name_en="Gyokuro green tea leaves", category=Category.objects.get(path="pantry"))
    collect_newcomers()
    assert "gyokuro" not in newcomers.current().like
    with pytest.raises(Heard):
        warming._wait(60)
    assert newcomers.current().like["gyokuro"]
    champions.stop_listening()


def test_the_one_of_many_that_the_filter_lets_through_is_in_the_first_answer(
    imported, save_slot, django_capture_on_commit_callbacks
) -> None:
    pantry = Category.objects.get(path="pantry")
    each = {"stock": 1, "category": pantry, "description_en": "Leaves of green tea from the mountains"}
    with django_capture_on_commit_callbacks(execute=True):
        Product.objects.bulk_create(
            Product(id=f"leaf-{n}", name_en=f"Green tea leaves {n}", price=1 if n == 77 else 40, **each)
            for n in range(400)
        )
    facts.load()
    collect_newcomers()
    newcomers.refresh()
    recording.record("product_viewed", visitor_id=VISITOR, product_id="tea")
    drawn = {name for _ in range(5) for name in ids(recommend("home", visitor_id=VISITOR, k=6)) if name[:4] == "leaf"}
    assert len(drawn) > 1, "the control"
    save_slot("home", filter='price < 10 and id not in ["sencha", "matcha", "odd"]', exploration=0)
    for _ in range(5):
        assert "leaf-77" in ids(recommend("home", visitor_id=VISITOR, k=6))
    save_slot("home", filter="price < 0.5", exploration=0)
    assert not recommend("home", visitor_id=VISITOR, k=6).items


@pytest.mark.parametrize(("slot", "task"), [("home", "home"), ("product", "product"), ("cart", "cart")])
def test_whoever_is_at_what_it_is_like_is_shown_one_with_that_reason(imported, slot, task) -> None:
    recording.record("product_viewed", visitor_id=VISITOR, product_id="tea")
    if slot == "cart":
        recording.record("product_added", visitor_id=VISITOR, product_id="tea", quantity=1)
    shown = [recommend(slot, visitor_id=VISITOR, product_id="tea" if slot == "product" else "", k=6) for _ in range(12)]
    new = [item for slate in shown for item in slate.items if item.product_id in ("sencha", "matcha")]
    assert len(new) == len(shown), "one in each row"
    assert {item.product_id for item in new} == {"sencha", "matcha"}, "not always the same"
    assert {reason_text(item.reason) for item in new} == {"New: similar to Tea"}
    assert {reason_text(item.reason, "zh-hans") for item in new} == {"新品：与Tea相似"}
    assert "odd" not in {name for slate in shown for name in ids(slate)}


def test_what_is_like_a_product_has_a_new_one_among_it_though_others_are_nearer_in_price(imported) -> None:
    price = Product.objects.get(pk="tea").price
    for number in range(6):
        make_product(id=f"jar-{number}", name_en="Jar", category=Category.objects.get(path="pantry"), price=price)
    Product.objects.filter(pk__in=("sencha", "matcha")).update(price=900)
    facts.load()
    for _ in range(6):
        shown = recommend("similar", visitor_id=VISITOR, product_id="tea", k=4).items
        new = [item for item in shown if item.product_id in ("sencha", "matcha")]
        assert [item.reason.code for item in new] == ["new_similar"]


def test_a_new_product_in_a_small_category_is_like_what_stands_in_the_one_above(
    imported, monkeypatch, django_capture_on_commit_callbacks
) -> None:
    monkeypatch.setattr(finding_newcomers, "LEAST_OTHERS", 1)
    with django_capture_on_commit_callbacks(execute=True):
        beside, below = (make_category(slug=slug, path=f"pantry/{slug}") for slug in ("tins", "loose"))
        make_product(id="tin", category=beside, created_at=datetime(2020, 1, 1, tzinfo=UTC))
        make_product(id="oolong", name_en="Oolong tea leaves", description_en="From the mountains", category=below)
    collect_newcomers()
    newcomers.refresh()
    assert newcomers.current().like["oolong"][0][0] == "tea"


def test_a_row_that_no_model_fills_does_not_begin_with_one(imported) -> None:
    recording.record("product_viewed", visitor_id=VISITOR, product_id="tea")
    ModelVersion.objects.filter(slot="home").update(status=ModelVersion.Status.RETIRED)
    champions.load()
    for _ in range(5):
        assert {item.reason.code for item in recommend("home", visitor_id=VISITOR, k=6).items} == {"best_seller"}


def test_who_looks_at_nothing_of_the_kind_is_shown_none(imported) -> None:
    recording.record("product_viewed", visitor_id=VISITOR, product_id="thing-3")
    assert not {"sencha", "matcha"} & set(ids(recommend("home", visitor_id=VISITOR, k=10)))


def test_the_page_of_a_new_product_shows_what_it_is_like(imported) -> None:
    slate = recommend("product", visitor_id=VISITOR, product_id="sencha", k=4)
    assert slate.items[0].product_id == "tea"
    assert reason_text(slate.items[0].reason) == "Similar to Sencha green tea leaves"
    recording.record("product_viewed", visitor_id=VISITOR, product_id="sencha")
    home = recommend("home", visitor_id=VISITOR, k=4)
    assert "tea" in ids(home)[:3]


def test_one_that_cannot_be_bought_is_gone_from_the_next_answer(imported, django_capture_on_commit_callbacks) -> None:
    recording.record("product_viewed", visitor_id=VISITOR, product_id="tea")
    with django_capture_on_commit_callbacks(execute=True):
        Product.objects.filter(pk="sencha").update(stock=0)
        Product.objects.filter(pk="matcha").update(active=False)
    for _ in range(5):
        slate = recommend("home", visitor_id=VISITOR, k=6)
        assert len(slate.items) == 6
        assert not {"sencha", "matcha"} & set(ids(slate))


def test_a_catalogue_without_models_has_nothing_new_and_news_are_told_once(imported) -> None:
    told = client().get(newcomers.VERSION)
    collect_newcomers()
    assert client().get(newcomers.VERSION) == told
    before = newcomers.current()
    newcomers.refresh()
    assert newcomers.current() is before
    assert set(before.like) == {"sencha", "matcha", "odd"}
    # What was there when the first model learned is not new.
    ModelVersion.objects.update(trained_at=datetime(2100, 1, 1, tzinfo=UTC))
    collect_newcomers()
    newcomers.refresh()
    assert newcomers.current().like == {}


def test_many_that_come_at_once_under_one_name_are_like_what_there_was(monkeypatch) -> None:
    def row(product_id: str, name: str) -> tuple:
        return product_id, "fruit", name, "", "", "", "Brindle", []

    monkeypatch.setattr(finding_newcomers, "CHUNK", 150)
    there = [row("b", "Bananas"), row("m", "Mangoes from Peru"), row("k", "Kiwi fruit"), row("o", "Organic bananas")]
    new = [row(f"n{number:03}", f"Golden bananas {number:03}") for number in range(200)]
    likes = finding_newcomers.like_what(new, there)
    assert len(likes) == len(new)
    for like in likes:
        assert [name for name, _likeness in like[:2]] == ["b", "o"]
    held = newcomers.Newcomers.of(b"1", {row[0]: like for row, like in zip(new, likes, strict=True)})
    drawn = {held.drawn(["m", "o", "b"], lambda name: name < "n100") for _ in range(3_000)}
    assert drawn == {(f"n{number}", "b") for number in range(100, 200)}, "any of them, beside what it is most like"
    assert held.drawn(["x"], lambda name: False) is None
    assert held.drawn(["b"], lambda name: True) is None
    assert finding_newcomers.like_what([("x", "fruit", "Xylophone", "", "", "", "", [])], there) == [[]]


def test_a_whole_catalogue_s_worth_of_products_is_known_a_minute_after_its_import(imported) -> None:
    pantry = Category.objects.get(path="pantry")
    each = {"price": 1, "stock": 1, "category": pantry, "description_en": "From the mountains"}
    Product.objects.bulk_create(Product(id=f"leaf-{n}", name_en=f"Green tea leaves {n}", **each) for n in range(1_600))
    collect_newcomers()
    newcomers.refresh()
    like = newcomers.current().like
    assert len(like) == 1_603
    assert {like[f"leaf-{number}"][0][0] for number in range(1_600)} == {"tea"}


def test_the_row_of_a_new_product_that_is_like_nothing_shows_what_sells_in_its_category(imported) -> None:
    # Before and after it is known that it is like nothing.
    for _ in range(2):
        slate = recommend("product", product_id="odd", k=2)
        assert not slate.fallback
        assert ids(slate)[0] == "bread"
        assert reason_text(slate.items[0].reason) == "Popular in Pantry"
        newcomers.forget()
