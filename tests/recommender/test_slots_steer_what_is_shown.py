"""What operators ask of a slot is done, and said with each product."""

from __future__ import annotations

import re
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest
from django.core.exceptions import ValidationError
from django.db import connections

from recommender.known import facts
from recommender.models import Slot, SlotPin
from recommender.serving import rank, reason_text, recommend, recommend_many
from recommender.serving.previewing import Viewer, diff, preview
from recommender.slates import slate_log
from recommender.slates.slate import OnlyRanks
from recommender.slots import checking, pinning
from recommender.slots.filters import parse
from recommender.slots.filters.vocabulary import FACTS, THIS
from recommender.slots.noticing import warnings
from recommender.slots.pinning import Pin
from recommender.slots.types import TYPES
from shop import clock as time
from shop.events import recording
from shop.models import Product
from shop.valkey import client as valkey

pytestmark = pytest.mark.django_db
VISITOR = "v-somebody-1"


def ids(slate) -> list[str]:
    return [item.product_id for item in slate.items]


def test_a_filter_holds_for_every_product_and_follows_a_change_at_once(
    tea_and_soap, save_slot, django_capture_on_commit_callbacks
) -> None:
    save_slot(filter='category in "food" and price < 9', size=3)
    assert ids(recommend("home")) == ["p01", "p03", "p05"]
    with django_capture_on_commit_callbacks(execute=True):
        Product.objects.filter(pk="p01").update(price=20)
    assert ids(recommend("home")) == ["p03", "p05", "p07"]
    with django_capture_on_commit_callbacks(execute=True):
        Product.objects.filter(pk="p07").update(tags=["gift"], list_price=30, rating_average=4.5)
    save_slot(filter='"gift" in tags and price < list_price and rating > 4')
    assert ids(recommend("home")) == ["p07"]
    facts.load()
    assert ids(recommend("home")) == ["p07"]
    save_slot(filter="price < this.price and brand == this.brand")
    assert ids(recommend("home", product_id="p05")) == ["p03"]
    assert ids(recommend("home")) == []


def test_a_filter_knows_attributes_of_products_and_follows_them(
    tea_and_soap, save_slot, django_capture_on_commit_callbacks
) -> None:
    save_slot(filter='attributes.colour == "red" and attributes["net weight"] >= 2 and not attributes.organic', size=9)
    assert ids(recommend("home")) == ["p02", "p04", "p05"]
    with django_capture_on_commit_callbacks(execute=True):
        # Of large ones what is short is known all the same.
        Product.objects.filter(pk="p07").update(attributes={"colour": "red", "net weight": 9, "words": "w" * 900})
        Product.objects.filter(pk="p04").update(attributes={"colour": "green"})
    assert ids(recommend("home")) == ["p02", "p05", "p07"]
    facts.load()
    assert ids(recommend("home")) == ["p02", "p05", "p07"]
    save_slot(filter="attributes.colour == this.attributes.colour")
    assert ids(recommend("home", product_id="p02")) == ["p01", "p03", "p05", "p07"]
    assert ids(recommend("home", product_id="p00")) == [], "what it has not is like nothing"
    save_slot(filter='"colour" not in attributes or attributes.colour in ["green"]')
    assert ids(recommend("home")) == ["p00", "p04"]
    with pytest.raises(ValidationError, match="Did you mean “colour”"):
        save_slot(filter="", boosts=[{"where": 'attributes.color == "red"', "factor": 2}])


def test_boosts_move_products_and_say_so(tea_and_soap, save_slot) -> None:
    save_slot(size=4, boosts=[{"where": 'id == "p03"', "factor": 1.5}, {"where": "price < 3", "factor": 0.1}])
    slate = recommend("home")
    assert ids(slate) == ["p03", "p02", "p04", "p05"]
    assert slate.items[0].applied["boosts"] == [0]
    ((_, entry),) = valkey().xrange(slate_log.STREAM)
    assert orjson.loads(entry[b"e"])["items"][0]["applied"]["factor"] == 1.5


def test_boosts_multiply_know_the_product_in_view_and_leave_scores_shares_of_the_best(tea_and_soap, save_slot) -> None:
    cheap = [{"where": "price < 4", "factor": 2}, {"where": 'id == "p02"', "factor": 3}]
    save_slot(size=4, boosts=cheap)
    slate = recommend("home")
    assert ids(slate) == ["p02", "p00", "p01", "p03"]
    assert slate.items[0].applied == {"boosts": [0, 1], "factor": 6.0, "from": 3, "fills": "popular"}
    assert (slate.items[0].score, slate.items[1].score) == (1.0, pytest.approx(100 / (98 * 3)))
    save_slot(boosts=[{"where": "brand == this.brand", "factor": 2}])
    assert ids(recommend("home", product_id="p07"))[:3] == ["p01", "p03", "p05"], "of the brand of what is looked at"
    assert ids(recommend("home"))[:3] == ["p00", "p01", "p02"]


def test_a_boost_holds_for_its_time_by_the_shops_clock(tea_and_soap, save_slot, clock, settings) -> None:
    settings.SHOP_TIME_ZONE = "America/New_York"
    may = {"starts_at": "2026-05-01T00:00", "ends_at": "2026-05-31T22:00:00+00:00"}
    first = 'id == "p09"'
    slot = save_slot(size=3, boosts=[{"where": first, "factor": 50, **may}, {"where": "price < 3", "factor": 0.5}])
    seen = {}
    for day, hour in ((1, 3), (1, 4), (31, 21), (31, 22)):
        clock.set(datetime(2026, 5, day, hour, tzinfo=UTC))
        slate = recommend("home")
        seen[day, hour] = ids(slate)[0] == "p09"
        assert not seen[day, hour] or slate.items[0].applied["boosts"] == [0]
    # Midnight in New York is four in the morning, UTC.
    assert seen == {(1, 3): False, (1, 4): True, (31, 21): True, (31, 22): False}
    assert warnings(slot, []) == [f"The boost of “{first}” has ended."]


def test_a_number_that_no_float_holds_is_not_given_and_breaks_no_slot(
    tea_and_soap, save_slot, django_capture_on_commit_callbacks
) -> None:
    # Of 350 digits: PostgreSQL keeps it, and serving the whole of it.
    Product.objects.filter(pk="p03").update(attributes={"net weight": 10**350, "organic": True})
    facts.load()
    assert 'attributes["net weight"]' in checking.attributes()
    save_slot(size=12, filter='attributes["net weight"] >= 0')
    held = [f"p{number:02}" for number in range(1, 12) if number != 3]
    assert ids(recommend("home")) == held
    with django_capture_on_commit_callbacks(execute=True):
        Product.objects.filter(pk="p04").update(attributes={"net weight": -(10**350)})
    assert ids(recommend("home")) == [each for each in held if each != "p04"]
    save_slot(filter="attributes.organic")
    assert "p03" in ids(recommend("home")), "what else it has is known"


def test_a_pin_stands_at_its_place_for_its_time_and_is_skipped_where_it_cannot_be_bought(
    tea_and_soap, save_slot, clock, settings, django_capture_on_commit_callbacks
) -> None:
    settings.SHOP_TIME_ZONE = "Asia/Shanghai"
    pins = [
        SlotPin(product_id="p11", position=2),
        # As an operator enters it: eight in the evening in the shop, which is noon in UTC.
        SlotPin(
            product_id="p09", position=3, starts_at=datetime(2026, 3, 2, 20, 0), ends_at=datetime(2026, 3, 2, 21, 0)
        ),
    ]
    save_slot(size=4, pins=pins)
    assert ids(recommend("home")) == ["p00", "p11", "p09", "p01"]
    clock.advance(hours=1)
    assert ids(recommend("home")) == ["p00", "p11", "p01", "p02"]
    with django_capture_on_commit_callbacks(execute=True):
        Product.objects.filter(pk="p11").update(stock=0)
    slate = recommend("home")
    assert ids(slate) == ["p00", "p01", "p02", "p03"]
    assert slate.skipped_pins == {"p11": "out_of_stock"}
    with pytest.raises(ValidationError, match="does not let “p10” through"):
        save_slot(filter='brand == "Nido"', pins=[SlotPin(product_id="p10", position=1)])


def test_of_pins_for_one_place_or_one_product_one_stands(tea_and_soap) -> None:
    pins = [Pin("gone", 1), Pin("p03", 1), Pin("p04", 1), Pin("p03", 2), Pin("p05", 9)]
    placed, skipped = pinning.standing(pins, 4, 0, lambda product_id: "not_in_catalogue" * (product_id == "gone"))
    assert (placed, skipped) == ({1: "p03"}, {"gone": "not_in_catalogue"})


def test_a_pin_repeats_nothing_that_the_page_shows_already(tea_and_soap, save_slot) -> None:
    save_slot(size=3)
    save_slot("second", size=3, pins=[SlotPin(product_id="p01", position=1), SlotPin(product_id="p07", position=2)])
    first = recommend("home", visitor_id=VISITOR, page_id="page-1")
    second = recommend("second", visitor_id=VISITOR, page_id="page-1")
    assert (ids(first), ids(second)) == (["p00", "p01", "p02"], ["p03", "p07", "p04"])
    assert second.skipped_pins == {"p01": "excluded"}


def test_rows_of_one_page_share_no_product_even_when_asked_at_once(tea_and_soap, save_slot) -> None:
    save_slot(size=3)
    save_slot("second", size=3)
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


def test_a_dozen_rows_of_one_page_asked_at_once_share_no_product(tea_and_soap, save_slot) -> None:
    names = [f"row{n}" for n in range(12)]
    for name in names:
        save_slot(name, size=1)
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


def test_a_form_is_looked_at_through_anybodys_eyes_before_it_is_saved(tea_and_soap, save_slot) -> None:
    slot = save_slot(size=4)
    slot.filter, slot.heading_en = 'brand == "Nido"', "Of Nido"
    assert ids(preview(slot, Viewer())) == ["p01", "p03", "p05", "p07"]
    difference = diff(slot, [Viewer(), Viewer(product_id="p01")], pins=[SlotPin(product_id="p11", position=1)])
    assert difference.changes[0].came == ("p11", "p05")
    assert difference.changes[0].went == ("p00", "p02")
    assert (difference.changed, difference.kept, difference.shorter) == (2, 0.375, 0)
    assert ids(recommend("home")) == ["p00", "p01", "p02", "p03"]
    assert len(valkey().xrange(slate_log.STREAM)) == 1


def test_a_slot_that_is_not_changed_shows_nobody_anything_else(tea_and_soap, save_slot, settings) -> None:
    settings.EXPLORATION_SHARE = 0.5
    slot = save_slot(size=6)
    assert not diff(slot, [Viewer()] * 4).changed, "chance alone is no change"
    assert any("explored" in item.applied for item in preview(slot, Viewer()).items), "and it is at work"
    assert len({tuple(ids(recommend("home"))) for _ in range(9)}) > 1, "the control: who looks is drawn for anew"


def test_what_is_new_viewed_and_bought_again_has_slots_of_its_own(shop, save_slot, clock) -> None:
    clock.set(datetime.now(tz=time.now().tzinfo) + timedelta(days=5))
    for name in TYPES:
        save_slot(name.replace("_", "-"), type=name, size=4)
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
        if TYPES.get(name).ranks:
            continue
        slate = recommend(name.replace("_", "-"), visitor_id=VISITOR, shopper_id="s1", product_id="bread")
        assert len(slate.items) == (2 if name == "recently_viewed" else 4), name
        assert reason_text(slate.heading, "zh")


def test_a_page_is_put_in_the_order_of_who_looks_and_loses_nothing(shop, save_slot) -> None:
    save_slot("results", type="search_ranking")
    page = [f"thing-{n}" for n in range(6)] + ["honey", "gone", "milk"]
    assert ids(rank("results", page)) == [product_id for product_id in page if product_id != "gone"] + ["gone"]
    newcomer = rank("results", page, shopper_id="registered-today")
    assert (ids(newcomer), newcomer.fallback, newcomer.known) == (ids(rank("results", page)), True, False)
    assert not rank("results", page, shopper_id="s1").fallback, "the control: one with a history"
    recording.record("product_viewed", visitor_id=VISITOR, product_id="tea")
    personal = ids(rank("results", page, visitor_id=VISITOR))
    assert sorted(personal) == sorted(page)
    assert personal.index("honey") < page.index("honey")
    with pytest.raises(OnlyRanks, match="'results' orders the products of a page"):
        recommend("results", visitor_id=VISITOR)
    with pytest.raises(OnlyRanks, match="'results' orders the products of a page"):
        recommend_many("results", ["s1"])


def test_types_are_mixed_and_fill_in_the_order_asked_for(shop, save_slot) -> None:
    recording.record("product_viewed", visitor_id=VISITOR, product_id="tea")
    save_slot("narrow", type="recently_viewed", size=4, fallbacks=["bought_together", "trending"])
    slate = recommend("narrow", visitor_id=VISITOR, product_id="pasta")
    assert (ids(slate)[0], "sauce" in ids(slate)) == ("tea", True)
    assert slate.items[1].applied["fills"] == "bought_together"
    save_slot("mixed", type="recently_viewed", mix={"bought_together": 10}, size=1)
    assert ids(recommend("mixed", visitor_id=VISITOR, product_id="pasta")) == ["sauce"]


def test_what_fills_stands_below_what_was_chosen(tea_and_soap, save_slot) -> None:
    for product_id in ("p09", "p07"):
        recording.record("product_viewed", visitor_id=VISITOR, product_id=product_id)
    came_today(["p10", "p11"])
    save_slot("viewed", type="recently_viewed", size=5, filter='id != "p10"', fallbacks=["new"])
    slate = recommend("viewed", visitor_id=VISITOR)
    assert ids(slate) == ["p07", "p09", "p11"]
    scores = [item.score for item in slate.items]
    assert scores == sorted(set(scores), reverse=True)
    assert [item.applied.get("fills") for item in slate.items] == [None, None, "new"]
    assert slate.removed == {}, "of the slot's own candidates none was taken out"


def came_today(product_ids: list[str]) -> None:
    """These came today, the others long ago."""
    Product.objects.exclude(pk__in=product_ids).update(created_at=time.now() - timedelta(days=90))
    facts.load()


def test_the_terms_of_a_mixed_slot_are_weighed_as_its_scores_are(tea_and_soap, save_slot) -> None:
    recording.record("product_viewed", visitor_id=VISITOR, product_id="p09")
    came_today(["p10"])
    save_slot("mixed", type="recently_viewed", mix={"new": 3}, size=4)
    slate = recommend("mixed", visitor_id=VISITOR, explain=True)
    parts = {part.product_id: part for part in slate.explanation.parts}
    terms = {term.name: (term.amount, term.value) for part in parts.values() for term in part.terms}
    assert terms["new"][0] == pytest.approx(3 * terms["new"][1])
    assert terms["recently_viewed"][0] == terms["recently_viewed"][1]
    most = max(part.total for part in parts.values() if part.total is not None)
    for item in slate.items:
        assert item.score == pytest.approx(parts[item.product_id].total / most)


def test_the_examples_of_the_docs_are_read_and_do_what_they_say(tea_and_soap) -> None:
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
