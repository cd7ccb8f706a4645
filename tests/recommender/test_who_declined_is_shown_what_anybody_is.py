"""Who declined personal rows is shown an order that does not depend on who they are: in rows, by chance, in messages."""

from __future__ import annotations

import pytest
from django.db import models, transaction

from recommender.explanations.missing import ask_now
from recommender.explanations.then import then_of
from recommender.models import Slate, Slot
from recommender.serving import rank, recommend, recommend_many
from recommender.serving.previewing import Viewer, preview
from recommender.serving.warming import warm_up
from recommender.slates.slate_log import SlateConsumer
from recommender.slots import saving
from recommender.slots.defaults import DEFAULT_SLOTS
from shop import valkey
from shop.api.keys import create_key
from shop.events import recording
from shop.events.consumers import Runner
from shop.models import Shopper
from shop.people import declining
from shop.people.tasks import refill_declined
from tests.factories.people import make_shopper
from tests.factories.waiting import at_work, until_it_waits

pytestmark = pytest.mark.django_db
# Who agrees again is told once that is committed.
committed = pytest.mark.django_db(transaction=True)
VISITORS = [f"v-somebody-{number}" for number in range(8)]


@pytest.fixture
def steer(django_capture_on_commit_callbacks):
    def steered(name: str, **fields: float) -> None:
        slot = Slot.objects.get(name=name)
        for field, value in fields.items():
            setattr(slot, field, value)
        with django_capture_on_commit_callbacks(execute=True):
            saving.save(slot, actor=None)

    return steered


def order(slate) -> tuple[str, ...]:
    return tuple(item.product_id for item in slate.items)


def test_rotation_is_by_day_for_whoever_declined(shop, steer, clock) -> None:
    steer("home", rotation=1.0)
    assert len({order(recommend("home", visitor_id=each)) for each in VISITORS}) > 1, "others have orders of their own"

    def of_today() -> set[tuple[str, ...]]:
        return {order(recommend("home", visitor_id=each, shopper_id="s1", personalised=False)) for each in VISITORS}

    days = []
    for _ in range(6):
        (today,) = of_today()
        days.append(today)
        clock.advance(days=1)
    assert len(set(days)) > 1


def test_what_is_explored_is_drawn_by_person_only_for_whoever_did_not_decline(shop, steer) -> None:
    steer("home", exploration=0.5)

    def drawn(*, personalised: bool) -> set[tuple[str, ...]]:
        slates = (recommend("home", visitor_id=VISITORS[0], k=6, personalised=personalised) for _ in range(12))
        return {order(slate) for slate in slates}

    assert len(drawn(personalised=True)) == 1
    assert len(drawn(personalised=False)) > 1


def test_a_message_to_whoever_declined_holds_what_anybody_gets_before_a_model_learns_of_it(shop) -> None:
    own = recommend_many("email", ["s1", "nobody"], 4)
    assert (own["s1"].known, own["nobody"].known) == (True, False) or order(own["s1"]) != order(own["nobody"])
    assert Shopper.objects.filter(pk="s1").update(personalised=False) == 1
    declined = recommend_many("email", ["s1", "s2"], 4)
    assert order(declined["s1"]) == order(own["nobody"])
    assert not declined["s1"].known
    assert declined["s2"].known


@committed
def test_who_declined_is_nobody_whoever_asks_and_at_once_again_somebody(shop, client) -> None:
    """Rows, the API with either key, rankings, previews, the page of reasons: none needs to be told."""
    visitor, token = "v-hers-0001", create_key("server", "sk")[1]
    recording.record("logged_in", visitor_id=visitor, shopper_id="s1")
    recording.record("product_viewed", visitor_id=visitor, product_id="tea")
    everybody = order(recommend("home", k=6))
    # Tests that commit leave no rows of migrations to those after them.
    default = next(slot for slot in DEFAULT_SLOTS if slot["name"] == "home")
    home, _ = Slot.objects.get_or_create(name="home", defaults=default)

    def asked() -> dict[str, tuple[str, ...]]:
        def over_http(query: str) -> tuple[str, ...]:
            url, headers = f"/api/v1/{query}", {"authorization": f"Bearer {token}"}
            return tuple(item["product_id"] for item in client.get(url, headers=headers).json()["items"])

        return {
            "by shopper": order(recommend("home", shopper_id="s1", k=6)),
            "by both": order(recommend("home", shopper_id="s1", visitor_id=visitor, k=6)),
            "by the session": order(recommend("home", visitor_id=visitor, k=6)),
            "api": over_http(f"recommendations/home?k=6&shopper_id=s1&visitor_id={visitor}"),
            "preview": order(preview(home, Viewer("s1", visitor), k=6)),
        }

    def rest() -> tuple[tuple[str, ...], ...]:
        shown = [product_id for product_id in everybody if product_id != "tea"]
        similar = recommend("similar", product_id="honey", visitor_id=visitor, k=4)
        return order(rank("category", shown, shopper_id="s1", visitor_id=visitor)), order(similar)

    before, rest_before = asked(), rest()
    assert everybody not in before.values()
    shopper = Shopper.objects.get(pk="s1")
    shopper.personalised = False
    shopper.save()
    assert set(asked().values()) == {everybody}
    assert rest() == (
        tuple(product_id for product_id in everybody if product_id != "tea"),
        order(recommend("similar", product_id="honey", k=4)),
    )
    assert not ask_now("home", shopper_id="s1").known.seen
    Shopper.objects.filter(pk="s1").update(personalised=True)
    assert (asked(), rest()) == (before, rest_before)


def test_what_was_declined_is_obeyed_after_valkey_lost_it_and_while_it_is_away(shop, settings) -> None:
    everybody = order(recommend("home", k=6))
    Shopper.objects.filter(pk="s1").update(personalised=False)
    assert order(recommend("home", shopper_id="s2", k=6)) != everybody, "the control"
    valkey.client().flushdb()
    for shopper_id in ("s1", "s2"):
        assert order(recommend("home", shopper_id=shopper_id, k=6)) == everybody, "nobody knows who declined"
    warm_up()
    assert order(recommend("home", shopper_id="s1", k=6)) == everybody
    assert order(recommend("home", shopper_id="s2", k=6)) != everybody
    assert not refill_declined()
    valkey.client().delete(declining.key("s1"))
    assert not refill_declined(), "a server that fell lost one, and no more"
    assert order(recommend("home", shopper_id="s1", k=6)) == everybody
    url, settings.REDIS_URL = settings.REDIS_URL, "unix:///nowhere/valkey.sock?db=0"
    for shopper_id in ("s1", "s2"):
        assert order(recommend("home", shopper_id=shopper_id, k=6)) == everybody, "nobody knows who declined"
    with pytest.raises(valkey.AWAY):
        Shopper.objects.get(pk="s1").save() or Shopper.objects.filter(pk="s2").update(personalised=False)
    settings.REDIS_URL = url
    assert Shopper.objects.get(pk="s2").personalised
    assert order(recommend("home", shopper_id="s2", k=6)) != everybody


def test_a_slate_of_whoever_declined_is_explained_and_shadowed_without_their_history(shop) -> None:
    Shopper.objects.filter(pk="s1").update(personalised=False)
    recommend_many("email", ["s1", "s2"], 4)
    Runner(SlateConsumer()).drain()
    known = {slate.shopper_id: then_of(slate).ask.known.shopper_id for slate in Slate.objects.all()}
    assert known == {"s1": "", "s2": "s2"}


@committed
def test_declining_over_the_api_and_on_the_privacy_page_is_refused_where_it_cannot_be_told(client, settings) -> None:
    anna, token = make_shopper(), create_key("server", "sk")[1]
    client.force_login(anna.user)
    url, headers = f"/api/v1/shoppers/{anna.pk}", {"authorization": f"Bearer {token}"}

    def over_the_api(*, personalised: bool = False) -> int:
        body = {"personalised": personalised}
        return client.patch(url, body, content_type="application/json", headers=headers).status_code

    client.get("/en/privacy/")
    here, settings.REDIS_URL = settings.REDIS_URL, "unix:///nowhere/valkey.sock?db=0"
    assert over_the_api() == 503
    client.post("/en/privacy/personal-rows/", {"personalised": "off"})
    assert Shopper.objects.get(pk=anna.pk).personalised
    settings.REDIS_URL = here
    assert over_the_api() == 200
    assert said_to_have_declined(anna)
    settings.REDIS_URL = "unix:///nowhere/valkey.sock?db=0"
    assert over_the_api(personalised=True) == 503, "nobody would tell it later"
    assert client.patch(url, {"place": "Oslo"}, "application/json", headers=headers).status_code == 200
    told = client.post(
        "/v1/identify", {"userId": anna.pk, "traits": {"city": "Bergen"}}, "application/json", headers=headers
    )
    assert told.status_code == 503, "the event is not taken"
    assert Shopper.objects.get(pk=anna.pk).place == "Bergen", "what is told of a person was"
    client.post("/en/privacy/personal-rows/", {"personalised": "on"})
    assert not Shopper.objects.get(pk=anna.pk).personalised
    settings.REDIS_URL = here
    client.post("/en/privacy/personal-rows/", {"personalised": "on"})
    assert not said_to_have_declined(anna)


def test_a_page_that_names_its_shopper_obeys_that_they_declined_whatever_its_key(shop, client) -> None:
    visitor, token = "v-unlinked-01", create_key("browser", "pk")[1]
    recording.record("product_viewed", visitor_id=visitor, product_id="tea")
    everybody = order(recommend("home", k=6))
    page = [product_id for product_id in everybody if product_id != "tea"]
    headers = {"authorization": f"Bearer {token}"}

    def rows(shopper_id: str) -> tuple[str, ...]:
        url = f"/api/v1/recommendations/home?k=6&visitor_id={visitor}&shopper_id={shopper_id}"
        return tuple(item["product_id"] for item in client.get(url, headers=headers).json()["items"])

    def ordered(shopper_id: str) -> list[str]:
        asked = {"product_ids": page, "visitor_id": visitor, "shopper_id": shopper_id}
        url = "/api/v1/recommendations/category/order"
        answer = client.post(url, asked, content_type="application/json", headers=headers)
        return [item["product_id"] for item in answer.json()["items"]]

    before = rows("s1"), ordered("s1")
    assert before[0] != everybody, "the visit counts"
    Shopper.objects.filter(pk="s1").update(personalised=False)
    assert (rows("s1"), ordered("s1")) == (everybody, page)
    assert (rows("s2"), ordered("s2")) == before, "of another nothing is used either way"


@committed
def test_the_last_word_counts_whoever_read_the_shopper_before() -> None:
    one = make_shopper()
    Shopper.objects.filter(pk=one.pk).update(personalised=False)
    early, other = Shopper.objects.get(pk=one.pk), Shopper.objects.get(pk=one.pk)
    other.personalised = True
    other.save()
    assert not said_to_have_declined(one)
    early.save()
    assert said_to_have_declined(one)
    with transaction.atomic():
        Shopper.objects.filter(pk=one.pk).update(personalised=True)
        transaction.set_rollback(True)
    assert said_to_have_declined(one)
    early.personalised = models.Value(True)
    Shopper.objects.bulk_update([early], ["personalised"])
    assert not said_to_have_declined(one)


def said_to_have_declined(shopper: Shopper) -> bool:
    return bool(valkey.client().exists(declining.key(shopper.pk)))


@committed
def test_whoever_agrees_again_while_valkey_is_told_anew_is_not_said_to_have_declined() -> None:
    agreeing, declined = make_shopper(), make_shopper()
    Shopper.objects.update(personalised=False)
    valkey.client().delete(*map(declining.key, (agreeing.pk, declined.pk)))
    with at_work(refill_declined) as refilling, transaction.atomic():
        Shopper.objects.filter(pk=agreeing.pk).update(personalised=True)
        refilling.start()
        until_it_waits(refilling)
        assert refilling.is_alive()
    assert declining.untold([agreeing.pk, declined.pk]) == [agreeing.pk]


@committed
def test_what_else_is_saved_of_a_shopper_says_nothing_of_what_they_declined(settings) -> None:
    one = make_shopper()
    Shopper.objects.filter(pk=one.pk).update(personalised=False)
    early = Shopper.objects.get(pk=one.pk)
    Shopper.objects.filter(pk=one.pk).update(personalised=True)
    early.save(update_fields=["locale"])
    assert not said_to_have_declined(one)
    settings.REDIS_URL = "unix:///nowhere/valkey.sock?db=0"
    early.locale = "zh-hans"
    early.save(update_fields=["locale"])
    assert Shopper.objects.get(pk=one.pk).locale == "zh-hans"


def test_whoever_declines_before_it_is_told_that_they_agreed_has_declined(django_capture_on_commit_callbacks) -> None:
    one, other = make_shopper(), make_shopper()
    Shopper.objects.update(personalised=False)
    with django_capture_on_commit_callbacks() as told:
        Shopper.objects.update(personalised=True)
    Shopper.objects.filter(pk=one.pk).update(personalised=False)
    for tell in told:
        tell()
    assert (said_to_have_declined(one), said_to_have_declined(other)) == (True, False)
