"""What algorithms are asked and what they answer: the words that datasets, features, evaluation and serving share with them.

``context.py`` is the question, ``ranking.py`` the answer, ``breakdown.py`` what a score is the sum of.
"""

from recommender.asking.context import NO_ROWS, Context, Rows
from recommender.asking.ranking import NOTHING, Evidence, Likeness, Ranking, Recommender, best

__all__ = ["NOTHING", "NO_ROWS", "Context", "Evidence", "Likeness", "Ranking", "Recommender", "Rows", "best"]
