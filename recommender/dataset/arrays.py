"""One file of plain arrays: what models are saved as. Nothing in it is executed, and it is opened with mmap.

Layout: ``PUSHCART-ARRAYS-1\\n``, eight bytes little-endian length of the header, the header (JSON: ``meta``, and for each array
name, dtype, shape, offset), padding, then the arrays, each at a multiple of 64 bytes from the start of the file.
"""

from __future__ import annotations

import math
import mmap
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

MAGIC = b"PUSHCART-ARRAYS-1\n"
ALIGN = 64
# Numbers, booleans and fixed-width bytes; never objects.
KINDS = "biufS"
OWN_PAGES = 1 << 20


class BrokenFile(ValueError):
    """Not a file of arrays, or not a whole one."""


def write(path: Path, arrays: Mapping[str, NDArray[Any]], meta: Mapping[str, Any]) -> None:
    """Write arrays and ``meta`` (JSON) to ``path``; the same content gives the same bytes.

    Raises:
        TypeError: an array holds objects or anything else that is not plain.
    """
    entries: list[dict[str, Any]] = []
    offset = 0
    plain = {name: np.ascontiguousarray(array) for name, array in sorted(arrays.items())}
    for name, array in plain.items():
        if array.dtype.kind not in KINDS:
            raise TypeError(f"array {name} has dtype {array.dtype}: only plain numbers and bytes are saved")
        offset = -(-offset // ALIGN) * ALIGN
        entries.append({"name": name, "dtype": array.dtype.str, "shape": list(array.shape), "offset": offset})
        offset += array.nbytes
    header = orjson.dumps(
        {"meta": dict(meta), "arrays": entries}, option=orjson.OPT_SORT_KEYS | orjson.OPT_SERIALIZE_NUMPY
    )
    with path.open("wb") as file:
        file.write(MAGIC + len(header).to_bytes(8, "little") + header)
        start = _start(len(header))
        for entry, array in zip(entries, plain.values(), strict=True):
            file.write(b"\x00" * (start + entry["offset"] - file.tell()))
            file.write(array.tobytes() if array.size == 0 else array.reshape(-1).view(np.uint8).data)


def _start(header: int) -> int:
    return -(-(len(MAGIC) + 8 + header) // ALIGN) * ALIGN


def read(path: Path) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Arrays (read-only, mapped from the file) and meta.

    Raises:
        BrokenFile: it is not what :func:`write` made.
    """
    with path.open("rb") as file:
        try:
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except ValueError as error:
            raise BrokenFile(f"{path.name} is empty") from error
    head = len(MAGIC) + 8
    if mapped[: len(MAGIC)] != MAGIC or len(mapped) < head:
        raise BrokenFile(f"{path.name} is not a file of arrays")
    length = int.from_bytes(mapped[len(MAGIC) : head], "little")
    try:
        header = orjson.loads(mapped[head : head + length])
        arrays = {entry["name"]: _map(mapped, entry, _start(length)) for entry in header["arrays"]}
        meta: dict[str, Any] = header["meta"]
    except (ValueError, TypeError, KeyError, OverflowError) as error:
        raise BrokenFile(f"{path.name} is broken: {error}") from error
    return arrays, meta


def _map(mapped: mmap.mmap, entry: Mapping[str, Any], start: int) -> NDArray[Any]:
    dtype = np.dtype(entry["dtype"])
    if dtype.kind not in KINDS:
        raise ValueError(f"array {entry['name']} has dtype {dtype}")
    count = math.prod(entry["shape"])
    if count == 0:
        return np.zeros(entry["shape"], dtype)
    return np.frombuffer(mapped, dtype, count, start + entry["offset"]).reshape(entry["shape"])


def room(count: int, dtype: Any) -> NDArray[Any]:
    """An array of ``count`` without content, a large one on pages of its own.

    They go back to the system when the array is forgotten. Pages of the heap stay where anything small lies behind them, and who
    takes in sessions every few seconds would hold each index several times over.
    """
    kind = np.dtype(dtype)
    if count * kind.itemsize < OWN_PAGES:
        return np.empty(count, kind)
    pages = mmap.mmap(-1, count * kind.itemsize, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    return np.frombuffer(pages, kind, count)


def together(*parts: NDArray[Any]) -> NDArray[Any]:
    """The parts of one kind, one after the other, in a :func:`room`."""
    return np.concatenate(parts, out=room(sum(map(len, parts)), parts[0].dtype))


def as_bytes(strings: Iterable[str]) -> NDArray[np.bytes_]:
    """(n,) each string in UTF-8, all as wide as the longest."""
    encoded = [string.encode() for string in strings]
    return np.array(encoded or [b""], np.bytes_)[: len(encoded)]


def pack_strings(strings: Sequence[str]) -> dict[str, NDArray[Any]]:
    """Strings as two arrays: ``bytes`` (UTF-8, one after the other) and ``ends``."""
    encoded = [string.encode() for string in strings]
    ends = np.cumsum([len(part) for part in encoded], dtype=np.int64)
    return {"bytes": np.frombuffer(b"".join(encoded), np.uint8), "ends": ends}


def unpack_strings(packed: Mapping[str, NDArray[Any]]) -> list[str]:
    """The strings of :func:`pack_strings`."""
    blob = packed["bytes"].tobytes()
    ends = packed["ends"].tolist()
    return [blob[start:end].decode() for start, end in zip([0, *ends], ends, strict=False)]
