"""What a slot cannot be served with is refused at its field with what helps, and what may not be meant is said."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.core.exceptions import ValidationError
from django.utils import translation

from recommender.models import SlotPin
from recommender.serving import recommend
from recommender.slots.checking import known_values, matching
from recommender.slots.filters import FilterError, parse
from recommender.slots.noticing import warnings

pytestmark = pytest.mark.django_db
PIN = ("product_id", "position", "starts_at", "ends_at")


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
        ("price < 5 or or stock > 1", "or", "It cannot be read from here on."),
        ("price < 5 and", "and", "It breaks off here"),
        ("price <", "<", "It breaks off here"),
        ("price <> 5", "<>", "Write “!=”."),
        ("id == 17", "17", 'Text stands in quotation marks: "17"'),
        ('brand in ["Nido", 5]', "5", 'Text stands in quotation marks: "5"'),
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
def test_a_filter_that_is_none_is_refused_with_the_place_and_what_helps(tea_and_soap, text, excerpt, helps) -> None:
    with pytest.raises(FilterError) as refused:
        parse(text, known_values())
    error = refused.value
    assert helps in str(error)
    if excerpt:
        assert (error.excerpt, text[error.start : error.end]) == (excerpt, excerpt)


def test_a_place_is_counted_in_characters_and_said_in_the_operators_language(tea_and_soap) -> None:
    with translation.override("zh-hans"), pytest.raises(FilterError) as refused:
        parse('brand != "茶叶" and prcie < 5')
    with translation.override("zh-hans"):
        assert str(refused.value) == "第 19 个字符“prcie”：没有这个名称。是否指“price”？"


def test_settings_that_cannot_be_served_are_not_saved(tea_and_soap, save_slot) -> None:
    with pytest.raises(ValidationError) as refused:
        save_slot(
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
            save_slot(fallbacks=fallbacks)
    for place in (0, 101):
        with pytest.raises(ValidationError, match="needs a place from 1 to 100"):
            save_slot(fallbacks=[], pins=[SlotPin(product_id="p01", position=place)])
    assert recommend("home").slot_version == 1
    assert matching('brand == "Nido"') == 6


NOON, EVENING = datetime(2026, 3, 2, 12, tzinfo=UTC), datetime(2026, 3, 2, 18, tzinfo=UTC)


@pytest.mark.parametrize(
    ("field", "wanted", "helps"),
    [
        ("boosts", [{"where": "price < 9", "factor": 2, "until": "May"}], "take “until” out"),
        ("boosts", [{"where": "price < 9", "factor": 2, "starts_at": "May"}], "2026-12-24T18:00"),
        ("boosts", [{"where": "price < 9", "factor": 2, "ends_at": 5}], "2026-12-24T18:00"),
        (
            "boosts",
            [{"where": "price < 9", "factor": 2, "starts_at": "2026-05-02", "ends_at": "2026-05-01"}],
            "ends before it begins",
        ),
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
        ("pins", [("p01", 1), ("p02", 1)], "Place 1 has “p01” at the same time: give “p02” another place"),
        ("pins", [("p01", 1, None, EVENING), ("p02", 1, NOON, None)], "Place 1 has “p01” at the same time"),
    ],
)
def test_nonsense_is_refused_at_its_field_with_what_helps(tea_and_soap, save_slot, clock, field, wanted, helps) -> None:
    save_slot("second", title="Tea time")
    pins = [SlotPin(**dict(zip(PIN, line, strict=False))) for line in wanted] if field == "pins" else None
    with pytest.raises(ValidationError) as refused:
        save_slot(**({} if pins else {field: wanted}), pins=pins) if field != "name" else save_slot(wanted)
    said = refused.value.message_dict
    assert helps in " ".join(said.get(field, said.get("__all__", [])))


def test_a_product_or_a_place_may_be_pinned_twice_one_time_after_the_other(tea_and_soap, save_slot, clock) -> None:
    pins = [SlotPin(product_id="p01", position=1, ends_at=NOON), SlotPin(product_id="p01", position=2, starts_at=NOON)]
    assert save_slot(pins=pins).pins.count() == 2
    pins = [SlotPin(product_id="p01", position=1, ends_at=NOON), SlotPin(product_id="p02", position=1, starts_at=NOON)]
    assert save_slot(pins=pins).pins.count() == 2
    # One that has ended stands in nobody's way, though the other has no beginning.
    pins[1].starts_at = None
    assert save_slot(pins=pins).pins.count() == 2


def test_a_type_that_orders_pages_takes_no_settings_that_have_no_effect(tea_and_soap, save_slot) -> None:
    with pytest.raises(ValidationError) as refused:
        save_slot("results", type="search_ranking", filter="price < 9", fallbacks=["new"], rotation=0.5)
    assert set(refused.value.message_dict) == {"filter", "fallbacks", "rotation"}
    save_slot("results", type="search_ranking", boosts=[{"where": "price < 9", "factor": 2}])


def test_what_may_not_be_meant_is_said(tea_and_soap, save_slot, clock) -> None:
    slot = save_slot(size=4, filter='price < 5 and brand == "Nido"', boosts=[{"where": "price > 90", "factor": 2}])
    pins = [SlotPin(product_id="p01", position=6), SlotPin(product_id="p03", position=1, ends_at=clock())]
    said = " ".join(warnings(slot, pins))
    for part in ("lets 2 products through", "No product is meant by “price > 90”", "shows 4 products", "has ended"):
        assert part in said
    slot.filter = "price > 90"
    assert "the slot is empty" in " ".join(warnings(slot, []))
    assert warnings(save_slot(filter="price < 9", boosts=[]), []) == []
