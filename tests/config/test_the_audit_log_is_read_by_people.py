"""The audit log says in words what was done to what, and what changed."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from django.conf import settings

from push.models import Segment
from recommender.models import Slot
from shop.models import AuditEntry
from shop.operators import audit
from shop.operators.objects import name_objects
from shop.operators.wording import ACTS
from tests.factories.campaigns import make_campaign
from tests.factories.catalogue import make_product
from tests.factories.people import make_shopper

pytestmark = pytest.mark.django_db


def test_the_audit_log_names_acts_and_objects(admin_page) -> None:
    AuditEntry.objects.create(
        action="model.promote",
        object_type="recommender.modelversion",
        object_id="29",
        reason="blend is better: ndcg@10 +0.1 (+0.05 to +0.2) against popular on 90 questions",
    )
    found = admin_page("shop_auditentry_changelist")
    for words in ("Model promoted", "Model version 29", "Blend is better: NDCG@10"):
        assert words in found
    assert "模型上线" in admin_page("shop_auditentry_changelist", language="zh-hans")


def test_the_audit_log_calls_objects_as_people_do(admin_page) -> None:
    slot, shopper = Slot.objects.create(name="weekend", title="Weekend bites", type="popular"), make_shopper()
    product = make_product(name_en="Oat drink", name_zh="燕麦饮")
    gone = Segment.objects.create(name="Tea drinkers")
    audit.record("segment.deleted", target=gone, before={"name": gone.name})
    number = gone.pk
    gone.delete()
    for target in (slot, product, make_campaign(name="Soup week"), shopper):
        audit.record("slot.change", target=target)
    found = admin_page("shop_auditentry_changelist")
    for words in ("Slot “Weekend bites” <small", "“Oat drink”", "“Soup week”", "“Tea drinkers”", f">{number}</small>"):
        assert words in found
    assert f"Shopper {shopper.pk}<" in found, "who it was done to is personal"
    audit.record("order.cancel", reason="by the shopper")
    chinese = admin_page("shop_auditentry_changelist", language="zh-hans")
    assert "“燕麦饮”" in chinese
    assert "由顾客操作" in chinese
    entry = AuditEntry.objects.get(object_type="recommender.slot")
    assert "“Weekend bites”" in admin_page("shop_auditentry_change", entry.pk)


def test_an_entry_of_the_audit_log_says_what_changed(admin_page) -> None:
    before, after = {"size": 10, "filter": "", "title": "Home"}, {"size": 12, "filter": "price < 20", "title": "Home"}
    entry = AuditEntry.objects.create(
        action="slot.change",
        object_type="recommender.slot",
        object_id="70000",
        before={**before, "id": 1},
        after={**after, "id": 2, "pins": [["tea", 1, 1796153694922, None]], "updated_at": 1796153694922},
    )
    found = admin_page("shop_auditentry_change", entry.pk)
    for words in (">10 → 12<", "– → price &lt; 20<", "“Home”", "Pinned products", ">ID<", "– → 1 Dec 2026"):
        assert words in found.replace("</b>: ", "</b>>")
    assert "Home → " not in found


def test_a_page_of_the_audit_log_asks_once_for_each_kind_of_object(admin_page, django_assert_num_queries) -> None:
    for _ in range(3):
        audit.record("catalogue.write", target=make_product())
    entries = list(AuditEntry.objects.all())
    with django_assert_num_queries(1):
        name_objects(entries)


def test_every_act_that_the_code_records_has_words() -> None:
    recorded = set()
    for room in ("shop", "recommender", "push", "config"):
        for file in Path(settings.BASE_DIR, room).rglob("*.py"):
            source = file.read_text(encoding="utf-8")
            if "audit" not in source:
                continue
            calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
            named = [call for call in calls if ast.unparse(call.func).endswith(("audit", "record"))]
            words = (arg.value for call in named for arg in call.args if isinstance(arg, ast.Constant))
            recorded |= {word for word in words if isinstance(word, str) and word.count(".") == 1}
    assert {"slot.delete", "catalogue.write", "shopper.erase"} <= recorded
    assert recorded - set(ACTS) == set()
