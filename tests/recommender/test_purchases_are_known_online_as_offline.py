"""What a model is asked with when it serves is what it was judged with: the same past, to the purchase and its time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from recommender.algorithms.next_basket import NextBasket
from recommender.algorithms.popular import Popular
from recommender.algorithms.tifu_knn import TIFUKNN
from recommender.asking import Context
from recommender.dataset.building import read_dataset
from recommender.dataset.purchases import purchases_of
from recommender.evaluation.tasks import Questioner
from recommender.known.contexts import Known, context_of
from recommender.known.product_facts import ProductFacts
from recommender.models import ModelVersion
from recommender.profiles.long_term import LongTerm, learn
from recommender.slots.served import ServedSlot
from recommender.slots.types.base import Ask
from recommender.training import artefacts
from tests.factories.models import make_shop

pytestmark = pytest.mark.django_db
DAY_MS = 86_400_000


@pytest.fixture
def dataset():
    make_shop(shoppers=12, weeks=5)
    return read_dataset()


def served(algorithm, history: LongTerm) -> artefacts.Model:
    """The model as a web process has it."""
    stored = artefacts.store(algorithm, history)
    return artefacts.open_model(ModelVersion(pk=1, file=stored.file, sha256=stored.sha256))


@pytest.mark.parametrize("made", [TIFUKNN, lambda: NextBasket(cuts=1, trees=0)], ids=["tifu_knn", "next_basket"])
def test_baskets_ahead_are_the_same_from_the_file_as_from_the_dataset(made, dataset) -> None:
    algorithm = made().fit(dataset)
    model = served(algorithm, learn(dataset))
    purchases = purchases_of(dataset)
    now = dataset.window[1] + 1
    for shopper, shopper_id in enumerate(dataset.shopper_ids):
        bought, bought_ms = purchases.of(shopper)
        online = context_of(Known(shopper_id=shopper_id), "email", model, now)
        assert online.bought.tolist() == bought.tolist()
        assert online.bought_ms.tolist() == bought_ms.tolist()
        offline = algorithm.recommend(Context("email", bought=bought, bought_ms=bought_ms, at_ms=now), 10)
        answer = model.algorithm.recommend(online, 10)
        assert answer.products.tolist() == offline.products.tolist()
        assert answer.scores.tolist() == offline.scores.tolist()
        assert len(set(bought_ms.tolist())) == 5, "baskets are told from each other"


def test_a_shopper_is_known_by_whatever_id_the_shop_gave(dataset) -> None:
    # As long as an id may be, of more octets than characters; two that begin alike.
    ids = ["x" * 101 + "客" * 27, "x" * 101 + "客" * 9, *(f"客户 {number}" for number in range(10))]
    renamed, plain = replace(dataset, shopper_ids=ids), learn(dataset)
    kept = served(Popular().fit(renamed), learn(renamed, without=ids[:1])).history
    assert kept.known(ids[0])["history"].tolist() == []
    for former, now in list(zip(dataset.shopper_ids, ids, strict=True))[1:]:
        assert len(plain.of(former)[0]) > 0
        assert kept.of(now)[0].tolist() == plain.of(former)[0].tolist()


def test_a_question_of_the_test_window_holds_what_the_model_s_file_would(dataset) -> None:
    cut = dataset.window[1] - 14 * DAY_MS
    questioner = Questioner(dataset, cut)
    model = served(TIFUKNN().fit(questioner.earlier), learn(questioner.earlier))
    asked = questioner.ask("email", 100)
    assert asked
    by_history = {tuple(question.context.bought_ms.tolist()): question.context for question in asked}
    contexts = [context_of(Known(shopper_id=name), "email", model, cut) for name in dataset.shopper_ids]
    matched = [by_history[key] for each in contexts if (key := tuple(each.bought_ms.tolist())) in by_history]
    assert len(matched) == len(asked)
    for question in asked:
        assert question.context.bought_ms.max() < cut


def test_only_those_who_ask_for_dated_purchases_keep_them_and_nobody_s_who_refused(dataset) -> None:
    history = learn(dataset, without=["s3"])
    assert history.known("s3")["bought"].tolist() == []
    assert len(history.known("s4")["bought"])
    assert history.known("nobody") == {}
    popular = served(Popular().fit(dataset), history)
    assert len(popular.history.known("s4")["history"])
    assert len(popular.history.bought) == 0


def test_of_endless_purchases_the_newest_are_kept(dataset, monkeypatch) -> None:
    whole = learn(dataset)
    monkeypatch.setattr(LongTerm, "MOST_BOUGHT", 7)
    cut = learn(dataset)
    for name in dataset.shopper_ids:
        assert np.array_equal(cut.known(name)["bought"], whole.known(name)["bought"][-7:])
        assert np.array_equal(cut.known(name)["bought_ms"], whole.known(name)["bought_ms"][-7:])


def test_what_is_bought_every_week_is_offered_again_when_it_is_due(dataset) -> None:
    model = served(TIFUKNN().fit(dataset), learn(dataset))
    products, times = (model.history.known("s0")[name] for name in ("bought", "bought_ms"))
    bread = model.row["bread"]
    last = int(times[products == bread].max())
    slot = ServedSlot.of({"name": "buy-again", "type": "buy_again"})

    def offered(days: float) -> list[str]:
        at_ms = last + round(days * DAY_MS)
        ask = Ask(slot, Known(shopper_id="s0"), ProductFacts.of_rows([], {}), lambda task: model, at_ms, 10)
        return list(slot.kind.pool(ask).ids)

    once = next(model.product_ids[row] for row in set(products.tolist()) if (products == row).sum() == 1)
    assert "bread" not in offered(4.8), "bought every seven days, it waits for 0.7 of them"
    assert "bread" in offered(5.0)
    assert once in offered(4.8), "what has no rhythm waits for nothing"
