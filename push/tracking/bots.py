"""Telling machines from people who follow links: mail scanners open every link before the reader does.

Each sign has a weight; the score of a click is that of its strongest sign. Reports count clicks below :data:`HUMAN`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import timedelta

HUMAN = 0.5
# Sign to weight. A person who is in a hurry may well click at once, so being quick alone does not make a machine.
WEIGHTS = {
    "hidden_link": 1.0,
    "head": 1.0,
    "prefetch": 1.0,
    "scanner": 0.95,
    "all_links": 0.9,
    "no_agent": 0.7,
    "at_once": 0.3,
}
SCANNERS = re.compile(
    r"bot\b|crawl|spider|slurp|scan|preview|barracuda|proofpoint|mimecast|symantec|fireeye|trendmicro|sophos|fortinet|cisco"
    r"|safelinks|imageproxy|mailproxy|facebookexternalhit|slackbot|whatsapp|telegram|curl/|wget/|python|go-http-client|java/"
    r"|libwww|okhttp|headlesschrome|microsoft office",
    re.IGNORECASE,
)
# A person reads before clicking; a scanner looks at once, and at everything.
AT_ONCE = timedelta(seconds=3)
ALL_LINKS_WITHIN = timedelta(seconds=10)
ALL_LINKS = 4
HIDDEN_LINK_WITHIN = timedelta(seconds=60)


def signs(method: str, headers: Mapping[str, str]) -> list[str]:
    """What a single request gives away.

    Args:
        method: of HTTP.
        headers: names as Django's ``request.headers`` gives them, any case.
    """
    found = []
    agent = headers.get("User-Agent", "")
    if method == "HEAD":
        found.append("head")
    if "prefetch" in (headers.get("Sec-Purpose", "") + headers.get("Purpose", "") + headers.get("X-Moz", "")).lower():
        found.append("prefetch")
    if not agent:
        found.append("no_agent")
    elif SCANNERS.search(agent):
        found.append("scanner")
    return found


def score(found: Iterable[str]) -> float:
    """0 (a human) to 1 (a machine)."""
    return max((WEIGHTS[sign] for sign in found), default=0.0)
