"""What operators ask of a slot is done, said with each product, and refused with what helps where it cannot be."""

from __future__ import annotations

import re
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest
from django.core.exceptions import ValidationError
from django.db import connections
from django.utils import translation

from recommender.known import facts
from recommender.models import Slot, SlotPin
from recommender.serving import rank, reason_text, recommend
from recommender.serving.previewing import Viewer, diff, preview
from recommender.slates import slate_log
from recommender.slots import saving
from recommender.slots.checking import known_values, matching
from recommender.slots.filters import FilterError, parse
from recommender.slots.filters.vocabulary import FACTS, THIS
from recommender.slots.noticing import warnings
from recommender.slots.types import TYPES
from shop import clock as time
from shop.events import recording
from shop.models import Category, Product
from shop.valkey import client as valkey
from tests.factories.catalogue import make_product

pytestmark = pytest.mark.django_db
VISITOR = "v-somebody-1"
PIN = ("product_id", "position", "starts_at", "ends_at")


def ids(slate) -> list[str]:
    return [item.product_id for item in slate.items]


@pytest.fixture
def shelf():
    tea = Category.objects.create(slug="tea", path="food/tea", name_en="Tea")
    soap = Category.objects.create(slug="soap", path="home/soap", name_en="Soap")
    for number in range(12):
        attributes = {"colour": "red" if number < 6 else "blue", "net weight": number, "organic": number % 3 == 0}
        fields = {"category": tea, "brand": "Nido"} if number % 2 else {"category": soap, "brand": "Foam"}
        fields["attributes"] = attributes if number else {}
        make_product(id=f"p{number:02}", units_sold=100 - number, price=number + 1, **fields)


@pytest.fixture
def save(django_capture_on_commit_callbacks):
    def saved(name: str = "home", pins=None, **fields) -> Slot:
        slot = Slot.objects.filter(name=name).first() or Slot(name=name, type="for_you")
        for field, value in fields.items():
            setattr(slot, field, value)
        with django_capture_on_commit_callbacks(execute=True):
            return saving.save(slot, actor=None, pins=pins)

    return saved


def test_a_filter_holds_for_every_product_and_follows_a_change_at_once(
    shelf, save, django_capture_on_commit_callbacks
) -> None:
    save(filter='category in "food" and price < 9', size=3)
    assert ids(recommend("home")) == ["p01", "p03", "p05"]
    with django_capture_on_commit_callbacks(execute=True):
        Product.objects.filter(pk="p01").update(price=20)
    assert ids(recommend("home")) == ["p03", "p05", "p07"]
    with django_capture_on_commit_callbacks(execute=True):
        Product.objects.filter(pk="p07").update(tags=["gift"], list_price=30, rating_average=4.5)
    save(filter='"gift" in tags and price < list_price and rating > 4')
    assert ids(recommend("home")) == ["p07"]
    facts.load()
    assert ids(recommend("home")) == ["p07"]
    save(filter="price < this.price and brand == this.brand")
    assert ids(recommend("home", product_id="p05")) == ["p03"]
    assert ids(recommend("home")) == []


def test_a_filter_knows_attributes_of_products_and_follows_them(
    shelf, save, django_capture_on_commit_callbacks
) -> None:
    save(filter='attributes.colour == "red" and attributes["net weight"] >= 2 and not attributes.organic', size=9)
    assert ids(recommend("home")) == ["p02", "p04", "p05"]
    with django_capture_on_commit_callbacks(execute=True):
        # Of large ones what is short is known all the same.
        Product.objects.filter(pk="p07").update(attributes={"colour": "red", "net weight": 9, "words": "w" * 900})
        Product.objects.filter(pk="p04").update(attributes={"colour": "green"})
    assert ids(recommend("home")) == ["p02", "p05", "p07"]
    facts.load()
    assert ids(recommend("home")) == ["p02", "p05", "p07"]
    save(filter="attributes.colour == this.attributes.colour")
    assert ids(recommend("home", product_id="p02")) == ["p01", "p03", "p05", "p07"]
    assert ids(recommend("home", product_id="p00")) == [], "what it has not is like nothing"
    save(filter='"colour" not in attributes or attributes.colour in ["green"]')
    assert ids(recommend("home")) == ["p00", "p04"]
    with pytest.raises(ValidationError, match="Did you mean “colour”"):
        save(filter="", boosts=[{"where": 'attributes.color == "red"', "factor": 2}])


@pytest.mark.parametrize(
    ("text", "excerpt", "helps"),
    [
        ("prcie < 5", "prcie", "Did you mean “price”?"),
        ("price = 5", "=", "Compare with two signs: =="),
        ('price < "5"', '"5"', "without quotation marks: 5"),
        ("price < 5 && stock > 1", "&&", "Write “and”."),
        ("brand == Nido", "Nido", 'Text stands in quotation marks: "Nido"'),
        ('brand == "nido"', '"nido"', 'Did you mean "Nido"?'),
        ('category in "tea"', '"tea"', 'Did you mean "food/tea"?'),
        ("price", "price", "This is a number, not a condition."),
        ('brand < "Nido"', 'brand < "Nido"', "Text has no order."),
        ("(price < 5", "", "A bracket is not closed"),
        ('brand == "Nido', '"', "The quotation mark is not closed."),
        ("price < 5 and", "", "It cannot be read from here on."),
        ("__import__('os').system('x')", "__import__('os').system('x')", "no part of the filter language"),
        ("price < 5 # cheap", "#", "means nothing here"),
        ("id == brand", "brand", "cannot be compared"),
        ("not " * 400 + "price", "", "nested too deeply"),
        ("tags == 1", "tags", '"organic" in tags'),
        ("attributes.color == 1", "attributes.color", "Did you mean “colour”?"),
        ("attributes.nothing == 1", "attributes.nothing", "there are colour, net weight, organic."),
        ('attributes.colour == "rde"', '"rde"', 'Did you mean "red"?'),
        ("attributes.colour < 5", "attributes.colour", '“colour” holds texts: write attributes.colour == "…"'),
        (
            'attributes["net weight"]',
            'attributes["net weight"]',
            '“net weight” holds numbers: write attributes["net weight"] < 5',
        ),
        ('attributes.organic == "yes"', "attributes.organic", "write attributes.organic == true"),
        ("attributes == 5", "attributes", "Name one of them"),
        ('attributes.colour in "red"', '"red"', "Values stand in a list"),
        ('attributes.colour < "red"', '"red"', "Text has no order."),
        ("attributes.colour == brand", "brand", "cannot be compared"),
        ("attributes.colour == attributes.organic", "attributes.organic", "the same attribute of this"),
        ("", "", "There is nothing in it."),
    ],
)
def test_a_filter_that_is_none_is_refused_with_the_place_and_what_helps(shelf, text, excerpt, helps) -> None:
    with pytest.raises(FilterError) as refused:
        parse(text, known_values())
    error = refused.value
    assert helps in str(error)
    if excerpt:
        assert (error.excerpt, text[error.start : error.end]) == (excerpt, excerpt)


def test_a_place_is_counted_in_characters_and_said_in_the_operators_language(shelf) -> None:
    with translation.override("zh-hans"), pytest.raises(FilterError) as refused:
        parse('brand != "茶叶" and prcie < 5')
    with translation.override("zh-hans"):
        assert str(refused.value) == "第 19 个字符“prcie”：没有这个名称。是否指“price”？"


def test_settings_that_cannot_be_served_are_not_saved(shelf, save) -> None:
    with pytest.raises(ValidationError) as refused:
        save(
            type="nothing",
            filter="price <",
            boosts=[{"where": "stock > 1", "factor": 0}],
            mix={"trending": 99},
            diversity={"category": -1, "mmr": 2},
            fallbacks=["nowhere"],
        )
    assert set(refused.value.message_dict) == {"type", "filter", "boosts", "mix", "diversity", "fallbacks"}
    for fallbacks in ([["new"]], {"new": 1}, "new", 5):
        with pytest.raises(ValidationError, match="fallbacks"):
            save(fallbacks=fallbacks)
    for place in (0, 101):
        with pytest.raises(ValidationError, match="needs a place from 1 to 100"):
            save(fallbacks=[], pins=[SlotPin(product_id="p01", position=place)])
    assert recommend("home").slot_version == 1
    assert matching('brand == "Nido"') == 6


NOON, EVENING = datetime(2026, 3, 2, 12, tzinfo=UTC), datetime(2026, 3, 2, 18, tzinfo=UTC)


@pytest.mark.parametrize(
    ("field", "wanted", "helps"),
    [
        ("boosts", [{"where": "price < 9", "factor": 2, "until": "May"}], "take “until” out"),
        ("boosts", [{"where": "price < 9", "factor": 1}], "changes nothing"),
        ("boosts", [{"where": "price < 9", "factor": -1}], "from 0.01 to 100"),
        ("boosts", [{"where": "price < 9", "factor": float("nan")}], "from 0.01 to 100"),
        ("size", 0, "greater than or equal to 1"),
        ("size", 10_000, "less than or equal to 100"),
        ("rotation", float("nan"), "from 0 to 1"),
        ("diversity", {"category": 0}, "for no limit leave it out"),
        ("diversity", {"colour": 2}, "Name any of category, brand and mmr"),
        ("fallbacks", ["for_you"], "“for_you” was asked already"),
        ("fallbacks", ["new", "new"], "“new” was asked already"),
        ("fallbacks", ["search_ranking"], "has none of its own"),
        ("mix", {"for_you": 0.5}, "take it out"),
        ("mix", {"category_ranking": 0.5}, "has none of its own"),
        ("name", "batch", "choose another name"),
        ("title", "tea time", "“second” has this title"),
        ("pins", [("p01", 1), ("p01", 3)], "pinned twice at the same time, at places 1 and 3"),
        ("pins", [("p01", 1, None, EVENING), ("p01", 3, NOON, None)], "let one end before the other begins"),
        ("pins", [("p01", 1, EVENING, NOON)], "ends before it begins"),
    ],
)
def test_nonsense_is_refused_at_its_field_with_what_helps(shelf, save, field, wanted, helps) -> None:
    save("second", title="Tea time")
    pins = [SlotPin(**dict(zip(PIN, line, strict=False))) for line in wanted] if field == "pins" else None
    with pytest.raises(ValidationError) as refused:
        save(**({} if pins else {field: wanted}), pins=pins) if field != "name" else save(wanted)
    said = refused.value.message_dict
    assert helps in " ".join(said.get(field, said.get("__all__", [])))


def test_a_product_may_be_pinned_twice_one_time_after_the_other(shelf, save) -> None:
    pins = [SlotPin(product_id="p01", position=1, ends_at=NOON), SlotPin(product_id="p01", position=2, starts_at=NOON)]
    assert save(pins=pins).pins.count() == 2


def test_a_type_that_orders_pages_takes_no_settings_that_have_no_effect(shelf, save) -> None:
    with pytest.raises(ValidationError) as refused:
        save("results", type="search_ranking", filter="price < 9", fallbacks=["new"], rotation=0.5)
    assert set(refused.value.message_dict) == {"filter", "fallbacks", "rotation"}
    save("results", type="search_ranking", boosts=[{"where": "price < 9", "factor": 2}])


def test_what_may_not_be_meant_is_said(shelf, save, clock) -> None:
    slot = save(size=4, filter='price < 5 and brand == "Nido"', boosts=[{"where": "price > 90", "factor": 2}])
    pins = [SlotPin(product_id="p01", position=6), SlotPin(product_id="p03", position=1, ends_at=clock())]
    said = " ".join(warnings(slot, pins))
    for part in ("lets 2 products through", "No product is meant by “price > 90”", "shows 4 products", "has ended"):
        assert part in said
    slot.filter = "price > 90"
    assert "the slot is empty" in " ".join(warnings(slot, []))
    assert warnings(save(filter="price < 9", boosts=[]), []) == []


def test_boosts_move_products_and_say_so(shelf, save) -> None:
    save(size=4, boosts=[{"where": 'id == "p03"', "factor": 1.5}, {"where": "price < 3", "factor": 0.1}])
    slate = recommend("home")
    assert ids(slate) == ["p03", "p02", "p04", "p05"]
    assert slate.items[0].applied["boosts"] == [0]
    ((_, entry),) = valkey().xrange(slate_log.STREAM)
    assert orjson.loads(entry[b"e"])["items"][0]["applied"]["factor"] == 1.5


def test_a_pin_stands_at_its_place_for_its_time_and_is_skipped_where_it_cannot_be_bought(
    shelf, save, clock, settings, django_capture_on_commit_callbacks
) -> None:
    settings.SHOP_TIME_ZONE = "Asia/Shanghai"
    pins = [
        SlotPin(product_id="p11", position=2),
        # As an operator enters it: eight in the evening in the shop, which is noon in UTC.
        SlotPin(
            product_id="p09", position=3, starts_at=datetime(2026, 3, 2, 20, 0), ends_at=datetime(2026, 3, 2, 21, 0)
        ),
    ]
    save(size=4, pins=pins)
    assert ids(recommend("home")) == ["p00", "p11", "p09", "p01"]
    clock.advance(hours=1)
    assert ids(recommend("home")) == ["p00", "p11", "p01", "p02"]
    with django_capture_on_commit_callbacks(execute=True):
        Product.objects.filter(pk="p11").update(stock=0)
    slate = recommend("home")
    assert ids(slate) == ["p00", "p01", "p02", "p03"]
    assert slate.skipped_pins == {"p11": "out_of_stock"}
    with pytest.raises(ValidationError, match="does not let “p10” through"):
        save(filter='brand == "Nido"', pins=[SlotPin(product_id="p10", position=1)])


def test_rows_of_one_page_share_no_product_even_when_asked_at_once(shelf, save) -> None:
    save(size=3)
    save("second", size=3)
    recommend("home")
    pages = {}

    def ask(slot: str) -> None:
        pages[slot] = ids(recommend(slot, visitor_id=VISITOR, page_id="page-1"))
        connections.close_all()

    threads = [threading.Thread(target=ask, args=(slot,)) for slot in ("home", "second")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(pages["home"] + pages["second"]) == [f"p0{n}" for n in range(6)]
    assert ids(recommend("home", visitor_id=VISITOR, page_id="page-1")) == ["p06", "p07", "p08"]
    # Another page, and another visitor's, begin anew; each slate was logged once.
    assert ids(recommend("home", visitor_id=VISITOR, page_id="page-2")) == ["p00", "p01", "p02"]
    assert ids(recommend("home", visitor_id="v-other-1", page_id="page-1")) == ["p00", "p01", "p02"]
    assert len(valkey().xrange(slate_log.STREAM)) == 6


def test_a_dozen_rows_of_one_page_asked_at_once_share_no_product(shelf, save) -> None:
    names = [f"row{n}" for n in range(12)]
    for name in names:
        save(name, size=1)
    recommend("home")
    together, found = threading.Barrier(len(names)), []

    def ask(slot: str) -> None:
        together.wait()
        found.extend(ids(recommend(slot, visitor_id=VISITOR, page_id="page-1")))
        connections.close_all()

    threads = [threading.Thread(target=ask, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [f"p{n:02}" for n in range(12)]


def test_a_form_is_looked_at_through_anybodys_eyes_before_it_is_saved(shelf, save) -> None:
    slot = save(size=4)
    slot.filter, slot.heading_en = 'brand == "Nido"', "Of Nido"
    assert ids(preview(slot, Viewer())) == ["p01", "p03", "p05", "p07"]
    difference = diff(slot, [Viewer(), Viewer(product_id="p01")], pins=[SlotPin(product_id="p11", position=1)])
    assert difference.changes[0].came == ("p11", "p05")
    assert difference.changes[0].went == ("p00", "p02")
    assert (difference.changed, difference.kept, difference.shorter) == (2, 0.375, 0)
    assert ids(recommend("home")) == ["p00", "p01", "p02", "p03"]
    assert len(valkey().xrange(slate_log.STREAM)) == 1


def test_a_slot_that_is_not_changed_shows_nobody_anything_else(shelf, save, settings) -> None:
    settings.EXPLORATION_SHARE = 0.5
    slot = save(size=6)
    assert not diff(slot, [Viewer()] * 4).changed, "chance alone is no change"
    assert any("explored" in item.applied for item in preview(slot, Viewer()).items), "and it is at work"
    assert len({tuple(ids(recommend("home"))) for _ in range(9)}) > 1, "the control: who looks is drawn for anew"


def test_what_is_new_viewed_and_bought_again_has_slots_of_its_own(shop, save, clock) -> None:
    clock.set(datetime.now(tz=time.now().tzinfo) + timedelta(days=5))
    for name in TYPES:
        save(name.replace("_", "-"), type=name, size=4)
    recording.record("product_viewed", visitor_id=VISITOR, product_id="tea")
    recording.record("product_viewed", visitor_id=VISITOR, product_id="pasta")
    seen = recommend("recently-viewed", visitor_id=VISITOR)
    assert ids(seen) == ["pasta", "tea"]
    assert reason_text(seen.heading, "zh") == "你看过的商品"
    again = recommend("buy-again", shopper_id="s1")
    assert {item.source for item in again.items[:2]} == {"buy_again"}
    assert reason_text(again.heading) == "Time to buy again?"
    alike = recommend("similar", product_id="tea")
    assert {facts.current().category_paths[facts.current().category[facts.current().row[p]]] for p in ids(alike)} == {
        "pantry"
    }
    for name in TYPES:
        slate = recommend(name.replace("_", "-"), visitor_id=VISITOR, shopper_id="s1", product_id="bread")
        assert len(slate.items) == (2 if name == "recently_viewed" else 4), name
        assert reason_text(slate.heading, "zh")


def test_a_page_is_put_in_the_order_of_who_looks_and_loses_nothing(shop, save) -> None:
    save("results", type="search_ranking")
    page = [f"thing-{n}" for n in range(6)] + ["honey", "gone", "milk"]
    assert ids(rank("results", page)) == [product_id for product_id in page if product_id != "gone"] + ["gone"]
    recording.record("product_viewed", visitor_id=VISITOR, product_id="tea")
    personal = ids(rank("results", page, visitor_id=VISITOR))
    assert sorted(personal) == sorted(page)
    assert personal.index("honey") < page.index("honey")


def test_types_are_mixed_and_fill_in_the_order_asked_for(shop, save) -> None:
    recording.record("product_viewed", visitor_id=VISITOR, product_id="tea")
    save("narrow", type="recently_viewed", size=4, fallbacks=["bought_together"])
    slate = recommend("narrow", visitor_id=VISITOR, product_id="pasta")
    assert (ids(slate)[0], "sauce" in ids(slate)) == ("tea", True)
    assert slate.items[1].applied["fills"] == "bought_together"
    save("mixed", type="recently_viewed", mix={"bought_together": 10}, size=1)
    assert ids(recommend("mixed", visitor_id=VISITOR, product_id="pasta")) == ["sauce"]


def test_the_examples_of_the_docs_are_read_and_do_what_they_say(shelf) -> None:
    docs = Path(__file__).parents[2] / "docs"
    language = (docs / "reference/filter-language.md").read_text()
    examples = re.search(r"```text\n(.*?)```", language, re.S)[1].splitlines()
    inline = ["5 < price <= 20", "price <= this.price * 0.8", "not this or price < this.price"]
    assert all(text in language for text in inline)
    assert all(parse(text) for text in [*examples, *inline])
    named = set(re.findall(r"^\| `(\w+)` \| ", language.partition("## Signs")[0], re.M))
    assert named == {*FACTS, THIS}
    how_to = (docs / "how-to/steer-a-slot.md").read_text()
    assert {
        name for row in re.findall(r"^\| (`\w+`.*?) \|", how_to, re.M) for name in re.findall(r"`(\w+)`", row)
    } >= set(TYPES)
    made, looked_at = re.findall(r"```python\n(.*?)```", how_to, re.S)
    names: dict = {}
    exec(made, names)
    names["slot"] = Slot.objects.get(name="tea-corner")
    exec(looked_at, names)
    assert len(preview(names["slot"], Viewer()).items) == 6
