"""Every list of the admin answers, with rows and without, and never counts a table to do so."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db import connection
from django.forms import JSONField
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

import config.urls  # noqa: F401 - registers the lists
from shop.models import Shopper, User
from tests.factories.catalogue import make_product


@pytest.fixture
def operator(client, db):
    user = User.objects.create_superuser("mira@example.org", "a-long-password", name="Mira Keller")
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.mark.django_db
@pytest.mark.parametrize("model", sorted(admin.site._registry, key=lambda model: model._meta.label))
def test_a_list_answers_without_counting_its_table(operator, model) -> None:
    with CaptureQueriesContext(
        connection,
    ) as queries:
        response = operator.get(reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"))
        assert response.status_code == 200
    table = model._meta.db_table
    counts = [q["sql"] for q in queries if "COUNT(*)" in q["sql"] and f'FROM "{table}"' in q["sql"]]
    assert counts == []


@pytest.mark.django_db
def test_a_page_to_add_one_answers_or_says_that_there_is_none(operator) -> None:
    pages = [
        reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_add")
        for model, pages in admin.site._registry.items()
        if any(pattern.name == f"{model._meta.app_label}_{model._meta.model_name}_add" for pattern in pages.urls)
    ]
    assert len(pages) > 10
    answered = {page: operator.get(page).status_code for page in pages}
    assert {page: code for page, code in answered.items() if code not in (200, 403)} == {}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("[1]", {"a": 1}),
        ('"red"', {"a": 1}),
        ("", {}),
        ('{"b": 2}', {"b": 2}),
        # Python reads all of these: PostgreSQL stores no NaN, and no float holds the others.
        ('{"b": NaN}', {"a": 1}),
        ('{"b": [-1e999]}', {"a": 1}),
        (f'{{"b": 1{350 * "0"}}}', {"a": 1}),
        (f'{{"b": 1{5000 * "0"}}}', {"a": 1}),
        (f'{{"b": 1{300 * "0"}}}', {"b": 10**300}),
    ],
)
def test_attributes_of_a_product_are_names_and_values(operator, given, kept) -> None:
    product = make_product(attributes={"a": 1})
    url, data = _form_of(operator, product)
    answer = operator.post(url, data | {"attributes": given})
    assert (answer.status_code == 302) == (kept != {"a": 1})
    product.refresh_from_db()
    assert product.attributes == kept


@pytest.mark.django_db
def test_every_field_of_json_refuses_what_cannot_be_stored(rf) -> None:
    request = rf.get("/admin/")
    request.user = User(is_superuser=True, is_staff=True)
    found = set()
    for model, page in admin.site._registry.items():
        forms = [page.get_form(request, change=True)]
        forms += [inline.get_formset(request).form for inline in page.get_inline_instances(request)]
        for form in forms:
            for name, field in form().fields.items():
                if isinstance(field, JSONField) and not field.disabled:
                    found.add(f"{model.__name__}.{name}")
                    for given in ('{"a": NaN}', '{"a": [-1e999]}', f'{{"a": 1{5000 * "0"}}}'):
                        with pytest.raises(ValidationError, match="308"):
                            field.clean(given)
    assert {"Product.attributes", "Campaign.trigger_options", "Campaign.content", "Segment.rule"} <= found


def _form_of(operator, product) -> tuple[str, dict]:
    """Address and fields of the page of a product, as it stands."""
    url = reverse("admin:shop_product_change", args=[product.pk])
    form = operator.get(url).context["adminform"].form
    data = {name: form.get_initial_for_field(field, name) for name, field in form.fields.items()}
    return url, {name: "" if value in (None, []) else value for name, value in data.items()}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("given", "told"),
    [("EUR", ""), ("eur", "such as EUR"), ("XYZ", "such as USD"), ("DEM", "such as USD"), ("", "required")],
)
def test_the_currency_of_a_product_is_one_that_there_is(operator, given, told) -> None:
    product = make_product()
    url, data = _form_of(operator, product)
    answer = operator.post(url, data | {"currency": given})
    product.refresh_from_db()
    assert product.currency == ("USD" if told else "EUR")
    if told:
        (wrong,) = answer.context["adminform"].form.errors["currency"]
        assert told in wrong
        assert wrong in answer.content.decode()


@pytest.mark.django_db
def test_a_new_product_is_in_the_shops_currency(settings) -> None:
    settings.CURRENCY = "CNY"
    assert make_product().currency == "CNY"


@pytest.mark.django_db
@pytest.mark.parametrize("days", ["today", "7", "28", "90", "nonsense"])
def test_the_dashboard_of_an_empty_shop_answers(operator, days) -> None:
    response = operator.get(f"/admin/?days={days}")
    assert response.status_code == 200
    page = response.content.decode()
    assert "No session in this period" in page
    assert "<span>Order value</span><b>–" in page, "no order has no mean"


@pytest.mark.django_db
def test_an_address_is_masked_until_a_permitted_operator_gives_a_reason(client) -> None:
    shopper = Shopper.objects.create(user=User.objects.create_user("ada.lovelace@example.org", name="Ada Lovelace"))
    viewer = User.objects.create_user("viewer@example.org", "a-long-password", is_staff=True, role=User.Role.VIEWER)
    client.force_login(viewer, backend="django.contrib.auth.backends.ModelBackend")
    url = reverse("admin:shopper_page", args=[shopper.pk])
    page = client.get(url)
    assert page.status_code == 200
    assert "ada.lovelace@example.org" not in page.content.decode()
    assert client.post(url, {"act": "show_address", "reason": "curious"}).status_code == 403
    chief = User.objects.create_superuser("mira@example.org", "a-long-password")
    client.force_login(chief, backend="django.contrib.auth.backends.ModelBackend")
    assert "ada.lovelace@example.org" not in client.get(url).content.decode()
    shown = client.post(url, {"act": "show_address", "reason": "asked by phone"}).content.decode()
    assert "ada.lovelace@example.org" in shown
    from shop.models import AuditEntry

    assert AuditEntry.objects.get(action="shopper.address_shown").reason == "asked by phone"


@pytest.mark.django_db
def test_the_report_of_a_campaign_says_what_it_caused_and_who_did_not_get_it(operator, clock) -> None:
    from tests.factories.messages import make_message, make_step
    from tests.factories.people import make_shopper

    step = make_step()
    sent = make_message(make_shopper(), step)
    make_message(make_shopper(), step, state="skipped", reason="no_consent")
    page = operator.get(reverse("admin:campaign_report", args=[step.campaign_id])).content.decode()
    assert "Nobody is lost" in page
    assert "who did not get it" in page.lower()
    assert "Nothing to compare yet." in page
    one = operator.get(reverse("admin:message_page", args=[sent.pk]))
    assert one.status_code == 200
    assert sent.shopper_id in one.content.decode()


@pytest.mark.django_db
def test_a_segment_is_counted_worded_and_saved_and_a_wrong_rule_is_refused_with_its_place(operator) -> None:
    from push.models import Segment
    from tests.factories.people import make_shopper

    for _ in range(6):
        Shopper.objects.filter(pk=make_shopper().pk).update(age_band="25-34")
    rule = '{"type": "all", "of": [{"type": "attribute", "name": "age_band", "op": "is", "value": "25-34"}]}'
    preview = operator.post(reverse("admin:segment_preview"), {"rule": rule}).content.decode()
    assert "<b>6</b>" in preview
    assert "exact" in preview
    assert "25-34" in preview
    wrong = operator.post(
        reverse("admin:segment_preview"), {"rule": rule.replace("age_band", "shoe_size")}
    ).content.decode()
    assert "$.of[0].name" in wrong
    saved = operator.post(reverse("admin:push_segment_add"), {"name": "Young", "description": "", "rule": rule})
    assert saved.status_code == 302
    segment = Segment.objects.get(name="Young")
    assert segment.counted == 6
    assert operator.get(reverse("admin:push_segment_change", args=[segment.pk])).status_code == 200


@pytest.mark.django_db
def test_a_viewer_can_neither_launch_nor_promote_even_by_address(client) -> None:
    from tests.factories.messages import make_step
    from tests.factories.people import make_operator

    client.force_login(make_operator(User.Role.VIEWER), backend="django.contrib.auth.backends.ModelBackend")
    report = reverse("admin:campaign_report", args=[make_step().campaign_id])
    assert client.get(report).status_code == 200
    assert client.post(report, {"act": "pause", "reason": "why not"}).status_code == 403
    assert client.get(reverse("admin:models")).status_code == 200
    assert client.post(reverse("admin:models"), {"act": "train"}).status_code == 403


@pytest.mark.django_db
def test_pausing_asks_for_a_reason_and_is_audited(operator) -> None:
    from shop.models import AuditEntry
    from tests.factories.messages import make_step

    campaign = make_step().campaign
    report = reverse("admin:campaign_report", args=[campaign.pk])
    page = operator.get(report).content.decode()
    # The dialog posts to the page itself.
    assert '<form method="post"><input type="hidden" name="csrfmiddlewaretoken"' in page
    assert 'name="act" value="pause"' in page
    operator.post(report, {"act": "pause", "reason": " "})
    campaign.refresh_from_db()
    assert campaign.status == "running"
    operator.post(report, {"act": "pause", "reason": "a typing mistake"})
    campaign.refresh_from_db()
    assert campaign.status == "paused"
    assert AuditEntry.objects.filter(reason="a typing mistake").exists()


@pytest.mark.django_db
def test_an_order_is_confirmed_and_given_back_on_its_page_with_a_reason(operator) -> None:
    import uuid
    from decimal import Decimal

    from shop.orders.payment import PENDING_CARD
    from tests.factories.catalogue import make_product
    from tests.factories.orders import make_cart, order_cart
    from tests.factories.people import make_operator, make_visitor

    visitor = make_visitor()
    order = order_cart(make_cart(visitor, make_product(price=Decimal(50))), visitor, card_number=PENDING_CARD)
    url = reverse("admin:shop_order_change", args=[order.pk])
    page = operator.get(url).content.decode()
    assert 'name="act" value="confirm"' in page
    assert 'name="act" value="refund"' not in page
    assert "Compiler Street" not in page
    operator.post(url, {"act": "confirm", "reason": "bank file of Monday"})
    line = order.lines.get()
    refund = {"act": "refund", "reason": "damaged", "key": str(uuid.uuid4()), f"back-{line.pk}": "1", "restock": "on"}
    for _ in range(2):
        operator.post(url, refund)
    order.refresh_from_db()
    assert (order.status, order.refunded) == ("refunded", Decimal("50.00"))
    assert "bank file of Monday" in operator.get(url).content.decode()
    operator.force_login(make_operator(User.Role.MARKETER), backend="django.contrib.auth.backends.ModelBackend")
    assert operator.get(url).status_code == 200
    assert operator.post(url, {"act": "cancel", "reason": "why not"}).status_code == 403
