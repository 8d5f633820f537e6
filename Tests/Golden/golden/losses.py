"""Losses, each with the reductions mean, sum and none."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from .store import GoldenFile, Values

REDUCTIONS = ("mean", "sum", "none")
BATCH, CLASSES = 6, 5


def build(dtype: torch.dtype) -> GoldenFile:
    """All loss cases in `dtype`."""
    file = GoldenFile(dtype)
    for reduction in REDUCTIONS:
        add_cross_entropy(file, reduction)
        add_binary(file, reduction)
        add_regression(file, reduction)
        add_divergences(file, reduction)
    add_extreme(file)
    return file


def add(
    file: GoldenFile, name: str, operation: str, function: Any, inputs: dict[str, np.ndarray],
    reduction: str, options: dict[str, Any] | None = None,
) -> None:
    """One case: `target`, `weight` and `pos_weight` are given, not learnt, so only `input` is differentiated."""
    options = {"reduction": reduction, **(options or {})}
    constants = [key for key in inputs if key != "input"]
    file.add(name, operation, lambda **tensors: function(**tensors, **options), inputs,
             constants=constants, options=options)


def add_cross_entropy(file: GoldenFile, reduction: str) -> None:
    """Softmax cross-entropy of logits with class indices or with probabilities."""
    variants: dict[str, dict[str, Any]] = {
        "indices": {},
        "label_smoothing": {"label_smoothing": 0.1},
        "class_weights": {"weighted": True},
        "class_weights_smoothing": {"weighted": True, "label_smoothing": 0.1},
        "ignore_index": {"ignore_index": 3},
        "ignore_index_smoothing": {"ignore_index": 3, "label_smoothing": 0.2},
        "ignore_index_class_weights": {"ignore_index": 3, "weighted": True},
    }
    for variant, settings in variants.items():
        name = f"cross_entropy_{variant}_{reduction}"
        values, options = Values(name), dict(settings)
        inputs = {"input": values.normal(BATCH, CLASSES, scale=2.0), "target": np.array([4, 3, 0, 1, 3, 2])}
        if options.pop("weighted", False):
            inputs["weight"] = values.uniform(CLASSES, low=0.3, high=2.0)
        add(file, name, "cross_entropy", F.cross_entropy, inputs, reduction,
            {"label_smoothing": 0.0, "ignore_index": -100, **options})
    for variant, smoothing in (("soft_targets", 0.0), ("soft_targets_smoothing", 0.1)):
        name = f"cross_entropy_{variant}_{reduction}"
        values = Values(name)
        target = values.uniform(BATCH, CLASSES, low=0.05)
        target = (target / target.sum(axis=1, keepdims=True)).astype(np.float32).astype(np.float64)
        add(file, name, "cross_entropy", F.cross_entropy,
            {"input": values.normal(BATCH, CLASSES, scale=2.0), "target": target}, reduction,
            {"label_smoothing": smoothing})
    name = f"cross_entropy_positions_{reduction}"
    values = Values(name)
    add(file, name, "cross_entropy", F.cross_entropy,
        {"input": values.normal(2, CLASSES, 3, scale=2.0), "target": values.integers(2, 3, high=CLASSES)}, reduction,
        {"label_smoothing": 0.0, "ignore_index": -100})
    name = f"nll_loss_{reduction}"
    values = Values(name)
    add(file, name, "nll_loss", F.nll_loss,
        {"input": values.normal(BATCH, CLASSES), "target": values.integers(BATCH, high=CLASSES)}, reduction)


def add_binary(file: GoldenFile, reduction: str) -> None:
    """Binary cross-entropy of probabilities and of logits, with element weights and weights of the positives."""
    shape = (BATCH, 3)
    for weighted in (False, True):
        name = f"binary_cross_entropy{'_weighted' if weighted else ''}_{reduction}"
        values = Values(name)
        inputs = {"input": values.uniform(*shape, low=0.02, high=0.98), "target": values.uniform(*shape)}
        if weighted:
            inputs["weight"] = values.uniform(3, low=0.3, high=2.0)
        add(file, name, "binary_cross_entropy", F.binary_cross_entropy, inputs, reduction)
    for variant in ("", "_weighted", "_pos_weight"):
        name = f"binary_cross_entropy_with_logits{variant}_{reduction}"
        values = Values(name)
        inputs = {"input": values.normal(*shape, scale=3.0), "target": values.mask(*shape).astype(np.float64)}
        if variant:
            inputs[variant.removeprefix("_").replace("weighted", "weight")] = values.uniform(3, low=0.3, high=2.0)
        add(file, name, "binary_cross_entropy_with_logits", F.binary_cross_entropy_with_logits, inputs, reduction)


def add_regression(file: GoldenFile, reduction: str) -> None:
    """Squared, absolute and Huber errors."""
    variants = {
        "mse_loss": (F.mse_loss, {}), "l1_loss": (F.l1_loss, {}),
        "huber_loss": (F.huber_loss, {"delta": 0.7}), "smooth_l1_loss": (F.smooth_l1_loss, {"beta": 0.7}),
    }
    for operation, (function, options) in variants.items():
        name = f"{operation}_{reduction}"
        values = Values(name)
        add(file, name, operation, function, {"input": values.normal(5, 7), "target": values.normal(5, 7)},
            reduction, options)


def add_divergences(file: GoldenFile, reduction: str) -> None:
    """Kullback-Leibler divergence of log-probabilities; "batchmean" where others have "mean"."""
    reduction = "batchmean" if reduction == "mean" else reduction
    name = f"kl_div_{reduction}"
    values = Values(name)
    target = values.uniform(BATCH, CLASSES, low=0.05)
    add(file, name, "kl_div", F.kl_div, {"input": values.normal(BATCH, CLASSES, shift=-2.0), "target": target},
        reduction, {"log_target": False})


def add_extreme(file: GoldenFile) -> None:
    """Logits up to +-1e4 and probabilities of exactly 0 and 1 (PyTorch clamps the logarithm at -100)."""
    rows = np.array([[1e4, -1e4, 0.0], [1e4, 1e4, 9999.0], [-1e4, -1e4, -1e4], [88.0, 89.0, -90.0]])
    add(file, "cross_entropy_extreme", "cross_entropy", F.cross_entropy,
        {"input": rows, "target": np.array([1, 2, 0, 1])}, "none", {"label_smoothing": 0.0, "ignore_index": -100})
    logits = np.array([-1e4, -100.0, -20.0, 0.0, 20.0, 100.0, 1e4])
    for target in (0.0, 1.0):
        add(file, f"binary_cross_entropy_with_logits_extreme_{target:.0f}", "binary_cross_entropy_with_logits",
            F.binary_cross_entropy_with_logits, {"input": logits, "target": np.full(7, target)}, "none")
    add(file, "binary_cross_entropy_extreme", "binary_cross_entropy", F.binary_cross_entropy,
        {"input": np.array([0.0, 1.0, 0.0, 1.0, 0.5]), "target": np.array([0.0, 0.0, 1.0, 1.0, 1.0])}, "none")
