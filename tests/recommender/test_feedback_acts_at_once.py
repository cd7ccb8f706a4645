"""Feedback by slate id: checked against what was shown, in force in the next answer, once however often it is sent, and undone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from recommender.feedback import shown, taking
from recommender.models import Slate
from recommender.serving import recommend
from recommender.slates import slate_log
from recommender.slates.slate_ids import is_ours, new_slate_id
from shop import clock as clock_of_now
from shop import valkey
from shop.api.keys import create_key
from shop.clock import replaced
from shop.events import recording, stream
from shop.events.consumers import Runner
from shop.events.ids import uuid7_at
from shop.models import Event, Opinion, Visitor
from shop.opinions import copies, saying
from tests.factories.catalogue import make_product
from tests.factories.events import store_all
from tests.factories.people import make_shopper

pytestmark = pytest.mark.django_db
VISITOR, OTHER = "v-somebody-1", "v-somebody-2"


@pytest.fixture
def shelf():
    for number in range(8):
        make_product(id=f"p{number}", units_sold=10 * number)


@pytest.fixture
def send(client, shelf):
    """Post feedback with a key of a kind; the answer."""
    tokens = {kind: create_key(kind, kind)[1] for kind in ("pk", "sk")}

    def post(body, kind="pk", **headers):
        headers = {"authorization": f"Bearer {tokens[kind]}", **headers}
        return client.post("/api/v1/feedback", body, content_type="application/json", headers=headers)

    return post


def ids(slate) -> list[str]:
    return [item.product_id for item in slate.items]


def said(slate, product_id="p7", kind="dismissed", visitor_id=VISITOR, **more):
    return {"slate_id": slate.slate_id, "product_id": product_id, "kind": kind, "visitor_id": visitor_id, **more}


def faults(answer) -> list[str]:
    assert answer.headers["Content-Type"] == "application/problem+json"
    return [error["pointer"] for error in answer.json()["errors"]]


def types() -> list[str]:
    store_all()
    return list(Event.objects.order_by("id").values_list("type", flat=True))


@pytest.mark.parametrize("logged", [False, True], ids=["on its way to the table", "in the table"])
def test_what_is_dismissed_is_in_no_slot_of_the_next_answer_until_it_is_undone(send, clock, logged):
    slate = recommend("home", visitor_id=VISITOR, k=4)
    if logged:
        Runner(slate_log.SlateConsumer()).drain()
    answer = send(said(slate))
    assert answer.status_code == 200, answer.content
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert answer.json()["changed"]
    for slot in ("home", "product", "cart", "email"):
        assert "p7" not in ids(recommend(slot, visitor_id=VISITOR, k=8)), slot
        assert "p7" in ids(recommend(slot, visitor_id=OTHER, k=8)), slot
    assert len(recommend("home", visitor_id=VISITOR, k=4).items) == 4
    clock.advance(seconds=1)
    assert send(said(slate, kind="undone")).json()["changed"]
    assert "p7" in ids(recommend("home", visitor_id=VISITOR, k=4))
    assert types() == ["product_dismissed", "opinion_undone"]


def test_the_same_word_twice_is_once(send):
    slate = recommend("home", visitor_id=VISITOR, k=4)
    for kind in ("dismissed", "clicked", "liked", "undone"):
        changed = [send(said(slate, kind=kind)).json()["changed"] for _ in range(3)]
        assert changed == [True, False, False], kind
    assert types() == ["product_dismissed", "slate_clicked", "product_liked", "opinion_undone"]


def test_what_is_hidden_comes_back_after_its_time_and_outlives_the_session(send, clock):
    slate = recommend("home", visitor_id=VISITOR, k=4)
    until = send(said(slate, kind="hidden")).json()["until"]
    assert until.startswith("2026-04-01")
    clock.advance(days=Opinion.DAYS["hidden"] - 1)
    assert valkey.client().delete(f"session:{VISITOR}") == 1
    assert "p7" not in ids(recommend("home", visitor_id=VISITOR, k=4))
    clock.advance(days=1, seconds=1)
    assert "p7" in ids(recommend("home", visitor_id=VISITOR, k=4))


def test_feedback_is_refused_with_the_field_at_fault(send):
    mine, theirs = (recommend("home", visitor_id=visitor, k=4) for visitor in (VISITOR, OTHER))
    assert faults(send(said(theirs))) == ["/slate_id"]
    assert faults(send(said(theirs), "sk")) == ["/slate_id"], "nobody is known on either side: that is no match"
    assert faults(send({**said(mine), "slate_id": str(uuid4())})) == ["/slate_id"]
    assert faults(send({**said(mine), "slate_id": "no uuid"})) == ["/slate_id"]
    assert faults(send(said(mine, product_id="p0"))) == ["/product_id"]
    refused = send(said(mine, kind="hated"))
    assert (faults(refused), "hidden" in refused.json()["errors"][0]["message"]) == (["/kind"], True)
    assert faults(send(said(mine, mood="bad"))) == ["/mood"]
    assert faults(send(said(mine, visitor_id=""))) == ["/visitor_id"]
    assert faults(send(said(mine, visitor_id="anna@example.org"))) == ["/visitor_id"]
    assert faults(send(said(mine, shopper_id="s-1"))) == ["/shopper_id"]
    assert send(b"[]").status_code == 400
    assert send(said(mine, product_id="x" * 5000)).status_code == 413
    assert not Opinion.objects.exists()
    assert types() == []


def test_a_slate_is_looked_for_on_its_way_only_where_its_id_is_ours_and_it_is_not_in_the_table_yet(send, settings):
    """Else whoever makes up ids has thousands of entries read for each."""
    slate = recommend("home", visitor_id=VISITOR, k=4)
    foreign = structs.replace(slate, slate_id=uuid7_at(clock_of_now.now_ms(), 7))
    slate_log.write([(foreign, VISITOR, "")])
    assert faults(send(said(foreign))) == ["/slate_id"], "it stands on the stream, and nobody looks"
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "a" * 50, [settings.SECRET_KEY]
    assert send(said(slate)).json()["changed"], "a former key made it"
    Runner(slate_log.SlateConsumer()).drain()
    assert send(said(slate, kind="liked")).json()["changed"]
    assert send(said(foreign, "p6")).json()["changed"], "whatever the table has was shown"
    Slate.objects.all().delete()
    assert valkey.client().xlen(slate_log.STREAM) == 2
    assert faults(send(said(slate))) == ["/slate_id"], "deleted: what the table has had is not looked for"


def test_a_slate_of_this_moment_is_found_behind_thousands_that_wait_and_with_clocks_apart(shelf, clock):
    slate = recommend("home", visitor_id=VISITOR, k=4)
    others = [(structs.replace(slate, slate_id=new_slate_id()), OTHER, "") for _ in range(1_200)]
    slate_log.write(others[:600])
    mine = recommend("home", visitor_id=VISITOR, k=4)
    slate_log.write(others[600:])
    # The clock of the test is years from that of Valkey: found among the newest.
    assert shown.find(mine.slate_id).visitor_id == VISITOR
    with replaced(lambda: datetime.now(UTC)):
        now = recommend("home", visitor_id=VISITOR, k=4)
        slate_log.write(others)
        assert shown.find(now.slate_id).visitor_id == VISITOR
        assert shown.find(new_slate_id()) is None


@given(st.integers(min_value=0, max_value=127))
def test_an_id_of_which_one_bit_was_changed_is_none_of_ours(bit):
    slate_id = new_slate_id()
    assert slate_id.version == 7
    assert is_ours(slate_id)
    assert not is_ours(UUID(int=slate_id.int ^ 1 << bit))


def test_the_word_of_a_shopper_who_is_not_registered_is_refused_but_a_click_counts(send):
    slate = recommend("home", shopper_id="nobody-yet", k=4)
    theirs = {"visitor_id": "", "shopper_id": "nobody-yet"}
    for kind in ("dismissed", "hidden", "liked"):
        assert faults(send(said(slate, kind=kind, **theirs), "sk")) == ["/shopper_id"]
    assert send(said(slate, kind="clicked", **theirs), "sk").json()["changed"]
    assert not send(said(slate, kind="undone", **theirs), "sk").json()["changed"]


def test_a_key_needs_the_scope_and_its_own_pages(client, shelf):
    slate = recommend("home", visitor_id=VISITOR, k=4)
    assert client.post("/api/v1/feedback").status_code == 401
    _, reader = create_key("reader", "sk", scopes=["recommendations:read"])
    _, bound = create_key("bound", "pk", allowed_origins=["https://shop.example"])
    for token, origin in ((reader, "https://shop.example"), (bound, "https://elsewhere.example")):
        headers = {"authorization": f"Bearer {token}", "origin": origin}
        answer = client.post("/api/v1/feedback", said(slate), content_type="application/json", headers=headers)
        assert answer.status_code == 403
    assert client.get("/api/v1/feedback", headers={"authorization": f"Bearer {bound}"}).status_code == 405


def test_without_valkey_nothing_is_taken_and_the_same_may_be_sent_again(send, settings):
    slate = recommend("home", visitor_id=VISITOR, k=4)
    Runner(slate_log.SlateConsumer()).drain()
    url, settings.REDIS_URL = settings.REDIS_URL, "unix:///nowhere/valkey.sock?db=0"
    answer = send(said(slate))
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    settings.REDIS_URL = url
    assert not Opinion.objects.exists()
    assert send(said(slate)).json()["changed"]


def test_a_guests_word_is_the_shoppers_after_the_login_on_any_device(send):
    anna = make_shopper()
    slate = recommend("home", visitor_id=VISITOR, k=4)
    send(said(slate))
    recording.record("logged_in", visitor_id=VISITOR, shopper_id=anna.pk)
    store_all()
    assert Opinion.objects.get().shopper == anna
    assert "p7" not in ids(recommend("home", shopper_id=anna.pk, visitor_id="v-her-phone", k=4))
    # A browser of hers that only its session knows to be hers.
    recording.record("logged_in", visitor_id="v-her-tablet", shopper_id=anna.pk)
    assert "p7" not in ids(recommend("home", visitor_id="v-her-tablet", k=4))
    assert "p7" not in ids(recommend("home", visitor_id="v-her-tablet", k=8, personalised=False)), "hers all the same"
    assert "p7" not in ids(recommend("email", shopper_id=anna.pk, k=4))


@pytest.mark.parametrize("newer", ["browser", "person"])
def test_of_two_words_on_a_product_the_newer_counts_after_the_login(shelf, clock, newer):
    anna = make_shopper()
    words = {"browser": {"visitor_id": VISITOR}, "person": {"shopper_id": anna.pk}}
    for who in sorted(words, key=newer.__eq__):
        saying.say(Opinion.Kind.LIKED if who == "person" else Opinion.Kind.DISMISSED, "p7", **words[who])
        clock.advance(minutes=1)
    assert saying.adopt(VISITOR, anna.pk) == (newer == "browser")
    assert Opinion.objects.get().kind == ("dismissed" if newer == "browser" else "liked")
    assert ("p7" in ids(recommend("home", shopper_id=anna.pk, k=8))) is (newer == "person")


def test_of_endless_words_of_one_browser_the_newest_are_kept(shelf, clock, monkeypatch):
    monkeypatch.setattr(saying, "MOST", 3)
    for number in range(5):
        saying.say(Opinion.Kind.HIDDEN, f"p{number}", visitor_id=VISITOR)
        clock.advance(seconds=1)
    assert set(Opinion.objects.values_list("product_id", flat=True)) == {"p2", "p3", "p4"}
    assert copies.read(VISITOR, "") == {"p2", "p3", "p4"}


def test_a_browser_that_is_somebody_elses_gives_its_words_to_nobody(shelf):
    anna, bert = make_shopper(), make_shopper()
    Visitor.objects.create(id=VISITOR, shopper=bert)
    saying.say(Opinion.Kind.DISMISSED, "p7", visitor_id=VISITOR)
    assert saying.adopt(VISITOR, anna.pk) == 0
    assert not anna.opinions.exists()


def test_a_browsers_own_word_of_who_it_is_writes_on_nobodys_account(send, client, django_capture_on_commit_callbacks):
    anna = make_shopper()
    slate = recommend("home", visitor_id=VISITOR, k=4)
    stream.append(
        [recording.make_event("identified", source="tracker", visitor_id=VISITOR, shopper_id=anna.pk)], vouched=False
    )
    send(said(slate))
    store_all()
    assert Visitor.objects.get(pk=VISITOR).shopper == anna, "the control: it is joined"
    told = {"userId": anna.pk, "anonymousId": VISITOR, "previousId": VISITOR}
    headers = {"authorization": f"Bearer {create_key('page', 'pk')[1]}"}
    with django_capture_on_commit_callbacks(execute=True):
        for call in ("identify", "alias"):
            assert client.post(f"/v1/{call}", told, "application/json", headers=headers).status_code == 200
    store_all()
    assert Opinion.objects.get().shopper is None
    assert "p7" in ids(recommend("home", shopper_id=anna.pk, k=4))
    # The shop's own server says the same.
    stream.append([recording.make_event("identified", source="api", visitor_id=VISITOR, shopper_id=anna.pk)])
    store_all()
    assert Opinion.objects.get().shopper == anna
    assert "p7" not in ids(recommend("home", shopper_id=anna.pk, k=4))


def test_the_shops_server_speaks_for_a_shopper(send):
    anna = make_shopper()
    slate = recommend("email", shopper_id=anna.pk, k=4)
    answer = send(said(slate, visitor_id="", shopper_id=anna.pk), "sk")
    assert answer.json()["changed"]
    assert "p7" not in ids(recommend("home", shopper_id=anna.pk, k=4))


def test_the_shops_server_speaks_for_whom_the_slate_was_shown_to_and_nobody_else_does(send):
    anna, bert = make_shopper(), make_shopper()
    slate = recommend("email", shopper_id=anna.pk, k=4)
    assert faults(send(said(slate, visitor_id="", shopper_id=bert.pk), "sk")) == ["/slate_id"]
    word = taking.Said(slate.slate_id, "p7", taking.Word.DISMISSED, shopper_id=anna.pk)
    with pytest.raises(taking.Refused, match="No such slate"):
        taking.take(word)
    assert taking.take(replace(word, trusted=True)).changed, "the control"


def test_what_valkey_lost_is_hidden_again_with_the_next_tick(shelf):
    anna = make_shopper()
    saying.say(Opinion.Kind.DISMISSED, "p7", shopper_id=anna.pk)
    saying.say(Opinion.Kind.HIDDEN, "p6", visitor_id=VISITOR)
    saying.say(Opinion.Kind.LIKED, "p5", visitor_id=VISITOR)
    copies.refill()
    valkey.client().flushdb()
    assert "p7" in ids(recommend("home", shopper_id=anna.pk, k=8))
    assert copies.refill() == 2
    assert "p7" not in ids(recommend("home", shopper_id=anna.pk, k=8))
    assert "p6" not in ids(recommend("home", visitor_id=VISITOR, k=8))
    assert copies.refill() == 0


WORDS = st.sampled_from(["liked", "dismissed", "hidden", "returned", "undone", "adopted", "a month"])


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(WORDS, st.sampled_from(["p1", "p2"]), st.booleans()), max_size=12))
def test_the_copy_in_valkey_always_says_what_the_table_says(said):
    """Whatever is said, by the browser or the person, taken back, adopted, or run out."""
    days = [0]
    with transaction.atomic(), replaced(lambda: datetime(2026, 3, 2, 12, tzinfo=UTC) + timedelta(days=days[0])):
        valkey.client().flushdb()
        anna = make_shopper()
        for word, product, known in said:
            who = {"shopper_id": anna.pk} if known else {"visitor_id": VISITOR}
            if word == "adopted":
                saying.adopt(VISITOR, anna.pk)
            elif word == "undone":
                saying.take_back(product, **who)
            elif word == "a month":
                days[0] += 31
            else:
                saying.say(Opinion.Kind(word), product, **who)
        for who in ({"visitor_id": VISITOR, "shopper_id": ""}, {"visitor_id": "", "shopper_id": anna.pk}):
            assert set(saying.hidden_of(**who)) == copies.read(**who)
        transaction.set_rollback(True)


def test_what_came_back_is_not_suggested_again_but_money_alone_changes_nothing(shelf, clock):
    anna = make_shopper()
    saying.came_back(["p7"], shopper_id=anna.pk)
    assert "p7" not in ids(recommend("home", shopper_id=anna.pk, k=8))
    clock.advance(days=Opinion.DAYS["returned"], seconds=1)
    assert "p7" in ids(recommend("home", shopper_id=anna.pk, k=8))
