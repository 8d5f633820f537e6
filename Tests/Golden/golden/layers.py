"""Layers: dense, convolution, pooling, batch normalisation."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from .store import GoldenFile, Values

# Every case: input shape, output channels, kernel, options, bias.
CONVOLUTIONS: dict[str, dict[str, Any]] = {
    "plain": dict(input=(2, 3, 7, 6), out=4, kernel=(3, 3)),
    "one_input_channel_5x5": dict(input=(3, 1, 11, 9), out=6, kernel=(5, 5), padding=(2, 2)),
    "stride_padding_dilation_groups": dict(
        input=(2, 4, 9, 11), out=6, kernel=(3, 2), stride=(2, 1), padding=(1, 2), dilation=(1, 2), groups=2),
    "depthwise": dict(input=(2, 5, 7, 7), out=5, kernel=(3, 3), padding=(1, 1), groups=5),
    "depthwise_multiplier_2_stride_2": dict(
        input=(3, 3, 8, 7), out=6, kernel=(3, 3), stride=(2, 2), padding=(1, 0), groups=3),
    "pointwise": dict(input=(3, 5, 4, 7), out=7, kernel=(1, 1)),
    "pointwise_stride_2": dict(input=(2, 3, 5, 7), out=4, kernel=(1, 1), stride=(2, 2)),
    "batch_one": dict(input=(1, 3, 8, 5), out=5, kernel=(3, 3), stride=(1, 2), padding=(1, 1)),
    "no_bias": dict(input=(2, 3, 6, 7), out=5, kernel=(2, 3), padding=(0, 1), bias=False),
    "groups_no_bias": dict(input=(2, 6, 5, 6), out=9, kernel=(3, 3), padding=(1, 1), groups=3, bias=False),
    "dilation_2_3": dict(input=(1, 2, 10, 12), out=3, kernel=(3, 3), padding=(2, 1), dilation=(2, 3)),
    "kernel_covers_input": dict(input=(4, 3, 4, 5), out=7, kernel=(4, 5)),
    "padding_wider_than_needed": dict(input=(2, 2, 3, 4), out=3, kernel=(2, 2), stride=(3, 2), padding=(1, 1)),
    "blocked_channels": dict(input=(2, 16, 7, 6), out=8, kernel=(3, 3), padding=(1, 1)),
    "odd_channels": dict(input=(2, 9, 5, 6), out=11, kernel=(3, 3), padding=(1, 1)),
}

MAX_POOLS: dict[str, dict[str, Any]] = {
    "plain_2": dict(input=(2, 3, 7, 6), kernel_size=[2, 2], stride=[2, 2], padding=[0, 0], ceil_mode=False),
    "overlapping": dict(input=(2, 3, 9, 7), kernel_size=[3, 2], stride=[2, 1], padding=[1, 0], ceil_mode=False),
    "overlapping_ceil": dict(input=(1, 2, 8, 7), kernel_size=[3, 2], stride=[2, 3], padding=[1, 0], ceil_mode=True),
    "ties": dict(input=(2, 2, 7, 6), kernel_size=[3, 2], stride=[2, 1], padding=[1, 0], ceil_mode=False),
    "ties_ceil": dict(input=(1, 3, 6, 6), kernel_size=[3, 3], stride=[2, 2], padding=[1, 1], ceil_mode=True),
    "dilation": dict(
        input=(1, 2, 9, 8), kernel_size=[2, 3], stride=[2, 1], padding=[1, 1], ceil_mode=False, dilation=[3, 2]),
}

AVERAGE_POOLS: dict[str, dict[str, Any]] = {
    "plain_2": dict(input=(2, 3, 7, 6), kernel_size=[2, 2], stride=[2, 2], padding=[0, 0]),
    "padding_counted": dict(input=(2, 3, 9, 7), kernel_size=[3, 2], stride=[2, 1], padding=[1, 1]),
    "padding_not_counted": dict(
        input=(2, 3, 9, 7), kernel_size=[3, 2], stride=[2, 1], padding=[1, 1], count_include_pad=False),
    "ceil_counted": dict(input=(1, 2, 8, 7), kernel_size=[3, 2], stride=[2, 3], padding=[1, 0], ceil_mode=True),
    "ceil_not_counted": dict(
        input=(1, 2, 8, 7), kernel_size=[3, 2], stride=[2, 3], padding=[1, 0], ceil_mode=True,
        count_include_pad=False),
    "whole": dict(input=(3, 4, 5, 7), kernel_size=[5, 7], stride=[1, 1], padding=[0, 0]),
}

NORMALISED_SHAPES: dict[str, tuple[int, ...]] = {
    "batch_norm1d": (7, 5), "batch_norm1d_length": (3, 4, 5), "batch_norm2d": (3, 4, 5, 3),
}


def build(dtype: torch.dtype) -> GoldenFile:
    """Dense layers and batch normalisation."""
    file = GoldenFile(dtype)
    add_linear(file)
    for name, shape in NORMALISED_SHAPES.items():
        for training in (True, False):
            for affine in (True, False):
                add_batch_norm(file, name, shape, training=training, affine=affine)
    return file


def build_convolution(dtype: torch.dtype) -> GoldenFile:
    """Convolutions."""
    file = GoldenFile(dtype)
    for name, case in CONVOLUTIONS.items():
        add_convolution(file, f"conv2d_{name}", **case)
    return file


def build_pooling(dtype: torch.dtype) -> GoldenFile:
    """Max and average pooling."""
    file = GoldenFile(dtype)
    for name, case in MAX_POOLS.items():
        add_max_pool(file, f"max_pool2d_{name}", **case)
    for name, case in AVERAGE_POOLS.items():
        add_average_pool(file, f"avg_pool2d_{name}", **case)
    return file


def add_linear(file: GoldenFile) -> None:
    """x W^T + b, with and without bias, and with leading axes."""
    for name, shape, bias in (("linear", (5, 7), True), ("linear_no_bias", (3, 9), False),
                              ("linear_leading_axes", (2, 3, 7), True), ("linear_batch_one", (1, 6), True)):
        values = Values(name)
        parameters = {"weight": values.normal(4, shape[-1], scale=0.5)}
        if bias:
            parameters["bias"] = values.normal(4)
        options = {"in_features": shape[-1], "out_features": 4, "bias": bias}
        file.add(name, "linear", F.linear, {"input": values.normal(*shape)}, parameters=parameters, options=options)


def add_convolution(
    file: GoldenFile, name: str, input: tuple[int, ...], out: int, kernel: tuple[int, int],
    stride: tuple[int, int] = (1, 1), padding: tuple[int, int] = (0, 0), dilation: tuple[int, int] = (1, 1),
    groups: int = 1, bias: bool = True,
) -> None:
    """One 2-D convolution, input NCHW, weight OIHW."""
    values = Values(name)
    geometry = dict(stride=list(stride), padding=list(padding), dilation=list(dilation), groups=groups)
    parameters = {"weight": values.normal(out, input[1] // groups, *kernel, scale=0.4)}
    if bias:
        parameters["bias"] = values.normal(out)

    def convolve(input: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None = None) -> torch.Tensor:
        return F.conv2d(input, weight, bias, **geometry)

    options = dict(geometry, in_channels=input[1], out_channels=out, kernel_size=list(kernel), bias=bias)
    file.add(name, "conv2d", convolve, {"input": values.normal(*input)}, parameters=parameters, options=options)


def add_max_pool(file: GoldenFile, name: str, input: tuple[int, ...], **options: Any) -> None:
    """One 2-D max pooling; "ties" inputs hold few different values (the first maximum gets the gradient)."""
    values = Values(name)
    options.setdefault("dilation", [1, 1])
    x = values.integers(*input, low=-2, high=2).astype(np.float64) if "ties" in name else values.distinct(*input)
    file.add(name, "max_pool2d", lambda input: F.max_pool2d(input, **options), {"input": x}, options=options)


def add_average_pool(file: GoldenFile, name: str, input: tuple[int, ...], **options: Any) -> None:
    """One 2-D average pooling."""
    options = {"ceil_mode": False, "count_include_pad": True, **options}
    x = Values(name).normal(*input)
    file.add(name, "avg_pool2d", lambda input: F.avg_pool2d(input, **options), {"input": x}, options=options)


def add_batch_norm(file: GoldenFile, layer: str, shape: tuple[int, ...], *, training: bool, affine: bool) -> None:
    """Batch normalisation over axis 1; stores the running statistics before and after.

    The running variance takes the unbiased estimate, the output the biased one, as in PyTorch.
    """
    name = f"{layer}_{'train' if training else 'eval'}{'' if affine else '_no_affine'}"
    values = Values(name)
    channels = shape[1]
    inputs = {
        "input": values.normal(*shape, scale=1.7, shift=0.6),
        "running_mean": values.normal(channels),
        "running_var": values.uniform(channels, low=0.5, high=2.5),
    }
    parameters = {"weight": values.normal(channels, shift=1), "bias": values.normal(channels)} if affine else {}
    options = {"num_features": channels, "eps": 1e-3, "momentum": 0.3, "training": training, "affine": affine}

    def normalise(
        input: torch.Tensor, running_mean: torch.Tensor, running_var: torch.Tensor,
        weight: torch.Tensor | None = None, bias: torch.Tensor | None = None,
    ) -> dict[str, torch.Tensor]:
        mean, variance = running_mean.detach().clone(), running_var.detach().clone()
        output = F.batch_norm(input, mean, variance, weight, bias, training, momentum=0.3, eps=1e-3)
        return {"output": output, "new_running_mean": mean, "new_running_var": variance}

    file.add(name, "batch_norm", normalise, inputs, parameters=parameters,
             constants=("running_mean", "running_var"), options=options)
