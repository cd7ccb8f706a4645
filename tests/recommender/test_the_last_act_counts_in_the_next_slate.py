"""Serving with models: session in, slate out; rules obeyed by the next response; honest when something is away."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext

from recommender.known import champions
from recommender.known.contexts import Known
from recommender.models import ModelVersion, Slate
from recommender.serving import reason_text, recommend, recommend_many, warming
from recommender.slates import slate_log
from recommender.slates.proving import heading_of
from recommender.slates.slate import Reason, SlateItem
from shop import valkey
from shop.events import recording
from shop.events.consumers import Runner
from shop.models import Order, Product

pytestmark = pytest.mark.django_db
VISITOR = "v-somebody-1"


def ids(slate) -> list[str]:
    return [item.product_id for item in slate.items]


def test_a_click_changes_the_next_home_row_and_its_reason(shop) -> None:
    before = recommend("home", visitor_id=VISITOR, k=4)
    assert before.fallback
    assert reason_text(before.heading) == "Popular this week"
    recording.record("product_viewed", visitor_id=VISITOR, product_id="tea")
    after = recommend("home", visitor_id=VISITOR, k=4)
    assert "honey" in ids(after)[:2]
    assert reason_text(after.heading) == "Because you looked at Tea"
    assert "tea" not in ids(after)
    honey = after.items[ids(after).index("honey")]
    assert "Tea" in reason_text(honey.reason)


def test_what_was_only_put_into_the_cart_is_not_said_to_have_been_looked_at(shop) -> None:
    recording.record("product_added", visitor_id=VISITOR, product_id="tea", quantity=1)
    slate = recommend("home", visitor_id=VISITOR, k=4)
    assert reason_text(slate.heading) == "Goes with Tea in your cart"


def test_a_number_in_a_reason_is_counted_from_orders(shop) -> None:
    recording.record("product_viewed", visitor_id=VISITOR, product_id="coffee")
    slate = recommend("home", visitor_id=VISITOR, k=4)
    milk = slate.items[ids(slate).index("milk")]
    assert reason_text(milk.reason) == "Bought together with Coffee by 10 in 10"


def test_what_is_in_the_cart_is_not_shown_and_the_cart_row_goes_with_it(shop) -> None:
    recording.record("product_added", visitor_id=VISITOR, product_id="pasta", quantity=1)
    cart = recommend("cart", visitor_id=VISITOR, k=4)
    assert "sauce" in ids(cart)[:2]
    assert "pasta" not in ids(recommend("home", visitor_id=VISITOR, k=20))


@pytest.mark.parametrize("change", [{"stock": 0}, {"active": False}])
def test_a_product_that_cannot_be_bought_is_gone_from_the_next_slate(
    shop, change, django_capture_on_commit_callbacks
) -> None:
    recording.record("product_viewed", visitor_id=VISITOR, product_id="tea")
    assert "honey" in ids(recommend("home", visitor_id=VISITOR, k=6))
    with django_capture_on_commit_callbacks(execute=True):
        product = Product.objects.get(pk="honey")
        for name, value in change.items():
            setattr(product, name, value)
        product.save()
    slate = recommend("home", visitor_id=VISITOR, k=6)
    assert "honey" not in ids(slate)
    assert len(slate.items) == 6


def test_what_is_sold_out_still_says_what_goes_with_it(shop, django_capture_on_commit_callbacks) -> None:
    before = ids(recommend("product", product_id="tea", k=6))
    with django_capture_on_commit_callbacks(execute=True):
        tea = Product.objects.get(pk="tea")
        tea.stock = 0
        tea.save()
    assert ids(recommend("product", product_id="tea", k=6)) == before
    recording.record("product_viewed", visitor_id=VISITOR, product_id="tea")
    slate = recommend("home", visitor_id=VISITOR, k=6)
    assert "tea" not in ids(slate)
    assert "honey" in ids(slate)[:2]
    assert not slate.fallback


def test_a_known_shopper_sees_what_they_buy(shop) -> None:
    slate = recommend("email", shopper_id="s1", k=4)
    assert {"pasta", "sauce"} & set(ids(slate))
    assert not slate.fallback
    mailed = recommend_many("email", ["s1"], 4)["s1"]
    assert not {"pasta", "sauce"} & set(ids(mailed)), "the database knows that both were bought yesterday"
    Order.objects.update(placed_at=F("placed_at") - timedelta(days=7))
    assert recommend_many("email", ["s1", "s2"], 4)["s1"].items == slate.items


def test_without_consent_to_be_known_only_the_page_in_view_counts(shop) -> None:
    recording.record("product_viewed", visitor_id=VISITOR, product_id="tea")
    slate = recommend("home", visitor_id=VISITOR, shopper_id="s1", k=4, personalised=False)
    assert slate.fallback
    product = recommend("product", visitor_id=VISITOR, product_id="pasta", k=4, personalised=False)
    assert "sauce" in ids(product)[:2]


def looks_until_written(entries: int) -> int:
    """How often the stream of slates was looked at until so many stood there: nobody waits for what is posted."""
    looks = 1
    while valkey.client().xlen(slate_log.STREAM) < entries:
        looks += 1
    return looks


def test_no_query_and_one_round_trip_are_on_the_way_and_one_entry_nobody_waits_for(shop, monkeypatch) -> None:
    recording.record("product_viewed", visitor_id=VISITOR, product_id="tea")
    recommend("home", visitor_id=VISITOR, k=6)
    looks_until_written(1)
    before = valkey.client().info("stats")["total_commands_processed"]
    waited_for, posted = [], []

    def counted(method, seen):
        return lambda self: seen.append(len(self.commands)) or method(self)

    monkeypatch.setattr(valkey.Trip, "execute", counted(valkey.Trip.execute, waited_for))
    monkeypatch.setattr(valkey.Trip, "post", counted(valkey.Trip.post, posted))
    with CaptureQueriesContext(connection) as queries:
        recommend("home", visitor_id=VISITOR, shopper_id="s1", k=6)
    looks = looks_until_written(2)
    after = valkey.client().info("stats")["total_commands_processed"]
    assert len(queries) == 0
    assert len(waited_for) == 1
    assert posted == [1]
    # Everything that reached the server was in these (and the looks, and the one INFO that counts).
    assert after - before == sum(waited_for) + 1 + looks + 1


def test_without_valkey_popular_products_are_shown_and_said_to_be(shop, settings) -> None:
    settings.REDIS_URL = "unix:///nowhere/valkey.sock?db=0"
    slate = recommend("home", visitor_id=VISITOR, k=4)
    assert slate.fallback
    assert len(slate.items) == 4
    assert slate.note


def test_slates_reach_the_database_once(shop) -> None:
    slate = recommend("home", visitor_id=VISITOR, k=4)
    ((_, entry),) = valkey.client().xrange(slate_log.STREAM)
    valkey.client().xadd(slate_log.STREAM, entry)
    Runner(slate_log.SlateConsumer(), claim_after_ms=0).drain()
    row = Slate.objects.get()
    assert row.pk == slate.slate_id
    assert [item["product_id"] for item in row.items] == ids(slate)


def test_a_new_champion_is_swapped_in_without_a_restart(shop, django_capture_on_commit_callbacks) -> None:
    from recommender.models import ModelVersion
    from recommender.training import promotion

    before = champions.current("cart").label
    candidate = ModelVersion.objects.filter(slot="cart", status="candidate", algorithm="popular").get()
    with django_capture_on_commit_callbacks(execute=True):
        promotion.promote(candidate, actor=None, reason="to see it swapped")
    with CaptureQueriesContext(connection) as queries:
        slate = recommend("cart", visitor_id=VISITOR, k=4)
    assert slate.model == f"popular-{candidate.pk}" != before
    assert len(queries) == 0


def test_an_announcement_of_a_champion_that_was_lost_does_not_bring_the_former_one_back(shop) -> None:
    former = recommend("home").model
    other = ModelVersion.objects.filter(slot="home").exclude(status="champion").first()
    # Valkey was away when it was promoted: what it says is of before, and the watch finds the new one.
    ModelVersion.objects.filter(slot="home", status="champion").update(status="retired")
    ModelVersion.objects.filter(pk=other.pk).update(status="champion")
    assert recommend("home").model == former
    warming.warm_up()
    assert [recommend("home").model for _ in range(2)] == [str(other)] * 2


def test_while_a_new_champion_is_being_opened_the_former_one_answers_and_says_so(
    shop, settings, django_capture_on_commit_callbacks
) -> None:
    from recommender.models import ModelVersion
    from recommender.training import promotion

    before = champions.current("cart").label
    candidate = ModelVersion.objects.filter(slot="cart", status="candidate", algorithm="popular").get()
    settings.MODEL_WAIT_SECONDS = 0.2
    # Whoever opens files needs this lock.
    with champions._lock:
        with django_capture_on_commit_callbacks(execute=True):
            promotion.promote(candidate, actor=None, reason="to see it take long")
        assert recommend("cart", visitor_id=VISITOR, k=4).model == before
    champions._opening.join(30)
    assert recommend("cart", visitor_id=VISITOR, k=4).model == f"popular-{candidate.pk}"


def test_a_champion_whose_file_is_broken_leaves_the_former_one_in_service(
    shop, django_capture_on_commit_callbacks
) -> None:
    from django.core.files.storage import storages

    from recommender.models import ModelVersion
    from recommender.training import announcing

    before = champions.current("cart").label
    candidate = ModelVersion.objects.filter(slot="cart", status="candidate", algorithm="popular").get()
    ModelVersion.objects.filter(slot="cart", status="champion").update(status="retired")
    ModelVersion.objects.filter(pk=candidate.pk).update(status="champion")
    Path(storages["models"].path(candidate.file)).write_bytes(b"no model")
    announcing.announce()
    assert recommend("cart", visitor_id=VISITOR, k=4).model == before


def test_scores_are_shares_of_the_best_whatever_the_algorithm_counts_in(shop) -> None:
    recording.record("product_viewed", visitor_id=VISITOR, product_id="tea")
    for slot, product_id in (("home", ""), ("product", "tea"), ("cart", "")):
        scores = [item.score for item in recommend(slot, visitor_id=VISITOR, product_id=product_id, k=4).items]
        assert scores == sorted(scores, reverse=True)
        assert 0 <= scores[-1] <= scores[0] <= 1


def test_a_model_that_cannot_answer_is_refused_and_what_is_popular_shown(shop, monkeypatch) -> None:
    champion = champions.current("home")

    def lacks(self, context, k):
        raise AttributeError("no attribute 'rule_'")

    monkeypatch.setattr(type(champion.algorithm), "recommend", lacks)
    champions.forget()
    slate = recommend("home", visitor_id=VISITOR, k=4)
    assert slate.fallback
    assert len(slate.items) == 4
    assert "it does not answer: AttributeError" in ModelVersion.objects.get(pk=champion.version).error
    monkeypatch.undo()
    champions.forget()
    assert not recommend("product", product_id="tea", k=2).fallback
    assert ModelVersion.objects.get(pk=champion.version).error == ""


@pytest.mark.parametrize(
    ("slot", "codes", "heading"),
    [
        ("home", ["viewed", "session", "again", "again"], "viewed"),
        ("home", ["viewed", "again", "again", "bought"], "for_you"),
        ("product", ["together", "together_often", "similar", "similar"], "bought_with"),
        ("product", ["together", "similar", "similar", "similar"], "next_to"),
    ],
)
def test_a_heading_claims_what_half_of_the_reasons_prove(slot, codes, heading) -> None:
    known = Known(shopper_id="s-1", seen=["tea"], viewed=frozenset({"tea"}))
    params = {"viewed": {"because": "tea"}, "bought": {"because": "jam"}}
    items = [SlateItem(f"p-{n}", 1.0, Reason(code, params.get(code, {})), "x") for n, code in enumerate(codes)]
    assert heading_of(slot, known, items).code == heading


def test_a_row_made_of_the_product_in_view_alone_is_not_headed_popular() -> None:
    items = [SlateItem(f"p-{n}", 1.0, Reason("together_often", {"because": "tea"}), "x") for n in range(4)]
    assert heading_of("home", Known(product_id="tea"), items).code == "next_to"
    assert heading_of("home", Known(), items).code == "popular"
