"""A slate, a model version and a training are pages for people: pictures, reasons and names, no columns of JSON."""

from __future__ import annotations

import uuid

import pytest
from django.urls import reverse

from recommender.models import ModelVersion, Slate, TrainingRun
from recommender.training.promotion import LARGEST_BYTES, SLOWEST_P99_MS
from shop.catalogue.models import Category, Product
from shop.events.store import StoreConsumer
from shop.events.stream import StreamEntry
from shop.events.types import encode
from tests.factories.catalogue import make_product
from tests.factories.events import an_event
from tests.factories.experiments import make_experiment

pytestmark = pytest.mark.django_db

FIGURE = {"value": 0.2, "low": 0.1, "high": 0.3, "n": 90}


def make_version(algorithm: str, **fields) -> ModelVersion:
    metrics = {"ndcg@10": FIGURE, "coverage@10": {"value": 0.08}, "cpu_p99_ms": {"value": 1.5}}
    return ModelVersion.objects.create(algorithm=algorithm, slot="home", **{"metrics": metrics, **fields})


@pytest.fixture
def slate() -> Slate:
    category = Category.objects.create(slug="tea", path="tea", name_en="Tea")
    for name in ("green-tea", "honey", "lemon"):
        Product.objects.create(id=name, name_en=name.title(), name_zh=f"{name} 茶", category=category, price=2, stock=5)
    item = {"score": 0.9, "source": "item_knn", "reason": "viewed", "params": {"because": "honey"}}
    return Slate.objects.create(
        id=uuid.uuid4(),
        slot="home",
        visitor_id="v-1",
        model="blend-29",
        items=[{"product_id": "green-tea", **item}, {"product_id": "sold-long-ago", **item}],
        context={"from": {"seen": ["honey"], "viewed": ["honey"]}, "removed": {"out_of_stock": 3}},
    )


@pytest.mark.parametrize("by", ["itself", "visitor_id", "shopper_id"])
def test_slates_and_events_are_found_by_whole_ids_whatever_these_look_like(admin_page, slate, by) -> None:
    """Segment's clients call browsers by UUIDs, and many a shop its customers."""
    about = {} if by == "itself" else {by: str(uuid.uuid4())}
    Slate.objects.filter(pk=slate.pk).update(slot="found", **about)
    event = an_event("page_viewed", **{"visitor_id": "v-2", **about})
    StoreConsumer().handle([StreamEntry("0-0", encode(event), "")])
    Slate.objects.create(id=uuid.uuid4(), slot="another", visitor_id="v-another")
    for name, own in (("recommender_slate", slate.pk), ("shop_event", event.id)):
        found = admin_page(f"{name}_changelist", q=f" {about.get(by, own)} ")
        assert found.count(f"/{own}/change/") == 1
        assert f"/{own}/change/" not in admin_page(f"{name}_changelist", q=str(uuid.uuid4()))


def test_a_pinned_product_was_brought_by_an_operator_and_has_no_score(admin_page, slate, untranslated) -> None:
    slate.items[0] |= {"source": "pinned", "score": 0.0, "reason": "pinned", "applied": {"pinned": True}}
    slate.save()
    found = admin_page("recommender_slate_change", slate.pk, language="zh-hans")
    assert "置顶" in found
    assert ">pinned<" not in found
    assert "</svg>–</span>" in found


def test_a_slate_says_what_was_shown_by_what_why_and_what_was_removed(admin_page, slate, untranslated) -> None:
    found = admin_page("recommender_slate_change", slate.pk)
    for words in ("Green-Tea", "/p/green-tea.svg", "Blend v29", "Bought together", "out of stock", "Honey", "0.90"):
        assert words in found
    assert "sold-long-ago" in found, "a product that is gone is still named"
    assert "product_id" not in found
    chinese = admin_page("recommender_slate_change", slate.pk, language="zh-hans")
    assert "green-tea 茶" in chinese
    assert "缺货" in chinese
    assert untranslated == set()


@pytest.mark.parametrize("term", ["zzzzzzzz-zzzz-zzzz-zzzz-zzzzzzzzzzzz", "v-1", "----" * 9, "s-1"])
def test_whatever_is_searched_for_is_looked_for(admin_page, slate, term) -> None:
    for listed in ("recommender_slate_changelist", "shop_event_changelist"):
        admin_page(listed, q=term)
    assert str(slate.pk) in admin_page("recommender_slate_changelist", q=str(slate.pk))


def test_what_chose_a_slate_is_named_and_its_experiment_leads_to_its_page(admin_page, slate) -> None:
    experiment = make_experiment(title="Is it worth it?")
    Slate.objects.filter(pk=slate.pk).update(
        slot="new", model="new", variant=f"{experiment.key}:b", shopper_id="house/7"
    )
    found = admin_page("recommender_slate_change", slate.pk)
    assert 'href="/admin/shopper/house/7/"' in found, "the shop's own key, whatever signs it has"
    assert "New products" in found
    link = f'href="{reverse("admin:experiment", args=[experiment.pk])}"'
    assert f"{link}>Is it worth it?: B · Popularity</a>" in found
    chinese = admin_page("recommender_slate_changelist", language="zh-hans")
    assert chinese.count("新品") >= 2, "the slot, and the type that chose without a model"


def test_why_not_a_product_is_answered_of_a_slate_and_of_now(admin_page, slate, untranslated) -> None:
    Product.objects.filter(pk="lemon").update(stock=0)
    found = admin_page("why_not", slot="home", **{"not": "lem"})
    assert "A rule took it out: out of stock." in found
    assert "Green-Tea" in found, "what the slot shows now stands beside it"
    assert "There is no such shopper." in admin_page("why_not", slot="home", shopper="nobody")
    assert "There is no such product in the catalogue." in admin_page("why_not", **{"not": "unheard of"})
    assert "规则移除了它：缺货。" in admin_page("why_not", language="zh-hans", slot="home", **{"not": "lemon"})
    # The version that served is not there any more: the page says so, and asks nothing of another.
    asked = admin_page("recommender_slate_change", slate.pk, **{"not": "lemon"})
    assert asked.count("The file of the version that served is gone") == 2
    assert untranslated == set()


def test_why_not_a_product_is_asked_of_no_slot_but_the_one_that_was_named(admin_page, slate, untranslated) -> None:
    found = admin_page("why_not", slot="hmoe", **{"not": "lemon"})
    assert "There is no slot “hmoe”: choose one that there is." in found
    assert '<option value="home">' in found, "none is chosen for whoever asks"
    for answered in ("A rule took it out", "What the slot shows now", 'id="answer"'):
        assert answered not in found
    assert "没有推荐位“hmoe”" in admin_page("why_not", language="zh-hans", slot="hmoe")
    assert untranslated == set()


def test_a_version_says_how_good_it_is_and_what_it_looks_at(admin_page, untranslated) -> None:
    version = make_version(
        "ranked",
        importance={"together_last": 0.7, "popularity": 0.3},
        comparison={"popular": {"difference": 0.05, "low": 0.01, "high": 0.09, "n": 90}},
        segments={"cold_shoppers": {"ndcg@10": FIGURE}},
        params={"held_back": 0.1, "weights": {"home": [1.0, 0.5]}, "deep": False},
    )
    found = admin_page("recommender_modelversion_change", version.pk)
    for words in (
        f"Learned ranker v{version.pk}",
        "Goes with the current product",
        "0.1000 – 0.3000",
        "held back",
        "better",
    ):
        assert words in found
    assert "together_last" not in found
    assert "与当前商品搭配" in admin_page("recommender_modelversion_change", version.pk, language="zh-hans")
    assert untranslated == set()


def test_a_training_says_what_serves_what_took_long_and_what_was_left_out(admin_page, untranslated) -> None:
    run = TrainingRun.objects.create(
        status="done",
        log="10:00:00 item_knn: learning from everything",
        report={
            "seconds": {"dataset": 2.0, "whole/item_knn": 3.0, "judge/item_knn": 4.5},
            "questions": {"home": 90},
            "left_out": {"encoder": "PyTorch is not installed (pip install -e '.[deep]')"},
        },
    )
    make_version("item_knn", run=run, status="champion")
    found = admin_page("recommender_trainingrun_change", run.pk)
    for words in ("What it made serves: Home page.", "7.5", "Bought together: learning from everything", "Attention"):
        assert words in found
    assert "item_knn" not in found
    chinese = admin_page("recommender_trainingrun_change", run.pk, language="zh-hans")
    assert "正在学习全部数据" in chinese
    assert untranslated == set()


@pytest.mark.parametrize("status", ["running", "failed", "skipped"])
def test_a_training_that_did_not_end_well_has_a_page_too(admin_page, status) -> None:
    run = TrainingRun.objects.create(status=status, error="It was ended before it was done.", progress=0.4)
    assert f"Training {run.pk}" in admin_page("recommender_trainingrun_change", run.pk)


def test_the_guardrails_stand_beside_the_champion(admin_page) -> None:
    make_version("popular", status="champion", size_bytes=1_000_000)
    slow = {
        "ndcg@10": {**FIGURE, "value": 0.4},
        "cpu_p99_ms": {"value": 2 * SLOWEST_P99_MS},
        "coverage@10": {"value": 0.07},
    }
    make_version("ranked", metrics=slow, size_bytes=int(0.1 * LARGEST_BYTES))
    found = admin_page("models")
    assert "Guardrails" in found
    assert found.count(">broken<") == 1, "slow, and neither narrow nor large"
    assert found.count(">holds<") == 2


def test_the_way_to_a_page_leads_over_its_list(admin_page, slate) -> None:
    found = admin_page("recommender_slate_change", slate.pk)
    assert '<li>Recommend</li><li><a href="/admin/recommender/slate/">Slates</a></li>' in found
    assert '<li aria-current="page">' in found
    experiment = make_experiment()
    assert '<a href="/admin/experiments/">Experiments</a>' in admin_page("experiment", experiment.pk)
    assert '<li aria-current="page">Experiments</li>' in admin_page("experiments")


def test_a_training_says_in_minutes_how_long_it_will_take(admin_page) -> None:
    run = TrainingRun(seconds_left=1120)
    assert run.left_in_words == "about 19 min left"
    run.seconds_left = 40
    assert run.left_in_words == "about 40 s left"
    assert TrainingRun().left_in_words == ""


def test_products_are_opened_by_their_names_not_by_pictures(admin_page) -> None:
    product = make_product(name_en="Oat drink", price=2, currency="EUR")
    found = admin_page("shop_product_changelist")
    links = [part.split("</a>")[0] for part in found.split(f'href="/admin/shop/product/{product.pk}/change/')[1:]]
    assert links
    assert not [link for link in links if "<img" in link], "a link with a picture has no name"
    assert "€2.00" in found
