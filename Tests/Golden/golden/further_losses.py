"""Losses beyond those of losses.py, and their settings together, each with the reductions mean, sum and none."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from .losses import BATCH, CLASSES, REDUCTIONS, add
from .store import GoldenFile, Values


def build(dtype: torch.dtype) -> GoldenFile:
    """All further loss cases in `dtype`."""
    file = GoldenFile(dtype)
    for reduction in REDUCTIONS:
        add_likelihoods(file, reduction)
        add_classes(file, reduction)
        add_pairs(file, reduction)
    add_gaussian_edge(file)
    return file


def add_likelihoods(file: GoldenFile, reduction: str) -> None:
    """Gaussian negative log-likelihood (means and variances differentiated), divergence of logarithms."""
    for variant, variances, options in (
        ("", (BATCH, 3), {"full": False, "eps": 1e-6}), ("_full", (BATCH, 3), {"full": True, "eps": 1e-3}),
        ("_shared_variance", (BATCH, 1), {"full": False, "eps": 1e-6}),
    ):
        name = f"gaussian_nll_loss{variant}_{reduction}"
        values = Values(name)
        options = {"reduction": reduction, **options}
        inputs = {"input": values.normal(BATCH, 3), "var": values.uniform(*variances, low=0.3, high=2.0),
                  "target": values.normal(BATCH, 3)}
        file.add(name, "gaussian_nll_loss", lambda options=options, **t: F.gaussian_nll_loss(**t, **options), inputs,
                 constants=["target"], options=options)
    kind = "batchmean" if reduction == "mean" else reduction
    name = f"kl_div_log_target_{kind}"
    values = Values(name)
    add(file, name, "kl_div", F.kl_div,
        {"input": values.normal(BATCH, CLASSES, shift=-2.0), "target": values.normal(BATCH, CLASSES, shift=-1.5)},
        kind, {"log_target": True})
    name = f"kl_div_zero_target_{kind}"
    values = Values(name)
    target = values.uniform(BATCH, CLASSES, low=0.05)
    target[:, 2] = 0.0
    add(file, name, "kl_div", F.kl_div, {"input": values.normal(BATCH, CLASSES, shift=-2.0), "target": target}, kind,
        {"log_target": False})


def add_classes(file: GoldenFile, reduction: str) -> None:
    """Classes as targets: likelihood with weights and an ignored class, margins, soft targets with weights."""
    name = f"nll_loss_weighted_ignored_{reduction}"
    values = Values(name)
    add(file, name, "nll_loss", F.nll_loss,
        {"input": values.normal(2, CLASSES, 3), "target": np.array([[4, 1, 0], [1, 3, 2]]),
         "weight": values.uniform(CLASSES, low=0.3, high=2.0)}, reduction, {"ignore_index": 1})
    for power in (1, 2):
        for weighted in (False, True):
            name = f"multi_margin_loss_{power}{'_weighted' if weighted else ''}_{reduction}"
            values = Values(name)
            inputs = {"input": values.normal(BATCH, CLASSES), "target": values.integers(BATCH, high=CLASSES)}
            if weighted:
                inputs["weight"] = values.uniform(CLASSES, low=0.3, high=2.0)
            add(file, name, "multi_margin_loss", F.multi_margin_loss, inputs, reduction, {"p": power, "margin": 0.7})
    name = f"cross_entropy_everything_{reduction}"
    values = Values(name)
    add(file, name, "cross_entropy", F.cross_entropy,
        {"input": values.normal(2, CLASSES, 3, scale=2.0), "target": np.array([[4, 1, 0], [1, 3, 2]]),
         "weight": values.uniform(CLASSES, low=0.3, high=2.0)}, reduction,
        {"label_smoothing": 0.15, "ignore_index": 3})
    name = f"cross_entropy_soft_targets_weighted_{reduction}"
    values = Values(name)
    target = values.uniform(BATCH, CLASSES, low=0.05)
    add(file, name, "cross_entropy", F.cross_entropy,
        {"input": values.normal(BATCH, CLASSES, scale=2.0), "target": target,
         "weight": values.uniform(CLASSES, low=0.3, high=2.0)}, reduction, {"label_smoothing": 0.1})


def add_pairs(file: GoldenFile, reduction: str) -> None:
    """Elementwise losses with other settings: large and tiny delta, both kinds of weights, soft binary targets."""
    for operation, function, options in (
        ("huber_loss", F.huber_loss, {"delta": 2.5}), ("smooth_l1_loss", F.smooth_l1_loss, {"beta": 0.01}),
        ("smooth_l1_loss", F.smooth_l1_loss, {"beta": 0.0}),
    ):
        setting = next(iter(options.items()))
        name = f"{operation}_{setting[0]}_{setting[1]}_{reduction}"
        values = Values(name)
        add(file, name, operation, function,
            {"input": values.normal(5, 7, scale=2.0), "target": values.normal(5, 7)}, reduction, options)
    name = f"binary_cross_entropy_with_logits_both_{reduction}"
    values = Values(name)
    inputs: dict[str, Any] = {"input": values.normal(BATCH, 3, scale=3.0), "target": values.uniform(BATCH, 3)}
    inputs["weight"] = values.uniform(BATCH, 1, low=0.3, high=2.0)
    inputs["pos_weight"] = values.uniform(3, low=0.3, high=2.0)
    add(file, name, "binary_cross_entropy_with_logits", F.binary_cross_entropy_with_logits, inputs, reduction)


def add_gaussian_edge(file: GoldenFile) -> None:
    """Variances below eps, where the value is that at eps and the gradient too."""
    inputs = {"input": np.array([0.5, -1.0, 2.0]), "var": np.array([1e-9, 0.0, 0.5]), "target": np.zeros(3)}
    options = {"reduction": "none", "full": False, "eps": 0.25}
    file.add("gaussian_nll_loss_small_variance", "gaussian_nll_loss",
             lambda **t: F.gaussian_nll_loss(**t, **options), inputs, constants=["target"], options=options)
