"""A cursor says what was shown, whether it was worth compressing or not, and is nobody's but ours."""

from __future__ import annotations

import pytest

from recommender.serving import cursors
from recommender.serving.cursors import CursorRefused, List, cursor_of, shown_before


@pytest.mark.parametrize("count", [0, 3, 400])
def test_what_was_shown_comes_back(count, settings) -> None:
    shown, which = [f"product-{number}" for number in range(count)], List("home", "tea")
    cursor = cursor_of(which, shown)
    assert shown_before(cursor, which) == shown
    assert len(cursor) < 6 * cursors.WORTH_COMPRESSING
    settings.SECRET_KEY = "another-secret-of-some-length-that-nobody-knows"
    with pytest.raises(CursorRefused, match="no cursor that came from here"):
        shown_before(cursor, which)
    assert shown_before(cursor_of(which, shown), which) == shown
