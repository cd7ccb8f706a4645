"""How kernels are compiled: once, kept in a cache, without the GIL."""

from __future__ import annotations

from typing import Any

import numba

kernel = numba.njit(cache=True, nogil=True, fastmath=True)
# Called by other kernels only: without the code that takes arguments from Python, dear to compile where there are dozens of arrays.
inner: Any = numba.njit(cache=True, nogil=True, fastmath=True, no_cpython_wrapper=True, no_cfunc_wrapper=True)  # type: ignore[call-overload]
