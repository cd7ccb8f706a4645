"""What a request must know before it can choose, in one round trip to Valkey: who looks, what changed, what was announced."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import redis
import structlog

from recommender.experiments import running
from recommender.known import champions, facts, unwanted
from recommender.known.contexts import Known, known_of
from recommender.known.product_facts import ProductFacts
from recommender.slots import pages, snapshot
from shop import valkey
from shop.events import sessions
from shop.people import declining

AWAY_NOTE = "The session could not be read: what is popular is shown."

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Read:
    """What one round trip brought."""

    facts: ProductFacts
    session: sessions.Session | None
    on_page: frozenset[str] = frozenset()
    note: str = ""
    unwanted: frozenset[str] = unwanted.NOTHING
    # Whoever looks declined rows that are personal; that holds whatever the caller asks for.
    declined: bool = False

    def known(self, shopper_id: str, product_id: str = "", *, personalised: bool) -> Known:
        """What a choice may go by; without ``personalised`` neither session nor history."""
        return known_of(
            self.session,
            shopper_id=shopper_id,
            product_id=product_id,
            personalised=personalised,
            unwanted=self.unwanted,
        )


def read_all(
    visitor_id: str = "", shopper_id: str = "", named: str = "", *, personalised: bool = True, page: str = ""
) -> Read:
    """Session, unwanted products, what the page shows, changed facts and all that was announced in one round trip.

    Without Valkey: what is in memory.
    """
    held, who = facts.current(), shopper_id or named
    trip = valkey.Trip()
    facts.queue_changes(trip, held)
    champions.queue_announcement(trip)
    snapshot.queue_announcement(trip)
    running.queue_announcement(trip)
    asked = unwanted.queue_read(trip, visitor_id, shopper_id)
    # Also where nothing personal is wanted: whom it names has put products out of sight.
    by_session = bool(visitor_id)
    if by_session:
        sessions.queue_read(trip, visitor_id)
    if page:
        pages.queue_read(trip, page)
    if who:
        declining.queue_read(trip, who)
    try:
        replies: list[Any] = trip.execute()
        snapshot.follow(replies[2])
    except redis.RedisError as error:
        log.warning("served_without_valkey", reason=str(error))
        # Nobody knows who declined.
        return Read(held, None, note=AWAY_NOTE if by_session and personalised else "", declined=bool(who))
    champions.follow(replies[1])
    running.follow(replies[3])
    declined = declining.parse([replies.pop(-2), replies.pop()]) if who else False
    put_away = unwanted.parse(replies[4 : 4 + asked])
    session = sessions.parse(replies[4 + asked], visitor_id) if by_session else None
    if session is not None and who and session.shopper_id not in ("", who):
        # Of somebody else who was at this browser before: not for the eyes of who is there now.
        session = None
    if session is not None and session.shopper_id and not shopper_id:
        theirs, their_word = unwanted.of_session(session.shopper_id)
        put_away, declined = put_away | theirs, declined or their_word
    on_page = frozenset(pages.parse(replies[-1])) if page else frozenset()
    return Read(facts.follow(replies[0]), session, on_page, unwanted=put_away, declined=declined)
