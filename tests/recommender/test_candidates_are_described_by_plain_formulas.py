"""What the ranker knows of a candidate equals plain formulas: votes, tables, words, purchases, and the features made of these."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer

from recommender.algorithms.ranked import Ranked
from recommender.algorithms.ranked.features import BOUGHT as BOUGHT_COLUMNS
from recommender.algorithms.ranked.features import FEATURES
from recommender.algorithms.ranked.words import FADING
from recommender.algorithms.ranked.work import NEXT, VOTE
from recommender.algorithms.session_kernel import scores_plainly
from recommender.algorithms.weighting import scale_rows, weigh_terms
from recommender.asking import Context
from recommender.dataset import Products
from recommender.dataset.interactions import from_sessions
from recommender.features.text import words
from tests.factories.rankers import ITEMS, gathered, ring_walks, rows, shop


@pytest.fixture(scope="module")
def ranked():
    """Too few sessions for trees: what they would be told of a candidate is there without them."""
    return Ranked(answers="any", deep=False).fit(shop(ring_walks(np.random.default_rng(4), 600)))


def test_votes_are_those_of_session_knn(ranked) -> None:
    for query in (rows(3), rows(20, 21, 22), rows(40, 41, 40)):
        found, _ = gathered(ranked, query, ITEMS)
        plain = scores_plainly(ranked.members["session_knn"], query)
        assert len(found) > 5
        for product, (sums, _, _) in found.items():
            assert sums[VOTE] == pytest.approx(plain[product], rel=1e-3, abs=1e-9)


def test_words_in_common_are_a_cosine() -> None:
    texts = [f"kind{number % 5} maker{number % 7}" for number in range(ITEMS)]
    sessions = ring_walks(np.random.default_rng(4), 300)
    model = Ranked(answers="any").fit(
        from_sessions(sessions, Products.of([f"p{n}" for n in range(ITEMS)], texts=texts))
    )
    found, _ = gathered(model, rows(3, 8), ITEMS)
    column = list(FEATURES).index("words_last")
    assert len(found) > 5
    vectors = scale_rows(weigh_terms(CountVectorizer(analyzer=words).fit_transform(texts), "tfidf"), "cosine").toarray()
    for product, (_, features, _) in found.items():
        pairs = vectors[product] @ vectors[8], vectors[product] @ vectors[3]
        assert features[column] == pytest.approx(pairs[0], abs=1e-5)
        fading = np.exp(-1 / FADING)
        assert features[column + 1] == pytest.approx((pairs[0] + fading * pairs[1]) / (1 + fading), abs=1e-5)


def test_what_is_no_answer_takes_no_share_of_the_votes() -> None:
    """One's own history is in the index too: its votes for itself would drown those for what is new."""
    few = shop(ring_walks(np.random.default_rng(4), 300))
    query = few.product[few.session_start[7] : few.session_start[8]].astype(np.int32)
    shares = {}
    for answers in ("new", "any"):
        found, _ = gathered(Ranked(answers=answers, deep=False).fit(few), query, ITEMS)
        shares[answers] = sum(features[0] for product, (_, features, _) in found.items() if product not in query)
    assert shares["new"] == pytest.approx(1.0, abs=1e-3)
    assert shares["any"] < 0.99


def test_tables_hold_what_plain_counting_finds() -> None:
    model = Ranked(answers="any").fit(shop([[0, 1, 2], [0, 1, 3], [1, 2], [0, 2]]))
    tables = model._held()[0].tables
    age = np.exp(-(4 - np.arange(4)) / 4)

    def of(table, product):
        low, high = table.start[product], table.start[product + 1]
        return dict(zip(table.other[low:high].tolist(), table.weight[low:high].tolist(), strict=True))

    assert of(tables.next, 0) == pytest.approx({1: age[0] + age[1], 2: age[3]})
    assert of(tables.skip, 0) == pytest.approx({1: age[0] + age[1], 2: age[0] / 2 + age[3], 3: age[1] / 2})
    assert of(tables.second, 0) == {2: 1.0, 3: 1.0}
    assert of(tables.together, 0)[1] == pytest.approx(2 / (np.sqrt(3 * 3) + 3))
    bigrams = tables.bigrams
    assert bigrams.key.tolist() == [1]  # 0 then 1, of 60 products
    assert dict(zip(bigrams.other.tolist(), bigrams.weight.tolist(), strict=True)) == pytest.approx(
        {2: age[0], 3: age[1]}
    )


def test_features_say_what_their_names_say(ranked) -> None:
    query = rows(40, 41, 40)
    found, told = gathered(ranked, query, ITEMS)
    column = {name: at for at, name in enumerate(FEATURES)}
    facts = ranked._held()[0].facts
    for product, (sums, features, _) in found.items():
        assert features[column["vote_share"]] == pytest.approx(sums[VOTE] / told.votes, rel=1e-5)
        assert features[column["next_log"]] == pytest.approx(np.log1p(sums[NEXT]), rel=1e-5)
        assert features[column["popularity"]] == pytest.approx(np.log1p(facts.seen[product]), rel=1e-5)
        assert features[column["like_last"]] == pytest.approx(facts.vectors[product] @ facts.vectors[40], abs=1e-5)
        place = {40: 0, 41: 1}.get(product, 99)
        assert features[column["steps_since"]] == place
        assert features[column["times"]] == {40: 2, 41: 1}.get(product, 0)
        assert features[column["is_current"]] == (product == 40)
        assert features[column["is_previous"]] == (product == 41)
        assert features[column["length"]] == 3
        assert features[column["distinct_share"]] == pytest.approx(2 / 3)
        assert features[column["returned_from_current"]] == facts.returned[40]
    assert all(np.isfinite(features).all() for _, features, _ in found.values())


DAY = 86_400_000
# Of four days: 10 in three baskets, 33 in the one of ten days ago.
BOUGHT = rows(10, 10, 33, 10), np.array([0, 30, 40, 48]) * DAY


def test_columns_of_purchases_say_what_their_names_say(ranked) -> None:
    found, _ = gathered(ranked, rows(40), ITEMS, purchases=BOUGHT, now=50 * DAY)
    column = {name: at for at, name in enumerate(FEATURES)}
    ten, thirty_three, other = (found[product][1] for product in (10, 33, 41))
    said = {name.removeprefix("bought_"): float(ten[at]) for name, at in column.items() if at >= BOUGHT_COLUMNS}
    fading = {f"fading_{days}": 2 ** (-50 / days) + 2 ** (-20 / days) + 2 ** (-2 / days) for days in (14, 45, 150)}
    expected = {
        "times": 3,
        "share_of_baskets": 3 / 4,
        "times_28": 2,
        "times_91": 3,
        **fading,
        "days_since": 2,
        "own_gap": 24,
        "since_over_own_gap": 2 / 25,
        "baskets_since": 0,
        "share_since_first": 3 / 4,
        "last_gap": 18,
        "since_over_last_gap": 2 / 19,
        "of_best": 1,
        "since_over_gap": 2,
        "again": 0,
        "gap": 0,
        "baskets": 4,
        "basket_days": 2,
        "basket_size": 1,
        "repeats": 1 / 2,
        "no_visit": 0,
    }
    assert said == pytest.approx(expected, rel=1e-5)
    assert thirty_three[column["bought_days_since"]] == 10
    assert thirty_three[column["bought_baskets_since"]] == 1
    assert other[column["bought_times"]] == 0
    assert other[column["bought_days_since"]] > 1_000
    assert other[column["baskets"]] == 4


def test_where_nothing_is_looked_at_habits_ask_and_are_answers(ranked) -> None:
    context = Context("email", bought=BOUGHT[0], bought_ms=BOUGHT[1], at_ms=50 * DAY)
    assert {10, 33} <= set(ranked.recommend(context, ITEMS).products.tolist())
    found, told = gathered(ranked, rows(), ITEMS, purchases=BOUGHT, now=50 * DAY)
    column = {name: at for at, name in enumerate(FEATURES)}
    # The stronger habit asks last.
    assert found[10][1][column["is_current"]] == 1
    assert found[33][1][column["is_previous"]] == 1
    assert found[10][1][column["no_visit"]] == 1
    assert told.most_habit == pytest.approx(2 ** (-50 / 45) + 2 ** (-20 / 45) + 2 ** (-2 / 45), rel=1e-5)
    few = Ranked(deep=False).fit(shop(ring_walks(np.random.default_rng(4), 100)))
    assert few.recommend(context, 3).products[0] == 10
    assert few.explain(context, 10).code == "again"
    assert few.explain(context, 33).code == "bought_before"


def test_the_session_itself_is_always_a_candidate(ranked) -> None:
    found, told = gathered(ranked, rows(0, 11, 22, 33, 44), most=6)
    assert {0, 11, 22, 33, 44} <= found.keys()
    assert told.kept == 6
