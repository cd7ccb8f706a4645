"""``manage.py next_action [SHOPPER]``: what is best done next, in each state of shoppers or with one of them, and why."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from push.decisions.logged import NAMES
from push.decisions.next_action import IDLE, STATES, Advice, Rule, advise
from recommender.dataset import NotEnoughData
from recommender.dataset.building import read_dataset
from recommender.known import champions
from recommender.training.models import Slot
from shop.models import Shopper


class Command(BaseCommand):
    help = "Show the next best action by state of shoppers, or of one shopper: offer, recommend, remind or nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Options."""
        rule = Rule()
        parser.add_argument("shopper", nargs="?", help="id of a shopper (default: the table of all states)")
        parser.add_argument("--weeks", type=int, default=rule.weeks, help=f"weeks to learn from ({rule.weeks})")
        parser.add_argument("--margin", type=float, default=rule.margin, help=f"share of revenue ({rule.margin})")
        parser.add_argument("--cost", type=float, default=rule.cost, help=f"of a message ({rule.cost})")
        parser.add_argument("--least", type=int, default=rule.least, help=f"decisions an action needs ({rule.least})")
        parser.add_argument("--sure", type=float, default=rule.sure, help=f"that it beats nothing ({rule.sure})")
        parser.add_argument(
            "--campaign", action="append", default=[], metavar="SLUG=ACTION", help=f"what it does: {', '.join(NAMES)}"
        )
        parser.add_argument("--json", action="store_true", help="for machines")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the table, or one shopper's action."""
        rule = Rule(**{name: options[name] for name in ("weeks", "margin", "cost", "least", "sure")})
        model = champions.current(Slot.HOME.value)
        states = model.states.model if model is not None and model.states is not None else None
        unwilling = list(Shopper.objects.filter(personalised=False).values_list("pk", flat=True))
        if options["shopper"] in unwilling:
            raise CommandError(f"{options['shopper']} does not want their history used: nothing is chosen by it")
        try:
            named = dict(_named(each) for each in options["campaign"])
            advice = advise(read_dataset(), model=states, without=unwilling, named=named, rule=rule)
        except (NotEnoughData, ValueError) as error:
            raise CommandError(str(error)) from error
        if options["shopper"]:
            self._one(advice, options["shopper"], as_json=options["json"])
        elif options["json"]:
            judged = {name: found.as_json() for name, found in advice.judged.items()}
            self.stdout.write(json.dumps({"states": rows(advice), "judged": judged, "weight": round(advice.weight, 1)}))
        else:
            self._table(advice)

    def _one(self, advice: Advice, shopper: str, *, as_json: bool) -> None:
        if shopper not in advice.shopper_ids:
            raise CommandError(f"nothing is known of {shopper} in the weeks looked at: do nothing, or what all get")
        state = int(advice.now[advice.shopper_ids.index(shopper)])
        row = row_of(advice, state)
        if as_json:
            self.stdout.write(json.dumps({"shopper": shopper, **row}))
            return
        self.stdout.write(f"{shopper}: {row['action']}")
        self.stdout.write(f"{row['state']}: {row['why']}")

    def _table(self, advice: Advice) -> None:
        head = "".join(f"{name:>11}" for name in NAMES)
        self.stdout.write(f"{'state':42}{'shoppers':>9}{head}  {'best':10}{'gain':>8}{'sure':>7}")
        for row in rows(advice):
            counts = "".join(f"{row['decisions'][name]:>11}" for name in NAMES)
            said = f"{row['action']:10}{row['gain']:>8.3f}{row['sure']:>7.2f}"
            self.stdout.write(f"{row['state']:42}{row['shoppers']:>9}{counts}  {said}")
        rule = advice.rule
        self.stdout.write(
            f"Margin {rule.margin:g} of revenue, {rule.cost:g} a message, {rule.discount:g} a week; an action needs {rule.least}"
            f" decisions and {rule.sure:g} sureness, else nothing is done."
        )
        words = {
            "logged": "as it was done",
            "ips": "this policy (IPS)",
            "snips": "this policy (SNIPS)",
            "dr": "this policy (DR)",
            "gain": "gain (DR less done)",
        }
        for name, label in words.items():
            if name in advice.judged:
                found = advice.judged[name]
                self.stdout.write(f"{label:22}{found.value:>9.3f} ({found.low:.3f} to {found.high:.3f}), n {found.n}")
        self.stdout.write(
            f"Margin of a shopper in {rule.horizon} weeks; learned from one half of the shoppers, judged on the other, whose"
            f" weights are worth {advice.weight:.0f} of them. It holds as far as what was done depended on the state alone."
        )


def rows(advice: Advice) -> list[dict[str, Any]]:
    """Every state that somebody is or was in."""
    seen = (advice.process.counts.sum(axis=1) > 0) | (advice.shoppers > 0)
    return [row_of(advice, state) for state in range(len(STATES)) if seen[state]]


def row_of(advice: Advice, state: int) -> dict[str, Any]:
    """One state: what is best, what for, and on what grounds."""
    counts = dict(zip(NAMES, advice.process.counts[state].tolist(), strict=True))
    action = int(advice.policy[state])
    return {
        "state": STATES[state],
        "shoppers": int(advice.shoppers[state]),
        "decisions": counts,
        "action": NAMES[action],
        "gain": round(float(advice.gain[state]), 4),
        "sure": round(float(advice.sure[state]), 3),
        "why": _why(advice, state, action, counts),
    }


def _why(advice: Advice, state: int, action: int, counts: dict[str, int]) -> str:
    tried = [name for place, name in enumerate(NAMES) if place != IDLE and advice.process.allowed[state, place]]
    if action != IDLE:
        return (
            f"{NAMES[action]} is worth {advice.gain[state]:.3f} more than nothing ({100 * advice.sure[state]:.0f} % sure),"
            f" by {counts[NAMES[action]]} weeks with it and {counts['nothing']} without"
        )
    if not tried:
        return f"no action was tried {advice.rule.least} times in this state"
    best = int(advice.solution.policy[state])
    if best != IDLE:
        return f"{NAMES[best]} may be worth more, but that is only {100 * advice.sure[state]:.0f} % sure"
    return f"{', '.join(tried)} brought less than nothing did"


def _named(text: str) -> tuple[str, str]:
    slug, _, action = text.partition("=")
    if action not in NAMES:
        raise ValueError(f"--campaign takes SLUG=ACTION with one of {', '.join(NAMES)}, not {text!r}")
    return slug, action
