"""A tuple of many fields that compiled code hands on as one pointer.

numba hands a tuple from function to function as one argument for each field, and LLVM code names
the types of all of them wherever one is read: of `path` for full scenes, two thirds of what numba
wrote was taking `SceneView` (83 fields) apart and putting it together again. A pinned one lies on
the entry's stack, and what reads a field loads it.
"""

from __future__ import annotations

import hashlib
from typing import Any

from raywidget.kernels.language.jit import intrinsic
from raywidget.kernels.language.toolchain import (
    AttributeTemplate,
    cgutils,
    infer_getattr,
    ir,
    lower_getattr_generic,
    models,
    register_model,
    types,
)

_SLOT = 8  # bytes; each field has one


class PinnedType(types.Type):
    """The numba type of a pointer to the fields of a tuple that has names for them."""

    def __init__(self, fields: tuple[str, ...], kinds: tuple[Any, ...], name: str) -> None:
        self.fields = fields
        self.types = kinds
        # It is part of the name of each function that takes one: short, and another for others.
        digest = hashlib.sha256(repr((fields, kinds)).encode()).hexdigest()[:8]
        super().__init__(name=f"{name}_{digest}")


@register_model(PinnedType)
class _PinnedModel(models.PrimitiveModel):
    def __init__(self, manager: Any, numba_type: Any) -> None:
        super().__init__(manager, numba_type, ir.IntType(8).as_pointer())


@infer_getattr
class _Fields(AttributeTemplate):
    key = PinnedType

    def generic_resolve(self, pinned: Any, name: str) -> Any:
        if name in pinned.fields:
            return pinned.types[pinned.fields.index(name)]
        return None


def _place(builder: Any, block: Any, index: int, data_type: Any) -> Any:
    place = builder.gep(block, [ir.IntType(64)(_SLOT * index)], inbounds=True)
    return builder.bitcast(place, data_type.as_pointer())


@lower_getattr_generic(PinnedType)
def _lower_field(context: Any, builder: Any, kind: Any, block: Any, name: str) -> Any:
    index = kind.fields.index(name)
    field = kind.types[index]
    if isinstance(field, types.NoneType):
        return context.get_dummy_value()
    model = context.data_model_manager[field]
    place = _place(builder, block, index, model.get_data_type())
    loaded = builder.load(place)
    # It never changes: whatever is written elsewhere, LLVM need not load it again.
    loaded.set_metadata("invariant.load", builder.module.add_metadata([]))
    return model.from_data(builder, loaded)


@intrinsic
def pinned(typing: Any, fields: Any) -> Any:
    """The fields of a tuple on the stack of the caller; nobody reads them once that returns."""
    kind = PinnedType(fields.fields, fields.types, fields.instance_class.__name__)

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        slots = ir.ArrayType(ir.IntType(8 * _SLOT), len(kind.fields))
        block = builder.bitcast(cgutils.alloca_once(builder, slots), ir.IntType(8).as_pointer())
        for index, field in enumerate(kind.types):
            if not isinstance(field, types.NoneType):
                model = context.data_model_manager[field]
                value = model.as_data(builder, builder.extract_value(args[0], index))
                builder.store(value, _place(builder, block, index, value.type))
        # No instruction, but one that LLVM does not see through: else it might take the stores for
        # needless, since all loads say that what they load never changes.
        unseen = ir.FunctionType(block.type, [block.type])
        return builder.asm(unseen, "", "=r,0,~{memory}", [block], True, name="pinned")

    return kind(fields), generate
