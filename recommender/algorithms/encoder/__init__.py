"""A small attention network over the last acts of a session: PyTorch trains it, numpy and numba serve it.

``network`` is the only module that needs PyTorch, and is imported within a training only; ``forward`` is the trained network as
plain arrays with its kernel; ``algorithm`` puts them together.
"""

from recommender.algorithms.encoder.algorithm import Encoder

__all__ = ["Encoder"]
