"""The demo shop adds up, ends yesterday, can be loaded twice, and goes on after a kill."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import Avg, Count, F, Max, Q, Sum

from shop import clock
from shop.api.keys import find_key
from shop.catalogue.packshots.kit import GLYPHS
from shop.demo.journey import CLOSED, LAST_DAY, weeks_to_move
from shop.demo.taxonomy import Taxonomy, readable_size
from shop.models import Category, Consent, DemoStep, Event, Order, OrderLine, Product, Review, Shopper, User

NEW_YORK = ZoneInfo("America/New_York")
HOUSEHOLDS, PRODUCTS = 60, 400


def _rows(query: str) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchall()


def _count_all() -> dict[str, int]:
    models = (User, Shopper, Consent, Category, Product, Order, OrderLine, Event, DemoStep)
    return {model.__name__: model.objects.count() for model in models}


def _empty() -> None:
    """The events table is not Django's, so that `flush` leaves it alone."""
    call_command("flush", interactive=False, verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE shop_event")


@pytest.fixture(scope="module")
def shop(django_db_setup, django_db_blocker):
    """A small demo shop, loaded once for the tests that only read it."""
    with django_db_blocker.unblock():
        _empty()
        call_command("load_demo", households=HOUSEHOLDS, products=PRODUCTS, verbosity=0)
        yield
        _empty()


@pytest.fixture
def loaded(shop, django_db_blocker):
    with django_db_blocker.unblock():
        yield


def test_the_notes_of_its_loading_hold_no_address(loaded):
    assert not [step.name for step in DemoStep.objects.all() if "@" in str(step.facts)]


def test_orders_are_the_sum_of_their_lines(loaded):
    assert Order.objects.count() > 1000
    wrong = Order.objects.annotate(sum=Sum(F("lines__quantity") * F("lines__unit_price"))).exclude(
        subtotal=F("sum"), total=F("sum")
    )
    assert not wrong.exists()
    assert not Order.objects.exclude(source="history").exists()


def test_units_sold_are_the_pieces_on_order_lines(loaded):
    products = Product.objects.annotate(pieces=Sum("order_lines__quantity"))
    assert products.count() == PRODUCTS
    assert not products.exclude(units_sold=F("pieces")).exists()


def test_every_order_has_its_event_and_every_event_its_order(loaded):
    told = _rows(
        "SELECT count(*) FROM shop_event e FULL JOIN shop_order o ON e.properties->>'order_id' = o.id::text"
        " AND e.value = o.total AND e.occurred_at = o.placed_at AND e.shopper_id = o.shopper_id"
        " AND e.type = 'order_completed' AND e.source = 'history' WHERE e.id IS NULL OR o.id IS NULL"
    )
    assert told == [(0,)]
    listed = _rows(
        "SELECT e.properties->>'order_id', item->>'product_id', (item->>'quantity')::int, (item->>'price')::numeric"
        " FROM shop_event e, jsonb_array_elements(e.properties->'products') item ORDER BY 1, 2"
    )
    lines = OrderLine.objects.order_by("order_id", "product_id").values_list(
        "order_id", "product_id", "quantity", "unit_price"
    )
    assert sorted(listed) == sorted((str(order), *rest) for order, *rest in lines)


def test_events_lie_in_partitions_of_their_months(loaded):
    assert _rows("SELECT count(*) FROM shop_event_default") == [(0,)]


def test_the_data_end_yesterday_and_nothing_lies_in_the_future(loaded):
    last = Order.objects.aggregate(last=Max("placed_at"))["last"]
    yesterday = clock.now().astimezone(NEW_YORK).date() - timedelta(days=1)
    assert last.astimezone(NEW_YORK).date() == yesterday
    assert not Event.objects.filter(occurred_at__gt=clock.now()).exists()


@pytest.mark.parametrize("day", range(14))
def test_weekdays_are_kept_and_the_last_day_is_a_day_of_trade(day):
    last_day = date(2026, 11, 16) + timedelta(days=day)
    before = last_day - timedelta(weeks=weeks_to_move(last_day))
    assert before.weekday() == last_day.weekday()
    assert LAST_DAY - timedelta(days=13) <= before <= LAST_DAY
    assert before != CLOSED


def test_brand_name_and_size_together_are_unique(loaded):
    same = Product.objects.values("brand", "name_en", "size").annotate(n=Count("id")).filter(n__gt=1)
    assert not same.exists()


def test_names_are_readable(loaded):
    for name in Product.objects.values_list("name_en", flat=True):
        assert name[0].isupper() or name[0].isdigit(), name
        assert 3 <= len(name) <= 60, name
        assert not set(name) & set("()/*:_"), name
        words = name.lower().split()
        assert len(words) == len(set(words)), name


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("16 oz", "16 oz"),
        ("15.00 oz", "15 oz"),
        (".5 oz", "0.5 oz"),
        ("8 1/2 oz", "8.5 oz"),
        ("1/2 gal", "0.5 gal"),
        ("10/6.75 oz", "10 x 6.75 oz"),
        ("10-1 oz", "10 x 1 oz"),
        ("4/4 oz", "4 x 4 oz"),
        ("2 l", "2 L"),
        ("83.1 sq ft", "83.1 sq ft"),
    ],
)
def test_sizes_are_readable(written, read):
    assert readable_size(written) == read


def test_every_variety_qualifier_and_noun_has_a_chinese_word():
    taxonomy = Taxonomy()
    words, nouns = taxonomy.translations["words"], taxonomy.translations["nouns"]
    varieties = {
        choice.partition("=")[0].lstrip("!") for choices in taxonomy.data["varieties"].values() for choice in choices
    }
    assert varieties | set(taxonomy.data["qualifiers"].values()) <= set(words)
    assert set(taxonomy.data["varieties"]) <= set(nouns)
    glyphs = {choice.partition("=")[2] for choices in taxonomy.data["varieties"].values() for choice in choices}
    assert glyphs - {""} <= set(GLYPHS)


def test_products_have_chinese_names_of_their_own(loaded):
    for name in Product.objects.values_list("name_zh", flat=True):
        assert re.search("[\u4e00-\u9fff]", name), name
    names = Product.objects.values("name_zh").distinct().count()
    assert names > PRODUCTS / 3, "not just the name of the shelf"


def test_categories_have_chinese_names(loaded):
    assert not Category.objects.filter(name_zh="").exists()


@pytest.mark.parametrize(
    ("department", "category"),
    [
        ("FUEL", "FUEL"),
        ("COUPON", "COUPONS/STORE & MFG"),
        ("GROCERY", "COUPON/MISC ITEMS"),
        ("DRUG GM", "CIGARETTES"),
        ("DRUG GM", "TOBACCO OTHER"),
        ("DRUG GM", "TICKETS"),
        ("DRUG GM", "PREPAID WIRELESS&ACCESSORIES"),
        ("TRAVEL & LEISURE", "APPLES"),
        ("MISCELLANEOUS", None),
    ],
)
def test_what_no_shop_should_send_by_post_is_not_sold(department, category):
    assert Taxonomy().shelf({"product_id": 1, "department": department, "product_category": category}) is None


def test_nothing_on_the_shelf_smells_of_what_is_not_sold(loaded):
    bad = Q()
    for word in ("coupon", "fuel", "gasoline", "cigarette", "tobacco", "lottery", "prepaid", "ticket"):
        bad |= Q(name_en__icontains=word)
    assert not Product.objects.filter(bad).exists()


def test_prices_are_real_and_a_reduction_is_one(loaded):
    assert not Product.objects.filter(price__lt="0.01").exists()
    reduced = Product.objects.exclude(list_price=None)
    assert 0.1 < reduced.count() / PRODUCTS < 0.6
    assert not reduced.filter(list_price__lte=F("price")).exists()
    assert Product.objects.filter(stock=0).count() < PRODUCTS * 0.05


@pytest.mark.parametrize(("who", "locale"), [("anna", "en"), ("wei", "zh-hans")])
def test_demo_shoppers_can_log_in_and_have_a_rich_history(loaded, who, locale):
    user = User.objects.by_email(f"{who}@pushcart.example")
    assert user.check_password("pushcart-demo")
    assert user.shopper.locale == locale
    assert user.shopper.orders.count() >= 20
    assert {c.channel for c in user.shopper.consents.filter(granted=True)} == {"email", "inapp"}


def test_the_operator_and_the_demo_keys_open_their_doors(loaded):
    operator = User.objects.by_email("operator@pushcart.example")
    assert operator.check_password("pushcart-demo")
    assert operator.is_staff
    assert operator.role == User.Role.ADMINISTRATOR
    assert find_key("pk_test_demo").kind == "pk"
    assert find_key("sk_test_demo").allows("campaigns:write")


def test_households_have_addresses_that_nobody_owns_and_most_agree_to_messages(loaded):
    shoppers = Shopper.objects.select_related("user")
    assert all(shopper.user.email.endswith("@pushcart.example") for shopper in shoppers)
    agreed = Consent.objects.filter(channel="email", granted=True).count()
    assert 0.7 < agreed / len(shoppers) < 1
    assert not Consent.objects.exclude(source="import").exists()
    logins = [shopper for shopper in shoppers if shopper.attributes.get("demo_login")]
    assert len(logins) >= 20
    assert all(shopper.user.has_usable_password() for shopper in logins)


def test_a_second_run_changes_nothing(loaded, capsys):
    before = _count_all()
    call_command("load_demo", "--json", verbosity=0)
    assert _count_all() == before
    assert '"catalogue"' in capsys.readouterr().out


def test_other_numbers_than_before_are_refused(loaded):
    with pytest.raises(CommandError, match="make reset"):
        call_command("load_demo", products=PRODUCTS + 1, verbosity=0)


@pytest.mark.kill
@pytest.mark.django_db(transaction=True)
def test_a_load_killed_in_the_middle_goes_on_and_ends_the_same(tmp_path):
    _empty()
    environment = {
        **os.environ,
        "DATABASE_URL": "postgres://postgres@/{NAME}?host={HOST}&port={PORT}".format(**connection.settings_dict),
    }
    command = [sys.executable, "manage.py", "load_demo", "--households", "40", "--products", "300", "--json"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 300
    while DemoStep.objects.filter(name__startswith="orders 2").count() < 3 and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    at_kill = set(DemoStep.objects.values_list("name", flat=True))
    assert "people" in at_kill
    assert "orders" not in at_kill
    subprocess.run(command, env=environment, check=True, capture_output=True)
    after = _count_all()
    assert Order.objects.count() == DemoStep.objects.get(name="orders").facts["orders"]
    assert OrderLine.objects.count() == DemoStep.objects.get(name="orders").facts["lines"]
    assert after["Event"] == after["Order"]
    assert len(Order.objects.dates("placed_at", "month")) >= 12
    _empty()


def test_the_clock_of_the_shop_says_what_yesterday_is():
    late = datetime(2026, 3, 2, 3, 0, tzinfo=ZoneInfo("UTC"))  # still the first of March in New York
    with clock.replaced(lambda: late):
        assert clock.now().astimezone(NEW_YORK).date() - timedelta(days=1) == date(2026, 2, 28)


def test_reviews_are_marked_as_invented_and_counted(loaded):
    assert Review.objects.count() > PRODUCTS / 2
    assert not Review.objects.exclude(invented=True).exists()
    assert not Review.objects.exclude(shopper=None).exists(), "no household is made to have an opinion"
    counted = Product.objects.annotate(n=Count("reviews"), mean=Avg("reviews__rating"))
    assert not counted.exclude(rating_count=F("n")).exists()
    assert all(abs(product.mean - float(product.rating_average)) < 0.006 for product in counted.filter(n__gt=0))
    assert set(Review.objects.values_list("language", flat=True)) == {"en", "zh"}
