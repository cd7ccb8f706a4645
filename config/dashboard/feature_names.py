"""Names of what models look at, for people: each column of the rankers' rows in words."""

from __future__ import annotations

import re

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from recommender.algorithms import ALGORITHMS
from recommender.profiles.states import STATES
from recommender.slots.types import TYPES
from recommender.training.naming import algorithm_name
from shop.models import Shopper

# The trees over sessions: recommender/algorithms/ranked/features.py.
OF_SESSIONS = {
    "vote_share": gettext_lazy("Votes of similar visits, share"),
    "vote_of_best": gettext_lazy("Votes of similar visits, against the best"),
    "vote_next_place": gettext_lazy("Votes of visits that chose it next"),
    "holders_share": gettext_lazy("Similar visits that hold it, share"),
    "vote_from_last": gettext_lazy("Votes of visits that share the current product"),
    "newest_holder": gettext_lazy("Newest similar visit that holds it"),
    "next_place_share": gettext_lazy("Chosen right after the current product, share of those votes"),
    "next_share": gettext_lazy("Often next after the current product"),
    "next_lately": gettext_lazy("Lately next after the current product"),
    "next_log": gettext_lazy("Times it came next"),
    "next_of_previous": gettext_lazy("Often next after the product before"),
    "next_backward": gettext_lazy("Often just before the current product"),
    "skip_last": gettext_lazy("Soon after the current product"),
    "skip_session": gettext_lazy("Soon after products of this visit"),
    "second_step": gettext_lazy("Two steps from the current product"),
    "bigram": gettext_lazy("Times it followed the last two products"),
    "bigram_share": gettext_lazy("Often next after the last two products"),
    "together_last": gettext_lazy("Goes with the current product"),
    "together_session": gettext_lazy("Goes with products of this visit"),
    "together_most": gettext_lazy("Goes best with one product of this visit"),
    "like_last": gettext_lazy("Used like the current product"),
    "like_session": gettext_lazy("Used like products of this visit"),
    "words_last": gettext_lazy("Words shared with the current product"),
    "words_session": gettext_lazy("Words shared with products of this visit"),
    "popularity": gettext_lazy("Popularity of the product"),
    "popularity_late": gettext_lazy("Popularity of the product lately"),
    "trend": gettext_lazy("Rising or falling demand"),
    "last_seen": gettext_lazy("Time since it was last asked for"),
    "ends": gettext_lazy("Often last in a visit"),
    "begins": gettext_lazy("Often first in a visit"),
    "steps_since": gettext_lazy("Steps since it was last seen in this visit"),
    "times": gettext_lazy("Times it was seen in this visit"),
    "is_current": gettext_lazy("It is the current product"),
    "is_previous": gettext_lazy("It is the product before"),
    "length": gettext_lazy("Length of this visit"),
    "distinct_share": gettext_lazy("Different products in this visit, share"),
    "popularity_of_current": gettext_lazy("Popularity of the current product"),
    "returned_from_current": gettext_lazy("Visits that came back to the current product"),
    "spread_of_current": gettext_lazy("How many ways lead on from the current product"),
    "votes_log": gettext_lazy("Votes in all"),
    "neighbours_log": gettext_lazy("Similar visits found"),
    "encoder_log": gettext_lazy("Encoder’s chance for the product"),
    "encoder_of_best": gettext_lazy("Encoder’s chance, against its best"),
    "encoder_rank": gettext_lazy("Encoder’s rank of the product"),
    "encoder_sure": gettext_lazy("How sure the encoder is"),
    # What it is told of purchases has the names of the next-basket ranker, but for two.
    "bought_of_best": gettext_lazy("Habit, against the shopper’s strongest"),
    "no_visit": gettext_lazy("Nothing looked at yet"),
}
# The regressors that rank, and their pipeline: recommender/features/columns.py.
OF_SHOPPERS = {
    "bought": gettext_lazy("Bought by the shopper, ever"),
    "bought_lately": gettext_lazy("Bought by the shopper, lately"),
    "at_hand": gettext_lazy("In this visit"),
    "at_hand_lately": gettext_lazy("In this visit, lately"),
    "all_bought": gettext_lazy("All purchases of the shopper"),
    "all_bought_lately": gettext_lazy("How lately the shopper bought anything"),
    "looked": gettext_lazy("Looked at by the shopper, ever"),
    "looked_lately": gettext_lazy("Looked at by the shopper, lately"),
    "wanted": gettext_lazy("Put into the cart or on the wish list in earlier visits"),
    "all_looked": gettext_lazy("All the shopper looked at in earlier visits"),
    "all_looked_lately": gettext_lazy("How lately the shopper looked at anything"),
    "rated": gettext_lazy("All ratings by the shopper"),
    "stars_given": gettext_lazy("Mean of the stars the shopper gives"),
    "spread_given": gettext_lazy("How much the shopper’s stars differ"),
    "kindness": gettext_lazy("Kinder or stricter than other raters"),
    "rates_since": gettext_lazy("Time since the shopper’s first rating"),
    "ratings": gettext_lazy("Ratings of the product"),
    "stars": gettext_lazy("Stars of the product"),
    "spread": gettext_lazy("How much opinions of the product differ"),
    "rated_since": gettext_lazy("Time since the product’s first rating"),
    "liking": gettext_lazy("How products of like words were rated by the shopper"),
    "acts": gettext_lazy("Products looked at in this visit"),
    "price_gap": gettext_lazy("Dearer or cheaper than what is usually bought"),
    "price_distance": gettext_lazy("Distance from the usual price"),
    "category": gettext_lazy("Liking of the category"),
    "brand": gettext_lazy("Liking of the brand"),
    "tags": gettext_lazy("Liking of the tags"),
    "words": gettext_lazy("Words shared with what is liked"),
    "words_of_last": gettext_lazy("Words shared with the last product"),
    "category_of_last": gettext_lazy("Same category as the last product"),
    "popular": gettext_lazy("Popularity of the product"),
    "again": gettext_lazy("How often it is bought again"),
    "log_price": gettext_lazy("Price"),
    "price_known": gettext_lazy("Price is known"),
    "age": gettext_lazy("Age of the product"),
    "hour_sin": gettext_lazy("Hour of the day, morning or evening"),
    "hour_cos": gettext_lazy("Hour of the day, night or noon"),
}
# The next-basket ranker: recommender/algorithms/next_basket/describing.py.
OF_BASKETS = {
    "times": gettext_lazy("Times bought by the shopper"),
    "share_of_baskets": gettext_lazy("Baskets of the shopper that hold it, share"),
    "times_28": gettext_lazy("Times bought by the shopper in 28 d"),
    "times_91": gettext_lazy("Times bought by the shopper in 91 d"),
    "fading_14": gettext_lazy("Times bought by the shopper, fading over 14 d"),
    "fading_45": gettext_lazy("Times bought by the shopper, fading over 45 d"),
    "fading_150": gettext_lazy("Times bought by the shopper, fading over 150 d"),
    "days_since": gettext_lazy("Days since the shopper bought it"),
    "own_gap": gettext_lazy("Days between the shopper’s purchases of it"),
    "since_over_own_gap": gettext_lazy("Due again, by the shopper’s own rhythm"),
    "baskets_since": gettext_lazy("Baskets since the shopper bought it"),
    "share_since_first": gettext_lazy("Baskets since the first with it that hold it, share"),
    "habit": gettext_lazy("Habit of the shopper"),
    "own_place": gettext_lazy("Rank among the shopper’s habits"),
    "neighbours": gettext_lazy("Habit of similar shoppers"),
    "neighbours_of_best": gettext_lazy("Habit of similar shoppers, against the best"),
    "together": gettext_lazy("Goes with what the shopper buys"),
    "together_of_best": gettext_lazy("Goes with what the shopper buys, against the best"),
    "together_last": gettext_lazy("Goes with what the shopper is at"),
    "seen": gettext_lazy("Baskets that hold it"),
    "late": gettext_lazy("Baskets that hold it, lately"),
    "trend": gettext_lazy("Rising or falling demand"),
    "again": gettext_lazy("How often it is bought again"),
    "gap": gettext_lazy("Days between purchases of it"),
    "since_over_gap": gettext_lazy("Due again, by the rhythm of all"),
    "first_seen": gettext_lazy("Days since anybody first bought it"),
    "last_seen": gettext_lazy("Days since anybody last bought it"),
    "baskets": gettext_lazy("Baskets of the shopper"),
    "baskets_28": gettext_lazy("Baskets of the shopper in 28 d"),
    "baskets_91": gettext_lazy("Baskets of the shopper in 91 d"),
    "basket_size": gettext_lazy("Products in a basket of the shopper"),
    "distinct": gettext_lazy("Different products the shopper bought"),
    "basket_days": gettext_lazy("Days since the shopper’s last basket"),
    "repeats": gettext_lazy("How much the shopper repeats"),
    "category_share": gettext_lazy("Purchases of the shopper in the category, share"),
    "category_days": gettext_lazy("Days since the shopper bought of the category"),
    "share_in_category": gettext_lazy("Purchases of it within the category, share"),
    "popular_in_category": gettext_lazy("Popularity within the category"),
    "parent_share": gettext_lazy("Purchases of the shopper in the department, share"),
    "category_gone": gettext_lazy("Times the shopper bought of the category"),
    "last_gap": gettext_lazy("Days between its last two purchases"),
    "since_over_last_gap": gettext_lazy("Due again, by the last interval"),
    "week": gettext_lazy("Baskets that hold it, in 7 d"),
    "firsts": gettext_lazy("Shoppers who bought it for the first time lately"),
    "kept": gettext_lazy("Shoppers who keep buying it, share"),
    "shopper_keeps": gettext_lazy("How much the shopper keeps to habits"),
    "shopper_tries": gettext_lazy("How much the shopper tries what is new"),
}
# Sources of candidates of the ranker: recommender/algorithms/ranked/anatomy.py.
OF_SOURCES = {
    "next": gettext_lazy("What came next after the current product"),
    "skip": gettext_lazy("What came soon after products of this visit"),
    "together": gettext_lazy("What goes with products of this visit"),
    "bigram": gettext_lazy("What came next after the last two products"),
    "rest": gettext_lazy("What no column can claim"),
}
# Counts within so many days before the moment.
IN_DAYS = {
    "bought": gettext_lazy("Bought by the shopper in %(days)s d"),
    "all_bought": gettext_lazy("All purchases of the shopper in %(days)s d"),
    "looked": gettext_lazy("Looked at by the shopper in %(days)s d"),
    "all_looked": gettext_lazy("All the shopper looked at in %(days)s d"),
    "rated": gettext_lazy("Ratings by the shopper in %(days)s d"),
}
WEEKDAYS = (
    gettext_lazy("Monday"),
    gettext_lazy("Tuesday"),
    gettext_lazy("Wednesday"),
    gettext_lazy("Thursday"),
    gettext_lazy("Friday"),
    gettext_lazy("Saturday"),
    gettext_lazy("Sunday"),
)
FACTS = {"age_band": gettext_lazy("Age"), "gender": gettext_lazy("Gender"), "place": gettext_lazy("Place")}
VALUES = {"age_band": Shopper.AgeBand, "gender": Shopper.Gender}


def feature(name: str, algorithm: str = "") -> str:
    """A column of a ranker's rows as people read it; one that has no name here by its own, without underscores.

    Args:
        algorithm: whose column it is, where the same name means something else to another.
    """
    if algorithm == "next_basket" and name in OF_BASKETS:
        return str(OF_BASKETS[name])
    known = OF_SOURCES.get(name) or OF_SESSIONS.get(name) or OF_SHOPPERS.get(name)
    known = known or OF_BASKETS.get(name.removeprefix("bought_"))
    return str(known or _by_pattern(name) or _by_source(name) or name.replace("_", " "))


def _by_pattern(name: str) -> str:
    """Windows, words, states, weekdays and facts, of which there are many."""
    counted, _underscore, days = name.rpartition("_")
    if counted in IN_DAYS and days.isdecimal():
        return str(IN_DAYS[counted]) % {"days": days}
    if name.startswith("state_") and (state := STATES.get(name.removeprefix("state_"))):
        return _("Shopper is likely %(state)s") % {"state": _(state)}
    if match := re.fullmatch(r"word_(\d+)", name):
        return _("What it is about, direction %(number)s") % {"number": match[1]}
    if match := re.fullmatch(r"weekday_([0-6])", name):
        return str(WEEKDAYS[int(match[1])])
    fact, equals, value = name.partition("=")
    if equals and fact in FACTS:
        told = dict(VALUES[fact].choices).get(value, value) if fact in VALUES else value
        return _("%(fact)s: %(value)s") % {"fact": FACTS[fact], "value": told}
    if name.endswith("?") and name[:-1] in FACTS:
        return _("%(fact)s: not told") % {"fact": FACTS[name[:-1]]}
    return ""


def _by_source(name: str) -> str:
    """A member of a blend, or its score or rank where a ranker looks at it."""
    if name in ALGORITHMS:
        return algorithm_name(name)
    if name in TYPES:
        return _(TYPES.get(name).label)
    source, _underscore, what = name.rpartition("_")
    if source in ALGORITHMS and what in ("score", "rank"):
        form = _("%(algorithm)s: its score") if what == "score" else _("%(algorithm)s: its rank")
        return form % {"algorithm": algorithm_name(source)}
    return ""
