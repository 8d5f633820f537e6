"""Derivatives of derivatives."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F

from .store import GoldenFile, Values


def build(dtype: torch.dtype) -> GoldenFile:
    """All higher-order cases in `dtype`."""
    file = GoldenFile(dtype)
    add_derivatives(file, "tanh", torch.tanh, Values("d/tanh").normal(3, 5))
    add_derivatives(file, "exp", torch.exp, Values("d/exp").normal(3, 5))
    add_derivatives(file, "sigmoid", torch.sigmoid, Values("d/sigmoid").normal(3, 5))
    add_derivatives(file, "log", torch.log, Values("d/log").uniform(3, 5, low=0.2, high=3))
    add_derivatives(file, "sqrt", torch.sqrt, Values("d/sqrt").uniform(3, 5, low=0.2, high=3))
    add_derivatives(file, "pow_2.5", lambda x: x.pow(2.5), Values("d/pow").uniform(3, 5, low=0.2, high=3), exponent=2.5)
    add_derivatives(file, "softplus", F.softplus, Values("d/softplus").normal(3, 5))
    add_conv_penalties(file)
    add_penalty(file, "penalty_linear", "linear", F.linear, {"input": (4, 5), "weight": (3, 5), "bias": (3,)}, {})
    add_penalty(file, "penalty_softmax", "softmax", lambda input: torch.softmax(input, -1),
                {"input": (4, 5)}, {"dim": -1})
    add_penalty(file, "penalty_batch_norm", "batch_norm",
                lambda input, weight, bias: F.batch_norm(input, None, None, weight, bias, True, eps=1e-3),
                {"input": (3, 2, 3, 2), "weight": (2,), "bias": (2,)}, {"eps": 1e-3, "training": True})
    add_penalty(file, "penalty_avg_pool2d", "avg_pool2d", lambda input: F.avg_pool2d(input, (3, 2), (2, 1), (1, 0)),
                {"input": (2, 2, 6, 5)}, {"kernel_size": [3, 2], "stride": [2, 1], "padding": [1, 0]})
    add_penalty(file, "penalty_max_pool2d", "max_pool2d", lambda input: F.max_pool2d(input, (3, 2), (2, 1), (1, 0)),
                {"input": (2, 2, 6, 5)}, {"kernel_size": [3, 2], "stride": [2, 1], "padding": [1, 0]})
    return file


def add_derivatives(
    file: GoldenFile, operation: str, function: Callable[[torch.Tensor], torch.Tensor], x: np.ndarray, **options: float
) -> None:
    """f(x) and its first, second and third derivative, elementwise."""
    name = f"derivatives_{operation}"
    point = file.tensor(x).requires_grad_()
    value = function(point)
    file.store(f"{name}/x", point)
    file.store(f"{name}/output", value)
    orders = ["first", "second", "third"]
    for order in orders:
        (value,) = torch.autograd.grad(value.sum(), point, create_graph=True)
        file.store(f"{name}/{order}", value)
    file.describe(name, operation.split("_")[0], options, inputs=["x"], outputs=["output", *orders])


def add_conv_penalties(file: GoldenFile) -> None:
    """Small convolutions, plain and with every option."""
    plain = dict(stride=[1, 1], padding=[0, 0], dilation=[1, 1], groups=1)
    options = dict(stride=[2, 1], padding=[1, 2], dilation=[1, 2], groups=2)
    for name, geometry, shapes in (
        ("penalty_conv2d", plain, {"input": (2, 2, 4, 5), "weight": (3, 2, 2, 3), "bias": (3,)}),
        ("penalty_conv2d_options", options, {"input": (2, 4, 5, 4), "weight": (4, 2, 3, 2), "bias": (4,)}),
    ):
        add_penalty(file, name, "conv2d", lambda g=geometry, **tensors: F.conv2d(**tensors, **g), shapes, geometry)


def add_penalty(
    file: GoldenFile, name: str, operation: str, function: Callable[..., torch.Tensor],
    shapes: dict[str, tuple[int, ...]], options: dict,
) -> None:
    """A gradient penalty: S = sum over all tensors t of |dL/dt|^2, where L = sum(sin(f(...)) * coefficients).

    Stores `loss` (L), `penalty` (S), `first.<t>` = dL/dt and `second.<t>` = dS/dt.
    """
    values = Values(name)
    tensors = {key: file.tensor(values.normal(*shape, scale=0.7)).requires_grad_() for key, shape in shapes.items()}
    output = function(**tensors)
    coefficients = file.tensor(values.normal(*output.shape))
    loss = (torch.sin(output) * coefficients).sum()
    first = torch.autograd.grad(loss, list(tensors.values()), create_graph=True)
    penalty = sum((gradient.square().sum() for gradient in first), start=torch.zeros((), dtype=file.dtype))
    second = torch.autograd.grad(penalty, list(tensors.values()))
    stored = {**tensors, "coefficients": coefficients, "loss": loss, "penalty": penalty}
    stored |= {f"first.{key}": value for key, value in zip(tensors, first, strict=True)}
    stored |= {f"second.{key}": value for key, value in zip(tensors, second, strict=True)}
    for key, tensor in stored.items():
        file.store(f"{name}/{key}", tensor)
    file.describe(name, operation, options, inputs=list(tensors), outputs=["loss", "penalty"], gradients=list(tensors))
