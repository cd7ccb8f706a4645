"""What experiments and bandits compute, against closed forms, other implementations and published data; looked at every day."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommender.experiments import bandits, slate_policies
from recommender.experiments.interleaving import credit, draft
from recommender.experiments.results import days_until
from recommender.experiments.slate_policies import SlateLog, always, estimates
from recommender.statistics.comparison import compare_at_any_time, from_zero_at_any_time, p_at_any_time
from recommender.statistics.off_policy import Logged
from recommender.statistics.off_policy import estimates as by_bootstrap
from recommender.statistics.samples import NotEnough, RatioSample, Sample
from recommender.statistics.validity import sample_ratio_p, sample_ratio_p_at_any_time

# Open Bandit Dataset (Saito, Aihara, Matsutani and Narita 2020, CC BY 4.0), the small set that comes with obp, campaign "men":
# 10 000 rounds of each policy, by item. Random shows each item with probability 1/34.
RANDOM_SHOWN = (
    *(272, 302, 304, 298, 285, 313, 290, 316, 260, 290, 309, 345, 295, 273, 303, 249, 296),
    *(276, 293, 284, 298, 311, 304, 296, 263, 334, 285, 299, 294, 328, 279, 321, 249, 286),
)
RANDOM_CLICKED = (
    *(4, 0, 1, 2, 0, 0, 2, 1, 0, 1, 0, 3, 1, 1, 1, 1, 0),
    *(1, 2, 1, 3, 1, 1, 2, 0, 3, 2, 2, 2, 0, 4, 1, 0, 3),
)
THOMPSON_SHOWN = (
    *(1265, 116, 80, 194, 54, 24, 590, 84, 59, 311, 411, 91, 94, 2026, 152, 32, 45),
    *(515, 54, 120, 37, 99, 58, 1472, 59, 58, 120, 997, 40, 114, 78, 461, 38, 52),
)
THOMPSON_CLICK_RATE = 0.0069


def people(values) -> Sample:
    return Sample(len(values), float(np.sum(values)), float(np.sum(np.square(values))))


def ratio(above, below) -> RatioSample:
    return RatioSample(
        len(above), above.sum(), below.sum(), (above**2).sum(), (below**2).sum(), float((above * below).sum())
    )


def test_off_policy_estimates_are_those_of_obp_on_its_small_set() -> None:
    shown, clicked = np.array(RANDOM_SHOWN), np.array(RANDOM_CLICKED)
    item = np.repeat(np.arange(34), shown)
    reward = np.concatenate([[1.0] * c + [0.0] * (n - c) for n, c in zip(shown, clicked, strict=True)])
    n = len(item)
    log = SlateLog(item, reward, np.full((n, 34), 1 / 34), np.zeros(n, np.int64), np.arange(n))
    policy = np.tile(np.array(THOMPSON_SHOWN) / sum(THOMPSON_SHOWN), (n, 1))
    expected = np.tile((clicked + 1) / (shown + 200), (n, 1))
    found = estimates(log, policy, expected)
    # obp 0.4.1: InverseProbabilityWeighting, SelfNormalizedInverseProbabilityWeighting, DoublyRobust with the same rewards.
    assert found["ips"].value == pytest.approx(0.00579768, rel=1e-9)
    assert found["snips"].value == pytest.approx(0.005897268829966924, rel=1e-9)
    assert found["dr"].value == pytest.approx(0.005929116743740042, rel=1e-9)
    # Its bootstrap intervals (2 000 draws), which the normal ones are near to with 46 clicks.
    bounds = {"ips": (0.00314, 0.00889), "snips": (0.00320, 0.00904), "dr": (0.00329, 0.00899)}
    for name, (low, high) in bounds.items():
        assert (found[name].low, found[name].high) == (pytest.approx(low, abs=4e-4), pytest.approx(high, abs=4e-4))
        assert found[name].low < THOMPSON_CLICK_RATE < found[name].high, "what the policy really got lies within"


def logged_slates(chance, slates: int, rates, shares) -> SlateLog:
    """Three slates a person, clicked by ``rates`` (situations, arms), drawn by ``shares`` (situations, arms)."""
    situation = chance.integers(0, len(rates), slates)
    propensity = shares[situation]
    arm = (chance.random(slates)[:, None] > propensity.cumsum(axis=1)).sum(axis=1)
    reward = (chance.random(slates) < rates[situation, arm]).astype(float)
    return SlateLog(arm, reward, propensity, situation, np.arange(slates) // 3)


def test_off_policy_and_on_policy_agree_within_the_interval() -> None:
    chance = np.random.default_rng(5)
    rates = np.array([[0.05, 0.12, 0.08], [0.15, 0.04, 0.08]])
    shares = np.array([[0.7, 0.2, 0.1], [0.2, 0.3, 0.5]])
    wanted = np.array([[0.1, 0.8, 0.1], [0.8, 0.1, 0.1]])
    truth = float((rates * wanted).sum(axis=1).mean())
    covered = dict.fromkeys(("ips", "snips", "dr"), 0)
    for _run in range(100):
        log = logged_slates(chance, 3_000, rates, shares)
        for name, found in estimates(log, wanted[log.situation]).items():
            covered[name] += found.low <= truth <= found.high
    assert all(count >= 88 for count in covered.values()), covered
    log = logged_slates(chance, 20_000, rates, shares)
    on_policy = logged_slates(chance, 20_000, rates, wanted).reward.mean()
    for found in estimates(log, wanted[log.situation]).values():
        assert found.low < on_policy < found.high
    # The control: forgetting what the arms were drawn with is far off.
    blind = SlateLog(log.arm, log.reward, np.full_like(log.propensity, 1 / 3), log.situation, log.person)
    assert (
        not estimates(blind, wanted[log.situation])["ips"].low
        < truth
        < estimates(blind, wanted[log.situation])["ips"].high
    )


def test_estimates_of_one_step_are_those_of_trajectories_of_one_step() -> None:
    chance = np.random.default_rng(2)
    log = logged_slates(chance, 900, np.array([[0.1, 0.3]]), np.array([[0.4, 0.6]]))
    policy = always(1, len(log), 2)
    q = slate_policies.expected_rewards(log)
    rows = np.arange(len(log))
    steps = Logged(
        log.reward[:, None],
        (policy[rows, log.arm] / log.propensity[rows, log.arm])[:, None],
        q[rows, log.arm][:, None],
        (policy * q).sum(axis=1)[:, None],
    )
    other = by_bootstrap(steps, draws=10)
    assert {name: found.value for name, found in estimates(log, policy, q).items()} == {
        name: pytest.approx(other[name].value) for name in ("ips", "snips", "dr")
    }
    with pytest.raises(ValueError, match="no chance"):
        estimates(SlateLog(log.arm, log.reward, np.zeros((900, 2)), log.situation, log.person), policy)


def test_a_ratio_has_the_variance_of_the_delta_method() -> None:
    chance = np.random.default_rng(1)
    below = chance.poisson(4, 3_000).astype(float)
    above = chance.binomial(below.astype(int), chance.beta(2, 18, 3_000)).astype(float)
    sample = ratio(above, below).linearised()
    drawn = chance.integers(0, 3_000, (500, 3_000))
    bootstrap = (above[drawn].sum(axis=1) / below[drawn].sum(axis=1)).std()
    assert sample.mean == pytest.approx(above.sum() / below.sum())
    assert math.sqrt(sample.variance / sample.n) == pytest.approx(bootstrap, rel=0.08)
    both = ratio(above[:1000], below[:1000]) + ratio(above[1000:], below[1000:])
    assert both.linearised().squares == pytest.approx(sample.squares)
    with pytest.raises(NotEnough):
        RatioSample(5, 0, 0, 0, 0, 0).linearised()


def test_looking_every_day_does_not_fool_the_click_rate_nor_the_check_of_the_split() -> None:
    chance = np.random.default_rng(3)
    runs, days, a_day = 150, 30, 60
    fooled = {"clicks": 0, "split": 0, "chi-square": 0}
    for _run in range(runs):
        size = days * a_day
        # Nobody differs, but people do: some see many slates, some click often.
        seen = 1.0 + chance.poisson(2, size)
        clicked = chance.binomial(seen.astype(int), chance.beta(1, 9, size)).astype(float)
        arm = chance.random(size) < 0.5
        wrong = dict.fromkeys(fooled, False)
        for day in range(4, days + 1, 2):
            now = slice(0, day * a_day)
            one, other = (ratio(clicked[now][side], seen[now][side]).linearised() for side in (~arm[now], arm[now]))
            counts = [one.n, other.n]
            wrong["clicks"] |= compare_at_any_time(one, other).clear
            wrong["split"] |= sample_ratio_p_at_any_time(counts, [1, 1]) < 0.05
            wrong["chi-square"] |= sample_ratio_p(counts, [1, 1]) < 0.05
        for name in fooled:
            fooled[name] += wrong[name]
    assert fooled["clicks"] <= 0.05 * runs
    assert fooled["split"] <= 0.05 * runs
    assert fooled["chi-square"] > 0.10 * runs, "the control: a test for one look is fooled by many"


def test_a_wrong_split_is_found_and_a_right_one_is_not() -> None:
    assert sample_ratio_p_at_any_time([5_000, 5_600], [1, 1]) < 0.001
    assert sample_ratio_p_at_any_time([250, 140], [1, 1]) < 0.001, "much of an arm is missing, and few came"
    assert sample_ratio_p_at_any_time([250, 140], [1, 1], strengths=[1000]) > 0.01, "the control"
    assert sample_ratio_p_at_any_time([3_000, 1_000, 1_000], [3, 1, 1]) == 1.0
    # Lindon and Malek's Bayes factor by its definition: a ratio of two Dirichlet-multinomial probabilities.
    from scipy import stats

    counts = [620, 380]
    mixture = stats.dirichlet_multinomial.logpmf(counts, [500, 500], 1000)
    asked = stats.multinomial.logpmf(counts, 1000, [0.5, 0.5])
    assert sample_ratio_p_at_any_time(counts, [1, 1], strengths=[1000]) == pytest.approx(
        math.exp(asked - mixture), rel=1e-9
    )


@given(st.floats(-3, 3), st.floats(0.01, 5), st.integers(10, 10**6), st.sampled_from([0.05, 0.025, 0.01]))
def test_the_p_value_for_any_time_is_small_where_the_interval_leaves_out_zero(mean, deviation, n, alpha) -> None:
    sample = Sample(n, n * mean, (n - 1) * deviation**2 + n * mean**2)
    if sample.variance <= 0 or sample.is_proportion:
        return
    found = from_zero_at_any_time(sample, alpha=alpha)
    p = p_at_any_time(found.value, sample.variance / n, n, alpha=alpha)
    if abs(p - alpha) > 1e-9:
        assert (p < alpha) == found.clear


def test_the_days_that_are_left_are_those_after_which_the_interval_is_clear() -> None:
    one, other = Sample.proportion(200, 2_000), Sample.proportion(226, 2_000)
    variance = (one.variance / one.n + other.variance / other.n) * 4_000
    days = days_until(0.013, variance, 4_000, 400)
    for share, clear in ((1.02, True), (0.98, False)):
        n = round((4_000 + days * 400) * share / 2)
        assert (
            compare_at_any_time(Sample.proportion(round(0.1 * n), n), Sample.proportion(round(0.113 * n), n)).clear
            == clear
        )
    assert days_until(0.5, variance, 4_000, 400) == 0.0
    assert days_until(1e-6, variance, 4_000, 400) is None


@given(
    st.lists(st.lists(st.sampled_from("abcdefghij"), unique=True, max_size=8), min_size=2, max_size=4),
    st.integers(1, 8),
    st.integers(0, 2**64),
)
def test_a_drafted_slate_has_each_product_once_and_is_fair_to_the_teams(slates, size, seed) -> None:
    chosen = draft(slates, size, random.Random(seed), key=str)
    products = [product for product, _team in chosen]
    assert len(set(products)) == len(products)
    assert len(chosen) == min(size, len(set().union(*slates)))
    for product, team in chosen:
        assert product in slates[team]
        before = products[: products.index(product)]
        ahead = slates[team][: slates[team].index(product)]
        assert set(ahead) <= set(before), "a team chooses its best that is left"
    if all(len(slate) >= size + 8 for slate in slates):
        counts = [sum(team == each for _product, team in chosen) for each in range(len(slates))]
        assert max(counts) - min(counts) <= 1


@given(
    st.lists(st.lists(st.sampled_from("abcdefghij"), unique=True, max_size=8), min_size=2, max_size=4),
    st.integers(1, 8),
    st.integers(1, 3),
    st.integers(0, 2**64),
)
def test_a_draft_under_caps_asks_the_same_of_every_team(slates, size, most, seed) -> None:
    """Letters are of three kinds, of each of which ``most`` fit."""
    held: dict[int, int] = {}

    def fits(letter: str) -> bool:
        held[ord(letter) % 3] = held.get(ord(letter) % 3, 0) + 1
        return held[ord(letter) % 3] <= most

    chosen = draft(slates, size, random.Random(seed), key=str, fits=fits)
    products = [product for product, _team in chosen]
    kinds = [[ord(product) % 3 for product in products[:number]] for number in range(len(products) + 1)]
    assert all(kinds[-1].count(kind) <= most for kind in range(3))
    for number, (product, team) in enumerate(chosen):
        for better in slates[team][: slates[team].index(product)]:
            full = kinds[number].count(ord(better) % 3) >= most
            assert better in products[:number] or full, (
                "only what is taken or does not fit is passed over, whose ever it is"
            )
    if len(products) < size:
        left = set().union(*slates) - set(products)
        assert all(kinds[-1].count(ord(product) % 3) >= most for product in left)


def test_clicks_at_random_prefer_neither_team_and_real_preference_is_found_with_few_people() -> None:
    chance = random.Random(4)
    one, other = list("abcdefgh"), list("hgfedcba")

    def mean_of(likes: float) -> Sample:
        values = []
        for _person in range(400):
            slate = draft([one, other], 4, chance, key=str)
            clicks: dict[str, int] = {}
            for _product, team in slate:
                if chance.random() < 0.2 * (likes if team == 1 else 1.0):
                    name = "ab"[team]
                    clicks[name] = clicks.get(name, 0) + 1
            if clicks:
                values.append(credit(clicks, "a", "b"))
        return people(values)

    assert not from_zero_at_any_time(mean_of(1.0)).clear
    assert from_zero_at_any_time(mean_of(3.0)).low > 0


def best_of_two(a, b, c, d) -> float:
    """P(Beta(a, b) > Beta(c, d)) for whole a: Cook, "Exact calculation of beta inequalities" (2005)."""
    from scipy.special import betaln

    return float(
        sum(math.exp(betaln(c + i, d + b) - math.log(b + i) - betaln(1 + i, b) - betaln(c, d)) for i in range(a))
    )


@pytest.mark.parametrize(
    ("one", "other"), [((3, 40), (9, 60)), ((0, 0), (0, 0)), ((120, 2_000), (90, 2_000)), ((5, 5), (400, 9))]
)
def test_thompsons_propensities_are_the_closed_form(one, other) -> None:
    found = bandits.best_of_betas([one[0], other[0]], [one[1], other[1]])
    expected = best_of_two(one[0] + 1, one[1] + 1, other[0] + 1, other[1] + 1)
    assert found[0] == pytest.approx(expected, abs=2e-4)
    assert found.sum() == pytest.approx(1.0)


def test_propensities_of_several_arms_are_the_shares_of_draws_from_what_is_believed() -> None:
    chance = np.random.default_rng(8)
    found = bandits.best_of_betas([30, 35, 28], [470, 465, 300])
    drawn = chance.beta([31, 36, 29], [471, 466, 301], (200_000, 3)).argmax(axis=1)
    assert found == pytest.approx(np.bincount(drawn, minlength=3) / 200_000, abs=4e-3)
    means, spreads = np.array([0.1, 0.12, 0.11]), np.array([0.02, 0.01, 0.03])
    normal = chance.normal(means, spreads, (200_000, 3)).argmax(axis=1)
    assert bandits.best_of_normals(means, spreads) == pytest.approx(
        np.bincount(normal, minlength=3) / 200_000, abs=4e-3
    )


@given(st.lists(st.floats(0, 1), min_size=2, max_size=6).filter(lambda values: sum(values) > 1e-6), st.floats(0, 0.16))
def test_a_floor_is_kept_by_every_arm(shares, floor) -> None:
    found = bandits.floored(np.array(shares), floor)
    assert found.sum() == pytest.approx(1.0)
    assert (found >= floor - 1e-12).all()


def test_the_linear_bandit_is_ridge_regression_and_knows_who_likes_what() -> None:
    x = np.array([[1.0, 0.0], [1.0, 1.0]])
    seen = np.array([[400.0, 400.0], [400.0, 400.0]])
    clicked = np.array([[40.0, 8.0], [8.0, 40.0]])
    model = bandits.linear(x, seen, clicked)
    rows = np.repeat(x, 400, axis=0)
    y = np.concatenate([np.arange(400) < n for n in (40, 8)]).astype(float) - model.rate
    expected = np.linalg.solve(rows.T @ rows + np.eye(2), rows.T @ y)
    assert model.weights[0] == pytest.approx(expected)
    for situation, best in ((0, 0), (1, 1)):
        assert bandits.thompson_by_situation(model, x[situation])[best] > 0.99
        assert bandits.linucb(model, x[situation]).tolist() == [float(best == 0), float(best == 1)]
