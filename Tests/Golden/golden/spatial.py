"""Operations of convolutional networks beside 2-D convolution and plain pooling."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from . import layers
from .store import GoldenFile, Values

# Every case: input shape and output size.
ADAPTIVE: dict[str, tuple[tuple[int, ...], list[int]]] = {
    "divides": ((2, 3, 6, 8), [3, 2]), "overlapping_but_regular": ((1, 2, 3, 7), [2, 6]),
    "irregular": ((2, 3, 7, 5), [3, 4]), "one_axis_irregular": ((2, 2, 6, 7), [2, 5]), "larger": ((2, 2, 3, 4), [5, 6]),
    "multiples": ((1, 2, 2, 3), [4, 6]), "from_one_pixel": ((2, 3, 1, 1), [2, 3]), "same": ((1, 2, 4, 3), [4, 3]),
    "to_one": ((2, 9, 5, 3), [1, 1]), "alexnet": ((1, 2, 13, 9), [6, 6]),
}

# Every case: input shape, output channels, kernel, options, bias.
TRANSPOSED: dict[str, dict[str, Any]] = {
    "plain": dict(input=(2, 3, 4, 5), out=2, kernel=[3, 2]),
    "unet_up": dict(input=(2, 8, 3, 4), out=16, kernel=[2, 2], stride=[2, 2]),
    "overlapping": dict(input=(1, 8, 4, 3), out=8, kernel=[4, 4], stride=[2, 2], padding=[1, 1]),
    "output_padding": dict(
        input=(2, 4, 3, 4), out=6, kernel=[3, 2], stride=[2, 3], padding=[1, 0], output_padding=[1, 2]),
    "dilation_groups": dict(
        input=(2, 4, 3, 4), out=6, kernel=[2, 3], stride=[2, 1], padding=[0, 1], dilation=[3, 2], groups=2),
    "padding_beyond_the_stride": dict(
        input=(1, 2, 3, 3), out=3, kernel=[3, 3], stride=[1, 2], padding=[2, 1], output_padding=[2, 2], dilation=[3, 3]),
    "depthwise_no_bias": dict(input=(1, 5, 4, 4), out=5, kernel=[3, 3], stride=[2, 2], padding=[1, 1], groups=5, bias=False),
    "gaps": dict(input=(2, 3, 3, 2), out=4, kernel=[1, 2], stride=[2, 3]),
    "no_bias": dict(input=(1, 9, 3, 3), out=7, kernel=[1, 1], bias=False),
}
SEQUENCES: dict[str, dict[str, Any]] = {
    "plain": dict(input=(2, 3, 9), out=4, kernel=[3]),
    "stride_padding_dilation_groups": dict(input=(2, 4, 11), out=6, kernel=[3], stride=[2], padding=[3], dilation=[2], groups=2),
    "no_bias": dict(input=(3, 8, 7), out=8, kernel=[5], padding=[2], bias=False),
}
TRANSPOSED_SEQUENCES: dict[str, dict[str, Any]] = {
    "plain": dict(input=(2, 3, 5), out=4, kernel=[3]),
    "output_padding": dict(input=(2, 4, 5), out=6, kernel=[4], stride=[3], padding=[1], output_padding=[2], groups=2),
    "no_bias": dict(input=(1, 3, 6), out=2, kernel=[2], stride=[2], dilation=[2], bias=False),
}
POOLED_SEQUENCES: dict[str, dict[str, Any]] = {
    "plain": dict(input=(2, 3, 8), kernel_size=[2], stride=[2]),
    "overlapping": dict(input=(2, 3, 9), kernel_size=[3], stride=[2], padding=[1]),
    "ceil": dict(input=(1, 3, 8), kernel_size=[3], stride=[2], padding=[1], ceil_mode=True),
}

MAX_POOLS: dict[str, dict[str, Any]] = {
    "ceil_dilation": dict(
        input=(1, 2, 9, 10), kernel_size=[2, 3], stride=[3, 2], padding=[1, 1], dilation=[2, 2], ceil_mode=True),
    "googlenet_ceil": dict(input=(1, 16, 8, 7), kernel_size=[3, 3], stride=[2, 2], padding=[0, 0], ceil_mode=True),
    "inception": dict(input=(1, 8, 5, 6), kernel_size=[3, 3], stride=[1, 1], padding=[1, 1], ceil_mode=False),
    "gaps": dict(input=(2, 2, 7, 8), kernel_size=[1, 2], stride=[2, 3], padding=[0, 1], ceil_mode=False),
    "gaps_ceil": dict(input=(2, 2, 7, 8), kernel_size=[2, 2], stride=[3, 3], padding=[1, 1], ceil_mode=True),
}
AVERAGE_POOLS: dict[str, dict[str, Any]] = {
    "ceil_both": dict(input=(1, 3, 8, 7), kernel_size=[3, 3], stride=[2, 2], padding=[1, 1], ceil_mode=True),
    "inception": dict(input=(1, 8, 5, 6), kernel_size=[3, 3], stride=[1, 1], padding=[1, 1], ceil_mode=False),
    "blocks": dict(input=(1, 16, 6, 5), kernel_size=[2, 3], stride=[2, 2], padding=[1, 1], ceil_mode=True),
    "gaps": dict(input=(2, 2, 7, 8), kernel_size=[2, 2], stride=[3, 3], padding=[1, 0], ceil_mode=True),
}


def build_pooling(dtype: torch.dtype) -> GoldenFile:
    """Plain pooling with more options at once than the subject `pooling` has."""
    file = GoldenFile(dtype)
    for name, case in MAX_POOLS.items():
        layers.add_max_pool(file, f"max_pool2d_{name}", **case)
    for name, case in AVERAGE_POOLS.items():
        for counted in (True, False):
            layers.add_average_pool(
                file, f"avg_pool2d_{name}_{'counted' if counted else 'not_counted'}", count_include_pad=counted, **case)
    return file


def build(dtype: torch.dtype) -> GoldenFile:
    """All cases in `dtype`."""
    file = GoldenFile(dtype)
    add_adaptive_pools(file)
    for operation, cases in (("conv_transpose2d", TRANSPOSED), ("conv1d", SEQUENCES),
                             ("conv_transpose1d", TRANSPOSED_SEQUENCES)):
        for suffix, case in cases.items():
            add_convolution(file, f"{operation}_{suffix}", operation, **case)
    add_sequence_pools(file)
    return file


def add_convolution(
    file: GoldenFile, name: str, operation: str, input: tuple[int, ...], out: int, kernel: list[int],
    groups: int = 1, bias: bool = True, **options: Any,
) -> None:
    """A convolution along one or two axes, transposed or not."""
    values = Values(name)
    axes, transposed = len(kernel), "transpose" in operation
    geometry = {"stride": [1] * axes, "padding": [0] * axes, "dilation": [1] * axes, "groups": groups, **options}
    if transposed:
        geometry.setdefault("output_padding", [0] * axes)
    channels = (input[1], out // groups) if transposed else (out, input[1] // groups)
    parameters = {"weight": values.normal(*channels, *kernel, scale=0.4)}
    if bias:
        parameters["bias"] = values.normal(out)

    def convolve(input: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None = None) -> torch.Tensor:
        return getattr(F, operation)(input, weight, bias, **geometry)

    described = dict(geometry, in_channels=input[1], out_channels=out, kernel_size=kernel, bias=bias)
    file.add(name, operation, convolve, {"input": values.normal(*input)}, parameters=parameters, options=described)


def add_sequence_pools(file: GoldenFile) -> None:
    """Pooling along one axis, plain and adaptive."""
    for suffix, case in POOLED_SEQUENCES.items():
        options = {"padding": [0], "ceil_mode": False, **case}
        shape = options.pop("input")
        dilated = {**options, "dilation": [2 if suffix == "overlapping" else 1]}
        name = f"max_pool1d_{suffix}"
        file.add(name, "max_pool1d", lambda input, options=dilated: F.max_pool1d(input, **options),
                 {"input": Values(name).distinct(*shape)}, options=dilated)
        for counted in (True, False):
            name = f"avg_pool1d_{suffix}_{'counted' if counted else 'not_counted'}"
            averaged = {**options, "count_include_pad": counted}
            file.add(name, "avg_pool1d", lambda input, options=averaged: F.avg_pool1d(input, **options),
                     {"input": Values(name).normal(*shape)}, options=averaged)
    for operation in ("adaptive_avg_pool1d", "adaptive_max_pool1d"):
        for size in (3, 4, 11):
            name = f"{operation}_{size}"
            file.add(name, operation, lambda input, f=getattr(F, operation), size=size: f(input, size),
                     {"input": Values(name).distinct(2, 3, 9)}, options={"output_size": [size]})


def add_adaptive_pools(file: GoldenFile) -> None:
    """Adaptive average and max pooling; integers have ties, whose first gets the gradient."""
    for suffix, (shape, size) in ADAPTIVE.items():
        options: dict[str, Any] = {"output_size": size}
        name = f"adaptive_avg_pool2d_{suffix}"
        file.add(name, "adaptive_avg_pool2d", lambda input, size=size: F.adaptive_avg_pool2d(input, size),
                 {"input": Values(name).normal(*shape)}, options=options)
        name = f"adaptive_max_pool2d_{suffix}"
        file.add(name, "adaptive_max_pool2d", lambda input, size=size: F.adaptive_max_pool2d(input, size),
                 {"input": Values(name).distinct(*shape)}, options=options)
    name = "adaptive_max_pool2d_ties"
    file.add(name, "adaptive_max_pool2d", lambda input: F.adaptive_max_pool2d(input, [3, 4]),
             {"input": Values(name).integers(2, 3, 7, 5, high=3).astype(np.float64)}, options={"output_size": [3, 4]})
