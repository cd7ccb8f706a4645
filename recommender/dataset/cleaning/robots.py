"""Crawlers and scripts: by what they call themselves, and by how fast they go. Orders are kept: somebody paid for them."""

from __future__ import annotations

from typing import Any

import numpy as np
from django.utils.translation import gettext_lazy as _

from recommender.dataset.cleaning.rules import Act, Bools, Mark, rule
from recommender.dataset.cleaning.times import MINUTE_MS, actors, acts_in_order
from recommender.dataset.kinds import Kind

# Words by which crawlers, monitors and libraries name themselves in User-Agent (a sender puts it into properties.user_agent).
AGENTS = (
    r"bot\b|bot/|crawl|spider|slurp|scrap|headless|phantomjs|python-requests|python-urllib|aiohttp|httpx|curl/|wget/"
    r"|go-http-client|okhttp|libwww|java/|lighthouse|pingdom|uptime|monitor|facebookexternalhit|bytespider|preview"
)
# Nobody looks at a product a second for a minute, nor at 1 500 products in a day.
A_MINUTE, A_DAY = 60, 1500


def _all_of(rows: Any, found: Bools) -> Bools:
    """All acts of whoever did one of ``found``, but for orders."""
    actor = actors(rows)
    guilty = np.zeros(int(actor.max(initial=-1)) + 1, bool)
    guilty[actor[found]] = True
    bad: Bools = guilty[actor] & (rows.kind.to_numpy() != Kind.PURCHASE)
    return bad


@rule(
    "robot_agent",
    Act.DROP,
    _("Robot by name"),
    _("Drops the acts of a day of whoever calls itself a crawler, monitor or script (properties.user_agent)."),
)
def robot_agent(rows: Any) -> Mark:
    """Whoever says so."""
    told = rows.agent.str.contains(AGENTS, case=False, regex=True).to_numpy(bool)
    # Without anybody, its own rows only.
    return Mark(_all_of(rows, told))


@rule(
    "robot_rate",
    Act.DROP,
    _("Robot by speed"),
    _("Drops the acts of a day of whoever does 60 within a minute or 1\u202f500 within the day; orders stay."),
)
def robot_rate(rows: Any) -> Mark:
    """Whoever is faster than people are."""
    actor, at, order = acts_in_order(rows)
    found = np.zeros(len(rows), bool)
    # Rows are those of one day, so twice its length is no limit.
    for many, within in ((A_MINUTE, MINUTE_MS), (A_DAY, 2 * 24 * 60 * MINUTE_MS)):
        if len(order) >= many:
            first, last = order[: len(order) - many + 1], order[many - 1 :]
            found[first[(actor[first] == actor[last]) & (at[last] - at[first] < within)]] = True
    return Mark(_all_of(rows, found))
