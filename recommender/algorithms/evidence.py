"""What speaks for a shopper at the moment of asking, and how loudly."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recommender.asking import Context, Rows

LONGEST_SESSION = 20
LONGEST_HISTORY = 30


def weighed(context: Context, decay: float, history_weight: float = 0.1) -> tuple[Rows, NDArray[np.float32]]:
    """Products of the session and of the history, and what each counts.

    Args:
        decay: what a step back from the last act of the session leaves.
        history_weight: of a purchase before the session, times how often (up to five), against the last act.
    """
    acts = context.acts[-LONGEST_SESSION:]
    now = (decay ** np.arange(len(acts) - 1, -1, -1)).astype(np.float32)
    past = context.history[-LONGEST_HISTORY:]
    before = np.full(len(past), history_weight, np.float32)
    if len(context.counts):
        before *= np.minimum(context.counts[-LONGEST_HISTORY:], 5.0)
    return np.concatenate([acts, past]).astype(np.int32), np.concatenate([now, before]).astype(np.float32)
