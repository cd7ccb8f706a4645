"""Cleaning: what of the raw rows is learned from. One rule a function, registered with its name; raw events are never touched.

To add a rule: a function in one of the modules named in :data:`MODULES` with :func:`recommender.dataset.cleaning.rules.rule`
above it. Rules run in the order of the modules and, in each, in that of the file. See docs/explanation/data.md.
"""

from recommender.dataset.cleaning import missing, times, robots, repeats, amounts, sessions  # noqa: I001 - their order counts
from recommender.dataset.cleaning.applying import Cleaned, clean, clean_days, fingerprint
from recommender.dataset.cleaning.rules import RULES, Act, Mark, Rule

MODULES = (missing, times, robots, repeats, amounts, sessions)

__all__ = ["RULES", "Act", "Cleaned", "Mark", "Rule", "clean", "clean_days", "fingerprint"]
