"""Activations and settings beyond those of activations.py, on ordinary values and on values up to +-1e4."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F

from .activations import EXTREME, as_input
from .store import GoldenFile, Values

# Name: (operation, options, function).
ACTIVATIONS: dict[str, tuple[str, dict[str, Any], Callable[[torch.Tensor], torch.Tensor]]] = {
    "identity": ("identity", {}, lambda x: x * 1),
    "arctan": ("arctan", {}, torch.arctan),
    "leaky_relu_default": ("leaky_relu", {"negative_slope": 0.01}, F.leaky_relu),
    "elu_default": ("elu", {"alpha": 1.0}, F.elu),
    # PyTorch rounds celu's alpha to single precision in the gradient; 3/4 is exact.
    "celu": ("celu", {"alpha": 0.75}, lambda x: F.celu(x, 0.75)),
    "softplus_beta_half": (
        "softplus", {"beta": 0.5, "threshold": 3.1}, lambda x: F.softplus(x, beta=0.5, threshold=3.1)),
    "hardshrink": ("hardshrink", {"lambd": 0.8}, lambda x: F.hardshrink(x, 0.8)),
    "softshrink": ("softshrink", {"lambd": 0.8}, lambda x: F.softshrink(x, 0.8)),
    "tanhshrink": ("tanhshrink", {}, F.tanhshrink),
    "threshold": ("threshold", {"threshold": 0.4, "value": -2.5}, lambda x: F.threshold(x, 0.4, -2.5)),
    "softmin": ("softmin", {"dim": -1}, lambda x: F.softmin(x, -1)),
    "rrelu_inference": (
        "rrelu", {"lower": 0.1, "upper": 0.4}, lambda x: F.rrelu(x, 0.1, 0.4, training=False)),
}


def build(dtype: torch.dtype) -> GoldenFile:
    """All further activation cases in `dtype`."""
    file = GoldenFile(dtype)
    for name, (operation, options, function) in ACTIVATIONS.items():
        forward = as_input(function)
        file.add(name, operation, forward, {"input": Values(name).normal(3, 5, 3, scale=2.0)}, options=options)
        file.add(f"{name}_extreme", operation, forward, {"input": EXTREME}, options=options)
    for name, shape, slopes in (("prelu_shared", (4, 3), 1), ("prelu_channels", (2, 3, 4, 2), 3),
                                ("prelu_features", (5, 6), 6)):
        values = Values(name)
        file.add(name, "prelu", F.prelu, {"input": values.normal(*shape, scale=2.0)},
                 parameters={"weight": values.uniform(slopes, low=-0.2, high=0.6)},
                 options={"num_parameters": slopes})
    # 1 where x >= 0.3; PyTorch's heaviside takes the value at the step as an argument.
    file.add("hard_threshold", "hard_threshold",
             lambda input: torch.heaviside(input - 0.25, torch.ones((), dtype=dtype)),
             {"input": torch.tensor([-3.0, -0.25, 0.0, 0.125, 0.25, 0.375, 4.0]).double().numpy()},
             constants=["input"], options={"threshold": 0.25})
    return file
