"""Which of the trained serves each slot: by interval, on the same questions, within the guardrails."""

from __future__ import annotations

from collections.abc import Mapping

from recommender.algorithms.blend import Blend
from recommender.evaluation.judging import difference
from recommender.evaluation.tasks import METRIC
from recommender.training import promotion
from recommender.training.keeping import Versions
from recommender.training.models import ModelVersion, Slot
from recommender.training.progress import Progress
from recommender.training.stages import SEED, Candidate

# With fewer questions than this nothing is promoted by itself over popularity,
LEAST_QUESTIONS = 30
# and nothing over a blend or a champion that learns: of eight tried on few questions, one looks better by chance.
LEAST_TO_REPLACE = 200


def promote_best(
    candidates: Mapping[str, Candidate], versions: Versions, asked: Mapping[str, int], progress: Progress
) -> list[str]:
    """Promote what may serve; returns a line for each slot that changed."""
    promoted = []
    for slot in Slot.values:
        champion = promotion.champion(slot)
        chosen, reason = choose(slot, champion, candidates, versions, asked[slot])
        progress.note(f"{slot}: {reason}")
        if chosen is None or (champion is not None and chosen.pk == champion.pk):
            continue
        try:
            promotion.promote(chosen, actor=None, reason=reason)
        except promotion.PromotionError as error:
            progress.note(f"{slot}: {error}")
        else:
            promoted.append(f"{slot}: {chosen}")
    return promoted


def choose(
    slot: str,
    champion: ModelVersion | None,
    candidates: Mapping[str, Candidate],
    versions: Versions,
    asked: int,
) -> tuple[ModelVersion | None, str]:
    """The version to promote, or None, and why.

    Without a champion the best is taken if it clears popularity. Another algorithm replaces the champion's if its interval, paired
    on the same questions, lies above the champion's algorithm learned from the same days; else the champion's algorithm goes
    on with what it learned since. The best that a guardrail holds back leaves its place to the next.
    """
    if champion is not None and champion.pinned:
        return None, f"{champion} is pinned"
    base = champion.algorithm if champion is not None and champion.algorithm in candidates else "popular"
    ranked = _ranked(slot, candidates, asked)
    enough = LEAST_QUESTIONS if base == "popular" else LEAST_TO_REPLACE
    if base not in candidates:
        if champion is None:
            return versions[ranked[0], slot], "the only algorithm that was trained"
        return None, "nothing to compare"
    words = ""
    for best in ranked:
        gain = difference(candidates[best].verdicts[slot], candidates[base].verdicts[slot], METRIC, seed=SEED)
        told = f"{METRIC} {gain.value:+.4f} ({gain.low:+.4f} to {gain.high:+.4f}) against {base} on {asked} questions"
        words = f"{words}; {told}" if words else told
        if best == base or asked < enough or gain.low <= 0:
            break
        problem = promotion.fit_to_serve(versions[best, slot], beside=versions.get((base, slot)))
        if not problem:
            return versions[best, slot], f"{best} is better: {words}"
        words += f"; {best} is kept back: {problem}"
    if (base, slot) in versions:
        return versions[base, slot], f"{base} goes on, with newer data; {words}"
    return None, words


def _ranked(slot: str, candidates: Mapping[str, Candidate], asked: int) -> list[str]:
    """Best first; where the best cannot be told from the blend, the one that answers whatever is known comes first."""
    ranked = sorted(candidates, key=lambda name: -candidates[name].verdicts[slot].estimates[METRIC].value)
    if Blend.name in candidates and ranked[0] != Blend.name:
        lead = difference(
            candidates[ranked[0]].verdicts[slot], candidates[Blend.name].verdicts[slot], METRIC, seed=SEED
        )
        if lead.low <= 0 or asked < LEAST_TO_REPLACE:
            ranked.remove(Blend.name)
            ranked.insert(0, Blend.name)
    return ranked
