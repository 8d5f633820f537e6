"""Normalisations inside a sample: layer, group, instance and local response normalisation."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from .store import GoldenFile, Values


def build(dtype: torch.dtype) -> GoldenFile:
    """All normalisation cases in `dtype`."""
    file = GoldenFile(dtype)
    add_layer_norm(file)
    add_group_norm(file)
    add_instance_norm(file)
    add_local_response_norm(file)
    return file


def affine(values: Values, names: tuple[str, ...], shape: tuple[int, ...]) -> dict:
    """A scale and a shift as far as they are named."""
    made = {"weight": values.uniform(*shape, low=0.3, high=2.0), "bias": values.normal(*shape)}
    return {name: made[name] for name in names}


def add_layer_norm(file: GoldenFile) -> None:
    """Over the last axis or axes, with and without scale and shift."""
    for suffix, shape, normalized, names, eps in (
        ("features", (5, 7), (7,), ("weight", "bias"), 1e-3), ("plain", (5, 7), (7,), (), 1e-5),
        ("no_bias", (3, 4, 6), (6,), ("weight",), 1e-2), ("two_axes", (3, 4, 6), (4, 6), ("weight", "bias"), 1e-3),
        ("images", (2, 3, 4, 5), (3, 4, 5), ("weight", "bias"), 1e-5),
    ):
        name = f"layer_norm_{suffix}"
        values = Values(name)
        options = {"normalized_shape": list(normalized), "eps": eps}
        file.add(name, "layer_norm",
                 lambda normalized=normalized, eps=eps, **t: F.layer_norm(
                     t["input"], normalized, t.get("weight"), t.get("bias"), eps),
                 {"input": values.normal(*shape, scale=2.0, shift=0.5)},
                 parameters=affine(values, names, normalized), options=options)


def add_group_norm(file: GoldenFile) -> None:
    """Over the channels of a group and all positions."""
    for suffix, shape, groups, names, eps in (
        ("images", (3, 6, 4, 3), 2, ("weight", "bias"), 1e-3), ("plain", (2, 6, 5), 3, (), 1e-5),
        ("one_group", (4, 6, 2), 1, ("weight", "bias"), 1e-2), ("features", (5, 8), 2, ("weight", "bias"), 1e-5),
    ):
        name = f"group_norm_{suffix}"
        values = Values(name)
        options = {"num_groups": groups, "num_channels": shape[1], "eps": eps}
        file.add(name, "group_norm",
                 lambda groups=groups, eps=eps, **t: F.group_norm(
                     t["input"], groups, t.get("weight"), t.get("bias"), eps),
                 {"input": values.normal(*shape, scale=2.0, shift=0.5)},
                 parameters=affine(values, names, (shape[1],)), options=options)


def add_instance_norm(file: GoldenFile) -> None:
    """Each channel of each sample on its own."""
    for suffix, shape, names, eps in (
        ("images", (2, 3, 4, 5), ("weight", "bias"), 1e-3), ("plain", (3, 4, 6), (), 1e-5),
    ):
        name = f"instance_norm_{suffix}"
        values = Values(name)
        options = {"num_features": shape[1], "eps": eps}
        file.add(name, "instance_norm",
                 lambda eps=eps, **t: F.instance_norm(
                     t["input"], weight=t.get("weight"), bias=t.get("bias"), use_input_stats=True, eps=eps),
                 {"input": values.normal(*shape, scale=2.0, shift=0.5)},
                 parameters=affine(values, names, (shape[1],)), options=options)


def add_local_response_norm(file: GoldenFile) -> None:
    """Across neighbouring channels; `alexnet` multiplies the sum of squares by alpha, not their mean."""
    for suffix, shape, options in (
        ("default", (2, 7, 4, 3), {"size": 5, "alpha": 1e-4, "beta": 0.75, "k": 1.0}),
        ("strong", (2, 7, 4, 3), {"size": 3, "alpha": 0.9, "beta": 0.6, "k": 2.0}),
        ("even_size", (2, 6, 5), {"size": 4, "alpha": 0.9, "beta": 0.6, "k": 0.5}),
        ("wider_than_channels", (3, 2, 4, 3), {"size": 9, "alpha": 0.5, "beta": 1.0, "k": 1.5}),
        ("one", (2, 3, 4), {"size": 1, "alpha": 0.5, "beta": 0.5, "k": 1.0}),
    ):
        name = f"local_response_norm_{suffix}"
        file.add(name, "local_response_norm",
                 lambda input, options=options: F.local_response_norm(input, **options),
                 {"input": Values(name).normal(*shape, scale=2.0)}, options=options)
