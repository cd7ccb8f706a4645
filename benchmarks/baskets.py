"""The next basket, on histories as JSON: ``python -m benchmarks.baskets --history FILE --future FILE``.

``FILE`` is (gzipped) JSON: a user to a list of baskets, each a list of item ids; of the future one basket a user. The same dataset
and algorithms as in the shop, learned from the histories alone.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from benchmarks.reporting import own_settings
from benchmarks.retail import MODELS, measure, measure_baseline


def main() -> int:
    """Measure; 1 when a file is missing or broken."""
    parser = argparse.ArgumentParser(description="The next basket, on histories as JSON")
    parser.add_argument("--history", type=Path, required=True, help="user to list of baskets")
    parser.add_argument("--future", type=Path, required=True, help="user to the basket after, in a list")
    parser.add_argument("--model", choices=MODELS, help="name of an algorithm; without it the one chosen by validation")
    parser.add_argument("--json", action="store_true", help="only JSON lines, which is how it always answers")
    given = parser.parse_args()
    with own_settings():
        from recommender.dataset.basket_files import MissingFile, UnreadableFile, read_baskets

        try:
            files = read_baskets(given.history, given.future)
        except (MissingFile, UnreadableFile) as error:
            print(f"{'skipped: ' if isinstance(error, MissingFile) else ''}{error}", file=sys.stderr)
            return 1
        name = given.history.name.partition(".")[0]
        measure_baseline(files, name)
        measure(files, name, given.model)
    return 0


if __name__ == "__main__":
    sys.exit(main())
