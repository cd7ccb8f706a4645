"""Item sequences of public sets (Amazon reviews as S3-Rec cut them), one user a line: the last item is to be found."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recommender.dataset.files import MissingFile, UnreadableFile, _numbering, read_text
from recommender.dataset.interactions import Dataset, from_sessions
from recommender.dataset.products import Products

Rows = NDArray[np.int32]


@dataclass(frozen=True)
class SequenceFiles:
    """What was read.

    Attributes:
        train: everybody's items but the last, a session each.
        histories: of each question the same items, oldest first.
        targets: (questions,) int32, the last item.
    """

    train: Dataset
    histories: list[Rows]
    targets: Rows


def read_sequences(path: Path, attributes: Path) -> SequenceFiles:
    """Users of at least three items.

    Raises:
        MissingFile: with the name of the file.
        UnreadableFile: a file is not in the format, or holds nobody to ask for.
    """
    for needed in (path, attributes):
        if not needed.is_file():
            raise MissingFile(f"{needed.parent} lacks {needed.name}")
    users = [line.split()[1:] for line in read_text(path).splitlines() if len(line.split()) > 3]
    if not users:
        raise UnreadableFile(
            f"{path.name} holds no user of three items or more (a line: the user, then items in order)"
        )
    try:
        told = json.loads(read_text(attributes))
    except json.JSONDecodeError as error:
        raise UnreadableFile(f"{attributes.name} is no JSON: {error}") from None
    if not isinstance(told, dict) or not all(isinstance(numbers, list) for numbers in told.values()):
        raise UnreadableFile(f"{attributes.name} is not an object of item to list of attributes")
    row = _numbering({item for user in users for item in user})
    words = [" ".join(f"attribute{number}" for number in told.get(item, ())) for item in row]
    products = Products.of(list(row), texts=words)
    histories = [np.array([row[item] for item in user[:-1]], np.int32) for user in users]
    # In no order of users: the file's order would tell nothing, and sessions are in that of time.
    order = np.random.default_rng(0).permutation(len(users)).tolist()
    train = from_sessions([histories[user].tolist() for user in order], products)
    return SequenceFiles(train, histories, np.array([row[user[-1]] for user in users], np.int32))


__all__ = ["MissingFile", "SequenceFiles", "UnreadableFile", "read_sequences"]
