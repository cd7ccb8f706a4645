"""What a training says is stored in English, and Chinese for operators who read Chinese."""

from __future__ import annotations

import re

import pytest
from django.utils import translation

from recommender.dataset import NotEnoughData
from recommender.models import ModelVersion, TrainingRun
from recommender.training import promotion
from recommender.training.run import train
from recommender.training.wording import SENTENCES, in_words
from tests.factories.models import make_shop

HAN = re.compile(r"[\u4e00-\u9fff]")
LATIN = re.compile(r"[A-Za-z]{2,}")
# Names of algorithms, slots, metrics and files are the same everywhere.
NAMES = re.compile(
    r"[a-z_]+@10|NDCG@10|kNN|EASE|ALS|BPR|\bv\d+\b|\b(home|product|cart|email|popular|content|item_knn|session_knn|user_knn|tifu_knn|buy_again|blend|ranked|als|bpr"
    r"|ease|markov|next_basket|encoder)(-\d+)?\b|manage\.py load_demo|/api/v1/events|pip install 'pushcart\[deep\]'|PyTorch|m\.bin"
)


def english(text: str) -> list[str]:
    """Lines that hold other words than names, in no Chinese."""
    return [line for line in text.splitlines() if LATIN.search(NAMES.sub("", line))]


@pytest.mark.django_db
def test_every_line_of_a_log_and_every_reason_is_chinese_in_the_chinese_admin(admin_client, settings) -> None:
    make_shop()
    run = train("item_knn")
    versions = list(ModelVersion.objects.filter(status="champion"))
    with translation.override("en"):
        assert in_words(run.log) == run.log
        assert [in_words(version.reason) for version in versions] == [version.reason for version in versions]
    with translation.override("zh-hans"):
        assert english(in_words(run.log)) == []
        assert all(HAN.search(version.reason_in_words) and not english(version.reason_in_words) for version in versions)
    admin_client.cookies[settings.LANGUAGE_COOKIE_NAME] = "zh-hans"
    page = admin_client.get(f"/admin/recommender/trainingrun/{run.pk}/change/").content.decode()
    assert "正在学习" in page
    assert "learning from" not in page
    page = admin_client.get(f"/admin/recommender/modelversion/{versions[0].pk}/change/").content.decode()
    assert versions[0].reason not in page


@pytest.mark.django_db
def test_what_a_training_lacks_and_what_a_guardrail_says_is_chinese(db) -> None:
    with pytest.raises(NotEnoughData):
        train()
    slow = ModelVersion(pk=7, algorithm="ranked", metrics={"cpu_p99_ms": {"value": 31.4}})
    large = ModelVersion(pk=8, algorithm="ranked", size_bytes=10**10)
    narrow = ModelVersion(pk=9, algorithm="ranked", metrics={"coverage@10": {"value": 0.01}})
    wide = ModelVersion(pk=5, algorithm="blend", metrics={"coverage@10": {"value": 0.5}})
    said = [
        TrainingRun.objects.get().error,
        promotion.fit_to_serve(slow),
        promotion.fit_to_serve(large),
        promotion.fit_to_serve(narrow, beside=wide),
        f"ndcg@10 +0.1 (+0.05 to +0.2) against blend on 500 questions; ranked is kept back: {promotion.fit_to_serve(slow)}",
    ]
    with translation.override("zh-hans"):
        for line in said:
            assert HAN.search(in_words(line)), line
            assert english(in_words(line)) == []
        assert in_words("it was Friday; the operator felt like it") == "it was Friday；the operator felt like it"


def test_every_sentence_has_its_chinese() -> None:
    with translation.override("zh-hans"):
        assert [sentence for sentence in SENTENCES if not HAN.search(translation.gettext(sentence))] == []


def test_dates_and_losses_are_written_as_chinese_writes_them() -> None:
    stored = "ranked: learning from before 2026-11-14"
    reason = "popular goes on, with newer data; ndcg@10 +0.0158 (-0.0193 to +0.0472) against popular on 178 questions"
    with translation.override("zh-hans"):
        assert in_words(stored).endswith("正在学习 2026年11月14日 之前的数据")
        assert "\u22120.0193 至 +0.0472" in in_words(reason)
    with translation.override("en"):
        assert in_words(reason) == reason
