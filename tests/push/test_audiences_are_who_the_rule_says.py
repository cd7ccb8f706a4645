from __future__ import annotations

from datetime import timedelta

import pytest

from push.audiences.buckets import bucket_of
from push.audiences.compiling import shoppers
from push.audiences.counting import membership, size
from push.audiences.reach import waterfall
from push.audiences.rules import RuleError, parse
from push.audiences.sentences import sentence
from push.campaigns.planning import plan_due
from push.models import Segment
from shop.models import Shopper, Visitor
from shop.people import consents
from tests.factories.campaigns import make_audience, make_campaign, running
from tests.factories.catalogue import make_category, make_product
from tests.factories.events import an_event, store_all
from tests.factories.orders import make_cart, order_cart
from tests.factories.people import make_visitor

pytestmark = pytest.mark.django_db


def who(rule) -> set[str]:
    return set(shoppers(rule).values_list("pk", flat=True))


def test_an_empty_rule_is_everybody_but_the_erased(clock):
    anna, wei = make_audience(2)
    Shopper.objects.filter(pk=wei.pk).update(erased_at=clock())
    assert who({}) == {anna.pk}
    assert who({"type": "any", "of": []}) == set()


@pytest.mark.parametrize(
    ("rule", "path"),
    [
        ({"type": "all", "of": [{"type": "attribute", "name": "shoe_size", "value": "1"}]}, "$.of[0].name"),
        ({"type": "attribute", "name": "gender", "op": "in", "value": "female"}, "$.value"),
        ({"type": "attribute", "name": "user__email", "value": "x"}, "$.name"),
        ({"type": "attribute", "name": "attributes.a__b", "value": "x"}, "$.name"),
        (
            {"type": "all", "of": [{"type": "not", "of": {"type": "did", "event": "x", "times": 0}}]},
            "$.of[0].of.times",
        ),
        ({"type": "sql", "of": "DROP TABLE"}, "$.type"),
        ({"type": "bucket", "low": 9, "high": 3}, "$.low"),
        ({"type": "did", "event": "x'; --"}, "$.event"),
        ([], "$"),
    ],
)
def test_a_wrong_rule_is_refused_with_its_place(rule, path):
    with pytest.raises(RuleError) as error:
        parse(rule)
    assert error.value.path == path


def test_attributes(clock):
    anna, wei, eve = make_audience(3)
    Shopper.objects.filter(pk=anna.pk).update(gender="female", household={"size": 4}, place="Troy")
    Shopper.objects.filter(pk=wei.pk).update(gender="male", locale="zh-hans")
    assert who({"type": "attribute", "name": "gender", "value": "female"}) == {anna.pk}
    assert who({"type": "attribute", "name": "gender", "op": "is_not", "value": "female"}) == {wei.pk, eve.pk}
    assert who({"type": "attribute", "name": "gender", "op": "in", "value": ["male", "female"]}) == {anna.pk, wei.pk}
    assert who({"type": "attribute", "name": "place", "op": "unknown"}) == {wei.pk, eve.pk}
    assert who({"type": "attribute", "name": "household.size", "op": "at_least", "value": 3}) == {anna.pk}


def test_what_they_did_counts_the_time_before_login_too(clock):
    anna, wei, eve = make_audience(3)
    product = make_product(id="p-1", category=make_category(slug="tea"))
    Visitor.objects.create(id="v-before-login", shopper=wei)
    for event in (
        an_event(shopper_id=anna.pk, at=clock() - timedelta(days=20)),
        an_event(shopper_id=anna.pk, at=clock() - timedelta(days=2)),
        an_event(visitor_id="v-before-login", at=clock() - timedelta(days=1)),
    ):
        store(event)
    did = {"type": "did", "event": "product_viewed"}
    assert who(did) == {anna.pk, wei.pk}
    assert who({**did, "times": 2}) == {anna.pk}
    assert who({**did, "times": 2, "within_days": 7}) == set()
    assert who({**did, "type": "did_not"}) == {eve.pk}
    assert who({**did, "category": "tea"}) == {anna.pk, wei.pk}
    assert who({**did, "product_id": product.pk}) == {anna.pk, wei.pk}
    assert who({**did, "category": "coffee"}) == set()


def store(event):
    from shop.events.stream import append

    append([event])
    store_all()


def test_orders(clock):
    anna, wei = make_audience(2)
    visitor = make_visitor(shopper_id=anna.pk)
    order_cart(make_cart(visitor, make_product(price="40.00"), shopper=anna), visitor)
    clock.advance(days=10)
    assert who({"type": "orders", "measure": "count", "op": "at_least", "value": 1}) == {anna.pk}
    assert who({"type": "orders", "measure": "count", "op": "at_most", "value": 0}) == {wei.pk}
    assert who({"type": "orders", "measure": "spend", "op": "at_least", "value": 40}) == {anna.pk}
    assert who({"type": "orders", "measure": "count", "op": "at_least", "value": 1, "within_days": 5}) == set()
    assert who({"type": "orders", "measure": "days_since_last", "op": "at_least", "value": 7}) == {anna.pk}
    assert who({"type": "orders", "measure": "days_since_last", "op": "at_most", "value": 7}) == set()


def test_consent_segments_and_buckets(clock, settings):
    people = make_audience(30)
    consents.withdraw(people[0], "email", source="preferences")
    agreed = Segment.objects.create(name="Agreed", rule={"type": "consent", "channel": "email"})
    assert who({"type": "in_segment", "segment": agreed.pk}) == {person.pk for person in people[1:]}
    drawn = {person.pk for person in people if bucket_of(settings.BUCKET_SALT, person.pk) < 5000}
    assert who({"type": "bucket", "low": 0, "high": 5000}) == drawn
    agreed.rule = {"type": "in_segment", "segment": agreed.pk}
    agreed.save()
    with pytest.raises(RuleError):
        who(agreed.rule)


def test_a_rule_can_be_read_and_says_why_somebody_is_in(clock):
    anna, _wei = make_audience(2)
    Shopper.objects.filter(pk=anna.pk).update(gender="female")
    rule = {
        "type": "all",
        "of": [
            {"type": "attribute", "name": "gender", "value": "female"},
            {"type": "did_not", "event": "order_completed", "within_days": 30},
        ],
    }
    assert sentence(rule, "en") == "Shoppers: gender is female and did not “order completed” in the last 30 days."
    found = membership(rule, anna)
    assert (found.member, [node.holds for node in found.nodes]) == (True, [True, True, True])
    assert membership(rule, _wei).member is False
    assert (size(rule).count, size(rule).exact) == (1, True)


def test_the_waterfall_is_what_planning_does(clock):
    people = make_audience(40)
    make_audience(5, agreed=False)
    consents.withdraw(people[0], "email", source="preferences")
    draft = make_campaign(holdout_share=2000)
    reach = waterfall(draft, draft.steps.get())
    assert (reach.segment, reach.no_consent) == (45, 6)
    assert reach.segment - reach.no_address - reach.no_consent - reach.suppressed - reach.held_out == reach.will_get
    campaign = running(holdout_share=2000)
    told = waterfall(campaign, campaign.steps.get())
    planned = plan_due(campaign)
    assert (planned.planned, planned.held_out) == (told.will_get, told.held_out)
