"""Activations, on ordinary values and on values up to +-1e4 (and zero) that overflow careless formulas."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from .store import GoldenFile, Values

# Name: (operation, options, function).
ACTIVATIONS: dict[str, tuple[str, dict[str, Any], Callable[[torch.Tensor], torch.Tensor]]] = {
    "relu": ("relu", {}, F.relu),
    "sigmoid": ("sigmoid", {}, torch.sigmoid),
    "tanh": ("tanh", {}, torch.tanh),
    "leaky_relu": ("leaky_relu", {"negative_slope": 0.2}, lambda x: F.leaky_relu(x, 0.2)),
    "elu": ("elu", {"alpha": 0.7}, lambda x: F.elu(x, 0.7)),
    "softplus": ("softplus", {"beta": 1.0, "threshold": 20.0}, F.softplus),
    "softplus_beta_2": ("softplus", {"beta": 2.0, "threshold": 20.0}, lambda x: F.softplus(x, beta=2.0)),
    "gelu": ("gelu", {"approximate": "none"}, F.gelu),
    "gelu_tanh": ("gelu", {"approximate": "tanh"}, lambda x: F.gelu(x, approximate="tanh")),
    "silu": ("silu", {}, F.silu),
    "selu": ("selu", {}, F.selu),
    "relu6": ("relu6", {}, F.relu6),
    "hardtanh": ("hardtanh", {"min_val": -0.6, "max_val": 1.3}, lambda x: F.hardtanh(x, -0.6, 1.3)),
    "hardsigmoid": ("hardsigmoid", {}, F.hardsigmoid),
    "hardswish": ("hardswish", {}, F.hardswish),
    "softsign": ("softsign", {}, F.softsign),
    "mish": ("mish", {}, F.mish),
    "logsigmoid": ("logsigmoid", {}, F.logsigmoid),
}

EXTREME = np.array(
    [-1e4, -1e3, -104.0, -88.5, -40.0, -20.5, -9.0, -1e-4, -1e-30, 0.0, 1e-30, 1e-4, 9.0, 20.5, 40.0, 88.5, 104.0,
     1e3, 1e4], dtype=np.float32).astype(np.float64)

EXTREME_ROWS = np.array(
    [[1e4, -1e4, 0.0], [1e4, 1e4, 9999.0], [-1e4, -1e4, -1e4], [88.0, 89.0, 90.0], [-104.0, 0.0, 1e-4]],
    dtype=np.float32).astype(np.float64)


def build(dtype: torch.dtype) -> GoldenFile:
    """All activation cases in `dtype`."""
    file = GoldenFile(dtype)
    for name, (operation, options, function) in ACTIVATIONS.items():
        forward = as_input(function)
        file.add(name, operation, forward, {"input": Values(name).normal(3, 5, 3, scale=2.0)}, options=options)
        file.add(f"{name}_extreme", operation, forward, {"input": EXTREME}, options=options)
    file.add("prelu", "prelu", F.prelu, {"input": Values("prelu").normal(2, 3, 5)},
             parameters={"weight": Values("prelu/weight").uniform(3, low=0.1, high=0.4)})
    for operation, function in (("softmax", torch.softmax), ("log_softmax", torch.log_softmax)):
        add_softmax(file, operation, function)
    return file


def as_input(function: Callable[[torch.Tensor], torch.Tensor]) -> Callable[..., torch.Tensor]:
    """`function` of an argument called `input`."""
    return lambda input: function(input)


def add_softmax(file: GoldenFile, operation: str, function: Callable[..., torch.Tensor]) -> None:
    """Along the first, a middle and the last axis, and on large values."""
    for dim in (0, 1, -1):
        name = f"{operation}_dim{'_last' if dim == -1 else dim}"
        file.add(name, operation, lambda input, dim=dim: function(input, dim),
                 {"input": Values(name).normal(3, 5, 7, scale=2.0)}, options={"dim": dim})
    file.add(f"{operation}_one_class", operation, lambda input: function(input, -1),
             {"input": Values(operation).normal(4, 1)}, options={"dim": -1})
    file.add(f"{operation}_extreme", operation, lambda input: function(input, -1), {"input": EXTREME_ROWS},
             options={"dim": -1})
