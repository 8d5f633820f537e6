"""Tensor operations: arithmetic with broadcasting, reductions, matrix products, selection, arrangement."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from .store import GoldenFile, Outputs, Values


def build(dtype: torch.dtype) -> GoldenFile:
    """Elementwise functions, arithmetic, comparison, arrangement, indexing, ordering."""
    file = GoldenFile(dtype)
    for add in (add_unary, add_binary, add_comparisons, add_arrangement, add_indexing, add_ordering):
        add(file)
    return file


def build_reductions(dtype: torch.dtype) -> GoldenFile:
    """Matrix products and reductions."""
    file = GoldenFile(dtype)
    add_matmul(file)
    add_reductions(file)
    return file


def one(
    file: GoldenFile, name: str, operation: str, function: Callable[..., Outputs], x: np.ndarray, **options: Any
) -> None:
    """A case of one argument, x."""
    file.add(name, operation, lambda x: function(x), {"x": x}, options=options)


def add_unary(file: GoldenFile) -> None:
    """Elementwise functions on the part of the line where they are defined."""
    everywhere = {
        "exp": torch.exp, "neg": torch.neg, "abs": torch.abs, "square": torch.square, "sin": torch.sin,
        "cos": torch.cos, "tan": torch.tan, "atan": torch.atan, "sinh": torch.sinh, "cosh": torch.cosh,
        "erf": torch.erf, "expm1": torch.expm1, "reciprocal": torch.reciprocal, "sign": torch.sign,
        "floor": torch.floor, "ceil": torch.ceil, "round": torch.round,
    }
    positive = {"log": torch.log, "log1p": torch.log1p, "log2": torch.log2, "sqrt": torch.sqrt, "rsqrt": torch.rsqrt}
    for operation, function in everywhere.items():
        one(file, operation, operation, function, Values(operation).normal(3, 5))
    for operation, function in positive.items():
        one(file, operation, operation, function, Values(operation).uniform(3, 5, low=0.05, high=4))
    one(file, "round_half_to_even", "round", torch.round, np.array([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5]))
    one(file, "clamp", "clamp", lambda x: x.clamp(-0.5, 0.75), Values("clamp").normal(4, 5), min=-0.5, max=0.75)
    one(file, "clamp_min", "clamp", lambda x: x.clamp(min=0.2), Values("clamp_min").normal(4, 5), min=0.2)
    one(file, "clamp_at_bounds", "clamp", lambda x: x.clamp(-0.5, 0.75),
        np.array([-1.0, -0.5, 0.0, 0.75, 2.0]), min=-0.5, max=0.75)
    one(file, "pow_scalar_3", "pow_scalar", lambda x: x.pow(3), Values("pow_scalar_3").normal(3, 4), exponent=3)
    one(file, "pow_scalar_fraction", "pow_scalar", lambda x: x.pow(1.7),
        Values("pow_scalar_fraction").uniform(3, 4, low=0.1, high=3), exponent=1.7)
    one(file, "pow_scalar_minus_2", "pow_scalar", lambda x: x.pow(-2),
        Values("pow_scalar_minus_2").uniform(3, 4, low=0.3, high=3), exponent=-2)


def add_binary(file: GoldenFile) -> None:
    """Arithmetic with every kind of broadcasting."""
    shapes = {
        "same": ((3, 5), (3, 5)), "row": ((3, 5), (5,)), "column": ((3, 5), (3, 1)), "outer": ((4, 1), (1, 3)),
        "scalar": ((2, 3), ()), "left_scalar": ((), (2, 3)), "ranks": ((2, 1, 4, 3), (5, 1, 3)),
    }
    functions = {
        "add": torch.add, "sub": torch.sub, "mul": torch.mul, "div": torch.div, "pow": torch.pow,
        "maximum": torch.maximum, "minimum": torch.minimum, "atan2": torch.atan2,
    }
    for operation, function in functions.items():
        for label, (left, right) in shapes.items():
            if operation in ("maximum", "minimum", "atan2") and label not in ("same", "ranks"):
                continue
            name = f"{operation}_{label}"
            values = Values(name)
            x = values.uniform(*left, low=0.3, high=2.5) if operation == "pow" else values.normal(*left)
            y = values.normal(*right)
            if operation == "div":
                y = np.sign(y) * (0.4 + np.abs(y)).astype(np.float32)
            file.add(name, operation, lambda x, y, f=function: f(x, y), {"x": x, "y": y})
    for operation, function in (("remainder", torch.remainder), ("floor_divide", torch.floor_divide)):
        values = Values(operation)
        file.add(operation, operation, lambda x, y, f=function: f(x, y),
                 {"x": values.integers(4, 5, low=-9, high=9), "y": np.array([-4, -3, 2, 3, 5])})


def add_comparisons(file: GoldenFile) -> None:
    """Comparisons (with ties and broadcasting), logic, and selection by a condition."""
    for operation in ("eq", "ne", "lt", "le", "gt", "ge"):
        values = Values(operation)
        x, y = values.integers(4, 5, high=4), values.integers(5, high=4)
        file.add(operation, operation, lambda x, y, f=getattr(torch, operation): f(x, y),
                 {"x": x.astype(np.float64), "y": y.astype(np.float64)})
    for operation in ("logical_and", "logical_or", "logical_xor"):
        values = Values(operation)
        file.add(operation, operation, lambda x, y, f=getattr(torch, operation): f(x, y),
                 {"x": values.mask(4, 5), "y": values.mask(5)})
    file.add("logical_not", "logical_not", lambda x: torch.logical_not(x), {"x": Values("logical_not").mask(3, 4)})
    for name, shapes in {"where": ((4, 5), (4, 5), (4, 5)), "where_broadcast": ((4, 1), (5,), (2, 1, 1))}.items():
        values = Values(name)
        file.add(name, "where", lambda condition, x, y: torch.where(condition, x, y),
                 {"condition": values.mask(*shapes[0]), "x": values.normal(*shapes[1]), "y": values.normal(*shapes[2])})
    x = np.array([[1.0, np.inf, -np.inf], [np.nan, 0.0, -2.0]])
    file.add("isnan", "isnan", lambda x: torch.isnan(x), {"x": x})
    file.add("isfinite", "isfinite", lambda x: torch.isfinite(x), {"x": x})


def add_matmul(file: GoldenFile) -> None:
    """Matrix products by numpy's rules: vectors, batches, broadcast batches."""
    shapes = {
        "matrices": ((3, 5), (5, 4)), "vector_vector": ((5,), (5,)), "matrix_vector": ((3, 5), (5,)),
        "vector_matrix": ((5,), (5, 4)), "batched": ((3, 2, 5), (3, 5, 4)), "batch_matrix": ((3, 2, 5), (5, 4)),
        "matrix_batch": ((2, 5), (3, 5, 4)), "broadcast_batch": ((2, 1, 3, 5), (4, 5, 2)),
        "batch_vector": ((2, 3, 5), (5,)), "vector_batch": ((5,), (2, 5, 3)), "ones": ((1, 1), (1, 1)),
    }
    for label, (left, right) in shapes.items():
        name = f"matmul_{label}"
        values = Values(name)
        file.add(name, "matmul", lambda x, y: torch.matmul(x, y),
                 {"x": values.normal(*left), "y": values.normal(*right)})


def add_reductions(file: GoldenFile) -> None:
    """Reductions over one, several and all axes, keeping them or not."""
    axes: dict[str, tuple[list[int] | None, bool]] = {
        "all": (None, False), "0": ([0], False), "1_keep": ([1], True), "last": ([-1], False),
        "0_2": ([0, 2], False), "0_1_keep": ([0, 1], True),
    }
    functions: dict[str, Callable[..., torch.Tensor]] = {
        "sum": lambda x, d, k: torch.sum(x, dim=d, keepdim=k),
        "mean": lambda x, d, k: torch.mean(x, dim=d, keepdim=k),
        "max": lambda x, d, k: torch.amax(x, dim=d or (), keepdim=k),
        "min": lambda x, d, k: torch.amin(x, dim=d or (), keepdim=k),
        "var": lambda x, d, k: torch.var(x, dim=d, correction=0, keepdim=k),
        "var_unbiased": lambda x, d, k: torch.var(x, dim=d, correction=1, keepdim=k),
        "std_unbiased": lambda x, d, k: torch.std(x, dim=d, correction=1, keepdim=k),
        "logsumexp": lambda x, d, k: torch.logsumexp(x, dim=d or (0, 1, 2), keepdim=k),
        "norm": lambda x, d, k: torch.linalg.vector_norm(x, dim=d, keepdim=k),
    }
    for operation, function in functions.items():
        for label, (dims, keep) in axes.items():
            name = f"{operation}_{label}"
            values = Values(name)
            x = values.distinct(3, 4, 5, spread=0.1) if operation in ("max", "min") else values.normal(3, 4, 5)
            one(file, name, operation, lambda x, f=function, d=dims, k=keep: f(x, d, k), x, dim=dims, keepdim=keep)
    for label, (dim, keep) in {"0": (0, False), "1_keep": (1, True), "last": (-1, False)}.items():
        one(file, f"prod_{label}", "prod", lambda x, d=dim, k=keep: torch.prod(x, d, k),
            Values(f"prod_{label}").normal(3, 4, 5), dim=[dim], keepdim=keep)
    one(file, "prod_with_zeros", "prod", lambda x: torch.prod(x, 1),
        np.array([[2.0, 0.0, 3.0], [0.0, 0.0, 5.0], [1.5, -2.0, 4.0]]), dim=[1], keepdim=False)
    one(file, "max_ties_shared", "max", lambda x: torch.amax(x, 1),
        np.array([[2.0, 5.0, 5.0, 1.0], [3.0, 3.0, 3.0, 3.0]]), dim=[1], keepdim=False, ties="shared evenly")
    one(file, "logsumexp_extreme", "logsumexp", lambda x: torch.logsumexp(x, -1),
        np.array([[1e4, -1e4, 0.0], [88.0, 89.0, 90.0], [-104.0, -103.0, -105.0]]), dim=[-1], keepdim=False)
    for operation in ("any", "all"):
        file.add(operation, operation, lambda x, f=getattr(torch, operation): f(x, 1),
                 {"x": Values(operation).mask(7, 2)}, options={"dim": [1], "keepdim": False})


def add_arrangement(file: GoldenFile) -> None:
    """What moves elements without arithmetic."""
    x = Values("arrangement").normal(3, 4, 5)
    one(file, "permute", "permute", lambda x: x.permute(2, 0, 1), x, dims=[2, 0, 1])
    one(file, "transpose", "transpose", lambda x: x.transpose(0, -1), x, dim0=0, dim1=-1)
    one(file, "reshape", "reshape", lambda x: x.reshape(5, -1, 6), x, shape=[5, -1, 6])
    one(file, "permute_then_reshape", "permute_reshape", lambda x: x.permute(2, 0, 1).reshape(6, 10), x,
        dims=[2, 0, 1], shape=[6, 10])
    one(file, "flatten", "flatten", lambda x: x.flatten(1), x, start_dim=1)
    one(file, "expand", "expand", lambda x: x.expand(2, 3, 4, 5), x, shape=[2, 3, 4, 5])
    one(file, "slice", "slice", lambda x: x[1:3, :, 2:5], x, start=[1, 0, 2], stop=[3, 4, 5], step=[1, 1, 1])
    one(file, "slice_steps", "slice", lambda x: x[::2, 1::2, 0:5:3], x, start=[0, 1, 0], stop=[3, 4, 5], step=[2, 2, 3])
    one(file, "select", "select", lambda x: x.select(1, 2), x, dim=1, index=2)
    one(file, "flip", "flip", lambda x: x.flip(0, 2), x, dims=[0, 2])
    one(file, "roll", "roll", lambda x: x.roll(2, 1), x, shift=2, dim=1)
    one(file, "repeat", "repeat", lambda x: x.repeat(2, 1, 3), x, repeats=[2, 1, 3])
    one(file, "squeeze_unsqueeze", "unsqueeze", lambda x: x.unsqueeze(1), x, dim=1)
    one(file, "pad", "pad", lambda x: F.pad(x, (1, 2, 0, 3), value=0.5), x,
        before=[0, 0, 1], after=[0, 3, 2], value=0.5)
    one(file, "triu", "triu", lambda x: x.triu(1), x, diagonal=1)
    one(file, "tril", "tril", lambda x: x.tril(-1), x, diagonal=-1)
    values = Values("cat")
    file.add("cat", "cat", lambda x, y, z: torch.cat([x, y, z], 1),
             {"x": values.normal(3, 2, 4), "y": values.normal(3, 1, 4), "z": values.normal(3, 5, 4)},
             options={"dim": 1})
    file.add("stack", "stack", lambda x, y: torch.stack([x, y], 1),
             {"x": values.normal(3, 4), "y": values.normal(3, 4)}, options={"dim": 1})
    one(file, "split", "split", lambda x: {f"output{i}": part for i, part in enumerate(x.split([1, 3], 1))}, x,
        sizes=[1, 3], dim=1)


def add_indexing(file: GoldenFile) -> None:
    """Reading and adding at indices, with repeats."""
    values = Values("indexing")
    x = values.normal(4, 5, 3)
    file.add("gather", "gather", lambda x, index: x.gather(1, index),
             {"x": x, "index": values.integers(4, 7, 3, high=5)}, options={"dim": 1})
    file.add("gather_0", "gather", lambda x, index: x.gather(0, index),
             {"x": x, "index": values.integers(6, 5, 3, high=4)}, options={"dim": 0})
    file.add("scatter_add", "scatter_add", lambda x, source, index: x.scatter_add(1, index, source),
             {"x": x, "source": values.normal(4, 7, 3), "index": values.integers(4, 7, 3, high=5)}, options={"dim": 1})
    for dim, size in ((0, 4), (1, 5)):
        file.add(f"index_select_{dim}", "index_select", lambda x, index, d=dim: x.index_select(d, index),
                 {"x": x, "index": values.integers(7, high=size)}, options={"dim": dim})
    file.add("index_add", "index_add", lambda x, source, index: x.index_add(0, index, source),
             {"x": x, "source": values.normal(6, 5, 3), "index": values.integers(6, high=4)}, options={"dim": 0})
    file.add("embedding", "embedding", lambda weight, index: F.embedding(index, weight),
             {"index": values.integers(3, 4, high=6)}, parameters={"weight": values.normal(6, 5)})
    file.add("one_hot", "one_hot", lambda index: F.one_hot(index, 7), {"index": values.integers(3, 4, high=7)},
             options={"num_classes": 7})


def add_ordering(file: GoldenFile) -> None:
    """Positions of extremes, sorting, running sums; no ties except where the name says so."""
    x = Values("ordering").distinct(3, 7, 4)
    for dim in (0, 1, -1):
        label = "last" if dim == -1 else dim
        for operation in ("argmax", "argmin"):
            file.add(f"{operation}_{label}", operation, lambda x, f=getattr(torch, operation), d=dim: f(x, d),
                     {"x": x}, options={"dim": dim, "keepdim": False})
        one(file, f"cumsum_{label}", "cumsum", lambda x, d=dim: x.cumsum(d),
            Values(f"cumsum_{dim}").normal(3, 7, 4), dim=dim)
    file.add("argmax_ties_first", "argmax", lambda x: torch.argmax(x, 1),
             {"x": np.array([[2.0, 5.0, 5.0, 1.0], [3.0, 3.0, 3.0, 3.0]])}, options={"dim": 1, "keepdim": False})
    one(file, "cumprod", "cumprod", lambda x: x.cumprod(1), Values("cumprod").uniform(3, 5, low=0.5, high=1.5), dim=1)
    for descending in (False, True):
        one(file, f"sort_{'descending' if descending else 'ascending'}", "sort",
            lambda x, d=descending: pair(x.sort(1, descending=d)), x, dim=1, descending=descending)
    one(file, "topk_largest", "topk", lambda x: pair(x.topk(3, 1)), x, k=3, dim=1, largest=True)
    one(file, "topk_smallest", "topk", lambda x: pair(x.topk(2, -1, largest=False)), x, k=2, dim=-1, largest=False)


def pair(result: Any) -> dict[str, torch.Tensor]:
    """Sorted values and where they came from."""
    return {"output": result.values, "indices": result.indices}
