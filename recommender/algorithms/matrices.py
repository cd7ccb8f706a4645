"""Shoppers or sessions times products as sparse matrices, for the algorithms that factorise or compare them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from recommender.dataset import Dataset, NotEnoughData

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix


def actors_by_products(dataset: Dataset) -> csr_matrix:
    """(actors, products) float32 CSR: the sum of positive weights of what each did, one row a known shopper or an unknown session.

    Raises:
        NotEnoughData: nobody did anything that counts for a product.
    """
    from scipy.sparse import csr_matrix

    rows = dataset.weight > 0
    if not rows.any():
        raise NotEnoughData(
            "nothing that was done counts for a product (only returns and removals): send views or orders"
        )
    known = dataset.session_shopper >= 0
    actor = np.where(known, dataset.session_shopper, len(dataset.shopper_ids) + np.arange(dataset.sessions))
    _, actor = np.unique(actor, return_inverse=True)
    shape = (int(actor.max()) + 1, len(dataset.products))
    pairs = (actor[dataset.session_of_row[rows]], dataset.product[rows])
    # Built from coordinates: repeated pairs are added up, and nothing is shared with the dataset.
    return csr_matrix((dataset.weight[rows].astype(np.float32), pairs), shape)
