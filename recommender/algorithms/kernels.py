"""How kernels are compiled: once, kept in a cache, without the GIL."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
from llvmlite import ir
from numba.core import cgutils, types
from numba.experimental import structref
from numba.extending import intrinsic

kernel = numba.njit(cache=True, nogil=True, fastmath=True)
_inner = {"cache": True, "nogil": True, "fastmath": True, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}
# Called by other kernels only: without the code that takes arguments from Python, dear to compile where there are dozens of arrays.
inner: Any = numba.njit(**_inner)  # type: ignore[call-overload]
# Of one row of many: to hand over the arrays, seven numbers each, would take longer than what it does with them. Dearer to compile.
inlined: Any = numba.njit(**_inner, forceinline=True)  # type: ignore[call-overload]


def _intrinsic(make: Callable[..., Any]) -> Any:
    """Machine code of our own as a function for kernels; numba's own word for it is typed as what makes it."""
    return intrinsic(make)


@_intrinsic
def prefetch(typing_context: Any, array: Any, at: Any) -> Any:
    """Ask memory for ``array[at]`` (of a table: for the first octets of its row), and go on: what is read soon is there by then.

    Rows that lie all over a large model come one after the other, a tenth of a microsecond each, where each is read when it is
    needed; asked for together they come at once. Changes nothing but time (https://llvm.org/docs/LangRef.html#llvm-prefetch-intrinsic).
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kind = signature.args[0]
        table = context.make_array(kind)(context, builder, arguments[0])
        place = context.cast(builder, arguments[1], signature.args[1], types.intp)
        zero = context.get_constant(types.intp, 0)
        indices = [place, *([zero] * (kind.ndim - 1))]
        address = builder.bitcast(
            cgutils.get_item_pointer(context, builder, kind, table, indices, wraparound=False), cgutils.voidptr_t
        )
        whole = ir.IntType(32)
        ask = builder.module.declare_intrinsic(
            "llvm.prefetch",
            [cgutils.voidptr_t],
            ir.FunctionType(ir.VoidType(), [cgutils.voidptr_t, whole, whole, whole]),
        )
        # To read; to be kept in all caches; data.
        builder.call(ask, [address, whole(0), whole(3), whole(1)])
        return context.get_dummy_value()

    return types.void(array, at), generate


@_intrinsic
def lowest_bit(typing_context: Any, value: Any) -> Any:
    """Place of the lowest bit of an integer that is not 0 (https://llvm.org/docs/LangRef.html#llvm-cttz-intrinsic)."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        # Undefined for 0: one instruction.
        return builder.cttz(arguments[0], ir.IntType(1)(1))

    return value(value), generate


@_intrinsic
def borrowed(typing_context: Any, value: Any) -> Any:
    """``value``, an array or tuples of arrays, without counting who refers to them: whoever called the kernel holds them meanwhile.

    Numba counts each time an array, or a tuple that holds it, is named, by an instruction that locks the memory: a quarter of
    what a kernel with dozens of arrays takes, more where threads share them. Never to be returned from a kernel.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return _uncounted(context, builder, signature.args[0], arguments[0])

    return value(value), generate


def _uncounted(context: Any, builder: Any, kind: Any, value: Any) -> Any:
    if isinstance(kind, types.Array):
        array = context.make_array(kind)(context, builder, value)
        array.meminfo = cgutils.get_null_value(array.meminfo.type)
        return array._getvalue()
    if isinstance(kind, types.BaseTuple):
        parts: Any = kind
        for place, part in enumerate(parts):
            inner_value = _uncounted(context, builder, part, builder.extract_value(value, place))
            value = builder.insert_value(value, inner_value, place)
    return value


class LentType(types.StructRef):
    """What kernels know of :class:`Lent`."""


structref.register(LentType)


class Lent(structref.StructRefProxy):
    """Arrays, or tuples of arrays, that kernels were handed once: a hundred take 17 us at each call, these one.

    Made by :func:`lend`; a kernel reads them by :func:`borrowed_from`.
    """


structref.define_proxy(Lent, LentType, ["arrays"])


@kernel
def lend(arrays):  # type: ignore[no-untyped-def]
    """``arrays`` to be handed over again and again; they live as long as what is returned."""
    return Lent(arrays)  # type: ignore[no-untyped-call]


@_intrinsic
def borrowed_from(typing_context: Any, lent: Any) -> Any:
    """The arrays of a :class:`Lent`, without counting who refers to them (:func:`borrowed`). Never to be returned from a kernel."""
    kind = dict(lent._fields)["arrays"]

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        held = structref._Utils(context, builder, signature.args[0]).get_data_struct(arguments[0])
        return _uncounted(context, builder, kind, held.arrays)

    return kind(lent), generate
