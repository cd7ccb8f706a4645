"""Cursors of a sorted list: the sort key and id of the row at which a page ends, so that inserts move nothing."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass

import orjson


@dataclass(frozen=True)
class Cursor:
    """A place in a list.

    Attributes:
        sort: the order it belongs to; in another order it says nothing.
        key: sort key of the row at the edge.
        id: its product id.
        back: whether the page before it is meant.
    """

    sort: str
    key: int
    id: str
    back: bool = False

    def encode(self) -> str:
        """As text for a URL."""
        packed = orjson.dumps([self.sort, self.key, self.id, int(self.back)])
        return base64.urlsafe_b64encode(packed).rstrip(b"=").decode()

    @classmethod
    def decode(cls, text: str, sort: str) -> Cursor | None:
        """The cursor that ``text`` is; None for none, a broken one, or one of another order."""
        try:
            values = orjson.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        except (ValueError, binascii.Error):
            return None
        match values:
            case [str(order), int(key), str(product_id), 0 | 1 as back] if order == sort and abs(key) < 1 << 62:
                return None if "\x00" in product_id else cls(order, key, product_id, bool(back))
        return None
