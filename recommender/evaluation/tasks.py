"""What each slot is judged by: questions made from what shoppers really did after a moment in time, and never from before.

home: a visit begins: what will they buy or look at in it? With a history: from it, half the time after a first act; a stranger:
from the first act on.
product: a product is in view: what else ends up in the same session? Answered from the product, whoever looks.
cart: half of a session's products are in the cart: what are the others? Answered from the cart.
email: no visit at all: what will a known shopper buy within the next seven days?
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from recommender.asking import Context, Rows
from recommender.dataset import Dataset, Kind
from recommender.dataset.interactions import DAY_MS
from recommender.profiles.long_term import LongTerm, learn
from recommender.profiles.states import ShopperStates

METRIC = "ndcg@10"
EMAIL_DAYS = 7


@dataclass(frozen=True)
class Question:
    """What is known, and what should be found.

    Attributes:
        targets: distinct products; never part of what the context shows already.
        events: interactions of the shopper before this moment, those of the visit included: under 5 is cold.
    """

    context: Context
    targets: Rows
    events: int = 0


class Questioner:
    """Makes the questions of every slot from one cut in time.

    Args:
        dataset: everything, before and after.
        cut_ms: histories are from sessions that ended before; questions from sessions that began after.
        seed: of choices of products and sessions.
        states: of shoppers as of the cut, where an algorithm that is asked looks at them.
    """

    def __init__(
        self,
        dataset: Dataset,
        cut_ms: int,
        *,
        until_ms: int | None = None,
        seed: int = 0,
        states: ShopperStates | None = None,
    ) -> None:
        self.earlier = dataset.before(cut_ms)
        later = dataset.since(cut_ms)
        self.later = later if until_ms is None else later.before(until_ms)
        self.cut_ms = cut_ms
        self.seed = seed
        self.states = states
        self.history: LongTerm = learn(self.earlier)
        self.shopper_ids = dataset.shopper_ids
        of_row = self.earlier.session_shopper[self.earlier.session_of_row]
        self.events = np.bincount(of_row[of_row >= 0], minlength=len(dataset.shopper_ids))

    def ask(self, slot: str, most: int) -> list[Question]:
        """At most ``most`` questions of a slot, no shopper twice, in random order."""
        rng = np.random.default_rng([self.seed, len(slot), ord(slot[0])])
        makers = {"home": self._home, "product": self._product, "cart": self._cart}
        if slot == "email":
            questions = self._email(rng)
        else:
            questions = (
                replace(question, events=self._events_before(session, question))
                for session in self._sessions(rng)
                if (question := makers[slot](session, rng)) is not None
            )
        return [question for question, _ in zip(questions, range(most), strict=False)]

    def _sessions(self, rng: np.random.Generator) -> Iterator[int]:
        """Sessions in random order; of each known shopper one."""
        seen: set[int] = set()
        for session in rng.permutation(self.later.sessions).tolist():
            shopper = int(self.later.session_shopper[session])
            if shopper < 0 or shopper not in seen:
                seen.add(shopper)
                yield session

    def _acts(self, session: int) -> Rows:
        """Distinct products of a session that were wanted, in the order of their first time."""
        rows = slice(self.later.session_start[session], self.later.session_start[session + 1])
        product = self.later.product[rows][self.later.weight[rows] > 0]
        first = np.sort(np.unique(product, return_index=True)[1])
        wanted: Rows = product[first]
        return wanted

    def _known(self, shopper: int) -> dict[str, Any]:
        if shopper < 0:
            return {}
        states = {"states": self.states.of(self.shopper_ids[shopper])} if self.states is not None else {}
        return self.history.known(self.shopper_ids[shopper]) | states

    def _events_before(self, session: int, question: Question) -> int:
        shopper = int(self.later.session_shopper[session])
        return len(question.context.acts) + (int(self.events[shopper]) if shopper >= 0 else 0)

    def _at(self, session: int) -> int:
        return int(self.later.at[self.later.session_start[session]])

    def _home(self, session: int, rng: np.random.Generator) -> Question | None:
        acts, known = self._acts(session), self._known(int(self.later.session_shopper[session]))
        if len(known.get("history", ())):
            # Half of them as the visit begins, half after its first act.
            first = int(rng.integers(2)) if len(acts) > 1 else 0
            context = Context("home", session=acts[:first], at_ms=self._at(session), **known)
            return Question(context, acts[first:]) if len(acts) else None
        if len(acts) < 2:
            return None
        return Question(Context("home", session=acts[:1], at_ms=self._at(session), **known), acts[1:])

    def _product(self, session: int, rng: np.random.Generator) -> Question | None:
        acts = self._acts(session)
        if len(acts) < 2:
            return None
        place = int(rng.integers(len(acts)))
        targets = np.delete(acts, place)
        return Question(Context("product", product=int(acts[place]), at_ms=self._at(session)), targets)

    def _cart(self, session: int, rng: np.random.Generator) -> Question | None:
        acts = self._acts(session)
        if len(acts) < 3:
            return None
        mixed = rng.permutation(acts)
        half = min(len(mixed) // 2, 10)
        return Question(Context("cart", cart=mixed[:half], at_ms=self._at(session)), mixed[half:])

    def _email(self, rng: np.random.Generator) -> Iterator[Question]:
        soon = self.later.take(self.later.session_ended < self.cut_ms + EMAIL_DAYS * DAY_MS)
        shopper_of_row = soon.session_shopper[soon.session_of_row]
        bought = soon.kind == Kind.PURCHASE
        for shopper in rng.permutation(np.unique(shopper_of_row[bought & (shopper_of_row >= 0)])).tolist():
            known = self._known(shopper)
            if len(known.get("history", ())):
                targets = np.unique(soon.product[bought & (shopper_of_row == shopper)])
                yield Question(Context("email", at_ms=self.cut_ms, **known), targets, int(self.events[shopper]))
