"""The admin is complete in Chinese: headings, navigation, columns, fields, reasons of every kind."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from django.contrib import admin
from django.urls import reverse
from django.utils import translation

import config.urls  # noqa: F401 - registers the lists
from config.dashboard.campaign_acts import ACTIONS
from config.dashboard.frame import SIDEBAR
from config.field_names import unnamed_fields
from push.campaigns.models import Campaign
from push.delivery import checks
from push.delivery.states import State
from recommender.algorithms import ALGORITHMS
from recommender.slates import reasons
from shop.events.types import TYPES
from shop.events.wording import event_name
from shop.models import User
from tests.factories.messages import make_message, make_step
from tests.factories.people import make_shopper

HAN = re.compile(r"[\u4e00-\u9fff]")
# Names of things that are the same everywhere, and what operators of this test wrote themselves.
NAMES = re.compile(
    r"s-[0-9a-f]+|Pushcart|Mira|Keller|Valkey|NDCG|MRR|SHA-256|JSON|API|MB|Cart left|USD|blend|[a-z_]+-\d+|[\w.-]+@[\w.•-]+"
    r"|household-\d+|operator|Weekly picks|ID|p\d\d|\d\. email"
)


@pytest.fixture
def operator(client, db, settings):
    user = User.objects.create_superuser("mira@example.org", "a-long-password", name="Mira Keller")
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "zh-hans"
    return client


class Headings(HTMLParser):
    """Texts of headings, columns, labels, terms and entries of the navigation."""

    TAGS = frozenset({"h1", "h2", "h3", "th", "label", "dt", "legend", "title", "summary"})

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.found: list[str] = []
        self.icon = False
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        # Ligatures of the icon font are no words.
        self.icon = "material-symbols" in (dict(attrs).get("class") or "")
        if tag in self.TAGS:
            self.open.append(tag)
            self.found.append("")

    def handle_endtag(self, tag):
        self.icon = False
        if self.open and tag == self.open[-1]:
            self.open.pop()

    def handle_data(self, data):
        if self.open and not self.icon:
            self.found[-1] += data


def english(page: str) -> list[str]:
    """Headings that hold words, and no Chinese."""
    texts = [" ".join(text.split()) for text in Headings(page).found]
    plain = [NAMES.sub("", text) for text in texts]
    return [
        text
        for text, rest in zip(texts, plain, strict=True)
        if re.search(r"[A-Za-z]{2}", rest) and not HAN.search(text)
    ]


@pytest.fixture
def rows(db):
    """A campaign with messages of every state and reason."""
    step = make_step()
    sent = make_message(make_shopper("wei@example.org", name="Wei Chen"), step)
    for state, reason in ((State.SKIPPED, "capped"), (State.REJECTED, "no_answer"), (State.UNCERTAIN, "worker_died")):
        make_message(make_shopper(), step, state=state, reason=reason)
    return sent


@pytest.mark.django_db
def test_no_own_page_has_an_english_heading_or_asks_for_a_string_that_is_not_there(
    operator, rows, untranslated
) -> None:
    from push.models import Segment

    rule = {"type": "all", "of": [{"type": "did", "event": "product_viewed", "times": 2, "within_days": 30}]}
    segment = Segment.objects.create(name="常客", rule=rule)
    pages = [
        "/admin/",
        "/admin/?days=28",
        reverse("admin:live"),
        reverse("admin:models"),
        reverse("admin:campaign_report", args=[rows.campaign_id]),
        reverse("admin:message_page", args=[rows.pk]),
        reverse("admin:shopper_page", args=[rows.shopper_id]),
        reverse("admin:push_segment_add"),
        reverse("admin:push_segment_change", args=[segment.pk]),
        reverse("admin:push_campaign_change", args=[rows.campaign_id]),
        reverse("admin:push_campaign_add"),
        reverse("admin:shop_product_add"),
    ]
    for page in pages:
        response = operator.get(page)
        assert response.status_code == 200, page
        assert english(response.content.decode()) == [], page
    assert untranslated == set()


@pytest.mark.django_db
@pytest.mark.parametrize("model", sorted(admin.site._registry, key=lambda model: model._meta.label))
def test_no_list_has_an_english_heading(operator, rows, untranslated, model) -> None:
    response = operator.get(reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"))
    assert english(response.content.decode()) == []
    assert untranslated == set()


@pytest.mark.parametrize(
    "words",
    [
        *reasons.WORDS.values(),
        *reasons.HEADINGS.values(),
        *checks.WORDS.values(),
        *State.labels,
        *Campaign.Status.labels,
        *(item["title"] for group in SIDEBAR for item in group["items"]),
        *(group["title"] for group in SIDEBAR),
        *(text for action in ACTIONS for text in (action.label, action.text)),
    ],
    ids=str,
)
def test_every_reason_state_act_and_entry_of_the_navigation_is_said_in_chinese(words) -> None:
    with translation.override("zh-hans"):
        assert HAN.search(str(words)), str(words)


def test_every_event_field_and_algorithm_has_a_chinese_name() -> None:
    with translation.override("zh-hans"):
        assert [type for type in TYPES if not HAN.search(event_name(type))] == []
        assert {str(field.verbose_name) for field in unnamed_fields() if not HAN.search(str(field.verbose_name))} <= {
            "SHA-256"
        }
        labels = [translation.gettext(ALGORITHMS.get(name).label) for name in ALGORITHMS]
        assert [label for label in labels if not HAN.search(label)] == []


@pytest.mark.django_db
def test_a_rule_is_a_chinese_sentence() -> None:
    from push.audiences.sentences import sentence

    rule = {
        "type": "all",
        "of": [
            {"type": "did", "event": "product_viewed", "times": 2, "within_days": 30},
            {"type": "orders", "measure": "count", "op": "at_least", "value": 1},
            {"type": "consent", "channel": "email"},
            {"type": "attribute", "name": "personalised", "op": "is", "value": True},
        ],
    }
    said = sentence(rule, "zh-hans")
    assert said.startswith("符合以下条件的顾客：“浏览商品”至少 2 次（最近 30 天内），且下单至少 1 次，且同意接收")
    assert not re.search("[A-Za-z]", said), said


@pytest.mark.django_db
def test_the_language_is_switched_in_the_admin_itself(operator, client) -> None:
    page = operator.get("/admin/").content.decode()
    assert "数据看板" in page
    assert 'action="/i18n/setlang/"' in page
    client.post("/i18n/setlang/", {"language": "en", "next": "/admin/"})
    assert "Dashboard" in client.get("/admin/").content.decode()


def test_lists_and_sentences_follow_one_another_as_the_language_has_it() -> None:
    from shop.punctuation import listed, sentences, set_apart

    assert listed(["a", 2]) == "a, 2"
    assert sentences(["One.", "", "Two."]) == "One. Two."
    with translation.override("zh-hans"):
        assert listed(["事件 0", "购物车 2"]) == "事件 0、购物车 2"
        assert set_apart(["甲", "乙"]) == "甲；乙"
        assert sentences(["一。", "二。"]) == "一。二。"


def test_chances_are_written_without_powers_of_ten() -> None:
    from recommender.statistics.validity import chance_in_words

    assert [chance_in_words(p) for p in (5.4e-05, 0.0123, 1.0)] == ["p < 0.001", "p = 0.012", "p = 1"]


@pytest.mark.django_db
def test_an_empty_funnel_says_that_there_are_sessions_today(operator, clock) -> None:
    from shop.models import FunnelDay

    assert "?days=today" in operator.get("/admin/?days=7").content.decode()
    assert "今天有" not in operator.get("/admin/?days=7").content.decode()
    from django.core.cache import cache

    cache.clear()
    FunnelDay.objects.create(day=clock.time.date(), sessions=3, viewed=2, added=1, ordered=0)
    assert "此时段没有会话，今天有。" in operator.get("/admin/?days=7").content.decode()
