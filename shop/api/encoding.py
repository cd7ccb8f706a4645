"""JSON of answers. PostgreSQL writes 1e300 as an integer of 301 digits, which is JSON, but too long for orjson."""

from __future__ import annotations

import json
from typing import Any

import orjson


def dumps(data: Any, *, sort_keys: bool = False) -> bytes:
    """JSON of ``data``; what JSON does not know is written as text, and an empty answer as nothing."""
    if data is None:
        return b""
    options = orjson.OPT_NON_STR_KEYS | (orjson.OPT_SORT_KEYS if sort_keys else 0)
    try:
        return orjson.dumps(data, default=str, option=options)
    except orjson.JSONEncodeError:
        return json.dumps(data, default=str, ensure_ascii=False, sort_keys=sort_keys).encode()
