"""Logging in, being one person, agreeing to messages, and what operators may do."""

from __future__ import annotations

import logging

import pytest
from django.conf import settings
from django.core import mail
from django.core.management import call_command
from django.test import Client

from shop.carts import editing
from shop.events.visitors import new_visitor_id
from shop.models import Order, User, Visitor
from shop.operators import roles
from shop.orders.attaching import AlreadyAttached, attach, register_after
from shop.people import consents
from shop.people.masking import mask, mask_text, shown
from shop.people.merging import link_visitor
from shop.people.registering import AddressTaken, register
from tests.factories.catalogue import make_product
from tests.factories.orders import CONTACT, make_cart, order_cart
from tests.factories.people import PASSWORD, make_operator, make_shopper, make_visitor

pytestmark = pytest.mark.django_db


@pytest.fixture
def tab(settings) -> Client:
    settings.ROOT_URLCONF = "tests.shop.auth_pages"
    client = Client()
    client.cookies[settings.CONSENT_COOKIE] = "yes"
    client.cookies[settings.VISITOR_COOKIE] = new_visitor_id()
    return client


def log_in(tab: Client, email: str, password: str = PASSWORD):
    return tab.post("/login", {"username": email, "password": password})


def visitor_of(tab: Client) -> str:
    return tab.get("/whoami").json()["visitor"]


def test_people_log_in_by_address_in_any_case(tab: Client) -> None:
    shopper = make_shopper("Ada@Example.org")
    assert log_in(tab, "ada@EXAMPLE.org").status_code == 302
    assert tab.get("/whoami").json()["user"] == shopper.user_id


def test_an_address_is_registered_once_in_any_case() -> None:
    make_shopper("ada@example.org")
    with pytest.raises(AddressTaken):
        register("ADA@example.org", PASSWORD)


def test_anonymous_history_and_cart_join_the_person_at_login(tab: Client) -> None:
    shopper = make_shopper("ada@example.org")
    before = visitor_of(tab)
    product = make_product()
    editing.add(editing.open_cart(before), product.pk)
    log_in(tab, "ada@example.org")
    assert visitor_of(tab) == before
    assert Visitor.objects.get(pk=before).shopper == shopper
    assert editing.current_cart(before, shopper).lines.get().product == product


def test_logging_out_makes_the_browser_a_stranger(tab: Client) -> None:
    make_shopper("ada@example.org")
    before = visitor_of(tab)
    log_in(tab, "ada@example.org")
    tab.post("/logout")
    after = visitor_of(tab)
    assert after != before
    assert not Visitor.objects.filter(pk=after).exists()


def test_two_people_on_one_browser_are_never_merged(tab: Client) -> None:
    ada, grace = make_shopper("ada@example.org"), make_shopper("grace@example.org")
    shared = visitor_of(tab)
    log_in(tab, "ada@example.org")
    # Without logging out: the cookie of the first stands when the second logs in.
    log_in(tab, "grace@example.org")
    hers = visitor_of(tab)
    assert hers != shared
    assert Visitor.objects.get(pk=shared).shopper == ada
    assert Visitor.objects.get(pk=hers).shopper == grace
    assert link_visitor(shared, ada) == shared


def test_without_consent_a_login_links_nothing(tab: Client) -> None:
    del tab.cookies[settings.CONSENT_COOKIE]
    make_shopper("ada@example.org")
    log_in(tab, "ada@example.org")
    assert not Visitor.objects.exists()


def test_ten_wrong_passwords_lock_out_and_store_no_address(tab: Client, caplog) -> None:
    import redis

    make_shopper("ada.lovelace@example.org")
    caplog.set_level(logging.DEBUG)
    for _ in range(settings.AXES_FAILURE_LIMIT):
        response = log_in(tab, "Ada.Lovelace@example.org", "wrong")
    assert response.status_code == 429
    assert log_in(tab, "ada.lovelace@example.org").status_code == 429
    valkey = redis.Redis.from_url(settings.REDIS_URL)
    stored = b" ".join(key + (valkey.get(key) or b"") for key in valkey.scan_iter() if valkey.type(key) == b"string")
    for text in (stored.decode(errors="replace"), caplog.text):
        assert "lovelace" not in text.lower()


def test_a_password_is_reset_by_mail(tab: Client) -> None:
    make_shopper("ada@example.org")
    tab.post("/reset", {"email": "ADA@example.org"})
    tab.post("/reset", {"email": "nobody@example.org"})
    (message,) = mail.outbox
    assert message.to == ["ada@example.org"]


def test_an_administrator_is_made_on_the_command_line_and_enters_the_admin(monkeypatch, client: Client) -> None:
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)
    call_command("createsuperuser", "--no-input", "--email", "root@example.org", verbosity=0)
    answer = client.post("/admin/login/?next=/admin/", {"username": "root@example.org", "password": PASSWORD})
    assert answer.status_code == 302
    assert client.get("/admin/password_change/").status_code == 200


def test_a_guests_account_gets_that_order_only() -> None:
    visitor = make_visitor()
    earlier = order_cart(make_cart(make_visitor(), make_product()))
    order = order_cart(make_cart(visitor, make_product()), visitor)
    shopper = register_after(order, PASSWORD, visitor=visitor)
    assert list(shopper.orders.all()) == [order]
    assert shopper.user.email == CONTACT.email
    assert shopper.addresses.get().street == CONTACT.street
    assert Order.objects.get(pk=earlier.pk).shopper is None
    with pytest.raises(AddressTaken):
        register_after(earlier, PASSWORD, visitor=visitor)
    with pytest.raises(AlreadyAttached):
        attach(order, make_shopper())


def test_the_newest_statement_counts_and_none_means_no() -> None:
    shopper = make_shopper()
    assert not consents.current(shopper, "email")
    consents.give(shopper, "email", source="account")
    consents.give(shopper, "inapp", "news", source="account")
    consents.withdraw(shopper, "email", source="unsubscribe")
    assert not consents.current(shopper, "email")
    assert consents.all_current(shopper) == {("email", "marketing"): False, ("inapp", "news"): True}


@pytest.mark.parametrize(
    ("role", "allowed", "refused"),
    [
        ("shopper", [], ["shop.view_product"]),
        ("viewer", ["push.view_campaign", "shop.view_order"], ["push.change_campaign", "shop.view_personal_data"]),
        ("marketer", ["push.change_campaign", "push.add_segment"], ["push.launch_campaign", "push.change_message"]),
        ("approver", ["push.launch_campaign", "recommender.promote_modelversion"], ["shop.view_apikey"]),
        ("administrator", ["shop.view_personal_data", "shop.change_apikey", "auth.add_group"], []),
    ],
)
def test_a_role_allows_what_its_table_says(role: str, allowed: list[str], refused: list[str]) -> None:
    user = make_operator(role)
    assert [permission for permission in allowed if not user.has_perm(permission)] == []
    assert [permission for permission in refused if user.has_perm(permission)] == []
    assert user.is_staff is (role != "shopper")
    user.is_active = False
    assert not any(user.has_perm(permission) for permission in allowed)


def test_roles_name_models_that_exist() -> None:
    from django.apps import apps

    names = {model._meta.model_name for room in roles.ROOMS for model in apps.get_app_config(room).get_models()}
    assert roles.RESERVED_MODELS - {"personal_data"} <= names
    assert names | {"receipt"} >= roles.RECORDS


def test_personal_data_are_masked_unless_a_permission_shows_them() -> None:
    assert shown("ada@example.org", make_operator("viewer")) == "a•••@e•••.org"
    assert shown("ada@example.org", make_operator("administrator")) == "ada@example.org"
    assert mask("Ada Lovelace") == "A••• L•••"
    assert mask("+44 20 7946 0018") == "••• 18"
    text = mask_text(
        "sent to ada@example.org and +44 20 7946 0018, order P-1042-7F3A, 019acb2e-1234-7000-8000-1234567890ab"
    )
    assert text == "sent to a•••@e•••.org and ••• 18, order P-1042-7F3A, 019acb2e-1234-7000-8000-1234567890ab"


def test_a_user_made_outside_the_command_line_has_a_role(client: Client) -> None:
    assert User.objects.create_superuser("x@example.org", PASSWORD).is_staff
    assert not User.objects.create_user("y@example.org", PASSWORD).is_staff


@pytest.mark.django_db
def test_what_a_visitor_did_before_logging_in_belongs_to_the_shopper_and_to_nobody_else() -> None:
    from shop.events.stream import append
    from shop.people.merging import events_of, link_visitor
    from tests.factories.events import an_event, store_all

    owner, outsider = make_shopper(), make_shopper()
    append(
        [
            an_event("product_viewed", visitor_id="v-before-login"),
            an_event("product_viewed", visitor_id="v-somebody-else"),
        ]
    )
    store_all()
    link_visitor("v-before-login", owner)
    assert [event.visitor_id for event in events_of(owner)] == ["v-before-login"]
    assert not events_of(outsider).exists()


@pytest.mark.django_db
def test_an_event_that_says_who_a_visitor_is_joins_them_once_and_moves_them_never(client: Client) -> None:
    from shop.api.keys import create_key
    from shop.events.stream import append
    from shop.people.merging import events_of
    from shop.people.models import Visitor
    from tests.factories.events import an_event, store_all

    owner, outsider = make_shopper(), make_shopper()
    browser = {"visitor_id": "v-told-by-event"}
    append(
        [
            an_event("product_viewed", **browser),
            # A link of a mail may have been passed on.
            an_event("message_clicked", **browser, shopper_id=outsider.pk),
            an_event("identified", **browser, shopper_id=owner.pk),
            an_event("logged_in", **browser, shopper_id=outsider.pk),
            an_event("identified", visitor_id="v-of-nobody", shopper_id="not-a-shopper"),
        ]
    )
    store_all()
    assert list(Visitor.objects.values_list("pk", "shopper_id")) == [("v-told-by-event", owner.pk)]
    assert {event.type for event in events_of(owner)} == {"product_viewed", "identified"}
    _, key = create_key("server", "sk")
    told = client.get(f"/api/v1/events/count?shopper_id={owner.pk}", headers={"authorization": f"Bearer {key}"}).json()
    assert told == {"count": 2}


@pytest.mark.django_db
def test_log_ins_that_have_run_out_are_forgotten() -> None:
    from datetime import timedelta

    from django.contrib.sessions.models import Session
    from django.utils import timezone

    from shop.people.tasks import forget_ended_sessions

    for key, days in (("ended", -1), ("lasts", 1)):
        Session.objects.create(session_key=key, session_data="", expire_date=timezone.now() + timedelta(days=days))
    assert forget_ended_sessions() == 1
    assert list(Session.objects.values_list("pk", flat=True)) == ["lasts"]
