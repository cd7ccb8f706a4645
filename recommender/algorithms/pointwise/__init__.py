"""Regressors as rankers: each candidate by itself, by how likely it is what comes next.

``kept`` keeps what they learned as plain arrays, ``learning`` asks the last tenth of the sessions, ``algorithm`` puts
them together.
"""

from recommender.algorithms.pointwise.algorithm import MLP, Boosting, Forest, Linear, Tree

__all__ = ["MLP", "Boosting", "Forest", "Linear", "Tree"]
