"""The models page: figures with intervals and tables, shadow and promotion by its buttons, empty states."""

from __future__ import annotations

from datetime import timedelta
from itertools import combinations

import pytest
from django.urls import reverse
from django.utils import translation

from config.dashboard import model_figures, needs
from recommender.models import ModelVersion, TrainingRun
from recommender.training import promotion
from recommender.training.lock import ENDED
from recommender.training.run import train
from shop import clock
from tests.factories.models import make_shop
from tests.factories.people import make_operator

pytestmark = pytest.mark.django_db


@pytest.fixture
def models_page(client):
    client.force_login(make_operator())
    return lambda slot="home", **options: client.get(reverse("admin:models"), {"slot": slot}, **options)


def test_without_a_model_it_says_what_to_do(models_page) -> None:
    found = models_page().content.decode()
    assert "No model serves this slot." in found
    assert "A line needs two trainings" in found
    assert "Known after the next training." in found


def test_a_candidate_is_sent_into_the_dark_and_promoted_by_hand_with_a_reason(models_page, client) -> None:
    make_shop()
    train(quick=True)
    candidate = ModelVersion.objects.get(slot="home", algorithm="popular")
    text = models_page().content.decode()
    for dialog in (f'id="shadow-{candidate.pk}"', f'id="promote-{candidate.pk}"'):
        assert dialog in text, "the button opens a dialog that is there"
    assert "Each web process opens the file first" in text, "and it says what happens"
    where = reverse("admin:models") + "?slot=home"
    client.post(where, {"act": "shadow", "version": candidate.pk})
    candidate.refresh_from_db()
    assert candidate.shadow_since is None, "without a reason nothing is done"
    client.post(where, {"act": "shadow", "version": candidate.pk, "reason": "to see"})
    candidate.refresh_from_db()
    assert candidate.shadow_since is not None
    assert "No slate answered yet" in models_page().content.decode()
    client.post(where, {"act": "end_shadow", "version": candidate.pk, "reason": "seen"})
    client.post(where, {"act": "promote", "version": candidate.pk, "reason": "by hand"})
    assert promotion.champion("home") == candidate


def test_what_was_compared_with_another_says_nothing_of_the_one_that_serves(models_page) -> None:
    figure = {"difference": 0.05, "low": 0.01, "high": 0.09, "n": 90, "algorithm": "blend"}
    metrics = {"ndcg@10": {"value": 0.2, "low": 0.1, "high": 0.3, "n": 90}}
    blend = ModelVersion.objects.create(algorithm="blend", slot="home", status="champion", metrics=metrics)
    ModelVersion.objects.create(
        algorithm="ease", slot="home", status="candidate", metrics=metrics, comparison={"champion": figure}
    )
    assert "You may switch." in models_page().content.decode()
    assert [need.heading for need in needs._models() if "beats its champion" in need.heading]
    ModelVersion.objects.filter(pk=blend.pk).update(algorithm="popular")
    found = models_page().content.decode()
    assert "No candidate was compared with it." in found
    assert "Champion of its training (Blend)" in found
    assert not [need for need in needs._models() if "beats its champion" in need.heading]


def test_the_candidate_that_is_clearly_better_goes_before_one_that_only_seems_so(models_page) -> None:
    def with_value(value: float) -> dict:
        return {"ndcg@10": {"value": value, "low": value - 0.05, "high": value + 0.05, "n": 90}}

    ModelVersion.objects.create(algorithm="blend", slot="home", status="champion", metrics=with_value(0.2))
    for algorithm, gain, low in (("ease", 0.03, -0.01), ("als", 0.01, 0.004)):
        ModelVersion.objects.create(
            algorithm=algorithm,
            slot="home",
            metrics=with_value(0.2 + gain),
            comparison={"champion": {"difference": gain, "low": low, "high": 0.07, "n": 90, "algorithm": "blend"}},
        )
    assert "You may switch. Factors (ALS)" in models_page().content.decode()
    assert [need for need in needs._models() if "Factors (ALS)" in need.button]
    ModelVersion.objects.filter(algorithm="als").update(
        run=TrainingRun.objects.create(), trained_at=clock.now() - timedelta(days=1)
    )
    assert "You may switch." not in models_page().content.decode(), "an earlier champion is what it was better than"
    assert not any("Factors (ALS)" in need.button for need in needs._models() if "beats its champion" in need.heading)
    ModelVersion.objects.filter(algorithm="ease").delete()
    found = models_page().content.decode()
    assert "You may switch." not in found, "nor where it is the only one"
    assert "No candidate was compared with it." in found


def test_of_several_that_beat_the_champion_the_dashboard_names_the_one_that_the_page_names(models_page) -> None:
    def figures(value: float) -> dict:
        against = {"difference": value, "low": 0.002, "high": 0.07, "n": 90, "algorithm": "blend", "p_holm": 0.00004}
        metrics = {"ndcg@10": {"value": value, "low": value - 0.05, "high": value + 0.05, "n": 90}}
        return {"metrics": metrics, "comparison": {"champion": against}}

    metrics = {"ndcg@10": {"value": 0.1, "low": 0.05, "high": 0.15, "n": 90}}
    ModelVersion.objects.create(algorithm="blend", slot="home", status="champion", metrics=metrics)
    for algorithm, value in (("als", 0.2), ("ease", 0.3), ("bpr", 0.25)):
        ModelVersion.objects.create(algorithm=algorithm, slot="home", **figures(value))
    beaten = [need for need in needs._models() if "beats its champion" in need.heading]
    assert ["Linear (EASE)" in need.button for need in beaten] == [True]
    found = models_page().content.decode()
    assert "You may switch. Linear (EASE)" in found
    assert "p &lt; 0.001" in found, "0.000 would be no chance at all"


def test_why_the_last_training_failed_is_said_in_the_language_of_who_looks() -> None:
    TrainingRun.objects.create(status="failed", error=ENDED)
    with translation.override("zh-hans"):
        (failed,) = [need for need in needs._models() if need.button == "查看原因"]
        assert failed.text == translation.gettext(ENDED) != ENDED


def test_what_the_last_training_left_out_is_named(models_page) -> None:
    TrainingRun.objects.create(
        status="done", report={"failed": {}, "left_out": {"ratings": "100 ratings are needed: import reviews"}}
    )
    assert "100 ratings are needed: import reviews" in models_page().content.decode()


def test_labels_of_a_scatter_keep_their_distance() -> None:
    points = [
        (10.0, 10.0, "blend"),
        (11.0, 11.0, "ranked"),
        (90.0, 12.0, "als"),
        (50.0, 99.0, "bpr"),
        (52.0, 100.0, "ease"),
    ]
    places = model_figures._labels(points)
    boxes = [
        model_figures._box(x, height, 2 * len(words), end=end)
        for (x, _y, words), (height, end) in zip(points, places, strict=True)
    ]
    assert not any(model_figures._touch(one, other) for one, other in combinations(boxes, 2))
    assert places[2] == (12.0, True), "what stands alone stands beside its point"
