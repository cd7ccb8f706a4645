"""An explanation in words, for operators and for the command line: the same for all who ask."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from recommender.explanations.missing import Why, WhyNot
from recommender.explanations.replaying import Replay
from recommender.slates.reasons import reason_text
from recommender.slates.slate import Explanation, Part
from recommender.training.naming import algorithm_name, version_name
from shop.punctuation import listed, sentences

Name = Callable[[str], str]
# Functions of recommender/slates/rules.py.
RULES: dict[str, Promise | str] = {
    "not_in_catalogue": gettext_lazy("gone from the catalogue"),
    "inactive": gettext_lazy("off the shelf"),
    "out_of_stock": gettext_lazy("out of stock"),
    "in_view": gettext_lazy("the product in view"),
    "excluded": gettext_lazy("on the page already, or left out by whoever asked"),
    "not_wanted": gettext_lazy("not wanted by whoever looks"),
    "slot_filter": gettext_lazy("outside of the slot’s filter"),
    "in_cart": gettext_lazy("in the cart"),
    "just_bought": gettext_lazy("just bought"),
    "seen_in_visit": gettext_lazy("looked at in this visit"),
}
# What recommender/slots/choosing.py notes of a product.
APPLIED = {
    "pinned": gettext_lazy("pinned by an operator"),
    "factor": gettext_lazy("boosted, times %(value)s"),
    "chance": gettext_lazy("drawn to this place, chance %(value)s"),
    "from": gettext_lazy("moved from place %(value)s"),
    "explored": gettext_lazy("a place for what is hardly shown, chance %(value)s"),
    "fills": gettext_lazy("fills up what was missing"),
}
# A chance below it is not told in digits.
LEAST_WRITTEN = 0.0001
LOST = {
    "slot_gone": gettext_lazy("The slot is gone: only what was logged can be shown."),
    "slot_changed": gettext_lazy("The slot’s settings of then are not kept: those of now were used."),
    "model_gone": gettext_lazy("The file of the version that served is gone: only what was logged can be shown."),
    "sessions_gone": gettext_lazy(
        "Sessions that had entered the model by then are not kept any more: it was asked without them."
    ),
    "rules_not_logged": gettext_lazy("What rules took out was not logged by product then: those of now were asked."),
    "experiment": gettext_lazy(
        "An experiment filled it, and the slot alone answers otherwise: terms are given where the score is the same."
    ),
    "other_order": gettext_lazy("Asked again, it answers otherwise: terms are given where the score is the same."),
}


def rule_words(rule: str) -> str:
    """A rule, for people."""
    return str(RULES.get(rule, rule.replace("_", " ")))


def applied_words(applied: Mapping[str, Any]) -> str:
    """What rules of the slot did to a product, in words."""
    return listed(APPLIED[name] % {"value": _written(value)} for name, value in applied.items() if name in APPLIED)


def _written(value: Any) -> str:
    """A figure for people: 0.25, 1.5; no power of ten."""
    if not isinstance(value, float):
        return str(value)
    if 0 < value < LEAST_WRITTEN:
        return "< 0.0001"
    return f"{value:.4f}".rstrip("0").rstrip(".") if value < 1 else f"{value:g}"


def steered_words(part: Part) -> str:
    """Why a product does not stand where its score would have it, in words."""
    back = _("stood back for variety") if part.stood_back else ""
    return listed(filter(None, [applied_words(part.applied), back]))


def verdict(replay: Replay) -> str:
    """Whether the slate could be reproduced, and if not why."""
    if replay.reproduced:
        return _("Asked again, the version that served gives the same products with the same scores.")
    return sentences(LOST[code] for code in replay.lost)


def lines(replay: Replay, name: Name, feature: Name) -> list[str]:
    """A slate as text: a paragraph a product."""
    slate, told = replay.slate, replay.explanation
    model = version_name(slate.model) if slate.model else _("no model")
    found = [f"{slate.pk} · {slate.slot} · {slate.at:%Y-%m-%d %H:%M:%S} UTC · {model}", verdict(replay), ""]
    for part in told.parts:
        found += [
            f"{part.position:>2}. {name(part.product_id)} ({part.product_id})  {part.score:.4f}",
            *_under(part, told, feature),
        ]
    if told.ahead:
        found += ["", _("Next in line:")]
        found += [
            f"    {part.rank}. {name(part.product_id)} ({part.product_id})  {part.score:.4f}" for part in told.ahead
        ]
    if told.removed:
        found += ["", _("Taken out by rules:")]
        found += [f"    {rule_words(rule)}: {', '.join(ids)}" for rule, ids in told.removed.items()]
    return found


def _under(part: Part, told: Explanation, feature: Name) -> list[str]:
    reason = reason_text(part.reason) if part.reason is not None else ""
    found = [f"    {algorithm_name(part.source)}: {reason}"]
    if applied := steered_words(part):
        found.append(f"    {applied}")
    if part.total is not None:
        terms = "  ".join(f"{feature(term.name)} {term.amount:+.3f}" for term in part.terms[:6])
        rest = sum(term.amount for term in part.terms[6:])
        found.append(
            f"    {part.total:.3f} = {told.base:.3f}  {terms}" + (f"  {_('others')} {rest:+.3f}" if rest else "")
        )
    return found


def why_words(found: WhyNot, feature: Name) -> str:
    """The answer to "why not this product?" in a sentence or two."""
    told = [_sentence(found)]
    if found.why in (Why.OUTSCORED, Why.VARIETY, Why.CUT, Why.NO_SOURCE) and found.rule:
        rule = {"rule": rule_words(found.rule)}
        told.append(_("A rule would take it out too: %(rule)s.") % rule)
    if found.why == Why.OUTSCORED and found.differences:
        first = [f"“{feature(term.name)}”" for term in found.differences if term.amount > 0][:2]
        if len(first) == 2:
            first = [_("%(one)s and %(other)s") % {"one": first[0], "other": first[1]}]
        told += [_("Most of it is %(names)s.") % {"names": names} for names in first]
    return sentences(told)


def _sentence(found: WhyNot) -> str:
    values: Mapping[str, Any] = {
        "rank": found.part.rank if found.part else 0,
        "position": found.part.position if found.part else 0,
        "candidates": found.candidates,
        "rule": rule_words(found.rule),
        "short": f"{found.short:.3f}",
        "place": found.place,
        "most": found.most,
    }
    if found.why == Why.REMOVED and found.part is not None:
        return _("A rule took it out: %(rule)s. The model ranked it %(rank)d of %(candidates)d.") % values
    if found.why == Why.CUT and found.most:
        return _("It was named, in place %(place)d, and only the first %(most)d are ranked.") % values
    return str(WORDS[found.why]) % values


WORDS = {
    Why.SHOWN: gettext_lazy("It is shown, in place %(position)d."),
    Why.OFF: gettext_lazy("The slot is switched off: it shows nothing."),
    Why.NO_PRODUCT: gettext_lazy("There is no such product in the catalogue."),
    Why.REMOVED: gettext_lazy("A rule took it out: %(rule)s."),
    Why.NO_MODEL: gettext_lazy("No trained model ranks this slot, and it is not among what was chosen."),
    Why.NEW: gettext_lazy("The model does not know it yet: it came after the training."),
    Why.NO_SOURCE: gettext_lazy("No source named it among %(candidates)d candidates."),
    Why.CUT: gettext_lazy("It was named by a source, but too far back to be ranked."),
    Why.VARIETY: gettext_lazy(
        "It ranked %(rank)d of %(candidates)d, before the last one shown, and stood back for others: variety, pins or boosts."
    ),
    Why.OUTSCORED: gettext_lazy("It ranked %(rank)d of %(candidates)d, %(short)s behind the last one shown."),
}
