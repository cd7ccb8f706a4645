"""A shadow answers what the champion answered, is not shown, and is compared by what shoppers then did."""

from __future__ import annotations

import pytest

from recommender.models import ModelVersion, ShadowAnswer, Slate
from recommender.serving import recommend
from recommender.serving.shadow_report import report
from recommender.serving.shadows import ShadowConsumer
from recommender.slates.slate_log import SlateConsumer
from recommender.training import promotion
from shop.events import recording
from shop.events.consumers import Runner
from shop.models import AuditEntry
from tests.factories.events import an_event, store_all
from tests.factories.experiments import a_slate, keep
from tests.factories.people import make_operator

pytestmark = pytest.mark.django_db
VISITOR = "v-in-the-light"


@pytest.fixture
def candidate(shop):
    return ModelVersion.objects.get(slot="home", algorithm="popular")


def show(times: int = 1):
    recording.record("product_viewed", visitor_id=VISITOR, product_id="tea")
    slates = [recommend("home", visitor_id=VISITOR, k=4) for _ in range(times)]
    Runner(SlateConsumer()).drain()
    Runner(ShadowConsumer()).drain()
    return slates


def test_it_answers_the_same_question_and_the_slate_stays_the_champion_s(candidate) -> None:
    champion = promotion.champion("home")
    promotion.shadow(champion_copy := candidate, 1.0, actor=make_operator(), reason="to see")
    (slate,) = show()
    assert slate.model == str(champion)
    answer = ShadowAnswer.objects.get(slate_id=slate.slate_id)
    assert answer.version == champion_copy
    assert answer.shown == [item.product_id for item in slate.items]
    assert len(answer.items) == 4
    assert "tea" not in answer.items, "the rules hold for a shadow too: what is in view is not shown"
    assert answer.overlap == len(set(answer.items) & set(answer.shown)) / 4
    assert Slate.objects.get(pk=slate.slate_id).context["from"]["seen"] == ["tea"]


def test_a_model_that_shadows_itself_agrees_with_what_was_shown(candidate) -> None:
    champion = promotion.champion("home")
    twin = ModelVersion.objects.get(pk=champion.pk)
    twin.pk, twin.status = None, "candidate"
    twin.save()
    promotion.shadow(twin, 1.0, actor=None, reason="the same file")
    (slate,) = show()
    answer = ShadowAnswer.objects.get()
    assert answer.items == answer.shown
    told = report(twin)
    assert told.overlap.value == 1.0
    assert told.gain.estimate.value == 0.0
    assert str(slate.slate_id) == str(answer.slate_id)


def test_without_a_shadow_and_after_its_end_nothing_is_answered(candidate) -> None:
    show()
    assert not ShadowAnswer.objects.exists()
    promotion.shadow(candidate, 1.0, actor=None, reason="on")
    promotion.end_shadow(candidate, actor=None, reason="enough")
    show()
    assert not ShadowAnswer.objects.exists()
    assert list(AuditEntry.objects.filter(action="model.shadow").order_by("id").values_list("reason", flat=True)) == [
        "on",
        "enough",
    ]
    with pytest.raises(promotion.PromotionError, match="is no shadow"):
        promotion.end_shadow(candidate, actor=None, reason="again")


def test_a_share_of_the_slates_is_answered_and_a_retry_answers_the_same_ones(candidate) -> None:
    promotion.shadow(candidate, 0.5, actor=None, reason="half")
    show(40)
    answered = ShadowAnswer.objects.count()
    assert 8 <= answered <= 32


def test_clicks_and_additions_are_counted_for_both(candidate) -> None:
    promotion.shadow(candidate, 1.0, actor=None, reason="to see")
    (slate,) = show()
    answer = ShadowAnswer.objects.get()
    clicked = answer.shown[0]
    recording.record("slate_clicked", visitor_id=VISITOR, product_id=clicked, slate_id=slate.slate_id)
    recording.record("product_added", visitor_id=VISITOR, product_id=clicked, quantity=1)
    store_all()
    told = report(candidate)
    assert (told.answers, told.clicks, told.added) == (1, 1, 1)
    assert told.clicks_had.value == float(clicked in answer.items)
    assert (told.theirs, told.mine) == (1.0, float(clicked in answer.items))


def test_whoever_adds_one_thing_after_many_slates_is_one_person_and_a_few_tell_nothing(clock) -> None:
    version = ModelVersion.objects.create(algorithm="popular", slot="home")

    def seen_by(visitor: str, times: int, added: str) -> None:
        slates = [a_slate("default", visitor) for _ in range(times)]
        keep(slates, [an_event("product_added", clock.time, visitor_id=visitor, product_id=added)])
        ShadowAnswer.objects.bulk_create(
            ShadowAnswer(version=version, slate_id=each.pk, items=["mine"], shown=["theirs"], overlap=0, milliseconds=1)
            for each in slates
        )

    seen_by("v-at-it-often", 40, "mine")
    for number in range(4):
        seen_by(f"v-once-{number}", 1, "theirs")
    told = report(version)
    assert (told.answers, told.added, told.gain.estimate.n) == (44, 44, 5)
    assert (told.mine, told.theirs) == (pytest.approx(0.2), pytest.approx(0.8))
    for number in range(4, 28):
        seen_by(f"v-once-{number}", 1, "theirs")
    assert not report(version).clear
    seen_by("v-the-thirtieth", 1, "theirs")
    assert report(version).clear


def test_one_shadow_a_slot_and_none_is_the_champion(candidate) -> None:
    champion = promotion.champion("home")
    with pytest.raises(promotion.PromotionError, match="serves this slot already"):
        promotion.shadow(champion, 0.5, actor=None, reason="no")
    other = ModelVersion.objects.filter(slot="home", status="candidate").exclude(pk=candidate.pk).first()
    promotion.shadow(candidate, 0.5, actor=None, reason="first")
    promotion.shadow(other, 0.5, actor=None, reason="second")
    assert list(ModelVersion.objects.filter(shadow_since__isnull=False)) == [other]
    promotion.promote(other, actor=None, reason="it is good")
    assert not ModelVersion.objects.filter(shadow_since__isnull=False).exists()
