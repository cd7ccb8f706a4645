"""The algorithm: learn the parts twice (before the last tenth for the trees, then from everything), answer in one kernel."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import structlog
from django.utils.translation import gettext_noop
from numpy.typing import NDArray

from recommender.algorithms.base import Algorithm
from recommender.algorithms.encoder import Encoder
from recommender.algorithms.encoder.forward import Weights, no_weights
from recommender.algorithms.kernels import Lent, borrowed_from, kernel, lend
from recommender.algorithms.popular import Popular
from recommender.algorithms.prefixes import REMOVED, Answers, mixed_moments, prefixes, split
from recommender.algorithms.ranked.asking import Put, ask
from recommender.algorithms.ranked.facts import Facts, build_facts
from recommender.algorithms.ranked.features import WIDTH, describe
from recommender.algorithms.ranked.gathering import gather, release
from recommender.algorithms.ranked.questions import Questions, questions_of
from recommender.algorithms.ranked.tables import Bigrams, Table, Tables, build_tables, trails_of
from recommender.algorithms.ranked.trees import NO_COVER, NO_TREES, Trees, walk
from recommender.algorithms.ranked.words import Words, vocabulary, words_of
from recommender.algorithms.ranked.work import Parts, lent, work_for
from recommender.algorithms.repeats import Times
from recommender.algorithms.session_knn import SessionKNN
from recommender.asking import Context, Evidence, Ranking, Rows
from recommender.asking.breakdown import Breakdown, Candidacy
from recommender.dataset import Dataset
from recommender.dataset.arrays import BrokenFile
from recommender.dataset.purchases import purchases_of

if TYPE_CHECKING:
    from recommender.algorithms.ranked.learning import Learned

log = structlog.get_logger(__name__)


@kernel
def _answer(acts: Rows, product: Rows, at_ms: Times, now: int, most: int, model: Lent, room: Lent) -> int:
    """Fill ``work.kept`` with products, best first, and ``work.score``; returns how many. Acts or purchases are known.

    Args:
        model: parts and trees; ``room``: the work.
    """
    (parts, trees), work = borrowed_from(model), borrowed_from(room)
    asked = ask(acts, product, at_ms, now, parts.removed, work)
    told = gather(asked, most, parts, work)
    if len(trees.root):
        describe(asked, told, parts, work)
        walk(trees, work.features, told.kept, work.score)
    else:
        for at in range(told.kept):
            work.score[at] = work.blend[work.kept[at]]
    for at in range(told.kept):
        work.kept[at] = work.found[work.kept[at]]
    release(asked, told, parts, work)
    products, scores = work.kept[: told.kept], work.score[: told.kept]
    # Of equal ones the lower product.
    order = np.argsort(products)
    order = order[np.argsort(-scores[order], kind="mergesort")]
    products[:], scores[:] = products[order], scores[order]
    return told.kept


class Ranked(Algorithm):
    """Candidates of session-kNN, of tables of what followed what and of one's own habits, ranked by boosted trees.

    The trees learn from the last tenth of the sessions what came next, and what known shoppers did with what they had bought before
    (:mod:`recommender.algorithms.ranked.questions`), by parts that know only what was before; then the parts learn from
    everything. Where there is too little to learn from, or the trees rank no better than the blend of the sources, the
    blend ranks (:mod:`recommender.algorithms.ranked.gathering`). Without anything known what is popular is the answer.

    Where PyTorch is installed, an :class:`~recommender.algorithms.encoder.Encoder` is trained too, names candidates and is asked of
    all; it stays if the trees rank better with it than without. The trees learn from one that knows only what was before.

    Args:
        candidates: products that are ranked, beside one's own habits.
        questions: what the trees learn from, at most. Four times as many take four times as long and gained nothing on the
            demo shop (docs/decisions/0032); large logs gain a little.
        trees: of the pairwise model; twice as many, half as large, of the listwise.
        answers: what may be an answer, see :class:`~recommender.algorithms.session_knn.SessionKNN`.
        session: parameters of the session-kNN; given, none are searched for.
        tune_seconds: processor seconds for searching them.
        deep: whether an encoder is tried.
        encoder: its parameters, where others than its own are wanted.
        ends: 1 or more, for histories in no order of time: the trees learn the last products of everybody's history, so many, each
            asked of parts that learned from what all had before theirs; without an encoder.
        seed: of choices of questions and rows.
    """

    name = "ranked"
    label = gettext_noop("Learned ranker")
    costly = True
    reads_purchases = True
    checked_: NDArray[np.float64]

    def __init__(
        self,
        candidates: int = 60,
        questions: int = 15_000,
        trees: int = 120,
        answers: Answers = "new",
        session: dict[str, Any] | None = None,
        tune_seconds: float = 0.0,
        deep: bool = True,
        encoder: dict[str, Any] | None = None,
        ends: int = 0,
        seed: int = 1,
    ) -> None:
        self.candidates = candidates
        self.questions = questions
        self.trees = trees
        self.answers = answers
        self.session = session
        self.tune_seconds = tune_seconds
        self.deep = deep
        self.encoder = encoder
        self.ends = ends
        self.seed = seed

    def _fit(self, dataset: Dataset) -> None:
        if min(self.candidates, self.questions, self.trees) < 1:
            raise ValueError(f"candidates, questions and trees must be positive: {self.params()}")
        if min(self.ends, self.tune_seconds) < 0:
            raise ValueError(f"ends and tune_seconds must not be negative: {self.params()}")
        if self.answers not in REMOVED:
            raise ValueError(f"answers must be one of {', '.join(REMOVED)}, not {self.answers!r}")
        vars(self).pop("held", None)
        search = {"collapse": False, "answers": self.answers, "tune_seconds": self.tune_seconds}
        session = SessionKNN(**(self.session or search)).fit(dataset)
        judged = vars(self).pop("judged", None)
        self.members = {"session_knn": session, "popular": Popular().fit(dataset)}
        if judged is None:
            self._learn_trees(dataset, session)
        else:
            self._keep_trees(judged.learned_trees, judged.checked_)
            if "encoder" in judged.members and (encoder := self._learn_encoder(dataset)) is not None:
                self.members["encoder"] = encoder
        self._learn_parts(dataset, session)

    @classmethod
    def params_from(cls, found: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
        """Its session-kNN votes by the values that were found for that."""
        values = found.get(SessionKNN.name, {})
        return {"session": {"collapse": False, "answers": cls().answers, **values}} if values else {}

    def take_over(self, judged: Algorithm) -> None:
        """The trees: those that were judged serve, on parts that know what came since."""
        assert isinstance(judged, Ranked)
        if judged.answers == self.answers:
            vars(self)["judged"] = judged

    @property
    def learned_trees(self) -> Trees:
        """The learned trees; none where the blend of the sources ranks."""
        return Trees(*self._fields("tree", Trees._fields))

    def _keep_trees(self, trees: Trees, checked: NDArray[np.float64]) -> None:
        for field, array in trees._asdict().items():
            setattr(self, f"tree_{field}_", array)
        self.checked_ = checked

    def _learn_trees(self, dataset: Dataset, session: SessionKNN) -> None:
        from recommender.algorithms.ranked import learning

        earlier, last = split(dataset)
        learned = learning.Learned(NO_TREES, np.zeros(0))
        missing = learning.available()
        if missing:
            log.warning("ranker_unavailable", reason=missing)
        elif self.ends:
            learned = self._learn_from_ends(dataset, session)
        elif len(earlier):
            limits = {"longest": session.longest, "most": self.questions, "seed": self.seed}
            asked = questions_of(dataset, last, self.answers, **limits)
            if len(asked) >= learning.LEAST_GROUPS:
                before = SessionKNN(**session.settled()).fit(earlier)
                self._learn_parts(earlier, before)
                learned = self._choose_trees(asked, self.parts_of(before), dataset, earlier)
        self._keep_trees(learned.trees, learned.checked)

    def _choose_trees(self, asked: Questions, parts: Parts, dataset: Dataset, earlier: Dataset) -> Learned:
        """Trees without an encoder, or with one if that ranks better; then the encoder learns from everything."""
        from recommender.algorithms.ranked import learning

        limits = {"count": self.trees, "most": self.candidates, "seed": self.seed}
        removed, above, deep = REMOVED[self.answers], 0.0, None
        encoded = self._learn_encoder(earlier)
        if encoded is not None:
            deep = learning.learn(asked, removed, parts._replace(encoder=encoded.weights), **limits)
            # In doubt without: an encoder costs minutes of training.
            above = deep.checked[2] - 2 * learning.LEAST_GAIN if len(deep.trees.root) else 0.0
        plain = learning.learn(asked, removed, parts, **limits, above=above)
        if deep is None or not len(deep.trees.root) or len(plain.trees.root):
            return plain
        learned_last = self._learn_encoder(dataset)
        assert learned_last is not None
        self.members["encoder"] = learned_last
        return deep

    def _learn_from_ends(self, dataset: Dataset, session: SessionKNN) -> Learned:
        from recommender.algorithms.ranked import learning

        limits = {"count": self.trees, "most": self.candidates, "seed": self.seed}
        return learning.learn_from_ends(self._ends(dataset, session), REMOVED[self.answers], **limits)

    def _ends(self, dataset: Dataset, session: SessionKNN) -> Iterator[tuple[Questions, Parts]]:
        """Questions for the last rows of all histories, and parts that know nobody's rows from there on; the very last come last.

        That is how a history is asked for its next product: all of it known, and that of everybody else.
        """
        order, session_of = mixed_moments(dataset, self.seed)
        to_end = np.cumsum(np.bincount(session_of, minlength=dataset.sessions))[session_of] - np.arange(len(order))
        asked = prefixes(dataset, longest=session.longest, seed=self.seed)
        for end in range(self.ends, 0, -1):
            known = np.zeros(len(dataset), np.bool_)
            known[order[to_end > end]] = True
            if not known.any():
                continue
            earlier = dataset.take_rows(known)
            before = SessionKNN(**session.settled()).fit(earlier)
            self._learn_parts(earlier, before)
            of_end = asked.pick(np.flatnonzero(to_end[asked.high] == end)).answerable(self.answers)
            of_end = of_end.sample(self.questions // self.ends, self.seed)
            yield Questions.of_strangers(of_end), self.parts_of(before)

    def _learn_encoder(self, dataset: Dataset) -> Encoder | None:
        """One that learned from ``dataset``; None where none is wanted, or none can be trained."""
        if not self.deep:
            return None
        encoder = Encoder(**{"answers": self.answers, "seed": self.seed, **(self.encoder or {})}).fit(dataset)
        # Here popularity is a member of its own.
        encoder.members = {}
        return encoder if len(encoder.weights.vectors) else None

    def _learn_parts(self, dataset: Dataset, session: SessionKNN) -> None:
        trails = trails_of(dataset, self.seed, ordered=not self.ends)
        tables = build_tables(trails)
        for name, table in tables._asdict().items():
            for field, array in table._asdict().items():
                setattr(self, f"{name}_{field}_", array)
        for name, array in build_facts(trails, tables.next, purchases_of(dataset), self.seed)._asdict().items():
            setattr(self, f"fact_{name}_", array)
        for name, array in self._words(dataset)._asdict().items():
            setattr(self, f"words_{name}_", array)
        self.freeze()

    def _words(self, dataset: Dataset) -> Words:
        return words_of(dataset.products)

    def item_vectors(self) -> NDArray[np.float32] | None:
        """Of the sessions in which products met."""
        return self._fields("fact", ("vectors",))[0]  # type: ignore[no-any-return]

    def parts_of(self, session: SessionKNN) -> Parts:
        """The learned arrays as the kernel takes them."""
        tables = {name: Table(*self._fields(name, Table._fields)) for name in Tables._fields if name != "bigrams"}
        bigrams = Bigrams(*self._fields("bigrams", Bigrams._fields))
        facts = Facts(*self._fields("fact", Facts._fields))
        encoder = self.members.get("encoder")
        weights: Weights = encoder.weights if isinstance(encoder, Encoder) else no_weights()
        words = Words(*self._fields("words", Words._fields))
        told = Tables(**tables, bigrams=bigrams)
        return Parts(session.index, session.rule, told, facts, words, weights, REMOVED[self.answers])

    def _fields(self, prefix: str, fields: tuple[str, ...]) -> list[Any]:
        return [getattr(self, f"{prefix}_{field}_") for field in fields]

    def _held(self) -> tuple[Parts, Trees, SessionKNN]:
        """What every request needs, put together once."""
        held: tuple[Parts, Trees, SessionKNN] | None = vars(self).get("held")
        if held is None:
            session = self.members["session_knn"]
            assert isinstance(session, SessionKNN)
            held = (self.parts_of(session), self.learned_trees, session)
            vars(self)["held"] = held
        return held

    def _lent(self) -> Lent:
        """The same for the kernel that answers."""
        held = self._held()
        kept: tuple[Any, Lent] | None = vars(self).get("lent")
        if kept is None or kept[0] is not held:
            kept = vars(self)["lent"] = (held, lend(held[:2]))
        return kept[1]

    def _put(self, context: Context) -> Put | None:
        """What a question is put with; None where nothing is known."""
        session = self._held()[2]
        acts = session.query(context) if context.visited else np.zeros(0, np.int32)
        product, at = context.purchases
        if not len(acts) and not len(product):
            return None
        return Put(acts, product, at, context.at_ms or (int(at[-1]) + 1 if len(at) else 0))

    def _rank(self, context: Context, k: int) -> Ranking:
        parts, trees, session = self._held()
        put = self._put(context)
        if put is None:
            return self.members["popular"].recommend(context, k)
        work = work_for(len(session.start_) - 1, self.products_, self.candidates, WIDTH, vocabulary(parts.words))
        count = min(_answer(*put, self.candidates, self._lent(), lent(work)), k)
        scores = work.score[:count]
        # Trees count in log-odds; scores are positive, and the best is 1.
        shown = np.exp(scores - scores[0]) if len(trees.root) else scores.copy()
        return Ranking(work.kept[:count].copy(), shown)

    def explain(self, context: Context, product: int, source: int = -1) -> Evidence | None:
        """A habit, that sessions like this went on so, or that it is popular where nothing is known."""
        bought = context.purchases[0]
        times = int(np.count_nonzero(bought == product)) if len(bought) else 0
        if times:
            return Evidence("again" if times > 1 else "bought_before", product)
        if context.visited:
            return Evidence("session")
        if len(context.history):
            return None
        return self.members["popular"].explain(context, product)

    def breakdown(self, context: Context, products: Sequence[int]) -> Breakdown:
        """What each column gave to the trees' answer; without trees, the sources of the blend; with nothing known, popularity."""
        from recommender.algorithms.ranked import anatomy

        known = context.within(self.products_)
        put = self._put(known)
        if put is None:
            return self.members["popular"].breakdown(known, products)
        return anatomy.breakdown(self, put, products)

    def candidacy(self, context: Context, product: int) -> Candidacy:
        """Which votes and tables named it, and its place by the blend that chooses what is ranked."""
        from recommender.algorithms.ranked import anatomy

        known = context.within(self.products_)
        put = self._put(known)
        if put is None:
            return self.members["popular"].candidacy(known, product)
        return anatomy.candidacy(self, put, product)

    def importance(self, slot: str = "home") -> dict[str, float]:
        """Features by the share of the trees' splits that look at them; empty where the blend ranks."""
        from recommender.algorithms.ranked import learning

        return learning.importance(self.learned_trees) if len(self.learned_trees.root) else {}

    def warm_up(self) -> None:
        """Compile or load the kernels."""
        self.recommend(Context(session=np.zeros(1, np.int32)), 1)

    def settled(self) -> dict[str, Any]:
        """Parameters with those of the session-kNN that were found; an encoder that did not help is not tried again."""
        rest = {"tune_seconds": 0.0, "deep": "encoder" in self.members}
        return {**self.params(), "session": self.members["session_knn"].settled(), **rest}

    def learned(self) -> dict[str, NDArray[Any]]:
        """Own arrays and those of the members."""
        return {**super().learned(), **self.learned_by_members()}

    def _restore(self, found: Mapping[str, NDArray[Any]], meta: Mapping[str, Any]) -> None:
        self.tree_cover_ = NO_COVER
        # Trees of files from before purchases were known look at neither.
        unknown = np.zeros(int(meta["products"]), np.float32)
        own = {name: array for name, array in found.items() if "/" not in name}
        super()._restore({"fact_again_": unknown, "fact_gap_": unknown, **own}, meta)
        self.restore_members(found, meta)
        try:
            self._held()
        except (AttributeError, KeyError) as error:
            raise BrokenFile(f"the file lacks something of {self.name}: {error}") from error
