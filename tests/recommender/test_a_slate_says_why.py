"""A slate is explained as it was: the terms yield its order, asking again gives the same, and what is missing has a reason."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import orjson
import pytest
from django.core.files.storage import storages
from django.core.management import CommandError, call_command

from recommender.algorithms.blend import Blend
from recommender.dataset.interactions import from_sessions
from recommender.dataset.products import Products
from recommender.explanations import then
from recommender.explanations.missing import Why, WhyNot, ask_now, choice_now, why_not
from recommender.explanations.replaying import replay
from recommender.explanations.telling import why_words
from recommender.known import champions, facts
from recommender.known.contexts import Known
from recommender.known.product_facts import ProductFacts
from recommender.models import ModelVersion, Slate
from recommender.serving import recommend
from recommender.slates.slate_log import SlateConsumer
from recommender.slots import saving, snapshot
from recommender.slots.choosing import choose
from recommender.slots.diversity import Shares
from recommender.slots.models import Slot, SlotPin
from recommender.slots.served import ServedSlot
from recommender.slots.types.base import Ask
from shop.events import recording
from shop.events.consumers import Runner
from shop.models import Product
from shop.operators import audit
from shop.opinions import saying
from shop.opinions.models import Opinion
from tests.factories.catalogue import make_product
from tests.factories.models import serve_sessions

pytestmark = pytest.mark.django_db
VISITOR = "v-somebody-1"


def ids(slate) -> list[str]:
    return [item.product_id for item in slate.items]


def stored(slate) -> Slate:
    """The slate as the log has it."""
    Runner(SlateConsumer()).drain()
    return Slate.objects.get(pk=slate.slate_id)


def why_not_now(slot: str, wanted: str, shopper_id: str = "") -> WhyNot:
    """As the page "Why not…?" asks."""
    ask = ask_now(slot, shopper_id=shopper_id)
    return why_not(ask, choice_now(ask), wanted)


@pytest.fixture
def save(django_capture_on_commit_callbacks):
    def saved(instance, **fields):
        for name, value in fields.items():
            setattr(instance, name, value)
        with django_capture_on_commit_callbacks(execute=True):
            saving.save(instance, actor=None) if isinstance(instance, Slot) else instance.save()

    return saved


@pytest.mark.parametrize("slot", ["home", "product", "cart", "email"])
def test_the_explanation_of_a_slate_yields_its_order(shop, slot) -> None:
    recording.record("product_viewed", visitor_id=VISITOR, product_id="tea")
    recording.record("product_added", visitor_id=VISITOR, product_id="pasta", quantity=1)
    about = "coffee" if slot == "product" else ""
    slate = recommend(slot, visitor_id=VISITOR, shopper_id="s1", product_id=about, k=8, explain=True)
    told = slate.explanation
    assert told is not None
    ranked = [part for part in told.parts if part.total is not None]
    assert ranked
    for part in ranked:
        assert part.total == pytest.approx(told.base + sum(term.amount for term in part.terms))
    # By what each is ranked by, as far as no rule took it out; then the variety of the slot; then what fills up.
    everything = sorted([*ranked, *told.ahead], key=lambda part: (-part.total, part.rank))
    candidates = [(part.rank, part.product_id) for part in everything]
    shares, behind = Shares.of(ask_now(slot).slot.diversity, facts.current(), 8), []
    by_terms = [*shares.within(candidates, behind), *behind] if shares is not None else candidates
    filled = sorted((part for part in told.parts if part.total is None), key=lambda part: -part.score)
    order = [product_id for _, product_id in by_terms][: len(ranked)] + [part.product_id for part in filled]
    assert order == ids(slate)
    straight = [part.product_id for part in everything if part in ranked and not part.stood_back]
    assert straight == [part.product_id for part in ranked if not part.stood_back]
    assert not {part.product_id for part in told.ahead} & {
        taken for taken_by in told.removed.values() for taken in taken_by
    }


def test_a_slate_is_reproduced_whatever_changed_since_and_says_what_did(shop, save) -> None:
    save(Product.objects.get(pk="milk"), stock=0)
    recording.record("product_viewed", visitor_id=VISITOR, product_id="coffee")
    recording.record("product_viewed", visitor_id=VISITOR, product_id="tea")
    slate = recommend("home", visitor_id=VISITOR, shopper_id="s2", k=6)
    assert "milk" not in ids(slate)
    row = stored(slate)
    # Stock, the champion and the slot's settings are other ones now.
    save(Product.objects.get(pk="milk"), stock=5)
    save(Product.objects.get(pk="honey"), stock=0)
    save(Slot.objects.get(name="home"), diversity={})
    other = ModelVersion.objects.filter(slot="home").exclude(status="champion").first()
    ModelVersion.objects.filter(slot="home", status="champion").update(status="retired")
    ModelVersion.objects.filter(pk=other.pk).update(status="champion")
    champions.forget()
    found = replay(row)
    assert found.reproduced
    assert [part.product_id for part in found.explanation.parts] == ids(slate)
    assert found.explanation.removed["out_of_stock"] == ["milk"]
    assert found.since == {"milk": "", "honey": "out_of_stock"}
    assert all(part.terms for part in found.explanation.parts if part.total is not None)
    save(Slot.objects.get(name="home"), diversity={"category": 1})
    assert replay(row).reproduced, "settings of every version are kept"


def test_without_the_file_of_the_version_it_says_so_and_shows_what_was_logged(shop) -> None:
    recording.record("product_viewed", visitor_id=VISITOR, product_id="tea")
    row = stored(recommend("home", visitor_id=VISITOR, k=4))
    version = ModelVersion.objects.get(slot="home", status="champion")
    storages["models"].delete(version.file)
    champions.forget()
    then._opened.cache_clear()
    found = replay(row)
    assert (found.reproduced, found.lost) == (False, ("model_gone",))
    assert [part.product_id for part in found.explanation.parts] == [item["product_id"] for item in row.items]
    assert not any(part.terms for part in found.explanation.parts)


def test_a_slate_that_was_logged_otherwise_is_not_said_to_be_reproduced(shop) -> None:
    recording.record("product_viewed", visitor_id=VISITOR, product_id="tea")
    row = stored(recommend("home", visitor_id=VISITOR, k=4))
    row.items[0]["score"] += 0.01
    found = replay(row)
    assert (found.reproduced, found.lost) == (False, ("other_order",))
    assert not found.explanation.parts[0].terms, "terms of another score explain nothing"
    assert found.explanation.parts[1].terms or found.explanation.parts[1].total is None


def test_a_place_that_chance_gave_away_does_not_hide_that_the_rest_is_the_same(shop) -> None:
    recording.record("product_viewed", visitor_id=VISITOR, product_id="tea")
    row = stored(recommend("home", visitor_id=VISITOR, shopper_id="s1", k=4))
    row.items[2] |= {"product_id": "thing-11", "reason": "seldom_seen", "applied": {"explored": 0.01}}
    assert replay(row).reproduced
    row.items[0], row.items[1] = row.items[1], row.items[0]
    assert not replay(row).reproduced


def test_why_a_product_is_not_in_a_slate(shop, save) -> None:
    recording.record("product_viewed", visitor_id=VISITOR, product_id="tea")
    save(Product.objects.get(pk="honey"), stock=0)
    row = stored(recommend("home", visitor_id=VISITOR, k=3))
    ask = replay(row).then.ask
    assert ask is not None
    choice = choose(ask)
    last = choice.items[-1].product_id

    def why(product_id: str):
        return why_not(ask, choice, product_id)

    sold_out = why("honey")
    assert (sold_out.why, sold_out.rule) == (Why.REMOVED, "out_of_stock")
    assert sold_out.part is not None
    assert sold_out.part.rank >= 1, "the rank that it would have"
    assert (why("tea").why, why("tea").rule) == (Why.REMOVED, "seen_in_visit")
    assert (why(last).why, why(last).part.position) == (Why.SHOWN, 3)
    assert why("nothing").why == Why.NO_PRODUCT
    further = next(part for part in replay(row).explanation.ahead)
    found = why(further.product_id)
    assert found.why == Why.OUTSCORED
    assert found.last.product_id == last
    assert found.short == pytest.approx(found.last.total - found.part.total)
    assert found.short == pytest.approx(sum(term.amount for term in found.differences), abs=1e-9)
    make_product(id="brand-new")
    facts.load()
    assert why_not_now("home", "brand-new").why == Why.NEW
    again = replay(stored(recommend("home", visitor_id=VISITOR, k=3, exclude=["brand-new"]))).then.ask
    left_out = why_not(again, choose(again), "brand-new")
    assert (left_out.why, left_out.rule) == (Why.REMOVED, "excluded"), "no source named it, but the caller did"


def test_what_a_source_named_too_far_back_is_cut_and_not_unknown_to_it() -> None:
    """Three products go with the first, the second the most; the source brings two, and the last goes with nothing."""
    names = ["p0", "p1", "p2", "p3", "alone"]
    sessions = [[0, 1]] * 9 + [[0, 2]] * 6 + [[0, 3]] * 4 + [[4]] * 2
    weights = {"product": [0.0, 1.0, 0.0, 0.0, 0.0]}
    blend = Blend(depth=2, weights=weights).fit(from_sessions(sessions, Products.of(names)))
    row = {name: number for number, name in enumerate(names)}
    model = SimpleNamespace(label="blend-1", algorithm=blend, product_ids=names, row=row)
    shelf = ProductFacts.of_rows([(name, 1.0, 1, True, "food", "", 0, 0, "", "") for name in names], {})
    slot = ServedSlot.of({"name": "product", "type": "bought_together"})
    ask = Ask(slot, Known(product_id="p0"), shelf, {"product": model}.get, 0, 2)
    choice = choose(ask)
    assert ids(choice) == ["p1", "p2"], "the control"
    found = {name: why_not(ask, choice, name) for name in ("p3", "alone")}
    assert {name: each.why for name, each in found.items()} == {"p3": Why.CUT, "alone": Why.NO_SOURCE}
    assert [(each.name, each.place, each.brings) for each in found["p3"].sources] == [("item_knn", 3, False)]
    assert why_words(found["p3"], str) == "It was named by a source, but too far back to be ranked."
    assert why_words(found["alone"], str) == "No source named it among 2 candidates."


def test_what_stands_behind_for_variety_and_what_no_model_ranked_is_said_to(shop, save) -> None:
    recording.record("product_viewed", visitor_id=VISITOR, product_id="tea")
    save(Slot.objects.get(name="home"), diversity={"category": 1})
    row = stored(recommend("home", visitor_id=VISITOR, k=6))
    ask = replay(row).then.ask
    choice = choose(ask)
    reasons = {name: why_not(ask, choice, name) for name in ask.facts.row if name not in ids(choice)}
    varied = [found for found in reasons.values() if found.why == Why.VARIETY]
    assert varied
    assert all(found.short < 0 < found.part.rank for found in varied)
    assert all(found.short >= 0 for found in reasons.values() if found.why == Why.OUTSCORED)
    off = replace(ask, slot=replace(ask.slot, active=False))
    assert why_not(off, choice, ids(choice)[0]).why == Why.OFF


def test_without_a_model_nothing_is_said_to_have_been_removed(db) -> None:
    for number in range(12):
        make_product(id=f"p{number:02}", units_sold=100 - number)
    facts.load()
    assert why_not_now("home", "p00").why == Why.SHOWN
    found = why_not_now("home", "p11")
    assert (found.why, found.rule) == (Why.NO_MODEL, "")


def test_a_slate_that_went_by_the_visit_and_the_clock_is_asked_again_at_that_moment(save, clock) -> None:
    serve_sessions(slots=("home",))
    champions.load()
    facts.load()
    snapshot.load()
    save(Slot.objects.get(name="home"), rotation=1.0, filter="age < 2", diversity={})
    recording.record("product_viewed", visitor_id=VISITOR, product_id="tea")
    row = stored(recommend("home", visitor_id=VISITOR, k=4))
    assert any("chance" in item["applied"] for item in row.items)
    clock.advance(days=3)
    assert recommend("home", visitor_id=VISITOR, k=4).items == (), "the control: all are older by now"
    found = replay(row)
    assert found.reproduced, found.lost
    other = replay(row).then.ask
    assert ids(choose(replace(other, visit="somebody else's"))) != ids(choose(other)), "the control"


def test_the_command_explains_a_slate_and_a_product_that_is_not_in_it(shop, capsys) -> None:
    recording.record("product_viewed", visitor_id=VISITOR, product_id="tea")
    slate = recommend("home", visitor_id=VISITOR, k=3)
    stored(slate)
    call_command("explain", str(slate.slate_id))
    text = capsys.readouterr().out
    assert "Asked again, the version that served gives the same products" in text
    for product_id in ids(slate):
        assert product_id in text
    assert "looked at in this visit: tea" in text
    call_command("explain", str(slate.slate_id), "--json")
    told = orjson.loads(capsys.readouterr().out)
    assert [item["product_id"] for item in told["items"]] == ids(slate)
    assert told["reproduced"] is True
    call_command("explain", str(slate.slate_id), "--why-not", "tea")
    assert "A rule took it out: looked at in this visit." in capsys.readouterr().out
    with pytest.raises(CommandError, match="There is no slate"):
        call_command("explain", "018f0000-0000-7000-8000-000000000001")


def test_what_was_waved_off_and_what_the_filter_forbids_is_said_to_be(shop, save) -> None:
    shown = ids(recommend("home", shopper_id="s1", k=6))
    saying.say(Opinion.Kind.DISMISSED, shown[0], shopper_id="s1")
    assert shown[0] not in ids(recommend("home", shopper_id="s1", k=6))
    found = why_not_now("home", shown[0], shopper_id="s1")
    assert (found.why, found.rule) == (Why.REMOVED, "not_wanted")
    make_product(id="dear", price=900, units_sold=0)
    facts.load()
    save(Slot.objects.get(name="home"), filter="price < 500")
    recommend("home")
    found = why_not_now("home", "dear", shopper_id="s1")
    assert (found.why, found.rule) == (Why.REMOVED, "slot_filter")


def test_what_the_slot_allows_is_not_said_to_have_changed_since(save) -> None:
    serve_sessions(slots=("home",))
    save(Slot.objects.get(name="home"), filter='id != "honey"')
    pin = SlotPin(product_id="tea", position=2)
    saving.save(Slot.objects.get(name="home"), actor=None, pins=[pin])
    snapshot.load()
    champions.load()
    facts.load()
    recording.record("product_viewed", visitor_id=VISITOR, product_id="tea")
    home, viewed = (stored(recommend(slot, visitor_id=VISITOR, k=4)) for slot in ("home", "recently-viewed"))
    assert home.items[1]["product_id"] == "tea"
    assert home.context["filtered"]["slot_filter"] == ["honey"]
    assert replay(home).since == {}, "pinned, though seen; kept out by a filter that would do so again"
    assert [item["product_id"] for item in viewed.items] == ["tea"]
    assert replay(viewed).since == {}, "that it was seen is why it is here"
    save(Slot.objects.get(name="home"), filter="")
    assert replay(home).since == {}, "the filter is that of then"
    save(Product.objects.get(pk="tea"), stock=0)
    assert replay(viewed).since == {"tea": "out_of_stock"}


@pytest.mark.parametrize("kept", [{"type": "from_elsewhere"}, {"type": "for_you", "filter": "weather == 1"}])
def test_settings_that_another_release_kept_and_nobody_can_read_are_said_to_be_lost(shop, save, kept) -> None:
    slot, old = Slot.objects.get(name="home"), stored(recommend("home"))
    save(slot, size=4)
    assert then.then_of(old).lost == (), "the control: settings of then that can be read"
    Slot.objects.filter(pk=slot.pk).update(version=7)
    snapshot.load()
    former = {"name": "home", "version": 3, **kept}
    audit.record("slot.change", actor=None, target=slot, before=former, after={**former, "version": 7})
    old.context["slot_version"] = 3
    assert then.then_of(old).lost == ("slot_changed",)
